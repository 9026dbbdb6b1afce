package store

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"morgenkreis/kita"
)

// ChildSeen is a child as the viewer may see it, in the group of a day. Allergies and HealthNotes are empty unless Health
// is set; only then does an empty text say that there are none.
type ChildSeen struct {
	kita.Child
	Health      bool     `db:"health"`
	GroupID     *kita.ID `db:"group_id"`
	GroupName   *string  `db:"group_name"`
	GroupColour *string  `db:"group_colour"`
	GroupIcon   *string  `db:"group_icon"`
}

// ChildFilter narrows a list of children; its zero value asks for all that are not archived, in their groups of today.
type ChildFilter struct {
	KitaID   kita.ID
	GroupID  kita.ID
	Query    string
	Day      kita.Day
	Archived bool
	// Mine asks for those the viewer is a guardian of, and for none that they work with.
	Mine bool
}

// seenChildren: the children the viewer reaches, each once, and as what. It starts from the account, so that the work
// grows with what the viewer has and not with the house. health is narrower than reach: an educator who sees the whole
// kita is still told of allergies in the own groups only.
func seenChildren(v kita.Viewer, clause string, arg ...any) (string, []any) {
	return `
with mine as (
  select r.kita_id as kita_id, r.child_id as child_id,
         max(case when r.through = 'leader' then 1 else 0 end) as leader,
         max(case when r.through = 'educator' then 1 else 0 end) as educator,
         max(case when r.through = 'guardian' then 1 else 0 end) as guardian
  from   reach r
  where  r.account_id = ? and r.until_day >= ?` + clause + `
  group  by r.kita_id, r.child_id),
seen as (
  select m.*, case when m.leader = 1 or m.guardian = 1 or exists (
    select 1
    from   staff s join staff_groups sg on sg.kita_id = s.kita_id and sg.staff_id = s.id join placements p on p.kita_id = sg.kita_id and p.group_id = sg.group_id
    where  s.account_id = ? and s.archived_at is null and p.kita_id = m.kita_id and p.child_id = m.child_id and p.to_day >= ?)
         then 1 else 0 end as health
  from   mine m)`, slices.Concat([]any{v.AccountID(), v.Today()}, arg, []any{v.AccountID(), v.Today()})
}

const childSeen = `
select c.id, c.kita_id, c.number, c.first_name, c.last_name, c.born, c.created_at, c.archived_at, m.health,
       case when m.health = 1 then c.allergies else '' end as allergies,
       case when m.health = 1 then c.health_notes else '' end as health_notes,
       g.id as group_id, g.name as group_name, g.colour as group_colour, g.icon as group_icon
from   seen m
join   children c on c.kita_id = m.kita_id and c.id = m.child_id
left   join placements p on p.kita_id = c.kita_id and p.child_id = c.id and p.from_day <= ? and p.to_day >= ?
left   join groups g on g.kita_id = p.kita_id and g.id = p.group_id
where  `

// Children are those the viewer reaches, by last name, first name and id, each with its group on the filter's day.
func (s *Store) Children(ctx context.Context, v kita.Viewer, f ChildFilter, p PageRequest) (Page[ChildSeen], error) {
	q := s.as(v)
	defer q.end()
	after, err := p.parts(3)
	if err != nil || !utf8.ValidString(strings.Join(after, "")) {
		return Page[ChildSeen]{}, kita.Invalid("after", "page.cursor")
	}
	if after == nil {
		after = []string{"", "", ""}
	}
	if !utf8.ValidString(f.Query) || strings.ContainsFunc(f.Query, unicode.IsControl) {
		return Page[ChildSeen]{}, kita.Invalid("q", "text.characters")
	}
	if f.Day == "" {
		f.Day = v.Today()
	}
	var narrower string
	var narrow []any
	if f.KitaID != "" {
		narrower, narrow = " and r.kita_id = ?", []any{f.KitaID}
	}
	if f.Mine {
		narrower += " and r.through = 'guardian'"
	}
	statement, args := seenChildren(v, narrower, narrow...)
	statement += childSeen + "(c.last_name, c.first_name, c.id) > (?, ?, ?)"
	args = append(args, f.Day, f.Day, after[0], after[1], after[2])
	if f.GroupID != "" {
		statement += " and p.group_id = ?"
		args = append(args, f.GroupID)
	}
	if !f.Archived {
		statement += " and c.archived_at is null"
	}
	for _, word := range strings.Fields(f.Query) {
		clause, patterns := nameHolds(word)
		statement += clause
		args = append(args, patterns...)
	}
	rows, err := list[ChildSeen](ctx, q, statement+" order by c.last_name, c.first_name, c.id limit ?", append(args, p.limit()+1)...)
	return paged(rows, p.limit(), func(c ChildSeen) string { return cursor(c.LastName, c.FirstName, string(c.ID)) }), err
}

