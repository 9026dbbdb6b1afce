package store

import (
	"context"
	"errors"
	"slices"
	"time"

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
	err = s.write(ctx, func(tx *Tx) error {
		k, err := openKita(ctx, tx, n.KitaID)
		if err != nil {
			return err
		}
		if again, err = tx.creation(v, n.ID, creationOf(n)); err != nil {
			return err
		}
		if again {
			n, err = noticeFor(ctx, tx, v, n.ID)
			return err
		}
		n.AuthorID, n.AuthorName, n.Version = v.AccountID(), v.NameIn(n.KitaID), 1
		n.CreatedAt, n.State = tx.now, kita.NoticeScheduled
		if n.Language == "" {
			n.Language = k.Language
		}
		if n.PublishAt.IsZero() || !n.PublishAt.After(tx.now.Time) {
			n.PublishAt = tx.now
		}
		// Who may not knock at this kita learns nothing about the request itself.
		if err := mayAddress(ctx, tx, v, n.KitaID, targets); err != nil {
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
			return tx.enqueue("publish", n.KitaID, n.ID, n.PublishAt)
		}
		n, err = publish(tx, n, k)
		return err
	})
	if err == nil && !again {
		s.wake()
	}
	return n, again, err
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
		mine, err := get[int](tx.ctx, tx, `select count(*) from files where id = ? and kita_id = ? and account_id = ?`, id, n.KitaID, v.AccountID())
		if err != nil {
			return err
		}
		if mine == 0 || slices.Contains(n.FileIDs[:i], id) {
			return kita.Invalid("file_ids", "id.unknown")
		}
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
	if _, err := tx.exec(`update recipients set opened_at = ? where notice_id = ? and account_id = ?`, tx.now, n.ID, n.AuthorID); err != nil {
		return n, err
	}
	if err := deliver(tx, n, k, "notice"); err != nil {
		return n, err
	}
	return n, tx.enqueue("escalate", n.KitaID, n.ID, kita.At(k.EscalatesAt(n.Kind, tx.now.Time)))
}

// discern decides how much of n a lock screen may show: no child's name, nothing about health.
func discern(tx *Tx, n *kita.Notice) error {
	names, err := list[string](tx.ctx, tx, `select distinct first_name from children where kita_id = ? and archived_at is null`, n.KitaID)
	n.Discretion = n.Discern(names)
	return err
}

