package notify

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
)

// running starts Run, and answers what ends it and waits for that.
func (h *house) running(d *Dispatcher) (stop func()) {
	ctx, cancel := context.WithCancel(h.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); d.Run(ctx) }()
	return sync.OnceFunc(func() { cancel(); <-ended })
}

// families adds n guardians of Mia with one phone each, at service.
func (h *house) families(n int, service *pushtest.Service) (devices []*pushtest.Device) {
	for i := range n {
		devices = append(devices, h.phoneAt(service, h.mia.Guardian(fmt.Sprint("Eltern", i)).AccountID))
	}
	return devices
}

func TestRunSendsWhatIsPostedWhileItRuns(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.families(3, h.service)
		h.Live()
		stop := h.running(h.dispatcher())
		defer stop()
		for i := range 3 {
			h.post(kita.NoticeNews)
			h.must(h.service.AwaitAccepted(h.Context(), 3*(i+1)))
		}
		stop()
		h.keeps("stopped")
		if n := h.count(`select count(*) from deliveries where outcome = 'accepted'`); n != 9 {
			h.Errorf("%d are noted as accepted", n)
		}
	})
}

func TestHangingServicesHoldUpNobodyElse(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.inFlight = 4
		var hanging []*pushtest.Service
		for range 3 {
			s := pushtest.New(t, pushtest.Options{})
			s.Mix(1, pushtest.Share{Weight: 1, Answer: pushtest.Answer{Fault: pushtest.Hang}})
			hanging = append(hanging, s)
			h.families(40, s)
		}
		h.families(40, h.service)
		h.Live()
		stop := h.running(h.dispatcher())
		h.post(kita.NoticeUrgent)
		for _, s := range hanging {
			h.must(s.Await(h.Context(), 4)) // as many as may be under way
		}
		h.must(h.service.AwaitAccepted(h.Context(), 40))
		h.post(kita.NoticeUrgent)
		h.must(h.service.AwaitAccepted(h.Context(), 80))
		for _, s := range hanging {
			s.Close() // lets go of whoever hangs
		}
		stop()
		h.keeps("stopped")
	})
}

func TestStopEndsWhatIsUnderWayAndHandsBackTheRest(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.inFlight = 5
		devices := h.families(60, h.service)
		h.Live()
		h.service.Mix(1, pushtest.Share{Weight: 1, Answer: pushtest.Answer{Latency: 30 * time.Millisecond}})
		h.post(kita.NoticeNews)
		ctx, cancel := context.WithCancel(h.Context())
		d := h.dispatcher()
		ended := make(chan struct{})
		go func() { defer close(ended); d.Run(ctx) }()
		h.must(h.service.Await(h.Context(), 3))
		cancel()
		<-ended
		arrived := len(h.service.Messages())
		h.keeps("stopped")
		if held := h.count(`select count(*) from deliveries where leased_until > 0`); held != 0 {
			h.Errorf("%d are still held", held)
		}
		if arrived >= 60 {
			h.Fatalf("all %d were sent, so nothing was handed back", arrived)
		}
		// What was handed back was not tried: it is due at once, and every device gets it once.
		h.drain()
		for i, d := range devices {
			if got := len(d.Accepted()); got != 1 {
				h.Errorf("device %d got it %d times", i, got)
			}
		}
	})
}

func TestTwoDispatchersNeverSendOneDeliveryTwice(t *testing.T) {
	h := postgresHouse(t)
	h.inFlight = 8
	devices := h.families(300, h.service)
	h.Live()
	other, err := store.Open(h.Context(), h.options)
	h.must(err)
	defer func() { h.must(other.Close()) }()
	stopOne, stopOther := h.running(h.dispatcher()), h.running(h.dispatcherOn(other))
	for i := range 3 {
		h.post(kita.NoticeNews)
		h.must(h.service.AwaitAccepted(h.Context(), 300*(i+1)))
	}
	stopOne()
	stopOther()
	h.keeps("stopped")
	for i, d := range devices {
		if got := len(d.Accepted()); got != 3 {
			h.Errorf("device %d got %d pushes, want 3", i, got)
		}
	}
	if left := h.count(`select count(*) from deliveries where finished_at is null or attempts <> 1`); left != 0 {
		h.Errorf("%d were tried twice, or not at all", left)
	}
}

