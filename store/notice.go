package store

import (
	"context"
	"errors"
	"slices"

	"morgenkreis/kita"
)

const noticeColumns = `id, kita_id, kind, title, body, language, audience, confirm_wanted, state, author_id, author_name,
starts_at, ends_at, place, publish_at, ends_on, version, discretion, created_at, published_at, corrected_at, withdrawn_at, withdrawn_by`

// CreateNotice writes n and, unless it is for later, publishes it: the notice, its recipients, their deliveries and the
// job that looks after those who give no sign are ONE transaction. From its return on the notice can not be lost.
// Sending the same again answers what is there.
func (s *Store) CreateNotice(ctx context.Context, v kita.Viewer, n kita.Notice) (_ kita.Notice, again bool, err error) {
	targets := n.Audience().Normal()
	n.Targets = targets.Targets
	asked := n
	if n.Kind == kita.NoticeUrgent && !n.PublishAt.After(s.Now().Time) {
		defer s.hub.wake() // somebody looks, whatever has become of it
		// Guardians and strangers hold up nobody by trying to. Of a provider it is only known in the transaction whose kita this is.
		if v.HasIn(n.KitaID, kita.RoleLeader, kita.RoleEducator) || v.Has(kita.RoleProvider) {
			defer s.haste.begin()()
		}
	}
	give, err := s.turns.take(ctx, n.KitaID)
	if err != nil {
		return kita.Notice{}, false, err
	}
	defer give()
	err = s.write(ctx, func(tx *Tx) error {
		n = asked
		k, err := openKita(ctx, tx, n.KitaID)
		if err != nil {
			return err
		}
		if again, err = tx.creation(v, n.ID, creationOf(n)); err != nil {
			return err
		}
		if again {
			n, err = noticeFor(ctx, tx.as(v), v, n.ID)
			return err
		}
		n.AuthorID, n.AuthorName, n.Version = v.AccountID(), v.NameIn(n.KitaID), 1
		n.CreatedAt, n.State = tx.now, kita.NoticeScheduled
		if n.Language == "" {
			n.Language = k.Language
		}
		n.PublishAt = later(n.PublishAt, tx.now)
		// Who may not knock at this kita learns nothing about the request itself.
		if err := mayAddress(ctx, tx.as(v), v, n.KitaID, targets); err != nil {
			return err
		}
		if err := n.Check(tx.now.Time, k.Today(tx.now.Time)); err != nil {
			return err
		}
		if err := tx.insert("notices", noticeColumns, n); err != nil {
			return err
		}
		if err := insertTargets(tx, n); err != nil {
			return err
		}
		if err := attach(tx, v, n); err != nil {
			return err
		}
		if err := tx.audit(v, n.KitaID, "notice.create", n.ID); err != nil {
			return err
		}
		if n.PublishAt.After(tx.now.Time) {
			tx.tell(kita.ChangeNotices, n.KitaID, n.ID)
			return tx.enqueue("publish", n.KitaID, n.ID, n.PublishAt)
		}
		n, err = publish(tx, n, k)
		return err
	})
	return n, again, err
}

// later is the hour that was asked for, or now when that is past, or none.
func later(at, now kita.Instant) kita.Instant {
	if at.After(now.Time) {
		return at
	}
	return now
}

// creationOf is what makes two creates the same: all that the client sent, nothing that the server added.
func creationOf(n kita.Notice) any {
	return []any{n.KitaID, n.Kind, n.Title, n.Body, n.Language, n.AudienceKind, n.Targets, n.ConfirmWanted,
		n.StartsAt, n.EndsAt, n.Place, n.PublishAt.UnixMilli(), n.EndsOn, n.FileIDs}
}

func insertTargets(tx *Tx, n kita.Notice) error {
	type row struct {
		KitaID   kita.ID `db:"kita_id"`
		NoticeID kita.ID `db:"notice_id"`
		TargetID kita.ID `db:"target_id"`
	}
	rows := make([]row, len(n.Targets))
	for i, id := range n.Targets {
		rows[i] = row{n.KitaID, n.ID, id}
	}
	return insertAll(tx, "notice_targets", "kita_id, notice_id, target_id", rows)
}

