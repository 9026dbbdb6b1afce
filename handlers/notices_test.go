package handlers_test

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/png"
	"net/url"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/notify/pushtest"
)

// canary is a word that may be seen by the family of Mia and by those who work with her, and by nobody else.
const canary = "Kanarienvogel"

func TestNoticeIsSeenByThoseItIsForAndNobodyElse(t *testing.T) {
	onEachEngine(t, func(h *house) {
		op := h.Operator("Otto")
		p, speaker := h.Provider("Träger")
		k := h.KitaOf(p, "Sonnenschein")
		bears, hedgehogs := k.Group("Bären"), k.Group("Igel")
		lead, edda, igor := k.Leader("Lea"), k.Educator("Edda", bears), k.Educator("Igor", hedgehogs)
		mia, ben := bears.Child("Mia"), hedgehogs.Child("Ben")
		mum, dad, bensMum := mia.Guardian("Mama"), mia.Guardian("Papa"), ben.Guardian("Bea")
		banned := mia.Guardian("Onkel")
		banned.BannedFrom(mia)
		bannedEducator := k.Educator("Udo", bears)
		k.GuardianOf(bannedEducator.AccountID, "Udo").Of(mia).BannedFrom(mia)
		foreign := h.Kita("Mond").Leader("Luna")
		h.Live()

		body := map[string]any{"id": kita.NewID(), "kita_id": k.ID, "kind": "news", "title": "Über Mia " + canary, "body": "**" + canary + "**",
			"audience": map[string]any{"kind": "children", "targets": []kita.ID{mia.ID}}, "confirm_wanted": true}
		for _, who := range []*caller{h.as(op.ID), h.as(*mum.AccountID), h.as(*foreign.AccountID)} {
			who.post("/notices", body).problem(404, "", "not_found")
		}
		h.as(speaker.ID).post("/notices", body).problem(422, "audience.kind", "audience.whole_kita")
		h.as(*igor.AccountID).post("/notices", body).problem(422, "audience.targets", "audience.target_unknown")
		h.as(*bannedEducator.AccountID).post("/notices", body).problem(422, "audience.targets", "audience.target_unknown")
		n := h.as(*edda.AccountID).post("/notices", body).want(201)
		h.as(*edda.AccountID).post("/notices", body).want(200)
		path := "/notices/" + n.field("id").(string)
		if n.field("ledger.recipients") != 2.0 || n.field("body_html") != "<p><strong>"+canary+"</strong></p>" && !strings.Contains(n.field("body_html").(string), canary) {
			t.Errorf("the new notice is %s", n.Raw)
		}
		for _, who := range []struct {
			name          string
			c             *caller
			sees, answers bool
		}{
			{"mum", h.as(*mum.AccountID), true, false}, {"dad", h.as(*dad.AccountID), true, false},
			{"author", h.as(*edda.AccountID), true, true}, {"leader", h.as(*lead.AccountID), true, true},
			{"operator", h.as(op.ID), false, false}, {"provider", h.as(speaker.ID), false, false},
			{"educator of another group", h.as(*igor.AccountID), false, false}, {"another family", h.as(*bensMum.AccountID), false, false},
			{"banned", h.as(*banned.AccountID), false, false}, {"banned educator", h.as(*bannedEducator.AccountID), false, false},
			{"leader elsewhere", h.as(*foreign.AccountID), false, false},
		} {
			one, inbox, posted := who.c.get(path), who.c.get("/notices"), who.c.get("/notices?box=posted&kita_id="+string(k.ID))
			if who.sees {
				one.want(200)
				if !strings.Contains(string(inbox.Raw)+string(posted.Raw), canary) {
					t.Errorf("%s does not find it in a list", who.name)
				}
			} else {
				one.problem(404, "", "not_found")
				inbox.want(200).without(canary, "Mia")
				posted.want(200).without(canary, "Mia")
				who.c.put(path+"/opened", nil).problem(404, "", "not_found")
				who.c.put(path+"/confirmed", map[string]any{"confirmed": true}).problem(404, "", "not_found")
			}
			recipients := who.c.get(path + "/recipients")
			if who.answers {
				if ids := recipients.want(200).ids(); len(ids) != 2 {
					t.Errorf("%s sees %d recipients", who.name, len(ids))
				}
			} else {
				recipients.problem(404, "", "not_found").without("Mama")
				who.c.get(path + "/versions").without(canary)
				who.c.patch(path, map[string]any{"title": "x"}).problem(404, "", "not_found")
				who.c.post(path+"/withdrawal", nil).problem(404, "", "not_found")
				who.c.post(path+"/reminders", nil).problem(404, "", "not_found")
			}
		}
	})
}

