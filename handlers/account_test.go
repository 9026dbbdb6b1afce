package handlers_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func TestAccountKeepsItsSettings(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.Account("Lea")
		h.Live()
		c := h.as(a.ID)
		got := c.patch("/account", map[string]any{"name": " Lea  Maria ", "language": "tr", "quiet_from": "20:00", "quiet_to": "06:30"}).want(200)
		if got.field("name") != "Lea Maria" || got.field("language") != "tr" || got.field("quiet_to") != "06:30" || got.field("login") != a.Login {
			t.Errorf("kept %s", got.Raw)
		}
		c.patch("/account", map[string]any{"quiet_from": ""}).problem(422, "quiet_to", "account.quiet_both")
		c.patch("/account", map[string]any{"quiet_from": "25:00"}).problem(422, "quiet_from", "clock.malformed")
		c.patch("/account", map[string]any{"language": "xx"}).problem(422, "language", "language.unknown")
		c.patch("/account", map[string]any{"name": " "}).problem(422, "name", "text.required")
		c.patch("/account", map[string]any{"login": "x@home.example"}).problem(422, "login", "field.unknown")
		c.patch("/account", map[string]any{"operator": true}).problem(422, "operator", "field.unknown")
		c.patch("/account", map[string]any{"sound": "loud"}).problem(422, "sound", "account.sound")
		c.patch("/account", map[string]any{"sound": ""}).problem(422, "sound", "account.sound")
		if got = c.get("/session").want(200); got.field("account.sound") != "all" {
			t.Errorf("before anything was chosen: %s", got.Raw)
		}
		c.patch("/account", map[string]any{"sound": "urgent"}).want(200)
		got = c.patch("/account", map[string]any{"quiet_from": "", "quiet_to": ""}).want(200)
		if got.field("sound") != "urgent" {
			t.Errorf("kept %s", got.Raw)
		}
		if got.field("quiet_from") != "" || got.field("name") != "Lea Maria" {
			t.Errorf("kept %s", got.Raw)
		}
	})
}

func TestPasswordIsChangedByWhoKnowsIt(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.withPassword("Lea")
		h.Live()
		c, other := h.as(a.ID), h.as(a.ID)
		change := func(current, fresh string) *answer {
			return c.put("/account/password", map[string]any{"current": current, "new": fresh}).without(fresh, goodPassword)
		}
		change(goodPassword, "zu kurz").problem(422, "new", "password.too_short")
		change(goodPassword, strings.Repeat("aa", 6)).problem(422, "new", "password.too_easy")
		change(goodPassword, a.Login).problem(422, "new", "password.too_easy")
		change("not-the-password", "Neues-Passwort-1").problem(422, "current", "password.wrong")
		other.get("/session").want(200)
		change(goodPassword, "Neues-Passwort-1").want(204)
		c.get("/session").want(200)
		other.get("/session").problem(401, "", "unauthenticated")
		h.stranger().signIn(a.Login, goodPassword).want(401)
		h.stranger().signIn(a.Login, "Neues-Passwort-1").want(201)
		for range 5 {
			change("not-the-password", "Neues-Passwort-2").problem(422, "current", "password.wrong")
		}
		limited := change("Neues-Passwort-1", "Neues-Passwort-2").problem(429, "", "signin.too_many")
		if limited.Header.Get("Retry-After") == "" {
			t.Error("nothing says how long to wait")
		}
	})
}

// postbox keeps what it is given to send.
type postbox struct {
	mu   sync.Mutex
	sent []letterTo
	fail error
}

type letterTo struct{ to, name, link, language string }

func (p *postbox) SendReset(_ context.Context, to, name, link, language string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, letterTo{to, name, link, language})
	return p.fail
}

// onEachPost runs f against a house that can send e-mail; wait returns when all of it has been sent.
func onEachPost(t *testing.T, f func(h *house, box *postbox, wait func())) {
	t.Helper()
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) {
		box := &postbox{}
		o := options(t, s, c)
		o.BaseURL = &url.URL{Scheme: "http", Host: "localhost:8080"}
		o.Mailer, o.MailWorks = box, true
		server := handlers.New(o)
		srv := httptest.NewServer(server)
		t.Cleanup(srv.Close)
		f(&house{T: t, World: storetest.NewWorld(t, s), store: s, clock: c, url: srv.URL}, box, server.Wait)
	})
}

