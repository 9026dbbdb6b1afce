// Package s3test gives tests a real S3 server: Versity's gateway on a temporary folder and a port of this machine.
package s3test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"morgenkreis/store/files"
)

// module is built by the go command at this version, with its checksums looked up where those of all modules are. It is
// no dependency of the program.
const (
	module  = "github.com/versity/versitygw/cmd/versitygw"
	release = "v1.8.0"
)

// What the gateway's only account is called.
const (
	AccessKey = "kita"
	SecretKey = "morgenkreis-test"
	bucket    = "attachments"
)

// Gateway is an S3 server with one bucket.
type Gateway struct {
	t       testing.TB
	folder  string
	address string
	mu      sync.Mutex
	process *exec.Cmd
	ended   chan struct{}
}

// Start starts a gateway, which ends with the test.
func Start(t testing.TB) *Gateway {
	t.Helper()
	g := &Gateway{t: t, folder: t.TempDir()}
	for _, name := range []string{"objects", "sidecar"} {
		if err := os.Mkdir(filepath.Join(g.folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g.address = free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Kill)
	g.Restart()
	if err := g.Client().MakeBucket(context.Background(), bucket, minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	return g
}

// Restart starts the gateway after Kill, with what it had, and waits until it answers.
func (g *Gateway) Restart() {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	log, err := os.OpenFile(filepath.Join(g.folder, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		g.t.Fatal(err)
	}
	defer log.Close()
	g.process = exec.Command(binary(g.t), "--port", g.address, "--access", AccessKey, "--secret", SecretKey, "--quiet", "--health", "/health",
		"posix", "--sidecar", filepath.Join(g.folder, "sidecar"), filepath.Join(g.folder, "objects"))
	g.process.Stdout, g.process.Stderr = log, log
	g.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := g.process.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.ended = make(chan struct{})
	go func(p *exec.Cmd, ended chan struct{}) {
		_ = p.Wait() // a killed process never ends well
		close(ended)
	}(g.process, g.ended)
	deadline := time.After(30 * time.Second)
	for {
		if answer, err := http.Get("http://" + g.address + "/health"); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-g.ended:
			said, _ := os.ReadFile(log.Name())
			g.t.Fatalf("the gateway ended at once: %s", said)
		case <-deadline:
			g.t.Fatal("the gateway does not answer")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends the gateway in the middle of whatever it does.
func (g *Gateway) Kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.process != nil {
		_ = g.process.Process.Kill() // it may have ended by itself
		<-g.ended
		g.process = nil
	}
}

// Address is host:port.
func (g *Gateway) Address() string { return g.address }

// Place is the bucket, at this prefix.
func (g *Gateway) Place(prefix string) files.Place {
	p, err := files.ParsePlace(fmt.Sprintf("s3://%s/%s?endpoint=http://%s", bucket, prefix, g.address))
	if err != nil {
		g.t.Fatal(err)
	}
	p.AccessKey, p.SecretKey = AccessKey, SecretKey
	return p
}

// Store is the bucket at this prefix, open.
func (g *Gateway) Store(prefix string) files.Store {
	g.t.Helper()
	s, err := g.Place(prefix).Open(context.Background())
	if err != nil {
		g.t.Fatal(err)
	}
	return s
}

// Client is the gateway as its owner sees it.
func (g *Gateway) Client() *minio.Client {
	g.t.Helper()
	c, err := minio.New(g.address, &minio.Options{Creds: credentials.NewStaticV4(AccessKey, SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		g.t.Fatal(err)
	}
	return c
}

// Folder is where the gateway keeps the bucket's objects, each a file.
func (g *Gateway) Folder() string { return filepath.Join(g.folder, "objects", bucket) }

var built = sync.OnceValues(build)

func binary(t testing.TB) string {
	t.Helper()
	path, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// build has the gateway made once for this user; test programs that need it at the same time wait for the first.
func build() (path string, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	folder := filepath.Join(cache, "morgenkreis-tests", "versitygw-"+release)
	path = filepath.Join(folder, "versitygw")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(folder, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	partial := filepath.Join(folder, "partial")
	install := exec.Command("go", "install", "-ldflags=-s -w", module+"@"+release)
	install.Env = append(os.Environ(), "GOBIN="+partial, "CGO_ENABLED=0", "GOFLAGS=")
	if said, err := install.CombinedOutput(); err != nil {
		return "", fmt.Errorf("the S3 server of the tests can not be built: %w\n%s", err, said)
	}
	return path, os.Rename(filepath.Join(partial, "versitygw"), path)
}
