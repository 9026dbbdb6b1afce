package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var tourBlock = regexp.MustCompile("(?s)```sh tour\n(.*?)```")

// TestTourOfTheReadmeWorks runs the README's tour, command by command, on ports and in a folder of its own.
func TestTourOfTheReadmeWorks(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := tourBlock.FindAllSubmatch(readme, -1)
	if len(blocks) < 5 {
		t.Fatalf("the README's tour has %d blocks", len(blocks))
	}
	var script strings.Builder
	script.WriteString("set -euo pipefail\ntrap 'kill $(jobs -p) 2> /dev/null' EXIT\n")
	for _, b := range blocks {
		script.Write(b[1])
	}
	folder := filepath.Join(t.TempDir(), "tour")
	server, phone := freePort(t), freePort(t)
	run := strings.NewReplacer("make build\n", "", "bin/morgenkreis serve", fmt.Sprintf("%s serve --listen 127.0.0.1:%d --base-url http://localhost:%d --metrics-listen off", os.Args[0], server, server),
		"bin/morgenkreis", os.Args[0], "data/tour", folder, "localhost:8080", fmt.Sprint("localhost:", server),
		"go build -o bin/listen", "go build -o "+filepath.Join(folder, "listen"),
		"bin/listen >", fmt.Sprintf("%s -addr 127.0.0.1:%d >", filepath.Join(folder, "listen"), phone)).Replace(script.String())
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-c", run)
	c.Dir = "../.."
	c.Env = append(os.Environ(), runsMain+"=1", "LANG=C.UTF-8")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = 10 * time.Second // what was left running in the background must not hold the test
	out, err := c.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(folder, "server.log")) // there may be none yet
		t.Fatalf("%v\n%s\nthe server said:\n%s", err, out, log)
	}
	for _, want := range []string{`"role": "leader"`, "Rohrbruch", `"shown": 1`, `"state": "confirmed"`, `"illness": "cold"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the tour does not show %s:\n%s", want, out)
		}
	}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
