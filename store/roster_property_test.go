package store_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// parsed is a list as the importer reads it.
func parsed(t interface{ Fatal(...any) }, list [][]string) roster.Roster {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.WriteAll(list); err != nil {
		t.Fatal(err)
	}
	r, err := roster.Parse(&b, "2026-11-23")
	if err != nil {
		t.Fatal(err, "\n", b.String())
	}
	return r
}

// listedChild is a row of a random list.
type listedChild struct {
	number, first, last, born, group, from, to, allergies, contact string
	guardians                                                      []*listedPerson
	ties                                                           map[*listedPerson]*listedTie
}

type listedPerson struct{ first, last, email, phone, address, language, parent string }

type listedTie struct {
	relation               string
	custody, pickUp, hears bool
}

// listedVillage is a random list that has no faults, and that can change as lists do.
type listedVillage struct {
	t        *rapid.T
	children []*listedChild
	n        int
}

func (v *listedVillage) coin(what string) bool { return rapid.Bool().Draw(v.t, what) }

func (v *listedVillage) one(what string, of ...string) string {
	return rapid.SampledFrom(of).Draw(v.t, what)
}

func (v *listedVillage) next() int { v.n++; return v.n }

func (v *listedVillage) person(last string, first string) *listedPerson {
	p := &listedPerson{first: first, last: last, language: v.one("language", "", "de", "tr", "ar"),
		parent: v.one("parent", "mother", "father")}
	switch n := v.next(); rapid.IntRange(0, 4).Draw(v.t, "known by") {
	case 0, 1:
		p.email, p.phone = fmt.Sprintf("p%d@example.org", n), fmt.Sprintf("030 55%04d", n)
	case 2:
		p.phone = fmt.Sprintf("030 55%04d", n)
	case 3:
		p.address = fmt.Sprintf("Hauptstr. %d, 12345 Musterstadt", n)
	}
	return p
}

func (v *listedVillage) tie(p *listedPerson) *listedTie {
	return &listedTie{v.one("relation", p.parent, p.parent, "grandparent", "foster", "other"), v.coin("custody"), v.coin("pick up"), v.coin("hears")}
}

// family adds siblings with the same guardians. Names are few, so that many people share one.
func (v *listedVillage) family() {
	last := v.one("family", "Müller", "Yıldız", "von der Höh")
	var people []*listedPerson
	for _, first := range []string{"Anna", "Jörg", "Şule"} {
		if v.coin("has " + first) {
			people = append(people, v.person(last, first))
		}
	}
	for range rapid.IntRange(1, 3).Draw(v.t, "siblings") {
		n := v.next()
		c := &listedChild{number: fmt.Sprint(1000 + n), first: fmt.Sprint("Kind", n), last: last,
			born: string(kita.Day("2020-01-01").Add(n)), allergies: v.one("allergy", "", "Nüsse", "Milch;\nEi"),
			contact: v.one("contact", "", "Oma", "Opa"), ties: map[*listedPerson]*listedTie{}}
		if v.coin("has a group") {
			c.group = v.one("group", "Bären", "Bienen", "Füchse")
			if c.from = v.one("from", "", "2024-08-01", "2025-08-01"); c.from != "" {
				c.to = v.one("to", "", "2027-07-31")
			}
		}
		for _, p := range people {
			if v.coin("is theirs") {
				c.guardians = append(c.guardians, p)
				c.ties[p] = v.tie(p)
			}
		}
		v.children = append(v.children, c)
	}
}

// change is what happens to a list in a year.
func (v *listedVillage) change() {
	for _, c := range slices.Clone(v.children) {
		switch rapid.IntRange(0, 9).Draw(v.t, "what happens") {
		case 0:
			c.first += " Marie"
		case 1:
			c.born = string(kita.Day(c.born).Add(500))
		case 2:
			if next := v.one("new group", "Bären", "Bienen", "Füchse", "Igel"); c.group != next && c.from < "2026-08-01" {
				// Without a first day it was placed on the day of the import, and what begins before that is another matter.
				first := "2026-12-01"
				if c.from != "" || c.group == "" {
					first = v.one("from", "2026-08-01", first)
				}
				c.group, c.from, c.to = next, first, ""
			}
		case 3:
			c.allergies, c.contact = "", v.one("contact", "", "Tante")
		case 4:
			v.children = slices.DeleteFunc(v.children, func(x *listedChild) bool { return x == c })
		case 5:
			for _, p := range c.guardians {
				switch {
				case p.email != "" && v.coin("new number"):
					p.phone = fmt.Sprintf("030 77%04d", v.next())
				case p.email == "" && p.phone != "":
					p.email = fmt.Sprintf("p%d@example.org", v.next())
				}
			}
		case 6:
			for _, p := range c.guardians {
				c.ties[p] = v.tie(p)
			}
		case 7:
			if len(c.guardians) > 0 {
				c.guardians = c.guardians[1:]
			}
		case 8:
			p := v.person(c.last, fmt.Sprint("Neu", v.next()))
			c.guardians = append(c.guardians, p)
			c.ties[p] = v.tie(p)
		}
	}
	v.family()
}

