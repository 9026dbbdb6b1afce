package store

import (
	"context"
	"strings"
	"unicode"
	"unicode/utf8"

	"morgenkreis/kita"
)

// SeenAs is as what the viewer sees a person; what they are shown of the person follows from it, in SQL.
type SeenAs string

// The ways of seeing. A leader who is banned from one of a guardian's children is AsBarred: they know that there is such
// a guardian of the others.
const (
	AsLeader   SeenAs = "leader"
	AsSelf     SeenAs = "self"
	AsBarred   SeenAs = "barred"
	AsEducator SeenAs = "educator"
	AsOperator SeenAs = "operator"
)

// GuardianSeen is a guardian as the viewer may see them: Email, Address and Language only as leader or as the person
// themself, SignedIn and HasDevice as leader, Phone also as educator. But one parent's number is not shown to the other for
// working in the house, and nobody who is banned from a child learns where its family is found.
type GuardianSeen struct {
	kita.Guardian
	As        SeenAs    `db:"seen_as"`
	SignedIn  bool      `db:"signed_in"`
	HasDevice bool      `db:"has_device"`
	Children  []TieSeen `db:"-"`
}

// TieSeen is a tie to a child that the viewer reaches. An educator is shown no MayPickUp where Banned is set.
type TieSeen struct {
	kita.Tie
	Banned bool `db:"banned"`
}

// reached: the children of one kita that the viewer reaches, and how. This, and how each person is seen, is worked out once
// and kept (materialized): PostgreSQL would ask it again wherever it is named, 40 times as long for a page of guardians.
const reached = `
with mine as materialized (
  select distinct r.kita_id as kita_id, r.child_id as child_id, r.through as through
  from   reach r
  where  r.account_id = ? and r.kita_id = ? and r.until_day >= ?)`

func reachedArgs(v kita.Viewer, kitaID kita.ID) []any {
	return []any{v.AccountID(), kitaID, v.Today()}
}

// seenGuardians: a leader keeps the records of the guardians of children that no ban keeps from the leader, and of those
// who have no child yet (a tie to a child that a ban takes away is behind the second wall); everybody sees themself; an educator sees the guardians of the children they work with.
const seenGuardians = reached + `,
judged as materialized (
  select g.*,
         exists (select 1 from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
                 where s.kita_id = g.kita_id and s.account_id = ? and s.role = 'leader' and s.archived_at is null)
         and (not exists (select 1 from guardian_children gc where gc.kita_id = g.kita_id and gc.guardian_id = g.id)
              and not exists (select 1 from barred_people x where x.kita_id = g.kita_id and x.guardian_id = g.id and x.account_id = ?)
              or exists (select 1 from guardian_children gc join mine m on m.kita_id = gc.kita_id and m.child_id = gc.child_id
                         where gc.kita_id = g.kita_id and gc.guardian_id = g.id and m.through = 'leader')) as kept,
         g.account_id = ? and g.archived_at is null
         and exists (select 1 from kitas k where k.id = g.kita_id and k.archived_at is null) as own,
         g.archived_at is null
         and exists (select 1 from guardian_children gc join mine m on m.kita_id = gc.kita_id and m.child_id = gc.child_id
                     where gc.kita_id = g.kita_id and gc.guardian_id = g.id and m.through = 'educator') as educated,
         exists (select 1 from barred_people x where x.kita_id = g.kita_id and x.guardian_id = g.id and x.account_id = ?) as barred,
         exists (select 1 from guardian_children gc join guardian_children my on my.kita_id = gc.kita_id and my.child_id = gc.child_id
                 join guardians me on me.kita_id = my.kita_id and me.id = my.guardian_id
                 where gc.kita_id = g.kita_id and gc.guardian_id = g.id and me.account_id = ?) as shares_child
  from   guardians g
  where  g.kita_id = ?),
seen as materialized (
  select j.*, case when j.kept and not j.barred then 'leader'
                   when j.own then 'self'
                   when j.kept then 'barred'
                   when j.educated then 'educator'
                   else '' end as seen_as
  from   judged j)
select c.id, c.kita_id, c.account_id, c.first_name, c.last_name, c.created_at, c.archived_at, c.seen_as,
       case when c.seen_as in ('leader', 'self') then c.email else '' end as email,
       case when c.seen_as in ('leader', 'self') then c.address else '' end as address,
       case when c.seen_as in ('leader', 'self') then c.language else '' end as language,
       case when c.seen_as in ('leader', 'self') then c.phone
            when c.barred or c.shares_child then ''
            else c.phone end as phone,
       c.account_id is not null and c.seen_as = 'leader' as signed_in,
       c.seen_as = 'leader' and exists (select 1 from devices d where d.account_id = c.account_id) as has_device
from   seen c
where  c.seen_as <> ''`

