package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"morgenkreis/notify"
	"morgenkreis/store"
)

// nodeStreams are the streams that a push service permits on a connection where two nodes share it: what one node can have
// under way is then the limit, and not what it can compute.
const nodeStreams = 4

// outbox is a database with people whose devices are at a push service.
type outbox struct {
	d       database
	st      *store.Store
	service *pushService
	keys    notify.Keys
	post    func() error // tells all of them something
	spare   []device     // of nobody
}

// outbox makes one, with devices, and as many more to spare; close ends it.
func (s suite) outbox(ctx context.Context, name string, devices, spare int, latency time.Duration, streams int) (o *outbox, err error) {
	o = &outbox{}
	if o.keys, err = notify.NewKeys(); err != nil {
		return nil, err
	}
	if o.d, err = s.create(name); err != nil {
		return nil, err
	}
	if o.st, err = store.Open(ctx, o.d.options()); err != nil {
		return nil, err
	}
	if o.service, err = startPushService(ctx, o.keys, devices+spare, latency, streams); err != nil {
		return nil, errors.Join(err, o.st.Close())
	}
	o.spare, o.service.devices = o.service.devices[devices:], o.service.devices[:devices]
	r, err := o.service.fanOut(ctx, o.st, o.keys)
	if err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.post = r.before
	return o, nil
}

func (o *outbox) close() error { return errors.Join(o.service.stop(), o.st.Close()) }

// tell posts until n pushes are due.
func (o *outbox) tell(n int) error {
	devices := len(o.service.devices)
	p := newProgress(fmt.Sprintf("an evening of %d", n), n/devices)
	defer p.end()
	for range n / devices {
		if err := o.post(); err != nil {
			return err
		}
		p.step()
	}
	return nil
}

// again makes all deliveries due once more, as if nothing had been sent.
func (o *outbox) again(ctx context.Context) error {
	db, err := o.d.likeServer(ctx)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `update deliveries set finished_at = null, outcome = '', leased_until = 0, attempts = 0, status = 0`)
	return errors.Join(err, db.Close())
}

// nodes compares one node with two that share the work, where the push service is the limit.
func (s suite) nodes(ctx context.Context) (err error) {
	if s.engine != "postgres" {
		return nil
	}
	o, err := s.outbox(ctx, "nodes", s.devices, 0, pushLatency, nodeStreams)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	for range s.shared / s.devices {
		if err := o.post(); err != nil {
			return err
		}
	}
	with := func(n int) *runner {
		r := &runner{name: fmt.Sprintf("%d nodes, %d pushes", n, s.shared), ops: s.shared, before: func() error { return o.again(ctx) }}
		r.run = func() error {
			reports, _, err := o.service.runNodes(ctx, o.d, o.keys, n, 0)
			sent := 0
			r.own, r.ownCPU = 0, 0
			for _, x := range reports {
				sent += x.Sent
				r.own = max(r.own, x.Took)
				r.ownCPU = max(r.ownCPU, x.CPU)
			}
			if err == nil && sent != s.shared {
				err = fmt.Errorf("%d pushes were sent, not %d: %+v", sent, s.shared, reports)
			}
			return err
		}
		return r
	}
	one, two := with(1), with(2)
	if err := race(ctx, "two nodes", s.pushRounds, one, two); err != nil {
		return err
	}
	share := costs(two, one, none)
	share.what, share.cpuExpected = "the busier of 2 nodes", halfEach
	s.report.add(s.engine, faster(two, one, nodesAddUp), share)
	return nil
}

// few pushes are more than are ever under way.
const few = 10_000

// evening is how a node sent few pushes, and another all those of an evening, from one database.
type evening struct{ brief, long nodeReport }

// wholeEvening compares a million deliveries with ten thousand: memory, and how fast the last of them leave.
func (s suite) wholeEvening(ctx context.Context) error {
	var brief, long runner // a round is an evening; each is one push
	var first, last runner // of the long one
	var peaks, briefPeaks []int64
	for range s.evenings {
		e, err := s.oneEvening(ctx)
		if err != nil {
			return err
		}
		brief.took(e.brief.Took, e.brief.CPU, e.brief.Sent)
		long.took(e.long.Took, e.long.CPU, e.long.Sent)
		tenths, spent := e.long.Tenths, e.long.Spent
		first.took(tenths[0], spent[0], s.evening/10)
		last.took(tenths[9]-tenths[8], spent[9]-spent[8], s.evening/10)
		peaks, briefPeaks = append(peaks, e.long.Peak), append(briefPeaks, e.brief.Peak)
	}
	memory := costs(&long, &brief, memoryStays)
	memory.what = fmt.Sprintf("memory, %d pushes (%d MB)", s.evening, median(peaks)>>20)
	memory.against = fmt.Sprintf("%d pushes (%d MB)", few, median(briefPeaks)>>20)
	memory.ratio = ratios(peaks, briefPeaks)
	speed := faster(&last, &first, speedStays)
	speed.what = "the last tenth's speed"
	speed.against = fmt.Sprintf("the first tenth's (%s each)", short(median(first.wall)))
	s.report.add(s.engine, memory, speed)
	return nil
}

// oneEvening is one, in a database of its own.
func (s suite) oneEvening(ctx context.Context) (e evening, err error) {
	o, err := s.outbox(ctx, "evening", s.devices, 0, pushLatency, 0)
	if err != nil {
		return e, err
	}
	defer func() { err = errors.Join(err, o.close(), o.d.drop(context.WithoutCancel(ctx))) }()
	for _, part := range []struct {
		pushes int
		report *nodeReport
	}{{few, &e.brief}, {s.evening, &e.long}} {
		if err := o.tell(part.pushes); err != nil {
			return e, err
		}
		runtime.GC()
		reports, _, err := o.service.runNodes(ctx, o.d, o.keys, 1, part.pushes)
		if err != nil {
			return e, err
		}
		if *part.report = reports[0]; part.report.Sent != part.pushes {
			return e, fmt.Errorf("%d pushes were sent, not %d", part.report.Sent, part.pushes)
		}
	}
	return e, o.d.checkOutcomes(ctx, s.evening+few)
}

// took adds a round of n that was not run here.
func (r *runner) took(wall, cpu time.Duration, n int) {
	r.wall, r.cpu = append(r.wall, wall/time.Duration(n)), append(r.cpu, cpu/time.Duration(n))
}
