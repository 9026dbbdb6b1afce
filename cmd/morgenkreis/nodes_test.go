package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// gate stands before several nodes as a load balancer does: it asks each again and again whether it is ready, and hands every
// request to one that is. It never hands a request on twice.
type gate struct {
	*httptest.Server
	asking sync.WaitGroup

	mu    sync.Mutex
	nodes []*behind
	turn  int
}

type behind struct {
	*process
	proxy *httputil.ReverseProxy
	ready bool
	under int // requests handed to it and not yet answered
}

func newGate(t *testing.T, nodes ...*process) *gate {
	t.Helper()
	g := &gate{}
	ctx, stop := context.WithCancel(context.Background())
	for _, p := range nodes {
		address, err := url.Parse(p.url)
		if err != nil {
			t.Fatal(err)
		}
		b := &behind{process: p, proxy: httputil.NewSingleHostReverseProxy(address)}
		b.proxy.Transport = &http.Transport{MaxIdleConnsPerHost: 64}
		b.proxy.ErrorHandler = func(w http.ResponseWriter, r *http.Request, err error) {
			http.Error(w, "the node did not answer: "+err.Error(), http.StatusBadGateway)
		}
		g.nodes = append(g.nodes, b)
		g.asking.Go(func() { g.ask(ctx, b) })
	}
	g.Server = httptest.NewServer(g)
	t.Cleanup(func() {
		g.Close()
		stop()
		g.asking.Wait()
	})
	return g
}

func (g *gate) ask(ctx context.Context, b *behind) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		ready := false
		if res, err := http.Get(b.url + "/readyz"); err == nil {
			ready = res.StatusCode == http.StatusOK
			_ = res.Body.Close()
		}
		g.mu.Lock()
		b.ready = ready
		g.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := g.next()
	if b == nil {
		http.Error(w, "no node is ready", http.StatusServiceUnavailable)
		return
	}
	defer func() {
		g.mu.Lock()
		b.under--
		g.mu.Unlock()
	}()
	b.proxy.ServeHTTP(w, r)
}

func (g *gate) next() *behind {
	g.mu.Lock()
	defer g.mu.Unlock()
	for range g.nodes {
		g.turn++
		if b := g.nodes[g.turn%len(g.nodes)]; b.ready {
			b.under++
			return b
		}
	}
	return nil
}

// await waits until what is asked of the node at i is so.
func (g *gate) await(t *testing.T, i int, what string, so func(b *behind) bool) {
	t.Helper()
	await(t, time.Minute, what, func() bool {
		g.mu.Lock()
		defer g.mu.Unlock()
		return so(g.nodes[i])
	})
}

// await asks until something is so.
func await(t *testing.T, within time.Duration, what string, so func() bool) {
	t.Helper()
	deadline, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-deadline.Done():
			t.Fatalf("not within %v: %s", within, what)
		case <-tick.C:
		}
	}
}

// TestNodesAreRestartedOneAfterTheOtherWithoutALostRequest: two nodes behind a gate, people at work all the while, no client
// that tries anything again. Each node is stopped and started; every request is answered, once, every notice is there, and
// every push it owes has left exactly once.
func TestNodesAreRestartedOneAfterTheOtherWithoutALostRequest(t *testing.T) {
	// How long the gate takes to notice is for the gate to say: the test ends the drain by a second signal.
	w := newWorkplace(t, nil, "--drain-time", "10m")
	g := newGate(t, w.nodes...)
	for i := range w.nodes {
		g.await(t, i, "the node is ready", func(b *behind) bool { return b.ready })
	}
	w.begin(g.URL)
	for i, p := range w.nodes {
		w.more(40)
		if err := p.signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		g.await(t, i, "the gate notices", func(b *behind) bool { return !b.ready })
		// Who does not know yet is answered all the same, and told to take another connection the next time.
		if status := whoAmI(t, http.DefaultClient, p.url, w.session, func(res *http.Response) {
			if !res.Close {
				t.Error("the connection is to be kept")
			}
		}); status != http.StatusOK {
			t.Errorf("a node that is about to stop answers %d", status)
		}
		w.more(40)
		g.await(t, i, "what it was handed is answered", func(b *behind) bool { return b.under == 0 })
		if err := p.stop(); err != nil {
			t.Fatalf("it did not stop in order: %v\n%s", err, p.log.tail())
		}
		p.start()
		g.await(t, i, "it is back", func(b *behind) bool { return b.ready })
	}
	w.more(40)
	w.end()
}

