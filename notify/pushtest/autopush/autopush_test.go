package autopush_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"github.com/coder/websocket"
	"github.com/google/uuid"

	"morgenkreis/notify/pushtest"
	"morgenkreis/notify/pushtest/autopush"
)

// agent is a user agent that does what Firefox does, by hand.
type agent struct {
	t    *testing.T
	ctx  context.Context
	conn *websocket.Conn
}

type object = map[string]any

func dial(t *testing.T, s *autopush.Service) *agent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	conn, _, err := websocket.Dial(ctx, s.WebSocket, &websocket.DialOptions{Subprotocols: []string{"push-notification"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); _ = conn.CloseNow() })
	return &agent{t, ctx, conn}
}

func (a *agent) say(m any) {
	a.t.Helper()
	text, err := json.Marshal(m)
	if err != nil {
		a.t.Fatal(err)
	}
	if err := a.conn.Write(a.ctx, websocket.MessageText, text); err != nil {
		a.t.Fatal(err)
	}
}

func (a *agent) hear() object {
	a.t.Helper()
	_, text, err := a.conn.Read(a.ctx)
	if err != nil {
		a.t.Fatal(err)
	}
	var m object
	if err := json.Unmarshal(text, &m); err != nil {
		a.t.Fatal(err)
	}
	return m
}

// hello is the handshake; it answers the uaid that was given.
func (a *agent) hello(uaid string) string {
	a.t.Helper()
	m := object{"messageType": "hello", "use_webpush": true, "broadcasts": object{}}
	if uaid != "" {
		m["uaid"] = uaid
	}
	a.say(m)
	got := a.hear()
	given, _ := got["uaid"].(string)
	if got["messageType"] != "hello" || got["status"] != 200.0 || got["use_webpush"] != true || len(given) != 32 {
		a.t.Fatalf("hello: %v", got)
	}
	return given
}

// subscribe registers a channel, bound to the server's key, as a device that can open what comes.
func (a *agent) subscribe(key string) (*pushtest.Device, string) {
	a.t.Helper()
	id := uuid.NewString()
	m := object{"messageType": "register", "channelID": id}
	if key != "" {
		m["key"] = key + "=" // Firefox pads it
	}
	a.say(m)
	got := a.hear()
	endpoint, _ := got["pushEndpoint"].(string)
	if got["messageType"] != "register" || got["status"] != 200.0 || got["channelID"] != id {
		a.t.Fatalf("register: %v", got)
	}
	return pushtest.NewDevice(endpoint), id
}

// notified is the next notification, opened.
func (a *agent) notified(d *pushtest.Device) (text, version string) {
	a.t.Helper()
	m := a.hear()
	data, _ := m["data"].(string)
	version, _ = m["version"].(string)
	raw, err := base64.RawURLEncoding.DecodeString(data)
	if err != nil || m["messageType"] != "notification" || version == "" {
		a.t.Fatalf("%v: %v", m, err)
	}
	opened, err := d.Open(raw)
	if err != nil {
		return err.Error(), version
	}
	return string(opened), version
}

func (a *agent) ack(channel, version string, code int) {
	a.say(object{"messageType": "ack", "updates": []object{{"channelID": channel, "version": version, "code": code}}})
}

type server struct{ private, public string }

func newServer(t *testing.T) server {
	t.Helper()
	private, public, err := webpush.GenerateVAPIDKeys()
	if err != nil {
		t.Fatal(err)
	}
	return server{private, public}
}

type catcher struct{ req *http.Request }

func (c *catcher) Do(req *http.Request) (*http.Response, error) {
	c.req = req
	return nil, errors.New("caught")
}

// push sends text, after change has had its way with the request.
func (s server) push(t *testing.T, d *pushtest.Device, text string, change func(*http.Request)) (status, errno int) {
	t.Helper()
	var c catcher
	_, err := webpush.SendNotificationWithContext(t.Context(), []byte(text),
		&webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys{P256dh: d.P256dh(), Auth: d.Auth()}},
		&webpush.Options{HTTPClient: &c, Subscriber: "a@kita.example", TTL: 60, Urgency: "high", VAPIDPublicKey: s.public, VAPIDPrivateKey: s.private})
	if c.req == nil {
		t.Fatal(err)
	}
	if change != nil {
		change(c.req)
	}
	res, err := http.DefaultClient.Do(c.req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusCreated {
		if !strings.Contains(res.Header.Get("Location"), "/m/") {
			t.Errorf("Location %q", res.Header.Get("Location"))
		}
		return res.StatusCode, 0
	}
	var body struct{ Code, Errno int }
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || body.Code != res.StatusCode {
		t.Errorf("%s: %+v %v", res.Status, body, err)
	}
	return res.StatusCode, body.Errno
}

