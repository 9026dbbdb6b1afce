package kita_test

import (
	"fmt"
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

// TestHealthIsTheWordNotItsLetters holds the rule to both sides: what speaks of health is kept off the lock screen, what
// only has the same letters in it is not.
func TestHealthIsTheWordNotItsLetters(t *testing.T) {
	health := []string{"Erbrechen", "Brechdurchfall", "Zwei Kinder haben erbrochen", "Ein Kind erbricht", "Magen-Darm", "Magen-Darm-Erkrankung",
		"Durchfallerkrankung", "Durchfall", "krank", "Kranke Kinder", "Erkrankt: drei Kinder", "Läuse", "Eine Laus", "Kopfläuse", "Kopflaus",
		"Lausbefall", "Läusealarm", "Infekt", "Atemwegsinfektion", "Hochansteckend", "Ansteckungsgefahr", "Allergie", "Nussallergie", "Allergische Kinder",
		"Allergene im Essen", "Kreuzallergien", "Medikamente", "Notfallmedikament", "Arzt", "Arzttermin", "Zahnarzt", "Zahnarztbesuch", "Facharzt",
		"Kinderärztin", "Ärzte", "Ärztliches Attest", "Hepatitis", "Covid", "Coronatest", "Erkältet", "Fieber", "Drüsenfieber", "Schweinegrippe",
		"Ringelröteln", "ill children", "Two are ill", "illness", "sick", "Sick notes", "sickness", "infectious", "head lice", "Lice!",
		"medicines", "doctor's note", "Allergy", "allergic to nuts"}
	for _, i := range kita.Illnesses {
		health = append(health, i.German, i.English)
	}
	harmless := []string{"Unterbrechung der Wasserversorgung", "Wasserrohrbruch", "Kurzfristige Unterbrechung", "Wir unterbrechen die Probe",
		"Zerbrechliches bitte einpacken", "Ein Rohr ist gebrochen", "Verbrecherjagd im Wald", "Der Nikolaus kommt", "Klaus liest vor",
		"Lauschrunde", "Wir lauschen Geschichten", "Ausflug in die Lausitz", "Alice im Wunderland", "Die Police der Versicherung", "Das Regenwasser versickert",
		"Wer will mitkommen?", "Stiller Nachmittag", "Still sein", "Grill und Spiele", "April-Brill", "Mit allergrößter Freude", "Am allergernsten draußen",
		"Schwarztee für das Team", "Quarztreffen", "Harztour", "Ihr schwärztet die Wände", "Schrankwand", "Krippe", "Fasern und Wolle", "Ausflug in den Wald"}
	frames := []string{"%s", "%s.", "Heute: %s", "Heute %s heute", "„%s“", "Achtung,%s!", "2%s"}
	for _, frame := range frames {
		for _, say := range []func(string) string{strings.ToUpper, strings.ToLower, strings.Clone} {
			for _, text := range health {
				discerned(t, fmt.Sprintf(frame, say(text)), kita.ShowKind, kita.ShowTitle)
			}
			for _, text := range harmless {
				discerned(t, fmt.Sprintf(frame, say(text)), kita.ShowText, kita.ShowText)
			}
		}
	}
	for _, word := range health { // nothing beside it takes a word of health away
		for _, beside := range harmless {
			discerned(t, word+"\n"+beside, kita.ShowKind, kita.ShowTitle)
			discerned(t, beside+" – "+word, kita.ShowKind, kita.ShowTitle)
		}
	}
}

func discerned(t *testing.T, text string, inTitle, inBody kita.Discretion) {
	t.Helper()
	if got := (kita.Notice{Title: text}).Discern(nil); got != inTitle {
		t.Errorf("%q as a title: %v, not %v", text, got, inTitle)
	}
	if got := (kita.Notice{Title: "Hinweis", Body: kita.Markdown(text)}).Discern(nil); got != inBody {
		t.Errorf("%q as a text: %v, not %v", text, got, inBody)
	}
}
