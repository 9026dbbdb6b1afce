package store

import (
	"context"
	"time"

	"morgenkreis/kita"
)

// How long the house keeps what it no longer needs. Notices, absences and people end by a person's hand, never by the clock.
const (
	keepDeliveries = 90 * 24 * time.Hour
	keepAudit      = 3 * 365 * 24 * time.Hour // the limitation period of DSGVO claims (BGB § 195)
	keepCreations  = 30 * 24 * time.Hour
	keepUploads    = 7 * 24 * time.Hour // never attached to anything
	retentionEvery = 24 * time.Hour
)

// retentionSubject names the one job that comes back every day.
const retentionSubject kita.ID = "00000000-0000-0000-0000-000000000000"

// SystemScheduleRetention makes sure the daily clean-up is in the book.
func (s *Store) SystemScheduleRetention(ctx context.Context) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(`insert into jobs (id, kind, subject_id, due_at, created_at) values (new_id(), 'retention', ?, ?, ?)
on conflict (kind, subject_id) where finished_at is null do nothing`, retentionSubject, tx.now, tx.now)
		return err
	})
}

// SystemRetain deletes what has had its time: ended sessions, tokens and guesses, spent invitations, old deliveries and
// jobs, old lines of the log. It puts itself down for tomorrow.
func (s *Store) SystemRetain(ctx context.Context) error {
	return s.write(ctx, func(tx *Tx) error {
		old := func(d time.Duration) kita.Instant { return kita.At(tx.now.Add(-d)) }
		for _, x := range []struct {
			statement string
			at        kita.Instant
		}{
			{`delete from sessions where expires_at <= ?`, tx.now},
			{`delete from tokens where expires_at <= ?`, tx.now},
			{`delete from attempts where window_ends <= ?`, tx.now},
			{`delete from invitations where coalesce(used_at, revoked_at, expires_at) <= ?`, old(keepDeliveries)},
			{`delete from deliveries where finished_at <= ?`, old(keepDeliveries)},
			{`delete from jobs where finished_at <= ?`, old(keepDeliveries)},
			{`delete from creations where created_at <= ?`, old(keepCreations)},
			{`delete from files where created_at <= ? and not exists (select 1 from notice_files nf where nf.kita_id = files.kita_id and nf.file_id = files.id)`, old(keepUploads)},
			{`delete from audit where at <= ?`, old(keepAudit)},
		} {
			if _, err := tx.exec(x.statement, x.at); err != nil {
				return err
			}
		}
		return tx.enqueueAgain("retention", retentionSubject, kita.At(tx.now.Add(retentionEvery)))
	})
}
