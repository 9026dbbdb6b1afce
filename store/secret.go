package store

import (
	"context"
	"errors"

	"morgenkreis/kita"
)

// SystemSecret is the secret of that name, made by create when there is none. It is made once: whoever comes second gets
// the first one's.
func (s *Store) SystemSecret(ctx context.Context, name string, create func() (string, error)) (value string, err error) {
	value, err = get[string](ctx, s.db, `select value from secrets where name = ?`, name)
	if !errors.Is(err, kita.ErrNotFound) {
		return value, err
	}
	fresh, err := create()
	if err != nil {
		return "", err
	}
	err = s.write(ctx, func(tx *Tx) error {
		if _, err := tx.exec(`insert into secrets (name, value, created_at) values (?, ?, ?) on conflict (name) do nothing`, name, fresh, tx.now); err != nil {
			return err
		}
		value, err = get[string](ctx, tx, `select value from secrets where name = ?`, name)
		return err
	})
	return value, err
}
