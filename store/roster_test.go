package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// sheet reads a list of lines; fields are parted by commas and hold none.
func sheet(t *testing.T, lines ...string) roster.Roster {
	t.Helper()
	rows := make([][]string, len(lines))
	for i, l := range lines {
		rows[i] = strings.Split(l, ",")
	}
	return parsed(t, rows)
}

func (x *importing) sheet(lines ...string) roster.Roster {
	x.Helper()
	return sheet(x.T, lines...)
}

// importing is a kita with a leader, a group and whatever a test adds before the list comes.
type importing struct {
	*testing.T
	*storetest.World
	s     *store.Store
	k     *storetest.KitaB
	bears *storetest.GroupB
	lead  kita.ID
	v     kita.Viewer
}

func onKita(t *testing.T, f func(x *importing)) {
	t.Helper()
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) { f((&importing{s: s}).nextDoor(t)) })
}

// nextDoor is another kita in the same house.
func (x *importing) nextDoor(t *testing.T) *importing {
	w := storetest.NewWorld(t, x.s)
	n := &importing{T: t, World: w, s: x.s, k: w.Kita("Sonnenschein")}
	n.bears = n.k.Group("Bären")
	n.lead = *n.k.Leader("Lea").AccountID
	return n
}

// live writes the world and signs the leader in.
func (x *importing) live() {
	x.Helper()
	x.Live()
	x.v = x.Viewer(x.lead)
}

func (x *importing) bring(r roster.Roster, change ...func(*store.ImportOptions)) (store.RosterChanges, error) {
	var o store.ImportOptions
	for _, f := range change {
		f(&o)
	}
	return x.s.ImportRoster(context.Background(), x.v, x.k.ID, r, o)
}

// brings ends the test unless the import does just this, as "update child Mia allergies first_name".
func (x *importing) brings(r roster.Roster, want ...string) store.RosterChanges {
	x.Helper()
	c, err := x.bring(r)
	if err != nil {
		x.Fatal(err)
	}
	x.did(c, want...)
	return c
}

