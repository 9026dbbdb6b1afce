package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// small is an app of three files; the real one is built by make, and looked at in a browser.
func small(t *testing.T) http.Handler {
	t.Helper()
	a := app{assets: map[string]asset{}}
	if err := a.read(fstest.MapFS{
		"index.html":             {Data: []byte("<p>page</p><script>start()</script>")},
		"index.html.br":          {Data: []byte("brotli")},
		"index.html.gz":          {Data: []byte("gzip")},
		"_app/immutable/a.js":    {Data: []byte("1")},
		"_app/immutable/a.js.br": {Data: []byte("one")},
		"manifest.webmanifest":   {Data: []byte("{}")},
		".gitkeep":               {Data: []byte("")},
	}); err != nil {
		t.Fatal(err)
	}
	a.policy = policy(a.assets["index.html"].forms[""])
	return a
}

func get(h http.Handler, path string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryAddressOfTheAppIsItsOnePage(t *testing.T) {
	h := small(t)
	for _, path := range []string{"/", "/n/01a2", "/today", "/i", "/a/b/c", "/../x"} {
		if w := get(h, path); w.Code != 200 || !strings.Contains(w.Body.String(), "page") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/html") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	for _, path := range []string{"/gone.js", "/index.html.br", "/n/picture.png", "/.gitkeep"} {
		if w := get(h, path); w.Code != 404 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

func TestFilesAreSentInTheSmallestFormTheClientReads(t *testing.T) {
	h := small(t)
	for accept, want := range map[string]string{
		"": "", "br": "br", "gzip, deflate, br, zstd": "br", "gzip": "gzip", "br;q=0, gzip;q=0.5": "gzip", "br; q=0.0": "", "brotli": "",
	} {
		w := get(h, "/", "Accept-Encoding", accept)
		if got := w.Header().Get("Content-Encoding"); got != want || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %q, Vary %q", accept, got, w.Header().Get("Vary"))
		}
		if again := get(h, "/", "Accept-Encoding", accept, "If-None-Match", w.Header().Get("ETag")); again.Code != 304 || again.Body.Len() > 0 {
			t.Errorf("%q again: %d", accept, again.Code)
		}
	}
	if w := get(h, "/manifest.webmanifest"); w.Header().Get("Content-Type") != "application/manifest+json" {
		t.Error(w.Header())
	}
}

func TestOnlyNamedContentIsKeptForEver(t *testing.T) {
	h := small(t)
	for path, want := range map[string]string{"/": "no-cache", "/today": "no-cache", "/manifest.webmanifest": "no-cache", "/_app/immutable/a.js": "public, max-age=31536000, immutable"} {
		if got := get(h, path).Header().Get("Cache-Control"); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestPolicyAllowsTheScriptsOfThePageAndNoOther(t *testing.T) {
	sum := sha256.Sum256([]byte("start()"))
	got := get(small(t), "/").Header().Get("Content-Security-Policy")
	if want := "script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"; !strings.Contains(got, want) {
		t.Errorf("%s is not in %s", want, got)
	}
	if strings.Contains(strings.ReplaceAll(got, "style-src-attr 'unsafe-inline'", ""), "unsafe") || !strings.Contains(got, "default-src 'none'") {
		t.Error(got)
	}
}

// TestBuiltAppObeysItsPolicy reads the built page as a browser does, by another way than the policy was made: every script in
// it is a file of ours or one that the policy names by its hash, and nothing else in it is run, or fetched from elsewhere.
func TestBuiltAppObeysItsPolicy(t *testing.T) {
	if !Built() {
		t.Log("the app is not in this binary (make app): what stands in its place is looked at")
	}
	h := Handler()
	page := get(h, "/")
	allowed := strings.Fields(directive(page, "script-src"))
	inline := 0
	root, err := html.Parse(page.Body)
	if err != nil {
		t.Fatal(err)
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		source := ""
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "javascript:") || strings.Contains(a.Val, "//") {
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
			if a.Key == "src" {
				source = a.Val
			}
		}
		switch {
		case n.DataAtom == atom.Style:
			t.Error("a style element: the policy forbids it")
		case n.DataAtom == atom.Script && source == "":
			inline++
			sum := sha256.Sum256([]byte(n.FirstChild.Data))
			if hash := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !slices.Contains(allowed, hash) {
				t.Errorf("the policy does not know the script %s:\n%s", hash, n.FirstChild.Data)
			}
		}
	}
	// One chooses light or dark before anything is painted, one starts the app.
	if Built() && inline != 2 {
		t.Errorf("%d inline scripts", inline)
	}
	if len(allowed) != inline+1 || allowed[0] != "'self'" {
		t.Errorf("the policy allows more than there is: %q", allowed)
	}
}

func TestEveryAnswerHasAPolicyWithoutUnsafeScripts(t *testing.T) {
	h := Handler()
	paths := []string{"/", "/sign-in", "/n/01a2", "/a/b/c"}
	for name := range h.(app).assets {
		paths = append(paths, "/"+name)
	}
	for _, path := range paths {
		w := get(h, path)
		if w.Code != 200 || directive(w, "default-src") != "'none'" {
			t.Errorf("%s: %d, default-src %q", path, w.Code, directive(w, "default-src"))
		}
		if scripts := directive(w, "script-src"); !strings.HasPrefix(scripts, "'self'") || strings.Contains(scripts, "unsafe") || strings.Contains(scripts, "*") || strings.Contains(scripts, ":") {
			t.Errorf("%s: script-src %q", path, scripts)
		}
	}
}

// directive is what the answer's policy says of one thing; a directive that is there twice counts once, the first time (CSP Level 3,
// section 2.2.1).
func directive(w *httptest.ResponseRecorder, name string) string {
	for part := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), ";") {
		if key, value, _ := strings.Cut(strings.TrimSpace(part), " "); key == name {
			return value
		}
	}
	return ""
}

// What stands in for the app runs no script at all.
func TestABinaryWithoutTheAppStillAnswers(t *testing.T) {
	if w := get(Handler(), "/"); w.Code != 200 || !strings.Contains(w.Body.String(), "Morgenkreis") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
