package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
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

// allFaults, in the environment, has the faults done to 20,000 phones and a cable cut for 30 seconds (make test-faults). Without
// it there are fewer phones, and the cable is mended once the node has noticed.
const allFaults = "MORGENKREIS_TEST_FAULTS"

// TestFaults does to a house of several nodes what happens to machines. After each: what was answered with 201 is there, every
// phone got every push, no phone shows one twice, and the nodes are well without anybody's help. The nodes are real processes
// on a real PostgreSQL that keeps what it commits.
func TestFaults(t *testing.T) {
	phones, cut := 4000, time.Duration(0)
	if os.Getenv(allFaults) != "" {
		phones, cut = 20000, 30*time.Second
	}
	program := buildProgram(t) // as it is shipped: under the race detector the fan-out would be slow, and is raced elsewhere
	t.Run("a node is killed in the middle of a fan-out", func(t *testing.T) {
		t.Parallel()
		killedInTheMiddle(t, program, phones)
	})
	t.Run("a node is cut off from the database", func(t *testing.T) {
		t.Parallel()
		cutOff(t, program, phones, cut)
	})
	t.Run("PostgreSQL is restarted", func(t *testing.T) {
		t.Parallel()
		restarted(t, program)
	})
	t.Run("PostgreSQL fails over to a synchronous replica", func(t *testing.T) {
		t.Parallel()
		failedOver(t, program)
	})
}

func killedInTheMiddle(t *testing.T, program string, phones int) {
	_, address := serverOf(t)
	c := newCity(t, program, phones, address, address, address, address)
	ids, goOn := c.inTheMiddle(0)
	c.nodes[0].kill()
	goOn()
	c.everybodyIsTold(ids)
}

// cutOff cuts the last node's cable while it sends, for at least cut.
func cutOff(t *testing.T, program string, phones int, cut time.Duration) {
	_, address := serverOf(t)
	cable := storetest.Forward(t, address)
	c := newCity(t, program, phones, address, address, address, cable.URL)
	lone := c.nodes[2]
	ids, goOn := c.inTheMiddle(2)
	cable.Stall()
	over := time.After(cut)
	goOn()
	await(t, time.Minute, "it says that it is not ready", func() bool { return statusOf(c.ctx, lone.url+"/readyz") == http.StatusServiceUnavailable })
	if status := statusOf(c.ctx, lone.url+"/healthz"); status != http.StatusOK {
		t.Errorf("it would be restarted: healthz answers %d", status)
	}
	if status, after, said := post(c.ctx, lone.url, c.session, c.kita, kita.NewID(), 0); status != http.StatusServiceUnavailable || after == "" {
		t.Errorf("who asks it is told %d, Retry-After %q: %s", status, after, said)
	}
	<-over
	cable.Resume()
	await(t, time.Minute, "it is ready again", func() bool { return statusOf(c.ctx, lone.url+"/readyz") == http.StatusOK })
	c.everybodyIsTold(ids)
	if !postOnce(c.ctx, t, lone.url, c.session, c.kita, kita.NewID(), 1) {
		t.Error("it does not answer")
	}
}

// inTheMiddle posts a notice at a node and answers when the push service has taken an eighth of the pushes and answers no more.
// The other nodes stand still until goOn; from then on the push service answers again.
func (c *city) inTheMiddle(node int) (ids []kita.ID, goOn func()) {
	c.t.Helper()
	others := func(what syscall.Signal) {
		for i, p := range c.nodes {
			if i == node {
				continue
			}
			if err := p.signal(what); err != nil {
				c.t.Fatal(err)
			}
		}
	}
	eighth := len(c.phones) / 8
	others(syscall.SIGSTOP)
	id := kita.NewID()
	if !c.posted(c.nodes[node], id, 0) {
		c.t.Fatal("the notice is not taken")
	}
	if err := c.service.AwaitAccepted(c.ctx, eighth); err != nil {
		c.t.Fatal(err)
	}
	gate := make(chan struct{})
	c.service.Hold(gate)
	if q, err := c.store.SystemQueue(c.ctx); err != nil || q.Pushes == 0 {
		c.t.Fatalf("that is not the middle: %+v %v", q, err)
	}
	return []kita.ID{id}, func() {
		others(syscall.SIGCONT)
		close(gate)
	}
}

