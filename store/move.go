package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
)

// TableMove is what of one table there is in the house that moves, and what in the one it moves to.
type TableMove struct {
	Table    string
	From, To int64
	// FromSum and ToSum are checksums of all values of all rows, the same on both engines.
	FromSum, ToSum string
}

// Same tells whether everything arrived.
func (t TableMove) Same() bool { return t.From == t.To && t.FromSum == t.ToSum }

// Move is how a move ended: every table looked at on both sides, and whether the house can be lived in at its new place.
type Move struct {
	Tables []TableMove
	// Done: both sides are the same, nobody was at work on the old one, and the new one is open for a server.
	Done bool
	// Already: it was so before.
	Already bool
}

// Errors of a move that leave everything as it was, or ready to be taken up again.
var (
	// ErrAtWork: both sides are the same as of the moment at which the move began, and somebody was at work on the source
	// meanwhile. The target waits for another run, in which nobody is.
	ErrAtWork = errors.New("somebody is at work on the database that moves, and what is written there from now on would be missing")
	// ErrMoveDiffers: the two sides differ after everything was copied.
	ErrMoveDiffers = errors.New("what arrived is not what was sent")
	// ErrInhabited: the target has rows that no move of this house brought.
	ErrInhabited = errors.New("the database to move to is not empty and not the same: nothing was changed there")
)

// moveBatch is how many rows are compared, and written in one transaction: what a kill costs.
const moveBatch = 500

// SystemMove brings a house from one database to another, of whatever engine: all rows of all tables, in the order of their
// foreign keys, as they stand at one moment of the source, which is only read. The target is empty, or one on which a move of
// the same house ended early: what is there is compared, and only what is missing or different is written. In the end both
// sides are read whole and compared by count and checksum.
//
// From its first row until it is done the target bears a mark, and Open refuses it. The mark goes only when nobody was at
// work on the source from before its moment until after the comparison: on SQLite it is locked meanwhile, on PostgreSQL its
// sessions are looked at before and after. Otherwise the answer is ErrAtWork, and another run brings what is missing.
//
// A target without the mark is only compared. progress is told rows.
func SystemMove(ctx context.Context, from, to Options, progress func(task string, done, total int64)) (_ Move, err error) {
	m := mover{progress: progress}
	if m.tables, err = tablesOf(ctx); err != nil {
		return Move{}, err
	}
	if err := m.leave(ctx, from); err != nil {
		return Move{}, fmt.Errorf("the database that moves: %w", err)
	}
	defer func() { err = errors.Join(err, m.tx.Rollback(), m.source.Close()) }()
	to.moving = true
	if m.target, err = Open(ctx, to); err != nil {
		return Move{}, fmt.Errorf("the database to move to: %w", err)
	}
	defer func() { err = errors.Join(err, m.target.Close()) }()
	return m.run(ctx)
}

type mover struct {
	tables   []table
	source   *sqlx.DB
	tx       *sqlx.Tx // one moment of the source
	alone    func(context.Context) (bool, error)
	first    bool // nobody else was at the source when the moment was taken
	target   *Store
	house    string
	total    int64
	progress func(task string, done, total int64)
}

// leave opens the source at one moment.
func (m *mover) leave(ctx context.Context, o Options) (err error) {
	r, err := SystemRead(ctx, o) // says what is wrong, if something is
	if err != nil {
		return err
	}
	version, err := r.SchemaVersion(ctx)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if version != SchemaVersion {
		return fmt.Errorf("it has schema version %d, this program needs %d: start the server on it once", version, SchemaVersion)
	}
	e := looker(sqliteEngine{path: o.Path})
	if o.URL != "" {
		e = postgresEngine{url: o.URL}
	}
	if m.source, m.alone, err = e.leave(ctx); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.source.Close())
		}
	}()
	if m.first, err = m.alone(ctx); err != nil {
		return err
	}
	if m.tx, err = m.source.BeginTxx(ctx, &sql.TxOptions{ReadOnly: o.URL != "", Isolation: e.momentIsolation()}); err != nil {
		return err
	}
	if err = m.look(ctx); err != nil {
		err = errors.Join(err, m.tx.Rollback())
	}
	return err
}

// look takes the moment, and finds out whose house it is and how much there is of it.
func (m *mover) look(ctx context.Context) error {
	if err := refuseMoving(ctx, m.tx); err != nil {
		return err
	}
	// The keys of the pushes are made once and kept for ever; a house that no server ran in has accounts at most.
	name, err := get[string](ctx, m.tx, `
select coalesce((select value from secrets where name = 'vapid_keys'), (select min(id) from accounts), 'nobody''s')`)
	if err != nil {
		return err
	}
	sum := sha256.Sum256([]byte("house " + name))
	m.house = hex.EncodeToString(sum[:])
	for _, t := range m.tables {
		n, err := t.count(ctx, m.tx)
		if err != nil {
			return err
		}
		m.total += n
	}
	return nil
}

