// Package roster reads a kita's own list of children and guardians, as office software writes it: CSV in any of its
// German dialects, or XLSX. It takes bytes and gives rows or faults; what becomes of them in the database is the
// store's business. docs/import.md says the same to a kita's leader.
package roster

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"

	"morgenkreis/kita"
)

// Limits of one list. A list over a limit is refused as a whole.
const (
	MaxBytes = 10 << 20
	MaxRows  = 5000
	maxCells = 100 * MaxRows
)

// Roster is a list that was read without a fault.
type Roster struct {
	// Children are in the order of the file; their numbers are unique.
	Children []Child
	// Guardians are in the order of their first appearance; each is one person, however many children they have.
	Guardians []Guardian
	// Carries tells which of the optional parts the file has columns for. What it does not carry says nothing: a list
	// without a column for allergies must not erase the allergies that are known.
	Carries Carries
	// Warnings is what a person should look at, though it stops nothing.
	Warnings Faults
}

// Carries tells which of the optional parts of a child the file has columns for.
type Carries struct {
	Allergies, HealthNotes, Emergency, Guardians bool
}

// Child is one row.
type Child struct {
	// Line is where the row starts: the physical line of a CSV file, the row of a sheet; the first is 1.
	Line int
	// Number is the kita's own, and the only thing a child is recognised by when the list is imported again.
	Number    string
	FirstName string
	LastName  string
	Born      kita.Day
	// Group is empty for a child that has no place yet. From and To are its first and last day in the group; empty
	// where the list does not say.
	Group       string
	From, To    kita.Day
	Allergies   string
	HealthNotes string
	Guardians   []GuardianRef
	Emergency   []EmergencyContact
}

// GuardianRef ties a child to Roster.Guardians[Guardian]. A guardian is tied to a child once.
type GuardianRef struct {
	Guardian        int
	Relation        Value[string]
	Custody         Value[bool]
	MayPickUp       Value[bool]
	ReceivesNotices Value[bool]
}

// Value is what holds for a new tie. Stated tells whether the list itself says so; what it does not say is a default,
// and must not change a tie that is there.
type Value[T any] struct {
	V      T
	Stated bool
}

// EmergencyContact is somebody to ring when the guardians do not answer. Relation is free text.
type EmergencyContact struct {
	Name, Phone, Relation string
}

// Guardian is one person. An empty detail means that no row states it; Language is one of kita.Languages or empty.
type Guardian struct {
	FirstName, LastName string
	// Email is in its normal form, as a login is.
	Email    string
	Phone    string
	Address  string
	Language string
	// Lines are those of the children, ascending, each once.
	Lines []int
}

// Parse reads a list. today bounds the birth dates and must be a real day.
//
// The error is Faults when the list is at fault, with every fault that could be found in one reading, by line; then
// the Roster holds nothing but Warnings. Any other error is the reader's own. The same bytes give the same answer.
func Parse(r io.Reader, today kita.Day) (Roster, error) {
	file, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Roster{}, fmt.Errorf("read the list: %w", err)
	}
	if len(file) > MaxBytes {
		return Roster{}, Faults{{Code: "file.too_large", Detail: "10 MiB"}}
	}
	s, faults := readSheet(file)
	if len(faults) > 0 && len(s.rows) == 0 {
		return Roster{}, faults
	}
	p := &parser{today: today, sheet: s, faults: faults}
	p.read()
	p.faults.sort()
	p.warnings.sort()
	if len(p.faults) > 0 {
		return Roster{Warnings: p.warnings}, p.faults
	}
	p.roster.Warnings = p.warnings
	return p.roster, nil
}

// sheet is a list without its dialect: rows that hold anything, with the place where they stand.
type sheet struct {
	rows []row
	// shifts is true where a cell too many means that the cells after it are in the wrong columns, as in CSV.
	shifts bool
	// unread names other sheets of the workbook that hold something.
	unread []string
}

type row struct {
	line  int
	cells []cell
}

// cell is what a person sees in it, and the day that a number means where the sheet counts days.
type cell struct {
	text string
	day  kita.Day
}

func (r row) empty() bool {
	return !slices.ContainsFunc(r.cells, func(c cell) bool { return !blank(c.text) })
}

var (
	zipMagic = []byte("PK\x03\x04")
	oleMagic = []byte("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
)

// readSheet goes by the bytes: file names lie, and a list that was "saved as CSV" may still be a workbook.
func readSheet(file []byte) (sheet, Faults) {
	switch {
	case len(bytes.TrimSpace(file)) == 0:
		return sheet{}, Faults{{Code: "file.empty"}}
	case bytes.HasPrefix(file, oleMagic):
		return sheet{}, Faults{{Code: "file.old_excel"}}
	case bytes.HasPrefix(file, zipMagic):
		return readXLSX(file)
	default:
		return readCSV(file)
	}
}

func (fs Faults) sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int { return cmp.Compare(a.Line, b.Line) })
}
