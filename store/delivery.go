package store

import (
	"context"
	"time"

	"morgenkreis/kita"
)

// Delivery is one message on its way to one device, or to one address, with all that is needed to write it.
type Delivery struct {
	ID          kita.ID      `db:"id"`
	KitaID      *kita.ID     `db:"kita_id"`
	AccountID   *kita.ID     `db:"account_id"`
	RecipientID *kita.ID     `db:"recipient_id"`
	AbsenceID   *kita.ID     `db:"absence_id"`
	Channel     string       `db:"channel"`
	Service     string       `db:"service"`
	Kind        string       `db:"kind"`
	Attempts    int          `db:"attempts"`
	Shortened   bool         `db:"shortened"`
	ExpiresAt   kita.Instant `db:"expires_at"`

	SubscriptionID *kita.ID `db:"subscription_id"`
	Endpoint       string   `db:"endpoint"`
	P256dh         string   `db:"p256dh"`
	Auth           string   `db:"auth"`

	Language  string `db:"language"` // the account's, or of the person the e-mail goes to
	Email     string `db:"email"`
	Person    string `db:"person"`
	Unread    int    `db:"unread"`
	KitaName  string `db:"kita_name"`
	TitleOnly bool   `db:"title_only"`
	GroupName string `db:"group_name"` // of the absent child, on the first day

	NoticeID   *kita.ID        `db:"notice_id"`
	NoticeKind kita.NoticeKind `db:"notice_kind"`
	Title      string          `db:"title"`
	Body       kita.Markdown   `db:"body"`
	NoticeLang string          `db:"notice_language"`
	Corrected  bool            `db:"corrected"`
	Discretion kita.Discretion `db:"discretion"`
}

// Subscription is the device of a push.
func (d Delivery) Subscription() kita.Subscription {
	s := kita.Subscription{Endpoint: d.Endpoint, P256dh: d.P256dh, Auth: d.Auth}
	if d.SubscriptionID != nil {
		s.ID = *d.SubscriptionID
	}
	if d.AccountID != nil {
		s.AccountID = *d.AccountID
	}
	return s
}

const claimedDeliveries = `
select d.id, d.kita_id, d.account_id, d.recipient_id, d.absence_id, d.channel, d.service, d.kind, d.attempts, d.shortened, d.expires_at,
       d.subscription_id, coalesce(p.endpoint, '') as endpoint, coalesce(p.p256dh, '') as p256dh, coalesce(p.auth, '') as auth,
       coalesce(a.language, g.language, st.language, 'de') as language,
       coalesce(nullif(g.email, ''), nullif(st.email, ''), a.login, '') as email,
       coalesce(g.first_name || ' ' || g.last_name, st.first_name || ' ' || st.last_name, a.name, '') as person,
       (select count(*) from recipients u where u.account_id = d.account_id and u.opened_at is null and not u.withdrawn) as unread,
       coalesce(k.name, '') as kita_name, coalesce(k.title_only, false) as title_only,
       coalesce((select gr.name from absences ab join placements pl on pl.child_id = ab.child_id and pl.from_day <= ab.from_day and pl.to_day >= ab.from_day
                 join groups gr on gr.id = pl.group_id where ab.id = d.absence_id), '') as group_name,
       n.id as notice_id, coalesce(n.kind, '') as notice_kind, coalesce(n.title, '') as title, coalesce(n.body, '') as body,
       coalesce(n.language, '') as notice_language, n.corrected_at is not null as corrected,
       coalesce(n.discretion, 0) as discretion
from   deliveries d
left   join subscriptions p on p.id = d.subscription_id
left   join accounts a on a.id = d.account_id
left   join kitas k on k.id = d.kita_id
left   join recipients r on r.id = d.recipient_id
left   join guardians g on g.id = r.guardian_id
left   join staff st on st.id = r.staff_id
left   join notices n on n.id = r.notice_id
where  d.id in (?)
order  by d.rank, d.due_at, d.id`

