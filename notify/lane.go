package notify

import (
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// lane is the way to one push service, or to the SMTP server: what waits for it, in order, and what is under way.
type lane struct {
	service string
	claim   int
	// budget is the longest that one try takes: what is left of a lease must hold at least that.
	budget time.Duration
	// taken counts what was taken for the lane and is not yet noted.
	taken atomic.Int64
	// stirred tells the one who serves that something has changed. ready is what is wanted and has its place.
	stirred chan struct{}
	ready   chan store.Delivery

	mu sync.Mutex
	// urgent goes before ordinary, also when it came later.
	urgent, ordinary []store.Delivery
	underWay         int
	pace             pace
	closed           bool
}

// askAtOnce bounds how many deliveries one question is asked for; each leaves as soon as it is answered, and is not overtaken any
// more. A quarter of it costs PostgreSQL a tenth more for each.
const askAtOnce = claimSize

func newLane(channel, service string, inFlight int) *lane {
	l := &lane{service: service, pace: newPace(usualInFlight, inFlight), claim: min(claimSize, inFlight), budget: 2*sendTimeout + 2*time.Second} // twice: shorter, after a 413
	if channel == store.ChannelEmail {
		l.pace, l.claim, l.budget = newPace(mailsAtOnce, mailsAtOnce), mailsAtOnce, mailTimeout
	}
	l.stirred, l.ready = make(chan struct{}, 1), make(chan store.Delivery, askAtOnce) // the next are asked about while these leave
	return l
}

func (l *lane) stir() {
	select {
	case l.stirred <- struct{}{}:
	default:
	}
}

// look has the one who serves look again when something waits: there may be no haste any more.
func (l *lane) look() {
	l.mu.Lock()
	waiting := len(l.urgent) + len(l.ordinary)
	l.mu.Unlock()
	if waiting > 0 {
		l.stir()
	}
}

func (l *lane) enter(one store.Delivery) {
	l.taken.Add(1)
	l.mu.Lock()
	if one.Rank < store.RankOrdinary {
		l.urgent = append(l.urgent, one)
	} else {
		l.ordinary = append(l.ordinary, one)
	}
	l.mu.Unlock()
	l.stir()
}

func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stir()
}

// room is how much more is to be taken for the lane. What is urgent is taken past all that waits, within bounds.
func (l *lane) room(now time.Time) store.Room {
	l.mu.Lock()
	defer l.mu.Unlock()
	have, enough := int(l.taken.Load()), l.pace.inFlight()+l.claim/2
	switch {
	case l.pace.paused(now), have > enough+3*l.claim:
		return store.RoomNone
	case have > enough:
		return store.RoomUrgent
	}
	return 0
}

// next gives what is to be sent, each with its place among what is under way, or what is to be handed back; neither when
// there is nothing to do now. In haste only what is urgent is sent, until nothing more will come; then over is true once
// nothing is left.
func (l *lane) next(now time.Time, haste, stopping bool) (send, back []store.Delivery, over bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if stopping || l.pace.paused(now) {
		back = append(l.urgent, l.ordinary...)
		l.urgent, l.ordinary = nil, nil
		return nil, back, l.closed
	}
	for i, line := range []*[]store.Delivery{&l.urgent, &l.ordinary} {
		if i > 0 && haste && !l.closed {
			break
		}
		n := max(0, min(len(*line), askAtOnce-len(send), l.pace.inFlight()-l.underWay))
		send = append(send, (*line)[:n]...)
		clear((*line)[:n])
		*line = (*line)[n:]
		l.underWay += n
	}
	return send, nil, l.closed && len(l.urgent)+len(l.ordinary) == 0
}

// left gives a place back, with what became of it when it was tried.
func (l *lane) left(a *answer) {
	l.mu.Lock()
	if a != nil {
		a.busy = l.underWay >= l.pace.inFlight()*3/4
		l.pace.learn(*a)
	}
	l.underWay--
	l.mu.Unlock()
	l.stir()
}

