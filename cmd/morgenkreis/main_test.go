package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"
	"golang.org/x/crypto/argon2"

	"morgenkreis/cmd/morgenkreis/demo"
	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// runsMain, in the environment, makes this test binary the program itself, so that tests can run it as another process.
const runsMain = "TEST_BINARY_RUNS_MORGENKREIS"

// clockAt, in the environment, is what the clock of that program says when it starts (RFC 3339): the app is looked at on an
// ordinary Tuesday morning, whatever day it is (web/tests/house.ts).
const clockAt = "TEST_BINARY_CLOCK"

// runsPostgres, in the environment, makes this test binary a PostgreSQL server for the app's tests (web/tests/postgres.ts): it
// prints the address of an empty database, and ends when its standard input does.
const runsPostgres = "TEST_BINARY_RUNS_POSTGRES"

// signsInFast, in the environment, is the database of a demo kita for the app's tests, whose people this test binary lets sign in fast
// (web/tests/setup.ts): a SQLite file, or an address.
const signsInFast = "TEST_BINARY_SIGNS_IN_FAST"

func TestMain(m *testing.M) {
	var err error
	switch {
	case os.Getenv(runsPostgres) != "":
		err = servePostgres()
	case os.Getenv(signsInFast) != "":
		err = signInFast(os.Getenv(signsInFast))
	default:
		runOrTest(m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func runOrTest(m *testing.M) {
	if os.Getenv(runsMain) != "" {
		if at := os.Getenv(clockAt); at != "" {
			begin, err := time.Parse(time.RFC3339, at)
			if err != nil {
				panic(err)
			}
			ahead := time.Until(begin)
			clock = func() time.Time { return time.Now().Add(ahead) }
		}
		main()
		return
	}
	storetest.Main(m)
}

func servePostgres() error {
	server, err := storetest.StartServer("fsync=off", "synchronous_commit=off", "full_page_writes=off")
	if err != nil {
		return fmt.Errorf("PostgreSQL for the tests (Debian: apt-get install postgresql): %w", err)
	}
	address, err := server.NewDatabase()
	if err == nil {
		fmt.Println(address)
		_, err = io.Copy(io.Discard, os.Stdin)
	}
	return errors.Join(err, server.Stop())
}

// signInFast gives the people of a demo kita the password they have in the form that is the least work to look at. How much the real
// one is makes a seventh of all that the app's tests have to do, and changes nothing in what they see.
func signInFast(database string) error {
	driver, address := "sqlite3", "file:"+database
	if strings.HasPrefix(database, "postgres:") {
		driver, address = "pgx", database
	}
	db, err := sqlx.Connect(driver, address)
	if err != nil {
		return err
	}
	defer db.Close()
	const memory = 8 // KiB: argon2's least
	salt := bytes.Repeat([]byte{1}, kita.PasswordSalt)
	b64 := base64.RawStdEncoding.EncodeToString
	hash := fmt.Sprintf("$argon2id$v=%d$m=%d,t=1,p=1$%s$%s", argon2.Version, memory, b64(salt), b64(argon2.IDKey([]byte(demo.Password), salt, 1, memory, 1, 32)))
	if !kita.PasswordFits(hash, demo.Password) {
		return errors.New("the password does not fit its own hash")
	}
	_, err = db.Exec(db.Rebind("update accounts set password_hash = ? where password_hash <> ?"), hash, kita.NoPassword)
	return err
}

// process is the program, running as another process that can be killed and started again on the same port and data.
type process struct {
	t       *testing.T
	data    string
	url     string
	program []string
	args    []string
	log     *logFile

	mu  sync.Mutex
	cmd *exec.Cmd
}

// logFile keeps what the program said, for when it goes wrong.
type logFile struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logFile) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logFile) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-4000):]
}

// requests counts those that the program has answered.
func (l *logFile) requests() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), " msg=request ")
}

// newProcess prepares a server on a free port and an empty data folder. program is what to run; the test binary itself
// when it is empty.
func newProcess(t *testing.T, program []string, args ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(t.TempDir(), "data")
	p := &process{t: t, data: data, url: fmt.Sprintf("http://localhost:%d", port), program: program, log: &logFile{},
		args: append([]string{"serve", "--data", data, "--listen", fmt.Sprintf("127.0.0.1:%d", port), "--base-url", fmt.Sprintf("http://localhost:%d", port),
			"--metrics-listen", "off"}, args...)}
	if len(program) == 0 {
		p.program = []string{os.Args[0]}
	}
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("the server said:\n%s", p.log.tail())
		}
	})
	return p
}

// start runs the program and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	p.mu.Lock()
	p.cmd = exec.Command(p.program[0], append(p.program[1:], p.args...)...)
	p.cmd.Env = append(os.Environ(), runsMain+"=1")
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	// A group of its own: under strace a signal has to reach the server itself.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err := p.cmd.Start()
	p.mu.Unlock()
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := awaitReady(ctx, p.url); err != nil {
		p.t.Fatalf("the server does not come up: %v\n%s", err, p.log.tail())
	}
}

// awaitReady asks until the server at url is ready.
func awaitReady(ctx context.Context, url string) error {
	ask := time.NewTicker(10 * time.Millisecond)
	defer ask.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/readyz", nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_, cerr := io.Copy(io.Discard, res.Body)
			if err := errors.Join(cerr, res.Body.Close()); err == nil && res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-ask.C:
		}
	}
}

// kill ends the program as a power cut would: kill -9.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // it may have ended already
	_ = p.cmd.Wait()                                      // "signal: killed" is what was asked for
	p.cmd = nil
}

// stop ends the program as an operator would, and answers how it ended.
func (p *process) stop() error { return errors.Join(p.signal(syscall.SIGTERM), p.wait()) }

func (p *process) signal(what syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return syscall.Kill(-p.cmd.Process.Pid, what)
}

// wait waits until the program has ended, and answers how.
func (p *process) wait() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.cmd.Wait()
	p.cmd = nil
	return err
}