// attach ties files that the viewer uploaded into this kita to n.
func attach(tx *Tx, v kita.Viewer, n kita.Notice) error {
	for i, id := range n.FileIDs {
		mine, err := get[int](tx.ctx, tx.as(v), `select count(*) from files where id = ? and kita_id = ? and account_id = ?`, id, n.KitaID, v.AccountID())
		if err != nil {
			return err
		}
		if mine == 0 || slices.Contains(n.FileIDs[:i], id) {
			return kita.Invalid("file_ids", "id.unknown")
		}
	}
	for i, id := range n.FileIDs {
		if _, err := tx.exec(`insert into notice_files (kita_id, notice_id, file_id, position) values (?, ?, ?, ?)`, n.KitaID, n.ID, id, i); err != nil {
			return err
		}
	}
	return nil
}

// publish makes n public inside tx: audience and bans are resolved now, not when it was written.
func publish(tx *Tx, n kita.Notice, k kita.Kita) (kita.Notice, error) {
	n.State, n.PublishedAt = kita.NoticePublished, &tx.now
	if err := discern(tx, &n); err != nil {
		return n, err
	}
	if err := tx.update("notices", "state, published_at, discretion", n); err != nil {
		return n, err
	}
	if err := resolve(tx, n, k); err != nil {
		return n, err
	}
	// Whoever wrote it has read it.
	if _, err := tx.exec(`update recipients set opened_at = ? where kita_id = ? and notice_id = ? and account_id = ?`, tx.now, n.KitaID, n.ID, n.AuthorID); err != nil {
		return n, err
	}
	if err := deliver(tx, n, k, "notice"); err != nil {
		return n, err
	}
	tx.tell(kita.ChangeNotices, n.KitaID, n.ID)
	return n, tx.enqueue("escalate", n.KitaID, n.ID, kita.At(k.EscalatesAt(n.Kind, tx.now.Time)))
}

// discern decides how much of n a lock screen may show: no child's name, nothing about health.
func discern(tx *Tx, n *kita.Notice) error {
	names, err := list[string](tx.ctx, tx, `select distinct first_name from children where kita_id = ? and archived_at is null`, n.KitaID)
	n.Discretion = n.Discern(names)
	return err
}

// resolve writes the recipients of n: one row per person, however many of their children it is about. Two records of one
// person in one kita are one recipient: they share the account. Whether there is a device is asked in a scalar: of an exists
// PostgreSQL would read every device of the house, once, and keep it.
func resolve(tx *Tx, n kita.Notice, k kita.Kita) error {
	if n.AudienceKind == kita.AudienceStaff {
		_, err := tx.exec(`
insert into recipients (id, kita_id, notice_id, account_id, staff_id, published_at, trouble)
select new_id(), p.kita_id, cast(? as text), p.account_id, p.staff_id, cast(? as bigint),
       case when (select d.account_id from subscriptions d where d.account_id = p.account_id limit 1) is null then 'no_device' else '' end
from  (select s.kita_id as kita_id, s.account_id as account_id, min(s.id) as staff_id
       from   staff s
       where  s.kita_id = ? and s.archived_at is null
       group  by s.kita_id, s.account_id, coalesce(s.account_id, s.id)) p`, n.ID, tx.now, n.KitaID)
		return err
	}
	condition, args := aboutIn(n, k.Today(tx.now.Time))
	if _, err := tx.exec(`
insert into recipients (id, kita_id, notice_id, account_id, guardian_id, published_at, trouble)
select new_id(), p.kita_id, cast(? as text), p.account_id, p.guardian_id, cast(? as bigint),
       case when (select d.account_id from subscriptions d where d.account_id = p.account_id limit 1) is null then 'no_device' else '' end
from  (select t.kita_id as kita_id, t.account_id as account_id, min(t.guardian_id) as guardian_id
       from   told t
       where  `+condition+`
       group  by t.kita_id, t.account_id, coalesce(t.account_id, t.guardian_id)) p`, append([]any{n.ID, tx.now}, args...)...); err != nil {
		return err
	}
	// Each pair finds its recipient by an index: by the account they share, or by the person where there is none.
	_, err := tx.exec(`
insert into recipient_children (kita_id, recipient_id, child_id)
select t.kita_id, r.id, t.child_id
from   told t
join   recipients r on r.kita_id = t.kita_id and r.notice_id = ? and r.account_id = t.account_id
where  `+condition+`
union
select t.kita_id, r.id, t.child_id
from   told t
join   recipients r on r.kita_id = t.kita_id and r.notice_id = ? and r.guardian_id = t.guardian_id
where  t.account_id is null and `+condition, slices.Concat([]any{n.ID}, args, []any{n.ID}, args)...)
	return err
}

