package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"morgenkreis/kita"
)

// stateOf reads the ledger: a recipient is in exactly one state, and a later sign replaces an earlier one. A sign of the
// person themself ranks above the call list and the e-mail, and those above a push that merely left the house.
const stateOf = `
case when r.confirmed_at   is not null then 'confirmed'
     when r.opened_at      is not null then 'opened'
     when r.shown_at       is not null then 'shown'
     when r.call_listed_at is not null then 'call_list'
     when r.emailed_at     is not null then 'emailed'
     when r.accepted_at    is not null then 'accepted'
     else 'waiting' end`

const ledgerOf = `
select r.notice_id as notice_id, ` + stateOf + ` as state, count(*) as n
from   notices n
join   recipients r on r.kita_id = n.kita_id and r.notice_id = n.id
where  n.id in (?)
group  by 1, 2`

// ledgers counts the recipients of those notices that the viewer answers for, by state. The house counts: how many is told
// to those as well who are not told who.
func (s *Store) ledgers(ctx context.Context, q *seen, v kita.Viewer, notices []kita.ID) (map[kita.ID]*kita.Ledger, error) {
	found := map[kita.ID]*kita.Ledger{}
	if len(notices) == 0 {
		return found, nil
	}
	mine, err := listIn[kita.ID](ctx, q, `select n.id from notices n where n.id in (?) and `+answersFor, notices, v.AccountID(), v.AccountID())
	q.end()
	if err != nil || len(mine) == 0 {
		return found, err
	}
	for _, id := range mine {
		found[id] = &kita.Ledger{By: map[kita.RecipientState]int{}}
	}
	rows, err := listIn[struct {
		NoticeID kita.ID             `db:"notice_id"`
		State    kita.RecipientState `db:"state"`
		N        int                 `db:"n"`
	}](ctx, s.db, ledgerOf, mine)
	for _, row := range rows {
		found[row.NoticeID].By[row.State] = row.N
		found[row.NoticeID].Recipients += row.N
	}
	return found, err
}

// readersKnown: who read what is told to the kita's leaders and to the author, while of its team. A provider who writes to
// its kitas learns how many, and never who.
const readersKnown = `
exists (select 1 from staff s where s.kita_id = n.kita_id and s.account_id = ? and s.archived_at is null
        and (s.role = 'leader' or n.author_id = s.account_id))`

// tellable: a recipient r who is there for no child but those that a ban keeps from an account is not named to it: who is
// written to tells where the child is.
const tellable = `
(r.staff_id is not null
 or exists (select 1 from recipient_children rc
            where rc.kita_id = r.kita_id and rc.recipient_id = r.id
            and   not exists (select 1 from barred x where x.kita_id = rc.kita_id and x.child_id = rc.child_id and x.account_id = ?)))`

// recipientsOf: whoever is banned from a child learns no number of its family, author or leader though they be; and no
// parent learns the other's, nor anybody a colleague's, but the leaders, who keep the records.
const recipientsOf = `
select r.id, r.kita_id, r.notice_id, r.account_id, r.guardian_id, r.staff_id, r.published_at, r.trouble, r.accepted_at, r.shown_at,
       r.opened_at, r.confirmed_at, r.emailed_at, r.call_listed_at, r.called_at, r.reminded_at,
       coalesce(g.first_name || ' ' || g.last_name, s.first_name || ' ' || s.last_name) as name,
       coalesce(g.last_name, s.last_name) as last_name,
       case when exists (select 1 from barred_people x where x.kita_id = r.kita_id and x.guardian_id = r.guardian_id and x.account_id = ?) then ''
            when exists (select 1 from staff l
                         where  l.kita_id = r.kita_id and l.account_id = ? and l.role = 'leader' and l.archived_at is null) then coalesce(g.phone, s.phone)
            when exists (select 1 from guardian_children t join guardian_children my on my.kita_id = t.kita_id and my.child_id = t.child_id
                         join   guardians me on me.kita_id = my.kita_id and me.id = my.guardian_id
                         where  t.kita_id = r.kita_id and t.guardian_id = r.guardian_id and me.account_id = ?) then ''
            else coalesce(g.phone, '') end as phone, ` + stateOf + ` as state
from   recipients r
join   notices n on n.kita_id = r.kita_id and n.id = r.notice_id
left   join guardians g on g.kita_id = r.kita_id and g.id = r.guardian_id
left   join staff s on s.kita_id = r.kita_id and s.id = r.staff_id
where  n.id = ? and ` + readersKnown + ` and ` + tellable

