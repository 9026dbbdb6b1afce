package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// placedIn lists a child's placements as "group from to", the way the leader sees them.
func placedIn(t *testing.T, s *store.Store, v kita.Viewer, child kita.ID) []string {
	t.Helper()
	d, err := s.Child(context.Background(), v, child)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for i, p := range d.Placements {
		got = append(got, fmt.Sprintf("%s %s %s", p.GroupName, p.From, p.To))
		for _, q := range d.Placements[:i] {
			if p.Overlaps(q.Placement) {
				t.Fatalf("%s – %s and %s – %s share a day", q.From, q.To, p.From, p.To)
			}
		}
	}
	return got
}

func equal(t *testing.T, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("got  %q\nwant %q", got, want)
	}
}

func code(err error) string {
	var one *kita.Error
	var many kita.Errors
	switch {
	case errors.As(err, &many):
		return many.Error()
	case errors.As(err, &one):
		return one.Error()
	case err != nil:
		return "not ours: " + err.Error()
	}
	return ""
}

func TestMoveEndsWhatHoldsAndNeverTouchesWhatIsPlanned(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears, bees, foxes := k.Group("Bären"), k.Group("Bienen"), k.Group("Füchse")
		lead := k.Leader("Lea")
		mia := k.Child("Mia").In(bears, "2026-01-01", kita.LastDay)
		w.Live()
		v := w.Viewer(*lead.AccountID)
		move := func(g *storetest.GroupB, from, to kita.Day) string {
			_, _, err := s.PlaceChild(ctx, v, kita.Placement{ID: kita.NewID(), ChildID: mia.ID, GroupID: g.ID, From: from, To: to})
			return code(err)
		}
		for _, c := range []struct {
			group    *storetest.GroupB
			from, to kita.Day
			want     string
		}{
			{bees, "2027-08-01", kita.LastDay, ""},
			{foxes, "2027-01-01", kita.LastDay, "to: placement.overlaps"},
			{foxes, "2027-01-01", "2027-08-01", "to: placement.overlaps"},
			{foxes, "2027-01-01", "2027-07-31", ""},
			{foxes, "2027-02-01", "2027-07-31", "group_id: placement.same_group"},
			{bears, "2027-08-01", kita.LastDay, ""},
			{bees, "2025-01-01", "2025-12-31", ""},
			{bees, "2025-01-02", "2025-01-01", "to: placement.to_before_from"},
		} {
			if got := move(c.group, c.from, c.to); got != c.want {
				t.Fatalf("%s from %s to %s: %q, want %q", c.group.Name, c.from, c.to, got, c.want)
			}
		}
		equal(t, placedIn(t, s, v, mia.ID), "Bienen 2025-01-01 2025-12-31", "Bären 2026-01-01 2026-12-31",
			"Füchse 2027-01-01 2027-07-31", "Bären 2027-08-01 9999-12-31")
	})
}

func TestUndoneMoveLeavesTheChildWhereItWas(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears, bees := k.Group("Bären"), k.Group("Bienen")
		lead := k.Leader("Lea")
		mia := k.Child("Mia").In(bears, "2026-01-01", kita.LastDay)
		w.Live()
		v := w.Viewer(*lead.AccountID)
		p, _, err := s.PlaceChild(ctx, v, kita.Placement{ID: kita.NewID(), ChildID: mia.ID, GroupID: bees.ID, From: "2027-01-01", To: kita.LastDay})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.DeletePlacement(ctx, v, p.ID, true); err != nil {
			t.Fatal(err)
		}
		equal(t, placedIn(t, s, v, mia.ID), "Bären 2026-01-01 9999-12-31")
		d, err := s.Child(ctx, v, mia.ID)
		if err != nil {
			t.Fatal(err)
		}
		only := d.Placements[0].ID
		if got := code(s.DeletePlacement(ctx, v, only, true)); got != "placement.nothing_before" {
			t.Fatalf("nothing goes on in its place: %q", got)
		}
		equal(t, placedIn(t, s, v, mia.ID), "Bären 2026-01-01 9999-12-31")
		if _, err := s.ChangePlacement(ctx, v, only, func(p *kita.Placement) { p.To = "2026-12-31" }); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.PlaceChild(ctx, v, kita.Placement{ID: kita.NewID(), ChildID: mia.ID, GroupID: bees.ID, From: "2027-02-01", To: kita.LastDay}); err != nil {
			t.Fatal(err)
		}
		_, err = s.ChangePlacement(ctx, v, only, func(p *kita.Placement) { p.To = "2027-02-01" })
		if got := code(err); got != "from: placement.overlaps" {
			t.Fatalf("a placement was pulled over another: %q", got)
		}
		if err := s.DeletePlacement(ctx, v, only, false); err != nil {
			t.Fatal(err)
		}
		equal(t, placedIn(t, s, v, mia.ID), "Bienen 2027-02-01 9999-12-31")
	})
}

func TestTwentyMovesAtOnceNeverPutAChildIntoTwoGroups(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		var groups []*storetest.GroupB
		for i := range 5 {
			groups = append(groups, k.Group(fmt.Sprint("G", i)))
		}
		lead := k.Leader("Lea")
		mia := k.Child("Mia").In(groups[0], "2026-01-01", kita.LastDay)
		w.Live()
		v := w.Viewer(*lead.AccountID)
		answers := make([]string, 20)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				from := kita.Day("2027-01-01").Add(i % 4 * 10)
				_, _, err := s.PlaceChild(ctx, v, kita.Placement{ID: kita.NewID(), ChildID: mia.ID, GroupID: groups[i%5].ID, From: from, To: kita.LastDay})
				answers[i] = code(err)
			})
		}
		all.Wait()
		moved := 0
		for i, a := range answers {
			switch a {
			case "":
				moved++
			case "to: placement.overlaps", "group_id: placement.same_group":
			default:
				t.Errorf("move %d: %s", i, a)
			}
		}
		if got := placedIn(t, s, v, mia.ID); moved == 0 || len(got) < 2 || got[0] != "G0 2026-01-01 "+string(kita.Day(got[1][3:13]).Add(-1)) {
			t.Errorf("%d moves answered well, the child is in %q", moved, got)
		}
	})
}

