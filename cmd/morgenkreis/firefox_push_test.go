package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest/autopush"
	"morgenkreis/web"
)

// phone is a mother's Firefox, the push service that it subscribes at, and the kita's server.
type phone struct {
	*firefox
	t       *testing.T
	service *autopush.Service
	server  *process
	mother  *client
	leader  *client
	kitaID  string
	tab     window
}

func newPhone(t *testing.T) *phone {
	t.Helper()
	if !web.Built() {
		t.Fatal("the app is not in this binary: make app (make test does it by itself)")
	}
	service := autopush.New(t)
	server := newProcess(t, nil, "--demo", "--push-allow-loopback")
	server.start()
	p := &phone{t: t, service: service, server: server, firefox: startFirefox(t, service.WebSocket)}
	p.leader, p.mother = signedIn(p.ctx, t, server.url, "leitung"), signedIn(p.ctx, t, server.url, "eltern")
	var kitas struct{ Items []struct{ ID string } }
	p.leader.do("GET", "/kitas", nil, &kitas)
	p.kitaID = kitas.Items[0].ID
	p.tab = p.firefox.tab()
	return p
}

// client speaks with the API as somebody of the demo kita.
type client struct {
	ctx  context.Context
	t    *testing.T
	url  string
	http *http.Client
}

func signedIn(ctx context.Context, t *testing.T, url, who string) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{ctx, t, url + "/api/v1", &http.Client{Jar: jar}}
	c.do("POST", "/session", object{"login": who + "@sonnenschein.example", "password": "morgenkreis"}, nil)
	return c
}

func (c *client) do(method, path string, body, into any) {
	c.t.Helper()
	var send io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		send = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(c.ctx, method, c.url+path, send)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.http.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		c.t.Fatalf("%s %s: %s %v\n%s", method, path, res.Status, err, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			c.t.Fatal(err)
		}
	}
}

// signIn goes through the screen that everybody goes through.
func (p *phone) signIn() {
	p.t.Helper()
	p.tab.open(p.server.url + "/")
	p.tab.write(byCSS("input[type=email]"), "eltern@sonnenschein.example")
	p.tab.write(byCSS("input[type=password]"), "morgenkreis")
	p.tab.press(by("button", "Anmelden"))
}

// post publishes something that can not wait, so that neither the hour nor the day matter, and answers its id.
func (p *phone) post(title string) string {
	p.t.Helper()
	id := string(kita.NewID())
	p.leader.do("POST", "/notices", object{"id": id, "kita_id": p.kitaID, "kind": "urgent", "title": title, "body": "Bitte *bis 12 Uhr* abholen.",
		"audience": object{"kind": "kita"}, "confirm_wanted": true}, nil)
	return id
}

// stands is where the mother stands in the notice's ledger, and why she is not reached.
func (p *phone) stands(notice string) (state, trouble string) {
	p.t.Helper()
	var me struct{ Account struct{ Name string } }
	p.mother.do("GET", "/session", nil, &me)
	for after := ""; ; {
		var page struct {
			Items []struct{ Name, State, Trouble string }
			Next  string
		}
		p.leader.do("GET", "/notices/"+notice+"/recipients?limit=100&after="+after, nil, &page)
		for _, r := range page.Items {
			if r.Name == me.Account.Name {
				return r.State, r.Trouble
			}
		}
		if after = page.Next; after == "" {
			p.t.Fatalf("%s is not in the ledger", me.Account.Name)
		}
	}
}

// soon asks until it is so; the server tells nobody of its own accord.
func (p *phone) soon(what string, is func() (now string, ok bool)) {
	p.t.Helper()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		now, ok := is()
		if ok {
			return
		}
		select {
		case <-look.C:
		case <-p.ctx.Done():
			p.t.Fatalf("%s: it is %s", what, now)
		}
	}
}

// reaches waits until the ledger says so of the mother.
func (p *phone) reaches(notice, state string) {
	p.t.Helper()
	p.soon("the ledger says "+state, func() (string, bool) {
		now, _ := p.stands(notice)
		return now, now == state
	})
}

// heard waits for something that happened at the push service since mark.
func (p *phone) heard(mark int, what string, wanted func(autopush.Event) bool) autopush.Event {
	p.t.Helper()
	e, err := p.service.Await(p.ctx, mark, wanted)
	if err != nil {
		p.t.Fatalf("%s: %v", what, err)
	}
	return e
}

// at waits until the page in the window is the one at path.
func (p *phone) at(w window, path string) {
	p.t.Helper()
	w.until(path, func() bool {
		var at string
		return w.look("return location.pathname", &at) == nil && at == path
	})
}