// deliver queues a push to every device of every recipient who has not read n. Quiet hours hold back what is not urgent;
// how long a push is of use counts from when it is due.
func deliver(tx *Tx, n kita.Notice, k kita.Kita, kind string) error {
	condition := "r.opened_at is null"
	if kind == "reminder" {
		condition = "r.reminded_at = " + "cast(? as bigint)"
	}
	ahead, err := get[int](tx.ctx, tx, aheadOf, n.KitaID, kita.At(tx.now.Add(-aheadFor)), tx.now, n.ID)
	if err != nil {
		return err
	}
	args := []any{kind, n.Kind.Rank(), tx.now, kita.At(n.Kind.Until(tx.now.Time, k.Zone())), tx.now, tx.now, ahead, ahead, n.KitaID, n.ID}
	if kind == "reminder" {
		args = append(args, tx.now)
	}
	if _, err := tx.exec(`
insert into deliveries (id, kita_id, account_id, recipient_id, subscription_id, channel, service, kind, rank, due_at, expires_at, created_at, turn)
select new_id(), r.kita_id, r.account_id, r.id, d.id, 'push', d.service, cast(? as text), cast(? as bigint), cast(? as bigint), cast(? as bigint), cast(? as bigint),
       cast(? as bigint) + `+turnOf+`
from   recipients r
join   subscriptions d on d.account_id = r.account_id
where  r.kita_id = ? and r.notice_id = ? and `+condition, args...); err != nil {
		return err
	}
	tx.wake()
	if n.Kind == kita.NoticeUrgent {
		return nil
	}
	quiet, err := list[struct {
		From kita.Clock `db:"quiet_from"`
		To   kita.Clock `db:"quiet_to"`
	}](tx.ctx, tx, `select distinct a.quiet_from as quiet_from, a.quiet_to as quiet_to
from recipients r join accounts a on a.id = r.account_id where r.kita_id = ? and r.notice_id = ? and a.quiet_from <> ''`, n.KitaID, n.ID)
	if err != nil {
		return err
	}
	for _, hours := range quiet {
		due := kita.QuietUntil(hours.From, hours.To, tx.now.Time, k.Zone())
		if due.Equal(tx.now.Time) {
			continue
		}
		if _, err := tx.exec(`
update deliveries set due_at = ?, expires_at = ?, turn = turn + (? - due_at)
where  finished_at is null and created_at = ? and kita_id = ? and recipient_id in (
    select r.id from recipients r join accounts a on a.id = r.account_id
    where  r.kita_id = ? and r.notice_id = ? and a.quiet_from = ? and a.quiet_to = ?)`,
			kita.At(due), kita.At(n.Kind.Until(due, k.Zone())), kita.At(due), tx.now, n.KitaID, n.KitaID, n.ID, hours.From, hours.To); err != nil {
			return err
		}
	}
	return nil
}

// SystemPublish publishes a scheduled notice whose time has come; one that was withdrawn or moved to a later hour meanwhile
// stays so: the hour that counts is the notice's own, not that of the job somebody has claimed.
func (s *Store) SystemPublish(ctx context.Context, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		n, err := get[kita.Notice](ctx, tx, `select * from notices where id = ? and state = 'scheduled' and publish_at <= ?`, id, tx.now)
		if errors.Is(err, kita.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		k, err := get[kita.Kita](ctx, tx, `select * from kitas where id = ?`, n.KitaID)
		if err != nil {
			return err
		}
		_, err = publish(tx, n, k)
		return err
	})
}
