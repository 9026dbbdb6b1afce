package store_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func without(c *storetest.ChildB, w *storetest.World) {
	rows := w.Rows()
	rows.Ties = slices.DeleteFunc(rows.Ties, func(t kita.Tie) bool { return t.ChildID == c.ID })
}

func TestOverviewTellsWhomNoPushReaches(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		lead, edda := k.Leader("Lea"), k.Educator("Edda", bears)
		// Siblings with one mother in common and a father each: one family, reached by her.
		mia, ben := bears.Child("Mia"), bears.Child("Ben")
		mum := mia.Guardian("Mama")
		mum.Of(ben)
		pia := mia.Guardian("Papa") // has an account and no device
		jan := k.GuardianOf(nil, "Jan").Email("jan@example.org").Of(ben)
		w.Device(*mum.AccountID, "https://push.example/1", "p", "a")
		w.Device(*mum.AccountID, "https://push.example/2", "p", "a")
		w.Rows().Subscriptions[1].Trouble = "misconfigured" // the other still takes pushes
		// A family that nobody reaches: the one device is refused.
		ida := bears.Child("Ida")
		olga := ida.Guardian("Olga")
		w.Device(*olga.AccountID, "https://push.example/3", "p", "a")
		w.Rows().Subscriptions[2].Trouble = "misconfigured"
		// Nobody of whom anything has to be told: no notices, a ban, put away; and a child left with nobody.
		k.Guardian("Oma").Of(ida, func(t *kita.Tie) { t.ReceivesNotices = false })
		k.Guardian("Bernd").Of(ida).BannedFrom(ida)
		alone := bears.Child("Allein")
		left := bears.Child("Fort")
		left.Guardian("Fern")
		w.Rows().Children[slices.IndexFunc(w.Rows().Children, func(c kita.Child) bool { return c.ID == left.ID })].ArchivedAt = &k.CreatedAt
		other := w.Kita("Nebenan")
		nora := other.Leader("Nora")
		other.Group("Wölfe").Child("Ulf").Guardian("Uta")
		w.Live()
		o, err := s.Overview(ctx, w.Viewer(*lead.AccountID), k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if o.Families != 2 || o.FamiliesReachable != 1 || o.Guardians != 4 || o.GuardiansReachable != 1 {
			t.Errorf("the numbers are %d of %d families, %d of %d guardians", o.FamiliesReachable, o.Families, o.GuardiansReachable, o.Guardians)
		}
		if len(o.Untold) != 1 || o.Untold[0].ID != alone.ID {
			t.Errorf("the children of whom nobody is told: %+v", o.Untold)
		}
		type person struct {
			trouble string
			email   bool
			family  bool
		}
		got := map[kita.ID]person{}
		for _, g := range o.OutOfReach {
			got[g.GuardianID] = person{g.Trouble, g.HasEmail, g.FamilyReachable}
			if g.Phone == "" || len(g.Children) != 1 {
				t.Errorf("%+v", g)
			}
		}
		if want := map[kita.ID]person{pia.ID: {store.NoDevice, false, true}, jan.ID: {store.NeverSignedIn, true, true},
			olga.ID: {store.DeviceRefused, false, false}}; !maps.Equal(got, want) {
			t.Errorf("out of reach are %+v, want %+v", got, want)
		}
		// The same words as before a notice is sent.
		p, err := s.Preview(ctx, w.Viewer(*lead.AccountID), kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "An alle", AudienceKind: kita.AudienceKita})
		if err != nil || p.Families != o.Families || p.Recipients != o.Guardians {
			t.Errorf("a notice to all would reach %d families, %d people: %v", p.Families, p.Recipients, err)
		}
		for _, account := range []kita.ID{*edda.AccountID, *mum.AccountID, *nora.AccountID} {
			if _, err := s.Overview(ctx, w.Viewer(account), k.ID); !errors.Is(err, kita.ErrNotFound) {
				t.Errorf("somebody else: %v", err)
			}
		}
	})
}

func TestOverviewCountsTheDaysThatChildrenMissed(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s) // on a Monday
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		lead := k.Leader("Lea")
		mia, ben, ida := bears.Child("Mia"), bears.Child("Ben"), bears.Child("Ida")
		for _, c := range []*storetest.ChildB{mia, ben, ida} {
			without(c, w)
		}
		mia.Absent(w.Today.Add(-4), w.Today.Add(1), *lead.AccountID) // Thursday, Friday | Monday, Tuesday
		ben.Absent(w.Today.Add(-4), w.Today.Add(1), *lead.AccountID)
		ida.Absent(w.Today.Add(-100), w.Today.Add(-77), *lead.AccountID) // its last day is the first of the twelve weeks
		ida.Absent(w.Today, w.Today, *lead.AccountID)
		w.Rows().Absences[3].Reason = kita.AbsenceVacation
		ida.Absent(w.Today.Add(7), w.Today.Add(8), *lead.AccountID) // after the running week
		mia.Absent(w.Today.Add(2), w.Today.Add(2), *lead.AccountID) // withdrawn
		w.Rows().Absences[5].WithdrawnAt = &k.CreatedAt
		nora := w.Kita("Nebenan").Leader("Nora")
		w.Live()
		o, err := s.Overview(ctx, w.Viewer(*lead.AccountID), k.ID)
		if err != nil || len(o.Weeks) != store.OverviewWeeks {
			t.Fatalf("%d weeks: %v", len(o.Weeks), err)
		}
		missed := func(i int) map[kita.AbsenceReason]int { return o.Weeks[i].Missed }
		if last := o.Weeks[11]; last.Monday != w.Today || last.OpenDays != 5 {
			t.Errorf("the running week is %+v", last)
		}
		if !maps.Equal(missed(11), map[kita.AbsenceReason]int{kita.AbsenceSick: 4, kita.AbsenceVacation: 1}) ||
			!maps.Equal(missed(10), map[kita.AbsenceReason]int{kita.AbsenceSick: 4}) ||
			!maps.Equal(missed(0), map[kita.AbsenceReason]int{kita.AbsenceSick: 1}) || len(missed(5)) != 0 {
			t.Errorf("missed were %+v", o.Weeks)
		}
		if _, err := s.Overview(ctx, w.Viewer(*nora.AccountID), k.ID); !errors.Is(err, kita.ErrNotFound) {
			t.Errorf("the leader next door: %v", err)
		}
	})
}

func TestABannedLeadersOverviewIsWithoutThatChildAndItsFamily(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		lead := k.Leader("Lea")
		mia, ben, ida := bears.Child("Mia"), bears.Child("Ben"), bears.Child("Ida")
		mum := mia.Guardian("Mama")
		mum.Of(ben) // a sibling, who is not banned
		bea := ida.Guardian("Bea")
		k.GuardianOf(lead.AccountID, "Lea").Of(mia).BannedFrom(mia)
		mia.Absent(w.Today, w.Today, *mum.AccountID)
		w.Live()
		o, err := s.Overview(ctx, w.Viewer(*lead.AccountID), k.ID)
		if err != nil {
			t.Fatal(err)
		}
		if o.Families != 1 || len(o.OutOfReach) != 1 || o.OutOfReach[0].GuardianID != bea.ID || len(o.Untold) != 0 || len(o.Weeks[11].Missed) != 0 {
			t.Errorf("%+v", o)
		}
	})
}
