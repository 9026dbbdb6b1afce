package roster

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"morgenkreis/kita"
)

// letters are alphabets by what an encoding can write.
var (
	westernLetters = []rune("abcdefghijklmnopqrstuvwxyzäöüßéèñçøå")
	worldLetters   = append([]rune("ığşčłабвгджзєїجدر한"), westernLetters...)
)

// world is a random list: what it says, and what must be read from it.
type world struct {
	t       *rapid.T
	letters []rune
	want    Roster
	// cells are the rows' texts by the column they are for.
	rows []map[field]any
}

func (w *world) word(label string) string {
	return string(rapid.RuneFrom([]rune("ABCDEFGÄÖÜŠ")).Draw(w.t, label)) +
		string(rapid.SliceOfN(rapid.SampledFrom(w.letters), 1, 12).Draw(w.t, label))
}

func (w *world) name(label string) string {
	n := w.word(label)
	if rapid.Bool().Draw(w.t, label+" is double") {
		n += rapid.SampledFrom([]string{" ", "-", " von ", " d’"}).Draw(w.t, label) + w.word(label)
	}
	return n
}

// prose is text with everything in it that a CSV file could stumble over.
func (w *world) prose(label string) string {
	if !rapid.Bool().Draw(w.t, label+" is there") {
		return ""
	}
	s := w.word(label)
	for range rapid.IntRange(0, 4).Draw(w.t, label) {
		s += rapid.SampledFrom([]string{";", ",", "\t", "\n", "\n\n", `"`, `""`, "|", " = ", "'", " 1/2 "}).Draw(w.t, label) + w.word(label)
	}
	return s
}

func (w *world) day(label string, from, to kita.Day) kita.Day {
	return from.Add(rapid.IntRange(0, to.Sub(from)).Draw(w.t, label))
}

// written is a day as somebody may have typed it.
func (w *world) written(d kita.Day) any {
	if d == "" {
		return ""
	}
	t := d.Time()
	forms := []any{string(d), t.Format("02.01.2006"), t.Format("2.1.2006"), t.Format("2.1.06"), string(d) + " 00:00:00", t}
	return rapid.SampledFrom(forms).Draw(w.t, "form of a day")
}

func oneOf(t *rapid.T, all string) string {
	return rapid.SampledFrom(strings.Split(all, "|")).Draw(t, "word")
}

var (
	relationForms = map[string]string{"mother": "Mutter|mother|Mama", "father": "Vater|FATHER", "parent": "Elternteil|parent", "stepparent": "Stiefvater|stepmother",
		"grandparent": "Oma|Großvater|grandmother", "foster": "Pflegemutter|foster parent", "legal_guardian": "Vormund|legal guardian", "other": "Tante|sonstige|other"}
	languageForms = map[string]string{"": "", "de": "de|Deutsch|German", "en": "en|Englisch", "tr": "tr|Türkisch|turkish", "uk": "uk|Ukrainisch", "ar": "ar|Arabisch", "ru": "RU|Russisch"}
	flagForms     = map[bool]string{true: "ja|Ja|x|yes|1|WAHR", false: "nein|NEIN|no|0|falsch"}
)

// guardians are different people by name, so that one is recognised by a detail and by nothing else.
func (w *world) guardians() []Guardian {
	names := map[string]bool{}
	var all []Guardian
	for i := range rapid.IntRange(0, 6).Draw(w.t, "guardians") {
		g := Guardian{FirstName: w.name("first name"), LastName: w.name("last name"), Language: rapid.SampledFrom([]string{"", "de", "en", "tr", "uk", "ar", "ru"}).Draw(w.t, "language")}
		if key := nameKey(g.FirstName) + "|" + nameKey(g.LastName); names[key] {
			continue
		} else {
			names[key] = true
		}
		how := rapid.IntRange(1, 7).Draw(w.t, "details")
		if how&1 != 0 {
			g.Email = fmt.Sprintf("person.%d@example.org", i)
		}
		if how&2 != 0 {
			g.Phone = fmt.Sprintf(rapid.SampledFrom([]string{"0171 39200%02d", "+49 (0)171/39200-%02d", "030.231250%02d"}).Draw(w.t, "phone"), i)
		}
		if how&4 != 0 {
			g.Address = fmt.Sprintf("%sstraße %d, 12345 %s", w.word("street"), i+1, w.word("town"))
		}
		all = append(all, g)
	}
	return all
}

