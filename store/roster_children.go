package store

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
)

// childPlan is one row of a list and the child it is about; was is nil for one who is new.
type childPlan struct {
	row     *roster.Child
	was     *kita.Child
	now     kita.Child
	changed fieldChanges
	// moved is what differs in a known child's group.
	moved fieldChanges
}

// groupPlan is a group of the kita, or one to come. needed: a child is placed in it today or later, or for the first time.
type groupPlan struct {
	kita.Group
	fresh, needed bool
}

// groupPlans are the kita's groups and those to come, by their folded names.
type groupPlans struct {
	byName map[string][]*groupPlan
	byID   map[kita.ID]*groupPlan
}

func (g *groupPlans) add(p *groupPlan) {
	key := folded(p.Name)
	g.byName[key] = append(g.byName[key], p)
	g.byID[p.ID] = p
}

// folded is s as names are compared: without case and accents, ä as ae, and every run of anything but letters and digits
// as one blank.
func folded(s string) string {
	s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(norm.NFC.String(s)))
	words := strings.FieldsFunc(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFKD.String(s)), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return s
	}
	return strings.Join(words, " ")
}

// likeName tells whether two spellings can be one person's: they share a word, as Anna and Anna-Maria do.
func likeName(a, b string) bool {
	return slices.ContainsFunc(strings.Fields(folded(a)), func(w string) bool { return slices.Contains(strings.Fields(folded(b)), w) })
}

func identity(first, last string, born kita.Day) string {
	return folded(first) + "|" + folded(last) + "|" + string(born)
}

// planChildren finds each row's child and works out what becomes of it and of its group.
func (im *importer) planChildren() {
	im.groups = groupPlans{map[string][]*groupPlan{}, map[kita.ID]*groupPlan{}}
	for _, g := range im.known.groups {
		im.groups.add(&groupPlan{Group: g})
	}
	byNumber, alike := map[string]*kita.Child{}, map[string][]*kita.Child{}
	for _, ch := range im.known.children {
		if ch.Number != "" {
			byNumber[ch.Number] = ch
		}
		id := identity(ch.FirstName, ch.LastName, ch.Born)
		alike[id] = append(alike[id], ch)
	}
	im.children = make([]childPlan, len(im.list.Children))
	for i := range im.list.Children {
		row := &im.list.Children[i]
		p := &im.children[i]
		*p = childPlan{row: row}
		if im.known.taken[row.Number] {
			im.fault(row.Line, kita.Invalid("", "child.number_taken"))
			continue
		}
		id := identity(row.FirstName, row.LastName, row.Born)
		if p.was = im.recognise(row, byNumber[row.Number], alike[id]); p.was != nil && p.was.Number == "" {
			delete(alike, id) // found once, not for a namesake in another row as well
		}
		im.planChild(p)
	}
}

// recognise is the known child that a row is about: the one with its number; else one without a number, if it alone has
// the row's name and birth date. A number that has gone over to another child is a fault: that child would inherit
// everything, the guardians and what they may see included.
func (im *importer) recognise(row *roster.Child, numbered *kita.Child, alike []*kita.Child) *kita.Child {
	if numbered == nil {
		if len(alike) == 1 && alike[0].Number == "" {
			return alike[0]
		}
		if len(alike) > 0 {
			im.warn(row.Line, &kita.Error{Code: "import.child_known", Args: []any{"name", alike[0].Name(), "number", alike[0].Number}})
		}
		return nil
	}
	sameName := likeName(row.FirstName, numbered.FirstName) && likeName(row.LastName, numbered.LastName)
	elsewhere := slices.IndexFunc(alike, func(ch *kita.Child) bool { return ch.ID != numbered.ID && ch.Number != "" })
	switch {
	case row.Born != numbered.Born && !sameName:
		im.fault(row.Line, kita.Invalid("", "import.other_child", "number", row.Number, "name", numbered.Name(), "born", numbered.Born))
	case elsewhere >= 0 && !slices.Contains(alike, numbered):
		im.fault(row.Line, kita.Invalid("", "import.child_elsewhere", "number", row.Number, "name", row.FirstName+" "+row.LastName,
			"other", alike[elsewhere].Number))
	}
	return numbered
}

