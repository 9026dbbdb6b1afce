package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/store"
)

// size is how much is measured.
type size struct {
	// kitas are those of the databases that are compared, the fewest first.
	kitas []int
	// guardians take turns in opening their list, and the teams of so many kitas their day, openings times a round.
	guardians, teams, openings, listRounds int
	notices, publishRounds                 int
	// devices are those of one kita that is told something, town those of a whole one that is told at once: so many that what
	// begins and what ends it do not count.
	devices, town, pushRounds int
	// walledKitas are in the database that is read with row-level security and without.
	walledKitas int
	// waiting is how many ordinary pushes an urgent notice overtakes, shared what two nodes share, evening the deliveries of one of so many
	// evenings.
	waiting, shared, evening, evenings int
	// pagesOnly and wallOnly leave out the rest; so does sending, which names what is to be measured of it.
	pagesOnly, wallOnly bool
	sending             []string
	// only is the one engine to measure on; empty for both.
	only string
	// room is what all of it takes on the disk, in bytes.
	room uint64
}

var (
	full = size{kitas: []int{50, 500, 5000}, guardians: 500, teams: 50, openings: 200, listRounds: 25, notices: 10, publishRounds: 15,
		devices: 5000, town: 20_000, pushRounds: 5, walledKitas: 300, waiting: 100_000, shared: 10_000, evening: 1_000_000, evenings: 3, room: 30 << 30}
	quick = size{kitas: []int{5, 50}, guardians: 100, teams: 5, openings: 100, listRounds: 9, notices: 5, publishRounds: 7,
		devices: 2000, town: 5000, pushRounds: 3, walledKitas: 20, waiting: 20_000, shared: 4000, evening: 100_000, evenings: 1, room: 2 << 30}
)

// What is expected. Neither a page nor publishing may feel the other kitas, nor a list its own length; a notice is to cost
// little more than writing it down; and pushes are to leave side by side.
var (
	stays          = expectation{atMost: 1.3}
	publishIsLight = expectation{atMost: 2}
	sideBySide     = expectation{atLeast: 500}
	// with PostgreSQL, and all that it writes about each, on the same two cores
	besidePostgres = expectation{atLeast: 400}
	nearThinking   = expectation{atLeast: 0.75}
	nearAtOnce     = expectation{atLeast: 0.45}
	halfTheCPU     = expectation{atMost: 0.5}
	urgentIsFirst  = expectation{atMost: 2}
	memoryStays    = expectation{atMost: 1.3}
	speedStays     = expectation{atLeast: 0.9}
	nodesAddUp     = expectation{atLeast: 1.7}
	// half the work, and what each node does by itself
	halfEach = expectation{atMost: 0.55}
	none     = expectation{}
)

// suite is everything, on one engine.
type suite struct {
	size
	engine   string
	report   *report
	figures  *figuresFile
	template *template
	folder   string
	// create makes an empty database; fast has it filled without care for a power cut, and as durable as ever when done is called.
	create func(name string) (database, error)
	fast   func() (done func() error, err error)
}

// settlement is a house with so many kitas.
type settlement struct {
	*house
	kitas int
	d     database
}

func (s settlement) String() string { return fmt.Sprintf("%d kitas", s.kitas) }

func (s suite) run(ctx context.Context) (err error) {
	s.report.part = "wall"
	if s.engine == "postgres" && !s.pagesOnly && len(s.sending) == 0 {
		if err := s.behindTheWall(ctx); err != nil {
			return err
		}
	}
	if s.wallOnly {
		return nil
	}
	if !s.pagesOnly {
		if err := s.send(ctx); err != nil || len(s.sending) > 0 {
			return err
		}
	}
	s.report.part = "pages"
	all, err := s.settle(ctx)
	defer func() {
		for _, x := range all {
			err = errors.Join(err, x.close())
		}
	}()
	if err == nil {
		err = s.lists(ctx, all)
	}
	if err == nil {
		err = s.days(ctx, all)
	}
	if err == nil {
		err = s.publishing(ctx, all)
	}
	if err == nil {
		err = s.answers(ctx, all[len(all)-1])
	}
	return err
}

