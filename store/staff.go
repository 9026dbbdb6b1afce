package store

import (
	"context"

	"morgenkreis/kita"
)

// The further ways of seeing a colleague: Manager is a leader, the provider or the operator and sees all, the others see
// a name and a role.
const (
	AsManager   SeenAs = "manager"
	AsColleague SeenAs = "colleague"
	AsGuardian  SeenAs = "guardian"
)

// StaffSeen is a colleague as the viewer may see them: all but names, role and kita only where As is AsManager.
type StaffSeen struct {
	kita.Staff
	As        SeenAs    `db:"seen_as"`
	SignedIn  bool      `db:"signed_in"`
	HasDevice bool      `db:"has_device"`
	GroupIDs  []kita.ID `db:"-"`
}

// seenStaff: who manages the kita sees its team, its team sees each other, and a guardian sees the educators of the groups
// in which a child of theirs is today.
const seenStaff = `
with seen as materialized (
  select s.*, case
    when ` + manages + ` then 'manager'
    when s.archived_at is not null or k.archived_at is not null then ''
    when exists (select 1 from staff me where me.kita_id = s.kita_id and me.account_id = ? and me.archived_at is null) then 'colleague'
    when s.role = 'educator' and exists (
      select 1 from staff_groups sg join placements p on p.kita_id = sg.kita_id and p.group_id = sg.group_id
      where  sg.kita_id = s.kita_id and sg.staff_id = s.id and p.from_day <= ? and p.to_day >= ?
      and    p.child_id in (select r.child_id from reach r where r.account_id = ? and r.through = 'guardian')) then 'guardian'
    else '' end as seen_as
  from   staff s
  join   kitas k on k.id = s.kita_id
  where  s.kita_id = ?)
select x.id, x.kita_id, x.first_name, x.last_name, x.role, x.created_at, x.archived_at, x.seen_as,
       case when x.seen_as = 'manager' then x.account_id end as account_id,
       case when x.seen_as = 'manager' then x.email else '' end as email,
       case when x.seen_as = 'manager' then x.phone else '' end as phone,
       case when x.seen_as = 'manager' then x.language else '' end as language,
       x.seen_as = 'manager' and x.account_id is not null as signed_in,
       x.seen_as = 'manager' and exists (select 1 from devices d where d.account_id = x.account_id) as has_device
from   seen x
where  x.seen_as <> ''`

func seenStaffArgs(v kita.Viewer, kitaID kita.ID) []any {
	a := v.AccountID()
	return []any{a, a, a, a, v.Today(), v.Today(), a, kitaID}
}

// Staff are those of a kita whom the viewer may see, by last name, first name and id.
func (s *Store) Staff(ctx context.Context, v kita.Viewer, f PeopleFilter) (Page[StaffSeen], error) {
	q := s.as(v)
	defer q.end()
	after, err := f.byName()
	if err != nil {
		return Page[StaffSeen]{}, err
	}
	statement := seenStaff + " and (x.last_name, x.first_name, x.id) > (?, ?, ?)"
	if !f.Archived {
		statement += " and x.archived_at is null"
	}
	rows, err := list[StaffSeen](ctx, q, statement+" order by x.last_name, x.first_name, x.id limit ?",
		append(seenStaffArgs(v, f.KitaID), after[0], after[1], after[2], f.limit()+1)...)
	if err != nil {
		return Page[StaffSeen]{}, err
	}
	page := paged(rows, f.limit(), func(p StaffSeen) string { return cursor(p.LastName, p.FirstName, string(p.ID)) })
	return page, withGroups(ctx, q, page.Items)
}

// withGroups adds the groups of those whom the viewer manages.
func withGroups(ctx context.Context, q query, rows []StaffSeen) error {
	var ids []kita.ID
	at := map[kita.ID]int{}
	for i, p := range rows {
		rows[i].GroupIDs = []kita.ID{}
		if p.As == AsManager {
			ids, at[p.ID] = append(ids, p.ID), i
		}
	}
	if len(ids) == 0 {
		return nil
	}
	groups, err := listIn[pair](ctx, q, `select staff_id as of_id, group_id as the_id from staff_groups where kita_id = ? and staff_id in (?) order by group_id`, rows[0].KitaID, ids)
	for _, g := range groups {
		rows[at[g.Of]].GroupIDs = append(rows[at[g.Of]].GroupIDs, g.The)
	}
	return err
}

// managedStaff is the colleague when the viewer manages their kita, ErrNotFound for everybody else.
func managedStaff(tx *Tx, v kita.Viewer, id kita.ID) (p StaffSeen, err error) {
	kitaID, err := get[kita.ID](tx.ctx, tx.as(v), `select kita_id from staff where id = ?`, id)
	if err != nil {
		return p, err
	}
	if p, err = get[StaffSeen](tx.ctx, tx.as(v), seenStaff+" and x.seen_as = 'manager' and x.id = ?", append(seenStaffArgs(v, kitaID), id)...); err != nil {
		return p, err
	}
	one := []StaffSeen{p}
	err = withGroups(tx.ctx, tx.as(v), one)
	return one[0], err
}