func TestWhoDiedIsSucceededWhenTheLeaseEnds(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews)
		held, err := h.s.SystemClaimDeliveries(h.Context(), store.ChannelPush, 10, nil) // and no more is heard of who claimed
		h.must(err)
		h.after(store.Lease - time.Millisecond)
		if len(held) != 1 || len(d.Accepted()) != 0 {
			h.Fatalf("%d held, %d sent", len(held), len(d.Accepted()))
		}
		h.after(time.Millisecond)
		h.stands(n.ID, map[string]string{"Papa": "accepted"})
		// Should they have been only slow, they neither send it nor undo what was noted.
		wanted, err := h.s.SystemStillWanted(h.Context(), held)
		h.must(err)
		if wanted[held[0].ID] != store.OutcomeFinished {
			h.Errorf("the sleeper may send: %q", wanted[held[0].ID])
		}
		late := completion(held[0], "")
		late.RetryAt = kita.At(h.clock.Now().Add(time.Hour))
		h.must(h.s.SystemComplete(h.Context(), []store.Completion{late, completion(held[0], store.OutcomeUntried), completion(held[0], store.OutcomeFailed)}))
		h.drain()
		h.stands(n.ID, map[string]string{"Papa": "accepted"})
		h.keeps("after the sleeper woke")
		if got := len(d.Accepted()); got != 1 {
			h.Errorf("%d sent", got)
		}
	})
}

// A delivery whose lease ran out while it waited for its turn belongs to whoever took it over.
func TestSleeperDoesNotSendWhatSomebodyElseHolds(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.phone(h.papa.AccountID)
		h.Live()
		h.post(kita.NoticeNews)
		mine, err := h.s.SystemClaimDeliveries(h.Context(), store.ChannelPush, 10, nil)
		h.must(err)
		h.clock.Advance(store.Lease)
		theirs, err := h.s.SystemClaimDeliveries(h.Context(), store.ChannelPush, 10, nil)
		h.must(err)
		if len(mine) != 1 || len(theirs) != 1 {
			h.Fatalf("%d and %d", len(mine), len(theirs))
		}
		for claim, want := range map[*store.Delivery]string{&mine[0]: store.OutcomeFinished, &theirs[0]: ""} {
			wanted, err := h.s.SystemStillWanted(h.Context(), []store.Delivery{*claim})
			h.must(err)
			if wanted[claim.ID] != want {
				h.Errorf("%q, want %q", wanted[claim.ID], want)
			}
		}
		// To hand back what is no longer one's own leaves it with its holder.
		h.must(h.s.SystemComplete(h.Context(), []store.Completion{completion(mine[0], store.OutcomeUntried), completion(mine[0], "")}))
		again, err := h.s.SystemClaimDeliveries(h.Context(), store.ChannelPush, 10, nil)
		h.must(err)
		if len(again) != 0 {
			h.Error("a third one could take it")
		}
	})
}

// stopping is the real store, that is told to stop in the middle of a claim.
type stopping struct {
	*store.Store
	h    *house
	stop func()
}

func (s *stopping) SystemClaimDeliveries(ctx context.Context, channel string, limit int, room map[string]store.Room) ([]store.Delivery, error) {
	s.stop()
	if err := ctx.Err(); err != nil {
		s.h.Errorf("the stop reaches into a claim: %v", err)
	}
	return s.Store.SystemClaimDeliveries(ctx, channel, limit, room)
}

