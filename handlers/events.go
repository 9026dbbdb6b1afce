package handlers

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humaecho"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// eventsPath is where changes are told while they happen.
const eventsPath = "/events/stream"

const (
	// streamsEach is how many streams an account has at a node; one more ends the oldest, which is the likeliest to lead to a
	// phone that has long been somewhere else.
	streamsEach = 8
	// heartbeat is how often a silent stream says that it is there; proxies cut what is silent for a minute.
	heartbeat = 25 * time.Second
	// knockEvery so many heartbeats it is asked again who listens: sessions and tokens end by the clock as well.
	knockEvery = 12
	// eventPace parts the looks of one stream, so that a notice that hundreds read in a minute is not told hundreds of times.
	eventPace = time.Second
	// tellWithin is how long a client may take to take what it is told; who is slower comes back and reads again.
	tellWithin = 10 * time.Second
	// comeBack is when a client that was cut off may try again, in milliseconds.
	comeBack = 3000
	// recallMargin covers what the way of a request takes from the age it names.
	recallMargin = 2 * time.Second
)

// scopeOf is what a program needs to hear of a kind; what is not here it hears whatever its scopes.
var scopeOf = map[kita.ChangeKind]string{
	kita.ChangeNotices: "notices", kita.ChangeLedger: "notices", kita.ChangeAbsences: "absences",
	kita.ChangeChildren: "people", kita.ChangeGroups: "people", kita.ChangeKitas: "people",
}

// Event is what is to be read again, by the ordinary routes.
type Event struct {
	KitaID kita.ID `json:"kita_id,omitempty"`
	ID     kita.ID `json:"id,omitempty" doc:"The notice, the child or the group; absent where it is more than one."`
}

// Listen opens a stream.
type Listen struct {
	Age int `query:"age" minimum:"0" maximum:"86400" default:"0" doc:"How many seconds ago you read what you show. What changed since then is told first; without it, read after the stream has begun."`
}

// Listen is the stream of what changes while it is open. What is told is narrowed for each change, at the moment it is told,
// by the same reading that a request would do; it ends as soon as the viewer's access changes.
func (s *Server) Listen(_ context.Context, in *Listen) (*huma.StreamResponse, error) {
	return &huma.StreamResponse{Body: func(c huma.Context) {
		ctx, leave := s.streams.enter(c.Context(), viewerFrom(c.Context()).AccountID())
		defer leave()
		e := humaecho.Unwrap(c)
		l := &listening{s: s, viewer: viewerFrom(c.Context()), knock: func() (kita.Viewer, error) { return s.viewer(c) },
			w: e.Response(), control: http.NewResponseController(e.Response())}
		if err := l.begin(ctx, in.Age); err != nil {
			p := problemOf(ctx, languageFrom(c.Context()), err)
			_ = huma.WriteErr(s.api, c, p.Status, "", p) // the client has gone; there is nobody left to tell
			return
		}
		defer l.watch.Close()
		if err := l.run(ctx); err != nil && ctx.Err() == nil {
			slog.InfoContext(ctx, "a stream ended", "request", requestID(ctx), "why", err)
		}
	}}, nil
}

// listening is one stream.
type listening struct {
	s       *Server
	viewer  kita.Viewer
	knock   func() (kita.Viewer, error)
	watch   *store.Watch
	w       http.ResponseWriter
	control *http.ResponseController
	out     bytes.Buffer
}

// begin watches, and asks then who knocks: whoever lost their access in the moment before would not be told.
func (l *listening) begin(ctx context.Context, age int) (err error) {
	if l.watch, err = l.s.store.Watch(ctx, l.viewer); err != nil {
		return err
	}
	if err := l.askAgain(); err != nil {
		l.watch.Close()
		return err
	}
	if age > 0 {
		l.watch.Recall(time.Duration(age)*time.Second + recallMargin)
	}
	return nil
}

