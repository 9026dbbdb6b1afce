package kita_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"morgenkreis/kita"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestPushesExpireByKind(t *testing.T) {
	loc := berlin(t)
	at := func(s string) time.Time {
		parsed, err := time.ParseInLocation("2006-01-02 15:04:05", s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return parsed.UTC()
	}
	for _, c := range []struct{ kind, now, want string }{
		{"urgent", "2026-11-23 08:00:00", "2026-11-24 08:00:00"},
		{"news", "2026-11-23 08:00:00", "2026-11-26 08:00:00"},
		{"event", "2026-11-23 08:00:00", "2026-11-26 08:00:00"},
		{"closure", "2026-11-23 08:00:00", "2026-11-26 08:00:00"},
		{"illness", "2026-11-23 08:00:00", "2026-11-26 08:00:00"},
		{"absence", "2026-11-23 08:00:00", "2026-11-26 08:00:00"},
		{"", "2026-11-23 08:00:00", "2026-11-26 08:00:00"},
		{"daily", "2026-11-23 15:30:00", "2026-11-23 20:00:00"},
		{"daily", "2026-11-23 00:00:00", "2026-11-23 20:00:00"},
		{"daily", "2026-11-23 18:00:00", "2026-11-23 20:00:00"},
		{"daily", "2026-11-23 18:00:01", "2026-11-24 06:00:01"},
		{"daily", "2026-11-23 23:59:59", "2026-11-24 11:59:59"},
		{"daily", "2026-03-29 01:30:00", "2026-03-29 20:00:00"}, // the night that has no third hour
		{"daily", "2026-10-25 12:00:00", "2026-10-25 20:00:00"},
	} {
		if got := kita.NoticeKind(c.kind).Until(at(c.now), loc); !got.Equal(at(c.want)) {
			t.Errorf("%s at %s expires %v, want %s", c.kind, c.now, got.In(loc), c.want)
		}
	}
}

func TestEveryPushLivesAtLeastTwoHoursAndAtMostThreeDays(t *testing.T) {
	loc := berlin(t)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kita.NoticeKinds).Draw(t, "kind")
		now := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "now"), 0)
		if life := kind.Until(now, loc).Sub(now); life < 2*time.Hour || life > 72*time.Hour {
			t.Fatalf("%s sent at %v lives %v", kind, now.In(loc), life)
		}
	})
}
