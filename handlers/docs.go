package handlers

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io/fs"
	"net/http"
	"path"
	"time"

	"github.com/labstack/echo/v4"
)

//go:embed docs
var docs embed.FS

// docsPolicy: the page runs its own files and talks to its own server; it turns no text into markup.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"

// docsPages serves a page to read and try the API, at /api/docs, and its files beside it. It loads nothing from
// elsewhere: huma's own page would.
func docsPages(e *echo.Echo) {
	files, err := fs.ReadDir(docs, "docs")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	for _, f := range files {
		content, err := docs.ReadFile("docs/" + f.Name())
		if err != nil {
			panic(err)
		}
		address := "/api/" + f.Name()
		if f.Name() == "docs.html" {
			address = "/api/docs"
		}
		e.GET(address, docsFile(path.Ext(f.Name()), content))
	}
}

func docsFile(ext string, content []byte) echo.HandlerFunc {
	mediaType := map[string]string{".html": "text/html", ".css": "text/css", ".js": "text/javascript"}[ext]
	sum := sha256.Sum256(content)
	tag := `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	return func(c echo.Context) error {
		h := c.Response().Header()
		h.Set("Content-Type", mediaType+"; charset=utf-8")
		h.Set("Content-Security-Policy", docsPolicy)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		http.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(content))
		return nil
	}
}
