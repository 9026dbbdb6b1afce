package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
)

// ImportOptions say how a kita's own list is brought in.
type ImportOptions struct {
	// DryRun answers what would change, by the very statements that change it, and leaves nothing behind.
	DryRun bool
	// ArchiveMissing puts the children away that are not on the list.
	ArchiveMissing bool
	// Progress, when set, is told how many of the rows to write are written. Where somebody else's transaction came in
	// between it starts again.
	Progress func(done, total int)
}

// RosterAction is what an import does to a record.
type RosterAction string

// The actions of an import.
const (
	RosterCreates  RosterAction = "create"
	RosterUpdates  RosterAction = "update"
	RosterMoves    RosterAction = "move"
	RosterRestores RosterAction = "restore"
	RosterArchives RosterAction = "archive"
)

// RosterChange is what an import does to one record, or would do. Noun is kita, group, child, guardian or tie.
type RosterChange struct {
	Action RosterAction
	Noun   string
	// ID is empty for what a dry run would create.
	ID kita.ID
	// Line is where the list says so, the first place if there are several; 0 where it does not.
	Line   int
	Name   string
	Fields []FieldChange
}

// FieldChange is one field before and after; days and yes or no are written as in the API.
type FieldChange struct{ Field, Before, After string }

// RosterTally counts records by what becomes of them.
type RosterTally struct{ Created, Updated, Moved, Restored, Archived, Unchanged int }

// RosterCounts are the tallies of an import.
type RosterCounts struct{ Groups, Children, Guardians, Ties RosterTally }

// RosterChanges is what an import does: first what comes of the list, in its order, then what is put away.
type RosterChanges struct {
	Changes []RosterChange
	Counts  RosterCounts
	// Warnings is what a person should look at. Field names the line.
	Warnings kita.Errors
	// Missing are the children of the kita, not archived, that are not on the list.
	Missing []kita.Child
}

// errDryRun rolls a dry run's transaction back.
var errDryRun = errors.New("dry run")

// RosterDay is today in a kita that the viewer leads, ErrNotFound for everybody else: the day a list is read on.
func (s *Store) RosterDay(ctx context.Context, v kita.Viewer, kitaID kita.ID) (kita.Day, error) {
	q := s.as(v)
	defer q.end()
	k, err := ledKita(ctx, q, v, kitaID)
	return k.Today(s.clock()), err
}

// ImportRoster brings a list into a kita that the viewer leads, in one transaction: all of it or nothing. Children are
// found by the kita's own number, guardians by what makes two entries of a list one person. The same list again changes
// nothing. What speaks against a row is a kita.Errors with one entry per fault, whose Field is "line 17".
//
// Children whom a ban keeps from the viewer are as if they were not there, but for their numbers, which are taken.
func (s *Store) ImportRoster(ctx context.Context, v kita.Viewer, kitaID kita.ID, r roster.Roster, o ImportOptions) (RosterChanges, error) {
	return s.importRoster(ctx, r, o, func(tx *Tx) (*importer, error) {
		k, err := ledKita(ctx, tx.as(v), v, kitaID)
		return &importer{viewer: v, seen: tx.as(v), kita: k, mine: ledChildren, mineArgs: []any{v.AccountID(), k.ID}}, err
	})
}

// SystemKitas are all that are not archived, by name.
func (s *Store) SystemKitas(ctx context.Context) ([]kita.Kita, error) {
	return list[kita.Kita](ctx, s.db, `select * from kitas where archived_at is null order by name, id`)
}

// SystemImportRoster is ImportRoster for the house itself. A kita without an id is opened first, with a provider of its
// name, where there is none at all; KindConflict where there is.
func (s *Store) SystemImportRoster(ctx context.Context, k kita.Kita, r roster.Roster, o ImportOptions) (RosterChanges, error) {
	return s.importRoster(ctx, r, o, func(tx *Tx) (im *importer, err error) {
		im = &importer{viewer: kita.SignedIn(kita.Credentials{Name: "import"}), seen: tx, mine: everyChild}
		if k.ID != "" {
			im.kita, err = openKita(ctx, tx, k.ID)
		} else if im.kita, err = s.openFirst(tx, im.viewer, k); err == nil {
			im.change(RosterChange{Action: RosterCreates, Noun: "kita", ID: im.kita.ID, Name: im.kita.Name})
		}
		im.mineArgs = []any{im.kita.ID}
		return im, err
	})
}

func (s *Store) openFirst(tx *Tx, v kita.Viewer, k kita.Kita) (kita.Kita, error) {
	n, err := get[int](tx.ctx, tx, `select count(*) from kitas`)
	if err == nil && n > 0 {
		err = kita.Conflict("kita", "import.kita_exists")
	}
	if err != nil {
		return k, err
	}
	p := kita.Provider{ID: s.newID(), Name: k.Name, CreatedAt: tx.now}
	k = k.WithDefaults()
	k.ID, k.ProviderID, k.CreatedAt = s.newID(), p.ID, tx.now
	for _, write := range []func() error{
		k.Check,
		func() error { return tx.insert("providers", "id, name, created_at, archived_at", p) },
		func() error { return tx.insert("kitas", kitaColumns, k) },
		func() error { return tx.audit(v, "", "provider.create", p.ID) },
		func() error { return tx.audit(v, k.ID, "kita.create", k.ID) },
	} {
		if err := write(); err != nil {
			return k, err
		}
	}
	return k, nil
}

