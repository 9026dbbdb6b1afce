package store_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// Each try of a transaction asks the clock when it is: as often as for one notice at a time is as often as nobody was made to
// try again.
func TestWhoPublishesAtOnceInOneKitaIsNotMadeToTryAgain(t *testing.T) {
	const posters = 12
	clock := storetest.NewClock()
	var asked atomic.Int64
	s, err := store.Open(t.Context(), store.Options{URL: storetest.PostgresURL(t), NewID: kita.NewID, Clock: func() time.Time {
		asked.Add(1)
		return clock.Now()
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer closed(t, s)
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	g := k.Group("Bären")
	for _, name := range []string{"Mia", "Ben", "Ida"} {
		g.Child(name).Guardian("Mama")
	}
	var leaders []kita.ID
	for range posters {
		leaders = append(leaders, *k.Leader("Lea").AccountID)
	}
	w.Live()
	viewers := make([]kita.Viewer, posters)
	for i, account := range leaders {
		viewers[i] = w.Viewer(account)
	}
	post := func(v kita.Viewer) {
		n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "An alle", AudienceKind: kita.AudienceKita}
		if _, _, err := s.CreateNotice(t.Context(), v, n); err != nil {
			t.Error(err)
		}
	}
	before := asked.Load()
	post(viewers[0])
	one := asked.Load() - before
	before = asked.Load()
	var all sync.WaitGroup
	for _, v := range viewers {
		all.Go(func() { post(v) })
	}
	all.Wait()
	if n := asked.Load() - before; one == 0 || n != one*posters {
		t.Errorf("%d notices at once asked for the time %d times, and one %d times", posters, n, one)
	}
}

// Whoever goes away while others are at it does not hold up who comes after, and nothing is kept of the kita.
func TestTurnIsGivenUpWithTheRequest(t *testing.T) {
	take, kept := store.Turns()
	give, err := take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := take(gone, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("who has gone waits: %v", err)
	}
	other, err := take(t.Context(), "b")
	if err != nil {
		t.Fatal(err)
	}
	other()
	give()
	again, err := take(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	again()
	if n := kept(); n != 0 {
		t.Errorf("%d turns are kept", n)
	}
}
