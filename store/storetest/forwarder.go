package storetest

import (
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Forwarder stands between a program and its PostgreSQL server, and can keep to itself what they say to each other.
type Forwarder struct {
	listener net.Listener
	socket   string
	// URL is the address of the database through the forwarder.
	URL string

	mu     sync.Mutex
	passes *sync.Cond // signalled when stalled or closed changes
	stalls bool
	closed bool
	conns  map[net.Conn]bool
	all    sync.WaitGroup
}

// Forward is a forwarder to the database at address, as PostgresURL and NewDatabase give it. It ends with the test.
func Forward(t testing.TB, address string) *Forwarder {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	f := &Forwarder{socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), conns: map[net.Conn]bool{}}
	f.passes = sync.NewCond(&f.mu)
	if f.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	f.URL = "postgres://postgres@" + f.listener.Addr().String() + "/" + strings.TrimPrefix(u.Path, "/") + "?sslmode=disable"
	f.all.Go(f.accept)
	t.Cleanup(f.close)
	return f
}

// Stall lets nothing through any more, in either direction, and tells nobody: as a cut cable does. New connections are
// taken, and no more is heard of them.
func (f *Forwarder) Stall() { f.set(func() { f.stalls = true }) }

// Resume lets through again, what was held back first.
func (f *Forwarder) Resume() { f.set(func() { f.stalls = false }) }

func (f *Forwarder) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	f.passes.Broadcast()
}

func (f *Forwarder) accept() {
	for {
		near, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.all.Go(func() {
			far, err := net.Dial("unix", f.socket)
			if err != nil {
				_ = near.Close()
				return
			}
			if !f.keep(near, far) {
				return
			}
			f.all.Go(func() { f.carry(near, far) })
			f.carry(far, near)
		})
	}
}

// keep remembers connections, so that close ends them; it closes them itself when that was before.
func (f *Forwarder) keep(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		if f.closed {
			_ = c.Close()
			continue
		}
		f.conns[c] = true
	}
	return !f.closed
}

// carry passes on what from says, until one of both hangs up. That one has hung up is held back as well.
func (f *Forwarder) carry(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		f.mu.Lock()
		for f.stalls && !f.closed {
			f.passes.Wait()
		}
		f.mu.Unlock()
		if n > 0 {
			if _, werr := to.Write(buffer[:n]); werr != nil {
				err = werr
			}
		}
		if err != nil {
			break
		}
	}
	f.mu.Lock()
	delete(f.conns, to)
	delete(f.conns, from)
	f.mu.Unlock()
	_ = to.Close() // the other direction may have done both
	_ = from.Close()
}

func (f *Forwarder) close() {
	_ = f.listener.Close()
	f.set(func() {
		f.closed = true
		for c := range f.conns {
			_ = c.Close()
		}
	})
	f.all.Wait()
}
