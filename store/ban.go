package store

import (
	"context"
	"errors"

	"morgenkreis/kita"
)

// samePerson: the guardian record given (twice), and those of the same account, in whatever kita; theirRecords says the kita of
// each as well.
const (
	samePerson   = `select g.id from guardians g where ` + isSamePerson
	theirRecords = `select g.kita_id, g.id from guardians g where ` + isSamePerson
	isSamePerson = `(g.id = ? or g.account_id = (select o.account_id from guardians o where o.id = ?))`
)

// enforceBans takes from a guardian, and from every other record of the same account, what was addressed to them about
// children that a ban now keeps from them. A notice that is about no other child of theirs goes altogether, its deliveries
// with it; one that is about a sibling as well stays. A colleague who is banned is not told of the child's absences.
func (tx *Tx) enforceBans(guardianID kita.ID) error {
	const banned = `select b.kita_id, b.child_id from contact_bans b where b.lifted_at is null and (b.kita_id, b.guardian_id) in (` + theirRecords + `)`
	if _, err := tx.exec(`delete from recipient_children
where (kita_id, recipient_id) in (select r.kita_id, r.id from recipients r where (r.kita_id, r.guardian_id) in (`+theirRecords+`))
and (kita_id, child_id) in (`+banned+`)`,
		guardianID, guardianID, guardianID, guardianID); err != nil {
		return err
	}
	if err := tx.dropEmptyRecipients(guardianID); err != nil {
		return err
	}
	_, err := tx.exec(`update deliveries set finished_at = ?, outcome = ? where finished_at is null
and account_id = (select account_id from guardians where id = ?)
and absence_id in (select a.id from absences a where (a.kita_id, a.child_id) in (`+banned+`))`,
		tx.now, OutcomeCancelled, guardianID, guardianID, guardianID)
	return err
}

// dropEmptyRecipients removes a guardian from the notices that are about no child of theirs any more.
func (tx *Tx) dropEmptyRecipients(guardianID kita.ID) error {
	_, err := tx.exec(`delete from recipients where (kita_id, guardian_id) in (`+theirRecords+`)
and not exists (select 1 from recipient_children rc where rc.kita_id = recipients.kita_id and rc.recipient_id = recipients.id)`, guardianID, guardianID)
	return err
}

// BanSeen is a contact ban as the viewer may see it: leaders all of it, educators who may not come near which child but
// not why, the operator that there is one and whether its end was asked for, and nothing about whom.
type BanSeen struct {
	kita.ContactBan
	As            SeenAs `db:"seen_as"`
	Guardian      string `db:"guardian"`
	Child         string `db:"child"`
	EnteredByName string `db:"entered_by_name"`
}

// bansSeen: nobody sees, or lifts, what keeps them from a child themself; reach has taken that child from them.
const bansSeen = reached + `,
seen as materialized (
  select b.*, case
    when exists (select 1 from mine m where m.child_id = b.child_id and m.through = 'leader') then 'leader'
    when b.lifted_at is null and exists (select 1 from mine m where m.child_id = b.child_id and m.through = 'educator') then 'educator'
    when exists (select 1 from accounts a where a.id = ? and a.operator)
         and not exists (select 1 from guardians g where g.id = b.guardian_id and g.account_id = ?) then 'operator'
    else '' end as seen_as
  from   contact_bans b
  where  b.kita_id = ?)
select x.id, x.kita_id, x.entered_at, x.lift_requested_at, x.lifted_at, x.seen_as,
       case when x.seen_as <> 'operator' then x.guardian_id else '' end as guardian_id,
       case when x.seen_as <> 'operator' then x.child_id else '' end as child_id,
       case when x.seen_as <> 'operator' then g.first_name || ' ' || g.last_name else '' end as guardian,
       case when x.seen_as <> 'operator' then c.first_name || ' ' || c.last_name else '' end as child,
       case when x.seen_as = 'leader' then x.reason else '' end as reason,
       case when x.seen_as = 'leader' then x.entered_by else '' end as entered_by,
       case when x.seen_as = 'leader' then x.lift_requested_by end as lift_requested_by,
       case when x.seen_as = 'leader' then x.lifted_by end as lifted_by,
       case when x.seen_as = 'leader' then coalesce(
         (select min(s.first_name || ' ' || s.last_name) from staff s where s.kita_id = x.kita_id and s.account_id = x.entered_by),
         (select a.name from accounts a where a.id = x.entered_by), '') else '' end as entered_by_name
from   seen x
left   join guardians g on g.kita_id = x.kita_id and g.id = x.guardian_id
left   join children c on c.kita_id = x.kita_id and c.id = x.child_id
where  x.seen_as <> ''`

func bansSeenArgs(v kita.Viewer, kitaID kita.ID) []any {
	return append(reachedArgs(v, kitaID), v.AccountID(), v.AccountID(), kitaID)
}

