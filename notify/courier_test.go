package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// serveHTTP2 is net/http's own server, which holds its clients to the protocol, and a courier to it.
func serveHTTP2(t *testing.T, settings *http.HTTP2Config, handler http.HandlerFunc) (url string, client *http.Client) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2, server.Config.HTTP2 = true, settings
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client = Guard{AllowLoopback: true, RootCAs: roots}.Client()
	t.Cleanup(client.CloseIdleConnections)
	return server.URL, client
}

func post(ctx context.Context, client *http.Client, url string, body []byte) (status int, answer []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// What net/http's server hears is what was said, whatever its windows, and the other way round.
func TestCourierCarriesEveryBodyWhole(t *testing.T) {
	for name, settings := range map[string]*http.HTTP2Config{
		"as it comes":   nil,
		"few streams":   {MaxConcurrentStreams: 3},
		"small windows": {MaxReceiveBufferPerStream: 1 << 10, MaxReceiveBufferPerConnection: 64 << 10},
		"no dictionary": {MaxDecoderHeaderTableSize: 1},
	} {
		t.Run(name, func(t *testing.T) {
			var under, most atomic.Int64
			url, client := serveHTTP2(t, settings, func(w http.ResponseWriter, r *http.Request) {
				for n := under.Add(1); ; {
					if was := most.Load(); n <= was || most.CompareAndSwap(was, n) {
						break
					}
				}
				defer under.Add(-1)
				body, err := io.ReadAll(r.Body)
				if err != nil || r.ContentLength != int64(len(body)) || r.ProtoMajor != 2 {
					t.Errorf("%s, %d bytes of %d: %v", r.Proto, len(body), r.ContentLength, err)
				}
				w.Header().Set("X-Path", r.URL.Path)
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write(body[:min(len(body), maxAnswer)])
			})
			rnd := rand.New(rand.NewPCG(1, 2))
			var group sync.WaitGroup
			for i := range 400 {
				body := make([]byte, rnd.IntN(20_000)*(i%3))
				for j := range body {
					body[j] = byte(i + j)
				}
				group.Go(func() {
					status, answer, err := post(t.Context(), client, url+"/"+strconv.Itoa(i), body)
					if err != nil || status != http.StatusCreated || !bytes.Equal(answer, body[:min(len(body), maxAnswer)]) {
						t.Errorf("%d bytes came back as %d %d bytes: %v", len(body), status, len(answer), err)
					}
				})
			}
			group.Wait()
			if limit := int64(3 * connsTLS); settings != nil && settings.MaxConcurrentStreams == 3 && most.Load() > limit {
				t.Errorf("%d were under way, and %d are permitted", most.Load(), limit)
			}
		})
	}
}

func TestOnlySoMuchOfAnAnswerIsReadOverHTTP2(t *testing.T) {
	ended := make(chan struct{})
	url, client := serveHTTP2(t, nil, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	})
	_, answer, err := post(t.Context(), client, url, nil)
	if len(answer) != maxAnswer || !errors.Is(err, errCut) {
		t.Errorf("%d bytes were read: %v", len(answer), err)
	}
	<-ended // it was hung up on
}

func TestServiceWithoutHTTP2IsSpokenToAsItCan(t *testing.T) {
	var protocols sync.Map
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		protocols.Store(r.Proto, true)
		body, err := io.ReadAll(r.Body)
		if err != nil || string(body) != "x" {
			t.Errorf("%q, %v", body, err)
		}
		w.WriteHeader(http.StatusCreated)
	}))
	defer server.Close()
	client := Guard{AllowLoopback: true, RootCAs: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}.Client()
	defer client.CloseIdleConnections()
	for range 3 {
		if status, _, err := post(t.Context(), client, server.URL, []byte("x")); status != http.StatusCreated || err != nil {
			t.Errorf("%d, %v", status, err)
		}
	}
	if _, ok := protocols.Load("HTTP/1.1"); !ok {
		t.Error("it was not reached")
	}
}

// script is a service that does what it is told, frame by frame.
type script struct {
	*testing.T
	framer *http2.Framer
	conn   net.Conn
	// number is which connection this is, from 1.
	number int
	// over is done when the test is: what is still said then goes nowhere.
	over  context.Context
	block bytes.Buffer
	write *hpack.Encoder
}

// next is the next head of a request, with all that comes before it read and confirmed; nil when there are no more.
func (s *script) next() *http2.MetaHeadersFrame {
	for {
		f, err := s.framer.ReadFrame()
		if err != nil {
			return nil
		}
		switch f := f.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				s.must(s.framer.WriteSettingsAck())
			}
		case *http2.MetaHeadersFrame:
			return f
		}
	}
}

func (s *script) must(err error) {
	if err != nil && s.over.Err() == nil {
		s.Error(err)
	}
}

