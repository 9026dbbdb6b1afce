package store

import (
	"context"
	"errors"
	"slices"

	"morgenkreis/kita"
)

// AbsenceSeen is an absence with the child's name, and its group on the first day asked about.
type AbsenceSeen struct {
	kita.Absence
	ChildName   string   `db:"child_name"`
	GroupID     *kita.ID `db:"group_id"`
	GroupName   *string  `db:"group_name"`
	GroupColour *string  `db:"group_colour"`
	GroupIcon   *string  `db:"group_icon"`
}

// AbsenceReport is an absence with what a report of it met.
type AbsenceReport struct {
	AbsenceSeen
	// Closures are the days of the absence on which the kita is shut anyway.
	Closures []kita.Closure
	// Joined tells that the report became part of an earlier one, whose id the absence has. Again tells that the very
	// same report was sent before.
	Joined bool
	Again  bool
}

// desk is what it takes to judge a report: the kita, its closing days, and whether the viewer works there with the child.
type desk struct {
	kita.Kita
	AsStaff bool `db:"as_staff"`
	Closing []kita.ClosingDay
}

// deskOf: those who look after the child as staff, and its guardians, can report it, as staff where they are both. A ban
// leaves no row in reach.
const deskOf = `
select k.*, exists (select 1 from reach r where r.account_id = ? and r.child_id = c.id and r.until_day >= ? and r.cares and r.through <> 'guardian') as as_staff
from   children c
join   kitas k on k.id = c.kita_id
where  c.id = ? and c.archived_at is null
and    exists (select 1 from reach r where r.account_id = ? and r.child_id = c.id and r.until_day >= ? and r.cares)`

// deskFor is the desk at which the viewer stands for the child, with the closing days from–to; ErrNotFound without one.
func deskFor(ctx context.Context, q query, v kita.Viewer, child kita.ID, from, to kita.Day) (d desk, err error) {
	if d, err = get[desk](ctx, q, deskOf, v.AccountID(), v.Today(), child, v.AccountID(), v.Today()); err != nil {
		return d, err
	}
	d.Closing, err = closingDays(ctx, q, d.ID, from, to)
	return d, err
}

func (d desk) closures(a kita.Absence) []kita.Closure {
	return kita.Closures(d.State, d.Closing, a.From, a.To)
}

// standing are the absences of a child that stand, and share a day with from–to.
func standing(tx *Tx, of, child kita.ID, from, to kita.Day) ([]kita.Absence, error) {
	return list[kita.Absence](tx.ctx, tx, `select * from absences
where kita_id = ? and child_id = ? and to_day >= ? and from_day <= ? and withdrawn_at is null order by from_day, id`, of, child, from, to)
}

// ReportAbsence keeps a report by staff or a guardian of the child, and in the same transaction the pushes that tell the
// group's educators. It joins the report with those that stand already (kita.Absence.Join), and answers with the joined
// absence: two parents who report at the same time make one absence. Sending the same again is harmless, also when it
// was joined; when it was withdrawn meanwhile and nothing else stands in its place, the withdrawn report is the answer.
func (s *Store) ReportAbsence(ctx context.Context, v kita.Viewer, a kita.Absence) (done AbsenceReport, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		done = AbsenceReport{}
		k, err := deskFor(ctx, tx.as(v), v, a.ChildID, a.From, a.To)
		if err != nil {
			return err
		}
		row := a
		row.KitaID = k.ID
		if done.Again, err = tx.creation(v, row.ID, row); err != nil {
			return err
		}
		if done.Again {
			row, err = reportedBefore(tx, row)
			done.Joined = row.ID != a.ID
		} else {
			row, done.Joined, err = s.report(tx, v, k, row)
		}
		if err != nil {
			return err
		}
		if done.AbsenceSeen, err = absenceSeen(ctx, tx.as(v), v, row.ID); err != nil {
			return err
		}
		k.Closing, err = closingDays(ctx, tx, k.ID, row.From, row.To)
		done.Closures = k.closures(row)
		return err
	})
	return done, err
}

