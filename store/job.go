package store

import (
	"context"
	"time"

	"morgenkreis/kita"
)

// Job is something that happens by the clock.
type Job struct {
	ID        kita.ID      `db:"id"`
	Kind      string       `db:"kind"`
	SubjectID kita.ID      `db:"subject_id"`
	DueAt     kita.Instant `db:"due_at"`
	Attempts  int          `db:"attempts"`
}

// enqueue has kind happen to subject at due; a job that waits for the same is moved there instead.
func (tx *Tx) enqueue(kind string, kitaID, subject kita.ID, due kita.Instant) error {
	_, err := tx.exec(`insert into jobs (id, kita_id, kind, subject_id, due_at, created_at) values (new_id(), nullif(?, ''), ?, ?, ?, ?)
on conflict (kind, subject_id) where finished_at is null do update set due_at = excluded.due_at, leased_until = 0, attempts = 0`,
		kitaID, kind, subject, due, tx.now)
	return err
}

// enqueueAgain moves the running job on, so that finishing it leaves it standing.
func (tx *Tx) enqueueAgain(kind string, subject kita.ID, due kita.Instant) error {
	_, err := tx.exec(`update jobs set due_at = ?, leased_until = 0, attempts = 0 where kind = ? and subject_id = ? and finished_at is null`, due, kind, subject)
	return err
}

// SystemClaimJobs takes up to limit jobs that are due, and holds them for a Lease.
func (s *Store) SystemClaimJobs(ctx context.Context, limit int) (jobs []Job, err error) {
	const due = `select id from jobs where finished_at is null and due_at <= ? and leased_until <= ? order by due_at limit ?`
	// To ask costs less than to wait for the one who may write.
	now := s.Now()
	if waiting, err := list[kita.ID](ctx, s.db, due, now, now, 1); err != nil || len(waiting) == 0 {
		return nil, err
	}
	err = s.write(ctx, func(tx *Tx) error {
		jobs, err = list[Job](ctx, tx, `
update jobs set leased_until = ?, attempts = attempts + 1
where  id in (`+due+s.engine.claimLock()+`)
returning id, kind, subject_id, due_at, attempts`, kita.At(tx.now.Add(Lease)), tx.now, tx.now, limit)
		return err
	})
	return jobs, err
}

// SystemFinishJob ends a job; one that was moved while it ran (its due time is another) stays.
func (s *Store) SystemFinishJob(ctx context.Context, j Job) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(`update jobs set finished_at = ?, trouble = '' where id = ? and due_at = ? and finished_at is null`, tx.now, j.ID, j.DueAt)
		return err
	})
}

// SystemRetryJob hands a job back, with what stood in its way; it waits twice as long each time, at most an hour.
func (s *Store) SystemRetryJob(ctx context.Context, j Job, trouble string) error {
	wait := min(time.Hour, 10*time.Second<<min(j.Attempts, 10))
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(`update jobs set leased_until = ?, trouble = ? where id = ? and due_at = ? and finished_at is null`, kita.At(tx.now.Add(wait)), cut(trouble, 500), j.ID, j.DueAt)
		return err
	})
}

// SystemReleaseLeases hands back what a process that has died held. Only for a database of one process: SQLite's.
func (s *Store) SystemReleaseLeases(ctx context.Context) error {
	return s.write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(`update deliveries set leased_until = 0 where finished_at is null and leased_until > 0`); err != nil {
			return err
		}
		_, err := tx.exec(`update jobs set leased_until = 0 where finished_at is null and leased_until > 0`)
		return err
	})
}
