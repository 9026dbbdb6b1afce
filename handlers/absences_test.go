package handlers_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// absenceHouse is a house in which everybody has a different right to Mia.
type absenceHouse struct {
	*house
	k                                            *storetest.KitaB
	bears, bees                                  *storetest.GroupB
	mia, ben                                     *storetest.ChildB
	mum, dad, banned, other                      *storetest.GuardianB
	lead, anna, bert                             *storetest.StaffB
	operator, provider, stranger                 kita.Account
	elsewhereLead, elsewhereEducator, farawayMum kita.ID
	elsewhere                                    *storetest.KitaB
}

func onEachAbsenceHouse(t *testing.T, f func(h *absenceHouse)) {
	t.Helper()
	onEachEngine(t, func(plain *house) {
		h := &absenceHouse{house: plain}
		p, speaker := h.Provider("Träger")
		h.k, h.provider, h.operator, h.stranger = h.KitaOf(p, "Sonnenschein"), speaker, h.Operator("Otto"), h.Account("Niemand")
		h.bears, h.bees = h.k.Group("Bären"), h.k.Group("Bienen")
		h.mia, h.ben = h.bears.Child("Mia"), h.bees.Child("Ben")
		h.mum, h.dad, h.banned, h.other = h.mia.Guardian("Ayşe"), h.mia.Guardian("Deniz"), h.mia.Guardian("Verboten"), h.ben.Guardian("Olga")
		h.banned.BannedFrom(h.mia)
		h.lead, h.anna, h.bert = h.k.Leader("Lea"), h.k.Educator("Anna", h.bears), h.k.Educator("Bert", h.bees)
		h.elsewhere = h.Kita("Nebenan")
		group := h.elsewhere.Group("Füchse")
		h.elsewhereLead, h.elsewhereEducator = *h.elsewhere.Leader("Lore").AccountID, *h.elsewhere.Educator("Emil", group).AccountID
		h.farawayMum = *group.Child("Fritz").Guardian("Frida").AccountID
		f(h)
	})
}

// insiders may know of Mia's absences; outsiders may not, for as many reasons as there are of them.
func (h *absenceHouse) insiders() map[string]kita.ID {
	return map[string]kita.ID{"mother": *h.mum.AccountID, "father": *h.dad.AccountID, "leader": *h.lead.AccountID, "educator": *h.anna.AccountID}
}

func (h *absenceHouse) outsiders() map[string]kita.ID {
	return map[string]kita.ID{"banned guardian": *h.banned.AccountID, "another child's guardian": *h.other.AccountID,
		"educator of another group": *h.bert.AccountID, "operator": h.operator.ID, "provider": h.provider.ID, "stranger": h.stranger.ID,
		"another kita's leader": h.elsewhereLead, "another kita's educator": h.elsewhereEducator, "another kita's guardian": h.farawayMum}
}

func (h *absenceHouse) sick(from, to kita.Day) map[string]any {
	return map[string]any{"id": kita.NewID(), "child_id": h.mia.ID, "from": from, "to": to, "reason": "sick"}
}

func TestAbsenceIsReportedByThoseWhoReachTheChildAndByNobodyElse(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		day := h.Today.Add(7)
		for name, account := range h.insiders() {
			a := h.as(account).post("/absences", h.sick(day, day)).want(201)
			guardian := name == "mother" || name == "father"
			if a.field("by_guardian") != guardian || a.field("mine") != true || a.field("child_name") != "Mia Muster" || a.field("group.name") != "Bären" ||
				a.field("from") != string(day) || a.field("joined") != false {
				t.Errorf("%s: %s", name, a.Raw)
			}
			day = day.Add(7)
		}
		for name, account := range h.outsiders() {
			t.Log(name)
			h.as(account).post("/absences", h.sick(day, day)).problem(404, "", "not_found")
		}
		for _, child := range []kita.ID{kita.NewID(), h.k.ID} {
			body := h.sick(day, day)
			body["child_id"] = child
			h.as(*h.lead.AccountID).post("/absences", body).problem(404, "", "not_found")
		}
		if n := len(h.as(*h.lead.AccountID).get(fmt.Sprintf("/absences?from=%s&to=%s", h.Today, day)).want(200).ids()); n != 4 {
			t.Errorf("%d absences were written, want 4", n)
		}
	})
}