func (im *importer) planChild(p *childPlan) {
	row := p.row
	before := kita.Child{}
	p.now = kita.Child{ID: im.store.newID(), KitaID: im.kita.ID, CreatedAt: im.tx.now}
	if p.was != nil {
		before, p.now = *p.was, *p.was
	}
	p.now.Number, p.now.FirstName, p.now.LastName, p.now.Born, p.now.ArchivedAt = row.Number, row.FirstName, row.LastName, row.Born, nil
	if im.list.Carries.Allergies {
		p.now.Allergies = row.Allergies
	}
	if im.list.Carries.HealthNotes {
		p.now.HealthNotes = row.HealthNotes
	}
	im.check(row.Line, p.now.Check(im.today))
	p.changed.note("number", before.Number, p.now.Number)
	p.changed.note("first_name", before.FirstName, p.now.FirstName)
	p.changed.note("last_name", before.LastName, p.now.LastName)
	p.changed.note("born", string(before.Born), string(p.now.Born))
	p.changed.note("allergies", before.Allergies, p.now.Allergies)
	p.changed.note("health_notes", before.HealthNotes, p.now.HealthNotes)
	record := len(p.changed) > 0 || p.was != nil && p.was.ArchivedAt != nil
	im.planPlacement(p)
	contacts := im.planContacts(p)

	c := RosterChange{Noun: "child", ID: p.now.ID, Line: row.Line, Name: p.now.Name(), Fields: p.changed}
	switch {
	case p.was == nil:
		c.Action, c.Fields = RosterCreates, append(p.changed, p.moved...)
		im.rows.newChildren = append(im.rows.newChildren, p.now)
		im.change(c, "child.create")
		return
	case record:
		im.rows.changedChildren = append(im.rows.changedChildren, p.now)
		if p.was.ArchivedAt != nil {
			c.Action = RosterRestores
			im.change(c, "child.archive")
		} else {
			c.Action = RosterUpdates
			im.change(c, "child.change")
		}
	case len(p.changed) > 0:
		c.Action = RosterUpdates
		im.change(c)
	}
	if contacts {
		im.rows.audit = append(im.rows.audit, AuditLine{Action: "child.contacts", SubjectID: p.now.ID})
	}
	if len(p.moved) > 0 {
		c.Action, c.Fields = RosterMoves, p.moved
		im.change(c)
	} else if !record && len(p.changed) == 0 {
		im.out.Counts.Children.Unchanged++
	}
}

// planContacts replaces the whole list of whom to ring when it differs.
func (im *importer) planContacts(p *childPlan) bool {
	if !im.list.Carries.Emergency {
		return false
	}
	var rows []kita.EmergencyContact
	for i, e := range p.row.Emergency {
		rows = append(rows, kita.EmergencyContact{ID: im.store.newID(), KitaID: im.kita.ID, ChildID: p.now.ID,
			Name: e.Name, Phone: e.Phone, Relation: e.Relation, Position: i})
	}
	had := im.known.contacts[p.now.ID]
	if slices.EqualFunc(had, rows, func(a, b kita.EmergencyContact) bool {
		return a.Name == b.Name && a.Phone == b.Phone && a.Relation == b.Relation
	}) {
		return false
	}
	im.check(p.row.Line, kita.CheckContacts(rows))
	p.changed.note("emergency_contacts", contactsText(had), contactsText(rows))
	if len(had) > 0 {
		im.rows.contactsOf = append(im.rows.contactsOf, p.now.ID)
	}
	im.rows.contacts = append(im.rows.contacts, rows...)
	return true
}

func contactsText(all []kita.EmergencyContact) string {
	said := make([]string, len(all))
	for i, e := range all {
		if said[i] = e.Name + ", " + e.Phone; e.Relation != "" {
			said[i] += " (" + e.Relation + ")"
		}
	}
	return strings.Join(said, "; ")
}

// planPlacement settles what the row says of the child's group (kita.Stay).
func (im *importer) planPlacement(p *childPlan) {
	row := p.row
	had := im.known.placements[p.now.ID]
	after := had
	if row.Group == "" {
		if i := slices.IndexFunc(had, func(q kita.Placement) bool { return q.To >= im.today }); i >= 0 {
			im.warn(row.Line, &kita.Error{Code: "import.no_group", Args: []any{"group", im.groups.byID[had[i].GroupID].Name}})
		}
	} else if g := im.group(row); g != nil {
		o := kita.Stay{GroupID: g.ID, From: row.From, To: row.To}.Among(had, im.today)
		after = im.settle(p, g, o, had)
	}
	// A child that comes back, or stays longer, is in none of the groups that were put away.
	for _, q := range after {
		if q.To >= im.today {
			im.groups.byID[q.GroupID].needed = true
		}
	}
}

// group is the one a row names, made when it is missing: the one written just so, else the one spelt alike; one that was
// put away only where no other has the name.
func (im *importer) group(row *roster.Child) *groupPlan {
	all := im.groups.byName[folded(row.Group)]
	is := []func(*groupPlan) bool{
		func(g *groupPlan) bool { return g.ArchivedAt == nil && g.Name == row.Group },
		func(g *groupPlan) bool { return g.ArchivedAt == nil },
	}
	for _, fits := range is {
		found := filter(all, fits)
		if len(found) == 1 {
			return found[0]
		}
		if len(found) > 1 {
			im.fault(row.Line, kita.Invalid("", "import.group_twice", "group", row.Group))
			return nil
		}
	}
	if len(all) > 0 {
		return all[len(all)-1]
	}
	n := len(im.groups.byID)
	g := &groupPlan{Group: kita.Group{ID: im.store.newID(), KitaID: im.kita.ID, Name: row.Group, CreatedAt: im.tx.now,
		Colour: kita.Colours[n%len(kita.Colours)], Icon: kita.Icons[n%len(kita.Icons)]}, fresh: true}
	im.check(row.Line, g.Check())
	im.groups.add(g)
	return g
}

