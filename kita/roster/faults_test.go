package roster

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
)

// where is a fault without its words, as the tables below write it.
func where(f Fault) string {
	s := fmt.Sprintf("%d|%s|%s|%s", f.Line, f.Column, f.Value, f.Code)
	if f.OtherLine > 0 {
		s += fmt.Sprintf("|%d", f.OtherLine)
	}
	return s
}

func allOf(fs Faults) []string {
	var all []string
	for _, f := range fs {
		all = append(all, where(f))
	}
	return all
}

const wide = "Nr;Vorname;Nachname;Geburtsdatum;Gruppe;ab;bis;Allergien;" +
	"EB 1 Vorname;EB 1 Nachname;EB 1 E-Mail;EB 1 Telefon;EB 1 Adresse;EB 1 Beziehung;EB 1 Sorgerecht;EB 1 Sprache;" +
	"EB 2 Vorname;EB 2 Nachname;EB 2 E-Mail;Notfallkontakt Name;Notfallkontakt Telefon"

// wideRow is a good row of a wide list with some cells changed, by heading.
func wideRow(nr string, change map[string]string) string {
	good := map[string]string{"Nr": nr, "Vorname": "Kind" + nr, "Nachname": "Eins", "Geburtsdatum": "03.02.2021", "Gruppe": "Bären",
		"EB 1 Vorname": "Maria" + nr, "EB 1 Nachname": "Eins", "EB 1 Sorgerecht": "ja"}
	var cells []string
	for h := range strings.SplitSeq(wide, ";") {
		v, changed := change[h]
		if !changed {
			v = good[h]
		}
		cells = append(cells, `"`+v+`"`)
	}
	return strings.Join(cells, ";")
}

type cells = map[string]string

