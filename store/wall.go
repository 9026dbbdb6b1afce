package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/stdlib"
	"github.com/jmoiron/sqlx"

	"morgenkreis"
	"morgenkreis/kita"
)

// wall is the second wall, on PostgreSQL: what is read for a viewer is read in a role that owns nothing and may change
// nothing, under row-level security, and sees what the viewer may see (wall_rules.go). The first wall, the narrowing in
// each statement, stays; a condition that somebody forgets there shows nothing instead of everything. It is no wall against
// who can send statements of their own: they could leave the role.
//
// The role and the account are set for one transaction, so that a pooler may sit between.
type wall struct {
	database, role, schema, house string
	// path and housePath are the search paths inside the wall and outside, scans what the planner may outside.
	path, housePath, scans string
	// enter is the statement of that name for this house.
	enter string
	// makes and takes: the role is still to be made, and to be given to the user of the database.
	makes, takes bool
}

// enter is the statement that puts a transaction behind the wall; leave takes it out again. Behind it the planner does not
// know how many rows a policy lets through, believes that it is one, and reads a small table through for each of many, with
// the policy asked of every row; it sorts all of a long list where an index has it in order; and it reads a table as a whole to
// join it with a set of a few ids. So it is told to take the indexes, one entry after the other, and to spend no time on
// compiling. A statement is planned once for a connection, as outside: with the rules in it that takes longer than running it,
// and what is asked for would not change the plan.
const (
	enter = `select set_config('role', $1, true), set_config('search_path', $2, true), {wall}.enter($3, $4, $5)`
	leave = `select set_config('role', 'none', true), set_config('search_path', $1, true), set_config('enable_seqscan', $2, true), set_config('enable_bitmapscan', 'on', true),
set_config('enable_hashjoin', 'on', true), set_config('enable_mergejoin', 'on', true),
set_config('morgenkreis.account', '', true)`
)

// Walled tells whether what viewers read is read behind the wall.
func (s *Store) Walled() bool { return s.wall != nil }

