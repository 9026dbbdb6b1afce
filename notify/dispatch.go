// Package notify is all that leaves the house for a person: who, when, by which way, and did it arrive.
package notify

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"sync"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// Outbox is what the dispatcher needs of the store.
type Outbox interface {
	Now() kita.Instant
	Woken() <-chan struct{}
	SystemClaimDeliveries(ctx context.Context, channel string, limit int, busy []string) ([]store.Delivery, error)
	SystemStillWanted(ctx context.Context, id kita.ID) (string, error)
	SystemComplete(ctx context.Context, batch []store.Completion) error
	SystemHandBack(ctx context.Context, ids []kita.ID) error
	SystemNextDue(ctx context.Context) (kita.Instant, error)
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
	// InFlight bounds the pushes under way to one push service; 512 when zero.
	InFlight int
	// Observe is told what became of each try.
	Observe func(channel, service, outcome string, took time.Duration)
}

// Dispatcher takes what is due out of the outbox and sends it. One slow push service does not hold up the others: each
// has a lane of its own, and what waits for a full lane is not even taken.
type Dispatcher struct {
	Options
	results chan store.Completion
	freed   chan struct{}

	mu    sync.Mutex
	lanes map[string]*lane
	total int
}

// lane counts what was taken for one service and is not yet done.
type lane struct {
	taken int
	slots chan struct{}
}

const (
	claimSize   = 500
	maxTaken    = 2000 // over all lanes: what a process that dies has to have sent again
	mailsAtOnce = 4
	flushSize   = 256
	flushAfter  = 20 * time.Millisecond
)

// NewDispatcher makes a Dispatcher; Run or Drain starts it.
func NewDispatcher(o Options) *Dispatcher {
	if o.InFlight <= 0 {
		o.InFlight = 512
	}
	if o.Observe == nil {
		o.Observe = func(string, string, string, time.Duration) {}
	}
	return &Dispatcher{Options: o, results: make(chan store.Completion, claimSize), freed: make(chan struct{}, 1), lanes: map[string]*lane{}}
}

// Run sends what is due until ctx ends. Then nothing more is taken, what is under way ends within the time-outs of the
// sender, what was taken and not begun is handed back, and Run returns.
func (d *Dispatcher) Run(ctx context.Context) {
	d.run(ctx, func(ctx context.Context) bool { return d.wait(ctx) })
}

// Drain sends until nothing is due and nothing under way, and returns. It is Run for a test, or for a command that ends.
func (d *Dispatcher) Drain(ctx context.Context) {
	d.run(ctx, func(ctx context.Context) bool {
		if d.idle() {
			return false
		}
		select {
		case <-d.freed:
		case <-ctx.Done():
		}
		return true
	})
}

// run takes and sends; rest is called when there is nothing more to take, and ends the run by answering false.
func (d *Dispatcher) run(ctx context.Context, rest func(context.Context) bool) {
	var senders, collector sync.WaitGroup
	// What is under way ends on its own terms: a push that left must be noted, or it is sent twice.
	working := context.WithoutCancel(ctx)
	collector.Go(func() { d.collect(working) })
	for ctx.Err() == nil {
		if d.take(ctx, working, &senders) == 0 && !rest(ctx) {
			break
		}
	}
	senders.Wait()
	close(d.results)
	collector.Wait()
	d.results = make(chan store.Completion, claimSize)
}

// take runs due jobs and starts due deliveries; it answers how many of both.
func (d *Dispatcher) take(ctx, working context.Context, senders *sync.WaitGroup) (n int) {
	n = d.runJobs(ctx)
	for _, channel := range []string{"push", "email"} {
		if channel == "email" && d.Mailer == nil {
			continue
		}
		room, busy := d.room()
		if room == 0 {
			return n
		}
		due, err := d.Outbox.SystemClaimDeliveries(ctx, channel, room, busy)
		if err != nil {
			if ctx.Err() == nil {
				slog.ErrorContext(ctx, "deliveries can not be claimed", "channel", channel, "error", err)
			}
			continue
		}
		for _, one := range due {
			l := d.enter(one)
			senders.Go(func() { d.send(ctx, working, l, one) })
		}
		n += len(due)
	}
	return n
}

