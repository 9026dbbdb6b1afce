// Package store is every line of SQL. Functions that act for a person take a kita.Viewer first and are narrowed by it
// in SQL; functions that act for the house itself are named System…, and are called from notify and cmd alone.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/store/internal/unnarrowed"
)

// Options are what a store takes from outside: where the data is, the clock, and chance.
type Options struct {
	// Path is the SQLite file; URL, when set, is a PostgreSQL address and Path is not used.
	Path  string
	URL   string
	Clock func() time.Time
	NewID func() kita.ID

	// Unnarrowed is for tests alone: nobody else can name its type.
	Unnarrowed *unnarrowed.Switch

	ladder *ladder // nil: ours; tests have others
	moving bool    // open also what is half moved
	// rehearsed, in tests, tells whether a transaction is to fail at its commit, as it may on PostgreSQL, and be tried again.
	rehearsed func() bool
}

// Store is the database, with one handle to read and one to write.
type Store struct {
	reader
	writer *sqlx.DB
	engine engine
	ladder ladder
	clock  func() time.Time
	newID  func() kita.ID
	hub    *hub
	wire   wire
	outbox outbox
	wall   *wall // nil: there is none
	bare   *unnarrowed.Switch
	ending sync.WaitGroup // of what is read behind the wall
	turns  turns
	haste  *Haste

	rehearsed func() bool
}

// reader can only read: on SQLite its connections are query_only, on PostgreSQL its transactions are read only.
type reader struct{ db *sqlx.DB }

// Tx is one writing transaction. Nothing inside it talks to the network; what must follow from it is a row in it.
type Tx struct {
	*sqlx.Tx
	s   *Store
	ctx context.Context
	now kita.Instant
	// changes are told when the transaction commits.
	changes []kita.Change

	// behind the wall is where the transaction is, for viewer, after so many entries; lost is why it could not go where it
	// was to go.
	behind  bool
	viewer  kita.ID
	entries int
	lost    error
}

// Open opens the database, creating it when it is empty, and refuses one it could not keep safe: SQLite before 3.51.3
// (its WAL could be corrupted), another journal mode than WAL, less than synchronous=FULL, or the schema of a newer program.
// That of an older one is carried to this version first. What SystemMove has not brought to its end is refused as well.
func Open(ctx context.Context, o Options) (*Store, error) {
	eng := engine(sqliteEngine{path: o.Path})
	if o.URL != "" {
		eng = postgresEngine{url: o.URL, lookout: &lookout{lines: map[*line]struct{}{}}}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = kita.NewID
	}
	l := ourLadder()
	if o.ladder != nil {
		l = *o.ladder
	}
	w, r, err := eng.open(ctx)
	if err != nil {
		return nil, err
	}
	s := &Store{reader: reader{r}, writer: w, engine: eng, ladder: l, clock: o.Clock, newID: o.NewID, hub: newHub(o.Clock), haste: &Haste{now: o.Clock}, bare: o.Unnarrowed, rehearsed: o.rehearsed}
	s.wire = eng.wire(s.hub, w)
	if s.outbox, err = eng.outbox(w, r); err == nil {
		err = s.prepare(ctx)
	}
	if err == nil && o.ladder == nil && (o.Unnarrowed == nil || !o.Unnarrowed.NoWall) {
		s.wall, err = eng.walled(ctx, w)
	}
	if err == nil && !o.moving {
		err = refuseMoving(ctx, s.db)
	}
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// Close ends all connections. On SQLite the statistics of the planner are refreshed first.
func (s *Store) Close() error {
	s.ending.Wait()
	s.wire.close()
	return errors.Join(s.outbox.close(s), s.engine.close(s.writer), s.db.Close(), s.writer.Close())
}

// Ping tells whether the database answers, within some seconds.
func (s *Store) Ping(ctx context.Context) error { return s.engine.ping(ctx, s.db) }

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name() }

// Now is the store's clock, to the millisecond.
func (s *Store) Now() kita.Instant { return kita.At(s.clock()) }

// Woken receives after a transaction, of whatever node, that left something to send; whoever sends waits for it instead of
// asking often.
func (s *Store) Woken() <-chan struct{} {
	s.wire.listen()
	return s.hub.woken
}

// Haste is whether something urgent is on its way out of this server.
func (s *Store) Haste() *Haste { return s.haste }

// mostTries let a transaction outlive some seconds of others that stand in its way. The waits between are by chance: two that
// had met would otherwise meet again.
const mostTries = 50

// errRehearsal stands for what PostgreSQL answers to a commit that would not be serialisable.
var errRehearsal = errors.New("rehearsal")

// write runs f in one transaction: immediate on SQLite, serialisable and retried on PostgreSQL, so f may run more than
// once and must hold all that it leaves outside the database until it has returned nil.
func (s *Store) write(ctx context.Context, f func(tx *Tx) error) error {
	return s.writeAs(ctx, s.engine.writeOptions(), f)
}

