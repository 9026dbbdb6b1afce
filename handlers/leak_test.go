package handlers_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jmoiron/sqlx"
	"pgregory.net/rapid"

	"morgenkreis"
	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// Worlds are drawn anew in each run: lanes of them on SQLite, side by side, and one on PostgreSQL. -rapid.seed plays one
// again; a world that goes wrong is made as small as it can be before it is told.
const (
	worldsPerLane = 30
	sqliteLanes   = 4
)

// TestNobodyLearnsWhatIsNotTheirs asks every route of the table as every account of random worlds: the answer is what the
// oracle says, a word that stands in one place of the world is met by nobody who may not meet it, what is not theirs can
// not be changed either, and the log holds none of it.
func TestNobodyLearnsWhatIsNotTheirs(t *testing.T) {
	everyRouteHasItsOracle(t)
	log := &logged{}
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	checks := flag.Lookup("rapid.checks")
	asked := checks.Value.String()
	if asked == checks.DefValue {
		if err := checks.Value.Set(fmt.Sprint(worldsPerLane)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = checks.Value.Set(asked) }) // it was valid before
	}
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		address := storetest.PostgresURL(t)
		live(t, log, "pgx", address, store.Options{URL: address}, (*run).everything)
	})
	t.Run("the second wall alone", func(t *testing.T) {
		t.Parallel()
		secondWallAlone(t, log)
	})
	t.Run("no wall at all", func(t *testing.T) {
		t.Parallel()
		noWallAtAll(t, log)
	})
	for i := range sqliteLanes {
		t.Run(fmt.Sprint("sqlite ", i), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "morgenkreis.db")
			live(t, log, "sqlite3_morgenkreis", "file:"+path+"?_busy_timeout=10000&_foreign_keys=on", store.Options{Path: path}, (*run).everything)
		})
	}
}

// lane is one server on one database, used by one world after the other.
type lane struct {
	ctx     context.Context
	store   *store.Store
	clock   *storetest.Clock
	handler http.Handler
	raw     *sqlx.DB
	log     *logged
	mint    func() kita.ID
}

// live opens the lane and checks world after world on it.
func live(t *testing.T, log *logged, driver, address string, o store.Options, check func(*run)) {
	l := &lane{ctx: t.Context(), clock: storetest.NewClock(), log: log}
	id := func() kita.ID { return l.mint() }
	o.Clock, o.NewID = l.clock.Now, id
	s, err := store.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // what it could say has been said
	l.store = s
	if l.raw, err = sqlx.Connect(driver, address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.raw.Close() })
	h := options(t, s, l.clock)
	h.NewID, h.BaseURL = id, &url.URL{Scheme: "http", Host: "localhost:8080"}
	l.handler = handlers.New(h)
	rapid.Check(t, func(rt *rapid.T) {
		l.clean(rt)
		l.clock.Set(storetest.NewClock().Now())
		w := newWorld(rt, s.Now())
		l.mint = w.newID
		r := &run{world: w, lane: l, dice: rand.New(rand.NewPCG(1, rapid.Uint64().Draw(rt, "chance")))}
		defer r.tell()
		if err := s.SystemPopulate(l.ctx, w.population()); err != nil {
			rt.Fatal(err)
		}
		for range w.n("said", 0, 3) {
			r.post()
		}
		for range w.n("happens", 0, 9) {
			pick(w, "what", story)(r)
		}
		check(r)
		if found := log.take(); secretWords.MatchString(found) {
			rt.Fatalf("the log holds a secret:\n%s", found)
		}
	})
}

func (r *run) everything() {
	r.everybodyAsks()
	r.everybodyTries()
}

var tables = regexp.MustCompile(`(?m)^create table (\w+)`)

// tableNames in the order of their making, so that each follows those it points at.
func tableNames() []string {
	var names []string
	for _, m := range tables.FindAllStringSubmatch(morgenkreis.Schema, -1) {
		if m[1] != "meta" {
			names = append(names, m[1])
		}
	}
	return names
}

// clean empties the database for the next world.
func (l *lane) clean(t *rapid.T) {
	tx := l.raw.MustBegin()
	for _, name := range slices.Backward(tableNames()) {
		if _, err := tx.Exec("delete from " + name); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// run is one world in the database.
type run struct {
	*world
	*lane
	programs []program
	dice     *rand.Rand
}

// asker is somebody with a browser, or a program with a token.
type asker struct {
	name            string
	session, bearer string
}

type program struct {
	owner  *kita.Account
	scope  string
	secret string
	id     kita.ID
}

type upload struct{ mediaType, bytes string }

type reply struct {
	what   string
	status int
	text   string
	header http.Header
}

func (r *run) signIn(a *kita.Account) asker {
	token := string(r.newID() + r.newID())
	if _, err := r.store.SystemStartSession(r.ctx, a.ID, token, "test"); err != nil {
		r.Fatal(err)
	}
	return asker{name: a.Name, session: token}
}

// call sends a request straight to the handler: the same way through Echo and huma, without a socket, so that there is
// time for more worlds.
func (r *run) call(a asker, method, path string, body any) *reply {
	var in io.Reader
	mediaType := "application/json"
	switch b := body.(type) {
	case nil:
	case upload:
		in, mediaType = strings.NewReader(b.bytes), b.mediaType
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			r.Fatal(err)
		}
		in = bytes.NewReader(raw)
	}
	req := httptest.NewRequest(method, handlers.Prefix+path, in)
	if in != nil {
		req.Header.Set("Content-Type", mediaType)
	}
	if a.session != "" {
		req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: a.session})
	}
	if a.bearer != "" {
		req.Header.Set("Authorization", "Bearer "+a.bearer)
	}
	rec := httptest.NewRecorder()
	// A stream ends when its first words are out.
	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	r.handler.ServeHTTP(&hangsUp{rec, cancel}, req.WithContext(ctx))
	return &reply{a.name + ": " + method + " " + path, rec.Code, rec.Body.String(), rec.Result().Header}
}

