package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"

	"morgenkreis/store"
)

// ready are the databases of this process's server that a test has given back, in which a store finds its tables empty and its wall
// standing. Making one takes PostgreSQL ten times as long as emptying it, and half the time of a small test.
var ready struct {
	sync.Mutex
	databases []readyDatabase
}

// readyDatabase is at url, and its catalogue was marked so when it was made.
type readyDatabase struct{ url, mark string }

// ReadyURL is the address of a database on this process's own server in which a store has been opened, with nothing in it. The next
// test may get the same one: what is no row of a table (an index that was dropped, statistics of the planner) goes with it.
func ReadyURL(t testing.TB) string {
	t.Helper()
	ready.Lock()
	var d readyDatabase
	if n := len(ready.databases); n > 0 {
		d, ready.databases = ready.databases[n-1], ready.databases[:n-1]
	}
	ready.Unlock()
	if d.url == "" {
		var err error
		if d, err = makeReady(PostgresURL(t)); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			return
		}
		empty, err := d.empty()
		if err != nil {
			t.Errorf("empty the database of this test: %v", err)
		} else if empty {
			ready.Lock()
			defer ready.Unlock()
			ready.databases = append(ready.databases, d)
		}
	})
	return d.url
}

func makeReady(url string) (readyDatabase, error) {
	s, err := store.Open(context.Background(), store.Options{URL: url})
	if err != nil {
		return readyDatabase{}, err
	}
	if err := s.Close(); err != nil {
		return readyDatabase{}, err
	}
	db, err := sqlx.Connect("pgx", url)
	if err != nil {
		return readyDatabase{}, err
	}
	d := readyDatabase{url: url}
	return d, errors.Join(db.Get(&d.mark, catalogueMark), db.Close())
}

// catalogueMark changes with whatever a statement has changed in a database that is no row of a table of ours: each entry of the
// catalogues with the transaction that wrote it, and what the planner knows.
const catalogueMark = `
select md5(string_agg(entry, ' ' order by entry)) from (
  select 'class ' || oid || ' ' || xmin || ' ' || reltuples as entry from pg_class where oid >= 16384
  union all select 'attribute ' || attrelid || ' ' || attnum || ' ' || xmin from pg_attribute where attrelid >= 16384
  union all select 'default ' || oid || ' ' || xmin from pg_attrdef
  union all select 'index ' || indexrelid || ' ' || xmin from pg_index where indexrelid >= 16384
  union all select 'constraint ' || oid || ' ' || xmin from pg_constraint where oid >= 16384
  union all select 'trigger ' || oid || ' ' || xmin from pg_trigger
  union all select 'rule ' || oid || ' ' || xmin from pg_rewrite where oid >= 16384
  union all select 'policy ' || oid || ' ' || xmin from pg_policy
  union all select 'function ' || oid || ' ' || xmin from pg_proc where oid >= 16384
  union all select 'schema ' || oid || ' ' || xmin from pg_namespace
  union all select 'comment ' || objoid || ' ' || objsubid || ' ' || xmin from pg_description where objoid >= 16384
  union all select 'database ' || oid || ' ' || xmin from pg_database where datname = current_database()
  union all select 'setting ' || setdatabase || ' ' || setrole || ' ' || xmin from pg_db_role_setting
  union all select 'role ' || oid || ' ' || xmin from pg_authid where rolname like current_database() || '\_%'
  union all select 'member ' || roleid || ' ' || member || ' ' || m.xmin from pg_auth_members m join pg_authid r on r.oid = roleid
            where rolname like current_database() || '\_%'
  union all select 'statistics ' || count(*) from pg_statistic where starelid >= 16384
) as entries`

// empty takes all rows out, and tells whether nothing but rows has changed since the database was made.
func (d readyDatabase) empty() (bool, error) {
	db, err := sqlx.Connect("pgx", d.url)
	if err != nil {
		return false, err
	}
	defer db.Close()
	var mark string
	if err := db.Get(&mark, catalogueMark); err != nil || mark != d.mark {
		return false, err
	}
	var tables []string
	if err := db.Select(&tables, "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'public'"); err != nil {
		return false, err
	}
	var b strings.Builder
	// Without the triggers of the keys, in any order. Whoever still holds a row keeps the database to himself.
	b.WriteString("set session_replication_role = replica; set lock_timeout = '2s';\n")
	for _, table := range tables {
		where := ""
		if table == "public.meta" {
			where = " where key <> 'schema_version'"
		}
		fmt.Fprintf(&b, "delete from %s%s;\n", table, where)
	}
	_, err = db.Exec(b.String())
	return err == nil, err
}
