package kita

import "fmt"

// Week is a week as ISO 8601 has it, Monday to Sunday, named by its Monday.
type Week struct{ Monday Day }

// WeekOf is the week in which d lies.
func WeekOf(d Day) Week { return Week{d.Add(-(int(d.Time().Weekday()) + 6) % 7)} }

// Add is the week n weeks later (earlier when n is negative).
func (w Week) Add(n int) Week { return Week{w.Monday.Add(7 * n)} }

// Sunday is its last day.
func (w Week) Sunday() Day { return w.Monday.Add(6) }

// String is its name: 2026-W48. The year is that of its Thursday, so that a week lies in one year.
func (w Week) String() string {
	year, week := w.Monday.Time().ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}

// AbsenceSpan is how many children are away from From to To for one reason.
type AbsenceSpan struct {
	From     Day           `db:"from_day"`
	To       Day           `db:"to_day"`
	Reason   AbsenceReason `db:"reason"`
	Children int           `db:"children"`
}

// MissedWeek is a week in days that children missed: a child that is away for all of an open week missed five. Days on
// which the kita is shut are missed by nobody.
type MissedWeek struct {
	Week
	OpenDays int
	Missed   map[AbsenceReason]int
}

// MissedDays counts, for each of n weeks up to the one in which today lies, the days that children missed; the days of that
// last one that are yet to come count as they are reported so far. closing holds the closing days of these weeks.
func MissedDays(state State, closing []ClosingDay, spans []AbsenceSpan, today Day, n int) []MissedWeek {
	weeks := make([]MissedWeek, n)
	for i := range weeks {
		w := MissedWeek{Week: WeekOf(today).Add(i - n + 1), Missed: map[AbsenceReason]int{}}
		open := OpenDays(state, closing, w.Monday, w.Sunday())
		w.OpenDays = len(open)
		for _, day := range open {
			for _, s := range spans {
				if s.From <= day && day <= s.To {
					w.Missed[s.Reason] += s.Children
				}
			}
		}
		weeks[i] = w
	}
	return weeks
}
