package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
)

const goodPassword = "Katze-Hund-Maus-7"

// withPassword makes an account that can sign in with the good password.
func (h *house) withPassword(name string) kita.Account {
	a := h.Account(name)
	h.lock(a.ID)
	return a
}

// lock gives an account of the world that is being built the good password.
func (h *house) lock(account kita.ID) {
	for i := range h.Rows().Accounts {
		if h.Rows().Accounts[i].ID == account {
			h.Rows().Accounts[i].PasswordHash = kita.HashPassword(goodPassword, []byte("0123456789abcdef"))
		}
	}
}

func (c *caller) signIn(login, password string) *answer {
	c.h.Helper()
	return c.post("/session", map[string]any{"login": login, "password": password})
}

// cookie is the session that an answer opened.
func (a *answer) cookie() string {
	a.t.Helper()
	for _, c := range (&http.Response{Header: a.Header}).Cookies() {
		if c.Name == "morgenkreis" {
			return c.Value
		}
	}
	a.t.Fatalf("%s: no cookie", a.what)
	return ""
}

// said is an answer without what differs each time.
func (a *answer) said() string {
	a.t.Helper()
	var m map[string]any
	a.into(&m)
	delete(m, "request_id")
	raw, err := json.Marshal(m)
	if err != nil {
		a.t.Fatal(err)
	}
	return strconv.Itoa(a.Status) + string(raw)
}

func TestUnknownLoginAndWrongPasswordAnswerAlike(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.withPassword("Lea")
		none := h.Account("Nora") // an account without a password, of somebody who was created by an import
		h.Live()
		unknown := h.stranger().signIn("nobody@home.example", goodPassword).problem(401, "", "signin.wrong")
		for _, login := range []string{a.Login, none.Login, "a\x00b@home.example", strings.Repeat("x", 254)} {
			wrong := h.stranger().signIn(login, "wrong-wrong-wrong").problem(401, "", "signin.wrong").without(login, "wrong-wrong")
			if wrong.said() != unknown.said() {
				t.Errorf("%q answers %s, an unknown login %s", login, wrong.said(), unknown.said())
			}
			if len(wrong.Header["Set-Cookie"]) != 0 {
				t.Errorf("a failed sign-in sets a cookie")
			}
		}
		in := h.stranger().with("User-Agent", "Telefon \xff").signIn(" "+strings.ToUpper(a.Login), goodPassword).want(201).without(goodPassword, "argon2")
		if in.field("account.login") != a.Login {
			t.Errorf("signed in: %s", in.Raw)
		}
	})
}

func TestGuessingHasToWait(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a, b := h.withPassword("Lea"), h.withPassword("Ben")
		h.Live()
		for range 5 {
			h.stranger().signIn(a.Login, "wrong-wrong-wrong").problem(401, "", "signin.wrong")
		}
		limited := h.stranger().signIn(a.Login, goodPassword).problem(429, "", "signin.too_many")
		if wait, err := strconv.Atoi(limited.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 900 {
			t.Errorf("Retry-After is %q", limited.Header.Get("Retry-After"))
		}
		h.stranger().with("Accept-Language", "en").signIn(a.Login, goodPassword).problem(429, "", "signin.too_many").without("Versuche")
		h.stranger().signIn(b.Login, goodPassword).want(201)
		h.clock.Advance(15 * time.Minute)
		h.stranger().signIn(a.Login, goodPassword).want(201)
		// The count starts again, for an unknown login as for a known one.
		for range 5 {
			h.stranger().signIn("nobody@home.example", "wrong-wrong-wrong").want(401)
		}
		h.stranger().signIn("nobody@home.example", "wrong-wrong-wrong").problem(429, "", "signin.too_many")
	})
}

func TestAThousandGuessesAtOnceAreNotAllLetThrough(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.withPassword("Lea")
		h.Live()
		fortyGuesses(t, a.Login, h)
	})
}

func TestSignInNeverTakesASessionThatWasThereBefore(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a, b := h.withPassword("Lea"), h.withPassword("Ben")
		h.Live()
		planted := &caller{h: h, session: "planted-by-somebody-else"}
		fresh := planted.signIn(a.Login, goodPassword).want(201).cookie()
		if fresh == planted.session || len(fresh) < 40 {
			t.Errorf("the session is %q", fresh)
		}
		planted.get("/session").problem(401, "", "unauthenticated")
		// Signing in as somebody else on the same browser makes another session, and leaves theirs alone.
		other := (&caller{h: h, session: fresh}).signIn(b.Login, goodPassword).want(201).cookie()
		if other == fresh {
			t.Error("two accounts share a session")
		}
		if got := (&caller{h: h, session: fresh}).get("/session").want(200).field("account.id"); got != string(a.ID) {
			t.Errorf("the first session is now %v", got)
		}
	})
}

