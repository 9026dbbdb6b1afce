package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// What must not reach the wrong eyes; each word stands in one place of the village and nowhere else.
const (
	miaAllergy = "Kanari-Allergie"
	miaNotes   = "Kanari-Gesundheit"
	miaContact = "Kanari-Notfall"
	mumAddress = "Kanariweg 1"
	mumPhone   = "0170 1112223"
	mumEmail   = "kanari-mum@example.org"
	dadAddress = "Kanariweg 2"
	dadPhone   = "0170 4445556"
	dadEmail   = "kanari-dad@example.org"
	banReason  = "Kanari-Beschluss"
)

var (
	healthWords  = []string{miaAllergy, miaNotes, miaContact}
	mumWords     = []string{mumAddress, mumPhone, mumEmail}
	dadWords     = []string{dadAddress, dadPhone, dadEmail}
	everySecret  = slices.Concat(healthWords, mumWords, dadWords, []string{banReason, "Miakind"})
	contactWords = slices.Concat(mumWords, dadWords)
)

// village is a kita with one child that matters, Mia, and everybody who might ask for her.
type village struct {
	*house
	kita        *storetest.KitaB
	bears, bees *storetest.GroupB
	mia, ben    *storetest.ChildB
	mum         *storetest.GuardianB
	banned      *storetest.GuardianB
	accounts    map[string]kita.ID
}

// everybody are those who are in the village, and the stranger who is not.
var everybody = []string{"operator", "provider", "leader", "educator", "other educator", "mum", "dad", "other guardian",
	"banned guardian", "banned educator", "banned leader", "leader next door", "stranger"}

func newVillage(h *house, change ...func(*kita.Kita)) *village {
	p, speaker := h.Provider("Träger")
	op := h.Operator("Otto")
	k := h.KitaOf(p, "Sonnenschein", change...)
	v := &village{house: h, kita: k, bears: k.Group("Bären"), bees: k.Group("Bienen")}
	v.mia, v.ben = v.bears.Child("Miakind"), v.bees.Child("Ben")
	last := func() *kita.Guardian { return &h.Rows().Guardians[len(h.Rows().Guardians)-1] }
	v.mum = v.mia.Guardian("Ayşe").Email(mumEmail)
	last().Address, last().Phone = mumAddress, mumPhone
	dad := v.mia.Guardian("Jan").Email(dadEmail)
	last().Address, last().Phone = dadAddress, dadPhone
	other := v.ben.Guardian("Olga")
	v.banned = v.mia.Guardian("Bernd")
	v.banned.BannedFrom(v.mia)
	lead, educator, beekeeper := k.Leader("Lea"), k.Educator("Eda", v.bears), k.Educator("Bea", v.bees)
	both, chief := k.Educator("Berta", v.bears), k.Leader("Bodo")
	k.GuardianOf(both.AccountID, "Berta").Of(v.mia).BannedFrom(v.mia)
	k.GuardianOf(chief.AccountID, "Bodo").Of(v.mia).BannedFrom(v.mia)
	next := h.Kita("Nebenan")
	neighbour := next.Leader("Nora")
	next.Group("Wölfe").Child("Ida")
	rows := h.Rows()
	for i := range rows.Children {
		if rows.Children[i].ID == v.mia.ID {
			rows.Children[i].Allergies, rows.Children[i].HealthNotes = miaAllergy, miaNotes
		}
	}
	for i := range rows.Bans {
		rows.Bans[i].Reason = banReason
	}
	rows.EmergencyContacts = append(rows.EmergencyContacts, kita.EmergencyContact{ID: kita.NewID(), KitaID: k.ID, ChildID: v.mia.ID,
		Name: miaContact, Phone: "030 999", Relation: "Oma"})
	h.Live()
	v.accounts = map[string]kita.ID{"operator": op.ID, "provider": speaker.ID, "leader": *lead.AccountID, "educator": *educator.AccountID,
		"other educator": *beekeeper.AccountID, "mum": *v.mum.AccountID, "dad": *dad.AccountID, "other guardian": *other.AccountID,
		"banned guardian": *v.banned.AccountID, "banned educator": *both.AccountID, "banned leader": *chief.AccountID,
		"leader next door": *neighbour.AccountID}
	return v
}

