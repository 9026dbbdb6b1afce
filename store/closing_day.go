package store

import (
	"context"

	"morgenkreis/kita"
)

// MaxCalendar is how many days a calendar shows at once.
const MaxCalendar = 400

// Calendar is what shuts a kita in a span of days, by day.
type Calendar struct {
	Holidays    []kita.Holiday
	ClosingDays []kita.ClosingDay
}

// Calendar answers the holidays of the kita's federal state and its closing days, from–to inclusive, to everybody who
// has to do with the kita. At most MaxCalendar days.
func (s *Store) Calendar(ctx context.Context, v kita.Viewer, kitaID kita.ID, from, to kita.Day) (c Calendar, err error) {
	q := s.as(v)
	defer q.end()
	var checks kita.Checks
	for field, day := range map[string]kita.Day{"from": from, "to": to} {
		_, err := kita.ParseDay(field, string(day))
		checks.Add(err)
	}
	if err := checks.Err(); err != nil {
		return c, err
	}
	if to < from || to.Sub(from) >= MaxCalendar {
		return c, kita.Invalid("to", "calendar.range")
	}
	k, err := kitaFor(ctx, q, v, kitaID)
	if err != nil {
		return c, err
	}
	c.Holidays = kita.Holidays(k.State, from, to)
	c.ClosingDays, err = closingDays(ctx, q, kitaID, from, to)
	return c, err
}

// closingDays are a kita's own, by day; the caller has made sure that whoever asks may know.
func closingDays(ctx context.Context, q query, kitaID kita.ID, from, to kita.Day) ([]kita.ClosingDay, error) {
	return list[kita.ClosingDay](ctx, q, `select id, kita_id, day, name from closing_days
where kita_id = ? and day >= ? and day <= ? order by day`, kitaID, from, to)
}

// CreateClosingDay shuts a kita the viewer leads for a day; KindConflict when that day has an entry. Sending the same
// again is harmless; again tells so.
func (s *Store) CreateClosingDay(ctx context.Context, v kita.Viewer, d kita.ClosingDay) (_ kita.ClosingDay, again bool, err error) {
	if err := d.Check(); err != nil {
		return d, false, err
	}
	err = s.write(ctx, func(tx *Tx) (err error) {
		if _, err := ledKita(ctx, tx.as(v), v, d.KitaID); err != nil {
			return err
		}
		if again, err = tx.creation(v, d.ID, d); err != nil {
			return err
		}
		there, err := closingDays(ctx, tx, d.KitaID, d.Day, d.Day)
		if err != nil {
			return err
		}
		switch {
		case again && len(there) == 1 && there[0].ID == d.ID:
			return nil
		case again:
			return kita.ErrNotFound // it was created, and removed since
		case len(there) > 0:
			return kita.Conflict("day", "closing_day.taken")
		}
		if err := s.insertNew(tx, "closing_days", "id, kita_id, day, name, created_at", ClosingDayRow{d, tx.now}); err != nil {
			return err
		}
		tx.tell(kita.ChangeKitas, d.KitaID, "")
		return tx.audit(v, d.KitaID, "closing_day.create", d.ID)
	})
	return d, again, err
}

// DeleteClosingDay opens the kita again on that day; for its leaders.
func (s *Store) DeleteClosingDay(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		d, err := get[kita.ClosingDay](ctx, tx.as(v), `select id, kita_id, day, name from closing_days where id = ?`, id)
		if err != nil {
			return err
		}
		if _, err := ledKita(ctx, tx.as(v), v, d.KitaID); err != nil {
			return err
		}
		if err := tx.one(`delete from closing_days where id = ?`, id); err != nil {
			return err
		}
		tx.tell(kita.ChangeKitas, d.KitaID, "")
		return tx.audit(v, d.KitaID, "closing_day.delete", id)
	})
}
