package roster

import (
	"bytes"
	"errors"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"morgenkreis/kita"
)

const today kita.Day = "2026-11-23"

// read parses a list that must be without fault.
func read(t *testing.T, file []byte) Roster {
	t.Helper()
	r, err := Parse(bytes.NewReader(file), today)
	if err != nil {
		t.Fatalf("faults in a good list:\n%v", err)
	}
	return r
}

// faultsOf parses a list that must be at fault.
func faultsOf(t *testing.T, file []byte) Faults {
	t.Helper()
	r, err := Parse(bytes.NewReader(file), today)
	faults, ok := errors.AsType[Faults](err)
	if !ok || len(faults) == 0 {
		t.Fatalf("no faults but %v in\n%s", err, file)
	}
	if len(r.Children)+len(r.Guardians) > 0 {
		t.Errorf("a list at fault still gave %d children and %d guardians", len(r.Children), len(r.Guardians))
	}
	return faults
}

// csvOf joins lines as Excel does.
func csvOf(lines ...string) []byte { return []byte(strings.Join(lines, "\r\n") + "\r\n") }

func sample(t *testing.T) []byte {
	t.Helper()
	file, err := os.ReadFile("../../docs/roster-sample.csv")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestSampleListIsReadWithoutFault(t *testing.T) {
	r := read(t, sample(t))
	if len(r.Warnings) > 0 {
		t.Errorf("the sample warns: %v", r.Warnings)
	}
	if len(r.Children) != 12 || len(r.Guardians) != 15 {
		t.Fatalf("%d children and %d guardians, want 12 and 15", len(r.Children), len(r.Guardians))
	}
	jonas := r.Children[4]
	if want := "Asthma: Notfallspray in der roten Tasche.\nBei Atemnot zuerst Spray, dann 112, dann Mutter anrufen."; jonas.HealthNotes != want {
		t.Errorf("the text with a line break is %q", jonas.HealthNotes)
	}
	if jonas.Line != 6 || r.Children[5].Line != 8 {
		t.Errorf("lines %d and %d around the line break, want 6 and 8", jonas.Line, r.Children[5].Line)
	}
	uwe := jonas.Guardians[1]
	if uwe.Relation != (Value[string]{"father", true}) || uwe.Custody != (Value[bool]{false, true}) || uwe.ReceivesNotices.V || uwe.MayPickUp.V {
		t.Errorf("a father without custody, pick-up and notices is %+v", uwe)
	}
	mia, ben := r.Children[0], r.Children[1]
	if !reflect.DeepEqual(mia.Guardians, ben.Guardians) || !slices.Equal(r.Guardians[mia.Guardians[0].Guardian].Lines, []int{2, 3}) {
		t.Errorf("siblings do not share their parents: %+v, %+v", mia.Guardians, ben.Guardians)
	}
	if deniz := r.Children[2]; deniz.Allergies != "" {
		t.Errorf(`the word "keine" became the allergy %q`, deniz.Allergies)
	}
	if g := r.Guardians[mia.Guardians[0].Guardian]; g.Language != "de" || g.Phone != "0171 3920001" || g.Email != "katja.mueller@example.org" {
		t.Errorf("Katja Müller is %+v", g)
	}
	if alexej := r.Children[11]; alexej.Emergency[0].Name != `Großmutter "Baba" Nina` || alexej.Born != "2024-02-29" {
		t.Errorf("Alexej is %+v", alexej)
	}
	if r.Carries != (Carries{true, true, true, true}) {
		t.Errorf("the sample carries %+v", r.Carries)
	}
}

func TestReaderErrorIsNotAFaultOfTheList(t *testing.T) {
	_, err := Parse(iotest.ErrReader(io.ErrUnexpectedEOF), today)
	if _, isFaults := errors.AsType[Faults](err); isFaults || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the reader's error came back as %v", err)
	}
}

// least is a list with the required columns only.
func least(more ...string) []string {
	return append([]string{"Nr;Vorname;Nachname;Geburtsdatum;Gruppe"}, more...)
}

func TestWhatTheListDoesNotCarryIsNotSaid(t *testing.T) {
	r := read(t, csvOf(least("1;Mia;Müller;03.02.2021;Bären")...))
	if r.Carries != (Carries{}) {
		t.Errorf("a list without the columns carries %+v", r.Carries)
	}
	c := r.Children[0]
	if c.From != "" || c.To != "" || c.Allergies != "" || c.Guardians != nil || c.Emergency != nil {
		t.Errorf("the child has more than its row: %+v", c)
	}
}