func TestHealthIsShownToNobodyElse(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		body := h.sick(h.Today, h.Today.Add(1))
		body["illness"], body["note"] = "scarlet_fever", "KANARIE: rotes Gesicht"
		a := h.as(*h.mum.AccountID).post("/absences", body).want(201)
		one := "/absences/" + a.field("id").(string)
		lists := []string{"/absences", "/absences?kita_id=" + string(h.k.ID), "/absences?child_id=" + string(h.mia.ID), "/absences?group_id=" + string(h.bears.ID),
			fmt.Sprintf("/absences?from=%s&to=%s&limit=100", h.Today.Add(-9), h.Today.Add(9))}
		for name, account := range h.insiders() {
			for _, path := range lists {
				l := h.as(account).get(path).want(200)
				if l.field("items.0.note") != body["note"] || l.field("items.0.illness") != "scarlet_fever" || l.field("items.0.reporter_name") != "Ayşe Muster" ||
					l.field("items.0.mine") != (name == "mother") {
					t.Errorf("%s %s: %s", name, path, l.Raw)
				}
				l.without("0170 5550100", string(*h.mum.AccountID))
			}
			h.as(account).get(one).want(200)
		}
		canaries := []string{"KANARIE", "scarlet_fever", a.field("id").(string), "Ayşe"}
		for name, account := range h.outsiders() {
			c := h.as(account)
			for _, path := range append(lists, one, "/absences/today?kita_id="+string(h.k.ID), "/kitas/"+string(h.k.ID)+"/counts", "/children/"+string(h.mia.ID)) {
				got := c.get(path).without(canaries...)
				if got.Status != 200 && got.Status != 404 {
					t.Errorf("%s %s: %d", name, path, got.Status)
				}
			}
			c.get(one).problem(404, "", "not_found")
			c.patch(one, map[string]any{"note": "x"}).problem(404, "", "not_found").without(canaries...)
			c.remove(one).problem(404, "", "not_found").without(canaries...)
		}
		if n := h.as(h.provider.ID).get("/kitas/" + string(h.k.ID) + "/counts").want(200).field("absent"); n != 1.0 {
			t.Errorf("the provider counts %v", n)
		}
		if h.as(*h.lead.AccountID).get(one).want(200).field("note") != body["note"] {
			t.Error("somebody changed it")
		}
	})
}

func TestABanTakesAParentsAbsencesAwayAtOnce(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		dad := h.as(*h.dad.AccountID)
		body := h.sick(h.Today, h.Today)
		one := "/absences/" + dad.post("/absences", body).want(201).field("id").(string)
		h.dad.BannedFrom(h.mia)
		h.Live()
		dad.get(one).problem(404, "", "not_found")
		dad.remove(one).problem(404, "", "not_found")
		dad.patch(one, map[string]any{"note": "x"}).problem(404, "", "not_found")
		dad.post("/absences", body).problem(404, "", "not_found") // also not by sending again
		if n := len(dad.get("/absences").want(200).ids()); n != 0 {
			t.Errorf("%d are listed", n)
		}
	})
}

func TestCutOffBindsGuardiansToTheSecondAndIsToldBefore(t *testing.T) {
	for _, x := range []struct{ zone, day, cutOff string }{ // a Monday before a clock change, after it, and another zone
		{"Europe/Berlin", "2026-11-23", "2026-11-23T07:30:00Z"},
		{"Europe/Berlin", "2027-03-30", "2027-03-30T06:30:00Z"},
		{"Europe/Helsinki", "2026-11-23", "2026-11-23T06:30:00Z"},
	} {
		onEachEngine(t, func(h *house) {
			k := h.Kita("Sonnenschein", func(k *kita.Kita) { k.TimeZone = x.zone })
			c := k.Group("Bären").Child("Mia")
			mum, anna := c.Guardian("Ayşe"), k.Leader("Lea")
			h.Live()
			at, err := time.Parse(time.RFC3339, x.cutOff)
			if err != nil {
				t.Fatal(err)
			}
			tomorrow := kita.Day(x.day).Add(1)
			body := func(day any) map[string]any {
				return map[string]any{"child_id": c.ID, "from": day, "reason": "other"}
			}
			options := func() *answer {
				return h.as(*mum.AccountID).get("/absences/options?kita_id=" + string(k.ID)).want(200)
			}
			h.clock.Set(at.Add(-time.Second))
			if o := options(); o.field("cut_off") != strings.Replace(x.cutOff, "Z", ".000Z", 1) || o.field("cut_off_passed") != false ||
				o.field("next_open_day") != x.day || o.field("today") != x.day {
				t.Errorf("%s before: %s", x.zone, o.Raw)
			}
			one := "/absences/" + h.as(*mum.AccountID).post("/absences", body(x.day)).want(201).field("id").(string)
			h.as(*mum.AccountID).remove(one).want(204)
			one = "/absences/" + h.as(*mum.AccountID).post("/absences", body(x.day)).want(201).field("id").(string)

			h.clock.Set(at)
			if o := options(); o.field("cut_off_passed") != true || o.field("next_open_day") != string(tomorrow) {
				t.Errorf("%s after: %s", x.zone, o.Raw)
			}
			h.as(*mum.AccountID).remove(one).problem(409, "", "absence.started")
			h.as(*mum.AccountID).patch(one, map[string]any{"from": tomorrow, "to": tomorrow}).problem(409, "", "absence.too_late")
			h.as(*anna.AccountID).remove(one).want(204)
			late := h.as(*mum.AccountID).post("/absences", body(x.day)).problem(409, "", "absence.too_late")
			if d := late.field("detail").(string); !strings.Contains(d, "08:30") || !strings.Contains(d, k.Phone) {
				t.Errorf("it does not say until when, and whom to ring: %s", d)
			}
			h.as(*mum.AccountID).post("/absences", body(tomorrow)).want(201)
			h.as(*anna.AccountID).post("/absences", body(x.day)).want(200) // staff are not bound; joined to tomorrow's
		})
	}
}

