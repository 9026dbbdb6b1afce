package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
)

// A long life: so many older notices, all addressed to a few guardians.
const (
	historyLength = 10_000
	historyFirst  = 10_001 // numbers above those of the kitas
)

// readers are the guardians of kita number with a long list: the first have read it, the others not a word.
func (t *template) readers(number int) (have, haveNot []kita.ID) {
	for i, g := range t.guardians[:8] {
		if g = copyOf(g, number); i < 4 {
			have = append(have, g)
		} else {
			haveNot = append(haveNot, g)
		}
	}
	return have, haveNot
}

// writeHistory gives the readers of kita number 10,000 older notices: copies of one that they have received, a minute apart.
func (d database) writeHistory(ctx context.Context, t *template, number int) error {
	db, err := d.forLoading(ctx)
	if err != nil {
		return err
	}
	return errors.Join(d.loadHistory(ctx, db, t, number), db.Close())
}

func (d database) loadHistory(ctx context.Context, db *sqlx.DB, t *template, number int) error {
	have, haveNot := t.readers(number)
	if err := writeNumbers(ctx, db, historyFirst, historyLength); err != nil {
		return err
	}
	notice := copyOf(t.firstNotice(), number)
	const ofNotice = "(c.kita_id, c.notice_id) in (select n.kita_id, n.id from notices n where n.id = ?)"
	for _, step := range []struct {
		table, condition, opened string
		args                     []any
	}{
		{"notices", "c.id = ?", "", []any{notice}},
		{"recipients", ofNotice + " and c.account_id in (?)", "c.published_at", []any{notice, have}},
		{"recipients", ofNotice + " and c.account_id in (?)", "null", []any{notice, haveNot}},
		{"recipient_children", "(c.kita_id, c.recipient_id) in (select c.kita_id, c.id from recipients c where " + ofNotice + " and c.account_id in (?))", "",
			[]any{notice, append(have, haveNot...)}},
	} {
		columns := t.table(step.table).columns
		values := make([]string, len(columns))
		for i, c := range columns {
			switch {
			case slices.Contains([]string{"id", "notice_id", "recipient_id"}, c):
				values[i] = sqlCopyOf(c)
			case slices.Contains([]string{"created_at", "publish_at", "published_at"}, c):
				values[i] = "c." + c + " - 60000 * (x.n - 10000)"
			case c == "opened_at":
				values[i] = step.opened
			default:
				values[i] = "c." + c
			}
		}
		statement, args, err := sqlx.In("insert into "+step.table+" ("+strings.Join(columns, ", ")+") select "+strings.Join(values, ", ")+
			" from bench_numbers x cross join "+step.table+" c where "+step.condition, step.args...)
		if err != nil {
			return err
		}
		if _, err := db.ExecContext(ctx, db.Rebind(statement), args...); err != nil {
			return err
		}
	}
	if _, err := db.ExecContext(ctx, "drop table bench_numbers"); err != nil || !d.postgres() {
		return err
	}
	_, err := db.ExecContext(ctx, "analyze") // autovacuum would, within a minute
	return err
}

func (t *template) table(name string) templateTable {
	return t.tables[slices.IndexFunc(t.tables, func(one templateTable) bool { return one.name == name })]
}

// firstNotice is the oldest, and to the whole kita.
func (t *template) firstNotice() kita.ID { return kita.ID(t.table("notices").rows[0][0].(string)) }
