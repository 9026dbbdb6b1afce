package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"
	"github.com/mattn/go-sqlite3"

	"morgenkreis/kita"
)

// engine is what truly differs between the two databases; everything else is written once.
type engine interface {
	name() string
	wire(h *hub, writer *sqlx.DB) wire
	open(ctx context.Context) (writer, reader *sqlx.DB, err error)
	close(writer *sqlx.DB) error
	outbox(writer, reader *sqlx.DB) (outbox, error)
	// ping asks whether the database is there, whatever else is asked of it.
	ping(ctx context.Context, reader *sqlx.DB) error
	writeOptions() *sql.TxOptions
	// rowOptions are of a transaction that decides about each row by that row alone, under its lock.
	rowOptions() *sql.TxOptions
	// momentIsolation has a reading transaction see one moment.
	momentIsolation() sql.IsolationLevel
	retryable(error) bool
	duplicate(error) bool
	full(error) bool
	// detail is what an error does not say of itself: which row it is about.
	detail(error) string
	// claimLock follows the inner select of a claim, so that two nodes never take one row.
	claimLock() string
	// functions are created before the schema.
	functions() string
	// storage is how the tables of the schema lie on the disk.
	storage() string
	// integrity is empty when the database holds together.
	integrity(ctx context.Context, db *sqlx.DB) (string, error)
	hasSchema() string
	// walled makes the second wall stand; nil where there is none.
	walled(ctx context.Context, db *sqlx.DB) (*wall, error)
	// lower takes it down, so that the tables can be changed.
	lower(ctx context.Context, tx *sqlx.Tx) error
	// alone runs f in one transaction that no other program's alone runs beside. The tables may be changed in it.
	alone(ctx context.Context, db *sqlx.DB, f func(tx *sqlx.Tx) error) error
}

const driverName = "sqlite3_morgenkreis"

// register gives SQLite the function new_id() on each connection, once per process.
var register = sync.OnceFunc(func() {
	sql.Register(driverName, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		return c.RegisterFunc("new_id", func() string { return string(kita.NewID()) }, false)
	}})
	sqlx.BindDriver(driverName, sqlx.QUESTION)
})

type sqliteEngine struct{ path string }

func (sqliteEngine) name() string { return "sqlite" }

// The pragmas stand in the address: executed as statements they would reach one connection of the pool only. Each connection
// keeps the last statements it has compiled: reading the SQL again is an eighth of what a list costs. Those that read keep half
// the pages that SQLite would keep: there are eight of them, and what they do not keep the machine does.
func (e sqliteEngine) open(ctx context.Context) (*sqlx.DB, *sqlx.DB, error) {
	register()
	address := func(extra string) string {
		return "file:" + (&url.URL{Path: e.path}).EscapedPath() +
			"?_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_foreign_keys=on&_stmt_cache_size=128" + extra
	}
	w, err := sqlx.ConnectContext(ctx, driverName, address("&_txlock=immediate"))
	if err != nil {
		return nil, nil, fmt.Errorf("open %s: %w", e.path, err)
	}
	w.SetMaxOpenConns(1)
	if err := e.refuseUnsafe(ctx, w); err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	r, err := sqlx.ConnectContext(ctx, driverName, address("&_query_only=on&_cache_size=-1000"))
	if err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	r.SetMaxOpenConns(8)
	r.SetMaxIdleConns(8)
	return w, r, nil
}

func (e sqliteEngine) refuseUnsafe(ctx context.Context, w *sqlx.DB) error {
	if _, n, _ := sqlite3.Version(); n < 3051003 {
		return fmt.Errorf("SQLite %d is older than 3.51.3 and could corrupt its log", n)
	}
	var mode string
	var sync int
	if err := errors.Join(w.GetContext(ctx, &mode, "pragma journal_mode"), w.GetContext(ctx, &sync, "pragma synchronous")); err != nil {
		return err
	}
	if mode != "wal" || sync < 2 {
		return fmt.Errorf("%s: journal_mode is %s and synchronous %d: WAL and FULL (2) are needed to keep what was answered", e.path, mode, sync)
	}
	return nil
}

func (sqliteEngine) close(w *sqlx.DB) error {
	_, err := w.Exec("pragma optimize")
	return err
}

func (sqliteEngine) ping(ctx context.Context, r *sqlx.DB) error { return r.PingContext(ctx) }