func TestFlagsOfAListWithoutThemAreDefaultsAndSayTheyAre(t *testing.T) {
	r := read(t, csvOf(
		"Nr;Vorname;Nachname;Geburtsdatum;Gruppe;EB 1 Vorname;EB 1 Nachname;EB 1 Beziehung",
		"1;A;Eins;03.02.2021;Bären;Maria;Eins;Mutter",
		"2;B;Zwei;03.02.2021;Bären;Otto;Zwei;Großvater",
		"3;C;Drei;03.02.2021;Bären;Pia;Drei;Pflegemutter",
		"4;D;Vier;03.02.2021;Bären;Vera;Vier;"))
	for i, want := range []struct {
		relation                string
		stated                  bool
		custody, pickUp, notice bool
	}{
		{"mother", true, true, true, true},
		{"grandparent", true, false, false, false},
		{"foster", true, false, true, true},
		{"parent", false, true, true, true},
	} {
		g := r.Children[i].Guardians[0]
		if g.Relation != (Value[string]{want.relation, want.stated}) || g.Custody != (Value[bool]{want.custody, false}) ||
			g.MayPickUp != (Value[bool]{want.pickUp, false}) || g.ReceivesNotices != (Value[bool]{want.notice, false}) {
			t.Errorf("%s: %+v, want %+v", r.Guardians[i].LastName, g, want)
		}
	}
	for _, code := range []string{"custody.assumed", "pickup.assumed"} {
		if !slices.ContainsFunc(r.Warnings, func(w Fault) bool { return w.Code == code }) {
			t.Errorf("no warning %s in %v", code, r.Warnings)
		}
	}
}