// resolve writes the recipients of n: one row per person, however many of their children it is about. Two records of one
// person in one kita are one recipient: they share the account.
func resolve(tx *Tx, n kita.Notice, k kita.Kita) error {
	if n.AudienceKind == kita.AudienceStaff {
		_, err := tx.exec(`
insert into recipients (id, kita_id, notice_id, account_id, staff_id, published_at, trouble)
select new_id(), p.kita_id, cast(? as text), p.account_id, p.staff_id, cast(? as bigint),
       case when exists (select 1 from subscriptions d where d.account_id = p.account_id) then '' else 'no_device' end
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
       case when exists (select 1 from subscriptions d where d.account_id = p.account_id) then '' else 'no_device' end
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
join   recipients r on r.notice_id = ? and r.account_id = t.account_id
where  `+condition+`
union
select t.kita_id, r.id, t.child_id
from   told t
join   recipients r on r.notice_id = ? and r.guardian_id = t.guardian_id
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
	args := []any{kind, n.Kind.Rank(), tx.now, kita.At(n.Kind.Until(tx.now.Time, k.Zone())), tx.now, n.ID}
	if kind == "reminder" {
		args = append(args, tx.now)
	}
	if _, err := tx.exec(`
insert into deliveries (id, kita_id, account_id, recipient_id, subscription_id, channel, service, kind, rank, due_at, expires_at, created_at)
select new_id(), r.kita_id, r.account_id, r.id, d.id, 'push', d.service, cast(? as text), cast(? as bigint), cast(? as bigint), cast(? as bigint), cast(? as bigint)
from   recipients r
join   subscriptions d on d.account_id = r.account_id
where  r.notice_id = ? and `+condition, args...); err != nil {
		return err
	}
	if n.Kind == kita.NoticeUrgent {
		return nil
	}
	quiet, err := list[struct {
		From kita.Clock `db:"quiet_from"`
		To   kita.Clock `db:"quiet_to"`
	}](tx.ctx, tx, `select distinct a.quiet_from as quiet_from, a.quiet_to as quiet_to
from recipients r join accounts a on a.id = r.account_id where r.notice_id = ? and a.quiet_from <> ''`, n.ID)
	if err != nil {
		return err
	}
	for _, hours := range quiet {
		due := kita.QuietUntil(hours.From, hours.To, tx.now.Time, k.Zone())
		if due.Equal(tx.now.Time) {
			continue
		}
		if _, err := tx.exec(`
update deliveries set due_at = ?, expires_at = ?
where  finished_at is null and created_at = ? and recipient_id in (
    select r.id from recipients r join accounts a on a.id = r.account_id
    where  r.notice_id = ? and a.quiet_from = ? and a.quiet_to = ?)`,
			kita.At(due), kita.At(n.Kind.Until(due, k.Zone())), tx.now, n.ID, hours.From, hours.To); err != nil {
			return err
		}
	}
	return nil
}

// SystemPublish publishes a scheduled notice whose time has come; one that was withdrawn meanwhile stays so.
func (s *Store) SystemPublish(ctx context.Context, id kita.ID) error {
	err := s.write(ctx, func(tx *Tx) error {
		n, err := get[kita.Notice](ctx, tx, `select * from notices where id = ? and state = 'scheduled'`, id)
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
	if err == nil {
		s.wake()
	}
	return err
}

// Correction is what a notice says instead. Announce tells everybody again: all signs of having read the old text are
// taken back, since nobody has read the new one.
type Correction struct {
	Title    *string
	Body     *kita.Markdown
	Place    *string
	StartsAt *kita.Instant
	EndsAt   *kita.Instant
	EndsOn   *kita.Day
	Announce bool
}

// CorrectNotice changes what a notice says, for its author and the kita's leaders. What it said before stays in the log;
// a notice that is not yet published changes without a trace for guardians.
func (s *Store) CorrectNotice(ctx context.Context, v kita.Viewer, id kita.ID, c Correction) (n kita.Notice, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		var k kita.Kita
		if n, k, err = ownNotice(tx, v, id); err != nil {
			return err
		}
		if n.State == kita.NoticeWithdrawn {
			return kita.Refused("notice.withdrawn")
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
		if err := tx.update("notices", "title, body, place, starts_at, ends_at, ends_on, version, discretion, corrected_at", n); err != nil {
			return err
		}
		if n.State == kita.NoticePublished && c.Announce {
			if err := announceAgain(tx, n, k); err != nil {
				return err
			}
		}
		return tx.audit(v, n.KitaID, "notice.correct", n.ID)
	})
	if err == nil {
		s.wake()
	}
	return n, err
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
	if err := cancelDeliveries(tx, n.ID); err != nil {
		return err
	}
	if _, err := tx.exec(`update recipients set accepted_at = null, shown_at = null, opened_at = null, confirmed_at = null,
emailed_at = null, call_listed_at = null, called_at = null, called_by = null, reminded_at = null,
trouble = case when exists (select 1 from subscriptions d where d.account_id = recipients.account_id) then '' else 'no_device' end
where notice_id = ? and (account_id is null or account_id <> ?)`, n.ID, n.AuthorID); err != nil {
		return err
	}
	if err := deliver(tx, n, k, "correction"); err != nil {
		return err
	}
	return tx.enqueue("escalate", n.KitaID, n.ID, kita.At(k.EscalatesAt(n.Kind, tx.now.Time)))
}

func cancelDeliveries(tx *Tx, notice kita.ID) error {
	_, err := tx.exec(`update deliveries set finished_at = ?, outcome = 'cancelled' where finished_at is null
and recipient_id in (select id from recipients where notice_id = ?)`, tx.now, notice)
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
		if err := cancelDeliveries(tx, id); err != nil {
			return err
		}
		if _, err := tx.exec(`update recipients set withdrawn = true where notice_id = ?`, id); err != nil {
			return err
		}
		if _, err := tx.exec(`update jobs set finished_at = ? where finished_at is null and subject_id = ?`, tx.now, id); err != nil {
			return err
		}
		return tx.audit(v, n.KitaID, "notice.withdraw", n.ID)
	})
	return n, err
}

// ownNotice is a notice the viewer answers for: its author while still at work there, or a leader of its kita.
func ownNotice(tx *Tx, v kita.Viewer, id kita.ID) (kita.Notice, kita.Kita, error) {
	n, err := get[kita.Notice](tx.ctx, tx, postedNotices+` and n.id = ? and `+answersFor, append(postedArgs(v), id, v.AccountID(), v.AccountID())...)
	if err != nil {
		return n, kita.Kita{}, err
	}
	one := []kita.Notice{n}
	if err := withTargets(tx.ctx, tx, v, one); err != nil {
		return n, kita.Kita{}, err
	}
	k, err := openKita(tx.ctx, tx, n.KitaID)
	return one[0], k, err
}

// answersFor: who may see who read a notice, and change it.
const answersFor = `
(n.author_id = ? or exists (select 1 from staff s where s.kita_id = n.kita_id and s.account_id = ? and s.role = 'leader' and s.archived_at is null))`

// postedNotices is what staff may see of what was posted: leaders their kita, educators what is for their groups, for
// children they reach, for the whole kita or for the team, and what they wrote; a provider what it wrote. A notice about
// single children is seen only by who reaches one of them, so that a ban holds for staff as well. What is not (or no
// longer) public is seen by its author and the leaders.
const postedNotices = `
select n.*
from   notices n
join   kitas k on k.id = n.kita_id
where  k.archived_at is null
and   (exists (select 1 from staff s where s.kita_id = n.kita_id and s.account_id = ? and s.archived_at is null
               and (s.role = 'leader' or n.author_id = s.account_id or k.educators_see_all and n.state = 'published'
                    or n.state = 'published' and (n.audience in ('kita', 'staff', 'children')
                       or exists (select 1 from notice_targets nt join staff_groups sg on sg.group_id = nt.target_id
                                  where nt.notice_id = n.id and sg.staff_id = s.id))))
    or n.author_id = ? and exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?))
and   (n.audience <> 'children'
    or exists (select 1 from notice_targets nt join reach r on r.child_id = nt.target_id
               where nt.notice_id = n.id and r.account_id = ? and r.through in ('leader', 'educator') and r.until_day >= ?))`

func postedArgs(v kita.Viewer) []any {
	return []any{v.AccountID(), v.AccountID(), v.AccountID(), v.AccountID(), v.Today()}
}

// Posted is a notice as staff see it. Ledger is nil unless the viewer may know who read it.
type Posted struct {
	kita.Notice
	Ledger *kita.Ledger
}

// NoticeFilter narrows a list of notices.
type NoticeFilter struct {
	KitaID kita.ID
	Kind   kita.NoticeKind
	State  kita.NoticeState
	PageRequest
}

// Notices are those the viewer may see as staff, newest first, each with its ledger where the viewer answers for it.
func (s *Store) Notices(ctx context.Context, v kita.Viewer, f NoticeFilter) (Page[Posted], error) {
	at, id, err := f.instant()
	if err != nil {
		return Page[Posted]{}, err
	}
	clause, args := " and (n.publish_at, n.id) < (?, ?)", append(postedArgs(v), at, id)
	if f.KitaID != "" {
		clause, args = clause+" and n.kita_id = ?", append(args, f.KitaID)
	} else {
		clause, args = clause+` and n.kita_id in (select s.kita_id from staff s where s.account_id = ? union
select k2.id from kitas k2 join speakers m on m.provider_id = k2.provider_id where m.account_id = ?)`, append(args, v.AccountID(), v.AccountID())
	}
	if f.Kind != "" {
		clause, args = clause+" and n.kind = ?", append(args, f.Kind)
	}
	if f.State != "" {
		clause, args = clause+" and n.state = ?", append(args, f.State)
	}
	rows, err := list[kita.Notice](ctx, s.db, postedNotices+clause+" order by n.publish_at desc, n.id desc limit ?", append(args, f.limit()+1)...)
	if err != nil {
		return Page[Posted]{}, err
	}
	page := paged(rows, f.limit(), func(n kita.Notice) string { return instantCursor(n.PublishAt, n.ID) })
	posted, err := s.posted(ctx, v, page.Items)
	return Page[Posted]{posted, page.Next}, err
}

// NoticePosted is one of them.
func (s *Store) NoticePosted(ctx context.Context, v kita.Viewer, id kita.ID) (Posted, error) {
	n, err := get[kita.Notice](ctx, s.db, postedNotices+" and n.id = ?", append(postedArgs(v), id)...)
	if err != nil {
		return Posted{}, err
	}
	posted, err := s.posted(ctx, v, []kita.Notice{n})
	if err != nil {
		return Posted{}, err
	}
	return posted[0], nil
}

func noticeFor(ctx context.Context, q query, v kita.Viewer, id kita.ID) (kita.Notice, error) {
	n, err := get[kita.Notice](ctx, q, postedNotices+" and n.id = ?", append(postedArgs(v), id)...)
	if err != nil {
		return n, err
	}
	one := []kita.Notice{n}
	err = withTargets(ctx, q, v, one)
	return one[0], err
}

// posted adds targets, files and, where the viewer answers for a notice, its ledger: one statement each for the page.
func (s *Store) posted(ctx context.Context, v kita.Viewer, rows []kita.Notice) ([]Posted, error) {
	if err := withTargets(ctx, s.db, v, rows); err != nil {
		return nil, err
	}
	ledgers, err := s.ledgers(ctx, v, idsOf(rows))
	if err != nil {
		return nil, err
	}
	posted := make([]Posted, len(rows))
	for i, n := range rows {
		posted[i] = Posted{Notice: n, Ledger: ledgers[n.ID]}
	}
	return posted, nil
}

func idsOf(rows []kita.Notice) []kita.ID {
	ids := make([]kita.ID, len(rows))
	for i, n := range rows {
		ids[i] = n.ID
	}
	return ids
}

type pair struct {
	Of  kita.ID `db:"of_id"`
	The kita.ID `db:"the_id"`
}

// withTargets adds files and targets, but for children that a ban keeps from the viewer.
func withTargets(ctx context.Context, q query, v kita.Viewer, rows []kita.Notice) error {
	if len(rows) == 0 {
		return nil
	}
	targets, err := listIn[pair](ctx, q, `select nt.notice_id as of_id, nt.target_id as the_id from notice_targets nt where nt.notice_id in (?)
and not exists (select 1 from barred x where x.child_id = nt.target_id and x.account_id = ?) order by nt.target_id`, idsOf(rows), v.AccountID())
	if err != nil {
		return err
	}
	files, err := listIn[pair](ctx, q, `select notice_id as of_id, file_id as the_id from notice_files where notice_id in (?) order by position`, idsOf(rows))
	if err != nil {
		return err
	}
	for i := range rows {
		for _, t := range targets {
			if t.Of == rows[i].ID {
				rows[i].Targets = append(rows[i].Targets, t.The)
			}
		}
		for _, f := range files {
			if f.Of == rows[i].ID {
				rows[i].FileIDs = append(rows[i].FileIDs, f.The)
			}
		}
	}
	return nil
}

// Versions are what a notice said before each correction, for those who answer for it.
func (s *Store) Versions(ctx context.Context, v kita.Viewer, id kita.ID) ([]NoticeVersion, error) {
	return list[NoticeVersion](ctx, s.db, `select nv.version, nv.title, nv.body, nv.replaced_at from notice_versions nv join notices n on n.id = nv.notice_id
where nv.notice_id = ? and `+answersFor+` order by nv.version`, id, v.AccountID(), v.AccountID())
}

// NoticeVersion is one earlier text.
type NoticeVersion struct {
	Version    int           `db:"version"`
	Title      string        `db:"title"`
	Body       kita.Markdown `db:"body"`
	ReplacedAt kita.Instant  `db:"replaced_at"`
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
		recent, err := get[int](ctx, tx, `select count(*) from recipients where notice_id = ? and reminded_at > ?`, id, kita.At(tx.now.Add(-remindEvery)))
		if err != nil {
			return err
		}
		if recent > 0 {
			return kita.Refused("notice.reminded_already", "minutes", int(remindEvery/time.Minute))
		}
		count, err := tx.exec(`update recipients set reminded_at = ? where notice_id = ? and confirmed_at is null and (account_id is null or account_id <> ?)`,
			tx.now, id, n.AuthorID)
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
		return tx.audit(v, n.KitaID, "notice.remind", id)
	})
	if err == nil {
		s.wake()
	}
	return reminded, err
}
