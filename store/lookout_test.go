package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

var guesses = []store.Attempts{{Free: 1, Window: time.Hour, Key: "key"}}

func noAccount(s *store.Store) error {
	_, err := s.SystemAccountByLogin(context.Background(), "nobody@example.org")
	return err
}

// A cable is cut: nobody says that a connection has ended. Whoever waits on one is told all the same, by nobody's deadline
// but the house's own, and once the cable is mended all is well again.
func TestWhoWaitsForASilentDatabaseIsTold(t *testing.T) {
	t.Parallel()
	cable := storetest.Forward(t, storetest.PostgresURL(t))
	s := storetest.Open(t, store.Options{URL: cable.URL})
	if err := noAccount(s); !errors.Is(err, kita.ErrNotFound) {
		t.Fatal(err)
	}
	cable.Stall()
	var waiting sync.WaitGroup
	waiting.Go(func() {
		if err := noAccount(s); !store.Away(err) {
			t.Errorf("who reads is told %v", err)
		}
	})
	waiting.Go(func() {
		if err := s.SystemAttemptTakenBack(context.Background(), guesses); !store.Away(err) {
			t.Errorf("who writes is told %v", err)
		}
	})
	waiting.Go(func() {
		if err := s.Ping(context.Background()); err == nil {
			t.Error("it is said to be there")
		}
	})
	waiting.Wait()
	cable.Resume()
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for err := errors.New("not asked"); !errors.Is(err, kita.ErrNotFound); err = noAccount(s) {
		if deadline.Err() != nil {
			t.Fatalf("mended, and still: %v", err)
		}
	}
	if err := s.Ping(context.Background()); err != nil {
		t.Error(err)
	}
}

// The server that can be written to is found among several, for reading as well, and what reads can not write.
func TestServerThatCanBeWrittenToIsFound(t *testing.T) {
	t.Parallel()
	first := storetest.NewServer(t)
	address, err := first.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	second := first.Standby(t)
	either, err := storetest.Either(address, second, first)
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.Open(t, store.Options{URL: either})
	if err := noAccount(s); !errors.Is(err, kita.ErrNotFound) {
		t.Fatal(err)
	}
	if _, err := s.Reading().Exec("delete from accounts"); !store.Away(err) { // 25006: read-only
		t.Errorf("the handle to read with can delete: %v", err)
	}
	if err := errors.Join(first.Kill(), second.Promote()); err != nil {
		t.Fatal(err)
	}
	deadline, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	guess := func() error {
		return s.SystemAttemptTakenBack(context.Background(), guesses)
	}
	for err := guess(); err != nil; err = guess() {
		if !store.Away(err) || deadline.Err() != nil {
			t.Fatalf("after the failover: %v", err)
		}
	}
}
