package store

import (
	"context"
	"sync"
	"time"

	"morgenkreis/kita"
)

// A watch keeps at most this many changes that nobody has taken yet; beyond, it says that all is to be read again.
const maxWaiting = 256

// The hub remembers what was told for so long, and at most so much, so that whoever read just before they began to watch
// need not read again.
const (
	memory    = time.Minute
	maxMemory = 4096
)

// patienceWithWire is how long the first watch waits for the wire to stand.
const patienceWithWire = 2 * time.Second

// hub hands what the wire brings to those who watch. Nobody who watches can hold up anybody who writes.
type hub struct {
	now   func() time.Time
	woken chan struct{}

	mu sync.Mutex
	// since is when the hub began to hear all that happens; zero while it does not.
	since time.Time
	// stood is closed once the wire has stood for the first time.
	stood  chan struct{}
	recent []heard
	all    map[*Watch]bool // of the whole house, and every watch for what concerns everybody
	byKita map[kita.ID]map[*Watch]bool
}

type heard struct {
	kita.Change
	at time.Time
}

func newHub(now func() time.Time) *hub {
	return &hub{now: now, woken: make(chan struct{}, 1), stood: make(chan struct{}), all: map[*Watch]bool{}, byKita: map[kita.ID]map[*Watch]bool{}}
}

// hearing tells whether the wire stands. When it stands (again), something may have been missed.
func (h *hub) hearing(stands bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !stands {
		h.since, h.recent = time.Time{}, nil
		return
	}
	if !h.since.IsZero() {
		return
	}
	h.since = h.now()
	select {
	case <-h.stood:
	default:
		close(h.stood)
	}
	for w := range h.all {
		w.add(kita.Change{Kind: kita.ChangeAgain})
	}
	h.wake()
}

func (h *hub) wake() {
	select {
	case h.woken <- struct{}{}:
	default:
	}
}

func (h *hub) told(changes []kita.Change) {
	if len(changes) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.now()
	for _, c := range changes {
		switch c.Kind {
		case kita.ChangeOutbox:
			h.wake()
			continue
		case kita.ChangeAccess:
			h.readmit(c)
			continue
		}
		h.remember(c, at)
		for w := range h.byKita[c.KitaID] {
			w.add(c)
		}
		for w := range h.all {
			if w.house && c.Kind == kita.ChangeKitas {
				w.add(c)
			}
		}
	}
}

func (h *hub) remember(c kita.Change, at time.Time) {
	if h.since.IsZero() {
		return
	}
	forget := 0
	for forget < len(h.recent) && (at.Sub(h.recent[forget].at) > memory || len(h.recent)-forget >= maxMemory) {
		forget++
	}
	if forget > 0 {
		if last := h.recent[forget-1].at; last.After(h.since) {
			h.since = last.Add(1)
		}
		h.recent = append(h.recent[:0:0], h.recent[forget:]...)
	}
	h.recent = append(h.recent, heard{c, at})
}

// readmit ends the watches of an account, or of everybody of a kita.
func (h *hub) readmit(c kita.Change) {
	of := h.byKita[c.KitaID]
	if c.KitaID == "" {
		of = h.all
	}
	for w := range of {
		if c.KitaID != "" || w.account == c.ID {
			w.end()
		}
	}
}

// Watch is one who waits for changes. It is closed by whoever made it.
type Watch struct {
	hub     *hub
	account kita.ID
	house   bool
	kitas   []kita.ID
	ready   chan struct{}

	mu      sync.Mutex
	waiting []kita.Change
	has     map[kita.Change]bool
	ended   bool
}

// Watch waits, from now on, for changes in the viewer's kitas; the operator hears of all kitas themselves. It says that
// something changed, not yet that it is the viewer's to see: Concerns answers that.
func (s *Store) Watch(ctx context.Context, v kita.Viewer) (*Watch, error) {
	s.wire.listen()
	select {
	case <-s.hub.stood:
	case <-time.After(patienceWithWire): // told to look again when it stands
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	w := &Watch{hub: s.hub, account: v.AccountID(), house: v.Operator(), ready: make(chan struct{}, 1), has: map[kita.Change]bool{}}
	// First the account and then its kitas: who is readmitted in between has been told.
	s.hub.mu.Lock()
	s.hub.all[w] = true
	s.hub.mu.Unlock()
	q := s.as(v)
	defer q.end()
	kitas, err := list[kita.ID](ctx, q, watchedKitas, v.AccountID(), v.AccountID(), v.AccountID())
	if err != nil {
		w.Close()
		return nil, err
	}
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	w.kitas = kitas
	for _, id := range kitas {
		if s.hub.byKita[id] == nil {
			s.hub.byKita[id] = map[*Watch]bool{}
		}
		s.hub.byKita[id][w] = true
	}
	return w, nil
}

// watchedKitas: an operator runs the house and reads nothing in it, so that only its other roles count here.
const watchedKitas = `
select s.kita_id from staff s where s.account_id = ? and s.archived_at is null
union
select g.kita_id from guardians g where g.account_id = ? and g.archived_at is null
union
select k.id from kitas k join speakers m on m.provider_id = k.provider_id where m.account_id = ?`

// Recall adds what was told in the last age, as far as it is remembered; ChangeAgain when it may be more than that.
func (w *Watch) Recall(age time.Duration) {
	h := w.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	from := h.now().Add(-age)
	if h.since.IsZero() || from.Before(h.since) || age > memory {
		w.add(kita.Change{Kind: kita.ChangeAgain})
		return
	}
	for _, c := range h.recent {
		if !c.at.Before(from) && (h.byKita[c.KitaID][w] || w.house && c.Kind == kita.ChangeKitas) {
			w.add(c.Change)
		}
	}
}

// Ready receives when there is something to Take.
func (w *Watch) Ready() <-chan struct{} { return w.ready }

// Take is what happened since the last time, each once. ended: the account, or what it may see, is another; there will be
// no more.
func (w *Watch) Take() (changes []kita.Change, ended bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	changes = w.waiting
	w.waiting, w.has = nil, map[kita.Change]bool{}
	return changes, w.ended
}

// Close ends the watch.
func (w *Watch) Close() {
	w.hub.mu.Lock()
	defer w.hub.mu.Unlock()
	delete(w.hub.all, w)
	for _, id := range w.kitas {
		if delete(w.hub.byKita[id], w); len(w.hub.byKita[id]) == 0 {
			delete(w.hub.byKita, id)
		}
	}
}

func (w *Watch) add(c kita.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended || w.has[c] || w.has[kita.Change{Kind: kita.ChangeAgain}] {
		return
	}
	if c.Kind == kita.ChangeAgain || len(w.waiting) >= maxWaiting {
		c = kita.Change{Kind: kita.ChangeAgain}
		w.waiting, w.has = nil, map[kita.Change]bool{}
	}
	w.waiting, w.has[c] = append(w.waiting, c), true
	w.signal()
}

func (w *Watch) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended, w.waiting = true, nil
	w.signal()
}

func (w *Watch) signal() {
	select {
	case w.ready <- struct{}{}:
	default:
	}
}
