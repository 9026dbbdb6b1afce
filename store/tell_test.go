package store

import (
	"context"
	"errors"

	"morgenkreis/kita"
)

var errSecondThoughts = errors.New("second thoughts")

// TellAndThinkBetter announces c in a transaction that has done all but commit, and is rolled back.
func TellAndThinkBetter(ctx context.Context, s *Store, c kita.Change) error {
	err := s.write(ctx, func(tx *Tx) error {
		tx.tell(c.Kind, c.KitaID, c.ID)
		if err := s.wire.announce(tx); err != nil {
			return err
		}
		return errSecondThoughts
	})
	if errors.Is(err, errSecondThoughts) {
		return nil
	}
	return errors.Join(errors.New("it was committed"), err)
}
