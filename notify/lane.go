package notify

import (
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// lane is the way to one push service, or to the SMTP server: a queue, and slots for what is under way at once.
type lane struct {
	queue chan store.Delivery
	slots chan struct{}
	claim int
	// budget is the longest that one try takes: what is left of a lease must hold at least that.
	budget time.Duration
	// taken counts what was taken for the lane and is not yet noted.
	taken atomic.Int64
}

// askAtOnce bounds how many deliveries one question is asked for; each leaves as soon as it is answered.
const askAtOnce = 64

func newLane(channel string, inFlight int) *lane {
	l := &lane{slots: make(chan struct{}, inFlight), claim: min(claimSize, inFlight), budget: 2*sendTimeout + 2*time.Second} // twice: shorter, after a 413
	if channel == store.ChannelEmail {
		l.slots, l.claim, l.budget = make(chan struct{}, mailsAtOnce), mailsAtOnce, mailTimeout
	}
	l.queue = make(chan store.Delivery, cap(l.slots)+2*l.claim)
	return l
}

// serve sends what is in the lane, as many at once as there are slots, until the queue is closed. When the round is over,
// it hands back instead.
func (r *round) serve(l *lane) {
	for one := range l.queue {
		select {
		case l.slots <- struct{}{}:
		case <-r.ctx.Done():
		}
		if r.ctx.Err() != nil {
			r.note(l, completion(one, store.OutcomeUntried))
			continue
		}
		r.send(l, l.with(one))
	}
}

// with adds to one, whose slot is taken, what else is waiting and has a slot: they are asked about together.
func (l *lane) with(one store.Delivery) []store.Delivery {
	batch := []store.Delivery{one}
	for len(batch) < askAtOnce {
		select {
		case l.slots <- struct{}{}:
		default:
			return batch
		}
		select {
		case next, open := <-l.queue:
			if open {
				batch = append(batch, next)
				continue
			}
		default:
		}
		<-l.slots
		return batch
	}
	return batch
}

// send asks once more whether each is still wanted, and starts those that are. Each has a slot, which it gives back.
func (r *round) send(l *lane, batch []store.Delivery) {
	now := r.Outbox.Now()
	outcomes, err := r.Outbox.SystemStillWanted(r.working, batch)
	if err != nil {
		slog.ErrorContext(r.ctx, "the database does not say whether deliveries are still wanted", "deliveries", len(batch), "error", err)
	}
	for _, one := range batch {
		c := completion(one, outcomes[one.ID])
		switch {
		case c.Outcome != "":
		case now.Add(l.budget).After(one.LeasedUntil.Time):
			c.Outcome = store.OutcomeUntried // it waited so long that somebody else may take it over meanwhile
		case !now.Before(one.ExpiresAt.Time):
			c.Outcome = store.OutcomeExpired
		case err != nil:
			c.RetryAt = kita.At(now.Add(Backoff(one.Attempts, rand.Float64)))
		default:
			r.workers.Go(func() {
				c := r.try(one)
				<-l.slots
				r.note(l, c)
			})
			continue
		}
		<-l.slots
		r.note(l, c)
	}
}

// try makes one try, and tells the observer of it.
func (r *round) try(one store.Delivery) (c store.Completion) {
	start := r.Outbox.Now()
	if one.Channel == store.ChannelEmail {
		c = r.mail(r.working, one)
	} else {
		c = r.push(r.working, one)
	}
	outcome := c.Outcome
	if outcome == "" {
		outcome = "later"
	}
	r.Observe(one.Channel, one.Service, outcome, r.Outbox.Now().Sub(start.Time))
	return c
}

func completion(one store.Delivery, outcome string) store.Completion {
	return store.Completion{ID: one.ID, KitaID: one.KitaID, NoticeID: one.NoticeID, RecipientID: one.RecipientID,
		Subscription: one.SubscriptionID, Channel: one.Channel, Service: one.Service, Lease: one.LeasedUntil, Outcome: outcome}
}

func (r *round) note(l *lane, c store.Completion) { r.results <- result{c, l} }

const (
	flushSize  = 256
	flushAfter = 20 * time.Millisecond
)

// collect writes outcomes in bulk, off the sending path.
func (r *round) collect() {
	var batch []result
	flush := func() {
		if len(batch) > 0 {
			r.write(batch)
			batch = batch[:0]
		}
	}
	timer := time.NewTimer(flushAfter)
	defer timer.Stop()
	for {
		select {
		case one, open := <-r.results:
			if !open {
				flush()
				return
			}
			if batch = append(batch, one); len(batch) >= flushSize {
				flush()
			} else if len(batch) == 1 {
				timer.Reset(flushAfter)
			}
		case <-timer.C:
			flush()
		}
	}
}

// writeTries and firstPause let the outcomes outlive half a minute without a database, as when another server takes over.
const (
	writeTries = 10
	firstPause = 50 * time.Millisecond
)

// write notes outcomes, and frees their places. What can not be written is sent again when its lease ends: at least
// once, never silently not at all.
func (r *round) write(batch []result) {
	outcomes := make([]store.Completion, len(batch))
	for i, one := range batch {
		outcomes[i] = one.Completion
	}
	for try := range writeTries {
		err := r.Outbox.SystemComplete(r.working, outcomes)
		if err == nil {
			break
		}
		last := try == writeTries-1
		slog.ErrorContext(r.ctx, "outcomes can not be written", "deliveries", len(batch), "given_up", last, "error", err)
		if !last {
			time.Sleep(firstPause << try)
		}
	}
	for _, one := range batch {
		one.lane.taken.Add(-1)
		r.left()
	}
}
