package kita

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Provider (Träger) runs one or many kitas.
type Provider struct {
	ID         ID       `db:"id"`
	Name       string   `db:"name"`
	CreatedAt  Instant  `db:"created_at"`
	ArchivedAt *Instant `db:"archived_at"`
}

// Check names what is wrong with p.
func (p Provider) Check() error {
	var c Checks
	checkText(&c, "name", p.Name, 1, 200)
	return c.Err()
}

// Regimes are the data protection laws a provider can be under: DSGVO with SGB VIII, KDG (Catholic), DSG-EKD (Protestant).
var Regimes = []string{"dsgvo", "kdg", "dsg-ekd"}

// Languages are those the house speaks to people in, the first being the fallback.
var Languages = []string{"de", "en", "tr", "uk", "ar", "ru"}

// Kita is one house, the tenant: what belongs to it carries its id.
type Kita struct {
	ID              ID     `db:"id"`
	ProviderID      ID     `db:"provider_id"`
	Name            string `db:"name"`
	TimeZone        string `db:"time_zone"`
	State           State  `db:"federal_state"`
	Opens           Clock  `db:"opens"`
	Closes          Clock  `db:"closes"`
	AbsenceCutOff   Clock  `db:"absence_cut_off"`
	Regime          string `db:"regime"`
	Language        string `db:"language"`
	Phone           string `db:"phone"`
	TitleOnly       bool   `db:"title_only"`
	EducatorsSeeAll bool   `db:"educators_see_all"`
	// EscalateUrgentAfter is in minutes; EscalateMorning is the clock time of the next day for all other notices.
	EscalateUrgentAfter int      `db:"escalate_urgent_after"`
	EscalateMorning     Clock    `db:"escalate_morning"`
	Demo                bool     `db:"demo"`
	CreatedAt           Instant  `db:"created_at"`
	ArchivedAt          *Instant `db:"archived_at"`
}

// WithDefaults fills what was left out as most German kitas have it.
func (k Kita) WithDefaults() Kita {
	set := func(p *string, v string) {
		if *p == "" {
			*p = v
		}
	}
	set(&k.TimeZone, "Europe/Berlin")
	set((*string)(&k.Opens), "07:00")
	set((*string)(&k.Closes), "17:00")
	set((*string)(&k.AbsenceCutOff), "08:30")
	set(&k.Regime, "dsgvo")
	set(&k.Language, "de")
	set((*string)(&k.EscalateMorning), "07:00")
	if k.EscalateUrgentAfter == 0 {
		k.EscalateUrgentAfter = 10
	}
	return k
}

// Check names what is wrong with k.
func (k Kita) Check() error {
	var c Checks
	checkText(&c, "name", k.Name, 1, 200)
	_, err := time.LoadLocation(k.TimeZone)
	c.That(err == nil && k.TimeZone != "" && k.TimeZone != "Local", "time_zone", "kita.time_zone")
	c.That(slices.Contains(States, k.State), "federal_state", "kita.federal_state")
	c.That(slices.Contains(Regimes, k.Regime), "regime", "kita.regime")
	c.That(slices.Contains(Languages, k.Language), "language", "language.unknown")
	for field, clock := range map[string]Clock{"opens": k.Opens, "closes": k.Closes,
		"absence_cut_off": k.AbsenceCutOff, "escalate_morning": k.EscalateMorning} {
		_, err := ParseClock(field, string(clock))
		c.Add(err)
	}
	c.That(k.Opens < k.Closes, "closes", "kita.closes_before_opens")
	c.That(k.EscalateUrgentAfter >= 1 && k.EscalateUrgentAfter <= 24*60, "escalate_urgent_after", "number.range", "min", 1, "max", 24*60)
	checkPhone(&c, "phone", k.Phone)
	return c.Err()
}

// zones keeps what was read of the machine's table of time zones: reading it takes longer than most requests.
var zones sync.Map

// Zone is the kita's time zone; UTC should the zone have left the machine's table since it was checked.
func (k Kita) Zone() *time.Location {
	if known, ok := zones.Load(k.TimeZone); ok {
		return known.(*time.Location)
	}
	loc, err := time.LoadLocation(k.TimeZone)
	if err != nil {
		return time.UTC
	}
	zones.Store(k.TimeZone, loc)
	return loc
}

// Today is the calendar day at the kita at the moment now.
func (k Kita) Today(now time.Time) Day { return DayOf(now, k.Zone()) }

// CutOff is the moment on day after which guardians can no longer report an absence for that day.
func (k Kita) CutOff(day Day) time.Time { return day.At(k.AbsenceCutOff, k.Zone()) }

// EscalatesAt is when recipients who gave no sign of a notice published at t are reached by other ways: for an urgent
// one the kita's minutes later, otherwise on the next morning.
func (k Kita) EscalatesAt(kind NoticeKind, t time.Time) time.Time {
	if kind == NoticeUrgent {
		return t.Add(time.Duration(k.EscalateUrgentAfter) * time.Minute)
	}
	return DayOf(t, k.Zone()).Add(1).At(k.EscalateMorning, k.Zone())
}

func checkText(c *Checks, field, s string, min, max int) {
	n := utf8.RuneCountInString(s)
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, forbiddenRune):
		c.Add(Invalid(field, "text.characters"))
	case n < min || strings.TrimSpace(s) == "" && min > 0:
		c.Add(Invalid(field, "text.required"))
	case n > max:
		c.Add(Invalid(field, "text.too_long", "max", max))
	}
}

// forbiddenRune: control characters but for line breaks and tabs, and the marks that reorder text (UAX #9), which can
// make a line read otherwise than it is.
func forbiddenRune(r rune) bool {
	return r < 0x20 && r != '\n' && r != '\t' && r != '\r' || r == 0x7f || r >= 0x80 && r < 0xa0 ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func checkPhone(c *Checks, field, s string) {
	digits := 0
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case !strings.ContainsRune("+ ()/-.", r):
			c.Add(Invalid(field, "phone.malformed"))
			return
		}
	}
	c.That(s == "" || digits >= 3 && digits <= 20, field, "phone.malformed")
}
