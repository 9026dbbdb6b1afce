package store

import (
	"context"
	"errors"
	"time"

	"morgenkreis/kita"
)

const accountColumns = "id, login, name, password_hash, language, operator, quiet_from, quiet_to, sound, disabled_at, created_at"

// SystemAccountByLogin is for sign-in, before anybody is a viewer.
func (s *Store) SystemAccountByLogin(ctx context.Context, login string) (kita.Account, error) {
	return get[kita.Account](ctx, s.db, `select * from accounts where login = ? and disabled_at is null`, kita.NormalLogin(login))
}

// Account is the viewer's own.
func (s *Store) Account(ctx context.Context, v kita.Viewer) (kita.Account, error) {
	q := s.as(v)
	defer q.end()
	return get[kita.Account](ctx, q, `select * from accounts where id = ?`, v.AccountID())
}

// ChangeAccount keeps the viewer's own settings: name, language, quiet hours, sound.
func (s *Store) ChangeAccount(ctx context.Context, v kita.Viewer, change func(*kita.Account)) (a kita.Account, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if a, err = get[kita.Account](ctx, tx.as(v), `select * from accounts where id = ?`, v.AccountID()); err != nil {
			return err
		}
		change(&a)
		if err := a.Check(); err != nil {
			return err
		}
		if err := tx.update("accounts", "name, language, quiet_from, quiet_to, sound", a); err != nil {
			return err
		}
		return tx.audit(v, "", "account.change", a.ID)
	})
	return a, err
}

// ChangePassword keeps a new hash and signs every other browser of the account out, their subscriptions with them.
func (s *Store) ChangePassword(ctx context.Context, v kita.Viewer, hash string) error {
	return s.write(ctx, func(tx *Tx) error {
		if err := tx.seen(v, "accounts", v.AccountID()); err != nil {
			return err
		}
		if err := tx.one(`update accounts set password_hash = ? where id = ?`, hash, v.AccountID()); err != nil {
			return err
		}
		if _, err := tx.exec(`delete from sessions where account_id = ? and id <> ?`, v.AccountID(), v.SessionID()); err != nil {
			return err
		}
		tx.readmit(v.AccountID())
		return tx.audit(v, "", "account.password", v.AccountID())
	})
}

// createAccount keeps a new account inside tx; KindConflict for login when it is taken.
func (s *Store) createAccount(tx *Tx, a kita.Account) error {
	taken, err := get[int](tx.ctx, tx, `select count(*) from accounts where login = ?`, a.Login)
	if err != nil {
		return err
	}
	if taken > 0 {
		return kita.Conflict("login", "account.login_taken")
	}
	return tx.insert("accounts", accountColumns, a)
}

// Attempts bounds guessing at Key, which says what is guessed at and from where: Free attempts inside a Window, and each
// further one has to wait for the window to end. The count lives in the database, so that it holds across nodes and restarts.
type Attempts struct {
	Free   int
	Window time.Duration
	Key    string
}

// SystemAttempt counts an attempt against every bound, before it is judged: of as many as arrive at once, at however many
// nodes, no more than are free are let through. When one of the bounds has to wait it answers for how long, and counts none.
func (s *Store) SystemAttempt(ctx context.Context, bounds []Attempts) (wait time.Duration, err error) {
	// Who has to wait, and asks all the same, costs no more than a look.
	for _, b := range bounds {
		if wait, err = attemptWait(ctx, s.db, b, s.Now()); err != nil || wait > 0 {
			return wait, err
		}
	}
	err = s.write(ctx, func(tx *Tx) error {
		wait = 0
		for _, b := range bounds {
			if wait, err = attemptWait(ctx, tx, b, tx.now); err != nil || wait > 0 {
				return err
			}
		}
		for _, b := range bounds {
			if _, err := tx.exec(`insert into attempts (key, failures, window_ends) values (?, 1, ?)
on conflict (key) do update set
  failures    = case when attempts.window_ends <= ? then 1 else attempts.failures + 1 end,
  window_ends = case when attempts.window_ends <= ? then excluded.window_ends else attempts.window_ends end`,
				hashed(b.Key), kita.At(tx.now.Add(b.Window)), tx.now, tx.now); err != nil {
				return err
			}
		}
		return nil
	})
	return wait, err
}

func attemptWait(ctx context.Context, q query, b Attempts, now kita.Instant) (time.Duration, error) {
	row, err := get[struct {
		Failures   int          `db:"failures"`
		WindowEnds kita.Instant `db:"window_ends"`
	}](ctx, q, `select failures, window_ends from attempts where key = ?`, hashed(b.Key))
	if errors.Is(err, kita.ErrNotFound) {
		return 0, nil
	}
	if wait := row.WindowEnds.Sub(now.Time); err == nil && row.Failures >= b.Free && wait > 0 {
		return wait, nil
	}
	return 0, err
}

// SystemAttemptTakenBack takes an attempt back that was counted and was no guess.
func (s *Store) SystemAttemptTakenBack(ctx context.Context, bounds []Attempts) error {
	return s.write(ctx, func(tx *Tx) error {
		for _, b := range bounds {
			if _, err := tx.exec(`update attempts set failures = failures - 1 where key = ? and failures > 0`, hashed(b.Key)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SystemAttemptSucceeded forgets the failures at key.
func (s *Store) SystemAttemptSucceeded(ctx context.Context, key string) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(`delete from attempts where key = ?`, hashed(key))
		return err
	})
}
