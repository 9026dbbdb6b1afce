package notify

import (
	"bytes"
	"crypto/ecdh"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func unbase64(s string) []byte { return must(base64.RawURLEncoding.DecodeString(s)) }

// encrypted is a record of that size, written on a sheet that was used before.
func encrypted(plaintext []byte, size int, p256dh, auth string, once *ecdh.PrivateKey, salt [saltSize]byte) ([]byte, error) {
	record := bytes.Repeat([]byte{0xa5}, size)
	return record, encrypt(record, plaintext, p256dh, auth, once, salt)
}

// The example of RFC 8291, section 5 and appendix A, byte by byte. Only the size of a record, which nothing is derived
// from, differs: the example announces 4096, we announce what is there.
func TestEncryptsTheExampleOfRFC8291(t *testing.T) {
	once := must(ecdh.P256().NewPrivateKey(unbase64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")))
	want := unbase64("DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml" +
		"mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT" +
		"pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN")
	got, err := encrypted([]byte("When I grow up, I want to be a watermelon"), len(want),
		"BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "BTBZMqHH6r4Tts7J_aSIgg",
		once, [saltSize]byte(unbase64("DGv6ra1nlYgDCS1FRnbzlw")))
	if err != nil {
		t.Fatal(err)
	}
	if size := []byte{0, 0, 0, byte(len(want))}; !bytes.Equal(got[16:20], size) {
		t.Errorf("announces %v, want %v", got[16:20], size)
	}
	copy(got[16:20], want[16:20])
	if !bytes.Equal(got, want) {
		t.Errorf("got\n%x, want\n%x", got, want)
	}
}

// catcher takes a request off webpush-go's hands.
type catcher struct{ req *http.Request }

func (c *catcher) Do(req *http.Request) (*http.Response, error) {
	c.req = req
	return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody}, nil
}

// What webpush-go would send for the same message is the same in everything that is not drawn anew each time, and both
// are opened by the same device.
func TestSealedAsByWebpushGo(t *testing.T) {
	device := pushtest.NewDevice("https://updates.push.services.mozilla.com/wpush/v2/x")
	sub := device.Subscription()
	sender := newTestSender(t, http.DefaultClient, kita.EndpointHosts{})
	for _, m := range []Message{
		{Payload: []byte("Guten Morgen")},
		{Payload: []byte{}, TTL: time.Hour, Urgency: "high", Topic: "topic"},
		{Payload: bytes.Repeat([]byte("ä"), 1000), TTL: 1500 * time.Millisecond, Urgency: "low"},
		{Payload: bytes.Repeat([]byte{2}, recordSmall-recordOverhead), Small: true},
		{Payload: make([]byte, recordFull-recordOverhead), Topic: "t"},
	} {
		ours := must(sender.seal(t.Context(), sub, m))
		var theirs catcher
		must(webpush.SendNotification(append([]byte{}, m.Payload...), &webpush.Subscription{Endpoint: sub.Endpoint, Keys: webpush.Keys{P256dh: sub.P256dh, Auth: sub.Auth}},
			&webpush.Options{HTTPClient: &theirs, RecordSize: uint32(must(m.recordSize())), Subscriber: strings.TrimPrefix(testSubject, "mailto:"), Topic: m.Topic,
				TTL: int(m.TTL / time.Second), Urgency: webpush.Urgency(m.Urgency), VAPIDPublicKey: testKeys.Public, VAPIDPrivateKey: testKeys.Private}))
		ourBody, theirBody := must(io.ReadAll(ours.Body)), must(io.ReadAll(theirs.req.Body))
		if len(ourBody) != len(theirBody) || !bytes.Equal(ourBody[16:21], theirBody[16:21]) || ours.ContentLength != int64(len(ourBody)) {
			t.Errorf("%d bytes (said to be %d), theirs %d; heads %x, %x", len(ourBody), ours.ContentLength, len(theirBody), ourBody[16:21], theirBody[16:21])
		}
		for who, body := range map[string][]byte{"ours": ourBody, "webpush-go's": theirBody} {
			if got, err := device.Open(body); err != nil || !bytes.Equal(got, m.Payload) {
				t.Errorf("%s: %q, %v", who, got, err)
			}
		}
		if ours.Method != theirs.req.Method || ours.URL.String() != theirs.req.URL.String() {
			t.Errorf("%s %s, theirs %s %s", ours.Method, ours.URL, theirs.req.Method, theirs.req.URL)
		}
		claims := map[string]pushtest.Claims{}
		for who, req := range map[string]*http.Request{"ours": ours, "theirs": theirs.req} {
			c, err := pushtest.VerifyVAPID(req.Header.Get("Authorization"), "https://updates.push.services.mozilla.com", time.Now())
			if err != nil {
				t.Errorf("%s: %v", who, err)
			}
			c.Expires = c.Expires.Round(time.Minute)
			claims[who] = c
			req.Header.Del("Authorization")
		}
		if claims["ours"] != claims["theirs"] {
			t.Errorf("claims %+v", claims)
		}
		theirs.req.Header.Del("Content-Length") // net/http writes it from ContentLength
		if len(ours.Header) != len(theirs.req.Header) {
			t.Errorf("headers %v, theirs %v", ours.Header, theirs.req.Header)
		}
		for name, value := range theirs.req.Header {
			if ours.Header.Get(name) != value[0] {
				t.Errorf("%s: %q, theirs %q", name, ours.Header.Get(name), value[0])
			}
		}
	}
}

// FuzzSealed: whatever is sealed fits its record and is opened by the device it is for, by no other, and never twice as the
// same bytes; what does not fit is said to be too long.
func FuzzSealed(f *testing.F) {
	f.Add([]byte("Guten Morgen"), 2900)
	f.Add([]byte{}, recordOverhead)
	f.Add(bytes.Repeat([]byte{0}, 100), 203)
	f.Add(bytes.Repeat([]byte{0}, 101), 203)
	device, other := pushtest.NewDevice(""), pushtest.NewDevice("")
	f.Fuzz(func(t *testing.T, plaintext []byte, size int) {
		size = recordOverhead + (size&0x7fffffff)%recordFull
		once := must(ecdh.P256().GenerateKey(nil))
		record, err := encrypted(plaintext, size, device.P256dh(), device.Auth(), once, [saltSize]byte{1})
		if fits := len(plaintext)+recordOverhead <= size; !fits {
			if err != errTooLong {
				t.Fatalf("%d bytes in %d: %v", len(plaintext), size, err)
			}
			return
		}
		if err != nil || len(record) != size {
			t.Fatalf("%d bytes, %v", len(record), err)
		}
		if got, err := device.Open(record); err != nil || !bytes.Equal(got, plaintext) {
			t.Fatalf("%q, %v", got, err)
		}
		if _, err := other.Open(record); err == nil {
			t.Fatal("another device opened it")
		}
		again := must(encrypted(plaintext, size, device.P256dh(), device.Auth(), once, [saltSize]byte{2}))
		if bytes.Equal(again[recordOverhead:], record[recordOverhead:]) {
			t.Fatal("with another salt it is the same")
		}
	})
}

func TestKeysThatAreNoneSealNothing(t *testing.T) {
	once := must(ecdh.P256().GenerateKey(nil))
	good := pushtest.NewDevice("")
	for _, k := range [][2]string{{"", good.Auth()}, {"x", good.Auth()}, {"§", good.Auth()}, {good.P256dh()[:20], good.Auth()},
		{base64.RawURLEncoding.EncodeToString(append([]byte{4}, make([]byte, 64)...)), good.Auth()}, {good.P256dh(), "§"}} {
		if record, err := encrypted([]byte("x"), recordCommon, k[0], k[1], once, [saltSize]byte{}); err == nil {
			t.Errorf("%v: %x", k, record)
		}
	}
}

// What a message was written on serves for another only when it has left, and once.
func TestSheetOfAMessageIsNobodyElsesUntilItIsReleased(t *testing.T) {
	first := newSealed(recordCommon)
	if err := first.Close(); err != nil { // net/http closes a body that it goes on to read
		t.Fatal(err)
	}
	seen := map[*sheet]bool{first.sheet: true}
	for i := range 100 {
		s := newSealed(recordCommon)
		if seen[s.sheet] {
			t.Fatalf("two messages are on one sheet, the second as number %d", i)
		}
		seen[s.sheet] = true
		if i == 50 {
			mine := first.sheet
			for range 3 {
				first.release()
			}
			delete(seen, mine)
		}
	}
	if long := newSealed(maxRequest); len(long.record) != maxRequest {
		t.Error("what is longer than any push has no room")
	}
}