// CreateStaff opens a colleague's record, with their groups, in a kita the viewer manages; the language is the kita's when
// empty. Sending the same again is harmless; again tells so.
func (s *Store) CreateStaff(ctx context.Context, v kita.Viewer, p kita.Staff, groups []kita.ID) (seen StaffSeen, again bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		k, err := managedKita(tx, v, p.KitaID)
		if err != nil {
			return err
		}
		row := p
		if row.Language == "" {
			row.Language = k.Language
		}
		if err := row.Check(); err != nil {
			return err
		}
		if again, err = tx.creation(v, p.ID, []any{p, groups}); err != nil {
			return err
		}
		if !again {
			row.CreatedAt = tx.now
			if err := s.insertNew(tx, "staff", staffColumns, row); err != nil {
				return err
			}
			if err := tx.putGroups(row, groups); err != nil {
				return err
			}
			if err := tx.audit(v, k.ID, "staff.create", p.ID); err != nil {
				return err
			}
		}
		seen, err = managedStaff(tx, v, p.ID)
		return err
	})
	return seen, again, err
}

// putGroups makes groups the groups of p, all of one kita.
func (tx *Tx) putGroups(p kita.Staff, groups []kita.ID) error {
	if _, err := tx.exec(`delete from staff_groups where kita_id = ? and staff_id = ?`, p.KitaID, p.ID); err != nil {
		return err
	}
	for _, id := range groups {
		n, err := tx.exec(`insert into staff_groups (kita_id, staff_id, group_id)
select g.kita_id, cast(? as text), g.id from groups g where g.id = ? and g.kita_id = ? and g.archived_at is null
on conflict (kita_id, staff_id, group_id) do nothing`, p.ID, id, p.KitaID)
		if err != nil {
			return err
		}
		if n == 0 {
			return kita.Invalid("group_ids", "id.unknown")
		}
	}
	return nil
}

// ChangeStaff lets change work on a colleague's record, for who manages the kita.
func (s *Store) ChangeStaff(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Staff)) (p StaffSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if p, err = managedStaff(tx, v, id); err != nil {
			return err
		}
		led := p.Role == kita.RoleLeader
		change(&p.Staff)
		if err := p.Check(); err != nil {
			return err
		}
		if err := tx.update("staff", "first_name, last_name, role, email, phone, language", p.Staff); err != nil {
			return err
		}
		tx.readmitStaff(p)
		if err := tx.audit(v, p.KitaID, "staff.change", id); err != nil || !led || p.Role == kita.RoleLeader {
			return err
		}
		return tx.keepsLeader(v, p.KitaID)
	})
	return p, err
}

// ChangeStaffGroups gives a colleague other groups, for who manages the kita. A group that was put away is unknown.
func (s *Store) ChangeStaffGroups(ctx context.Context, v kita.Viewer, id kita.ID, groups []kita.ID) (p StaffSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if p, err = managedStaff(tx, v, id); err != nil {
			return err
		}
		if err := tx.putGroups(p.Staff, groups); err != nil {
			return err
		}
		tx.readmitStaff(p)
		if err := tx.audit(v, p.KitaID, "staff.groups", id); err != nil {
			return err
		}
		p, err = managedStaff(tx, v, id)
		return err
	})
	return p, err
}

// ArchiveStaff puts a colleague's record away, or takes it out again, for who manages the kita. Access through it ends at
// once.
func (s *Store) ArchiveStaff(ctx context.Context, v kita.Viewer, id kita.ID, archived bool) (p StaffSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if p, err = managedStaff(tx, v, id); err != nil {
			return err
		}
		p.ArchivedAt = nil
		if archived {
			p.ArchivedAt = &tx.now
		}
		if err := tx.update("staff", "archived_at", p.Staff); err != nil {
			return err
		}
		tx.readmitStaff(p)
		if err := tx.audit(v, p.KitaID, "staff.archive", id); err != nil || !archived {
			return err
		}
		if p.Role == kita.RoleLeader {
			if err := tx.keepsLeader(v, p.KitaID); err != nil {
				return err
			}
		}
		return tx.endAccess(p.AccountID)
	})
	return p, err
}

// keepsLeader refuses what has just left a kita without anybody who can sign in and lead it; the provider and the operator
// may, they can let somebody in again.
func (tx *Tx) keepsLeader(v kita.Viewer, kitaID kita.ID) error {
	n, err := get[int](tx.ctx, tx, `select count(*) from kitas k where k.id = ?
and (exists (select 1 from staff s where s.kita_id = k.id and s.role = 'leader' and s.archived_at is null and s.account_id is not null)
  or exists (select 1 from accounts a where a.id = ? and a.operator)
  or exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?))`, kitaID, v.AccountID(), v.AccountID())
	if err == nil && n == 0 {
		err = kita.Refused("staff.last_leader")
	}
	return err
}

// endAccess signs an account out everywhere, its devices and programs with it, when it is nothing to anybody any more.
func (tx *Tx) endAccess(account *kita.ID) error {
	if account == nil {
		return nil
	}
	left, err := list[kita.Membership](tx.ctx, tx, membershipsOf, *account, *account, *account)
	if err != nil || len(left) > 0 {
		return err
	}
	for _, table := range []string{"subscriptions", "sessions", "tokens"} {
		if _, err := tx.exec(`delete from `+table+` where account_id = ?
and not exists (select 1 from accounts a where a.id = `+table+`.account_id and a.operator)`, *account); err != nil {
			return err
		}
	}
	return nil
}
