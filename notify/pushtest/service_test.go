package pushtest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"morgenkreis/notify/pushtest"
)

// catcher keeps webpush-go's request, so that a test can spoil it before it goes.
type catcher struct{ req *http.Request }

func (c *catcher) Do(req *http.Request) (*http.Response, error) {
	c.req = req
	return nil, errors.New("caught")
}

type server struct{ private, public string }

func newServer(t testing.TB) server {
	t.Helper()
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	return server{private, public}
}

// push is a request in order, made by webpush-go.
func (s server) push(t testing.TB, d *pushtest.Device) *http.Request {
	t.Helper()
	var c catcher
	_, err := webpush.SendNotificationWithContext(t.Context(), []byte("Guten Morgen"),
		&webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys{P256dh: d.P256dh(), Auth: d.Auth()}},
		&webpush.Options{HTTPClient: &c, Subscriber: "a@kita.example", TTL: 60, Topic: "t", Urgency: "normal",
			VAPIDPublicKey: s.public, VAPIDPrivateKey: s.private})
	if c.req == nil {
		t.Fatal(err)
	}
	return c.req
}

func client(s *pushtest.Service) *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig.RootCAs = s.RootCAs()
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func status(t testing.TB, s *pushtest.Service, req *http.Request) int {
	t.Helper()
	resp, err := client(s).Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

func TestMessageOfWebpushGoIsTakenAndOpened(t *testing.T) {
	for _, tls := range []bool{true, false} {
		s, key := pushtest.New(t, pushtest.Options{TLS: tls}), newServer(t)
		d := s.Subscribe(key.public)
		if got := status(t, s, key.push(t, d)); got != 201 {
			t.Fatalf("%d, %+v", got, s.Refusals())
		}
		m := d.Accepted()[0]
		if string(m.Plaintext) != "Guten Morgen" || m.TTL != time.Minute || m.Topic != "t" || m.Urgency != "normal" || m.Size != 4096 {
			t.Errorf("%+v", m)
		}
		if m.VAPID.Subject != "mailto:a@kita.example" || m.VAPID.Key != key.public || m.VAPID.Audience != s.URL {
			t.Errorf("%+v", m.VAPID)
		}
	}
}

func TestRequestsOutOfOrderAreRefusedAsARealServiceDoes(t *testing.T) {
	s, key := pushtest.New(t, pushtest.Options{}), newServer(t)
	d := s.Subscribe(key.public)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	without := func(name string) func(*http.Request) { return func(r *http.Request) { r.Header.Del(name) } }
	cases := map[string]struct {
		spoil  func(*http.Request)
		status int
	}{
		"in order":            {func(*http.Request) {}, 201},
		"no topic":            {without("Topic"), 201},
		"no urgency":          {without("Urgency"), 201},
		"no TTL":              {without("TTL"), 400},
		"TTL negative":        {header("TTL", "-1"), 400},
		"TTL no number":       {header("TTL", "soon"), 400},
		"urgency unknown":     {header("Urgency", "urgent"), 400},
		"topic empty":         {header("Topic", ""), 400},
		"topic of 33":         {header("Topic", strings.Repeat("a", 33)), 400},
		"topic with a dot":    {header("Topic", "a.b"), 400},
		"no encoding":         {without("Content-Encoding"), 400},
		"old encoding":        {header("Content-Encoding", "aesgcm"), 400},
		"no authorization":    {without("Authorization"), 401},
		"other authorization": {header("Authorization", "Bearer x"), 403},
		"GET":                 {func(r *http.Request) { r.Method = http.MethodGet }, 405},
		"no subscription":     {func(r *http.Request) { r.URL.Path += "0" }, 404},
		"too large":           {func(r *http.Request) { body(r, make([]byte, 4097)) }, 413},
		"another's key":       {func(r *http.Request) { r.Header = newServer(t).push(t, d).Header }, 403},
	}
	for name, c := range cases {
		req := key.push(t, d)
		c.spoil(req)
		if got := status(t, s, req); got != c.status {
			t.Errorf("%s: %d, want %d", name, got, c.status)
		}
	}
	if taken, refused := len(s.Accepted()), len(s.Refusals()); taken != 3 || refused != len(cases)-3 {
		t.Errorf("%d taken, %d refused", taken, refused)
	}
}

func body(r *http.Request, b []byte) {
	r.Body, r.ContentLength, r.GetBody = io.NopCloser(bytes.NewReader(b)), int64(len(b)), nil
}

// TestRequestBrokenOffIsNeitherMessageNorRefusal: whoever sends is killed, or takes it back, in the middle of a body.
func TestRequestBrokenOffIsNeitherMessageNorRefusal(t *testing.T) {
	for name, lost := range map[string]bool{"connection lost": true, "taken back": false} {
		for _, secure := range []bool{true, false} {
			s, key := pushtest.New(t, pushtest.Options{TLS: secure}), newServer(t)
			c := client(s)
			var conn net.Conn
			c.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				var err error
				conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
				return conn, err
			}
			req := key.push(t, s.Subscribe(key.public))
			whole := req.Body
			req.Body = io.NopCloser(io.MultiReader(io.LimitReader(whole, 1000), reader(func([]byte) (int, error) {
				// It has begun to be read, so that what ends is a request.
				if err := s.Await(t.Context(), 1); err != nil {
					return 0, err
				}
				if lost {
					if err := conn.Close(); err != nil {
						return 0, err
					}
				}
				return 0, errors.New("that was all")
			})))
			if resp, err := c.Do(req); err == nil {
				t.Errorf("%s: %s", name, resp.Status)
			}
			judged(t, s)
			if s.Broken() != 1 || len(s.Refusals()) != 0 || len(s.Messages()) != 0 {
				t.Errorf("%s, HTTP/2 %t: %d broken off, refused %+v, %d messages", name, secure, s.Broken(), s.Refusals(), len(s.Messages()))
			}
		}
	}
}

