package store_test

import (
	"context"
	"errors"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

func TestKitasAreSeenByThoseWhoHaveToDoWithThem(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		op := w.Operator("Otto")
		p, speaker := w.Provider("Träger")
		a, b := w.KitaOf(p, "A"), w.Kita("B")
		lead := a.Leader("Lea")
		mum := b.Group("Bären").Child("Mia").Guardian("Ayşe")
		w.Live()
		for _, c := range []struct {
			name    string
			account kita.ID
			sees    []kita.ID
		}{
			{"operator", op.ID, []kita.ID{a.ID, b.ID}}, {"provider", speaker.ID, []kita.ID{a.ID}},
			{"leader", *lead.AccountID, []kita.ID{a.ID}}, {"guardian", *mum.AccountID, []kita.ID{b.ID}},
		} {
			v := w.Viewer(c.account)
			got, err := s.Kitas(ctx, v, false)
			if err != nil {
				t.Fatal(err)
			}
			if len(got) != len(c.sees) {
				t.Errorf("%s sees %d kitas, want %d", c.name, len(got), len(c.sees))
			}
			for _, k := range []kita.ID{a.ID, b.ID} {
				_, err := s.Kita(ctx, v, k)
				want := false
				for _, id := range c.sees {
					want = want || id == k
				}
				if (err == nil) != want || err != nil && !errors.Is(err, kita.ErrNotFound) {
					t.Errorf("%s asks for %s: %v", c.name, k, err)
				}
			}
		}
	})
}

func TestSameCreateAgainIsHarmlessAndOtherContentIsRefused(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		op := w.Operator("Otto")
		w.Live()
		v := w.Viewer(op.ID)
		p := kita.Provider{ID: kita.NewID(), Name: "Träger"}
		for i, again := range []bool{false, true} {
			got, was, err := s.CreateProvider(ctx, v, p)
			if err != nil || was != again || got.Name != "Träger" {
				t.Fatalf("try %d: %v %v %+v", i, err, was, got)
			}
		}
		p.Name = "Anderer"
		if _, _, err := s.CreateProvider(ctx, v, p); !errors.Is(err, kita.Conflict("id", "id.taken")) {
			t.Fatalf("other content under the same id: %v", err)
		}
	})
}

func TestKitaOpenedInTheDemoBelongsToIt(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		w := storetest.NewWorld(t, s)
		p, speaker := w.Provider("Träger")
		w.Live()
		for _, demo := range []bool{false, true} {
			if demo {
				if err := s.SystemDemoDone(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			k, _, err := s.CreateKita(t.Context(), w.Viewer(speaker.ID), kita.Kita{ID: kita.NewID(), ProviderID: p.ID, Name: "Mond", State: "BE"})
			if err != nil || k.Demo != demo {
				t.Errorf("demo is %v, want %v (%v)", k.Demo, demo, err)
			}
		}
	})
}
