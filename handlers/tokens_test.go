package handlers_test

import (
	"strings"
	"testing"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
)

func TestTokenLetsAProgramActWithinItsScopesUntilItsEnd(t *testing.T) {
	onEachEngine(t, func(h *house) {
		k := h.Kita("Sonnenschein")
		lead, mum := k.Leader("Lea"), k.Group("Bären").Child("Mia").Guardian("Mum")
		h.Live()
		c, soon := h.as(*lead.AccountID), h.clock.Now().Add(time.Hour)
		ask := func(scopes ...string) map[string]any {
			return map[string]any{"name": " Büro  programm ", "scopes": scopes, "expires_at": soon}
		}
		made := c.post("/tokens", ask("people:read", "notices:write")).want(201)
		secret := made.field("secret").(string)
		if !strings.HasPrefix(secret, handlers.TokenPrefix) || len(secret) < 40 || made.field("name") != "Büro programm" {
			t.Errorf("made %s", made.Raw)
		}
		list := c.get("/tokens").want(200).without(secret, secret[3:])
		if ids := list.ids(); len(ids) != 1 || list.field("items.0.scopes.1") != "notices:write" || list.field("items.0.last_used_at") != nil {
			t.Errorf("listed %s", list.Raw)
		}
		program := &caller{h: h, bearer: secret}
		program.get("/guardians?kita_id=" + string(k.ID)).want(200)
		program.get("/notices").want(200)
		program.get("/session").want(200)
		program.get("/absences").problem(404, "", "not_found")
		program.post("/guardians", map[string]any{"kita_id": k.ID, "first_name": "A", "last_name": "B"}).problem(404, "", "not_found")
		if c.get("/tokens").field("items.0.last_used_at") == nil {
			t.Error("its use is not noted")
		}
		// What makes a person somebody else is not for programs, whatever their scopes.
		all := (&caller{h: h, bearer: c.post("/tokens", ask(kita.Scopes...)).want(201).field("secret").(string)})
		all.post("/guardians", map[string]any{"kita_id": k.ID, "first_name": "A", "last_name": "B"}).want(201)
		code := c.post("/invitations", map[string]any{"kita_id": k.ID, "guardian_ids": []kita.ID{mum.ID}}).want(201).field("items.0.code")
		for _, x := range []struct {
			method, path string
			body         any
		}{
			{"GET", "/tokens", nil}, {"POST", "/tokens", ask("people:read")}, {"DELETE", "/tokens/" + string(list.ids()[0]), nil},
			{"GET", "/sessions", nil}, {"DELETE", "/session", nil}, {"DELETE", "/sessions/" + string(kita.NewID()), nil},
			{"PUT", "/account/password", map[string]any{"current": "x", "new": "y"}}, {"PATCH", "/account", map[string]any{"name": "X"}},
			{"POST", "/invitations", map[string]any{"kita_id": k.ID, "guardian_ids": []kita.ID{mum.ID}}},
			{"POST", "/invitations/letters", map[string]any{"kita_id": k.ID, "guardian_ids": []kita.ID{mum.ID}}},
			{"GET", "/invitations?kita_id=" + string(k.ID), nil},
			{"POST", "/invitations/lookup", map[string]any{"code": code}}, {"POST", "/invitations/accept", map[string]any{"code": code, "password": secret}},
			{"POST", "/bans", map[string]any{"guardian_id": mum.ID, "child_id": mum.ID, "reason": "xxx"}},
			{"GET", "/push/subscriptions", nil},
		} {
			all.do(x.method, x.path, x.body).problem(404, "", "not_found")
		}
		h.clock.Advance(time.Hour + time.Second)
		program.get("/kitas").problem(401, "", "unauthenticated")
		if ids := c.get("/tokens").ids(); len(ids) != 0 {
			t.Errorf("ended ones are listed: %v", ids)
		}
	})
}

func TestTokenIsItsOwnersToEnd(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a, b := h.Account("Lea"), h.Account("Ben")
		h.Live()
		made := h.as(a.ID).post("/tokens", map[string]any{"name": "P", "scopes": []string{"people:read"}, "expires_at": h.clock.Now().Add(time.Hour)}).want(201)
		path := "/tokens/" + made.field("id").(string)
		if ids := h.as(b.ID).get("/tokens").want(200).ids(); len(ids) != 0 {
			t.Errorf("somebody else sees %v", ids)
		}
		h.as(b.ID).remove(path).problem(404, "", "not_found")
		h.as(a.ID).remove(path).want(204)
		h.as(a.ID).remove(path).problem(404, "", "not_found")
		(&caller{h: h, bearer: made.field("secret").(string)}).get("/kitas").problem(401, "", "unauthenticated")
	})
}

func TestBadTokensNameTheField(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.Account("Lea")
		h.Live()
		now := h.clock.Now()
		for _, x := range []struct {
			name, scope string
			end         any
			field, code string
		}{
			{"", "people:read", now.Add(time.Hour), "name", "text.required"},
			{"P", "people:all", now.Add(time.Hour), "scopes", "token.scope"},
			{"P", "", now.Add(time.Hour), "scopes", "text.required"},
			{"P", "people:read", now, "expires_at", "token.expires_at"},
			{"P", "people:read", now.AddDate(1, 1, 0), "expires_at", "token.expires_at"},
			{"P", "people:read", "tomorrow", "expires_at", "instant.malformed"},
			{strings.Repeat("x", 101), "people:read", now.Add(time.Hour), "name", "text.too_long"},
		} {
			h.as(a.ID).post("/tokens", map[string]any{"name": x.name, "scopes": []string{x.scope}, "expires_at": x.end}).problem(422, x.field, x.code)
		}
		if ids := h.as(a.ID).get("/tokens").ids(); len(ids) != 0 {
			t.Errorf("written: %v", ids)
		}
	})
}