func (v *village) caller(who string) *caller {
	if who == "stranger" {
		return v.stranger()
	}
	return v.as(v.accounts[who])
}

// refused is how those who may not are answered.
func refused(a *answer, who string) {
	a.t.Helper()
	a.what = who + ": " + a.what
	if who == "stranger" {
		a.problem(401, "", "unauthenticated").without(everySecret...)
		return
	}
	a.problem(404, "", "not_found").without(everySecret...)
}

func TestGroupsAreSeenByThoseWhoHaveToDoWithThem(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		bears, bees := v.bears.ID, v.bees.ID
		sees := map[string][]kita.ID{"leader": {bees, bears}, "banned leader": {bees, bears}, "educator": {bears}, "banned educator": {bears},
			"other educator": {bees}, "mum": {bears}, "dad": {bears}, "other guardian": {bees}, "banned guardian": {}}
		for _, who := range everybody {
			c := v.caller(who)
			want, ok := sees[who]
			for _, g := range []kita.ID{bears, bees} {
				a := c.get("/groups/" + string(g))
				if slices.Contains(want, g) {
					a.want(200).without(everySecret...)
				} else {
					refused(a, who)
				}
			}
			switch a := c.get("/groups?kita_id=" + string(v.kita.ID)); {
			case ok:
				if got := a.want(200).without(everySecret...).ids(); !slices.Equal(got, want) {
					t.Errorf("%s sees the groups %v, want %v", who, got, want)
				}
			case who == "leader next door":
				if got := a.want(200).ids(); len(got) != 0 {
					t.Errorf("%s sees the groups %v", who, got)
				}
			default:
				refused(a, who)
			}
		}
	})
}

func TestChildIsShownToEachAsFarAsItIsTheirs(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		type eyes struct {
			holds, hides []string
			guardians    string
		}
		banned := []string{banReason}
		sees := map[string]eyes{
			"leader":   {slices.Concat(healthWords, contactWords, banned), nil, "Ayşe Bernd Berta Bodo Jan"},
			"educator": {slices.Concat(healthWords, []string{mumPhone, dadPhone}), []string{banReason, mumAddress, mumEmail, dadAddress, dadEmail}, "Ayşe Bernd Berta Bodo Jan"},
			"mum":      {healthWords, slices.Concat(contactWords, banned), "Ayşe Jan"},
			"dad":      {healthWords, slices.Concat(contactWords, banned), "Ayşe Jan"},
		}
		for _, who := range everybody {
			c := v.caller(who)
			want, ok := sees[who]
			a := c.get("/children/" + string(v.mia.ID))
			if !ok {
				refused(a, who)
				for _, path := range []string{"/children", "/children?q=Miakind", "/children?kita_id=" + string(v.kita.ID),
					"/children?group_id=" + string(v.bears.ID), "/children?archived=true&day=2027-01-01&limit=100"} {
					if a := c.get(path).without(everySecret...); a.Status == 200 && slices.Contains(a.ids(), v.mia.ID) {
						t.Errorf("%s sees the child at %s", who, path)
					}
				}
				continue
			}
			a.want(200).without(want.hides...)
			for _, w := range want.holds {
				if !strings.Contains(string(a.Raw), w) {
					t.Errorf("%s does not see %q: %s", who, w, a.Raw)
				}
			}
			var d struct {
				Guardians []struct {
					FirstName string `json:"first_name"`
					Banned    *bool
					Custody   *bool
					MayPickUp *bool `json:"may_pick_up"`
				}
				Placements []struct{ Group struct{ Name string } }
			}
			a.into(&d)
			var names []string
			staff := who == "leader" || who == "educator"
			for _, g := range d.Guardians {
				names = append(names, g.FirstName)
				ban := strings.HasPrefix(g.FirstName, "B")
				if (g.Banned != nil) != staff || (g.Custody != nil) != staff {
					t.Errorf("%s sees %s with custody %v and ban %v", who, g.FirstName, g.Custody, g.Banned)
				}
				if staff && (*g.Banned != ban || *g.MayPickUp == ban) {
					t.Errorf("%s sees that %s is banned: %v, and may pick up: %v", who, g.FirstName, *g.Banned, *g.MayPickUp)
				}
			}
			if strings.Join(names, " ") != want.guardians || len(d.Placements) != 1 || d.Placements[0].Group.Name != "Bären" {
				t.Errorf("%s sees the guardians %v and the placements %v", who, names, d.Placements)
			}
			l := c.get("/children?q=miak").want(200).without(slices.Concat(contactWords, banned, []string{miaNotes, miaContact})...)
			if ids := l.ids(); !slices.Equal(ids, []kita.ID{v.mia.ID}) || l.field("items.0.allergies") != miaAllergy || l.field("items.0.group.name") != "Bären" {
				t.Errorf("%s sees on the list: %s", who, l.Raw)
			}
		}
	})
}