func TestARunningAbsenceEndsEarlyWhenThatIsSaidInTime(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.mia.Absent(h.Today.Add(-3), h.Today.Add(4), *h.mum.AccountID)
		h.Live()
		dad := h.as(*h.dad.AccountID)
		one := "/absences/" + string(dad.get("/absences").want(200).ids()[0])
		dad.remove(one).problem(409, "", "absence.started")
		dad.patch(one, map[string]any{"to": h.Today.Add(-3)}).want(200) // the weekend between was closed anyway
		dad.patch(one, map[string]any{"to": h.Today.Add(2)}).problem(409, "", "absence.over")
		h.as(*h.anna.AccountID).patch(one, map[string]any{"to": h.Today.Add(2)}).want(200)
		h.clock.Advance(2 * time.Hour)
		dad.patch(one, map[string]any{"to": h.Today.Add(-3)}).problem(409, "", "absence.too_late")
		dad.post("/absences", h.sick(h.Today, h.Today.Add(3))).want(200) // today was reported before: it only lasts longer
		if a := dad.patch(one, map[string]any{"to": h.Today, "illness": "lice", "note": " juckt "}).want(200); a.field("to") != string(h.Today) || a.field("note") != "juckt" {
			t.Errorf("%s", a.Raw)
		}
		dad.patch(one, map[string]any{"reason": "vacation"}).problem(422, "illness", "absence.illness_without_sick")
		dad.patch(one, map[string]any{"reason": "vacation", "illness": ""}).want(200)
	})
}

func TestClosedDaysAreNamed(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		lead := h.as(*h.lead.AccountID)
		lead.post("/closing-days", map[string]any{"kita_id": h.k.ID, "day": "2026-12-24", "name": "Heiligabend"}).want(201)
		mum := h.as(*h.mum.AccountID)
		a := mum.post("/absences", h.sick("2026-12-23", "2026-12-28")).want(201)
		for i, want := range []string{"2026-12-24 closing_day Heiligabend Heiligabend", "2026-12-25 holiday 1. Weihnachtstag Christmas Day",
			"2026-12-26 holiday 2. Weihnachtstag Boxing Day", "2026-12-27 weekend <nil> <nil>"} {
			at := fmt.Sprintf("closed_days.%d.", i)
			if got := fmt.Sprint(a.field(at+"day"), " ", a.field(at+"kind"), " ", a.field(at+"name"), " ", a.field(at+"name_en")); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
		if mum.get("/absences/"+a.field("id").(string)).want(200).field("closed_days.1.name") != "1. Weihnachtstag" {
			t.Error("the holiday is not named when it is looked up")
		}
		for _, c := range []*caller{mum, lead} {
			c.post("/absences", h.sick("2027-01-01", "2027-01-03")).problem(409, "", "absence.only_closed")
			c.post("/absences", h.sick("2026-11-28", "2026-11-29")).problem(409, "", "absence.only_closed")
		}
		h.clock.Set(time.Date(2026, 12, 24, 11, 0, 0, 0, time.UTC))
		o := mum.get("/absences/options?kita_id=" + string(h.k.ID)).want(200)
		if o.field("closed.name") != "Heiligabend" || o.field("next_open_day") != "2026-12-28" {
			t.Errorf("%s", o.Raw)
		}
		if d := lead.get("/absences/today?kita_id=" + string(h.k.ID)).want(200); d.field("closed.kind") != "closing_day" || d.field("groups.0.expected") != 0.0 {
			t.Errorf("%s", d.Raw)
		}
	})
}

