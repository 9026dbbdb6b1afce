package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"morgenkreis/kita"
)

// Outcomes of a delivery. A delivery that is not finished has none.
const (
	OutcomeAccepted      = "accepted"
	OutcomeGone          = "gone"
	OutcomeExpired       = "expired"
	OutcomeMisconfigured = "misconfigured"
	OutcomeFailed        = "failed"
	OutcomeCancelled     = "cancelled"
	// OutcomeFinished: somebody else has finished it; nothing is noted. OutcomeUntried: it was claimed and not begun; it is
	// handed back as it was. Neither is ever written.
	OutcomeFinished = "finished"
	OutcomeUntried  = "untried"
)

// Completion is what became of one try.
type Completion struct {
	ID           kita.ID
	KitaID       *kita.ID
	NoticeID     *kita.ID
	RecipientID  *kita.ID
	Subscription *kita.ID
	Channel      string
	Service      string
	// Lease is the claim that the try was made under.
	Lease kita.Instant
	// Outcome is empty when the delivery is to be tried again at RetryAt.
	Outcome string
	Status  int
	RetryAt kita.Instant
	Shorten bool
}

// SystemComplete notes what became of a batch, by set. Deliveries that were finished meanwhile, by a withdrawal, say, stay as
// they are, and their recipients with them; that a subscription is gone holds all the same. What was accepted or goes on is
// one transaction, in which each row is judged by itself; what has failed is another, since it asks what else there is for
// the same person. Called again with the same batch after an error, it notes what is not noted yet.
func (s *Store) SystemComplete(ctx context.Context, batch []Completion) error {
	byOutcome := map[string][]Completion{}
	for _, c := range batch {
		byOutcome[c.Outcome] = append(byOutcome[c.Outcome], c)
	}
	some := func(o *sql.TxOptions, outcomes ...string) error {
		outcomes = slices.DeleteFunc(outcomes, func(outcome string) bool { return len(byOutcome[outcome]) == 0 })
		if len(outcomes) == 0 {
			return nil
		}
		return s.send(ctx, o, func(tx *Tx) error {
			const bySet = 500
			for _, outcome := range outcomes {
				for all := range slices.Chunk(byOutcome[outcome], bySet) {
					if err := note(tx, outcome, all); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	if err := some(s.engine.rowOptions(), "", OutcomeUntried, OutcomeAccepted); err != nil {
		return err
	}
	return some(s.engine.writeOptions(), OutcomeGone, OutcomeExpired, OutcomeMisconfigured, OutcomeFailed, OutcomeCancelled)
}

// untried leaves all but the claim as it was.
const untried = `due_at = due_at`

func note(tx *Tx, outcome string, all []Completion) error {
	switch outcome {
	case "":
		return letGo(tx, all, `due_at = tried.retry_at, turn = tried.retry_at, attempts = attempts + 1, status = tried.status, shortened = shortened or tried.shorten`)
	case OutcomeUntried:
		return letGo(tx, all, untried)
	}
	return finish(tx, outcome, all)
}

// letGo ends the claims of a set and changes each as its own try has it, in one statement. A delivery that somebody else
// holds, because the claim ran out, is not touched.
func letGo(tx *Tx, all []Completion, change string) error {
	table, args := tx.s.outbox.batches.tried(all)
	_, err := tx.exec(letGoOf(table, change), args...)
	return err
}

func letGoOf(table, change string) string {
	return `
with tried (id, lease, retry_at, status, shorten) as (` + table + `)
update deliveries set leased_until = 0, ` + change + `
from   tried
where  deliveries.id = tried.id and coalesce(deliveries.finished_at, 0) = 0 and deliveries.leased_until = tried.lease`
}

// finished asks for what is not finished in a way that no planner takes for the index of all that waits.
const finished = `
update deliveries set finished_at = ?, leased_until = 0, attempts = attempts + 1, outcome = ?, status = ?
where  id in (?) and coalesce(finished_at, 0) = 0
returning id`

// finish ends deliveries that had the same outcome, and draws the consequences for devices and people.
func finish(tx *Tx, outcome string, all []Completion) error {
	byStatus := map[int][]kita.ID{}
	var subscriptions []kita.ID
	for _, c := range all {
		byStatus[c.Status] = append(byStatus[c.Status], c.ID)
		if c.Subscription != nil {
			subscriptions = append(subscriptions, *c.Subscription)
		}
	}
	ended := map[kita.ID]bool{}
	for status, of := range byStatus {
		now, err := listAmong[kita.ID](tx.ctx, tx.s.outbox, tx, finished, tx.now, outcome, status, of)
		if err != nil {
			return err
		}
		for _, id := range now {
			ended[id] = true
		}
	}
	var pushed, mailed []kita.ID
	for _, c := range all {
		switch {
		case c.RecipientID == nil || !ended[c.ID]:
			continue
		case c.Channel == ChannelEmail:
			mailed = append(mailed, *c.RecipientID)
		default:
			pushed = append(pushed, *c.RecipientID)
		}
		if c.KitaID != nil && c.NoticeID != nil && outcome != OutcomeCancelled {
			tx.tell(kita.ChangeLedger, *c.KitaID, *c.NoticeID)
		}
	}
	return consequences(tx, outcome, subscriptions, pushed, mailed)
}

// acceptedTo is how exactly a device's last acceptance is known: who looks at it asks whether the device is still in use. Each
// single one stands in the ledger.
const acceptedTo = 24 * time.Hour

const acceptedByDevices = `
update subscriptions set last_accepted_at = ?, trouble = ''
where  (last_accepted_at is null or last_accepted_at <= ? or trouble <> '') and id in (?)`

func consequences(tx *Tx, outcome string, subscriptions, pushed, mailed []kita.ID) error {
	// set does statement for a set of rows, unless the set is empty.
	set := func(statement string, of []kita.ID, args ...any) error {
		if len(of) == 0 {
			return nil
		}
		_, err := tx.execAmong(statement, append(args, of)...)
		return err
	}
	var err error
	switch outcome {
	case OutcomeCancelled:
		return nil
	case OutcomeAccepted:
		if err := set(`update recipients set accepted_at = coalesce(accepted_at, cast(? as bigint)), trouble = '' where id in (?) and (accepted_at is null or trouble <> '')`, pushed, tx.now); err != nil {
			return err
		}
		if err := set(`update recipients set emailed_at = coalesce(emailed_at, cast(? as bigint)) where id in (?)`, mailed, tx.now); err != nil {
			return err
		}
		return set(acceptedByDevices, subscriptions, tx.now, kita.At(tx.now.Add(-acceptedTo)))
	case OutcomeGone:
		err = set(`delete from subscriptions where id in (?)`, subscriptions)
	case OutcomeMisconfigured:
		err = set(`update subscriptions set trouble = 'misconfigured' where id in (?)`, subscriptions)
	}
	if err != nil {
		return err
	}
	if err := set(troubled, pushed); err != nil {
		return err
	}
	// An e-mail that can not be delivered leaves only the telephone.
	return set(`update recipients set call_listed_at = coalesce(call_listed_at, cast(? as bigint))
where id in (?) and opened_at is null and shown_at is null`, mailed, tx.now)
}

// troubled: once nothing is on its way any more and nothing was accepted, the ledger says why.
const troubled = `
update recipients set trouble = case when exists (select 1 from subscriptions d where d.account_id = recipients.account_id) then 'failed' else 'no_device' end
where  id in (?)
and    accepted_at is null
and    not exists (select 1 from deliveries d where d.kita_id = recipients.kita_id and d.recipient_id = recipients.id and d.channel = 'push' and d.outcome = '')`
