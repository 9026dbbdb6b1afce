package store

import (
	"context"

	"morgenkreis/kita"
)

// ChildDetail is a child with all that hangs on it, as far as the viewer may see it. Contacts is nil unless Health is set.
type ChildDetail struct {
	ChildSeen
	Contacts   []kita.EmergencyContact
	Placements []PlacementSeen
	Guardians  []GuardianOfChild
}

// PlacementSeen is a placement with the group's name and marks.
type PlacementSeen struct {
	kita.Placement
	GroupName   string `db:"group_name"`
	GroupColour string `db:"group_colour"`
	GroupIcon   string `db:"group_icon"`
}

// GuardianOfChild is a guardian beside the child, as the viewer may see them: Custody, MayPickUp and Banned only where
// Staff is set (ReceivesNotices too), Phone only where ByPhone is, Email, Address, SignedIn and HasDevice only where
// ByLetter is, BanReason for leaders.
type GuardianOfChild struct {
	ID              kita.ID `db:"id"`
	FirstName       string  `db:"first_name"`
	LastName        string  `db:"last_name"`
	Relation        string  `db:"relation"`
	Staff           bool    `db:"staff"`
	Custody         bool    `db:"custody"`
	MayPickUp       bool    `db:"may_pick_up"`
	ByPhone         bool    `db:"by_phone"`
	Phone           string  `db:"phone"`
	ByLetter        bool    `db:"by_letter"`
	Email           string  `db:"email"`
	Address         string  `db:"address"`
	Banned          bool    `db:"banned"`
	BanReason       string  `db:"ban_reason"`
	ReceivesNotices bool    `db:"receives_notices"`
	SignedIn        bool    `db:"signed_in"`
	HasDevice       bool    `db:"has_device"`
}

const contactsSeen = `
select e.*
from   seen m
join   emergency_contacts e on e.kita_id = m.kita_id and e.child_id = m.child_id
where  m.health = 1
order  by e.position`

const placementsSeen = `
select p.*, g.name as group_name, g.colour as group_colour, g.icon as group_icon
from   seen m
join   placements p on p.kita_id = m.kita_id and p.child_id = m.child_id
join   groups g on g.kita_id = p.kita_id and g.id = p.group_id
order  by p.from_day`

// guardiansSeen: leaders keep the records and see them whole, educators see whom to ring. One parent's address and number
// are never shown to the other, not even to one who is an educator, and not by way of another child of that parent; who
// is banned from one of that parent's children learns neither, leader or not. Who is banned is no guardian in the eyes of
// the others, and a warning to the staff: also when the person's record was put away, and also when the ban stands on
// another record of the same account.
const guardiansSeen = `,
beside as (
  select g.*, gc.relation, gc.custody, gc.may_pick_up, gc.receives_notices, m.leader,
         case when m.leader = 1 or m.educator = 1 then 1 else 0 end as staff,
         case when exists (select 1 from barred_people x where x.kita_id = g.kita_id and x.guardian_id = g.id and x.account_id = ?) then 0
              when m.leader = 1 then 1
              when m.educator = 0 or g.archived_at is not null then 0
              when exists (select 1
                           from   guardian_children o
                           join   guardian_children mine on mine.kita_id = o.kita_id and mine.child_id = o.child_id
                           join   guardians mg on mg.kita_id = mine.kita_id and mg.id = mine.guardian_id
                           where  o.kita_id = g.kita_id and o.guardian_id = g.id and mg.account_id = ?) then 0
              else 1 end as by_phone,
         (select min(b.reason)
          from   contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
          where  b.kita_id = gc.kita_id and b.child_id = gc.child_id and b.lifted_at is null
          and    (bg.id = g.id or bg.account_id = g.account_id)) as reason
  from   seen m
  join   guardian_children gc on gc.kita_id = m.kita_id and gc.child_id = m.child_id
  join   guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id)
select x.id, x.first_name, x.last_name, x.relation, x.staff, x.by_phone, x.leader * x.by_phone as by_letter,
       case when x.staff = 1 then x.custody else false end as custody,
       case when x.staff = 1 and x.reason is null then x.may_pick_up else false end as may_pick_up,
       case when x.by_phone = 1 then x.phone else '' end as phone,
       case when x.leader = 1 and x.by_phone = 1 then x.email else '' end as email,
       case when x.leader = 1 and x.by_phone = 1 then x.address else '' end as address,
       case when x.staff = 1 then x.receives_notices else false end as receives_notices,
       x.leader = 1 and x.by_phone = 1 and x.account_id is not null as signed_in,
       x.leader = 1 and x.by_phone = 1 and exists (select 1 from devices d where d.account_id = x.account_id) as has_device,
       case when x.reason is null then 0 else 1 end as banned,
       case when x.leader = 1 then coalesce(x.reason, '') else '' end as ban_reason
from   beside x
where  x.reason is null and x.archived_at is null or x.reason is not null and x.staff = 1
order  by x.last_name, x.first_name, x.id`

// Child is one child the viewer reaches, in its group of today.
func (s *Store) Child(ctx context.Context, v kita.Viewer, id kita.ID) (ChildDetail, error) {
	q := s.as(v)
	defer q.end()
	return childFor(ctx, q, v, id)
}

func childFor(ctx context.Context, q query, v kita.Viewer, id kita.ID) (d ChildDetail, err error) {
	seen, args := seenChildren(v, " and r.child_id = ?", id)
	if d.ChildSeen, err = get[ChildSeen](ctx, q, seen+childSeen+"true", append(args, v.Today(), v.Today())...); err != nil {
		return d, err
	}
	if d.Health {
		if d.Contacts, err = list[kita.EmergencyContact](ctx, q, seen+contactsSeen, args...); err != nil {
			return d, err
		}
	}
	if d.Placements, err = list[PlacementSeen](ctx, q, seen+placementsSeen, args...); err != nil {
		return d, err
	}
	d.Guardians, err = list[GuardianOfChild](ctx, q, seen+guardiansSeen, append(args, v.AccountID(), v.AccountID())...)
	return d, err
}
