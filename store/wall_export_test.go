package store

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5/pgconn"

	"morgenkreis"
	"morgenkreis/kita"
)

// Tables are those of the schema.
func Tables() []string { return slices.Sorted(maps.Keys(columnsOf(morgenkreis.Schema))) }

// CountBehind runs a statement that counts behind the wall of an account.
func CountBehind(ctx context.Context, s *Store, account kita.ID, statement string) (n int, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		n, err = get[int](ctx, tx.as(kita.SignedIn(kita.Credentials{AccountID: account, Today: kita.FirstDay})), statement)
		return err
	})
	return n, err
}

// Denied tells whether PostgreSQL refused the right to it.
func Denied(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && e.Code == "42501"
}
