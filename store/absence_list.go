package store

import (
	"context"

	"morgenkreis/kita"
)

// absencesSeen: of the children the viewer looks after (an absence says what a child is ill with); with the group of the later of the absence's first day and a day.
const absencesSeen = `
select a.*, c.first_name || ' ' || c.last_name as child_name,
       g.id as group_id, g.name as group_name, g.colour as group_colour, g.icon as group_icon
from   absences a
join   children c on c.kita_id = a.kita_id and c.id = a.child_id
left   join placements p on p.kita_id = a.kita_id and p.child_id = a.child_id and p.from_day <= case when a.from_day > ? then a.from_day else ? end
                        and p.to_day >= case when a.from_day > ? then a.from_day else ? end
left   join groups g on g.kita_id = p.kita_id and g.id = p.group_id
where  (a.kita_id, a.child_id) in (select r.kita_id, r.child_id from reach r where r.account_id = ? and r.until_day >= ? and r.cares`

func absencesSeenArgs(v kita.Viewer, day kita.Day) []any {
	return []any{day, day, day, day, v.AccountID(), v.Today()}
}

// AbsenceFilter narrows a list of absences to those that share a day with From–To; both are the viewer's today when empty.
type AbsenceFilter struct {
	KitaID  kita.ID
	GroupID kita.ID
	ChildID kita.ID
	From    kita.Day
	To      kita.Day
}

// Absences are those that stand of the children the viewer reaches, by their first day. The group is of the first day
// that both the absence and the range have.
func (s *Store) Absences(ctx context.Context, v kita.Viewer, f AbsenceFilter, p PageRequest) (Page[AbsenceSeen], error) {
	q := s.as(v)
	defer q.end()
	if f.From == "" {
		f.From = v.Today()
	}
	if f.To == "" {
		f.To = max(f.From, v.Today())
	}
	if f.To < f.From {
		return Page[AbsenceSeen]{}, kita.Invalid("to", "absence.to_before_from")
	}
	after, err := p.parts(2)
	if err != nil {
		return Page[AbsenceSeen]{}, err
	}
	statement, args := absencesSeen, absencesSeenArgs(v, f.From)
	if f.KitaID != "" {
		statement, args = statement+" and r.kita_id = ?", append(args, f.KitaID)
	}
	statement, args = statement+") and a.withdrawn_at is null and a.to_day >= ? and a.from_day <= ?", append(args, f.From, f.To)
	for _, narrow := range []struct {
		clause string
		id     kita.ID
	}{{" and a.kita_id = ?", f.KitaID}, {" and a.child_id = ?", f.ChildID}, {" and g.id = ?", f.GroupID}} {
		if narrow.id != "" {
			statement, args = statement+narrow.clause, append(args, narrow.id)
		}
	}
	if after != nil {
		statement, args = statement+" and (a.from_day, a.id) > (?, ?)", append(args, after[0], after[1])
	}
	rows, err := list[AbsenceSeen](ctx, q, statement+" order by a.from_day, a.id limit ?", append(args, p.limit()+1)...)
	return paged(rows, p.limit(), func(a AbsenceSeen) string { return cursor(string(a.From), string(a.ID)) }), err
}

// absenceSeen is one of them, withdrawn or not, with the group of its first day.
func absenceSeen(ctx context.Context, q query, v kita.Viewer, id kita.ID) (AbsenceSeen, error) {
	return get[AbsenceSeen](ctx, q, absencesSeen+") and a.id = ?", append(absencesSeenArgs(v, kita.FirstDay), id)...)
}

// Absence is one of them, with its days on which the kita is shut.
func (s *Store) Absence(ctx context.Context, v kita.Viewer, id kita.ID) (r AbsenceReport, err error) {
	q := s.as(v)
	defer q.end()
	if r.AbsenceSeen, err = absenceSeen(ctx, q, v, id); err != nil {
		return r, err
	}
	state, err := get[kita.State](ctx, q, `select federal_state from kitas where id = ?`, r.KitaID)
	if err != nil {
		return r, err
	}
	closing, err := closingDays(ctx, q, r.KitaID, r.From, r.To)
	r.Closures = kita.Closures(state, closing, r.From, r.To)
	return r, err
}

// Roll is one group's day: of whom how many are absent, and who.
type Roll struct {
	kita.Group
	Of       int
	Expected int
	Absent   []AbsenceSeen
}

// AbsencesToday is a kita's day for its staff. NotPlaced are children of theirs who are in no group today; Closure is nil
// on an open day.
type AbsencesToday struct {
	Day       kita.Day
	Closure   *kita.Closure
	Groups    []Roll
	NotPlaced Roll
}

// shut is why k is closed on day; nil when it is open.
func shut(k kita.Kita, closing []kita.ClosingDay, day kita.Day) *kita.Closure {
	if closures := kita.Closures(k.State, closing, day, day); len(closures) > 0 {
		return &closures[0]
	}
	return nil
}