func (sqliteEngine) writeOptions() *sql.TxOptions { return nil }

func (sqliteEngine) rowOptions() *sql.TxOptions { return nil }

func (sqliteEngine) retryable(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.Code == sqlite3.ErrBusy || e.Code == sqlite3.ErrLocked)
}

func (sqliteEngine) duplicate(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && (e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey)
}

func (sqliteEngine) full(err error) bool {
	var e sqlite3.Error
	return errors.As(err, &e) && e.Code == sqlite3.ErrFull
}

func (sqliteEngine) detail(error) string { return "" }

func (sqliteEngine) claimLock() string { return "" }

func (sqliteEngine) functions() string { return "" }

func (sqliteEngine) storage() string { return "" }

func (sqliteEngine) integrity(ctx context.Context, db *sqlx.DB) (string, error) {
	var found []string
	if err := db.SelectContext(ctx, &found, "pragma integrity_check(20)"); err != nil {
		return "", err
	}
	if len(found) == 1 && found[0] == "ok" {
		found = nil
	}
	astray, err := keysAstray(ctx, db)
	if err != nil {
		return "", err
	}
	return strings.Join(append(found, astray...), "; "), nil
}

func (sqliteEngine) walled(context.Context, *sqlx.DB) (*wall, error) { return nil, nil }

func (sqliteEngine) lower(context.Context, *sqlx.Tx) error { return nil }

func (sqliteEngine) hasSchema() string {
	return "select count(*) from sqlite_master where type = 'table' and name = 'meta'"
}

// alone switches foreign keys off: with them on, dropping a table to rebuild it would delete the rows that point to it. And
// renaming one is to leave alone what the others and the views say of it. Neither can be switched within a transaction.
func (e sqliteEngine) alone(ctx context.Context, db *sqlx.DB, f func(tx *sqlx.Tx) error) (err error) {
	c, err := db.Connx(ctx)
	if err != nil {
		return err
	}
	defer func() {
		_, switched := c.ExecContext(context.WithoutCancel(ctx), "pragma legacy_alter_table = off; pragma foreign_keys = on")
		err = errors.Join(err, switched, c.Close())
	}()
	if _, err := c.ExecContext(ctx, "pragma foreign_keys = off; pragma legacy_alter_table = on"); err != nil {
		return err
	}
	tx, err := c.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing left to do
	if err := f(tx); err != nil {
		return err
	}
	astray, err := keysAstray(ctx, tx)
	if err != nil {
		return err
	}
	if len(astray) > 0 {
		return errors.New("it would leave " + strings.Join(astray, "; "))
	}
	return tx.Commit()
}

// keysAstray says of each foreign key of a SQLite database that points at nothing where it is, of the first twenty.
func keysAstray(ctx context.Context, q query) (found []string, err error) {
	broken, err := list[struct {
		Table  string        `db:"table"`
		RowID  sql.NullInt64 `db:"rowid"`
		Parent string        `db:"parent"`
		FKID   int           `db:"fkid"`
	}](ctx, q, `select * from pragma_foreign_key_check limit 20`)
	if err != nil {
		return nil, err
	}
	for _, b := range broken {
		// As PostgreSQL would name it: the columns of the key, and what is in them.
		key, err := get[string](ctx, q, `select group_concat('coalesce("' || "from" || '", ''null'')', ' || '', '' || ') from pragma_foreign_key_list(?) where id = ?`, b.Table, b.FKID)
		if err != nil {
			return nil, err
		}
		names, err := get[string](ctx, q, `select group_concat("from", ', ') from pragma_foreign_key_list(?) where id = ?`, b.Table, b.FKID)
		if err != nil {
			return nil, err
		}
		values, err := get[string](ctx, q, `select `+key+` from "`+b.Table+`" where rowid = ?`, b.RowID.Int64)
		if err != nil {
			return nil, err
		}
		found = append(found, "a row of "+b.Table+" (rowid "+strconv.FormatInt(b.RowID.Int64, 10)+") points at nothing in "+b.Parent+": ("+names+") = ("+values+")")
	}
	return found, nil
}

type postgresEngine struct {
	url     string
	lookout *lookout // nil for who only looks something up
}

func (postgresEngine) name() string { return "postgres" }

