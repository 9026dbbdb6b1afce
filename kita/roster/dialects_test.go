package roster

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// encodings are how office software writes the bytes of a CSV file. They panic on letters that they do not have.
var encodings = map[string]func(string) []byte{
	"UTF-8":          func(s string) []byte { return []byte(s) },
	"UTF-8 with BOM": func(s string) []byte { return []byte("\ufeff" + s) },
	"Windows-1252": func(s string) []byte {
		b, err := charmap.Windows1252.NewEncoder().Bytes([]byte(s))
		if err != nil {
			panic(err)
		}
		return b
	},
	"UTF-16LE": func(s string) []byte { return utf16(unicode.LittleEndian, s) },
	"UTF-16BE": func(s string) []byte { return utf16(unicode.BigEndian, s) },
}

func utf16(order unicode.Endianness, s string) []byte {
	b, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().Bytes([]byte(s))
	if err != nil {
		panic(err)
	}
	return b
}

// writeCSV writes a table with the marks of a dialect.
func writeCSV(table [][]string, comma rune, crlf bool) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Comma, w.UseCRLF = comma, crlf
	if err := w.WriteAll(table); err != nil {
		panic(err)
	}
	return b.String()
}

// workbook writes a table as XLSX; cells may be of any type that a sheet knows.
func workbook(sheets map[string][][]any, order ...string) []byte {
	f := excelize.NewFile()
	defer f.Close()
	date, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	must(err)
	for i, name := range order {
		if i == 0 {
			must(f.SetSheetName("Sheet1", name))
		} else {
			_, err := f.NewSheet(name)
			must(err)
		}
		for r, row := range sheets[name] {
			for c, v := range row {
				at, err := excelize.CoordinatesToCellName(c+1, r+1)
				must(err)
				if v != nil && v != "" {
					must(f.SetCellValue(name, at, v))
				}
				if _, isDate := v.(time.Time); isDate {
					must(f.SetCellStyle(name, at, at, date))
				}
			}
		}
	}
	var b bytes.Buffer
	must(f.Write(&b))
	return b.Bytes()
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func sheetOf(rows ...[]any) []byte {
	return workbook(map[string][][]any{"Kinder": rows}, "Kinder")
}

var plainTable = [][]string{
	{"Kind-Nr.", "Vorname", "Nachname", "Geb.-Datum", "Gruppe", "Gesundheitshinweise", "Vorname Mutter", "Nachname Mutter", "E-Mail Mutter"},
	{"1", "Zoë", "Müller", "03.02.2021", "Bären", "Trägt \"Brille\";\nnachts, nicht", "Jörg-Ä.", "Größer", "a@example.org"},
	{"2", "Ößem", "Müller", "4.3.21", "Bären", "", "Jörg-Ä.", "Größer", "a@example.org"},
}

func TestEveryDialectOfCSVReadsTheSame(t *testing.T) {
	want := read(t, []byte(writeCSV(plainTable, ';', true)))
	if len(want.Children) != 2 || len(want.Guardians) != 1 || want.Children[1].Born != "2021-03-04" ||
		want.Children[0].HealthNotes != "Trägt \"Brille\";\nnachts, nicht" || want.Children[1].FirstName != "Ößem" {
		t.Fatalf("the plain table reads %+v", want)
	}
	for name, encode := range encodings {
		for _, comma := range delimiters {
			for _, crlf := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %q crlf=%v", name, comma, crlf), func(t *testing.T) {
					text := writeCSV(plainTable, comma, crlf)
					if got := read(t, encode(text)); !reflect.DeepEqual(got, want) {
						t.Errorf("got  %+v\nwant %+v", got, want)
					}
					if got := read(t, encode(strings.TrimRight(text, "\r\n"))); !reflect.DeepEqual(got, want) {
						t.Errorf("without its last line break: %+v", got)
					}
					hinted := read(t, encode("sep="+string(comma)+"\r\n"+text))
					if hinted.Children[0].Line != 3 || len(hinted.Children) != 2 || len(hinted.Warnings) != len(want.Warnings) {
						t.Errorf("with Excel's hint: %+v", hinted)
					}
				})
			}
		}
	}
}

func TestLinesEndedByCarriageReturnsAreRead(t *testing.T) {
	text := strings.ReplaceAll(string(csvOf(least("1;Mia;Müller;03.02.2021;Bären", "2;Ben;Müller;03.02.2022;Bären")...)), "\r\n", "\r")
	if r := read(t, []byte(text)); len(r.Children) != 2 || r.Children[1].Line != 3 {
		t.Errorf("%+v", r.Children)
	}
}

