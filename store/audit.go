package store

import (
	"context"

	"morgenkreis/kita"
)

// AuditLine is one thing somebody did or saw.
type AuditLine struct {
	ID        kita.ID      `db:"id"`
	KitaID    *kita.ID     `db:"kita_id"`
	At        kita.Instant `db:"at"`
	AccountID kita.ID      `db:"account_id"`
	Actor     string       `db:"actor"`
	Action    string       `db:"action"`
	SubjectID kita.ID      `db:"subject_id"`
	RequestID string       `db:"request_id"`
}

// audit writes a line in the transaction of the change itself; kitaID is empty for what belongs to no kita.
func (tx *Tx) audit(v kita.Viewer, kitaID kita.ID, action string, subject kita.ID) error {
	_, err := tx.exec(`insert into audit (id, kita_id, at, account_id, actor, action, subject_id, request_id)
values (new_id(), nullif(?, ''), ?, ?, ?, ?, ?, ?)`, kitaID, tx.now, v.AccountID(), v.NameIn(kitaID), action, subject, v.RequestID())
	return err
}

// AuditRead notes that the viewer was shown something sensitive; subject is what the request named.
func (s *Store) AuditRead(ctx context.Context, v kita.Viewer, kitaID kita.ID, action string, subject kita.ID) error {
	return s.write(ctx, func(tx *Tx) error { return tx.audit(v, kitaID, action, subject) })
}

const auditOfKita = `
select a.*
from   audit a
where  a.kita_id = ?
and    exists (select 1 from staff s where s.kita_id = a.kita_id and s.account_id = ? and s.role = 'leader' and s.archived_at is null)
and    (a.at, a.id) < (?, ?)
order  by a.at desc, a.id desc
limit  ?`

// Audit is a kita's log, newest first, for its leaders.
func (s *Store) Audit(ctx context.Context, v kita.Viewer, kitaID kita.ID, p PageRequest) (Page[AuditLine], error) {
	at, id, err := p.instant()
	if err != nil {
		return Page[AuditLine]{}, err
	}
	rows, err := list[AuditLine](ctx, s.db, auditOfKita, kitaID, v.AccountID(), at, id, p.limit()+1)
	return paged(rows, p.limit(), func(a AuditLine) string { return instantCursor(a.At, a.ID) }), err
}