// TestBodyShorterThanItWasSaidToBeIsRefused: that is no request that was broken off (RFC 9113, section 8.1.1).
func TestBodyShorterThanItWasSaidToBeIsRefused(t *testing.T) {
	s, key := pushtest.New(t, pushtest.Options{TLS: true}), newServer(t)
	req := key.push(t, s.Subscribe(key.public))
	conn, err := tls.Dial("tcp", req.URL.Host, &tls.Config{RootCAs: s.RootCAs(), NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var block bytes.Buffer
	encoder, framer := hpack.NewEncoder(&block), http2.NewFramer(conn, conn)
	field := func(name, value string) {
		if err := encoder.WriteField(hpack.HeaderField{Name: strings.ToLower(name), Value: value}); err != nil {
			t.Fatal(err)
		}
	}
	for _, pseudo := range [][2]string{{":method", req.Method}, {":scheme", "https"}, {":authority", req.URL.Host}, {":path", req.URL.Path}} {
		field(pseudo[0], pseudo[1])
	}
	for name := range req.Header {
		field(name, req.Header.Get(name))
	}
	field("content-length", "100")
	_, err = io.WriteString(conn, http2.ClientPreface)
	if err := errors.Join(err, framer.WriteSettings(), framer.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Bytes(), EndHeaders: true}),
		framer.WriteData(1, true, make([]byte, 50))); err != nil {
		t.Fatal(err)
	}
	judged(t, s)
	if refused := s.Refusals(); s.Broken() != 0 || len(refused) != 1 || refused[0].Status != http.StatusBadRequest {
		t.Errorf("%d broken off, refused %+v", s.Broken(), refused)
	}
}

// judged waits until a request was broken off or refused: who sent it hears of neither.
func judged(t *testing.T, s *pushtest.Service) {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for s.Broken() == 0 && len(s.Refusals()) == 0 && t.Context().Err() == nil {
		<-look.C
	}
}

type reader func([]byte) (int, error)

func (r reader) Read(b []byte) (int, error) { return r(b) }