// walled makes the wall stand, and is nil where it can not: without the right to make the role, which is said in the log
// and by doctor. What it is made of is kept as a mark on its schema, so that a start has nothing to do when it stands.
func (e postgresEngine) walled(ctx context.Context, db *sqlx.DB) (*wall, error) {
	w, err := plannedWall(ctx, db)
	if err != nil {
		return nil, fmt.Errorf("row-level security: %w", err)
	}
	statements := w.statements()
	sum := sha256.Sum256([]byte(statements))
	mark := hex.EncodeToString(sum[:])
	trouble, stands, err := w.look(ctx, db, mark)
	if err == nil && trouble == "" && !stands {
		err = e.alone(ctx, db, func(tx *sqlx.Tx) error {
			// Another one may have done it meanwhile.
			if trouble, stands, err = w.look(ctx, tx, mark); err != nil || trouble != "" || stands {
				return err
			}
			_, err := tx.ExecContext(ctx, w.roleStatements()+statements+"comment on schema "+w.schema+" is '"+mark+"'")
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("row-level security: %w", err)
	}
	if trouble != "" {
		slog.WarnContext(ctx, "row-level security is off", "because", trouble)
		return nil, nil
	}
	return w, nil
}

// Wall says why there can be no row-level security on PostgreSQL, and what to do about it; empty when it is there, or will
// be at the next start, and on SQLite, which has none.
func (r *SystemReader) Wall(ctx context.Context) (trouble string, err error) {
	if r.store.engine.name() != "postgres" {
		return "", nil
	}
	w, err := plannedWall(ctx, r.store.db)
	if err == nil {
		trouble, _, err = w.look(ctx, r.store.db, "")
	}
	return trouble, err
}

func plannedWall(ctx context.Context, q query) (*wall, error) {
	at, err := get[struct {
		Database string `db:"database"`
		Schema   string `db:"schema"`
		Path     string `db:"path"`
		Scans    string `db:"scans"`
	}](ctx, q, `select current_database() as database, current_schema() as schema, current_setting('search_path') as path,
current_setting('enable_seqscan') as scans`)
	if err != nil {
		return nil, err
	}
	w := &wall{database: at.Database, role: named(at.Database, at.Schema, "viewer"), schema: quoted(named(at.Schema, "wall")), house: quoted(at.Schema), housePath: at.Path, scans: at.Scans}
	w.path = w.schema + ", " + w.house
	w.enter = strings.ReplaceAll(enter, "{wall}", w.schema)
	return w, nil
}

// named puts parts together to the name of something in PostgreSQL, which has 63 bytes at most. A cluster has one set of
// roles for all its databases: each house has its own.
func named(parts ...string) string {
	name := strings.Join(parts, "_")
	if len(name) > 63 {
		sum := sha256.Sum256([]byte(name))
		name = parts[len(parts)-1] + "_" + hex.EncodeToString(sum[:16])
	}
	return name
}

func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// look tells whether the wall stands as marked, and what is in the way of one.
func (w *wall) look(ctx context.Context, q query, mark string) (trouble string, stands bool, err error) {
	may, err := get[struct {
		Stands bool   `db:"stands"`
		Role   bool   `db:"role"`
		Strong bool   `db:"strong"`
		Member bool   `db:"member"`
		Roles  bool   `db:"roles"`
		Schema bool   `db:"schema"`
		User   string `db:"name"`
	}](ctx, q, `
select coalesce(obj_description(to_regnamespace(?), 'pg_namespace') = ?, false) as stands, r.oid is not null as role,
       coalesce(r.rolsuper or r.rolbypassrls, false) as strong, coalesce(pg_has_role(current_user, r.oid, 'member'), false) as member,
       u.rolsuper or u.rolcreaterole as roles, has_database_privilege(current_database(), 'create') as schema, u.rolname as name
from   pg_roles u
left   join pg_roles r on r.rolname = ?
where  u.rolname = current_user`, w.schema, mark, w.role)
	if err != nil {
		return "", false, err
	}
	switch role, user := quoted(w.role), quoted(may.User); {
	case may.Strong:
		trouble = "no policy holds the role that people read in: a superuser has to run: alter role " + role + " nosuperuser nobypassrls"
	case !may.Member && !may.Roles && may.Role:
		trouble = "a superuser has to run: grant " + role + " to " + user
	case !may.Member && !may.Roles:
		trouble = "a superuser has to run: create role " + role + " nologin; grant " + role + " to " + user
	case !may.Schema && !may.Stands:
		trouble = "the owner of the database has to run: grant create on database " + quoted(w.database) + " to " + user
	}
	w.makes, w.takes = !may.Role, !may.Member
	return trouble, may.Stands && may.Member, nil
}

// roleStatements give the user of the database the role. Who may make a role does not take it on by that.
func (w *wall) roleStatements() (statements string) {
	if w.makes {
		statements = "create role " + quoted(w.role) + " nologin;\n"
	}
	if w.takes {
		statements += "grant " + quoted(w.role) + " to current_user;\n"
	}
	return statements
}

// lower: the views of the wall hang on the columns of the tables.
func (postgresEngine) lower(ctx context.Context, tx *sqlx.Tx) error {
	w, err := plannedWall(ctx, tx)
	if err == nil {
		_, err = tx.ExecContext(ctx, "drop schema if exists "+w.schema+" cascade")
	}
	return err
}

var (
	schemaTables = regexp.MustCompile(`(?ms)^create table (\w+) \((.*?)^\);`)
	schemaColumn = regexp.MustCompile(`(?m)^  (\w+) +(?:text|bigint|boolean)\b`)
)

// columnsOf are the tables of the schema with their columns, in order.
func columnsOf(schema string) map[string][]string {
	all := map[string][]string{}
	for _, t := range schemaTables.FindAllStringSubmatch(schema, -1) {
		for _, c := range schemaColumn.FindAllStringSubmatch(t[2], -1) {
			all[t[1]] = append(all[t[1]], c[1])
		}
	}
	return all
}

var (
	asked   = regexp.MustCompile(`([\w.]+|\{me\}) (not )?in \{(\w+)\}`)
	unnests = regexp.MustCompile(`unnest\(\{(\w+)\}\)`)
)

// heldSets are those that are held, by name.
func heldSets() map[string]bool {
	held := map[string]bool{}
	for _, s := range wallSets {
		held[s.name] = s.held
	}
	return held
}

// asArray is the ids of a set.
func asArray(name string, held bool) string {
	if held {
		return "string_to_array(btrim(current_setting('morgenkreis." + name + "', true), ','), ',')"
	}
	return "{wall}." + name + "()"
}

// asking spells out what a text asks of sets. In a rule, which is asked of each row, what is held is looked for in the text
// that it is held as: that is no part of a plan, and the planner takes it for a condition that some rows meet. Elsewhere it
// is an array that is worked out when it is first needed: the planner can not turn that into a join, and work it out again
// for each row, but it can look the ids up in an index.
func asking(text string, rule bool) string {
	held := heldSets()
	text = asked.ReplaceAllStringFunc(text, func(s string) string {
		m := asked.FindStringSubmatch(s)
		id, not, name := m[1], m[2] != "", m[3]
		switch {
		case held[name] && rule && not:
			return "not strpos(current_setting('morgenkreis." + name + "', true), ',' || " + id + " || ',') > 0"
		case held[name] && rule:
			return "strpos(current_setting('morgenkreis." + name + "', true), ',' || " + id + " || ',') > 0"
		case not:
			return id + " <> all ((select " + asArray(name, held[name]) + ")::text[])"
		}
		return id + " = any ((select " + asArray(name, held[name]) + ")::text[])"
	})
	return unnests.ReplaceAllStringFunc(text, func(s string) string {
		name := unnests.FindStringSubmatch(s)[1]
		return "unnest(" + asArray(name, held[name]) + ")"
	})
}

// statements make the wall from nothing, whatever of it was there.
func (w *wall) statements() string {
	var b strings.Builder
	say := func(statement string, args ...string) {
		fill := strings.NewReplacer("{wall}", w.schema, "{house}", w.house, "{viewer}", quoted(w.role),
			"{me}", "current_setting('morgenkreis.account', true)", "{today}", "current_setting('morgenkreis.today', true)")
		b.WriteString(fill.Replace(strings.NewReplacer(args...).Replace(statement)) + ";\n")
	}
	say(`drop schema if exists {wall} cascade`)
	say(`create schema {wall}`)
	say(`grant usage on schema {wall}, {house} to {viewer}`)
	// A set is kept until the transaction ends or goes behind the wall anew: the house may have changed something in between.
	const rights = ` language plpgsql stable security definer set search_path = {house}, pg_temp as $wall$ `
	const set = `create function {wall}.{name}() returns text[]` + rights + `
declare
  kept text[];
begin
  {unless}kept := string_to_array(current_setting('morgenkreis.{name}', true), ',');
  if kept[1] = current_setting('morgenkreis.entry', true) then
    return kept[2:];
  end if;
  kept := array({ids});
  perform set_config('morgenkreis.{name}', array_to_string(current_setting('morgenkreis.entry', true) || kept, ','), true);
  return kept;
end $wall$`
	const test = `create function {wall}.{name}(row_id text) returns boolean` + rights + `begin return ({ids}); end $wall$`
	// Sets ask one another: their bodies are looked at when they run.
	for _, s := range wallSets {
		if s.held {
			continue
		}
		unless := ""
		if s.of != "" {
			unless = "if " + nothingIn(s.of) + " then return '{}'; end if;\n  "
		}
		say(set, "{name}", s.name, "{unless}", unless, "{ids}", asking(s.ids, false))
	}
	for _, s := range wallTests {
		say(test, "{name}", s.name, "{ids}", strings.ReplaceAll(asking(s.ids, false), "{id}", "row_id"))
	}
	say(`create function {wall}.enter(account text, today text, entry text) returns void`+rights+`{holds}end $wall$`, "{holds}", w.holds())
	for _, v := range ruleViews {
		say(`create view {wall}.{name} as `+asking(v.ids, true), "{name}", v.name)
	}
	columns := columnsOf(morgenkreis.Schema)
	for _, table := range slices.Sorted(maps.Keys(columns)) {
		say(`alter table {house}.{table} enable row level security`, "{table}", table)
		say(`drop policy if exists seen on {house}.{table}`, "{table}", table)
		rule, seen := wallPolicies[table]
		if !seen {
			say(`revoke all on {house}.{table} from {viewer}`, "{table}", table)
			continue
		}
		say(`set local search_path to {house}`)
		say(`create policy seen on {house}.{table} for select using (`+asking(rule, true)+`)`, "{table}", table)
		say(`grant select on {house}.{table} to {viewer}`, "{table}", table)
		if masks := wallMasks[table]; masks != nil {
			var as []string
			for _, c := range columns[table] {
				if m := masks[c]; m != "" {
					as = append(as, asking(strings.ReplaceAll(m, "{column}", c), true)+" as "+c)
				} else {
					as = append(as, c)
				}
			}
			say(`create view {wall}.{table} with (security_invoker = true) as select `+strings.Join(as, ",\n")+` from {house}.{table}`, "{table}", table)
		}
	}
	for _, v := range wallViews {
		say(`create view {wall}.{name} as `+asking(v.ids, false), "{name}", v.name)
	}
	say(`grant select on all tables in schema {wall} to {viewer}`)
	return b.String()
}

// nothingIn is true of a set that is held when it is empty.
func nothingIn(set string) string { return "current_setting('morgenkreis." + set + "', true) = ','" }

// holds is what works the held sets out: those that need no other in one statement, and then, where there is something in
// it, those of each.
func (w *wall) holds() string {
	var b strings.Builder
	b.WriteString(`begin
  perform set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_hashjoin', 'off', true),
    set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true);
  perform set_config('morgenkreis.account', account, true), set_config('morgenkreis.today', today, true), set_config('morgenkreis.entry', entry, true);
`)
	var done []string
	for _, first := range wallSets {
		if !first.held || slices.Contains(done, first.of) {
			continue
		}
		done = append(done, first.of)
		var worked, none []string
		for _, s := range wallSets {
			if s.held && s.of == first.of {
				worked = append(worked, "set_config('morgenkreis."+s.name+"', ',' || array_to_string(array("+asking(s.ids, false)+") || ''::text, ','), true)")
				none = append(none, "set_config('morgenkreis."+s.name+"', ',', true)")
			}
		}
		all, nobody := "  perform "+strings.Join(worked, ",\n    ")+";\n", "  perform "+strings.Join(none, ", ")+";\n"
		if first.of != "" {
			all = "  if " + nothingIn(first.of) + " then\n  " + nobody + "  else\n  " + all + "  end if;\n"
		}
		b.WriteString(all)
	}
	return b.String()
}

// seen is what a viewer reads with: behind the wall where there is one. It opens at the first statement and must be ended.
// Its statements see one moment each, as they do without it.
type seen struct {
	s    *Store
	v    kita.Viewer
	conn *sqlx.Conn
	err  error
}

// as answers the handle that reads for v. What it reads, v may see.
func (s *Store) as(v kita.Viewer) *seen { return &seen{s: s, v: v} }

// end gives the connection back. Nobody waits for that but the end of the store: the answer is there.
func (r *seen) end() {
	conn := r.conn
	if conn == nil {
		return
	}
	r.conn = nil
	r.s.ending.Go(func() {
		// Whatever can not be ended in order is not used again: the next one would be behind the wall of this one.
		_ = conn.Raw(func(c any) error {
			// The context of the request may have ended; the connection is closed then, and this is answered at once.
			if _, err := c.(*stdlib.Conn).Conn().PgConn().Exec(context.Background(), "commit").ReadAll(); err != nil {
				return driver.ErrBadConn
			}
			return nil
		})
		_ = conn.Close() // says no more than that it was bad
	})
}

// open begins the transaction and goes behind the wall, in one round trip.
func (r *seen) open(ctx context.Context) error {
	w := r.s.wall
	for try := 1; ; try++ {
		conn, err := r.s.db.Connx(ctx)
		if err != nil {
			return err
		}
		lost := false
		err = conn.Raw(func(c any) error {
			pg := c.(*stdlib.Conn).Conn().PgConn()
			var args []any
			for _, value := range []string{w.role, w.path, string(r.v.AccountID()), string(r.v.Today()), "1"} {
				text, err := pg.EscapeString(value)
				if err != nil {
					return err
				}
				args = append(args, text)
			}
			_, err := pg.Exec(ctx, fmt.Sprintf("begin read only; "+literal(w.enter), args...)).ReadAll()
			if lost = pg.IsClosed(); err != nil {
				err = errors.Join(err, driver.ErrBadConn) // not to be used by anybody else
			}
			return err
		})
		if err == nil {
			r.conn = conn
			return nil
		}
		_ = conn.Close()
		if !lost || try == 3 || ctx.Err() != nil { // a connection that had died in the pool: PostgreSQL was started again
			return fmt.Errorf("behind the wall: %w", err)
		}
	}
}

var placeholder = regexp.MustCompile(`\$\d`)

func literal(statement string) string { return placeholder.ReplaceAllString(statement, "'%s'") }

// reads answers what the statements run on.
func (r *seen) reads(ctx context.Context) sqlx.QueryerContext {
	if r.s.wall == nil {
		return r.s.db
	}
	if r.conn == nil && r.err == nil {
		r.err = r.open(ctx)
	}
	if r.err != nil {
		return failed{r.s.db, r.err}
	}
	return r.conn
}

// Rebind is where a test takes the narrowing out of a statement.
func (r *seen) Rebind(statement string) string { return r.s.db.Rebind(r.s.unnarrowed(statement)) }

func (r *seen) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return r.reads(ctx).QueryContext(ctx, statement, args...)
}

func (r *seen) QueryxContext(ctx context.Context, statement string, args ...any) (*sqlx.Rows, error) {
	return r.reads(ctx).QueryxContext(ctx, statement, args...)
}

func (r *seen) QueryRowxContext(ctx context.Context, statement string, args ...any) *sqlx.Row {
	return r.reads(ctx).QueryRowxContext(ctx, statement, args...)
}

// failed answers err to everything. A row of sqlx can not be made from outside: one that was never asked for is the answer.
type failed struct {
	db  *sqlx.DB
	err error
}

func (f failed) DriverName() string             { return f.db.DriverName() }
func (f failed) Rebind(statement string) string { return f.db.Rebind(statement) }
func (f failed) BindNamed(statement string, arg any) (string, []any, error) {
	return f.db.BindNamed(statement, arg)
}
func (f failed) ExecContext(context.Context, string, ...any) (sql.Result, error)   { return nil, f.err }
func (f failed) QueryContext(context.Context, string, ...any) (*sql.Rows, error)   { return nil, f.err }
func (f failed) QueryxContext(context.Context, string, ...any) (*sqlx.Rows, error) { return nil, f.err }
func (f failed) QueryRowxContext(ctx context.Context, statement string, args ...any) *sqlx.Row {
	ended, end := context.WithCancelCause(ctx)
	end(f.err)
	return f.db.QueryRowxContext(ended, statement, args...)
}

// seenInTx is what is read for a viewer within a transaction that writes. What follows from it the house does: tx itself
// is outside the wall. Each side is taken when a statement is for it, with one round trip more.
type seenInTx struct {
	tx *Tx
	v  kita.Viewer
}

// as answers the handle that reads for v within tx.
func (tx *Tx) as(v kita.Viewer) query { return seenInTx{tx, v} }

func (r seenInTx) Rebind(statement string) string {
	return r.tx.Tx.Rebind(r.tx.s.unnarrowed(statement))
}

func (r seenInTx) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return r.tx.inside(ctx, r.v).QueryContext(ctx, statement, args...)
}

