package store

import (
	"context"
	"fmt"
	"slices"

	"morgenkreis/kita"
)

// ChildMove is one child's way into a group.
type ChildMove struct {
	ChildID kita.ID
	GroupID kita.ID
}

// Moves is the turn of a kita year: several children, one day. ID names the order itself.
type Moves struct {
	ID     kita.ID
	KitaID kita.ID
	From   kita.Day
	Each   []ChildMove
}

// PlaceChild moves a child to another group from a day on: what holds on that day ends the day before, or is replaced
// when it begins then. KindConflict when the child is in that group already, or when something that begins later stands
// in the way. Sending the same again is harmless; again tells so.
func (s *Store) PlaceChild(ctx context.Context, v kita.Viewer, p kita.Placement) (_ kita.Placement, again bool, err error) {
	placed := p
	err = s.write(ctx, func(tx *Tx) error {
		ch, k, err := ledChild(tx, v, p.ChildID)
		if err != nil {
			return err
		}
		if again, err = tx.creation(v, p.ID, p); err != nil {
			return err
		}
		if again {
			placed, err = get[kita.Placement](ctx, tx.as(v), `select * from placements where id = ? and child_id = ?`, p.ID, p.ChildID)
			return err
		}
		if ch.ArchivedAt != nil {
			return kita.Refused("child.archived")
		}
		placed.KitaID, placed.CreatedAt = k.ID, tx.now
		return s.place(tx, v, k, []kita.Placement{placed}, fieldAlone)
	})
	return placed, again, err
}

// MoveChildren moves all of them or none; an error names the move it is about. Sending the same again is harmless; again
// tells so.
func (s *Store) MoveChildren(ctx context.Context, v kita.Viewer, m Moves) (placed []kita.Placement, again bool, err error) {
	ids := make([]kita.ID, len(m.Each))
	for i, e := range m.Each {
		ids[i] = e.ChildID
	}
	err = s.write(ctx, func(tx *Tx) error {
		k, err := ledKita(ctx, tx.as(v), v, m.KitaID)
		if err != nil {
			return err
		}
		if again, err = tx.creation(v, m.ID, m); err != nil {
			return err
		}
		if again {
			placed, err = listIn[kita.Placement](ctx, tx.as(v), `select * from placements where kita_id = ? and from_day = ? and child_id in (?)
order by child_id`, k.ID, m.From, ids)
			return err
		}
		if err := movable(tx, v, k, m, ids); err != nil {
			return err
		}
		placed = make([]kita.Placement, len(m.Each))
		for i, e := range m.Each {
			placed[i] = kita.Placement{ID: s.newID(), KitaID: k.ID, ChildID: e.ChildID, GroupID: e.GroupID,
				From: m.From, To: kita.LastDay, CreatedAt: tx.now}
		}
		return s.place(tx, v, k, placed, fieldOfMove)
	})
	return placed, again, err
}

// movable: each child once, all of them the kita's, led by the viewer and not archived.
func movable(tx *Tx, v kita.Viewer, k kita.Kita, m Moves, ids []kita.ID) error {
	led, err := listIn[kita.ID](tx.ctx, tx.as(v), `select c.id from children c where c.kita_id = ? and c.archived_at is null and c.id in (?)
and exists (select 1 from reach r where r.child_id = c.id and r.account_id = ? and r.through = 'leader')`, k.ID, ids, v.AccountID())
	if err != nil {
		return err
	}
	var c kita.Checks
	for i, id := range ids {
		c.That(slices.Contains(led, id), fieldOfMove(i, "child_id"), "id.unknown")
		c.That(!slices.Contains(ids[:i], id), fieldOfMove(i, "child_id"), "list.twice")
	}
	return c.Err()
}

func fieldAlone(_ int, name string) string  { return name }
func fieldOfMove(i int, name string) string { return fmt.Sprintf("moves[%d].%s", i, name) }

// place writes placements of different children that begin on one day, after kita.Placement.MoveAmong has said what
// becomes of those they have. It reads and writes sets, however many children move.
func (s *Store) place(tx *Tx, v kita.Viewer, k kita.Kita, ps []kita.Placement, field func(i int, name string) string) error {
	children := make([]kita.ID, len(ps))
	for i, p := range ps {
		children[i] = p.ChildID
		if err := p.Check(); err != nil {
			return err
		}
	}
	if err := placeable(tx, k, ps, field); err != nil {
		return err
	}
	rows, err := listIn[kita.Placement](tx.ctx, tx, `select * from placements where kita_id = ? and child_id in (?) order by from_day`, k.ID, children)
	if err != nil {
		return err
	}
	placed := map[kita.ID][]kita.Placement{}
	for _, p := range rows {
		placed[p.ChildID] = append(placed[p.ChildID], p)
		tx.tell(kita.ChangeGroups, k.ID, p.GroupID)
	}
	var ends, gone []kita.ID
	for i, p := range ps {
		tx.regroup(k.ID, p.ChildID, p.GroupID)
		m := p.MoveAmong(placed[p.ChildID])
		switch {
		case m.Clash != nil && m.Clash.From <= p.From:
			return kita.Conflict(field(i, "group_id"), "placement.same_group")
		case m.Clash != nil:
			return overlaps(tx, field(i, "to"), *m.Clash)
		case m.Ends != nil:
			ends = append(ends, m.Ends.ID)
		case m.Gone != nil:
			gone = append(gone, m.Gone.ID)
		}
	}
	if len(ends) > 0 {
		if _, err := tx.execIn(`update placements set to_day = ? where id in (?)`, ps[0].From.Add(-1), ends); err != nil {
			return err
		}
	}
	if len(gone) > 0 {
		if _, err := tx.execIn(`delete from placements where id in (?)`, gone); err != nil {
			return err
		}
	}
	if err := insertAll(tx, "placements", placementColumns, ps); err != nil {
		if s.engine.duplicate(err) {
			return kita.Conflict("id", "id.taken")
		}
		return err
	}
	return s.auditMoves(tx, v, k, children)
}

