package main

import (
	"context"
	"errors"
	"testing"
	"time"

	"morgenkreis/kita"
)

func TestRatiosAreJudgedByTheMiddleOfTheRounds(t *testing.T) {
	ms := func(values ...int) (all []time.Duration) {
		for _, v := range values {
			all = append(all, time.Duration(v)*time.Millisecond)
		}
		return all
	}
	got := ratios(ms(11, 12, 90), ms(10, 10, 10))
	if got != (spread{1.2, 1.1, 9}) {
		t.Errorf("11, 12, 90 to 10 are %v", got)
	}
	for _, x := range []struct {
		e     expectation
		ratio float64
		met   bool
	}{
		{none, 100, true},
		{expectation{atMost: 1.3}, 1.3, true}, {expectation{atMost: 1.3}, 1.31, false},
		{expectation{atLeast: 150}, 150, true}, {expectation{atLeast: 150}, 149.9, false},
	} {
		if x.e.met(x.ratio) != x.met {
			t.Errorf("%v at %g: %v", x.e, x.ratio, !x.met)
		}
	}
}

func TestEveryRunnerGoesOnceARoundAndWarmsUpOnce(t *testing.T) {
	var order string
	one := func(name string) *runner {
		return &runner{name: name, ops: 1, run: func() error { order += name; return nil }}
	}
	a, b := one("a"), one("b")
	if err := race(t.Context(), "test", 2, a, b); err != nil {
		t.Fatal(err)
	}
	if order != "abbaab" || len(a.wall) != 2 || len(b.cpu) != 2 {
		t.Errorf("they went %s, and %d rounds counted", order, len(a.wall))
	}
	broken := errors.New("broken")
	if err := race(t.Context(), "test", 1, &runner{ops: 1, run: func() error { return broken }}); !errors.Is(err, broken) {
		t.Errorf("a runner that fails: %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := race(ended, "test", 1, a); !errors.Is(err, context.Canceled) {
		t.Errorf("a race that is called off: %v", err)
	}
}

func TestCopiesOfAnIDAreIDsOfTheirOwn(t *testing.T) {
	id := kita.NewID()
	seen := map[kita.ID]bool{}
	for _, number := range []int{1, 50, 5000, historyFirst, historyFirst + historyLength - 1} {
		of := copyOf(id, number)
		if parsed, err := kita.ParseID("id", string(of)); err != nil || parsed != of || seen[of] {
			t.Errorf("copy %d of %s is %s: %v", number, id, of, err)
		}
		seen[of] = true
	}
}
