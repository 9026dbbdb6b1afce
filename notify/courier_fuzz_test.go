package notify

import (
	"bytes"
	"errors"
	"net/http"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// frames are what write says, as bytes.
func frames(write func(f *http2.Framer, head func(fields ...string) []byte)) []byte {
	var said, block bytes.Buffer
	framer, encoder := http2.NewFramer(&said, nil), hpack.NewEncoder(&block)
	framer.AllowIllegalWrites = true
	write(framer, func(fields ...string) []byte {
		block.Reset()
		for i := 0; i < len(fields); i += 2 {
			if err := encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
				panic(err) // into memory
			}
		}
		return bytes.Clone(block.Bytes())
	})
	return said.Bytes()
}

// FuzzCourier: a service that says whatever it likes, and hangs up. Each request to it ends by that, with an answer that is one, or
// an error; nothing is read without end, and nothing waits until its time is over.
func FuzzCourier(f *testing.F) {
	type head = func(fields ...string) []byte
	const one = 1 // the stream of the first request
	for _, seed := range []func(f *http2.Framer, head head){
		func(f *http2.Framer, head head) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: head(":status", "429", "retry-after", "7"), EndHeaders: true})
			_ = f.WriteData(one, true, []byte("slowly"))
		},
		func(f *http2.Framer, head head) { // an interim answer, a trailer, and more of what has ended
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: head(":status", "103"), EndHeaders: true})
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: head(":status", "201"), EndHeaders: true})
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: head("x", "y"), EndHeaders: true, EndStream: true})
			_ = f.WriteData(one, true, []byte("late"))
		},
		func(f *http2.Framer, head head) { // a head in two parts, something between them
			block := head(":status", "201")
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: block[:1], EndStream: true})
			_ = f.WritePing(false, [8]byte{})
			_ = f.WriteContinuation(one, true, block[1:])
		},
		func(f *http2.Framer, head head) {
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: 1 << 31}, http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 0})
		},
		func(f *http2.Framer, head head) {
			_ = f.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1}, http2.Setting{ID: http2.SettingHeaderTableSize, Val: 0})
			_ = f.WriteWindowUpdate(0, 1<<31-1)
			_ = f.WriteWindowUpdate(one, 1<<31-1)
		},
		func(f *http2.Framer, head head) { _ = f.WriteRSTStream(one, http2.ErrCodeRefusedStream) },
		func(f *http2.Framer, head head) { _ = f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("less")) },
		func(f *http2.Framer, head head) { _ = f.WriteGoAway(1<<31-1, http2.ErrCodeNo, nil) },
		func(f *http2.Framer, head head) {
			_ = f.WritePushPromise(http2.PushPromiseParam{StreamID: one, PromiseID: 2, BlockFragment: head(":path", "/"), EndHeaders: true})
		},
		func(f *http2.Framer, head head) { // a stream that nobody opened
			_ = f.WriteData(3, true, []byte("?"))
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 3, BlockFragment: head(":status", "200"), EndHeaders: true, EndStream: true})
		},
		func(f *http2.Framer, head head) { // more than is read of an answer
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: head(":status", "500"), EndHeaders: true})
			for i := range 3 {
				_ = f.WriteData(one, i == 2, make([]byte, frameSize))
			}
		},
		func(f *http2.Framer, head head) {
			_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: one, BlockFragment: head(":status", "2 0", ":status", "x"), EndHeaders: true, EndStream: true})
		},
		func(f *http2.Framer, head head) {
			_ = f.WriteRawFrame(http2.FrameData, http2.FlagDataPadded, one, []byte{255})
		},
	} {
		said := frames(seed)
		f.Add(said, uint(10))
		f.Add(said, uint(70_000)) // more than may be said before a window is opened
	}
	f.Fuzz(func(t *testing.T, said []byte, length uint) {
		url, client := scripted(t, func(s *script) {
			s.must(s.framer.WriteSettings())
			if s.next() != nil {
				_, _ = s.conn.Write(said) // it may be hung up on in the middle
			}
		})
		status, answer, err := post(t.Context(), client, url, make([]byte, length%100_000))
		// The client has a time-out of its own, and would hide that a connection ended without its requests.
		var late interface{ Timeout() bool }
		switch {
		case errors.As(err, &late) && late.Timeout():
			t.Fatalf("it waits for what nobody will say: %v", err)
		case err == nil && (status < 200 || status > 999):
			t.Fatalf("status %d is no answer", status)
		case len(answer) > maxAnswer:
			t.Fatalf("%d bytes of an answer were read", len(answer))
		}
	})
}

// FuzzRetryAfter: whatever a service asks for is no time in the past, and no longer than it can be trusted with.
func FuzzRetryAfter(f *testing.F) {
	now := time.Date(2026, 12, 1, 8, 0, 0, 0, time.UTC)
	for _, value := range []string{"", "0", "120", "99999999999999999999", "-1", " 7 ", "1e3", now.Add(time.Minute).Format(http.TimeFormat), "Fri, 31 Dec 9999 23:59:59 GMT"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if wait := retryAfter(value, now); wait < 0 || wait > maxWait {
			t.Fatalf("%q: %v", value, wait)
		}
	})
}
