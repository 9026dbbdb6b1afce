package store

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morgenkreis"
	"morgenkreis/kita"
)

var tables = regexp.MustCompile(`(?s)create table (\w+) \((.*?)\n\);`)

// Dump is every row of every table, in an order of its own; with a kita, of what is the kita's.
func Dump(t testing.TB, s *Store, of kita.ID) string {
	t.Helper()
	var all []string
	for _, m := range tables.FindAllStringSubmatch(morgenkreis.Schema, -1) {
		statement, args := "select * from "+m[1], []any{}
		if of != "" {
			if !strings.Contains(m[2], "  kita_id ") {
				continue
			}
			statement, args = statement+" where kita_id = ?", []any{of}
		}
		rows, err := s.db.QueryxContext(context.Background(), s.db.Rebind(statement), args...)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			row := map[string]any{}
			if err := rows.MapScan(row); err != nil {
				t.Fatal(err)
			}
			all = append(all, fmt.Sprintf("%s %v", m[1], row))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) == 0 && of == "" {
		t.Fatal("no table was found in the schema")
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
