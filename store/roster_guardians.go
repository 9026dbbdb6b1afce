package store

import (
	"slices"
	"strconv"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
)

// personPlan is a guardian of the list; was is nil for one who is new.
type personPlan struct {
	was  *kita.Guardian
	now  kita.Guardian
	line int
}

// planGuardians finds out who is who, and what changes in their records. What the list leaves empty stays as it is:
// people keep their own address and number, and the house asks them to.
func (im *importer) planGuardians() {
	at := map[int]int{}
	im.person = make([]int, len(im.list.Guardians))
	for i, k := range im.match() {
		p := personPlan{line: im.list.Guardians[i].Lines[0], now: kita.Guardian{ID: im.store.newID(), KitaID: im.kita.ID,
			Language: im.kita.Language, CreatedAt: im.tx.now}}
		if k >= 0 {
			if same, seen := at[k]; seen {
				im.person[i] = same
				continue
			}
			at[k] = len(im.people)
			p.was, p.now = &im.known.guardians[k], im.known.guardians[k]
		}
		im.person[i] = len(im.people)
		im.people = append(im.people, p)
	}
	said := make([]bool, len(im.people))
	for i, g := range im.list.Guardians {
		if p := &im.people[im.person[i]]; !said[im.person[i]] {
			said[im.person[i]] = true
			p.now.FirstName, p.now.LastName = g.FirstName, g.LastName
			if !strings.EqualFold(p.now.Email, g.Email) {
				set(&p.now.Email, g.Email)
			}
			set(&p.now.Phone, g.Phone)
			set(&p.now.Address, g.Address)
			set(&p.now.Language, g.Language)
		}
	}
	strangers := map[string]bool{}
	for k, g := range im.known.guardians {
		if _, seen := at[k]; !seen {
			strangers[nameOf(g.FirstName, g.LastName)] = true
		}
	}
	for i := range im.people {
		p := &im.people[i]
		im.planPerson(p)
		if p.was == nil && strangers[nameOf(p.now.FirstName, p.now.LastName)] {
			im.warn(p.line, &kita.Error{Code: "import.guardian_known", Args: []any{"name", p.now.Name()}})
		}
	}
}

// set keeps what is there where nothing is said.
func set(to *string, said string) {
	if said != "" {
		*to = said
	}
}

func (im *importer) planPerson(p *personPlan) {
	im.check(p.line, p.now.Check())
	before := kita.Guardian{}
	if p.was != nil {
		before = *p.was
	}
	var f fieldChanges
	f.note("first_name", before.FirstName, p.now.FirstName)
	f.note("last_name", before.LastName, p.now.LastName)
	f.note("email", before.Email, p.now.Email)
	f.note("phone", before.Phone, p.now.Phone)
	f.note("address", before.Address, p.now.Address)
	f.note("language", before.Language, p.now.Language)
	c := RosterChange{Noun: "guardian", ID: p.now.ID, Line: p.line, Name: p.now.Name(), Fields: f}
	switch {
	case p.was == nil:
		c.Action = RosterCreates
		im.rows.newGuardians = append(im.rows.newGuardians, p.now)
		im.change(c, "guardian.create")
	case len(f) > 0:
		c.Action = RosterUpdates
		im.rows.changedGuardians = append(im.rows.changedGuardians, p.now)
		im.change(c, "guardian.change")
	default:
		im.out.Counts.Guardians.Unchanged++
	}
	if p.was != nil && p.was.ArchivedAt != nil {
		im.warn(p.line, &kita.Error{Code: "import.guardian_archived", Args: []any{"name", p.now.Name()}})
	}
}

// planTies ties the guardians to their children. What the list does not say of a tie stays as it is. Who is tied and not
// on the list is only named: it may be that they have nothing to do with the child any more.
func (im *importer) planTies() {
	known := map[kita.ID]kita.Guardian{}
	for _, g := range im.known.guardians {
		known[g.ID] = g
	}
	for i := range im.children {
		c := &im.children[i]
		had := im.known.ties[c.now.ID]
		listed := map[kita.ID]bool{}
		for _, ref := range c.row.Guardians {
			p := &im.people[im.person[ref.Guardian]]
			listed[p.now.ID] = true
			im.planTie(c, p, ref, had)
		}
		var others []string
		for _, t := range had {
			if g := known[t.GuardianID]; !listed[g.ID] && g.ArchivedAt == nil {
				others = append(others, g.Name())
			}
		}
		if len(others) > 0 && im.list.Carries.Guardians {
			im.warn(c.row.Line, &kita.Error{Code: "import.guardian_not_listed", Args: []any{"names", strings.Join(others, ", "), "child", c.now.Name()}})
		}
	}
}

func (im *importer) planTie(c *childPlan, p *personPlan, ref roster.GuardianRef, had []kita.Tie) {
	at := slices.IndexFunc(had, func(t kita.Tie) bool { return t.GuardianID == p.now.ID })
	var before, now kita.Tie
	if at < 0 {
		now = kita.Tie{KitaID: im.kita.ID, GuardianID: p.now.ID, ChildID: c.now.ID, CreatedAt: im.tx.now,
			Relation: ref.Relation.V, Custody: ref.Custody.V, MayPickUp: ref.MayPickUp.V, ReceivesNotices: ref.ReceivesNotices.V}
	} else {
		before, now = had[at], had[at]
		stated(&now.Relation, ref.Relation)
		stated(&now.Custody, ref.Custody)
		stated(&now.MayPickUp, ref.MayPickUp)
		stated(&now.ReceivesNotices, ref.ReceivesNotices)
	}
	im.check(c.row.Line, now.Check())
	im.warnOfBans(c, p)
	if now == before {
		im.out.Counts.Ties.Unchanged++
		return
	}
	var f fieldChanges
	f.note("relation", before.Relation, now.Relation)
	flag := func(name string, a, b bool) {
		if at < 0 {
			f.note(name, "", strconv.FormatBool(b))
		} else {
			f.note(name, strconv.FormatBool(a), strconv.FormatBool(b))
		}
	}
	flag("custody", before.Custody, now.Custody)
	flag("may_pick_up", before.MayPickUp, now.MayPickUp)
	flag("receives_notices", before.ReceivesNotices, now.ReceivesNotices)
	change := RosterChange{Action: RosterUpdates, Noun: "tie", ID: p.now.ID, Line: c.row.Line, Name: p.now.Name() + " – " + c.now.Name(), Fields: f}
	if at < 0 {
		change.Action = RosterCreates
		im.rows.newTies = append(im.rows.newTies, now)
	} else {
		im.rows.changedTies = append(im.rows.changedTies, now)
	}
	im.change(change, "guardian.tie")
}

func stated[T any](to *T, said roster.Value[T]) {
	if said.Stated {
		*to = said.V
	}
}

// warnOfBans: no list lifts a ban, but it can bring the banned in again as somebody new.
func (im *importer) warnOfBans(c *childPlan, p *personPlan) {
	bans := im.known.bans[c.now.ID]
	who := []any{"name", p.now.Name(), "child", c.now.Name()}
	switch {
	case slices.ContainsFunc(bans, func(b kita.ContactBan) bool { return b.GuardianID == p.now.ID }):
		im.warn(c.row.Line, &kita.Error{Code: "import.ban_holds", Args: who})
	case p.was == nil && len(bans) > 0:
		im.warn(c.row.Line, &kita.Error{Code: "import.ban_new_person", Args: who})
	}
}
