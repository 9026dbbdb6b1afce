package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// openData opens the data folder of a running server beside it.
func openData(t *testing.T, p *process) *store.Store {
	t.Helper()
	return storetest.Open(t, store.Options{Path: filepath.Join(p.data, databaseName)})
}

// runMain runs the program to its end and answers what it said, and whether it was content.
func runMain(t *testing.T, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, os.Args[0], args...)
	c.Env = append(os.Environ(), runsMain+"=1")
	out, err := c.CombinedOutput()
	return string(out), err
}

func TestRequestUnderWayEndsBeforeTheServerStops(t *testing.T) {
	p := newProcess(t, nil)
	p.start()
	s := openData(t, p)
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	lead := k.Leader("Lea")
	k.Group("Bären").Child("Mia").Guardian("Mama")
	w.Live()
	leader := w.Viewer(*lead.AccountID)
	id := kita.NewID()
	body := fmt.Sprintf(`{"id": %q, "kita_id": %q, "kind": "news", "title": "T", "audience": {"kind": "kita"}}`, id, k.ID)

	c, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	half := len(body) / 2
	fmt.Fprintf(c, "POST /api/v1/notices HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nCookie: morgenkreis=%s\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
		w.SignIn(*lead.AccountID), len(body))
	answers := bufio.NewReader(c)
	// "100 Continue" says that the handler waits for the body: the request is under way.
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(c, body[:half])
	stopped := make(chan error, 1)
	go func() { stopped <- p.stop() }()
	// No new connection is taken from now on; when that shows, the server is stopping.
	for {
		fresh, err := net.Dial("tcp", strings.TrimPrefix(p.url, "http://"))
		if err != nil {
			break
		}
		fresh.Close()
	}
	fmt.Fprint(c, body[half:])
	res, err := http.ReadResponse(answers, nil)
	if err != nil || res.StatusCode != http.StatusCreated {
		t.Fatalf("the request under way: %v %v", res, err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("the server did not stop in order: %v", err)
	}
	if _, err := s.NoticePosted(t.Context(), leader, id); err != nil {
		t.Errorf("the notice is not there: %v", err)
	}
}

var setupCode = regexp.MustCompile(`/i#([0-9A-Z-]+)`)

func TestFirstOperatorMovesInByTheLinkOfTheFirstStart(t *testing.T) {
	p := newProcess(t, nil)
	p.start()
	// It is said to whoever looks at the screen, once the server answers.
	var code []string
	await(t, time.Minute, "it shows the set-up link", func() bool {
		code = setupCode.FindStringSubmatch(p.log.tail())
		return code != nil
	})
	accept := func(code, login string) int {
		body, err := json.Marshal(map[string]string{"code": code, "login": login, "password": "ein langer Satz", "name": "Olga"})
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.Post(p.url+"/api/v1/invitations/accept", "application/json", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	out, err := runMain(t, "invite", "--data", p.data, "--base-url", p.url)
	fresh := setupCode.FindStringSubmatch(out)
	if err != nil || fresh == nil {
		t.Fatalf("invite: %v %s", err, out)
	}
	if got := accept(code[1], "olga@example.org"); got != 422 {
		t.Errorf("the code that was replaced: %d", got)
	}
	if got := accept(fresh[1], "olga@example.org"); got != 201 {
		t.Errorf("the fresh code: %d", got)
	}
	if got := accept(fresh[1], "otto@example.org"); got != 422 {
		t.Errorf("the same code again: %d", got)
	}
	if out, err := runMain(t, "invite", "--data", p.data); err == nil || !strings.Contains(out, "somebody runs this server already") {
		t.Errorf("invite once there is an operator: %v %s", err, out)
	}
	if out, err := runMain(t, "invite", "--data", p.data, "olga@example.org"); err != nil || !setupCode.MatchString(out) {
		t.Errorf("invite LOGIN: %v %s", err, out)
	}
	if out, err := runMain(t, "serve", "--demo", "--data", p.data, "--metrics-listen", "off", "--listen", "127.0.0.1:0"); err == nil {
		t.Errorf("a demo moves into a real house: %s", out)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p.start()
	if err := p.stop(); err != nil { // then it has said all that it had to say
		t.Fatal(err)
	}
	if got := strings.Count(p.log.tail(), "/i#"); got != 1 {
		t.Errorf("%d set-up links were printed", got)
	}
}

func TestDemoLoginsExistOnlyInTheDemo(t *testing.T) {
	p := newProcess(t, nil, "--demo")
	p.start()
	for _, login := range []string{"leitung", "baeren", "eltern"} {
		res, err := http.Post(p.url+"/api/v1/session", "application/json",
			strings.NewReader(fmt.Sprintf(`{"login": "%s@sonnenschein.example", "password": "morgenkreis"}`, login)))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			t.Errorf("%s: %d", login, res.StatusCode)
		}
		await(t, time.Minute, "it shows how to sign in as "+login, func() bool { return strings.Contains(p.log.tail(), login+"@sonnenschein.example") })
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	if out, err := runMain(t, "serve", "--data", p.data, "--metrics-listen", "off", "--listen", "127.0.0.1:0"); err == nil || !strings.Contains(out, "demo") {
		t.Errorf("the demo is served as a real house: %v %s", err, out)
	}
}

func TestMetricsTellWhatWaitsAndNoNames(t *testing.T) {
	metrics := fmt.Sprint("127.0.0.1:", freePort(t))
	p := newProcess(t, nil, "--metrics-listen", metrics)
	p.start()
	res, err := http.Get("http://" + metrics + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`morgenkreis_queue_depth{channel="push"} 0`, "morgenkreis_queue_age_seconds 0", "morgenkreis_jobs_due",
		`morgenkreis_request_seconds_count{method="GET",route="/readyz",status="200"}`, "process_resident_memory_bytes"} {
		if !strings.Contains(string(raw), want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestBrokenOffRestoreIsNotServed(t *testing.T) {
	data := t.TempDir()
	if err := os.Mkdir(filepath.Join(data, restorePartial), 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := runMain(t, "serve", "--data", data, "--metrics-listen", "off", "--listen", "127.0.0.1:0"); err == nil || !strings.Contains(out, "restore again") {
		t.Errorf("it is served: %v %s", err, out)
	}
}

func TestUnknownCommandsAndSettingsAreNamed(t *testing.T) {
	for _, x := range []struct{ args, says string }{
		{"dance", `no command "dance"`},
		{"serve --listen here", "--listen"},
		{"serve --base-url http://kita.example.org", "--base-url"},
		{"serve now", `not "now"`},
	} {
		if out, err := runMain(t, strings.Fields(x.args)...); err == nil || !strings.Contains(out, x.says) {
			t.Errorf("%s: %v %s", x.args, err, out)
		}
	}
	if out, err := runMain(t, "help"); err != nil || !strings.Contains(out, "serve") {
		t.Errorf("help: %v %s", err, out)
	}
}
