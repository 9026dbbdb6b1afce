package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var eight = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func TestEveryStatusIsClassified(t *testing.T) {
	want := map[int]Outcome{
		200: Accepted, 201: Accepted, 202: Accepted, 204: Accepted,
		301: Misconfigured, 302: Misconfigured, 303: Misconfigured, 304: Misconfigured, 307: Misconfigured, 308: Misconfigured,
		400: Misconfigured, 401: Misconfigured, 403: Misconfigured, 405: Misconfigured, 406: Misconfigured, 415: Misconfigured, 422: Misconfigured,
		404: Gone, 410: Gone,
		413: TooLarge,
		408: Later, 421: Later, 425: Later, 429: Later, 500: Later, 501: Later, 502: Later, 503: Later, 504: Later, 507: Later, 599: Later,
	}
	for status := 200; status <= 599; status++ {
		r := classify(status, http.Header{}, nil, eight)
		if outcome, listed := want[status]; listed && r.Outcome != outcome {
			t.Errorf("%d is %v, want %v", status, r.Outcome, outcome)
		}
		if r.Status != status || r.Outcome < Accepted || r.Outcome > TooLarge || (r.Reason == "") != (r.Outcome == Accepted) {
			t.Errorf("%d is %+v", status, r)
		}
		if gone := status == 404 || status == 410; (r.Outcome == Gone) != gone {
			t.Errorf("%d decides about the subscription: %v", status, r.Outcome)
		}
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"":                                0,
		"0":                               0,
		"1":                               time.Second,
		"120":                             2 * time.Minute,
		" 120 ":                           2 * time.Minute,
		"21600":                           6 * time.Hour,
		"21601":                           6 * time.Hour,
		"99999999999999999999999":         6 * time.Hour,
		"-5":                              0,
		"1.5":                             0,
		"soon":                            0,
		"Mon, 23 Nov 2026 08:00:30 GMT":   30 * time.Second,
		"Monday, 23-Nov-26 08:10:00 GMT":  10 * time.Minute,
		"Mon Nov 23 09:00:00 2026":        time.Hour,
		"Mon, 23 Nov 2026 08:00:00 GMT":   0,
		"Mon, 23 Nov 2026 07:00:00 GMT":   0,
		"Thu, 01 Jan 1970 00:00:00 GMT":   0,
		"Fri, 31 Dec 9999 23:59:59 GMT":   6 * time.Hour,
		"Mon, 23 Nov 2026 09:00:30 CET":   0, // not a form that HTTP knows
		"2026-11-23T08:00:30Z":            0,
		"Mon, 23 Nov 2026 08:00:30 GMT x": 0,
	} {
		for _, status := range []int{429, 503} {
			r := classify(status, http.Header{"Retry-After": {value}}, nil, eight)
			if r.Outcome != Later || r.RetryAfter != want {
				t.Errorf("%d, %q: %+v, want %v", status, value, r, want)
			}
		}
		if r := classify(201, http.Header{"Retry-After": {value}}, nil, eight); r.RetryAfter != 0 {
			t.Errorf("an accepted message is to be sent again after %v", r.RetryAfter)
		}
	}
}

func TestNoAnswerIsForLaterWhateverTheReason(t *testing.T) {
	wrap := func(err error) error { return &url.Error{Op: "Post", URL: "https://secret.example/token", Err: err} }
	for reason, err := range map[string]error{
		"address_not_global": wrap(fmt.Errorf("dial: %w", errAddress)),
		"cancelled":          wrap(context.Canceled),
		"timeout":            wrap(context.DeadlineExceeded),
		"dns":                wrap(&net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "secret.example", IsTimeout: true}}),
		"connection_refused": wrap(&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}),
		"connection_reset":   wrap(&net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}),
		"cut_short":          wrap(io.ErrUnexpectedEOF),
		"network":            wrap(errors.New("http2: something")),
	} {
		if r := failed(err); r != (Result{Outcome: Later, Reason: reason}) {
			t.Errorf("%v: %+v, want %s", err, r, reason)
		}
	}
}

func TestWordsOfAServiceAreKeptWhenAPersonMustAct(t *testing.T) {
	for body, want := range map[string]string{
		`{"reason":"BadJwtToken"}`:       `{"reason":"BadJwtToken"}`,
		"  bad\r\nnews\x00\x1b[31m ":     "bad  news  [31m",
		strings.Repeat("x", 5000):        strings.Repeat("x", 200),
		strings.Repeat("x", 199) + "äöü": strings.Repeat("x", 199),
	} {
		if r := classify(403, nil, []byte(body), eight); r.Detail != want {
			t.Errorf("%q is kept as %q", body, r.Detail)
		}
	}
	if r := classify(410, nil, []byte("gone"), eight); r.Detail != "" {
		t.Errorf("%+v", r)
	}
}

func TestBackoffDoublesWithJitterUpToAnHour(t *testing.T) {
	middle := func() float64 { return 0.5 }
	for attempt, want := range []time.Duration{
		30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 16 * time.Minute, 32 * time.Minute,
		40 * time.Minute, 40 * time.Minute,
	} {
		if got := Backoff(attempt, middle); got != want {
			t.Errorf("attempt %d waits %v, want %v", attempt, got, want)
		}
		if got := Backoff(attempt, func() float64 { return 0 }); got != want/2 {
			t.Errorf("attempt %d waits at least %v, want %v", attempt, got, want/2)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		attempt := rapid.IntRange(-1000, math.MaxInt32).Draw(t, "attempt")
		spread := rapid.Float64Range(0, 1).Draw(t, "spread")
		if got := Backoff(attempt, func() float64 { return spread }); got < 15*time.Second || got > time.Hour {
			t.Fatalf("waits %v", got)
		}
	})
}

func TestOutcomesHaveNames(t *testing.T) {
	for o, want := range map[Outcome]string{
		Accepted: "accepted", Gone: "gone", Later: "later", Misconfigured: "misconfigured", TooLarge: "too_large",
		0: "unknown", -1: "unknown", 99: "unknown",
	} {
		if o.String() != want {
			t.Errorf("%d is called %s", o, o)
		}
	}
}
