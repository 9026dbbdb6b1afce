package kita

import (
	"fmt"
	"slices"
	"testing"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/de"
)

func holidayOn(state State, day Day) string {
	for _, h := range Holidays(state, day, day) {
		return h.Name
	}
	return ""
}

func TestHolidaysFollowEachStatesLaw(t *testing.T) {
	for _, c := range []struct {
		states []State
		day    Day
		want   string
	}{
		{States, "2026-01-01", "Neujahr"},
		{[]State{BW, BY, ST}, "2026-01-06", "Heilige Drei Könige"},
		{[]State{BE, MV}, "2026-03-08", "Internationaler Frauentag"},
		{[]State{BE, MV}, "2023-03-08", "Internationaler Frauentag"},
		{[]State{BE}, "2022-03-08", "Internationaler Frauentag"},
		{[]State{BE}, "2019-03-08", "Internationaler Frauentag"},
		{nil, "2018-03-08", "Internationaler Frauentag"},
		{States, "2026-04-03", "Karfreitag"},
		{[]State{BB}, "2026-04-05", "Ostersonntag"},
		{States, "2026-04-06", "Ostermontag"},
		{States, "2026-05-01", "Tag der Arbeit"},
		{[]State{BE}, "2020-05-08", "Tag der Befreiung"},
		{[]State{BE}, "2025-05-08", "Tag der Befreiung"},
		{nil, "2026-05-08", "Tag der Befreiung"},
		{States, "2026-05-14", "Christi Himmelfahrt"},
		{[]State{BB}, "2026-05-24", "Pfingstsonntag"},
		{States, "2026-05-25", "Pfingstmontag"},
		{[]State{BW, BY, HE, NW, RP, SL}, "2026-06-04", "Fronleichnam"},
		{[]State{BE}, "2028-06-17", "75. Jahrestag des Volksaufstands"},
		{nil, "2027-06-17", "75. Jahrestag des Volksaufstands"},
		{nil, "2026-08-08", "Friedensfest"},
		{[]State{SL}, "2026-08-15", "Mariä Himmelfahrt"},
		{[]State{TH}, "2026-09-20", "Weltkindertag"},
		{[]State{TH}, "2019-09-20", "Weltkindertag"},
		{nil, "2018-09-20", "Weltkindertag"},
		{States, "2026-10-03", "Tag der Deutschen Einheit"},
		{[]State{BB, HB, HH, MV, NI, SN, ST, SH, TH}, "2026-10-31", "Reformationstag"},
		{[]State{BB, HB, HH, MV, NI, SN, ST, SH, TH}, "2018-10-31", "Reformationstag"},
		{States, "2017-10-31", "Reformationstag"},
		{[]State{BB, MV, SN, ST, TH}, "2016-10-31", "Reformationstag"},
		{[]State{BW, BY, NW, RP, SL}, "2026-11-01", "Allerheiligen"},
		{[]State{SN}, "2026-11-18", "Buß- und Bettag"},
		{[]State{SN}, "2023-11-22", "Buß- und Bettag"},
		{[]State{SN}, "2022-11-16", "Buß- und Bettag"},
		{States, "2026-12-25", "1. Weihnachtstag"},
		{States, "2026-12-26", "2. Weihnachtstag"},
		{nil, "2026-12-24", "Heiligabend"},
	} {
		for _, state := range States {
			want := ""
			if slices.Contains(c.states, state) {
				want = c.want
			}
			if got := holidayOn(state, c.day); got != want {
				t.Errorf("%s %s: got %q, want %q", state, c.day, got, want)
			}
		}
	}
}

func TestEveryStateHasItsNumberOfHolidays(t *testing.T) {
	want := map[State]int{BW: 12, BY: 12, BE: 10, BB: 12, HB: 10, HH: 10, HE: 10, MV: 11, NI: 10, NW: 11, RP: 11, SL: 12,
		SN: 11, ST: 11, SH: 10, TH: 11}
	for _, state := range States {
		if got := len(Holidays(state, "2026-01-01", "2026-12-31")); got != want[state] {
			t.Errorf("%s keeps %d holidays in 2026, want %d", state, got, want[state])
		}
	}
}