// workplace is a kita at two nodes, whose team posts notices and asks who it is all the while. Nobody tries anything again.
type workplace struct {
	t        *testing.T
	nodes    []*process
	store    *store.Store
	service  *pushtest.Service
	kita     kita.ID
	session  string
	leader   kita.Viewer
	devices  int
	leave    func()
	people   sync.WaitGroup
	answered atomic.Int64
	posted   sync.Map // id → true, once 201 came
}

// newWorkplace starts the nodes; program is the test binary when it is empty.
func newWorkplace(t *testing.T, program []string, args ...string) *workplace {
	t.Helper()
	address := storetest.PostgresURL(t)
	w := &workplace{t: t, service: pushtest.New(t, pushtest.Options{Latency: 50 * time.Millisecond}), devices: 3}
	for range 2 {
		p := newProcess(t, program, append([]string{"--database", address, "--push-allow-loopback"}, args...)...)
		p.start()
		w.nodes = append(w.nodes, p)
	}
	w.store = storetest.Open(t, store.Options{URL: address})
	world := storetest.NewWorld(t, w.store)
	k := world.Kita("Sonnenschein")
	lead, mia := k.Leader("Lea"), k.Group("Bären").Child("Mia")
	for i := range w.devices {
		d := w.service.Subscribe("")
		world.Device(*mia.Guardian(fmt.Sprint("Eltern ", i)).AccountID, d.Endpoint, d.P256dh(), d.Auth())
	}
	world.Live()
	w.kita, w.session, w.leader = k.ID, world.SignIn(*lead.AccountID), world.Viewer(*lead.AccountID)
	return w
}

// begin has people go to work at url.
func (w *workplace) begin(url string) {
	working, leave := context.WithCancel(w.t.Context())
	w.leave = leave
	for range 4 {
		w.people.Go(func() {
			for i := 0; working.Err() == nil && !w.t.Failed(); i++ {
				id := kita.NewID()
				status, _, said := post(w.t.Context(), url, w.session, w.kita, id, i)
				if status != http.StatusCreated {
					w.t.Errorf("a notice was answered with %d %s", status, said)
				}
				w.posted.Store(id, true)
				w.answered.Add(1)
			}
		})
		w.people.Go(func() {
			for working.Err() == nil && !w.t.Failed() {
				if status := whoAmI(w.t, http.DefaultClient, url, w.session, nil); status != http.StatusOK {
					w.t.Errorf("who am I: %d", status)
				}
				w.answered.Add(1)
			}
		})
	}
}

// more waits until n more requests are answered.
func (w *workplace) more(n int64) {
	w.t.Helper()
	before := w.answered.Load()
	await(w.t, time.Minute, "people get on", func() bool { return w.answered.Load() >= before+n || w.t.Failed() })
}

// end has people go home, and looks whether every notice is there, and every push has left exactly once.
func (w *workplace) end() {
	w.t.Helper()
	w.leave()
	w.people.Wait()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Minute)
	defer cancel()
	if err := drained(ctx, w.store); err != nil {
		w.t.Fatal(err)
	}
	sent, all := map[string]int{}, 0
	for _, m := range w.service.Accepted() {
		sent[m.Topic]++
	}
	w.posted.Range(func(id, _ any) bool {
		all++
		if _, err := w.store.NoticePosted(ctx, w.leader, id.(kita.ID)); err != nil {
			w.t.Errorf("a notice that was answered is not there: %v", err)
		}
		if n := sent[notify.Topic(id.(kita.ID))]; n != w.devices {
			w.t.Errorf("%d pushes of a notice to %d devices", n, w.devices)
		}
		return true
	})
	w.t.Logf("%d requests, %d notices", w.answered.Load(), all)
}

// whoAmI asks url who the session's owner is; look sees the answer's head.
func whoAmI(t *testing.T, c *http.Client, url, session string, look func(*http.Response)) (status int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/api/v1/session", nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: session})
	res, err := c.Do(req)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer res.Body.Close()
	if look != nil {
		look(res)
	}
	return res.StatusCode
}
