// Package unnarrowed lets a test take the narrowing out of the statements of a store, to see what the second wall holds
// without it. It is internal to store, so that nothing but store's own tests and storetest can say it: no setting, no flag
// and no other package can.
package unnarrowed

import "sync/atomic"

// Switch is what a test holds in hand. Its zero value changes nothing.
type Switch struct {
	on atomic.Bool
	// Statement is what becomes of a viewer's statement while the switch is on.
	Statement func(string) string
	// NoWall has the store do without the second wall altogether.
	NoWall bool
}

// Set turns the narrowing off, and on again.
func (s *Switch) Set(off bool) { s.on.Store(off) }

// Of is a statement as it is to be sent.
func (s *Switch) Of(statement string) string {
	if s == nil || !s.on.Load() {
		return statement
	}
	return s.Statement(statement)
}
