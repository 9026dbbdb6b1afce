package handlers_test

import (
	"testing"

	"morgenkreis/kita"
)

func TestCalendarIsForEverybodyInTheKitaAndForNobodyElse(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		lead := v.caller("leader")
		body := map[string]any{"id": kita.NewID(), "kita_id": v.kita.ID, "day": "2026-12-28", "name": "Zwischen den Jahren"}
		lead.post("/closing-days", body).want(201)
		lead.post("/closing-days", body).want(200)
		body["name"] = "Anders"
		lead.post("/closing-days", body).problem(409, "id", "id.taken")
		delete(body, "id")
		lead.post("/closing-days", body).problem(409, "day", "closing_day.taken")
		body["day"] = "2026-12-25"
		christmas := lead.post("/closing-days", body).want(201).field("id")
		body["day"] = "0020-12-25"
		lead.post("/closing-days", body).problem(422, "day", "day.out_of_range")
		path := "/calendar?kita_id=" + string(v.kita.ID) + "&from=2026-12-01&to=2026-12-31"
		for _, who := range everybody {
			a := v.caller(who).get(path)
			if who == "leader next door" || who == "stranger" {
				refused(a, who)
				continue
			}
			a.want(200)
			want := []string{"2026-12-25 holiday", "2026-12-25 closing_day", "2026-12-26 holiday", "2026-12-28 closing_day"}
			var l struct {
				Items []struct{ Day, Kind, Name string }
			}
			a.into(&l)
			for i, item := range l.Items {
				if len(l.Items) != len(want) || item.Day+" "+item.Kind != want[i] || item.Name == "" {
					t.Fatalf("%s reads %s", who, a.Raw)
				}
			}
		}
		lead.remove("/closing-days/" + christmas.(string)).want(204)
		lead.remove("/closing-days/"+christmas.(string)).problem(404, "", "not_found")
		for _, c := range []struct{ from, to, field, code string }{
			{"2026-01-01", "2027-02-05", "to", "calendar.range"}, {"2026-01-02", "2026-01-01", "to", "calendar.range"},
			{"2026-02-30", "2026-03-01", "from", "day.malformed"}, {"0001-01-01", "2026-01-01", "from", "day.out_of_range"},
		} {
			lead.get("/calendar?kita_id="+string(v.kita.ID)+"&from="+c.from+"&to="+c.to).problem(422, c.field, c.code)
		}
		lead.get("/calendar?kita_id=" + string(v.kita.ID) + "&from=2026-01-01&to=2027-02-04").want(200)
		lead.get("/calendar?from=2026-01-01&to=2026-01-02").want(422)
	})
}
