package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// firefox is a real Firefox without a screen, driven over its own port (WebDriver BiDi, https://w3c.github.io/webdriver-bidi/).
type firefox struct {
	t testing.TB
	// ctx ends when the test has waited long enough.
	ctx  context.Context
	life context.Context // of the connection
	conn *websocket.Conn
	log  *logFile

	mu      sync.Mutex
	last    int
	waiting map[int]chan reply
	console []string
}

// waitsAtMost is for a machine that has much else to do; nothing takes as long by itself.
const waitsAtMost = 5 * time.Minute

type reply struct {
	ID      int             `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Message string          `json:"message"`
	// Of what nobody asked for: an event.
	Method string `json:"method"`
	Params struct {
		Level string `json:"level"`
		Text  string `json:"text"`
	} `json:"params"`
}

// prefs of a Firefox that gets its pushes from serviceURL, a push service on this machine, and is alone otherwise.
func prefs(serviceURL string) string {
	set := map[string]any{
		"dom.push.serverURL":                      serviceURL,
		"dom.push.testing.allowInsecureServerURL": true, // ws: and http:, on this machine
		"dom.push.connection.enabled":             true, // what drives a browser from outside turns it off otherwise
		"dom.push.loglevel":                       "warn",
		"dom.push.retryBaseInterval":              100, // ms, until it comes back to a push service that hung up
		"alerts.useSystemBackend":                 false,
		// What is urgent stays until it is tapped, however slow this machine is.
		"dom.webnotifications.requireinteraction.enabled": true,
		// What Firefox asks the person is answered by pressing the button, at once.
		"security.notification_enable_delay":         0,
		"intl.accept_languages":                      "de",
		"intl.locale.requested":                      "de",
		"datareporting.policy.dataSubmissionEnabled": false,
		"app.update.disabledForTesting":              true,
		"browser.shell.checkDefaultBrowser":          false,
		"ui.prefersReducedMotion":                    1,
	}
	var js strings.Builder
	for name, value := range set {
		literal, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		fmt.Fprintf(&js, "user_pref(%q, %s);\n", name, literal)
	}
	return js.String()
}

var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// startFirefox starts a Firefox with a profile of its own; it ends with the test. Whatever the test waits for has to come
// within waitsAtMost in all.
func startFirefox(t testing.TB, serviceURL string) *firefox {
	t.Helper()
	program, err := exec.LookPath("firefox-esr")
	if err != nil {
		t.Fatal("Firefox is missing: apt-get install firefox-esr, or make tools (make test does it by itself)")
	}
	home := t.TempDir()
	profile := filepath.Join(home, "profile")
	if err := errors.Join(os.Mkdir(profile, 0o700), os.WriteFile(filepath.Join(profile, "user.js"), []byte(prefs(serviceURL)), 0o600)); err != nil {
		t.Fatal(err)
	}
	life, end := context.WithCancel(context.Background())
	ctx, cancel := context.WithTimeout(life, waitsAtMost)
	c := exec.Command(program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0",
		// What Firefox shows outside the page: its question for the permission, and the notifications.
		"--remote-allow-system-access", "about:blank")
	c.Env = append(os.Environ(), "HOME="+home, "XDG_RUNTIME_DIR="+home, "MOZ_CRASHREPORTER_DISABLE=1", "MOZ_HEADLESS_WIDTH=1000", "MOZ_HEADLESS_HEIGHT=1000")
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stderr, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	f := &firefox{t: t, ctx: ctx, life: life, log: &logFile{}, waiting: map[int]chan reply{}}
	address := make(chan string, 1)
	said := make(chan struct{})
	go func() {
		defer close(said)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			fmt.Fprintln(f.log, lines.Text())
			if found := listening.FindStringSubmatch(lines.Text()); found != nil {
				address <- found[1]
			}
		}
	}()
	heard := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		end()
		if f.conn != nil {
			_ = f.conn.CloseNow()
			<-heard
		}
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) // its children with it
		<-said
		_ = c.Wait() // "signal: killed" is what was asked for
		if t.Failed() {
			t.Logf("Firefox said:\n%s\n%s", f.log.tail(), strings.Join(f.console, "\n"))
		}
	})
	select {
	case a := <-address:
		f.conn, _, err = websocket.Dial(ctx, a+"/session", nil)
	case <-said:
		err = errors.New("Firefox ended")
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		t.Fatalf("Firefox does not come up: %v", err)
	}
	f.conn.SetReadLimit(16 << 20)
	go func() {
		defer close(heard)
		f.hear()
	}()
	f.call("session.new", object{"capabilities": object{"alwaysMatch": object{"unhandledPromptBehavior": object{"default": "ignore"}}}}, nil)
	f.call("session.subscribe", object{"events": []string{"log.entryAdded"}}, nil)
	return f
}

type object = map[string]any

// hear gives each answer to who asked, until the connection ends.
func (f *firefox) hear() {
	for {
		_, text, err := f.conn.Read(f.life)
		if err != nil {
			f.mu.Lock()
			defer f.mu.Unlock()
			for id, c := range f.waiting {
				c <- reply{Error: "connection", Message: err.Error()}
				delete(f.waiting, id)
			}
			f.waiting = nil
			return
		}
		var r reply
		if json.Unmarshal(text, &r) != nil {
			continue
		}
		if r.Method == "log.entryAdded" {
			f.mu.Lock()
			f.console = append(f.console, r.Params.Level+": "+r.Params.Text)
			f.mu.Unlock()
		}
		f.mu.Lock()
		c := f.waiting[r.ID]
		delete(f.waiting, r.ID)
		f.mu.Unlock()
		if c != nil {
			c <- r
		}
	}
}

// unwilling is what Firefox says when it can not do what it is told.
type unwilling struct{ method, code, message string }

func (r unwilling) Error() string { return r.method + ": " + r.code + ": " + r.message }

// try tells Firefox to do something, and puts what it answers into into, unless that is nil.
func (f *firefox) try(method string, params object, into any) error {
	return f.within(f.ctx, method, params, into)
}

func (f *firefox) within(ctx context.Context, method string, params object, into any) error {
	answer := make(chan reply, 1)
	f.mu.Lock()
	if f.waiting == nil {
		f.mu.Unlock()
		return unwilling{method, "connection", "Firefox is gone"}
	}
	f.last++
	id := f.last
	f.waiting[id] = answer
	f.mu.Unlock()
	text, err := json.Marshal(object{"id": id, "method": method, "params": params})
	if err != nil {
		return err
	}
	if err := f.conn.Write(f.life, websocket.MessageText, text); err != nil {
		return err
	}
	select {
	case r := <-answer:
		if r.Error != "" {
			return unwilling{method, r.Error, r.Message}
		}
		if into == nil {
			return nil
		}
		return json.Unmarshal(r.Result, into)
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
}

func (f *firefox) call(method string, params object, into any) {
	f.t.Helper()
	if err := f.try(method, params, into); err != nil {
		f.t.Fatal(err)
	}
}

// window is a tab, or a part of Firefox itself.
type window struct {
	f  *firefox
	ID string `json:"context"`
	// URL is what it showed when it was found.
	URL string `json:"url"`
}

// windows are the tabs that are open; with chrome, Firefox's own windows.
func (f *firefox) windows(chrome bool) []window {
	f.t.Helper()
	params := object{"maxDepth": 0}
	if chrome {
		params["moz:scope"] = "chrome"
	}
	var tree struct{ Contexts []window }
	f.call("browsingContext.getTree", params, &tree)
	for i := range tree.Contexts {
		tree.Contexts[i].f = f
	}
	return tree.Contexts
}

// tab is the first tab.
func (f *firefox) tab() window {
	f.t.Helper()
	return f.windows(false)[0]
}

func (w window) open(url string) {
	w.f.t.Helper()
	w.f.call("browsingContext.navigate", object{"context": w.ID, "url": url, "wait": "complete"}, nil)
}

// try runs the body of an asynchronous function in the window and puts what it returns into into, by JSON.
func (w window) try(body string, into any) error { return w.within(w.f.ctx, body, into) }

// look is try for a moment: a window that is about to come or to go may never answer, and is asked again.
func (w window) look(body string, into any) error {
	ctx, cancel := context.WithTimeout(w.f.ctx, 2*time.Second)
	defer cancel()
	return w.within(ctx, body, into)
}

func (w window) within(ctx context.Context, body string, into any) error {
	var got struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := w.f.within(ctx, "script.evaluate", object{
		"expression": "(async () => JSON.stringify((await (async () => {" + body + "})()) ?? null))()",
		"target":     object{"context": w.ID}, "awaitPromise": true,
	}, &got)
	switch {
	case err != nil:
		return err
	case got.Type == "exception":
		return fmt.Errorf("%s: %s", strings.TrimSpace(body), got.ExceptionDetails.Text)
	case into == nil:
		return nil
	}
	return json.Unmarshal([]byte(got.Result.Value), into)
}

func (w window) run(body string, into any) {
	w.f.t.Helper()
	if err := w.try(body, into); err != nil {
		w.f.t.Fatal(err)
	}
}

// until asks for what again and again, until it is there: at each change of the page in w, and when it loads another.
func (w window) until(what string, there func() bool) {
	w.f.t.Helper()
	for !there() {
		if w.f.ctx.Err() != nil {
			w.f.t.Fatalf("%s does not come; there is:\n%s", what, w.text())
		}
		// The page may be about to go: then asking again is all there is to do. Not everything that changes is an element.
		_ = w.look(`await new Promise(resolve => {
			new MutationObserver(resolve).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
			setTimeout(resolve, 100);
		})`, nil)
	}
}

// text is what the page says, for when something else was expected.
func (w window) text() string {
	ctx, cancel := context.WithTimeout(w.f.life, 10*time.Second)
	defer cancel()
	var got struct{ Result struct{ Value string } }
	if err := w.f.within(ctx, "script.evaluate", object{"expression": "location.href + '\\n' + document.body.innerText",
		"target": object{"context": w.ID}, "awaitPromise": false}, &got); err != nil {
		return err.Error()
	}
	return got.Result.Value
}

// by finds elements by what they are to a person who can not see them: their role and their name.
func by(role, name string) object {
	return object{"type": "accessibility", "value": object{"role": role, "name": name}}
}

func byCSS(selector string) object { return object{"type": "css", "value": selector} }

// find is the element, when there is one and no more of it.
func (w window) find(locator object) (element object, err error) {
	var got struct{ Nodes []object }
	if err := w.f.try("browsingContext.locateNodes", object{"context": w.ID, "locator": locator, "maxNodeCount": 2}, &got); err != nil {
		return nil, err
	}
	if len(got.Nodes) != 1 {
		return nil, fmt.Errorf("%d of %v", len(got.Nodes), locator["value"])
	}
	return object{"sharedId": got.Nodes[0]["sharedId"]}, nil
}

// sees waits until the element is there.
func (w window) sees(locator object) (element object) {
	w.f.t.Helper()
	w.until(fmt.Sprint(locator["value"]), func() bool {
		var err error
		element, err = w.find(locator)
		return err == nil
	})
	return element
}

// ready brings the element under the finger; it fails while the element takes no press, or something lies over it.
const ready = `(e) => {
	if (e.disabled || e.ariaBusy == 'true' || e.ariaDisabled == 'true') throw new Error('it takes no press');
	e.scrollIntoView({ block: 'center' });
	const { left, top, width, height } = e.getBoundingClientRect();
	if (!e.contains(document.elementFromPoint(left + width / 2, top + height / 2))) throw new Error('something lies over it');
	e.pressed = false;
	e.addEventListener('click', () => (e.pressed = true), { capture: true, once: true });
}`

// press waits for the element and presses it, as a finger would. A press that went beside it, since the page moved, is no press.
func (w window) press(locator object) {
	w.f.t.Helper()
	w.until(fmt.Sprint("pressing ", locator["value"]), func() bool {
		element, err := w.find(locator)
		if err != nil || w.ask(ready, element, nil) != nil {
			return false
		}
		if w.f.try("input.performActions", object{"context": w.ID, "actions": []any{object{"type": "pointer", "id": "finger", "actions": []any{
			object{"type": "pointerMove", "x": 0, "y": 0, "origin": object{"type": "element", "element": element}},
			object{"type": "pointerDown", "button": 0}, object{"type": "pointerUp", "button": 0},
		}}}}, nil) != nil {
			return false
		}
		var pressed bool
		// An element that is gone by then went by the press.
		return w.ask("(e) => JSON.stringify(e.pressed !== false)", element, &pressed) != nil || pressed
	})
}

// ask calls the function with the element.
func (w window) ask(function string, element object, into any) error {
	var got struct {
		Type             string
		Result           struct{ Value string }
		ExceptionDetails struct{ Text string }
	}
	err := w.f.try("script.callFunction", object{"functionDeclaration": function, "arguments": []any{element},
		"target": object{"context": w.ID}, "awaitPromise": false}, &got)
	switch {
	case err != nil:
		return err
	case got.Type == "exception":
		return errors.New(got.ExceptionDetails.Text)
	case into == nil:
		return nil
	}
	return json.Unmarshal([]byte(got.Result.Value), into)
}

// write presses the element and types into it.
func (w window) write(locator object, text string) {
	w.f.t.Helper()
	w.press(locator)
	var keys []any
	for _, r := range text {
		keys = append(keys, object{"type": "keyDown", "value": string(r)}, object{"type": "keyUp", "value": string(r)})
	}
	w.f.call("input.performActions", object{"context": w.ID, "actions": []any{object{"type": "key", "id": "keys", "actions": keys}}}, nil)
}

// itself is Firefox's own window, from which the rest of it can be seen.
func (f *firefox) itself() window {
	f.t.Helper()
	all := f.windows(true)
	i := slices.IndexFunc(all, func(w window) bool { return strings.HasSuffix(w.URL, "/browser.xhtml") })
	if i < 0 {
		f.t.Fatalf("Firefox has no window: %v", all)
	}
	return all[i]
}

// allow presses "allow" in the question that Firefox asks before a site may show notifications.
func (f *firefox) allow() {
	f.t.Helper()
	itself := f.itself()
	itself.until("Firefox's question", func() bool {
		var pressed bool
		err := itself.look(`
			const question = document.querySelector('popupnotification[popupid="web-notifications"]');
			if (!question?.button || document.getElementById('notification-popup').state != 'open') return false;
			question.button.click();
			return true;`, &pressed)
		return err == nil && pressed
	})
}

// alert is a notification as Firefox shows it: a small window of its own.
type alert struct {
	f *firefox
	// Number tells it from the others.
	Number            string
	Title, Text, Lang string
}

// alertWindows are those windows, seen from Firefox itself: one that is only about to open answers nobody.
const alertWindows = `const alerts = [...Services.wm.getEnumerator('alert:alert')].filter((w) => w.gIsActive && !w.gIsReplaced && !w.closed);
	const element = (w, id) => w.document.getElementById(id);
	const number = (w) => String(w.windowGlobalChild.innerWindowId);
`

// alerts are the notifications that stand on the screen.
func (f *firefox) alerts() (shown []alert) {
	f.t.Helper()
	f.itself().run(alertWindows+`return alerts.map((w) => ({ Number: number(w), Title: element(w, 'alertTitleLabel').getAttribute('value'),
		Text: element(w, 'alertTextLabel').textContent, Lang: element(w, 'alertTitleLabel').getAttribute('lang') ?? '' }));`, &shown)
	for i := range shown {
		shown[i].f = f
	}
	return shown
}

// notified waits until there is a notification with the title.
func (f *firefox) notified(title string) (found alert) {
	f.t.Helper()
	f.itself().until("the notification "+title, func() bool {
		shown := f.alerts()
		i := slices.IndexFunc(shown, func(a alert) bool { return a.Title == title })
		if i >= 0 {
			found = shown[i]
		}
		return i >= 0
	})
	return found
}

// tap presses the notification, which goes away by that.
func (a alert) tap() {
	a.f.t.Helper()
	number, err := json.Marshal(a.Number)
	if err != nil {
		panic(err)
	}
	a.f.itself().run(alertWindows+`element(alerts.find((w) => number(w) == `+string(number)+`), 'alertTextLabel').click()`, nil)
}

// dismiss closes the notifications that are on the screen, without opening what they are about.
func (f *firefox) dismiss() {
	f.t.Helper()
	f.itself().until("no notification", func() bool {
		var left int
		return f.itself().look(alertWindows+`alerts.forEach((w) => element(w, 'alert-close').click()); return alerts.length`, &left) == nil && left == 0
	})
}
