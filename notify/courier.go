package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http/httpguts"
)

// courier is an http.RoundTripper for what a push is: a small body, a smaller answer, and a thousand of them at once to the
// same service. It speaks HTTP/2 (RFC 9113) with golang.org/x/net's frames and header compression, and knows what
// net/http's client keeps to itself: how many streams a service permits on a connection, and whether a request that got
// no answer was looked at. Per message it has no goroutine, one lock, and, under load, a part of a write: what is ready
// to leave on a connection leaves in one TLS record.
//
// A request and its answer are held whole; of an answer at most 16 kB. Who has not learned HTTP/2 is spoken to by other.
type courier struct {
	dial  func(ctx context.Context, network, address string) (net.Conn, error)
	tls   *tls.Config
	other *http.Transport

	// mu guards what follows, and what a road and the upper part of a conn hold. It is never taken under a conn's lock.
	mu    sync.Mutex
	roads map[string]*road
	// old are the addresses that speak HTTP/1.1 only.
	old map[string]bool
}

// road is all connections to one address, and who waits for a stream on one of them, first come first served.
type road struct {
	address    string
	conns      []*conn
	waiting    []chan place
	connecting int
}

// place is a stream that may be opened on conn, or why there is none.
type place struct {
	conn *conn
	err  error
}

const (
	// streamsAtFirst is how many a first connection is taken to carry until its service says how many streams it permits
	// (RFC 9113, section 6.5.2, advises against fewer than 100).
	streamsAtFirst = 100
	// streamsAtMost bounds what one connection carries, whatever the service permits: when one is lost, so is what is on it.
	streamsAtMost = 256
	// triesUnseen is how often a request is sent that no service has looked at.
	triesUnseen = 3
	maxOld      = 256
)

var (
	// errUnseen: the service has certainly not looked at the request, and says so (RFC 9113, section 8.7), or it never left.
	errUnseen = errors.New("notify: the service did not look at the request")
	errOld    = errors.New("notify: no HTTP/2")
	errCut    = errors.New("notify: the answer is longer than is read")
)

func newCourier(g Guard) *courier {
	return &courier{
		dial: g.connect,
		tls: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: g.RootCAs, NextProtos: []string{"h2", "http/1.1"},
			ClientSessionCache: tls.NewLRUClientSessionCache(0), DynamicRecordSizingDisabled: true},
		other: g.transport(connsTLS),
		roads: map[string]*road{},
		old:   map[string]bool{},
	}
}

// RoundTrip sends req and waits for the whole answer. What the service certainly did not look at is sent again.
func (w *courier) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := wholeBody(req)
	if err != nil {
		return nil, err
	}
	head, err := headOf(req, len(body.record))
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(req.URL.Hostname(), portOf(req))
	for try := 1; ; try++ {
		c, err := w.place(req.Context(), address)
		if errors.Is(err, errOld) {
			req = req.Clone(req.Context())
			req.Body = io.NopCloser(bytes.NewReader(body.record)) // never for another: net/http may read on, and try again
			return w.other.RoundTrip(req)
		}
		if err != nil {
			return nil, err
		}
		s, err := c.exchange(req.Context(), head, body.record)
		w.leave(c)
		if errors.Is(err, errUnseen) && try < triesUnseen && req.Context().Err() == nil {
			continue
		}
		body.release()
		if err != nil {
			return nil, err
		}
		return s.response(req), nil
	}
}

// CloseIdleConnections closes what nothing is under way on.
func (w *courier) CloseIdleConnections() {
	w.mu.Lock()
	var idle []*conn
	for _, r := range w.roads {
		for _, c := range slices.Clone(r.conns) {
			if c.taken == 0 {
				w.strike(c)
				idle = append(idle, c)
			}
		}
	}
	w.mu.Unlock()
	for _, c := range idle {
		c.end(net.ErrClosed)
	}
	w.other.CloseIdleConnections()
}

func portOf(req *http.Request) string {
	if port := req.URL.Port(); port != "" {
		return port
	}
	return "443"
}

// sealed is a body that is there already.
type sealed struct {
	bytes.Reader
	record []byte
	sheet  *sheet
}

// sheet has room for any push.
type sheet [recordFull]byte

// sheets are those of pushes that have left, for the next: they are a third of the memory that a push takes.
var sheets = sync.Pool{New: func() any { return new(sheet) }}

