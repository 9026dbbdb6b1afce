package store

import (
	"context"
	"strconv"

	"morgenkreis/kita"
)

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
                       or exists (select 1 from notice_targets nt join staff_groups sg on sg.kita_id = nt.kita_id and sg.group_id = nt.target_id
                                  where nt.kita_id = n.kita_id and nt.notice_id = n.id and sg.staff_id = s.id))))
    or n.author_id = ? and exists (select 1 from speakers m where m.provider_id = k.provider_id and m.account_id = ?))
and   (n.audience <> 'children'
    or exists (select 1 from notice_targets nt join reach r on r.kita_id = nt.kita_id and r.child_id = nt.target_id
               where nt.kita_id = n.kita_id and nt.notice_id = n.id and r.account_id = ? and r.through in ('leader', 'educator') and r.until_day >= ?))`

func postedArgs(v kita.Viewer) []any {
	return []any{v.AccountID(), v.AccountID(), v.AccountID(), v.AccountID(), v.Today()}
}

// Posted is a notice as staff see it. Ledger is nil unless the viewer may know who read it.
type Posted struct {
	kita.Notice
	Ledger *kita.Ledger
	Files  []File
}

// NoticeFilter narrows a list of notices.
type NoticeFilter struct {
	KitaID kita.ID
	Kind   kita.NoticeKind
	State  kita.NoticeState
	Only   ToDo
	PageRequest
}

// ToDo is what the viewer has still to do about a notice addressed to them; empty is anything or nothing.
type ToDo string

// What a list of received notices can be narrowed to.
const (
	Unread      ToDo = "unread"
	Unconfirmed ToDo = "unconfirmed"
)

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
	q := s.as(v)
	defer q.end()
	rows, err := list[kita.Notice](ctx, q, postedNotices+clause+" order by n.publish_at desc, n.id desc limit "+strconv.Itoa(f.limit()+1), args...)
	if err != nil {
		return Page[Posted]{}, err
	}
	page := paged(rows, f.limit(), func(n kita.Notice) string { return instantCursor(n.PublishAt, n.ID) })
	posted, err := s.posted(ctx, q, v, page.Items)
	return Page[Posted]{posted, page.Next}, err
}

// NoticePosted is one of them.
func (s *Store) NoticePosted(ctx context.Context, v kita.Viewer, id kita.ID) (Posted, error) {
	q := s.as(v)
	defer q.end()
	n, err := get[kita.Notice](ctx, q, postedNotices+" and n.id = ?", append(postedArgs(v), id)...)
	if err != nil {
		return Posted{}, err
	}
	posted, err := s.posted(ctx, q, v, []kita.Notice{n})
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

// posted adds targets, files and, where the viewer answers for a notice, its ledger: one statement each for the page. q is
// not used any more afterwards.
func (s *Store) posted(ctx context.Context, q *seen, v kita.Viewer, rows []kita.Notice) ([]Posted, error) {
	if err := withTargets(ctx, q, v, rows); err != nil {
		return nil, err
	}
	files, err := filesOf(ctx, q, idsOf(rows))
	if err != nil {
		return nil, err
	}
	ledgers, err := s.ledgers(ctx, q, v, idsOf(rows))
	posted := make([]Posted, len(rows))
	for i, n := range rows {
		posted[i] = Posted{Notice: n, Ledger: ledgers[n.ID], Files: files[n.ID]}
	}
	return posted, err
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
	targets, err := listIn[pair](ctx, q, `select nt.notice_id as of_id, nt.target_id as the_id from notices n
join notice_targets nt on nt.kita_id = n.kita_id and nt.notice_id = n.id where n.id in (?)
and not exists (select 1 from barred x where x.kita_id = nt.kita_id and x.child_id = nt.target_id and x.account_id = ?) order by nt.target_id`, idsOf(rows), v.AccountID())
	if err != nil {
		return err
	}
	files, err := listIn[pair](ctx, q, `select nf.notice_id as of_id, nf.file_id as the_id from notices n
join notice_files nf on nf.kita_id = n.kita_id and nf.notice_id = n.id where n.id in (?) order by nf.position`, idsOf(rows))
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
	q := s.as(v)
	defer q.end()
	return list[NoticeVersion](ctx, q, `select nv.version, nv.title, nv.body, nv.replaced_at from notices n
join notice_versions nv on nv.kita_id = n.kita_id and nv.notice_id = n.id
where n.id = ? and `+answersFor+` order by nv.version`, id, v.AccountID(), v.AccountID())
}

// NoticeVersion is one earlier text.
type NoticeVersion struct {
	Version    int           `db:"version"`
	Title      string        `db:"title"`
	Body       kita.Markdown `db:"body"`
	ReplacedAt kita.Instant  `db:"replaced_at"`
}