func seenGuardiansArgs(v kita.Viewer, kitaID kita.ID) []any {
	a := v.AccountID()
	return append(reachedArgs(v, kitaID), a, a, a, a, a, kitaID)
}

const tiesSeen = reached + `
select t.kita_id, t.guardian_id, t.child_id, t.relation, t.custody, t.receives_notices, t.created_at, t.banned,
       t.may_pick_up and (not t.banned or t.through <> 'educator') as may_pick_up
from  (select gc.*, m.through,
              exists (select 1 from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
                      where b.kita_id = gc.kita_id and b.child_id = gc.child_id and b.lifted_at is null
                      and   (bg.id = g.id or bg.account_id = g.account_id)) as banned
       from   guardian_children gc
       join   guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id
       join   mine m on m.kita_id = gc.kita_id and m.child_id = gc.child_id
       where  gc.kita_id = ? and gc.guardian_id in (?) and m.through = ?) t
order  by t.guardian_id, t.child_id`

// through is the reach by which the ties of a person seen so are shown.
func (a SeenAs) through() kita.Role {
	switch a {
	case AsSelf:
		return kita.RoleGuardian
	case AsEducator:
		return kita.RoleEducator
	}
	return kita.RoleLeader
}

// withTies adds each guardian's children, one statement for each way of seeing.
func withTies(ctx context.Context, q query, v kita.Viewer, kitaID kita.ID, rows []GuardianSeen) error {
	ids, at := map[SeenAs][]kita.ID{}, map[kita.ID]int{}
	for i, g := range rows {
		ids[g.As], at[g.ID] = append(ids[g.As], g.ID), i
		rows[i].Children = []TieSeen{}
	}
	for as, guardians := range ids {
		ties, err := listIn[TieSeen](ctx, q, tiesSeen, append(reachedArgs(v, kitaID), kitaID, guardians, as.through())...)
		if err != nil {
			return err
		}
		for _, t := range ties {
			rows[at[t.GuardianID]].Children = append(rows[at[t.GuardianID]].Children, t)
		}
	}
	return nil
}

// PeopleFilter narrows a list of people of one kita. Archived adds those who left, for those who manage them.
type PeopleFilter struct {
	KitaID   kita.ID
	Query    string
	Archived bool
	PageRequest
}

// byName reads the cursor of a list that is sorted by last name, first name and id.
func (f PeopleFilter) byName() ([]string, error) {
	after, err := f.parts(3)
	switch {
	case err != nil || !utf8.ValidString(strings.Join(after, "")):
		return nil, kita.Invalid("after", "page.cursor")
	case !utf8.ValidString(f.Query) || strings.ContainsFunc(f.Query, unicode.IsControl):
		return nil, kita.Invalid("q", "text.characters")
	case after == nil:
		after = []string{"", "", ""}
	}
	return after, nil
}

