package notify

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/textproto"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// conn is one HTTP/2 connection of a courier.
type conn struct {
	courier *courier
	road    *road
	tls     *tls.Conn
	// Under the courier's lock: streams that were given away, how many there may be, and when it ends for having none.
	taken, limit int
	idle         *time.Timer

	framer *http2.Framer // reads from the connection, writes into out
	wake   chan struct{}
	// greeted is closed when the service has said what it permits, or the connection has ended without.
	greeted chan struct{}
	once    sync.Once

	mu       sync.Mutex
	out      outgoing // what is to leave, whole frames
	fields   bytes.Buffer
	compress *hpack.Encoder
	streams  map[uint32]*stream
	next     uint32 // id of the next stream
	left     uint32 // streams below this are on their way, or may be
	heard    uint64 // frames read
	// window is what the service takes of bodies, initial what it takes of each new one; blocked are those that wait for it.
	window, initial int64
	blocked         []*stream
	unsaid          uint32 // bytes of answers that were read, and not yet said to be
	leaving         bool   // the service takes nothing new on it
	err             error  // why it has ended
}

// stream is one request and its answer.
type stream struct {
	id     uint32
	rest   []byte // of the body, not yet written
	window int64
	since  uint64 // frames heard before it

	status int
	header http.Header
	body   []byte
	cut    bool
	// bodiless: it is the answer to a HEAD, whose length is that of another.
	bodiless bool
	err      error
	ended    bool
	done     chan struct{} // closed when it has ended
}

// outgoing collects what is written.
type outgoing struct{ buf []byte }

func (o *outgoing) Write(p []byte) (int, error) {
	o.buf = append(o.buf, p...)
	return len(p), nil
}

const (
	windowAtFirst = 65535    // RFC 9113, section 6.9.2
	frameSize     = 16 << 10 // what everybody takes (section 4.2)
	lastStream    = 1 << 30  // then a connection is replaced, long before the ids end
	writeTimeout  = sendTimeout
	spareAtMost   = 16 * frameSize // what is kept to be written on again: the rare rush is not to stay in memory
)

func newConn(w *courier, r *road, t *tls.Conn) *conn {
	c := &conn{courier: w, road: r, tls: t, limit: streamsAtMost, greeted: make(chan struct{}), wake: make(chan struct{}, 1), streams: map[uint32]*stream{}, next: 1,
		window: windowAtFirst, initial: windowAtFirst}
	c.framer = http2.NewFramer(&c.out, bufio.NewReaderSize(t, frameSize))
	c.framer.SetReuseFrames()
	c.framer.SetMaxReadFrameSize(frameSize)
	c.framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	c.framer.MaxHeaderListSize = maxAnswer
	c.compress = hpack.NewEncoder(&c.fields)
	return c
}

// start greets the service (section 3.4), and reads and writes until the connection ends.
func (c *conn) start() {
	c.idle = time.AfterFunc(idleTimeout, func() { c.courier.rest(c) })
	c.mu.Lock()
	_, _ = c.out.Write([]byte(http2.ClientPreface)) // into memory, as all that the framer writes
	_ = c.framer.WriteSettings(http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: maxAnswer})
	c.mu.Unlock()
	c.stir()
	go c.write()
	go func() { c.end(c.read()) }()
}

// stir has what is in out leave.
func (c *conn) stir() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write sends what has collected, in one piece. Before it looks, it lets those go ahead who are about to add to it: a
// record that carries five messages costs little more than one that carries one.
func (c *conn) write() {
	var spare []byte
	for range c.wake {
		runtime.Gosched()
		c.mu.Lock()
		ready := c.out.buf
		c.out.buf = spare[:0]
		c.left = c.next
		over := c.err != nil
		c.mu.Unlock()
		if over {
			return
		}
		err := c.tls.SetWriteDeadline(time.Now().Add(writeTimeout))
		if err == nil && len(ready) > 0 {
			_, err = c.tls.Write(ready)
		}
		if err != nil {
			c.end(err)
			return
		}
		if spare = ready; cap(spare) > spareAtMost {
			spare = nil
		}
	}
}

// exchange opens a stream, and waits until its answer is whole or ctx ends.
func (c *conn) exchange(ctx context.Context, head []field, body []byte) (*stream, error) {
	s := &stream{rest: body, done: make(chan struct{}), bodiless: head[1].value == http.MethodHead}
	c.mu.Lock()
	if c.err != nil || c.leaving || c.next >= lastStream {
		c.mu.Unlock()
		c.courier.retire(c)
		return nil, errUnseen
	}
	s.id, s.window, s.since = c.next, c.initial, c.heard
	c.next += 2
	c.streams[s.id] = s
	c.fields.Reset()
	for _, f := range head {
		_ = c.compress.WriteField(hpack.HeaderField{Name: f.name, Value: f.value, Sensitive: f.fleeting})
	}
	block := c.fields.Bytes()
	_ = c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: s.id, BlockFragment: block[:min(len(block), frameSize)], EndStream: len(body) == 0, EndHeaders: len(block) <= frameSize})
	for len(block) > frameSize {
		block = block[frameSize:]
		_ = c.framer.WriteContinuation(s.id, len(block) <= frameSize, block[:min(len(block), frameSize)])
	}
	if c.pour(s); len(s.rest) > 0 {
		c.blocked = append(c.blocked, s)
	}
	c.mu.Unlock()
	c.stir()
	select {
	case <-s.done:
	case <-ctx.Done():
		c.abandon(s, ctx.Err())
	}
	return s, s.err
}