func TestGuardianReadsConfirmsAndTakesItBack(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead := k.Leader("Lea")
		mum := k.Group("Bären").Child("Mia").Guardian("Mama")
		h.Live()
		body := map[string]any{"kita_id": k.ID, "kind": "closure", "title": "Brückentag", "audience": map[string]any{"kind": "kita"}, "confirm_wanted": true}
		l, m := h.as(*lead.AccountID), h.as(*mum.AccountID)
		path := "/notices/" + l.post("/notices", body).want(201).field("id").(string)
		ledger := func(state string) any { return l.get(path).want(200).field("ledger." + state) }
		if m.get("/notices").field("unread") != 1.0 || ledger("waiting") != 1.0 {
			t.Error("not unread, or not waiting")
		}
		m.put(path+"/opened", nil).want(200)
		if m.get("/notices").field("unread") != 0.0 || ledger("opened") != 1.0 {
			t.Error("not opened")
		}
		m.put(path+"/confirmed", map[string]any{"confirmed": true}).want(200)
		if ledger("confirmed") != 1.0 {
			t.Error("not confirmed")
		}
		h.clock.Advance(time.Hour)
		if l.post(path+"/reminders", nil).want(200).field("reminded") != 0.0 {
			t.Error("somebody who confirmed is reminded")
		}
		m.put(path+"/confirmed", map[string]any{"confirmed": false}).want(200)
		if ledger("opened") != 1.0 || ledger("confirmed") != 0.0 {
			t.Error("not taken back")
		}
		r := l.get(path + "/recipients?state=opened").want(200)
		if r.field("items.0.phone") == nil || r.field("items.0.name") != "Mama Muster" {
			t.Errorf("the ledger's line is %s", r.Raw)
		}
		rid := r.field("items.0.id").(string)
		l.put(path+"/recipients/"+rid+"/called", map[string]any{"called": true}).want(204)
		if l.get(path+"/recipients").field("items.0.called_at") == nil {
			t.Error("the call is not noted")
		}
		m.put(path+"/recipients/"+rid+"/called", map[string]any{"called": true}).problem(404, "", "not_found")
		if !strings.Contains(string(l.get("/audit?kita_id="+string(k.ID)).want(200).Raw), "notice.recipients") {
			t.Error("who looked into the ledger is not in the log")
		}
	})
}

