package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// outbox is a kita whose families' phones are at several push services.
type outbox struct {
	*testing.T
	w     *storetest.World
	s     *store.Store
	clock *storetest.Clock
	k     *storetest.KitaB
	mia   *storetest.ChildB
	lead  *storetest.StaffB
}

func onEachOutbox(t *testing.T, f func(o *outbox)) {
	t.Helper()
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		f(newOutbox(t, s, clock))
	})
}

func newOutbox(t *testing.T, s *store.Store, clock *storetest.Clock) *outbox {
	o := &outbox{T: t, w: storetest.NewWorld(t, s), s: s, clock: clock}
	o.k = o.w.Kita("Sonnenschein")
	o.mia, o.lead = o.k.Group("Bären").Child("Mia"), o.k.Leader("Lea")
	return o
}

func (o *outbox) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// family is a guardian of Mia with a phone at each of the services.
func (o *outbox) family(name string, services ...string) *storetest.GuardianB {
	g := o.mia.Guardian(name)
	for _, service := range services {
		o.w.Device(*g.AccountID, "https://"+service+"/"+string(kita.NewID()), "p", "a")
	}
	return g
}

func (o *outbox) post(kind kita.NoticeKind, audience kita.AudienceKind) kita.Notice {
	o.Helper()
	n, _, err := o.s.CreateNotice(context.Background(), o.w.Viewer(*o.lead.AccountID), kita.Notice{ID: kita.NewID(), KitaID: o.k.ID, Kind: kind,
		Title: "Ausflug", Body: "Bitte **Stiefel**", Language: "de", AudienceKind: audience})
	o.must(err)
	return n
}

func (o *outbox) claim(limit int, busy ...string) []store.Delivery {
	o.Helper()
	room := map[string]store.Room{}
	for _, service := range busy {
		room[service] = store.RoomNone
	}
	due, err := o.s.SystemClaimDeliveries(context.Background(), store.ChannelPush, limit, room)
	o.must(err)
	return due
}

// complete ends each delivery as its service says.
func (o *outbox) complete(due []store.Delivery, outcome func(d store.Delivery) string) {
	o.Helper()
	var batch []store.Completion
	for _, d := range due {
		batch = append(batch, store.Completion{ID: d.ID, RecipientID: d.RecipientID, Subscription: d.SubscriptionID, Channel: d.Channel, Service: d.Service,
			Lease: d.LeasedUntil, Outcome: outcome(d), Status: 201, RetryAt: kita.At(o.clock.Now().Add(time.Minute))})
	}
	o.must(o.s.SystemComplete(context.Background(), batch))
}

func (o *outbox) standing(notice kita.ID) map[string]string {
	o.Helper()
	page, err := o.s.Recipients(context.Background(), o.w.Viewer(*o.lead.AccountID), notice, store.RecipientFilter{PageRequest: store.PageRequest{Limit: 100}})
	o.must(err)
	all := map[string]string{}
	for _, r := range page.Items {
		all[r.Name] = string(r.State) + " " + string(r.Trouble)
	}
	return all
}

func TestClaimTakesOfEachServiceTheUrgentFirst(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		for i := range 3 {
			o.family(fmt.Sprint("Eltern", i), "fcm.googleapis.com", "web.push.apple.com")
		}
		o.family("Spät", "updates.push.services.mozilla.com")
		o.w.Live()
		daily, news, urgent := o.post(kita.NoticeDaily, kita.AudienceKita), o.post(kita.NoticeNews, kita.AudienceKita), o.post(kita.NoticeUrgent, kita.AudienceKita)
		var got []string
		for _, d := range append(o.claim(4, "updates.push.services.mozilla.com"), o.claim(1, "updates.push.services.mozilla.com")...) {
			if d.Title != "Ausflug" || d.Excerpt != "Bitte Stiefel" || d.LeasedUntil != kita.At(o.clock.Now().Add(store.Lease)) {
				o.Errorf("%+v", d)
			}
			got = append(got, d.Service+" "+map[kita.ID]string{daily.ID: "daily", news.ID: "news", urgent.ID: "urgent"}[*d.NoticeID])
		}
		want := []string{"fcm.googleapis.com urgent", "fcm.googleapis.com urgent", "fcm.googleapis.com urgent", "fcm.googleapis.com news"}
		for _, w := range want {
			want = append(want, "push.apple.com"+w[len("fcm.googleapis.com"):])
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			o.Errorf("%q\nwant %q", got, want)
		}
		if rest := append(o.claim(100), o.claim(100)...); len(rest) != 9*2+3-8 {
			o.Errorf("%d are left", len(rest))
		}
		if again := o.claim(100); len(again) != 0 {
			o.Errorf("%d were taken twice", len(again))
		}
	})
}

