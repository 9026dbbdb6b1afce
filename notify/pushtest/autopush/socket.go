package autopush

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
)

// connection is one user agent's websocket. What goes out passes through out, so that answers never wait for the network
// while the service's lock is held.
type connection struct {
	service *Service
	socket  *websocket.Conn
	out     chan any
	end     context.CancelFunc
	agent   *agent // nil until it said hello
}

// said is whatever a user agent says.
type said struct {
	MessageType string            `json:"messageType"`
	UAID        string            `json:"uaid"`
	UseWebPush  bool              `json:"use_webpush"`
	ChannelID   string            `json:"channelID"`
	Key         string            `json:"key"`
	Code        int               `json:"code"`
	Version     string            `json:"version"`
	Broadcasts  map[string]string `json:"broadcasts"`
	Updates     []struct {
		ChannelID string `json:"channelID"`
		Version   string `json:"version"`
		Code      int    `json:"code"`
	} `json:"updates"`
}

type object map[string]any

// connect is a user agent that opens its websocket.
func (s *Service) connect(w http.ResponseWriter, r *http.Request) {
	// Firefox gives the address it dials as its origin, with ws: and not http:.
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"push-notification"}, InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	ctx, end := context.WithCancel(s.ctx)
	c := &connection{service: s, socket: socket, out: make(chan any, 256), end: end}
	go c.write(ctx)
	reason := c.read(ctx)
	end()
	s.mu.Lock()
	defer s.mu.Unlock()
	if reason != nil {
		s.note(Event{Type: "closed", Reason: reason.Error()})
	}
	if c.agent != nil {
		if c.agent.conn == c {
			c.agent.conn = nil
		}
		s.note(Event{Type: "bye", UAID: c.agent.uaid})
	}
}

func (c *connection) hangup() { c.end() }

func (c *connection) write(ctx context.Context) {
	defer c.socket.CloseNow()
	for {
		select {
		case v := <-c.out:
			text, err := json.Marshal(v)
			if err != nil {
				panic(err) // they are maps of strings
			}
			if c.socket.Write(ctx, websocket.MessageText, text) != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// read answers what the user agent says, until the connection ends (nil) or it says what it must not.
func (c *connection) read(ctx context.Context) error {
	for {
		_, text, err := c.socket.Read(ctx)
		if err != nil {
			return nil
		}
		var m said
		if err := json.Unmarshal(text, &m); err != nil {
			return fmt.Errorf("this is not of the protocol: %s", text)
		}
		if strings.TrimSpace(string(text)) == "{}" {
			m.MessageType = "ping"
		}
		if err := c.answer(m); err != nil {
			return err
		}
	}
}

func (c *connection) answer(m said) error {
	s := c.service
	s.mu.Lock()
	defer s.mu.Unlock()
	if (c.agent == nil) != (m.MessageType == "hello") {
		return fmt.Errorf("%q is not said now: hello comes first, and once", m.MessageType)
	}
	if m.MessageType == "hello" {
		c.hello(m)
		return nil
	}
	e := Event{Type: m.MessageType, UAID: c.agent.uaid, Channel: m.ChannelID, Version: m.Version, Code: m.Code}
	switch m.MessageType {
	case "register":
		if id, err := uuid.Parse(m.ChannelID); err != nil || id.String() != m.ChannelID {
			return fmt.Errorf("register: %q is no UUID in lower case with dashes", m.ChannelID)
		}
		s.note(e)
		c.register(m)
	case "unregister":
		s.note(e)
		// What there is not, or no longer, is as good as unregistered.
		if ch := c.agent.channels[m.ChannelID]; ch != nil {
			ch.gone = true
			delete(c.agent.channels, m.ChannelID)
		}
		c.out <- object{"messageType": "unregister", "channelID": m.ChannelID, "status": 200}
	case "ack":
		for _, u := range m.Updates {
			c.agent.acknowledged(u.Version)
			s.note(Event{Type: "ack", UAID: c.agent.uaid, Channel: u.ChannelID, Version: u.Version, Code: u.Code})
		}
	case "nack":
		s.note(e)
	case "ping":
		s.note(e)
		c.out <- object{}
	case "broadcast_subscribe":
		s.note(e)
		c.out <- object{"messageType": "broadcast", "broadcasts": unknown(m.Broadcasts)}
	default:
		return fmt.Errorf("%q is not of the protocol", m.MessageType)
	}
	return nil
}

// hello makes the user agent known, or known again with what waited for it.
func (c *connection) hello(m said) {
	s := c.service
	a := s.agents[strings.ReplaceAll(m.UAID, "-", "")]
	if a == nil {
		a = &agent{uaid: newUAID(), channels: map[string]*channel{}}
		s.agents[a.uaid] = a
	}
	if a.conn != nil {
		a.conn.hangup() // it is here, so it is no longer there
	}
	a.conn, c.agent = c, a
	s.note(Event{Type: "hello", UAID: a.uaid})
	c.out <- object{"messageType": "hello", "uaid": a.uaid, "status": 200, "use_webpush": true, "broadcasts": unknown(m.Broadcasts)}
	kept := a.pending
	a.pending = nil
	for _, p := range kept {
		if !p.channel.gone && p.expires.After(time.Now()) {
			a.pending = append(a.pending, p)
			s.deliver(p)
		}
	}
}

// unknown is what is answered about broadcasts: there are none.
func unknown(asked map[string]string) object {
	if len(asked) == 0 {
		return object{}
	}
	errors := object{}
	for name := range asked {
		errors[name] = "Broadcast not found"
	}
	return object{"errors": errors}
}

func (c *connection) register(m said) {
	ch := c.agent.channels[m.ChannelID]
	if ch == nil {
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(m.Key, "="))
		if err != nil {
			c.out <- object{"messageType": "register", "channelID": m.ChannelID, "status": 400, "pushEndpoint": "Failed to generate endpoint"}
			return
		}
		ch = &channel{id: m.ChannelID, token: newUAID() + newUAID(), key: key, agent: c.agent}
		c.agent.channels[ch.id] = ch
		c.service.channels[ch.token] = ch
	}
	c.out <- object{"messageType": "register", "channelID": ch.id, "status": 200, "pushEndpoint": c.service.endpoint(ch)}
}

// acknowledged takes away the message: it needs not be sent again.
func (a *agent) acknowledged(version string) {
	for i, p := range a.pending {
		if p.version == version {
			a.pending = append(a.pending[:i:i], a.pending[i+1:]...)
			return
		}
	}
}

// deliver hands the message to the user agent, when it is here; s.mu is held.
func (s *Service) deliver(m *message) {
	a := m.channel.agent
	if a.conn == nil {
		return
	}
	body := append([]byte(nil), m.body...)
	if s.corrupt && len(body) > 0 {
		body[len(body)-1] ^= 1
	}
	out := object{"messageType": "notification", "channelID": m.channel.id, "version": m.version}
	if len(body) > 0 {
		out["data"] = base64.RawURLEncoding.EncodeToString(body)
		out["headers"] = object{"encoding": "aes128gcm"}
	}
	s.note(Event{Type: "notification", UAID: a.uaid, Channel: m.channel.id, Version: m.version})
	a.conn.out <- out
}
