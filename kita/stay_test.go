package kita_test

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"morgenkreis/kita"
)

// settle does to placed what s asks for.
func settle(placed []kita.Placement, o kita.Settled) []kita.Placement {
	all := slices.Clone(placed)
	switch {
	case o.Corrected != nil:
		for i := range all {
			if all[i].ID == o.Corrected.ID {
				all[i] = *o.Corrected
			}
		}
	case o.Moves != nil:
		m := o.Moves.MoveAmong(all)
		for i := range all {
			if m.Ends != nil && all[i].ID == m.Ends.ID {
				all[i].To = o.Moves.From.Add(-1)
			}
		}
		if m.Gone != nil {
			all = slices.DeleteFunc(all, func(p kita.Placement) bool { return p.ID == m.Gone.ID })
		}
		p := *o.Moves
		p.ID = "new"
		all = append(all, p)
	}
	return all
}

func TestListSaidTwiceChangesNothingTheSecondTimeAndNeverPutsAChildIntoTwoGroups(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		placed := placements(t)
		day := func(name string) kita.Day { return kita.Day("2026-07-25").Add(rapid.IntRange(0, 90).Draw(t, name)) }
		s := kita.Stay{GroupID: groupID(t)}
		if rapid.Bool().Draw(t, "says from") {
			s.From = day("from")
		}
		if rapid.Bool().Draw(t, "says to") {
			s.To = max(day("to"), s.From)
		}
		today := day("today")
		o := s.Among(placed, today)
		if n := count(o); n > 1 {
			t.Fatalf("%d answers: %+v", n, o)
		}
		after := settle(placed, o)
		for i, p := range after {
			if p.From > p.To {
				t.Fatalf("ends before it begins: %+v", p)
			}
			for _, q := range after[:i] {
				if p.Overlaps(q) {
					t.Fatalf("%+v and %+v share a day", p, q)
				}
			}
		}
		if again := s.Among(after, today); again.Moves != nil || again.Corrected != nil || again.Against != nil && o.Against == nil {
			t.Fatalf("the second time: %+v, then %+v", o, again)
		}
		if o.Moves == nil && o.Corrected == nil {
			return
		}
		first := s.From
		if o.Moves != nil {
			first = o.Moves.From
		}
		if in, _ := groupOn(after, first); first != "" && in != s.GroupID {
			t.Fatalf("on %s the child is in %q, the list says %q", first, in, s.GroupID)
		}
		if s.To != "" && !slices.ContainsFunc(after, func(p kita.Placement) bool { return p.GroupID == s.GroupID && p.To == s.To }) {
			t.Fatalf("nothing ends on %s: %+v", s.To, after)
		}
	})
}

func count(o kita.Settled) int {
	n := 0
	for _, p := range []*kita.Placement{o.Moves, o.Corrected, o.Stands, o.Against} {
		if p != nil {
			n++
		}
	}
	if o.Gone {
		n++
	}
	return n
}

func TestWhatAListSaysOfAGroupAgainstWhatIsKnown(t *testing.T) {
	const today, open = kita.Day("2026-11-23"), kita.LastDay
	p := func(id, group string, from, to kita.Day) kita.Placement {
		return kita.Placement{ID: kita.ID(id), GroupID: kita.ID(group), From: from, To: to}
	}
	bears := []kita.Placement{p("1", "bears", "2025-08-01", open)}
	moved := []kita.Placement{p("1", "bears", "2025-08-01", "2026-07-31"), p("2", "bees", "2026-08-01", open)}
	planned := []kita.Placement{p("1", "bears", "2025-08-01", "2027-07-31"), p("2", "bees", "2027-08-01", open)}
	left := []kita.Placement{p("1", "bears", "2025-08-01", "2026-07-31")}
	for _, c := range []struct {
		name   string
		placed []kita.Placement
		said   kita.Stay
		want   string
	}{
		{"a child without a place", nil, kita.Stay{GroupID: "bears", From: "2026-12-01"}, "moves bears 2026-12-01 9999-12-31"},
		{"no first day means today", nil, kita.Stay{GroupID: "bears"}, "moves bears 2026-11-23 9999-12-31"},
		{"it left before it came", nil, kita.Stay{GroupID: "bears", To: "2026-07-31"}, "gone"},
		{"the same again", bears, kita.Stay{GroupID: "bears", From: "2025-08-01"}, ""},
		{"the same without a day", bears, kita.Stay{GroupID: "bears"}, ""},
		{"an end", bears, kita.Stay{GroupID: "bears", From: "2025-08-01", To: "2027-07-31"}, "corrected bears 2025-08-01 2027-07-31"},
		{"an end alone", bears, kita.Stay{GroupID: "bears", To: "2027-07-31"}, "corrected bears 2025-08-01 2027-07-31"},
		{"an end that is past", bears, kita.Stay{GroupID: "bears", To: "2026-07-31"}, "corrected bears 2025-08-01 2026-07-31"},
		{"a first day set right", bears, kita.Stay{GroupID: "bears", From: "2025-09-01"}, "corrected bears 2025-09-01 9999-12-31"},
		{"a first day to come, though it is there", bears, kita.Stay{GroupID: "bears", From: "2027-01-01"}, "stands bears 2025-08-01 9999-12-31"},
		{"another group from a day on", bears, kita.Stay{GroupID: "bees", From: "2026-08-01"}, "moves bees 2026-08-01 9999-12-31"},
		{"another group from the first day on", bears, kita.Stay{GroupID: "bees", From: "2025-08-01"}, "moves bees 2025-08-01 9999-12-31"},
		{"a list older than a move", moved, kita.Stay{GroupID: "bears", From: "2025-08-01"}, "stands bees 2026-08-01 9999-12-31"},
		{"a list older than a move, with its end", moved, kita.Stay{GroupID: "bears", From: "2025-08-01", To: "2027-07-31"}, "stands bees 2026-08-01 9999-12-31"},
		{"the day it came to the kita", moved, kita.Stay{GroupID: "bees", From: "2025-08-01"}, "stands bears 2025-08-01 2026-07-31"},
		{"back to the first group", moved, kita.Stay{GroupID: "bears", From: "2026-12-01"}, "moves bears 2026-12-01 9999-12-31"},
		{"back to the first group, today", moved, kita.Stay{GroupID: "bears"}, "moves bears 2026-11-23 9999-12-31"},
		{"a plan that is known", planned, kita.Stay{GroupID: "bees", From: "2027-08-01"}, ""},
		{"a plan without its day", planned, kita.Stay{GroupID: "bees"}, "stands bears 2025-08-01 2027-07-31"},
		{"a plan stands in the way", planned, kita.Stay{GroupID: "foxes", From: "2026-12-01"}, "against bees 2027-08-01 9999-12-31"},
		{"room before the plan", planned, kita.Stay{GroupID: "foxes", From: "2026-12-01", To: "2027-07-31"}, "moves foxes 2026-12-01 2027-07-31"},
		{"it has left", left, kita.Stay{GroupID: "bears", From: "2025-08-01"}, "stands bears 2025-08-01 2026-07-31"},
		{"it has left, and the list knows", left, kita.Stay{GroupID: "bears", To: "2026-07-31"}, ""},
	} {
		o := c.said.Among(c.placed, today)
		got := ""
		for name, q := range map[string]*kita.Placement{"moves": o.Moves, "corrected": o.Corrected, "stands": o.Stands, "against": o.Against} {
			if q != nil {
				got += fmt.Sprint(name, " ", q.GroupID, " ", q.From, " ", q.To)
			}
		}
		if o.Gone {
			got += "gone"
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