func (r seenInTx) QueryxContext(ctx context.Context, statement string, args ...any) (*sqlx.Rows, error) {
	return r.tx.inside(ctx, r.v).QueryxContext(ctx, statement, args...)
}

func (r seenInTx) QueryRowxContext(ctx context.Context, statement string, args ...any) *sqlx.Row {
	return r.tx.inside(ctx, r.v).QueryRowxContext(ctx, statement, args...)
}

// seen is ErrNotFound for a row that v does not see, ahead of a statement that changes it.
func (tx *Tx) seen(v kita.Viewer, table string, id kita.ID) error {
	_, err := get[kita.ID](tx.ctx, tx.as(v), "select id from "+table+" where id = ?", id)
	return err
}

// inside takes tx behind the wall.
func (tx *Tx) inside(ctx context.Context, v kita.Viewer) sqlx.QueryerContext {
	w := tx.s.wall
	if w == nil || tx.behind && tx.viewer == v.AccountID() {
		return tx.Tx
	}
	tx.entries++
	return tx.sided(ctx, true, v.AccountID(), w.enter, w.role, w.path, v.AccountID(), v.Today(), strconv.Itoa(tx.entries))
}

// outside takes tx out from behind the wall.
func (tx *Tx) outside(ctx context.Context) sqlx.ExtContext {
	if !tx.behind {
		return tx.Tx
	}
	return tx.sided(ctx, false, "", leave, tx.s.wall.housePath, tx.s.wall.scans)
}