// SystemClaimDeliveries takes up to limit deliveries of channel that are due, the urgent first, and holds them for a
// Lease. Those of the services in busy are left for later, so that a slow one does not stand in the others' way.
func (s *Store) SystemClaimDeliveries(ctx context.Context, channel string, limit int, busy []string) ([]Delivery, error) {
	if len(busy) == 0 {
		busy = []string{""}
	}
	var ids []kita.ID
	err := s.write(ctx, func(tx *Tx) (err error) {
		ids, err = listIn[kita.ID](ctx, tx, `
update deliveries set leased_until = ?
where  id in (select id from deliveries where finished_at is null and due_at <= ? and leased_until <= ? and channel = ? and service not in (?)
              order by rank, due_at limit ?`+s.engine.claimLock()+`)
returning id`, kita.At(tx.now.Add(Lease)), tx.now, tx.now, channel, busy, limit)
		return err
	})
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	return listIn[Delivery](ctx, s.db, claimedDeliveries, ids)
}

// stillWanted: what is asked right before sending. A notice must be public and unread by this person since it was last
// announced, the person still be there, no ban have come between; an absence must stand and the colleague still be at work; a test needs
// nothing but its device.
const stillWanted = `
select case
  when d.finished_at is not null then 'finished'
  when d.channel = 'push' and not exists (select 1 from subscriptions p where p.id = d.subscription_id and p.account_id = d.account_id) then 'gone'
  when d.kind = 'test' then ''
  when d.kind = 'absence' then
    case when exists (select 1 from absences ab join reach on reach.child_id = ab.child_id
                      where ab.id = d.absence_id and ab.withdrawn_at is null and reach.account_id = d.account_id
                      and reach.through in ('leader', 'educator') and reach.until_day >= ab.from_day) then '' else 'cancelled' end
  when not exists (select 1 from recipients r join notices n on n.id = r.notice_id
                   where r.id = d.recipient_id and n.state = 'published' and not r.withdrawn
                   and (r.account_id = d.account_id or r.account_id is null and d.account_id is null or d.channel = 'email')
                   and (exists (select 1 from staff s where s.id = r.staff_id and s.archived_at is null)
                        or exists (select 1 from guardians g where g.id = r.guardian_id and g.archived_at is null)
                           and exists (select 1 from recipient_children rc join told t on t.child_id = rc.child_id
                                       where rc.recipient_id = r.id and (t.guardian_id = r.guardian_id or t.account_id = r.account_id)))) then 'cancelled'
  when d.kind = 'reminder' then
    case when exists (select 1 from recipients r where r.id = d.recipient_id and r.confirmed_at is null) then '' else 'cancelled' end
  when exists (select 1 from recipients r where r.id = d.recipient_id and (r.opened_at is not null or d.channel = 'email' and r.shown_at is not null)) then 'cancelled'
  else '' end
from deliveries d
where d.id = ?`

// SystemStillWanted asks, right before sending, whether the delivery may still go: empty when it may, otherwise the
// outcome to note ("cancelled", "gone", "finished").
func (s *Store) SystemStillWanted(ctx context.Context, id kita.ID) (string, error) {
	outcome, err := get[string](ctx, s.db, stillWanted, id)
	if err == error(kita.ErrNotFound) {
		return "finished", nil
	}
	return outcome, err
}

// Outcomes of a delivery. A delivery that is not finished has none.
const (
	OutcomeAccepted      = "accepted"
	OutcomeGone          = "gone"
	OutcomeExpired       = "expired"
	OutcomeMisconfigured = "misconfigured"
	OutcomeFailed        = "failed"
	OutcomeCancelled     = "cancelled"
	OutcomeFinished      = "finished" // somebody else has; nothing to note
)

// Completion is what became of one try.
type Completion struct {
	ID           kita.ID
	RecipientID  *kita.ID
	Subscription *kita.ID
	Channel      string
	Service      string
	// Outcome is empty when the delivery is to be tried again at RetryAt.
	Outcome string
	Status  int
	RetryAt kita.Instant
	Shorten bool
}