// pour writes as much of a body as the service takes now (section 6.9).
func (c *conn) pour(s *stream) {
	for len(s.rest) > 0 {
		n := min(int64(len(s.rest)), s.window, c.window, frameSize)
		if n <= 0 {
			return
		}
		_ = c.framer.WriteData(s.id, n == int64(len(s.rest)), s.rest[:n])
		s.rest = s.rest[n:]
		s.window -= n
		c.window -= n
	}
}

// flow goes on with the bodies that waited, in their order.
func (c *conn) flow() {
	c.blocked = slices.DeleteFunc(c.blocked, func(s *stream) bool {
		if !s.ended {
			c.pour(s)
		}
		return s.ended || len(s.rest) == 0
	})
}

// abandon gives a stream up. When the service has not said a word on the whole connection since it began, it is asked
// whether anybody is there (section 6.7).
func (c *conn) abandon(s *stream, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.ended {
		return
	}
	c.finish(s, why)
	_ = c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel)
	if heard := c.heard; heard == s.since && errors.Is(why, context.DeadlineExceeded) {
		_ = c.framer.WritePing(false, [8]byte{})
		time.AfterFunc(dialTimeout, func() {
			c.mu.Lock()
			silent := c.heard == heard
			c.mu.Unlock()
			if silent {
				c.end(why)
			}
		})
	}
	c.stir()
}

// finish ends a stream; c.mu is held.
func (c *conn) finish(s *stream, err error) {
	if s.ended {
		return
	}
	s.ended, s.err = true, err
	delete(c.streams, s.id)
	close(s.done)
}

// end closes the connection. What was not yet on its way has certainly not been looked at.
func (c *conn) end(why error) {
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = why
	c.mu.Unlock()
	c.courier.retire(c) // before those are told who try again
	c.mu.Lock()
	for _, s := range c.streams {
		if s.id >= c.left {
			c.finish(s, errUnseen)
		} else {
			c.finish(s, why)
		}
	}
	c.mu.Unlock()
	c.stir()                    // the writer looks, and ends
	_ = c.tls.NetConn().Close() // without a farewell, which could block; nobody is told what it says
}

// trouble is why the connection has ended; nil while it has not.
func (c *conn) trouble() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// read takes frames until the connection ends, and answers why it did.
func (c *conn) read() error {
	for first := true; ; first = false {
		f, err := c.framer.ReadFrame()
		var wrong http2.StreamError
		if errors.As(err, &wrong) {
			c.mu.Lock()
			c.reset(c.streams[wrong.StreamID], wrong, wrong.Code)
			c.mu.Unlock()
			c.stir()
			continue
		}
		if err != nil {
			return err
		}
		if _, ok := f.(*http2.SettingsFrame); first && !ok {
			return http2.ConnectionError(http2.ErrCodeProtocol)
		}
		// The courier's lock comes before this one's.
		switch f := f.(type) {
		case *http2.GoAwayFrame: // before those are told who try again
			c.courier.retire(c)
		case *http2.SettingsFrame:
			if n, said := f.Value(http2.SettingMaxConcurrentStreams); said {
				c.courier.resize(c, n)
			}
		}
		if err := c.take(f); err != nil {
			return err
		}
		c.once.Do(func() { close(c.greeted) })
	}
}

