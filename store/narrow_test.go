package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// What random worlds (handlers/leak_test.go) once showed to the wrong eyes, each in the smallest world that shows it.

func TestANoticeIsCorrectedWhomeverItIsFor(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		x := newSunny(t, s, c)
		lead := x.w.Viewer(*x.leader.AccountID)
		for _, n := range []kita.Notice{x.notice("news", "kita"), x.notice("news", "staff"), x.notice("news", "groups", x.bears.ID, x.hedgehogs.ID),
			x.notice("news", "children", x.mia.ID)} {
			targets := slices.Sorted(slices.Values(n.Targets))
			n = post(t, x, x.leader, n)
			title := "Ausflug in den Park"
			if _, err := s.CorrectNotice(ctx, lead, n.ID, store.Correction{Title: &title}); err != nil {
				t.Errorf("a notice for %s: %v", n.AudienceKind, err)
			}
			if p, err := s.NoticePosted(ctx, lead, n.ID); err != nil || p.Title != title || !slices.Equal(p.Targets, targets) {
				t.Errorf("a notice for %s reads %q, for %v instead of %v: %v", n.AudienceKind, p.Title, p.Targets, targets, err)
			}
		}
	})
}

func TestAProviderLearnsHowManyReadAndNeverWho(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		p, speaker := w.Provider("Träger")
		k := w.KitaOf(p, "Sonnenschein")
		lead := k.Leader("Lea")
		k.Group("Bären").Child("Mia").Guardian("Mama")
		w.Live()
		v := w.Viewer(speaker.ID)
		n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "An alle", AudienceKind: kita.AudienceKita}
		if got, err := s.Preview(ctx, v, n); err != nil || got.Recipients != 1 || len(got.NoDevice) != 0 {
			t.Errorf("the preview: %+v %v", got, err)
		}
		if _, _, err := s.CreateNotice(ctx, v, n); err != nil {
			t.Fatal(err)
		}
		if got, err := s.NoticePosted(ctx, v, n.ID); err != nil || got.Ledger == nil || got.Ledger.Recipients != 1 {
			t.Errorf("the counts: %+v %v", got, err)
		}
		if _, err := s.Recipients(ctx, v, n.ID, store.RecipientFilter{}); !errors.Is(err, kita.ErrNotFound) {
			t.Errorf("the names: %v", err)
		}
		if got, err := s.Recipients(ctx, w.Viewer(*lead.AccountID), n.ID, store.RecipientFilter{}); err != nil || len(got.Items) != 1 {
			t.Errorf("the leader reads %+v %v", got, err)
		}
	})
}

// A leader whom a court keeps from Mia: the ledger, the preview, the targets and the log would tell where she is.
func TestABannedLeaderIsToldNothingAroundANotice(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		lead, deputy := k.Leader("Lea"), k.Leader("Ludo")
		mia, ben := bears.Child("Mia"), bears.Child("Ben")
		mum, bea := mia.Guardian("Mama"), ben.Guardian("Bea")
		k.GuardianOf(lead.AccountID, "Lea").Of(mia).BannedFrom(mia)
		w.Live()
		n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "Für zwei", AudienceKind: kita.AudienceChildren,
			Targets: []kita.ID{mia.ID, ben.ID}}
		by := w.Viewer(*deputy.AccountID)
		if _, _, err := s.CreateNotice(ctx, by, n); err != nil {
			t.Fatal(err)
		}
		if err := s.AuditRead(ctx, by, k.ID, "child.read", mia.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.AuditRead(ctx, by, k.ID, "guardian.read", mum.ID); err != nil {
			t.Fatal(err)
		}
		v := w.Viewer(*lead.AccountID)
		if got, err := s.NoticePosted(ctx, v, n.ID); err != nil || !slices.Equal(got.Targets, []kita.ID{ben.ID}) {
			t.Errorf("the targets: %v %v", got.Targets, err)
		}
		got, err := s.Recipients(ctx, v, n.ID, store.RecipientFilter{})
		if err != nil || len(got.Items) != 1 || *got.Items[0].GuardianID != bea.ID {
			t.Errorf("the ledger: %+v %v", got.Items, err)
		}
		n.ID, n.AudienceKind, n.Targets = kita.NewID(), kita.AudienceKita, nil
		if got, err := s.Preview(ctx, v, n); err != nil || len(got.Banned) != 0 || len(got.NoDevice) != 1 || got.NoDevice[0].ID != bea.ID {
			t.Errorf("the preview: %+v %v", got, err)
		}
		if log, err := s.Audit(ctx, v, k.ID, store.PageRequest{}); err != nil || len(log.Items) != 1 || log.Items[0].Action != "notice.create" {
			t.Errorf("the log: %+v %v", log.Items, err)
		}
	})
}

func TestAnEducatorWithACallListLearnsNoNumberOfTheOtherParentOrOfTheTeam(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		k.Leader("Lea")
		edda := k.Educator("Edda", bears)
		mia, ben := bears.Child("Mia"), bears.Child("Ben")
		mia.Guardian("Mama")
		bea := ben.Guardian("Bea")
		k.GuardianOf(edda.AccountID, "Edda").Of(mia)
		for i := range w.Rows().Staff {
			w.Rows().Staff[i].Phone = "030 99"
		}
		w.Live()
		v := w.Viewer(*edda.AccountID)
		for _, n := range []kita.Notice{{AudienceKind: kita.AudienceGroups, Targets: []kita.ID{bears.ID}}, {AudienceKind: kita.AudienceStaff}} {
			n.ID, n.KitaID, n.Kind, n.Title = kita.NewID(), k.ID, kita.NoticeNews, "Ausflug"
			if _, _, err := s.CreateNotice(ctx, v, n); err != nil {
				t.Fatal(err)
			}
			got, err := s.Recipients(ctx, v, n.ID, store.RecipientFilter{})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range got.Items {
				if should := r.GuardianID != nil && *r.GuardianID == bea.ID; (r.Phone != "") != should {
					t.Errorf("%s is rung at %q", r.Name, r.Phone)
				}
			}
		}
	})
}