// RecipientFilter narrows the ledger of one notice.
type RecipientFilter struct {
	State kita.RecipientState
	PageRequest
}

// Recipients is the ledger of a notice, person by person, for its author and the kita's leaders.
func (s *Store) Recipients(ctx context.Context, v kita.Viewer, notice kita.ID, f RecipientFilter) (Page[kita.Recipient], error) {
	none := Page[kita.Recipient]{}
	q := s.as(v)
	defer q.end()
	if _, err := answeredFor(ctx, q, v, notice); err != nil {
		return none, err
	}
	parts, err := f.parts(2)
	if err != nil {
		return none, err
	}
	clause, args := "", []any{v.AccountID(), v.AccountID(), v.AccountID(), notice, v.AccountID(), v.AccountID()}
	if parts != nil {
		clause, args = " and (coalesce(g.last_name, s.last_name), r.id) > (?, ?)", append(args, parts[0], parts[1])
	}
	if f.State != "" {
		clause, args = clause+" and "+stateOf+" = ?", append(args, f.State)
	}
	type row struct {
		kita.Recipient
		Last string `db:"last_name"`
	}
	rows, err := list[row](ctx, q, recipientsOf+clause+" order by last_name, r.id limit ?", append(args, f.limit()+1)...)
	if err != nil {
		return none, err
	}
	page := paged(rows, f.limit(), func(r row) string { return cursor(r.Last, string(r.ID)) })
	out := make([]kita.Recipient, len(page.Items))
	for i, r := range page.Items {
		out[i] = r.Recipient
	}
	return Page[kita.Recipient]{out, page.Next}, withChildren(ctx, q, v, out)
}

// answeredFor is the notice when the viewer may know who read it.
func answeredFor(ctx context.Context, q query, v kita.Viewer, id kita.ID) (kita.Notice, error) {
	return get[kita.Notice](ctx, q, postedNotices+" and n.id = ? and "+readersKnown, append(postedArgs(v), id, v.AccountID())...)
}

func withChildren(ctx context.Context, q query, v kita.Viewer, rows []kita.Recipient) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]kita.ID, len(rows))
	at := map[kita.ID]int{}
	for i, r := range rows {
		ids[i], at[r.ID] = r.ID, i
	}
	pairs, err := listIn[pair](ctx, q, `select rc.recipient_id as of_id, rc.child_id as the_id from recipient_children rc where rc.kita_id = ? and rc.recipient_id in (?)
and not exists (select 1 from barred x where x.kita_id = rc.kita_id and x.child_id = rc.child_id and x.account_id = ?) order by rc.child_id`, rows[0].KitaID, ids, v.AccountID())
	for _, p := range pairs {
		rows[at[p.Of]].Children = append(rows[at[p.Of]].Children, p.The)
	}
	return err
}

// MarkCalled notes that somebody rang a recipient up, or takes the note back.
func (s *Store) MarkCalled(ctx context.Context, v kita.Viewer, notice, recipient kita.ID, called bool) error {
	return s.write(ctx, func(tx *Tx) error {
		n, err := answeredFor(ctx, tx.as(v), v, notice)
		if err != nil {
			return err
		}
		var at, by any
		if called {
			at, by = tx.now, v.AccountID()
		}
		if err := tx.one(`update recipients set called_at = cast(? as bigint), called_by = cast(? as text) where id = ? and notice_id = ?`, at, by, recipient, notice); err != nil {
			return err
		}
		tx.tell(kita.ChangeLedger, n.KitaID, notice)
		return tx.audit(v, n.KitaID, "notice.called", notice)
	})
}

