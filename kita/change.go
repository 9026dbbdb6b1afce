package kita

import "strings"

// ChangeKind says what is to be read again.
type ChangeKind string

const (
	// ChangeNotices: a notice was posted, corrected or withdrawn; ID is the notice.
	ChangeNotices ChangeKind = "notices"
	// ChangeLedger: somebody was reached by a notice, or read it; ID is the notice.
	ChangeLedger ChangeKind = "ledger"
	// ChangeAbsences: an absence was reported, changed or withdrawn; ID is the child.
	ChangeAbsences ChangeKind = "absences"
	// ChangeChildren: a child's record, family or group; ID is the child, empty after an import.
	ChangeChildren ChangeKind = "children"
	// ChangeGroups: a group, or who is in it; ID is the group.
	ChangeGroups ChangeKind = "groups"
	// ChangeKitas: a kita's settings and its calendar.
	ChangeKitas ChangeKind = "kitas"
	// ChangeAgain: something may have been missed, so everything is to be read again.
	ChangeAgain ChangeKind = "again"

	// ChangeAccess: what an account (ID), or everybody of a kita, may see is another. Whoever watches is sent back to the door.
	ChangeAccess ChangeKind = "access"
	// ChangeOutbox: there is something to send.
	ChangeOutbox ChangeKind = "outbox"
)

// Change is that something is to be read again, and never what it says.
type Change struct {
	Kind   ChangeKind
	KitaID ID
	ID     ID
}

// String is how nodes tell each other: kind, kita and id, with a dash for what is not there.
func (c Change) String() string {
	dash := func(id ID) string {
		if id == "" {
			return "-"
		}
		return string(id)
	}
	return string(c.Kind) + " " + dash(c.KitaID) + " " + dash(c.ID)
}

// ParseChange reads what String wrote; ok is false for everything else.
func ParseChange(s string) (c Change, ok bool) {
	parts := strings.Split(s, " ")
	if len(parts) != 3 {
		return c, false
	}
	id := func(s string) ID { return ID(strings.TrimPrefix(s, "-")) }
	return Change{ChangeKind(parts[0]), id(parts[1]), id(parts[2])}, parts[0] != ""
}
