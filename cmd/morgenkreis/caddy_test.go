package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startCaddy starts a real Caddy with docs/Caddyfile.scale, as the image has it, before nodes: but for the addresses, which on one
// machine are ports, and TLS, whose certificates nobody here would give out.
func startCaddy(t *testing.T, nodes []*process) (url string) {
	t.Helper()
	caddy, err := exec.LookPath("caddy")
	if err != nil {
		t.Fatal("Caddy is missing: apt-get install caddy, or make tools (make test does it by itself)")
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "Caddyfile.scale"))
	if err != nil {
		t.Fatal(err)
	}
	at := func(p *process) string { return strings.TrimPrefix(p.url, "http://") }
	url = fmt.Sprint("http://localhost:", freePort(t))
	config := string(text)
	for from, to := range map[string]string{
		"node1:8080 node2:8080":  at(nodes[0]) + " " + at(nodes[1]),
		"http_port 8080":         fmt.Sprint("http_port ", freePort(t)),
		"https_port 8443":        fmt.Sprint("https_port ", freePort(t)),
		"http://:8081":           fmt.Sprint("http://:", freePort(t)),
		"\tpersist_config off\n": "", // Debian 12's Caddy 2.6 does not know it
	} {
		if strings.Count(config, from) != 1 {
			t.Fatalf("docs/Caddyfile.scale does not say %q once", from)
		}
		config = strings.Replace(config, from, to, 1)
	}
	home := t.TempDir()
	file := filepath.Join(home, "Caddyfile")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	said := &logFile{}
	c := exec.Command(caddy, "run", "--config", file, "--adapter", "caddyfile")
	c.Env = append(os.Environ(), "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home, "MORGENKREIS_DOMAIN="+url)
	c.Stdout, c.Stderr = said, said
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait() // "signal: killed" is what was asked for
		if t.Failed() {
			t.Logf("Caddy said:\n%s", said.tail())
		}
	})
	await(t, time.Minute, "Caddy hands on", func() bool { return statusOf(t.Context(), url+"/readyz") == http.StatusOK })
	return url
}

// TestNodesAreRestartedBehindCaddyWithoutALostRequest does what docs/nodes.md says of an update, behind the proxy that is shipped,
// with the times that are set by default.
func TestNodesAreRestartedBehindCaddyWithoutALostRequest(t *testing.T) {
	t.Parallel() // it waits most of the time
	w := newWorkplace(t, nil)
	url := startCaddy(t, w.nodes)
	w.begin(url)
	for _, p := range w.nodes {
		w.more(40)
		if err := p.signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if err := p.wait(); err != nil {
			t.Fatalf("it did not stop in order: %v\n%s", err, p.log.tail())
		}
		w.more(40)
		p.start()
		// The next one is stopped once this one is asked again: compose up --wait waits for as long.
		before := p.log.requests()
		await(t, time.Minute, "Caddy turns to it again", func() bool { return p.log.requests() > before+20 })
	}
	w.more(40)
	w.end()

	// Nobody is there: who asks is told when to ask again, in the form of all errors.
	for _, p := range w.nodes {
		p.kill()
	}
	var res *http.Response
	await(t, time.Minute, "Caddy answers by itself", func() bool {
		var err error
		if res, err = http.Get(url + "/api/v1/session"); err != nil {
			t.Fatal(err)
		}
		return res.StatusCode == http.StatusServiceUnavailable
	})
	defer res.Body.Close()
	var problem struct {
		Title, Code, Detail string
		Status              int
	}
	if err := json.NewDecoder(res.Body).Decode(&problem); err != nil || problem.Status != http.StatusServiceUnavailable || problem.Code != "nodes.away" || problem.Detail == "" {
		t.Errorf("%+v, %v", problem, err)
	}
	if after, kind := res.Header.Get("Retry-After"), res.Header.Get("Content-Type"); after != "5" || kind != "application/problem+json" {
		t.Errorf("Retry-After %q, Content-Type %q", after, kind)
	}
}