func TestStopInTheMiddleOfAClaimLeavesNothingHeld(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.families(20, h.service)
		h.Live()
		h.post(kita.NoticeNews)
		ctx, cancel := context.WithCancel(h.Context())
		defer cancel()
		h.dispatcherOn(&stopping{h.s, h, cancel}).Run(ctx)
		if held := h.count(`select count(*) from deliveries where leased_until > 0 or attempts > 0`); held != 0 || len(h.service.Messages()) != 0 {
			h.Errorf("%d are held or tried, %d were sent", held, len(h.service.Messages()))
		}
		h.drain()
		if got := len(h.service.Accepted()); got != 20 {
			h.Errorf("%d are sent at the next start", got)
		}
	})
}

// What waited in its lane for so long that the lease might run out under way is not begun.
func TestWhatWaitedTooLongIsClaimedAnew(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.inFlight = 1
		devices := h.families(2, h.service)
		h.Live()
		h.post(kita.NoticeNews)
		s := &shaky{Store: h.s, both: make(chan struct{})}
		var first sync.Once
		h.observed = func(string, string, string, time.Duration) {
			// Not before the second waits behind the first: claimed later, it would have a fresh lease.
			first.Do(func() { <-s.both; h.clock.Advance(store.Lease - 2*sendTimeout) })
		}
		h.dispatcherOn(s).Drain(h.Context())
		if claimed := s.claimed.Load(); claimed != 3 {
			h.Errorf("%d deliveries were claimed, want one of the two twice", claimed)
		}
		for i, d := range devices {
			if got := len(d.Accepted()); got != 1 {
				h.Errorf("device %d got %d pushes", i, got)
			}
		}
		if n := h.count(`select count(*) from deliveries where attempts = 1`); n != 2 {
			h.Errorf("%d were tried once", n)
		}
	})
}

// shaky is the real store on a day when it does not always answer.
type shaky struct {
	*store.Store
	completions, questions, claims atomic.Int32 // how many fail first
	claimed                        atomic.Int32 // deliveries
	// both, when it is there, is closed with the second delivery that is claimed.
	both chan struct{}
}

var errShaky = errors.New("the database is away")

func (s *shaky) SystemComplete(ctx context.Context, batch []store.Completion) error {
	if s.completions.Add(-1) >= 0 {
		return errShaky
	}
	return s.Store.SystemComplete(ctx, batch)
}

func (s *shaky) SystemStillWanted(ctx context.Context, claimed []store.Delivery) (map[kita.ID]string, error) {
	if s.questions.Add(-1) >= 0 {
		return nil, errShaky
	}
	return s.Store.SystemStillWanted(ctx, claimed)
}

func (s *shaky) SystemClaimDeliveries(ctx context.Context, channel string, limit int, room map[string]store.Room) ([]store.Delivery, error) {
	if s.claims.Add(-1) >= 0 {
		return nil, errShaky
	}
	claimed, err := s.Store.SystemClaimDeliveries(ctx, channel, limit, room)
	for range claimed {
		if s.claimed.Add(1) == 2 && s.both != nil {
			close(s.both)
		}
	}
	return claimed, err
}

func TestOutcomesOutliveADatabaseThatIsAwayForAMoment(t *testing.T) {
	h := sqliteHouse(t)
	devices := h.families(20, h.service)
	h.Live()
	n := h.post(kita.NoticeNews)
	s := &shaky{Store: h.s}
	s.completions.Store(3)
	h.dispatcherOn(s).Drain(h.Context())
	if got := h.outcomes(n.ID, store.ChannelPush)["accepted"]; got != len(devices) {
		h.Errorf("%d are noted as accepted", got)
	}
	h.after(5 * time.Minute)
	if got := len(h.service.Messages()); got != len(devices) {
		h.Errorf("%d pushes to %d devices", got, len(devices))
	}
}

// away is an outbox whose database is away for good.
type away struct {
	Outbox
	tried func()
}

