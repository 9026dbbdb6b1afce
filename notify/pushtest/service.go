// Package pushtest is a push service for tests and benchmarks: it takes messages over real HTTP on loopback, checks
// them as strictly as the strictest of the real services, opens them with the device's own key, and misbehaves on demand.
package pushtest

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options of a Service; the zero value is plain HTTP/1.1 on a free port, opening every message.
type Options struct {
	// TLS serves HTTP/2 with a certificate that RootCAs vouches for.
	TLS bool
	// Addr is where to listen, "127.0.0.1:port"; empty is a free port of 127.0.0.1.
	Addr string
	// Blind leaves messages closed: for benchmarks that measure the sender.
	Blind bool
	// Forgetful keeps no messages and no refusals: for benchmarks that send a million.
	Forgetful bool
	// Streams is how many streams are permitted on one HTTP/2 connection; 0 is what net/http permits.
	Streams int
	// MaxBody is the largest message taken, larger is 413; 0 is the 4096 bytes of RFC 8030, section 7.2.
	MaxBody int
	// Latency is added to every answer.
	Latency time.Duration
	// Clock is by which tokens are valid or not; nil is the machine's.
	Clock func() time.Time
}

// Message is one push that was in order: its headers, and what was inside.
type Message struct {
	Device *Device
	// Plaintext is what the device reads; nil when the service is blind or Err is set.
	Plaintext []byte
	// Err says why the device cannot open the message. The service does not know: its answer is unaffected.
	Err error
	// Size is the length of the encrypted body in bytes.
	Size    int
	TTL     time.Duration
	Urgency string
	Topic   string
	VAPID   Claims
	// Authorization is the header as it came.
	Authorization string
	// Proto is HTTP/1.1 or HTTP/2.0.
	Proto string
	// Status is the answer; 0 when it was broken off.
	Status int
}

func (m Message) accepted() bool { return m.Status >= 200 && m.Status <= 299 && m.Err == nil }

// Refusal is a request that was not in order, with the status it got.
type Refusal struct {
	Status int
	Reason string
}

// Service is a running push service.
type Service struct {
	// URL is its origin, as in http://127.0.0.1:39001.
	URL string

	options Options
	server  *httptest.Server
	closed  chan struct{}
	close   sync.Once

	mu       sync.Mutex
	devices  map[string]*Device
	mix      mix
	arrived  int
	accepted int
	broken   int
	messages []Message
	refusals []Refusal
	verified map[string]Claims
	quota    quota
	gate     <-chan struct{}
	// changed is closed and replaced whenever one of the above grows.
	changed chan struct{}
}

// New starts a service that ends with the test.
func New(t testing.TB, o Options) *Service {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Start starts a service for programs that are no tests; Close ends it.
func Start(o Options) (*Service, error) {
	if o.Clock == nil {
		o.Clock = time.Now
	}
	s := &Service{
		options: o, closed: make(chan struct{}), devices: map[string]*Device{}, verified: map[string]Claims{},
		changed: make(chan struct{}),
	}
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, err
	}
	s.server = &httptest.Server{Listener: listener, EnableHTTP2: o.TLS, Config: &http.Server{
		Handler: s, ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
	}}
	if o.Streams > 0 {
		s.server.Config.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: o.Streams}
	}
	if o.TLS {
		s.server.StartTLS()
	} else {
		s.server.Start()
	}
	s.URL = s.server.URL
	return s, nil
}

// Close lets go of whoever hangs and ends the service; a second Close does nothing.
func (s *Service) Close() {
	s.close.Do(func() {
		close(s.closed)
		s.server.CloseClientConnections()
		s.server.Close()
	})
}

