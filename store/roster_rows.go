package store

import (
	"slices"
	"strings"

	"morgenkreis/kita"
)

// The children that an import works on: those that the viewer leads and no ban keeps from them, or all of the kita's.
const (
	ledChildren = `
with mine as (
  select distinct r.kita_id as kita_id, r.child_id as id
  from   reach r
  where  r.account_id = ? and r.kita_id = ? and r.through = 'leader')`
	everyChild = `
with mine as (select c.kita_id as kita_id, c.id as id from children c where c.kita_id = ?)`
)

const (
	groupsKnown   = `select * from groups where kita_id = ? order by created_at, id`
	childrenKnown = `
select c.*
from   mine m join children c on c.kita_id = m.kita_id and c.id = m.id
order  by c.last_name, c.first_name, c.id`
	// numbersTaken: those of children out of reach, and nothing else of them.
	numbersTaken = `
select c.number
from   children c
where  c.kita_id = ? and c.number <> '' and c.id not in (select id from mine)`
	placementsKnown = `
select p.*
from   mine m join placements p on p.kita_id = m.kita_id and p.child_id = m.id
order  by p.from_day`
	contactsKnown = `
select e.*
from   mine m join emergency_contacts e on e.kita_id = m.kita_id and e.child_id = m.id
order  by e.position`
	// guardiansKnown: as seenGuardians has it for leaders, those of the children in reach and those who have no child yet.
	guardiansKnown = `
select g.*
from   guardians g
where  g.kita_id = ?
and    (g.id in (select gc.guardian_id from mine m join guardian_children gc on gc.kita_id = m.kita_id and gc.child_id = m.id)
     or g.id not in (select gc.guardian_id from guardian_children gc where gc.kita_id = ?))
order  by g.created_at, g.id`
	tiesKnown = `
select gc.*
from   mine m join guardian_children gc on gc.kita_id = m.kita_id and gc.child_id = m.id
order  by gc.created_at, gc.guardian_id`
	bansKnown = `
select b.*
from   mine m join contact_bans b on b.kita_id = m.kita_id and b.child_id = m.id
where  b.lifted_at is null`
)

// known is what the database says before the import.
type known struct {
	groups     []kita.Group
	children   []*kita.Child
	taken      map[string]bool
	placements map[kita.ID][]kita.Placement
	contacts   map[kita.ID][]kita.EmergencyContact
	guardians  []kita.Guardian
	ties       map[kita.ID][]kita.Tie
	// bans are those in force, by child.
	bans map[kita.ID][]kita.ContactBan
}

func (im *importer) readKnown() (err error) {
	k, ctx, tx := &im.known, im.tx.ctx, im.tx
	with := func(args ...any) []any { return append(slices.Clone(im.mineArgs), args...) }
	if k.groups, err = list[kita.Group](ctx, im.seen, groupsKnown, im.kita.ID); err != nil {
		return err
	}
	if k.children, err = list[*kita.Child](ctx, im.seen, im.mine+childrenKnown, im.mineArgs...); err != nil {
		return err
	}
	numbers, err := list[string](ctx, tx, im.mine+numbersTaken, with(im.kita.ID)...)
	if err != nil {
		return err
	}
	k.taken = map[string]bool{}
	for _, n := range numbers {
		k.taken[n] = true
	}
	if k.guardians, err = list[kita.Guardian](ctx, tx, im.mine+guardiansKnown, with(im.kita.ID, im.kita.ID)...); err != nil {
		return err
	}
	if k.placements, err = byChild(im, placementsKnown, func(p kita.Placement) kita.ID { return p.ChildID }); err != nil {
		return err
	}
	if k.contacts, err = byChild(im, contactsKnown, func(e kita.EmergencyContact) kita.ID { return e.ChildID }); err != nil {
		return err
	}
	if k.ties, err = byChild(im, tiesKnown, func(t kita.Tie) kita.ID { return t.ChildID }); err != nil {
		return err
	}
	k.bans, err = byChild(im, bansKnown, func(b kita.ContactBan) kita.ID { return b.ChildID })
	return err
}

func byChild[T any](im *importer, statement string, child func(T) kita.ID) (map[kita.ID][]T, error) {
	rows, err := list[T](im.tx.ctx, im.seen, im.mine+statement, im.mineArgs...)
	all := map[kita.ID][]T{}
	for _, r := range rows {
		all[child(r)] = append(all[child(r)], r)
	}
	return all, err
}

// rosterRows is what an import writes.
type rosterRows struct {
	newGroups, changedGroups       []kita.Group
	newChildren, changedChildren   []kita.Child
	contactsOf                     []kita.ID // whose contacts are replaced
	contacts                       []kita.EmergencyContact
	firstPlacements                []kita.Placement // of children who have none yet, so that nothing can stand against them
	movedTo, corrected             []kita.Placement
	newGuardians, changedGuardians []kita.Guardian
	newTies, changedTies           []kita.Tie
	audit                          []AuditLine
}