func (x *importing) did(c store.RosterChanges, want ...string) {
	x.Helper()
	var got []string
	for _, ch := range c.Changes {
		said := fmt.Sprint(ch.Action, " ", ch.Noun, " ", ch.Name)
		for _, f := range ch.Fields {
			if ch.Action != store.RosterCreates {
				said += " " + f.Field
			}
		}
		got = append(got, said)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		x.Fatalf("the import did\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// refuses ends the test unless the list is refused for these reasons and nothing is written.
func (x *importing) refuses(r roster.Roster, want ...string) {
	x.Helper()
	before := store.Dump(x, x.s, "")
	_, err := x.bring(r)
	var all kita.Errors
	if !errors.As(err, &all) {
		x.Fatalf("the list is not refused: %v", err)
	}
	var got []string
	for _, e := range all {
		got = append(got, e.Error())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		x.Fatalf("refused for %q, want %q", got, want)
	}
	if store.Dump(x, x.s, "") != before {
		x.Fatal("a refused list left something behind")
	}
}

func (x *importing) warned(c store.RosterChanges, want ...string) {
	x.Helper()
	var got []string
	for _, w := range c.Warnings {
		got = append(got, w.Error())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		x.Fatalf("warnings %q, want %q", got, want)
	}
}

func (x *importing) child(id kita.ID) store.ChildDetail {
	x.Helper()
	d, err := x.s.Child(context.Background(), x.v, id)
	if err != nil {
		x.Fatal(err)
	}
	return d
}

const (
	short  = "Nr,Vorname,Nachname,Geburtsdatum,Gruppe,ab"
	mother = short + ",Mutter Vorname,Mutter Nachname,Mutter E-Mail,Mutter Telefon,Mutter Adresse"
	// The world's children are called Muster and were born 4 × 365 days ago.
	born = "2022-11-24"
)

func TestListIsForLeadersOfTheKita(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		mum := mia.Guardian("Ayşe")
		educator := x.k.Educator("Eda", x.bears)
		operator := x.Operator("Otto")
		neighbour := x.Kita("Nebenan").Leader("Nora")
		x.live()
		r := x.sheet(short, "1,Mia,Anders,"+born+",Bären,")
		before := store.Dump(x, x.s, x.k.ID)
		for name, account := range map[string]kita.ID{"guardian": *mum.AccountID, "educator": *educator.AccountID, "operator": operator.ID, "leader next door": *neighbour.AccountID} {
			v := x.Viewer(account)
			if _, err := x.s.ImportRoster(context.Background(), v, x.k.ID, r, store.ImportOptions{}); !errors.Is(err, kita.ErrNotFound) {
				x.Errorf("%s: %v", name, err)
			}
			if _, err := x.s.RosterDay(context.Background(), v, x.k.ID); !errors.Is(err, kita.ErrNotFound) {
				x.Errorf("%s learns the day: %v", name, err)
			}
		}
		if store.Dump(x, x.s, x.k.ID) != before {
			x.Error("something was written")
		}
		x.brings(r, "update child Mia Anders last_name")
	})
}

func TestColumnsThatAreNotThereLeaveWhatIsKnownAndEmptyCellsClearIt(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		mia.Guardian("Ayşe").Email("ayse@example.org")
		rows := x.Rows()
		rows.Children[0].Allergies, rows.Children[0].HealthNotes = "Nüsse", "Brille"
		rows.EmergencyContacts = append(rows.EmergencyContacts, kita.EmergencyContact{ID: kita.NewID(), KitaID: x.k.ID, ChildID: mia.ID, Name: "Oma", Phone: "030 1"})
		x.live()
		row := "1,Mia,Muster," + born + ",Bären,"
		x.warned(x.brings(x.sheet(short, row)))
		x.brings(x.sheet(short+",Allergien", row+",Milch"), "update child Mia Muster allergies")
		if d := x.child(mia.ID); d.Allergies != "Milch" || d.HealthNotes != "Brille" || len(d.Contacts) != 1 {
			x.Fatalf("%+v", d)
		}
		x.brings(x.sheet(short+",Allergien,Gesundheit,Notfallkontakt,Notfalltelefon", row+",,,,"),
			"update child Mia Muster allergies health_notes emergency_contacts")
		if d := x.child(mia.ID); d.Allergies != "" || d.HealthNotes != "" || len(d.Contacts) != 0 {
			x.Fatalf("%+v", d)
		}
		// What a guardian entered is not taken away by an empty cell.
		x.brings(x.sheet(mother, row+",Ayşe,Muster,ayse@example.org,,"), "update tie Ayşe Muster – Mia Muster relation")
		if g := x.child(mia.ID).Guardians[0]; g.Phone != "0170 5550100" || !g.Custody || g.Relation != "mother" {
			x.Fatalf("%+v", g)
		}
		x.brings(x.sheet(mother+",Mutter Sorgerecht,Mutter Sprache", row+",Ayşe,Muster,ayse@example.org,0170 1,,nein,Türkisch"),
			"update guardian Ayşe Muster phone language", "update tie Ayşe Muster – Mia Muster custody")
	})
}

func TestChildIsFoundByItsNumberAndNeverTakenForAnother(t *testing.T) {
	onKita(t, func(x *importing) {
		x.bears.Child("Layla")
		x.bears.Child("Sami")
		x.bears.Child("Mia")
		x.Rows().Children[2].Number = ""
		x.live()
		// Somebody with the number of somebody else; twins with each other's numbers.
		x.refuses(x.sheet(short, "1,Ben,Neumann,2023-01-01,Bären,", "2,Layla,Muster,"+born+",Bären,"),
			"line 2: import.other_child", "line 3: import.child_elsewhere")
		// A birth date or a name set right is the same child; a child without a number is found by name and birth date.
		c := x.brings(x.sheet(short, "1,Layla,Muster,2022-12-24,Bären,", "2,Samuel,Muster,"+born+",Bären,", "3,Mia,Muster,"+born+",Bären,"),
			"update child Layla Muster born", "update child Samuel Muster first_name", "update child Mia Muster number")
		x.warned(c)
		x.warned(x.brings(x.sheet(short, "7,Mia,Muster,"+born+",,"), "create child Mia Muster"), "line 2: import.child_known")
	})
}

func TestTwoRowsNeverBecomeTheOneChildWithoutANumber(t *testing.T) {
	onKita(t, func(x *importing) {
		x.bears.Child("Mia")
		x.Rows().Children[0].Number = ""
		x.live()
		x.brings(x.sheet(short, "8,Mia,Muster,"+born+",Bären,", "9,Mia,Muster,"+born+",Bären,"),
			"update child Mia Muster number", "create child Mia Muster")
	})
}

