package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// statistics are what ANALYZE finds where 5,000 kitas of 160 guardians have posted for a month.
var statistics = [][3]string{
	{"kitas", "sqlite_autoindex_kitas_1", "5000 1"},
	{"staff", "staff_kita", "50000 10 10 3 1"},
	{"staff", "staff_account", "50000 1"},
	{"staff", "sqlite_autoindex_staff_1", "50000 10 1"},
	{"staff", "staff_id", "50000 1"},
	{"children", "sqlite_autoindex_children_1", "500000 100 1"},
	{"children", "children_id", "500000 1"},
	{"children", "children_kita", "500000 100 2 1 1"},
	{"children", "children_number", "500000 100 1"},
	{"guardians", "guardians_kita", "800000 152 152 80 1"},
	{"guardians", "guardians_account", "800000 1"},
	{"guardians", "sqlite_autoindex_guardians_1", "800000 160 1"},
	{"guardians", "guardians_id", "800000 1"},
	{"guardian_children", "guardian_children_child", "1000000 2"},
	{"guardian_children", "sqlite_autoindex_guardian_children_1", "1000000 200 2 1"},
	{"guardian_children", "guardian_children_pair", "1000000 2 1"},
	{"contact_bans", "contact_bans_guardian", "5000 1"},
	{"contact_bans", "contact_bans_active", "5000 1 1"},
	{"notices", "notices_kita", "150000 30 1 1"},
	{"notices", "sqlite_autoindex_notices_1", "150000 30 1"},
	{"notices", "notices_id", "150000 1"},
	{"recipients", "recipients_unread", "1275000 2 2 2"},
	{"recipients", "recipients_notice", "17095000 152"},
	{"recipients", "recipients_person", "17095000 22"},
	{"recipients", "recipients_guardian", "17095000 152 1"},
	{"recipients", "recipients_account", "17095000 152 1"},
	{"recipients", "recipients_feed", "17095000 22 1 1"},
	{"recipients", "sqlite_autoindex_recipients_1", "17095000 3419 1"},
	{"recipients", "recipients_id", "17095000 1"},
	{"recipient_children", "recipient_children_child", "20895000 41"},
	{"recipient_children", "sqlite_autoindex_recipient_children_1", "20895000 4179 2 1"},
	{"recipient_children", "recipient_children_pair", "20895000 2 1"},
}

// A list that is sorted, or that looks at more than its own range, grows with the house.
func TestInboxIsOneRangeOfOneIndexWhateverThePlannerKnows(t *testing.T) {
	page := "select " + receivedColumns + inbox + " and (r.published_at, r.notice_id) < (?, ?)"
	const newestFirst = newestFirst + "21"
	feed := "SEARCH r USING INDEX recipients_feed (account_id=? AND (published_at,notice_id)<(?,?))"
	statements := []struct{ name, statement, from string }{
		{"the list", page + newestFirst, feed},
		{"of one kita", page + " and r.kita_id = ?" + newestFirst, feed},
		{"of one kind", page + " and n.kind = ?" + newestFirst, feed},
		{"of what is unread", page + onlyOpen[Unread] + newestFirst, feed},
		{"of what is to be confirmed", page + onlyOpen[Unconfirmed] + newestFirst, feed},
		{"the unread", unread, "SEARCH r USING INDEX recipients_unread (account_id=?"},
	}
	s, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db"), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, known := range []string{"nothing", "much"} {
		if known == "much" {
			s.pretendStatistics(t)
		}
		for _, x := range statements {
			plan := s.plan(t, x.statement)
			// u is what was counted, and bounded; kin are the children of one person.
			whole := strings.Contains(strings.NewReplacer("SCAN u\n", "", "SCAN kin\n", "").Replace(plan), "SCAN")
			if !strings.Contains(plan, x.from) || whole || strings.Contains(plan, "TEMP B-TREE") {
				t.Errorf("with %s known, %s reads\n%s", known, x.name, plan)
			}
		}
	}
}

func (s *Store) pretendStatistics(t *testing.T) {
	t.Helper()
	s.writer.MustExec("analyze") // makes the table
	for _, x := range statistics {
		s.writer.MustExec("insert into sqlite_stat1 (tbl, idx, stat) values (?, ?, ?)", x[0], x[1], x[2])
	}
	s.writer.MustExec("analyze sqlite_schema") // reads it
}

// plan is how the writer's connection, the one that has just learned the statistics, would go about a statement.
func (s *Store) plan(t *testing.T, statement string) string {
	t.Helper()
	var steps []struct {
		ID, Parent, NotUsed int
		Detail              string
	}
	if err := s.writer.Select(&steps, "explain query plan "+statement, make([]any, strings.Count(statement, "?"))...); err != nil {
		t.Fatal(err)
	}
	var plan strings.Builder
	for _, step := range steps {
		plan.WriteString(step.Detail + "\n")
	}
	return plan.String()
}
