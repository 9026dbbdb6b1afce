// Package handlers is the HTTP API: who is asking, what do they ask, do it, answer. No SQL and no rule stands here.
// Echo's types do not leave this package.
package handlers

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"
	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"
	"golang.org/x/sync/errgroup"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// Options are what a server is made of.
type Options struct {
	Store *store.Store
	Files files.Store
	// BaseURL is how people reach the server, without a path.
	BaseURL *url.URL
	// PushKey is the VAPID public key, base64url.
	PushKey string
	// Hosts are the push services a subscription may point at.
	Hosts    kita.EndpointHosts
	Receipts notify.Receipts
	// MailWorks tells whether e-mail is configured.
	MailWorks bool
	// Mailer sends what nobody but its reader may see; nil when e-mail is not configured.
	Mailer Mailer
	// TrustProxy are the networks whose X-Forwarded-For is believed.
	TrustProxy []*net.IPNet
	Clock      func() time.Time
	NewID      func() kita.ID
	Version    string
	// Web is what is served outside the API.
	Web http.Handler
	// Ready tells why the server should get no traffic; nil when it should.
	Ready func(context.Context) error
	// Observe is told of each finished request.
	Observe func(method, route string, status int, took time.Duration)
	// Heartbeat is how often a silent stream of events says that it is there; 25 seconds when zero.
	Heartbeat time.Duration
	// Patience is how long a client may take to take what its stream says, before it is cut off; 10 seconds when zero.
	Patience time.Duration
}

// Server is the API as a http.Handler.
type Server struct {
	Options
	store *store.Store
	echo  *echo.Echo
	api   huma.API
	http  http.Handler
	pass  *passwords
	// streams are the streams of events that are open.
	streams streams
	// background is what goes on after an answer; Wait waits for it.
	background errgroup.Group
}

// readers are the methods of who only looks. Echo answers HEAD where it is told to and nowhere else; monitors, link checkers and
// proxies ask by it.
var readers = []string{http.MethodGet, http.MethodHead}

// New builds the server and registers every route of the table.
func New(o Options) *Server {
	s := &Server{Options: o, store: o.Store, echo: echo.New(), pass: newPasswords()}
	s.background.SetLimit(maxBackground)
	s.echo.HideBanner, s.echo.HidePort = true, true
	s.echo.HTTPErrorHandler = echoProblem
	s.echo.IPExtractor = extractor(o.TrustProxy)
	s.echo.Use(s.request, middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: logPanic, DisablePrintStack: true}))
	s.echo.Use(middleware.BodyLimit("18M"), entityTag)

	s.api = humaecho.New(s.echo, apiConfig(o.Version))
	s.api.OpenAPI().Components.Schemas.RegisterTypeAlias(reflect.TypeFor[kita.Instant](), reflect.TypeFor[time.Time]())
	s.api.UseMiddleware(s.guard)
	for _, r := range s.routes() {
		r.register(s.api, r.operation())
	}
	docsPages(s.echo)
	s.echo.Match(readers, "/healthz", s.healthz)
	s.echo.Match(readers, "/readyz", s.readyz)
	s.echo.Any("/api/*", func(echo.Context) error { return echo.ErrNotFound })
	if o.Web != nil {
		s.echo.Match(readers, "/*", echo.WrapHandler(o.Web))
	}
	// Cookies are SameSite=Lax; this refuses what older browsers let through (Sec-Fetch-Site, Origin).
	csrf := http.NewCrossOriginProtection()
	csrf.SetDenyHandler(http.HandlerFunc(denyForeign))
	s.http = compressed(csrf.Handler(s.echo))
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.http.ServeHTTP(w, r) }

// OpenAPI is the description of the API (OpenAPI 3.1), generated from the handlers. It needs no running server.
func OpenAPI(version string) ([]byte, error) {
	s := New(Options{BaseURL: &url.URL{Scheme: "https", Host: "morgenkreis.example"}, Clock: time.Now, NewID: kita.NewID, Version: version})
	return s.api.OpenAPI().MarshalJSON()
}

// Lists are never null, neither asked nor answered: a client would have to be ready for both.
func init() { huma.DefaultArrayNullable = false }