// answer gives a stream its status.
func (s *script) answer(id uint32, status string) {
	s.block.Reset()
	s.must(s.write.WriteField(hpack.HeaderField{Name: ":status", Value: status}))
	s.must(s.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: s.block.Bytes(), EndHeaders: true, EndStream: true}))
}

// scripted serves each connection by play.
func scripted(t *testing.T, play func(s *script)) (url string, client *http.Client) {
	t.Helper()
	lender := httptest.NewTLSServer(nil)
	certificate, roots := lender.TLS.Certificates[0], lender.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	lender.Close()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	over, finish := context.WithCancel(context.Background())
	serving.Go(func() {
		for number := 1; ; number++ {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				defer context.AfterFunc(over, func() { conn.Close() })()
				preface := make([]byte, len(http2.ClientPreface))
				if _, err := io.ReadFull(conn, preface); err != nil {
					return
				}
				s := &script{T: t, conn: conn, number: number, over: over, framer: http2.NewFramer(conn, conn)}
				s.framer.ReadMetaHeaders, s.write = hpack.NewDecoder(4096, nil), hpack.NewEncoder(&s.block)
				play(s)
			})
		}
	})
	client = Guard{AllowLoopback: true, RootCAs: roots}.Client()
	t.Cleanup(func() {
		listener.Close()
		finish()
		client.CloseIdleConnections()
		serving.Wait()
	})
	return "https://" + listener.Addr().String(), client
}

// What a service says it has not looked at is sent again, and only that.
func TestWhatWasCertainlyNotLookedAtIsSentAgain(t *testing.T) {
	for name, refuse := range map[string]func(s *script, id uint32){
		"refused": func(s *script, id uint32) { s.must(s.framer.WriteRSTStream(id, http2.ErrCodeRefusedStream)) },
		"goaway": func(s *script, id uint32) {
			s.must(s.framer.WriteGoAway(id-2, http2.ErrCodeNo, nil))
			for s.next() != nil { // takes nothing more on this connection
				s.Error("another one came on a connection that takes nothing new")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			var seen, refused atomic.Int64
			url, client := scripted(t, func(s *script) {
				s.must(s.framer.WriteSettings())
				for {
					f := s.next()
					if f == nil {
						return
					}
					if seen.Add(1) == 2 {
						refused.Add(1)
						refuse(s, f.StreamID)
						continue
					}
					s.answer(f.StreamID, "201")
				}
			})
			for i := range 3 {
				if status, _, err := post(t.Context(), client, url, []byte("x")); status != 201 || err != nil {
					t.Errorf("request %d: %d, %v", i, status, err)
				}
			}
			if seen.Load() != 4 || refused.Load() != 1 {
				t.Errorf("%d requests came, %d were refused", seen.Load(), refused.Load())
			}
		})
	}
}

// A service whose servers leave one after the other is found as long as there are tries: none is spent on a connection that has
// said goodbye.
func TestGoodbyeCostsOneTry(t *testing.T) {
	url, client := scripted(t, func(s *script) {
		s.must(s.framer.WriteSettings())
		for f := s.next(); f != nil; f = s.next() {
			if s.number < triesUnseen {
				s.must(s.framer.WriteGoAway(0, http2.ErrCodeNo, nil))
				continue
			}
			s.answer(f.StreamID, "201")
		}
	})
	if status, _, err := post(t.Context(), client, url, []byte("x")); status != 201 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
}

