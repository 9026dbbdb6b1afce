package notify

import (
	"context"
	"log/slog"
	"net/url"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// Outbox is what the dispatcher needs of the store.
type Outbox interface {
	Now() kita.Instant
	Woken() <-chan struct{}
	Haste() *store.Haste
	SystemClaimDeliveries(ctx context.Context, channel string, limit int, room map[string]store.Room) ([]store.Delivery, error)
	SystemStillWanted(ctx context.Context, claimed []store.Delivery) (map[kita.ID]string, error)
	SystemComplete(ctx context.Context, batch []store.Completion) error
	SystemClaimJobs(ctx context.Context, limit int) ([]store.Job, error)
	SystemFinishJob(ctx context.Context, j store.Job) error
	SystemRetryJob(ctx context.Context, j store.Job, trouble string) error
	SystemPublish(ctx context.Context, id kita.ID) error
	SystemEscalate(ctx context.Context, notice kita.ID, mailWorks bool) (kita.Instant, error)
	SystemRetain(ctx context.Context) error
}

// Options are what a Dispatcher is made of.
type Options struct {
	Outbox   Outbox
	Sender   *Sender
	Receipts Receipts
	// Mailer is nil where no e-mail is configured: the call list is then the last resort.
	Mailer *Mailer
	// BaseURL is how people reach the server.
	BaseURL *url.URL
	// Sweep, when set, follows the daily clean-up of the database: files that nothing names any more.
	Sweep func(context.Context) error
	// InFlight bounds the pushes under way to one push service, however fast it answers; 2,048 when zero.
	InFlight int
	// Observe is told what became of each try.
	Observe func(channel, service, outcome string, took time.Duration)
}

// Dispatcher takes what is due out of the outbox and sends it. One slow push service does not hold up the others: each
// has a lane of its own, and what waits for a full lane is not even taken.
type Dispatcher struct {
	Options
	complaints complaints

	mu sync.Mutex
	// lanes are those of the round that runs, or ran last.
	lanes []*lane
}

const (
	// defaultInFlight is what 16 connections carry at the 128 streams each that services permit at least, about; a service
	// begins with usualInFlight, and its pace finds out what it takes.
	defaultInFlight = 2048
	usualInFlight   = 1024
	// claimSize is how many deliveries of one service are taken at once. What becomes urgent meanwhile waits for that; four
	// times as many gain a tenth where a service answers at once, and nothing where it takes 80 ms.
	claimSize   = 256
	mailsAtOnce = 4
	jobsAtOnce  = 2 // so that a long clean-up does not hold up a notice
	// poll is how often the outbox is asked when nobody says that there is something: what becomes due by the clock, and
	// what another process left.
	poll = time.Second
)

// NewDispatcher makes a Dispatcher; Run or Drain starts it, one at a time.
func NewDispatcher(o Options) *Dispatcher {
	if o.InFlight <= 0 {
		o.InFlight = defaultInFlight
	}
	if o.Observe == nil {
		o.Observe = func(string, string, string, time.Duration) {}
	}
	return &Dispatcher{Options: o}
}

// Run sends what is due until ctx ends. Then nothing more is begun, what is under way ends within the time-outs of the
// sender, what was taken and not begun is handed back, and Run returns.
func (d *Dispatcher) Run(ctx context.Context) {
	d.run(ctx, func(r *round, _, failed bool) bool {
		r.wait(ctx, failed)
		return true
	})
}

// Drain sends until nothing is due and nothing under way, and returns. It is Run for a test, or for a command that ends.
func (d *Dispatcher) Drain(ctx context.Context) {
	d.run(ctx, func(r *round, idle, failed bool) bool {
		if failed || idle && !d.Outbox.Haste().On() { // in haste what can wait is not even looked for
			return false
		}
		r.wait(ctx, failed)
		return true
	})
}

// round is one Run or Drain: the lanes, and those who work in them.
type round struct {
	*Dispatcher
	// ctx ends when nothing more is to be begun. What is under way goes on under working: a push that left must be noted,
	// or it is sent twice.
	ctx, working context.Context
	lanes        map[string]*lane
	workers      sync.WaitGroup
	results      chan result
	freed        chan struct{}
	// desk is where those who seal take the next from.
	desk chan begun
	jobs atomic.Int32
	// taken counts what was taken, deliveries and jobs, and is not yet noted.
	taken atomic.Int64
}

type result struct {
	store.Completion
	lane *lane
}

// run takes until ctx ends, or until rest, which is called when there was nothing to take, says false. rest learns
// whether nothing was under way before the last look, and whether the outbox did not answer.
func (d *Dispatcher) run(ctx context.Context, rest func(r *round, idle, failed bool) bool) {
	d.mu.Lock()
	d.lanes = nil
	d.mu.Unlock()
	r := &round{Dispatcher: d, ctx: ctx, working: context.WithoutCancel(ctx), lanes: map[string]*lane{},
		results: make(chan result, claimSize), freed: make(chan struct{}, 1),
		desk: make(chan begun)}
	var collector, sealers sync.WaitGroup
	collector.Go(r.collect)
	for range runtime.GOMAXPROCS(0) {
		sealers.Go(r.seal)
	}
	for ctx.Err() == nil {
		idle := r.taken.Load() == 0
		n, failed := r.take()
		if n == 0 && !rest(r, idle, failed) {
			break
		}
	}
	for _, l := range r.lanes {
		l.close()
	}
	r.workers.Wait()
	close(r.desk)
	sealers.Wait()
	close(r.results)
	collector.Wait()
}

// take starts due jobs and takes due deliveries; it answers how many of both. A claim is never broken off half way: what
// it took would be known to nobody until its lease ends.
func (r *round) take() (n int, failed bool) {
	n, failed = r.takeJobs()
	for _, channel := range []string{store.ChannelPush, store.ChannelEmail} {
		if r.ctx.Err() != nil {
			return n, failed
		}
		size := min(claimSize, r.InFlight)
		if channel == store.ChannelEmail {
			size = mailsAtOnce
		}
		due, err := r.Outbox.SystemClaimDeliveries(r.working, channel, size, r.room())
		if err != nil {
			slog.ErrorContext(r.ctx, "deliveries can not be claimed", "channel", channel, "error", err)
			failed = true
		}
		for _, one := range due {
			r.enter(one)
		}
		n += len(due)
	}
	for _, l := range r.lanes {
		l.look()
	}
	return n, failed
}

// room is what is to be taken of the services whose lane has enough to do, or is paused. Those that were paused look again
// whether they still are.
func (r *round) room() map[string]store.Room {
	now := r.Outbox.Now().Time
	room := make(map[string]store.Room, len(r.lanes))
	for service, l := range r.lanes {
		if some := l.room(now); some != 0 {
			room[service] = some
		}
	}
	return room
}

func (r *round) enter(one store.Delivery) {
	l := r.lanes[one.Service]
	if l == nil {
		l = newLane(one.Channel, one.Service, r.InFlight)
		r.lanes[one.Service] = l
		if one.Channel == store.ChannelPush {
			r.show(l)
		}
		r.workers.Go(func() { r.serve(l) })
	}
	r.taken.Add(1)
	l.enter(one)
}

// LaneState is how a lane stands, for metrics.
type LaneState struct {
	Service string
	// InFlight is how many pushes may be under way at once, UnderWay how many are.
	InFlight, UnderWay int
	// Paused tells whether the service has asked for silence, Pauses how often it did since the start.
	Paused bool
	Pauses int
}

// Lanes are the services that something was sent to.
func (d *Dispatcher) Lanes() []LaneState {
	now := d.Outbox.Now().Time
	d.mu.Lock()
	defer d.mu.Unlock()
	states := make([]LaneState, len(d.lanes))
	for i, l := range d.lanes {
		l.mu.Lock()
		states[i] = LaneState{l.service, l.pace.inFlight(), l.underWay, l.pace.paused(now), l.pace.pauses}
		l.mu.Unlock()
	}
	return states
}

func (d *Dispatcher) show(l *lane) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lanes = append(d.lanes, l)
}

