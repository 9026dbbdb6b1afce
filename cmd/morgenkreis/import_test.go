package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
)

const sampleList = "../../docs/roster-sample.csv"

// imported runs the command on a data folder.
func imported(t *testing.T, data string, args ...string) (out, errOut string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = importCommand(context.Background(), append([]string{"--data", data}, args...), &o, &e)
	return o.String(), e.String(), err
}

// says ends the test unless the text holds all the words.
func says(t *testing.T, text string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(text, w) {
			t.Fatalf("%q is not said:\n%s", w, text)
		}
	}
}

func listFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "liste.csv")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSampleListOpensAKitaAndTheSameAgainChangesNothing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	first := []string{"--create-kita", "Sonnenschein", "--federal-state", "BE", "--lang", "de", sampleList}
	out, errOut, err := imported(t, data, append([]string{"--dry-run"}, first...)...)
	if err != nil {
		t.Fatal(err, errOut)
	}
	says(t, out, "neu: Kita Sonnenschein\n", "neu: Gruppe Bären (Zeile 2)\n", "neu: Kind Mia Müller (Zeile 2): Gruppe „Bären“, ab 2024-08-01\n",
		"neu: Sorgeberechtigte:r Katja Müller (Zeile 2)\n", "Kinder: 12 neu\n", "Nur geprüft; geschrieben wurde nichts.")
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Fatalf("a dry run made the data folder: %v", err)
	}
	for _, c := range []struct {
		args []string
		want []string
	}{
		{first, []string{"Kinder: 12 neu\n", "Eingelesen."}},
		{first, []string{"Kinder: 12 unverändert\n", "Es ist nichts zu ändern."}},
		// The one kita there is need not be named.
		{[]string{"--lang", "de", sampleList}, []string{"Kinder: 12 unverändert\n", "Es ist nichts zu ändern."}},
	} {
		out, errOut, err := imported(t, data, c.args...)
		if err != nil {
			t.Fatal(err, errOut)
		}
		says(t, out, c.want...)
	}
	out, _, err = imported(t, data, "--lang", "en", "--dry-run", listFile(t, "Nr;Vorname;Nachname;Geburtsdatum;Gruppe;ab;Allergien;Mutter Vorname;Mutter Nachname;Mutter E-Mail;Mutter Sorgerecht",
		"1001;Mia;Müller;03.02.2021;Igel;01.12.2026;;Katja;Müller;katja.mueller@example.org;nein"))
	if err != nil {
		t.Fatal(err)
	}
	says(t, out, "changed: child Mia Müller (line 2): allergies “Haselnüsse” → –\n", "group: child Mia Müller (line 2): group “Bären” → “Igel”, from – → 2026-12-01\n",
		"changed: relation Katja Müller – Mia Müller (line 2): custody yes → no\n", "Not in the file, but left as they are: Layla Al-Masri 1006, ", "Only looked; nothing was written.")
}

func TestFaultyListIsAnsweredByLineColumnValueAndReasonAndWritesNothing(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	faulty := listFile(t, "Nr;Vorname;Nachname;Geburtsdatum;Gruppe", "1;Mia;Müller;30.02.2021;Bären", "1;;Müller;03.02.2021;Bären")
	for lang, words := range map[string][]string{
		"de": {"Zeile 2, Spalte „Geburtsdatum“, „30.02.2021“: Diesen Tag gibt es nicht.\n", "Zeile 3, Spalte „Vorname“"},
		"en": {"Line 2, column “Geburtsdatum”, “30.02.2021”: there is no such day", "Line 3, column “Vorname”"},
	} {
		_, errOut, err := imported(t, data, "--create-kita", "Sonnenschein", "--federal-state", "BE", "--lang", lang, faulty)
		if err == nil || !strings.Contains(err.Error(), "3 ") {
			t.Fatalf("%v", err)
		}
		says(t, errOut, words...)
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Fatalf("a faulty list made the data folder: %v", err)
	}
	good := []string{"--create-kita", "Sonnenschein", "--federal-state", "BE", "--lang", "de"}
	if _, errOut, err := imported(t, data, append(good, sampleList)...); err != nil {
		t.Fatal(err, errOut)
	}
	_, errOut, err := imported(t, data, append(good, listFile(t, "Nr;Vorname;Nachname;Geburtsdatum;Gruppe", "1001;Ben;Neumann;03.02.2023;Bären"))...)
	if err == nil || err.Error() != "1 Fehler in der Liste; geschrieben wurde nichts" {
		t.Fatalf("%v", err)
	}
	says(t, errOut, "Zeile 2: Die Nummer 1001 gehört in Morgenkreis zu Mia Müller, geboren 2021-02-03")
}

func TestImportNamesWhatItNeedsBeforeItDoesAnything(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "takes one file"},
		{[]string{sampleList, sampleList}, "takes one file"},
		{[]string{filepath.Join(data, "keine.csv")}, "no such file"},
		{[]string{sampleList}, "there is no database in " + data},
		{[]string{"--create-kita", "A", sampleList}, "--federal-state the state, one of [BW"},
		{[]string{"--create-kita", "A", "--federal-state", "XX", sampleList}, "--federal-state the state"},
		{[]string{"--create-kita", "A", "--federal-state", "BE", "--kita", "B", sampleList}, "do not go together"},
		{[]string{"--lang", "fr", sampleList}, "write de or en"},
		{[]string{"--lnag", "de", sampleList}, "--lnag: there is no such flag"},
	} {
		if _, _, err := imported(t, data, append([]string{"--lang", "en"}, c.args...)...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Fatalf("something was made: %v", err)
	}
	var out bytes.Buffer
	if err := importCommand(context.Background(), []string{"--help"}, &out, &out); err != nil {
		t.Fatal(err)
	}
	says(t, out.String(), "--create-kita NAME", "--data FOLDER")
}