func TestHourOfAScheduledNoticeIsChangedByThoseWhoAnswerForIt(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		bears, hedgehogs := k.Group("Bären"), k.Group("Igel")
		lead, edda, igor := k.Leader("Lea"), k.Educator("Edda", bears), k.Educator("Igor", hedgehogs)
		mum := bears.Child("Mia").Guardian("Mama")
		foreign := h.Kita("Mond").Leader("Luna")
		op := h.Operator("Otto")
		h.Live()
		author := h.as(*edda.AccountID)
		in := func(d time.Duration) string {
			return h.clock.Now().Add(d).UTC().Format("2006-01-02T15:04:05.000Z07:00")
		}
		post := func() string {
			return "/notices/" + author.post("/notices", map[string]any{"kita_id": k.ID, "kind": "news", "title": canary, "publish_at": in(time.Hour),
				"audience": map[string]any{"kind": "groups", "targets": []kita.ID{bears.ID}}}).want(201).field("id").(string)
		}
		path := post()
		for _, stranger := range []*caller{h.as(*igor.AccountID), h.as(*mum.AccountID), h.as(*foreign.AccountID), h.as(op.ID)} {
			stranger.patch(path, map[string]any{"publish_at": in(-time.Hour)}).problem(404, "", "not_found").without(canary)
		}
		h.stranger().patch(path, map[string]any{"publish_at": in(-time.Hour)}).want(401).without(canary)
		if n := author.get(path).want(200); n.field("state") != "scheduled" || n.field("publish_at") != in(time.Hour) {
			t.Fatalf("a stranger moved it: %s", n.Raw)
		}
		author.patch(path, map[string]any{"publish_at": in(367 * 24 * time.Hour)}).problem(422, "publish_at", "notice.publish_at")
		author.patch(path, map[string]any{"publish_at": in(72 * time.Hour), "ends_on": "2026-11-24"}).problem(422, "ends_on", "notice.ends_on")
		if n := author.patch(path, map[string]any{"publish_at": in(48 * time.Hour)}).want(200); n.field("publish_at") != in(48*time.Hour) || n.field("state") != "scheduled" {
			t.Errorf("moved: %s", n.Raw)
		}
		h.as(*mum.AccountID).get(path).problem(404, "", "not_found").without(canary)
		if n := h.as(*lead.AccountID).patch(path, map[string]any{"publish_at": in(-time.Hour)}).want(200); n.field("state") != "published" || n.field("ledger.recipients") != 1.0 || n.field("corrected_at") != nil {
			t.Errorf("sent now: %s", n.Raw)
		}
		h.as(*mum.AccountID).get(path).want(200)
		author.patch(path, map[string]any{"publish_at": in(time.Hour), "title": "Anders"}).problem(409, "", "notice.published")
		path = post()
		author.post(path+"/withdrawal", nil).want(200)
		author.patch(path, map[string]any{"publish_at": in(-time.Hour)}).problem(409, "", "notice.withdrawn")
		h.as(*mum.AccountID).get(path).problem(404, "", "not_found").without(canary)
	})
}

func TestBadNoticesNameTheirField(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead := k.Leader("Lea")
		group := h.Kita("Mond").Group("Füchse")
		h.Live()
		l := h.as(*lead.AccountID)
		for _, x := range []struct{ name, change, field, code string }{
			{"no title", `"title": ""`, "title", "text.required"},
			{"long title", `"title": "` + strings.Repeat("x", 121) + `"`, "title", "text.too_long"},
			{"kind", `"kind": "gossip"`, "kind", "notice.kind"},
			{"audience kind", `"audience": {"kind": "world"}`, "audience.kind", "audience.kind"},
			{"no targets", `"audience": {"kind": "groups"}`, "audience.targets", "audience.targets_required"},
			{"too many targets", `"audience": {"kind": "kita", "targets": ["` + string(group.ID) + `"]}`, "audience.targets", "audience.no_targets"},
			{"another kita's group", `"audience": {"kind": "groups", "targets": ["` + string(group.ID) + `"]}`, "audience.targets", "audience.target_unknown"},
			{"language", `"language": "xx"`, "language", "language.unknown"},
			{"a day that does not exist", `"ends_on": "2026-02-30"`, "ends_on", "day.malformed"},
			{"a day long gone", `"ends_on": "2020-02-20"`, "ends_on", "notice.ends_on"},
			{"ends before it starts", `"starts_at": "2026-12-01T10:00:00Z", "ends_at": "2026-12-01T09:00:00Z"`, "ends_at", "notice.ends_before_starts"},
			{"far ahead", `"publish_at": "2029-01-01T00:00:00Z"`, "publish_at", "notice.publish_at"},
			{"no such file", `"file_ids": ["` + string(kita.NewID()) + `"]`, "file_ids", "id.unknown"},
			{"long body", `"body": "` + strings.Repeat("x", 10001) + `"`, "body", "text.too_long"},
			{"wrong type", `"confirm_wanted": "ja"`, "confirm_wanted", "type.boolean"},
			{"author", `"author_name": "Chef"`, "author_name", "field.unknown"},
		} {
			body := `{"kita_id": "` + string(k.ID) + `", "kind": "news", "title": "T", "audience": {"kind": "kita"}, ` + x.change + `}`
			a := l.post("/notices", body)
			a.what = x.name
			a.problem(422, x.field, x.code)
		}
		if n := len(l.get("/notices?box=posted").want(200).ids()); n != 0 {
			t.Errorf("%d notices were written", n)
		}
	})
}