func TestReportsAreSentAgainJoinedOrRefused(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		mum, dad := h.as(*h.mum.AccountID), h.as(*h.dad.AccountID)
		first := h.sick(h.Today, h.Today.Add(1))
		id := mum.post("/absences", first).want(201).field("id")
		mum.post("/absences", first).want(200)
		second := h.sick(h.Today.Add(1), h.Today.Add(2))
		for range 2 {
			if a := dad.post("/absences", second).want(200); a.field("id") != id || a.field("joined") != true || a.field("to") != string(h.Today.Add(2)) {
				t.Errorf("%s", a.Raw)
			}
		}
		second["note"] = "anders"
		dad.post("/absences", second).problem(409, "id", "id.taken")
		third := h.sick(h.Today.Add(2), h.Today.Add(4))
		third["reason"] = "vacation"
		refusal := dad.post("/absences", third).problem(409, "from", "absence.overlaps")
		if d := refusal.field("detail").(string); !strings.Contains(d, string(h.Today)) || !strings.Contains(d, string(h.Today.Add(2))) {
			t.Errorf("it does not say what stands in the way: %s", d)
		}
		if n := len(mum.get("/absences?to=" + string(h.Today.Add(30))).want(200).ids()); n != 1 {
			t.Errorf("%d absences stand", n)
		}
		mum.remove("/absences/" + id.(string)).want(204)
		mum.remove("/absences/" + id.(string)).want(204)
		if a := dad.get("/absences/" + id.(string)).want(200); a.field("withdrawn_at") == nil {
			t.Errorf("%s", a.Raw)
		}
		dad.patch("/absences/"+id.(string), map[string]any{"note": "x"}).problem(409, "", "absence.withdrawn_already")
		log := h.as(*h.lead.AccountID).get("/audit?kita_id=" + string(h.k.ID)).want(200)
		for _, action := range []string{"absence.report", "absence.join", "absence.withdraw"} {
			if !strings.Contains(string(log.Raw), action) {
				t.Errorf("the log lacks %s", action)
			}
		}
	})
}

func TestBadReportsNameTheFieldAndWriteNothing(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		lead, mum := h.as(*h.lead.AccountID), h.as(*h.mum.AccountID)
		one := "/absences/" + mum.post("/absences", h.sick("2027-02-01", "2027-02-02")).want(201).field("id").(string)
		for _, x := range []struct {
			name        string
			change      map[string]any
			field, code string
		}{
			{"a day that does not exist", map[string]any{"from": "2027-02-29"}, "from", "day.malformed"},
			{"a German day", map[string]any{"to": "03.02.2027"}, "to", "day.malformed"},
			{"an empty day", map[string]any{"to": ""}, "to", "day.malformed"},
			{"the year 1", map[string]any{"from": "0001-01-01"}, "from", "day.out_of_range"},
			{"the last day of all", map[string]any{"to": "9999-12-31"}, "to", "day.out_of_range"},
			{"a number", map[string]any{"from": 20270201}, "from", "type.string"},
			{"from after to", map[string]any{"to": "2027-01-31"}, "to", "absence.to_before_from"},
			{"too long", map[string]any{"to": "2028-02-02"}, "to", "absence.too_long"},
			{"too far", map[string]any{"from": "2029-02-01", "to": "2029-02-01"}, "from", "absence.too_far"},
			{"too old", map[string]any{"from": "2026-09-01", "to": "2026-09-02"}, "from", "absence.too_old"},
			{"no such reason", map[string]any{"reason": "lazy"}, "reason", "absence.reason"},
			{"no such illness", map[string]any{"illness": "plague"}, "illness", "absence.illness"},
			{"a long note", map[string]any{"note": strings.Repeat("geheim", 100)}, "note", "text.too_long"},
			{"reversing marks", map[string]any{"note": "a\u202eb"}, "note", "text.characters"},
		} {
			body := h.sick("2027-02-01", "2027-02-02")
			for k, v := range x.change {
				body[k] = v
			}
			a := lead.post("/absences", body)
			a.what = "POST: " + x.name
			a.problem(422, x.field, x.code).without("geheim")
			a = lead.patch(one, x.change)
			a.what = "PATCH: " + x.name
			a.problem(422, x.field, x.code).without("geheim")
		}
		for _, field := range []string{"child_id", "from", "reason"} {
			body := h.sick("2027-02-01", "2027-02-02")
			delete(body, field)
			lead.post("/absences", body).problem(422, field, "text.required")
		}
		lead.post("/absences", map[string]any{"child_id": "4711", "from": "2027-02-01", "reason": "sick"}).problem(422, "child_id", "id.malformed")
		lead.post("/absences", map[string]any{"child_id": h.mia.ID, "from": "2027-02-01", "reason": "sick", "by_guardian": true}).problem(422, "by_guardian", "field.unknown")
		lead.post("/absences", `{"child_id":`).problem(422, "body", "body.malformed")
		mum.post("/absences", h.sick(h.Today.Add(-1), h.Today)).want(201) // Sunday: the first open day is today
		mum.post("/absences", h.sick(h.Today.Add(-3), h.Today.Add(-2))).problem(422, "from", "absence.past")
		mum.get("/absences?from=2027-02-30").problem(422, "from", "day.malformed")
		mum.get("/absences?from=2027-02-02&to=2027-02-01").problem(422, "to", "absence.to_before_from")
		mum.get("/absences?kita_id=4711").problem(422, "kita_id", "id.malformed")
		mum.get("/absences?after=x").problem(422, "after", "page.cursor")
		mum.get("/absences/options").want(422)
		mum.get("/absences/options?kita_id="+string(kita.NewID())).problem(404, "", "not_found")
		mum.get("/absences/options?kita_id="+string(h.elsewhere.ID)).problem(404, "", "not_found")
		if n := len(lead.get("/absences?from=2026-10-01&to=2030-01-01").want(200).ids()); n != 2 {
			t.Errorf("%d absences stand, want 2", n)
		}
	})
}