func TestParentWhoWorksInTheHouseDoesNotLearnTheOthersNumber(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		bears := k.Group("Bären")
		mia, noah := bears.Child("Mia"), bears.Child("Noah")
		mum := mia.Guardian("Ayşe").Of(noah)
		h.Rows().Guardians[0].Phone, h.Rows().Guardians[0].Address = mumPhone, mumAddress
		colleague, parent, banned, chief := k.Educator("Eda", bears), k.Educator("Paul", bears), k.Educator("Berta", bears), k.Leader("Bodo")
		k.GuardianOf(parent.AccountID, "Paul").Of(mia)
		k.GuardianOf(banned.AccountID, "Berta").BannedFrom(mia)
		k.GuardianOf(chief.AccountID, "Bodo").Of(mia).BannedFrom(mia)
		h.Live()
		if got := h.as(*colleague.AccountID).get("/children/" + string(noah.ID)).want(200).field("guardians.0.phone"); got != mumPhone {
			t.Errorf("an educator cannot ring %s: %v", mum.FirstName, got)
		}
		h.as(*parent.AccountID).get("/children/"+string(mia.ID)).want(200).without(mumPhone, mumAddress)
		for _, who := range []*storetest.StaffB{parent, banned, chief} {
			a := h.as(*who.AccountID).get("/children/"+string(noah.ID)).want(200).without(mumPhone, mumAddress)
			if a.field("guardians.0.first_name") != "Ayşe" || a.field("guardians.0.custody") != true {
				t.Errorf("%s does not learn whose child it is: %s", who.FirstName, a.Raw)
			}
		}
	})
}

func TestWholeKitasEducatorsAreToldOfTheirOwnGroupsHealthOnly(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h, func(k *kita.Kita) { k.EducatorsSeeAll = true })
		c := v.caller("other educator")
		a := c.get("/children/" + string(v.mia.ID)).want(200).without(healthWords...)
		if a.field("allergies") != nil || a.field("health_notes") != nil || a.field("emergency_contacts") != nil {
			t.Errorf("what is not for them is there, and looks as if there was nothing: %s", a.Raw)
		}
		c.get("/children?limit=100").want(200).without(healthWords...)
		if a := c.get("/children/" + string(v.ben.ID)).want(200); a.field("allergies") != "" || a.field("emergency_contacts") == nil {
			t.Errorf("a child of the own group has no allergies, and that is not said: %s", a.Raw)
		}
		v.caller("educator").get("/children/" + string(v.mia.ID)).want(200)
		refused(v.caller("banned educator").get("/children/"+string(v.mia.ID)), "banned educator")
		refused(v.caller("educator").post("/groups", map[string]any{"kita_id": v.kita.ID, "name": "A", "colour": "red", "icon": "bear"}), "educator")
	})
}

