// Package web is what people see outside the API: the app, as npm run build left it in embedded/app.
package web

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"time"
)

// The app, and the page that stands in its place in a binary that was built without it (go build alone).
//
//go:embed all:embedded
var embedded embed.FS

// Built tells whether the app is in this binary.
func Built() bool {
	_, err := fs.Stat(embedded, "embedded/app/index.html")
	return err == nil
}

// Handler serves the app. Every address that is no file of it is answered by its one page: the app finds its own way.
// Nothing in it comes from elsewhere, and no script runs that is not part of it.
func Handler() http.Handler {
	folder := "embedded/app"
	if !Built() {
		folder = "embedded/plain"
	}
	pages, err := fs.Sub(embedded, folder)
	if err != nil {
		panic(err) // the folder is part of the program
	}
	a := app{assets: map[string]asset{}}
	if err := a.read(pages); err != nil {
		panic(err)
	}
	a.policy = policy(a.assets["index.html"].forms[""])
	return a
}

// asset is one file in the forms it can be sent in, by content coding; "" is the plain one.
type asset struct {
	mediaType string
	forms     map[string][]byte
}

type app struct {
	assets map[string]asset
	policy string
}

// codings are what the build compresses to, the smaller first, with the end of the file's name.
var codings = [...]struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// read takes in the files of pages, but for those that hide: they are the tools' and not the app's.
func (a *app) read(pages fs.FS) error {
	return fs.WalkDir(pages, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			return err
		}
		content, err := fs.ReadFile(pages, name)
		if err != nil {
			return err
		}
		coding := ""
		for _, c := range codings {
			if base, ok := strings.CutSuffix(name, c.suffix); ok {
				name, coding = base, c.name
			}
		}
		if a.assets[name].forms == nil {
			a.assets[name] = asset{mediaType(name), map[string][]byte{}}
		}
		a.assets[name].forms[coding] = content
		return nil
	})
}

// mediaType does not ask the machine: what it knows of file names differs from one to the next.
func mediaType(name string) string {
	switch path.Ext(name) {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".json":
		return "application/json"
	case ".webmanifest":
		return "application/manifest+json"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return mime.TypeByExtension(path.Ext(name))
}

func (a app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	file, ok := a.assets[name]
	if !ok && path.Ext(name) == "" {
		name = "index.html"
		file, ok = a.assets[name]
	}
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", a.policy)
	h.Set("Content-Type", file.mediaType)
	// Asked for again each time, and answered with 304 while it is the same (RFC 9111, section 5.2.2.4) …
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "_app/immutable/") {
		// … but for what gets another name with another content.
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	content := file.forms[""]
	for _, c := range codings {
		if compressed := file.forms[c.name]; compressed != nil {
			h.Set("Vary", "Accept-Encoding")
			if accepts(r.Header.Get("Accept-Encoding"), c.name) {
				h.Set("Content-Encoding", c.name)
				content = compressed
				break
			}
		}
	}
	sum := sha256.Sum256(content)
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	// Parts of a compressed file are of use to nobody.
	r.Header.Del("Range")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

// accepts tells whether the client reads the coding (RFC 9110, section 12.5.3). One with a weight of 0 is refused.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == coding {
			return !zeroWeight.MatchString(weight)
		}
	}
	return false
}

var (
	zeroWeight   = regexp.MustCompile(`^\s*q=0(\.0*)?\s*$`)
	inlineScript = regexp.MustCompile(`(?s)<script>(.*?)</script>`)
)

// policy lets run what is part of the app: its files, and by its hash the lines in the page that start them
// (CSP Level 3, section 6.7.2). Style attributes are allowed, style elements are not: an attribute can not reach beyond
// its element, and SvelteKit hides what it tells screen readers with one.
func policy(index []byte) string {
	scripts := "'self'"
	for _, m := range inlineScript.FindAllSubmatch(index, -1) {
		sum := sha256.Sum256(m[1])
		scripts += " 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; script-src " + scripts + "; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' blob: data:; " +
		"connect-src 'self'; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
}