func TestForgedTokensAreRefused(t *testing.T) {
	s := pushtest.New(t, pushtest.Options{})
	d := s.Subscribe("")
	signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	claims := func(aud string, exp int64, sub string) map[string]any {
		return map[string]any{"aud": aud, "exp": exp, "sub": sub}
	}
	const sub, es256 = "mailto:a@kita.example", "ES256"
	good := claims(s.URL, in(time.Hour), sub)
	for name, c := range map[string]struct {
		alg    string
		claims map[string]any
		key    *ecdsa.PrivateKey
		status int
	}{
		"good":                  {es256, good, signer, 201},
		"https subject":         {es256, claims(s.URL, in(time.Hour), "https://kita.example"), signer, 201},
		"23 hours":              {es256, claims(s.URL, in(23*time.Hour), sub), signer, 201},
		"another's signature":   {es256, good, other, 403},
		"alg none":              {"none", good, signer, 403},
		"alg HS256":             {"HS256", good, signer, 403},
		"another origin":        {es256, claims("https://fcm.googleapis.com", in(time.Hour), sub), signer, 403},
		"origin with a path":    {es256, claims(s.URL+"/", in(time.Hour), sub), signer, 403},
		"expired":               {es256, claims(s.URL, in(-time.Minute), sub), signer, 403},
		"more than 24 hours":    {es256, claims(s.URL, in(25*time.Hour), sub), signer, 403},
		"no subject":            {es256, claims(s.URL, in(time.Hour), ""), signer, 403},
		"mailto twice":          {es256, claims(s.URL, in(time.Hour), "mailto:mailto:a@kita.example"), signer, 403},
		"subject on localhost":  {es256, claims(s.URL, in(time.Hour), "mailto:a@localhost"), signer, 403},
		"https on localhost":    {es256, claims(s.URL, in(time.Hour), "https://localhost/"), signer, 403},
		"subject not reachable": {es256, claims(s.URL, in(time.Hour), "a@kita.example"), signer, 403},
	} {
		req := newServer(t).push(t, d)
		req.Header.Set("Authorization", authorization(t, c.alg, c.claims, c.key, &signer.PublicKey))
		if got := status(t, s, req); got != c.status {
			t.Errorf("%s: %d, want %d; %+v", name, got, c.status, s.Refusals())
		}
	}
	whole := authorization(t, es256, good, signer, &signer.PublicKey)
	for _, header := range []string{
		"vapid", "vapid ", "vapid t=,k=", "vapid t=a.b.c,k=d", strings.Replace(whole, "k=B", "k=C", 1), strings.Replace(whole, ".", "", 1),
		whole[:strings.Index(whole, ",")], strings.Replace(whole, ", k=", "AAAA, k=", 1),
	} {
		req := newServer(t).push(t, d)
		req.Header.Set("Authorization", header)
		if got := status(t, s, req); got != 403 {
			t.Errorf("%q: %d", header, got)
		}
	}
}

func authorization(t *testing.T, alg string, claims map[string]any, key *ecdsa.PrivateKey, public *ecdsa.PublicKey) string {
	t.Helper()
	part := func(v any) string {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(raw)
	}
	signed := part(map[string]string{"alg": alg, "typ": "JWT"}) + "." + part(claims)
	digest := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	point, err := public.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return "vapid t=" + signed + "." + b64(append(fill(r), fill(s)...)) + ", k=" + b64(point)
}

func fill(n *big.Int) []byte { return n.FillBytes(make([]byte, 32)) }

func TestScriptThenAlwaysThenMix(t *testing.T) {
	s, key := pushtest.New(t, pushtest.Options{}), newServer(t)
	one, two := s.Subscribe(key.public), s.Subscribe(key.public)
	s.Mix(1, pushtest.Share{Weight: 1, Answer: pushtest.Answer{Status: 502}})
	one.Script(pushtest.Answer{Status: 429, RetryAfter: "7"}, pushtest.Answer{})
	one.Always(pushtest.Answer{Status: 410})
	for i, want := range []int{429, 201, 410, 410} {
		if got := status(t, s, key.push(t, one)); got != want {
			t.Errorf("message %d: %d, want %d", i, got, want)
		}
	}
	if got := status(t, s, key.push(t, two)); got != 502 {
		t.Errorf("the mix gives %d", got)
	}
	two.Limit(4095)
	if got := status(t, s, key.push(t, two)); got != 413 {
		t.Errorf("over the device's limit: %d", got)
	}
	if len(s.Messages()) != 6 || len(s.Accepted()) != 1 || len(one.Accepted()) != 1 || len(two.Accepted()) != 0 {
		t.Errorf("%d messages, %d accepted", len(s.Messages()), len(s.Accepted()))
	}
}

func TestMixIsTheSameForTheSameSeed(t *testing.T) {
	play := func(seed uint64) (got []int) {
		s, key := pushtest.New(t, pushtest.Options{Blind: true}), newServer(t)
		s.Mix(seed, pushtest.Share{Weight: 3}, pushtest.Share{Weight: 1, Answer: pushtest.Answer{Status: 410}},
			pushtest.Share{Weight: 1, Answer: pushtest.Answer{Status: 503, RetryAfter: "1"}},
			pushtest.Share{Weight: 1, Answer: pushtest.Answer{Fault: pushtest.Half}})
		d := s.Subscribe("")
		for range 60 {
			got = append(got, status(t, s, key.push(t, d)))
		}
		return got
	}
	first, again, other := play(1), play(1), play(2)
	count := map[int]int{}
	for i := range first {
		count[first[i]]++
		if first[i] != again[i] {
			t.Fatalf("%v and %v", first, again)
		}
	}
	if len(count) != 4 || count[201] < 20 {
		t.Errorf("%v", count)
	}
	same := true
	for i := range first {
		same = same && first[i] == other[i]
	}
	if same {
		t.Error("another seed gives the same")
	}
}

