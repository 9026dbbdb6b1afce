package autopush

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"morgenkreis/notify/pushtest"
)

const (
	// maxBody is RFC 8030, section 7.2: what every service has to take.
	maxBody = 4096
	// maxTTL is how long a message is kept at most; a longer TTL is cut, not refused.
	maxTTL = 30 * 24 * time.Hour
)

var topics = regexp.MustCompile(`^[0-9A-Za-z_=-]{1,32}$`)

// endpoint is where ch's application server posts: of the second kind when the subscription is bound to a key.
func (s *Service) endpoint(ch *channel) string {
	version := "v1"
	if len(ch.key) > 0 {
		version = "v2"
	}
	return s.URL + "/wpush/" + version + "/" + ch.token
}

// refusal is an answer of docs/src/errors.md.
type refusal struct {
	status, errno int
	message       string
}

func (r refusal) Error() string { return fmt.Sprintf("%d/%d %s", r.status, r.errno, r.message) }

// post is an application server that sends a message.
func (s *Service) post(w http.ResponseWriter, r *http.Request) {
	m, event, err := s.take(r)
	if err != nil {
		var no refusal
		if !errors.As(err, &no) {
			no = refusal{http.StatusInternalServerError, 999, err.Error()}
		}
		s.mu.Lock()
		event.Code, event.Reason = no.status, no.Error()
		s.note(event)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(no.status)
		_ = json.NewEncoder(w).Encode(object{"code": no.status, "errno": no.errno, "error": http.StatusText(no.status), "message": no.message})
		return
	}
	w.Header().Set("Location", s.URL+"/m/"+m.version)
	w.Header().Set("TTL", strconv.Itoa(int(event.TTL/time.Second)))
	w.WriteHeader(http.StatusCreated)
}

// take checks the request, in the order of the real service: the endpoint and who may use it, then the message.
func (s *Service) take(r *http.Request) (*message, Event, error) {
	event := Event{Type: "posted", Topic: r.Header.Get("Topic"), Urgency: r.Header.Get("Urgency")}
	s.mu.Lock()
	ch := s.channels[r.PathValue("token")]
	s.mu.Unlock()
	if ch == nil || r.URL.Path != s.endpoint(ch)[len(s.URL):] {
		return nil, event, refusal{http.StatusNotFound, 102, "Invalid URL endpoint"}
	}
	event.UAID, event.Channel = ch.agent.uaid, ch.id
	if err := s.authorised(r, ch); err != nil {
		return nil, event, err
	}
	s.mu.Lock()
	gone := ch.gone
	s.mu.Unlock()
	if gone {
		return nil, event, refusal{http.StatusGone, 106, "No such subscription"}
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, event, err
	}
	if len(body) > maxBody {
		return nil, event, refusal{http.StatusRequestEntityTooLarge, 104, "Data payload too large"}
	}
	if event.TTL, err = headers(r.Header, len(body) > 0); err != nil {
		return nil, event, err
	}
	m := &message{channel: ch, version: uuid.NewString(), topic: event.Topic, expires: time.Now().Add(event.TTL), body: body}
	event.Version, event.Code = m.version, http.StatusCreated
	s.keep(m, event)
	return m, event, nil
}

// authorised tells whether the sender's VAPID header is in order (RFC 8292), and its key the one that the subscription is
// bound to. An endpoint without a key takes messages from anybody, but none with a bad header.
func (s *Service) authorised(r *http.Request, ch *channel) error {
	header := r.Header.Get("Authorization")
	if header == "" {
		if len(ch.key) > 0 {
			return refusal{http.StatusUnauthorized, 109, "Missing VAPID public key"}
		}
		return nil
	}
	claims, err := pushtest.VerifyVAPID(header, s.URL, time.Now())
	if err != nil {
		return refusal{http.StatusUnauthorized, 109, err.Error()}
	}
	key, err := base64.RawURLEncoding.DecodeString(claims.Key)
	if err != nil || len(ch.key) > 0 && !bytes.Equal(key, ch.key) {
		return refusal{http.StatusUnauthorized, 109, "VAPID public key mismatch"}
	}
	return nil
}

func headers(h http.Header, data bool) (ttl time.Duration, err error) {
	seconds, err := strconv.ParseInt(h.Get("TTL"), 10, 64)
	if err != nil {
		return 0, refusal{http.StatusBadRequest, 111, "Missing TTL value"}
	}
	if seconds < 0 {
		return 0, refusal{http.StatusBadRequest, 114, "TTL must be greater than 0"}
	}
	if data && h.Get("Content-Encoding") != "aes128gcm" {
		// The real service takes the older aesgcm as well; nobody here is to send it.
		return 0, refusal{http.StatusBadRequest, 110, "Unknown Content-Encoding header"}
	}
	if topic, given := h["Topic"]; given && !topics.MatchString(topic[0]) {
		return 0, refusal{http.StatusBadRequest, 113, "Topic must be no greater than 32 characters of the URL and Filename safe Base64 alphabet"}
	}
	// Mozilla's service does not look at it; RFC 8030, section 5.3 has no other words.
	if urgency, given := h["Urgency"]; given && !slices.Contains([]string{"very-low", "low", "normal", "high"}, urgency[0]) {
		return 0, refusal{http.StatusBadRequest, 111, "Urgency " + urgency[0]}
	}
	return min(time.Duration(min(seconds, int64(maxTTL/time.Second)))*time.Second, maxTTL), nil
}

// keep stores the message until it is acknowledged, in the place of one with the same topic, and hands it on when the user
// agent is here. With a TTL of 0 it is now or never.
func (s *Service) keep(m *message, event Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.note(event)
	a := m.channel.agent
	if m.topic != "" {
		a.pending = slices.DeleteFunc(a.pending, func(p *message) bool { return p.channel == m.channel && p.topic == m.topic })
	}
	if event.TTL > 0 {
		a.pending = append(a.pending, m)
	}
	s.deliver(m)
}

// cancel takes back a message that was not acknowledged yet.
func (s *Service) cancel(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.agents {
		a.acknowledged(r.PathValue("version"))
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte("{}"))
}