// writeAs is write with another isolation.
func (s *Store) writeAs(ctx context.Context, o *sql.TxOptions, f func(tx *Tx) error) error {
	return s.writeOn(ctx, s.writer, o, f)
}

func (s *Store) writeOn(ctx context.Context, db *sqlx.DB, o *sql.TxOptions, f func(tx *Tx) error) error {
	for try := 1; ; try++ {
		err := s.attempt(ctx, db, o, f)
		if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
			// The transaction was rolled back under f because its context had ended: that is what the caller is told.
			return ctx.Err()
		}
		if err == nil || try >= mostTries || !s.engine.retryable(err) && !errors.Is(err, errRehearsal) {
			return s.explain(err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(rand.N(time.Duration(min(try*try, 100)) * time.Millisecond)):
		}
	}
}

func (s *Store) attempt(ctx context.Context, db *sqlx.DB, o *sql.TxOptions, f func(tx *Tx) error) error {
	raw, err := db.BeginTxx(ctx, o)
	if err != nil {
		return err
	}
	tx := &Tx{Tx: raw, s: s, ctx: ctx, now: s.Now()}
	if err = f(tx); err == nil {
		err = s.wire.announce(tx)
	}
	if tx.lost != nil {
		err = errors.Join(err, tx.lost)
	}
	if err != nil {
		return errors.Join(err, ignoreDone(raw.Rollback()))
	}
	if s.rehearsed != nil && s.rehearsed() {
		return errors.Join(errRehearsal, raw.Rollback())
	}
	if err := raw.Commit(); err != nil {
		return err
	}
	s.wire.committed(tx)
	return nil
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// explain turns what an engine says into the domain's words where the caller can do something about it.
func (s *Store) explain(err error) error {
	var told *kita.Error
	var many kita.Errors
	switch {
	case err == nil, errors.As(err, &told), errors.As(err, &many):
		return err
	case s.engine.full(err):
		return fmt.Errorf("%w: %w", &kita.Error{Kind: kita.KindStorage, Code: "storage.full"}, err)
	}
	return err
}

func (s *Store) unnarrowed(statement string) string { return s.bare.Of(statement) }

// query is what both handles can do; a function that takes one can be called inside a transaction and outside.
type query interface {
	sqlx.QueryerContext
	Rebind(string) string
}

func get[T any](ctx context.Context, q query, statement string, args ...any) (T, error) {
	var row T
	err := sqlx.GetContext(ctx, q, &row, q.Rebind(statement), args...)
	if errors.Is(err, sql.ErrNoRows) {
		return row, kita.ErrNotFound
	}
	return row, err
}

func list[T any](ctx context.Context, q query, statement string, args ...any) ([]T, error) {
	rows := []T{}
	err := sqlx.SelectContext(ctx, q, &rows, q.Rebind(statement), args...)
	return rows, err
}

// listIn is list with each slice among args expanded into as many question marks.
func listIn[T any](ctx context.Context, q query, statement string, args ...any) ([]T, error) {
	expanded, flat, err := sqlx.In(statement, args...)
	if err != nil {
		return nil, err
	}
	return list[T](ctx, q, expanded, flat...)
}

func (tx *Tx) exec(statement string, args ...any) (int64, error) {
	res, err := tx.ExecContext(tx.ctx, tx.Rebind(statement), args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// execIn is exec with slices among args expanded.
func (tx *Tx) execIn(statement string, args ...any) (int64, error) {
	expanded, flat, err := sqlx.In(statement, args...)
	if err != nil {
		return 0, err
	}
	return tx.exec(expanded, flat...)
}

// one is exec for a statement that must touch exactly one row: ErrNotFound when it touched none.
func (tx *Tx) one(statement string, args ...any) error {
	n, err := tx.exec(statement, args...)
	if err == nil && n == 0 {
		return kita.ErrNotFound
	}
	return err
}

// insert writes row's fields named by columns into table.
func (tx *Tx) insert(table, columns string, row any) error {
	names := strings.Fields(strings.ReplaceAll(columns, ",", " "))
	_, err := tx.NamedExecContext(tx.ctx, "insert into "+table+" ("+strings.Join(names, ", ")+
		") values (:"+strings.Join(names, ", :")+")", row)
	return err
}

// update writes row's fields named by columns into the row of table with its id.
func (tx *Tx) update(table, columns string, row any) error {
	names := strings.Fields(strings.ReplaceAll(columns, ",", " "))
	for i, n := range names {
		names[i] = n + " = :" + n
	}
	_, err := tx.NamedExecContext(tx.ctx, "update "+table+" set "+strings.Join(names, ", ")+" where id = :id", row)
	return err
}
