package handlers_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
)

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

func TestTeamKnowsItsOwnGroupsAmongAllItSees(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		v.caller("leader").patch("/kitas/"+string(v.kita.ID), map[string]any{"educators_see_all": true}).want(200)
		for who, want := range map[string][]bool{"educator": {false, true}, "other educator": {true, false}, "leader": {false, false}, "mum": {false}} {
			var groups struct{ Items []struct{ Mine bool } }
			v.caller(who).get("/groups?kita_id=" + string(v.kita.ID)).want(200).into(&groups)
			got := []bool{}
			for _, g := range groups.Items {
				got = append(got, g.Mine)
			}
			if !slices.Equal(got, want) {
				t.Errorf("to %s the groups are their own: %v, want %v", who, got, want)
			}
		}
	})
}
