package handlers_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// Two thousand phones at two nodes: of a notice hear exactly those that may read it, each once.
func TestOfTwoThousandStreamsThoseHearWhoMay(t *testing.T) {
	const kitas, families, streams = 10, 24, 4 // at each of two nodes, and some at one alone
	one, two := twoNodes(t)
	type listener struct {
		account   kita.ID
		kita      kita.ID
		bear, ban bool
		ears      []*ear
	}
	var all []*listener
	var leaders []*caller
	var ids, bears []kita.ID
	for i := range kitas {
		k := one.Kita(fmt.Sprint("Kita ", i))
		group, other := k.Group("Bären"), k.Group("Igel")
		mia, ben := group.Child("Mia"), other.Child("Ben")
		ids, bears = append(ids, k.ID), append(bears, group.ID)
		lead := k.Leader("Lea")
		for j := range families {
			l := &listener{kita: k.ID, bear: j%2 == 0, ban: j == 4}
			child := ben
			if l.bear {
				child = mia
			}
			g := child.Guardian(fmt.Sprint("Familie ", j))
			if l.ban {
				g.BannedFrom(child)
			}
			l.account = *g.AccountID
			all = append(all, l)
		}
		leaders = append(leaders, &caller{h: one, session: string(*lead.AccountID)})
	}
	one.Live()
	for i, l := range leaders {
		leaders[i] = one.as(kita.ID(l.session))
	}
	var opening sync.WaitGroup
	for i, l := range all {
		n := streams
		if i%3 == 0 {
			n++
		}
		c := one.as(l.account)
		l.ears = make([]*ear, 2*n)
		opening.Go(func() {
			for j := range l.ears {
				l.ears[j] = c.at([]*house{one, two}[j%2]).hearing("")
			}
		})
	}
	opening.Wait()

	toAll := leaders[3].post("/notices", map[string]any{"kita_id": ids[3], "kind": "news", "title": "Fest",
		"audience": map[string]any{"kind": "kita"}}).want(201).field("id").(string)
	toBears := leaders[7].at(two).post("/notices", map[string]any{"kita_id": ids[7], "kind": "news", "title": "Ausflug",
		"audience": map[string]any{"kind": "groups", "targets": []kita.ID{bears[7]}}}).want(201).field("id").(string)
	// What everybody hears of comes last.
	for i, l := range leaders {
		l.at([]*house{one, two}[i%2]).post("/closing-days", map[string]any{"kita_id": ids[i], "day": one.Today.Add(3), "name": "Putztag"}).want(201)
	}
	count, told := 0, 0
	for _, l := range all {
		var want []heard
		switch {
		case l.ban:
		case l.kita == ids[3]:
			want = []heard{{"notices", handlers.Event{KitaID: l.kita, ID: kita.ID(toAll)}}}
		case l.kita == ids[7] && l.bear:
			want = []heard{{"notices", handlers.Event{KitaID: l.kita, ID: kita.ID(toBears)}}}
		}
		want = append(want, heard{"kitas", handlers.Event{KitaID: l.kita}})
		for _, e := range l.ears {
			if got := e.until(kita.ChangeKitas); !slices.Equal(got, want) {
				t.Fatalf("one of kita %s hears %v, want %v", l.kita, got, want)
			}
			count, told = count+1, told+len(want)-1
		}
	}
	if count < 2000 || told < 200 {
		t.Errorf("%d streams and %d who are told prove little", count, told)
	}
}

// narrow is a listener whose connections hold next to nothing of what their clients have not read yet.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		err = tcp.SetWriteBuffer(2048)
	}
	return c, err
}

func TestWhoDoesNotReadIsCutOffAndHoldsNobodyUp(t *testing.T) {
	s, c := storetest.SQLite(t)
	o := options(t, s, c)
	o.BaseURL = &url.URL{Scheme: "http", Host: "localhost:8080"}
	o.Heartbeat, o.Patience = time.Millisecond, 50*time.Millisecond
	server := handlers.New(o)
	srv := httptest.NewUnstartedServer(server)
	srv.Listener = narrow{srv.Listener}
	srv.Start()
	t.Cleanup(srv.Close)
	v := newVillage(&house{T: t, World: storetest.NewWorld(t, s), store: s, clock: c, url: srv.URL})

	deaf, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = deaf.Close() }) // what it could say has been said
	if err := deaf.(*net.TCPConn).SetReadBuffer(2048); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(deaf, "GET %s/events/stream HTTP/1.1\r\nHost: localhost\r\nCookie: morgenkreis=%s\r\n\r\n", handlers.Prefix, v.caller("dad").session)
	// It hears the first word, and listens no more.
	if line, err := bufio.NewReaderSize(deaf, 16).ReadString('\n'); err != nil || line != "HTTP/1.1 200 OK\r\n" {
		t.Fatalf("%q %v", line, err)
	}
	dad := v.caller("dad").hearing("")
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	lead := v.caller("leader")
	for i := 0; server.Streams() == 2; i++ {
		if ctx.Err() != nil {
			t.Fatal("nobody cuts it off")
		}
		// Whoever listens hears all the while.
		lead.patch("/children/"+string(v.mia.ID), map[string]any{"first_name": fmt.Sprint("Mia ", i)}).want(200)
		dad.until(kita.ChangeChildren)
	}
}