// room is how many deliveries can be taken now, and the services whose lane is full.
func (d *Dispatcher) room() (int, []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var busy []string
	for service, l := range d.lanes {
		if l.taken >= 2*cap(l.slots) {
			busy = append(busy, service)
		}
	}
	return max(0, min(claimSize, maxTaken-d.total)), busy
}

func (d *Dispatcher) enter(one store.Delivery) *lane {
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.lanes[one.Service]
	if l == nil {
		width := d.InFlight
		if one.Channel == "email" {
			width = mailsAtOnce
		}
		l = &lane{slots: make(chan struct{}, width)}
		d.lanes[one.Service] = l
	}
	l.taken++
	d.total++
	return l
}

// leave frees a place; done is called for what was completed in the database, so that an empty Dispatcher has noted all.
func (d *Dispatcher) leave(service string) {
	d.mu.Lock()
	d.lanes[service].taken--
	if d.lanes[service].taken == 0 {
		delete(d.lanes, service)
	}
	d.total--
	d.mu.Unlock()
	select {
	case d.freed <- struct{}{}:
	default:
	}
}

func (d *Dispatcher) idle() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.total == 0
}

// wait rests until something is due, a place is free, or somebody left work behind.
func (d *Dispatcher) wait(ctx context.Context) bool {
	next, err := d.Outbox.SystemNextDue(ctx)
	pause := next.Sub(d.Outbox.Now().Time)
	if err != nil || pause < 50*time.Millisecond {
		pause = 50 * time.Millisecond // due, but not to be had: a full lane, a lease, or a database that does not answer
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-d.freed:
	case <-d.Outbox.Woken():
	}
	return true
}

// send waits for a slot of its lane, asks once more whether the message is still wanted, and sends it.
func (d *Dispatcher) send(ctx, working context.Context, l *lane, one store.Delivery) {
	select {
	case l.slots <- struct{}{}:
	case <-ctx.Done():
		if err := d.Outbox.SystemHandBack(working, []kita.ID{one.ID}); err != nil {
			slog.ErrorContext(ctx, "a delivery could not be handed back; it is sent when its lease ends", "error", err)
		}
		d.leave(one.Service)
		return
	}
	start := d.Outbox.Now()
	c := d.try(working, one)
	<-l.slots
	outcome := c.Outcome
	if outcome == "" {
		outcome = "later"
	}
	d.Observe(one.Channel, one.Service, outcome, d.Outbox.Now().Sub(start.Time))
	d.results <- c
}

func (d *Dispatcher) try(ctx context.Context, one store.Delivery) store.Completion {
	c := store.Completion{ID: one.ID, RecipientID: one.RecipientID, Subscription: one.SubscriptionID, Channel: one.Channel, Service: one.Service}
	now := d.Outbox.Now()
	if !now.Before(one.ExpiresAt.Time) {
		c.Outcome = store.OutcomeExpired
		return c
	}
	unwanted, err := d.Outbox.SystemStillWanted(ctx, one.ID)
	switch {
	case err != nil:
		slog.ErrorContext(ctx, "the database does not say whether a delivery is still wanted", "error", err)
		c.RetryAt = kita.At(now.Add(Backoff(one.Attempts, rand.Float64)))
		return c
	case unwanted != "":
		c.Outcome = unwanted
		return c
	}
	if one.Channel == "email" {
		return d.mail(ctx, one, c)
	}
	return d.push(ctx, one, c)
}