// A place may be given just before the service says goodbye: nothing is begun on it any more.
func TestPlaceOnAConnectionThatLeavesIsNone(t *testing.T) {
	goodbye, heard := make(chan struct{}), make(chan struct{})
	hears := sync.OnceFunc(func() { close(heard) })
	url, client := scripted(t, func(s *script) {
		s.must(s.framer.WriteSettings())
		<-goodbye
		s.must(s.framer.WriteGoAway(0, http2.ErrCodeNo, nil))
		s.must(s.framer.WritePing(false, [8]byte{})) // its echo says that what came before was heard
		for {
			switch f, err := s.framer.ReadFrame(); f := f.(type) {
			case *http2.PingFrame:
				hears()
			case *http2.MetaHeadersFrame:
				t.Errorf("stream %d was begun", f.StreamID)
			default:
				if err != nil {
					return
				}
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second) // only who begins has to wait
	defer cancel()
	c, err := client.Transport.(transports).tls.place(ctx, strings.TrimPrefix(url, "https://"))
	if err != nil {
		t.Fatal(err)
	}
	close(goodbye)
	<-heard
	head := []field{{":authority", "x", false}, {":method", "POST", false}, {":path", "/", true}, {":scheme", "https", false}}
	if _, err := c.exchange(ctx, head, nil); !errors.Is(err, errUnseen) {
		t.Errorf("%v", err)
	}
}

func TestWhatMayHaveBeenLookedAtIsNotSentAgain(t *testing.T) {
	for name, drop := range map[string]func(s *script, id uint32){
		"reset":              func(s *script, id uint32) { s.must(s.framer.WriteRSTStream(id, http2.ErrCodeInternal)) },
		"hung up":            func(s *script, _ uint32) { s.conn.Close() },
		"said goodbye after": func(s *script, id uint32) { s.must(s.framer.WriteGoAway(id, http2.ErrCodeNo, nil)); s.conn.Close() },
		"promised more": func(s *script, id uint32) {
			s.must(s.framer.WriteRawFrame(http2.FramePushPromise, http2.FlagPushPromiseEndHeaders, id, []byte{0, 0, 0, 2}))
		},
		"talked without sense": func(s *script, id uint32) { s.must(s.framer.WriteData(id, true, []byte("x"))) },
	} {
		t.Run(name, func(t *testing.T) {
			var seen atomic.Int64
			url, client := scripted(t, func(s *script) {
				s.must(s.framer.WriteSettings())
				for f := s.next(); f != nil; f = s.next() {
					if seen.Add(1) == 1 {
						drop(s, f.StreamID)
						continue
					}
					s.answer(f.StreamID, "201")
				}
			})
			var waited net.Error
			if status, _, err := post(t.Context(), client, url, []byte("x")); err == nil || errors.As(err, &waited) && waited.Timeout() {
				t.Errorf("it was answered %d, and not told at once: %v", status, err)
			}
			// And the next goes well.
			if status, _, err := post(t.Context(), client, url, []byte("x")); status != 201 || err != nil || seen.Load() != 2 {
				t.Errorf("%d, %v, after %d requests", status, err, seen.Load())
			}
		})
	}
}

func TestServiceThatRefusesEverythingIsNotAskedForEver(t *testing.T) {
	var seen atomic.Int64
	url, client := scripted(t, func(s *script) {
		s.must(s.framer.WriteSettings())
		for f := s.next(); f != nil; f = s.next() {
			seen.Add(1)
			s.must(s.framer.WriteRSTStream(f.StreamID, http2.ErrCodeRefusedStream))
		}
	})
	if _, _, err := post(t.Context(), client, url, nil); err == nil || seen.Load() != triesUnseen {
		t.Errorf("%v after %d tries", err, seen.Load())
	}
}

// As many as a service permits, and when it permits more, more.
func TestStreamsFollowWhatTheServicePermits(t *testing.T) {
	const permitted, all = 2, 60
	url, client := scripted(t, func(s *script) {
		streams := func(n uint32) {
			s.must(s.framer.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: n}))
		}
		if s.number > 1 { // nothing, on all others
			streams(0)
			if f := s.next(); f != nil {
				t.Error("a request came where none is permitted")
			}
			return
		}
		streams(permitted)
		first := []uint32{s.next().StreamID, s.next().StreamID}
		// Only what is answered makes room.
		s.answer(first[0], "201")
		first[0] = s.next().StreamID
		streams(all)
		for range all - permitted - 1 {
			first = append(first, s.next().StreamID) // none is answered before all are there
		}
		for _, id := range first {
			s.answer(id, "201")
		}
		s.next()
	})
	var group sync.WaitGroup
	for range all {
		group.Go(func() {
			if status, _, err := post(t.Context(), client, url, []byte("x")); err != nil || status != 201 {
				t.Errorf("%d, %v", status, err)
			}
		})
	}
	group.Wait()
}

// A connection whose other end has fallen silent is found out, and the next message takes another.
func TestSilentConnectionIsLeft(t *testing.T) {
	second, asked := make(chan struct{}), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(second) })
	defer goOn()
	url, client := scripted(t, func(s *script) {
		s.must(s.framer.WriteSettings())
		if s.number == 1 {
			s.answer(s.next().StreamID, "201")
			s.next()
			for f, err := s.framer.ReadFrame(); err == nil; f, err = s.framer.ReadFrame() {
				if _, ok := f.(*http2.PingFrame); ok {
					close(asked)
					break
				}
			}
			<-second // answers nothing
			return
		}
		for f := s.next(); f != nil; f = s.next() {
			s.answer(f.StreamID, "201")
		}
	})
	courier := client.Transport.(transports).tls
	if status, _, err := post(t.Context(), client, url, nil); status != 201 || err != nil { // the connection stands
		t.Fatalf("%d, %v", status, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, _, err := post(ctx, client, url, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%v", err)
	}
	courier.mu.Lock()
	silent := courier.roads[strings.TrimPrefix(url, "https://")].conns[0]
	courier.mu.Unlock()
	select {
	case <-asked:
	case <-time.After(dialTimeout):
		t.Fatal("it was not asked whether anybody is there")
	}
	if err := silent.trouble(); err != nil {
		t.Errorf("it was given up before it could answer: %v", err)
	}
	silent.end(context.DeadlineExceeded) // as when no answer comes
	goOn()
	if status, _, err := post(t.Context(), client, url, nil); status != 201 || err != nil {
		t.Errorf("%d, %v", status, err)
	}
}
