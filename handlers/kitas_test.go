package handlers_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"strings"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
)

func TestKitaIsOpenedChangedAndArchived(t *testing.T) {
	onEachEngine(t, func(h *house) {
		op := h.Operator("Otto")
		p, speaker := h.Provider("Träger")
		other, _ := h.Provider("Anderer Träger")
		k := h.Kita("Nebenan")
		lead := k.Leader("Lea")
		h.Live()
		body := map[string]any{"id": kita.NewID(), "provider_id": p.ID, "name": " Sonnenschein  ", "federal_state": "BE"}
		a := h.as(speaker.ID).post("/kitas", body).want(201)
		if a.field("name") != "Sonnenschein" || a.field("absence_cut_off") != "08:30" {
			t.Errorf("the new kita is %s", a.Raw)
		}
		h.as(speaker.ID).post("/kitas", body).want(200)
		body["name"] = "Mond"
		h.as(speaker.ID).post("/kitas", body).problem(409, "id", "id.taken")
		h.as(speaker.ID).post("/kitas", map[string]any{"provider_id": other.ID, "name": "X", "federal_state": "BE"}).problem(422, "provider_id", "provider.unknown")
		h.as(*lead.AccountID).post("/kitas", body).problem(404, "", "not_found")
		path := "/kitas/" + a.field("id").(string)
		h.as(op.ID).patch(path, map[string]any{"opens": "18:00", "closes": "7 Uhr"}).problem(422, "closes", "clock.malformed")
		h.as(op.ID).patch(path, map[string]any{"title_only": true}).want(200)
		h.as(*lead.AccountID).patch(path, map[string]any{"title_only": true}).problem(404, "", "not_found")
		h.as(*lead.AccountID).patch("/kitas/"+string(k.ID), map[string]any{"phone": "030 99"}).want(200)
		h.as(*lead.AccountID).put("/kitas/"+string(k.ID)+"/archived", map[string]any{"archived": true}).problem(404, "", "not_found")
		h.as(speaker.ID).put(path+"/archived", map[string]any{"archived": true}).want(200)
		if ids := h.as(speaker.ID).get("/kitas").want(200).ids(); len(ids) != 0 {
			t.Errorf("an archived kita is listed: %v", ids)
		}
	})
}

func TestBadRequestsNameTheFieldAndNeverEchoTheValue(t *testing.T) {
	onEachEngine(t, func(h *house) {
		op := h.Operator("Otto")
		h.Live()
		c := h.as(op.ID)
		for _, x := range []struct {
			name, body, field, code string
		}{
			{"broken JSON", `{"name": "geheim`, "body", "body.malformed"},
			{"wrong type", `{"name": 4711}`, "name", "type.string"},
			{"missing", `{}`, "name", "text.required"},
			{"unknown field", `{"name": "A", "geheim": 1}`, "geheim", "field.unknown"},
			{"too long", `{"name": "` + strings.Repeat("geheim", 100) + `"}`, "name", "text.too_long"},
			{"empty", `{"name": "  "}`, "name", "text.required"},
			{"reversing marks", `{"name": "A\u202eB"}`, "name", "text.characters"},
			{"not an id", `{"id": "geheim", "name": "A"}`, "id", "id.malformed"},
			{"an array", `[]`, "body", "type.object"},
			{"nothing", ``, "body", "body.malformed"},
		} {
			a := c.post("/providers", x.body)
			a.what = x.name
			a.problem(422, x.field, x.code)
			if x.field != "geheim" {
				a.without("geheim")
			}
		}
		c.with("Content-Type", "text/plain").post("/providers", `{"name":"A"}`).problem(415, "", "http.415")
		c.post("/providers", `{"name":"`+strings.Repeat("x", 70<<10)+`"}`).problem(413, "", "http.413")
		c.with("Accept-Language", "en-GB,de;q=0.5").post("/providers", `{}`).problem(422, "name", "text.required").without("fehlt")
		c.with("Sec-Fetch-Site", "cross-site").post("/providers", `{"name":"A"}`).want(403)
		c.get("/nowhere").problem(404, "", "not_found")
		c.get("/kitas?sort=x").problem(422, "sort", "field.unknown")
		c.get("/kitas/4711").problem(422, "id", "id.malformed")
		if n := len(c.get("/providers").want(200).ids()); n != 0 {
			t.Errorf("%d providers were written", n)
		}
	})
}

func TestUnchangedListIsNotSentTwice(t *testing.T) {
	onEachEngine(t, func(h *house) {
		op := h.Operator("Otto")
		h.Live()
		c := h.as(op.ID)
		tag := c.get("/providers").want(200).Header.Get("ETag")
		if a := c.with("If-None-Match", tag).get("/providers").want(304); len(a.Raw) != 0 {
			t.Errorf("304 with a body: %s", a.Raw)
		}
		c.post("/providers", map[string]any{"name": "Neu"}).want(201)
		c.with("If-None-Match", tag).get("/providers").want(200)
	})
}

