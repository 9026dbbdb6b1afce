package handlers_test

import (
	"strings"
	"testing"

	"morgenkreis/kita"
)

const order = "Beschluss vom Familiengericht Geheimzeichen 12 F 7"

func TestBannedGuardianSeesNothingFromThatSecondOn(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		lead, dad := h.leader(), h.as(*h.dad.AccountID)
		lead.post("/notices", map[string]any{"kita_id": h.k.ID, "kind": "news", "title": "Mia Kanarienvogel", "body": "B",
			"audience": map[string]any{"kind": "children", "targets": []kita.ID{h.mia.ID}}}).want(201)
		look := []string{"/notices", h.path("/children?kita_id=", h.k.ID), h.path("/guardians?kita_id=", h.k.ID), "/absences", h.path("/staff?kita_id=", h.k.ID), h.path("/children/", h.mia.ID)}
		seen := ""
		for _, path := range look {
			seen += string(dad.get(path).want(200).Raw)
		}
		for _, word := range []string{"Kanarienvogel", "Mia", "Edda", string(h.mia.ID)} {
			if !strings.Contains(seen, word) {
				t.Errorf("before the ban he does not see %q", word)
			}
		}
		ban := map[string]any{"id": kita.NewID(), "guardian_id": h.dad.ID, "child_id": h.mia.ID, "reason": order}
		made := lead.post("/bans", ban).want(201)
		if made.field("reason") != order || made.field("guardian") != "Dad Muster" || made.field("entered_by_name") != "Lea Team" {
			t.Errorf("made %s", made.Raw)
		}
		for _, path := range look {
			dad.get(path).without("Kanarienvogel", "Mia", "Edda", string(h.mia.ID), "Geheimzeichen")
		}
		dad.get(h.path("/bans?kita_id=", h.k.ID)).problem(404, "", "not_found")
		h.as(*h.mum.AccountID).get(look[0]).want(200).without("Geheimzeichen")
		lead.post("/bans", ban).want(200)
		ban["id"] = kita.NewID()
		lead.post("/bans", ban).problem(409, "", "ban.active")
	})
}

func TestBansAreAnsweredByRole(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		h.leader().post("/bans", map[string]any{"guardian_id": h.dad.ID, "child_id": h.mia.ID, "reason": order}).want(201)
		list := h.path("/bans?kita_id=", h.k.ID)
		if a := h.as(*h.deputy.AccountID).get(list).want(200); a.field("items.0.reason") != order || a.field("items.0.entered_by") != string(*h.lead.AccountID) {
			t.Errorf("a leader sees %s", a.Raw)
		}
		edda := h.as(*h.edda.AccountID).get(list).want(200).without("Geheimzeichen", "Lea", string(*h.lead.AccountID), "reason")
		if edda.field("items.0.guardian") != "Dad Muster" || edda.field("items.0.child_id") != string(h.mia.ID) {
			t.Errorf("an educator sees %s", edda.Raw)
		}
		if ids := h.as(*h.igor.AccountID).get(list).want(200).ids(); len(ids) != 0 {
			t.Errorf("an educator of another group sees %v", ids)
		}
		op := h.as(h.operator.ID).get(list).want(200).without("Geheimzeichen", "Dad", "Mia", "Muster", string(h.dad.ID), string(h.mia.ID))
		if op.field("items.0.entered_at") == nil || op.field("items.0.kita_id") != string(h.k.ID) {
			t.Errorf("the operator sees %s", op.Raw)
		}
		for _, who := range []string{"guardian", "leader next door", "guardian next door", "provider"} {
			h.others()[who].get(list).problem(404, "", "not_found")
		}
		log := h.leader().get(h.path("/audit?kita_id=", h.k.ID)).want(200)
		if log.field("items.0.action") != "ban.list" {
			t.Errorf("the log holds %s", log.Raw)
		}
		for _, x := range []struct {
			guardian, child kita.ID
			reason          string
			field, code     string
		}{
			{h.tina.ID, h.mia.ID, order, "guardian_id", "id.unknown"}, {h.dad.ID, h.tom.ID, order, "child_id", "id.unknown"},
			{kita.NewID(), h.mia.ID, order, "guardian_id", "id.unknown"}, {"4711", h.mia.ID, order, "guardian_id", "id.malformed"},
			{h.mum.ID, h.mia.ID, "  ", "reason", "text.required"}, {h.mum.ID, h.mia.ID, strings.Repeat("x", 1001), "reason", "text.too_long"},
		} {
			h.leader().post("/bans", map[string]any{"guardian_id": x.guardian, "child_id": x.child, "reason": x.reason}).problem(422, x.field, x.code)
		}
		for name, c := range h.others() {
			a := c.post("/bans", map[string]any{"guardian_id": h.mum.ID, "child_id": h.mia.ID, "reason": order})
			if name == "leader next door" {
				a.problem(422, "child_id", "id.unknown")
				continue
			}
			a.problem(404, "", "not_found")
		}
	})
}

func TestBanEndsWithASecondLeaderOrTheOperator(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		lead := h.leader()
		enter := func() string {
			return "/bans/" + lead.post("/bans", map[string]any{"guardian_id": h.dad.ID, "child_id": h.mia.ID, "reason": order}).want(201).field("id").(string) + "/lift"
		}
		lift := enter()
		for name, c := range h.others() {
			if name != "operator" {
				c.post(lift, nil).problem(404, "", "not_found")
			}
		}
		asked := lead.post(lift, nil).want(200)
		if asked.field("lift_requested_by") != string(*h.lead.AccountID) || asked.field("lifted_at") != nil {
			t.Errorf("asked: %s", asked.Raw)
		}
		lead.post(lift, nil).problem(409, "", "ban.needs_second_leader")
		h.as(*h.dad.AccountID).get(h.path("/children/", h.mia.ID)).problem(404, "", "not_found")
		ended := h.as(*h.deputy.AccountID).post(lift, nil).want(200)
		if ended.field("lifted_by") != string(*h.deputy.AccountID) {
			t.Errorf("ended: %s", ended.Raw)
		}
		h.as(*h.dad.AccountID).get(h.path("/children/", h.mia.ID)).want(200)
		lead.post(lift, nil).problem(409, "", "ban.lifted_already")
		lift = enter()
		h.as(h.operator.ID).post(lift, nil).want(200).without("Geheimzeichen", "Dad", "Mia")
		h.as(*h.dad.AccountID).get(h.path("/children/", h.mia.ID)).want(200)
		lead.post(h.path("/bans/", kita.NewID(), "/lift"), nil).problem(404, "", "not_found")
	})
}