// hangsUp is a client that leaves with the first flush.
type hangsUp struct {
	*httptest.ResponseRecorder
	leave func()
}

func (w *hangsUp) Flush() { w.ResponseRecorder.Flush(); w.leave() }

func (got *reply) json(r *run) map[string]any {
	var v map[string]any
	if err := json.Unmarshal([]byte(got.text), &v); err != nil {
		r.Fatalf("%s: %v\n%s", got.what, err, got.text)
	}
	return v
}

var nextCursor = regexp.MustCompile(`"next":"([^"]+)"`)

// scan looks for every secret in an answer, wherever it stands, and for the ids of children.
func (r *run) scan(o oracle, got *reply) {
	if wrong := r.learned(o, got); len(wrong) > 0 {
		r.Fatalf("%s\n learns %s\n%s", got.what, wrong, got.text)
	}
}

// learned is what an answer tells that is not for o.
func (r *run) learned(o oracle, got *reply) (wrong []string) {
	if got.status == http.StatusForbidden || got.status >= 500 {
		r.Fatalf("%s: %d\n%s", got.what, got.status, got.text)
	}
	return r.tells(o, got)
}

func (r *run) tells(o oracle, got *reply) (wrong []string) {
	all := []string{got.text}
	for name, values := range got.header {
		all = append(all, name, strings.Join(values, ", "))
	}
	if m := nextCursor.FindStringSubmatch(got.text); m != nil {
		raw, _ := base64.RawURLEncoding.DecodeString(m[1]) // what can not be read shows nothing
		all = append(all, string(raw))
	}
	text := strings.Join(all, "\n")
	for _, s := range r.secretsIn(text) {
		if !s.may(o) {
			wrong = append(wrong, s.what)
		}
	}
	for _, c := range r.children {
		if strings.Contains(text, string(c.ID)) && !o.knowsOf(c) {
			wrong = append(wrong, "of the child "+string(c.ID))
		}
	}
	return wrong
}

// logged is what the server wrote to its log since it was last taken.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.b.Reset()
	return l.b.String()
}

// contents is all that is in the database, table by table, in no order.
func (r *run) contents() map[string][]string {
	all := map[string][]string{}
	for _, name := range tableNames() {
		rows, err := r.raw.Queryx("select * from " + name)
		if err != nil {
			r.Fatal(err)
		}
		for rows.Next() {
			row, err := rows.SliceScan()
			if err != nil {
				r.Fatal(err)
			}
			all[name] = append(all[name], fmt.Sprint(row...))
		}
		if err := rows.Close(); err != nil {
			r.Fatal(err)
		}
		slices.Sort(all[name])
	}
	return all
}

var (
	longIDs   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-8000-0*([0-9a-f]+)`)
	emptyOnes = regexp.MustCompile(`"\w+":(null|""|false|0),?|"(CreatedAt|Language|TimeZone|PasswordHash|Born|Colour|Icon|State|Opens|Closes|Regime|Escalate\w+|P256dh|Auth|LastName|AbsenceCutOff)":("[^"]*"|\d+),?`)
)

// tell says what the world was, once it went wrong; ids are cut to their ends.
func (r *run) tell() {
	if !r.Failed() {
		return
	}
	p := r.population()
	for v, i := reflect.ValueOf(p), 0; i < v.NumField(); i++ {
		for j := range v.Field(i).Len() {
			r.describe(v.Type().Field(i).Name, v.Field(i).Index(j).Interface())
		}
	}
	for _, n := range r.notices {
		r.describe("Notice", n.Notice)
		r.Logf("  targets %s files %s", longIDs.ReplaceAllString(fmt.Sprint(n.Targets), "$1"), longIDs.ReplaceAllString(fmt.Sprint(n.FileIDs), "$1"))
		for _, x := range n.recipients {
			account := kita.ID("nobody")
			if x.account != nil {
				account = *x.account
			}
			r.Logf("  to %s", longIDs.ReplaceAllString(fmt.Sprint(account, " as ", x.person, " about ", x.children), "$1"))
		}
	}
}

func (r *run) describe(what string, row any) {
	raw, err := json.Marshal(row)
	if err != nil {
		r.Fatal(err)
	}
	r.Logf("%s %s", what, longIDs.ReplaceAllString(emptyOnes.ReplaceAllString(string(raw), ""), "$1"))
}