func TestAnEmptyCellAmongTicksMeansNo(t *testing.T) {
	r := read(t, csvOf(
		"Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Mutter abholberechtigt;Vater Vorname;Vater Nachname;Vater abholberechtigt;Vater Sprache",
		"1;A;Eins;03.02.2021;Bären;Maria;Eins;x;Max;Eins;;",
		"2;B;Zwei;03.02.2021;Bären;Mona;Zwei;x;;;nein;Deutsch",
		"3;C;Drei;03.02.2021;Bären;Mara;Drei;;Mike;Drei;x;"))
	for i, want := range [][]bool{{true, false}, {true}, {false, true}} {
		var got []bool
		for _, g := range r.Children[i].Guardians {
			got = append(got, g.MayPickUp.V)
			if !g.MayPickUp.Stated {
				t.Errorf("child %d: an answer by ticks does not count as stated", i)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("child %d: may pick up %v, want %v", i, got, want)
		}
	}
}

func TestTheMobileIsKeptBeforeTheLandline(t *testing.T) {
	r := read(t, csvOf(
		"Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Mutter Telefon;Mutter Handy",
		"1;A;Eins;03.02.2021;Bären;Maria;Eins;030 23125001;0171 3920001",
		"2;B;Zwei;03.02.2021;Bären;Mona;Zwei;030 23125002;",
		"3;C;Drei;03.02.2021;Bären;Mara;Drei;;0171 3920003"))
	for i, want := range []string{"0171 3920001", "030 23125002", "0171 3920003"} {
		if got := r.Guardians[i].Phone; got != want {
			t.Errorf("guardian %d has the number %q, want %q", i, got, want)
		}
	}
	i := slices.IndexFunc(r.Warnings, func(w Fault) bool { return w.Code == "phone.second" })
	if i < 0 || r.Warnings[i].Detail != "2" {
		t.Errorf("the number that is not kept is not told with its line: %v", r.Warnings)
	}
}

func TestTheAddressIsPutTogetherFromItsParts(t *testing.T) {
	r := read(t, csvOf(
		"Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Straße (Mutter);Hausnr. Mutter;PLZ Mutter;Ort Mutter;Vater Vorname;Vater Nachname;Vater Anschrift",
		`1;A;Eins;03.02.2021;Bären;Maria;Eins;Hauptstr.;1 a;12345;Berlin;Max;Eins;"Hauptstr. 1 a,`,
		`12345 Berlin"`))
	for _, g := range r.Guardians {
		if g.Address != "Hauptstr. 1 a, 12345 Berlin" {
			t.Errorf("%s has the address %q", g.FirstName, g.Address)
		}
	}
}

func TestSiblingsShareAGuardianByEmailPhoneOrAddress(t *testing.T) {
	const head = "Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Mutter E-Mail;Mutter Telefon;Mutter Adresse"
	for name, c := range map[string]struct {
		first, second string
		persons       int
	}{
		"e-mail in another case":          {"Maria;Eins;Maria@Example.org;;", "Maria;Eins;maria@example.org;;", 1},
		"name and phone":                  {"Maria;Eins;;+49 (0)171 3920001;", "Maria;Eins;;0171/3920001;", 1},
		"name and address":                {"Maria;Eins;;;Hauptstr. 1, 12345 Berlin", "Maria;Eins;;;Hauptstraße 1, 12345 Berlin", 1},
		"phone joins, details add up":     {"Maria;Eins;m@example.org;0171 3920001;", "Maria;Eins;;0171 3920001;Hauptstr. 1", 1},
		"name alone":                      {"Maria;Eins;;;", "Maria;Eins;;;", 2},
		"name, details in one row only":   {"Maria;Eins;m@example.org;0171 3920001;", "Maria;Eins;;;", 2},
		"name and town":                   {"Maria;Eins;;;12345 Berlin", "Maria;Eins;;;12345 Berlin", 2},
		"name and street, no number":      {"Maria;Eins;;;Hauptstraße", "Maria;Eins;;;Hauptstraße", 2},
		"phone, other first name":         {"Maria;Eins;;030 23125001;", "Mara;Eins;;030 23125001;", 2},
		"phone, other last name":          {"Maria;Eins;;030 23125001;", "Maria;Zwei;;030 23125001;", 2},
		"address, other name":             {"Maria;Eins;;;Hauptstr. 1", "Mara;Eins;;;Hauptstr. 1", 2},
		"name, other e-mails and numbers": {"Maria;Eins;m@example.org;0171 3920001;", "Maria;Eins;n@example.org;0171 3920002;", 2},
		"name split another way":          {"Maria Anna;Eins;;0171 3920001;", "Maria;Anna Eins;;0171 3920001;", 2},
	} {
		t.Run(name, func(t *testing.T) {
			r := read(t, csvOf(head, "1;A;Eins;03.02.2021;Bären;"+c.first, "2;B;Eins;03.02.2022;Bären;"+c.second))
			if len(r.Guardians) != c.persons {
				t.Fatalf("%d persons, want %d: %+v", len(r.Guardians), c.persons, r.Guardians)
			}
			shared := r.Children[0].Guardians[0].Guardian == r.Children[1].Guardians[0].Guardian
			if shared != (c.persons == 1) {
				t.Errorf("the siblings' guardians are %+v and %+v", r.Children[0].Guardians, r.Children[1].Guardians)
			}
			sameName := nameKey(r.Guardians[0].FirstName+r.Guardians[0].LastName) == nameKey(r.Guardians[len(r.Guardians)-1].FirstName+r.Guardians[len(r.Guardians)-1].LastName)
			warned := slices.ContainsFunc(r.Warnings, func(w Fault) bool { return w.Code == "guardian.maybe_same" && w.Line == 3 && w.OtherLine == 2 })
			if split := strings.HasPrefix(name, "name split"); !split && warned != (sameName && c.persons == 2) {
				t.Errorf("warned of namesakes: %v; %v", warned, r.Warnings)
			}
			if strings.HasPrefix(name, "phone joins") && (r.Guardians[0].Email == "" || r.Guardians[0].Address == "") {
				t.Errorf("a detail of one row is lost: %+v", r.Guardians[0])
			}
		})
	}
}

func TestOnePersonCanBeFatherHereAndStepfatherThere(t *testing.T) {
	r := read(t, csvOf(
		"Nr;Vorname;Nachname;Geburtsdatum;Gruppe;EB Vorname;EB Nachname;EB Mail;EB Beziehung",
		"1;A;Eins;03.02.2021;Bären;Max;Eins;max@example.org;Vater",
		"2;B;Zwei;03.02.2021;Bären;Max;Eins;max@example.org;Stiefvater"))
	if len(r.Guardians) != 1 || r.Children[0].Guardians[0].Relation.V != "father" || r.Children[1].Guardians[0].Relation.V != "stepparent" {
		t.Errorf("%+v %+v", r.Guardians, r.Children)
	}
}

func TestCellsLeftOutAtTheEndOfARowAreEmpty(t *testing.T) {
	r := read(t, csvOf("Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Allergien;Notfallkontakt;Notfallnummer", "1;Mia;Müller;03.02.2021", "2;Ben;Müller;03.02.2021;Bären;Nüsse"))
	if len(r.Children) != 2 || r.Children[0].Group != "" || r.Children[1].Allergies != "Nüsse" || r.Children[1].Emergency != nil {
		t.Errorf("%+v", r.Children)
	}
}

func TestWhatNobodySeesMakesNoDifference(t *testing.T) {
	r := read(t, csvOf(
		"Nr;Vorname;Nachname;Geburtsdatum;Gruppe;Mutter Vorname;Mutter Nachname;Mutter Telefon",
		"1;Mia;Mu\u0308ller;03.02.2021;Bären;Jo\u0308rg\u200b;Mu\u0308ller;\u202a0171\u20113920001\u202c",
		"2;Ben;Müller;\u00a003.02.2021\ufeff;Bären ;Jörg;Müller;0171-3920001"))
	if len(r.Guardians) != 1 || r.Guardians[0].Phone != "0171-3920001" || r.Guardians[0].LastName != "Müller" || r.Children[0].LastName != "Müller" {
		t.Errorf("%+v", r)
	}
}
