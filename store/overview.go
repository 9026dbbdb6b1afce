package store

import (
	"context"

	"morgenkreis/kita"
)

// OverviewWeeks is how many weeks of absences an overview holds, the running one being the last.
const OverviewWeeks = 12

// The reasons why no push reaches a person. DeviceRefused: there are devices, but the push service of each refuses this
// server; the operator's doctor says why.
const (
	NeverSignedIn = "never_signed_in"
	NoDevice      = "no_device"
	DeviceRefused = "device_refused"
)

// Overview is how a leader's kita stands. A family is as in a notice's preview: guardians who are told of notices and
// their children, tied by whom they have in common, so that siblings and their parents are one. It is reachable when
// there is a device of one of them that takes pushes.
type Overview struct {
	Families           int
	FamiliesReachable  int
	Guardians          int
	GuardiansReachable int
	// OutOfReach are the guardians whom no push reaches, by name.
	OutOfReach []OutOfReach
	// Untold are children of whom nobody is told.
	Untold []NamedChild
	Weeks  []kita.MissedWeek
}

// OutOfReach is a guardian whom no push reaches, and whether one reaches somebody else of the family.
type OutOfReach struct {
	GuardianID      kita.ID
	Name            string
	Phone           string
	HasEmail        bool
	Trouble         string
	Children        []NamedChild
	FamilyReachable bool
}

// NamedChild is a child as far as a list has to name it.
type NamedChild struct {
	ID   kita.ID `db:"id"`
	Name string  `db:"name"`
}

// childrenLed: of one kita, without those from whom a ban keeps the leader; nothing below counts these either. Materialized
// for the reason given at reached.
const childrenLed = `
with mine as materialized (
  select distinct r.kita_id as kita_id, r.child_id as child_id
  from   reach r
  where  r.account_id = ? and r.kita_id = ? and r.through = 'leader')`

// reachOfFamilies: a row for each guardian and child of theirs. Who is also a guardian of a child from which the leader is
// banned is left out: whether and where that family is reached is nothing for the leader to know.
const reachOfFamilies = childrenLed + `
select t.guardian_id as guardian_id, g.first_name || ' ' || g.last_name as guardian, g.phone as phone, g.email <> '' as has_email,
       t.child_id as child_id, c.first_name || ' ' || c.last_name as child,
       case when g.account_id is null then 'never_signed_in'
            when exists (select 1 from devices d where d.account_id = g.account_id and d.trouble = '') then ''
            when exists (select 1 from devices d where d.account_id = g.account_id) then 'device_refused'
            else 'no_device' end as trouble
from   told t
join   guardians g on g.kita_id = t.kita_id and g.id = t.guardian_id
join   children c on c.kita_id = t.kita_id and c.id = t.child_id
where  t.kita_id = ? and t.child_id in (select m.child_id from mine m)
and    not exists (select 1 from barred_people x where x.kita_id = g.kita_id and x.guardian_id = g.id and x.account_id = ?)
order  by g.last_name, g.first_name, g.id, c.first_name, c.id`

const untold = childrenLed + `
select c.id as id, c.first_name || ' ' || c.last_name as name
from   children c
where  c.kita_id = ? and c.archived_at is null and c.id in (select m.child_id from mine m)
and    not exists (select 1 from told t where t.kita_id = c.kita_id and t.child_id = c.id)
order  by c.last_name, c.first_name, c.id`

// absenceSpans: those that stand and share a day with a span of days; of children who have left since as well.
const absenceSpans = childrenLed + `
select a.from_day, a.to_day, a.reason, count(*) as children
from   absences a
where  a.kita_id = ? and a.to_day >= ? and a.from_day <= ? and a.withdrawn_at is null
and    a.child_id in (select m.child_id from mine m)
group  by a.from_day, a.to_day, a.reason`

// Overview of a kita for its leaders; ErrNotFound for everybody else.
func (s *Store) Overview(ctx context.Context, v kita.Viewer, id kita.ID) (o Overview, err error) {
	q := s.as(v)
	defer q.end()
	k, err := ledKita(ctx, q, v, id)
	if err != nil {
		return o, err
	}
	if err := familiesReached(ctx, q, v, id, &o); err != nil {
		return o, err
	}
	if o.Untold, err = list[NamedChild](ctx, q, untold, v.AccountID(), id, id); err != nil {
		return o, err
	}
	o.Weeks, err = s.missedWeeks(ctx, q, v, k)
	return o, err
}

func familiesReached(ctx context.Context, q query, v kita.Viewer, id kita.ID, o *Overview) error {
	pairs, err := list[struct {
		GuardianID kita.ID `db:"guardian_id"`
		Guardian   string  `db:"guardian"`
		Phone      string  `db:"phone"`
		HasEmail   bool    `db:"has_email"`
		ChildID    kita.ID `db:"child_id"`
		Child      string  `db:"child"`
		Trouble    string  `db:"trouble"`
	}](ctx, q, reachOfFamilies, v.AccountID(), id, id, v.AccountID())
	if err != nil {
		return err
	}
	families, reached, last := kita.NewFamilies(), map[kita.ID]bool{}, kita.ID("")
	for _, p := range pairs {
		families.Tie(p.GuardianID, p.ChildID)
	}
	for _, p := range pairs {
		if p.Trouble == "" {
			reached[families.Of(p.ChildID)] = true
		}
		if fresh := p.GuardianID != last; fresh {
			last = p.GuardianID
			o.Guardians++
			if p.Trouble == "" {
				o.GuardiansReachable++
			} else {
				o.OutOfReach = append(o.OutOfReach, OutOfReach{GuardianID: p.GuardianID, Name: p.Guardian, Phone: p.Phone, HasEmail: p.HasEmail, Trouble: p.Trouble})
			}
		}
		if p.Trouble != "" {
			g := &o.OutOfReach[len(o.OutOfReach)-1]
			g.Children = append(g.Children, NamedChild{p.ChildID, p.Child})
		}
	}
	for i, g := range o.OutOfReach {
		o.OutOfReach[i].FamilyReachable = reached[families.Of(g.GuardianID)]
	}
	o.Families, o.FamiliesReachable = families.Count(), len(reached)
	return nil
}

func (s *Store) missedWeeks(ctx context.Context, q query, v kita.Viewer, k kita.Kita) ([]kita.MissedWeek, error) {
	today := k.Today(s.Now().Time)
	from, to := kita.WeekOf(today).Add(1-OverviewWeeks).Monday, kita.WeekOf(today).Sunday()
	closing, err := closingDays(ctx, q, k.ID, from, to)
	if err != nil {
		return nil, err
	}
	spans, err := list[kita.AbsenceSpan](ctx, q, absenceSpans, v.AccountID(), k.ID, k.ID, from, to)
	return kita.MissedDays(k.State, closing, spans, today, OverviewWeeks), err
}