func TestEducatorLosesAChildWithItsLastDayInTheGroup(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead, old, fresh := v.caller("leader"), v.caller("educator"), v.caller("other educator")
		path := "/children/" + string(v.mia.ID)
		tomorrow := v.Today.Add(1)
		p := lead.post(path+"/placements", map[string]any{"group_id": v.bees.ID, "from": tomorrow}).want(201)
		if p.field("to") != nil || p.field("group_id") != string(v.bees.ID) {
			t.Errorf("the placement is %s", p.Raw)
		}
		old.get(path).want(200)
		fresh.get(path).want(200)
		if a := fresh.get("/children?group_id=" + string(v.bees.ID)).want(200); slices.Contains(a.ids(), v.mia.ID) {
			t.Errorf("the child is in the new group a day early: %s", a.Raw)
		}
		if a := fresh.get("/children?day=" + string(tomorrow) + "&group_id=" + string(v.bees.ID)).want(200); !slices.Contains(a.ids(), v.mia.ID) {
			t.Errorf("the child is not in the new group on the day: %s", a.Raw)
		}
		v.clock.Advance(24 * 60 * 60 * 1e9)
		refused(old.get(path), "educator")
		if a := old.get("/children?archived=true&day=" + string(v.Today)).want(200); len(a.ids()) != 0 {
			t.Errorf("asking for yesterday brings the child back: %s", a.Raw)
		}
		if a := fresh.get("/children?group_id=" + string(v.bees.ID)).want(200); !slices.Contains(a.ids(), v.mia.ID) {
			t.Errorf("the child is not in the new group: %s", a.Raw)
		}
		lead.remove("/placements/" + p.field("id").(string) + "?resume=true").want(204)
		old.get(path).want(200)
		refused(fresh.get(path), "other educator")
	})
}

func TestOnlyLeadersOfTheKitaChangeGroupsAndChildren(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		placement := v.caller("leader").get("/children/" + string(v.mia.ID)).want(200).field("placements.0.id").(string)
		closing := v.caller("leader").post("/closing-days", map[string]any{"kita_id": v.kita.ID, "day": "2026-12-27", "name": "Team"}).want(201).field("id").(string)
		group, mia := "/groups/"+string(v.bears.ID), "/children/"+string(v.mia.ID)
		type write struct {
			method, path string
			body         any
			status       int
		}
		writes := []write{
			{"POST", "/groups", map[string]any{"kita_id": v.kita.ID, "name": "Igel", "colour": "red", "icon": "bear"}, 201},
			{"PATCH", group, map[string]any{"name": "Braunbären"}, 200},
			{"PUT", group + "/archived", map[string]any{"archived": true}, 409},
			{"POST", "/children", map[string]any{"kita_id": v.kita.ID, "first_name": "Neu", "last_name": "Neu", "born": "2023-01-01", "group_id": v.bears.ID}, 201},
			{"PATCH", mia, map[string]any{"first_name": "Miakind"}, 200},
			{"PUT", mia + "/emergency-contacts", map[string]any{"contacts": []any{map[string]any{"name": miaContact, "phone": "030 1"}}}, 200},
			{"POST", mia + "/placements", map[string]any{"group_id": v.bees.ID, "from": "2027-08-01"}, 201},
			{"PUT", "/placements/" + placement, map[string]any{"group_id": v.bears.ID, "from": "2025-01-01", "to": "2027-07-31"}, 200},
			{"POST", "/placements/move", map[string]any{"kita_id": v.kita.ID, "from": "2027-03-01", "moves": []any{map[string]any{"child_id": v.mia.ID, "group_id": v.bees.ID}}}, 409},
			{"DELETE", "/placements/" + placement, nil, 204},
			{"PUT", mia + "/archived", map[string]any{"archived": true}, 200},
			{"POST", "/closing-days", map[string]any{"kita_id": v.kita.ID, "day": "2026-12-28", "name": "Team"}, 201},
			{"DELETE", "/closing-days/" + closing, nil, 204},
		}
		ofMia := func(w write) bool {
			raw, _ := json.Marshal(w.body)
			return strings.Contains(w.path+string(raw), string(v.mia.ID)) || strings.Contains(w.path, placement)
		}
		lead := v.caller("leader")
		everything := func() string {
			all := ""
			for _, path := range []string{group, mia, "/groups?archived=true", "/children?archived=true", "/calendar?from=2026-12-01&to=2026-12-31&kita_id=" + string(v.kita.ID)} {
				all += string(lead.get(path).want(200).Raw)
			}
			return all
		}
		for _, w := range writes {
			before := everything()
			for _, who := range everybody {
				correction := strings.HasPrefix(w.path, mia) && (w.method == "PATCH" || strings.HasSuffix(w.path, "contacts"))
				switch {
				case who == "leader", who == "banned leader" && !ofMia(w), (who == "mum" || who == "dad") && correction:
				case who == "banned leader" && w.path == "/placements/move":
					v.caller(who).do(w.method, w.path, w.body).problem(422, "moves[0].child_id", "id.unknown")
				default:
					refused(v.caller(who).do(w.method, w.path, w.body), who)
				}
			}
			if after := everything(); after != before {
				t.Fatalf("%s %s was refused, and yet\n%s\nbecame\n%s", w.method, w.path, before, after)
			}
			lead.do(w.method, w.path, w.body).want(w.status)
		}
		lead.patch(group, map[string]any{"colour": "mauve", "icon": "bear"}).problem(422, "colour", "group.colour")
	})
}

