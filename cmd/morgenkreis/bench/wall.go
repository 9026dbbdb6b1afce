package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/jmoiron/sqlx"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// wallCosts is how many times as long a page may take behind row-level security as without: a feed is what everybody opens.
var wallCosts = expectation{atMost: 2}

// page is a list that somebody opens all day.
type page struct {
	name     string
	path     func(of walker) string
	walkers  []walker
	expected expectation
}

// walker is somebody who opens a page: an account, its kita, and a notice of that kita.
type walker struct {
	Account kita.ID `db:"account_id"`
	Kita    kita.ID `db:"kita_id"`
	Notice  kita.ID `db:"notice_id"`

	session string
}

// walkersOf draws accounts that are the same at each run.
const walkersOf = `
select p.account_id, p.kita_id, (select n.id from notices n where n.kita_id = p.kita_id order by n.publish_at desc limit 1) as notice_id
from   %s p
where  p.account_id is not null and %s
order  by md5(p.id)
limit  40`

// behindTheWall compares pages read behind row-level security with the same pages without, on one PostgreSQL database.
func (s suite) behindTheWall(ctx context.Context) error {
	d, err := s.create("wall")
	if err != nil {
		return err
	}
	if err := d.fill(ctx, s.template, s.walledKitas); err != nil {
		return err
	}
	with, err := open(ctx, d.options(), s.folder)
	if err != nil {
		return err
	}
	without, err := open(ctx, storetest.WithoutWall(d.options()), s.folder)
	if err != nil {
		return errors.Join(err, with.close())
	}
	if !with.store.Walled() || without.store.Walled() {
		return errors.New("nothing to compare: the wall stands on both sides, or on none")
	}
	err = s.pages(ctx, d, with, without)
	return errors.Join(err, with.close(), without.close())
}

func (s suite) pages(ctx context.Context, d database, with, without *house) error {
	db, err := sqlx.ConnectContext(ctx, "pgx", d.url)
	if err != nil {
		return err
	}
	defer db.Close()
	drawn := func(table, condition string) (all []walker, err error) {
		if err = db.SelectContext(ctx, &all, fmt.Sprintf(walkersOf, table, condition)); err != nil {
			return nil, err
		}
		for i := range all {
			// One database: the session holds at both.
			if all[i].session, err = with.signIn(ctx, all[i].Account); err != nil {
				return nil, err
			}
		}
		return all, nil
	}
	guardians, err1 := drawn("guardians", "p.archived_at is null")
	leaders, err2 := drawn("staff", "p.role = 'leader'")
	educators, err3 := drawn("staff", "p.role = 'educator'")
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	fixed := func(path string) func(walker) string { return func(walker) string { return handlers.Prefix + path } }
	today := func(w walker) string { return handlers.Prefix + "/absences/today?kita_id=" + string(w.Kita) }
	people := func(w walker) string { return handlers.Prefix + "/guardians?kita_id=" + string(w.Kita) }
	ledger := func(w walker) string { return handlers.Prefix + "/notices/" + string(w.Notice) + "/recipients" }
	for _, p := range []page{
		{"a guardian's feed", fixed("/notices?limit=20"), guardians, wallCosts},
		{"a guardian's children", fixed("/children?mine=true"), guardians, none},
		{"a leader's today", today, leaders, none},
		{"an educator's today", today, educators, none},
		{"a leader's children", fixed("/children"), leaders, none},
		{"an educator's children", fixed("/children"), educators, none},
		{"a leader's guardians", people, leaders, none},
		{"an educator's guardians", people, educators, none},
		{"a leader's notices", fixed("/notices?box=posted"), leaders, none},
		{"an educator's notices", fixed("/notices?box=posted"), educators, none},
		{"a leader's ledger", ledger, leaders, none},
	} {
		behind := with.opening(p, p.name+", with row-level security", s.openings)
		before := without.opening(p, p.name+", without", s.openings)
		if err := race(ctx, p.name, s.listRounds, behind, before); err != nil {
			return err
		}
		s.report.add(with.store.Engine(), costs(behind, before, p.expected))
	}
	return nil
}

// opening is a runner that opens the page of one after the other.
func (h *house) opening(p page, name string, requests int) *runner {
	next := 0
	return &runner{name: name, ops: requests, run: func() error {
		for range requests {
			w := p.walkers[next%len(p.walkers)]
			if _, err := h.call("GET", p.path(w), w.session, nil, http.StatusOK); err != nil {
				return err
			}
			next++
		}
		return nil
	}}
}
