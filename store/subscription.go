package store

import (
	"context"
	"errors"
	"time"

	"morgenkreis/kita"
)

const subscriptionFields = "id, account_id, session_id, endpoint, p256dh, auth, name, user_agent, created_at, last_accepted_at, last_shown_at, trouble"

// MaxDevices bounds the devices of one account; the one silent for longest makes room.
const MaxDevices = 10

// subscriptionRow adds the service, which SQL needs and the domain derives.
type subscriptionRow struct {
	kita.Subscription
	Host string `db:"service"`
}

func subscriptionRows(all []kita.Subscription) []subscriptionRow {
	rows := make([]subscriptionRow, len(all))
	for i, d := range all {
		rows[i] = subscriptionRow{d, d.Service()}
	}
	return rows
}

// Subscriptions are the viewer's own devices, the newest first.
func (s *Store) Subscriptions(ctx context.Context, v kita.Viewer) ([]kita.Subscription, error) {
	q := s.as(v)
	defer q.end()
	return list[kita.Subscription](ctx, q, `select `+subscriptionFields+` from subscriptions where account_id = ? order by created_at desc, id desc`, v.AccountID())
}

// Subscribe keeps a device for the viewer. An endpoint belongs to one account: signed in as another on the same device,
// it moves, and what was queued for the one before is not shown to the next. Sending the same again renews it.
func (s *Store) Subscribe(ctx context.Context, v kita.Viewer, d kita.Subscription) (_ kita.Subscription, again bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		d.AccountID, d.CreatedAt = v.AccountID(), tx.now
		if id := v.SessionID(); id != "" {
			d.SessionID = &id
		}
		old, err := get[kita.Subscription](ctx, tx, `select `+subscriptionFields+` from subscriptions where endpoint = ?`, d.Endpoint)
		switch {
		case errors.Is(err, kita.ErrNotFound):
		case err != nil:
			return err
		case old.AccountID == d.AccountID:
			again = true
			d.ID, d.CreatedAt, d.LastAcceptedAt, d.LastShownAt = old.ID, old.CreatedAt, old.LastAcceptedAt, old.LastShownAt
			if d.Name == "" {
				d.Name = old.Name
			}
			return tx.update("subscriptions", "session_id, p256dh, auth, name, user_agent, trouble", d)
		default:
			if _, err := tx.exec(`delete from subscriptions where id = ?`, old.ID); err != nil {
				return err
			}
		}
		if err := tx.insert("subscriptions", subscriptionFields+", service", subscriptionRow{d, d.Service()}); err != nil {
			return err
		}
		if _, err := tx.exec(`update recipients set trouble = '' where account_id = ? and not withdrawn and trouble = 'no_device' and accepted_at is null`, d.AccountID); err != nil {
			return err
		}
		_, err = tx.exec(`delete from subscriptions where account_id = ? and id not in (
select id from subscriptions where account_id = ? order by coalesce(last_shown_at, last_accepted_at, created_at) desc, id desc limit ?)`,
			d.AccountID, d.AccountID, MaxDevices)
		return err
	})
	return d, again, err
}

// RenameSubscription names one of the viewer's own devices.
func (s *Store) RenameSubscription(ctx context.Context, v kita.Viewer, id kita.ID, name string) (d kita.Subscription, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if err := tx.seen(v, "subscriptions", id); err != nil {
			return err
		}
		if err := tx.one(`update subscriptions set name = ? where id = ? and account_id = ?`, name, id, v.AccountID()); err != nil {
			return err
		}
		d, err = get[kita.Subscription](ctx, tx, `select `+subscriptionFields+` from subscriptions where id = ?`, id)
		return err
	})
	return d, err
}

// Unsubscribe removes one of the viewer's own devices.
func (s *Store) Unsubscribe(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		if err := tx.seen(v, "subscriptions", id); err != nil {
			return err
		}
		return tx.one(`delete from subscriptions where id = ? and account_id = ?`, id, v.AccountID())
	})
}

// testEvery keeps the button from being leaned on.
const testEvery = 10 * time.Second

// TestPush queues a test to one of the viewer's own devices.
func (s *Store) TestPush(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		d, err := get[kita.Subscription](ctx, tx.as(v), `select `+subscriptionFields+` from subscriptions where id = ? and account_id = ?`, id, v.AccountID())
		if err != nil {
			return err
		}
		recent, err := get[int](ctx, tx, `select count(*) from deliveries where subscription_id = ? and kind = 'test' and created_at > ?`, id, kita.At(tx.now.Add(-testEvery)))
		if err != nil {
			return err
		}
		if recent > 0 {
			return &kita.Error{Kind: kita.KindTooMany, Code: "push.test_too_soon", Args: []any{"retry_after", int(testEvery / time.Second)}}
		}
		tx.wake()
		_, err = tx.exec(`insert into deliveries (id, account_id, subscription_id, channel, service, kind, rank, due_at, expires_at, created_at, turn)
values (new_id(), ?, ?, 'push', ?, 'test', 5, ?, ?, ?, ?)`, v.AccountID(), id, d.Service(), tx.now, kita.At(tx.now.Add(5*time.Minute)), tx.now, tx.now)
		return err
	})
}