func TestListGoesIntoTheKitaThatIsNamedBesideAnOpenDatabase(t *testing.T) {
	ctx := context.Background()
	data := t.TempDir()
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(data, databaseName)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if _, _, err := imported(t, data, "--lang", "en", sampleList); err == nil || !strings.Contains(err.Error(), "no kita yet") {
		t.Fatalf("%v", err)
	}
	p := kita.Provider{ID: kita.NewID(), Name: "Träger", CreatedAt: s.Now()}
	var kitas []kita.Kita
	for _, name := range []string{"Sonne", "Mond", "Mond"} {
		kitas = append(kitas, kita.Kita{ID: kita.NewID(), ProviderID: p.ID, Name: name, State: "BE", Demo: name == "Sonne", CreatedAt: s.Now()}.WithDefaults())
	}
	if err := s.SystemPopulate(ctx, store.Population{Providers: []kita.Provider{p}, Kitas: kitas}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{nil, {"--kita", "Mond"}, {"--kita", "Venus"}, {"--create-kita", "Venus", "--federal-state", "BE"}} {
		_, _, err := imported(t, data, append([]string{"--lang", "en", sampleList}, args...)...)
		if err == nil || !strings.Contains(err.Error(), string(kitas[1].ID)+"  Mond") {
			t.Fatalf("%v: %v", args, err)
		}
	}
	_, errOut, err := imported(t, data, "--lang", "en", "--kita", " sonne", sampleList)
	if err != nil {
		t.Fatal(err)
	}
	says(t, errOut, "this is the demo kita")
	if _, errOut, err = imported(t, data, "--lang", "de", "--kita", string(kitas[2].ID), sampleList); err != nil || strings.Contains(errOut, "Demo") {
		t.Fatal(err, errOut)
	}
	// The database that was open all the time knows them.
	list := listFile(t, "Nr;Vorname;Nachname;Geburtsdatum;Gruppe", "1001;Mia;Müller;03.02.2021;Bären")
	out, _, err := imported(t, data, "--lang", "en", "--kita", string(kitas[2].ID), "--archive-missing", "--dry-run", list)
	if err != nil {
		t.Fatal(err)
	}
	says(t, out, "archived: child Layla Al-Masri\n", "children: 11 archived, 1 unchanged\n")
	all, err := s.SystemKitas(ctx)
	if err != nil || !slices.ContainsFunc(all, func(k kita.Kita) bool { return k.ID == kitas[2].ID }) {
		t.Fatal(all, err)
	}
}

func TestLanguageOfTheTerminalIsGermanOrEnglish(t *testing.T) {
	for _, c := range []struct{ all, messages, lang, want string }{
		{"", "", "de_DE.UTF-8", "de"}, {"", "", "C.UTF-8", "en"}, {"", "", "", "en"}, {"", "de_AT", "en_GB", "de"}, {"en_GB", "de_DE", "de_DE", "en"},
	} {
		env := map[string]string{"LC_ALL": c.all, "LC_MESSAGES": c.messages, "LANG": c.lang}
		if got := languageOfTerminal(func(k string) string { return env[k] }); got != c.want {
			t.Errorf("%v: %s", c, got)
		}
	}
}

func TestProgressOfALargeListEndsWithTheWholeBar(t *testing.T) {
	var b bytes.Buffer
	if rowsOn(&b, "Schreiben") != nil {
		t.Error("a bar where nobody looks")
	}
	show := rowBar(&b, "Schreiben")
	show(100, 100)
	if b.Len() > 0 {
		t.Errorf("a bar for a moment: %q", b.String())
	}
	for n := 500; n <= 5000; n += 500 {
		show(n, 5000)
	}
	if s := b.String(); !strings.HasSuffix(s, "\rSchreiben [#########################] 100 %\n") || strings.Count(s, "\r") != 10 {
		t.Errorf("%q", s)
	}
}

func TestEverythingAnImportCanDoHasItsWords(t *testing.T) {
	for lang, w := range importSpeech {
		for _, a := range []store.RosterAction{store.RosterCreates, store.RosterUpdates, store.RosterMoves, store.RosterRestores, store.RosterArchives} {
			if w.actions[a] == "" {
				t.Errorf("%s: %s", lang, a)
			}
		}
		for _, n := range []string{"kita", "group", "child", "guardian", "tie"} {
			if w.nouns[n].one == "" || w.nouns[n].many == "" {
				t.Errorf("%s: %s", lang, n)
			}
		}
		for _, r := range kita.Relations {
			if lang == "de" && w.values[r] == "" {
				t.Errorf("%s: %s", lang, r)
			}
		}
		for _, format := range []string{w.badKita, w.noDatabase, w.whichKita, w.faults, w.missing} {
			if strings.Contains(fmt.Sprintf(format, 1), "%!(EXTRA") || format == "" {
				t.Errorf("%s: %q says nothing", lang, format)
			}
		}
	}
}