// report judges a and writes it, or what it is joined to.
func (s *Store) report(tx *Tx, v kita.Viewer, k desk, a kita.Absence) (_ kita.Absence, joined bool, err error) {
	if err := a.Check(k.Today(tx.now.Time)); err != nil {
		return a, false, err
	}
	earlier, err := standing(tx, k.ID, a.ChildID, a.From.Add(-1), a.To.Add(1))
	if err != nil {
		return a, false, err
	}
	if err := a.CanReport(earlier, k.Kita, k.Closing, k.AsStaff, tx.now.Time); err != nil {
		return a, false, err
	}
	row, folded, err := a.Join(earlier)
	if err != nil {
		return a, false, err
	}
	if row.ID == a.ID {
		row.ReportedBy, row.ReporterName, row.ByGuardian, row.CreatedAt = v.AccountID(), v.NameIn(k.ID), !k.AsStaff, tx.now
		if err := s.insertNew(tx, "absences", absenceColumns, row); err != nil {
			return a, false, err
		}
		if err := tx.audit(v, k.ID, "absence.report", row.ID); err != nil {
			return a, false, err
		}
		return row, false, s.tellEducators(tx, v, k, row, row)
	}
	if err := tx.audit(v, k.ID, "absence.join", row.ID); err != nil {
		return a, true, err
	}
	if slices.Contains(earlier, row) {
		return row, true, nil // it said nothing new
	}
	for _, f := range folded {
		if err := withdraw(tx, v, f); err != nil {
			return a, true, err
		}
	}
	if err := tx.update("absences", "from_day, to_day, illness, note", row); err != nil {
		return a, true, err
	}
	if k.Closing, err = closingDays(tx.ctx, tx, k.ID, row.From, row.To); err != nil {
		return a, true, err
	}
	return row, true, s.tellEducators(tx, v, k, row, row)
}

// reportedBefore is what became of a report that was sent before: the report, or the one it was joined to.
func reportedBefore(tx *Tx, a kita.Absence) (kita.Absence, error) {
	row, err := get[kita.Absence](tx.ctx, tx, `select * from absences where id = ?`, a.ID)
	if !errors.Is(err, kita.ErrNotFound) {
		return row, err
	}
	row, err = get[kita.Absence](tx.ctx, tx, `select * from absences
where kita_id = ? and child_id = ? and to_day >= ? and from_day <= ? and reason = ?
order by case when withdrawn_at is null then 0 else 1 end, created_at desc limit 1`, a.KitaID, a.ChildID, a.From.Add(-1), a.To.Add(1), a.Reason)
	if errors.Is(err, kita.ErrNotFound) {
		err = kita.Refused("absence.withdrawn_already")
	}
	return row, err
}

// ChangeAbsence lets change correct days, reason, illness and note of an absence the viewer can report, and keeps the
// result when it holds and shares no day with another absence of the child. Educators are told when it says anything new.
func (s *Store) ChangeAbsence(ctx context.Context, v kita.Viewer, id kita.ID, change func(*kita.Absence)) (done AbsenceReport, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		done = AbsenceReport{}
		old, err := get[kita.Absence](ctx, tx.as(v), `select * from absences where id = ?`, id)
		if err != nil {
			return err
		}
		row := old
		change(&row)
		from, to := min(old.From, row.From), max(old.To, row.To)
		k, err := deskFor(ctx, tx.as(v), v, old.ChildID, from, to)
		if err != nil {
			return err
		}
		if err := old.CanBecome(row, k.Kita, k.Closing, k.AsStaff, tx.now.Time); err != nil {
			return err
		}
		if row != old {
			if err := s.keepChange(tx, v, k, old, row); err != nil {
				return err
			}
		}
		done.AbsenceSeen, err = absenceSeen(ctx, tx.as(v), v, id)
		done.Closures = k.closures(row)
		return err
	})
	return done, err
}

func (s *Store) keepChange(tx *Tx, v kita.Viewer, k desk, old, row kita.Absence) error {
	others, err := standing(tx, row.KitaID, row.ChildID, row.From, row.To)
	if err != nil {
		return err
	}
	if err := row.Apart(slices.DeleteFunc(others, func(o kita.Absence) bool { return o.ID == row.ID })); err != nil {
		return err
	}
	if err := tx.update("absences", "from_day, to_day, reason, illness, note", row); err != nil {
		return err
	}
	if err := tx.audit(v, k.ID, "absence.change", row.ID); err != nil {
		return err
	}
	news := row
	news.From, news.To = min(old.From, row.From), max(old.To, row.To)
	return s.tellEducators(tx, v, k, row, news)
}

// WithdrawAbsence takes a report back: for guardians as long as the kita's cut-off allows, for staff always. It stays in
// the log. Withdrawing again is harmless.
func (s *Store) WithdrawAbsence(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		row, err := get[kita.Absence](ctx, tx.as(v), `select * from absences where id = ?`, id)
		if err != nil {
			return err
		}
		k, err := deskFor(ctx, tx.as(v), v, row.ChildID, row.From, row.To)
		if err != nil || row.WithdrawnAt != nil {
			return err
		}
		if err := row.CanWithdraw(k.Kita, k.Closing, k.AsStaff, tx.now.Time); err != nil {
			return err
		}
		if err := withdraw(tx, v, row); err != nil {
			return err
		}
		row.WithdrawnAt = &tx.now
		return s.tellEducators(tx, v, k, row, row)
	})
}