func (l *listening) run(ctx context.Context) error {
	// The server's time-outs are for requests that end. A recorder in a test has no connection to set them on.
	_ = l.control.SetReadDeadline(time.Time{})
	h := l.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("X-Accel-Buffering", "no")
	fmt.Fprintf(&l.out, "retry: %d\n\n", comeBack)
	if open, err := l.tell(ctx); !open || err != nil {
		return err
	}
	beats := time.NewTicker(cmp.Or(l.s.Heartbeat, heartbeat))
	defer beats.Stop()
	var rested <-chan time.Time
	ready := l.watch.Ready()
	for beat := 1; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-rested:
			rested, ready = nil, l.watch.Ready()
		case <-ready:
			if open, err := l.tell(ctx); !open || err != nil {
				return err
			}
			rested, ready = time.After(eventPace), nil
		case <-beats.C:
			if beat++; beat%knockEvery == 0 {
				if err := l.askAgain(); err != nil {
					return err
				}
			}
			l.out.WriteString(":\n\n")
			if err := l.flush(); err != nil {
				return err
			}
		}
	}
}

// askAgain looks who is there, as if they had just knocked.
func (l *listening) askAgain() (err error) {
	if l.viewer, err = l.knock(); err == nil && !l.viewer.Known() {
		err = kita.ErrUnauthenticated
	}
	return err
}

// tell writes what waits and is the viewer's to hear; open is false when they have to knock again.
func (l *listening) tell(ctx context.Context) (open bool, err error) {
	changes, ended := l.watch.Take()
	if ended {
		return false, nil
	}
	for _, c := range changes {
		if c.Kind == kita.ChangeAgain {
			// What would have sent the viewer back to the door may be among what was missed.
			if err := l.askAgain(); err != nil {
				return false, err
			}
		}
		if scope := scopeOf[c.Kind]; scope != "" && !l.viewer.May(scope+":read") && !l.viewer.May(scope+":write") {
			continue
		}
		mine, err := l.s.store.Concerns(ctx, l.viewer, c)
		if err != nil {
			return false, err
		}
		if !mine {
			continue
		}
		data, err := json.Marshal(Event{KitaID: c.KitaID, ID: c.ID})
		if err != nil {
			return false, err
		}
		fmt.Fprintf(&l.out, "event: %s\ndata: %s\n\n", c.Kind, data)
	}
	if l.out.Len() == 0 {
		return true, nil
	}
	return true, l.flush()
}

// flush sends what is written. Who does not take it in time is disconnected; nobody waits for them but this stream.
func (l *listening) flush() error {
	_ = l.control.SetWriteDeadline(time.Now().Add(cmp.Or(l.s.Patience, tellWithin))) // as in run
	if _, err := l.w.Write(l.out.Bytes()); err != nil {
		return err
	}
	l.out.Reset()
	return l.control.Flush()
}

// EndStreams ends all streams and lets no other begin, so that a server that stops need not wait for them: their clients
// come back to whoever serves then.
func (s *Server) EndStreams() { s.streams.end() }

// Streams counts those that are open.
func (s *Server) Streams() int { return s.streams.count() }

// streams are those that are open, by account, the oldest first.
type streams struct {
	mu    sync.Mutex
	open  map[kita.ID][]*place
	ended bool
}

type place struct{ cancel context.CancelFunc }

// enter gives an account a place; ctx ends when the stream has to. Who has too many gives up the oldest.
func (s *streams) enter(parent context.Context, account kita.ID) (ctx context.Context, leave func()) {
	ctx, cancel := context.WithCancel(parent)
	p := &place{cancel}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[kita.ID][]*place{}
	}
	all := append(s.open[account], p)
	if len(all) > streamsEach {
		all[0].cancel()
		all = slices.Clone(all[1:])
	}
	s.open[account] = all
	if s.ended {
		cancel()
	}
	return ctx, func() {
		cancel()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open[account] = slices.DeleteFunc(s.open[account], func(o *place) bool { return o == p })
		if len(s.open[account]) == 0 {
			delete(s.open, account)
		}
	}
}

func (s *streams) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for _, all := range s.open {
		for _, p := range all {
			p.cancel()
		}
	}
}

func (s *streams) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, all := range s.open {
		n += len(all)
	}
	return n
}
