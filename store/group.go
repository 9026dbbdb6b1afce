package store

import (
	"context"

	"morgenkreis/kita"
)

// GroupFilter narrows a list of groups; its zero value asks for all that are not archived.
type GroupFilter struct {
	KitaID   kita.ID
	Archived bool
}

// groupsSeen: staff see the groups they work with, a guardian those in which a child of theirs is placed now or later;
// a ban has taken the child out of reach, and with it the group.
const groupsSeen = `
select g.*
from   groups g
where  g.id in (
  select r.group_id from staff_reach r where r.account_id = ?
  union
  select p.group_id
  from   reach r join placements p on p.kita_id = r.kita_id and p.child_id = r.child_id
  where  r.account_id = ? and r.through = 'guardian' and p.to_day >= ?)`

// GroupListed is a group and whether the viewer is of its team: where educators see the whole kita, their own come first.
type GroupListed struct {
	kita.Group
	Mine bool `db:"mine"`
}

const groupsListed = `
select x.*, exists (select 1 from staff_groups sg join staff s on s.kita_id = sg.kita_id and s.id = sg.staff_id
                    where sg.kita_id = x.kita_id and sg.group_id = x.id and s.account_id = ? and s.archived_at is null) as mine
from (` + groupsSeen

// Groups are those the viewer has to do with, by name.
func (s *Store) Groups(ctx context.Context, v kita.Viewer, f GroupFilter) ([]GroupListed, error) {
	q := s.as(v)
	defer q.end()
	statement, args := groupsListed, []any{v.AccountID(), v.AccountID(), v.AccountID(), v.Today()}
	if f.KitaID != "" {
		statement += " and g.kita_id = ?"
		args = append(args, f.KitaID)
	}
	if !f.Archived {
		statement += " and g.archived_at is null"
	}
	return list[GroupListed](ctx, q, statement+") x order by x.name, x.id", args...)
}

// Group is one of those, archived or not.
func (s *Store) Group(ctx context.Context, v kita.Viewer, id kita.ID) (kita.Group, error) {
	q := s.as(v)
	defer q.end()
	return groupFor(ctx, q, v, id)
}

func groupFor(ctx context.Context, q query, v kita.Viewer, id kita.ID) (kita.Group, error) {
	return get[kita.Group](ctx, q, groupsSeen+" and g.id = ?", v.AccountID(), v.AccountID(), v.Today(), id)
}

// ledGroup is the group when the viewer leads its kita, ErrNotFound for everybody else.
func ledGroup(tx *Tx, v kita.Viewer, id kita.ID) (kita.Group, error) {
	return get[kita.Group](tx.ctx, tx.as(v), `select g.* from groups g where g.id = ?
and g.id in (select r.group_id from staff_reach r where r.account_id = ? and r.role = 'leader')`, id, v.AccountID())
}

// CreateGroup opens a group in a kita the viewer leads. Sending the same again is harmless; again tells so.
func (s *Store) CreateGroup(ctx context.Context, v kita.Viewer, g kita.Group) (_ kita.Group, again bool, err error) {
	if err := g.Check(); err != nil {
		return g, false, err
	}
	asked := g
	err = s.write(ctx, func(tx *Tx) (err error) {
		if _, err := ledKita(ctx, tx.as(v), v, asked.KitaID); err != nil {
			return err
		}
		row := asked
		if again, err = tx.creation(v, row.ID, row); err != nil {
			return err
		}
		if again {
			g, err = groupFor(ctx, tx.as(v), v, row.ID)
			return err
		}
		row.CreatedAt = tx.now
		if err := s.insertNew(tx, "groups", groupColumns, row); err != nil {
			return err
		}
		g = row
		tx.tell(kita.ChangeGroups, g.KitaID, g.ID)
		return tx.audit(v, g.KitaID, "group.create", g.ID)
	})
	return g, again, err
}

// insertNew is insert for a row whose id a client may have chosen: KindConflict when the id is taken by a row that no
// client created, an imported one for example.
func (s *Store) insertNew(tx *Tx, table, columns string, row any) error {
	err := tx.insert(table, columns, row)
	if s.engine.duplicate(err) {
		return kita.Conflict("id", "id.taken")
	}
	return err
}

// ChangeGroup lets change work on a group of a kita the viewer leads, and keeps name, colour and icon when they hold.
func (s *Store) ChangeGroup(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Group)) (g kita.Group, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if g, err = ledGroup(tx, v, id); err != nil {
			return err
		}
		change(&g)
		if err := g.Check(); err != nil {
			return err
		}
		if err := tx.update("groups", "name, colour, icon", g); err != nil {
			return err
		}
		tx.tell(kita.ChangeGroups, g.KitaID, id)
		return tx.audit(v, g.KitaID, "group.change", id)
	})
	return g, err
}

const childrenPlacedFrom = `
select count(*)
from   placements p join children c on c.kita_id = p.kita_id and c.id = p.child_id
where  p.kita_id = ? and p.group_id = ? and p.to_day >= ? and c.archived_at is null`

// ArchiveGroup puts a group away, or takes it out again. It is refused while children are placed in it today or later:
// they would be in a group nobody sees.
func (s *Store) ArchiveGroup(ctx context.Context, v kita.Viewer, id kita.ID, archived bool) (g kita.Group, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if g, err = ledGroup(tx, v, id); err != nil {
			return err
		}
		k, err := ledKita(ctx, tx.as(v), v, g.KitaID)
		if err != nil {
			return err
		}
		g.ArchivedAt = nil
		if archived {
			g.ArchivedAt = &tx.now
			n, err := get[int](ctx, tx, childrenPlacedFrom, g.KitaID, id, k.Today(tx.now.Time))
			if err != nil {
				return err
			}
			if n > 0 {
				return kita.Refused("group.has_children", "children", n)
			}
		}
		if err := tx.update("groups", "archived_at", g); err != nil {
			return err
		}
		tx.tell(kita.ChangeGroups, g.KitaID, id)
		return tx.audit(v, g.KitaID, "group.archive", id)
	})
	return g, err
}