func withdraw(tx *Tx, v kita.Viewer, a kita.Absence) error {
	if err := tx.one(`update absences set withdrawn_at = ?, withdrawn_by = ? where id = ?`, tx.now, v.AccountID(), a.ID); err != nil {
		return err
	}
	return tx.audit(v, a.KitaID, "absence.withdraw", a.ID)
}

// educatorsToTell: the devices of those who work with the child's group on a day, but for who reported it and whoever
// the ban or the end of their work keeps from the child.
const educatorsToTell = `
select distinct sub.id as subscription_id, sub.account_id as account_id, sub.service as service, ac.quiet_from as quiet_from, ac.quiet_to as quiet_to
from   placements p
join   staff_groups sg on sg.kita_id = p.kita_id and sg.group_id = p.group_id
join   staff st on st.kita_id = sg.kita_id and st.id = sg.staff_id and st.archived_at is null
join   accounts ac on ac.id = st.account_id and ac.disabled_at is null
join   subscriptions sub on sub.account_id = ac.id
where  p.kita_id = ? and p.child_id = ? and p.from_day <= ? and p.to_day >= ? and ac.id <> ?
and    exists (select 1 from reach r where r.account_id = ac.id and r.kita_id = p.kita_id and r.child_id = p.child_id and r.cares and r.through <> 'guardian')`

// heardOf: whom the report never reached need not hear that it was withdrawn.
const heardOf = `
and    exists (select 1 from deliveries d where d.subscription_id = sub.id and d.absence_id = ? and d.outcome <> 'cancelled')`

type absencePush struct {
	ID             kita.ID      `db:"id"`
	KitaID         kita.ID      `db:"kita_id"`
	AccountID      kita.ID      `db:"account_id"`
	AbsenceID      kita.ID      `db:"absence_id"`
	SubscriptionID kita.ID      `db:"subscription_id"`
	Channel        string       `db:"channel"`
	Service        string       `db:"service"`
	Kind           string       `db:"kind"`
	Rank           int          `db:"rank"`
	DueAt          kita.Instant `db:"due_at"`
	Turn           kita.Instant `db:"turn"`
	ExpiresAt      kita.Instant `db:"expires_at"`
	CreatedAt      kita.Instant `db:"created_at"`
	QuietFrom      kita.Clock   `db:"quiet_from"`
	QuietTo        kita.Clock   `db:"quiet_to"`
}

// absenceRank is of use in the morning, but never before an urgent notice.
const absenceRank = 50

// tellEducators queues the pushes about a, in place of those that still wait. news has the days that the push is about:
// it goes to the educators of the first open one from today on, after their quiet hours, and is of use until the end of
// the first open day that it can still be said on. Nobody is told of days that are over.
func (s *Store) tellEducators(tx *Tx, v kita.Viewer, k desk, a, news kita.Absence) error {
	tx.tell(kita.ChangeAbsences, k.ID, a.ChildID)
	if _, err := tx.exec(`update deliveries set finished_at = ?, outcome = 'cancelled'
where finished_at is null and rank = ? and leased_until <= ? and absence_id = ?`, tx.now, absenceRank, tx.now, a.ID); err != nil {
		return err
	}
	open := kita.OpenDays(k.State, k.Closing, max(news.From, k.Today(tx.now.Time)), news.To)
	if len(open) == 0 {
		return nil
	}
	statement, args := educatorsToTell, []any{k.ID, a.ChildID, open[0], open[0], v.AccountID()}
	if a.WithdrawnAt != nil {
		statement, args = statement+heardOf, append(args, a.ID)
	}
	pushes, err := list[absencePush](tx.ctx, tx, statement, args...)
	if err != nil {
		return err
	}
	zone := k.Zone()
	var due []absencePush
	for _, p := range pushes {
		at := kita.QuietUntil(p.QuietFrom, p.QuietTo, tx.now.Time, zone)
		day := slices.IndexFunc(open, func(d kita.Day) bool { return d >= kita.DayOf(at, zone) })
		if day < 0 {
			continue // the quiet hours outlast the absence
		}
		p.ID, p.KitaID, p.AbsenceID, p.Channel, p.Kind, p.Rank = s.newID(), k.ID, a.ID, "push", "absence", absenceRank
		p.DueAt, p.Turn, p.ExpiresAt, p.CreatedAt = kita.At(at), kita.At(at), kita.At(open[day].Add(1).At("00:00", zone)), tx.now
		due = append(due, p)
	}
	tx.wake()
	return insertAll(tx, "deliveries", "id, kita_id, account_id, absence_id, subscription_id, channel, service, kind, rank, due_at, expires_at, created_at, turn", due)
}