// Kitas tell families at one push service; in which order do these hear of it?
func TestKitaThatTellsManyDoesNotHoldUpOneThatTellsFew(t *testing.T) {
	type told struct {
		kita   string
		kind   kita.NoticeKind
		people int
	}
	for name, c := range map[string]struct {
		told  []told
		limit int
		// want is how many of each kita's are among the first limit.
		want map[string]int
	}{
		"many before few":        {[]told{{"many", kita.NoticeNews, 60}, {"few", kita.NoticeNews, 4}}, 20, map[string]int{"few": 4, "many": 16}},
		"many notices count":     {[]told{{"many", kita.NoticeNews, 20}, {"many", kita.NoticeNews, 20}, {"many", kita.NoticeNews, 20}, {"few", kita.NoticeNews, 20}}, 30, map[string]int{"few": 15, "many": 15}},
		"alike take turns":       {[]told{{"a", kita.NoticeNews, 30}, {"b", kita.NoticeNews, 30}, {"c", kita.NoticeNews, 30}}, 30, map[string]int{"a": 10, "b": 10, "c": 10}},
		"urgent before all":      {[]told{{"few", kita.NoticeNews, 4}, {"many", kita.NoticeUrgent, 40}}, 40, map[string]int{"many": 40}},
		"urgent ones take turns": {[]told{{"many", kita.NoticeUrgent, 40}, {"few", kita.NoticeUrgent, 4}}, 10, map[string]int{"many": 6, "few": 4}},
		"alone at full speed":    {[]told{{"many", kita.NoticeNews, 60}}, 60, map[string]int{"many": 60}},
	} {
		t.Run(name, func(t *testing.T) {
			onEachOutbox(t, func(o *outbox) {
				kitas, leads, families := map[string]*storetest.KitaB{}, map[string]*storetest.StaffB{}, map[string]*storetest.ChildB{}
				names, size := map[kita.ID]string{}, map[string]int{}
				for _, x := range c.told {
					if kitas[x.kita] == nil {
						k := o.w.Kita(x.kita)
						kitas[x.kita], leads[x.kita], families[x.kita], names[k.ID] = k, k.Leader("Lea"), k.Group("Bären").Child("Mia"), x.kita
					}
					for ; size[x.kita] < x.people; size[x.kita]++ {
						g := families[x.kita].Guardian(fmt.Sprint("Eltern", size[x.kita]))
						o.w.Device(*g.AccountID, "https://fcm.googleapis.com/"+string(kita.NewID()), "p", "a")
					}
				}
				o.w.Live()
				for _, x := range c.told {
					o.k, o.lead = kitas[x.kita], leads[x.kita]
					o.post(x.kind, kita.AudienceKita)
				}
				got := map[string]int{}
				for _, d := range o.claim(c.limit) {
					got[names[*d.KitaID]]++
				}
				for name, n := range got {
					if want := c.want[name]; n < want-1 || n > want+1 { // those at the same turn may go either way
						o.Errorf("%v, want %v", got, c.want)
						break
					}
				}
				if len(got) != len(c.want) {
					o.Errorf("%v, want %v", got, c.want)
				}
			})
		})
	}
}

// A lane that has enough to do still takes what is urgent; one that is paused takes nothing.
func TestClaimTakesWhatThereIsRoomFor(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Eltern", "fcm.googleapis.com", "web.push.apple.com")
		o.w.Live()
		o.post(kita.NoticeNews, kita.AudienceKita)
		take := func(room map[string]store.Room) int {
			due, err := o.s.SystemClaimDeliveries(context.Background(), store.ChannelPush, 10, room)
			o.must(err)
			return len(due)
		}
		full := map[string]store.Room{"fcm.googleapis.com": store.RoomUrgent, "push.apple.com": store.RoomNone}
		if n := take(full); n != 0 {
			o.Errorf("%d were taken", n)
		}
		o.post(kita.NoticeUrgent, kita.AudienceKita)
		if n := take(full); n != 1 {
			o.Errorf("%d urgent ones were taken, want that of the service that is only full", n)
		}
		// By itself: nothing that is urgent waits until others are taken with it.
		if urgent, rest := take(nil), take(nil); urgent != 1 || rest != 2 {
			o.Errorf("%d urgent ones are left, %d others", urgent, rest)
		}
	})
}

