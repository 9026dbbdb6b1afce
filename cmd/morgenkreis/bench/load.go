package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// database is where a benchmark works: a SQLite file or a PostgreSQL database.
type database struct {
	path, url string
}

func (d database) options() store.Options {
	return store.Options{Path: d.path, URL: d.url, Clock: time.Now}
}

func (d database) postgres() bool { return d.url != "" }

func (d database) name() string {
	if d.postgres() {
		return "PostgreSQL"
	}
	return "SQLite"
}

// forLoading is one connection that writes as fast as it can: nothing but this process needs the rows yet.
func (d database) forLoading(ctx context.Context) (*sqlx.DB, error) {
	driver, address := "sqlite3", "file:"+d.path
	prepare := []string{"pragma journal_mode = off", "pragma synchronous = off", "pragma cache_size = -1000000", "pragma threads = 2"}
	if d.postgres() {
		driver, address = "pgx", d.url
		prepare = []string{"set session_replication_role = replica", "set synchronous_commit = off", "set maintenance_work_mem = '1GB'"}
	}
	db, err := sqlx.ConnectContext(ctx, driver, address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	for _, statement := range prepare {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return nil, errors.Join(err, db.Close())
		}
	}
	return db, nil
}

// drop removes d, with all that PostgreSQL would still do for it.
func (d database) drop(ctx context.Context) error {
	if !d.postgres() {
		return errors.Join(os.Remove(d.path), os.RemoveAll(d.path+"-wal"), os.RemoveAll(d.path+"-shm"))
	}
	at, err := pgx.ParseConfig(d.url)
	if err != nil {
		return err
	}
	name := pgx.Identifier{at.Database}.Sanitize()
	at.Database = "postgres"
	db := stdlib.OpenDB(*at)
	_, err = db.ExecContext(ctx, "drop database "+name+" with (force)")
	return errors.Join(err, db.Close())
}

// size is what d takes on the disk, in bytes.
func (d database) size(ctx context.Context) (n int64, err error) {
	if !d.postgres() {
		info, err := os.Stat(d.path)
		if err != nil {
			return 0, err
		}
		return info.Size(), nil
	}
	db, err := sqlx.ConnectContext(ctx, "pgx", d.url)
	if err != nil {
		return 0, err
	}
	err = db.GetContext(ctx, &n, "select pg_database_size(current_database())")
	return n, errors.Join(err, db.Close())
}