func TestChildrenWhoAreNotOnTheListAreNamedAndArchivedOnlyWhenAskedFor(t *testing.T) {
	onKita(t, func(x *importing) {
		mia, ben := x.bears.Child("Mia"), x.bears.Child("Ben")
		x.live()
		only := x.sheet(short, "1,Mia,Muster,"+born+",Bären,")
		c := x.brings(only)
		if len(c.Missing) != 1 || c.Missing[0].ID != ben.ID || x.child(ben.ID).ArchivedAt != nil {
			x.Fatalf("missing: %+v", c.Missing)
		}
		archive := func(o *store.ImportOptions) { o.ArchiveMissing = true }
		c, err := x.bring(only, archive)
		if err != nil {
			x.Fatal(err)
		}
		x.did(c, "archive child Ben Muster")
		if c, err = x.bring(only, archive); err != nil || len(c.Changes)+len(c.Missing) > 0 {
			x.Fatalf("again: %+v %v", c, err)
		}
		if _, err := x.s.ArchiveChild(context.Background(), x.v, mia.ID, true); err != nil {
			x.Fatal(err)
		}
		if _, err := x.s.ArchiveGroup(context.Background(), x.v, x.bears.ID, true); err != nil {
			x.Fatal(err)
		}
		x.brings(x.sheet(short, "1,Mia,Muster,"+born+",Bären,", "2,Ben,Muster,"+born+",Bären,"),
			"restore group Bären", "restore child Mia Muster", "restore child Ben Muster")
	})
}

func TestChildWhoComesBackIsInNoArchivedGroup(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		x.live()
		if _, err := x.s.ArchiveChild(context.Background(), x.v, mia.ID, true); err != nil {
			x.Fatal(err)
		}
		if _, err := x.s.ArchiveGroup(context.Background(), x.v, x.bears.ID, true); err != nil {
			x.Fatal(err)
		}
		// The list names no group at all, but that is where the child still is.
		c := x.brings(x.sheet(short, "1,Mia,Muster,"+born+",,"), "restore group Bären", "restore child Mia Muster")
		x.warned(c, "line 2: import.no_group")
	})
}

func TestGroupsAreMadeWhenMissingAndChildrenMove(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		ben := x.bears.Child("Ben")
		x.live()
		rows := func(mia, ben string) roster.Roster {
			return x.sheet(short+",bis", "1,Mia,Muster,"+born+","+mia, "2,Ben,Muster,"+born+","+ben)
		}
		x.brings(rows("BÄREN,,", "BÄREN,,"))
		c := x.brings(rows("Bienen,,", "Bienen,2027-01-01,"), "create group Bienen", "move child Mia Muster group from", "move child Ben Muster group from")
		equal(x.T, placedIn(x.T, x.s, x.v, mia.ID), "Bären 2025-11-23 2026-11-22", "Bienen 2026-11-23 9999-12-31")
		equal(x.T, placedIn(x.T, x.s, x.v, ben.ID), "Bären 2025-11-23 2026-12-31", "Bienen 2027-01-01 9999-12-31")
		if g := c.Changes[0].Fields; g[1].After != "orange" || g[2].After != "bee" {
			x.Errorf("colour and icon in their turn: %v", g)
		}
		x.refuses(rows("Bienen,,", "Füchse,2026-12-01,"), "line 3: placement.overlaps")
		x.brings(rows("Bienen,2026-11-01,", "Füchse,2026-12-01,2026-12-31"), "create group Füchse", "move child Ben Muster group from to")
		x.brings(rows("Bienen,,2027-07-31", "Bienen,2027-01-01,"), "move child Mia Muster to")
		// The list has not heard of Ben's move.
		if _, _, err := x.s.PlaceChild(context.Background(), x.v, kita.Placement{ID: kita.NewID(), ChildID: ben.ID, GroupID: x.bears.ID,
			From: "2027-03-01", To: kita.LastDay}); err != nil {
			x.Fatal(err)
		}
		x.warned(x.brings(rows("Bienen,,", "Bienen,2027-01-01,2027-07-31")), "line 3: import.stay_stands")
		if n := count(x.T, x.s, x.v, x.k.ID); n != 3 {
			x.Errorf("%d groups", n)
		}
	})
}