func (tx *Tx) sided(ctx context.Context, behind bool, viewer kita.ID, statement string, args ...any) sqlx.ExtContext {
	if tx.lost == nil {
		_, tx.lost = tx.Tx.ExecContext(ctx, statement, args...)
	}
	if tx.lost != nil { // nothing is to run on the wrong side
		return failed{tx.s.db, tx.lost}
	}
	tx.behind, tx.viewer = behind, viewer
	return tx.Tx
}

// What the house does in a transaction.

func (tx *Tx) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	return tx.outside(ctx).QueryContext(ctx, statement, args...)
}

func (tx *Tx) QueryxContext(ctx context.Context, statement string, args ...any) (*sqlx.Rows, error) {
	return tx.outside(ctx).QueryxContext(ctx, statement, args...)
}

func (tx *Tx) QueryRowxContext(ctx context.Context, statement string, args ...any) *sqlx.Row {
	return tx.outside(ctx).QueryRowxContext(ctx, statement, args...)
}

func (tx *Tx) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	return tx.outside(ctx).ExecContext(ctx, statement, args...)
}

func (tx *Tx) NamedExecContext(ctx context.Context, statement string, arg any) (sql.Result, error) {
	return sqlx.NamedExecContext(ctx, tx.outside(ctx), statement, arg)
}