func restarted(t *testing.T, program string) {
	server, address := serverOf(t)
	c := newCity(t, program, 8, address, address, address)
	ids := c.post(90, 4, func(answered func(n int)) {
		answered(30)
		if err := server.RestartFast(); err != nil {
			t.Error(err)
		}
		answered(60)
		if err := server.RestartImmediate(); err != nil {
			t.Error(err)
		}
	})
	c.everybodyIsTold(ids)
}

func failedOver(t *testing.T, program string) {
	first, address := serverOf(t)
	second := first.Standby(t)
	either, err := storetest.Either(address, first, second)
	if err != nil {
		t.Fatal(err)
	}
	c := newCity(t, program, 8, either, either, either)
	ids := c.post(60, 4, func(answered func(n int)) {
		answered(30)
		if err := first.Kill(); err != nil {
			t.Error(err)
		}
		begun := time.Now()
		if err := second.Promote(); err != nil {
			t.Error(err)
		}
		answered(31)
		t.Logf("no notice could be posted for %v", time.Since(begun).Round(time.Millisecond))
	})
	c.everybodyIsTold(ids)
}

func serverOf(t *testing.T) (server storetest.Server, address string) {
	t.Helper()
	server = storetest.NewServer(t)
	address, err := server.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return server, address
}

// city is a large kita whose every guardian has a phone, several nodes that serve it, and a push service.
type city struct {
	t       *testing.T
	ctx     context.Context
	store   *store.Store
	service *pushtest.Service
	nodes   []*process
	kita    kita.ID
	session string
	leader  kita.Viewer
	phones  []*pushtest.Device
}

// newCity opens the database at address, and starts a node on each of the others.
func newCity(t *testing.T, program string, phones int, address string, others ...string) *city {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	c := &city{t: t, ctx: ctx, service: pushtest.New(t, pushtest.Options{Latency: 250 * time.Millisecond})}
	for _, of := range others {
		p := newProcess(t, []string{program}, "--database", of, "--push-allow-loopback")
		p.start()
		c.nodes = append(c.nodes, p)
	}
	c.store = storetest.Open(t, store.Options{URL: address})
	w := storetest.NewWorld(t, c.store)
	k := w.Kita("Sonnenschein")
	c.kita = k.ID
	lead := k.Leader("Lea")
	var group *storetest.GroupB
	for len(c.phones) < phones {
		if len(c.phones)%40 == 0 {
			group = k.Group(fmt.Sprint("Gruppe ", len(c.phones)/40))
		}
		child := group.Child("Mia")
		for range 2 {
			d := c.service.Subscribe("")
			w.Device(*child.Guardian("Eltern").AccountID, d.Endpoint, d.P256dh(), d.Auth())
			c.phones = append(c.phones, d)
		}
	}
	w.Live()
	c.session, c.leader = w.SignIn(*lead.AccountID), w.Viewer(*lead.AccountID)
	return c
}

// post has clients post n notices, each at one node after the other until it is answered, as the app does; what is sent again
// bears the same id. meanwhile runs beside them; it may wait until so many were answered.
func (c *city) post(n, clients int, meanwhile func(answered func(n int))) (ids []kita.ID) {
	c.t.Helper()
	var count, again atomic.Int64
	for range n {
		ids = append(ids, kita.NewID())
	}
	todo := make(chan int, n)
	for i := range n {
		todo <- i
	}
	close(todo)
	var posting sync.WaitGroup
	for client := range clients {
		posting.Go(func() {
			for i := range todo {
				for try := client; !c.posted(c.nodes[try%len(c.nodes)], ids[i], i); try++ {
					again.Add(1)
					if c.ctx.Err() != nil {
						c.t.Errorf("notice %d was never answered", i)
						return
					}
				}
				count.Add(1)
			}
		})
	}
	if meanwhile != nil {
		meanwhile(func(n int) {
			await(c.t, 2*time.Minute, fmt.Sprint(n, " notices are answered"), func() bool { return count.Load() >= int64(n) })
		})
	}
	posting.Wait()
	c.t.Logf("%d notices, sent again %d times", n, again.Load())
	return ids
}

