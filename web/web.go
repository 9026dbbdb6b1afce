// Package web is what people see outside the API.
package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var static embed.FS

// Handler serves the pages. Nothing in them comes from elsewhere.
func Handler() http.Handler {
	pages, err := fs.Sub(static, "static")
	if err != nil {
		panic(err) // the folder is part of the program
	}
	serve := http.FileServerFS(pages)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
		h.Set("Cache-Control", "no-cache")
		// An address of the app (/n/…, /i, /today) is answered by the one page there is.
		if _, err := fs.Stat(pages, strings.TrimPrefix(path.Clean(r.URL.Path), "/")); err != nil && path.Ext(r.URL.Path) == "" {
			r = r.Clone(r.Context())
			r.URL.Path = "/"
		}
		serve.ServeHTTP(w, r)
	})
}