func (v *listedVillage) rows() [][]string {
	all := [][]string{strings.Split("Nr,Vorname,Nachname,Geburtsdatum,Gruppe,ab,bis,Allergien,Notfallkontakt,Notfalltelefon", ",")}
	for n := 1; n <= 4; n++ {
		for _, h := range strings.Split("Vorname,Nachname,Email,Telefon,Adresse,Sprache,Beziehung,Sorgerecht,Abholberechtigt,Nachrichten", ",") {
			all[0] = append(all[0], fmt.Sprintf("Erziehungsberechtigte %d %s", n, h))
		}
	}
	german := map[string]string{"mother": "Mutter", "father": "Vater", "grandparent": "Oma", "foster": "Pflegemutter", "other": "Tante"}
	flag := map[bool]string{true: "ja", false: "nein"}
	for _, c := range v.children {
		row := []string{c.number, c.first, c.last, c.born, c.group, c.from, c.to, c.allergies, c.contact, ""}
		if c.contact != "" {
			row[9] = "030 112233"
		}
		for n := range 4 {
			if n >= len(c.guardians) {
				row = append(row, make([]string, 10)...)
				continue
			}
			p := c.guardians[n]
			t := c.ties[p]
			row = append(row, p.first, p.last, p.email, p.phone, p.address, p.language, german[t.relation], flag[t.custody], flag[t.pickUp], flag[t.hears])
		}
		all = append(all, row)
	}
	return all
}

// agree fails unless the kita, as its leader sees it, says what the list says. only: and nobody else.
func (v *listedVillage) agree(s *store.Store, lead kita.Viewer, k kita.ID, only bool) {
	ctx, t := context.Background(), v.t
	page, err := s.Children(ctx, lead, store.ChildFilter{KitaID: k}, store.PageRequest{Limit: 100})
	if err != nil || page.Next != "" {
		t.Fatal(page.Next, err)
	}
	byNumber := map[string]kita.ID{}
	for _, c := range page.Items {
		byNumber[c.Number] = c.ID
	}
	if only && len(byNumber) != len(v.children) {
		t.Fatalf("%d children, the list has %d", len(byNumber), len(v.children))
	}
	who := map[kita.ID]*listedPerson{}
	for _, c := range v.children {
		d, err := s.Child(ctx, lead, byNumber[c.number])
		if err != nil {
			t.Fatal(c.number, err)
		}
		contacts := ""
		for _, e := range d.Contacts {
			contacts += e.Name
		}
		if got, want := fmt.Sprint(d.FirstName, d.LastName, d.Born, d.Allergies, contacts), fmt.Sprint(c.first, c.last, c.born, c.allergies, c.contact); got != want {
			t.Fatalf("%s is %q, the list says %q", c.number, got, want)
		}
		v.placedAsListed(c, d)
		if only && len(d.Guardians) != len(c.guardians) {
			t.Fatalf("%s has %d guardians, on the list %d", c.number, len(d.Guardians), len(c.guardians))
		}
		for _, p := range c.guardians {
			tie := c.ties[p]
			at := slices.IndexFunc(d.Guardians, func(g store.GuardianOfChild) bool {
				return g.FirstName == p.first && g.LastName == p.last && g.Email == p.email && g.Phone == p.phone && g.Address == p.address &&
					g.Relation == tie.relation && g.Custody == tie.custody && g.MayPickUp == tie.pickUp
			})
			if at < 0 {
				t.Fatalf("%s has not %+v %+v but %+v", c.number, *p, *tie, d.Guardians)
			}
			// Somebody with nothing but a name is a person of their own for each child.
			if id := d.Guardians[at].ID; p.email+p.phone+p.address != "" {
				if who[id] == nil {
					who[id] = p
				}
				if who[id] != p {
					t.Fatalf("%+v and %+v became one", *who[id], *p)
				}
			}
		}
	}
	people := map[*listedPerson]int{}
	for _, p := range who {
		if people[p]++; people[p] > 1 {
			t.Fatalf("%+v became two", *p)
		}
	}
}