// newSealed makes a body of size bytes, in which anything may stand.
func newSealed(size int) *sealed {
	s := &sealed{}
	if size <= recordFull {
		s.sheet = sheets.Get().(*sheet)
		s.record = s.sheet[:size]
	} else {
		s.record = make([]byte, size)
	}
	s.Reset(s.record)
	return s
}

// Close changes nothing: net/http closes bodies that it goes on to read.
func (*sealed) Close() error { return nil }

// release lets the record serve for another message. Only who has copied it all, and knows of nobody else who reads it, may call it:
// the wrong message would be taken by the service, and opened by no device.
func (s *sealed) release() {
	if s.sheet != nil {
		sheets.Put(s.sheet)
		s.sheet, s.record = nil, nil
	}
}

// maxRequest bounds what is sent; a push has at most 4 kB.
const maxRequest = 64 << 10

// wholeBody has the body of req in one piece.
func wholeBody(req *http.Request) (*sealed, error) {
	if req.Body == nil || req.Body == http.NoBody {
		return newSealed(0), nil
	}
	if s, ok := req.Body.(*sealed); ok {
		return s, nil
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxRequest+1))
	if err == nil && len(body) > maxRequest {
		err = fmt.Errorf("notify: a request of more than %d bytes", maxRequest)
	}
	if err != nil {
		return nil, err
	}
	s := newSealed(len(body))
	copy(s.record, body)
	return s, nil
}

// field is one line of a request's head. What is secret or different each time is not remembered by the compression.
type field struct {
	name, value string
	fleeting    bool
}

// lower are the names that are used with each push, as HTTP/2 writes them.
var lower = map[string]string{"Authorization": "authorization", "Content-Encoding": "content-encoding", "Content-Type": "content-type",
	"Ttl": "ttl", "Urgency": "urgency", "Topic": "topic", "User-Agent": "user-agent"}

// headOf writes the head of req down (RFC 9113, section 8.3.1).
func headOf(req *http.Request, length int) ([]field, error) {
	host := req.Host
	if host == "" {
		host = req.URL.Host
	}
	host, err := httpguts.PunycodeHostPort(host)
	if err != nil {
		return nil, err
	}
	if !httpguts.ValidHostHeader(host) {
		return nil, errors.New("notify: the host of a request is none")
	}
	method := req.Method
	if method == "" {
		method = http.MethodGet
	}
	head := make([]field, 0, 5+len(req.Header))
	// An endpoint's path is a secret, and no two devices share one.
	head = append(head, field{":authority", host, false}, field{":method", method, false}, field{":path", req.URL.RequestURI(), true},
		field{":scheme", "https", false})
	for name, values := range req.Header {
		plain, ok := lower[name]
		if !ok {
			if !httpguts.ValidHeaderFieldName(name) {
				return nil, fmt.Errorf("notify: no name of a header: %q", name)
			}
			switch plain = lowered(name); plain {
			case "host", "content-length", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade":
				continue
			}
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return nil, fmt.Errorf("notify: what can not be said in a header %q", name)
			}
			head = append(head, field{plain, value, plain == "ttl"})
		}
	}
	if length > 0 || method == http.MethodPost {
		head = append(head, field{"content-length", strconv.Itoa(length), false})
	}
	return head, nil
}

