package roster

import (
	"slices"

	"morgenkreis/kita"
)

// guardians finds out who is who, and ties them to their children.
func (p *parser) guardians() {
	p.roster.Carries = p.carries()
	person := make([]int, len(p.sightings))
	for i, all := range p.persons() {
		for _, s := range all {
			person[s] = i
		}
		p.roster.Guardians = append(p.roster.Guardians, p.unite(all))
	}
	for i, s := range p.sightings {
		p.tie(person[i], s)
	}
	for i, code := range []string{"custody.assumed", "pickup.assumed"} {
		if p.assumed[i] {
			p.warnings = append(p.warnings, Fault{Code: code})
		}
	}
	// With faults about, some of these would only be their echo.
	if len(p.faults) == 0 {
		p.warnOfStrangers(person)
		for _, c := range p.roster.Children {
			if !slices.ContainsFunc(c.Guardians, func(g GuardianRef) bool { return g.ReceivesNotices.V }) {
				p.warn(Fault{Code: "child.no_guardian"}, c.Line)
			}
		}
	}
}

func (p *parser) carries() Carries {
	return Carries{
		Allergies:   p.cols.has(field{attr: allergies}),
		HealthNotes: p.cols.has(field{attr: healthNotes}),
		Emergency:   slices.ContainsFunc(p.cols.people, func(s slot) bool { return s.who == emergency }),
		Guardians:   slices.ContainsFunc(p.cols.people, func(s slot) bool { return s.who != emergency }),
	}
}

// persons groups the sightings that share a key, directly or through others, each in the order of the file. Sharing
// through others is safe because unite refuses a person whose rows disagree in anything.
func (p *parser) persons() [][]int {
	same := make([]int, len(p.sightings))
	root := func(i int) int {
		for same[i] != i {
			same[i] = same[same[i]]
			i = same[i]
		}
		return i
	}
	seen := map[string]int{}
	for i, s := range p.sightings {
		same[i] = i
		for _, k := range s.guardian.Keys() {
			j, known := seen[k]
			if !known {
				seen[k] = i
				continue
			}
			// The earlier is the root, so that persons come out in the order of their first row.
			a, b := root(i), root(j)
			same[max(a, b)] = min(a, b)
		}
	}
	var all [][]int
	at := map[int]int{}
	for i := range p.sightings {
		r := root(i)
		if r == i {
			at[r] = len(all)
			all = append(all, nil)
		}
		all[at[r]] = append(all[at[r]], i)
	}
	return all
}

// detail is one thing that rows may not disagree in.
type detail struct {
	code string
	// of is what a row says, in the form it is compared in, and the cell; empty when it says nothing.
	of func(s sighting) (key, text string, at field)
}

var details = []detail{
	{"guardian.name_differs", func(s sighting) (string, string, field) {
		name := kita.Name(s.guardian.FirstName + " " + s.guardian.LastName)
		if s.guardian.FirstName == "" || s.guardian.LastName == "" {
			name = ""
		}
		return s.guardian.FirstName + "|" + s.guardian.LastName, name, field{s.slot, lastName}
	}},
	{"guardian.conflict", func(s sighting) (string, string, field) {
		return s.guardian.Email, s.guardian.Email, field{s.slot, email}
	}},
	{"guardian.conflict", func(s sighting) (string, string, field) {
		return phoneKey(s.guardian.Phone), s.guardian.Phone, s.phoneAt
	}},
	{"guardian.conflict", func(s sighting) (string, string, field) {
		return addressKey(s.guardian.Address), s.guardian.Address, s.addressAt
	}},
	{"guardian.conflict", func(s sighting) (string, string, field) {
		return s.guardian.Language, s.guardian.Language, field{s.slot, language}
	}},
	// One person can be one child's father and another's stepfather, but nobody is a father here and a mother there:
	// that is two people who share a telephone and a name.
	{"guardian.conflict", func(s sighting) (string, string, field) {
		if r := s.relation.V; s.relation.Stated && (r == "mother" || r == "father") {
			return r, s.kin, s.kinAt
		}
		return "", "", field{}
	}},
}

// unite makes one guardian of all its sightings: a detail that one row leaves out comes from another. Rows that
// disagree are faults, each with the line it disagrees with.
func (p *parser) unite(all []int) Guardian {
	var g Guardian
	for _, d := range details {
		first := -1
		for _, i := range all {
			s := p.sightings[i]
			key, text, at := d.of(s)
			if key == "" || text == "" {
				continue
			}
			if first < 0 {
				first = i
				continue
			}
			firstKey, firstText, _ := d.of(p.sightings[first])
			if key != firstKey {
				one := p.fault(s.row, at, d.code)
				one.Value, one.Detail, one.OtherLine = shown(text), shown(firstText), p.sightings[first].row.line
			}
		}
	}
	for _, i := range all {
		s := p.sightings[i].guardian
		for _, d := range []struct {
			to   *string
			from string
		}{{&g.FirstName, s.FirstName}, {&g.LastName, s.LastName}, {&g.Email, s.Email}, {&g.Phone, s.Phone},
			{&g.Address, s.Address}, {&g.Language, s.Language}} {
			if *d.to == "" {
				*d.to = d.from
			}
		}
		if n := len(g.Lines); n == 0 || g.Lines[n-1] != s.Lines[0] {
			g.Lines = append(g.Lines, s.Lines...)
		}
	}
	return g
}

// tie ties the person to the child of the row where it was seen.
func (p *parser) tie(person int, s sighting) {
	c := &p.roster.Children[s.child]
	g := p.roster.Guardians[person]
	if slices.ContainsFunc(c.Guardians, func(g GuardianRef) bool { return g.Guardian == person }) {
		// Another name was found to be at fault already.
		if g.FirstName == s.guardian.FirstName && g.LastName == s.guardian.LastName {
			p.fault(s.row, field{s.slot, lastName}, "guardian.twice").Value = shown(kita.Name(g.FirstName + " " + g.LastName))
		}
		return
	}
	parent := slices.Contains([]string{"mother", "father", "parent", "legal_guardian"}, s.relation.V)
	// Foster parents decide what is of every day (§ 1688 BGB), which custody is not.
	daily := parent || s.relation.V == "foster"
	c.Guardians = append(c.Guardians, GuardianRef{Guardian: person, Relation: s.relation,
		Custody: p.answer(s, 0, parent), MayPickUp: p.answer(s, 1, daily), ReceivesNotices: p.answer(s, 2, daily)})
}

// warnOfStrangers names people of one name who were kept apart, for want of anything else they share.
func (p *parser) warnOfStrangers(person []int) {
	type namesake struct{ person, line int }
	first := map[string]namesake{}
	warned := map[int]bool{}
	for i, s := range p.sightings {
		key := nameKey(s.guardian.FirstName) + "|" + nameKey(s.guardian.LastName)
		other, known := first[key]
		switch {
		case !known:
			first[key] = namesake{person[i], s.row.line}
		case other.person != person[i] && !warned[person[i]]:
			warned[person[i]] = true
			p.warnings = append(p.warnings, Fault{Line: s.row.line, Column: p.cols.heading(p.cols.at[field{s.slot, lastName}]),
				Value: shown(kita.Name(s.guardian.FirstName + " " + s.guardian.LastName)), Code: "guardian.maybe_same", OtherLine: other.line})
		}
	}
}