// Bans of a kita as far as the viewer may see them, the latest first; ErrNotFound for who is neither of its team nor the
// operator, so that no stranger leaves lines in its log.
func (s *Store) Bans(ctx context.Context, v kita.Viewer, kitaID kita.ID, p PageRequest) (Page[BanSeen], error) {
	q := s.as(v)
	defer q.end()
	at, id, err := p.instant()
	if err != nil {
		return Page[BanSeen]{}, err
	}
	if _, err := get[kita.ID](ctx, q, `select k.id from kitas k where k.id = ?
and (exists (select 1 from accounts a where a.id = ? and a.operator)
  or k.archived_at is null and exists (select 1 from staff s where s.kita_id = k.id and s.account_id = ? and s.archived_at is null))`, kitaID, v.AccountID(), v.AccountID()); err != nil {
		return Page[BanSeen]{}, err
	}
	rows, err := list[BanSeen](ctx, q, bansSeen+" and (x.entered_at, x.id) < (?, ?) order by x.entered_at desc, x.id desc limit ?",
		append(bansSeenArgs(v, kitaID), at, id, p.limit()+1)...)
	return paged(rows, p.limit(), func(b BanSeen) string { return instantCursor(b.EnteredAt, b.ID) }), err
}

func banFor(tx *Tx, v kita.Viewer, id kita.ID) (BanSeen, error) {
	kitaID, err := get[kita.ID](tx.ctx, tx.as(v), `select kita_id from contact_bans where id = ?`, id)
	if err != nil {
		return BanSeen{}, err
	}
	return get[BanSeen](tx.ctx, tx.as(v), bansSeen+" and x.id = ?", append(bansSeenArgs(v, kitaID), id)...)
}

// CreateBan enters a contact ban, for leaders. From its return on the guardian sees and receives nothing of the child,
// whatever else they are to the kita: recipients and what was queued are gone in the same transaction. Sending the same
// again is harmless; again tells so.
func (s *Store) CreateBan(ctx context.Context, v kita.Viewer, b kita.ContactBan) (seen BanSeen, again bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		ch, k, err := ledChild(tx, v, b.ChildID)
		if err != nil {
			return unknown("child_id", err)
		}
		g, err := ledGuardian(tx, v, b.GuardianID)
		if err == nil && g.KitaID != k.ID {
			err = kita.ErrNotFound
		}
		if err != nil {
			return unknown("guardian_id", err)
		}
		if err := b.Check(); err != nil {
			return err
		}
		if again, err = tx.creation(v, b.ID, b); err != nil {
			return err
		}
		if again {
			seen, err = banFor(tx, v, b.ID)
			return err
		}
		active, err := get[int](ctx, tx, `select count(*) from contact_bans where kita_id = ? and child_id = ? and guardian_id = ? and lifted_at is null`, k.ID, b.ChildID, b.GuardianID)
		if err != nil {
			return err
		}
		if active > 0 {
			return kita.Refused("ban.active")
		}
		row := b
		row.KitaID, row.EnteredBy, row.EnteredAt = k.ID, v.AccountID(), tx.now
		if err := s.insertNew(tx, "contact_bans", banColumns, row); err != nil {
			return err
		}
		if err := tx.enforceBans(b.GuardianID); err != nil {
			return err
		}
		if err := tx.readmitPerson(b.GuardianID); err != nil {
			return err
		}
		tx.tell(kita.ChangeChildren, k.ID, b.ChildID)
		seen = BanSeen{ContactBan: row, As: AsLeader, Guardian: g.Name(), Child: ch.Name(), EnteredByName: v.NameIn(k.ID)}
		return tx.audit(v, k.ID, "ban.create", b.ID)
	})
	return seen, again, err
}

// LiftBan is the viewer's word that a ban should end (kita.ContactBan.Lift): a leader's, or the operator's.
func (s *Store) LiftBan(ctx context.Context, v kita.Viewer, id kita.ID) (seen BanSeen, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if seen, err = banFor(tx, v, id); err != nil {
			return err
		}
		operator, err := get[bool](ctx, tx.as(v), `select a.operator from accounts a where a.id = ?`, v.AccountID())
		if err != nil {
			return err
		}
		if seen.As != AsLeader && !operator {
			return kita.ErrNotFound
		}
		b, err := get[kita.ContactBan](ctx, tx, `select * from contact_bans where id = ?`, id)
		if err != nil {
			return err
		}
		if b, err = b.Lift(v.AccountID(), operator, tx.now); err != nil {
			return err
		}
		if err := tx.update("contact_bans", "lift_requested_by, lift_requested_at, lifted_by, lifted_at", b); err != nil {
			return err
		}
		if err := tx.readmitPerson(b.GuardianID); err != nil {
			return err
		}
		tx.tell(kita.ChangeChildren, b.KitaID, b.ChildID)
		action := "ban.lift_request"
		if b.LiftedAt != nil {
			action = "ban.lift"
		}
		if err := tx.audit(v, b.KitaID, action, id); err != nil {
			return err
		}
		seen, err = banFor(tx, v, id)
		return err
	})
	return seen, err
}

// unknown says that field names what is not there for the viewer; any other error stays as it is.
func unknown(field string, err error) error {
	if errors.Is(err, kita.ErrNotFound) {
		return kita.Invalid(field, "id.unknown")
	}
	return err
}