// Guardians are those of a kita whom the viewer may see, by last name, first name and id.
func (s *Store) Guardians(ctx context.Context, v kita.Viewer, f PeopleFilter) (Page[GuardianSeen], error) {
	q := s.as(v)
	defer q.end()
	after, err := f.byName()
	if err != nil {
		return Page[GuardianSeen]{}, err
	}
	statement := seenGuardians + " and (c.last_name, c.first_name, c.id) > (?, ?, ?)"
	args := append(seenGuardiansArgs(v, f.KitaID), after[0], after[1], after[2])
	if !f.Archived {
		statement += " and c.archived_at is null"
	}
	for _, word := range strings.Fields(f.Query) {
		clause, patterns := nameHolds(word)
		statement, args = statement+clause, append(args, patterns...)
	}
	rows, err := list[GuardianSeen](ctx, q, statement+" order by c.last_name, c.first_name, c.id limit ?", append(args, f.limit()+1)...)
	if err != nil {
		return Page[GuardianSeen]{}, err
	}
	page := paged(rows, f.limit(), func(g GuardianSeen) string { return cursor(g.LastName, g.FirstName, string(g.ID)) })
	return page, withTies(ctx, q, v, f.KitaID, page.Items)
}

// Guardian is one whom the viewer may see.
func (s *Store) Guardian(ctx context.Context, v kita.Viewer, id kita.ID) (GuardianSeen, error) {
	q := s.as(v)
	defer q.end()
	return guardianFor(ctx, q, v, id)
}

func guardianFor(ctx context.Context, q query, v kita.Viewer, id kita.ID) (g GuardianSeen, err error) {
	kitaID, err := get[kita.ID](ctx, q, `select kita_id from guardians where id = ?`, id)
	if err != nil {
		return g, err
	}
	if g, err = get[GuardianSeen](ctx, q, seenGuardians+" and c.id = ?", append(seenGuardiansArgs(v, kitaID), id)...); err != nil {
		return g, err
	}
	one := []GuardianSeen{g}
	err = withTies(ctx, q, v, kitaID, one)
	return one[0], err
}

// ledGuardian is the guardian when the viewer keeps their record as a leader, ErrNotFound for everybody else, and for a
// leader who is banned from one of the guardian's children.
func ledGuardian(tx *Tx, v kita.Viewer, id kita.ID) (GuardianSeen, error) {
	g, err := guardianFor(tx.ctx, tx.as(v), v, id)
	if err == nil && g.As != AsLeader {
		err = kita.ErrNotFound
	}
	return g, err
}

// CreateGuardian opens a guardian's record in a kita the viewer leads; the language is the kita's when empty. Sending the
// same again is harmless; again tells so.
func (s *Store) CreateGuardian(ctx context.Context, v kita.Viewer, g kita.Guardian) (seen GuardianSeen, again bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		k, err := ledKita(ctx, tx.as(v), v, g.KitaID)
		if err != nil {
			return err
		}
		row := g
		if row.Language == "" {
			row.Language = k.Language
		}
		if err := row.Check(); err != nil {
			return err
		}
		if again, err = tx.creation(v, g.ID, g); err != nil {
			return err
		}
		if !again {
			row.CreatedAt = tx.now
			if err := s.insertNew(tx, "guardians", guardianColumns, row); err != nil {
				return err
			}
			if err := tx.audit(v, k.ID, "guardian.create", g.ID); err != nil {
				return err
			}
		}
		seen, err = guardianFor(ctx, tx.as(v), v, g.ID)
		return err
	})
	return seen, again, err
}

// ChangeGuardian lets change work on a guardian's record: for leaders, and for the person themself, who keeps their own
// phone, e-mail, address and language but not their name.
func (s *Store) ChangeGuardian(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Guardian)) (seen GuardianSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if seen, err = guardianFor(ctx, tx.as(v), v, id); err != nil {
			return err
		}
		before := seen.Guardian
		change(&seen.Guardian)
		var c kita.Checks
		switch seen.As {
		case AsLeader:
		case AsSelf:
			c.That(seen.FirstName == before.FirstName, "first_name", "guardian.leader_only")
			c.That(seen.LastName == before.LastName, "last_name", "guardian.leader_only")
		default:
			return kita.ErrNotFound
		}
		c.Add(seen.Check())
		if err := c.Err(); err != nil {
			return err
		}
		if err := tx.update("guardians", "first_name, last_name, email, phone, address, language", seen.Guardian); err != nil {
			return err
		}
		return tx.audit(v, seen.KitaID, "guardian.change", id)
	})
	return seen, err
}

