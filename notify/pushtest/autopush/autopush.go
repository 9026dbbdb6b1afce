// Package autopush is Mozilla's push service for tests, as much of it as Firefox and an application server can tell: a real
// Firefox subscribes at it through its websocket, and gets what is posted to the endpoints it hands out. It never opens a
// message: that is the browser's part.
//
// It is written after the protocol's documents, and after the two programs that speak it:
//
//   - "WebPush Proprietary Protocol": mozilla-services/push-service, docs/design.md (hello, register, unregister, ping,
//     notification, ack)
//   - "HTTP Endpoints for Notifications" and "Error Codes": mozilla-services/autopush-rs, docs/src/http.md and errors.md
//     (statuses and errno, Topic, TTL)
//   - what the documents leave out is as the service has it (autopush-rs, autoconnect/autoconnect-common/src/protocol.rs,
//     autoconnect-ws-sm/src/identified, autoendpoint/src/extractors): broadcast_subscribe, nack, the statuses of VAPID
//     errors, what is kept for a user agent that is away; and as Firefox asks for it (dom/push/PushServiceWebSocket.sys.mjs)
//
// What is left out: bridges to phones, the limits on pings and on messages that nobody acknowledges, and
// persistence: it forgets when it ends.
package autopush

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Event is one thing that happened, in the words of the protocol: what a user agent said ("hello", "register", "unregister",
// "ack", "nack", "ping", "broadcast_subscribe"), "bye" when its connection ended, "posted" for a message of an application
// server, "notification" when one went out to the user agent, and "closed" when it said what it must not.
type Event struct {
	Type    string
	UAID    string
	Channel string
	// Version is the message's; of posted, notification, ack and nack.
	Version string
	// Code is that of an ack (100 delivered, 101 not decrypted, 102 not delivered), a nack or an unregister; of posted it is the
	// answer's status.
	Code int
	// Topic, Urgency and TTL are those of posted. Reason says why a post was refused or a connection closed.
	Topic, Urgency string
	TTL            time.Duration
	Reason         string
}

// Service is a running push service.
type Service struct {
	// URL is the origin of its endpoints, WebSocket what dom.push.serverURL is to be.
	URL, WebSocket string

	server *http.Server
	ctx    context.Context

	mu       sync.Mutex
	agents   map[string]*agent   // by uaid
	channels map[string]*channel // by token
	corrupt  bool
	events   []Event
	changed  chan struct{} // closed and replaced with each event
}

// agent is a user agent that the service knows, here or away.
type agent struct {
	uaid     string
	channels map[string]*channel // by channelID
	pending  []*message
	conn     *connection // nil while it is away
}

type channel struct {
	id, token string
	// key is the public key of the only server that may post; nil for anybody.
	key   []byte
	agent *agent
	gone  bool
}

// message waits until the user agent acknowledges it.
type message struct {
	channel *channel
	version string
	topic   string
	expires time.Time
	body    []byte
}

// New starts a service on a free port of 127.0.0.1; it ends with the test.
func New(t testing.TB) *Service {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	ctx, end := context.WithCancel(context.Background())
	s := &Service{
		URL: "http://" + address, WebSocket: "ws://" + address + "/", ctx: ctx,
		agents: map[string]*agent{}, channels: map[string]*channel{}, changed: make(chan struct{}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.connect)
	mux.HandleFunc("POST /wpush/{version}/{token}", s.post)
	mux.HandleFunc("DELETE /m/{version}", s.cancel)
	s.server = &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = s.server.Serve(listener) // it ends by Close
	}()
	t.Cleanup(func() {
		end()
		_ = s.server.Close()
		<-served
		if t.Failed() {
			for _, e := range s.Events() {
				t.Logf("push service: %+v", e)
			}
		}
	})
	return s
}

// Corrupt makes the service flip one bit in the last byte of what it hands on from now on, or no longer: the ciphertext's
// authentication tag ends there, so no user agent can open it.
func (s *Service) Corrupt(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.corrupt = on
}

// Hangup ends every connection. User agents come back by themselves, and keep their uaid and their subscriptions.
func (s *Service) Hangup() {
	for _, c := range s.connections() {
		c.hangup()
	}
}

// Forget loses all that the service knew, and ends every connection: endpoints of before answer 410, and a user agent that
// comes back is given another uaid, by which it knows that its subscriptions are gone.
func (s *Service) Forget() {
	s.mu.Lock()
	for _, c := range s.channels {
		c.gone = true
	}
	s.agents = map[string]*agent{}
	s.mu.Unlock()
	s.Hangup()
}

func (s *Service) connections() (open []*connection) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[*connection]bool{}
	for _, c := range s.channels {
		if conn := c.agent.conn; conn != nil && !seen[conn] {
			seen[conn] = true
			open = append(open, conn)
		}
	}
	for _, a := range s.agents {
		if a.conn != nil && !seen[a.conn] {
			seen[a.conn] = true
			open = append(open, a.conn)
		}
	}
	return open
}

// Events are all there were, as they came.
func (s *Service) Events() []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.events)
}

// Mark is how many events there were: with it, Await looks at later ones only.
func (s *Service) Mark() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.events)
}

// Await returns the first event since mark that is wanted, now or when it comes, or ctx's error.
func (s *Service) Await(ctx context.Context, mark int, wanted func(Event) bool) (Event, error) {
	for {
		s.mu.Lock()
		later, changed := s.events[mark:], s.changed
		s.mu.Unlock()
		if i := slices.IndexFunc(later, wanted); i >= 0 {
			return later[i], nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

// note adds an event; s.mu is held.
func (s *Service) note(e Event) {
	s.events = append(s.events, e)
	close(s.changed)
	s.changed = make(chan struct{})
}

// newUAID is a UUID in lower case without dashes, as hello answers it.
func newUAID() string { return strings.ReplaceAll(uuid.NewString(), "-", "") }