// careless has the server write without waiting for the disk until done is called: then everything is on it, and it waits again.
func careless(ctx context.Context, server storetest.Server) (done func() error, err error) {
	address, err := server.NewDatabase()
	if err != nil {
		return nil, err
	}
	db, err := sqlx.ConnectContext(ctx, "pgx", address)
	if err != nil {
		return nil, err
	}
	tell := func(ctx context.Context, statements ...string) error {
		for _, statement := range statements {
			if _, err := db.ExecContext(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	}
	done = func() error {
		err := tell(context.WithoutCancel(ctx), "alter system reset fsync", "alter system reset full_page_writes", "select pg_reload_conf()", "checkpoint")
		return errors.Join(err, db.Close())
	}
	if err := tell(ctx, "alter system set fsync = off", "alter system set full_page_writes = off", "select pg_reload_conf()"); err != nil {
		return nil, errors.Join(err, done())
	}
	return done, nil
}

// index is one that is made after the rows are there.
type index struct{ Name, SQL string }

// laterIndexes are those that rows written in the order of time and kita would touch all over the place: sorting once is
// cheaper. The others grow at their ends.
func (d database) laterIndexes(ctx context.Context, db *sqlx.DB) ([]index, error) {
	query := "select name, sql from sqlite_master where type = 'index' and sql is not null order by name"
	if d.postgres() {
		query = `select indexname as name, indexdef as sql from pg_indexes where schemaname = current_schema()
and indexname not in (select conname from pg_constraint) order by 1`
	}
	var all []index
	err := db.SelectContext(ctx, &all, query)
	return slices.DeleteFunc(all, func(i index) bool {
		return strings.Contains(i.SQL, "(kita_id") || strings.Contains(i.SQL, "(notice_id")
	}), err
}

// fill writes kitas 1 to count, all copies of t, into d, which does not exist yet, in the order in which 5,000 kitas
// would have written side by side: by time, then by kita.
func (d database) fill(ctx context.Context, t *template, count int) error {
	s, err := store.Open(ctx, d.options())
	if err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	db, err := d.forLoading(ctx)
	if err != nil {
		return err
	}
	return errors.Join(d.load(ctx, db, t, count), db.Close())
}

func (d database) load(ctx context.Context, db *sqlx.DB, t *template, count int) error {
	later, err := d.laterIndexes(ctx, db)
	if err != nil {
		return err
	}
	for _, i := range later {
		if _, err := db.ExecContext(ctx, "drop index "+i.Name); err != nil {
			return err
		}
	}
	if err := writeNumbers(ctx, db, 1, count); err != nil {
		return err
	}
	p := newProgress(fmt.Sprintf("%s: writing %d kitas", d.name(), count), t.steps()+len(later))
	defer p.end()
	for _, table := range t.tables {
		if err := table.copy(ctx, db, p); err != nil {
			return fmt.Errorf("%s: %w", table.name, err)
		}
	}
	for _, i := range later {
		if _, err := db.ExecContext(ctx, i.SQL); err != nil {
			return err
		}
		p.step()
	}
	if _, err := db.ExecContext(ctx, "drop table bench_numbers"); err != nil {
		return err
	}
	if d.postgres() { // autovacuum would, within a minute
		if _, err := db.ExecContext(ctx, "vacuum analyze"); err != nil {
			return err
		}
	}
	return nil
}

// writeNumbers puts count numbers, from first on, beside their four hexadecimal digits.
func writeNumbers(ctx context.Context, db *sqlx.DB, first, count int) error {
	if _, err := db.ExecContext(ctx, "create table bench_numbers (n bigint primary key, hex text not null)"); err != nil {
		return err
	}
	type number struct {
		N   int
		Hex string
	}
	var all []number
	for n := first; n < first+count; n++ {
		all = append(all, number{n, fmt.Sprintf("%04x", n)})
	}
	for chunk := range slices.Chunk(all, 500) {
		if _, err := db.NamedExecContext(ctx, "insert into bench_numbers (n, hex) values (:n, :hex)", chunk); err != nil {
			return err
		}
	}
	return nil
}

// steps is how many statements copy t.
func (t *template) steps() (n int) {
	for _, table := range t.tables {
		n += len(table.distinctSlots())
	}
	return n
}

func (t templateTable) distinctSlots() []string {
	slots := slices.Sorted(slices.Values(t.slots))
	return slices.Compact(slots)
}

// copy writes the table's rows once for each number.
func (t templateTable) copy(ctx context.Context, db *sqlx.DB, p *progress) error {
	if err := t.stage(ctx, db); err != nil {
		return err
	}
	values := make([]string, len(t.columns))
	for i, c := range t.columns {
		switch {
		case t.ids[c]:
			values[i] = sqlCopyOf(c)
		case t.unique[c]:
			values[i] = "x.hex || c." + c
		default:
			values[i] = "c." + c
		}
	}
	statement := db.Rebind("insert into " + t.name + " (" + strings.Join(t.columns, ", ") + ") select " + strings.Join(values, ", ") +
		" from bench_numbers x cross join bench_rows c where c.bench_slot = ? order by x.n, c.bench_place")
	for _, slot := range t.distinctSlots() {
		if _, err := db.ExecContext(ctx, statement, slot); err != nil {
			return err
		}
		p.step()
	}
	_, err := db.ExecContext(ctx, "drop table bench_rows")
	return err
}

// stage puts the rows of the template into bench_rows.
func (t templateTable) stage(ctx context.Context, db *sqlx.DB) error {
	for _, statement := range []string{
		"create table bench_rows as select '' as bench_slot, 0 as bench_place, c.* from " + t.name + " c where 1 = 0",
		"create index bench_rows_slot on bench_rows (bench_slot, bench_place)",
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	insert, err := db.PreparexContext(ctx, db.Rebind("insert into bench_rows (bench_slot, bench_place, "+strings.Join(t.columns, ", ")+") values (?, ?"+
		strings.Repeat(", ?", len(t.columns))+")"))
	if err != nil {
		return err
	}
	defer insert.Close()
	for i, row := range t.rows {
		if _, err := insert.ExecContext(ctx, append([]any{t.slots[i], i}, row...)...); err != nil {
			return err
		}
	}
	return nil
}
