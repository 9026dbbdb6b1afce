package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An overview reads its own kita and nothing that grows with the others.
func TestOverviewBeginsAtTheKitaWhateverThePlannerKnows(t *testing.T) {
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
		for _, x := range []struct{ name, statement, from string }{
			{"who is reached", reachOfFamilies, "(kita_id=?"},
			{"of whom nobody is told", untold, "children_kita (kita_id=?"},
			{"the absences", absenceSpans, "(kita_id=? AND to_day>?"},
		} {
			plan := s.plan(t, x.statement)
			// What is worked out once, of one kita, may be read through.
			whole := strings.NewReplacer("SCAN m\n", "", "SCAN mine\n", "", "CO-ROUTINE reach\n", "", "SCAN r\n", "").Replace(plan)
			if !strings.Contains(plan, x.from) || strings.Contains(whole, "SCAN ") {
				t.Errorf("with %s known, %s reads\n%s", known, x.name, plan)
			}
		}
	}
}