func apiConfig(version string) huma.Config {
	c := huma.DefaultConfig("Morgenkreis", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "/api/openapi", "", "/api/schemas"
	c.CreateHooks = nil // no $schema links in answers
	c.OnAddOperation, c.Tags = []huma.AddOpFunc{document}, nouns
	c.RejectUnknownQueryParameters = true
	c.Info.Description = "What a kita and its parents tell each other. Ids are UUIDs and may be chosen by the client: sending the same create again " +
		"answers 200 with what is there, other content under the same id 409. Days are YYYY-MM-DD in the kita's time zone, instants RFC 3339 UTC. " +
		"Errors are RFC 9457 problem details in German or English. Lists are paged: `?limit=&after=`, the answer carries `next`. " +
		"What is not there and what is not yours answer the same: 404."
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"session": {Type: "apiKey", In: "cookie", Name: "__Host-morgenkreis", Description: "A browser session, from POST /api/v1/session."},
		"token":   {Type: "http", Scheme: "bearer", Description: "A program's token, from POST /api/v1/tokens."},
	}
	return c
}

// extractor takes the client's address from the connection, and from X-Forwarded-For only behind a trusted proxy:
// Echo's default believes anybody.
func extractor(trusted []*net.IPNet) echo.IPExtractor {
	if len(trusted) == 0 {
		return echo.ExtractIPDirect()
	}
	opts := []echo.TrustOption{echo.TrustLoopback(false), echo.TrustLinkLocal(false), echo.TrustPrivateNet(false)}
	for _, n := range trusted {
		opts = append(opts, echo.TrustIPRange(n))
	}
	return echo.ExtractIPFromXFFHeader(opts...)
}

// request names each request, hands its client on, logs its end, and sets what every answer carries.
func (s *Server) request(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := s.Clock()
		id := string(s.NewID())
		r := c.Request()
		ctx := context.WithValue(r.Context(), requestKey, id)
		ctx = context.WithValue(ctx, clientKey, client{c.RealIP(), r.UserAgent()})
		c.SetRequest(r.WithContext(ctx))
		h := c.Response().Header()
		h.Set("X-Request-Id", id)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		if strings.HasPrefix(r.URL.Path, "/api/") {
			h.Set("Cache-Control", "no-store")
			h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		}
		if s.BaseURL.Scheme == "https" {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		if err := next(c); err != nil {
			c.Error(err)
		}
		path := c.Path()
		if path == "" {
			path = "none"
		}
		took := s.Clock().Sub(start)
		status := c.Response().Status
		if s.Observe != nil && path != Prefix+eventsPath { // how long somebody listened is no measure of ours
			s.Observe(r.Method, path, status, took)
		}
		// The route, not the address: an address can hold what somebody typed.
		slog.InfoContext(ctx, "request", "request", id, "method", r.Method, "route", path, "status", status,
			"ms", took.Milliseconds(), "bytes", c.Response().Size)
		return nil
	}
}

func logPanic(c echo.Context, err error, stack []byte) error {
	slog.ErrorContext(c.Request().Context(), "panic", "error", err, "request", requestID(c.Request().Context()), "stack", string(stack))
	return err
}

func denyForeign(w http.ResponseWriter, r *http.Request) {
	lang := languageOf(r.Header.Get("Accept-Language"))
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(http.StatusForbidden)
	_ = jsonTo(w, newProblem(r.Context(), http.StatusForbidden, "http.403", say(lang, &kita.Error{Code: "http.403"}))) // nobody left to tell
}

// healthz: the process answers.
func (s *Server) healthz(c echo.Context) error { return c.String(http.StatusOK, "ok\n") }

// readyz: the process can do its work, and is not about to stop.
func (s *Server) readyz(c echo.Context) error {
	if s.Ready != nil {
		if err := s.Ready(c.Request().Context()); err != nil {
			return c.String(http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
		}
	}
	if err := s.store.Ping(c.Request().Context()); err != nil {
		return c.String(http.StatusServiceUnavailable, "not ready: the database does not answer\n")
	}
	return c.String(http.StatusOK, "ready\n")
}
