package handlers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
	"morgenkreis/store/storetest"
	"morgenkreis/web"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	storetest.Main(m)
}

// house is a whole server on a real port, with a store, a clock and a world to fill it.
type house struct {
	*testing.T
	*storetest.World
	store *store.Store
	clock *storetest.Clock
	url   string
}

// Monitors and proxies ask by HEAD, and hear what GET would say, without the body.
func TestHeadIsAnsweredAsGet(t *testing.T) {
	s, c := storetest.SQLite(t)
	h := newHouse(t, s, c, func(o *handlers.Options) { o.Web = web.Handler() })
	ask := func(method, path string) (*http.Response, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), method, h.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "identity")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res, body
	}
	for _, path := range []string{"/", "/notices", "/index.html", "/nothing.png", "/healthz", "/readyz"} {
		got, content := ask("GET", path)
		head, nothing := ask("HEAD", path)
		if head.StatusCode != got.StatusCode || len(nothing) != 0 || len(content) == 0 {
			t.Errorf("%s: HEAD %d with %d bytes, GET %d", path, head.StatusCode, len(nothing), got.StatusCode)
		}
		for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Cache-Control", "Content-Security-Policy", "X-Frame-Options"} {
			if head.Header.Get(name) != got.Header.Get(name) {
				t.Errorf("%s: HEAD says %s: %q, GET %q", path, name, head.Header.Get(name), got.Header.Get(name))
			}
		}
	}
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		if res, _ := ask(method, "/"); res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s / answers %d", method, res.StatusCode)
		}
	}
}

// onEachEngine runs f against a server on SQLite and one on PostgreSQL.
func onEachEngine(t *testing.T, f func(h *house)) {
	t.Helper()
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, c *storetest.Clock) { f(newHouse(t, s, c)) })
}

func newHouse(t *testing.T, s *store.Store, c *storetest.Clock, change ...func(*handlers.Options)) *house {
	t.Helper()
	base, err := url.Parse("http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	o := options(t, s, c)
	o.BaseURL = base
	for _, f := range change {
		f(&o)
	}
	srv := httptest.NewServer(handlers.New(o))
	t.Cleanup(srv.Close)
	return &house{T: t, World: storetest.NewWorld(t, s), store: s, clock: c, url: srv.URL}
}

func options(t *testing.T, s *store.Store, c *storetest.Clock) handlers.Options {
	t.Helper()
	dir, err := files.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return handlers.Options{Store: s, Files: dir, Clock: c.Now, NewID: kita.NewID, Version: "test", Receipts: testReceipts(t)}
}

// caller is somebody with a browser (or a program with a token), or a stranger when both are empty.
type caller struct {
	h               *house
	session, bearer string
	header          http.Header
}

func (h *house) stranger() *caller { return &caller{h: h} }

// as signs the account in.
func (h *house) as(account kita.ID) *caller { return &caller{h: h, session: h.SignIn(account)} }

func (c *caller) with(name, value string) *caller {
	d := *c
	d.header = c.header.Clone()
	if d.header == nil {
		d.header = http.Header{}
	}
	d.header.Set(name, value)
	return &d
}

// answer is what came back.
type answer struct {
	t      *testing.T
	what   string
	Status int
	Header http.Header
	Raw    []byte
}

// do sends body as JSON, unless it is nil, a string or bytes, which are sent as they are.
func (c *caller) do(method, path string, body any) *answer {
	c.h.Helper()
	var r io.Reader
	switch b := body.(type) {
	case nil:
	case string:
		r = strings.NewReader(b)
	case []byte:
		r = bytes.NewReader(b)
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			c.h.Fatal(err)
		}
		r = bytes.NewReader(raw)
	}
	if strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "/api") && !strings.HasPrefix(path, "/healthz") && !strings.HasPrefix(path, "/readyz") {
		path = handlers.Prefix + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, c.h.url+path, r)
	if err != nil {
		c.h.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.session != "" {
		req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: c.session})
	}
	if c.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+c.bearer)
	}
	for k, v := range c.header {
		req.Header[k] = v
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	if err != nil {
		c.h.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		c.h.Fatal(err)
	}
	asDescribed(c.h.T, method, path, res)
	return &answer{t: c.h.T, what: method + " " + path, Status: res.StatusCode, Header: res.Header, Raw: raw}
}

func (c *caller) get(path string) *answer             { c.h.Helper(); return c.do("GET", path, nil) }
func (c *caller) post(path string, body any) *answer  { c.h.Helper(); return c.do("POST", path, body) }
func (c *caller) put(path string, body any) *answer   { c.h.Helper(); return c.do("PUT", path, body) }
func (c *caller) patch(path string, body any) *answer { c.h.Helper(); return c.do("PATCH", path, body) }
func (c *caller) remove(path string) *answer          { c.h.Helper(); return c.do("DELETE", path, nil) }

