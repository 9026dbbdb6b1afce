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

// wholeEvening compares a million deliveries with ten thousand: memory, and how fast the last of them leave.
func (s suite) wholeEvening(ctx context.Context) (err error) {
	const few = 10_000 // more than is ever under way
	devices := s.devices
	o, err := s.outbox(ctx, "evening", devices, 0, pushLatency, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	measure := func(n int) (nodeReport, error) {
		if err := o.tell(n); err != nil {
			return nodeReport{}, err
		}
		runtime.GC()
		reports, _, err := o.service.runNodes(ctx, o.d, o.keys, 1, n)
		if err != nil {
			return nodeReport{}, err
		}
		if reports[0].Sent != n {
			return nodeReport{}, fmt.Errorf("%d pushes were sent, not %d", reports[0].Sent, n)
		}
		return reports[0], nil
	}
	brief, err := measure(few)
	if err != nil {
		return err
	}
	long, err := measure(s.evening)
	if err != nil {
		return err
	}
	each := func(r nodeReport) (time.Duration, time.Duration) {
		return r.Took / time.Duration(r.Sent), r.CPU / time.Duration(r.Sent)
	}
	wall, cpu := each(long)
	_, shortCPU := each(brief)
	memory := float64(long.Peak) / float64(brief.Peak)
	first, last := long.Tenths[0], long.Tenths[9]-long.Tenths[8]
	speed := float64(first) / float64(last)
	s.report.add(s.engine,
		line{what: fmt.Sprintf("memory, %d pushes (%d MB)", s.evening, long.Peak>>20), wall: wall, cpu: cpu, against: fmt.Sprintf("%d pushes (%d MB)", few, brief.Peak>>20),
			ratio: spread{memory, memory, memory}, cpuRatio: float64(cpu) / float64(shortCPU), expected: memoryStays},
		line{what: "the last tenth's speed", wall: last / time.Duration(s.evening/10), against: fmt.Sprintf("the first tenth's (%s each)", short(first/time.Duration(s.evening/10))),
			ratio: spread{speed, speed, speed}, expected: speedStays})
	return o.d.checkOutcomes(ctx, s.evening+few)
}
