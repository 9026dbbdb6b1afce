package store

import (
	"context"
	"sync"

	"morgenkreis/kita"
)

// turns have those who publish in one kita through this server go one after the other. What a notice reads of its kita the
// next one writes, page by page of the same indexes: side by side PostgreSQL has all of them but one try again, and again.
// Nothing rests on it but that: at another server somebody may publish at the same moment, and is tried again.
type turns struct {
	mu sync.Mutex
	of map[kita.ID]*turn
}

// turn is who is at it, as what lies in the channel, and how many want it.
type turn struct {
	taken chan struct{}
	want  int
}

// take waits for the turn of a kita, which must be given back unless there is an error: that of ctx.
func (t *turns) take(ctx context.Context, of kita.ID) (give func(), err error) {
	t.mu.Lock()
	if t.of == nil {
		t.of = map[kita.ID]*turn{}
	}
	mine := t.of[of]
	if mine == nil {
		mine = &turn{taken: make(chan struct{}, 1)}
		t.of[of] = mine
	}
	mine.want++
	t.mu.Unlock()
	leave := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if mine.want--; mine.want == 0 {
			delete(t.of, of)
		}
	}
	select {
	case mine.taken <- struct{}{}:
		return func() { <-mine.taken; leave() }, nil
	case <-ctx.Done():
		leave()
		return nil, ctx.Err()
	}
}
