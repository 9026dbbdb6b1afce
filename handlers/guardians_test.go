package handlers_test

import (
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// street is a kita with a family of two parents, and a kita next door, for the nouns of people.
type street struct {
	*house
	operator, speaker   kita.Account
	provider            kita.Provider
	k, next             *storetest.KitaB
	bears               *storetest.GroupB
	mia, tom            *storetest.ChildB
	mum, dad, tina      *storetest.GuardianB
	lead, deputy        *storetest.StaffB
	edda, igor, foreign *storetest.StaffB
}

func onEachStreet(t *testing.T, f func(h *street)) {
	t.Helper()
	onEachEngine(t, func(h *house) {
		x := &street{house: h}
		x.operator = h.Operator("Olga")
		x.provider, x.speaker = h.Provider("Träger")
		x.k, x.next = h.KitaOf(x.provider, "Sonnenschein"), h.Kita("Nebenan")
		x.bears = x.k.Group("Bären")
		x.mia, x.tom = x.bears.Child("Mia"), x.next.Group("Mäuse").Child("Tom")
		x.mum, x.dad, x.tina = x.mia.Guardian("Mum"), x.mia.Guardian("Dad"), x.tom.Guardian("Tina")
		x.lead, x.deputy, x.edda = x.k.Leader("Lea"), x.k.Leader("Ludo"), x.k.Educator("Edda", x.bears)
		x.igor, x.foreign = x.k.Educator("Igor", x.k.Group("Igel")), x.next.Leader("Luna")
		for i := range x.Rows().Guardians {
			g := &x.Rows().Guardians[i]
			g.Address, g.Email = "Geheimweg 7", "geheim@home.example"
		}
		f(x)
	})
}

func (h *street) leader() *caller { return h.as(*h.lead.AccountID) }

// others are those who keep no records in the kita.
func (h *street) others() map[string]*caller {
	return map[string]*caller{"educator": h.as(*h.edda.AccountID), "educator of another group": h.as(*h.igor.AccountID),
		"guardian": h.as(*h.dad.AccountID), "leader next door": h.as(*h.foreign.AccountID), "guardian next door": h.as(*h.tina.AccountID),
		"operator": h.as(h.operator.ID), "provider": h.as(h.speaker.ID)}
}

func (h *street) path(parts ...any) string {
	s := ""
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			s += p
		case kita.ID:
			s += string(p)
		}
	}
	return s
}

func TestGuardiansAreAnsweredByRole(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		list, one := h.path("/guardians?kita_id=", h.k.ID), h.path("/guardians/", h.mum.ID)
		for name, want := range map[string]struct {
			ids    int
			status int
			phone  any
			secret bool
			signed any
		}{
			"leader": {2, 200, "0170 5550100", true, true}, "educator": {2, 200, "0170 5550100", false, nil}, "educator of another group": {0, 404, nil, false, nil},
			"guardian": {1, 404, nil, false, nil}, "leader next door": {0, 404, nil, false, nil}, "guardian next door": {0, 404, nil, false, nil},
		} {
			c := h.others()[name]
			if name == "leader" {
				c = h.leader()
			}
			all := c.get(list).want(200)
			if got := len(all.ids()); got != want.ids {
				t.Errorf("%s sees %d", name, got)
			}
			a := c.get(one).want(want.status)
			if want.status == 404 {
				a.problem(404, "", "not_found").without("Mum", "0170 ", "Geheim")
				continue
			}
			if !want.secret {
				a.without("Geheim", "geheim@", "signed_in", "address", "email")
				all.without("Geheim", "geheim@", "signed_in", "address", "email")
			}
			if a.field("phone") != want.phone || a.field("signed_in") != want.signed || a.field("children.0.child_id") != string(h.mia.ID) {
				t.Errorf("%s sees %s", name, a.Raw)
			}
		}
		self := h.as(*h.mum.AccountID).get(one).want(200)
		if self.field("address") != "Geheimweg 7" || self.field("signed_in") != nil {
			t.Errorf("mum sees of herself %s", self.Raw)
		}
		for _, who := range []string{"operator", "provider"} {
			h.others()[who].get(list).problem(404, "", "not_found")
			h.others()[who].get(one).problem(404, "", "not_found")
		}
		log := h.leader().get(h.path("/audit?kita_id=", h.k.ID)).want(200)
		if log.field("items.0.action") != "guardian.read" || log.field("items.0.subject_id") != string(h.mum.ID) {
			t.Errorf("the log holds %s", log.Raw)
		}
	})
}

