package kita

import (
	"database/sql/driver"
	"fmt"
	"strings"
	"time"
)

// Day is a calendar day, YYYY-MM-DD (ISO 8601), without a clock and without a zone.
// Days compare with < as they follow in time. The empty Day means "none".
type Day string

// FirstDay and LastDay stand for "since always" and "without an end".
const (
	FirstDay Day = "0001-01-01"
	LastDay  Day = "9999-12-31"
)

// ParseDay reads YYYY-MM-DD; days that do not exist are Invalid for field.
func ParseDay(field, s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return "", Invalid(field, "day.malformed")
	}
	if y := t.Year(); y < 1900 || y > 2200 {
		return "", Invalid(field, "day.out_of_range")
	}
	return Day(s), nil
}

// DayOf is the calendar day at the instant t in the zone loc.
func DayOf(t time.Time, loc *time.Location) Day { return Day(t.In(loc).Format(time.DateOnly)) }

// Time is midnight UTC of d, for arithmetic only. It panics on a Day that was never parsed.
func (d Day) Time() time.Time {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		panic("kita: not a day: " + string(d))
	}
	return t
}

// Add is the day n days later (earlier when n is negative).
func (d Day) Add(n int) Day { return Day(d.Time().AddDate(0, 0, n).Format(time.DateOnly)) }

// Sub is the number of days from other to d.
func (d Day) Sub(other Day) int { return int(d.Time().Sub(other.Time()) / (24 * time.Hour)) }

// At is the instant of the clock time c on d in loc; where the clocks skip it, the time after the gap, so that it is
// never on another day than d.
func (d Day) At(c Clock, loc *time.Location) time.Time {
	t := d.Time()
	at := time.Date(t.Year(), t.Month(), t.Day(), c.Hour(), c.Minute(), 0, 0, loc)
	// time.Date may land on either side of a gap. Before it, the local time reads earlier than asked for.
	if got := ClockOf(at, loc); DayOf(at, loc) < d || DayOf(at, loc) == d && got < c {
		_, before := at.Zone()
		_, after := at.Add(24 * time.Hour).Zone()
		at = at.Add(time.Duration(after-before) * time.Second)
	}
	return at
}

// Clock is a time of day, HH:MM, 24 hours. The empty Clock means "none".
type Clock string

// ParseClock reads HH:MM from 00:00 to 23:59.
func ParseClock(field, s string) (Clock, error) {
	if _, err := time.Parse("15:04", s); err != nil || len(s) != 5 {
		return "", Invalid(field, "clock.malformed")
	}
	return Clock(s), nil
}

// Hour is 0–23.
func (c Clock) Hour() int { return c.part(0) }

// Minute is 0–59.
func (c Clock) Minute() int { return c.part(1) }

func (c Clock) part(i int) int {
	var p [2]int
	if _, err := fmt.Sscanf(string(c), "%d:%d", &p[0], &p[1]); err != nil {
		panic("kita: not a clock time: " + string(c))
	}
	return p[i]
}

// ClockOf is the time of day at the instant t in loc.
func ClockOf(t time.Time, loc *time.Location) Clock { return Clock(t.In(loc).Format("15:04")) }

// Instant is a point in time, to the millisecond; stored as milliseconds since 1970 UTC in a bigint column,
// written as RFC 3339 UTC in JSON.
type Instant struct{ time.Time }

// At cuts t to the millisecond.
func At(t time.Time) Instant { return Instant{t.UTC().Truncate(time.Millisecond)} }

// Value stores milliseconds.
func (i Instant) Value() (driver.Value, error) { return i.UnixMilli(), nil }

// Scan reads milliseconds.
func (i *Instant) Scan(src any) error {
	ms, ok := src.(int64)
	if !ok {
		return fmt.Errorf("kita: an instant is milliseconds, not %T", src)
	}
	i.Time = time.UnixMilli(ms).UTC()
	return nil
}

// MarshalJSON writes RFC 3339, UTC, milliseconds.
func (i Instant) MarshalJSON() ([]byte, error) {
	return []byte(`"` + i.UTC().Format("2006-01-02T15:04:05.000Z07:00") + `"`), nil
}

// Name trims s and folds runs of white space, as names are typed with wet hands.
func Name(s string) string { return strings.Join(strings.Fields(s), " ") }

// UnmarshalJSON reads RFC 3339 and cuts to the millisecond, so that what was sent equals what is stored.
func (i *Instant) UnmarshalJSON(raw []byte) error {
	var t time.Time
	if err := t.UnmarshalJSON(raw); err != nil {
		return err
	}
	*i = At(t)
	return nil
}