func newWorld(t *rapid.T, letters []rune) *world {
	w := &world{t: t, letters: letters}
	w.want.Carries = Carries{true, true, true, true}
	people, index := w.guardians(), map[string]int{}
	for i := range rapid.IntRange(1, 7).Draw(t, "children") {
		c := Child{Number: fmt.Sprintf("%s%d", oneOf(t, "|K-|2021/"), i), FirstName: w.name("first name"), LastName: w.name("last name"),
			Born: w.day("born", today.Add(-19*365), today.Add(300)), Allergies: w.prose("allergies"), HealthNotes: w.prose("health notes")}
		if rapid.IntRange(0, 4).Draw(t, "has a place") > 0 {
			// Other groups differ from this one by more than their spelling.
			c.Group = rapid.SampledFrom([]string{"Bären", "Mäuse", "Gruppe 1", "Gruppe 2", "Ü3"}).Draw(t, "group")
			if rapid.Bool().Draw(t, "has a first day") {
				c.From = w.day("from", c.Born, "2029-12-31")
			}
			if rapid.Bool().Draw(t, "has a last day") {
				c.To = w.day("to", max(c.From, c.Born), "2030-12-31")
			}
		}
		row := map[field]any{{attr: number}: c.Number, {attr: firstName}: c.FirstName, {attr: lastName}: c.LastName, {attr: born}: w.written(c.Born), {attr: group}: c.Group,
			{attr: from}: w.written(c.From), {attr: to}: w.written(c.To), {attr: allergies}: c.Allergies, {attr: healthNotes}: c.HealthNotes}
		parents := rapid.Permutation(people).Draw(t, "parents")
		for n, g := range parents[:min(len(parents), rapid.IntRange(0, 3).Draw(t, "parents"))] {
			c.Guardians = append(c.Guardians, w.tie(row, slot{guardian, n + 1}, g, index))
		}
		for n := range rapid.IntRange(0, 2).Draw(t, "emergency contacts") {
			e := EmergencyContact{Name: w.name("contact"), Phone: "112", Relation: oneOf(t, "|Oma|Nachbar, links")}
			c.Emergency = append(c.Emergency, e)
			s := slot{emergency, n + 1}
			row[field{s, lastName}], row[field{s, phone}], row[field{s, relation}] = e.Name, e.Phone, e.Relation
		}
		w.want.Children = append(w.want.Children, c)
		w.rows = append(w.rows, row)
	}
	return w
}

// tie writes g into a slot of the row. Mothers and fathers stay so in every row: nobody is both.
func (w *world) tie(row map[field]any, s slot, g Guardian, index map[string]int) GuardianRef {
	i, known := index[g.FirstName+"|"+g.LastName]
	if !known {
		i = len(w.want.Guardians)
		index[g.FirstName+"|"+g.LastName] = i
		w.want.Guardians = append(w.want.Guardians, g)
	}
	relations := append([]string{[]string{"mother", "father"}[i%2]}, kita.Relations[2:]...)
	ref := GuardianRef{Guardian: i, Relation: Value[string]{rapid.SampledFrom(relations).Draw(w.t, "relation"), true}}
	put := func(a attr, v any) { row[field{s, a}] = v }
	for i, to := range []*Value[bool]{&ref.Custody, &ref.MayPickUp, &ref.ReceivesNotices} {
		*to = Value[bool]{rapid.Bool().Draw(w.t, "flag"), true}
		put(flags[i], oneOf(w.t, flagForms[to.V]))
	}
	put(firstName, g.FirstName)
	put(lastName, g.LastName)
	put(email, g.Email)
	put(phone, g.Phone)
	put(address, g.Address)
	put(language, oneOf(w.t, languageForms[g.Language]))
	put(relation, oneOf(w.t, relationForms[ref.Relation.V]))
	return ref
}

