package store

import (
	"context"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// OpenOn opens a database that is made of another schema than ours, and carried along by other migrations.
func OpenOn(ctx context.Context, o Options, schema string, version int, files fs.FS) (*Store, error) {
	o.ladder = &ladder{schema, version, files}
	return Open(ctx, o)
}

// Migrations are the files that are in the program.
func Migrations() fs.FS { return ourLadder().files }

// CarriedAlike tells for which engine the files of our migrations do not add up.
func CarriedAlike() error {
	for _, engine := range []string{"sqlite", "postgres"} {
		if _, err := ourLadder().rungs(engine); err != nil {
			return err
		}
	}
	return nil
}

// OpenMoving opens what is half moved as well.
func OpenMoving(ctx context.Context, o Options) (*Store, error) {
	o.moving = true
	return Open(ctx, o)
}

// Orphan tries to leave a session of nobody.
func Orphan(s *Store) error {
	_, err := s.writer.Exec(`insert into sessions (id, account_id, token_hash, user_agent, created_at, last_seen_at, expires_at) values ('1', '1', '', '', 1, 1, 1)`)
	return err
}

// Value is what a statement finds, as text.
func Value(t testing.TB, s *Store, statement string) string {
	t.Helper()
	v, err := get[string](context.Background(), s.db, statement)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var blank = regexp.MustCompile(`\s+`)

// sqliteCatalogue says of SQLite all that its pragmas know. What they do not, the conditions of checks, of partial indexes
// and the views, is taken from the statement that made them.
const sqliteCatalogue = `
select 'column ' || m.name || '.' || c.name || ' ' || c.type || ' notnull=' || c."notnull" || ' pk=' || c.pk || ' hidden=' || c.hidden ||
       ' default=' || coalesce(c.dflt_value, 'none')
from   sqlite_master m join pragma_table_xinfo(m.name) c
where  m.type = 'table' and m.name not like 'sqlite_%'
union all
select 'table ' || name || ' strict=' || strict || ' without rowid=' || wr from pragma_table_list where schema = 'main' and type = 'table' and name not like 'sqlite_%'
union all
select 'key ' || m.name || '.' || k."from" || ' to ' || k."table" || '.' || coalesce(k."to", 'its key') || ' update ' || k.on_update || ' delete ' || k.on_delete ||
       ' match ' || k."match"
from   sqlite_master m join pragma_foreign_key_list(m.name) k
where  m.type = 'table'
union all
select 'index ' || case when i.origin = 'c' then i.name else i.origin || ' of ' || m.name end || ' on ' || m.name || ' unique=' || i."unique" || ' (' ||
       (select group_concat(coalesce(x.name, 'expression') || ' ' || x.coll || ' desc=' || x."desc") from (select * from pragma_index_xinfo(i.name) where key = 1 order by seqno) x) || ')' ||
       ' where ' || case when i.partial = 1 then (select substr(p.sql, instr(lower(p.sql), ' where ')) from sqlite_master p where p.name = i.name) else 'all' end
from   sqlite_master m join pragma_index_list(m.name) i
where  m.type = 'table'
union all
select type || ' ' || name || ': ' || sql from sqlite_master where type in ('view', 'trigger')`

// postgresCatalogue says what PostgreSQL would write of itself: columns, constraints, indexes, views, functions, triggers,
// row-level security and rights.
const postgresCatalogue = `
select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' notnull=' || a.attnotnull || ' default=' ||
       coalesce(pg_get_expr(d.adbin, d.adrelid), 'none') || ' identity=' || a.attidentity::text || ' generated=' || a.attgenerated::text || ' collation=' || a.attcollation::text
from   pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where  c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
union all
select 'relation ' || relname || ' kind=' || relkind::text || ' security=' || relrowsecurity || ' forced=' || relforcerowsecurity || ' rights=' || coalesce(replace(relacl::text, current_database(), 'house'), 'usual') ||
       ' options=' || coalesce(reloptions::text, 'usual')
from   pg_class where relnamespace = current_schema()::regnamespace and relkind <> 'i'
union all
select 'constraint on ' || r.relname || ': ' || pg_get_constraintdef(k.oid) || ' valid=' || k.convalidated
from   pg_constraint k join pg_class r on r.oid = k.conrelid where k.connamespace = current_schema()::regnamespace
union all
select 'index ' || pg_get_indexdef(i.indexrelid) || ' valid=' || i.indisvalid
from   pg_index i join pg_class c on c.oid = i.indexrelid where c.relnamespace = current_schema()::regnamespace
union all
select 'view ' || relname || ': ' || pg_get_viewdef(oid) from pg_class where relnamespace = current_schema()::regnamespace and relkind in ('v', 'm')
union all
select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = current_schema()::regnamespace
union all
select 'trigger ' || pg_get_triggerdef(oid) from pg_trigger where not tgisinternal
union all
select 'policy ' || p::text from pg_policies p where schemaname = current_schema()`

// Catalogue is everything the database's schema consists of, one line each, sorted; not the order of columns, which nothing
// of ours depends on.
func Catalogue(t testing.TB, s *Store) []string {
	t.Helper()
	statement := sqliteCatalogue
	if s.Engine() == "postgres" {
		statement = postgresCatalogue
	}
	all, err := list[string](context.Background(), s.db, statement)
	if err != nil {
		t.Fatal(err)
	}
	if s.Engine() == "sqlite" {
		made, err := list[string](context.Background(), s.db, `select name || ' ' || sql from sqlite_master where type = 'table' and name not like 'sqlite_%'`)
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range made {
			all = append(all, checksOf(table)...)
		}
	}
	for i := range all {
		all[i] = strings.TrimSpace(blank.ReplaceAllString(all[i], " "))
	}
	slices.Sort(all)
	return all
}

var checkWord = regexp.MustCompile(`(?i)\bcheck\s*\(`)

// checksOf are the conditions that the statement of a table names.
func checksOf(table string) (all []string) {
	name, _, _ := strings.Cut(table, " ")
	for _, at := range checkWord.FindAllStringIndex(table, -1) {
		depth, end := 1, at[1]
		for ; depth > 0 && end < len(table); end++ {
			switch table[end] {
			case '(':
				depth++
			case ')':
				depth--
			}
		}
		all = append(all, "check on "+name+": "+table[at[1]:end-1])
	}
	return all
}