func (t table) count(ctx context.Context, q query) (int64, error) {
	return get[int64](ctx, q, "select count(*) from "+t.name+" t where "+t.rows)
}

func (m *mover) run(ctx context.Context) (move Move, err error) {
	marked, err := m.mark(ctx)
	if err != nil {
		return move, err
	}
	if marked {
		if err := m.bring(ctx); err != nil {
			return move, err
		}
	}
	if move.Tables, err = m.compare(ctx); err != nil {
		return move, err
	}
	same := !slices.ContainsFunc(move.Tables, func(t TableMove) bool { return !t.Same() })
	if !marked {
		move.Already, move.Done = same, same
		if !same {
			err = ErrInhabited
		}
		return move, err
	}
	if !same {
		return move, ErrMoveDiffers
	}
	still := false
	if m.first {
		if still, err = m.alone(ctx); err != nil {
			return move, err
		}
	}
	if !still {
		return move, ErrAtWork
	}
	err = m.change(ctx, func(tx *Tx) error { return tx.one(`delete from meta where key = ?`, movingKey) })
	move.Done = err == nil
	return move, err
}

// mark puts the mark on an empty target; false when the target is neither empty nor marked.
func (m *mover) mark(ctx context.Context) (marked bool, err error) {
	err = m.target.write(ctx, func(tx *Tx) error {
		there, err := get[string](ctx, tx, `select value from meta where key = ?`, movingKey)
		if err == nil && there != m.house {
			return errors.New("another house is being moved to that database: choose an empty one")
		}
		if marked = err == nil; marked || !errors.Is(err, error(kita.ErrNotFound)) {
			return err
		}
		for _, t := range m.tables {
			rows := "true"
			if t.name == "meta" {
				rows = "t.key <> 'schema_version'"
			}
			inhabited, err := get[bool](ctx, tx, "select exists (select 1 from "+t.name+" t where "+rows+")")
			if err != nil || inhabited {
				return err
			}
		}
		marked = true
		_, err = tx.exec(`insert into meta (key, value) values (?, ?)`, movingKey, m.house)
		return err
	})
	return marked, err
}

// refuseMoving keeps everybody off a database that is half moved.
func refuseMoving(ctx context.Context, q query) error {
	moving, err := get[bool](ctx, q, `select exists (select 1 from meta where key = '`+movingKey+`')`)
	if err == nil && moving {
		err = errors.New("a house is being moved to this database, and has not arrived: run morgenkreis migrate to its end first")
	}
	return err
}

// change writes to the target as long as it bears our mark; of two moves to the same place one waits here for the other.
func (m *mover) change(ctx context.Context, f func(tx *Tx) error) error {
	return m.target.write(ctx, func(tx *Tx) error {
		n, err := tx.exec(`update meta set value = value where key = ? and value = ?`, movingKey, m.house)
		if err == nil && n == 0 {
			err = errors.New("another move to the same database has come to its end meanwhile")
		}
		if err != nil {
			return err
		}
		return f(tx)
	})
}

