package notify

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// envelope is one try to push, written and sealed.
type envelope struct {
	store.Delivery
	written bool // otherwise there is nothing to send
	text    Notification
	message Message
	ready
}

// write writes and seals the push of a delivery; deliver sends it.
func (d *Dispatcher) write(ctx context.Context, one store.Delivery) envelope {
	e := envelope{Delivery: one, text: d.notification(one)}
	write := e.text.Payload
	if one.Shortened {
		write = e.text.Shorten
	}
	payload, err := write()
	if err != nil {
		slog.ErrorContext(ctx, "a push can not be written", "delivery", one.ID, "error", err)
		return e
	}
	e.written = true
	e.message = Message{Payload: payload, Small: one.Shortened, TTL: one.ExpiresAt.Sub(d.Outbox.Now().Time), Urgency: Urgency(string(one.NoticeKind)), Topic: e.text.Tag}
	e.ready = d.Sender.prepare(ctx, one.Subscription(), e.message)
	return e
}

// deliver sends an envelope and says what became of it: the second, shorter try after a 413 belongs to it.
func (d *Dispatcher) deliver(ctx context.Context, e envelope) (c store.Completion, r Result) {
	one := e.Delivery
	c = completion(one, store.OutcomeFailed)
	if !e.written {
		return c, r
	}
	r = e.leave()
	if r.Outcome == TooLarge && !e.message.Small {
		if short, err := e.text.Shorten(); err == nil {
			e.message.Payload, e.message.Small, c.Shorten = short, true, true
			r = d.Sender.Send(ctx, one.Subscription(), e.message)
		}
	}
	c.Status = r.Status
	switch r.Outcome {
	case Accepted:
		c.Outcome = store.OutcomeAccepted
	case Gone:
		c.Outcome = store.OutcomeGone
	case Later:
		d.later(one, &c, r.RetryAfter)
	case Misconfigured:
		if r.Status == 0 { // nothing was sent: this one subscription is at fault, not the house
			break
		}
		c.Outcome = store.OutcomeMisconfigured
		if d.complaints.due(one.Service, r.Status, d.Outbox.Now().Time) {
			slog.ErrorContext(ctx, "a push service refuses us: look at doctor", "service", one.Service, "status", r.Status,
				"reason", r.Reason, "detail", withoutTokens(r.Detail))
		}
	}
	return c, r
}

// later puts a try off, by what was asked for or as Backoff has it; a message that would come too late has expired.
func (d *Dispatcher) later(one store.Delivery, c *store.Completion, wait time.Duration) {
	if wait <= 0 {
		wait = Backoff(one.Attempts, rand.Float64)
	}
	c.Outcome, c.RetryAt = "", kita.At(d.Outbox.Now().Add(wait))
	if !c.RetryAt.Before(one.ExpiresAt.Time) {
		c.Outcome = store.OutcomeExpired
	}
}

// topicOf is what a later push about the same replaces.
func topicOf(one store.Delivery) kita.ID {
	switch {
	case one.NoticeID != nil:
		return *one.NoticeID
	case one.AbsenceID != nil:
		return *one.AbsenceID
	}
	return one.ID
}

// complaintEvery keeps a wrong key from filling the log: one line says as much as one for each phone.
const complaintEvery = time.Minute

// complaints remembers which service was complained of, and when.
type complaints struct {
	mu   sync.Mutex
	last map[complaint]time.Time
}

type complaint struct {
	service string
	status  int
}

func (c *complaints) due(service string, status int, now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := complaint{service, status}
	if last, ok := c.last[of]; ok && now.Sub(last) < complaintEvery {
		return false
	}
	if c.last == nil {
		c.last = map[complaint]time.Time{}
	}
	c.last[of] = now
	return true
}

// longWord is where a word of a service's answer may be a token, or a piece of the endpoint.
const longWord = 24

// withoutTokens is what a log line can keep of a push service's words: some repeat the endpoint, which is a secret.
func withoutTokens(s string) string {
	var out strings.Builder
	for len(s) > 0 {
		n := strings.IndexFunc(s, notOfToken)
		if n < 0 {
			n = len(s)
		}
		switch {
		case n == 0:
			out.WriteByte(s[0])
			n = 1
		case n >= longWord:
			out.WriteString("...")
		default:
			out.WriteString(s[:n])
		}
		s = s[n:]
	}
	return out.String()
}

func notOfToken(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_=.:/%+", r))
}
