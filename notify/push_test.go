package notify

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
)

const testSubject = "mailto:technik@sonnenschein.example"

var testKeys = func() Keys {
	keys, err := NewKeys()
	if err != nil {
		panic(err)
	}
	return keys
}()

func newTestSender(t testing.TB, client *http.Client, hosts kita.EndpointHosts) *Sender {
	t.Helper()
	return newSenderAt(t, client, hosts, time.Now)
}

func newSenderAt(t testing.TB, client *http.Client, hosts kita.EndpointHosts, clock func() time.Time) *Sender {
	t.Helper()
	sender, err := NewSender(testKeys, testSubject, client, hosts, clock)
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

// loopbackSender is a sender that reaches service and nothing else.
func loopbackSender(t testing.TB, service *pushtest.Service) *Sender {
	t.Helper()
	guard := Guard{AllowLoopback: true, RootCAs: service.RootCAs()}
	return newTestSender(t, guard.Client(), kita.EndpointHosts{AllowLoopback: true})
}

func TestPushArrivesEncryptedAndSigned(t *testing.T) {
	for _, tls := range []bool{false, true} {
		service := pushtest.New(t, pushtest.Options{TLS: tls})
		device := service.Subscribe(testKeys.Public)
		payload := []byte(`{"web_push":8030,"notification":{"title":"Wärme & Licht – لقاء"}}`)
		r := loopbackSender(t, service).Send(t.Context(), device.Subscription(),
			Message{Payload: payload, TTL: 90 * time.Minute, Urgency: "high", Topic: Topic("notice")})
		if r != (Result{Outcome: Accepted, Status: 201}) {
			t.Fatalf("%+v, %+v", r, service.Refusals())
		}
		m := device.Accepted()[0]
		if !bytes.Equal(m.Plaintext, payload) {
			t.Errorf("the device reads %q", m.Plaintext)
		}
		if m.TTL != 90*time.Minute || m.Urgency != "high" || m.Topic != Topic("notice") {
			t.Errorf("%+v", m)
		}
		if m.VAPID.Subject != testSubject || m.VAPID.Key != testKeys.Public || m.VAPID.Audience != service.URL {
			t.Errorf("%+v", m.VAPID)
		}
		if want := map[bool]string{true: "HTTP/2.0", false: "HTTP/1.1"}[tls]; m.Proto != want {
			t.Errorf("came by %s, want %s", m.Proto, want)
		}
	}
}

func TestOneFlippedByteMakesTheMessageUnreadable(t *testing.T) {
	device := pushtest.NewDevice("http://127.0.0.1:1")
	sender := newTestSender(t, http.DefaultClient, kita.EndpointHosts{AllowLoopback: true})
	req, err := sender.seal(t.Context(), device.Subscription(), Message{Payload: []byte("Guten Morgen")})
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	if _, err := sealed.ReadFrom(req.Body); err != nil {
		t.Fatal(err)
	}
	body := sealed.Bytes()
	if plaintext, err := device.Open(body); err != nil || string(plaintext) != "Guten Morgen" {
		t.Fatalf("%q, %v", plaintext, err)
	}
	for i := 20; i < len(body); i += 97 {
		body[i] ^= 1
		if _, err := device.Open(body); err == nil {
			t.Errorf("with byte %d flipped, the message was opened", i)
		}
		body[i] ^= 1
	}
	if _, err := pushtest.NewDevice("").Open(body); err == nil {
		t.Error("another device opened the message")
	}
}

func TestEveryAnswerHasItsOutcome(t *testing.T) {
	service := pushtest.New(t, pushtest.Options{TLS: true})
	plain := pushtest.New(t, pushtest.Options{})
	for _, c := range []struct {
		answer pushtest.Answer
		want   Result
	}{
		{pushtest.Answer{}, Result{Outcome: Accepted, Status: 201}},
		{pushtest.Answer{Status: 200}, Result{Outcome: Accepted, Status: 200}},
		{pushtest.Answer{Status: 404}, Result{Outcome: Gone, Status: 404, Reason: "http_404"}},
		{pushtest.Answer{Status: 410}, Result{Outcome: Gone, Status: 410, Reason: "http_410"}},
		{pushtest.Answer{Status: 413}, Result{Outcome: TooLarge, Status: 413, Reason: "http_413"}},
		{pushtest.Answer{Status: 429, RetryAfter: "120"}, Result{Outcome: Later, Status: 429, Reason: "http_429", RetryAfter: 2 * time.Minute}},
		{pushtest.Answer{Status: 503}, Result{Outcome: Later, Status: 503, Reason: "http_503"}},
		{pushtest.Answer{Status: 403}, Result{Outcome: Misconfigured, Status: 403, Reason: "http_403"}},
		{pushtest.Answer{Status: 307, Location: "/"}, Result{Outcome: Misconfigured, Status: 307, Reason: "http_307"}},
		{pushtest.Answer{Fault: pushtest.Half}, Result{Outcome: Later, Reason: "*"}},
		{pushtest.Answer{Status: 410, Fault: pushtest.Half}, Result{Outcome: Later, Reason: "*"}},
		{pushtest.Answer{Fault: pushtest.Reset}, Result{Outcome: Later, Reason: "*"}},
	} {
		for _, s := range []*pushtest.Service{service, plain} {
			device := s.Subscribe(testKeys.Public)
			device.Script(c.answer)
			r := loopbackSender(t, s).Send(t.Context(), device.Subscription(), Message{Payload: []byte("x")})
			if c.want.Reason == "*" && r.Reason != "" {
				r.Reason = "*"
			}
			if r != c.want {
				t.Errorf("%+v over TLS %v: %+v, want %+v", c.answer, s == service, r, c.want)
			}
		}
	}
	if refusals := append(service.Refusals(), plain.Refusals()...); len(refusals) != 0 {
		t.Errorf("%+v", refusals)
	}
}

func TestRetryAfterAsADateIsReadByTheSendersClock(t *testing.T) {
	now := eight
	clock := func() time.Time { return now }
	service := pushtest.New(t, pushtest.Options{Clock: clock})
	device := service.Subscribe("")
	device.Always(pushtest.Answer{Status: 503, RetryAfter: now.Add(7 * time.Minute).Format(http.TimeFormat)})
	sender := newSenderAt(t, Guard{AllowLoopback: true}.Client(), kita.EndpointHosts{AllowLoopback: true}, clock)
	if r := sender.Send(t.Context(), device.Subscription(), Message{}); r.RetryAfter != 7*time.Minute {
		t.Errorf("%+v", r)
	}
}

func TestWhoeverHangsIsLeftWhenTheCallerLeaves(t *testing.T) {
	for _, tls := range []bool{false, true} {
		service := pushtest.New(t, pushtest.Options{TLS: tls})
		device := service.Subscribe("")
		device.Always(pushtest.Answer{Fault: pushtest.Hang})
		sender := loopbackSender(t, service)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan Result)
		go func() { done <- sender.Send(ctx, device.Subscription(), Message{}) }()
		if err := service.Await(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		cancel()
		if r := <-done; r.Outcome != Later || r.Reason != "cancelled" {
			t.Errorf("%+v", r)
		}
	}
}

func TestUnreachableServicesAreForLater(t *testing.T) {
	gone := pushtest.New(t, pushtest.Options{})
	device := gone.Subscribe("")
	gone.Close()
	if r := loopbackSender(t, gone).Send(t.Context(), device.Subscription(), Message{}); r.Outcome != Later || r.Reason != "connection_refused" {
		t.Errorf("a closed port: %+v", r)
	}
	secret := pushtest.New(t, pushtest.Options{TLS: true})
	stranger := newTestSender(t, Guard{AllowLoopback: true}.Client(), kita.EndpointHosts{AllowLoopback: true})
	if r := stranger.Send(t.Context(), secret.Subscribe("").Subscription(), Message{}); r.Outcome != Later || r.Reason != "tls" {
		t.Errorf("a certificate that nobody vouches for: %+v", r)
	}
}

func TestBrokenSubscriptionsAndMessagesAreNotSent(t *testing.T) {
	service := pushtest.New(t, pushtest.Options{})
	good := service.Subscribe("").Subscription()
	with := func(change func(*kita.Subscription)) kita.Subscription {
		s := good
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		sub    kita.Subscription
		m      Message
		want   Outcome
		reason string
	}{
		"no endpoint":     {with(func(s *kita.Subscription) { s.Endpoint = "" }), Message{}, Misconfigured, "subscription.endpoint_malformed"},
		"foreign":         {with(func(s *kita.Subscription) { s.Endpoint = "https://evil.example/" }), Message{}, Misconfigured, "subscription.endpoint_host"},
		"no key":          {with(func(s *kita.Subscription) { s.P256dh = "" }), Message{}, Misconfigured, "subscription.key_malformed"},
		"key off curve":   {with(func(s *kita.Subscription) { s.P256dh = "BA" + strings.Repeat("A", 85) }), Message{}, Misconfigured, "subscription.key_malformed"},
		"no secret":       {with(func(s *kita.Subscription) { s.Auth = "" }), Message{}, Misconfigured, "subscription.auth_malformed"},
		"nothing":         {kita.Subscription{}, Message{}, Misconfigured, "subscription.endpoint_malformed"},
		"topic too long":  {good, Message{Topic: strings.Repeat("a", 33)}, Misconfigured, "message_malformed"},
		"topic with dots": {good, Message{Topic: "a.b"}, Misconfigured, "message_malformed"},
		"urgency unknown": {good, Message{Urgency: "urgent"}, Misconfigured, "message_malformed"},
		"too long":        {good, Message{Payload: make([]byte, MaxPayload+1)}, TooLarge, "payload_too_long"},
		"too long, small": {good, Message{Payload: make([]byte, 1898), Small: true}, TooLarge, "payload_too_long"},
	} {
		if r := loopbackSender(t, service).Send(t.Context(), c.sub, c.m); r != (Result{Outcome: c.want, Reason: c.reason}) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if len(service.Messages())+len(service.Refusals()) != 0 {
		t.Error("something was sent")
	}
}

func TestLengthSaysNothingAboutTheMessage(t *testing.T) {
	service := pushtest.New(t, pushtest.Options{})
	sender := loopbackSender(t, service)
	device := service.Subscribe("")
	for _, c := range []struct {
		length int
		small  bool
		body   int
	}{
		{0, false, 2900}, {1, false, 2900}, {2797, false, 2900}, {2798, false, 4096}, {MaxPayload, false, 4096},
		{0, true, 2000}, {1500, true, 2000}, {1897, true, 2000},
	} {
		if r := sender.Send(t.Context(), device.Subscription(), Message{Payload: make([]byte, c.length), Small: c.small}); r.Outcome != Accepted {
			t.Fatalf("%d bytes: %+v", c.length, r)
		}
		all := service.Messages()
		if m := all[len(all)-1]; m.Size != c.body || len(m.Plaintext) != c.length || m.Err != nil {
			t.Errorf("%d bytes went as %d and came as %d (%v), want %d", c.length, m.Size, len(m.Plaintext), m.Err, c.body)
		}
	}
}

// Mozilla hands messages for Android on through Google, and answers 413 above 3,070 bytes.
func TestFirefoxOnAndroidTakesWhatIsBuilt(t *testing.T) {
	service := pushtest.New(t, pushtest.Options{})
	device := service.Subscribe("")
	device.Limit(3070)
	sender := loopbackSender(t, service)
	n := Notification{Title: "Ausflug", Text: strings.Repeat("Bitte Gummistiefel mitbringen. ", 500), Navigate: "https://kita.example/n/1"}
	payload, err := n.Payload()
	if err != nil {
		t.Fatal(err)
	}
	if r := sender.Send(t.Context(), device.Subscription(), Message{Payload: payload}); r.Outcome != Accepted {
		t.Errorf("%+v", r)
	}
	// A stricter one still takes the second, shorter try.
	device.Limit(2048)
	if r := sender.Send(t.Context(), device.Subscription(), Message{Payload: payload}); r.Outcome != TooLarge {
		t.Errorf("%+v", r)
	}
	if payload, err = n.Shorten(); err != nil {
		t.Fatal(err)
	}
	if r := sender.Send(t.Context(), device.Subscription(), Message{Payload: payload, Small: true}); r.Outcome != Accepted {
		t.Errorf("%+v", r)
	}
}

// Two hundred at once share one payload with room behind it, which must stay as it is; under -race this also shows that
// Send shares nothing else.
func TestTwoHundredAtOnceShareOnePayload(t *testing.T) {
	const many = 200
	service := pushtest.New(t, pushtest.Options{TLS: true})
	sender := loopbackSender(t, service)
	payload := append(make([]byte, 0, 8192), "Die Kita öffnet morgen um acht"...)
	results := make([]Result, many)
	devices := make([]*pushtest.Device, many)
	var group sync.WaitGroup
	for i := range many {
		devices[i] = service.Subscribe(testKeys.Public)
		group.Go(func() {
			results[i] = sender.Send(t.Context(), devices[i].Subscription(), Message{Payload: payload, TTL: time.Hour, Topic: "t"})
		})
	}
	group.Wait()
	for i, r := range results {
		got := devices[i].Accepted()
		if r.Outcome != Accepted || len(got) != 1 || !bytes.Equal(got[0].Plaintext, payload) {
			t.Errorf("device %d: %+v, %d messages", i, r, len(got))
		}
	}
	if !bytes.Equal(payload[:cap(payload)][len(payload):], make([]byte, cap(payload)-len(payload))) {
		t.Error("the room behind the payload was written to")
	}
	if got := authorizations(service); len(got) != 1 {
		t.Errorf("%d VAPID tokens for one service within the hour", len(got))
	}
}

func authorizations(s *pushtest.Service) map[string]bool {
	seen := map[string]bool{}
	for _, m := range s.Messages() {
		seen[m.Authorization] = true
	}
	return seen
}

// Apple asks not to renew the token more than once an hour; each push service gets its own.
func TestTokenServesOneServiceForAnHour(t *testing.T) {
	now := time.Now()
	one, two := pushtest.New(t, pushtest.Options{}), pushtest.New(t, pushtest.Options{})
	sender := newSenderAt(t, Guard{AllowLoopback: true}.Client(), kita.EndpointHosts{AllowLoopback: true}, func() time.Time { return now })
	deviceOne, deviceTwo := one.Subscribe(""), two.Subscribe("")
	send := func() {
		for _, d := range []*pushtest.Device{deviceOne, deviceTwo} {
			if r := sender.Send(t.Context(), d.Subscription(), Message{}); r.Outcome != Accepted {
				t.Errorf("%+v %+v %+v", r, one.Refusals(), two.Refusals())
			}
		}
	}
	for _, c := range []struct {
		forward time.Duration
		tokens  int
	}{{0, 1}, {59 * time.Minute, 1}, {time.Minute, 2}, {30 * time.Minute, 2}, {-3 * time.Hour, 3}} {
		now = now.Add(c.forward)
		send()
		if a, b := len(authorizations(one)), len(authorizations(two)); a != c.tokens || b != c.tokens {
			t.Errorf("%v on: %d and %d tokens, want %d", c.forward, a, b, c.tokens)
		}
	}
}

func TestTokensOfMadeUpHostsDoNotPileUp(t *testing.T) {
	tokens := tokens{signer: must(testKeys.signer())}
	for i := range 10 * maxTokens {
		if _, err := tokens.forOrigin(fmt.Sprintf("https://x%d.push.apple.com", i), time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(tokens.byOrigin); n > maxTokens {
		t.Errorf("%d tokens are kept", n)
	}
}

func TestSubjectIsAnAddressSomebodyReads(t *testing.T) {
	for subject, want := range map[string]string{
		"mailto:a@kita.example":        "mailto:a@kita.example",
		"mailto:a+b@x.kita.example":    "mailto:a+b@x.kita.example",
		"https://kita.example":         "https://kita.example",
		"https://kita.example/kontakt": "https://kita.example/kontakt",
	} {
		service := pushtest.New(t, pushtest.Options{})
		device := service.Subscribe("")
		sender, err := NewSender(testKeys, subject, Guard{AllowLoopback: true}.Client(), kita.EndpointHosts{AllowLoopback: true}, time.Now)
		if err != nil {
			t.Errorf("%s: %v", subject, err)
			continue
		}
		if r := sender.Send(t.Context(), device.Subscription(), Message{}); r.Outcome != Accepted {
			t.Errorf("%s: %+v, %+v", subject, r, service.Refusals())
		} else if got := service.Messages()[0].VAPID.Subject; got != want {
			t.Errorf("%s went as %s", subject, got)
		}
	}
	for _, subject := range []string{
		"", "a@kita.example", "kita.example", "mailto:", "mailto:a", "mailto:@kita.example", "mailto:a@", "mailto:a@kita",
		"mailto:a@localhost", "mailto:mailto:a@kita.example", "MAILTO:a@kita.example", "mailto: a@kita.example",
		"mailto:Kita <a@kita.example>", "mailto:<a@kita.example>", "mailto:a@kita.example,b@kita.example",
		"mailto:a@kita.example?subject=x", "mailto:a@kita.example\r\nX: y",
		"http://kita.example", "https:", "https://", "https:kita.example", "HTTPS://kita.example", "https://localhost",
		"https://localhost:8080/", "https://kita", "https://user@kita.example", "https://kita.example/a b", "https://kita.example/\n",
	} {
		if _, err := NewSender(testKeys, subject, http.DefaultClient, kita.EndpointHosts{}, time.Now); err == nil {
			t.Errorf("%q is accepted", subject)
		} else if !strings.Contains(err.Error(), "mailto:name@domain") {
			t.Errorf("%q: %v does not say what to write instead", subject, err)
		}
	}
}

func TestKeysThatDoNotFitStopTheStart(t *testing.T) {
	other, err := NewKeys()
	if err != nil {
		t.Fatal(err)
	}
	zero := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for name, keys := range map[string]Keys{
		"none":              {},
		"no private":        {Public: testKeys.Public},
		"no public":         {Private: testKeys.Private},
		"of two pairs":      {Public: other.Public, Private: testKeys.Private},
		"swapped":           {Public: testKeys.Private, Private: testKeys.Public},
		"private zero":      {Public: testKeys.Public, Private: zero},
		"private no base64": {Public: testKeys.Public, Private: "§"},
	} {
		if _, err := NewSender(keys, testSubject, http.DefaultClient, kita.EndpointHosts{}, time.Now); err == nil {
			t.Errorf("%s: accepted", name)
		} else if keys.Private != "" && strings.Contains(err.Error(), keys.Private) {
			t.Errorf("%s: the error shows the private key", name)
		}
	}
	if _, err := NewSender(testKeys, testSubject, http.DefaultClient, kita.EndpointHosts{Extra: []string{"*"}}, time.Now); err == nil {
		t.Error("every host is accepted")
	}
}

// What is written to logs holds no endpoint: it is the address of a person's device.
func TestResultsHoldNoEndpoint(t *testing.T) {
	service := pushtest.New(t, pushtest.Options{})
	device := service.Subscribe("")
	for _, a := range []pushtest.Answer{{Status: 410}, {Status: 403}, {Fault: pushtest.Reset}, {Fault: pushtest.Half}, {Status: 307, Location: device.Endpoint}} {
		device.Script(a)
		raw, err := json.Marshal(loopbackSender(t, service).Send(t.Context(), device.Subscription(), Message{}))
		if err != nil || bytes.Contains(raw, []byte("/push/")) || bytes.Contains(raw, []byte(service.URL)) {
			t.Errorf("%s, %v", raw, err)
		}
	}
}

// BenchmarkSend is one push after another to a service that answers at once; plain is webpush-go as its README has it.
func BenchmarkSend(b *testing.B) {
	service := pushtest.New(b, pushtest.Options{Blind: true})
	payload := make([]byte, 600)
	sub := service.Subscribe("").Subscription()
	b.Run("plain", func(b *testing.B) {
		for b.Loop() {
			resp, err := webpush.SendNotification(payload, &webpush.Subscription{Endpoint: sub.Endpoint,
				Keys: webpush.Keys{P256dh: sub.P256dh, Auth: sub.Auth}}, &webpush.Options{
				Subscriber: "a@kita.example", TTL: 60, VAPIDPublicKey: testKeys.Public, VAPIDPrivateKey: testKeys.Private})
			if err != nil {
				b.Fatal(err)
			}
			resp.Body.Close()
		}
	})
	sender := loopbackSender(b, service)
	b.Run("sender", func(b *testing.B) {
		for b.Loop() {
			if r := sender.Send(b.Context(), sub, Message{Payload: payload, TTL: time.Minute}); r.Outcome != Accepted {
				b.Fatalf("%+v", r)
			}
		}
	})
}