func lowered(name string) string {
	b := []byte(name)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// place waits for room on a connection to address, and sees to it that there are enough of them.
func (w *courier) place(ctx context.Context, address string) (*conn, error) {
	w.mu.Lock()
	if w.old[address] {
		w.mu.Unlock()
		return nil, errOld
	}
	r := w.roads[address]
	if r == nil {
		r = &road{address: address}
		w.roads[address] = r
	}
	if c := r.free(); c != nil && len(r.waiting) == 0 {
		c.taken++
		w.mu.Unlock()
		return c, nil
	}
	mine := make(chan place, 1)
	r.waiting = append(r.waiting, mine)
	w.widen(r)
	w.mu.Unlock()
	select {
	case p := <-mine:
		return p.conn, p.err
	case <-ctx.Done():
	}
	w.mu.Lock()
	if i := slices.Index(r.waiting, mine); i >= 0 {
		r.waiting = slices.Delete(r.waiting, i, i+1)
		w.mu.Unlock()
		return nil, ctx.Err()
	}
	w.mu.Unlock()
	if p := <-mine; p.err == nil { // given just now, to nobody
		w.leave(p.conn)
	}
	return nil, ctx.Err()
}

// free is the connection with room that is the fullest: the others may fall idle, and end.
func (r *road) free() *conn {
	var best *conn
	for _, c := range r.conns {
		if c.taken < c.limit && (best == nil || c.taken > best.taken) {
			best = c
		}
	}
	return best
}

// widen begins another connection when more wait than those that are begun will carry.
func (w *courier) widen(r *road) {
	each := streamsAtFirst
	for _, c := range r.conns {
		each = max(1, c.limit) // what the service permits is known
	}
	for len(r.waiting) > r.connecting*each && len(r.conns)+r.connecting < connsTLS {
		r.connecting++
		go w.connect(r) // ends within the time-outs of the dialer
	}
}

// serve gives room to who waits. Who has none, and can get none, is told err.
func (w *courier) serve(r *road, err error) {
	for len(r.waiting) > 0 {
		c := r.free()
		if c == nil {
			break
		}
		c.taken++
		r.waiting[0] <- place{conn: c}
		r.waiting = r.waiting[1:]
	}
	if err != nil && len(r.conns)+r.connecting == 0 {
		for _, one := range r.waiting {
			one <- place{err: err}
		}
		r.waiting = nil
	}
	w.widen(r)
	if len(r.conns)+r.connecting+len(r.waiting) == 0 {
		delete(w.roads, r.address)
	}
}

func (w *courier) connect(r *road) {
	c, err := w.open(r)
	w.mu.Lock()
	defer w.mu.Unlock()
	r.connecting--
	if errors.Is(err, errOld) {
		if len(w.old) >= maxOld {
			clear(w.old)
		}
		w.old[r.address] = true
	}
	if err == nil {
		r.conns = append(r.conns, c)
		c.idle.Reset(idleTimeout)
	}
	w.serve(r, err)
}

// open makes a connection that speaks HTTP/2.
func (w *courier) open(r *road) (*conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*dialTimeout)
	defer cancel()
	raw, err := w.dial(ctx, "tcp", r.address)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(r.address)
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	config := w.tls.Clone()
	config.ServerName = host
	secure := tls.Client(raw, config)
	ctx, shaken := context.WithTimeout(ctx, dialTimeout)
	defer shaken()
	if err := secure.HandshakeContext(ctx); err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	if secure.ConnectionState().NegotiatedProtocol != "h2" {
		return nil, errors.Join(errOld, secure.Close())
	}
	c := newConn(w, r, secure)
	c.start()
	// Only then is it known how many streams there may be, and how much they may say.
	select {
	case <-c.greeted:
	case <-ctx.Done():
		c.end(ctx.Err())
	}
	return c, c.trouble()
}

// leave gives a place back.
func (w *courier) leave(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.taken--; c.taken == 0 {
		c.fallIdle()
	}
	w.serve(c.road, nil)
}

// resize notes how many streams the service permits.
func (w *courier) resize(c *conn, streams uint32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.limit = int(min(streams, streamsAtMost))
	w.serve(c.road, nil)
}

// retire has nothing more begin on a connection; who waits for it gets another.
func (w *courier) retire(c *conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.strike(c) {
		w.serve(c.road, nil)
	}
	if c.taken == 0 {
		c.fallIdle()
	}
}

// fallIdle has a connection end after a while, and one that nothing more begins on at once.
func (c *conn) fallIdle() {
	wait := time.Duration(0)
	if slices.Contains(c.road.conns, c) {
		wait = idleTimeout
	}
	c.idle.Reset(wait)
}

func (w *courier) strike(c *conn) bool {
	i := slices.Index(c.road.conns, c)
	if i >= 0 {
		c.road.conns = slices.Delete(c.road.conns, i, i+1)
	}
	return i >= 0
}

// rest ends a connection on which nothing has been under way for a while.
func (w *courier) rest(c *conn) {
	w.mu.Lock()
	if c.taken > 0 {
		w.mu.Unlock()
		return
	}
	if w.strike(c) {
		w.serve(c.road, nil)
	}
	w.mu.Unlock()
	c.end(net.ErrClosed)
}

const idleTimeout = time.Minute
