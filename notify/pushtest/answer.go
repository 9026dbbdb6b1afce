package pushtest

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Answer is what the service does with one message that is in order. The zero Answer is 201, at once.
type Answer struct {
	// Status is the answer's status; 0 is 201. A status from 200 to 299 takes the message.
	Status int
	// RetryAfter and Location are header fields, sent as they are when not empty.
	RetryAfter, Location string
	// Latency is how long the service thinks before it answers.
	Latency time.Duration
	// Fault breaks the answer; the message then counts as not taken.
	Fault Fault
}

// Fault is a way not to answer.
type Fault int

const (
	// Reset ends the connection, on HTTP/2 the stream, without a word.
	Reset Fault = iota + 1
	// Half sends the status and a part of the promised body, and then ends as Reset does.
	Half
	// Hang says nothing until the client gives up or the service is closed.
	Hang
)

// Share is an Answer and how often it comes, in proportion to the others of the mix.
type Share struct {
	Weight int
	Answer Answer
}

// mix draws answers at random; the same seed draws the same.
type mix struct {
	shares []Share
	total  int
	rnd    *rand.Rand
}

func newMix(seed uint64, shares []Share) mix {
	m := mix{shares: shares, rnd: rand.New(rand.NewPCG(seed, 0))}
	for _, s := range shares {
		m.total += s.Weight
	}
	return m
}

func (m mix) draw() Answer {
	if m.total == 0 {
		return Answer{}
	}
	n := m.rnd.IntN(m.total)
	for _, s := range m.shares {
		if n -= s.Weight; n < 0 {
			return s.Answer
		}
	}
	return Answer{}
}

func (a Answer) status() int {
	if a.Status == 0 {
		return http.StatusCreated
	}
	return a.Status
}

// takes tells whether the sender learns that its message was taken.
func (a Answer) takes() bool { return a.Fault == 0 && a.status() >= 200 && a.status() < 300 }

// wait lets the latency pass; it is false when the client gave up or the service was closed before.
func (a Answer) wait(ctx context.Context, closed <-chan struct{}) bool {
	var over <-chan time.Time // of a Hang, never
	if a.Fault != Hang {
		if a.Latency <= 0 {
			return true
		}
		timer := time.NewTimer(a.Latency)
		defer timer.Stop()
		over = timer.C
	}
	select {
	case <-over:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

// write gives the answer, in the way that the fault has it.
func (a Answer) write(w http.ResponseWriter, messageURL string) {
	h := w.Header()
	if a.takes() {
		h.Set("Location", messageURL)
	}
	for name, value := range map[string]string{"Location": a.Location, "Retry-After": a.RetryAfter} {
		if value != "" {
			h.Set(name, value)
		}
	}
	switch a.Fault {
	case Reset:
		reset(w)
	case Half:
		h.Set("Content-Length", "100")
		w.WriteHeader(a.status())
		w.Write([]byte("half of it"))
		http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(a.status())
	}
}

// reset ends an HTTP/1.1 connection with a TCP reset, which is ruder than closing it, and an HTTP/2 stream.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
