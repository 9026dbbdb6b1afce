package roster

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// who is the person that a column is about; the order is that of a child's guardians.
type who int

const (
	child who = iota
	guardian
	mother
	father
	emergency
)

// slot is one person of a row: the child, the mother, guardian 2. n is 0 for a heading without a number, which is a
// person of its own: "E-Mail Eltern" is not the address of guardian 1.
type slot struct {
	who who
	n   int
}

// attr is what a column says of its person.
type attr int

const (
	number attr = iota
	firstName
	lastName
	born
	group
	from
	to
	allergies
	healthNotes
	email
	phone
	mobile
	address
	street
	house
	postcode
	town
	language
	relation
	custody
	mayPickUp
	receivesNotices
)

// field is the meaning of a column.
type field struct {
	slot
	attr
}

// headings are the words a list may use, as tight leaves them: without case, punctuation and blanks, ä as ae.
type headings map[string]attr

func words(of map[attr]string) headings {
	h := headings{}
	for a, all := range of {
		for _, w := range strings.Fields(all) {
			h[w] = a
		}
	}
	return h
}

var childHeadings = words(map[attr]string{
	number:      "kindnummer kindnr kindernummer kindid nr nummer lfdnr laufendenummer id childnumber childno childid number no",
	firstName:   "vorname vornamen rufname firstname givenname forename",
	lastName:    "nachname name familienname zuname lastname surname familyname",
	born:        "geburtsdatum gebdatum geburtstag geboren geborenam gebam geb born dateofbirth birthdate birthday dob",
	group:       "gruppe gruppenname stammgruppe kitagruppe group groupname",
	from:        "ab seit von gruppeab gruppeseit gruppevon aufnahme aufnahmedatum aufnahmeam eintritt eintrittsdatum betreuungsbeginn vertragsbeginn from fromday since start startdate groupfrom",
	to:          "bis gruppebis austritt austrittsdatum abgang betreuungsende vertragsende to today until end enddate groupto groupuntil",
	allergies:   "allergien allergie allergienundunvertraeglichkeiten allergienunvertraeglichkeiten unvertraeglichkeiten allergies allergy",
	healthNotes: "gesundheitshinweise gesundheitshinweis gesundheit gesundheitlichehinweise besonderheiten medizinischehinweise healthnotes health medicalnotes",
})

var guardianHeadings = words(map[attr]string{
	firstName:       "vorname vornamen rufname firstname givenname forename",
	lastName:        "nachname name familienname zuname lastname surname familyname",
	email:           "email mail emailadresse mailadresse emailaddress",
	phone:           "telefon tel telefonnummer telefonnr telnr telefonprivat festnetz festnetznummer phone phonenumber telephone landline",
	mobile:          "handy handynummer handynr mobil mobiltelefon mobilnummer mobile mobilephone cell cellphone",
	address:         "adresse anschrift wohnanschrift postanschrift address",
	street:          "strasse strassehausnummer strasseundhausnummer strassehausnr strassenr street",
	house:           "hausnummer hausnr housenumber",
	postcode:        "plz postleitzahl postcode postalcode zip zipcode",
	town:            "ort wohnort stadt plzort town city",
	language:        "sprache muttersprache familiensprache korrespondenzsprache language",
	relation:        "beziehung beziehungzumkind verhaeltnis verhaeltniszumkind verwandtschaft relation relationship relationtochild",
	custody:         "sorgerecht sorgeberechtigt hatsorgerecht personensorge custody hascustody",
	mayPickUp:       "abholberechtigt abholberechtigung abholung darfabholen maypickup pickup",
	receivesNotices: "nachrichten erhaeltnachrichten bekommtnachrichten empfaengtnachrichten notices receivesnotices",
})