func (s *Store) importRoster(ctx context.Context, r roster.Roster, o ImportOptions, begin func(*Tx) (*importer, error)) (out RosterChanges, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		im, err := begin(tx)
		if err != nil {
			return err
		}
		im.store, im.tx, im.list, im.options = s, tx, r, o
		im.today = im.kita.Today(tx.now.Time)
		if err := im.run(); err != nil {
			return err
		}
		out = im.result()
		if len(out.Changes) > 0 {
			tx.tell(kita.ChangeChildren, im.kita.ID, "")
		}
		if o.DryRun {
			return errDryRun
		}
		return nil
	})
	if err != nil && !errors.Is(err, errDryRun) {
		return RosterChanges{}, err
	}
	return out, nil
}

// importer brings one list in: it reads what is known, works out what changes, and then writes it by sets.
type importer struct {
	store   *Store
	tx      *Tx
	viewer  kita.Viewer
	seen    query // reads what the viewer sees
	kita    kita.Kita
	today   kita.Day
	list    roster.Roster
	options ImportOptions
	// mine is the statement that says which children there are, for this import.
	mine     string
	mineArgs []any

	known    known
	groups   groupPlans
	children []childPlan
	people   []personPlan
	// person is which of people a guardian of the list is.
	person []int

	faults, warnings []lined
	out              RosterChanges
	rows             rosterRows
}

// lined is something to say about a line.
type lined struct {
	line int
	err  *kita.Error
}

func place(line int) string { return fmt.Sprint("line ", line) }

func (im *importer) fault(line int, err *kita.Error) {
	e := *err
	if e.Field = place(line); err.Field != "" {
		e.Field += ", " + err.Field
	}
	im.faults = append(im.faults, lined{line, &e})
}

// check notes what the domain has against a record that a line asks for.
func (im *importer) check(line int, err error) {
	var all kita.Errors
	errors.As(err, &all)
	for _, e := range all {
		im.fault(line, e)
	}
}

func (im *importer) warn(line int, code *kita.Error) {
	code.Field = place(line)
	im.warnings = append(im.warnings, lined{line, code})
}

// change notes a change and what the log will say of it.
func (im *importer) change(c RosterChange, audit ...string) {
	for _, action := range audit {
		im.rows.audit = append(im.rows.audit, AuditLine{Action: action, SubjectID: c.ID})
	}
	im.out.Changes = append(im.out.Changes, c)
	tally := map[string]*RosterTally{"group": &im.out.Counts.Groups, "child": &im.out.Counts.Children,
		"guardian": &im.out.Counts.Guardians, "tie": &im.out.Counts.Ties}[c.Noun]
	if tally == nil {
		return
	}
	*map[RosterAction]*int{RosterCreates: &tally.Created, RosterUpdates: &tally.Updated, RosterMoves: &tally.Moved,
		RosterRestores: &tally.Restored, RosterArchives: &tally.Archived}[c.Action]++
}

func (im *importer) run() error {
	if err := im.readKnown(); err != nil {
		return err
	}
	im.planChildren()
	im.planGroups()
	im.planGuardians()
	im.planTies()
	im.planMissing()
	if len(im.faults) > 0 {
		return inOrder(im.faults)
	}
	return im.write()
}

func inOrder(all []lined) kita.Errors {
	slices.SortStableFunc(all, func(a, b lined) int { return cmp.Compare(a.line, b.line) })
	errs := make(kita.Errors, len(all))
	for i, l := range all {
		errs[i] = l.err
	}
	return errs
}

var rosterNouns = []string{"kita", "group", "child", "guardian", "tie"}

func (im *importer) result() RosterChanges {
	out := im.out
	out.Warnings = inOrder(im.warnings)
	slices.SortStableFunc(out.Changes, func(a, b RosterChange) int {
		away := func(c RosterChange) int {
			if c.Action == RosterArchives {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(away(a), away(b)),
			cmp.Compare(slices.Index(rosterNouns, a.Noun), slices.Index(rosterNouns, b.Noun)), cmp.Compare(a.Line, b.Line))
	})
	if im.options.DryRun {
		for i := range out.Changes {
			if out.Changes[i].Action == RosterCreates {
				out.Changes[i].ID = ""
			}
		}
	}
	return out
}

// fieldChanges collects what differs.
type fieldChanges []FieldChange

func (f *fieldChanges) note(field, before, after string) {
	if before != after {
		*f = append(*f, FieldChange{field, before, after})
	}
}

// planMissing finds the children that are not on the list, and puts them away where that is wanted.
func (im *importer) planMissing() {
	listed := map[kita.ID]bool{}
	for _, c := range im.children {
		if c.was != nil {
			listed[c.was.ID] = true
		}
	}
	for _, ch := range im.known.children {
		if listed[ch.ID] || ch.ArchivedAt != nil {
			continue
		}
		im.out.Missing = append(im.out.Missing, *ch)
		if !im.options.ArchiveMissing {
			continue
		}
		away := *ch
		away.ArchivedAt = &im.tx.now
		im.rows.changedChildren = append(im.rows.changedChildren, away)
		im.change(RosterChange{Action: RosterArchives, Noun: "child", ID: ch.ID, Name: ch.Name()}, "child.archive")
	}
}