func (a away) SystemComplete(context.Context, []store.Completion) error {
	a.tried()
	return errShaky
}

// Outcomes are tried to be noted for half a minute; a stop is not kept waiting for a pause, nor are they let go at once.
func TestStopCutsTheWaitForTheDatabaseShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		begun := time.Now()
		var tried []time.Duration
		outbox := away{tried: func() { tried = append(tried, time.Since(begun)) }}
		r := &round{Dispatcher: NewDispatcher(Options{Outbox: outbox}), ctx: ctx, working: t.Context(), freed: make(chan struct{}, 1)}
		time.AfterFunc(4*time.Second, stop)
		r.keep([]result{{lane: newLane(store.ChannelPush, "x", 1)}})
		if want := "[0s 50ms 150ms 350ms 750ms 1.55s 3.15s 4s 5s 6s]"; fmt.Sprint(tried) != want {
			t.Errorf("it was tried after %v, want %v", tried, want)
		}
	})
}

func TestNothingLeavesWhileNobodyCanSayWhetherItIsWanted(t *testing.T) {
	h := sqliteHouse(t)
	devices := h.families(3, h.service)
	h.Live()
	h.post(kita.NoticeNews)
	s := &shaky{Store: h.s}
	s.questions.Store(100)
	h.dispatcherOn(s).Drain(h.Context())
	if got := len(h.service.Messages()); got != 0 {
		h.Errorf("%d left", got)
	}
	h.keeps("unanswered")
	h.after(4 * time.Second)
	if got := len(h.service.Accepted()); got != len(devices) {
		h.Errorf("%d accepted later", got)
	}
}

func TestRunGoesOnWhenTheDatabaseComesBack(t *testing.T) {
	h := sqliteHouse(t)
	h.families(3, h.service)
	h.Live()
	h.post(kita.NoticeNews)
	s := &shaky{Store: h.s}
	s.claims.Store(2)
	stop := h.running(h.dispatcherOn(s))
	defer stop()
	h.must(h.service.AwaitAccepted(h.Context(), 3))
}

// A job that takes its time holds up neither a notice that is due nor the pushes.
func TestLongCleanUpHoldsUpNobody(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.families(3, h.service)
		h.Live()
		h.must(h.s.SystemScheduleRetention(h.Context()))
		d := h.dispatcher()
		sweeping, release := make(chan struct{}), make(chan struct{})
		d.Sweep = func(ctx context.Context) error {
			close(sweeping)
			select {
			case <-release:
			case <-ctx.Done():
			}
			return nil
		}
		stop := h.running(d)
		defer stop()
		<-sweeping
		h.post(kita.NoticeNews)
		h.must(h.service.AwaitAccepted(h.Context(), 3))
		h.post(kita.NoticeNews, func(n *kita.Notice) { n.PublishAt = kita.At(h.clock.Now().Add(time.Hour)) })
		h.clock.Advance(time.Hour)
		h.must(h.service.AwaitAccepted(h.Context(), 6))
		close(release)
	})
}

func TestObserverIsToldOfEveryTry(t *testing.T) {
	h := sqliteHouse(t)
	devices := h.families(4, h.service)
	devices[0].Script(pushtest.Answer{Status: 500})
	devices[1].Script(pushtest.Answer{Status: 410})
	h.Live()
	var mu sync.Mutex
	seen := map[string]int{}
	h.observed = func(channel, service, outcome string, took time.Duration) {
		mu.Lock()
		defer mu.Unlock()
		if service != h.service.URL[len("http://"):] || took < 0 {
			h.Errorf("%s, %s", service, took)
		}
		seen[channel+" "+outcome]++
	}
	h.post(kita.NoticeNews)
	h.drain()
	h.after(time.Minute)
	if got, want := fmt.Sprint(seen), "map[push accepted:3 push gone:1 push later:1]"; got != want {
		h.Errorf("%s, want %s", got, want)
	}
}