// SystemComplete notes what became of a batch, in one transaction and by set. It is told which deliveries were finished
// meanwhile by somebody else; those are left as they are.
func (s *Store) SystemComplete(ctx context.Context, batch []Completion) error {
	return s.write(ctx, func(tx *Tx) error {
		byOutcome := map[string][]Completion{}
		for _, c := range batch {
			if c.Outcome == "" {
				if err := retryLater(tx, c); err != nil {
					return err
				}
			} else if c.Outcome != OutcomeFinished {
				byOutcome[c.Outcome] = append(byOutcome[c.Outcome], c)
			}
		}
		for _, outcome := range []string{OutcomeAccepted, OutcomeGone, OutcomeExpired, OutcomeMisconfigured, OutcomeFailed, OutcomeCancelled} {
			for all := byOutcome[outcome]; len(all) > 0; {
				n := min(len(all), 500)
				if err := finish(tx, outcome, all[:n]); err != nil {
					return err
				}
				all = all[n:]
			}
		}
		return nil
	})
}

func retryLater(tx *Tx, c Completion) error {
	_, err := tx.exec(`update deliveries set leased_until = 0, due_at = ?, attempts = attempts + 1, status = ?, shortened = shortened or ?
where id = ? and finished_at is null`, c.RetryAt, c.Status, c.Shorten, c.ID)
	return err
}

func finish(tx *Tx, outcome string, all []Completion) error {
	var ids, recipients, subscriptions, mailed []kita.ID
	byStatus := map[int][]kita.ID{}
	for _, c := range all {
		ids = append(ids, c.ID)
		byStatus[c.Status] = append(byStatus[c.Status], c.ID)
		if c.RecipientID != nil && c.Channel == "email" {
			mailed = append(mailed, *c.RecipientID)
		} else if c.RecipientID != nil {
			recipients = append(recipients, *c.RecipientID)
		}
		if c.Subscription != nil {
			subscriptions = append(subscriptions, *c.Subscription)
		}
	}
	for status, of := range byStatus {
		if _, err := tx.execIn(`update deliveries set finished_at = ?, leased_until = 0, attempts = attempts + 1, outcome = ?, status = ?
where id in (?) and finished_at is null`, tx.now, outcome, status, of); err != nil {
			return err
		}
	}
	set := func(statement string, of []kita.ID, args ...any) error {
		if len(of) == 0 {
			return nil
		}
		_, err := tx.execIn(statement, append(args, of)...)
		return err
	}
	switch outcome {
	case OutcomeAccepted:
		if err := set(`update recipients set accepted_at = coalesce(accepted_at, cast(? as bigint)), trouble = '' where id in (?)`, recipients, tx.now); err != nil {
			return err
		}
		if err := set(`update recipients set emailed_at = coalesce(emailed_at, cast(? as bigint)) where id in (?)`, mailed, tx.now); err != nil {
			return err
		}
		return set(`update subscriptions set last_accepted_at = ?, trouble = '' where id in (?)`, subscriptions, tx.now)
	case OutcomeGone:
		if err := set(`delete from subscriptions where id in (?)`, subscriptions); err != nil {
			return err
		}
	case OutcomeMisconfigured:
		if err := set(`update subscriptions set trouble = 'misconfigured' where id in (?)`, subscriptions); err != nil {
			return err
		}
	case OutcomeCancelled:
		return nil
	}
	if err := set(troubled, recipients); err != nil {
		return err
	}
	// An e-mail that can not be delivered leaves only the telephone.
	return set(`update recipients set call_listed_at = coalesce(call_listed_at, cast(? as bigint)) where id in (?)`, mailed, tx.now)
}

// troubled: once nothing is on its way any more and nothing was accepted, the ledger says why.
const troubled = `
update recipients set trouble = case when exists (select 1 from subscriptions d where d.account_id = recipients.account_id) then 'failed' else 'no_device' end
where  accepted_at is null
and    not exists (select 1 from deliveries d where d.recipient_id = recipients.id and d.finished_at is null)
and    id in (?)`

// settle is how long a device has, after its push service accepted a push, to say that it showed it.
const settle = 10 * time.Minute