func TestDevicesAreKeptListedTestedAndRemoved(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		bears := k.Group("Bären")
		mum, dad := bears.Child("Mia").Guardian("Mama"), bears.Child("Ben").Guardian("Papa")
		h.Live()
		m, d := h.as(*mum.AccountID), h.as(*dad.AccountID)
		device := pushtest.NewDevice("https://updates.push.services.mozilla.com/wpush/v2/geheim")
		a := m.post("/push/subscriptions", string(device.JSON())).want(201).without("geheim")
		m.post("/push/subscriptions", string(device.JSON())).want(200)
		path := "/push/subscriptions/" + a.field("id").(string)
		if m.get("/push/subscriptions").field("items.0.current") != true {
			t.Error("the device does not know itself")
		}
		m.patch(path, map[string]any{"name": "Mein Telefon"}).want(200)
		d.patch(path, map[string]any{"name": "Deins"}).problem(404, "", "not_found")
		d.remove(path).problem(404, "", "not_found")
		d.post(path+"/test", nil).problem(404, "", "not_found")
		m.post(path+"/test", nil).want(202)
		if m.post(path+"/test", nil).problem(429, "", "push.test_too_soon").Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		for _, x := range []struct{ body, field, code string }{
			{`{"endpoint":"https://evil.example/x","keys":{"p256dh":"` + device.P256dh() + `","auth":"` + device.Auth() + `"}}`, "endpoint", "subscription.endpoint_host"},
			{`{"endpoint":"https://169.254.169.254/x","keys":{"p256dh":"` + device.P256dh() + `","auth":"` + device.Auth() + `"}}`, "endpoint", "subscription.endpoint_ip"},
			{`{"endpoint":"` + device.Endpoint + `","keys":{"p256dh":"AAAA","auth":"` + device.Auth() + `"}}`, "keys.p256dh", "subscription.key_malformed"},
			{`{"endpoint":"` + device.Endpoint + `","keys":{"p256dh":"` + device.P256dh() + `"}}`, "keys.auth", "text.required"},
		} {
			m.post("/push/subscriptions", x.body).problem(422, x.field, x.code)
		}
		m.remove("/session").want(204)
		if n := len(h.as(*mum.AccountID).get("/push/subscriptions").ids()); n != 0 {
			t.Errorf("%d devices outlive the session", n)
		}
	})
}

func TestReceiptNeedsNoLoginAndCanNotBeForged(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead := k.Leader("Lea")
		mum := k.Group("Bären").Child("Mia").Guardian("Mama")
		device := pushtest.NewDevice("https://updates.push.services.mozilla.com/wpush/v2/a")
		h.Device(*mum.AccountID, device.Endpoint, device.P256dh(), device.Auth())
		h.Live()
		l := h.as(*lead.AccountID)
		path := "/notices/" + l.post("/notices", map[string]any{"kita_id": k.ID, "kind": "news", "title": "T", "audience": map[string]any{"kind": "kita"}}).want(201).field("id").(string)
		due, err := h.store.SystemClaimDeliveries(t.Context(), "push", 10, nil)
		if err != nil || len(due) != 1 {
			t.Fatal(len(due), err)
		}
		token := testReceipts(t).Sign(due[0].ID)
		h.stranger().post("/push/receipts", map[string]any{"token": token + "x"}).problem(422, "token", "push.receipt")
		h.stranger().post("/push/receipts", map[string]any{"token": string(due[0].ID) + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 16))}).problem(422, "token", "push.receipt")
		if l.get(path).field("ledger.shown") != 0.0 {
			t.Fatal("a forged receipt counts")
		}
		h.stranger().post("/push/receipts", map[string]any{"token": token}).want(204)
		h.stranger().post("/push/receipts", map[string]any{"token": token}).want(204)
		if l.get(path).field("ledger.shown") != 1.0 {
			t.Error("shown is not in the ledger")
		}
	})
}