// placedToday counts the children whom staff look after, by their group of a day; under the empty group those in none. It begins
// at whom they look after, and finds each child by its key: asked the other way round, PostgreSQL looks for each child of the
// kita among all of them.
const placedToday = `
with mine as materialized (
  select distinct r.kita_id as kita_id, r.child_id as child_id
  from   reach r
  where  r.account_id = ? and r.kita_id = ? and r.until_day >= ? and r.cares and r.through <> 'guardian')
select coalesce(p.group_id, '') as group_id, count(*) as children
from   mine m
join   children c on c.kita_id = m.kita_id and c.id = m.child_id and c.archived_at is null
left   join placements p on p.kita_id = c.kita_id and p.child_id = c.id and p.from_day <= ? and p.to_day >= ?
group  by coalesce(p.group_id, '')`

// AbsencesToday answers who is absent today, per group the viewer works with, by name; ErrNotFound for who is not staff
// of the kita. On a day on which the kita is shut nobody is expected.
func (s *Store) AbsencesToday(ctx context.Context, v kita.Viewer, kitaID kita.ID) (t AbsencesToday, err error) {
	q := s.as(v)
	defer q.end()
	k, err := get[kita.Kita](ctx, q, `select k.* from kitas k where k.id = ? and k.archived_at is null
and exists (select 1 from staff s where s.kita_id = k.id and s.account_id = ? and s.archived_at is null)`, kitaID, v.AccountID())
	if err != nil {
		return t, err
	}
	t.Day = k.Today(s.Now().Time)
	closing, err := closingDays(ctx, q, kitaID, t.Day, t.Day)
	if err != nil {
		return t, err
	}
	t.Closure = shut(k, closing, t.Day)
	groups, err := list[kita.Group](ctx, q, `select g.* from groups g where g.kita_id = ? and g.archived_at is null
and g.id in (select r.group_id from staff_reach r where r.account_id = ? and r.cares) order by g.name, g.id`, kitaID, v.AccountID())
	if err != nil {
		return t, err
	}
	placed, err := list[struct {
		GroupID  kita.ID `db:"group_id"`
		Children int     `db:"children"`
	}](ctx, q, placedToday, v.AccountID(), kitaID, v.Today(), t.Day, t.Day)
	if err != nil {
		return t, err
	}
	absent, err := list[AbsenceSeen](ctx, q, absencesSeen+` and r.kita_id = ? and r.through <> 'guardian')
and c.archived_at is null and a.withdrawn_at is null and a.to_day >= ? and a.from_day <= ? order by c.last_name, c.first_name, a.id`,
		append(absencesSeenArgs(v, t.Day), kitaID, t.Day, t.Day)...)
	if err != nil {
		return t, err
	}
	roll := func(g kita.Group) Roll {
		r := Roll{Group: g, Absent: []AbsenceSeen{}}
		for _, p := range placed {
			if p.GroupID == g.ID {
				r.Of = p.Children
			}
		}
		for _, a := range absent {
			if in := a.GroupID; in != nil && *in == g.ID || in == nil && g.ID == "" {
				r.Absent = append(r.Absent, a)
			}
		}
		if t.Closure == nil {
			r.Expected = r.Of - len(r.Absent)
		}
		return r
	}
	for _, g := range groups {
		t.Groups = append(t.Groups, roll(g))
	}
	t.NotPlaced = roll(kita.Group{})
	return t, nil
}

// AbsenceOptions is what a guardian is told before reporting.
type AbsenceOptions struct {
	Today kita.Day
	// CutOff is when reports for today end, Passed whether that was before now; both say nothing on a day with a Closure.
	CutOff  kita.Instant
	Passed  bool
	Closure *kita.Closure
	// Next is the first open day that guardians can still decide about; empty when there is none within a year.
	Next kita.Day
}

// AbsenceOptions answers to everybody who has to do with the kita.
func (s *Store) AbsenceOptions(ctx context.Context, v kita.Viewer, kitaID kita.ID) (o AbsenceOptions, err error) {
	q := s.as(v)
	defer q.end()
	k, err := kitaFor(ctx, q, v, kitaID)
	if err == nil && k.ArchivedAt != nil {
		err = kita.ErrNotFound
	}
	if err != nil {
		return o, err
	}
	now := s.Now().Time
	o.Today = k.Today(now)
	o.CutOff = kita.At(k.CutOff(o.Today))
	o.Passed = !now.Before(o.CutOff.Time)
	closing, err := closingDays(ctx, q, kitaID, o.Today, o.Today.Add(kita.MaxAbsence))
	o.Closure = shut(k, closing, o.Today)
	o.Next = k.NextToReport(closing, now)
	return o, err
}
