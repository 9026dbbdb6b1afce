package handlers

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"morgenkreis/kita"
)

// Prefix is where the API lives.
const Prefix = "/api/v1"

// auditClass says which line of the log a route leaves.
type auditClass string

const (
	// auditNone: the viewer's own, or nothing about anybody.
	auditNone auditClass = "none"
	// auditWrite: the store writes the line in the transaction of the change.
	auditWrite auditClass = "write"
	// auditRead: something sensitive was shown; the line is written before the answer leaves.
	auditRead auditClass = "read"
)

// permission says who may knock at all; what they then see is narrowed in SQL.
type permission struct {
	open  bool
	roles []kita.Role
	// scopes are those of which a program needs one, without :read or :write; empty where only people may go.
	scopes []string
}

func stranger() permission                                { return permission{open: true} }
func anyone() permission                                  { return permission{} }
func only(roles ...kita.Role) permission                  { return permission{roles: roles} }
func (p permission) program(scopes ...string) permission  { p.scopes = scopes; return p }
func (p permission) admits(v kita.Viewer) bool            { return len(p.roles) == 0 || v.Has(p.roles...) }
func (p permission) granted(v kita.Viewer, m string) bool { return !v.Program() || p.scopeFor(v, m) }

func (p permission) scopeFor(v kita.Viewer, method string) bool {
	return slices.ContainsFunc(p.scopes, func(scope string) bool {
		return method == http.MethodGet && v.May(scope+":read") || v.May(scope+":write")
	})
}

// route is one line of the table in routes.go.
type route struct {
	Method, Path string
	who          permission
	audit        auditClass
	summary      string
	description  string
	maxBody      int64
	timeout      time.Duration
	raw          bool // the body is a file, not JSON
	statuses     []int
	mediaTypes   []string
	waits        bool
	events       bool // the answer does not end
	register     func(huma.API, huma.Operation)
}

// about is what an answer of an auditRead route can say of itself.
type about interface {
	about() (kitaID, subject kita.ID)
}

type auditor interface {
	AuditRead(ctx context.Context, v kita.Viewer, kitaID kita.ID, action string, subject kita.ID) error
}

// handle makes a route of a typed handler.
func handle[I, O any](method, path string, who permission, audit auditClass, summary string,
	f func(context.Context, *I) (*O, error)) route {
	return route{Method: method, Path: path, who: who, audit: audit, summary: summary, maxBody: 64 << 10, timeout: 30 * time.Second,
		register: func(api huma.API, op huma.Operation) {
			if audit == auditRead {
				var zero any = new(O)
				if _, ok := zero.(about); !ok {
					panic("handlers: the answer of " + method + " " + path + " does not say what it is about")
				}
			}
			huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
				out, err := f(ctx, in)
				if err != nil {
					return nil, problemOf(ctx, languageFrom(ctx), err)
				}
				return out, nil
			})
		}}
}

// audited wraps an auditRead handler, so that what it shows is in the log before it is shown.
func audited[I, O any](log auditor, action string, f func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	return func(ctx context.Context, in *I) (*O, error) {
		out, err := f(ctx, in)
		if err != nil {
			return nil, err
		}
		kitaID, subject := any(out).(about).about()
		if err := log.AuditRead(ctx, viewerFrom(ctx), kitaID, action, subject); err != nil {
			return nil, err
		}
		return out, nil
	}
}

func (r route) named(description string) route { r.description = description; return r }
func (r route) file(bytes int64) route {
	r.maxBody, r.raw, r.timeout = bytes, true, 2*time.Minute
	return r
}

type contextKey int

const (
	viewerKey contextKey = iota
	requestKey
	clientKey
	languageKey
)

func viewerFrom(ctx context.Context) kita.Viewer {
	v, _ := ctx.Value(viewerKey).(kita.Viewer)
	return v
}
func requestID(ctx context.Context) string    { id, _ := ctx.Value(requestKey).(string); return id }
func languageFrom(ctx context.Context) string { l, _ := ctx.Value(languageKey).(string); return l }

// client is what the request says of the machine that sent it.
type client struct{ address, userAgent string }

func clientFrom(ctx context.Context) client { c, _ := ctx.Value(clientKey).(client); return c }

// guard stands before every handler: who is this, may they knock here, do they speak JSON.
func (s *Server) guard(c huma.Context, next func(huma.Context)) {
	r, _ := c.Operation().Metadata["route"].(route)
	lang := languageOf(c.Header("Accept-Language"))
	fail := func(err error) {
		p := problemOf(c.Context(), lang, err)
		for k, v := range p.GetHeaders() {
			c.SetHeader(k, v[0])
		}
		_ = huma.WriteErr(s.api, c, p.Status, "", p) // the client has gone; there is nobody left to tell
	}
	viewer, err := s.viewer(c)
	if err != nil {
		fail(err)
		return
	}
	switch {
	case r.who.open:
	case !viewer.Known():
		fail(kita.ErrUnauthenticated)
		return
	case !r.who.admits(viewer), !r.who.granted(viewer, r.Method):
		fail(kita.ErrNotFound)
		return
	}
	if !r.raw && slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, r.Method) && c.Operation().RequestBody != nil {
		media, _, _ := strings.Cut(c.Header("Content-Type"), ";")
		if !strings.EqualFold(strings.TrimSpace(media), "application/json") {
			fail(newProblem(c.Context(), http.StatusUnsupportedMediaType, "http.415", say(lang, &kita.Error{Code: "http.415"})))
			return
		}
	}
	c = huma.WithValue(c, viewerKey, viewer.WithRequest(requestID(c.Context())))
	next(huma.WithValue(c, languageKey, lang))
}

// viewer is who asks: a program by its bearer token, a person by the session cookie, or a stranger.
func (s *Server) viewer(c huma.Context) (kita.Viewer, error) {
	if h := c.Header("Authorization"); h != "" {
		scheme, token, _ := strings.Cut(h, " ")
		if !strings.EqualFold(scheme, "Bearer") {
			return kita.Viewer{}, kita.ErrUnauthenticated
		}
		return s.store.TokenViewer(c.Context(), strings.TrimSpace(token))
	}
	cookie, err := huma.ReadCookie(c, s.cookieName())
	if err != nil || cookie.Value == "" {
		return kita.Viewer{}, nil
	}
	v, err := s.store.SessionViewer(c.Context(), cookie.Value)
	if r, _ := c.Operation().Metadata["route"].(route); r.who.open && err == kita.ErrUnauthenticated {
		return kita.Viewer{}, nil // an old cookie must not keep anybody from signing in
	}
	return v, err
}