// What is due much later has its turn much later, too; what was tried in vain goes to the end of the line.
func TestTurnMovesWithTheTimeItIsDue(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		for i := range 5 {
			o.family(fmt.Sprint("Eltern", i), "fcm.googleapis.com")
		}
		rows := o.w.Rows()
		for i := range rows.Accounts {
			if i%2 == 0 {
				rows.Accounts[i].QuietFrom, rows.Accounts[i].QuietTo = "00:00", "23:00"
			}
		}
		o.w.Live()
		o.post(kita.NoticeNews, kita.AudienceKita)
		if n := store.Count(o, o.s, `select count(*) from deliveries where turn < due_at or turn > due_at + 80`); n != 0 {
			o.Errorf("%d have their turn at another time than they are due", n)
		}
		due := o.claim(10)
		o.complete(due, func(store.Delivery) string { return "" })
		if n := store.Count(o, o.s, `select count(*) from deliveries where attempts = 1 and turn = due_at`); n != len(due) || n == 0 || n == 5 {
			o.Errorf("%d of %d that were tried moved", n, len(due))
		}
	})
}

func TestOutcomesOfAPersonsDevicesAddUp(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		const here, away, broken, slow = "here.example", "away.example", "broken.example", "slow.example"
		o.family("Ein Gerät", here)
		o.family("Zwei weg", away, away)
		o.family("Eins weg", away, here)
		o.family("Weg und kaputt", away, broken)
		o.family("Kaputt", broken)
		o.family("Weg und langsam", away, slow)
		o.family("Kein Gerät")
		o.w.Live()
		n := o.post(kita.NoticeNews, kita.AudienceKita)
		judge := func(d store.Delivery) string {
			return map[string]string{here: store.OutcomeAccepted, away: store.OutcomeGone, broken: store.OutcomeFailed, slow: ""}[d.Service]
		}
		o.complete(o.claim(100), judge)
		want := map[string]string{"Ein Gerät Muster": "accepted ", "Zwei weg Muster": "waiting no_device", "Eins weg Muster": "accepted ",
			"Weg und kaputt Muster": "waiting failed", "Kaputt Muster": "waiting failed", "Weg und langsam Muster": "waiting ", "Kein Gerät Muster": "waiting no_device"}
		if got := o.standing(n.ID); fmt.Sprint(got) != fmt.Sprint(want) {
			o.Errorf("%v\nwant %v", got, want)
		}
		if left := store.Count(o, o.s, `select count(*) from subscriptions`); left != 5 {
			o.Errorf("%d devices are left", left)
		}
		o.clock.Advance(time.Minute)
		o.complete(o.claim(100), func(store.Delivery) string { return store.OutcomeExpired })
		if got := o.standing(n.ID)["Weg und langsam Muster"]; got != "waiting failed" {
			o.Errorf("whose last push expired stands at %q", got)
		}
	})
}

func TestBatchOfAnySizeIsNoted(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		const people = 30
		for i := range people {
			o.family(fmt.Sprint("Eltern", i), "fcm.googleapis.com")
		}
		o.w.Live()
		for range 40 {
			o.post(kita.NoticeNews, kita.AudienceKita)
		}
		due := o.claim(5000)
		if len(due) != 40*people {
			o.Fatalf("%d due", len(due))
		}
		i := 0
		o.complete(due, func(store.Delivery) string {
			i++
			return []string{"", store.OutcomeAccepted, store.OutcomeUntried}[i%3]
		})
		for condition, want := range map[string]int{
			`finished_at is null and attempts = 1 and leased_until = 0 and status = 201 and due_at = created_at + 60000`: 400,
			`outcome = 'accepted' and attempts = 1 and leased_until = 0`:                                                 400,
			`finished_at is null and attempts = 0 and leased_until = 0 and status = 0 and due_at = created_at`:           400,
		} {
			if got := store.Count(o, o.s, `select count(*) from deliveries where `+condition); got != want {
				o.Errorf("%d where %s, want %d", got, condition, want)
			}
		}
		if again := o.claim(5000); len(again) != 400 {
			o.Errorf("%d were handed back", len(again))
		}
	})
}

