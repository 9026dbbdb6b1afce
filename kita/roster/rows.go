package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"morgenkreis/kita"
)

// parser reads one list. Faults never stop it: what a faulty cell would have said is left out, and the rest is read on.
type parser struct {
	today    kita.Day
	sheet    sheet
	cols     layout
	roster   Roster
	faults   Faults
	warnings Faults
	// lines are those a warning holds for, by its index in warnings.
	lines     map[int][]int
	sightings []sighting
	tallies   map[int]tally
	numbers   map[string]int
	groups    map[string]spelling
	twins     map[string]int
	// assumed tells for which of the flags the list left the answer to us.
	assumed [len(flags)]bool
}

type spelling struct {
	line int
	name string
}

func (p *parser) read() {
	p.lines, p.tallies = map[int][]int{}, map[int]tally{}
	p.numbers, p.groups, p.twins = map[string]int{}, map[string]spelling{}, map[string]int{}
	head, understood := findHeader(p.sheet.rows)
	if understood == 0 {
		p.faults = append(p.faults, Fault{Code: "header.unknown"})
		return
	}
	header, rows := p.sheet.rows[head], p.sheet.rows[head+1:]
	var faults Faults
	p.cols, faults = readLayout(header)
	p.faults = append(p.faults, faults...)
	switch {
	case len(rows) == 0:
		p.faults = append(p.faults, Fault{Line: header.line, Code: "file.no_rows"})
	case len(rows) > MaxRows:
		p.faults = append(p.faults, Fault{Code: "file.too_many_rows", Detail: fmt.Sprint(MaxRows)})
		rows = rows[:MaxRows]
	}
	for _, r := range p.sheet.rows[:head] {
		p.warn(Fault{Code: "header.skipped"}, r.line)
	}
	if len(p.sheet.unread) > 0 {
		p.warnings = append(p.warnings, Fault{Code: "sheet.unread", Detail: shown(strings.Join(p.sheet.unread, ", "))})
	}
	if !p.sheet.shifts {
		for _, r := range rows {
			for i := len(p.cols.headings); i < len(r.cells); i++ {
				p.cols.headings = append(p.cols.headings, "")
				p.cols.silent[i] = unknown
			}
		}
	}
	p.silentColumns(rows)
	// Without its columns every row would be at fault for the same reason.
	if len(faults) == 0 {
		for _, r := range rows {
			p.child(r)
		}
		p.guardians()
	}
	for i, all := range p.lines {
		slices.Sort(all)
		p.warnings[i].Detail = lineList(slices.Compact(all))
	}
}

// silentColumns says which columns are not read.
func (p *parser) silentColumns(rows []row) {
	for i, heading := range p.cols.headings {
		switch v, silent := p.cols.silent[i]; {
		case !silent:
		case v == whose:
			p.warnings = append(p.warnings, Fault{Column: p.cols.heading(i), Code: "column.whose"})
		case v == unknown && heading != "":
			p.warnings = append(p.warnings, Fault{Column: p.cols.heading(i), Code: "column.unknown"})
		default:
			code := "column.unnamed"
			if v == ban {
				code = "column.contact_ban"
			}
			for _, r := range rows {
				if !blank(r.at(i).text) {
					p.warn(Fault{Column: p.cols.heading(i), Code: code}, r.line)
				}
			}
		}
	}
}

func (r row) at(i int) cell {
	if i < len(r.cells) {
		return r.cells[i]
	}
	return cell{}
}

func (p *parser) cell(r row, f field) cell {
	i, ok := p.cols.at[f]
	if !ok {
		return cell{}
	}
	return r.at(i)
}

// fault notes that field f of r is wrong.
func (p *parser) fault(r row, f field, code string) *Fault {
	one := Fault{Line: r.line, Code: code, Value: shown(p.cell(r, f).text)}
	if i, ok := p.cols.at[f]; ok {
		one.Column = p.cols.heading(i)
	}
	p.faults = append(p.faults, one)
	return &p.faults[len(p.faults)-1]
}

// warn notes that w holds for line as well.
func (p *parser) warn(w Fault, line int) {
	i := slices.Index(p.warnings, w)
	if i < 0 {
		i = len(p.warnings)
		p.warnings = append(p.warnings, w)
	}
	p.lines[i] = append(p.lines[i], line)
}

// text is what a cell says, on one line; empty when it says nothing, or nothing that can be trusted.
func (p *parser) text(r row, f field) string { return p.sound(r, f, single(p.cell(r, f).text)) }

func (p *parser) sound(r row, f field, s string) string {
	switch {
	case blank(s):
		return ""
	case formulaError(s):
		p.fault(r, f, "cell.formula_error")
	case twiceEncoded.MatchString(s), (f.attr == firstName || f.attr == lastName) && questionMark.MatchString(s):
		p.fault(r, f, "text.garbled")
	default:
		return s
	}
	return ""
}

// filled tells whether a cell says anything, so that one whose text was found at fault is not called empty as well.
func (p *parser) filled(r row, f field) bool { return !blank(p.cell(r, f).text) }

// report turns what the domain has against a record into faults; where says which cell each of its fields came from.
func (p *parser) report(r row, err error, where map[string]field) {
	var all kita.Errors
	errors.As(err, &all)
	for _, e := range all {
		f, here := where[e.Field]
		if !here || e.Code == "text.required" && p.filled(r, f) {
			continue
		}
		one := p.fault(r, f, e.Code)
		if max := e.Arg("max"); max != nil {
			one.Detail = fmt.Sprint(max)
		}
	}
}

