package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"morgenkreis/kita"
)

// SystemReader is a database that is only looked at: by backup, restore and doctor, beside whoever writes it or while
// nobody does. It creates no database, no schema and no row.
type SystemReader struct{ store *Store }

// ErrNoDatabase: where a database was looked for there is none, or nothing of ours in it.
var ErrNoDatabase = errors.New("there is no database of Morgenkreis")

// looker is an engine whose database can be opened to be looked at.
type looker interface {
	engine
	look(ctx context.Context) (*sqlx.DB, error)
	// leave is look for a database that is to be moved elsewhere; alone tells whether nobody else has it open.
	leave(ctx context.Context) (db *sqlx.DB, alone func(context.Context) (bool, error), err error)
}

// SystemRead opens the database that o names as it is, of whatever schema version. None there is ErrNoDatabase.
func SystemRead(ctx context.Context, o Options) (*SystemReader, error) {
	if o.URL != "" {
		return systemRead(ctx, postgresEngine{url: o.URL}, o.Clock)
	}
	return systemRead(ctx, sqliteEngine{path: o.Path}, o.Clock)
}

// SystemReadCopy opens what SystemCopy has made. The file must not change meanwhile; nothing is locked, and nothing is
// written beside it.
func SystemReadCopy(ctx context.Context, path string) (*SystemReader, error) {
	return systemRead(ctx, sqliteCopy{sqliteEngine{path: path}}, time.Now)
}

func systemRead(ctx context.Context, e looker, clock func() time.Time) (*SystemReader, error) {
	db, err := e.look(ctx)
	if err != nil {
		return nil, err
	}
	var have int
	if err = db.GetContext(ctx, &have, e.hasSchema()); err == nil && have == 0 {
		err = ErrNoDatabase
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &SystemReader{&Store{reader: reader{db}, engine: e, clock: clock}}, nil
}

// sqliteCopy is a file that nobody writes.
type sqliteCopy struct{ sqliteEngine }

func (e sqliteEngine) look(ctx context.Context) (*sqlx.DB, error) {
	// Written all the same: whoever comes first after a crash has to bring the log back, and no reader can do without the
	// shared memory beside it.
	return e.connect(ctx, "mode=rw&_query_only=on")
}

func (e sqliteCopy) look(ctx context.Context) (*sqlx.DB, error) {
	return e.connect(ctx, "mode=ro&immutable=1&_query_only=on")
}

func (e sqliteEngine) connect(ctx context.Context, options string) (*sqlx.DB, error) {
	register()
	if _, err := os.Stat(e.path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w at %s", ErrNoDatabase, e.path)
	}
	db, err := sqlx.ConnectContext(ctx, driverName, "file:"+(&url.URL{Path: e.path}).EscapedPath()+"?_busy_timeout=10000&"+options)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", e.path, err)
	}
	return db, nil
}

func (e postgresEngine) look(ctx context.Context) (*sqlx.DB, error) {
	w, r, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return r, w.Close()
}

// Close ends all connections.
func (r *SystemReader) Close() error { return r.store.db.Close() }

// SchemaVersion is the version of the schema the database was made with.
func (r *SystemReader) SchemaVersion(ctx context.Context) (int, error) {
	v, err := get[string](ctx, r.store.db, `select value from meta where key = 'schema_version'`)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(v)
}

// Arrived is an error while a house is being moved to the database and not all of it is there.
func (r *SystemReader) Arrived(ctx context.Context) error { return refuseMoving(ctx, r.store.db) }

// Integrity is empty when the database holds together, and otherwise says where it does not.
func (r *SystemReader) Integrity(ctx context.Context) (string, error) {
	found, err := r.store.SystemIntegrity(ctx)
	// Some damage ends the look itself.
	if e := (sqlite3.Error{}); errors.As(err, &e) && (e.Code == sqlite3.ErrCorrupt || e.Code == sqlite3.ErrNotADB) {
		return e.Error(), nil
	}
	return found, err
}

// Sums are the sums of all files that some row names.
func (r *SystemReader) Sums(ctx context.Context) (map[string]bool, error) {
	return r.store.SystemSums(ctx)
}

// Queue counts what waits, as SystemQueue does.
func (r *SystemReader) Queue(ctx context.Context) (QueueState, error) {
	return r.store.SystemQueue(ctx)
}

// Secret is a key of the house; kita.ErrNotFound when it has not been made yet.
func (r *SystemReader) Secret(ctx context.Context, name string) (string, error) {
	return get[string](ctx, r.store.db, `select value from secrets where name = ?`, name)
}

// TimeZones are the zones that kitas count their days in, each once.
func (r *SystemReader) TimeZones(ctx context.Context) ([]string, error) {
	return list[string](ctx, r.store.db, `select distinct time_zone from kitas order by time_zone`)
}

// Devices counts the subscriptions of each push service.
func (r *SystemReader) Devices(ctx context.Context) (map[string]int, error) {
	rows, err := list[struct {
		Service string `db:"service"`
		Devices int    `db:"devices"`
	}](ctx, r.store.db, `select service, count(*) as devices from subscriptions group by service`)
	devices := make(map[string]int, len(rows))
	for _, row := range rows {
		devices[row.Service] = row.Devices
	}
	return devices, err
}

// Newest is when the newest row of those that every day brings was written; nil in an empty house.
func (r *SystemReader) Newest(ctx context.Context) (*kita.Instant, error) {
	return get[*kita.Instant](ctx, r.store.db, `
select max(at)
from  (select max(at) as at from audit
       union all select max(created_at) from sessions
       union all select max(created_at) from notices
       union all select max(created_at) from absences
       union all select max(created_at) from deliveries) newest`)
}

// StuckJob is a job that was tried three times in vain, with what stood in its way the last time.
type StuckJob struct {
	Kind    string `db:"kind"`
	Trouble string `db:"trouble"`
}

// StuckJobs are the jobs that were tried three times in vain, the oldest first, at most 20.
func (r *SystemReader) StuckJobs(ctx context.Context) ([]StuckJob, error) {
	return list[StuckJob](ctx, r.store.db, `
select kind, trouble
from   jobs
where  finished_at is null and attempts >= 3
order  by due_at, id
limit  20`)
}

// OldestJob is since when a job waits that is due and that nobody holds; nil when none does.
func (r *SystemReader) OldestJob(ctx context.Context) (*kita.Instant, error) {
	now := r.store.Now()
	return get[*kita.Instant](ctx, r.store.db, `
select min(case when due_at > leased_until then due_at else leased_until end)
from   jobs
where  finished_at is null and due_at <= ? and leased_until <= ?`, now, now)
}