// serve sends what is in the lane, as many at once as its pace has it, until it is closed. When the round is over, or the
// service has asked for silence, it hands back instead.
func (r *round) serve(l *lane) {
	r.workers.Go(func() { r.start(l) })
	defer close(l.ready)
	for {
		send, back, over := l.next(r.Outbox.Now().Time, r.Outbox.Haste().On(), r.ctx.Err() != nil)
		for _, one := range back {
			r.note(l, completion(one, store.OutcomeUntried))
		}
		if len(send) > 0 {
			r.send(l, send)
		}
		if over {
			return
		}
		if len(send)+len(back) > 0 {
			continue
		}
		<-l.stirred
	}
}

// begun is a delivery that has its place, and goes to one of those who seal.
type begun struct {
	store.Delivery
	lane *lane
}

// start begins each that is ready. It waits until a processor is free to seal it: what is begun and has to wait for that could not
// be overtaken any more, and whoever else has work to do, such as answering the educator who posts the next notice, would wait behind
// a thousand.
func (r *round) start(l *lane) {
	for one := range l.ready {
		r.workers.Add(1) // for see
		if one.Channel == store.ChannelEmail {
			go r.see(begun{one, l}, r.Outbox.Now().Time, func() (store.Completion, Result) { return r.mail(r.working, one), Result{} })
			continue
		}
		r.desk <- begun{one, l}
	}
}

// seal is one of those who seal: as many as there are processors, whose stacks are as deep as the arithmetic wants it. Whoever
// then waits for an answer, a thousand at once, needs little.
func (r *round) seal() {
	for one := range r.desk {
		at := r.Outbox.Now().Time
		e := r.write(r.working, one.Delivery)
		go r.see(one, at, func() (store.Completion, Result) { return r.deliver(r.working, e) })
	}
}

// see makes one try, which has begun at a time, tells the observer of it and the lane what its pace can learn, and notes it.
func (r *round) see(one begun, at time.Time, try func() (store.Completion, Result)) {
	defer r.workers.Done()
	c, result := try()
	a := answer{begun: at, now: r.Outbox.Now().Time}
	a.much, a.wait = result.tooMuch()
	outcome := c.Outcome
	if outcome == "" {
		outcome = "later"
	}
	r.Observe(one.Channel, one.Service, outcome, a.now.Sub(at))
	one.lane.left(&a)
	r.note(one.lane, c)
}

// askAgain is for how long, and up to twice as long, a delivery is put off when the database did not say whether it is still
// wanted. No push service has asked for more.
const askAgain = 2 * time.Second

// send asks once more whether each is still wanted, and starts those that are. Each has a place, which it gives back.
func (r *round) send(l *lane, batch []store.Delivery) {
	outcomes, err := r.Outbox.SystemStillWanted(r.working, batch)
	now := r.Outbox.Now() // the answer may have taken long
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
			c.RetryAt = kita.At(now.Add(askAgain + rand.N(askAgain)))
		default:
			l.ready <- one
			continue
		}
		l.left(nil)
		r.note(l, c)
	}
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
			r.giveWay()
			r.keep(batch)
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

// giveWay lets who publishes something urgent write first, and who takes it: SQLite has one who writes at a time. What is not
// noted for long is sent twice, so that it ends.
func (r *round) giveWay() {
	for range 50 {
		if r.ctx.Err() != nil || !r.Outbox.Haste().On() {
			return
		}
		r.rest(flushAfter / 4)
	}
}

// writeTries and firstPause let the outcomes outlive half a minute without a database, as when another server takes over.
const (
	writeTries = 10
	firstPause = 50 * time.Millisecond
	lastPause  = time.Second
)

// rest lets pause go by before the next try. The end of the round ends it, and from then on it is lastPause at most: who stops
// a process gives it some seconds, and what is not noted in them is sent twice.
func (r *round) rest(pause time.Duration) {
	over := r.ctx.Done()
	if r.ctx.Err() != nil {
		pause, over = min(pause, lastPause), nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-over:
	}
}

// keep notes outcomes, and frees their places. What can not be written is sent again when its lease ends: at least
// once, never silently not at all.
func (r *round) keep(batch []result) {
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
			r.rest(firstPause << try)
		}
	}
	for _, one := range batch {
		one.lane.taken.Add(-1)
		r.left()
	}
}