func (d *Dispatcher) push(ctx context.Context, one store.Delivery, c store.Completion) store.Completion {
	n := d.notification(one)
	payload, err := n.Payload()
	small := one.Shortened
	if small {
		payload, err = n.Shorten()
	}
	if err != nil {
		slog.ErrorContext(ctx, "a push can not be written", "delivery", one.ID, "error", err)
		c.Outcome = store.OutcomeFailed
		return c
	}
	now := d.Outbox.Now()
	m := Message{Payload: payload, Small: small, TTL: one.ExpiresAt.Sub(now.Time), Urgency: Urgency(string(one.NoticeKind)), Topic: Topic(topicOf(one))}
	r := d.Sender.Send(ctx, one.Subscription(), m)
	if r.Outcome == TooLarge && !small {
		if m.Payload, err = n.Shorten(); err == nil {
			m.Small, c.Shorten = true, true
			r = d.Sender.Send(ctx, one.Subscription(), m)
		}
	}
	c.Status = r.Status
	switch r.Outcome {
	case Accepted:
		c.Outcome = store.OutcomeAccepted
	case Gone:
		c.Outcome = store.OutcomeGone
	case Later:
		wait := r.RetryAfter
		if wait <= 0 {
			wait = Backoff(one.Attempts, rand.Float64)
		}
		c.RetryAt = kita.At(d.Outbox.Now().Add(wait))
		if !c.RetryAt.Before(one.ExpiresAt.Time) {
			c.Outcome = store.OutcomeExpired
		}
	case Misconfigured:
		if r.Status == 0 { // nothing was sent: this one subscription is at fault, not the house
			c.Outcome = store.OutcomeFailed
			return c
		}
		c.Outcome = store.OutcomeMisconfigured
		slog.ErrorContext(ctx, "a push service refuses us: look at doctor", "service", one.Service, "status", r.Status, "reason", r.Reason, "detail", r.Detail)
	default:
		c.Outcome = store.OutcomeFailed
	}
	return c
}

// topicOf is what a later push about the same replaces.
func topicOf(one store.Delivery) kita.ID {
	switch {
	case one.NoticeID != nil:
		return *one.NoticeID
	case one.AbsenceID != nil:
		return *one.AbsenceID
	}
	return one.ID
}

// collect writes outcomes in bulk, off the sending path. What can not be written is sent again when its lease ends: at
// least once, never silently not at all.
func (d *Dispatcher) collect(ctx context.Context) {
	var batch []store.Completion
	flush := func() {
		if len(batch) == 0 {
			return
		}
		if err := d.Outbox.SystemComplete(ctx, batch); err != nil {
			slog.ErrorContext(ctx, "outcomes can not be written; these are sent again", "deliveries", len(batch), "error", err)
		}
		for _, c := range batch {
			d.leave(c.Service)
		}
		batch = batch[:0]
	}
	timer := time.NewTimer(flushAfter)
	defer timer.Stop()
	for {
		select {
		case c, open := <-d.results:
			if !open {
				flush()
				return
			}
			if batch = append(batch, c); len(batch) >= flushSize {
				flush()
			} else if len(batch) == 1 {
				timer.Reset(flushAfter)
			}
		case <-timer.C:
			flush()
		}
	}
}

// runJobs does what the clock asks for, one after the other; it answers how many there were.
func (d *Dispatcher) runJobs(ctx context.Context) int {
	jobs, err := d.Outbox.SystemClaimJobs(ctx, 20)
	if err != nil {
		if ctx.Err() == nil {
			slog.ErrorContext(ctx, "jobs can not be claimed", "error", err)
		}
		return 0
	}
	for _, j := range jobs {
		err := d.runJob(ctx, j)
		if err == nil {
			err = d.Outbox.SystemFinishJob(ctx, j)
		}
		if err != nil {
			slog.ErrorContext(ctx, "a job failed", "job", j.ID, "kind", j.Kind, "attempt", j.Attempts, "error", err)
			if err := d.Outbox.SystemRetryJob(context.WithoutCancel(ctx), j, err.Error()); err != nil {
				slog.ErrorContext(ctx, "a job could not be handed back", "job", j.ID, "error", err)
			}
		}
	}
	return len(jobs)
}

func (d *Dispatcher) runJob(ctx context.Context, j store.Job) error {
	switch j.Kind {
	case "publish":
		return d.Outbox.SystemPublish(ctx, j.SubjectID)
	case "escalate":
		_, err := d.Outbox.SystemEscalate(ctx, j.SubjectID, d.Mailer != nil)
		return err
	default:
		if err := d.Outbox.SystemRetain(ctx); err != nil || d.Sweep == nil {
			return err
		}
		return d.Sweep(ctx)
	}
}