func TestHeadingsAreUnderstoodInAnyOrderCaseAndPunctuation(t *testing.T) {
	for heading, want := range map[string]field{
		"KINDNUMMER":                          {attr: number},
		"Nr.":                                 {attr: number},
		"  vor-name ":                         {attr: firstName},
		"Vorname des Kindes":                  {attr: firstName},
		"Name":                                {attr: lastName},
		"Child's last name":                   {attr: lastName},
		"Geburtsdatum (TT.MM.JJJJ)":           {attr: born},
		"Date of Birth":                       {attr: born},
		"Gruppe":                              {attr: group},
		"Erziehungsberechtigte/r 1: Vorname":  {slot{guardian, 1}, firstName},
		"1. Erziehungsberechtigte*r - E-Mail": {slot{guardian, 1}, email},
		"Vorname Sorgeberechtigte(r) 2":       {slot{guardian, 2}, firstName},
		"Sorgeberechtigter 2 sorgeberechtigt": {slot{guardian, 2}, custody},
		"Elternteil 2 Straße":                 {slot{guardian, 2}, street},
		"Eltern Telefon":                      {slot{guardian, 0}, phone},
		"Mutter: Handy-Nr.":                   {slot{mother, 0}, mobile},
		"Name (Vater)":                        {slot{father, 0}, lastName},
		"E-Mail des Vaters":                   {slot{father, 0}, email},
		"Mutter 2 Vorname":                    {slot{mother, 2}, firstName},
		"Guardian 1 first name":               {slot{guardian, 1}, firstName},
		"guardian2_may_pick_up":               {slot{guardian, 2}, mayPickUp},
		"Vater Abholberechtigt (ja/nein)":     {slot{father, 0}, mayPickUp},
		"Notfallkontakt":                      {slot{emergency, 0}, lastName},
		"Notfallnummer":                       {slot{emergency, 0}, phone},
		"Emergency contact 2 phone":           {slot{emergency, 2}, phone},
	} {
		if f, v := understand(heading); f != want || v != known {
			t.Errorf("%q is understood as %+v (%v), want %+v", heading, f, v, want)
		}
	}
	for heading, want := range map[string]verdict{
		"": unknown, "Lieblingstier": unknown, "Erziehungsberechtigte 1 Lieblingstier": unknown, "Mutter": unknown, "Mutter Telefon 1 2": unknown,
		"Strasse": whose, "Telefon": whose, "Adresse": whose, "Sorgerecht": whose,
		"Kontaktverbot": ban, "Umgangsverbot Vater": ban, "Annäherungsverbot (Mutter)": ban,
	} {
		if _, v := understand(heading); v != want {
			t.Errorf("%q is judged %v, want %v", heading, v, want)
		}
	}
}

func TestAWorkbookReadsLikeItsTable(t *testing.T) {
	want := read(t, []byte(writeCSV(plainTable, ';', true)))
	var rows [][]any
	for _, r := range plainTable {
		var row []any
		for _, c := range r {
			row = append(row, c)
		}
		rows = append(rows, row)
	}
	rows[1][3] = time.Date(2021, 2, 3, 0, 0, 0, 0, time.UTC)
	rows[1][0] = 1
	got := read(t, workbook(map[string][][]any{"Kinder": rows}, "Kinder"))
	for i := range want.Children {
		// In a sheet the second child stands in row 3, whatever line breaks the first has.
		want.Children[i].Line = i + 2
	}
	want.Guardians[0].Lines = []int{2, 3}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestADateCellIsItsDayWhateverItShows(t *testing.T) {
	head := []any{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe"}
	day := time.Date(2021, 2, 3, 0, 0, 0, 0, time.UTC)
	for name, style := range map[string]excelize.Style{
		"short date": {NumFmt: 14}, "day and month only": {CustomNumFmt: new("d.m.")}, "American": {CustomNumFmt: new("mm/dd/yy")},
		"long": {CustomNumFmt: new("dddd, d. mmmm yyyy")}, "number": {NumFmt: 1}, "text": {NumFmt: 49}, "German": {CustomNumFmt: new(`[$-407]d. mmm. yy;@`)},
	} {
		for _, from1904 := range []bool{false, true} {
			f := excelize.NewFile()
			must(f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &from1904}))
			id, err := f.NewStyle(&style)
			must(err)
			must(f.SetSheetRow("Sheet1", "A3", &head))
			must(f.SetSheetRow("Sheet1", "A5", &[]any{7, "Mia", "Müller", day, "Bären"}))
			must(f.SetCellStyle("Sheet1", "D5", "D5", id))
			var b bytes.Buffer
			must(f.Write(&b))
			r := read(t, b.Bytes())
			if c := r.Children[0]; c.Born != "2021-02-03" || c.Number != "7" || c.Line != 5 {
				t.Errorf("%s (1904: %v): %+v", name, from1904, c)
			}
		}
	}
}

