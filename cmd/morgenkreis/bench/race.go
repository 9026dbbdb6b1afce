package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"time"
)

// runner is one of several ways to do something, measured side by side.
type runner struct {
	name string
	// ops is how many operations one call of run does.
	ops int
	// before is done ahead of each call of run, and not measured; nil for nothing.
	before func() error
	run    func() error

	// own and ownCPU, when a run sets them, are what it took, instead of what is seen from here: of processes of its own.
	own, ownCPU time.Duration

	wall, cpu, database []time.Duration // per operation, one entry a round
}

// databaseTime is what PostgreSQL has had of the processors; where the database is in this process it has none of its own.
var databaseTime = func() (time.Duration, error) { return 0, nil }

// race lets the runners go one after the other, rounds times, each round beginning with another one: what else the machine
// does meets all of them. A first round warms up and does not count.
func race(ctx context.Context, what string, rounds int, runners ...*runner) error {
	p := newProgress(what, (rounds+1)*len(runners))
	defer p.end()
	for round := range rounds + 1 {
		for i := range runners {
			r := runners[(round+i)%len(runners)]
			wall, cpu, database, err := r.once()
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("%s: %s: %w", what, r.name, err)
			}
			if round > 0 {
				r.wall, r.cpu, r.database = append(r.wall, wall), append(r.cpu, cpu), append(r.database, database)
			}
			p.step()
		}
	}
	return nil
}

func (r *runner) once() (wall, cpu, database time.Duration, err error) {
	if r.before != nil {
		if err := r.before(); err != nil {
			return 0, 0, 0, err
		}
	}
	runtime.GC() // nobody sweeps what another has left
	before, err := databaseTime()
	if err != nil {
		return 0, 0, 0, err
	}
	spent, start := processTime(), time.Now()
	err = r.run()
	wall, cpu = time.Since(start), processTime()-spent
	after, err2 := databaseTime()
	n := time.Duration(r.ops)
	if r.own > 0 {
		wall, cpu = r.own, r.ownCPU
	}
	return wall / n, cpu / n, (after - before) / n, errors.Join(err, err2)
}

// processTime is what this process has had of the processors, in and for it.
func processTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // only a wrong pointer can be its reason
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// spread is the middle of some values, with the least and the greatest.
type spread struct{ median, least, greatest float64 }

// ratios are a to b, round by round: what slowed a round down slowed both.
func ratios[T ~int64](a, b []T) spread {
	all := make([]float64, len(a))
	for i := range a {
		all[i] = float64(a[i]) / float64(max(b[i], 1))
	}
	return spread{median(all), slices.Min(all), slices.Max(all)}
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
