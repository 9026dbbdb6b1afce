package store

import (
	"context"
	"time"

	"morgenkreis/kita"
)

// Correction is what a notice says instead. Announce tells everybody again: all signs of having read the old text are
// taken back, since nobody has read the new one.
type Correction struct {
	Title    *string
	Body     *kita.Markdown
	Place    *string
	StartsAt *kita.Instant
	EndsAt   *kita.Instant
	EndsOn   *kita.Day
	// PublishAt is another hour for a notice that is still to go out; past, it goes out at once.
	PublishAt *kita.Instant
	Announce  bool
}

// CorrectNotice changes what a notice says, for its author and the kita's leaders. What it said before stays in the log;
// a notice that is not yet published changes without a trace for guardians, its hour included. Both happen or neither: who
// moves the hour a moment too late has corrected nothing.
func (s *Store) CorrectNotice(ctx context.Context, v kita.Viewer, id kita.ID, c Correction) (n kita.Notice, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		var k kita.Kita
		if n, k, err = ownNotice(tx, v, id); err != nil {
			return err
		}
		if n.State == kita.NoticeWithdrawn {
			return kita.Refused("notice.withdrawn")
		}
		if c.PublishAt != nil && n.State == kita.NoticePublished {
			return kita.Refused("notice.published")
		}
		before := n
		apply(&n.Title, c.Title)
		apply(&n.Body, c.Body)
		apply(&n.Place, c.Place)
		apply(&n.EndsOn, c.EndsOn)
		if c.StartsAt != nil {
			n.StartsAt = c.StartsAt
		}
		if c.EndsAt != nil {
			n.EndsAt = c.EndsAt
		}
		if c.PublishAt != nil {
			n.PublishAt = later(*c.PublishAt, tx.now)
		}
		if err := n.Check(tx.now.Time, k.Today(tx.now.Time)); err != nil {
			return err
		}
		if n.State == kita.NoticePublished {
			if err := supersede(tx, v, before); err != nil {
				return err
			}
			n.Version, n.CorrectedAt = n.Version+1, &tx.now
			if err := discern(tx, &n); err != nil {
				return err
			}
		}
		if err := tx.update("notices", "title, body, place, starts_at, ends_at, ends_on, publish_at, version, discretion, corrected_at", n); err != nil {
			return err
		}
		if c.PublishAt != nil {
			if n, err = moved(tx, n, k); err != nil {
				return err
			}
		}
		if before.State == kita.NoticePublished && c.Announce {
			if err := announceAgain(tx, n, k); err != nil {
				return err
			}
		}
		tx.tell(kita.ChangeNotices, n.KitaID, n.ID)
		return tx.audit(v, n.KitaID, "notice.correct", n.ID)
	})
	return n, err
}

// moved has a scheduled notice go out at its new hour, or now. The job that waits for the old one is moved with it; a node
// that has claimed it already finds the notice not due (SystemPublish), or published.
func moved(tx *Tx, n kita.Notice, k kita.Kita) (kita.Notice, error) {
	if n.PublishAt.After(tx.now.Time) {
		return n, tx.enqueue("publish", n.KitaID, n.ID, n.PublishAt)
	}
	if _, err := tx.exec(`update jobs set finished_at = ? where finished_at is null and kind = 'publish' and subject_id = ?`, tx.now, n.ID); err != nil {
		return n, err
	}
	return publish(tx, n, k)
}

