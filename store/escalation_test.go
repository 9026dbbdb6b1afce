package store_test

import (
	"context"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func (o *outbox) escalate(notice kita.ID, mail bool) kita.Instant {
	o.Helper()
	again, err := o.s.SystemEscalate(context.Background(), notice, mail)
	o.must(err)
	return again
}

func TestEmailGoesToTheAddressThatIsKnown(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Eigene").Email("eigene@example.org")
		login := o.family("Anmeldung")
		o.k.GuardianOf(nil, "Ohne").Of(o.mia)
		o.k.GuardianOf(nil, "Nur Adresse").Of(o.mia).Email("adresse@example.org")
		o.w.Live()
		n := o.post(kita.NoticeUrgent, kita.AudienceKita)
		if again := o.escalate(n.ID, true); !again.IsZero() {
			o.Errorf("again at %s", again)
		}
		due, err := o.s.SystemClaimDeliveries(context.Background(), store.ChannelEmail, 10, nil)
		o.must(err)
		got := map[string]string{}
		for _, d := range due {
			got[d.Person] = d.Email
			if d.Service != "smtp" || d.Title != "Ausflug" || d.Body != "Bitte **Stiefel**" || d.KitaName != "Sonnenschein" || d.LeasedUntil != kita.At(o.clock.Now().Add(store.MailLease)) {
				o.Errorf("%+v", d)
			}
		}
		account, err := o.s.Account(context.Background(), o.w.Viewer(*login.AccountID))
		o.must(err)
		want := map[string]string{"Eigene Muster": "eigene@example.org", "Anmeldung Muster": account.Login, "Nur Adresse Muster": "adresse@example.org"}
		if len(got) != len(want) {
			o.Errorf("%v, want %v", got, want)
		}
		for who, address := range want {
			if got[who] != address {
				o.Errorf("%s is written to at %q, want %q", who, got[who], address)
			}
		}
		if where := o.standing(n.ID)["Ohne Muster"]; where != "call_list no_device" {
			o.Errorf("who has no address stands at %q", where)
		}
		// To look again finds nothing to do: nobody is written to twice.
		o.escalate(n.ID, true)
		if emails := store.Count(o, o.s, `select count(*) from deliveries where channel = 'email'`); emails != 3 {
			o.Errorf("%d e-mails", emails)
		}
	})
}

func TestColleaguesAreWrittenToAsWell(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.k.Educator("Anna")
		bert := o.k.Educator("Bert")
		rows := o.w.Rows()
		for i := range rows.Staff {
			if rows.Staff[i].ID == bert.ID {
				rows.Staff[i].Email = "bert@example.org"
			}
		}
		o.w.Live()
		n := o.post(kita.NoticeNews, kita.AudienceStaff)
		o.escalate(n.ID, true)
		due, err := o.s.SystemClaimDeliveries(context.Background(), store.ChannelEmail, 10, nil)
		o.must(err)
		got := map[string]string{}
		for _, d := range due {
			got[d.Person] = d.Email
		}
		if len(got) != 2 || got["Bert Team"] != "bert@example.org" || got["Anna Team"] == "" { // Lea wrote it
			o.Errorf("%v", got)
		}
		o.escalate(n.ID, false)
		if where := o.standing(n.ID); where["Bert Team"] != "waiting no_device" || where["Lea Team"] != "opened no_device" {
			o.Errorf("%v", where)
		}
	})
}

func TestNobodyIsRungUpAboutAChildTheyMayNotHearOf(t *testing.T) {
	for name, event := range map[string]func(o *outbox, g *storetest.GuardianB){
		"banned by a bare row": func(o *outbox, g *storetest.GuardianB) { g.BannedFrom(o.mia); o.w.Live() },
		"gone from the kita": func(o *outbox, g *storetest.GuardianB) {
			store.Exec(o, o.s, `update guardians set archived_at = 1 where id = ?`, g.ID)
		},
		"no longer told": func(o *outbox, g *storetest.GuardianB) {
			store.Exec(o, o.s, `update guardian_children set receives_notices = false where guardian_id = ?`, g.ID)
		},
		"the child is gone": func(o *outbox, g *storetest.GuardianB) { store.Exec(o, o.s, `update children set archived_at = 1`) },
	} {
		t.Run(name, func(t *testing.T) {
			onEachOutbox(t, func(o *outbox) {
				g := o.family("Onkel").Email("onkel@example.org")
				o.w.Live()
				n := o.post(kita.NoticeUrgent, kita.AudienceKita)
				event(o, g)
				for _, mail := range []bool{true, false} {
					if again := o.escalate(n.ID, mail); !again.IsZero() {
						o.Errorf("again at %s", again)
					}
				}
				if n := store.Count(o, o.s, `select count(*) from recipients where call_listed_at is not null`) +
					store.Count(o, o.s, `select count(*) from deliveries where channel = 'email'`); n != 0 {
					o.Errorf("%d would be called or written to", n)
				}
			})
		})
	}
}

func TestWithdrawnNoticeIsNotEscalated(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Eltern")
		o.w.Live()
		n := o.post(kita.NoticeUrgent, kita.AudienceKita)
		_, err := o.s.WithdrawNotice(context.Background(), o.w.Viewer(*o.lead.AccountID), n.ID)
		o.must(err)
		o.escalate(n.ID, false)
		if calls := store.Count(o, o.s, `select count(*) from recipients where call_listed_at is not null`); calls != 0 {
			o.Errorf("%d on the call list", calls)
		}
		if jobs, err := o.s.SystemClaimJobs(context.Background(), 10); err != nil || len(jobs) != 0 {
			o.Errorf("%v %v", jobs, err)
		}
	})
}

// However the pushes of a notice that is not urgent stand, the next look is in the future, and comes to an end.
func TestLooksAtANoticeComeToAnEnd(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		sleeper := o.family("Langschläfer", "fcm.googleapis.com", "push.apple.com")
		o.family("Spät angenommen", "fcm.googleapis.com")
		o.family("Nie versucht", "slow.example")
		rows := o.w.Rows()
		for i := range rows.Accounts {
			if rows.Accounts[i].ID == *sleeper.AccountID {
				rows.Accounts[i].QuietFrom, rows.Accounts[i].QuietTo = "06:00", "10:00"
			}
		}
		o.w.Live()
		o.clock.Set(time.Date(2026, 11, 24, 5, 30, 0, 0, time.UTC)) // half past six: within nobody's patience by seven
		n := o.post(kita.NoticeNews, kita.AudienceKita)
		o.complete(o.claim(10, "slow.example"), func(store.Delivery) string { return store.OutcomeAccepted })
		looks := 0
		for again := kita.At(o.clock.Now().Add(30 * time.Minute)); !again.IsZero(); looks++ {
			o.clock.Set(again.Time)
			o.complete(o.claim(10, "slow.example"), func(store.Delivery) string { return store.OutcomeAccepted })
			next := o.escalate(n.ID, false)
			if !next.IsZero() && !next.After(o.clock.Now()) {
				o.Fatalf("again at %s, and it is %s", next, o.clock.Now())
			}
			again = next
			if looks >= 4 { // the slow service has its chances, and misses them
				o.complete(o.claim(10), func(store.Delivery) string { return "" })
			}
			if looks > 15 {
				o.Fatal("it never ends")
			}
		}
		for who, where := range o.standing(n.ID) {
			if where != "call_list " {
				o.Errorf("%s stands at %q after %d looks", who, where, looks)
			}
		}
	})
}