// Two records of one person are one recipient; that one of them was put away takes nothing from the other, and leaves
// nothing of its own.
func TestANoticeStaysWithThePersonWhateverRecordIsLeft(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		for first := range 2 {
			w := storetest.NewWorld(t, s)
			k := w.Kita("Sonnenschein")
			bears := k.Group("Bären")
			lead := k.Leader("Lea")
			children := []*storetest.ChildB{bears.Child("Mia"), bears.Child("Ben")}
			records := []*storetest.GuardianB{children[0].Guardian("Mama")}
			records = append(records, k.GuardianOf(records[0].AccountID, "Mama").Of(children[1]))
			w.Live()
			v := w.Viewer(*lead.AccountID)
			n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "An alle", AudienceKind: kita.AudienceKita}
			if _, _, err := s.CreateNotice(ctx, v, n); err != nil {
				t.Fatal(err)
			}
			if _, err := s.ArchiveGuardian(ctx, v, records[first].ID, true); err != nil {
				t.Fatal(err)
			}
			got, err := s.InboxNotice(ctx, w.Viewer(*records[0].AccountID), n.ID)
			if err != nil || !slices.Equal(got.Children, []kita.ID{children[1-first].ID}) {
				t.Errorf("without record %d: about %v, %v", first, got.Children, err)
			}
		}
	})
}

func TestWhoSeesTheWholeKitaIsToldOfTheOwnGroupsAbsencesOnly(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein", func(k *kita.Kita) { k.EducatorsSeeAll = true })
		bears, bees := k.Group("Bären"), k.Group("Bienen")
		edda := k.Educator("Edda", bears)
		mia, ben := bears.Child("Mia"), bees.Child("Ben")
		mum := mia.Guardian("Mama")
		own, other := mia.Absent(w.Today, w.Today, *mum.AccountID), ben.Absent(w.Today, w.Today, *mum.AccountID)
		w.Live()
		v := w.Viewer(*edda.AccountID)
		if got, err := s.Absences(ctx, v, store.AbsenceFilter{}, store.PageRequest{}); err != nil || len(got.Items) != 1 || got.Items[0].ID != own.ID {
			t.Errorf("the list: %+v %v", got.Items, err)
		}
		if got, err := s.AbsencesToday(ctx, v, k.ID); err != nil || len(got.Groups) != 1 || got.Groups[0].ID != bears.ID || got.Groups[0].Of != 1 {
			t.Errorf("today: %+v %v", got, err)
		}
		if _, err := s.Absence(ctx, v, other.ID); !errors.Is(err, kita.ErrNotFound) {
			t.Errorf("another group's: %v", err)
		}
		if got, err := s.Children(ctx, v, store.ChildFilter{}, store.PageRequest{}); err != nil || len(got.Items) != 2 {
			t.Errorf("the children are seen all the same: %+v %v", got.Items, err)
		}
	})
}

func TestAClosedKitaIsThereForThoseAloneWhoCanOpenIt(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		op := w.Operator("Otto")
		p, speaker := w.Provider("Träger")
		gone, former := w.Provider("Früherer Träger")
		k, next, orphan := w.KitaOf(p, "Zu"), w.KitaOf(p, "Offen"), w.KitaOf(gone, "Verwaist")
		lead := k.Leader("Lea")
		w.Rows().Staff = append(w.Rows().Staff, kita.Staff{ID: kita.NewID(), KitaID: next.ID, AccountID: lead.AccountID, FirstName: "Lea", LastName: "Team",
			Role: kita.RoleLeader, Language: "de", CreatedAt: s.Now()})
		for i := range w.Rows().Kitas {
			if w.Rows().Kitas[i].ID == k.ID {
				now := s.Now()
				w.Rows().Kitas[i].ArchivedAt = &now
			}
		}
		for i := range w.Rows().Providers {
			if w.Rows().Providers[i].ID == gone.ID {
				now := s.Now()
				w.Rows().Providers[i].ArchivedAt = &now
			}
		}
		w.Live()
		for _, x := range []struct {
			name    string
			account kita.ID
			kita    kita.ID
			sees    bool
		}{
			{"its leader", *lead.AccountID, k.ID, false}, {"its leader, elsewhere", *lead.AccountID, next.ID, true}, {"its provider", speaker.ID, k.ID, true},
			{"the operator", op.ID, k.ID, true}, {"a provider that was put away", former.ID, orphan.ID, false},
		} {
			v := w.Viewer(x.account)
			if _, err := s.Kita(ctx, v, x.kita); (err == nil) != x.sees || err != nil && !errors.Is(err, kita.ErrNotFound) {
				t.Errorf("%s: %v", x.name, err)
			}
			if got, err := s.Staff(ctx, v, store.PeopleFilter{KitaID: x.kita}); err != nil || (len(got.Items) > 0) != x.sees {
				t.Errorf("%s sees a team of %d: %v", x.name, len(got.Items), err)
			}
			if _, err := s.ChangeKita(ctx, v, x.kita, func(*kita.Kita) error { return nil }); (err == nil) != x.sees {
				t.Errorf("%s changes it: %v", x.name, err)
			}
		}
	})
}
