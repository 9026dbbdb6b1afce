package notify

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
)

// troubles are all the ways in which a push service can answer, the good one first.
func troubles(now time.Time) []pushtest.Answer {
	return []pushtest.Answer{{}, {Status: 200}, {Status: 404}, {Status: 410}, {Status: 413},
		{Status: 429, RetryAfter: "90"}, {Status: 429, RetryAfter: now.Add(2 * time.Hour).UTC().Format(http.TimeFormat)}, {Status: 429},
		{Status: 500}, {Status: 502}, {Status: 503, RetryAfter: "86400000"}, {Status: 503, RetryAfter: "soon"},
		{Status: 400}, {Status: 401}, {Status: 403}, {Status: 307, Location: "http://127.0.0.1:1/"},
		{Fault: pushtest.Reset}, {Fault: pushtest.Half}, {Fault: pushtest.Half, Status: 410}, {Fault: pushtest.Hang}}
}

func TestEveryDeliveryComesToAnEndInAnyMix(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			onEachHouse(t, func(h *house) { mixed(h, seed) })
		})
	}
}

func mixed(h *house, seed uint64) {
	rnd := rand.New(rand.NewPCG(seed, 7))
	h.client.Timeout = 250 * time.Millisecond // what hangs is given up soon; what is only slow is tried again
	if seed%2 == 1 {
		h.mailer = h.postOffice(nil)
	}
	for i := range 12 {
		g := h.mia.Guardian(who(i))
		if i%2 == 0 {
			g.Email(fmt.Sprintf("eltern%d@example.org", i))
		}
		for range rnd.IntN(3) {
			h.phone(g.AccountID)
		}
		if i%4 == 3 {
			h.edit(g.AccountID, func(a *kita.Account) { a.QuietFrom, a.QuietTo = "20:00", "06:30" })
		}
	}
	h.Live()
	devices := h.count(`select count(*) from subscriptions`)
	shares := []pushtest.Share{}
	for i, a := range troubles(h.clock.Now()) {
		weight := rnd.IntN(4)
		if i == 0 {
			weight = 1 + rnd.IntN(12)
		}
		shares = append(shares, pushtest.Share{Weight: weight, Answer: a})
	}
	h.service.Mix(seed, shares...)

	var notices []kita.ID
	for step := 0; ; step++ {
		if step < 4 {
			kind := kita.NoticeKinds[rnd.IntN(len(kita.NoticeKinds))]
			notices = append(notices, h.post(kind, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceGroups, []kita.ID{h.bears.ID} }).ID)
		}
		when := fmt.Sprintf("step %d, %s", step, h.clock.Now())
		h.drainWatched(when)
		for _, n := range notices {
			h.ledger(n)
		}
		if h.count(`select count(*) from deliveries where finished_at is null`)+h.count(`select count(*) from jobs where finished_at is null`) == 0 && step >= 4 {
			break
		}
		if step == 400 {
			h.Fatal("it never ends")
		}
		h.clock.Advance([]time.Duration{20 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 5 * time.Hour}[rnd.IntN(5)])
	}

	for _, n := range notices {
		for who, where := range h.ledger(n) {
			if where != "call_list" && where != "call_list/failed" && where != "call_list/no_device" && where != "emailed" && where != "emailed/failed" && where != "emailed/no_device" {
				h.Errorf("%s is left at %s", who, where)
			}
		}
	}
	// What the service said is what the rows hold.
	gone, accepted := map[*pushtest.Device]bool{}, 0
	for _, m := range h.service.Messages() {
		switch {
		case m.Status == 404 || m.Status == 410:
			gone[m.Device] = true
		case m.Status == 200 || m.Status == 201:
			accepted++
		}
	}
	if left := h.count(`select count(*) from subscriptions`); left != devices-len(gone) {
		h.Errorf("%d of %d devices are left, %d are gone", left, devices, len(gone))
	}
	if noted := h.count(`select count(*) from deliveries where channel = 'push' and outcome = 'accepted'`); noted > accepted || noted == 0 {
		h.Errorf("%d are noted as accepted, the service accepted %d", noted, accepted)
	}
	if got := h.service.Refusals(); len(got) != 0 {
		h.Errorf("the service found fault: %v", got)
	}
}