// reachable goes the way that the app leads everybody: sign in, be told why, allow, and see the first push arrive.
func (p *phone) reachable() {
	p.t.Helper()
	p.signIn()
	p.at(p.tab, "/")
	p.tab.open(p.server.url + "/welcome?step=push")
	p.tab.press(by("button", "Mitteilungen einschalten"))
	p.allow()
	p.tab.sees(by("heading", "Angekommen!"))
	p.notified("Es klappt!")
	p.dismiss()
	p.tab.press(by("button", "Zur Startseite"))
	p.at(p.tab, "/")
}

// devices are those that the server would reach the mother by.
func (p *phone) devices() (names []string) {
	p.t.Helper()
	var list struct{ Items []struct{ Name string } }
	p.mother.do("GET", "/push/subscriptions", nil, &list)
	for _, d := range list.Items {
		names = append(names, d.Name)
	}
	return names
}

// acknowledged is how Firefox acknowledged the first message that was posted since mark.
func (p *phone) acknowledged(mark int) autopush.Event {
	p.t.Helper()
	posted := p.heard(mark, "the post", func(e autopush.Event) bool { return e.Type == "posted" })
	if posted.Code != http.StatusCreated {
		p.t.Fatalf("%+v", posted)
	}
	return p.heard(mark, "the acknowledgement", func(e autopush.Event) bool { return e.Type == "ack" && e.Version == posted.Version })
}

// arrived says what is missing until the notice has truly arrived: Firefox could open it, it stands on the screen as the
// service worker showed it, and the ledger knows.
func (p *phone) arrived(notice, title string, ack autopush.Event) error {
	var missing []error
	if ack.Code != 100 {
		missing = append(missing, fmt.Errorf("Firefox could not open it: it acknowledged with %d", ack.Code))
	}
	if !slices.ContainsFunc(p.alerts(), func(a alert) bool { return a.Title == title && a.Text == "Bitte bis 12 Uhr abholen." && a.Lang == "de" }) {
		missing = append(missing, errors.New("it is not on the screen"))
	}
	if state, _ := p.stands(notice); state != "shown" {
		missing = append(missing, fmt.Errorf("the ledger says %s", state))
	}
	return errors.Join(missing...)
}

// TestFirefoxShowsWhatTheKitaPosts is the whole way, with nothing in between but a push service: a notice is posted, sealed,
// sent, opened by a real Firefox, shown by the app's service worker, reported as shown, opened by a tap, and confirmed.
func TestFirefoxShowsWhatTheKitaPosts(t *testing.T) {
	p := newPhone(t)
	p.reachable()
	mark := p.service.Mark()
	const title = "Rohrbruch – bitte Ihre Kinder abholen ❄"
	notice := p.post(title)
	ack := p.acknowledged(mark)
	first := p.notified(title)
	p.reaches(notice, "shown")
	if err := p.arrived(notice, title, ack); err != nil {
		t.Fatal(err)
	}

	// A correction takes its place.
	p.leader.do("PATCH", "/notices/"+notice, object{"title": "Rohrbruch im Keller"}, nil)
	corrected := p.notified("Korrigiert: Rohrbruch im Keller")
	if all := p.alerts(); len(all) != 1 || first.Number == corrected.Number {
		t.Errorf("there are %d notifications: %+v", len(all), all)
	}
	var titles []string
	p.tab.run("return (await (await navigator.serviceWorker.ready).getNotifications()).map((n) => n.title)", &titles)
	if !slices.Equal(titles, []string{"Korrigiert: Rohrbruch im Keller"}) {
		t.Errorf("the app knows of %q", titles)
	}

	// A tap opens it in the window that is there, and that she read it is known.
	corrected.tap()
	p.at(p.tab, "/n/"+notice)
	p.tab.sees(by("heading", "Rohrbruch im Keller"))
	if all := p.firefox.windows(false); len(all) != 1 {
		t.Errorf("it opened another window: %+v", all)
	}
	p.reaches(notice, "opened")
	p.tab.press(by("button", "Gelesen – bestätigen"))
	p.reaches(notice, "confirmed")

	// The same without the app: it is not open, and a tap opens it.
	p.tab.open("about:blank")
	second := p.post("Ausgang gesperrt")
	p.notified("Ausgang gesperrt").tap()
	var opened window
	p.tab.until("a window with the notice", func() bool {
		for _, w := range p.firefox.windows(false) {
			if strings.HasSuffix(w.URL, "/n/"+second) {
				opened = w
			}
		}
		return opened.ID != ""
	})
	opened.sees(by("heading", "Ausgang gesperrt"))
	p.reaches(second, "opened")
}