func TestColleagueIsToldWhileAtWorkInAnOpenKita(t *testing.T) {
	for name, event := range map[string]string{
		"":                     `update accounts set name = name`,
		"left":                 `update staff set archived_at = 1`,
		"the kita has closed":  `update kitas set archived_at = 1`,
		"the account is ended": `update accounts set disabled_at = 1`,
		"the account is gone":  `update recipients set account_id = null`,
	} {
		t.Run(name, func(t *testing.T) {
			onEachOutbox(t, func(o *outbox) {
				anna := o.k.Educator("Anna")
				o.w.Device(*anna.AccountID, "https://fcm.googleapis.com/x", "p", "a")
				o.w.Live()
				n := o.post(kita.NoticeNews, kita.AudienceStaff)
				due := o.claim(10)
				store.Exec(o, o.s, event)
				outcomes, err := o.s.SystemStillWanted(context.Background(), due)
				o.must(err)
				want := store.OutcomeCancelled
				if name == "" {
					want = ""
				}
				if len(due) != 1 || *due[0].NoticeID != n.ID || outcomes[due[0].ID] != want {
					o.Errorf("%q, want %q", outcomes, want)
				}
			})
		})
	}
}

func TestWantedIsAskedForAnyNumberAtOnce(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		for i := range 70 {
			o.family(fmt.Sprint("Eltern", i), "fcm.googleapis.com")
		}
		o.w.Live()
		o.post(kita.NoticeNews, kita.AudienceKita)
		due := o.claim(100)
		for _, n := range []int{0, 1, 2, 3, 63, 64, 65, 70} {
			outcomes, err := o.s.SystemStillWanted(context.Background(), due[:n])
			o.must(err)
			if len(outcomes) != n {
				o.Errorf("%d answers to %d questions", len(outcomes), n)
			}
			for id, outcome := range outcomes {
				if outcome != "" {
					o.Errorf("%s: %q", id, outcome)
				}
			}
		}
		unknown := store.Delivery{ID: kita.NewID()}
		if outcomes, err := o.s.SystemStillWanted(context.Background(), []store.Delivery{unknown}); err != nil || outcomes[unknown.ID] != store.OutcomeFinished {
			o.Errorf("%v, %v", outcomes, err)
		}
	})
}

func TestQueueCountsWhatWaits(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Wach", "fcm.googleapis.com").Email("wach@example.org")
		asleep := o.family("Schläft", "fcm.googleapis.com")
		rows := o.w.Rows()
		for i := range rows.Accounts {
			if rows.Accounts[i].ID == *asleep.AccountID {
				rows.Accounts[i].QuietFrom, rows.Accounts[i].QuietTo = "00:00", "23:00"
			}
		}
		o.w.Live()
		since := kita.At(o.clock.Now())
		n := o.post(kita.NoticeNews, kita.AudienceKita)
		o.clock.Advance(time.Minute)
		check := func(when string, want store.QueueState) {
			t.Helper()
			got, err := o.s.SystemQueue(context.Background())
			o.must(err)
			oldest, wanted := got.OldestDue, want.OldestDue
			got.OldestDue, want.OldestDue = nil, nil
			if got != want || (oldest == nil) != (wanted == nil) || oldest != nil && !oldest.Equal(wanted.Time) {
				o.Errorf("%s: %+v since %v, want %+v since %v", when, got, oldest, want, wanted)
			}
		}
		check("posted", store.QueueState{Pushes: 1, OldestDue: &since, Subscriptions: 2})
		o.complete(o.claim(10), func(store.Delivery) string { return store.OutcomeMisconfigured })
		check("refused", store.QueueState{Misconfigured: 1, Subscriptions: 2})
		o.clock.Advance(23 * time.Hour)
		mailed := kita.At(o.clock.Now())
		_, err := o.s.SystemEscalate(context.Background(), n.ID, true)
		o.must(err)
		due := kita.At(kita.Day("2026-11-23").At("23:00", o.k.Zone()))
		check("next morning", store.QueueState{Pushes: 1, Emails: 1, OldestDue: &due, Jobs: 0, Misconfigured: 1, Subscriptions: 2})
		if !mailed.After(due.Time) {
			o.Error("the quiet hours had ended before")
		}
	})
}
