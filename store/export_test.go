package store

import "github.com/jmoiron/sqlx"

// Reading is the handle that can only read.
func (s *Store) Reading() *sqlx.DB { return s.db }