func TestGuardianCorrectsTheOwnChildsHealthAndContacts(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		mum, path := v.caller("mum"), "/children/"+string(v.mia.ID)
		a := mum.patch(path, map[string]any{"allergies": " Nüsse\nMilch ", "health_notes": "Brille"}).want(200).without(dadWords...).without(banReason)
		if a.field("allergies") != "Nüsse\nMilch" || a.field("health_notes") != "Brille" || a.field("first_name") != "Miakind" {
			t.Errorf("the corrected child is %s", a.Raw)
		}
		mum.patch(path, map[string]any{"allergies": "Alles", "born": "2022-02-02"}).problem(422, "born", "child.leader_only")
		if got := mum.get(path).want(200).field("allergies"); got != "Nüsse\nMilch" {
			t.Errorf("half of a refused correction was kept: %v", got)
		}
		mum.patch(path, map[string]any{"kita_id": kita.NewID()}).problem(422, "kita_id", "field.unknown")
		l := mum.put(path+"/emergency-contacts", map[string]any{"contacts": []any{
			map[string]any{"name": "Oma Erna", "phone": "030 123456", "relation": "Oma"}, map[string]any{"name": "Nachbar", "phone": "0170 123"}}}).want(200)
		if l.field("items.0.name") != "Oma Erna" || l.field("items.1.name") != "Nachbar" {
			t.Errorf("the list is %s", l.Raw)
		}
		mum.put(path+"/emergency-contacts", map[string]any{"contacts": []any{map[string]any{"name": "X", "phone": "030 123456"}, map[string]any{"name": "Y", "phone": "ruf an"}}}).
			problem(422, "contacts[1].phone", "phone.malformed")
		for _, bad := range []string{`{}`, `{"contacts":null}`, `{"contacts":[null]}`} {
			if s := mum.put(path+"/emergency-contacts", bad).Status; s != 422 {
				t.Errorf("%s as a list of contacts: %d", bad, s)
			}
		}
		if got := v.caller("educator").get(path).want(200).without(miaContact).field("emergency_contacts.1.phone"); got != "0170 123" {
			t.Errorf("the educator reads %v", got)
		}
		refused(v.caller("educator").patch(path, map[string]any{"allergies": "keine"}), "educator")
		refused(mum.patch("/children/"+string(v.ben.ID), map[string]any{"allergies": "keine"}), "mum")
	})
}

func TestReadingAChildLeavesALine(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		v.caller("educator").get("/children/" + string(v.mia.ID)).want(200)
		refused(v.caller("other educator").get("/children/"+string(v.mia.ID)), "other educator")
		a := v.caller("leader").get("/audit?kita_id=" + string(v.kita.ID)).want(200)
		if len(a.ids()) != 1 || a.field("items.0.action") != "child.read" || a.field("items.0.subject_id") != string(v.mia.ID) ||
			a.field("items.0.account_id") != string(v.accounts["educator"]) {
			t.Errorf("the log is %s", a.Raw)
		}
	})
}