// auditMoves writes one line per child: the whole year turns in one statement.
func (s *Store) auditMoves(tx *Tx, v kita.Viewer, k kita.Kita, children []kita.ID) error {
	lines := make([]AuditLine, len(children))
	for i, id := range children {
		lines[i] = AuditLine{ID: s.newID(), KitaID: &k.ID, At: tx.now, AccountID: v.AccountID(), Actor: v.NameIn(k.ID),
			Action: "child.move", SubjectID: id, RequestID: v.RequestID()}
	}
	return insertAll(tx, "audit", "id, kita_id, at, account_id, actor, action, subject_id, request_id", lines)
}

// placeable: each group is the kita's, and not archived unless the placement is history.
func placeable(tx *Tx, k kita.Kita, ps []kita.Placement, field func(i int, name string) string) error {
	ids := make([]kita.ID, len(ps))
	for i, p := range ps {
		ids[i] = p.GroupID
	}
	groups, err := listIn[kita.Group](tx.ctx, tx, `select * from groups where kita_id = ? and id in (?)`, k.ID, ids)
	if err != nil {
		return err
	}
	var c kita.Checks
	for i, p := range ps {
		at := slices.IndexFunc(groups, func(g kita.Group) bool { return g.ID == p.GroupID })
		c.That(at >= 0, field(i, "group_id"), "id.unknown")
		c.That(at < 0 || groups[at].ArchivedAt == nil || p.To < k.Today(tx.now.Time), field(i, "group_id"), "group.archived")
	}
	return c.Err()
}

// overlaps names the placement that stands in the way.
func overlaps(tx *Tx, field string, clash kita.Placement) error {
	name, err := get[string](tx.ctx, tx, `select name from groups where id = ?`, clash.GroupID)
	if err != nil {
		return err
	}
	return kita.Conflict(field, "placement.overlaps", "from", clash.From, "group", name)
}

// ledPlacement is the placement, and its kita, when the viewer leads it and is not banned from the child.
func ledPlacement(tx *Tx, v kita.Viewer, id kita.ID) (kita.Placement, kita.Kita, error) {
	p, err := get[kita.Placement](tx.ctx, tx.as(v), `select * from placements where id = ?`, id)
	if err != nil {
		return p, kita.Kita{}, err
	}
	_, k, err := ledChild(tx, v, p.ChildID)
	return p, k, err
}

func placementsOf(tx *Tx, of, child kita.ID) ([]kita.Placement, error) {
	return list[kita.Placement](tx.ctx, tx, `select * from placements where kita_id = ? and child_id = ? order by from_day`, of, child)
}

// ChangePlacement corrects group and days of one placement. No other gives way to it: KindConflict names the one that
// shares a day with it.
func (s *Store) ChangePlacement(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Placement)) (p kita.Placement, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		row, k, err := ledPlacement(tx, v, id)
		if err != nil {
			return err
		}
		before := row.GroupID
		change(&row)
		if err := row.Check(); err != nil {
			return err
		}
		if err := placeable(tx, k, []kita.Placement{row}, fieldAlone); err != nil {
			return err
		}
		placed, err := placementsOf(tx, k.ID, row.ChildID)
		if err != nil {
			return err
		}
		if clash := row.Clash(placed); clash != nil {
			return overlaps(tx, "from", *clash)
		}
		if err := tx.update("placements", "group_id, from_day, to_day", row); err != nil {
			return err
		}
		p = row
		tx.regroup(k.ID, row.ChildID, before, row.GroupID)
		return tx.audit(v, k.ID, "placement.change", row.ChildID)
	})
	return p, err
}

// DeletePlacement takes a placement away. With resume the one that ended the day before goes on in its place, which
// undoes a move; without, the child is in no group on those days. KindRefused when there is none to go on.
func (s *Store) DeletePlacement(ctx context.Context, v kita.Viewer, id kita.ID, resume bool) error {
	return s.write(ctx, func(tx *Tx) error {
		p, k, err := ledPlacement(tx, v, id)
		if err != nil {
			return err
		}
		if err := tx.one(`delete from placements where id = ?`, id); err != nil {
			return err
		}
		if resume {
			if err := resumed(tx, k, p); err != nil {
				return err
			}
		}
		tx.regroup(k.ID, p.ChildID, p.GroupID)
		return tx.audit(v, k.ID, "placement.delete", p.ChildID)
	})
}

func resumed(tx *Tx, k kita.Kita, gone kita.Placement) error {
	before, err := list[kita.Placement](tx.ctx, tx, `select * from placements where kita_id = ? and child_id = ? and to_day = ?`, k.ID, gone.ChildID, gone.From.Add(-1))
	if err != nil {
		return err
	}
	if len(before) == 0 {
		return kita.Refused("placement.nothing_before")
	}
	before[0].To = gone.To
	if err := placeable(tx, k, before[:1], fieldAlone); err != nil {
		return err
	}
	return tx.update("placements", "to_day", before[0])
}
