package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jmoiron/sqlx"

	"morgenkreis"
)

// table is what a move must know of one: its columns in the order of the schema, with their types, and its key.
type table struct {
	name    string
	columns []column
	key     []column
	// unique tells that not only the key is: two rows can be in each other's way.
	unique bool
	// rows is the condition for those that move.
	rows string
}

type column struct {
	Name string `db:"name"`
	Kind string `db:"kind"` // TEXT, BIGINT, BOOLEAN: the schema has no other
	Key  int    `db:"key"`
}

// movingKey marks in meta a database that another one is being moved to: whose it is. No server starts on it.
const movingKey = "moving_from"

// tablesOf are the tables of schema.sql, none before one that it points to. SQLite tells, of an empty database in memory:
// what PostgreSQL's catalogue says is the same.
func tablesOf(ctx context.Context) (all []table, err error) {
	register()
	db, err := sqlx.ConnectContext(ctx, driverName, ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1) // another connection would have a memory of its own
	if _, err := db.ExecContext(ctx, morgenkreis.Schema); err != nil {
		return nil, err
	}
	// schema.sql is in this order, or PostgreSQL would not take it.
	names, err := list[string](ctx, db, `select name from sqlite_master where type = 'table' order by rowid`)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		t := table{name: name, rows: "true"}
		if t.columns, err = list[column](ctx, db, `select name, upper(type) as kind, pk as "key" from pragma_table_info(?) order by cid`, name); err != nil {
			return nil, err
		}
		if t.key, err = list[column](ctx, db, `select name, upper(type) as kind, pk as "key" from pragma_table_info(?) where pk > 0 order by pk`, name); err != nil {
			return nil, err
		}
		if len(t.key) == 0 {
			return nil, fmt.Errorf("table %s has no primary key", name)
		}
		if t.unique, err = get[bool](ctx, db, uniqueBesides, name); err != nil {
			return nil, err
		}
		if name == "meta" {
			t.rows = "t.key <> '" + movingKey + "'"
		}
		all = append(all, t)
	}
	return all, nil
}

// uniqueBesides tells of a table whether something is unique that is not part of its key: what is, can only be in the way of a
// row that has another key, and such a row is none of the source's.
const uniqueBesides = `
select exists (select 1 from pragma_index_list(?1) i join pragma_index_info(i.name) c
               where i."unique" = 1 and i.origin <> 'pk' and coalesce((select t.pk from pragma_table_info(?1) t where t.name = c.name), 0) = 0)`

// row is one row as both engines know it: text, 64-bit numbers, truth and null.
type row struct {
	values []any
	// key is the row's key, and content all of it, each written in one way only.
	key, content string
}

// each gives f the rows that move, or of those the ones with the keys.
func (t table) each(ctx context.Context, q query, keys []row, f func(row) error) (err error) {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = "t." + c.Name
	}
	statement, args := "select "+strings.Join(names, ", ")+" from ", []any{}
	if keys == nil {
		statement += t.name + " t where " + t.rows
	} else {
		one := make([]string, len(t.key))
		for i, c := range t.key {
			one[i] = "cast(? as " + c.Kind + ")"
		}
		statement += "(values " + repeated("("+strings.Join(one, ", ")+")", len(keys)) + ") as v cross join " + t.name + " t where " + t.rows
		for i, c := range t.key {
			statement += fmt.Sprintf(" and t.%s = v.column%d", c.Name, i+1)
		}
		for _, k := range keys {
			args = append(args, t.keyOf(k)...)
		}
	}
	rows, err := q.QueryxContext(ctx, q.Rebind(statement), args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", t.name, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		raw, err := rows.SliceScan()
		if err != nil {
			return fmt.Errorf("read %s: %w", t.name, err)
		}
		r, err := t.row(raw)
		if err != nil {
			return err
		}
		if err := f(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

func repeated(s string, n int) string { return strings.TrimSuffix(strings.Repeat(s+", ", n), ", ") }

// row reads what an engine's driver gave. SQLite keeps in a column whatever it was given; what does not fit is an error here,
// not something else there.
func (t table) row(raw []any) (row, error) {
	r := row{values: raw}
	var key, content []byte
	for i, c := range t.columns {
		v, fits := c.canonical(raw[i])
		if !fits {
			return row{}, fmt.Errorf("in %s, row %q: what is in %s does not fit its type, or PostgreSQL could not hold it", t.name, string(key), c.Name)
		}
		raw[i] = v
		written := encoded(v)
		content = append(content, written...)
	}
	for _, v := range t.keyOf(r) {
		key = append(key, encoded(v)...)
	}
	r.key, r.content = string(key), string(content)
	return r, nil
}

func (t table) keyOf(r row) (values []any) {
	for _, k := range t.key {
		for i, c := range t.columns {
			if c.Name == k.Name {
				values = append(values, r.values[i])
			}
		}
	}
	return values
}

// canonical is v as its column's type says. Text is UTF-8 without NUL, which PostgreSQL does not take.
func (c column) canonical(v any) (_ any, fits bool) {
	if b, ok := v.([]byte); ok {
		v = string(b)
	}
	switch x := v.(type) {
	case nil:
		return nil, true
	case string:
		return x, c.Kind == "TEXT" && utf8.ValidString(x) && !strings.Contains(x, "\x00")
	case int64:
		if c.Kind == "BOOLEAN" && (x == 0 || x == 1) {
			return x == 1, true
		}
		return x, c.Kind == "BIGINT"
	case bool:
		return x, c.Kind == "BOOLEAN"
	}
	return v, false
}

// encoded writes a value so that no two rows look alike: a letter for the type, the length of a text before it.
func encoded(v any) []byte {
	switch x := v.(type) {
	case string:
		return append(binary.AppendUvarint([]byte{'t'}, uint64(len(x))), x...)
	case int64:
		return binary.BigEndian.AppendUint64([]byte{'i'}, uint64(x))
	case bool:
		if x {
			return []byte{'b', 1}
		}
		return []byte{'b', 0}
	}
	return []byte{'0'}
}

// digest is a checksum of rows in whatever order they come: the SHA-256 of each, added up in four lanes. Every row has a key
// of its own, so nothing is in it twice.
type digest struct {
	count int64
	lanes [4]uint64
}

func (d *digest) add(r row) {
	sum := sha256.Sum256([]byte(r.content))
	for i := range d.lanes {
		d.lanes[i] += binary.BigEndian.Uint64(sum[8*i:])
	}
	d.count++
}

func (d *digest) String() string {
	var all []byte
	for _, lane := range d.lanes {
		all = binary.BigEndian.AppendUint64(all, lane)
	}
	return hex.EncodeToString(all)
}
