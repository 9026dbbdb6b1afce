package store

import (
	"context"
	"strings"
	"testing"
)

// Count answers a question about the rows.
func Count(t testing.TB, s *Store, question string, args ...any) int {
	t.Helper()
	n, err := get[int](context.Background(), s.db, question, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Exec changes rows as no function of the store would: for what only time or an accident brings about.
func Exec(t testing.TB, s *Store, statement string, args ...any) {
	t.Helper()
	if err := s.write(context.Background(), func(tx *Tx) error {
		_, err := tx.exec(statement, args...)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// plan is how SQLite goes about a statement, a line for each table, on a database that knows nothing of its tables yet.
func plan(t *testing.T, s *Store, statement string) []string {
	t.Helper()
	args := make([]any, strings.Count(statement, "?"))
	rows, err := list[struct {
		ID      int    `db:"id"`
		Parent  int    `db:"parent"`
		NotUsed int    `db:"notused"`
		Detail  string `db:"detail"`
	}](context.Background(), s.writer, "explain query plan "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = r.Detail
	}
	return lines
}

// What runs for every push, or for every notice, may not read a table from one end to the other: with a million guardians
// that would be every family of every kita.
func TestSendingReadsNoTableFromEndToEnd(t *testing.T) {
	s, err := Open(context.Background(), Options{Path: t.TempDir() + "/morgenkreis.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, statement := range map[string]string{
		"heads":            heads,
		"claim":            claimOfHead + ")",
		"ahead of":         aheadOf,
		"claimed":          claimedDeliveries,
		"still wanted":     stillWanted,
		"works with":       worksWith,
		"troubled":         troubled,
		"mail them":        mailThem + impatient,
		"call them":        callThem + impatient + ")",
		"call at once":     callThem + silent + ")",
		"left":             left,
		"resolve the kita": `select t.guardian_id from told t where ` + toldKita,
		"resolve groups":   `select t.guardian_id from told t where ` + toldGroups,
		"resolve children": `select t.guardian_id from told t where ` + toldChildren,
		"ledger":           ledgerOf,
	} {
		for _, line := range plan(t, s, statement) {
			// The services are as many as there are browsers' makers, and of the view only what was searched for is left.
			if strings.HasPrefix(line, "SCAN ") && line != "SCAN heads" && line != "SCAN h" && line != "SCAN CONSTANT ROW" && (line != "SCAN r" || name != "works with") {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
}

// What waits behind the head of a line is not read to find the next line.
func TestNextHeadIsFoundInTheIndex(t *testing.T) {
	s, err := Open(context.Background(), Options{Path: t.TempDir() + "/morgenkreis.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	whole := strings.Join(plan(t, s, heads), "\n")
	for _, step := range []string{"(service=? AND rank>?)", "(service>?)"} {
		if !strings.Contains(whole, "SEARCH n USING INDEX deliveries_due "+step) {
			t.Errorf("%s is not looked for in\n%s", step, whole)
		}
	}
}

// Who never opens anything has hundreds of unread notices, and each push to them counts all.
func TestUnreadAreCountedInTheIndex(t *testing.T) {
	s, err := Open(context.Background(), Options{Path: t.TempDir() + "/morgenkreis.db"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	whole := strings.Join(plan(t, s, claimedDeliveries), "\n")
	if !strings.Contains(whole, "SEARCH u USING COVERING INDEX recipients_unread (account_id=?") {
		t.Error(whole)
	}
}

// Try is Exec for what may be refused.
func Try(s *Store, statement string, args ...any) error {
	return s.write(context.Background(), func(tx *Tx) error {
		_, err := tx.exec(statement, args...)
		return err
	})
}

// OutboxPlans says of the statements of those who send what PostgreSQL would read from end to end, or not plan for good, on the
// connections that they are sent over.
func OutboxPlans(t testing.TB, s *Store) map[string]string {
	t.Helper()
	ctx := context.Background()
	c, err := s.outbox.writer.Connx(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found := map[string]string{}
	if mode, err := get[string](ctx, c, "show plan_cache_mode"); err != nil || mode != "force_generic_plan" {
		found["every statement"] = "is planned again each time: " + mode
	}
	tries, _ := s.outbox.batches.tried(nil)
	for name, statement := range map[string]string{
		"heads":          heads,
		"claim and read": claimAndRead,
		"still wanted":   stillWanted,
		"works with":     worksWith,
		"notices":        noticeTexts,
		"finish":         finished,
		"accepted":       acceptedByDevices,
		"troubled":       troubled,
		"let go":         letGoOf(tries, untried),
	} {
		statement, _, err := s.outbox.batches.among(statement, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := strings.Count(statement, "?")
		args := ""
		if n > 0 {
			args = "(null" + strings.Repeat(", null", n-1) + ")"
		}
		if _, err := c.ExecContext(ctx, `prepare "`+name+`" as `+c.Rebind(statement)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		lines, err := list[string](ctx, c, `explain execute "`+name+`"`+args)
		if err != nil {
			t.Fatal(err)
		}
		whole := strings.Join(lines, "\n")
		for i, line := range lines {
			through := strings.Contains(line, "Index") && strings.Contains(line, "Scan") && (i+1 == len(lines) || !strings.Contains(lines[i+1], "Index Cond"))
			if through || strings.Contains(line, "Seq Scan") || strings.Contains(line, "Hash Join") || strings.Contains(line, "Merge Join") {
				found[name] = line + "\nin\n" + whole
			}
		}
	}
	return found
}

// Lines are what a statement finds, a text each.
func Lines(t testing.TB, s *Store, statement string) []string {
	t.Helper()
	all, err := list[string](context.Background(), s.db, statement)
	if err != nil {
		t.Fatal(err)
	}
	return all
}
