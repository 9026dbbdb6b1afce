package kita_test

import (
	"errors"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"morgenkreis/kita"
)

// placements draws what a child may have: some, one after the other, with and without gaps.
func placements(t *rapid.T) []kita.Placement {
	var placed []kita.Placement
	day := kita.Day("2026-08-01")
	for i := range rapid.IntRange(0, 5).Draw(t, "placements") {
		from := day.Add(rapid.IntRange(0, 5).Draw(t, "gap"))
		to := from.Add(rapid.IntRange(0, 9).Draw(t, "length"))
		placed = append(placed, kita.Placement{ID: kita.ID(fmt.Sprint("p", i)), GroupID: groupID(t), From: from, To: to})
		day = to.Add(1)
	}
	if n := len(placed); n > 0 && rapid.Bool().Draw(t, "open end") {
		placed[n-1].To = kita.LastDay
	}
	return placed
}

func groupID(t *rapid.T) kita.ID {
	return rapid.SampledFrom([]kita.ID{"bears", "bees", "foxes"}).Draw(t, "group")
}

func groupOn(placed []kita.Placement, day kita.Day) (in kita.ID, times int) {
	for _, p := range placed {
		if p.From <= day && day <= p.To {
			in, times = p.GroupID, times+1
		}
	}
	return in, times
}

func TestMoveLeavesOneGroupADayAndTouchesOnlyWhatHoldsOnItsFirstDay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		placed := placements(t)
		p := kita.Placement{ID: "new", GroupID: groupID(t), From: kita.Day("2026-07-28").Add(rapid.IntRange(0, 80).Draw(t, "from")), To: kita.LastDay}
		if rapid.Bool().Draw(t, "with an end") {
			p.To = p.From.Add(rapid.IntRange(0, 30).Draw(t, "length"))
		}
		m := p.MoveAmong(placed)
		was, _ := groupOn(placed, p.From)
		if m.Clash != nil {
			if !m.Clash.Overlaps(p) || m.Ends != nil || m.Gone != nil {
				t.Fatalf("%+v stands against %+v", m, p)
			}
			if m.Clash.From <= p.From && was != p.GroupID {
				t.Fatalf("what holds on the first day stands against a move to another group: %+v", m.Clash)
			}
			return
		}
		if was == p.GroupID {
			t.Fatalf("moved into the group where the child is: %+v", p)
		}
		after := []kita.Placement{p}
		for _, q := range placed {
			switch {
			case m.Gone != nil && q.ID == m.Gone.ID:
				if q.From != p.From {
					t.Fatalf("%+v is gone, and had days before %s", q, p.From)
				}
				continue
			case m.Ends != nil && q.ID == m.Ends.ID:
				q.To = p.From.Add(-1)
			}
			if q.Check() != nil {
				t.Fatalf("%+v holds on no day", q)
			}
			after = append(after, q)
		}
		for day := kita.Day("2026-07-20"); day < "2026-12-31"; day = day.Add(1) {
			before, _ := groupOn(placed, day)
			in, times := groupOn(after, day)
			switch {
			case times > 1:
				t.Fatalf("in %d groups on %s", times, day)
			case p.From <= day && day <= p.To && in != p.GroupID:
				t.Fatalf("in %q on %s, moved to %s from %s", in, day, p.GroupID, p.From)
			case day < p.From && in != before:
				t.Fatalf("in %q on %s before the move, was in %q", in, day, before)
			}
		}
	})
}

func TestClashIsTheEarliestAndNeverThePlacementItself(t *testing.T) {
	placed := []kita.Placement{
		{ID: "late", From: "2026-10-01", To: "2026-10-31"}, {ID: "early", From: "2026-08-01", To: "2026-08-31"},
	}
	for _, c := range []struct {
		p    kita.Placement
		want kita.ID
	}{
		{kita.Placement{ID: "p", From: "2026-08-31", To: "2026-10-01"}, "early"},
		{kita.Placement{ID: "p", From: "2026-09-01", To: "2026-10-01"}, "late"},
		{kita.Placement{ID: "p", From: "2026-09-01", To: "2026-09-30"}, ""},
		{kita.Placement{ID: "early", From: "2026-08-15", To: "2026-09-30"}, ""},
		{kita.Placement{ID: "early", From: "2026-08-15", To: kita.LastDay}, "late"},
	} {
		clash, got := c.p.Clash(placed), kita.ID("")
		if clash != nil {
			got = clash.ID
		}
		if got != c.want {
			t.Errorf("%s – %s clashes with %q, want %q", c.p.From, c.p.To, got, c.want)
		}
	}
}

func TestGuardianCorrectsHealthAndNothingElse(t *testing.T) {
	was := kita.Child{FirstName: "Mia", LastName: "Muster", Number: "7", Born: "2022-01-01"}
	nuts, name := "Nüsse", "Mia"
	day := kita.Day("2022-01-01")
	ch := was
	if err := (kita.ChildChange{Allergies: &nuts, HealthNotes: &nuts}).Apply(&ch, false); err != nil || ch.Allergies != nuts || ch.HealthNotes != nuts {
		t.Fatalf("health by a guardian: %v, %+v", err, ch)
	}
	for field, change := range map[string]kita.ChildChange{
		"number": {Number: &name}, "first_name": {FirstName: &name}, "last_name": {LastName: &name}, "born": {Born: &day},
	} {
		ch := was
		change.Allergies = &nuts
		var errs kita.Errors
		err := change.Apply(&ch, false)
		if ok := errors.As(err, &errs); !ok || len(errs) != 1 || errs[0].Field != field || errs[0].Code != "child.leader_only" {
			t.Errorf("%s by a guardian: %v", field, err)
		}
		if ch != was {
			t.Errorf("%s refused, and yet the child became %+v", field, ch)
		}
		if err := change.Apply(&ch, true); err != nil {
			t.Errorf("%s by a leader: %v", field, err)
		}
	}
}

func TestContactListNamesTheFaultyEntry(t *testing.T) {
	good := kita.EmergencyContact{Name: "Oma Erna", Phone: "030 123456", Relation: "Oma"}
	bad := kita.EmergencyContact{Name: "Opa", Phone: "keins"}
	if err := kita.CheckContacts([]kita.EmergencyContact{good, good}); err != nil {
		t.Fatal(err)
	}
	var errs kita.Errors
	if err := kita.CheckContacts([]kita.EmergencyContact{good, bad}); !errors.As(err, &errs) || errs[0].Field != "contacts[1].phone" {
		t.Errorf("the faulty entry is called %v", err)
	}
}
