package store

import (
	"context"
	"database/sql"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
)

// outbox is what those who send read and write with. Their statements are few, are asked for thousands of rows at a time, and
// find each by its key: what may be said once of how to go about one is not to be found out for every batch.
type outbox struct {
	reader, writer *sqlx.DB
	batches        batches
}

// batches are how a whole batch is put into one statement.
type batches interface {
	// among has each list of ids among args be the set that an `in (?)` of the statement asks for.
	among(statement string, args []any) (string, []any, error)
	// tried is a table of what became of tries: id, lease, retry_at, status, shorten.
	tried(all []Completion) (table string, args []any)
	// take claims up to limit of one service's for lease, rank by rank, and reads what it took.
	take(ctx context.Context, s *Store, of []head, limit int, lease time.Duration) ([]Delivery, error)
}

// outbox is the two pools there are; a third could not write beside them.
func (e sqliteEngine) outbox(writer, reader *sqlx.DB) (outbox, error) {
	return outbox{reader, writer, e}, nil
}

// among makes the places for a list as many as the next power of two: few statements, each of which is compiled once. What is
// there twice is the same set.
func (sqliteEngine) among(statement string, args []any) (string, []any, error) {
	args = slices.Clone(args)
	for i, a := range args {
		if ids, is := a.([]kita.ID); is && len(ids) > 0 {
			places := make([]kita.ID, 1<<bits.Len(uint(len(ids)-1)))
			for k := range places {
				places[k] = ids[k%len(ids)]
			}
			args[i] = places
		}
	}
	return sqlx.In(statement, args...)
}

func (sqliteEngine) tried(all []Completion) (string, []any) {
	const row = "(cast(? as text), cast(? as bigint), cast(? as bigint), cast(? as bigint), cast(? as boolean))"
	var args []any
	for _, c := range all {
		args = append(args, c.ID, c.Lease, c.RetryAt, c.Status, c.Shorten)
	}
	return "values " + strings.Join(slices.Repeat([]string{row}, len(all)), ", "), args
}

// outboxConnections are one for each of some push services that is asked about, for what is taken and for what is noted.
const outboxConnections = 8

// outbox has connections of its own: the pushes of a city do not wait for those of people, nor people for them. Each statement is
// planned once on each, for whatever ids it is asked: to plan the question whether a push is still wanted takes PostgreSQL
// ten times as long as to answer it for 64. A plan that is kept must not be one that reads a whole table because the table was
// small that day, so the planner is told to go by keys. No connection is made until somebody sends.
func (e postgresEngine) outbox(_, _ *sqlx.DB) (outbox, error) {
	c, err := pgx.ParseConfig(e.url)
	if err != nil {
		return outbox{}, err
	}
	c.RuntimeParams["jit"] = "off"
	e.lookout.over(c)
	db := sqlx.NewDb(stdlib.OpenDB(*c, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "set plan_cache_mode = force_generic_plan; set enable_seqscan = off; set enable_hashjoin = off; set enable_mergejoin = off")
		return err
	})), "pgx")
	db.SetMaxOpenConns(outboxConnections)
	db.SetMaxIdleConns(outboxConnections)
	return outbox{db, db, e}, nil
}

// among sends a list as one array: one statement for lists of any length, of which PostgreSQL keeps the plan.
func (postgresEngine) among(statement string, args []any) (string, []any, error) {
	args = slices.Clone(args)
	for i, a := range args {
		if ids, is := a.([]kita.ID); is {
			args[i] = texts(ids)
		}
	}
	return strings.ReplaceAll(statement, "in (?)", "= any(cast(? as text[]))"), args, nil
}

func texts(ids []kita.ID) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = string(id)
	}
	return all
}

func (postgresEngine) tried(all []Completion) (string, []any) {
	ids, leases, retries := make([]string, len(all)), make([]int64, len(all)), make([]int64, len(all))
	statuses, shorten := make([]int64, len(all)), make([]bool, len(all))
	for i, c := range all {
		ids[i], leases[i], retries[i], statuses[i], shorten[i] = string(c.ID), c.Lease.UnixMilli(), c.RetryAt.UnixMilli(), int64(c.Status), c.Shorten
	}
	return "select * from unnest(cast(? as text[]), cast(? as bigint[]), cast(? as bigint[]), cast(? as bigint[]), cast(? as boolean[]))",
		[]any{ids, leases, retries, statuses, shorten}
}

// close ends the connections that are its own.
func (o outbox) close(s *Store) error {
	if o.writer == nil || o.writer == s.writer {
		return nil
	}
	return o.writer.Close()
}

// listAmong is list with each list of ids among args a set.
func listAmong[T any](ctx context.Context, o outbox, q query, statement string, args ...any) ([]T, error) {
	statement, args, err := o.batches.among(statement, args)
	if err != nil {
		return nil, err
	}
	return list[T](ctx, q, statement, args...)
}

// execAmong is exec with each list of ids among args a set.
func (tx *Tx) execAmong(statement string, args ...any) (int64, error) {
	statement, args, err := tx.s.outbox.batches.among(statement, args)
	if err != nil {
		return 0, err
	}
	return tx.exec(statement, args...)
}

// send is writeAs for those who send.
func (s *Store) send(ctx context.Context, o *sql.TxOptions, f func(tx *Tx) error) error {
	return s.writeOn(ctx, s.outbox.writer, o, f)
}
