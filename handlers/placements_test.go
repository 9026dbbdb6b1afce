package handlers_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
)

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

func TestMoveOverHTTPNamesWhatStandsInTheWay(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead, path := v.caller("leader"), "/children/"+string(v.mia.ID)+"/placements"
		body := map[string]any{"id": kita.NewID(), "group_id": v.bees.ID, "from": "2027-08-01"}
		lead.post(path, body).want(201)
		lead.post(path, body).want(200)
		lead.post(path, map[string]any{"group_id": v.bees.ID, "from": "2027-09-01"}).problem(409, "group_id", "placement.same_group")
		foxes := lead.post("/groups", map[string]any{"kita_id": v.kita.ID, "name": "Füchse", "colour": "orange", "icon": "fox"}).want(201).field("id")
		a := lead.post(path, map[string]any{"group_id": foxes, "from": "2027-03-01"}).problem(409, "to", "placement.overlaps")
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
