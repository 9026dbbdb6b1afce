package handlers_test

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// sends posts a list as the file it is.
func (c *caller) sends(k kita.ID, list, more string) *answer {
	c.h.Helper()
	return c.with("Content-Type", "text/csv; charset=utf-8").post("/imports?kita_id="+string(k)+more, list)
}

const listHead = "Nr;Vorname;Nachname;Geburtsdatum;Gruppe\n"

func TestImportIsForLeadersAndTellsNobodyElseAnything(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		list := listHead + "1;Mia;Neu;2022-11-24;Bären\n"
		for _, who := range everybody {
			c := v.caller(who)
			switch who {
			case "leader":
				continue
			case "banned leader":
				// Mia's number is taken; more he does not learn.
				c.sends(v.kita.ID, list, "").problem(422, "line 2", "child.number_taken").without(everySecret...)
				c.sends(v.kita.ID, listHead+"2;Ben;Muster;2022-11-24;Bienen\n", "&dry_run=true&archive_missing=true").want(200).without(everySecret...)
			default:
				refused(c.sends(v.kita.ID, list, ""), who)
			}
		}
		v.caller("leader").get("/children/" + string(v.mia.ID)).want(200)
		a := v.caller("leader").sends(v.kita.ID, list, "&dry_run=true").want(200)
		if a.field("changes.0.name") != "Mia Neu" || a.field("changes.0.id") != string(v.mia.ID) {
			t.Errorf("nobody changed Mia before: %s", a.Raw)
		}
	})
}

func TestImportAnswersWhatItChangesAndTheSameAgainChangesNothing(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead := *k.Leader("Lea").AccountID
		gone := k.Group("Alte Gruppe").Child("Gerda")
		h.Live()
		sample, err := os.ReadFile("../docs/roster-sample.csv")
		if err != nil {
			t.Fatal(err)
		}
		list := strings.ReplaceAll(string(sample), "1001;Mia", "9;Mia")
		c := h.as(lead)
		dry := c.sends(k.ID, list, "&dry_run=true").want(200)
		if dry.field("dry_run") != true || dry.field("counts.children.created") != 12.0 || dry.field("changes.0.id") != nil || dry.field("changes.0.noun") != "group" {
			t.Fatalf("%s", dry.Raw)
		}
		a := c.sends(k.ID, list, "").want(200)
		if a.field("counts.children.created") != 12.0 || a.field("counts.guardians.created") != 15.0 || a.field("missing.0.id") != string(gone.ID) {
			t.Fatalf("%s", a.Raw)
		}
		id := a.field("changes.4.id").(string)
		if a.field("changes.4.line") != 2.0 || a.field("changes.4.name") != "Mia Müller" || a.field("changes.4.fields.0.after") != "9" {
			t.Fatalf("%s", a.Raw)
		}
		if a := c.get("/children/" + id).want(200); a.field("first_name") != "Mia" || a.field("group.name") != "Bären" || len(a.field("guardians").([]any)) != 2 {
			t.Fatalf("%s", a.Raw)
		}
		if a := c.sends(k.ID, list, "").want(200); len(a.field("changes").([]any)) != 0 || a.field("counts.children.unchanged") != 12.0 {
			t.Fatalf("%s", a.Raw)
		}
		a = c.sends(k.ID, listHead+"9;Mia;Müller;03.02.2021;Igel\n", "&archive_missing=true").want(200)
		if a.field("changes.0.action") != "move" || a.field("changes.0.fields.0.before") != "Bären" || a.field("counts.children.archived") != 12.0 {
			t.Fatalf("%s", a.Raw)
		}
		log := c.get("/audit?limit=100&kita_id=" + string(k.ID)).want(200)
		if n := strings.Count(string(log.Raw), `"import.preview"`); n != 1 {
			t.Errorf("%d looks are in the log", n)
		}
	})
}