// take does what one frame asks for.
func (c *conn) take(f http2.Frame) error {
	c.mu.Lock()
	c.heard++
	defer c.mu.Unlock()
	s := c.streams[f.Header().StreamID]
	switch f := f.(type) {
	case *http2.MetaHeadersFrame:
		c.takeHead(s, f)
	case *http2.DataFrame:
		return c.takeData(s, f)
	case *http2.RSTStreamFrame:
		if s != nil && f.ErrCode == http2.ErrCodeRefusedStream {
			c.finish(s, errUnseen)
		} else if s != nil {
			c.finish(s, http2.StreamError{StreamID: f.StreamID, Code: f.ErrCode})
		}
	case *http2.SettingsFrame:
		return c.takeSettings(f)
	case *http2.PingFrame:
		if !f.IsAck() {
			_ = c.framer.WritePing(true, f.Data)
			c.stir()
		}
	case *http2.WindowUpdateFrame:
		return c.takeWindow(s, f)
	case *http2.GoAwayFrame: // what is under way up to there goes on (section 6.8)
		c.leaving = true
		for _, s := range c.streams {
			if s.id > f.LastStreamID {
				c.finish(s, errUnseen)
			}
		}
	case *http2.PushPromiseFrame: // we have said that we want none
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	return nil
}

func (c *conn) takeHead(s *stream, f *http2.MetaHeadersFrame) {
	if s == nil {
		return
	}
	if s.status == 0 || s.status < 200 { // otherwise these are trailers
		status, err := strconv.Atoi(f.PseudoValue("status"))
		if err != nil || status < 100 || f.Truncated {
			c.reset(s, http2.StreamError{StreamID: s.id, Code: http2.ErrCodeProtocol}, http2.ErrCodeCancel)
			return
		}
		s.status, s.header = status, make(http.Header, len(f.Fields))
		for _, h := range f.RegularFields() {
			name := textproto.CanonicalMIMEHeaderKey(h.Name)
			s.header[name] = append(s.header[name], h.Value)
		}
	}
	if f.StreamEnded() {
		c.answered(s)
	}
}

// answered ends a stream whose answer is whole. A service may answer before it has read all (section 8.1).
func (c *conn) answered(s *stream) {
	if s.status < 200 {
		c.reset(s, http2.StreamError{StreamID: s.id, Code: http2.ErrCodeProtocol}, http2.ErrCodeProtocol)
		return
	}
	if len(s.rest) > 0 {
		_ = c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel)
		c.stir()
	}
	var err error
	if promised, bad := strconv.Atoi(s.header.Get("Content-Length")); bad == nil && promised != len(s.body) && !s.bodiless {
		err = io.ErrUnexpectedEOF // section 8.1.1
	}
	c.finish(s, err)
}

// reset ends a stream on both sides.
func (c *conn) reset(s *stream, why error, code http2.ErrCode) {
	if s == nil {
		return
	}
	_ = c.framer.WriteRSTStream(s.id, code)
	c.finish(s, why)
	c.stir()
}

func (c *conn) takeData(s *stream, f *http2.DataFrame) error {
	// Of one stream less is read than its window holds; that of the connection is opened again.
	if c.unsaid += f.Length; c.unsaid >= windowAtFirst/4 {
		_ = c.framer.WriteWindowUpdate(0, c.unsaid)
		c.unsaid = 0
		c.stir()
	}
	if s == nil {
		return nil
	}
	if s.status < 200 {
		return http2.ConnectionError(http2.ErrCodeProtocol)
	}
	data := f.Data()
	if room := maxAnswer - len(s.body); len(data) > room {
		s.body, s.cut = append(s.body, data[:room]...), true
		_ = c.framer.WriteRSTStream(s.id, http2.ErrCodeCancel)
		c.finish(s, nil)
		return nil
	}
	s.body = append(s.body, data...)
	if f.StreamEnded() {
		c.answered(s)
	}
	return nil
}

func (c *conn) takeSettings(f *http2.SettingsFrame) error {
	if f.IsAck() {
		return nil
	}
	err := f.ForeachSetting(func(set http2.Setting) error {
		if err := set.Valid(); err != nil {
			return err
		}
		switch set.ID {
		case http2.SettingInitialWindowSize:
			for _, s := range c.streams {
				s.window += int64(set.Val) - c.initial
			}
			c.initial = int64(set.Val)
		case http2.SettingHeaderTableSize:
			c.compress.SetMaxDynamicTableSize(min(set.Val, 4096))
		}
		return nil
	})
	_ = c.framer.WriteSettingsAck()
	c.flow()
	c.stir()
	return err
}

func (c *conn) takeWindow(s *stream, f *http2.WindowUpdateFrame) error {
	switch {
	case f.StreamID == 0:
		if c.window += int64(f.Increment); c.window > 1<<31-1 {
			return http2.ConnectionError(http2.ErrCodeFlowControl)
		}
	case s != nil:
		s.window += int64(f.Increment)
	}
	c.flow()
	c.stir()
	return nil
}

// response is the answer as net/http has it.
func (s *stream) response(req *http.Request) *http.Response {
	r := &http.Response{Status: strconv.Itoa(s.status) + " " + http.StatusText(s.status), StatusCode: s.status, Proto: "HTTP/2.0", ProtoMajor: 2, Header: s.header,
		ContentLength: int64(len(s.body)), Body: http.NoBody, Request: req}
	switch {
	case s.cut:
		r.ContentLength, r.Body = -1, io.NopCloser(io.MultiReader(bytes.NewReader(s.body), broken{errCut}))
	case len(s.body) > 0:
		r.Body = io.NopCloser(bytes.NewReader(s.body))
	}
	return r
}

// broken is what can not be read on.
type broken struct{ why error }

func (b broken) Read([]byte) (int, error) { return 0, b.why }
