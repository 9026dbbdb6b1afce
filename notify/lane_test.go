package notify

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
)

// A service that says how much it takes is left in peace for as long as it asks, and nobody else for a moment.
func TestServiceThatAsksForSilenceGetsItAndNoOther(t *testing.T) {
	onEachHouse(t, func(h *house) {
		const quota, inFlight, period = 20, 8, 15 * time.Second // several fit into a lease
		h.inFlight = inFlight
		narrow, hanging := pushtest.New(t, pushtest.Options{Clock: h.clock.Now}), pushtest.New(t, pushtest.Options{})
		narrow.Quota(quota, period)
		hanging.Mix(1, pushtest.Share{Weight: 1, Answer: pushtest.Answer{Fault: pushtest.Hang}})
		devices := h.families(70, narrow)
		h.families(30, hanging)
		h.families(60, h.service)
		h.Live()
		h.post(kita.NoticeNews)
		d := h.dispatcher()
		stop := h.running(d)
		defer stop()
		h.must(h.service.AwaitAccepted(h.Context(), 60))
		h.must(narrow.AwaitAccepted(h.Context(), quota))
		for periods := 1; ; periods++ {
			// Those that were under way when the first was refused, and no more.
			if extra := len(narrow.Messages()) - len(narrow.Accepted()); extra > inFlight*periods {
				h.Fatalf("%d were sent to a service that had asked for silence, in %d periods", extra, periods)
			}
			if len(narrow.Accepted()) == len(devices) {
				break
			}
			h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceGroups, []kita.ID{h.bees.ID} })
			h.clock.Advance(period)
			h.must(narrow.AwaitAccepted(h.Context(), min(quota*(periods+1), len(devices))))
		}
		paused := slices.ContainsFunc(d.Lanes(), func(s LaneState) bool {
			return s.Service == narrow.URL[len("http://"):] && s.Pauses > 0 && s.InFlight < inFlight
		})
		if !paused {
			h.Errorf("%+v", d.Lanes())
		}
		hanging.Close() // lets go of whoever hangs
		stop()
		h.keeps("stopped")
		// What was put off because of the silence was not tried: only refusals are attempts.
		refused := len(narrow.Messages()) - len(devices)
		if n := h.count(fmt.Sprintf(`select coalesce(sum(attempts), 0) - count(*) from deliveries where service = '%s'`, narrow.URL[len("http://"):])); n != refused {
			h.Errorf("%d further attempts are noted, %d were made", n, refused)
		}
	})
}

// watched is the real store, and tells when an urgent delivery that was taken stands in its lane: when the next are asked for.
type watched struct {
	*store.Store
	urgent  bool
	entered chan struct{}
	once    sync.Once
}

func (s *watched) SystemClaimDeliveries(ctx context.Context, channel string, limit int, room map[string]store.Room) ([]store.Delivery, error) {
	if s.urgent {
		s.once.Do(func() { close(s.entered) })
	}
	claimed, err := s.Store.SystemClaimDeliveries(ctx, channel, limit, room)
	s.urgent = s.urgent || slices.ContainsFunc(claimed, func(d store.Delivery) bool { return d.Rank < store.RankOrdinary })
	return claimed, err
}

// An urgent notice overtakes what was taken before it and not begun, and does not wait for room among what is ordinary. One is
// under way at a time, so that there is one order.
func TestUrgentOvertakesWhatIsTakenAndNotBegun(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.inFlight = 1
		const many = 12
		h.families(many, h.service)
		other := h.parent("Nachbarin")
		h.Live()
		gate := make(chan struct{})
		h.service.Hold(gate)
		h.post(kita.NoticeNews, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceGroups, []kita.ID{h.bears.ID} })
		s := &watched{Store: h.s, entered: make(chan struct{})}
		stop := h.running(h.dispatcherOn(s))
		defer stop()
		h.must(h.service.Await(h.Context(), 1)) // the lane is full
		const taken = `select count(*) from deliveries where leased_until > 0`
		for h.count(taken) < 2 { // and one waits in it
		}
		h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceGroups, []kita.ID{h.bees.ID} })
		<-s.entered
		if n := h.count(taken); n != 3 {
			h.Fatalf("%d are taken: one under way, one that waits, and the urgent one are three", n)
		}
		close(gate)
		h.must(h.service.AwaitAccepted(h.Context(), many+1))
		stop()
		at := slices.IndexFunc(h.service.Messages(), func(m pushtest.Message) bool { return m.Device == other })
		if at != 1 {
			h.Errorf("the urgent one came as number %d, not right after the one that was under way", at+1)
		}
		h.keeps("afterwards")
	})
}

func TestLaneHasRoomForWhatIsUrgentWithinBounds(t *testing.T) {
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		taken int
		until time.Time
		want  store.Room
	}{
		"empty":       {0, time.Time{}, 0},
		"enough":      {151, time.Time{}, store.RoomUrgent},
		"overcrowded": {451, time.Time{}, store.RoomNone},
		"paused":      {0, now.Add(time.Second), store.RoomNone},
		"was paused":  {0, now, 0},
	} {
		l := newLane(store.ChannelPush, "x", 100)
		l.taken.Store(int64(c.taken))
		l.pace.until = c.until
		if got := l.room(now); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}

func TestLaneSendsTheUrgentFirstAndAsManyAsItsPaceHas(t *testing.T) {
	now := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	l := newLane(store.ChannelPush, "x", 3)
	for i, rank := range []int{30, 20, 40, 0, 30, 5} {
		l.enter(store.Delivery{Attempts: i, Rank: rank})
	}
	ids := func(all []store.Delivery) (got []int) {
		for _, one := range all {
			got = append(got, one.Attempts)
		}
		return got
	}
	send, back, over := l.next(now, false, false)
	if fmt.Sprint(ids(send)) != "[3 5 0]" || back != nil || over {
		t.Errorf("%v leave, %v go back, %v", ids(send), ids(back), over)
	}
	if send, back, _ := l.next(now, false, false); len(send)+len(back) != 0 {
		t.Errorf("%v leave although three are under way", ids(send))
	}
	l.left(nil)
	if send, back, _ := l.next(now, true, false); len(send)+len(back) != 0 {
		t.Errorf("%v leave in haste, %v go back", ids(send), ids(back))
	}
	l.enter(store.Delivery{Attempts: 6, Rank: 0})
	if send, _, _ := l.next(now, true, false); fmt.Sprint(ids(send)) != "[6]" {
		t.Errorf("%v leaves next", ids(send))
	}
	l.left(&answer{begun: now, now: now, much: true, wait: time.Minute})
	l.close()
	if send, back, over := l.next(now, false, false); len(send) != 0 || fmt.Sprint(ids(back)) != "[1 2 4]" || !over {
		t.Errorf("while the service wants silence, %v leave, %v go back, %v", ids(send), ids(back), over)
	}
}

// Who waits for haste to be over would never hear of it once nobody looks for more.
func TestLaneThatIsClosedWaitsForNoHaste(t *testing.T) {
	l := newLane(store.ChannelPush, "x", 3)
	l.enter(store.Delivery{Rank: store.RankOrdinary})
	for _, want := range []int{0, 1} {
		if send, _, _ := l.next(time.Now(), true, false); len(send) != want {
			t.Errorf("%d leave, want %d", len(send), want)
		}
		l.close()
	}
}
