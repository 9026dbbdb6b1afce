package store_test

import (
	"context"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func TestSignsStandAsTheFirstOfTheirKindCame(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		mia := k.Group("Bären").Child("Mia")
		people := []*storetest.GuardianB{mia.Guardian("Eins"), mia.Guardian("Zwei"), mia.Guardian("Drei"), mia.Guardian("Vier")}
		lead := k.Leader("Lea")
		w.Live()
		leader := w.Viewer(*lead.AccountID)
		post := func() kita.ID {
			n, _, err := s.CreateNotice(ctx, leader, kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "Neu", AudienceKind: kita.AudienceKita})
			if err != nil {
				t.Fatal(err)
			}
			return n.ID
		}
		stands, withdrawn := post(), post()
		if _, err := s.WithdrawNotice(ctx, leader, withdrawn); err != nil {
			t.Fatal(err)
		}
		at := func(minutes int) kita.Instant {
			return kita.At(clock.Now().Add(time.Duration(minutes) * time.Minute))
		}
		sign := func(notice kita.ID, who, minutes int, kind kita.RecipientState) store.Sign {
			return store.Sign{NoticeID: notice, AccountID: *people[who].AccountID, At: at(minutes), Kind: kind}
		}
		if err := s.SystemSigns(ctx, []store.Sign{
			sign(stands, 0, 1, kita.StateShown), sign(stands, 0, 2, kita.StateShown),
			sign(stands, 1, 1, kita.StateShown), sign(stands, 1, 2, kita.StateOpened), sign(stands, 1, 3, kita.StateOpened),
			sign(stands, 2, 4, kita.StateConfirmed), sign(stands, 2, 5, kita.StateOpened),
			sign(withdrawn, 0, 1, kita.StateShown), sign(withdrawn, 2, 1, kita.StateConfirmed),
		}); err != nil {
			t.Fatal(err)
		}
		type line struct {
			state                    kita.RecipientState
			shown, opened, confirmed kita.Instant
		}
		none := kita.Instant{}
		for _, c := range []struct {
			notice kita.ID
			want   []line
		}{
			{stands, []line{{kita.StateShown, at(1), none, none}, {kita.StateOpened, at(1), at(2), none}, {kita.StateConfirmed, none, at(4), at(4)},
				{kita.StateWaiting, none, none, none}}},
			{withdrawn, []line{{state: kita.StateWaiting}, {state: kita.StateWaiting}, {state: kita.StateWaiting}, {state: kita.StateWaiting}}},
		} {
			page, err := s.Recipients(ctx, leader, c.notice, store.RecipientFilter{})
			if err != nil || len(page.Items) != 4 {
				t.Fatalf("%d recipients, %v", len(page.Items), err)
			}
			for _, r := range page.Items {
				for i, p := range people {
					if *r.AccountID != *p.AccountID {
						continue
					}
					got := line{r.State, orNone(r.ShownAt), orNone(r.OpenedAt), orNone(r.ConfirmedAt)}
					if got != c.want[i] {
						t.Errorf("%s: %v, want %v", r.Name, got, c.want[i])
					}
				}
			}
		}
	})
}

func orNone(at *kita.Instant) kita.Instant {
	if at == nil {
		return kita.Instant{}
	}
	return *at
}

func TestADemoIsToldFromARealHouse(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		is := func(want store.DemoState) {
			t.Helper()
			if got, err := s.SystemDemo(ctx); got != want || err != nil {
				t.Errorf("%+v, %v; want %+v", got, err, want)
			}
		}
		is(store.DemoState{})
		w := storetest.NewWorld(t, s)
		w.Kita("Sonnenschein", func(k *kita.Kita) { k.Demo = true }).Leader("Lea")
		w.Live()
		is(store.DemoState{Made: 1, Others: 2})
		for range 2 {
			if err := s.SystemDemoDone(ctx); err != nil {
				t.Fatal(err)
			}
		}
		is(store.DemoState{Made: 1, Others: 2, Done: true})
		w.Kita("Morgenstern")
		w.Live()
		is(store.DemoState{Made: 1, Real: 1, Others: 3, Done: true})
	})
}
