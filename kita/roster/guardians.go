package roster

import (
	"regexp"
	"slices"
	"strings"

	"morgenkreis/kita"
)

// sighting is a guardian in one row, before it is known who of them is the same person.
type sighting struct {
	row      row
	slot     slot
	child    int
	guardian Guardian
	relation Value[string]
	// kin is what the list calls the relation.
	kin   string
	marks [len(flags)]mark
	// phoneAt, addressAt and kinAt are the cells they came from.
	phoneAt, addressAt, kinAt field
}

// flags are the yes-or-no columns of a guardian, in the order of sighting.marks.
var flags = [3]attr{custody, mayPickUp, receivesNotices}

// tally is which answers a yes-or-no column has anywhere.
type tally struct{ yes, no bool }

// guardian reads the person in slot s of r. Answers and a language alone make nobody: such columns are filled down.
func (p *parser) guardian(r row, s slot) {
	at := func(a attr) field { return field{s, a} }
	g := sighting{row: r, slot: s, child: len(p.roster.Children)}
	g.guardian = Guardian{FirstName: p.text(r, at(firstName)), LastName: p.text(r, at(lastName)),
		Email: kita.NormalLogin(p.text(r, at(email))), Lines: []int{r.line}}
	g.guardian.Phone, g.phoneAt = p.phone(r, s)
	g.guardian.Address, g.addressAt = p.address(r, s)
	rel := p.text(r, at(relation))
	if !slices.ContainsFunc([]attr{firstName, lastName, email, phone, mobile, address, street, house, postcode, town, relation},
		func(a attr) bool { return !blank(p.cell(r, at(a)).text) }) {
		return
	}
	if spoken := p.text(r, at(language)); spoken != "" {
		if g.guardian.Language = languageWords[tight(spoken)]; g.guardian.Language == "" {
			p.warn(Fault{Column: p.cols.heading(p.cols.at[at(language)]), Value: shown(spoken), Code: "language.unsupported"}, r.line)
		}
	}
	switch s.who {
	case mother:
		g.relation, g.kin, g.kinAt = Value[string]{"mother", true}, "Mutter", at(lastName)
	case father:
		g.relation, g.kin, g.kinAt = Value[string]{"father", true}, "Vater", at(lastName)
	default:
		g.relation = Value[string]{"parent", false}
	}
	if rel != "" {
		g.relation, g.kin, g.kinAt = Value[string]{relationWords[tight(rel)], true}, rel, at(relation)
		if g.relation.V == "" {
			p.fault(r, at(relation), "relation.unknown")
		}
	}
	for i, a := range flags {
		g.marks[i] = p.mark(r, at(a))
	}
	p.report(r, g.guardian.check(), map[string]field{"first_name": at(firstName), "last_name": at(lastName),
		"email": at(email), "phone": g.phoneAt, "address": g.addressAt})
	p.sightings = append(p.sightings, g)
}

func (g Guardian) check() error {
	return kita.Guardian{FirstName: g.FirstName, LastName: g.LastName, Email: g.Email, Phone: g.Phone, Address: g.Address,
		Language: kita.Languages[0]}.Check()
}

// address is a person's address on one line, from one column or from its parts, and the cell it stands in.
func (p *parser) address(r row, s slot) (string, field) {
	var parts []string
	f := field{s, address}
	if p.text(r, f) != "" {
		parts = strings.Split(lines(p.cell(r, f).text), "\n")
	} else if !p.filled(r, f) {
		f = field{s, street}
		parts = []string{p.text(r, f) + " " + p.text(r, field{s, house}), p.text(r, field{s, postcode}) + " " + p.text(r, field{s, town})}
	}
	var said []string
	for _, part := range parts {
		if part = strings.Trim(kita.Name(part), ", "); part != "" {
			said = append(said, part)
		}
	}
	return strings.Join(said, ", "), f
}

func (p *parser) mark(r row, f field) mark {
	s := p.text(r, f)
	if s == "" {
		return unmarked
	}
	m := parseMark(s)
	if m == unreadable {
		p.fault(r, f, "flag.unknown")
		return m
	}
	t := p.tallies[p.cols.at[f]]
	t.yes, t.no = t.yes || m == yes, t.no || m == no
	p.tallies[p.cols.at[f]] = t
	return m
}

// answer is what a mark means. An empty cell means "no" in a column of ticks, that is one with "yes" and never "no";
// it means nothing in a column that is empty all the way down. In any other column it is a fault: nobody should get a
// child, or not get a notice, by our guess.
func (p *parser) answer(s sighting, i int, assumed bool) Value[bool] {
	f := field{s.slot, flags[i]}
	t := p.tallies[p.cols.at[f]]
	switch m := s.marks[i]; {
	case m != unmarked:
		return Value[bool]{m == yes, true}
	case !p.cols.has(f) || !t.yes && !t.no:
		p.assumed[i] = true
		return Value[bool]{assumed, false}
	case t.no:
		p.fault(s.row, f, "flag.blank")
	}
	return Value[bool]{false, true}
}

// Keys are what a guardian is recognised by, the surest first: the e-mail address; name and telephone number; name and
// address, when it has a house number. Two records that share a key are the same person. A name alone is no key, nor
// are a name and a town: two people can have them.
func (g Guardian) Keys() []string {
	var keys []string
	if g.Email != "" {
		keys = append(keys, "email|"+g.Email)
	}
	if g.FirstName == "" || g.LastName == "" {
		return keys
	}
	name := nameKey(g.FirstName) + "|" + nameKey(g.LastName)
	if g.Phone != "" {
		keys = append(keys, "phone|"+name+"|"+phoneKey(g.Phone))
	}
	if at := addressKey(g.Address); houseNumber.MatchString(at) {
		keys = append(keys, "address|"+name+"|"+at)
	}
	return keys
}

// houseNumber finds a number of up to four digits behind a word; a German postcode has five, an Austrian one stands first.
var houseNumber = regexp.MustCompile(`\pL \d{1,4}(?:[^\d]|$)`)

// nameKey makes Müller, MUELLER and Mueller one; a name without a letter stays as it is.
func nameKey(s string) string {
	if k := fold(s); k != "" {
		return k
	}
	return s
}

// phoneKey is the digits that are dialled in Germany: +49 170 1, 0049 (0)170/1 and 0170-1 are one.
func phoneKey(s string) string {
	digits := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, s)
	if strings.HasPrefix(strings.TrimLeft(s, "( "), "+") {
		digits = "00" + digits
	}
	if national, ok := strings.CutPrefix(digits, "0049"); ok {
		return "0" + strings.TrimLeft(national, "0")
	}
	return digits
}

// addressKey makes "Hauptstr. 1" and "Hauptstraße 1" one.
func addressKey(s string) string {
	return strings.ReplaceAll(nameKey(s), "strasse", "str")
}