var emergencyHeadings = words(map[attr]string{
	lastName: "name person",
	phone:    "nummer telefon tel telefonnummer telefonnr telnr festnetz number phone phonenumber telephone landline",
	mobile:   "handy handynummer handynr mobil mobiltelefon mobilnummer mobile mobilephone cell cellphone",
	relation: "beziehung beziehungzumkind verhaeltnis verhaeltniszumkind verwandtschaft relation relationship relationtochild",
})

// persons are the words for whom a column is about, before or after what it says of them, the longest first, so that
// "Elternteil" is not taken for "Eltern".
var persons = func() []personWord {
	var all []personWord
	for _, p := range []struct {
		who   who
		says  headings
		words string
	}{
		{child, childHeadings, "kind kindes deskindes child childs"},
		{guardian, guardianHeadings, "erziehungsberechtigte erziehungsberechtigter erziehungsberechtigten sorgeberechtigte sorgeberechtigter " +
			"sorgeberechtigten personensorgeberechtigte personensorgeberechtigter eltern elternteil elternteils eb ezb psb guardian parent"},
		{mother, guardianHeadings, "mutter dermutter mama mother"},
		{father, guardianHeadings, "vater vaters desvaters papa father"},
		{emergency, emergencyHeadings, "notfall imnotfall notfallkontakt notfallkontaktperson notfallperson emergency emergencycontact"},
	} {
		for _, w := range strings.Fields(p.words) {
			all = append(all, personWord{w, p.who, p.says})
		}
	}
	slices.SortFunc(all, func(a, b personWord) int { return len(b.word) - len(a.word) })
	return all
}()

type personWord struct {
	word string
	who  who
	says headings
}

// verdict is what became of a heading that is no field.
type verdict int

const (
	known verdict = iota
	unknown
	// whose: the heading is understood, but not of which person it speaks. A child's address is not its father's.
	whose
	// ban: the column speaks of a ban on contact, which takes more than a cell in a list.
	ban
)

var banWords = []string{"kontaktverbot", "kontaktsperre", "umgangsverbot", "naeherungsverbot", "umgangsausschluss", "contactban"}

// understand finds the meaning of a heading. What stands in brackets counts ("Vorname (Mutter)") unless the heading is
// understood only without it ("Sorgerecht (ja/nein)").
func understand(heading string) (field, verdict) {
	tightened := tight(heading)
	if slices.ContainsFunc(banWords, func(w string) bool { return strings.Contains(tightened, w) }) {
		return field{}, ban
	}
	v := unknown
	before, after, bracket := strings.Cut(heading, "(")
	if bracket {
		_, after, _ = strings.Cut(after, ")")
	}
	for _, h := range []string{tightened, tight(before + after)} {
		if f, ok := lookUp(h); ok {
			return f, known
		}
		if _, ok := guardianHeadings[h]; ok {
			v = whose
		}
	}
	return field{}, v
}

func lookUp(h string) (field, bool) {
	if a, ok := childHeadings[h]; ok {
		return field{attr: a}, true
	}
	n := 0
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	if i := strings.IndexFunc(h, isDigit); i >= 0 {
		n = int(h[i] - '0')
		h = h[:i] + h[i+1:]
		if n == 0 || strings.ContainsFunc(h, isDigit) {
			return field{}, false
		}
	}
	for _, p := range persons {
		for _, cut := range []func(s, w string) (string, bool){strings.CutPrefix, strings.CutSuffix} {
			rest, found := cut(h, p.word)
			if !found {
				continue
			}
			if p.who == emergency && rest == "" {
				return field{slot{emergency, n}, lastName}, true
			}
			a, ok := p.says[rest]
			switch {
			case ok && p.who == child:
				return field{attr: a}, n == 0
			case ok:
				return field{slot{p.who, n}, a}, true
			}
		}
	}
	return field{}, false
}

// layout says where a list has what.
type layout struct {
	headings []string
	at       map[field]int
	// people are the slots that the list has columns for, guardians in their order, then emergency contacts.
	people []slot
	// silent are the columns that no field reads, by verdict.
	silent map[int]verdict
}

