package notify

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// strikes counts what was done by the clock: each job at each of its hours.
type strikes struct {
	mu   sync.Mutex
	done map[string]int
}

func (s *strikes) note(what string, err error) error {
	if err == nil {
		s.mu.Lock()
		s.done[what]++
		s.mu.Unlock()
	}
	return err
}

// striking is a node's own store, counted.
type striking struct {
	*store.Store
	*strikes
}

func (s striking) SystemPublish(ctx context.Context, id kita.ID) error {
	return s.note("publish "+string(id), s.Store.SystemPublish(ctx, id))
}

func (s striking) SystemEscalate(ctx context.Context, id kita.ID, mailWorks bool) (kita.Instant, error) {
	next, err := s.Store.SystemEscalate(ctx, id, mailWorks)
	return next, s.note(fmt.Sprint("escalate ", id, " ", s.Now()), err)
}

func (s striking) SystemRetain(ctx context.Context) error {
	return s.note(fmt.Sprint("retain ", s.Now()), s.Store.SystemRetain(ctx))
}

// Four nodes on one PostgreSQL look at the clock at the same moment, day after day: what is due is done, and by one.
func TestClockStrikesOnceForAllNodes(t *testing.T) {
	const nodes, days, notices = 4, 25, 3
	h := postgresHouse(t)
	h.phone(h.papa.AccountID)
	h.Live()
	var all []*Dispatcher
	did := &strikes{done: map[string]int{}}
	for range nodes {
		s, err := store.Open(t.Context(), h.options)
		h.must(err)
		t.Cleanup(func() { h.must(s.Close()) })
		h.must(s.SystemScheduleRetention(t.Context())) // as every node does when it starts
		d := h.dispatcherOn(striking{s, did})
		d.Sweep = func(context.Context) error { return did.note(fmt.Sprint("sweep ", s.Now()), nil) }
		all = append(all, d)
	}
	var due []string
	for range days {
		for range notices {
			n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.PublishAt = kita.At(h.clock.Now().Add(time.Hour)) })
			due = append(due, "publish "+string(n.ID))
		}
		h.clock.Advance(24 * time.Hour)
		due = append(due, fmt.Sprint("retain ", h.s.Now()), fmt.Sprint("sweep ", h.s.Now()))
		var together sync.WaitGroup
		for _, d := range all {
			together.Go(func() { d.Drain(t.Context()) })
		}
		together.Wait()
	}
	for _, what := range due {
		if did.done[what] != 1 {
			t.Errorf("%s was done %d times", what, did.done[what])
		}
	}
	escalated := 0
	for what, n := range did.done {
		if n != 1 {
			t.Errorf("%s was done %d times", what, n)
		}
		if len(what) > 8 && what[:8] == "escalate" {
			escalated++
		}
	}
	if escalated == 0 {
		t.Error("nothing was escalated")
	}
	if sent := len(h.service.Accepted()); sent != days*notices {
		t.Errorf("%d pushes of %d notices to one phone", sent, days*notices)
	}
	if n := h.count(`select count(*) from jobs where attempts > 1`); n > 0 {
		t.Errorf("%d jobs were tried more than once", n)
	}
}
