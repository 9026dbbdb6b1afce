// Package notify is all that leaves for a person: who, when, by which way, and did it arrive.
package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"morgenkreis/kita"
)

// Message is one push before it is sealed.
type Message struct {
	// Payload is at most 3993 bytes; above 2797 it does not reach every phone. It is not changed.
	Payload []byte
	// Small pads to a smaller record, for the second try after TooLarge; Payload is then at most 1897 bytes.
	Small bool
	// TTL is how long the push service keeps the message for a device that is off, cut to seconds;
	// 0 is "now or never".
	TTL time.Duration
	// Urgency is very-low, low, normal or high (RFC 8030, section 5.3); empty is normal.
	Urgency string
	// Topic lets a newer message replace an undelivered one: at most 32 characters of base64url, or empty.
	Topic string
}

var urgencies = map[string]bool{"": true, "very-low": true, "low": true, "normal": true, "high": true}

func (m Message) wellFormed() bool {
	return urgencies[m.Urgency] && len(m.Topic) <= 32 &&
		strings.Trim(m.Topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == ""
}

// Sender seals and sends pushes. It is safe for any number of goroutines; how many are in flight is the caller's choice.
type Sender struct {
	// way is asked directly: redirects, cookies and copies of the head, which are what http.Client is for, are not for a push.
	way     http.RoundTripper
	timeout time.Duration
	hosts   kita.EndpointHosts
	clock   func() time.Time
	tokens  tokens
}

// NewSender makes a Sender. subject is where a push service reaches the operator: "https://host/…" or
// "mailto:name@domain". client is Guard.Client()'s; no redirect is followed and 10 s are the most even when it is not.
func NewSender(keys Keys, subject string, client *http.Client, hosts kita.EndpointHosts, clock func() time.Time) (*Sender, error) {
	signer, err := keys.signer()
	if err != nil {
		return nil, err
	}
	if !reachable(subject) {
		return nil, fmt.Errorf("notify: the push subject must be https://host/… or mailto:name@domain, not %q", subject)
	}
	if err := hosts.Validate(); err != nil {
		return nil, fmt.Errorf("notify: push hosts: %w", err)
	}
	s := &Sender{way: client.Transport, timeout: client.Timeout, hosts: hosts, clock: clock,
		tokens: tokens{signer: signer, public: keys.Public, subject: subject}}
	if s.way == nil {
		s.way = http.DefaultTransport
	}
	if s.timeout <= 0 || s.timeout > sendTimeout {
		s.timeout = sendTimeout
	}
	return s, nil
}

// reachable tells whether subject can be a VAPID subject (RFC 8292, section 2.1). Apple answers 403 to one that is no real
// address; localhost is none.
func reachable(subject string) bool {
	if address, ok := strings.CutPrefix(subject, "mailto:"); ok {
		parsed, err := mail.ParseAddress(address)
		return err == nil && parsed.Address == address && isDomain(address[strings.LastIndex(address, "@")+1:])
	}
	u, err := url.Parse(subject)
	return err == nil && strings.HasPrefix(subject, "https://") && u.User == nil && isDomain(u.Hostname()) &&
		!strings.ContainsAny(subject, " \t\r\n")
}

// isDomain tells whether s can be a domain of the Internet, unlike localhost.
func isDomain(s string) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."
	return strings.Contains(strings.Trim(s, "."), ".") && strings.Trim(s, alphabet) == ""
}

// Send pushes m to sub and says what became of it, within 10 s and the life of ctx. It never panics, and asks again
// whether the endpoint is permitted. When the result's Status is 0 and it is Misconfigured, nothing was sent: Reason
// names what is wrong with this one subscription or message, and the push service as a whole is not in question.
func (s *Sender) Send(ctx context.Context, sub kita.Subscription, m Message) Result {
	return s.prepare(ctx, sub, m).leave()
}

// ready is a push on which nothing is left to compute, or why it can not leave. leave must be called.
type ready struct {
	sender  *Sender
	req     *http.Request // nil: refused says why
	refused Result
	cancel  context.CancelFunc
}

// prepare is the part of Send that takes a processor, leave that which waits.
func (s *Sender) prepare(ctx context.Context, sub kita.Subscription, m Message) ready {
	if err := sub.Check(s.hosts); err != nil {
		return ready{refused: Result{Outcome: Misconfigured, Reason: codeOf(err)}}
	}
	if !m.wellFormed() {
		return ready{refused: Result{Outcome: Misconfigured, Reason: "message_malformed"}}
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	req, err := s.seal(ctx, sub, m)
	switch {
	case errors.Is(err, errTooLong):
		cancel()
		return ready{refused: Result{Outcome: TooLarge, Reason: "payload_too_long"}}
	case err != nil:
		cancel()
		return ready{refused: Result{Outcome: Misconfigured, Reason: "not_sealed"}}
	}
	return ready{sender: s, req: req, cancel: cancel}
}

// leave sends what was prepared, and waits until the answer is whole.
func (p ready) leave() Result {
	if p.req == nil {
		return p.refused
	}
	defer p.cancel()
	resp, err := p.sender.way.RoundTrip(p.req)
	if err != nil {
		return failed(err)
	}
	defer resp.Body.Close()
	var body []byte
	if resp.ContentLength != 0 {
		// Half an answer is none: nobody knows what the other half would have been.
		if body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err != nil {
			return failed(err)
		}
	}
	return classify(resp.StatusCode, resp.Header, body, p.sender.clock())
}

// codeOf is the code of the first thing that err finds fault with.
func codeOf(err error) string {
	var many kita.Errors
	if !errors.As(err, &many) {
		return err.Error()
	}
	return many[0].Code
}