// TestFirefoxShowsNoMoreThanIsMeantForIt: a notification of a withdrawn notice stands where it stood, since nobody can take it from
// a screen that may be off, but what it leads to is gone; and whoever signs out is reached on this device no more.
func TestFirefoxShowsNoMoreThanIsMeantForIt(t *testing.T) {
	p := newPhone(t)
	p.reachable()
	withdrawn := p.post("Falsche Nachricht")
	notification := p.notified("Falsche Nachricht")
	p.reaches(withdrawn, "shown")
	p.leader.do("POST", "/notices/"+withdrawn+"/withdrawal", nil, nil)
	notification.tap()
	p.at(p.tab, "/n/"+withdrawn)
	p.tab.until("that it is gone", func() bool {
		var text string
		return p.tab.look("return document.querySelector('main').innerText", &text) == nil && strings.Contains(text, "Das ist nicht mehr da") && !strings.Contains(text, "bis 12 Uhr")
	})

	p.tab.run("await fetch('/api/v1/session', { method: 'DELETE' })", nil)
	if have := p.devices(); len(have) != 0 {
		t.Errorf("the server would still reach %q", have)
	}
	// Decided when it is published: for her there is nothing to send.
	if state, trouble := p.stands(p.post("Nur für Angemeldete")); state != "waiting" || trouble != "no_device" {
		t.Errorf("the ledger says %s, %s", state, trouble)
	}
}

// TestFirefoxShowsNothingOfAFlippedBit is the test before, with a push service that flips one bit of the ciphertext: then
// what it looks for must not be there.
func TestFirefoxShowsNothingOfAFlippedBit(t *testing.T) {
	p := newPhone(t)
	p.reachable()
	mark := p.service.Mark()
	p.service.Corrupt(true)
	spoiled := p.post("Verdorben")
	ack := p.acknowledged(mark)
	p.service.Corrupt(false)
	// What comes after it arrives, so what does not arrive is not merely late.
	mark = p.service.Mark()
	whole := p.post("Unverdorben")
	good := p.acknowledged(mark)
	p.notified("Unverdorben")
	p.reaches(whole, "shown")
	if err := p.arrived(whole, "Unverdorben", good); err != nil {
		t.Errorf("the whole one: %v", err)
	}
	const want = "Firefox could not open it: it acknowledged with 101\nit is not on the screen\nthe ledger says accepted"
	if err := p.arrived(spoiled, "Verdorben", ack); err == nil || err.Error() != want {
		t.Errorf("the spoiled one: %v", err)
	}
	if all := p.alerts(); len(all) != 1 {
		t.Errorf("there are %d notifications: %+v", len(all), all)
	}
}

// TestFirefoxIsReachedAgain: what breaks between a phone and its push service mends itself, and a device that is no longer
// there is not taken for one.
func TestFirefoxIsReachedAgain(t *testing.T) {
	p := newPhone(t)
	p.reachable()
	p.tab.open("about:blank") // from here on there is only the service worker
	hello := func(e autopush.Event) bool { return e.Type == "hello" }
	before := p.heard(0, "the first hello with a subscription", func(e autopush.Event) bool { return e.Type == "register" })

	mark := p.service.Mark()
	p.service.Hangup()
	p.post("Wieder verbunden")
	p.notified("Wieder verbunden")
	if again := p.heard(mark, "hello", hello); again.UAID != before.UAID {
		t.Errorf("Firefox came back as another: %+v", again)
	}

	// The push service lost everything: Firefox gets another name, tells the service worker, and that subscribes anew.
	mark = p.service.Mark()
	p.service.Forget()
	anew := p.heard(mark, "another subscription", func(e autopush.Event) bool { return e.Type == "register" })
	if anew.UAID == before.UAID || anew.Channel == before.Channel {
		t.Errorf("it is the same as before: %+v", anew)
	}
	p.hasDevices(2)
	p.post("Neu angemeldet")
	p.notified("Neu angemeldet")
	p.heard(mark, "410", func(e autopush.Event) bool { return e.Type == "posted" && e.Code == http.StatusGone })
	p.hasDevices(1) // the one of before is gone

	// The person takes it back in the browser; nobody tells the server but the push service. Not on a page of the app: when that
	// starts, it subscribes again as long as it is permitted to.
	p.tab.open(p.server.url + "/healthz")
	mark = p.service.Mark()
	p.tab.run("await (await (await navigator.serviceWorker.ready).pushManager.getSubscription()).unsubscribe()", nil)
	p.heard(mark, "unregister", func(e autopush.Event) bool { return e.Type == "unregister" && e.Channel == anew.Channel })
	p.post("Ins Leere")
	p.heard(mark, "410", func(e autopush.Event) bool {
		return e.Type == "posted" && e.Code == http.StatusGone && e.Channel == anew.Channel
	})
	p.hasDevices(0)
}

// hasDevices waits until the server knows of n devices.
func (p *phone) hasDevices(n int) {
	p.t.Helper()
	p.soon(fmt.Sprint(n, " devices"), func() (string, bool) {
		have := p.devices()
		return fmt.Sprintf("%q", have), len(have) == n
	})
}
