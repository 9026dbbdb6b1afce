package store

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
)

const (
	// lookEvery is how often the database is asked whether it is there, and answerWithin how long an answer, or a new
	// connection, may take.
	lookEvery    = 2 * time.Second
	answerWithin = 5 * time.Second
)

// lookout watches over the connections to a PostgreSQL server. One whose other end has gone silent, because a machine has
// lost its power or a network was cut, keeps whoever asked waiting for as long as the kernel hopes, which is a quarter of
// an hour. So it asks the database over a connection of its own. When no answer comes, twice, it breaks all the others:
// who waits is told at once, and who comes next connects anew, to whichever server is there then. A statement that takes
// long at a server that answers is left alone. A nil lookout watches over nothing.
type lookout struct {
	mu    sync.Mutex
	lines map[*line]struct{}

	db   *sqlx.DB
	stop context.CancelFunc
	gone chan struct{}
}

// line is one connection.
type line struct {
	net.Conn
	of *lookout
}

// Close ends the connection, unless it was cut.
func (l *line) Close() error {
	l.of.mu.Lock()
	_, open := l.of.lines[l]
	delete(l.of.lines, l)
	l.of.mu.Unlock()
	if !open {
		return nil
	}
	return l.Conn.Close()
}

// over has the connections of c counted among the lookout's, and bounds how long it takes to make one.
func (o *lookout) over(c *pgx.ConnConfig) {
	if o == nil {
		return
	}
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = answerWithin
	}
	dial := c.DialFunc
	c.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		raw, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		l := &line{raw, o}
		o.mu.Lock()
		o.lines[l] = struct{}{}
		o.mu.Unlock()
		return l, nil
	}
}

// start begins to look, until end.
func (o *lookout) start(c *pgx.ConnConfig) {
	if o == nil {
		return
	}
	o.db = sqlx.NewDb(stdlib.OpenDB(*c), "pgx")
	o.db.SetMaxOpenConns(2) // the lookout's own look, and somebody who asks whether the house is ready
	ctx, stop := context.WithCancel(context.Background())
	o.stop, o.gone = stop, make(chan struct{})
	go func() {
		defer close(o.gone)
		tick := time.NewTicker(lookEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			err := o.ping(ctx)
			if unanswered(err) {
				err = o.ping(ctx)
			}
			if unanswered(err) && ctx.Err() == nil {
				slog.ErrorContext(ctx, "the database does not answer", "connections_broken", o.cut(), "error", err)
			}
		}
	}()
}

// ping asks the database whether it is there.
func (o *lookout) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	return o.db.PingContext(ctx)
}

// unanswered: an answer, even that there is no place for one more, is an answer.
func unanswered(err error) bool {
	var answer *pgconn.PgError
	return err != nil && !errors.As(err, &answer)
}

// cut breaks all connections, and answers how many there were.
func (o *lookout) cut() int {
	o.mu.Lock()
	all := make([]*line, 0, len(o.lines))
	for l := range o.lines {
		all = append(all, l)
	}
	o.mu.Unlock()
	for _, l := range all {
		_ = l.Close() // the other end does not answer anyway
	}
	return len(all)
}

// end stops looking; one that never began is content.
func (o *lookout) end() error {
	if o == nil || o.stop == nil {
		return nil
	}
	o.stop()
	<-o.gone
	return o.db.Close()
}
