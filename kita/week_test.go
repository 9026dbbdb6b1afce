package kita

import (
	"maps"
	"testing"
)

func TestWeeksAreThoseOfISO8601(t *testing.T) {
	for _, x := range []struct {
		day, monday, sunday Day
		name                string
	}{
		{"2026-11-23", "2026-11-23", "2026-11-29", "2026-W48"}, // a Monday is its own
		{"2026-11-29", "2026-11-23", "2026-11-29", "2026-W48"}, // a Sunday belongs to the Monday before
		{"2027-01-01", "2026-12-28", "2027-01-03", "2026-W53"}, // New Year in the old year's last week
		{"2024-12-30", "2024-12-30", "2025-01-05", "2025-W01"}, // and in the new year's first
	} {
		w := WeekOf(x.day)
		if w.Monday != x.monday || w.Sunday() != x.sunday || w.String() != x.name {
			t.Errorf("%s lies in %s, %s–%s", x.day, w, w.Monday, w.Sunday())
		}
	}
	if got := WeekOf("2026-11-24").Add(-11).String(); got != "2026-W37" {
		t.Errorf("eleven weeks before W48 is %s", got)
	}
}

func TestMissedDaysAreTheOpenOnesOfEachWeek(t *testing.T) {
	closing := []ClosingDay{{Day: "2026-12-21"}}
	spans := []AbsenceSpan{
		{"2026-12-10", "2026-12-14", AbsenceSick, 2},     // Thursday to Monday, over a weekend
		{"2026-12-21", "2027-01-08", AbsenceVacation, 1}, // over a closing day, Christmas and New Year
		{"2026-12-24", "2026-12-24", AbsenceOther, 3},
		{"2026-12-05", "2026-12-06", AbsenceSick, 4}, // a weekend
	}
	want := []MissedWeek{
		{Week{"2026-11-30"}, 5, map[AbsenceReason]int{}},
		{Week{"2026-12-07"}, 5, map[AbsenceReason]int{AbsenceSick: 4}},
		{Week{"2026-12-14"}, 5, map[AbsenceReason]int{AbsenceSick: 2}},
		{Week{"2026-12-21"}, 3, map[AbsenceReason]int{AbsenceVacation: 3, AbsenceOther: 3}}, // Christmas Day is a Friday
	}
	got := MissedDays("BE", closing, spans, "2026-12-22", len(want))
	for i, w := range want {
		if g := got[i]; g.Week != w.Week || g.OpenDays != w.OpenDays || !maps.Equal(g.Missed, w.Missed) {
			t.Errorf("week %s: %+v, want %+v", w.Week, g, w)
		}
	}
}