func set(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestMessageReachesTheUserAgentAsItWasSealed(t *testing.T) {
	s, key := autopush.New(t), newServer(t)
	a := dial(t, s)
	uaid := a.hello("")
	d, id := a.subscribe(key.public)
	if status, _ := key.push(t, d, "Guten Morgen", set("Topic", "morning")); status != 201 {
		t.Fatal(status)
	}
	text, version := a.notified(d)
	if text != "Guten Morgen" {
		t.Error(text)
	}
	a.ack(id, version, 100)
	a.say(object{"messageType": "nack", "version": version, "code": 302})
	e, err := s.Await(a.ctx, 0, func(e autopush.Event) bool { return e.Type == "nack" })
	if err != nil || e.Code != 302 {
		t.Errorf("%+v %v", e, err)
	}
	var heard []string
	for _, e := range s.Events() {
		heard = append(heard, e.Type)
		if e.UAID != uaid || e.Type == "posted" && (e.Topic != "morning" || e.Urgency != "high" || e.TTL != time.Minute) {
			t.Errorf("%+v", e)
		}
	}
	if got := strings.Join(heard, " "); got != "hello register posted notification ack nack" {
		t.Error(got)
	}
}

func TestCorruptedMessageCanNotBeOpened(t *testing.T) {
	s, key := autopush.New(t), newServer(t)
	a := dial(t, s)
	a.hello("")
	d, id := a.subscribe(key.public)
	s.Corrupt(true)
	key.push(t, d, "spoiled", nil)
	text, version := a.notified(d)
	if text == "spoiled" {
		t.Error("it could be opened")
	}
	a.ack(id, version, 101)
	s.Corrupt(false)
	key.push(t, d, "whole", nil)
	if text, _ := a.notified(d); text != "whole" {
		t.Error(text)
	}
}

func TestPostsAreRefusedAsMozillaRefusesThem(t *testing.T) {
	s, key := autopush.New(t), newServer(t)
	a := dial(t, s)
	a.hello("")
	d, _ := a.subscribe(key.public)
	gone, id := a.subscribe(key.public)
	a.say(object{"messageType": "unregister", "channelID": id, "code": 200})
	if got := a.hear(); got["messageType"] != "unregister" || got["status"] != 200.0 || got["channelID"] != id {
		t.Fatal(got)
	}
	open, _ := a.subscribe("")
	other := pushtest.NewDevice(strings.Replace(d.Endpoint, "/v2/", "/v1/", 1))
	for _, c := range []struct {
		name          string
		from          server
		to            *pushtest.Device
		change        func(*http.Request)
		status, errno int
	}{
		{"in order", key, d, nil, 201, 0},
		{"to nobody", key, pushtest.NewDevice(s.URL + "/wpush/v2/nobody"), nil, 404, 102},
		{"to the same, of another kind", key, other, nil, 404, 102},
		{"to whom unregistered", key, gone, nil, 410, 106},
		{"by a stranger", newServer(t), d, nil, 401, 109},
		{"by nobody", key, d, func(r *http.Request) { r.Header.Del("Authorization") }, 401, 109},
		{"by nobody, where nobody is asked", key, open, func(r *http.Request) { r.Header.Del("Authorization") }, 201, 0},
		{"by somebody else, where nobody is asked", newServer(t), open, nil, 201, 0},
		{"for another service", key, d, elsewhere(t, key), 401, 109},
		{"without TTL", key, d, func(r *http.Request) { r.Header.Del("TTL") }, 400, 111},
		{"with a TTL below nothing", key, d, set("TTL", "-1"), 400, 114},
		{"kept for years", key, d, set("TTL", "99999999999"), 201, 0},
		{"in another coding", key, d, set("Content-Encoding", "gzip"), 400, 110},
		{"with a topic too long", key, d, set("Topic", strings.Repeat("t", 33)), 400, 113},
		{"with a topic of other letters", key, d, set("Topic", "Übung"), 400, 113},
		{"too large", key, d, func(r *http.Request) {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(make([]byte, 4097))), 4097
		}, 413, 104},
	} {
		if status, errno := c.from.push(t, c.to, "x", c.change); status != c.status || errno != c.errno {
			t.Errorf("%s: %d/%d", c.name, status, errno)
		}
	}
}

