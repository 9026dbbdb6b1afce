package store

import (
	"sync"
	"time"
)

// Haste is whether something urgent is on its way out of this server: somebody is publishing it, or has, and nobody who sends has
// looked for it since. Meanwhile nothing is begun that can wait. On a machine with few processors a flood would otherwise take
// from the urgent notice what it needs to be written, taken and sealed; what the flood loses is the moment that this takes.
//
// It is a hint of one process to itself. What comes first is said by the ranks in the database, with or without it.
type Haste struct {
	now func() time.Time

	mu sync.Mutex
	// begun are those who publish now, by when they began; ended counts those who have, seen those of them that were looked for.
	begun       map[*time.Time]bool
	ended, seen int
}

// hasteMost is how long others wait for one who publishes: one that the database keeps waiting does not hold up a city.
const hasteMost = 2 * time.Second

func newHaste(now func() time.Time) *Haste {
	return &Haste{now: now, begun: map[*time.Time]bool{}}
}

// begin is called by who publishes something urgent, end when that is in the database, or is not.
func (h *Haste) begin() (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	at := h.now()
	h.begun[&at] = true
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.begun, &at)
		h.ended++
	}
}

// On tells whether there is haste.
func (h *Haste) On() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.seen < h.ended {
		return true
	}
	now := h.now()
	for at := range h.begun {
		if now.Sub(*at) < hasteMost {
			return true
		}
	}
	return false
}

// look is called by who is going to look for what is due, done once what is urgent of it has been taken.
func (h *Haste) look() (done func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ended := h.ended
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.seen = max(h.seen, ended)
	}
}