// SystemEscalate looks after those who gave no sign of a notice: an e-mail where the house can send one and an address
// is known, the call list otherwise. Whose push is still on its way, or was accepted only just now, is given time: again
// is then true, and the job runs once more.
func (s *Store) SystemEscalate(ctx context.Context, notice kita.ID, mailWorks bool) (again kita.Instant, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		again = kita.Instant{}
		n, err := get[kita.Notice](ctx, tx, `select * from notices where id = ? and state = 'published'`, notice)
		if err == error(kita.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		const noSign = `notice_id = ? and opened_at is null and shown_at is null and emailed_at is null and call_listed_at is null
and not exists (select 1 from deliveries m where m.recipient_id = recipients.id and m.channel = 'email' and m.finished_at is null)`
		const settled = ` and (accepted_at is null or accepted_at <= ?)
and not exists (select 1 from deliveries p where p.recipient_id = recipients.id and p.channel = 'push' and p.finished_at is null)`
		before := kita.At(tx.now.Add(-settle))
		if mailWorks {
			if _, err := tx.exec(`
insert into deliveries (id, kita_id, account_id, recipient_id, channel, service, kind, rank, due_at, expires_at, created_at)
select new_id(), recipients.kita_id, recipients.account_id, recipients.id, 'email', 'smtp', 'notice', cast(? as bigint), cast(? as bigint), cast(? as bigint), cast(? as bigint)
from   recipients
left   join guardians g on g.id = recipients.guardian_id
left   join staff st on st.id = recipients.staff_id
left   join accounts a on a.id = recipients.account_id
where  coalesce(nullif(g.email, ''), nullif(st.email, ''), a.login, '') <> '' and `+noSign+settled,
				n.Kind.Rank(), tx.now, kita.At(tx.now.Add(24*time.Hour)), tx.now, notice, before); err != nil {
				return err
			}
		}
		if _, err := tx.exec(`update recipients set call_listed_at = ? where `+noSign+settled, tx.now, notice, before); err != nil {
			return err
		}
		waiting, err := get[int](ctx, tx, `select count(*) from recipients where `+noSign, notice)
		if err == nil && waiting > 0 {
			again = kita.At(tx.now.Add(settle))
			err = tx.enqueueAgain("escalate", n.ID, again)
		}
		return err
	})
	if err == nil {
		s.wake()
	}
	return again, err
}

// enqueueAgain moves the running job on, so that finishing it leaves it standing.
func (tx *Tx) enqueueAgain(kind string, subject kita.ID, due kita.Instant) error {
	_, err := tx.exec(`update jobs set due_at = ?, leased_until = 0, attempts = 0 where kind = ? and subject_id = ? and finished_at is null`, due, kind, subject)
	return err
}

// SystemHandBack lets go of deliveries that were claimed and not tried.
func (s *Store) SystemHandBack(ctx context.Context, ids []kita.ID) error {
	if len(ids) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.execIn(`update deliveries set leased_until = 0 where id in (?) and finished_at is null`, ids)
		return err
	})
}

// QueueState is what waits, for metrics and doctor.
type QueueState struct {
	Pushes        int           `db:"pushes"`
	Emails        int           `db:"emails"`
	OldestDue     *kita.Instant `db:"oldest_due"`
	Jobs          int           `db:"jobs"`
	StuckJobs     int           `db:"stuck_jobs"`
	Misconfigured int           `db:"misconfigured"`
	Subscriptions int           `db:"subscriptions"`
}

// SystemQueue counts what is due and not yet sent, jobs that were tried three times in vain, and pushes that a service
// refused for our own fault in the last day.
func (s *Store) SystemQueue(ctx context.Context) (QueueState, error) {
	now := s.Now()
	return get[QueueState](ctx, s.db, `
select (select count(*) from deliveries where finished_at is null and due_at <= ? and channel = 'push') as pushes,
       (select count(*) from deliveries where finished_at is null and due_at <= ? and channel = 'email') as emails,
       (select min(due_at) from deliveries where finished_at is null and due_at <= ?) as oldest_due,
       (select count(*) from jobs where finished_at is null and due_at <= ?) as jobs,
       (select count(*) from jobs where finished_at is null and attempts >= 3) as stuck_jobs,
       (select count(*) from deliveries where outcome = 'misconfigured' and finished_at > ?) as misconfigured,
       (select count(*) from subscriptions) as subscriptions`,
		now, now, now, now, kita.At(now.Add(-24*time.Hour)))
}
