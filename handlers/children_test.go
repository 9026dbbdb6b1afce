package handlers_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

func TestChildIsShownToEachAsFarAsItIsTheirs(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		h.Device(*v.mum.AccountID, "https://updates.push.services.mozilla.com/wpush/v2/a", "p", "a")
		h.Live()
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
					Receives  *bool `json:"receives_notices"`
					SignedIn  *bool `json:"signed_in"`
					HasDevice *bool `json:"has_device"`
				}
				Placements []struct{ Group struct{ Name string } }
			}
			a.into(&d)
			var names []string
			staff := who == "leader" || who == "educator"
			for _, g := range d.Guardians {
				names = append(names, g.FirstName)
				ban := strings.HasPrefix(g.FirstName, "B")
				if (g.Banned != nil) != staff || (g.Custody != nil) != staff || (g.Receives != nil) != staff {
					t.Errorf("%s sees %s with custody %v and ban %v", who, g.FirstName, g.Custody, g.Banned)
				}
				if leads := who == "leader"; (g.SignedIn != nil) != leads || (g.HasDevice != nil) != leads {
					t.Errorf("%s sees of %s that they are signed in: %v, with a device: %v", who, g.FirstName, g.SignedIn, g.HasDevice)
				} else if leads && (!*g.SignedIn || *g.HasDevice != (g.FirstName == "Ayşe")) {
					t.Errorf("the leader is told that %s is signed in: %v, with a device: %v", g.FirstName, *g.SignedIn, *g.HasDevice)
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