// ArchiveGuardian puts a guardian's record away, or takes it out again, for leaders. Access through it ends at once.
func (s *Store) ArchiveGuardian(ctx context.Context, v kita.Viewer, id kita.ID, archived bool) (seen GuardianSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if seen, err = ledGuardian(tx, v, id); err != nil {
			return err
		}
		seen.ArchivedAt = nil
		if archived {
			seen.ArchivedAt = &tx.now
		}
		if err := tx.update("guardians", "archived_at", seen.Guardian); err != nil {
			return err
		}
		if err := tx.readmitPerson(id); err != nil {
			return err
		}
		if err := tx.audit(v, seen.KitaID, "guardian.archive", id); err != nil || !archived {
			return err
		}
		return tx.endAccess(seen.AccountID)
	})
	return seen, err
}

// Tie ties a guardian to a child of the same kita, or changes the tie, for leaders. A ban on the pair stays in force.
func (s *Store) Tie(ctx context.Context, v kita.Viewer, t kita.Tie) (seen GuardianSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		g, err := tieable(tx, v, t.GuardianID, t.ChildID)
		if err != nil {
			return err
		}
		if err := t.Check(); err != nil {
			return err
		}
		t.KitaID, t.CreatedAt = g.KitaID, tx.now
		if _, err := tx.exec(`insert into guardian_children (`+tieColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?)
on conflict (kita_id, guardian_id, child_id) do update set relation = excluded.relation, custody = excluded.custody,
may_pick_up = excluded.may_pick_up, receives_notices = excluded.receives_notices`,
			t.KitaID, t.GuardianID, t.ChildID, t.Relation, t.Custody, t.MayPickUp, t.ReceivesNotices, t.CreatedAt); err != nil {
			return err
		}
		if err := tx.readmitPerson(t.GuardianID); err != nil {
			return err
		}
		tx.tell(kita.ChangeChildren, g.KitaID, t.ChildID)
		if err := tx.audit(v, g.KitaID, "guardian.tie", t.GuardianID); err != nil {
			return err
		}
		seen, err = guardianFor(ctx, tx.as(v), v, t.GuardianID)
		return err
	})
	return seen, err
}

// tieable is the guardian when the viewer leads both them and the child, in one kita.
func tieable(tx *Tx, v kita.Viewer, guardianID, childID kita.ID) (GuardianSeen, error) {
	g, err := ledGuardian(tx, v, guardianID)
	if err != nil {
		return g, err
	}
	ch, _, err := ledChild(tx, v, childID)
	if err == nil && ch.KitaID != g.KitaID {
		err = kita.ErrNotFound
	}
	return g, err
}

// Untie takes the tie away, for leaders. Somebody who has no more to do with a child keeps nothing of it: what was
// addressed to them about this child alone goes with the tie, as it does with a ban.
func (s *Store) Untie(ctx context.Context, v kita.Viewer, guardianID, childID kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		g, err := tieable(tx, v, guardianID, childID)
		if err != nil {
			return err
		}
		if err := tx.one(`delete from guardian_children where kita_id = ? and guardian_id = ? and child_id = ?`, g.KitaID, guardianID, childID); err != nil {
			return err
		}
		// Another record of the same account that is still tied keeps what both had.
		if _, err := tx.exec(`delete from recipient_children where kita_id = ? and child_id = ?
and recipient_id in (select r.id from recipients r where r.kita_id = ? and r.guardian_id in (`+samePerson+`))
and not exists (select 1 from guardian_children gc
                where gc.kita_id = recipient_children.kita_id and gc.child_id = recipient_children.child_id and gc.guardian_id in (`+samePerson+`))`,
			g.KitaID, childID, g.KitaID, guardianID, guardianID, guardianID, guardianID); err != nil {
			return err
		}
		if err := tx.dropEmptyRecipients(guardianID); err != nil {
			return err
		}
		if err := tx.readmitPerson(guardianID); err != nil {
			return err
		}
		tx.tell(kita.ChangeChildren, g.KitaID, childID)
		return tx.audit(v, g.KitaID, "guardian.untie", guardianID)
	})
}