// settle makes the databases, and opens a house on each.
func (s suite) settle(ctx context.Context) (all []settlement, err error) {
	done, err := s.fast()
	if err != nil {
		return nil, err
	}
	s.figures.of(s.engine).Kitas = s.kitas[len(s.kitas)-1]
	var filled []settlement
	for _, n := range s.kitas {
		x := settlement{kitas: n}
		if x.d, err = s.create(fmt.Sprintf("kitas-%d", n)); err == nil {
			err = x.d.fill(ctx, s.template, n)
		}
		if err == nil {
			err = s.weigh(ctx, x.d, n)
		}
		if err == nil && n == s.kitas[0] {
			err = x.d.writeHistory(ctx, s.template, n)
		}
		if err != nil {
			return nil, errors.Join(err, done())
		}
		filled = append(filled, x)
	}
	if err := done(); err != nil {
		return nil, err
	}
	for _, x := range filled {
		if x.house, err = open(ctx, x.d.options(), s.folder); err != nil {
			return all, err
		}
		all = append(all, x)
	}
	return all, nil
}

// weigh notes what a notice takes in the database: all of a house, of which nearly all are notices, by how many there are.
func (s suite) weigh(ctx context.Context, d database, kitas int) error {
	bytes, err := d.size(ctx)
	s.figures.of(s.engine).NoticeBytes = math.Round(float64(bytes) / float64(kitas*(kitaNotices+groupNotices)))
	return err
}

// grows compares what was measured in the larger houses with the smallest.
func (s suite) grows(runners []*runner) {
	for _, r := range runners[1:] {
		s.report.add(s.engine, costs(r, runners[0], stays))
	}
}

// lists compares guardians' lists: in houses of each size, and short and long.
func (s suite) lists(ctx context.Context, all []settlement) error {
	small := all[0]
	var inEach []*runner
	for _, x := range all {
		among := x.kitas
		if x.kitas == small.kitas {
			among-- // its last kita has the long lists
		}
		sessions, err := x.guardians(ctx, s.template, among, s.guardians)
		if err == nil {
			err = x.checkFeed(sessions)
		}
		if err != nil {
			return err
		}
		inEach = append(inEach, x.feed("list, "+x.String(), s.openings, sessions))
	}
	var lengths []*runner
	readers, others := s.template.readers(small.kitas)
	for _, of := range []struct {
		name     string
		accounts []kita.ID
	}{{"list of 10,000 notices", readers}, {"list of 10,000 unread notices", others}} {
		sessions, err := small.signInAll(ctx, of.accounts)
		if err == nil {
			err = small.checkFeed(sessions)
		}
		if err != nil {
			return err
		}
		lengths = append(lengths, small.feed(of.name, s.openings, sessions))
	}
	empty, stop := emptyEcho(s.openings)
	defer stop()
	if err := race(ctx, "lists", s.listRounds, slices.Concat([]*runner{empty}, inEach, lengths)...); err != nil {
		return err
	}
	s.report.add(s.engine, costs(inEach[0], empty, none))
	s.grows(inEach)
	s.figures.keep(s.engine, "list", inEach[len(inEach)-1])
	for _, long := range lengths {
		s.report.add(s.engine, costs(long, inEach[0], stays))
	}
	return nil
}

// days compares the team's page of the day in houses of each size.
func (s suite) days(ctx context.Context, all []settlement) error {
	var inEach []*runner
	for _, x := range all {
		team, err := x.onDuty(ctx, s.template, x.kitas, s.teams)
		if err == nil {
			err = x.checkToday(team)
		}
		if err != nil {
			return err
		}
		inEach = append(inEach, x.today("today, "+x.String(), s.openings, team))
	}
	if err := race(ctx, "today", s.listRounds, inEach...); err != nil {
		return err
	}
	s.figures.keep(s.engine, "today", inEach[len(inEach)-1])
	s.grows(inEach)
	return nil
}

