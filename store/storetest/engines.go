// Package storetest gives tests real databases: a SQLite file and a PostgreSQL server of their own, on temporary folders.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sort"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// Clock is a clock that stands still until it is moved.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock starts on a Monday morning in autumn: 2026-11-23, 07:00 in Berlin.
func NewClock() *Clock { return &Clock{now: time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)} }

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock on.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Set puts the clock.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// OnEachEngine runs f once on SQLite and once on PostgreSQL, each on an empty store.
func OnEachEngine(t *testing.T, f func(t *testing.T, s *store.Store, clock *Clock)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { s, c := SQLite(t); f(t, s, c) })
	t.Run("postgres", func(t *testing.T) { s, c := Postgres(t); f(t, s, c) })
}

// SQLite is an empty store on a file of its own.
func SQLite(t testing.TB) (*store.Store, *Clock) {
	t.Helper()
	return open(t, store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db")})
}

// Postgres is an empty store in a database that nobody else uses meanwhile.
func Postgres(t testing.TB) (*store.Store, *Clock) {
	t.Helper()
	return open(t, store.Options{URL: ReadyURL(t)})
}

func open(t testing.TB, o store.Options) (*store.Store, *Clock) {
	t.Helper()
	clock := NewClock()
	o.Clock, o.NewID = clock.Now, kita.NewID
	return Open(t, o), clock
}

// Open opens a store that is closed when the test ends.
func Open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

var (
	servers   sync.Mutex
	server    *postgres
	serverErr error
	databases atomic.Int64
)

// PostgresURL is the address of a fresh, empty database on this process's own server.
func PostgresURL(t testing.TB) string {
	t.Helper()
	servers.Lock()
	if server == nil && serverErr == nil {
		server, serverErr = startPostgres("fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	servers.Unlock()
	if serverErr != nil {
		t.Fatalf("PostgreSQL for the tests (Debian: apt-get install postgresql): %v", serverErr)
	}
	url, err := server.newDatabase()
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// Main runs the tests of a package and stops the PostgreSQL server they started: func TestMain(m) { storetest.Main(m) }.
func Main(m *testing.M) {
	code := m.Run()
	servers.Lock()
	defer servers.Unlock()
	if server != nil {
		if err := server.stop(); err != nil {
			fmt.Fprintln(os.Stderr, "stop PostgreSQL:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

type postgres struct {
	dir       string
	bin       string
	attr      *syscall.SysProcAttr
	arguments []string
	cmd       *exec.Cmd
	// exited is closed when the server has ended.
	exited chan struct{}
}

func (p *postgres) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {p.dir}, "user": {"postgres"}}.Encode()
}

func (p *postgres) newDatabase() (url string, err error) {
	name := "t" + strconv.FormatInt(databases.Add(1), 10)
	db, err := sqlx.Connect("pgx", p.url("postgres"))
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.Exec("create database " + name)
	return p.url(name), err
}

// startPostgres makes a cluster in a temporary folder, reachable by its socket alone. PostgreSQL refuses to run as root,
// so there it runs as the user postgres or nobody.
func startPostgres(settings ...string) (*postgres, error) {
	bin, err := postgresBin()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "mk-pg-") // short: a socket's path has at most 107 bytes
	if err != nil {
		return nil, err
	}
	p := &postgres{dir: dir, bin: bin}
	if p.attr, err = unprivileged(dir); err != nil {
		return nil, err
	}
	if out, err := p.run("initdb", "-D", p.data(), "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return p, p.launch(settings...)
}

func (p *postgres) data() string { return filepath.Join(p.dir, "data") }

// run is one of PostgreSQL's programs, in the server's folder and as its user.
func (p *postgres) run(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(p.bin, name), args...)
	c.SysProcAttr, c.Dir = p.attr, p.dir
	return c
}

// launch starts the server on its folder and waits until it answers.
func (p *postgres) launch(settings ...string) error {
	p.arguments = []string{"-D", p.data(), "-k", p.dir}
	for _, setting := range append([]string{"listen_addresses=", "max_connections=300", "log_min_messages=fatal"}, settings...) {
		p.arguments = append(p.arguments, "-c", setting)
	}
	return p.relaunch()
}

func (p *postgres) relaunch() error {
	cmd, exited := p.run("postgres", p.arguments...), make(chan struct{})
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.exited = cmd, exited
	go func() { // ends with the server
		_ = cmd.Wait() // how it ended is in ProcessState
		close(exited)
	}()
	for deadline := time.Now().Add(30 * time.Second); ; {
		db, err := sqlx.Connect("pgx", p.url("postgres"))
		if err == nil {
			return db.Close()
		}
		select {
		case <-exited:
			return fmt.Errorf("postgres ended: %v", cmd.ProcessState)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return errors.Join(errors.New("postgres did not come up"), err)
		}
	}
}

func (p *postgres) stop() error { return errors.Join(p.end(syscall.SIGQUIT), os.RemoveAll(p.dir)) }

// end ends the server and waits until it has: until then it writes into the folder. One that has ended already is left alone.
func (p *postgres) end(how syscall.Signal) error {
	err := p.cmd.Process.Signal(how)
	<-p.exited
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func postgresBin() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		return filepath.Dir(path), err
	}
	sort.Strings(found)
	return filepath.Dir(found[len(found)-1]), nil
}

func unprivileged(dir string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT}
	if os.Getuid() != 0 {
		return attr, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
		return nil, err
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}