func TestTodayIsForTheStaffOfTheKita(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.mia.Absent(h.Today, h.Today, *h.mum.AccountID)
		h.Live()
		path := "/absences/today?kita_id=" + string(h.k.ID)
		d := h.as(*h.anna.AccountID).get(path).want(200).without("Bienen", "Ben ")
		if d.field("day") != string(h.Today) || d.field("groups.0.group.name") != "Bären" || d.field("groups.0.of") != 1.0 || d.field("groups.0.expected") != 0.0 ||
			d.field("groups.0.absent.0.child_name") != "Mia Muster" || d.field("not_placed.of") != 0.0 || d.field("closed") != nil {
			t.Errorf("%s", d.Raw)
		}
		h.as(*h.bert.AccountID).get(path).want(200).without("Mia", "Bären")
		for name, account := range map[string]kita.ID{"mother": *h.mum.AccountID, "operator": h.operator.ID, "provider": h.provider.ID, "stranger": h.stranger.ID,
			"another kita's leader": h.elsewhereLead, "another kita's educator": h.elsewhereEducator} {
			t.Log(name)
			h.as(account).get(path).problem(404, "", "not_found")
		}
		log := h.as(*h.lead.AccountID).get("/audit?kita_id=" + string(h.k.ID)).want(200)
		if strings.Count(string(log.Raw), "absence.today") != 2 {
			t.Errorf("who saw the list is not in the log: %s", log.Raw)
		}
	})
}

func TestReadingOfAbsencesIsLoggedForStaffAndNotForParents(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		a := h.mia.Absent(h.Today, h.Today, *h.mum.AccountID)
		h.Live()
		for _, account := range []kita.ID{*h.mum.AccountID, *h.anna.AccountID} {
			h.as(account).get("/absences").want(200)
			h.as(account).get("/absences/" + string(a.ID)).want(200)
		}
		log := h.as(*h.lead.AccountID).get("/audit?kita_id=" + string(h.k.ID)).want(200)
		if n := len(log.ids()); n != 2 || strings.Contains(string(log.Raw), string(*h.mum.AccountID)) {
			t.Errorf("the log holds %s", log.Raw)
		}
	})
}

func TestAProgramReadsOrWritesAbsencesAsItsScopesSay(t *testing.T) {
	onEachAbsenceHouse(t, func(h *absenceHouse) {
		h.Live()
		program := func(scopes string) *caller {
			secret := "secret " + scopes + string(kita.NewID())
			_, err := h.store.CreateToken(context.Background(), h.Viewer(*h.lead.AccountID),
				kita.Token{ID: kita.NewID(), Name: "Büro", Scopes: scopes, ExpiresAt: kita.At(h.clock.Now().Add(time.Hour))}, secret)
			if err != nil {
				t.Fatal(err)
			}
			return &caller{h: h.house, bearer: secret}
		}
		body := h.sick(h.Today, h.Today)
		program("absences:read").get("/absences").want(200)
		program("absences:read").post("/absences", body).problem(404, "", "not_found")
		program("notices:write").get("/absences").problem(404, "", "not_found")
		program("absences:write").post("/absences", body).want(201)
	})
}