// step is a part of the writing: so many rows, written in batches.
type step struct {
	rows  int
	write func(written func(int)) error
}

const rosterBatch = 500

func inBatches[T any](rows []T, write func([]T) error) step {
	return step{len(rows), func(written func(int)) error {
		for batch := range slices.Chunk(rows, rosterBatch) {
			if err := write(batch); err != nil {
				return err
			}
			written(len(batch))
		}
		return nil
	}}
}

func inserting[T any](tx *Tx, table, columns string, rows []T) step {
	return inBatches(rows, func(batch []T) error { return insertAll(tx, table, columns, batch) })
}

// updating writes the columns named by changed of rows that are there. As an insert that finds its row taken it is one
// statement for many of them.
func updating[T any](tx *Tx, table, columns, changed string, rows []T) step {
	names := strings.Fields(strings.ReplaceAll(columns, ",", " "))
	sets := strings.Fields(strings.ReplaceAll(changed, ",", " "))
	for i, n := range sets {
		sets[i] = n + " = excluded." + n
	}
	key := "id"
	if table == "guardian_children" {
		key = "kita_id, guardian_id, child_id"
	}
	statement := "insert into " + table + " (" + strings.Join(names, ", ") + ") values (:" + strings.Join(names, ", :") +
		") on conflict (" + key + ") do update set " + strings.Join(sets, ", ")
	return inBatches(rows, func(batch []T) error {
		_, err := tx.NamedExecContext(tx.ctx, statement, batch)
		return err
	})
}

func (im *importer) write() error {
	tx, r := im.tx, &im.rows
	for i := range r.audit {
		a := &r.audit[i]
		a.ID, a.KitaID, a.At, a.AccountID = im.store.newID(), &im.kita.ID, tx.now, im.viewer.AccountID()
		a.Actor, a.RequestID = im.viewer.NameIn(im.kita.ID), im.viewer.RequestID()
	}
	steps := []step{
		inserting(tx, "groups", groupColumns, r.newGroups),
		updating(tx, "groups", groupColumns, "archived_at", r.changedGroups),
		inserting(tx, "children", childColumns, r.newChildren),
		updating(tx, "children", childColumns, "number, first_name, last_name, born, allergies, health_notes, archived_at", r.changedChildren),
		inBatches(r.contactsOf, func(ids []kita.ID) error {
			_, err := tx.execIn(`delete from emergency_contacts where kita_id = ? and child_id in (?)`, im.kita.ID, ids)
			return err
		}),
		inserting(tx, "emergency_contacts", contactColumns, r.contacts),
		inserting(tx, "placements", placementColumns, r.firstPlacements),
		updating(tx, "placements", placementColumns, "from_day, to_day", r.corrected),
	}
	for _, day := range byDay(r.movedTo) {
		steps = append(steps, step{len(day), func(written func(int)) error {
			defer written(len(day))
			return im.store.place(tx, im.viewer, im.kita, day, im.placeOf(day))
		}})
	}
	steps = append(steps,
		inserting(tx, "guardians", guardianColumns, r.newGuardians),
		updating(tx, "guardians", guardianColumns, "first_name, last_name, email, phone, address, language", r.changedGuardians),
		inserting(tx, "guardian_children", tieColumns, r.newTies),
		updating(tx, "guardian_children", tieColumns, "relation, custody, may_pick_up, receives_notices", r.changedTies),
		inserting(tx, "audit", "id, kita_id, at, account_id, actor, action, subject_id, request_id", r.audit))
	total, done := 0, 0
	for _, s := range steps {
		total += s.rows
	}
	for _, s := range steps {
		if err := s.write(func(n int) {
			if done += n; im.options.Progress != nil {
				im.options.Progress(done, total)
			}
		}); err != nil {
			return err
		}
	}
	return nil
}

// byDay puts together what begins on one day.
func byDay(all []kita.Placement) [][]kita.Placement {
	slices.SortStableFunc(all, func(a, b kita.Placement) int { return strings.Compare(string(a.From), string(b.From)) })
	var days [][]kita.Placement
	for i, p := range all {
		if i == 0 || p.From != all[i-1].From {
			days = append(days, nil)
		}
		days[len(days)-1] = append(days[len(days)-1], p)
	}
	return days
}

// placeOf names the line that a placement of ps came from.
func (im *importer) placeOf(ps []kita.Placement) func(i int, name string) string {
	return func(i int, name string) string {
		at := slices.IndexFunc(im.children, func(c childPlan) bool { return c.now.ID == ps[i].ChildID })
		return place(im.children[at].row.Line) + ", " + name
	}
}
