package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"morgenkreis/kita"
)

// patience is how long a device has to show a notice that is not urgent, from when its push could leave: who was asleep
// until seven is not rung up at seven. For an urgent notice the kita's own minutes are all there is.
const patience = 2 * time.Hour

// How long an e-mail is tried before somebody takes the telephone: long enough for a server that wants to be asked twice.
const (
	mailUrgentFor = 10 * time.Minute
	mailFor       = 4 * time.Hour
)

// silent: the recipients r of a notice who gave no sign, whom nothing else is on its way to, and who are still to be told.
// What is not finished is known here by its outcome: a planner that could also use the index of all that waits in the house
// would, for each recipient, when it takes the queue for short.
const silent = `
r.kita_id = ? and r.notice_id = ? and r.opened_at is null and r.shown_at is null and r.emailed_at is null and r.call_listed_at is null
and not exists (select 1 from deliveries m where m.kita_id = r.kita_id and m.recipient_id = r.id and m.channel = 'email' and m.outcome = '')
and ` + addressed

// trying: a push p waits for its first try, however late that is, or was tried in vain for no longer than patience, and
// is tried again within it.
const trying = `p.channel = 'push' and p.outcome = '' and (p.attempts = 0 or p.attempts < 8 and p.due_at <= ?)`

// impatient adds: no push was accepted after a moment, and none is still being tried.
const impatient = silent + `
and (r.accepted_at is null or r.accepted_at <= ?)
and not exists (select 1 from deliveries p where p.kita_id = r.kita_id and p.recipient_id = r.id and ` + trying + `)`

const mailThem = `
insert into deliveries (id, kita_id, account_id, recipient_id, channel, service, kind, rank, due_at, expires_at, created_at, turn)
select new_id(), r.kita_id, r.account_id, r.id, 'email', '` + mailService + `', 'notice', cast(? as bigint), cast(? as bigint), cast(? as bigint), cast(? as bigint), cast(? as bigint)
from   recipients r
left   join guardians mg on mg.kita_id = r.kita_id and mg.id = r.guardian_id
left   join staff ms on ms.kita_id = r.kita_id and ms.id = r.staff_id
left   join accounts ma on ma.id = r.account_id
where  coalesce(nullif(mg.email, ''), nullif(ms.email, ''), ma.login, '') <> '' and `

const callThem = `update recipients set call_listed_at = ? where id in (select r.id from recipients r where `

// left: those who are to be looked after later, and since when the patience with each counts.
const left = `
select r.accepted_at as accepted_at,
       (select max(p.due_at) from deliveries p where p.kita_id = r.kita_id and p.recipient_id = r.id and ` + trying + `) as due_at
from   recipients r
where  ` + silent

// SystemEscalate looks after those who gave no sign of a notice: an e-mail where the house can send one and an address is
// known, the call list otherwise. Of an urgent notice that is everybody, whatever a push service is doing; otherwise whose
// push is still being tried, or was accepted less than two hours ago, is left for later: again is then the time, at
// which the same job runs once more.
func (s *Store) SystemEscalate(ctx context.Context, notice kita.ID, mailWorks bool) (again kita.Instant, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		again = kita.Instant{}
		n, err := get[kita.Notice](ctx, tx, `select * from notices where id = ? and state = 'published'`, notice)
		if errors.Is(err, kita.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		whom, args, tryFor := impatient, []any{n.KitaID, notice, kita.At(tx.now.Add(-patience)), kita.At(tx.now.Add(patience))}, mailFor
		if n.Kind == kita.NoticeUrgent {
			whom, args, tryFor = silent, args[:2], mailUrgentFor
		}
		if mailWorks {
			if _, err := tx.exec(mailThem+whom, append([]any{n.Kind.Rank(), tx.now, kita.At(tx.now.Add(tryFor)), tx.now, tx.now}, args...)...); err != nil {
				return err
			}
		}
		tx.tell(kita.ChangeLedger, n.KitaID, n.ID)
		tx.wake()
		if _, err := tx.exec(callThem+whom+")", append([]any{tx.now}, args...)...); err != nil {
			return err
		}
		again, err = escalateAgain(tx, n)
		return err
	})
	return again, err
}

// escalateAgain moves the running job to when the next of those left can be looked after; zero when nobody is left.
func escalateAgain(tx *Tx, n kita.Notice) (again kita.Instant, err error) {
	waiting, err := list[struct {
		AcceptedAt *kita.Instant `db:"accepted_at"`
		DueAt      *kita.Instant `db:"due_at"`
	}](tx.ctx, tx, left, kita.At(tx.now.Add(patience)), n.KitaID, n.ID)
	if err != nil || len(waiting) == 0 {
		return again, err
	}
	for _, w := range waiting {
		from := time.Time{}
		if w.AcceptedAt != nil {
			from = w.AcceptedAt.Time
		}
		if w.DueAt != nil {
			from = latest(from, w.DueAt.Time, tx.now.Time) // what is due and was never tried counts from now: it was us who were not there
		}
		if at := kita.At(from.Add(patience)); again.IsZero() || at.Before(again.Time) {
			again = at
		}
	}
	return again, tx.enqueueAgain("escalate", n.ID, again)
}

func latest(times ...time.Time) time.Time { return slices.MaxFunc(times, time.Time.Compare) }
