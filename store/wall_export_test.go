package store

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

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

// CountInTurn runs a statement that counts behind the wall of one account after the other, within one transaction; the house
// runs another one ahead of the last.
func CountInTurn(ctx context.Context, s *Store, accounts []kita.ID, meanwhile, statement string) (counted []int, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		counted = nil
		for i, account := range accounts {
			if i == len(accounts)-1 {
				if _, err := tx.exec(meanwhile); err != nil {
					return err
				}
			}
			n, err := get[int](ctx, tx.as(kita.SignedIn(kita.Credentials{AccountID: account, Today: kita.FirstDay})), statement)
			if err != nil {
				return err
			}
			counted = append(counted, n)
		}
		return nil
	})
	return counted, err
}

// PlansOf is how many plans there are within that of a guardian's list, behind the wall of an account.
func PlansOf(ctx context.Context, s *Store, account kita.ID) (int, error) {
	v := kita.SignedIn(kita.Credentials{AccountID: account, Today: kita.FirstDay})
	q := s.as(v)
	defer q.end()
	at, id, err := PageRequest{}.instant()
	if err != nil {
		return 0, err
	}
	lines, err := list[string](ctx, q, "explain select "+receivedColumns+inbox+" and (r.published_at, r.notice_id) < (?, ?)"+newestFirst+"21", account, at, id)
	return len(slices.DeleteFunc(lines, func(line string) bool {
		line = strings.TrimSpace(line)
		return !strings.HasPrefix(line, "InitPlan") && !strings.HasPrefix(line, "SubPlan")
	})), err
}
