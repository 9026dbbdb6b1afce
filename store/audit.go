package store

import (
	"context"
	"strconv"

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

// auditOfKita: a leader who is banned from a child does not learn from the log who saw or did what with it or its family.
const auditOfKita = `
select a.*
from   audit a
where  a.kita_id = ?
and    exists (select 1 from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
               where s.kita_id = a.kita_id and s.account_id = ? and s.role = 'leader' and s.archived_at is null)
and    not exists (
  select 1
  from   barred x
  where  x.account_id = ?
  and   (x.child_id = a.subject_id
         or exists (select 1 from guardian_children gc where gc.kita_id = x.kita_id and gc.guardian_id = a.subject_id and gc.child_id = x.child_id)
         or exists (select 1 from absences ab where ab.kita_id = x.kita_id and ab.id = a.subject_id and ab.child_id = x.child_id)
         or exists (select 1 from contact_bans b where b.kita_id = x.kita_id and b.id = a.subject_id and b.child_id = x.child_id)))
and    (a.at, a.id) < (?, ?)
order  by a.at desc, a.id desc
limit  `

// Audit is a kita's log, newest first, for its leaders.
func (s *Store) Audit(ctx context.Context, v kita.Viewer, kitaID kita.ID, p PageRequest) (Page[AuditLine], error) {
	q := s.as(v)
	defer q.end()
	at, id, err := p.instant()
	if err != nil {
		return Page[AuditLine]{}, err
	}
	rows, err := list[AuditLine](ctx, q, auditOfKita+strconv.Itoa(p.limit()+1), kitaID, v.AccountID(), v.AccountID(), at, id)
	return paged(rows, p.limit(), func(a AuditLine) string { return instantCursor(a.At, a.ID) }), err
}