func TestChildIsTakenInOnceHoweverOftenItIsSent(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead := v.caller("leader")
		body := map[string]any{"id": kita.NewID(), "kita_id": v.kita.ID, "number": "K-99", "first_name": " Zoë  Marie", "last_name": "Ünal",
			"born": "2023-05-01", "allergies": "keine", "group_id": v.bees.ID, "from": "2027-01-01"}
		a := lead.post("/children", body).want(201)
		if a.field("first_name") != "Zoë Marie" || a.field("placements.0.from") != "2027-01-01" || a.field("group") != nil {
			t.Errorf("the new child is %s", a.Raw)
		}
		v.clock.Advance(24 * 60 * 60 * 1e9)
		lead.post("/children", body).want(200)
		body["last_name"] = "Anders"
		lead.post("/children", body).problem(409, "id", "id.taken")
		delete(body, "id")
		lead.post("/children", body).problem(409, "number", "child.number_taken")
		body["number"] = ""
		for _, bad := range []struct {
			field, value, at, code string
		}{
			{"born", "1990-01-01", "born", "child.born"}, {"born", "2023-02-30", "born", "day.malformed"},
			{"group_id", string(kita.NewID()), "group_id", "id.unknown"}, {"from", "0001-01-01", "from", "day.out_of_range"},
			{"first_name", "A\u0000B", "first_name", "text.characters"}, {"allergies", strings.Repeat("x", 2001), "allergies", "text.too_long"},
		} {
			was := body[bad.field]
			body[bad.field] = bad.value
			lead.post("/children", body).problem(422, bad.at, bad.code)
			body[bad.field] = was
		}
		if n := len(lead.get("/children?limit=100").want(200).ids()); n != 3 {
			t.Errorf("%d children, want the three good ones", n)
		}
		body["id"] = v.mia.ID
		lead.post("/children", body).problem(409, "id", "id.taken")
	})
}

func TestMoveOverHTTPNamesWhatStandsInTheWay(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead, path := v.caller("leader"), "/children/"+string(v.mia.ID)+"/placements"
		body := map[string]any{"id": kita.NewID(), "group_id": v.bees.ID, "from": "2027-08-01"}
		lead.post(path, body).want(201)
		lead.post(path, body).want(200)
		a := lead.post(path, map[string]any{"group_id": v.bees.ID, "from": "2027-09-01"}).problem(409, "group_id", "placement.same_group")
		foxes := lead.post("/groups", map[string]any{"kita_id": v.kita.ID, "name": "Füchse", "colour": "orange", "icon": "fox"}).want(201).field("id")
		a = lead.post(path, map[string]any{"group_id": foxes, "from": "2027-03-01"}).problem(409, "to", "placement.overlaps")
		if detail := fmt.Sprint(a.field("detail")); !strings.Contains(detail, "2027-08-01") || !strings.Contains(detail, "Bienen") {
			t.Errorf("what stands in the way is not named: %s", detail)
		}
		lead.post(path, map[string]any{"group_id": foxes, "from": "2027-03-01", "to": "2027-02-28"}).problem(422, "to", "placement.to_before_from")
		lead.post(path, map[string]any{"group_id": foxes, "from": "1.8.2027"}).problem(422, "from", "day.malformed")
		year := map[string]any{"id": kita.NewID(), "kita_id": v.kita.ID, "from": "2028-08-01", "moves": []any{
			map[string]any{"child_id": v.mia.ID, "group_id": foxes}, map[string]any{"child_id": v.ben.ID, "group_id": foxes}}}
		if n := len(lead.post("/placements/move", year).want(201).ids()); n != 2 {
			t.Errorf("%d children moved", n)
		}
		lead.post("/placements/move", year).want(200)
		year["moves"] = []any{}
		lead.post("/placements/move", year).problem(422, "moves", "text.required")
		list := lead.get("/children?day=2028-08-01&group_id=" + fmt.Sprint(foxes)).want(200)
		if !slices.Equal(list.ids(), []kita.ID{v.ben.ID, v.mia.ID}) {
			t.Errorf("in the new group: %s", list.Raw)
		}
	})
}

func TestChildListRefusesWhatItCannotRead(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead := v.caller("leader")
		for _, c := range []struct{ query, field, code string }{
			{"q=" + url.QueryEscape("a\x00b"), "q", "text.characters"}, {"q=%ff", "q", "text.characters"},
			{"day=gestern", "day", "day.malformed"}, {"limit=101", "limit", "number.max"}, {"kita_id=1", "kita_id", "id.malformed"},
			{"after=!", "after", "page.cursor"}, {"after=" + "_wD_AP8", "after", "page.cursor"}, {"sort=born", "sort", "field.unknown"},
		} {
			lead.get("/children?"+c.query).problem(422, c.field, c.code)
		}
		for _, q := range []string{"%", "_", "!", "'", `\`, "a%a"} {
			if a := lead.get("/children?q=" + url.QueryEscape(q)).want(200); len(a.ids()) != 0 {
				t.Errorf("%q finds %s", q, a.Raw)
			}
		}
	})
}
