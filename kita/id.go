// Package kita is the domain of Morgenkreis: its nouns, its rules, its errors.
// It does no I/O, keeps no state, and takes clock and chance as arguments.
package kita

import "github.com/google/uuid"

// ID names a row: a UUID (RFC 9562) in its lower-case text form. What the house creates is version 7,
// so that ids sort by the time of their making; a client may bring an id of any version.
type ID string

// NewID makes a fresh version 7 id. It panics only when the machine has no source of randomness left.
func NewID() ID { return ID(uuid.Must(uuid.NewV7()).String()) }

// ParseID reads an id in its 36-character text form; any other form is Invalid for field.
func ParseID(field, s string) (ID, error) {
	u, err := uuid.Parse(s)
	if err != nil || len(s) != 36 {
		return "", Invalid(field, "id.malformed")
	}
	return ID(u.String()), nil
}