// posted tells whether node has taken the notice. A node that does not must say so properly, or be dead.
func (c *city) posted(node *process, id kita.ID, i int) bool {
	status, after, said := post(c.ctx, node.url, c.session, c.kita, id, i)
	switch status {
	case http.StatusCreated, http.StatusOK:
		return true
	case 0:
	case http.StatusServiceUnavailable:
		if _, err := strconv.Atoi(after); err != nil || !strings.Contains(said, `"database.away"`) {
			c.t.Errorf("notice %d: 503, Retry-After %q: %s", i, after, said)
		}
	default:
		c.t.Errorf("notice %d: %d %s", i, status, said)
		return true
	}
	wait := time.NewTimer(50 * time.Millisecond) // the app is asked to wait for longer; nobody should have to know when it is over
	defer wait.Stop()
	select {
	case <-c.ctx.Done():
	case <-wait.C:
	}
	return false
}

func statusOf(ctx context.Context, url string) int {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// everybodyIsTold waits until every phone has got a push of every notice and the house knows it, and looks whether the notices
// are there and no phone shows one twice: the phone replaces what it shows by what comes with the same tag, and the push
// service by what comes with the same topic.
func (c *city) everybodyIsTold(ids []kita.ID) {
	c.t.Helper()
	type shown struct {
		phone *pushtest.Device
		topic string
	}
	tags := map[shown]map[string]int{}
	want := len(ids) * len(c.phones)
	for least := want; ; least++ {
		if err := c.service.AwaitAccepted(c.ctx, least); err != nil {
			c.t.Fatalf("not every phone is told: %v", err)
		}
		clear(tags)
		accepted := c.service.Accepted()
		for _, m := range accepted {
			var push struct {
				Notification struct {
					Tag string `json:"tag"`
				} `json:"notification"`
			}
			if err := json.Unmarshal(m.Plaintext, &push); err != nil {
				c.t.Fatalf("%s: %v", m.Plaintext, err)
			}
			at := shown{m.Device, m.Topic}
			if tags[at] == nil {
				tags[at] = map[string]int{}
			}
			tags[at][push.Notification.Tag]++
		}
		told := 0
		for _, id := range ids {
			for _, phone := range c.phones {
				if tags[shown{phone, notify.Topic(id)}] != nil {
					told++
				}
			}
		}
		if told == want {
			break
		}
		least = len(accepted)
	}
	sent, twice := 0, 0
	for at, of := range tags {
		if len(of) != 1 || at.topic == "" {
			c.t.Errorf("a phone shows %d of one notice: %v", len(of), of)
		}
		for tag, n := range of {
			if sent += n; tag == "" {
				c.t.Error("a push without a tag")
			}
			twice += n - 1
		}
	}
	for _, id := range ids {
		await(c.t, 3*time.Minute, "the ledger says so", func() bool {
			n, err := c.store.NoticePosted(c.ctx, c.leader, id)
			if err != nil {
				c.t.Fatalf("a notice that was answered is not there: %v", err)
			}
			return n.Ledger.Recipients == len(c.phones) && n.Ledger.By[kita.StateAccepted] == len(c.phones)
		})
	}
	for _, refused := range c.service.Refusals() {
		if refused.Reason != io.ErrUnexpectedEOF.Error() { // half a request is what a dead node leaves behind
			c.t.Errorf("a request was not in order: %+v", refused)
		}
	}
	c.t.Logf("%d notices to %d phones: %d pushes owed, %d sent, %d of them once more, shown twice: none", len(ids), len(c.phones), want, sent, twice)
}