func TestFaultsBreakTheAnswerAndTakeNothing(t *testing.T) {
	for _, tls := range []bool{true, false} {
		s, key := pushtest.New(t, pushtest.Options{TLS: tls}), newServer(t)
		d := s.Subscribe(key.public)
		d.Script(pushtest.Answer{Fault: pushtest.Reset}, pushtest.Answer{Fault: pushtest.Half})
		if resp, err := client(s).Do(key.push(t, d)); err == nil {
			t.Errorf("a reset answers %s", resp.Status)
		}
		resp, err := client(s).Do(key.push(t, d))
		if err != nil || resp.StatusCode != 201 {
			t.Fatalf("half an answer has no head: %v", err)
		}
		if half, err := io.ReadAll(resp.Body); err == nil || string(half) != "half of it" {
			t.Errorf("half an answer is %q, %v", half, err)
		}
		resp.Body.Close()
		if len(s.Messages()) != 2 || len(s.Accepted()) != 0 {
			t.Errorf("%d messages, %d accepted", len(s.Messages()), len(s.Accepted()))
		}
	}
}

func TestWhoHangsIsLetGoAtTheEnd(t *testing.T) {
	for _, tls := range []bool{true, false} {
		s, key := pushtest.New(t, pushtest.Options{TLS: tls}), newServer(t)
		d := s.Subscribe(key.public)
		d.Always(pushtest.Answer{Fault: pushtest.Hang})
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				if got := status(t, s, key.push(t, d)); got == 201 {
					t.Error("who hangs answers")
				}
			})
		}
		if err := s.Await(t.Context(), 3); err != nil {
			t.Fatal(err)
		}
		s.Close()
		group.Wait()
		if n := len(s.Accepted()); n != 0 {
			t.Errorf("%d accepted", n)
		}
	}
}

func TestAwaitAcceptedCountsWhatWasTaken(t *testing.T) {
	s, key := pushtest.New(t, pushtest.Options{}), newServer(t)
	d := s.Subscribe(key.public)
	d.Script(pushtest.Answer{Status: 503})
	for range 3 {
		status(t, s, key.push(t, d))
	}
	if err := s.AwaitAccepted(t.Context(), 2); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.AwaitAccepted(ctx, 3); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestUnreadableMessageIsNotAccepted(t *testing.T) {
	s, key := pushtest.New(t, pushtest.Options{}), newServer(t)
	d := s.Subscribe(key.public)
	req := key.push(t, d)
	sealed, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	sealed[1000] ^= 1
	body(req, sealed)
	if got := status(t, s, req); got != 201 {
		t.Errorf("a service, which can not open it, answers %d", got)
	}
	if m := s.Messages()[0]; m.Err == nil || m.Plaintext != nil || len(s.Accepted()) != 0 {
		t.Errorf("%+v", m)
	}
}

func TestFixedAddressIsServed(t *testing.T) {
	first, err := pushtest.Start(pushtest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	address := strings.TrimPrefix(first.URL, "http://")
	if _, err := pushtest.Start(pushtest.Options{Addr: address}); err == nil {
		t.Error("one address is served twice")
	}
	first.Close()
	first.Close()
	again := pushtest.New(t, pushtest.Options{Addr: address})
	if again.URL != first.URL {
		t.Errorf("%s, want %s", again.URL, first.URL)
	}
}

// BenchmarkService is what the service itself costs a benchmark: one message over and over, many at once.
func BenchmarkService(b *testing.B) {
	for name, o := range map[string]pushtest.Options{
		"http": {Blind: true}, "http2": {Blind: true, TLS: true}, "http opened": {}, "http2 opened": {TLS: true},
	} {
		b.Run(name, func(b *testing.B) {
			s, key := pushtest.New(b, o), newServer(b)
			req := key.push(b, s.Subscribe(key.public))
			sealed, err := io.ReadAll(req.Body)
			if err != nil {
				b.Fatal(err)
			}
			c := client(s)
			c.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					again := req.Clone(b.Context())
					body(again, sealed)
					resp, err := c.Do(again)
					if err != nil {
						b.Error(err)
						return
					}
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
		})
	}
}
