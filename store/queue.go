package store

import (
	"context"
	"time"

	"morgenkreis/kita"
)

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
select (select count(*) from deliveries where finished_at is null and due_at <= ? and service <> '`+mailService+`') as pushes,
       (select count(*) from deliveries where finished_at is null and due_at <= ? and service = '`+mailService+`') as emails,
       (select min(due_at) from deliveries where finished_at is null and due_at <= ?) as oldest_due,
       (select count(*) from jobs where finished_at is null and due_at <= ?) as jobs,
       (select count(*) from jobs where finished_at is null and attempts >= 3) as stuck_jobs,
       (select count(*) from deliveries where outcome = '`+OutcomeMisconfigured+`' and finished_at > ?) as misconfigured,
       (select count(*) from subscriptions) as subscriptions`,
		now, now, now, now, kita.At(now.Add(-24*time.Hour)))
}