func TestGuardianIsOpenedChangedTiedAndArchived(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		c := h.leader()
		body := map[string]any{"id": kita.NewID(), "kita_id": h.k.ID, "first_name": " Gül ", "last_name": "Öz", "email": " g@home.example ", "language": "tr"}
		made := c.post("/guardians", body).want(201)
		if made.field("first_name") != "Gül" || made.field("email") != "g@home.example" || made.field("signed_in") != false {
			t.Errorf("made %s", made.Raw)
		}
		c.post("/guardians", body).want(200)
		body["last_name"] = "Anders"
		c.post("/guardians", body).problem(409, "id", "id.taken")
		id := made.field("id").(string)
		path, tie := "/guardians/"+id, h.path("/guardians/", id, "/children/", h.mia.ID)
		rights := map[string]any{"relation": "grandparent", "custody": false, "may_pick_up": true, "receives_notices": true}
		c.put(tie, rights).want(200)
		got := c.get(path).want(200)
		if got.field("children.0.relation") != "grandparent" || got.field("children.0.may_pick_up") != true || got.field("children.0.custody") != false {
			t.Errorf("tied %s", got.Raw)
		}
		c.put(tie, map[string]any{"relation": "grandparent"}).problem(422, "custody", "text.required")
		c.put(tie, map[string]any{"relation": "boss", "custody": false, "may_pick_up": true, "receives_notices": true}).problem(422, "relation", "guardian.relation")
		c.put(h.path("/guardians/", id, "/children/", h.tom.ID), rights).problem(404, "", "not_found")
		c.put(h.path("/guardians/", h.tina.ID, "/children/", h.mia.ID), rights).problem(404, "", "not_found")
		c.patch(path, map[string]any{"phone": "110x"}).problem(422, "phone", "phone.malformed")
		c.patch(path, map[string]any{"kita_id": h.next.ID}).problem(422, "kita_id", "field.unknown")
		c.patch(path, map[string]any{"last_name": "Öztürk"}).want(200)
		for name, other := range h.others() {
			other.post("/guardians", map[string]any{"kita_id": h.k.ID, "first_name": "A", "last_name": "B"}).problem(404, "", "not_found")
			other.patch(path, map[string]any{"phone": "030 1234"}).problem(404, "", "not_found")
			other.put(tie, rights).problem(404, "", "not_found")
			other.remove(tie).problem(404, "", "not_found")
			other.put(path+"/archived", map[string]any{"archived": true}).problem(404, "", "not_found")
			if got := c.get(path).field("phone"); got != "" {
				t.Errorf("%s has set the phone to %v", name, got)
			}
		}
		c.remove(tie).want(204)
		c.remove(tie).problem(404, "", "not_found")
		c.put(path+"/archived", map[string]any{"archived": true}).want(200)
		if ids := c.get(h.path("/guardians?q=özt&kita_id=", h.k.ID)).ids(); len(ids) != 0 {
			t.Errorf("archived ones are listed: %v", ids)
		}
		if ids := c.get(h.path("/guardians?archived=true&q=özt&kita_id=", h.k.ID)).ids(); len(ids) != 1 {
			t.Errorf("archived ones are not found: %v", ids)
		}
	})
}

func TestGuardianKeepsTheirOwnContact(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		c, path := h.as(*h.mum.AccountID), h.path("/guardians/", h.mum.ID)
		got := c.patch(path, map[string]any{"phone": "0171 99", "address": "Neu 1", "language": "uk", "email": ""}).want(200)
		if got.field("phone") != "0171 99" || got.field("address") != "Neu 1" || got.field("email") != "" || got.field("language") != "uk" {
			t.Errorf("kept %s", got.Raw)
		}
		c.patch(path, map[string]any{"first_name": "Max"}).problem(422, "first_name", "guardian.leader_only")
		c.patch(h.path("/guardians/", h.dad.ID), map[string]any{"phone": "0171 1"}).problem(404, "", "not_found")
		c.put(path+"/archived", map[string]any{"archived": true}).problem(404, "", "not_found")
	})
}

func TestListsOfPeopleRefuseWhatTheyDoNotUnderstand(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		c, k := h.leader(), string(h.k.ID)
		for _, x := range []struct{ path, field, code string }{
			{"/guardians", "kita_id", "text.required"}, {"/staff", "kita_id", "text.required"}, {"/bans", "kita_id", "text.required"},
			{"/guardians?kita_id=4711", "kita_id", "id.malformed"}, {"/guardians?kita_id=" + k + "&limit=0", "limit", "number.min"},
			{"/guardians?kita_id=" + k + "&limit=1000", "limit", "number.max"}, {"/guardians?kita_id=" + k + "&after=%21", "after", "page.cursor"},
			{"/staff?kita_id=" + k + "&after=_w", "after", "page.cursor"}, {"/guardians?kita_id=" + k + "&q=%00", "q", "text.characters"},
			{"/guardians?kita_id=" + k + "&q=%ff", "q", "text.characters"}, {"/bans?kita_id=" + k + "&after=x", "after", "page.cursor"},
			{"/invitations", "kita_id", "text.required"}, {"/invitations?kita_id=" + k + "&provider_id=" + k, "kita_id", "text.required"},
		} {
			a := c.get(x.path)
			a.problem(422, x.field, x.code)
		}
		first := c.get("/guardians?limit=1&kita_id=" + k).want(200)
		second := c.get("/guardians?limit=1&kita_id=" + k + "&after=" + first.field("next").(string)).want(200)
		if first.ids()[0] == second.ids()[0] || second.field("next") != nil {
			t.Errorf("pages: %s %s", first.Raw, second.Raw)
		}
	})
}