func TestForgottenPasswordIsRenewedByEmail(t *testing.T) {
	onEachPost(t, func(h *house, box *postbox, wait func()) {
		a := h.withPassword("Lea")
		h.Live()
		old := h.as(a.ID)
		forgot := func(login string) *answer {
			return h.stranger().post("/password-resets", map[string]any{"login": login})
		}
		known, unknown := forgot(strings.ToUpper(a.Login)).want(202), forgot("nobody@home.example").want(202)
		forgot("a\x00b").want(202)
		if string(known.Raw) != string(unknown.Raw) || known.field("mail_works") != true {
			t.Errorf("known: %q, unknown: %q", known.Raw, unknown.Raw)
		}
		wait()
		if len(box.sent) != 1 || box.sent[0].to != a.Login || box.sent[0].name != "Lea" || box.sent[0].language != "de" {
			t.Fatalf("sent %+v", box.sent)
		}
		link, code, _ := strings.Cut(box.sent[0].link, "#")
		if link != "http://localhost:8080/i" {
			t.Errorf("the link is %s", box.sent[0].link)
		}
		offer := h.stranger().post("/invitations/lookup", map[string]any{"code": code}).want(200)
		if offer.field("for") != "password" || offer.field("login") != a.Login || offer.field("needs_password") != true {
			t.Errorf("it offers %s", offer.Raw)
		}
		h.stranger().post("/invitations/accept", map[string]any{"code": code}).problem(422, "password", "invitation.password_only")
		h.stranger().post("/invitations/accept", map[string]any{"code": code, "password": "kurz"}).problem(422, "password", "password.too_short")
		h.stranger().post("/invitations/accept", map[string]any{"code": code, "password": "Neues-Passwort-1"}).want(201)
		old.get("/session").problem(401, "", "unauthenticated")
		h.stranger().signIn(a.Login, "Neues-Passwort-1").want(201)
		h.stranger().post("/invitations/accept", map[string]any{"code": code, "password": "Neues-Passwort-2"}).problem(422, "code", "invitation.code")
	})
}

func TestResetLinkEndsSoonAndIsAskedForSeldom(t *testing.T) {
	onEachPost(t, func(h *house, box *postbox, wait func()) {
		a := h.withPassword("Lea")
		h.Live()
		for _, login := range []string{a.Login, "nobody@home.example"} {
			for range 3 {
				h.stranger().post("/password-resets", map[string]any{"login": login}).want(202)
			}
			if h.stranger().post("/password-resets", map[string]any{"login": login}).problem(429, "", "signin.too_many").Header.Get("Retry-After") == "" {
				t.Error("nothing says how long to wait")
			}
		}
		wait()
		if len(box.sent) != 3 {
			t.Fatalf("%d sent", len(box.sent))
		}
		live := slices.IndexFunc(box.sent, func(l letterTo) bool {
			_, code, _ := strings.Cut(l.link, "#")
			return h.stranger().post("/invitations/lookup", map[string]any{"code": code}).Status == 200
		})
		if live < 0 {
			t.Fatal("no link holds")
		}
		_, code, _ := strings.Cut(box.sent[live].link, "#")
		h.clock.Advance(kita.ResetLife)
		h.stranger().post("/invitations/lookup", map[string]any{"code": code}).problem(422, "code", "invitation.code")
		h.stranger().signIn(a.Login, goodPassword).want(201)
		// A server that is down is nothing the caller learns of.
		box.fail = errors.New("no route to host")
		h.clock.Advance(time.Hour)
		h.stranger().post("/password-resets", map[string]any{"login": a.Login}).want(202)
		wait()
	})
}

func TestResetWithoutEmailSaysThatNoneComes(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.withPassword("Lea")
		h.Live()
		for _, login := range []string{a.Login, "nobody@home.example"} {
			if a := h.stranger().post("/password-resets", map[string]any{"login": login}).want(202); a.field("mail_works") != false {
				t.Errorf("an e-mail is promised that nobody sends: %s", a.Raw)
			}
		}
		h.stranger().post("/password-resets", map[string]any{}).problem(422, "login", "text.required")
	})
}
