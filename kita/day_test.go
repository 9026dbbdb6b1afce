package kita_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"morgenkreis/kita"
)

func TestClockTimeIsOnItsOwnDayEvenWhereTheClocksSkipIt(t *testing.T) {
	zones := []string{"Europe/Berlin", "America/Santiago", "America/Havana", "Atlantic/Azores", "Africa/Cairo", "Asia/Kolkata", "Pacific/Honolulu", "Australia/Lord_Howe"}
	rapid.Check(t, func(t *rapid.T) {
		loc := kita.Kita{TimeZone: rapid.SampledFrom(zones).Draw(t, "zone")}.Zone()
		day := kita.Day("2020-01-01").Add(rapid.IntRange(0, 4000).Draw(t, "day"))
		clock := kita.ClockOf(time.Date(2000, 1, 1, 0, rapid.IntRange(0, 24*60-1).Draw(t, "minute"), 0, 0, time.UTC), time.UTC)
		at := day.At(clock, loc)
		if got := kita.DayOf(at, loc); got != day {
			t.Fatalf("%s %s is on %s", day, clock, got)
		}
		if got := kita.ClockOf(at, loc); got < clock {
			t.Fatalf("%s %s reads %s", day, clock, got)
		}
	})
	loc := kita.Kita{TimeZone: "Europe/Berlin"}.Zone()
	if got := kita.Day("2026-03-29").At("02:30", loc).UTC().Format(time.RFC3339); got != "2026-03-29T01:30:00Z" {
		t.Errorf("half past two in the night that has none: %s", got)
	}
}