var headingForms = map[attr]string{
	number: "Kindnummer|Nr.|child number|KIND-NR", firstName: "Vorname|first name", lastName: "Nachname|Name|LAST NAME", born: "Geburtsdatum|geb. am|Date of birth",
	group: "Gruppe|group", from: "ab|seit|from", to: "bis|until", allergies: "Allergien|allergies", healthNotes: "Gesundheitshinweise|health notes",
	email: "E-Mail|Mail-Adresse", phone: "Telefon|Tel.|phone", address: "Adresse|Anschrift", language: "Sprache|language", relation: "Beziehung|relation",
	custody: "Sorgerecht|custody|sorgeberechtigt", mayPickUp: "Abholberechtigt|may pick up", receivesNotices: "Nachrichten|notices",
}

// table writes the list with its columns in any order, under any of their names, among columns and rows that say nothing.
func (w *world) table() [][]any {
	var columns []field
	for a := number; a <= healthNotes; a++ {
		columns = append(columns, field{attr: a})
	}
	for n := 1; n <= 3; n++ {
		for _, a := range []attr{firstName, lastName, email, phone, address, language, relation, custody, mayPickUp, receivesNotices} {
			columns = append(columns, field{slot{guardian, n}, a})
		}
	}
	for n := 1; n <= 2; n++ {
		for _, a := range []attr{lastName, phone, relation} {
			columns = append(columns, field{slot{emergency, n}, a})
		}
	}
	columns = rapid.Permutation(columns).Draw(w.t, "columns")
	var head []any
	for _, f := range columns {
		h := oneOf(w.t, headingForms[f.attr])
		switch f.who {
		case guardian:
			h = fmt.Sprintf(oneOf(w.t, "Erziehungsberechtigte/r %d: %s|Sorgeberechtigte %d %s|guardian %d %s|%d. Elternteil - %s"), f.n, h)
		case emergency:
			if f.attr == lastName {
				h = "Name"
			}
			h = fmt.Sprintf("Notfallkontakt %d %s", f.n, h)
		}
		head = append(head, h)
	}
	table := [][]any{append(head, "Lieblingstier")}
	for _, r := range w.rows {
		row := make([]any, 0, len(columns)+1)
		for _, f := range columns {
			row = append(row, r[f])
		}
		table = append(table, append(row, "Igel; \"Hase\""))
		if rapid.IntRange(0, 5).Draw(w.t, "an empty row") == 0 {
			table = append(table, make([]any, len(columns)+1))
		}
	}
	return table
}

// texts is the table as a CSV file can hold it.
func texts(table [][]any) [][]string {
	var all [][]string
	for _, row := range table {
		var line []string
		for _, v := range row {
			switch v := v.(type) {
			case nil:
				line = append(line, "")
			case time.Time:
				line = append(line, v.Format("02.01.2006"))
			default:
				line = append(line, fmt.Sprint(v))
			}
		}
		all = append(all, line)
	}
	return all
}

func TestAnyListReadsBackAsItWasMeantInAnyDialect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dialect := rapid.SampledFrom([]string{"UTF-8", "UTF-8 with BOM", "Windows-1252", "UTF-16LE", "UTF-16BE", "XLSX"}).Draw(t, "dialect")
		letters := worldLetters
		if dialect == "Windows-1252" {
			letters = westernLetters
		}
		w := newWorld(t, letters)
		var file []byte
		if dialect == "XLSX" {
			file = sheetOf(w.table()...)
		} else {
			comma := rapid.RuneFrom([]rune(delimiters)).Draw(t, "comma")
			file = encodings[dialect](writeCSV(texts(w.table()), comma, rapid.Bool().Draw(t, "crlf")))
		}
		got, err := Parse(strings.NewReader(string(file)), today)
		if err != nil {
			t.Fatalf("faults:\n%v\nin\n%s", err, file)
		}
		if msg := broken(got); msg != "" {
			t.Fatal(msg)
		}
		if got = withoutPlaces(got); !reflect.DeepEqual(got, w.want) {
			t.Fatalf("read  %+v\nmeant %+v\nin\n%s", got, w.want, file)
		}
	})
}

// withoutPlaces leaves only what the list means.
func withoutPlaces(r Roster) Roster {
	r.Warnings = nil
	for i := range r.Children {
		r.Children[i].Line = 0
	}
	for i := range r.Guardians {
		r.Guardians[i].Lines = nil
	}
	return r
}