// bring makes the target like the source. Nothing is in its own way meanwhile: first goes what the source does not have, and
// what differs where more than the key is unique; then every row that is left is one of the source's, save where a key was set
// to null, and what is missing fits in between.
func (m *mover) bring(ctx context.Context) error {
	for _, t := range slices.Backward(m.tables) {
		if err := m.clear(ctx, t); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	var done int64
	for _, t := range m.tables {
		if err := m.fill(ctx, t, &done); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	// Without statistics the first morning would be slow.
	_, err := m.target.writer.ExecContext(ctx, "analyze")
	return err
}

// found are the rows with these keys, by key.
func (t table) found(ctx context.Context, q query, keys []row) (map[string]row, error) {
	all := make(map[string]row, len(keys))
	err := t.each(ctx, q, keys, func(r row) error { all[r.key] = r; return nil })
	return all, err
}

// batches gives f the rows of a table, moveBatch at a time.
func (t table) batches(ctx context.Context, q query, f func([]row) error) error {
	var batch []row
	err := t.each(ctx, q, nil, func(r row) error {
		if batch = append(batch, r); len(batch) < moveBatch {
			return nil
		}
		full := batch
		batch = nil
		return f(full)
	})
	if err == nil && len(batch) > 0 {
		err = f(batch)
	}
	return err
}

func (m *mover) clear(ctx context.Context, t table) error {
	var left []row
	err := t.batches(ctx, m.target.db, func(batch []row) error {
		there, err := t.found(ctx, m.tx, batch)
		if err != nil {
			return err
		}
		for _, r := range batch {
			if s, ok := there[r.key]; !ok || t.unique && s.content != r.content {
				left = append(left, row{values: r.values})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for part := range slices.Chunk(left, moveBatch) {
		err := m.change(ctx, func(tx *Tx) error {
			for _, r := range part {
				if _, err := tx.exec("delete from "+t.name+" where "+t.isKey(), t.keyOf(r)...); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (t table) isKey() string {
	all := make([]string, len(t.key))
	for i, c := range t.key {
		all[i] = c.Name + " = ?"
	}
	return strings.Join(all, " and ")
}

func (m *mover) fill(ctx context.Context, t table, done *int64) error {
	some, err := t.count(ctx, m.target.db)
	if err != nil {
		return err
	}
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	insert := "insert into " + t.name + " (" + strings.Join(names, ", ") + ") values "
	one := "(" + repeated("?", len(names)) + ")"
	update := "update " + t.name + " set " + strings.Join(names, " = ?, ") + " = ? where " + t.isKey()
	return t.batches(ctx, m.tx, func(batch []row) error {
		there := map[string]row{}
		if some > 0 {
			if there, err = t.found(ctx, m.target.db, batch); err != nil {
				return err
			}
		}
		var missing []any
		var differ []row
		for _, r := range batch {
			switch h, ok := there[r.key]; {
			case !ok:
				missing = append(missing, r.values...)
			case h.content != r.content:
				differ = append(differ, r)
			}
		}
		if len(missing)+len(differ) > 0 {
			err := m.change(ctx, func(tx *Tx) error {
				for _, r := range differ {
					if err := tx.one(update, slices.Concat(r.values, t.keyOf(r))...); err != nil {
						return err
					}
				}
				if len(missing) == 0 {
					return nil
				}
				_, err := tx.exec(insert+repeated(one, len(missing)/len(names)), missing...)
				return err
			})
			if err != nil {
				return err
			}
		}
		*done += int64(len(batch))
		m.progress("copy", *done, m.total)
		return nil
	})
}

// compare reads both sides whole.
func (m *mover) compare(ctx context.Context) (all []TableMove, err error) {
	arrived, err := m.target.db.BeginTxx(ctx, &sql.TxOptions{Isolation: m.target.engine.momentIsolation()})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ignoreDone(arrived.Rollback())) }()
	var done int64
	for _, t := range m.tables {
		var from, to digest
		err := t.each(ctx, m.tx, nil, func(r row) error {
			from.add(r)
			if done++; done%moveBatch == 0 {
				m.progress("compare", done, m.total)
			}
			return nil
		})
		if err == nil {
			err = t.each(ctx, arrived, nil, func(r row) error { to.add(r); return nil })
		}
		if err != nil {
			return nil, err
		}
		all = append(all, TableMove{t.name, from.count, to.count, from.String(), to.String()})
	}
	m.progress("compare", m.total, m.total)
	return all, nil
}

// leave opens the file so that nobody else can, if nobody has: under WAL whoever has it open holds a lock on it.
func (e sqliteEngine) leave(ctx context.Context) (*sqlx.DB, func(context.Context) (bool, error), error) {
	for _, alone := range []bool{true, false} {
		options := "mode=rw&_query_only=on"
		if alone {
			options += "&_timeout=500&_locking_mode=EXCLUSIVE" // whoever lives here will not leave within ten seconds
		}
		db, err := e.connect(ctx, options)
		if err == nil {
			db.SetMaxOpenConns(1)
			if _, err = get[int](ctx, db, e.hasSchema()); err == nil {
				return db, func(context.Context) (bool, error) { return alone, nil }, nil
			}
			err = errors.Join(err, db.Close())
		}
		if !alone || !e.retryable(err) {
			return nil, nil, err
		}
	}
	return nil, nil, nil // not reached
}

func (sqliteEngine) momentIsolation() sql.IsolationLevel { return sql.LevelDefault }

// othersHere counts the sessions of this database besides our own. Of other users' sessions little is told.
const othersHere = `
select count(*) from pg_stat_activity
where  datname = current_database() and application_name is distinct from current_setting('application_name')
and    usesysid is not null and coalesce(backend_type, 'client backend') = 'client backend'`

func (e postgresEngine) leave(ctx context.Context) (*sqlx.DB, func(context.Context) (bool, error), error) {
	u, err := url.Parse(e.url)
	if err != nil {
		return nil, nil, err
	}
	q := u.Query()
	q.Set("application_name", "morgenkreis migrate "+string(kita.NewID())) // by which we know ourselves
	u.RawQuery = q.Encode()
	db, err := postgresEngine{url: u.String()}.look(ctx)
	if err != nil {
		return nil, nil, err
	}
	return db, func(ctx context.Context) (bool, error) {
		// Sessions of ours that were closed a moment ago take a moment to end.
		for range 40 {
			if n, err := get[int](ctx, db, othersHere); err != nil || n == 0 {
				return err == nil, err
			}
			select {
			case <-ctx.Done():
				return false, ctx.Err()
			case <-time.After(50 * time.Millisecond):
			}
		}
		return false, nil
	}, nil
}

func (postgresEngine) momentIsolation() sql.IsolationLevel { return sql.LevelRepeatableRead }
