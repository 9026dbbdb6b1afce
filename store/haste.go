package store

import (
	"sync"
	"time"
)

// Haste is whether something urgent is on its way out of this server: somebody is publishing it, or has, and nobody who sends has
// looked for it since. Meanwhile nothing more is taken up that can wait. On a machine with few processors a flood would otherwise
// take from the urgent notice what it needs to be written, taken and sealed; what the flood loses is the moment that this takes.
//
// It is a hint of one process to itself. What comes first is said by the ranks in the database, with or without it.
type Haste struct {
	now func() time.Time

	mu sync.Mutex
	// publishing are those who do; ended counts those who have, seen those of them that were looked for.
	publishing, ended, seen int
	since                   time.Time // zero while there is none
}

// hasteMost is how long others wait, whatever keeps it up: a database that answers nobody, one urgent notice after the other, or
// somebody who tries what they may not.
const hasteMost = 2 * time.Second

// begin is called by who publishes something urgent, end when that is in the database, or is not.
func (h *Haste) begin() (end func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.publishing++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.publishing--
		h.ended++
	}
}

// On tells whether there is haste. When it has been for hasteMost without an end, there is none until it has ended.
func (h *Haste) On() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.publishing == 0 && h.seen == h.ended {
		h.since = time.Time{}
		return false
	}
	now := h.now()
	if h.since.IsZero() {
		h.since = now
	}
	return now.Sub(h.since) < hasteMost
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