// findHeader is the row with the most headings that are understood, among the first rows, and how many they are.
func findHeader(rows []row) (at, understood int) {
	for i, r := range rows[:min(len(rows), headerWithin)] {
		n := 0
		for _, c := range r.cells {
			if _, v := understand(c.text); v != unknown {
				n++
			}
		}
		if n > understood {
			at, understood = i, n
		}
	}
	return at, understood
}

// required is what every list must have.
var required = []struct {
	attr attr
	name string
}{
	{number, "Kindnummer / child number"},
	{firstName, "Vorname / first name"},
	{lastName, "Nachname / last name"},
	{born, "Geburtsdatum / born"},
	{group, "Gruppe / group"},
}

func readLayout(header row) (layout, Faults) {
	l := layout{at: map[field]int{}, silent: map[int]verdict{}}
	var faults Faults
	for i, c := range header.cells {
		l.headings = append(l.headings, single(c.text))
		f, v := understand(c.text)
		if v != known {
			l.silent[i] = v
			continue
		}
		if first, twice := l.at[f]; twice {
			faults = append(faults, Fault{Line: header.line, Column: l.heading(i), Code: "column.duplicate", Detail: l.heading(first)})
			continue
		}
		l.at[f] = i
		if f.who != child && !slices.Contains(l.people, f.slot) {
			l.people = append(l.people, f.slot)
		}
	}
	slices.SortFunc(l.people, func(a, b slot) int { return (int(a.who)-int(b.who))*10 + a.n - b.n })
	var missing []string
	for _, r := range required {
		if !l.has(field{attr: r.attr}) {
			missing = append(missing, r.name)
		}
	}
	if len(missing) > 0 {
		faults = append(faults, Fault{Line: header.line, Code: "column.missing", Detail: strings.Join(missing, ", ")})
	}
	for _, s := range l.people {
		faults = append(faults, l.incomplete(header.line, s)...)
	}
	return l, faults
}

// incomplete names the columns without which the others of a person are of no use. It speaks through a column that is
// there, because the words for a person are the list's own.
func (l layout) incomplete(line int, s slot) Faults {
	var missing []string
	if s.who == emergency && !l.has(field{s, phone}) && !l.has(field{s, mobile}) {
		missing = append(missing, "Telefon / phone")
	}
	if s.who != emergency && !l.has(field{s, firstName}) {
		missing = append(missing, "Vorname / first name")
	}
	if !l.has(field{s, lastName}) {
		missing = append(missing, "Nachname / last name")
	}
	if len(missing) == 0 {
		return nil
	}
	first := len(l.headings)
	for f, i := range l.at {
		if f.slot == s {
			first = min(first, i)
		}
	}
	return Faults{{Line: line, Column: l.heading(first), Code: "column.missing_for_person", Detail: strings.Join(missing, ", ")}}
}

func (l layout) has(f field) bool {
	_, ok := l.at[f]
	return ok
}

// heading is how the list calls column i; a column without a heading goes by its letters, as in a sheet.
func (l layout) heading(i int) string {
	if i < len(l.headings) && l.headings[i] != "" {
		return shown(l.headings[i])
	}
	letters := ""
	for i++; i > 0; i = (i - 1) / 26 {
		letters = string(rune('A'+(i-1)%26)) + letters
	}
	return letters
}

// tight is s without case, punctuation and blanks, with ä as ae and other letters without their accents.
func tight(s string) string {
	return strings.ReplaceAll(fold(s), " ", "")
}

// fold is s in lower case with ä as ae, other letters without their accents, and every run of anything but letters and
// digits as one blank.
func fold(s string) string {
	s = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss").Replace(strings.ToLower(norm.NFC.String(s)))
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if gap && b.Len() > 0 {
				b.WriteByte(' ')
			}
			gap = false
			b.WriteRune(r)
		default:
			gap = true
		}
	}
	return b.String()
}