func count(t *testing.T, s *store.Store, v kita.Viewer, k kita.ID) int {
	t.Helper()
	all, err := s.Groups(context.Background(), v, store.GroupFilter{KitaID: k})
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestTwoGroupsOfOneNameAreNotChosenBetween(t *testing.T) {
	onKita(t, func(x *importing) {
		x.k.Group("Bären")
		x.live()
		x.refuses(x.sheet(short, "1,Mia,Muster,"+born+",Bären,"), "line 2: import.group_twice")
	})
}

func TestEveryFaultIsNamedAtOnceInTheOrderOfTheLines(t *testing.T) {
	onKita(t, func(x *importing) {
		x.bears.Child("Mia").Guardian("Jens").Email("familie@example.org")
		x.bears.Child("Ben").In(x.k.Group("Igel"), "2027-01-01", kita.LastDay)
		p := x.Rows().Placements
		p[1].To = "2026-12-31"
		x.live()
		x.refuses(x.sheet(mother, "2,Ben,Muster,"+born+",Füchse,2026-12-01,,,,,", "9,Ida,Neu,"+born+",Bären,,Ayşe,Muster,familie@example.org,,",
			"1,Ole,Anders,2023-05-05,Bären,,,,,,"), "line 2: placement.overlaps", "line 3: import.guardian_other", "line 4: import.other_child")
	})
}

func TestLogSaysWhoChangedWhatAndNothingWhereNothingChanged(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		mia.Guardian("Ayşe").Email("ayse@example.org")
		x.live()
		r := x.sheet(mother+",Notfallkontakt,Notfallnummer", "1,Mia,Anders,"+born+",Bienen,2026-12-01,Ayşe,Anders,ayse@example.org,0170 1,,Oma,030 1", "2,Ben,Muster,"+born+",Bienen,,,,,,,,")
		lines := func() []string {
			page, err := x.s.Audit(context.Background(), x.v, x.k.ID, store.PageRequest{Limit: 100})
			if err != nil {
				x.Fatal(err)
			}
			var said []string
			for _, l := range page.Items {
				said = append(said, l.Actor+" "+l.Action)
			}
			slices.Sort(said)
			return said
		}
		if _, err := x.bring(r); err != nil {
			x.Fatal(err)
		}
		want := []string{"Lea Team child.change", "Lea Team child.contacts", "Lea Team child.create", "Lea Team child.move", "Lea Team child.move",
			"Lea Team group.create", "Lea Team guardian.change", "Lea Team guardian.tie"}
		equal(x.T, lines(), want...)
		x.brings(r)
		equal(x.T, lines(), want...)
		// The house itself stands in the log as the import.
		if _, err := x.s.SystemImportRoster(context.Background(), x.k.Kita, x.sheet(short, "3,Ida,Muster,"+born+",,"), store.ImportOptions{}); err != nil {
			x.Fatal(err)
		}
		equal(x.T, lines(), append(want, "import child.create")...)
	})
}

func TestFirstKitaIsOpenedWithItsListOrNotAtAll(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		empty := store.Dump(t, s, "")
		r := sheet(t, short, "1,Mia,Muster,"+born+",Bären,")
		k := kita.Kita{Name: "Sonnenschein", State: "BE"}
		if _, err := s.SystemImportRoster(ctx, k, r, store.ImportOptions{DryRun: true}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.SystemImportRoster(ctx, kita.Kita{Name: "Sonnenschein", State: "XX"}, r, store.ImportOptions{}); code(err) != "federal_state: kita.federal_state" {
			t.Fatal(err)
		}
		if store.Dump(t, s, "") != empty {
			t.Fatal("something was written")
		}
		c, err := s.SystemImportRoster(ctx, k, r, store.ImportOptions{})
		if err != nil || c.Changes[0].Noun != "kita" || c.Counts.Children.Created != 1 {
			t.Fatalf("%+v %v", c, err)
		}
		all, err := s.SystemKitas(ctx)
		if err != nil || len(all) != 1 || all[0].Name != "Sonnenschein" || all[0].AbsenceCutOff == "" {
			t.Fatalf("%+v %v", all, err)
		}
		if _, err := s.SystemImportRoster(ctx, k, r, store.ImportOptions{}); code(err) != "kita: import.kita_exists" {
			t.Fatalf("a second first kita: %v", err)
		}
	})
}
