package store

import (
	"context"
	"errors"
	"slices"

	"morgenkreis/kita"
)

// An audience is resolved into pairs of guardian and child, from the view told, which holds no banned pair. The same
// three conditions serve preview and publication, so that what was promised is what is done.
const (
	toldKita   = `t.kita_id = ?`
	toldGroups = `t.kita_id = ? and t.child_id in (
    select p.child_id
    from   notice_targets nt join placements p on p.kita_id = nt.kita_id and p.group_id = nt.target_id
    where  nt.kita_id = ? and nt.notice_id = ? and p.from_day <= ? and p.to_day >= ?)`
	toldChildren = `t.kita_id = ? and t.child_id in (
    select nt.target_id from notice_targets nt where nt.kita_id = ? and nt.notice_id = ?)`
)

// aboutIn is the condition on a row t (kita_id, child_id) for the audience of a notice whose targets are written, with
// its arguments. today decides who is in a group.
func aboutIn(n kita.Notice, today kita.Day) (string, []any) {
	switch n.AudienceKind {
	case kita.AudienceGroups:
		return toldGroups, []any{n.KitaID, n.KitaID, n.ID, today, today}
	case kita.AudienceChildren:
		return toldChildren, []any{n.KitaID, n.KitaID, n.ID}
	}
	return toldKita, []any{n.KitaID}
}

// mayAddress tells whether the viewer may write to the audience: leaders to everybody in their kita, educators to the
// groups and children they reach and to the team (to the whole kita where the kita says so), a provider to whole kitas
// and their teams.
func mayAddress(ctx context.Context, q query, v kita.Viewer, kitaID kita.ID, a kita.Audience) error {
	mine, err := get[struct {
		Leader   int `db:"leader"`
		Educator int `db:"educator"`
		Wide     int `db:"wide"`
		Provider int `db:"provider"`
	}](ctx, q, `
select (select count(*) from staff s where s.kita_id = k.id and s.account_id = ? and s.archived_at is null and s.role = 'leader') as leader,
       (select count(*) from staff s where s.kita_id = k.id and s.account_id = ? and s.archived_at is null and s.role = 'educator') as educator,
       (select count(*) from staff s where s.kita_id = k.id and s.account_id = ? and s.archived_at is null and k.educators_see_all) as wide,
       (select count(*) from speakers m where m.provider_id = k.provider_id and m.account_id = ?) as provider
from   kitas k
where  k.id = ? and k.archived_at is null`, v.AccountID(), v.AccountID(), v.AccountID(), v.AccountID(), kitaID)
	if err != nil {
		return err
	}
	staff := mine.Leader+mine.Educator > 0
	if !staff && mine.Provider == 0 {
		return kita.ErrNotFound
	}
	if err := a.Check(); err != nil {
		return err
	}
	var known []kita.ID
	switch {
	case a.Kind == kita.AudienceStaff:
		return nil
	case a.Kind == kita.AudienceKita && mine.Leader+mine.Wide+mine.Provider > 0:
		return nil
	case a.Kind == kita.AudienceKita:
		return kita.Invalid("audience.kind", "audience.own_groups")
	case !staff:
		return kita.Invalid("audience.kind", "audience.whole_kita")
	case a.Kind == kita.AudienceGroups:
		known, err = listIn[kita.ID](ctx, q, `select distinct r.group_id from staff_reach r join groups g on g.id = r.group_id
where r.account_id = ? and r.kita_id = ? and g.archived_at is null and r.group_id in (?)`, v.AccountID(), kitaID, a.Targets)
	default:
		known, err = listIn[kita.ID](ctx, q, `select distinct r.child_id from reach r join children c on c.id = r.child_id
where r.account_id = ? and r.kita_id = ? and r.through in ('leader', 'educator') and r.until_day >= ? and c.archived_at is null
and   r.child_id in (?)`, v.AccountID(), kitaID, v.Today(), a.Targets)
	}
	if err != nil {
		return err
	}
	var c kita.Checks
	for _, id := range a.Targets {
		c.That(slices.Contains(known, id), "audience.targets", "audience.target_unknown", "id", id)
	}
	return c.Err()
}

// Preview is who would get a notice, before anybody does.
type Preview struct {
	Recipients int
	Families   int
	Children   int
	NoDevice   []PreviewPerson
	Banned     []PreviewBan
}

// PreviewPerson is somebody whom no push can reach.
type PreviewPerson struct {
	ID         kita.ID `db:"id"`
	Name       string  `db:"name"`
	HasAccount bool    `db:"has_account"`
	HasEmail   bool    `db:"has_email"`
}

// PreviewBan is somebody left out by a contact ban.
type PreviewBan struct {
	GuardianID kita.ID `db:"guardian_id"`
	Guardian   string  `db:"guardian"`
	ChildID    kita.ID `db:"child_id"`
	Child      string  `db:"child"`
	Reason     string  `db:"reason"`
}

