package store

import (
	"sync/atomic"

	"github.com/jmoiron/sqlx"
)

// Reading is the handle that can only read.
func (s *Store) Reading() *sqlx.DB { return s.db }

// Rehearsing has, while on, every transaction fail once at its commit.
func Rehearsing(o Options, on *atomic.Bool) Options {
	var turn atomic.Int64
	o.rehearsed = func() bool { return on.Load() && turn.Add(1)%2 == 1 }
	return o
}
