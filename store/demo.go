package store

import (
	"context"

	"morgenkreis/kita"
)

// DemoState is what a database holds, as far as the demo kita is concerned.
type DemoState struct {
	// Made counts the kitas made up for the demo, Real all others.
	Made int `db:"made"`
	Real int `db:"real_kitas"`
	// Others counts accounts and providers, whoever they belong to.
	Others int `db:"others"`
	// Done tells that the demo was made to its end.
	Done bool `db:"done"`
}

// demoMark is the line of the house's own table that says that the demo is whole.
const demoMark = "demo"

// SystemDemo looks whether this is a demo, a real house, or neither yet.
func (s *Store) SystemDemo(ctx context.Context) (DemoState, error) {
	return get[DemoState](ctx, s.db, `
select (select count(*) from kitas k where k.demo) as made,
       (select count(*) from kitas k where not k.demo) as real_kitas,
       (select count(*) from accounts) + (select count(*) from providers) as others,
       exists (select 1 from meta m where m.key = ?) as done`, demoMark)
}

// SystemDemoDone notes that the demo is whole.
func (s *Store) SystemDemoDone(ctx context.Context) error {
	return s.write(ctx, func(tx *Tx) error {
		_, err := tx.exec(`insert into meta (key, value) values (?, 'done') on conflict (key) do nothing`, demoMark)
		return err
	})
}

// Sign is what a recipient of a notice, or their device, gave to know at a moment that has passed.
type Sign struct {
	NoticeID  kita.ID
	AccountID kita.ID
	At        kita.Instant
	Kind      kita.RecipientState // shown, opened or confirmed
}

// SystemSigns notes signs as SystemShown, MarkOpened and MarkConfirmed do one by one, in one transaction: a month of a whole
// house is thousands of them. The first of a kind stands; whoever confirms has read. What is withdrawn takes no more.
func (s *Store) SystemSigns(ctx context.Context, signs []Sign) error {
	statements := map[kita.RecipientState]string{
		kita.StateShown:     `update recipients set shown_at = coalesce(shown_at, cast(? as bigint))`,
		kita.StateOpened:    `update recipients set opened_at = coalesce(opened_at, cast(? as bigint))`,
		kita.StateConfirmed: `update recipients set opened_at = coalesce(opened_at, cast(? as bigint)), confirmed_at = coalesce(confirmed_at, cast(? as bigint))`,
	}
	return s.write(ctx, func(tx *Tx) error {
		for _, sign := range signs {
			args := []any{sign.At}
			if sign.Kind == kita.StateConfirmed {
				args = append(args, sign.At)
			}
			if _, err := tx.exec(statements[sign.Kind]+` where notice_id = ? and account_id = ? and not withdrawn`,
				append(args, sign.NoticeID, sign.AccountID)...); err != nil {
				return err
			}
		}
		return nil
	})
}
