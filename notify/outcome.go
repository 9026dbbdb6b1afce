package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Outcome is what became of one push, classified in one place: everybody else switches on it, nobody on numbers.
type Outcome int

const (
	// Accepted: the push service has the message and will try to deliver it. It is not delivered yet.
	Accepted Outcome = iota + 1
	// Gone: the subscription has ended (404, 410) and is to be removed.
	Gone
	// Later: the service or the way to it has trouble; the same message may go again. The subscription stays.
	Later
	// Misconfigured: it is for a person to mend, and sending again changes nothing: keys, subject, allowed hosts.
	// The subscription stays.
	Misconfigured
	// TooLarge: a shorter message may go, once (413, or more than a record holds).
	TooLarge
)

var outcomeNames = [...]string{"unknown", "accepted", "gone", "later", "misconfigured", "too_large"}

// String is the outcome's name in metrics, logs and the ledger.
func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		o = 0
	}
	return outcomeNames[o]
}

// Result says what became of one push.
type Result struct {
	Outcome Outcome
	// Status is the service's answer; 0 when there was none, or when nothing was sent.
	Status int
	// RetryAfter is the wait that the service asked for, at most 6 h; 0 when it did not: then Backoff decides.
	RetryAfter time.Duration
	// Reason is a code for logs and the ledger, empty when accepted: "http_410", "timeout", "dns",
	// "subscription.endpoint_host", … It never holds an endpoint.
	Reason string
	// Detail is the beginning of the service's own words when Misconfigured: printable ASCII, at most 200 bytes.
	Detail string
}

// tooMuch tells whether the service wants fewer pushes at once, or could not cope with as many as there were, and for how
// long it wants none; 0 when it does not say.
func (r Result) tooMuch() (bool, time.Duration) {
	switch {
	case r.Status == http.StatusTooManyRequests, r.Status == http.StatusServiceUnavailable:
		return true, r.RetryAfter
	}
	return r.Outcome == Later && r.Reason == "timeout", 0
}

// classify judges an answer that arrived whole (RFC 8030, section 5; Mozilla and Apple as observed). Unknown 4xx are
// Misconfigured: they find fault with the request, and a subscription is never removed on a guess.
func classify(status int, header http.Header, body []byte, now time.Time) Result {
	r := Result{Status: status, Reason: "http_" + strconv.Itoa(status)}
	switch {
	case status >= 200 && status < 300:
		r.Outcome, r.Reason = Accepted, ""
	case status == http.StatusNotFound, status == http.StatusGone:
		r.Outcome = Gone
	case status == http.StatusRequestEntityTooLarge:
		r.Outcome = TooLarge
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusRequestTimeout,
		status == http.StatusMisdirectedRequest, status == http.StatusTooEarly:
		r.Outcome, r.RetryAfter = Later, retryAfter(header.Get("Retry-After"), now)
	default:
		r.Outcome, r.Detail = Misconfigured, printable(body)
	}
	return r
}

const (
	maxAnswer = 16 << 10 // bytes of an answer's head, and of its body
	maxDetail = 200
	// maxWait bounds what one Retry-After can do: a mistyped header must not silence a subscription for days.
	maxWait = 6 * time.Hour
)

// retryAfter reads both forms of the header (RFC 9110, section 10.2.3): seconds, or a date, which is taken relative
// to now. What is past or not understood is 0.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if value != "" && strings.Trim(value, "0123456789") == "" {
		seconds, err := strconv.ParseInt(value, 10, 64)
		if err != nil || seconds > int64(maxWait/time.Second) {
			return maxWait
		}
		return time.Duration(seconds) * time.Second
	}
	date, err := http.ParseTime(value)
	if err != nil {
		return 0
	}
	return min(max(date.Sub(now), 0), maxWait)
}

// printable keeps what a log line can carry of a stranger's words.
func printable(body []byte) string {
	body = body[:min(len(body), maxDetail)]
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, string(body)))
}

// failed judges a push without a whole answer. All of it is Later: no answer says nothing about the subscription.
// That the message may have been taken nevertheless is harmless, since Topic and tag replace it.
func failed(err error) Result { return Result{Outcome: Later, Reason: reasonOf(err)} }

func reasonOf(err error) string {
	var timeout net.Error
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, errAddress):
		return "address_not_global"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.As(err, &dns):
		return "dns"
	case errors.As(err, &certificate), errors.As(err, &alert), errors.As(err, &record):
		return "tls"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection_refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection_reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "cut_short"
	default:
		return "network"
	}
}

// Backoff is the wait before the attempt after attempt (0 is the first): 30 s doubled each time, spread by ± 50 % so
// that what failed together does not come back together, and never above an hour: the base stops at 40 minutes,
// which leaves the spread its full width. rnd gives a number in [0, 1).
func Backoff(attempt int, rnd func() float64) time.Duration {
	base := min(30*time.Second<<min(max(attempt, 0), 7), 40*time.Minute)
	return time.Duration(float64(base) * (0.5 + rnd()))
}
