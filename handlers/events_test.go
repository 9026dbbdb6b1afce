package handlers_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// heard is one event of a stream; a heartbeat has no kind.
type heard struct {
	kind string
	handlers.Event
}

// ear is one open stream.
type ear struct {
	h     *house
	res   *http.Response
	lines *bufio.Reader
	leave func()
}

// listen opens a stream, or answers with why not.
func (c *caller) listen(query string) *ear {
	c.h.Helper()
	ctx, leave := context.WithCancel(c.h.Context())
	req, err := http.NewRequestWithContext(ctx, "GET", c.h.url+handlers.Prefix+"/events/stream"+query, nil)
	if err != nil {
		c.h.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if c.session != "" {
		req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: c.session})
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.h.Fatal(err)
	}
	asDescribed(c.h.T, "GET", handlers.Prefix+"/events/stream", res)
	e := &ear{c.h, res, bufio.NewReader(res.Body), func() { leave(); _ = res.Body.Close() }} // nothing more is wanted of it
	c.h.Cleanup(e.leave)
	return e
}

// hearing is listen, from the first words on.
func (c *caller) hearing(query string) *ear {
	c.h.Helper()
	e := c.listen(query)
	if e.res.StatusCode != 200 || e.res.Header.Get("Content-Type") != "text/event-stream" || e.res.Header.Get("Content-Encoding") != "" {
		c.h.Fatalf("%d %v", e.res.StatusCode, e.res.Header)
	}
	if first := e.block(); first != "retry: 3000" {
		c.h.Fatalf("it begins with %q", first)
	}
	return e
}

func (e *ear) block() string {
	e.h.Helper()
	b, err := e.next()
	if err != nil {
		e.h.Fatal(err)
	}
	return b
}

// next is what stands before the next empty line.
func (e *ear) next() (string, error) {
	var b strings.Builder
	for {
		line, err := e.lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		if line == "\n" {
			return strings.TrimSuffix(b.String(), "\n"), nil
		}
		b.WriteString(line)
	}
}

func (e *ear) event() heard {
	e.h.Helper()
	b := e.block()
	if b == ":" {
		return heard{}
	}
	var got heard
	kind, data, _ := strings.Cut(b, "\n")
	got.kind = strings.TrimPrefix(kind, "event: ")
	if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &got.Event); err != nil {
		e.h.Fatalf("%q: %v", b, err)
	}
	return got
}

// until is all that was heard, up to the first of kind; heartbeats are left out.
func (e *ear) until(kind kita.ChangeKind) (all []heard) {
	e.h.Helper()
	for {
		got := e.event()
		if got.kind == "" {
			continue
		}
		all = append(all, got)
		if got.kind == string(kind) {
			return all
		}
	}
}

// over waits for the end of the stream; what was heard before is of no interest.
func (e *ear) over() {
	e.h.Helper()
	for {
		if _, err := e.next(); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return
		} else if err != nil {
			e.h.Fatal(err)
		}
	}
}

// shut closes a kita for a day: all who have to do with it hear of that.
func (v *village) shut(leader *caller, kitaID kita.ID, days int) {
	v.Helper()
	day := v.Today.Add(days)
	leader.post("/closing-days", map[string]any{"kita_id": kitaID, "day": day, "name": "Putztag"}).want(201)
}

func (v *village) away() map[string]any {
	return map[string]any{"child_id": v.mia.ID, "from": v.Today.Add(2), "to": v.Today.Add(2), "reason": "vacation"}
}