func (v *listedVillage) placedAsListed(c *listedChild, d store.ChildDetail) {
	if c.group == "" {
		return
	}
	at := kita.Day("2026-11-23")
	if c.from != "" {
		at = kita.Day(c.from)
	}
	for _, p := range d.Placements {
		if p.From <= at && at <= p.To && p.GroupName == c.group && (c.from == "" || p.From == at) && (c.to == "" || p.To == kita.Day(c.to)) {
			return
		}
	}
	v.t.Fatalf("%s is in %+v, the list says %s %s–%s", c.number, d.Placements, c.group, c.from, c.to)
}

// importsChecked is how many lists are drawn unless -rapid.checks says otherwise: each is brought in six times.
const importsChecked = 30

func TestImportedListIsWhatTheKitaKnowsAndTheSameListAgainChangesNothing(t *testing.T) {
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set(fmt.Sprint(importsChecked)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = checks.Value.Set(checks.DefValue) }) // its own default is valid
	}
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		rapid.Check(t, func(rt *rapid.T) {
			w := storetest.NewWorld(t, s)
			k := w.Kita("Sonnenschein")
			account := k.Leader("Lea").AccountID
			w.Live()
			lead := w.Viewer(*account)
			v := &listedVillage{t: rt}
			v.family()
			v.family()
			for year := range 2 {
				if year > 0 {
					v.change()
				}
				list := parsed(rt, v.rows())
				before := store.Dump(t, s, k.ID)
				would, err := s.ImportRoster(ctx, lead, k.ID, list, store.ImportOptions{DryRun: true})
				if err != nil {
					rt.Fatal(err)
				}
				if store.Dump(t, s, k.ID) != before {
					rt.Fatal("a dry run left something behind")
				}
				did, err := s.ImportRoster(ctx, lead, k.ID, list, store.ImportOptions{})
				if err != nil {
					rt.Fatal(err)
				}
				if a, b := withoutIDs(would), withoutIDs(did); a != b {
					rt.Fatalf("the dry run said\n%s\nand it was\n%s", a, b)
				}
				v.agree(s, lead, k.ID, year == 0)
				after := store.Dump(t, s, k.ID)
				again, err := s.ImportRoster(ctx, lead, k.ID, list, store.ImportOptions{})
				if err != nil || len(again.Changes) > 0 {
					rt.Fatalf("the same again: %v %+v", err, again.Changes)
				}
				if store.Dump(t, s, k.ID) != after {
					rt.Fatal("the same again wrote something")
				}
			}
		})
	})
}

func withoutIDs(c store.RosterChanges) string {
	for i := range c.Changes {
		c.Changes[i].ID = ""
	}
	return fmt.Sprintf("%+v %+v %v", c.Changes, c.Counts, c.Warnings)
}

func TestBrokenOffImportLeavesNothingWhereverItBreaksOff(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		for range 3 {
			bears.Child("Mia")
		}
		w.Live()
		list := [][]string{strings.Split("Nr,Vorname,Nachname,Geburtsdatum,Gruppe,ab,Notfallkontakt,Notfalltelefon,Mutter Vorname,Mutter Nachname", ",")}
		for n := range 5 {
			list = append(list, []string{fmt.Sprint(n + 1), "Mia", "Muster", "2022-11-24", fmt.Sprint("Gruppe ", n), "2026-12-01", "Oma", "030 112", "Anna", "Muster"})
		}
		r := parsed(t, list)
		before := store.Dump(t, s, "")
		for stop := 1; ; stop++ {
			ctx, cancel := context.WithCancel(context.Background())
			calls := 0
			_, err := s.SystemImportRoster(ctx, k.Kita, r, store.ImportOptions{Progress: func(int, int) {
				if calls++; calls == stop {
					cancel()
				}
			}})
			cancel()
			if calls < stop {
				if err != nil {
					t.Fatal(err)
				}
				if stop < 6 {
					t.Fatalf("it could be broken off at %d places only", stop-1)
				}
				break
			}
			if err == nil || !errors.Is(err, context.Canceled) {
				t.Fatalf("broken off at %d: %v", stop, err)
			}
			if store.Dump(t, s, "") != before {
				t.Fatalf("broken off at %d, it left something behind", stop)
			}
		}
		if store.Dump(t, s, "") == before {
			t.Fatal("nothing was written in the end")
		}
	})
}
