package kita_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
)

func TestPasswordsAreLongAndNotTheObvious(t *testing.T) {
	for _, c := range []struct{ password, code string }{
		{"ein langer Satz", ""}, {"äöüäöüäöüä", ""}, {"😀😁😂😀😁😂😀😁😂😀", ""}, {strings.Repeat("ab", 100), ""},
		{"", "password.too_short"}, {"neunneunn", "password.too_short"}, {"äöüäöüäöü", "password.too_short"},
		{strings.Repeat("ab", 100) + "c", "password.too_long"},
		{"aaaaaaaaaaaa", "password.too_easy"}, {"ääääääääääää", "password.too_easy"}, {"Mia.Muster@Example.org", "password.too_easy"},
	} {
		err := kita.CheckPassword("password", c.password, "mia.muster@example.org")
		if c.code == "" && err != nil || c.code != "" && !errors.Is(err, kita.Invalid("password", c.code)) {
			t.Errorf("%q: %v, want %q", c.password, err, c.code)
		}
	}
}

func TestPasswordFitsItsHashAndNoOther(t *testing.T) {
	hash := kita.HashPassword("ein langer Satz", []byte("0123456789abcdef"))
	for password, want := range map[string]bool{"ein langer Satz": true, "ein langer Satz ": false, "": false} {
		if kita.PasswordFits(hash, password) != want {
			t.Errorf("%q fits: %v", password, !want)
		}
	}
	for _, broken := range []string{"", "x", kita.NoPassword, strings.Replace(hash, "argon2id", "argon2i", 1), strings.Replace(hash, "m=47104", "m=99999999", 1),
		strings.Replace(hash, "t=1", "t=0", 1), hash[:len(hash)-4]} {
		if kita.PasswordFits(broken, "ein langer Satz") || kita.PasswordFits(broken, "") {
			t.Errorf("the hash %q fits", broken)
		}
	}
}

func TestQuietHoursEndInTheMorning(t *testing.T) {
	loc := berlin(t)
	at := func(s string) time.Time {
		parsed, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	for _, c := range []struct {
		from, to  kita.Clock
		now, want string
	}{
		{"", "", "2026-11-23 23:00", "2026-11-23 23:00"}, {"20:00", "07:00", "2026-11-23 19:59", "2026-11-23 19:59"},
		{"20:00", "07:00", "2026-11-23 20:00", "2026-11-24 07:00"}, {"20:00", "07:00", "2026-11-24 06:59", "2026-11-24 07:00"},
		{"20:00", "07:00", "2026-11-24 07:00", "2026-11-24 07:00"}, {"12:00", "14:00", "2026-11-24 13:00", "2026-11-24 14:00"},
		{"12:00", "14:00", "2026-11-24 15:00", "2026-11-24 15:00"}, {"22:00", "06:00", "2026-10-24 23:00", "2026-10-25 06:00"},
	} {
		if got := kita.QuietUntil(c.from, c.to, at(c.now), loc); !got.Equal(at(c.want)) {
			t.Errorf("%s–%s at %s: until %v, want %s", c.from, c.to, c.now, got.In(loc), c.want)
		}
	}
}

func TestBanEndsByTwoLeadersOrTheOperator(t *testing.T) {
	now := kita.At(time.Unix(1_800_000_000, 0))
	a, b, op := kita.NewID(), kita.NewID(), kita.NewID()
	ban := kita.ContactBan{ID: kita.NewID()}
	first, err := ban.Lift(a, false, now)
	if err != nil || first.LiftedAt != nil || first.LiftRequestedBy == nil {
		t.Fatalf("one leader's word: %+v %v", first, err)
	}
	if _, err := first.Lift(a, false, now); !errors.Is(err, kita.Refused("ban.needs_second_leader")) {
		t.Errorf("the same leader again: %v", err)
	}
	for name, by := range map[string]struct {
		ban      kita.ContactBan
		who      kita.ID
		operator bool
	}{"a second leader": {first, b, false}, "the operator alone": {ban, op, true}} {
		got, err := by.ban.Lift(by.who, by.operator, now)
		if err != nil || got.LiftedAt == nil || *got.LiftedBy != by.who {
			t.Errorf("%s: %+v %v", name, got, err)
		}
		if _, err := got.Lift(a, true, now); !errors.Is(err, kita.Refused("ban.lifted_already")) {
			t.Errorf("%s, twice: %v", name, err)
		}
	}
}

func TestSoundLeavesAloneWhatIsAllowed(t *testing.T) {
	for _, c := range []struct {
		sound          kita.Sound
		urgent, others bool
	}{{kita.SoundAll, true, true}, {kita.SoundUrgent, true, false}, {kita.SoundNone, false, false}, {"", true, true}} {
		if c.sound.Allows(true) != c.urgent || c.sound.Allows(false) != c.others {
			t.Errorf("%q: urgent %t, others %t", c.sound, c.sound.Allows(true), c.sound.Allows(false))
		}
	}
}
