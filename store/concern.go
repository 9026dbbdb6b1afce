package store

import (
	"context"
	"errors"

	"morgenkreis/kita"
)

// Concerns answers whether c is the viewer's to hear of: whether the ordinary routes show them, now, what it is about.
// It asks with the statements of those routes, so that the two can not come apart.
func (s *Store) Concerns(ctx context.Context, v kita.Viewer, c kita.Change) (bool, error) {
	reading, ok := concerns[c.Kind]
	if !ok {
		return c.Kind == kita.ChangeAgain, nil
	}
	q := s.as(v)
	defer q.end()
	err := reading(ctx, q, v, c)
	if errors.Is(err, kita.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// concerns are, by kind, the reading that must find something.
var concerns = map[kita.ChangeKind]func(context.Context, query, kita.Viewer, kita.Change) error{
	kita.ChangeNotices: func(ctx context.Context, q query, v kita.Viewer, c kita.Change) error {
		_, err := get[kita.ID](ctx, q, `select p.id from (`+postedNotices+` and n.id = ?) p`, append(postedArgs(v), c.ID)...)
		if !errors.Is(err, kita.ErrNotFound) {
			return err
		}
		// Withdrawn or not: who had it must hear that it is gone.
		_, err = get[kita.ID](ctx, q, `select r.notice_id from recipients r`+receivedBy+` and r.notice_id = ?`, v.AccountID(), c.ID)
		return err
	},
	kita.ChangeLedger: func(ctx context.Context, q query, v kita.Viewer, c kita.Change) error {
		_, err := get[kita.ID](ctx, q, `select p.id from (`+postedNotices+` and n.id = ? and `+answersFor+`) p`,
			append(postedArgs(v), c.ID, v.AccountID(), v.AccountID())...)
		return err
	},
	kita.ChangeAbsences: func(ctx context.Context, q query, v kita.Viewer, c kita.Change) error {
		_, err := get[kita.ID](ctx, q, `select r.child_id from reach r where r.account_id = ? and r.child_id = ? and r.until_day >= ? and r.cares limit 1`,
			v.AccountID(), c.ID, v.Today())
		return err
	},
	kita.ChangeChildren: func(ctx context.Context, q query, v kita.Viewer, c kita.Change) error {
		if c.ID == "" {
			_, err := ledKita(ctx, q, v, c.KitaID)
			return err
		}
		_, err := get[kita.ID](ctx, q, `select r.child_id from reach r where r.account_id = ? and r.child_id = ? and r.until_day >= ? limit 1`,
			v.AccountID(), c.ID, v.Today())
		return err
	},
	kita.ChangeGroups: func(ctx context.Context, q query, v kita.Viewer, c kita.Change) error {
		_, err := get[kita.ID](ctx, q, `select r.group_id from staff_reach r where r.account_id = ? and r.group_id = ? limit 1`, v.AccountID(), c.ID)
		return err
	},
	kita.ChangeKitas: func(ctx context.Context, q query, v kita.Viewer, c kita.Change) error {
		_, err := kitaFor(ctx, q, v, c.KitaID)
		return err
	},
}