// drainWatched drains, and looks all the while whether the promises are kept.
func (h *house) drainWatched(when string) {
	h.Helper()
	done := make(chan struct{})
	d := h.dispatcher()
	go func() { defer close(done); d.Drain(h.Context()) }()
	for {
		select {
		case <-done:
			h.keeps(when)
			return
		default:
			h.keeps(when + ", under way")
		}
	}
}

// One answer each: what becomes of the delivery, of the device, and of the person.
func TestEachAnswerHasItsConsequence(t *testing.T) {
	in := func(wait time.Duration) time.Time { return time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC).Add(wait) }
	cases := []struct {
		name    string
		answers []pushtest.Answer
		tries   int
		outcome string
		devices int
		stands  string
		again   time.Time
	}{
		{"accepted", []pushtest.Answer{{}}, 1, "accepted", 1, "accepted", time.Time{}},
		{"404", []pushtest.Answer{{Status: 404}}, 1, "gone", 0, "waiting/no_device", time.Time{}},
		{"410", []pushtest.Answer{{Status: 410}}, 1, "gone", 0, "waiting/no_device", time.Time{}},
		{"413, then taken shorter", []pushtest.Answer{{Status: 413}}, 2, "accepted", 1, "accepted", time.Time{}},
		{"413 twice", []pushtest.Answer{{Status: 413}, {Status: 413}}, 2, "failed", 1, "waiting/failed", time.Time{}},
		{"413, then 500", []pushtest.Answer{{Status: 413}, {Status: 500}}, 2, "", 1, "waiting", time.Time{}},
		{"400", []pushtest.Answer{{Status: 400}}, 1, "misconfigured", 1, "waiting/failed", time.Time{}},
		{"401", []pushtest.Answer{{Status: 401}}, 1, "misconfigured", 1, "waiting/failed", time.Time{}},
		{"403", []pushtest.Answer{{Status: 403}}, 1, "misconfigured", 1, "waiting/failed", time.Time{}},
		{"429 in seconds", []pushtest.Answer{{Status: 429, RetryAfter: "120"}}, 1, "", 1, "waiting", in(2 * time.Minute)},
		{"429 as a date", []pushtest.Answer{{Status: 429, RetryAfter: in(time.Hour).Format(http.TimeFormat)}}, 1, "", 1, "waiting", in(time.Hour)},
		{"503 for days", []pushtest.Answer{{Status: 503, RetryAfter: "999999999"}}, 1, "", 1, "waiting", in(6 * time.Hour)},
		{"500", []pushtest.Answer{{Status: 500}}, 1, "", 1, "waiting", time.Time{}},
		{"reset", []pushtest.Answer{{Fault: pushtest.Reset}}, 1, "", 1, "waiting", time.Time{}},
		{"half a 410", []pushtest.Answer{{Fault: pushtest.Half, Status: 410}}, 1, "", 1, "waiting", time.Time{}},
	}
	onEachHouse(t, func(h *house) {
		devices := make([]*pushtest.Device, len(cases))
		accounts := make([]*kita.ID, len(cases))
		for i, x := range cases {
			accounts[i] = h.mia.Guardian(who(i)).AccountID
			devices[i] = h.phone(accounts[i])
			devices[i].Script(x.answers...)
		}
		h.Live()
		n := h.post(kita.NoticeNews)
		h.drain()
		h.keeps("after the answers")
		of := func(i int, column string) string {
			var value string
			h.must(h.raw.Get(&value, h.raw.Rebind(`select cast(`+column+` as text) from deliveries where account_id = ?`), accounts[i]))
			return value
		}
		people := h.ledger(n.ID)
		for i, x := range cases {
			if got := h.tries(devices[i]); got != x.tries {
				h.Errorf("%s: %d tries, want %d", x.name, got, x.tries)
			}
			if got := of(i, "outcome"); got != x.outcome {
				h.Errorf("%s: %q, want %q", x.name, got, x.outcome)
			}
			if got := h.count(`select count(*) from subscriptions where account_id = ?`, accounts[i]); got != x.devices {
				h.Errorf("%s: %d devices, want %d", x.name, got, x.devices)
			}
			if got := people[who(i)]; got != x.stands {
				h.Errorf("%s: stands at %q, want %q", x.name, got, x.stands)
			}
		}
		// What is to be tried again is tried when it is time, and not before.
		type again struct {
			i  int
			at time.Time
		}
		var later []again
		for i, x := range cases {
			if x.outcome != "" {
				continue
			}
			ms, err := strconv.ParseInt(of(i, "due_at"), 10, 64)
			h.must(err)
			later = append(later, again{i, time.UnixMilli(ms)})
			if due := later[len(later)-1].at; !x.again.IsZero() && !due.Equal(x.again) || !due.After(h.clock.Now()) {
				h.Errorf("%s: again at %s, want %s", x.name, due, x.again)
			}
		}
		slices.SortFunc(later, func(a, b again) int { return a.at.Compare(b.at) })
		for _, l := range later {
			x := cases[l.i]
			h.clock.Set(l.at.Add(-time.Millisecond))
			h.drain()
			if got := h.tries(devices[l.i]); got != x.tries {
				h.Errorf("%s: tried again before its time", x.name)
			}
			h.after(time.Millisecond)
			if got := h.tries(devices[l.i]); got != x.tries+1 || h.ledger(n.ID)[who(l.i)] != "accepted" {
				h.Errorf("%s: %d tries, and not accepted", x.name, got)
			}
		}
	})
}