// faultCases is a list for every way to be wrong, and what must be said of it. Line 2 is the first row.
var faultCases = []struct {
	name string
	file []byte
	want []string
}{
	{"nothing", nil, []string{"0|||file.empty"}},
	{"only white space", []byte(" \r\n;;;\r\n"), []string{"0|||header.unknown"}},
	{"old Excel", []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 and so on"), []string{"0|||file.old_excel"}},
	{"a zip that is no workbook", []byte("PK\x03\x04 and so on"), []string{"0|||file.not_xlsx"}},
	{"no headings", csvOf("1;Mia;Müller;03.02.2021;Bären"), []string{"0|||header.unknown"}},
	{"headings only", csvOf(wide), []string{"1|||file.no_rows"}},
	{"too large", make([]byte, MaxBytes+1), []string{"0|||file.too_large"}},
	{"umlauts of DOS", []byte("Nr;Vorname;Nachname;Geburtsdatum;Gruppe\r\n1;Mia;M\x81ller;03.02.2021;B\x84ren\r\n"), []string{"0|||file.encoding"}},
	{"umlauts of an old Mac", []byte("Nr;Vorname;Nachname;Geburtsdatum;Gruppe\r1;Mia;M\x9fller;03.02.2021;B\x8aren\r"), []string{"0|||file.encoding"}},
	{"zero bytes", []byte("Nr;Vorname\x00;Nachname"), []string{"0|||file.encoding"}},
	{"all required columns missing but one", csvOf("Vorname", "Mia", "Ben"), []string{"1|||column.missing"}},
	{"a column twice", csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Geb.-Datum", "1;Mia;Eins;03.02.2021;Bären;03.02.2021"),
		[]string{"1|Geb.-Datum||column.duplicate"}},
	{"a guardian without a name, a contact without a number",
		csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Vater E-Mail;Notfallkontakt", "1;Mia;Eins;03.02.2021;Bären;;"),
		[]string{"1|Vater E-Mail||column.missing_for_person", "1|Notfallkontakt||column.missing_for_person"}},
	{"an address of both parents", csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;EB 1 Vorname;EB 1 Nachname;E-Mail Eltern", "1;Mia;Eins;03.02.2021;Bären;A;B;c@example.org"),
		[]string{"1|E-Mail Eltern||column.missing_for_person"}},
	{"quotation marks", csvOf(least(`1;Mia;"Müller;03.02.2021;Bären`)...), []string{"1|||file.no_rows", "2|||csv.quotes"}},
	{"a row with broken quotation marks among others", csvOf(least(`1;"Mia" M;Müller;03.02.2021;Bären`, "2;Ben;Müller;31.02.2021;Bären")...),
		[]string{"2|||csv.quotes", "3|Geburtsdatum|31.02.2021|day.nonexistent"}},
	{"a separator in a text", csvOf(least("1;Mia;Müller;03.02.2021;Bären;Igel")...), []string{"2|||row.too_long"}},
	{"required cells", csvOf(least("-;;;;Bären")...),
		[]string{"2|Nr|-|text.required", "2|Geburtsdatum||text.required", "2|Vorname||text.required", "2|Nachname||text.required"}},
	{"days", csvOf(wide,
		wideRow("1", cells{"Geburtsdatum": "03/02/2021"}), wideRow("2", cells{"Geburtsdatum": "29.02.2023"}),
		wideRow("3", cells{"Geburtsdatum": "3.2.99"}), wideRow("4", cells{"Geburtsdatum": "24.11.2006"}),
		wideRow("5", cells{"Geburtsdatum": "01.12.2027"}), wideRow("6", cells{"Geburtsdatum": "44230"}),
		wideRow("7", cells{"ab": "gestern", "bis": "2021-02-30"}), wideRow("8", cells{"Geburtsdatum": "01.01.2006"})),
		[]string{"2|Geburtsdatum|03/02/2021|day.malformed", "3|Geburtsdatum|29.02.2023|day.nonexistent",
			"4|Geburtsdatum|3.2.99|child.born", "6|Geburtsdatum|01.12.2027|child.born", "7|Geburtsdatum|44230|day.malformed",
			"8|ab|gestern|day.malformed", "8|bis|2021-02-30|day.nonexistent", "9|Geburtsdatum|01.01.2006|child.born"}},
	{"placements", csvOf(wide,
		wideRow("1", cells{"Gruppe": "", "ab": "01.08.2024"}), wideRow("2", cells{"ab": "01.08.2024", "bis": "31.07.2024"}),
		wideRow("3", cells{"ab": "01.08.2020"}), wideRow("4", cells{"bis": "01.08.2020"})),
		[]string{"2|ab|01.08.2024|placement.no_group", "3|bis|31.07.2024|placement.order",
			"4|ab|01.08.2020|placement.before_birth", "5|bis|01.08.2020|placement.before_birth"}},
	{"numbers twice", csvOf(wide, wideRow("1", nil), wideRow("2", nil), wideRow("1", cells{"EB 1 Vorname": "Ada"}), wideRow("1", cells{"EB 1 Vorname": "Eva"})),
		[]string{"4|Nr|1|child.duplicate_number|2", "5|Nr|1|child.duplicate_number|2"}},
	{"spelling of groups", csvOf(wide, wideRow("1", cells{"Gruppe": "Kleine Bären"}), wideRow("2", cells{"Gruppe": "kleine Baeren"})),
		[]string{"3|Gruppe|kleine Baeren|group.spelling|2"}},
	{"lengths", csvOf(wide, wideRow("1", cells{"Vorname": strings.Repeat("ä", 101), "Allergien": strings.Repeat("ß", 2001), "EB 1 Nachname": strings.Repeat("x", 101)})),
		[]string{"2|Vorname|" + strings.Repeat("ä", 79) + "…|text.too_long", "2|Allergien|" + strings.Repeat("ß", 79) + "…|text.too_long",
			"2|EB 1 Nachname|" + strings.Repeat("x", 79) + "…|text.too_long"}},
	{"letters", csvOf(wide, wideRow("1", cells{"Vorname": "Zo\x1b[31me"}), wideRow("2", cells{"Nachname": "MÃ¼ller"}),
		wideRow("3", cells{"EB 1 Nachname": "M?ller"}), wideRow("4", cells{"Gruppe": "B\ufffdren"}), wideRow("5", cells{"Gruppe": "#NV"})),
		[]string{"2|Vorname|Zo [31me|text.characters", "3|Nachname|MÃ¼ller|text.garbled", "4|EB 1 Nachname|M?ller|text.garbled",
			"5|Gruppe|B\ufffdren|text.garbled", "6|Gruppe|#NV|cell.formula_error"}},
	{"a guardian's cells", csvOf(wide,
		wideRow("1", cells{"EB 1 E-Mail": "maria(at)example.org"}), wideRow("2", cells{"EB 1 E-Mail": "a@example.org; b@example.org"}),
		wideRow("3", cells{"EB 1 Telefon": "0171 3920001 (Arbeit)"}), wideRow("4", cells{"EB 1 Telefon": "4,91713E+11"}),
		wideRow("5", cells{"EB 1 Beziehung": "Chef"}), wideRow("6", cells{"EB 1 Sorgerecht": "gemeinsam"}),
		wideRow("7", cells{"EB 1 Vorname": "", "EB 1 E-Mail": "maria@example.org"}), wideRow("8", cells{"EB 1 Vorname": "", "EB 1 Nachname": "", "EB 1 Beziehung": "Vater"}),
		wideRow("9", cells{"EB 1 Adresse": strings.Repeat("x", 301)})),
		[]string{"2|EB 1 E-Mail|maria(at)example.org|email.malformed", "3|EB 1 E-Mail|a@example.org; b@example.org|email.malformed",
			"4|EB 1 Telefon|0171 3920001 (Arbeit)|phone.malformed", "5|EB 1 Telefon|4,91713E+11|phone.malformed",
			"6|EB 1 Beziehung|Chef|relation.unknown", "7|EB 1 Sorgerecht|gemeinsam|flag.unknown",
			"8|EB 1 Vorname||text.required", "9|EB 1 Vorname||text.required", "9|EB 1 Nachname||text.required",
			"10|EB 1 Adresse|" + strings.Repeat("x", 79) + "…|text.too_long"}},
	{"an empty answer among yes and no", csvOf(wide, wideRow("1", nil), wideRow("2", cells{"EB 1 Sorgerecht": "nein"}), wideRow("3", cells{"EB 1 Sorgerecht": ""})),
		[]string{"4|EB 1 Sorgerecht||flag.blank"}},
	{"an empty answer beside no", csvOf(wide, wideRow("1", cells{"EB 1 Sorgerecht": "nein"}), wideRow("2", cells{"EB 1 Sorgerecht": ""})),
		[]string{"3|EB 1 Sorgerecht||flag.blank"}},
	{"emergency contacts", csvOf(wide, wideRow("1", cells{"Notfallkontakt Name": "Oma"}), wideRow("2", cells{"Notfallkontakt Telefon": "112"}),
		wideRow("3", cells{"Notfallkontakt Name": "Oma", "Notfallkontakt Telefon": "Nachbarin"})),
		[]string{"2|Notfallkontakt Telefon||text.required", "3|Notfallkontakt Name||text.required", "4|Notfallkontakt Telefon|Nachbarin|phone.malformed"}},
	{"one e-mail address, two people in a row", csvOf(wide, wideRow("1", cells{"EB 1 E-Mail": "eins@example.org", "EB 2 Vorname": "Max", "EB 2 Nachname": "Eins", "EB 2 E-Mail": "Eins@example.org"})),
		[]string{"2|EB 2 Nachname|Max Eins|guardian.name_differs|2"}},
	{"one e-mail address, two people in two rows", csvOf(wide, wideRow("1", cells{"EB 1 E-Mail": "eins@example.org"}), wideRow("2", cells{"EB 1 E-Mail": "eins@example.org"})),
		[]string{"3|EB 1 Nachname|Maria2 Eins|guardian.name_differs|2"}},
	{"one number, two spellings", csvOf(wide, wideRow("1", cells{"EB 1 Nachname": "Müller", "EB 1 Vorname": "Ada", "EB 1 Telefon": "0171 3920001"}),
		wideRow("2", cells{"EB 1 Nachname": "Mueller", "EB 1 Vorname": "Ada", "EB 1 Telefon": "0171 3920001"})),
		[]string{"3|EB 1 Nachname|Ada Mueller|guardian.name_differs|2"}},
	{"one person, other details", csvOf(wide,
		wideRow("1", cells{"EB 1 Vorname": "Ada", "EB 1 E-Mail": "ada@example.org", "EB 1 Telefon": "0171 3920001", "EB 1 Adresse": "Hauptstr. 1", "EB 1 Sprache": "de", "EB 1 Beziehung": "Mutter"}),
		wideRow("2", cells{"EB 1 Vorname": "Ada", "EB 1 E-Mail": "ada@example.org", "EB 1 Telefon": "0171 3920002", "EB 1 Adresse": "Hauptstr. 2", "EB 1 Sprache": "tr", "EB 1 Beziehung": "Vater"}),
		wideRow("3", cells{"EB 1 Vorname": "Ada", "EB 1 E-Mail": "andere@example.org", "EB 1 Telefon": "0171 3920001"})),
		[]string{"3|EB 1 Telefon|0171 3920002|guardian.conflict|2", "3|EB 1 Adresse|Hauptstr. 2|guardian.conflict|2", "3|EB 1 Sprache|tr|guardian.conflict|2",
			"3|EB 1 Beziehung|Vater|guardian.conflict|2", "4|EB 1 E-Mail|andere@example.org|guardian.conflict|2"}},
	{"two people chained by a third row", csvOf(wide,
		wideRow("1", cells{"EB 1 Vorname": "Ada", "EB 1 Telefon": "0171 3920001"}), wideRow("2", cells{"EB 1 Vorname": "Ada", "EB 1 Adresse": "Hauptstr. 2", "EB 1 Telefon": "0171 3920002"}),
		wideRow("3", cells{"EB 1 Vorname": "Ada", "EB 1 Telefon": "0171 3920001", "EB 1 Adresse": "Hauptstr. 2"})),
		[]string{"3|EB 1 Telefon|0171 3920002|guardian.conflict|2"}},
	{"one person twice with a child", csvOf(wide, wideRow("1", cells{"EB 1 E-Mail": "maria@example.org", "EB 2 Vorname": "Maria1", "EB 2 Nachname": "Eins", "EB 2 E-Mail": "maria@example.org"})),
		[]string{"2|EB 2 Nachname|Maria1 Eins|guardian.twice"}},
	{"too many children", csvOf(slices.Concat(least(), tooMany())...), []string{"0|||file.too_many_rows"}},
	{"too many cells", csvOf(least(strings.Repeat(";", maxCells))...), []string{"0|||file.too_many_cells"}},
}

func tooMany() []string {
	var rows []string
	for i := range MaxRows + 1 {
		rows = append(rows, fmt.Sprintf("%d;Kind%d;Eins;03.02.2021;Bären", i+1, i))
	}
	return rows
}

func TestEveryFaultIsToldWithLineColumnValueAndReason(t *testing.T) {
	for _, c := range faultCases {
		t.Run(c.name, func(t *testing.T) {
			if got := allOf(faultsOf(t, c.file)); !slices.Equal(got, c.want) {
				t.Errorf("faults\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

// warningCases are lists that can be imported, and what a person should look at.
var warningCases = []struct {
	name string
	file []byte
	want []string
}{
	{"columns that are not read", csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Lieblingstier;Adresse;;Telefon",
		"1;Mia;Eins;03.02.2021;Bären;Igel;Hauptstr. 1;notiz;030 1"),
		[]string{"0|Lieblingstier||column.unknown|", "0|Adresse||column.whose|", "0|H||column.unnamed|2", "0|Telefon||column.whose|", "0|||child.no_guardian|2"}},
	{"a ban on contact", csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Mutter Sorgerecht;Mutter abholberechtigt;Kontaktverbot (Vater)",
		"1;Mia;Eins;03.02.2021;Bären;Ada;Eins;ja;ja;-", "2;Ben;Zwei;03.02.2021;Bären;Eva;Zwei;ja;ja;Beschluss vom 1.2.",
		"3;Kai;Drei;03.02.2021;Bären;Ida;Drei;ja;ja;x"),
		[]string{"0|Kontaktverbot (Vater)||column.contact_ban|3, 4"}},
	{"a title above the headings", csvOf("Kinderliste Sonnenschein;;;;", "", "Nr;Vorname;Nachname;Geburtsdatum;Gruppe", "1;Mia;Eins;03.02.2021;Bären"),
		[]string{"0|||header.skipped|1", "0|||child.no_guardian|4"}},
	{"languages, zeros, assumptions, namesakes", csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Mutter Telefon;Mutter Sprache",
		"1;Mia;Eins;03.02.2021;Bären;Ada;Eins;1713920001;Klingonisch", "2;Ben;Zwei;03.02.2021;Bären;Eva;Zwei;;Klingonisch", "3;Mia;Eins;03.02.2021;Bären;Eva;Zwei;;"),
		[]string{"0|Mutter Sprache|Klingonisch|language.unsupported|2, 3", "0|||custody.assumed|", "0|||pickup.assumed|",
			"2|Mutter Telefon|1713920001|phone.no_zero|", "4||Mia Eins|child.maybe_twice|", "4|Mutter Nachname|Eva Zwei|guardian.maybe_same|"}},
}

func TestEveryWarningIsToldWithItsPlace(t *testing.T) {
	for _, c := range warningCases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, w := range read(t, c.file).Warnings {
				got = append(got, fmt.Sprintf("%d|%s|%s|%s|%s", w.Line, w.Column, w.Value, w.Code, w.Detail))
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("warnings\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(c.want, "\n  "))
			}
		})
	}
}

func TestAListAtFaultStillSaysWhichColumnsAreNotRead(t *testing.T) {
	r, err := Parse(strings.NewReader("Nr;Vorname;Nachname;Geb.-Tag des Kindes;Gruppe\n1;Mia;Eins;03.02.2021;Bären\n"), today)
	if err == nil || len(r.Warnings) != 1 || r.Warnings[0].Column != "Geb.-Tag des Kindes" {
		t.Errorf("error %v, warnings %v", err, r.Warnings)
	}
}

func TestEveryReasonIsSaidInBothLanguagesAndIsReached(t *testing.T) {
	reached := map[string]bool{"phone.second": true, "sheet.unread": true, "file.unpacks_too_large": true}
	for _, c := range faultCases {
		for _, f := range faultsOf(t, c.file) {
			reached[f.Code] = true
			for _, lang := range []string{"de", "en"} {
				if s := f.Sentence(lang); s == "" || strings.Contains(s, "{") || strings.Contains(s, "  ") {
					t.Errorf("%s in %s reads %q", f.Code, lang, s)
				}
			}
		}
	}
	for _, c := range warningCases {
		for _, w := range read(t, c.file).Warnings {
			reached[w.Code] = true
		}
	}
	for code, r := range reasons {
		if !reached[code] {
			t.Errorf("no list reaches the reason %s", code)
		}
		if r.de == "" || r.en == "" || r.de == r.en {
			t.Errorf("the reason %s is %+v", code, r)
		}
	}
	for code := range reached {
		if reasons[code].de == "" {
			t.Errorf("the code %s has no reason", code)
		}
	}
}

func TestAFaultReadsAsASentence(t *testing.T) {
	f := faultsOf(t, csvOf(least("1;Mia;Müller;31.02.2021;Bären")...))[0]
	if got, want := f.Sentence("de"), "Zeile 2, Spalte „Geburtsdatum“, „31.02.2021“: Diesen Tag gibt es nicht."; got != want {
		t.Errorf("de: %s", got)
	}
	if got, want := f.Sentence("en"), "Line 2, column “Geburtsdatum”, “31.02.2021”: there is no such day"; got != want {
		t.Errorf("en: %s", got)
	}
	all := faultsOf(t, csvOf(least("1;Mia;Müller;31.02.2021;Bären", "1;Ben;Müller;03.02.2021;Bären")...))
	if want := all[0].Sentence("en") + "\n" + all[1].Sentence("en"); len(all) != 2 || all.Error() != want {
		t.Errorf("as an error: %s", all.Error())
	}
}

func TestTheManualNamesHeadingsThatAreUnderstood(t *testing.T) {
	manual, err := os.ReadFile("../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for line := range strings.Lines(string(manual)) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.Contains(cells[1], "`") {
			continue
		}
		rows++
		meaning := map[field]bool{}
		for _, m := range quoted.FindAllStringSubmatch(cells[1]+cells[2], -1) {
			f, v := understand(m[1])
			if v != known {
				t.Errorf("the manual names the heading %q, which is not understood", m[1])
			}
			meaning[field{attr: f.attr}] = true
		}
		if len(meaning) != 1 {
			t.Errorf("the manual gives one row to %d columns: %s", len(meaning), line)
		}
	}
	if rows < 20 {
		t.Errorf("the manual names only %d columns", rows)
	}
	for _, l := range kita.Languages {
		if !strings.Contains(string(manual), "`"+l+"`") {
			t.Errorf("the manual does not name the language %s", l)
		}
	}
}
