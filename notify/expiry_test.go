package notify

import (
	"strings"
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
		if got := Expiry(c.kind, at(c.now), loc); !got.Equal(at(c.want)) {
			t.Errorf("%s at %s expires %v, want %s", c.kind, c.now, got.In(loc), c.want)
		}
	}
}

func TestEveryPushLivesAtLeastTwoHoursAndAtMostThreeDays(t *testing.T) {
	loc := berlin(t)
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(kita.NoticeKinds).Draw(t, "kind")
		now := time.Unix(rapid.Int64Range(1_700_000_000, 2_000_000_000).Draw(t, "now"), 0)
		if life := Expiry(string(kind), now, loc).Sub(now); life < 2*time.Hour || life > 72*time.Hour {
			t.Fatalf("%s sent at %v lives %v", kind, now.In(loc), life)
		}
	})
}

func TestOnlyUrgentIsUrgent(t *testing.T) {
	for _, kind := range kita.NoticeKinds {
		if got, want := Urgency(string(kind)), map[bool]string{true: "high", false: "normal"}[kind == kita.NoticeUrgent]; got != want {
			t.Errorf("%s is %s", kind, got)
		}
	}
	if Urgency("absence") != "normal" {
		t.Error("what is no notice is loud")
	}
}

func TestTopicIsTheSameForTheSameNoticeAndSaysNothingOfIt(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		id := kita.NewID()
		topic := Topic(id)
		if seen[topic] || topic != Topic(id) || !(Message{Topic: topic}).wellFormed() || len(topic) != 22 {
			t.Fatalf("topic %q", topic)
		}
		if strings.Contains(topic, strings.Split(string(id), "-")[0]) {
			t.Fatalf("%s shows in %s", id, topic)
		}
		seen[topic] = true
	}
}
