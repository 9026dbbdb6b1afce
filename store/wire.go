package store

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
)

// wire carries what a transaction announced to all who watch this database, at whatever node: the one thing about live
// changes in which the engines differ.
type wire interface {
	// listen begins to carry; before, nobody hears anything. It may be called again.
	listen()
	// announce is part of the transaction; committed follows its end.
	announce(tx *Tx) error
	committed(tx *Tx)
	close()
}

// inProcess is the wire of SQLite, whose one process is all there is.
type inProcess struct{ hub *hub }

func (sqliteEngine) wire(h *hub, _ *sqlx.DB) wire { return inProcess{h} }

func (w inProcess) listen()          { w.hub.hearing(true) }
func (inProcess) announce(*Tx) error { return nil }
func (w inProcess) committed(tx *Tx) { w.hub.told(tx.changes) }
func (inProcess) close()             {}

// channel is what the nodes on one PostgreSQL database listen on.
const channel = "morgenkreis"

// ListenerName is the application_name of the connection that listens, as pg_stat_activity shows it.
const ListenerName = "morgenkreis listens"

// gatherFor is how long ledgers wait for more of their kind.
const gatherFor = 200 * time.Millisecond

// listener is the wire of PostgreSQL: a connection of its own that hears what any node has committed, its own changes
// included. A NOTIFY is delivered on commit and only then; the server folds what a transaction says twice.
//
// Transactions that notify commit one after the other, in the whole cluster: some hundreds a second, a sixth of what it does
// otherwise. That is plenty for what people write. But each family that opens a notice changes a ledger, and in the morning a city
// does so at once: those are gathered after their commits and told together. A node that dies in that moment leaves a number on a
// screen as it was until the next look; nothing else hangs on it.
type listener struct {
	writer *sqlx.DB
	engine postgresEngine
	hub    *hub
	once   sync.Once
	stop   context.CancelFunc
	ctx    context.Context
	done   sync.WaitGroup

	mu       sync.Mutex
	gathered map[kita.Change]bool
}

func (e postgresEngine) wire(h *hub, writer *sqlx.DB) wire {
	l := &listener{engine: e, hub: h, writer: writer, gathered: map[kita.Change]bool{}}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

func (l *listener) listen() { l.once.Do(func() { l.done.Go(l.run) }) }

func (l *listener) announce(tx *Tx) error {
	at := slices.DeleteFunc(slices.Clone(tx.changes), gathers)
	return notify(tx.ctx, tx, at)
}

func gathers(c kita.Change) bool { return c.Kind == kita.ChangeLedger }

func notify(ctx context.Context, q sqlx.ExtContext, changes []kita.Change) error {
	if len(changes) == 0 {
		return nil
	}
	args := make([]any, len(changes))
	for i, c := range changes {
		args[i] = c.String()
	}
	_, err := q.ExecContext(ctx, q.Rebind(`select pg_notify('`+channel+`', c.said) from (values `+
		strings.Repeat("(cast(? as text)), ", len(args)-1)+`(cast(? as text))) as c (said)`), args...)
	return err
}

func (l *listener) committed(tx *Tx) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range tx.changes {
		if !gathers(c) || l.gathered[c] {
			continue
		}
		if l.gathered[c] = true; len(l.gathered) == 1 && l.ctx.Err() == nil {
			l.done.Go(func() {
				select {
				case <-l.ctx.Done():
				case <-time.After(gatherFor):
				}
				l.tellGathered()
			})
		}
	}
}

// tellGathered tells what was gathered. When the database is away, everybody looks again once it is back.
func (l *listener) tellGathered() {
	l.mu.Lock()
	changes := slices.Collect(maps.Keys(l.gathered))
	clear(l.gathered)
	l.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), answerWithin)
	defer cancel()
	for part := range slices.Chunk(changes, 500) {
		if err := notify(ctx, l.writer, part); err != nil {
			slog.Warn("who watches a ledger was not told", "notices", len(changes), "error", err)
			return
		}
	}
}

func (l *listener) close() {
	l.once.Do(func() {}) // whoever has not begun never will
	l.mu.Lock()          // nobody begins to gather from here on
	l.stop()
	l.mu.Unlock()
	l.done.Wait()
}

// run listens until close. What was said while nobody listened is lost, so those who watch are told to look again after
// each beginning.
func (l *listener) run() {
	const first, longest = 100 * time.Millisecond, 5 * time.Second
	wait := first
	for l.ctx.Err() == nil {
		err := l.hear(func() { wait = first })
		l.hub.hearing(false)
		if l.ctx.Err() != nil {
			return
		}
		slog.Warn("live changes pause: the database does not speak to us", "error", err, "again_in_ms", wait.Milliseconds())
		select {
		case <-l.ctx.Done():
		case <-time.After(wait + rand.N(wait)):
		}
		wait = min(2*wait, longest)
	}
}

// hear holds one connection for as long as it stands; begun is called once it listens.
func (l *listener) hear(begun func()) error {
	config, err := pgx.ParseConfig(l.engine.url)
	if err != nil {
		return err
	}
	l.engine.lookout.over(config) // which breaks it when nobody answers any more
	config.RuntimeParams["application_name"] = ListenerName
	// A pooler that hands connections on by transaction can not carry LISTEN; a prepared statement would only hide it.
	config.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	opening, cancel := context.WithTimeout(l.ctx, answerWithin)
	defer cancel()
	conn, err := pgx.ConnectConfig(opening, config)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), time.Second)
		defer cancel()
		_ = conn.Close(closing) // it is gone either way
	}()
	if _, err := conn.Exec(opening, "listen "+channel); err != nil {
		return err
	}
	begun()
	l.hub.hearing(true)
	for {
		n, err := conn.WaitForNotification(l.ctx)
		if err != nil {
			return err
		}
		// A newer node may say what this one does not know.
		if c, ok := kita.ParseChange(n.Payload); ok {
			l.hub.told([]kita.Change{c})
		}
	}
}