// open sets for its own connections what a whole server may want otherwise: PostgreSQL compiles a statement (jit) whose cost it
// guesses to be high, and of a page that ends after twenty rows it guesses that of the list; compiling takes a hundred times as long
// as the page. And a plan is made for any kita, once, and not for the one that is asked for: of a kita that came after the last
// statistics PostgreSQL believes that it has nobody, and reads all of it once for each of them.
func (e postgresEngine) open(ctx context.Context) (*sqlx.DB, *sqlx.DB, error) {
	c, err := pgx.ParseConfig(e.url)
	if err != nil {
		return nil, nil, err
	}
	c.RuntimeParams["jit"] = "off"
	c.RuntimeParams["plan_cache_mode"] = "force_generic_plan"
	e.lookout.over(c)
	w, err := e.pool(ctx, c)
	if err != nil {
		return nil, nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	// Not in the address: target_session_attrs=read-write would take every server for one that can only be read.
	r, err := e.pool(ctx, c, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, "set default_transaction_read_only = on")
		return err
	}))
	if err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	e.lookout.start(c)
	return w, r, nil
}

func (e postgresEngine) pool(ctx context.Context, c *pgx.ConnConfig, o ...stdlib.OptionOpenDB) (*sqlx.DB, error) {
	db := sqlx.NewDb(stdlib.OpenDB(*c, o...), "pgx")
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (e postgresEngine) close(*sqlx.DB) error { return e.lookout.end() }

func (e postgresEngine) ping(ctx context.Context, _ *sqlx.DB) error { return e.lookout.ping(ctx) }

func (postgresEngine) rowOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelReadCommitted}
}

func (postgresEngine) writeOptions() *sql.TxOptions {
	return &sql.TxOptions{Isolation: sql.LevelSerializable}
}

func (postgresEngine) code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// 40001 serialization_failure, 40P01 deadlock_detected.
func (p postgresEngine) retryable(err error) bool {
	c := p.code(err)
	return c == "40001" || c == "40P01"
}

func (p postgresEngine) duplicate(err error) bool { return p.code(err) == "23505" }

func (p postgresEngine) full(err error) bool { return p.code(err) == "53100" }

func (postgresEngine) detail(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) && e.Detail != "" {
		return ": " + e.Detail
	}
	return ""
}

func (postgresEngine) claimLock() string { return " for update skip locked" }

// new_id() is a UUID version 7 (RFC 9562, section 5.7): 48 bits of milliseconds, then chance.
func (postgresEngine) functions() string {
	return `create function new_id() returns text language sql volatile as $$
select lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint >> 16), 8, '0') || '-' ||
       lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint & 65535), 4, '0') || '-7' ||
       substr(u, 16, 21)
from   (select gen_random_uuid()::text as u) r
$$;
`
}

// Of a delivery there are three versions within seconds, as it was written, claimed and finished, and of a recipient as many as
// there are steps in the ledger. With half of each page left free the second stands beside the first, and none of a
// recipient's seven indexes has to know of it; the next takes the place of the first. A table that is written once is larger
// so; after a notice has gone out to 5,000 phones both with their indexes are a quarter smaller, and 440 kB of log have told
// of the recipients instead of 7.3 MB.
func (postgresEngine) storage() string {
	return `alter table deliveries set (fillfactor = 50);
alter table recipients set (fillfactor = 50);
alter table subscriptions set (fillfactor = 80);
`
}

func (postgresEngine) integrity(ctx context.Context, db *sqlx.DB) (string, error) {
	var invalid []string
	err := db.SelectContext(ctx, &invalid, "select indexrelid::regclass::text from pg_index where not indisvalid")
	return strings.Join(invalid, ", "), err
}

func (postgresEngine) hasSchema() string {
	return "select count(*) from information_schema.tables where table_schema = current_schema() and table_name = 'meta'"
}

// schemaLock is the advisory lock of whoever creates or changes the schema; it means nothing, but must never be another.
const schemaLock = 0x4d4f5247454e

func (postgresEngine) alone(ctx context.Context, db *sqlx.DB, f func(tx *sqlx.Tx) error) error {
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // after a commit it has nothing left to do
	if _, err := tx.ExecContext(ctx, "select pg_advisory_xact_lock($1)", schemaLock); err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// SystemIntegrity is empty when the database holds together, and otherwise says where it does not.
func (s *Store) SystemIntegrity(ctx context.Context) (string, error) {
	return s.engine.integrity(ctx, s.db)
}
