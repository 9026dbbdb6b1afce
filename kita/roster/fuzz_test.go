package roster

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
)

// broken names the first promise of Roster that r does not keep: every record is one the house accepts, numbers are
// unique, guardians are tied once, and people who share a key are one.
func broken(r Roster) string {
	numbers, keys, tied := map[string]bool{}, map[string]int{}, make([]bool, len(r.Guardians))
	for _, c := range r.Children {
		k := kita.Child{Number: c.Number, FirstName: c.FirstName, LastName: c.LastName, Born: c.Born, Allergies: c.Allergies, HealthNotes: c.HealthNotes}
		switch err := k.Check(today); {
		case err != nil:
			return fmt.Sprintf("line %d: %v", c.Line, err)
		case c.Number == "" || numbers[c.Number]:
			return fmt.Sprintf("line %d: the number %q is empty or not unique", c.Line, c.Number)
		case c.Group == "" && c.From+c.To != "", c.From != "" && c.From < c.Born, c.To != "" && (c.To < c.From || c.To < c.Born):
			return fmt.Sprintf("line %d: impossible placement in %q, %s to %s", c.Line, c.Group, c.From, c.To)
		case len(c.Group) > 400 || c.Line < 2:
			return fmt.Sprintf("line %d: %q", c.Line, c.Group)
		}
		numbers[c.Number] = true
		seen := map[int]bool{}
		for _, g := range c.Guardians {
			if g.Guardian < 0 || g.Guardian >= len(r.Guardians) || seen[g.Guardian] || !slices.Contains(kita.Relations, g.Relation.V) {
				return fmt.Sprintf("line %d: tie %+v", c.Line, g)
			}
			if !slices.Contains(r.Guardians[g.Guardian].Lines, c.Line) {
				return fmt.Sprintf("line %d is not among the lines of its guardian", c.Line)
			}
			seen[g.Guardian], tied[g.Guardian] = true, true
		}
		for _, e := range c.Emergency {
			if err := (kita.EmergencyContact{Name: e.Name, Phone: e.Phone, Relation: e.Relation}).Check(); err != nil {
				return fmt.Sprintf("line %d: emergency contact: %v", c.Line, err)
			}
		}
	}
	for i, g := range r.Guardians {
		if err := g.check(); err != nil || g.Language != "" && !slices.Contains(kita.Languages, g.Language) {
			return fmt.Sprintf("guardian of lines %v: %v %s", g.Lines, err, g.Language)
		}
		if !tied[i] || !slices.IsSorted(g.Lines) || len(slices.Compact(slices.Clone(g.Lines))) != len(g.Lines) {
			return fmt.Sprintf("guardian %d: tied %v, lines %v", i, tied[i], g.Lines)
		}
		for _, k := range g.Keys() {
			if j, twice := keys[k]; twice {
				return fmt.Sprintf("guardians %d and %d share the key %q", j, i, k)
			}
			keys[k] = i
		}
	}
	return ""
}

// FuzzParse: whatever the bytes, there are faults that can be told or a roster that keeps its promises, and the same
// again the next time.
func FuzzParse(f *testing.F) {
	for _, c := range faultCases {
		if len(c.file) < 1<<16 {
			f.Add(c.file)
		}
	}
	for _, c := range warningCases {
		f.Add(c.file)
	}
	for _, encode := range encodings {
		f.Add(encode(writeCSV(plainTable, ';', true)))
	}
	f.Add([]byte("sep=\t\r\n" + writeCSV(plainTable, '\t', false)))
	f.Add(sheetOf([]any{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe", "Mutter Vorname", "Mutter Nachname", "Mutter Telefon"},
		[]any{1, "Mia", "Müller", time.Date(2021, 2, 3, 0, 0, 0, 0, time.UTC), "Bären", "Ada", "Eins", 491713920001},
		[]any{"A-2", "Ben", "Müller", "2022-02-03", true, "Ada", "Eins", 491713920001.5}))
	f.Fuzz(keepsItsPromises)
}

func keepsItsPromises(t *testing.T, file []byte) {
	r, err := Parse(bytes.NewReader(file), today)
	faults, _ := errors.AsType[Faults](err)
	if err != nil && len(faults) == 0 {
		t.Fatalf("an error without faults: %v", err)
	}
	if err != nil && len(r.Children)+len(r.Guardians) > 0 {
		t.Fatal("a list at fault gave rows")
	}
	for _, one := range slices.Concat(faults, r.Warnings) {
		if reasons[one.Code].de == "" || one.Sentence("de") == "" || one.Sentence("en") == "" {
			t.Fatalf("the fault %+v cannot be told", one)
		}
	}
	if msg := broken(r); msg != "" {
		t.Fatal(msg)
	}
	again, errAgain := Parse(bytes.NewReader(file), today)
	if !reflect.DeepEqual(r, again) || !reflect.DeepEqual(err, errAgain) {
		t.Fatalf("the same bytes gave\n%+v %v\nand\n%+v %v", r, err, again, errAgain)
	}
}

// FuzzWorkbook reaches behind the checksums of a zip: any XML in a workbook's parts.
func FuzzWorkbook(f *testing.F) {
	seed := sheetOf([]any{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe"},
		[]any{1, "Mia", "Müller", time.Date(2021, 2, 3, 0, 0, 0, 0, time.UTC), "Bären"},
		[]any{2.5, "Ben", "Müller", "2022-02-03", true})
	parts := unpacked(seed)
	f.Add(parts["xl/worksheets/sheet1.xml"], parts["xl/sharedStrings.xml"], parts["xl/styles.xml"], parts["xl/workbook.xml"])
	f.Add([]byte(`<worksheet><sheetData><row r="3"><c r="B3" t="inlineStr"><is><t>Nr</t></is></c><c t="b"><v>1</v></c><c t="d"><v>2021-02-03</v></c>`+
		`<c s="1"><v>1E+300</v></c><c t="s"><v>-1</v></c></row><row r="2"/></sheetData></worksheet>`),
		[]byte(`<sst><si><r><t>a</t></r></si></sst>`),
		[]byte(`<styleSheet><numFmts><numFmt numFmtId="200" formatCode="[$-407]d. mmmm yyyy;@"/></numFmts><cellXfs><xf/><xf numFmtId="200"/></cellXfs></styleSheet>`),
		[]byte(`<workbook><workbookPr date1904="1"/><sheets><sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>`))
	f.Fuzz(func(t *testing.T, sheet, shared, styles, book []byte) {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			content := parts[name]
			switch name {
			case "xl/worksheets/sheet1.xml":
				content = sheet
			case "xl/sharedStrings.xml":
				content = shared
			case "xl/styles.xml":
				content = styles
			case "xl/workbook.xml":
				content = book
			}
			part, err := w.CreateHeader(&zip.FileHeader{Name: name})
			must(err)
			_, err = part.Write(content)
			must(err)
		}
		must(w.Close())
		keepsItsPromises(t, b.Bytes())
	})
}

func unpacked(file []byte) map[string][]byte {
	r, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	must(err)
	parts := map[string][]byte{}
	for _, p := range r.File {
		open, err := p.Open()
		must(err)
		content, err := io.ReadAll(open)
		must(err)
		parts[p.Name] = content
	}
	return parts
}