func TestEachHearsOfWhatIsTheirsAndOfNothingElse(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		v.caller("stranger").get("/events/stream").problem(401, "", "unauthenticated")
		ears := map[string]*ear{}
		for _, who := range everybody {
			if who != "stranger" {
				ears[who] = v.caller(who).hearing("")
			}
		}
		lead := v.caller("leader")
		v.caller("mum").post("/absences", v.away()).want(201)
		lead.patch("/children/"+string(v.mia.ID), map[string]any{"first_name": "Mia"}).want(200)
		notice := v.caller("educator").post("/notices", map[string]any{"kita_id": v.kita.ID, "kind": "news", "title": "Ausflug", "body": "Morgen.",
			"audience": map[string]any{"kind": "groups", "targets": []kita.ID{v.bears.ID}}}).want(201).field("id").(string)
		v.caller("mum").put("/notices/"+notice+"/opened", nil).want(200)
		// Ledgers are told a moment after their commit; once one has heard of it, all have whom it is for.
		first := ears["leader"].until(kita.ChangeLedger)
		v.shut(lead, v.kita.ID, 3)
		next := kita.ID(v.caller("leader next door").get("/session").want(200).field("memberships.0.kita_id").(string))
		v.shut(v.caller("leader next door"), next, 4)

		absence := heard{"absences", handlers.Event{KitaID: v.kita.ID, ID: v.mia.ID}}
		child := heard{"children", absence.Event}
		posted := heard{"notices", handlers.Event{KitaID: v.kita.ID, ID: kita.ID(notice)}}
		ledger := heard{"ledger", posted.Event}
		for who, want := range map[string][]heard{
			"operator":         {},
			"provider":         {},
			"leader":           {absence, child, posted, ledger},
			"educator":         {absence, child, posted, ledger},
			"other educator":   {},
			"mum":              {absence, child, posted},
			"dad":              {absence, child, posted},
			"other guardian":   {},
			"banned guardian":  {},
			"banned educator":  {posted},
			"banned leader":    {posted, ledger},
			"leader next door": {},
		} {
			got := ears[who].until(kita.ChangeKitas)
			if who == "leader" {
				got = append(first, got...)
			}
			last := got[len(got)-1]
			if own := who == "leader next door"; own != (last.KitaID == next) {
				t.Errorf("%s hears of %v", who, last)
			}
			if got = got[:len(got)-1]; !slices.Equal(got, want) {
				t.Errorf("%s hears %v, want %v", who, got, want)
			}
		}
	})
}

func TestAStreamEndsAtOnceWithTheAccess(t *testing.T) {
	for name, x := range map[string]struct {
		who    string
		change func(v *village)
		status int
	}{
		"a contact ban": {"dad", func(v *village) {
			dad := v.caller("leader").get("/guardians?kita_id=" + string(v.kita.ID)).want(200)
			var id any
			for i := 0; dad.field("items."+string(rune('0'+i))+".id") != nil; i++ {
				if dad.field("items."+string(rune('0'+i))+".email") == dadEmail {
					id = dad.field("items." + string(rune('0'+i)) + ".id")
				}
			}
			v.caller("leader").post("/bans", map[string]any{"guardian_id": id, "child_id": v.mia.ID, "reason": "Beschluss"}).want(201)
		}, 200},
		"an archived guardian": {"mum", func(v *village) {
			v.caller("leader").put("/guardians/"+string(v.mum.ID)+"/archived", map[string]any{"archived": true}).want(200)
		}, 401},
		"an archived kita": {"educator", func(v *village) {
			v.caller("provider").put("/kitas/"+string(v.kita.ID)+"/archived", map[string]any{"archived": true}).want(200)
		}, 200},
	} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, func(h *house) {
				v := newVillage(h)
				c := v.caller(x.who)
				e := c.hearing("")
				x.change(v)
				e.over()
				again := c.listen("")
				if again.res.StatusCode != x.status {
					t.Fatalf("back at the door: %d", again.res.StatusCode)
				}
				if x.status != 200 || name == "an archived kita" {
					return
				}
				again.block()
				v.caller("mum").post("/absences", v.away()).want(201)
				v.shut(v.caller("leader"), v.kita.ID, 3)
				if got := again.until(kita.ChangeKitas); len(got) != 1 {
					t.Errorf("it hears %v", got)
				}
			})
		})
	}
}

func TestAStreamEndsAtOnceWithTheSession(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		here, there := v.caller("mum"), v.caller("mum")
		e := here.hearing("")
		other := there.hearing("")
		here.remove("/session").want(204)
		e.over()
		here.get("/events/stream").problem(401, "", "unauthenticated")
		// The other browser is sent back to the door as well, and comes in.
		other.over()
		there.hearing("")
	})
}

// A session that ends by the clock is noticed between two heartbeats.
func TestAStreamEndsWithASessionThatRunsOut(t *testing.T) {
	s, c := storetest.SQLite(t)
	h := newHouse(t, s, c, func(o *handlers.Options) { o.Heartbeat = time.Millisecond })
	a := h.Account("Lea")
	h.Live()
	e := h.as(a.ID).hearing("")
	h.clock.Advance(kita.SessionLife + time.Hour)
	e.over()
}