func TestCookieIsBoundToTheHostAndOutOfReachOfScripts(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a := h.withPassword("Lea")
		h.Live()
		set := h.stranger().signIn(a.Login, goodPassword).want(201).Header.Get("Set-Cookie")
		for _, want := range []string{"morgenkreis=", "Path=/", "HttpOnly", "SameSite=Lax"} {
			if !strings.Contains(set, want) {
				t.Errorf("the cookie is %s: no %s", set, want)
			}
		}
		if strings.Contains(set, "Domain") {
			t.Errorf("the cookie is %s", set)
		}
	})
}

func TestSessionsAreListedAndEndedByTheirOwner(t *testing.T) {
	onEachEngine(t, func(h *house) {
		a, b := h.withPassword("Lea"), h.Account("Ben")
		h.Live()
		phone := &caller{h: h, session: h.stranger().with("User-Agent", "Telefon").signIn(a.Login, goodPassword).want(201).cookie()}
		laptop, bens := h.as(a.ID), h.as(b.ID)
		list := phone.get("/sessions").want(200).without(phone.session, laptop.session)
		if ids := list.ids(); len(ids) != 2 {
			t.Fatalf("%d sessions", len(ids))
		}
		var laptopsID string
		for i := range 2 {
			at := "items." + strconv.Itoa(i)
			if list.field(at+".current") == false {
				laptopsID = list.field(at + ".id").(string)
			} else if list.field(at+".user_agent") != "Telefon" {
				t.Errorf("the current one is %s", list.Raw)
			}
		}
		bens.remove("/sessions/"+laptopsID).problem(404, "", "not_found")
		phone.remove("/sessions/" + laptopsID).want(204)
		phone.remove("/sessions/"+laptopsID).problem(404, "", "not_found")
		laptop.get("/session").problem(401, "", "unauthenticated")
		out := phone.remove("/session").want(204)
		if !strings.Contains(out.Header.Get("Set-Cookie"), "Max-Age=0") {
			t.Errorf("signing out leaves the cookie: %s", out.Header.Get("Set-Cookie"))
		}
		phone.get("/session").problem(401, "", "unauthenticated")
		bens.get("/session").want(200)
	})
}

// What is secret must stand in no line of the log: neither password nor cookie, token or code, nor whose they are.
func TestNoSecretIsLogged(t *testing.T) {
	onEachEngine(t, func(h *house) {
		var log syncBuffer
		before := slog.Default()
		slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		t.Cleanup(func() { slog.SetDefault(before) })
		k := h.Kita("Sonnenschein")
		lead, fresh := k.Leader("Lea"), k.GuardianOf(nil, "Granny")
		h.lock(*lead.AccountID)
		h.Live()
		login := h.login(*lead.AccountID)
		h.stranger().signIn(login, "wrong-wrong-wrong").want(401)
		session := h.stranger().signIn(login, goodPassword).want(201).cookie()
		c := &caller{h: h, session: session}
		token := c.post("/tokens", map[string]any{"name": "P", "scopes": []string{"people:read"}, "expires_at": h.clock.Now().AddDate(0, 1, 0)}).want(201).field("secret").(string)
		(&caller{h: h, bearer: token}).get("/kitas").want(200)
		code := c.post("/invitations", map[string]any{"kita_id": k.ID, "guardian_ids": []kita.ID{fresh.ID}}).want(201).field("items.0.code").(string)
		h.stranger().post("/invitations/lookup", map[string]any{"code": code}).want(200)
		h.stranger().post("/invitations/accept", map[string]any{"code": code, "login": "granny@home.example", "password": goodPassword}).want(201)
		c.put("/account/password", map[string]any{"current": goodPassword, "new": "Neu-" + goodPassword}).want(204)
		said := log.String()
		if !strings.Contains(said, "route=/api/v1/invitations/accept") {
			t.Fatalf("the log holds %s", said)
		}
		for _, word := range []string{goodPassword, "wrong-wrong", session, token, strings.TrimPrefix(token, handlers.TokenPrefix), code, strings.ReplaceAll(code, "-", ""), "granny", "Granny", login, "argon2"} {
			if strings.Contains(said, word) {
				t.Errorf("the log holds %q", word)
			}
		}
	})
}

// syncBuffer is a buffer that many write to.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// login is the account's.
func (h *house) login(account kita.ID) string {
	h.Helper()
	a, err := h.store.Account(context.Background(), h.Viewer(account))
	if err != nil {
		h.Fatal(err)
	}
	return a.Login
}