func filter[T any](all []T, keep func(T) bool) []T {
	var kept []T
	for _, x := range all {
		if keep(x) {
			kept = append(kept, x)
		}
	}
	return kept
}

// settle notes what becomes of the placements a child had, and answers what it has then.
func (im *importer) settle(p *childPlan, g *groupPlan, o kita.Settled, had []kita.Placement) []kita.Placement {
	row := p.row
	said := func(q kita.Placement) []any {
		return []any{"group", im.groups.byID[q.GroupID].Name, "from", q.From, "to", q.To}
	}
	switch {
	case o.Against != nil:
		im.fault(row.Line, kita.Invalid("", "placement.overlaps", said(*o.Against)...))
	case o.Stands != nil && o.Stands.To < im.today:
		im.warn(row.Line, &kita.Error{Code: "import.stay_ended", Args: said(*o.Stands)})
	case o.Stands != nil:
		im.warn(row.Line, &kita.Error{Code: "import.stay_stands", Args: said(*o.Stands)})
	case o.Gone:
		im.warn(row.Line, &kita.Error{Code: "import.never_placed", Args: []any{"group", row.Group, "to", row.To}})
	case o.Corrected != nil:
		return im.correct(p, *o.Corrected, had)
	case o.Moves != nil:
		return im.move(p, g, *o.Moves, had)
	}
	return had
}

func (im *importer) correct(p *childPlan, c kita.Placement, had []kita.Placement) []kita.Placement {
	im.check(p.row.Line, c.Check())
	after := slices.Clone(had)
	at := slices.IndexFunc(after, func(q kita.Placement) bool { return q.ID == c.ID })
	p.moved.note("from", string(after[at].From), string(c.From))
	p.moved.note("to", dayText(after[at].To), dayText(c.To))
	after[at] = c
	im.rows.corrected = append(im.rows.corrected, c)
	im.rows.audit = append(im.rows.audit, AuditLine{Action: "placement.change", SubjectID: c.ChildID})
	return after
}

func (im *importer) move(p *childPlan, g *groupPlan, n kita.Placement, had []kita.Placement) []kita.Placement {
	n.ID, n.KitaID, n.ChildID, n.CreatedAt = im.store.newID(), im.kita.ID, p.now.ID, im.tx.now
	im.check(p.row.Line, n.Check())
	m := n.MoveAmong(had)
	was := ""
	for _, gone := range []*kita.Placement{m.Ends, m.Gone} {
		if gone != nil {
			was = im.groups.byID[gone.GroupID].Name
		}
	}
	p.moved.note("group", was, g.Name)
	p.moved.note("from", "", string(n.From))
	p.moved.note("to", "", dayText(n.To))
	after := []kita.Placement{n}
	for _, q := range had {
		switch {
		case m.Gone != nil && q.ID == m.Gone.ID:
			continue
		case m.Ends != nil && q.ID == m.Ends.ID:
			q.To = n.From.Add(-1)
		}
		after = append(after, q)
	}
	g.needed = g.needed || g.fresh
	if len(had) > 0 {
		im.rows.movedTo = append(im.rows.movedTo, n)
		return after
	}
	im.rows.firstPlacements = append(im.rows.firstPlacements, n)
	im.rows.audit = append(im.rows.audit, AuditLine{Action: "child.move", SubjectID: p.now.ID})
	return after
}

// dayText is empty for a day without an end.
func dayText(d kita.Day) string {
	if d == kita.LastDay {
		return ""
	}
	return string(d)
}

// planGroups opens the groups that are needed and missing, and takes out those that were put away.
func (im *importer) planGroups() {
	for _, c := range im.children {
		for _, g := range im.groups.byName[folded(c.row.Group)] {
			im.planGroup(g, c.row.Line)
		}
	}
	// Groups that no row names, but into which somebody comes back.
	for _, k := range im.known.groups {
		im.planGroup(im.groups.byID[k.ID], 0)
	}
}

func (im *importer) planGroup(g *groupPlan, line int) {
	if !g.needed {
		return
	}
	g.needed = false
	c := RosterChange{Noun: "group", ID: g.ID, Line: line, Name: g.Name}
	switch {
	case g.fresh:
		c.Action = RosterCreates
		c.Fields = []FieldChange{{"name", "", g.Name}, {"colour", "", g.Colour}, {"icon", "", g.Icon}}
		im.rows.newGroups = append(im.rows.newGroups, g.Group)
		im.change(c, "group.create")
	case g.ArchivedAt != nil:
		c.Action, g.ArchivedAt = RosterRestores, nil
		im.rows.changedGroups = append(im.rows.changedGroups, g.Group)
		im.change(c, "group.archive")
	default:
		im.out.Counts.Groups.Unchanged++
	}
}