// Received is a notice as one of its recipients sees it.
type Received struct {
	kita.Notice
	RecipientID kita.ID       `db:"recipient_id"`
	ReceivedAt  kita.Instant  `db:"received_at"`
	OpenedAt    *kita.Instant `db:"opened_at"`
	ConfirmedAt *kita.Instant `db:"confirmed_at"`
	Children    []kita.ID     `db:"-"`
	Files       []File        `db:"-"`
}

// receivedBy: the recipients who are an account. The person must still be of the team, or guardian of at least one child that
// it is about and that no ban keeps from the account; by which of their records does not matter. The kita is asked for in a
// scalar: of an exists PostgreSQL makes a join that it begins at the kitas, and then it reads all of the list before the limit.
// The joins are crossed so that SQLite keeps their order: without statistics it would begin at all ties of the kita.
const receivedBy = `
where  r.account_id = ?
and   (r.staff_id is not null
       and exists (select 1 from staff s where s.kita_id = r.kita_id and s.account_id = r.account_id and s.archived_at is null)
    or exists (select 1 from recipient_children rc
               cross  join guardians g
               cross  join guardian_children gc
               where  rc.kita_id = r.kita_id and rc.recipient_id = r.id
               and    gc.kita_id = rc.kita_id and gc.child_id = rc.child_id
               and    g.kita_id = gc.kita_id and g.id = gc.guardian_id and g.account_id = r.account_id and g.archived_at is null
               and    not exists (select 1 from barred x where x.kita_id = rc.kita_id and x.child_id = rc.child_id and x.account_id = r.account_id)))
and    (select k.archived_at from kitas k where k.id = r.kita_id) is null`

// kin and receivedByKin say the same as receivedBy, for many notices: whose guardian the account is, in which kitas, they ask once
// and not for each. Each takes the account; kin begins the statement. Of an exists with an offset PostgreSQL makes no table of all
// that was ever written about these children.
const (
	kin = `
with kin as materialized (
    select gc.kita_id, gc.child_id
    from   guardians g
    cross  join guardian_children gc
    where  g.account_id = ? and g.archived_at is null
    and    gc.kita_id = g.kita_id and gc.guardian_id = g.id
    and    not exists (select 1 from barred x where x.kita_id = gc.kita_id and x.child_id = gc.child_id and x.account_id = g.account_id)
    and    (select k.archived_at from kitas k where k.id = gc.kita_id) is null)`
	receivedByKin = `
where  r.account_id = ?
and   (r.staff_id is not null
       and exists (select 1 from staff s where s.kita_id = r.kita_id and s.account_id = r.account_id and s.archived_at is null)
       and (select k.archived_at from kitas k where k.id = r.kita_id) is null
    or exists (select 1 from recipient_children rc
               cross  join kin
               where  rc.kita_id = r.kita_id and rc.recipient_id = r.id
               and    kin.kita_id = rc.kita_id and kin.child_id = rc.child_id
               limit 1 offset 0))`
)

// inbox is the notices addressed to an account, without what was withdrawn.
const inbox = `
from   recipients r
join   notices n on n.kita_id = r.kita_id and n.id = r.notice_id` + receivedBy + ` and not r.withdrawn and n.state = 'published'`

const receivedColumns = `n.*, r.id as recipient_id, r.published_at as received_at, r.opened_at as opened_at, r.confirmed_at as confirmed_at`

// onlyOpen leaves out what the viewer has done. It is said so that the planner does not take the index of the unread for it:
// that one would have to be read whole, and sorted, for whoever never opens anything.
var onlyOpen = map[ToDo]string{
	Unread:      " and coalesce(r.opened_at, 0) = 0",
	Unconfirmed: " and n.confirm_wanted and coalesce(r.confirmed_at, 0) = 0",
}

// newestFirst ends with a number and not with a parameter: of a limit it does not know PostgreSQL expects a tenth of the table,
// and reads and sorts a long list as a whole.
const newestFirst = " order by r.published_at desc, r.notice_id desc limit "

