package handlers

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzhttp"
	"github.com/labstack/echo/v4"
)

// entityTag answers 304 where the caller already holds the very same JSON (RFC 9110, section 13.1.2): a phone on bad
// Wi-Fi asks often and seldom learns anything new.
func entityTag(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, Prefix) {
			return next(c)
		}
		res := c.Response()
		original := res.Writer
		held := &heldWriter{ResponseWriter: original, status: http.StatusOK}
		res.Writer = held
		err := next(c)
		res.Writer = original
		if held.streaming {
			return err
		}
		if err != nil && !res.Committed {
			return err
		}
		if held.status == http.StatusOK {
			sum := sha256.Sum256(held.body.Bytes())
			// Weak: what is sent is compressed or not (see compressed), and the same to whoever reads it (section 8.8.1).
			tag := `W/"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
			h := original.Header()
			h.Set("ETag", tag)
			h.Set("Cache-Control", "private, no-cache")
			if matches(r.Header.Get("If-None-Match"), tag) {
				h.Del("Content-Type")
				h.Del("Content-Length")
				res.Status, res.Size = http.StatusNotModified, 0
				original.WriteHeader(http.StatusNotModified)
				return nil
			}
		}
		original.WriteHeader(held.status)
		_, werr := original.Write(held.body.Bytes())
		if err == nil {
			err = werr
		}
		return err
	}
}

// matches compares weakly, as If-None-Match asks for.
func matches(header, tag string) bool {
	tag = strings.TrimPrefix(tag, "W/")
	for _, t := range strings.Split(header, ",") {
		if t = strings.TrimPrefix(strings.TrimSpace(t), "W/"); t == tag || t == "*" {
			return true
		}
	}
	return false
}

// compressed sends JSON as gzip to whoever reads that: a page of notices is a fifth of its size then. Short answers, pictures and
// the app's files (compressed when they were built) are left as they are. No answer of the API holds a secret beside words of
// somebody else's choice, which their length could give away (BREACH).
func compressed(h http.Handler) http.Handler {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024), gzhttp.EnableZstd(false), gzhttp.ContentTypeFilter(func(mediaType string) bool {
		return strings.HasPrefix(mediaType, "application/json") || strings.HasPrefix(mediaType, "application/problem+json")
	}))
	if err != nil {
		panic(err) // the options are constants
	}
	squeezed := wrap(h)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == Prefix+eventsPath { // told at once, not when it fills a block
			h.ServeHTTP(w, r)
			return
		}
		squeezed.ServeHTTP(w, r)
	})
}

// heldWriter keeps JSON back until it is whole; everything else passes straight through.
type heldWriter struct {
	http.ResponseWriter
	body      bytes.Buffer
	status    int
	streaming bool
}

func (w *heldWriter) WriteHeader(status int) {
	w.status = status
	if !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
		w.streaming = true
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *heldWriter) Write(p []byte) (int, error) {
	if w.streaming {
		return w.ResponseWriter.Write(p)
	}
	return w.body.Write(p)
}

func (w *heldWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func jsonTo(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