func who(i int) string { return fmt.Sprint("Eltern", i) }

// tries is how many messages for a device arrived.
func (h *house) tries(d *pushtest.Device) (n int) {
	for _, m := range h.service.Messages() {
		if m.Device == d {
			n++
		}
	}
	return n
}

func TestShortenedPushStaysShort(t *testing.T) {
	h := sqliteHouse(t)
	d := h.phone(h.papa.AccountID)
	d.Limit(2500)
	h.Live()
	h.post(kita.NoticeNews)
	d.Script(pushtest.Answer{}, pushtest.Answer{Status: 500}) // the first is refused for its size, which needs no script
	h.drain()
	h.after(time.Hour)
	var sizes []int
	for _, m := range h.service.Messages() {
		sizes = append(sizes, m.Size)
	}
	if got := fmt.Sprint(sizes); got != "[2900 2000]" {
		h.Errorf("sizes %s", got)
	}
}

func TestRefusalForOurOwnFaultShows(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		h.post(kita.NoticeNews)
		d.Script(pushtest.Answer{Status: 403})
		h.drain()
		shows := func(when string, refused int, trouble string) {
			t.Helper()
			q, err := h.s.SystemQueue(h.Context())
			h.must(err)
			devices, err := h.s.Subscriptions(h.Context(), h.Viewer(*h.papa.AccountID))
			h.must(err)
			if q.Misconfigured != refused || len(devices) != 1 || devices[0].Trouble != trouble {
				h.Errorf("%s: doctor counts %d, the device has trouble %q", when, q.Misconfigured, devices[0].Trouble)
			}
		}
		shows("refused", 1, "misconfigured")
		h.clock.Advance(25 * time.Hour)
		h.post(kita.NoticeNews)
		h.drain()
		shows("a day later, accepted", 0, "")
	})
}

// A device that no push service would take is nobody's fault but its own.
func TestOneBadSubscriptionStopsNobody(t *testing.T) {
	onEachHouse(t, func(h *house) {
		good := h.phone(h.papa.AccountID)
		bad := h.Device(*h.mama.AccountID, "https://push.example.org/x", good.P256dh(), good.Auth())
		worse := h.Device(*h.mama.AccountID, h.service.URL+"/push/9", "no key", "no secret")
		h.Live()
		n := h.post(kita.NoticeNews)
		h.drain()
		h.keeps("after")
		h.stands(n.ID, map[string]string{"Papa": "accepted", "Mama": "waiting/failed"})
		if len(good.Accepted()) != 1 {
			h.Error("the good one got nothing")
		}
		q, err := h.s.SystemQueue(h.Context())
		h.must(err)
		if q.Misconfigured != 0 || q.Subscriptions != 3 {
			h.Errorf("%+v: neither %s nor %s is the house's fault, or gone", q, bad.ID, worse.ID)
		}
	})
}