func TestFaultyListIsAnsweredPlaceByPlaceInTheCallersLanguageAndWritesNothing(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead := *k.Leader("Lea").AccountID
		k.Group("Bären").Child("Mia")
		h.Live()
		c := h.as(lead)
		for _, x := range []struct{ name, list, field, code, words string }{
			{"nothing", "", "body", "body.malformed", ""},
			{"nothing but blanks", " \n", "file", "file.empty", "Datei"},
			{"no headings", "1;2\n3;4\n", "file", "header.unknown", "Kopfzeile"},
			{"a column is missing", "Nr;Vorname\n1;Mia\n", "line 1", "column.missing", "Geburtsdatum"},
			{"a day that is none", listHead + "1;Mia;Muster;2022-11-24;Bären\n2;Ben;Muster;30.02.2021;Bären\n", "line 3, column Geburtsdatum", "day.nonexistent", "„30.02.2021“"},
			{"an old workbook", "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "file", "file.old_excel", ".xlsx"},
			{"a broken workbook", "PK\x03\x04oh", "file", "file.not_xlsx", ".xlsx"},
			{"another child", listHead + "1;Ole;Anders;2023-05-05;Bären\n", "line 2", "import.other_child", "Mia Muster"},
		} {
			a := c.sends(k.ID, x.list, "")
			a.what = x.name
			a.problem(422, x.field, x.code)
			if !strings.Contains(string(a.Raw), x.words) {
				t.Errorf("%s does not say %q: %s", x.name, x.words, a.Raw)
			}
		}
		a := c.with("Accept-Language", "en").sends(k.ID, listHead+"2;;Muster;30.02.2021;Bären\n", "")
		a.problem(422, "line 2, column Geburtsdatum", "day.nonexistent")
		a.problem(422, "line 2, column Vorname", "text.required").without("gibt es nicht")
		c.post("/imports?kita_id="+string(k.ID), map[string]any{"name": "x"}).problem(415, "", "import.content_type")
		c.with("Content-Type", "image/png").post("/imports?kita_id="+string(k.ID), "x").problem(415, "", "import.content_type")
		c.sends("4711", listHead, "").problem(422, "kita_id", "id.malformed")
		c.sends(kita.NewID(), listHead, "").problem(404, "", "not_found")
		c.with("Content-Type", "text/csv").post("/imports", listHead).problem(422, "kita_id", "text.required")
		c.sends(k.ID, listHead, "&dry_run=perhaps").want(422)
		c.sends(k.ID, strings.Repeat("x", 12<<20), "").problem(413, "", "http.413")
		c.sends(k.ID, strings.Repeat("x", 10<<20+1), "").problem(422, "file", "file.too_large")
		if n := len(c.get("/children?kita_id=" + string(k.ID)).want(200).ids()); n != 1 {
			t.Errorf("%d children", n)
		}
	})
}

func TestWorkbookAndProgramsAreTakenAsWell(t *testing.T) {
	s, clock := storetest.SQLite(t)
	h := newHouse(t, s, clock)
	k := h.Kita("Sonnenschein")
	lead := *k.Leader("Lea").AccountID
	h.Live()
	x := excelize.NewFile()
	for i, row := range [][]any{{"Nr", "Vorname", "Nachname", "Geburtsdatum", "Gruppe"}, {1, "Mia", "Muster", "03.02.2021", "Bären"}} {
		cell, err := excelize.CoordinatesToCellName(1, i+1)
		if err != nil {
			t.Fatal(err)
		}
		if err := x.SetSheetRow("Sheet1", cell, &row); err != nil {
			t.Fatal(err)
		}
	}
	var b bytes.Buffer
	if err := x.Write(&b); err != nil {
		t.Fatal(err)
	}
	c := h.as(lead).with("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	if a := c.post("/imports?kita_id="+string(k.ID), b.Bytes()).want(200); a.field("counts.children.created") != 1.0 {
		t.Fatalf("%s", a.Raw)
	}
	body := map[string]any{"name": "Verwaltung", "scopes": []string{"people:write"}, "expires_at": clock.Now().AddDate(0, 1, 0)}
	token, ok := h.as(lead).post("/tokens", body).want(201).field("secret").(string)
	if !ok {
		t.Fatal("no token")
	}
	program := &caller{h: h, bearer: token}
	if a := program.sends(k.ID, listHead+"1;Mia;Muster;03.02.2021;Igel\n", "").want(200); a.field("counts.children.moved") != 1.0 {
		t.Fatalf("%s", a.Raw)
	}
}

func TestImportSentencesNameThePlaceInBothLanguages(t *testing.T) {
	e := kita.Invalid("line 17", "import.guardian_twice", "name", "Kim Park")
	if s := handlers.ImportSentence("de", e); !strings.HasPrefix(s, "Zeile 17: „Kim Park“ steht") {
		t.Error(s)
	}
	if s := handlers.ImportSentence("en", e); !strings.HasPrefix(s, "Line 17: “Kim Park” stands") {
		t.Error(s)
	}
	if s := handlers.ImportSentence("en", kita.Conflict("kita", "import.kita_exists")); s != "There is a kita here already." {
		t.Error(s)
	}
}