func TestNumbersOfASheetAreReadAsAPersonSeesThem(t *testing.T) {
	f := excelize.NewFile()
	padded, err := f.NewStyle(&excelize.Style{CustomNumFmt: new("0000")})
	must(err)
	must(f.SetSheetRow("Sheet1", "A1", &[]any{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe", "Mutter Vorname", "Mutter Nachname", "Mutter Telefon", "Mutter Sorgerecht"}))
	must(f.SetSheetRow("Sheet1", "A2", &[]any{7, "Mia", "Müller", "2021-02-03", 3, "Ada", "Eins", 491713920001, true}))
	must(f.SetSheetRow("Sheet1", "A3", &[]any{8, "Ben", "Müller", "2021-02-03", 3, "Eva", "Eins", "0171 3920002", false}))
	must(f.SetCellStyle("Sheet1", "A2", "A3", padded))
	exponent, err := f.NewStyle(&excelize.Style{NumFmt: 11})
	must(err)
	must(f.SetCellStyle("Sheet1", "H2", "H2", exponent))
	var b bytes.Buffer
	must(f.Write(&b))
	r := read(t, b.Bytes())
	if c := r.Children[0]; c.Number != "0007" || c.Group != "3" || !c.Guardians[0].Custody.V {
		t.Errorf("%+v", c)
	}
	if r.Guardians[0].Phone != "491713920001" || r.Children[1].Guardians[0].Custody != (Value[bool]{false, true}) {
		t.Errorf("%+v", r)
	}
}

func TestOnlyTheFirstVisibleSheetWithContentIsRead(t *testing.T) {
	list := [][]any{{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe"}, {1, "Mia", "Müller", "2021-02-03", "Bären", "Randnotiz"}}
	file := workbook(map[string][][]any{"Leer": nil, "Kinder": list, "Archiv": list, "Notizen": {{"x"}}}, "Leer", "Kinder", "Archiv", "Notizen")
	f, err := excelize.OpenReader(bytes.NewReader(file))
	must(err)
	must(f.SetSheetVisible("Archiv", false))
	var b bytes.Buffer
	must(f.Write(&b))
	r := read(t, b.Bytes())
	var got []string
	for _, w := range r.Warnings {
		got = append(got, w.Code+" "+w.Column+" "+w.Detail)
	}
	if want := []string{"sheet.unread  Notizen", "column.unnamed F 2", "child.no_guardian  2"}; len(r.Children) != 1 || !slices.Equal(got, want) {
		t.Errorf("%d children, warnings %q, want %q", len(r.Children), got, want)
	}
}

func TestFaultsOfASheetNameItsRowsAndWhatTheyShow(t *testing.T) {
	got := allOf(faultsOf(t, sheetOf(
		[]any{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe"},
		[]any{1, "Mia", "Müller", time.Date(1998, 2, 3, 0, 0, 0, 0, time.UTC), "Bären"},
		nil,
		[]any{1, "Ben", "#NV", 2021, "Bären"},
		[]any{3, "Kai", "Müller", "31.02.2021", "Bären"},
		[]any{4, "Ida", "Müller", 20210203, "Bären"})))
	want := []string{"2|Geburtsdatum|03.02.1998|child.born", "4|Nachname|#NV|cell.formula_error", "4|Geburtsdatum|2021|child.born",
		"4|Nr|1|child.duplicate_number|2", "5|Geburtsdatum|31.02.2021|day.nonexistent", "6|Geburtsdatum|20210203|day.malformed"}
	if !slices.Equal(got, want) {
		t.Errorf("faults\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestAWorkbookThatUnpacksTooLargeIsRefused(t *testing.T) {
	for name, sizes := range map[string]map[string]int{
		"a sheet":          {"xl/worksheets/sheet1.xml": maxSheetPart + 1},
		"any other part":   {"xl/styles.xml": maxXMLPart + 1},
		"all its pictures": {"xl/media/a.png": maxUnpacked / 2, "xl/media/b.png": maxUnpacked/2 + 1},
	} {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for part, size := range sizes {
			p, err := w.Create(part)
			must(err)
			_, err = p.Write(make([]byte, size))
			must(err)
		}
		must(w.Close())
		if got := allOf(faultsOf(t, b.Bytes())); !slices.Equal(got, []string{"0|||file.unpacks_too_large"}) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// A damaged workbook must never pass for a shorter list.
func TestADamagedWorkbookIsAFaultOrReadsTheSame(t *testing.T) {
	rows := [][]any{{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe"}}
	for i := range 40 {
		rows = append(rows, []any{i + 1, fmt.Sprintf("Kind%d", i*i*7919), "Müller", "2021-02-03", "Bären"})
	}
	file := sheetOf(rows...)
	want := read(t, file)
	for i := 0; i < len(file); i += 17 {
		damaged := bytes.Clone(file)
		damaged[i] ^= 0x11
		if r, err := Parse(bytes.NewReader(damaged), today); err == nil && !reflect.DeepEqual(r, want) {
			t.Errorf("with byte %d changed %d of %d children are read", i, len(r.Children), len(want.Children))
		}
		if r, err := Parse(bytes.NewReader(file[:i]), today); err == nil {
			t.Errorf("of %d bytes %d children are read", i, len(r.Children))
		}
	}
}