// Preview answers who would get n, by the very statements that publish it, and leaves nothing behind. Who is left out by
// a ban is told to leaders only. People are named as far as the viewer works with their children; the rest, and for a
// provider all of them, are a number.
func (s *Store) Preview(ctx context.Context, v kita.Viewer, n kita.Notice) (p Preview, err error) {
	n.Targets, n.AuthorID = n.Audience().Normal().Targets, v.AccountID()
	err = s.write(ctx, func(tx *Tx) error {
		k, err := openKita(ctx, tx, n.KitaID)
		if err != nil {
			return err
		}
		if err := mayAddress(ctx, tx.as(v), v, n.KitaID, n.Audience()); err != nil {
			return err
		}
		if err := insertDraft(tx, n); err != nil {
			return err
		}
		if err := resolve(tx, n, k); err != nil {
			return err
		}
		if p, err = previewed(tx, v, n); err != nil {
			return err
		}
		if _, err := ledKita(ctx, tx.as(v), v, n.KitaID); err == nil && n.AudienceKind != kita.AudienceStaff {
			p.Banned, err = bannedFrom(tx, v, n, k)
			if err != nil {
				return err
			}
		}
		return errPreviewed
	})
	if errors.Is(err, errPreviewed) {
		err = nil
	}
	return p, err
}

// errPreviewed rolls a preview's transaction back.
var errPreviewed = kita.Refused("notice.previewed")

// insertDraft writes what resolve needs of a notice that will never be one.
func insertDraft(tx *Tx, n kita.Notice) error {
	n.Kind, n.State, n.Language = kita.NoticeNews, kita.NoticeScheduled, "de"
	n.CreatedAt, n.PublishAt = tx.now, tx.now
	if err := tx.insert("notices", noticeColumns, n); err != nil {
		return err
	}
	return insertTargets(tx, n)
}

func previewed(tx *Tx, v kita.Viewer, n kita.Notice) (p Preview, err error) {
	if p.Recipients, err = get[int](tx.ctx, tx, `select count(*) from recipients where kita_id = ? and notice_id = ?`, n.KitaID, n.ID); err != nil {
		return p, err
	}
	pairs, err := list[struct {
		Recipient kita.ID `db:"recipient_id"`
		Child     kita.ID `db:"child_id"`
	}](tx.ctx, tx, `select rc.recipient_id as recipient_id, rc.child_id as child_id
from recipients r join recipient_children rc on rc.kita_id = r.kita_id and rc.recipient_id = r.id where r.kita_id = ? and r.notice_id = ?`, n.KitaID, n.ID)
	if err != nil {
		return p, err
	}
	families, children := kita.NewFamilies(), map[kita.ID]bool{}
	for _, x := range pairs {
		families.Tie(x.Recipient, x.Child)
		children[x.Child] = true
	}
	p.Families, p.Children = families.Count(), len(children)
	p.NoDevice, err = list[PreviewPerson](tx.ctx, tx.as(v), `
select coalesce(r.guardian_id, r.staff_id) as id, coalesce(g.first_name || ' ' || g.last_name, s.first_name || ' ' || s.last_name) as name,
       r.account_id is not null as has_account, coalesce(g.email, s.email, '') <> '' as has_email
from   recipients r
left   join guardians g on g.kita_id = r.kita_id and g.id = r.guardian_id
left   join staff s on s.kita_id = r.kita_id and s.id = r.staff_id
where  r.kita_id = ? and r.notice_id = ? and r.trouble = 'no_device'
and   (r.staff_id is not null
       or exists (select 1 from recipient_children rc join reach x on x.kita_id = rc.kita_id and x.child_id = rc.child_id
                  where rc.kita_id = r.kita_id and rc.recipient_id = r.id and x.account_id = ? and x.through in ('leader', 'educator') and x.until_day >= ?))
order  by 2, 1`, n.KitaID, n.ID, v.AccountID(), v.Today())
	return p, err
}

func bannedFrom(tx *Tx, v kita.Viewer, n kita.Notice, k kita.Kita) ([]PreviewBan, error) {
	condition, args := aboutIn(n, k.Today(tx.now.Time))
	return list[PreviewBan](tx.ctx, tx.as(v), `
select g.id as guardian_id, g.first_name || ' ' || g.last_name as guardian, c.id as child_id,
       c.first_name || ' ' || c.last_name as child, b.reason as reason
from   guardian_children t
join   guardians g on g.kita_id = t.kita_id and g.id = t.guardian_id
join   children c on c.kita_id = t.kita_id and c.id = t.child_id
join   contact_bans b on b.kita_id = t.kita_id and b.child_id = t.child_id and b.guardian_id = t.guardian_id and b.lifted_at is null
where  t.receives_notices and g.archived_at is null and c.archived_at is null and `+condition+`
and    not exists (select 1 from barred x where x.kita_id = t.kita_id and x.child_id = t.child_id and x.account_id = ?)
order  by 2, 4, 1`, append(args, v.AccountID())...)
}

// openKita is a kita that is not archived.
func openKita(ctx context.Context, q query, id kita.ID) (kita.Kita, error) {
	return get[kita.Kita](ctx, q, `select * from kitas where id = ? and archived_at is null`, id)
}