// nameHolds asks whether a child's name holds word, in upper or lower case. lower() of SQLite knows the 26 letters alone:
// so that ö finds Özdemir, the word is also asked for as names are written and in capitals.
func nameHolds(word string) (string, []any) {
	escape := strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")
	first, size := utf8.DecodeRuneInString(word)
	small := strings.ToLower(word)
	var args []any
	for _, w := range []string{small, string(unicode.ToUpper(first)) + strings.ToLower(word[size:]), strings.ToUpper(word)} {
		args = append(args, "%"+escape.Replace(w)+"%")
	}
	const like = "lower(c.first_name || ' ' || c.last_name) like lower(?) escape '!'"
	return " and (" + like + " or " + like + " or " + like + ")", args
}

// CreateChild takes a child into a kita the viewer leads and, when groupID is set, into that group from the day from on
// (today when empty). KindConflict when the kita's number is taken. Sending the same again is harmless; again tells so.
func (s *Store) CreateChild(ctx context.Context, v kita.Viewer, ch kita.Child, groupID kita.ID, from kita.Day) (d ChildDetail, again bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		k, err := ledKita(ctx, tx.as(v), v, ch.KitaID)
		if err != nil {
			return err
		}
		today := k.Today(tx.now.Time)
		if err := ch.Check(today); err != nil {
			return err
		}
		again, err = tx.creation(v, ch.ID, []any{ch, groupID, from})
		if err != nil {
			return err
		}
		if !again {
			if err := s.insertChild(tx, v, k, ch, groupID, from); err != nil {
				return err
			}
		}
		d, err = childFor(ctx, tx.as(v), v, ch.ID)
		return err
	})
	return d, again, err
}

func (s *Store) insertChild(tx *Tx, v kita.Viewer, k kita.Kita, ch kita.Child, groupID kita.ID, from kita.Day) error {
	if err := freeNumber(tx, ch); err != nil {
		return err
	}
	ch.CreatedAt = tx.now
	if err := s.insertNew(tx, "children", childColumns, ch); err != nil {
		return err
	}
	tx.tell(kita.ChangeChildren, k.ID, ch.ID)
	if err := tx.audit(v, k.ID, "child.create", ch.ID); err != nil || groupID == "" {
		return err
	}
	if from == "" {
		from = k.Today(tx.now.Time)
	}
	return s.place(tx, v, k, []kita.Placement{{ID: s.newID(), KitaID: k.ID, ChildID: ch.ID, GroupID: groupID, From: from, To: kita.LastDay}}, fieldAlone)
}

// freeNumber: the kita's own number names one child.
func freeNumber(tx *Tx, ch kita.Child) error {
	if ch.Number == "" {
		return nil
	}
	n, err := get[int](tx.ctx, tx, `select count(*) from children where kita_id = ? and number = ? and number <> '' and id <> ?`, ch.KitaID, ch.Number, ch.ID)
	if err == nil && n > 0 {
		err = kita.Conflict("number", "child.number_taken")
	}
	return err
}

// correctable: leaders and the child's guardians may correct its record, each within kita.ChildChange's rule.
const correctable = `
select c.*, exists (select 1 from reach r where r.child_id = c.id and r.account_id = ? and r.through = 'leader') as leader
from   children c
where  c.id = ?
and    exists (select 1 from reach r where r.child_id = c.id and r.account_id = ? and r.through in ('leader', 'guardian'))`

type childHeld struct {
	kita.Child
	Leader bool `db:"leader"`
}