// RootCAs vouches for the certificate of a service with TLS; nil without.
func (s *Service) RootCAs() *x509.CertPool {
	if !s.options.TLS {
		return nil
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

// Certificate is that of a service with TLS, for clients in another process; nil without.
func (s *Service) Certificate() *x509.Certificate { return s.server.Certificate() }

// Subscribe makes a device whose subscription is bound to the server's public VAPID key (base64url), as browsers do;
// an empty key binds it to none.
func (s *Service) Subscribe(serverKey string) *Device {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := "/push/" + strconv.Itoa(len(s.devices)+1)
	d := NewDevice(s.URL + path)
	d.service, d.server = s, serverKey
	s.devices[path] = d
	return d
}

// Mix sets what messages are answered with that neither script nor Always speaks for, drawn at random from seed.
func (s *Service) Mix(seed uint64, shares ...Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mix = newMix(seed, shares)
}

// quota is how many messages are looked at in each stretch of time.
type quota struct {
	n     int
	per   time.Duration
	taken int
	since time.Time
}

// Quota makes the service look at n messages within each per, by its clock; what comes besides is answered 429, with the rest
// of the time as Retry-After. 0 lifts it.
func (s *Service) Quota(n int, per time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = quota{n: n, per: per}
}

// overdrawn is how long the service looks at nothing more; 0 when it looks at this one.
func (s *Service) overdrawn() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := &s.quota
	if q.n == 0 {
		return 0
	}
	now := s.options.Clock()
	if now.Sub(q.since) >= q.per {
		q.since, q.taken = now, 0
	}
	if q.taken < q.n {
		q.taken++
		return 0
	}
	return q.since.Add(q.per).Sub(now)
}

// Hold lets no message that comes from now on be answered until gate is closed.
func (s *Service) Hold(gate <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = gate
}

func (s *Service) pass(ctx context.Context) {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	if gate == nil {
		return
	}
	select {
	case <-gate:
	case <-ctx.Done():
	case <-s.closed:
	}
}

// Messages are all that were in order, whatever they were answered with, as they came.
func (s *Service) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Accepted are the messages that the sender was told were taken, and that the device could open.
func (s *Service) Accepted() []Message {
	return slices.DeleteFunc(s.Messages(), func(m Message) bool { return !m.accepted() })
}

// errBroken is read's for a request that ended before it was whole.
var errBroken = errors.New("broken off")

// Broken is how many requests ended before they were whole, since their sender was killed or took them back. They are no
// messages, and no refusals: nobody was there to be answered.
func (s *Service) Broken() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

// Refusals are the requests that a real service would not have taken either. A sender in order causes none.
func (s *Service) Refusals() []Refusal {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.refusals)
}

// Await returns when n requests have arrived in all, those that still hang included, or with ctx's error.
func (s *Service) Await(ctx context.Context, n int) error {
	return s.await(ctx, func() bool { return s.arrived >= n })
}

// AwaitAccepted returns when n messages were accepted in all, or with ctx's error.
func (s *Service) AwaitAccepted(ctx context.Context, n int) error {
	return s.await(ctx, func() bool { return s.accepted >= n })
}

func (s *Service) await(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		ok, changed := done(), s.changed
		s.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// note changes what is counted, and wakes those who wait for it.
func (s *Service) note(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
}

// ServeHTTP is the service itself. What a message is answered is noted before the answer leaves.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.note(func() { s.arrived++ })
	message, status, err := s.read(r)
	if errors.Is(err, errBroken) {
		s.note(func() { s.broken++ })
		panic(http.ErrAbortHandler) // to whom should it be answered?
	}
	if err != nil {
		s.note(func() { s.refusals = append(s.refusals, Refusal{Status: status, Reason: err.Error()}) })
		http.Error(w, err.Error(), status)
		return
	}
	answer := s.answerFor(message)
	if wait := s.overdrawn(); wait > 0 {
		answer = Answer{Status: http.StatusTooManyRequests, RetryAfter: strconv.Itoa(int((wait + time.Second - 1) / time.Second))}
	}
	answer.Latency += s.options.Latency
	s.pass(r.Context())
	answered := answer.wait(r.Context(), s.closed)
	if answered && answer.Fault == 0 {
		message.Status = answer.status()
	}
	s.note(func() {
		if !s.options.Forgetful {
			s.messages = append(s.messages, message)
		}
		if message.accepted() {
			s.accepted++
		}
	})
	if answered {
		answer.write(w, s.URL+"/m/"+strings.TrimPrefix(r.URL.Path, "/push/"))
	}
}