// want ends the test unless the status is the given one.
func (a *answer) want(status int) *answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: %d, want %d\n%s", a.what, a.Status, status, a.Raw)
	}
	return a
}

// problem ends the test unless the answer is an RFC 9457 problem with that status that names field and code; an empty
// field looks at the problem's own code.
func (a *answer) problem(status int, field, code string) *answer {
	a.t.Helper()
	a.want(status)
	if ct := a.Header.Get("Content-Type"); ct != "application/problem+json" {
		a.t.Fatalf("%s: a problem as %s", a.what, ct)
	}
	var p handlers.Problem
	a.into(&p)
	if p.Status != status || p.Detail == "" || p.RequestID == "" || p.Type == "" || p.Title == "" {
		a.t.Fatalf("%s: not a whole problem: %s", a.what, a.Raw)
	}
	if field == "" {
		if p.Code != code {
			a.t.Fatalf("%s: code %s, want %s", a.what, p.Code, code)
		}
		return a
	}
	for _, e := range p.Errors {
		if e.Field == field && e.Code == code && e.Detail != "" && e.Detail != code {
			return a
		}
	}
	a.t.Fatalf("%s: no %s at %s: %s", a.what, code, field, a.Raw)
	return a
}

func (a *answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Raw, v); err != nil {
		a.t.Fatalf("%s: %v\n%s", a.what, err, a.Raw)
	}
}

// field reads one value out of the JSON by its path, as items.0.id; nil when it is not there.
func (a *answer) field(path string) any {
	a.t.Helper()
	var v any
	a.into(&v)
	for _, p := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[p]
		case []any:
			i := 0
			for _, r := range p {
				i = i*10 + int(r-'0')
			}
			if i >= len(x) {
				return nil
			}
			v = x[i]
		default:
			return nil
		}
	}
	return v
}

// ids are the ids of a list's items.
func (a *answer) ids() []kita.ID {
	a.t.Helper()
	var l struct{ Items []struct{ ID kita.ID } }
	a.into(&l)
	ids := make([]kita.ID, len(l.Items))
	for i, item := range l.Items {
		ids[i] = item.ID
	}
	return ids
}

// without ends the test when the answer, headers included, holds any of the words.
func (a *answer) without(words ...string) *answer {
	a.t.Helper()
	all := string(a.Raw)
	for k, v := range a.Header {
		all += k + strings.Join(v, "")
	}
	for _, w := range words {
		if len(w) < 12 && strings.Trim(w, "0123456789abcdef-") == "" {
			a.t.Fatalf("%q may stand in any id by chance: look for a word that can not", w)
		}
		if strings.Contains(all, w) {
			a.t.Fatalf("%s: the answer holds %q: %s", a.what, w, a.Raw)
		}
	}
	return a
}

func TestStrangersAreAskedToSignInEverywhere(t *testing.T) {
	onEachEngine(t, func(h *house) {
		for _, r := range handlers.Routes() {
			if r.Open {
				continue
			}
			path := strings.NewReplacer("{id}", string(kita.NewID()), "{child_id}", string(kita.NewID()), "{recipient_id}", string(kita.NewID())).Replace(r.Path)
			h.stranger().do(r.Method, path, nil).problem(401, "", "unauthenticated")
			(&caller{h: h, session: "made-up"}).do(r.Method, path, nil).problem(401, "", "unauthenticated")
			(&caller{h: h, bearer: "made-up"}).do(r.Method, path, nil).problem(401, "", "unauthenticated")
		}
	})
}

func TestEveryCodeHasItsTextInBothLanguages(t *testing.T) {
	de, en := handlers.Codes()
	used := 0
	for _, dir := range []string{".", "../kita", "../store", "../store/files"} {
		for _, code := range codesIn(t, dir) {
			used++
			if de[code] == "" || en[code] == "" {
				t.Errorf("%s uses the code %s, which has no text", dir, code)
			}
		}
	}
	if used < 50 {
		t.Fatalf("only %d codes found: the search is broken", used)
	}
}

// familiar finds the words by which German says du: the pronouns, and the imperatives that our texts are likely to use.
var familiar = regexp.MustCompile(`(?i)(^|\P{L})(du|dir|dich|dein(e|em|en|er|es)?|(ruf|sag|gib|nimm|lies|frag|schau|versuch|melde|löse|prüfe|wähle|ändere|warte))(\P{L}|$)`)

func TestGermanTextsSayTheFormalYou(t *testing.T) {
	de, _ := handlers.Codes()
	for code, text := range de {
		if familiar.MatchString(text) {
			t.Errorf("%s says du: %s", code, text)
		}
	}
}

func codesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		raw, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		codes = append(codes, domainCodes(string(raw))...)
	}
	return codes
}