func TestAProgramHearsOfWhatItsScopesName(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead := v.caller("leader")
		hears := func(scopes ...string) *ear {
			made := lead.post("/tokens", map[string]any{"name": "P", "scopes": scopes, "expires_at": h.clock.Now().Add(time.Hour)}).want(201)
			return (&caller{h: h, bearer: made.field("secret").(string)}).hearing("")
		}
		absences, both := hears("absences:read"), hears("absences:write", "people:read")
		v.shut(lead, v.kita.ID, 3)
		v.caller("mum").post("/absences", v.away()).want(201)
		if got := absences.until(kita.ChangeAbsences); len(got) != 1 {
			t.Errorf("it hears %v", got)
		}
		if got := both.until(kita.ChangeAbsences); len(got) != 2 {
			t.Errorf("it hears %v", got)
		}
		id := lead.get("/tokens").ids()[0]
		lead.remove("/tokens/" + string(id)).want(204)
		absences.over()
	})
}

func TestTheOldestStreamMakesRoom(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		first := v.caller("mum").hearing("")
		var rest []*ear
		for range 8 {
			rest = append(rest, v.caller("mum").hearing(""))
		}
		first.over()
		other := v.caller("dad").hearing("")
		v.shut(v.caller("leader"), v.kita.ID, 3)
		for _, e := range append(rest, other) {
			e.until(kita.ChangeKitas)
		}
	})
}

// What a server allows a request would end a stream in the middle of a word.
func TestAStreamOutlastsTheServersTimeouts(t *testing.T) {
	s, c := storetest.SQLite(t)
	base, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, s, c)
	o.BaseURL, o.Heartbeat = base, 10*time.Millisecond
	server := handlers.New(o)
	srv := httptest.NewUnstartedServer(server)
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = 100*time.Millisecond, 100*time.Millisecond
	srv.Start()
	t.Cleanup(srv.Close)
	v := newVillage(&house{T: t, World: storetest.NewWorld(t, s), store: s, clock: c, url: srv.URL})
	e := v.caller("mum").hearing("")
	for range 50 {
		if b := e.block(); b != ":" {
			t.Fatalf("it says %q", b)
		}
	}
	v.shut(v.caller("leader"), v.kita.ID, 3)
	e.until(kita.ChangeKitas)
}

func TestAServerThatStopsDoesNotWaitForStreams(t *testing.T) {
	s, c := storetest.SQLite(t)
	base, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, s, c)
	o.BaseURL = base
	server := handlers.New(o)
	srv := httptest.NewUnstartedServer(server)
	srv.Config.RegisterOnShutdown(server.EndStreams)
	srv.Start()
	t.Cleanup(srv.Close)
	v := newVillage(&house{T: t, World: storetest.NewWorld(t, s), store: s, clock: c, url: srv.URL})
	ears := []*ear{v.caller("mum").hearing(""), v.caller("dad").hearing("")}
	if n := server.Streams(); n != 2 {
		t.Errorf("%d are open", n)
	}
	if err := srv.Config.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, e := range ears {
		e.over()
	}
	if n := server.Streams(); n != 0 {
		t.Errorf("%d are open", n)
	}
}

// What happened between reading and listening is told first.
func TestAStreamBeginsWhereTheReaderStopped(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		dad := v.caller("dad").hearing("") // from here on the server hears
		h.clock.Advance(30 * time.Second)
		v.caller("mum").post("/absences", v.away()).want(201)
		dad.until(kita.ChangeAbsences)
		h.clock.Advance(10 * time.Second)
		lead := v.caller("leader")
		late, early, long := lead.hearing("?age=5"), lead.hearing("?age=9"), lead.hearing("?age=3600")
		v.shut(lead, v.kita.ID, 3)
		kinds := func(e *ear) []string {
			all := map[string]bool{}
			for _, got := range e.until(kita.ChangeKitas) {
				all[got.kind] = true
			}
			return slices.Sorted(maps.Keys(all))
		}
		for _, x := range []struct {
			e    *ear
			want []string
		}{{late, []string{"kitas"}}, {early, []string{"absences", "kitas"}}, {long, []string{"again", "kitas"}}} {
			if got := kinds(x.e); !slices.Equal(got, x.want) {
				t.Errorf("it hears %v, want %v", got, x.want)
			}
		}
		lead.get("/events/stream?age=-1").problem(422, "age", "number.min")
	})
}

func TestAChangeAtOneNodeIsHeardAtTheOther(t *testing.T) {
	one, two := twoNodes(t)
	v := newVillage(one)
	e := v.caller("dad").at(two).hearing("")
	v.caller("mum").post("/absences", v.away()).want(201)
	e.until(kita.ChangeAbsences)
	// And what takes the access away at one ends the stream at the other.
	v.caller("dad").remove("/session").want(204)
	e.over()
}