func (s *Service) answerFor(m Message) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := m.Device
	switch {
	case d.maxBody > 0 && m.Size > d.maxBody:
		return Answer{Status: http.StatusRequestEntityTooLarge}
	case len(d.script) > 0:
		a := d.script[0]
		d.script = d.script[1:]
		return a
	case d.always != nil:
		return *d.always
	default:
		return s.mix.draw()
	}
}

// read checks the request as RFC 8030, 8188 and 8292 have it; the status is what a real service answers otherwise.
func (s *Service) read(r *http.Request) (Message, int, error) {
	s.mu.Lock()
	device := s.devices[r.URL.Path]
	s.mu.Unlock()
	if device == nil {
		return Message{}, http.StatusNotFound, fmt.Errorf("no subscription at %s", r.URL.Path)
	}
	if r.Method != http.MethodPost {
		return Message{}, http.StatusMethodNotAllowed, fmt.Errorf("method %s", r.Method)
	}
	m := Message{Device: device, Urgency: r.Header.Get("Urgency"), Topic: r.Header.Get("Topic"), Proto: r.Proto,
		Authorization: r.Header.Get("Authorization")}
	if m.Authorization == "" {
		return Message{}, http.StatusUnauthorized, fmt.Errorf("no Authorization")
	}
	var err error
	if m.VAPID, err = s.verify(m.Authorization); err != nil {
		return Message{}, http.StatusForbidden, err
	}
	if device.server != "" && m.VAPID.Key != device.server {
		return Message{}, http.StatusForbidden, fmt.Errorf("signed with a key that the subscription is not bound to")
	}
	if err := m.readHeaders(r.Header); err != nil {
		return Message{}, http.StatusBadRequest, err
	}
	limit := s.options.MaxBody
	if limit == 0 {
		limit = 4096
	}
	body := bytes.NewBuffer(make([]byte, 0, min(max(r.ContentLength, 0), int64(limit))+bytes.MinRead)) // it need not grow
	if _, err := body.ReadFrom(io.LimitReader(r.Body, int64(limit)+1)); err != nil {
		// net/http has no type for it: HTTP/2, and the sender ended the body before it was as long as it had said.
		if strings.Contains(err.Error(), "declared a Content-Length") {
			return Message{}, http.StatusBadRequest, err
		}
		return Message{}, 0, fmt.Errorf("%w: %w", errBroken, err)
	}
	if m.Size = body.Len(); m.Size > limit {
		return Message{}, http.StatusRequestEntityTooLarge, fmt.Errorf("more than %d bytes", limit)
	}
	if !s.options.Blind {
		m.Plaintext, m.Err = device.Open(body.Bytes())
	}
	return m, 0, nil
}

// verify remembers the tokens it has seen, as real services do: a token serves for hours.
func (s *Service) verify(authorization string) (Claims, error) {
	now := s.options.Clock()
	s.mu.Lock()
	claims, known := s.verified[authorization]
	s.mu.Unlock()
	if known && claims.Expires.After(now) {
		return claims, nil
	}
	claims, err := VerifyVAPID(authorization, s.URL, now)
	if err != nil {
		return Claims{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.verified[authorization] = claims
	return claims, nil
}

func (m *Message) readHeaders(h http.Header) error {
	if h.Get("Content-Encoding") != "aes128gcm" {
		return fmt.Errorf("content encoding %q", h.Get("Content-Encoding"))
	}
	seconds, err := strconv.ParseUint(h.Get("TTL"), 10, 31)
	if err != nil {
		return fmt.Errorf("TTL %q", h.Get("TTL"))
	}
	m.TTL = time.Duration(seconds) * time.Second
	if _, given := h["Urgency"]; given && !slices.Contains([]string{"very-low", "low", "normal", "high"}, m.Urgency) {
		return fmt.Errorf("urgency %q", m.Urgency)
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if _, given := h["Topic"]; given && (m.Topic == "" || len(m.Topic) > 32 || strings.Trim(m.Topic, alphabet) != "") {
		return fmt.Errorf("topic %q", m.Topic)
	}
	return nil
}