// elsewhere takes the signature from a request to another service: aud is then another.
func elsewhere(t *testing.T, key server) func(*http.Request) {
	return func(r *http.Request) {
		var c catcher
		d := pushtest.NewDevice("https://push.example/x")
		_, _ = webpush.SendNotificationWithContext(t.Context(), nil, &webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys{P256dh: d.P256dh(), Auth: d.Auth()}},
			&webpush.Options{HTTPClient: &c, Subscriber: "a@kita.example", VAPIDPublicKey: key.public, VAPIDPrivateKey: key.private})
		r.Header.Set("Authorization", c.req.Header.Get("Authorization"))
	}
}

func TestUserAgentThatWasAwayGetsWhatWaited(t *testing.T) {
	s, key := autopush.New(t), newServer(t)
	a := dial(t, s)
	uaid := a.hello("")
	d, id := a.subscribe(key.public)
	key.push(t, d, "acknowledged", nil)
	_, version := a.notified(d)
	a.ack(id, version, 100)
	key.push(t, d, "sent, but not acknowledged", nil)
	a.notified(d)
	s.Hangup()
	if _, err := s.Await(a.ctx, 0, func(e autopush.Event) bool { return e.Type == "bye" }); err != nil {
		t.Fatal(err)
	}
	key.push(t, d, "first", set("Topic", "same"))
	key.push(t, d, "corrected", set("Topic", "same"))
	key.push(t, d, "now or never", set("TTL", "0"))
	b := dial(t, s)
	if again := b.hello(uaid); again != uaid {
		t.Fatalf("%s came back as %s", uaid, again)
	}
	for _, want := range []string{"sent, but not acknowledged", "corrected"} {
		if text, _ := b.notified(d); text != want {
			t.Errorf("%q instead of %q", text, want)
		}
	}
	b.say(object{})
	if m := b.hear(); len(m) != 0 {
		t.Errorf("after that: %v", m)
	}
}

func TestForgottenUserAgentGetsAnotherName(t *testing.T) {
	s, key := autopush.New(t), newServer(t)
	a := dial(t, s)
	uaid := a.hello("")
	d, _ := a.subscribe(key.public)
	s.Forget()
	if status, errno := key.push(t, d, "x", nil); status != 410 || errno != 106 {
		t.Errorf("%d/%d", status, errno)
	}
	if again := dial(t, s).hello(uaid); again == uaid {
		t.Error("it is known still")
	}
}

func TestWhoBreaksTheProtocolIsCutOff(t *testing.T) {
	hello := object{"messageType": "hello", "use_webpush": true}
	for name, say := range map[string][]any{
		"nothing of the protocol":         {[]int{1}},
		"no hello":                        {object{"messageType": "register", "channelID": uuid.NewString()}},
		"hello twice":                     {hello, hello},
		"a channel that is no UUID":       {hello, object{"messageType": "register", "channelID": "mine"}},
		"a word that is not the protocol": {hello, object{"messageType": "sing"}},
	} {
		s := autopush.New(t)
		a := dial(t, s)
		for _, m := range say {
			a.say(m)
		}
		if _, err := s.Await(a.ctx, 0, func(e autopush.Event) bool { return e.Type == "closed" }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBroadcastsAreUnknown(t *testing.T) {
	a := dial(t, autopush.New(t))
	a.hello("")
	a.say(object{"messageType": "broadcast_subscribe", "broadcasts": object{"remote-settings/monitor_changes": "1"}})
	got, _ := json.Marshal(a.hear())
	if want := `{"broadcasts":{"errors":{"remote-settings/monitor_changes":"Broadcast not found"}},"messageType":"broadcast"}`; string(got) != want {
		t.Errorf("%s", got)
	}
}