func TestCountsAreNumbersForProviderAndLeaderAlone(t *testing.T) {
	onEachEngine(t, func(h *house) {
		op := h.Operator("Otto")
		p, speaker := h.Provider("Träger")
		k := h.KitaOf(p, "Sonnenschein")
		bears := k.Group("Bären")
		lead, edda := k.Leader("Lea"), k.Educator("Edda", bears)
		mia := bears.Child("Mia")
		mum := mia.Guardian("Kanarienvogel")
		mia.Guardian("Papa")
		h.Device(*mum.AccountID, "https://updates.push.services.mozilla.com/wpush/v2/a", "p", "a")
		h.Rows().Subscriptions[0].Trouble = "misconfigured"
		mia.Absent(h.Today, h.Today.Add(2), *mum.AccountID)
		h.Live()
		path := "/kitas/" + string(k.ID) + "/counts"
		for _, account := range []kita.ID{speaker.ID, *lead.AccountID} {
			a := h.as(account).get(path).want(200).without("Kanarienvogel", "Mia")
			for field, want := range map[string]float64{"groups": 1, "children": 1, "guardians": 2, "reachable": 1, "staff": 2, "absent": 1, "refused": 1} {
				if a.field(field) != want {
					t.Errorf("%s is %v, want %v", field, a.field(field), want)
				}
			}
		}
		for _, account := range []kita.ID{op.ID, *edda.AccountID, *mum.AccountID} {
			h.as(account).get(path).problem(404, "", "not_found")
		}
	})
}

func TestOverviewIsForTheLeaderAlone(t *testing.T) {
	onEachEngine(t, func(h *house) {
		v := newVillage(h)
		path := "/kitas/" + string(v.kita.ID) + "/overview"
		for _, who := range everybody {
			a := v.caller(who).get(path)
			switch who {
			case "leader":
				// Mia's mother and father, and Ben's guardian; none has a device. Who is banned is not missed.
				if a = a.want(200); a.field("families") != 2.0 || a.field("families_reachable") != 0.0 || a.field("guardians") != 3.0 {
					t.Errorf("the leader reads %s", a.Raw)
				}
				a.without(healthWords...).without(mumAddress, mumEmail, dadAddress, dadEmail, banReason, "Berta", "Bernd")
			case "banned leader":
				a.want(200).without(everySecret...)
			default:
				refused(a, who)
			}
		}
	})
}

func TestOverviewSaysWhyNoPushArrivesAndWhatWasMissed(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead := k.Leader("Lea")
		mia := k.Group("Bären").Child("Mia")
		mum := mia.Guardian("Mama")
		k.GuardianOf(nil, "Papa").Of(mia)
		h.Device(*mum.AccountID, "https://updates.push.services.mozilla.com/wpush/v2/a", "p", "a")
		mia.Absent(h.Today, h.Today.Add(1), *mum.AccountID)
		h.Live()
		a := h.as(*lead.AccountID).get("/kitas/" + string(k.ID) + "/overview").want(200)
		people, weeks := a.field("out_of_reach").([]any), a.field("weeks").([]any)
		if len(people) != 1 || len(weeks) != 12 || a.field("families_reachable") != 1.0 {
			t.Fatalf("%s", a.Raw)
		}
		if p := people[0].(map[string]any); p["trouble"] != "never_signed_in" || p["family_reachable"] != true || p["phone"] != "0170 5550100" {
			t.Errorf("the father: %v", p)
		}
		if w := weeks[11].(map[string]any); w["week"] != kita.WeekOf(h.Today).String() || w["sick"] != 2.0 || w["vacation"] != 0.0 || w["open_days"] != 5.0 {
			t.Errorf("the running week: %v", w)
		}
	})
}

func TestEveryRouteSaysWhoMayKnockAndWhatTheLogKeeps(t *testing.T) {
	open := map[string]bool{"POST /session": true, "GET /push/key": true, "POST /push/receipts": true, "POST /password-resets": true,
		"POST /invitations/lookup": true, "POST /invitations/accept": true}
	seen := map[string]bool{}
	for _, r := range handlers.Routes() {
		name := r.Method + " " + r.Path
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		if r.Open != open[name] {
			t.Errorf("%s: open to strangers is %v", name, r.Open)
		}
		if r.Audit != "none" && r.Audit != "read" && r.Audit != "write" {
			t.Errorf("%s has no audit class", name)
		}
		if r.Method == "GET" && r.Audit == "write" {
			t.Errorf("%s is a GET and writes", name)
		}
	}
}

func TestLongListIsSentCompressed(t *testing.T) {
	onEachEngine(t, func(h *house) {
		op := h.Operator("Otto")
		for i := range 20 {
			h.Provider(fmt.Sprintf("Träger Nr. %d", i))
		}
		h.Live()
		c := h.as(op.ID)
		plain := c.with("Accept-Encoding", "identity").get("/providers").want(200)
		if coding := plain.Header.Get("Content-Encoding"); coding != "" {
			t.Fatalf("to whoever reads no gzip: %q", coding)
		}
		// Asked for by name, so that the transport does not unpack it unseen.
		packed := c.with("Accept-Encoding", "gzip").get("/providers").want(200)
		if packed.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(strings.Join(packed.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Fatalf("%v", packed.Header)
		}
		z, err := gzip.NewReader(bytes.NewReader(packed.Raw))
		if err != nil {
			t.Fatal(err)
		}
		unpacked, err := io.ReadAll(z)
		if err != nil || !bytes.Equal(unpacked, plain.Raw) {
			t.Errorf("unpacked, it says something else: %v\n%s", err, unpacked)
		}
		if len(packed.Raw)*3 > len(plain.Raw) {
			t.Errorf("%d bytes of %d", len(packed.Raw), len(plain.Raw))
		}
		// What the phone holds is the same, however it came.
		c.with("Accept-Encoding", "identity").with("If-None-Match", packed.Header.Get("ETag")).get("/providers").want(304)
		if short := c.with("Accept-Encoding", "gzip").get("/session").want(200); short.Header.Get("Content-Encoding") != "" {
			t.Errorf("a short answer is packed: %v", short.Header)
		}
	})
}
