package handlers_test

import (
	"testing"

	"morgenkreis/kita"
)

func TestTeamIsAnsweredByRole(t *testing.T) {
	onEachStreet(t, func(h *street) {
		for i := range h.Rows().Staff {
			h.Rows().Staff[i].Phone, h.Rows().Staff[i].Email = "030 4711", "geheim@kita.example"
		}
		h.Live()
		list := h.path("/staff?kita_id=", h.k.ID)
		callers := h.others()
		callers["leader"] = h.leader()
		for name, want := range map[string]struct {
			n    int
			full bool
		}{
			"leader": {4, true}, "operator": {4, true}, "provider": {4, true}, "educator": {4, false}, "guardian": {1, false},
			"leader next door": {0, false}, "guardian next door": {0, false},
		} {
			a := callers[name].get(list).want(200)
			if got := len(a.ids()); got != want.n {
				t.Errorf("%s sees %d", name, got)
			}
			if !want.full {
				a.without("030 4711", "geheim@", "group_ids", "signed_in", "email", "language")
			} else if a.field("items.0.phone") != "030 4711" || a.field("items.0.signed_in") != true || a.field("items.0.group_ids.0") != string(h.bears.ID) {
				t.Errorf("%s sees %s", name, a.Raw)
			}
		}
		h.stranger().get(list).problem(401, "", "unauthenticated")
	})
}

func TestTeamIsKept(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		for _, c := range []*caller{h.leader(), h.as(h.speaker.ID), h.as(h.operator.ID)} {
			body := map[string]any{"id": kita.NewID(), "kita_id": h.k.ID, "first_name": "Nele", "last_name": "Neu", "role": "educator", "group_ids": []kita.ID{h.bears.ID}}
			made := c.post("/staff", body).want(201)
			c.post("/staff", body).want(200)
			path := "/staff/" + made.field("id").(string)
			c.patch(path, map[string]any{"role": "operator"}).problem(422, "role", "staff.role")
			c.patch(path, map[string]any{"email": "n@kita.example", "role": "leader"}).want(200)
			c.put(path+"/groups", map[string]any{"group_ids": []kita.ID{}}).want(200)
			c.put(path+"/groups", map[string]any{"group_ids": []kita.ID{h.bears.ID, h.bears.ID}}).problem(422, "group_ids", "list.twice")
			c.put(path+"/groups", map[string]any{"group_ids": []kita.ID{kita.NewID()}}).problem(422, "group_ids", "id.unknown")
			if got := c.put(path+"/archived", map[string]any{"archived": true}).want(200); got.field("archived_at") == nil || got.field("email") != "n@kita.example" {
				t.Errorf("archived: %s", got.Raw)
			}
		}
		path := h.path("/staff/", h.edda.ID)
		for _, who := range []string{"educator", "guardian", "leader next door", "guardian next door"} {
			c := h.others()[who]
			c.post("/staff", map[string]any{"kita_id": h.k.ID, "first_name": "A", "last_name": "B", "role": "leader"}).problem(404, "", "not_found")
			c.patch(path, map[string]any{"role": "leader"}).problem(404, "", "not_found")
			c.put(path+"/groups", map[string]any{"group_ids": []kita.ID{}}).problem(404, "", "not_found")
			c.put(path+"/archived", map[string]any{"archived": true}).problem(404, "", "not_found")
		}
	})
}

func TestWhoLeavesIsOutWithTheNextRequest(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		edda := h.as(*h.edda.AccountID)
		edda.get("/session").want(200)
		h.leader().put(h.path("/staff/", h.edda.ID, "/archived"), map[string]any{"archived": true}).want(200)
		edda.get("/session").problem(401, "", "unauthenticated")
		h.leader().put(h.path("/staff/", h.deputy.ID, "/archived"), map[string]any{"archived": true}).want(200)
		h.leader().put(h.path("/staff/", h.lead.ID, "/archived"), map[string]any{"archived": true}).problem(409, "", "staff.last_leader")
		h.leader().patch(h.path("/staff/", h.lead.ID), map[string]any{"role": "educator"}).problem(409, "", "staff.last_leader")
		h.as(h.speaker.ID).put(h.path("/staff/", h.lead.ID, "/archived"), map[string]any{"archived": true}).want(200)
	})
}