// publishing compares posting a notice to 200 guardians in houses of each size, and with inserting its rows.
func (s suite) publishing(ctx context.Context, all []settlement) error {
	var inEach []*runner
	var rows publishedRows
	for i, x := range all {
		desk, err := x.desk(ctx)
		if err != nil {
			return err
		}
		if i == 0 {
			first, err := desk.publish()
			if err != nil {
				return err
			}
			if rows, err = x.d.readPublished(ctx, first); err != nil {
				return err
			}
		}
		inEach = append(inEach, desk.runner(fmt.Sprintf("publish to %d, %s", audience, x), s.notices))
	}
	plain := rows.runner("the same rows, inserted", s.notices)
	if err := errors.Join(race(ctx, "publishing", s.publishRounds, append(inEach, plain)...), rows.db.Close()); err != nil {
		return err
	}
	s.figures.keep(s.engine, "publish", inEach[len(inEach)-1])
	s.report.add(s.engine, costs(inEach[0], plain, publishIsLight))
	s.grows(inEach)
	return nil
}

// send measures what leaves: what is named, or all but the evening.
func (s suite) send(ctx context.Context) error {
	all := []struct {
		name string
		run  func(context.Context) error
	}{{"pushes", s.pushes}, {"urgent", s.urgent}, {"nodes", s.nodes}, {"streams", s.streams}, {"evening", s.wholeEvening}}
	for _, x := range all {
		if slices.Contains(s.sending, x.name) || len(s.sending) == 0 && x.name != "evening" {
			s.report.part = x.name
			if err := x.run(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// pushes compares the dispatcher with webpush-go in a plain loop.
func (s suite) pushes(ctx context.Context) error {
	for _, latency := range []time.Duration{pushLatency, 0} {
		d, err := s.create(fmt.Sprintf("pushes-%d", latency.Milliseconds()))
		if err != nil {
			return err
		}
		st, err := store.Open(ctx, d.options())
		if err != nil {
			return err
		}
		if err := errors.Join(s.push(ctx, d, st, latency), st.Close()); err != nil {
			return err
		}
	}
	return nil
}

// push lets the server push beside the plain loop, webpush-go side by side, and the limit, to a service that thinks for latency.
func (s suite) push(ctx context.Context, d database, st *store.Store, latency time.Duration) error {
	keys, err := notify.NewKeys()
	if err != nil {
		return err
	}
	service, err := startPushService(ctx, keys, s.town, latency, 0)
	if err != nil {
		return err
	}
	ours, err := service.fanOut(ctx, st, keys)
	if err == nil {
		err = d.analyze(ctx)
	}
	if err != nil {
		return errors.Join(err, service.stop())
	}
	limit, err := service.limit(ctx, keys)
	if err != nil {
		return errors.Join(err, service.stop())
	}
	wire, err := service.wire(ctx, keys)
	if err != nil {
		return errors.Join(err, service.stop())
	}
	loop, beside := service.loop(ctx, keys), service.sideBySide(ctx, keys)
	err = race(ctx, fmt.Sprintf("pushes at %d ms", latency.Milliseconds()), s.pushRounds, loop, wire, ours, beside, limit)
	if err := errors.Join(err, service.stop()); err != nil {
		return err
	}
	ours.name += fmt.Sprintf(" at %d ms", latency.Milliseconds())
	wire.name += fmt.Sprintf(" at %d ms", latency.Milliseconds())
	near := nearAtOnce
	if latency > 0 {
		s.figures.keep(s.engine, "push", ours)
		near = nearThinking
		whole := sideBySide
		if d.postgres() {
			whole = besidePostgres
		}
		s.report.add(st.Engine(), faster(wire, loop, sideBySide), faster(ours, loop, whole))
	}
	// What is judged is the wire, as the limit and webpush-go know of no database either; what the whole costs stands beside it.
	s.report.add(st.Engine(), faster(wire, limit, near), faster(ours, limit, none))
	light := costs(wire, beside, none)
	light.cpuExpected = halfTheCPU
	s.report.add(st.Engine(), light, costs(ours, beside, none))
	return d.checkOutcomes(ctx, (s.pushRounds+1)*s.town)
}
