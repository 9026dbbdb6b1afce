package storetest

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
)

// Server is a PostgreSQL server of one's own, for programs that are no tests, and for tests that do it harm.
type Server struct{ p *postgres }

// StartServer starts a server that keeps what it has committed, unlike that of the tests, with settings as in
// "shared_buffers=1GB".
func StartServer(settings ...string) (Server, error) {
	p, err := startPostgres(settings...)
	return Server{p}, err
}

// NewServer is StartServer for a test: it ends with it.
func NewServer(t testing.TB, settings ...string) Server {
	t.Helper()
	s, err := StartServer(settings...)
	if err != nil {
		t.Fatalf("PostgreSQL for the tests (Debian: apt-get install postgresql): %v", err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// NewDatabase is the address of a fresh, empty database.
func (s Server) NewDatabase() (url string, err error) { return s.p.newDatabase() }

// CPU is what the server's processes have had of the processors, as Linux counts it: in hundredths of a second.
func (s Server) CPU() (time.Duration, error) {
	all, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	ticks := 0
	for _, path := range all {
		raw, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended, and its parent has its time
		}
		// proc(5): after the name, which may hold anything, state and parent are fields 3 and 4, and the times 14 to 17.
		_, rest, _ := strings.Cut(string(raw), ") ")
		f := strings.Fields(rest)
		pid, parent := filepath.Base(filepath.Dir(path)), f[1]
		main := strconv.Itoa(s.p.cmd.Process.Pid)
		if pid != main && parent != main {
			continue
		}
		for _, field := range f[11:15] { // its own, and those of its children that have ended
			n, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}

// Stop ends the server and removes all it held.
func (s Server) Stop() error { return s.p.stop() }

// RestartFast is pg_ctl restart -m fast: connections are broken, what is under way is rolled back.
func (s Server) RestartFast() error { return s.restart(syscall.SIGINT) }

// RestartImmediate is pg_ctl restart -m immediate: nothing is tidied up, the log is played when it starts again.
func (s Server) RestartImmediate() error { return s.restart(syscall.SIGQUIT) }

func (s Server) restart(how syscall.Signal) error { return errors.Join(s.p.end(how), s.p.relaunch()) }

// Kill ends the server's first process with kill -9, as if the machine had lost its power; its other processes end with it.
func (s Server) Kill() error { return s.p.end(syscall.SIGKILL) }

const standbyName = "standby"

// Standby starts a replica that every commit of s waits for from now on, and ends with the test.
func (s Server) Standby(t testing.TB) Server {
	t.Helper()
	dir, err := os.MkdirTemp("", "mk-pg-")
	if err != nil {
		t.Fatal(err)
	}
	replica := Server{&postgres{dir: dir, bin: s.p.bin}}
	if replica.p.attr, err = unprivileged(dir); err != nil {
		t.Fatal(err)
	}
	from := fmt.Sprintf("host=%s user=postgres application_name=%s", s.p.dir, standbyName)
	if out, err := replica.p.run("pg_basebackup", "-D", replica.p.data(), "-d", from, "-R", "-X", "stream", "-c", "fast").CombinedOutput(); err != nil {
		t.Fatalf("pg_basebackup: %v\n%s", err, out)
	}
	if err := replica.p.launch("wal_retrieve_retry_interval=200ms"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := replica.Stop(); err != nil {
			t.Error(err)
		}
	})
	db, err := sqlx.Connect("pgx", s.p.url("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{"alter system set synchronous_standby_names = '" + standbyName + "'", "select pg_reload_conf()"} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.After(30 * time.Second); ; {
		var state string
		if err := db.Get(&state, "select coalesce(max(sync_state), '') from pg_stat_replication"); err != nil {
			t.Fatal(err)
		}
		if state == "sync" {
			return replica
		}
		select {
		case <-deadline:
			t.Fatalf("the replica does not follow: it is %q", state)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Promote makes a replica the first server, and returns when it can be written to.
func (s Server) Promote() error {
	if out, err := s.p.run("pg_ctl", "promote", "-w", "-D", s.p.data()).CombinedOutput(); err != nil {
		return fmt.Errorf("pg_ctl promote: %w\n%s", err, out)
	}
	return nil
}

// Either is the address of the database at address at whichever of the servers can be written to.
func Either(address string, servers ...Server) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	var hosts []string
	for _, s := range servers {
		hosts = append(hosts, s.p.dir)
	}
	q := u.Query()
	q.Set("host", strings.Join(hosts, ","))
	q.Set("target_session_attrs", "read-write")
	u.RawQuery = q.Encode()
	return u.String(), nil
}