func apply[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func supersede(tx *Tx, v kita.Viewer, n kita.Notice) error {
	_, err := tx.exec(`insert into notice_versions (kita_id, notice_id, version, title, body, replaced_by, replaced_at) values (?, ?, ?, ?, ?, ?, ?)`,
		n.KitaID, n.ID, n.Version, n.Title, n.Body, v.AccountID(), tx.now)
	return err
}

func announceAgain(tx *Tx, n kita.Notice, k kita.Kita) error {
	if err := cancelDeliveries(tx, n); err != nil {
		return err
	}
	if _, err := tx.exec(`update recipients set accepted_at = null, shown_at = null, opened_at = null, confirmed_at = null,
emailed_at = null, call_listed_at = null, called_at = null, called_by = null, reminded_at = null,
trouble = case when exists (select 1 from subscriptions d where d.account_id = recipients.account_id) then '' else 'no_device' end
where kita_id = ? and notice_id = ? and (account_id is null or account_id <> ?)`, n.KitaID, n.ID, n.AuthorID); err != nil {
		return err
	}
	if err := deliver(tx, n, k, "correction"); err != nil {
		return err
	}
	return tx.enqueue("escalate", n.KitaID, n.ID, kita.At(k.EscalatesAt(n.Kind, tx.now.Time)))
}

func cancelDeliveries(tx *Tx, n kita.Notice) error {
	_, err := tx.exec(`update deliveries set finished_at = ?, outcome = 'cancelled' where finished_at is null
and kita_id = ? and recipient_id in (select id from recipients where kita_id = ? and notice_id = ?)`, tx.now, n.KitaID, n.KitaID, n.ID)
	return err
}

// WithdrawNotice takes a notice back, for its author and the kita's leaders: guardians no longer see it, what is still
// queued is not sent, the log keeps it.
func (s *Store) WithdrawNotice(ctx context.Context, v kita.Viewer, id kita.ID) (n kita.Notice, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if n, _, err = ownNotice(tx, v, id); err != nil {
			return err
		}
		if n.State == kita.NoticeWithdrawn {
			return nil
		}
		by := v.AccountID()
		n.State, n.WithdrawnAt, n.WithdrawnBy = kita.NoticeWithdrawn, &tx.now, &by
		if err := tx.update("notices", "state, withdrawn_at, withdrawn_by", n); err != nil {
			return err
		}
		if err := cancelDeliveries(tx, n); err != nil {
			return err
		}
		if _, err := tx.exec(`update recipients set withdrawn = true where kita_id = ? and notice_id = ?`, n.KitaID, id); err != nil {
			return err
		}
		if _, err := tx.exec(`update jobs set finished_at = ? where finished_at is null and subject_id = ?`, tx.now, id); err != nil {
			return err
		}
		tx.tell(kita.ChangeNotices, n.KitaID, n.ID)
		return tx.audit(v, n.KitaID, "notice.withdraw", n.ID)
	})
	return n, err
}

// ownNotice is a notice the viewer answers for: its author while still at work there, or a leader of its kita.
func ownNotice(tx *Tx, v kita.Viewer, id kita.ID) (kita.Notice, kita.Kita, error) {
	n, err := get[kita.Notice](tx.ctx, tx.as(v), postedNotices+` and n.id = ? and `+answersFor, append(postedArgs(v), id, v.AccountID(), v.AccountID())...)
	if err != nil {
		return n, kita.Kita{}, err
	}
	one := []kita.Notice{n}
	if err := withTargets(tx.ctx, tx.as(v), v, one); err != nil {
		return n, kita.Kita{}, err
	}
	k, err := openKita(tx.ctx, tx, n.KitaID)
	return one[0], k, err
}

// remindEvery keeps a reminder from becoming a nuisance.
const remindEvery = 15 * time.Minute

// Remind pushes once more to those who have not confirmed, and only to them, and looks after those who give no sign
// again. It answers how many people that are.
func (s *Store) Remind(ctx context.Context, v kita.Viewer, id kita.ID) (reminded int, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, k, err := ownNotice(tx, v, id)
		if err != nil {
			return err
		}
		switch {
		case n.State != kita.NoticePublished:
			return kita.Refused("notice.not_published")
		case !n.ConfirmWanted:
			return kita.Refused("notice.no_confirmation")
		}
		recent, err := get[int](ctx, tx, `select count(*) from recipients where kita_id = ? and notice_id = ? and reminded_at > ?`, n.KitaID, id, kita.At(tx.now.Add(-remindEvery)))
		if err != nil {
			return err
		}
		if recent > 0 {
			return kita.Refused("notice.reminded_already", "minutes", int(remindEvery/time.Minute))
		}
		count, err := tx.exec(`update recipients set reminded_at = ? where kita_id = ? and notice_id = ? and confirmed_at is null and (account_id is null or account_id <> ?)`,
			tx.now, n.KitaID, id, n.AuthorID)
		if err != nil {
			return err
		}
		reminded = int(count)
		if reminded == 0 {
			return nil
		}
		if err := deliver(tx, n, k, "reminder"); err != nil {
			return err
		}
		if err := tx.enqueue("escalate", n.KitaID, n.ID, kita.At(k.EscalatesAt(n.Kind, tx.now.Time))); err != nil {
			return err
		}
		tx.tell(kita.ChangeLedger, n.KitaID, id)
		return tx.audit(v, n.KitaID, "notice.remind", id)
	})
	return reminded, err
}