// What differs from the library is what its lists lack, and nothing else.
func TestRulesDifferFromTheLibraryOnlyWhereTheLawDoes(t *testing.T) {
	library := map[State][]*cal.Holiday{BW: de.HolidaysBW, BY: de.HolidaysBY, BE: de.HolidaysBE, BB: de.HolidaysBB,
		HB: de.HolidaysHB, HH: de.HolidaysHH, HE: de.HolidaysHE, MV: de.HolidaysMV, NI: de.HolidaysNI, NW: de.HolidaysNW,
		RP: de.HolidaysRP, SL: de.HolidaysSL, SN: de.HolidaysSN, ST: de.HolidaysST, SH: de.HolidaysSH, TH: de.HolidaysTH}
	own := map[string]bool{}
	for year := 2023; year <= 2060; year++ {
		for _, state := range []State{BB, MV} {
			for _, h := range Holidays(state, Day(fmt.Sprintf("%d-01-01", year)), Day(fmt.Sprintf("%d-12-31", year))) {
				if h.Name == "Ostersonntag" || h.Name == "Pfingstsonntag" || h.Name == "Internationaler Frauentag" {
					own[string(state)+string(h.Day)] = true
				}
			}
		}
	}
	own["BE2025-05-08"], own["BE2028-06-17"] = true, true
	for _, state := range States {
		theirs := map[Day]bool{}
		for year := 2023; year <= 2060; year++ {
			for _, h := range library[state] {
				actual, _ := h.Calc(year)
				theirs[Day(actual.Format("2006-01-02"))] = true
			}
		}
		ours := map[Day]bool{}
		for _, h := range Holidays(state, "2023-01-01", "2060-12-31") {
			ours[h.Day] = true
			if theirs[h.Day] == own[string(state)+string(h.Day)] {
				t.Errorf("%s %s %s: in the library %t", state, h.Day, h.Name, theirs[h.Day])
			}
		}
		for day := range theirs {
			if !ours[day] {
				t.Errorf("%s %s is a holiday in the library only", state, day)
			}
		}
	}
}

func TestHolidaysAreSortedWithinTheRangeAndNamedTwice(t *testing.T) {
	got := Holidays(NW, "2025-12-26", "2026-05-01")
	days := []Day{"2025-12-26", "2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01"}
	if len(got) != len(days) {
		t.Fatalf("got %v", got)
	}
	for i, h := range got {
		if h.Day != days[i] || h.Name == "" || h.NameEN == "" {
			t.Errorf("%d: got %+v, want %s with both names", i, h, days[i])
		}
	}
}

func TestNoHolidaysWithoutAStateOrARange(t *testing.T) {
	if got := Holidays("XX", "2026-01-01", "2026-12-31"); got != nil {
		t.Errorf("unknown state: %v", got)
	}
	if got := Holidays(NW, "2026-12-31", "2026-01-01"); got != nil {
		t.Errorf("from after to: %v", got)
	}
	for _, s := range []State{"", "XX", "nw", "DE-NW"} {
		if s.Valid() {
			t.Errorf("%q is no state", s)
		}
	}
}

func TestClosuresNameEachShutDayOnceAndTheWeightiestReason(t *testing.T) {
	closing := []ClosingDay{
		{Day: "2026-04-02", Name: "Teamtag"},
		{Day: "2026-04-03", Name: "Brücke"},        // also Good Friday
		{Day: "2026-04-04", Name: "Frühjahrsputz"}, // also a Saturday
		{Day: "2026-05-15", Name: "outside the range"},
	}
	want := []Closure{
		{"2026-04-02", ClosedByKita, "Teamtag", "Teamtag"},
		{"2026-04-03", ClosedForHoliday, "Karfreitag", "Good Friday"},
		{"2026-04-04", ClosedByKita, "Frühjahrsputz", "Frühjahrsputz"},
		{"2026-04-05", ClosedForWeekend, "", ""},
		{"2026-04-06", ClosedForHoliday, "Ostermontag", "Easter Monday"},
	}
	if got := Closures(NW, closing, "2026-04-01", "2026-04-08"); !slices.Equal(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
	open := []Day{"2026-04-01", "2026-04-07", "2026-04-08"}
	if got := OpenDays(NW, closing, "2026-04-01", "2026-04-08"); !slices.Equal(got, open) {
		t.Errorf("open: got %v, want %v", got, open)
	}
}

func TestADayIsEitherOpenOrClosed(t *testing.T) {
	closing := []ClosingDay{{Day: "2027-12-27", Name: "Zwischen den Jahren"}, {Day: "2027-12-28", Name: "Zwischen den Jahren"}}
	for _, state := range States {
		closures := Closures(state, closing, "2027-01-01", "2027-12-31")
		open := OpenDays(state, closing, "2027-01-01", "2027-12-31")
		if n := len(closures) + len(open); n != 365 {
			t.Errorf("%s: %d shut and %d open days", state, len(closures), len(open))
		}
		for _, c := range closures {
			if slices.Contains(open, c.Day) {
				t.Errorf("%s %s is both", state, c.Day)
			}
		}
	}
	if got := OpenDays(NW, nil, "2026-02-02", "2026-02-01"); got != nil {
		t.Errorf("from after to: %v", got)
	}
}

func TestTheFirstNamedOfTwoHolidaysOnOneDayStands(t *testing.T) {
	if got := Closures(NW, nil, "2008-05-01", "2008-05-01"); len(got) != 1 || got[0].Name != "Tag der Arbeit" {
		t.Errorf("got %v", got)
	}
}