func correctableChild(tx *Tx, v kita.Viewer, id kita.ID) (childHeld, error) {
	return get[childHeld](tx.ctx, tx.as(v), correctable, v.AccountID(), id, v.AccountID())
}

// ledChild is the child, and its kita, when the viewer leads it; ErrNotFound for everybody else, and for a leader who is
// banned from the child.
func ledChild(tx *Tx, v kita.Viewer, id kita.ID) (kita.Child, kita.Kita, error) {
	ch, err := correctableChild(tx, v, id)
	if err == nil && !ch.Leader {
		err = kita.ErrNotFound
	}
	if err != nil {
		return kita.Child{}, kita.Kita{}, err
	}
	k, err := ledKita(tx.ctx, tx.as(v), v, ch.KitaID)
	return ch.Child, k, err
}

// ChangeChild corrects a child's record: everything for a leader, what concerns its health for its guardians.
func (s *Store) ChangeChild(ctx context.Context, v kita.Viewer, id kita.ID, change kita.ChildChange) (d ChildDetail, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		ch, err := correctableChild(tx, v, id)
		if err != nil {
			return err
		}
		if err := change.Apply(&ch.Child, ch.Leader); err != nil {
			return err
		}
		if err := ch.Check(v.Today()); err != nil {
			return err
		}
		if err := freeNumber(tx, ch.Child); err != nil {
			return err
		}
		if err := tx.update("children", "number, first_name, last_name, born, allergies, health_notes", ch.Child); err != nil {
			return err
		}
		tx.tell(kita.ChangeChildren, ch.KitaID, id)
		if err := tx.audit(v, ch.KitaID, "child.change", id); err != nil {
			return err
		}
		d, err = childFor(ctx, tx.as(v), v, id)
		return err
	})
	return d, err
}

// ReplaceContacts keeps the whole list of whom to ring, in this order, for leaders and the child's guardians.
func (s *Store) ReplaceContacts(ctx context.Context, v kita.Viewer, id kita.ID, contacts []kita.EmergencyContact) ([]kita.EmergencyContact, error) {
	if err := kita.CheckContacts(contacts); err != nil {
		return nil, err
	}
	rows := slices.Clone(contacts)
	err := s.write(ctx, func(tx *Tx) error {
		ch, err := correctableChild(tx, v, id)
		if err != nil {
			return err
		}
		if _, err := tx.exec(`delete from emergency_contacts where kita_id = ? and child_id = ?`, ch.KitaID, id); err != nil {
			return err
		}
		for i := range rows {
			rows[i].ID, rows[i].KitaID, rows[i].ChildID, rows[i].Position = s.newID(), ch.KitaID, id, i
		}
		if err := insertAll(tx, "emergency_contacts", contactColumns, rows); err != nil {
			return err
		}
		tx.tell(kita.ChangeChildren, ch.KitaID, id)
		return tx.audit(v, ch.KitaID, "child.contacts", id)
	})
	return rows, err
}

const archivedGroupFrom = `
select count(*)
from   placements p join groups g on g.kita_id = p.kita_id and g.id = p.group_id
where  p.kita_id = ? and p.child_id = ? and p.to_day >= ? and g.archived_at is not null`

// ArchiveChild puts a child's record away, or takes it out again. Its placements stay as they are, so that a slip of the
// finger is undone by the same call; it cannot come back into a group that was archived meanwhile.
func (s *Store) ArchiveChild(ctx context.Context, v kita.Viewer, id kita.ID, archived bool) (d ChildDetail, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		ch, k, err := ledChild(tx, v, id)
		if err != nil {
			return err
		}
		ch.ArchivedAt = nil
		if archived {
			ch.ArchivedAt = &tx.now
		} else if n, err := get[int](ctx, tx, archivedGroupFrom, ch.KitaID, id, k.Today(tx.now.Time)); err != nil || n > 0 {
			if err == nil {
				err = kita.Refused("child.group_archived")
			}
			return err
		}
		if err := tx.update("children", "archived_at", ch); err != nil {
			return err
		}
		if err := tx.tellFamily(k, id); err != nil {
			return err
		}
		if err := tx.audit(v, ch.KitaID, "child.archive", id); err != nil {
			return err
		}
		d, err = childFor(ctx, tx.as(v), v, id)
		return err
	})
	return d, err
}