// day reads a date cell; empty when it says nothing or is at fault.
func (p *parser) day(r row, a attr) kita.Day {
	f := field{attr: a}
	s := p.text(r, f)
	if s == "" {
		return ""
	}
	if c := p.cell(r, f); c.day != "" {
		return c.day
	}
	d, code := parseDay(s)
	if code != "" {
		p.fault(r, f, code)
	}
	return d
}

// prose reads a text of several lines about the child's health.
func (p *parser) prose(r row, a attr) string {
	f := field{attr: a}
	if s := p.text(r, f); s == "" || saysNone(s) {
		return ""
	}
	return lines(p.cell(r, f).text)
}

func (p *parser) child(r row) {
	if n := len(p.cols.headings); p.sheet.shifts && len(r.cells) > n &&
		!(row{cells: r.cells[n:]}).empty() {
		p.faults = append(p.faults, Fault{Line: r.line, Code: "row.too_long"})
		return
	}
	c := Child{
		Line:        r.line,
		Number:      p.text(r, field{attr: number}),
		FirstName:   p.text(r, field{attr: firstName}),
		LastName:    p.text(r, field{attr: lastName}),
		Born:        p.day(r, born),
		Group:       p.text(r, field{attr: group}),
		From:        p.day(r, from),
		To:          p.day(r, to),
		Allergies:   p.prose(r, allergies),
		HealthNotes: p.prose(r, healthNotes),
	}
	p.checkChild(r, c)
	p.checkPlacement(r, c)
	for _, s := range p.cols.people {
		if s.who == emergency {
			c.Emergency = append(c.Emergency, p.emergency(r, s)...)
		} else {
			p.guardian(r, s)
		}
	}
	p.roster.Children = append(p.roster.Children, c)
}

func (p *parser) checkChild(r row, c Child) {
	where := map[string]field{"number": {attr: number}, "first_name": {attr: firstName}, "last_name": {attr: lastName},
		"allergies": {attr: allergies}, "health_notes": {attr: healthNotes}, "born": {attr: born}}
	if !p.filled(r, where["number"]) {
		// The house knows children without a number; a list must have them, or the next import could not find them.
		p.fault(r, where["number"], "text.required")
	}
	if c.Born == "" {
		if !p.filled(r, where["born"]) {
			p.fault(r, where["born"], "text.required")
		}
		delete(where, "born")
	}
	p.report(r, kita.Child{Number: c.Number, FirstName: c.FirstName, LastName: c.LastName, Born: c.Born,
		Allergies: c.Allergies, HealthNotes: c.HealthNotes}.Check(p.today), where)
	if first, twice := p.numbers[c.Number]; c.Number != "" && twice {
		p.fault(r, where["number"], "child.duplicate_number").OtherLine = first
		return
	}
	p.numbers[c.Number] = r.line
	who := fold(c.FirstName) + "|" + fold(c.LastName) + "|" + string(c.Born)
	if first, twice := p.twins[who]; twice && c.Born != "" {
		p.warnings = append(p.warnings, Fault{Line: r.line, Code: "child.maybe_twice", OtherLine: first,
			Value: shown(c.FirstName + " " + c.LastName)})
	} else {
		p.twins[who] = r.line
	}
}

func (p *parser) checkPlacement(r row, c Child) {
	if c.Group != "" {
		p.report(r, kita.Group{Name: c.Group, Colour: kita.Colours[0], Icon: kita.Icons[0]}.Check(),
			map[string]field{"name": {attr: group}})
		key := strings.Join(strings.Fields(strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "-", "").
			Replace(strings.ToLower(c.Group))), "")
		if first, seen := p.groups[key]; !seen {
			p.groups[key] = spelling{r.line, c.Group}
		} else if first.name != c.Group {
			one := p.fault(r, field{attr: group}, "group.spelling")
			one.OtherLine, one.Detail = first.line, shown(first.name)
		}
	}
	for _, d := range []struct {
		attr attr
		day  kita.Day
	}{{from, c.From}, {to, c.To}} {
		switch {
		case d.day == "":
		case !p.filled(r, field{attr: group}):
			p.fault(r, field{attr: d.attr}, "placement.no_group")
		case d.day < c.Born:
			p.fault(r, field{attr: d.attr}, "placement.before_birth")
		}
	}
	if c.To != "" && c.To < c.From {
		p.fault(r, field{attr: to}, "placement.order").Detail = string(c.From)
	}
}

// emergency reads a contact: none when the row has neither name nor number.
func (p *parser) emergency(r row, s slot) []EmergencyContact {
	nr, nrField := p.phone(r, s)
	c := EmergencyContact{Name: p.text(r, field{s, lastName}), Phone: nr, Relation: p.text(r, field{s, relation})}
	if c == (EmergencyContact{}) {
		return nil
	}
	p.report(r, kita.EmergencyContact{Name: c.Name, Phone: c.Phone, Relation: c.Relation}.Check(),
		map[string]field{"name": {s, lastName}, "phone": nrField, "relation": {s, relation}})
	return []EmergencyContact{c}
}

// phone is a person's number, the mobile before the landline, and the cell it stands in.
func (p *parser) phone(r row, s slot) (string, field) {
	f, second := field{s, mobile}, field{s, phone}
	nr, other := dashes.Replace(p.text(r, f)), dashes.Replace(p.text(r, second))
	if !p.filled(r, f) && p.cols.has(second) {
		nr, f = other, second
	} else if other != "" && phoneKey(nr) != phoneKey(other) {
		p.warn(Fault{Column: p.cols.heading(p.cols.at[second]), Code: "phone.second"}, r.line)
	}
	if lostZero(nr) {
		p.warnings = append(p.warnings, Fault{Line: r.line, Column: p.cols.heading(p.cols.at[f]), Value: shown(nr), Code: "phone.no_zero"})
	}
	return nr, f
}
