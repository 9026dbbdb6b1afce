package notify

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"morgenkreis/kita"
)

// Every message is padded to the full record, so that its length says nothing about it. Which record depends on the
// plaintext alone: what Notification builds always fits the first.
const (
	// recordOverhead is what a record holds besides plaintext: salt, record size, key (86), delimiter (1), tag (16).
	recordOverhead = 103
	// recordCommon is the largest that Firefox on Android takes for sure: Mozilla hands its messages on in base64
	// through Google, and answers 413 above 3,070 bytes. A message padded to 4096 never reaches those phones.
	recordCommon = 2900
	recordFull   = int(webpush.MaxRecordSize) // what every push service must take (RFC 8030, section 7.2)
	recordSmall  = 2000                       // the second try after a 413
)

// errTooLong: the payload does not fit the record.
var errTooLong = errors.New("notify: payload does not fit")

// recordSize is the record that m is padded to, or errTooLong.
func (m Message) recordSize() (int, error) {
	sizes := []int{recordCommon, recordFull}
	if m.Small {
		sizes = []int{recordSmall}
	}
	for _, size := range sizes {
		if len(m.Payload)+recordOverhead <= size {
			return size, nil
		}
	}
	return 0, errTooLong
}

// seal makes the finished request for one subscription: encrypted as one aes128gcm record (RFC 8291), signed (RFC 8292).
// It is the only place that calls webpush-go, which gets no network: catcher takes the request off its hands.
func (s *Sender) seal(ctx context.Context, sub kita.Subscription, m Message) (*http.Request, error) {
	size, err := m.recordSize()
	if err != nil {
		return nil, err
	}
	// webpush-go writes the padding behind the slice it is given: each message gets its own.
	payload := append(make([]byte, 0, size), m.Payload...)
	var caught catcher
	_, err = webpush.SendNotificationWithContext(ctx, payload,
		&webpush.Subscription{Endpoint: sub.Endpoint, Keys: webpush.Keys{P256dh: sub.P256dh, Auth: sub.Auth}},
		&webpush.Options{
			HTTPClient:      &caught,
			RecordSize:      uint32(size),
			Subscriber:      s.subscriber,
			Topic:           m.Topic,
			TTL:             int(max(m.TTL, 0) / time.Second),
			Urgency:         webpush.Urgency(m.Urgency),
			VAPIDPublicKey:  s.keys.Public,
			VAPIDPrivateKey: s.keys.Private,
		})
	if caught.req == nil {
		return nil, err
	}
	req := caught.req
	req.Header.Set("Authorization", s.tokens.forOrigin(req.URL.Scheme+"://"+req.URL.Host, req.Header.Get("Authorization"), s.clock()))
	return req, nil
}

// catcher stands where webpush-go expects an HTTP client, and keeps the request instead of sending it.
type catcher struct{ req *http.Request }

var errCaught = errors.New("notify: sealed")

func (c *catcher) Do(req *http.Request) (*http.Response, error) {
	c.req = req
	return nil, errCaught
}

// tokenLife is how long one VAPID token serves: Apple asks not to renew it more than once an hour.
// webpush-go dates it 12 h ahead, of the 24 h that RFC 8292 permits.
const tokenLife = time.Hour

// maxTokens bounds the origins remembered; a user can make up host names below push.apple.com.
const maxTokens = 256

// tokens keeps one Authorization header per push service and hour.
type tokens struct {
	mu       sync.Mutex
	byOrigin map[string]token
}

type token struct {
	header string
	made   time.Time
}

// forOrigin gives the header in use for origin, and takes up fresh when there is none or it has served its hour.
func (t *tokens) forOrigin(origin, fresh string, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known, ok := t.byOrigin[origin]; ok {
		if age := now.Sub(known.made); age >= 0 && age < tokenLife {
			return known.header
		}
	}
	if t.byOrigin == nil || len(t.byOrigin) >= maxTokens {
		t.byOrigin = make(map[string]token)
	}
	t.byOrigin[origin] = token{header: fresh, made: now}
	return fresh
}