// Inbox is what is addressed to the viewer, newest first. It reads one range of one index, however many notices there are.
func (s *Store) Inbox(ctx context.Context, v kita.Viewer, f NoticeFilter) (Page[Received], error) {
	q := s.as(v)
	defer q.end()
	return inboxPage(ctx, q, v, f)
}

// Feed is Inbox and Unread, which are what everybody opens all day.
func (s *Store) Feed(ctx context.Context, v kita.Viewer, f NoticeFilter) (p Page[Received], unreadOnes int, err error) {
	q := s.as(v)
	defer q.end()
	if unreadOnes, err = get[int](ctx, q, unread, v.AccountID(), v.AccountID()); err != nil {
		return p, 0, err
	}
	p, err = inboxPage(ctx, q, v, f)
	return p, unreadOnes, err
}

func inboxPage(ctx context.Context, q query, v kita.Viewer, f NoticeFilter) (Page[Received], error) {
	at, id, err := f.instant()
	if err != nil {
		return Page[Received]{}, err
	}
	clause, args := " and (r.published_at, r.notice_id) < (?, ?)", []any{v.AccountID(), at, id}
	if f.KitaID != "" {
		clause, args = clause+" and r.kita_id = ?", append(args, f.KitaID)
	}
	if f.Kind != "" {
		clause, args = clause+" and n.kind = ?", append(args, f.Kind)
	}
	clause += onlyOpen[f.Only]
	rows, err := list[Received](ctx, q, "select "+receivedColumns+inbox+clause+newestFirst+strconv.Itoa(f.limit()+1), args...)
	if err != nil {
		return Page[Received]{}, err
	}
	page := paged(rows, f.limit(), func(r Received) string { return instantCursor(r.ReceivedAt, r.Notice.ID) })
	return page, withReceived(ctx, q, v, page.Items)
}

// InboxNotice is one notice addressed to the viewer.
func (s *Store) InboxNotice(ctx context.Context, v kita.Viewer, id kita.ID) (Received, error) {
	q := s.as(v)
	defer q.end()
	row, err := get[Received](ctx, q, "select "+receivedColumns+inbox+" and r.notice_id = ?", v.AccountID(), id)
	if err != nil {
		return row, err
	}
	one := []Received{row}
	err = withReceived(ctx, q, v, one)
	return one[0], err
}

// childrenOfReceived begins at the page, whatever the planner thinks: from the viewer's children it would read all that was ever
// written about them.
const childrenOfReceived = `
with page as materialized (select rc.kita_id, rc.recipient_id, rc.child_id from recipient_children rc where rc.kita_id in (?) and rc.recipient_id in (?))
select p.recipient_id as of_id, p.child_id as the_id
from   page p
where  exists (select 1 from guardian_children gc join guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id
               where gc.kita_id = p.kita_id and gc.child_id = p.child_id and g.account_id = ? and g.archived_at is null)
and    not exists (select 1 from barred x where x.kita_id = p.kita_id and x.child_id = p.child_id and x.account_id = ?)
order  by p.child_id`

// withReceived adds files, and the children a notice is about that the viewer may know of.
func withReceived(ctx context.Context, q query, v kita.Viewer, rows []Received) error {
	if len(rows) == 0 {
		return nil
	}
	ids, recipients := make([]kita.ID, len(rows)), make([]kita.ID, len(rows))
	var kitas []kita.ID // nearly everybody has one
	for i, r := range rows {
		ids[i], recipients[i] = r.Notice.ID, r.RecipientID
		if !slices.Contains(kitas, r.KitaID) {
			kitas = append(kitas, r.KitaID)
		}
	}
	files, err := filesOf(ctx, q, ids)
	if err != nil {
		return err
	}
	children, err := listIn[pair](ctx, q, childrenOfReceived, kitas, recipients, v.AccountID(), v.AccountID())
	for i := range rows {
		rows[i].Files = files[rows[i].Notice.ID]
		for _, f := range rows[i].Files {
			rows[i].FileIDs = append(rows[i].FileIDs, f.ID)
		}
		for _, c := range children {
			if c.Of == rows[i].RecipientID {
				rows[i].Children = append(rows[i].Children, c.The)
			}
		}
	}
	return err
}