// left frees the place of something that is noted.
func (r *round) left() {
	r.taken.Add(-1)
	select {
	case r.freed <- struct{}{}:
	default:
	}
}

// wait rests until a place is free, somebody left work behind, or it is time to ask. When the outbox did not answer,
// nobody hurries it.
func (r *round) wait(ctx context.Context, failed bool) {
	freed, woken := (<-chan struct{})(r.freed), r.Outbox.Woken()
	if failed {
		freed, woken = nil, nil
	}
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-freed:
	case <-woken:
	}
}

// takeJobs starts what the clock asks for; it answers how many there were.
func (r *round) takeJobs() (n int, failed bool) {
	free := jobsAtOnce - int(r.jobs.Load())
	if free == 0 {
		return 0, false
	}
	due, err := r.Outbox.SystemClaimJobs(r.working, free)
	if err != nil {
		slog.ErrorContext(r.ctx, "jobs can not be claimed", "error", err)
		return 0, true
	}
	for _, j := range due {
		r.jobs.Add(1)
		r.taken.Add(1)
		r.workers.Go(func() {
			r.do(j)
			r.jobs.Add(-1)
			r.left()
		})
	}
	return len(due), false
}

// do does one job to its end; what it does in the database is one transaction.
func (r *round) do(j store.Job) {
	err := r.job(j)
	if err == nil {
		err = r.Outbox.SystemFinishJob(r.working, j)
	}
	if err == nil {
		return
	}
	slog.ErrorContext(r.ctx, "a job failed", "job", j.ID, "kind", j.Kind, "attempt", j.Attempts, "error", err)
	if err := r.Outbox.SystemRetryJob(r.working, j, err.Error()); err != nil {
		slog.ErrorContext(r.ctx, "a job could not be handed back", "job", j.ID, "error", err)
	}
}

func (r *round) job(j store.Job) error {
	switch j.Kind {
	case "publish":
		return r.Outbox.SystemPublish(r.working, j.SubjectID)
	case "escalate":
		_, err := r.Outbox.SystemEscalate(r.working, j.SubjectID, r.Mailer != nil)
		return err
	default:
		if err := r.Outbox.SystemRetain(r.working); err != nil || r.Sweep == nil {
			return err
		}
		return r.Sweep(r.ctx) // goes through folders, and can be broken off at any file
	}
}