func TestYearTurnsForAllChildrenOrForNone(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k, other := w.Kita("Sonnenschein"), w.Kita("Nebenan")
		bears, bees := k.Group("Bären"), k.Group("Bienen")
		strange := other.Group("Wölfe")
		lead := k.Leader("Lea")
		m := store.Moves{ID: kita.NewID(), KitaID: k.ID, From: "2027-08-01"}
		for i := range 50 {
			c := k.Child(fmt.Sprint("Kind", i)).In(bears, "2026-01-01", kita.LastDay)
			m.Each = append(m.Each, store.ChildMove{ChildID: c.ID, GroupID: bees.ID})
		}
		stranger := strange.Child("Ida")
		gone := k.Child("Gone").In(bears, "2026-01-01", kita.LastDay)
		w.Rows().Children[len(w.Rows().Children)-1].ArchivedAt = &gone.CreatedAt
		banned := bears.Child("Tom")
		k.GuardianOf(lead.AccountID, "Lea").Of(banned).BannedFrom(banned)
		w.Live()
		v := w.Viewer(*lead.AccountID)
		for name, c := range map[string]struct {
			spoil store.ChildMove
			want  string
		}{
			"a child of another kita":           {store.ChildMove{ChildID: stranger.ID, GroupID: bees.ID}, "moves[50].child_id: id.unknown"},
			"an archived child":                 {store.ChildMove{ChildID: gone.ID, GroupID: bees.ID}, "moves[50].child_id: id.unknown"},
			"a child the leader is banned from": {store.ChildMove{ChildID: banned.ID, GroupID: bees.ID}, "moves[50].child_id: id.unknown"},
			"a child twice":                     {m.Each[3], "moves[50].child_id: list.twice"},
		} {
			bad := m
			bad.Each = append(m.Each[:50:50], c.spoil)
			if _, _, err := s.MoveChildren(ctx, v, bad); code(err) != c.want {
				t.Errorf("%s: %q, want %q", name, code(err), c.want)
			}
		}
		bad := m
		bad.Each = append([]store.ChildMove{}, m.Each...)
		bad.Each[7].GroupID = strange.ID
		if _, _, err := s.MoveChildren(ctx, v, bad); code(err) != "moves[7].group_id: id.unknown" {
			t.Errorf("a group of another kita: %q", code(err))
		}
		bad.Each[7].GroupID = bears.ID
		if _, _, err := s.MoveChildren(ctx, v, bad); code(err) != "moves[7].group_id: placement.same_group" {
			t.Errorf("the group where the child is: %q", code(err))
		}
		equal(t, placedIn(t, s, v, m.Each[0].ChildID), "Bären 2026-01-01 9999-12-31")
		for _, again := range []bool{false, true} {
			placed, was, err := s.MoveChildren(ctx, v, m)
			if err != nil || was != again || len(placed) != 50 {
				t.Fatalf("%d placed, again %v: %v", len(placed), was, err)
			}
		}
		for _, e := range m.Each {
			equal(t, placedIn(t, s, v, e.ChildID), "Bären 2026-01-01 2027-07-31", "Bienen 2027-08-01 9999-12-31")
		}
	})
}

func TestNobodyIsPlacedInAnArchivedGroup(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears, bees := k.Group("Bären"), k.Group("Bienen")
		lead := k.Leader("Lea")
		mia := k.Child("Mia").In(bears, "2026-01-01", w.Today)
		tom := k.Child("Tom").In(bees, "2026-01-01", kita.LastDay)
		w.Live()
		v := w.Viewer(*lead.AccountID)
		if _, err := s.ArchiveGroup(ctx, v, bears.ID, true); code(err) != "group.has_children" {
			t.Fatalf("a group with a child in it today: %q", code(err))
		}
		clock.Advance(24 * 60 * 60 * 1e9)
		if _, err := s.ArchiveGroup(ctx, v, bears.ID, true); err != nil {
			t.Fatalf("the last day was yesterday: %v", err)
		}
		place := func(from, to kita.Day) string {
			_, _, err := s.PlaceChild(ctx, v, kita.Placement{ID: kita.NewID(), ChildID: mia.ID, GroupID: bears.ID, From: from, To: to})
			return code(err)
		}
		if got := place("2027-01-01", kita.LastDay); got != "group_id: group.archived" {
			t.Fatalf("a future in an archived group: %q", got)
		}
		if got := place("2025-01-01", "2025-02-01"); got != "" {
			t.Fatalf("history in an archived group: %q", got)
		}
		if _, err := s.ArchiveChild(ctx, v, tom.ID, true); err != nil {
			t.Fatal(err)
		}
		if _, err := s.ArchiveGroup(ctx, v, bees.ID, true); err != nil {
			t.Fatalf("only an archived child is left: %v", err)
		}
		if _, err := s.ArchiveChild(ctx, v, tom.ID, false); code(err) != "child.group_archived" {
			t.Fatalf("a child came back into an archived group: %q", code(err))
		}
		if _, err := s.ArchiveGroup(ctx, v, bees.ID, false); err != nil {
			t.Fatal(err)
		}
		if d, err := s.ArchiveChild(ctx, v, tom.ID, false); err != nil || d.GroupName == nil || *d.GroupName != "Bienen" {
			t.Fatalf("the child came back: %v, %+v", err, d.GroupName)
		}
	})
}