// MaxUnread is where counting ends: whoever never opens a notice must not make every list slower than the last.
const MaxUnread = 100

// unread has MaxUnread in it as a number, for the reason of newestFirst. It does not look at the notices: whoever is a
// recipient is one of a notice that was published, and withdrawn says whether it still is.
var unread = kin + " select count(*) from (select 1 from recipients r" + receivedByKin + " and not r.withdrawn and r.opened_at is null limit " + strconv.Itoa(MaxUnread) + ") u"

// Unread counts what the viewer has not opened, up to MaxUnread.
func (s *Store) Unread(ctx context.Context, v kita.Viewer) (int, error) {
	q := s.as(v)
	defer q.end()
	return get[int](ctx, q, unread, v.AccountID(), v.AccountID())
}

// MarkOpened notes that the viewer has read a notice addressed to them; once read, it stays so.
func (s *Store) MarkOpened(ctx context.Context, v kita.Viewer, notice kita.ID) (Received, error) {
	return s.mark(ctx, v, notice, func(*Received, kita.Instant) {})
}

// MarkConfirmed notes the viewer's confirmation, or takes it back; whoever confirms has read.
func (s *Store) MarkConfirmed(ctx context.Context, v kita.Viewer, notice kita.ID, confirmed bool) (Received, error) {
	return s.mark(ctx, v, notice, func(r *Received, now kita.Instant) {
		switch {
		case !confirmed:
			r.ConfirmedAt = nil
		case r.ConfirmedAt == nil:
			r.ConfirmedAt = &now
		}
	})
}

// mark opens a received notice for the viewer and lets change do the rest.
func (s *Store) mark(ctx context.Context, v kita.Viewer, notice kita.ID, change func(*Received, kita.Instant)) (Received, error) {
	err := s.write(ctx, func(tx *Tx) error {
		row, err := get[Received](ctx, tx.as(v), "select "+receivedColumns+inbox+" and r.notice_id = ?", v.AccountID(), notice)
		if err != nil {
			return err
		}
		if row.OpenedAt == nil {
			row.OpenedAt = &tx.now
		}
		change(&row, tx.now)
		tx.tell(kita.ChangeLedger, row.KitaID, notice)
		return tx.one(`update recipients set opened_at = ?, confirmed_at = ? where kita_id = ? and id = ?`, row.OpenedAt, row.ConfirmedAt, row.KitaID, row.RecipientID)
	})
	if err != nil {
		return Received{}, err
	}
	return s.InboxNotice(ctx, v, notice)
}

// SystemShown notes that the device of a delivery showed it. The token that named the delivery was checked. A push that was
// superseded by an announced correction, and shown only after it, is no sign that the correction was seen.
func (s *Store) SystemShown(ctx context.Context, delivery kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		d, err := get[struct {
			Recipient    *kita.ID `db:"recipient_id"`
			Subscription *kita.ID `db:"subscription_id"`
		}](ctx, tx, `select recipient_id, subscription_id from deliveries where id = ?`, delivery)
		if errors.Is(err, kita.ErrNotFound) {
			return nil // long gone; the phone has nothing to do about it
		}
		if err != nil {
			return err
		}
		if _, err := tx.exec(`update deliveries set shown_at = coalesce(shown_at, cast(? as bigint)) where id = ?`, tx.now, delivery); err != nil {
			return err
		}
		shown, err := list[noticeOf](ctx, tx, `update recipients set shown_at = coalesce(shown_at, cast(? as bigint)) where id = ?
and not exists (select 1 from deliveries o join deliveries c on c.kita_id = o.kita_id and c.recipient_id = o.recipient_id
                where o.id = ? and c.kind = 'correction' and c.created_at > o.created_at) returning kita_id, notice_id`, tx.now, d.Recipient, delivery)
		if err != nil {
			return err
		}
		tx.tellLedgers(shown)
		_, err = tx.exec(`update subscriptions set last_shown_at = ? where id = ?`, tx.now, d.Subscription)
		return err
	})
}