func testReceipts(t *testing.T) notify.Receipts {
	t.Helper()
	r, err := notify.NewReceipts([]byte(strings.Repeat("k", 32)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAttachmentsFollowTheirNotice(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		bears, hedgehogs := k.Group("Bären"), k.Group("Igel")
		edda, igor := k.Educator("Edda", bears), k.Educator("Igor", hedgehogs)
		mia, ben := bears.Child("Mia"), hedgehogs.Child("Ben")
		mum, bea := mia.Guardian("Mama"), ben.Guardian("Bea")
		banned := mia.Guardian("Onkel")
		banned.BannedFrom(mia)
		h.Live()
		e := h.as(*edda.AccountID)
		pdf := "%PDF-1.4\n" + strings.Repeat("1 0 obj\n<<>>\nendobj\n", 3) + "trailer<<>>\n%%EOF\n"
		query := "/files?" + url.Values{"kita_id": {string(k.ID)}, "name": {"Elternbrief.pdf"}}.Encode()
		h.as(*mum.AccountID).with("Content-Type", "application/pdf").post(query, pdf).problem(404, "", "not_found")
		e.with("Content-Type", "image/png").post(query, pdf).problem(422, "file", "file.type")
		e.with("Content-Type", "text/html").post(query, "<script>").problem(422, "file", "file.type")
		f := e.with("Content-Type", "application/pdf").post(query, pdf).want(201)
		path := "/files/" + f.field("id").(string)
		e.get(path).want(200)
		for _, who := range []kita.ID{*mum.AccountID, *igor.AccountID, *bea.AccountID, *banned.AccountID} {
			h.as(who).get(path).problem(404, "", "not_found")
			h.as(who).get(path+"/content").problem(404, "", "not_found")
		}
		e.post("/notices", map[string]any{"kita_id": k.ID, "kind": "news", "title": "Brief", "audience": map[string]any{"kind": "groups", "targets": []kita.ID{bears.ID}},
			"file_ids": []any{f.field("id")}}).want(201)
		for _, list := range []*answer{h.as(*mum.AccountID).get("/notices"), e.get("/notices?box=posted")} {
			if list.field("items.0.files.0.name") != "Elternbrief.pdf" || list.field("items.0.files.0.id") != f.field("id") || list.field("items.0.files.0.thumbnail") != false {
				t.Errorf("the notice tells of its attachment %s", list.Raw)
			}
		}
		a := h.as(*mum.AccountID).get(path + "/content").want(200)
		if string(a.Raw) != pdf || a.Header.Get("Content-Type") != "application/pdf" || a.Header.Get("X-Content-Type-Options") != "nosniff" ||
			a.Header.Get("Content-Disposition") != "inline; filename=Elternbrief.pdf" || a.Header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("the attachment came as %v", a.Header)
		}
		// Safari shows nothing of a PDF in a sandbox; a picture needs no viewer, and stays in one.
		if csp := a.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "sandbox") || strings.Contains(csp, "script-src") {
			t.Errorf("a PDF comes under %q", csp)
		}
		var dot bytes.Buffer
		if err := png.Encode(&dot, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
			t.Fatal(err)
		}
		picture := e.with("Content-Type", "image/png").post(query, dot.Bytes()).want(201).field("id").(string)
		if csp := e.get("/files/" + picture + "/content").want(200).Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, "; sandbox") {
			t.Errorf("a picture comes under %q", csp)
		}
		if part := h.as(*mum.AccountID).with("Range", "bytes=0-3").get(path + "/content").want(206); string(part.Raw) != "%PDF" {
			t.Errorf("a part of it is %q", part.Raw)
		}
		h.as(*mum.AccountID).get(path+"/thumbnail").problem(404, "", "not_found")
		for _, who := range []kita.ID{*igor.AccountID, *bea.AccountID, *banned.AccountID} {
			h.as(who).get(path+"/content").problem(404, "", "not_found")
		}
	})
}
