package kita

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Account is a login. One person has one, whatever they are to however many kitas.
type Account struct {
	ID           ID       `db:"id"`
	Login        string   `db:"login"`
	Name         string   `db:"name"`
	PasswordHash string   `db:"password_hash"`
	Language     string   `db:"language"`
	Operator     bool     `db:"operator"`
	QuietFrom    Clock    `db:"quiet_from"`
	QuietTo      Clock    `db:"quiet_to"`
	Sound        Sound    `db:"sound"`
	DisabledAt   *Instant `db:"disabled_at"`
	CreatedAt    Instant  `db:"created_at"`
}

// NormalLogin is login as it is stored and compared: trimmed, lower case.
func NormalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// CheckLogin accepts an e-mail address, in its normal form.
func CheckLogin(login string) error {
	if err := CheckEmail("login", login); err != nil {
		return Invalid("login", "account.login")
	}
	return nil
}

// CheckPassword asks for 10 to 200 characters that are not the login or one key held down (NIST SP 800-63B:
// length, no rules of composition).
func CheckPassword(field, password, login string) error {
	n := utf8.RuneCountInString(password)
	first, _ := utf8.DecodeRuneInString(password)
	switch {
	case n < 10:
		return Invalid(field, "password.too_short", "min", 10)
	case n > 200:
		return Invalid(field, "password.too_long", "max", 200)
	case strings.EqualFold(password, login), strings.Trim(password, string(first)) == "":
		return Invalid(field, "password.too_easy")
	}
	return nil
}

// Check names what is wrong with a's settings.
func (a Account) Check() error {
	var c Checks
	checkText(&c, "name", a.Name, 1, 200)
	c.That(slices.Contains(Languages, a.Language), "language", "language.unknown")
	c.That((a.QuietFrom == "") == (a.QuietTo == ""), "quiet_to", "account.quiet_both")
	for field, clock := range map[string]Clock{"quiet_from": a.QuietFrom, "quiet_to": a.QuietTo} {
		if clock != "" {
			_, err := ParseClock(field, string(clock))
			c.Add(err)
		}
	}
	c.That(slices.Contains(Sounds, a.Sound), "sound", "account.sound")
	return c.Err()
}

// Sound is what may make a sound on an account's devices. What makes none is shown all the same.
type Sound string

// The sounds.
const (
	SoundAll    Sound = "all"
	SoundUrgent Sound = "urgent"
	SoundNone   Sound = "none"
)

// Sounds in the order in which a screen offers them.
var Sounds = []Sound{SoundAll, SoundUrgent, SoundNone}

// Allows tells whether what is urgent, or is not, may make a sound. Who is not known to have chosen hears everything.
func (s Sound) Allows(urgent bool) bool {
	switch s {
	case SoundNone:
		return false
	case SoundUrgent:
		return urgent
	}
	return true
}

// QuietUntil is when the quiet hours from–to that hold at t end; t itself when none hold. The hours may span midnight.
func QuietUntil(from, to Clock, t time.Time, loc *time.Location) time.Time {
	if from == "" || to == "" || from == to {
		return t
	}
	now, today := ClockOf(t, loc), DayOf(t, loc)
	switch {
	case from < to && now >= from && now < to, from > to && now < to:
		return today.At(to, loc)
	case from > to && now >= from:
		return today.Add(1).At(to, loc)
	}
	return t
}

// Session is one browser that is signed in.
type Session struct {
	ID         ID      `db:"id"`
	AccountID  ID      `db:"account_id"`
	UserAgent  string  `db:"user_agent"`
	CreatedAt  Instant `db:"created_at"`
	LastSeenAt Instant `db:"last_seen_at"`
	ExpiresAt  Instant `db:"expires_at"`
}

// SessionLife is how long a browser stays signed in after it was last seen. Parents miss notices because a login
// expired; the phone's own lock is what guards it.
const SessionLife = 180 * 24 * time.Hour

// Scopes a program can be given.
var Scopes = []string{"notices:read", "notices:write", "absences:read", "absences:write", "people:read", "people:write"}

// Token lets a program act for an account, within scopes, until it ends.
type Token struct {
	ID         ID       `db:"id"`
	AccountID  ID       `db:"account_id"`
	Name       string   `db:"name"`
	Scopes     string   `db:"scopes"`
	CreatedAt  Instant  `db:"created_at"`
	ExpiresAt  Instant  `db:"expires_at"`
	LastUsedAt *Instant `db:"last_used_at"`
}

// Check names what is wrong with t; a token lives at most 366 days.
func (t Token) Check(now time.Time) error {
	var c Checks
	checkText(&c, "name", t.Name, 1, 100)
	scopes := strings.Fields(t.Scopes)
	c.That(len(scopes) > 0, "scopes", "text.required")
	for _, s := range scopes {
		c.That(slices.Contains(Scopes, s), "scopes", "token.scope", "scope", s)
	}
	c.That(t.ExpiresAt.After(now) && t.ExpiresAt.Before(now.AddDate(0, 0, 367)), "expires_at", "token.expires_at")
	return c.Err()
}

// Invitation is a one-time code that turns a guardian or staff record into an account, or renews an account's password.
type Invitation struct {
	ID         ID       `db:"id"`
	KitaID     *ID      `db:"kita_id"`
	GuardianID *ID      `db:"guardian_id"`
	StaffID    *ID      `db:"staff_id"`
	ProviderID *ID      `db:"provider_id"`
	AccountID  *ID      `db:"account_id"`
	CreatedBy  *ID      `db:"created_by"`
	CreatedAt  Instant  `db:"created_at"`
	ExpiresAt  Instant  `db:"expires_at"`
	UsedAt     *Instant `db:"used_at"`
	RevokedAt  *Instant `db:"revoked_at"`
	// Name is of the person invited, Code the secret itself; Code is known only at the moment of making.
	Name string `db:"name"`
	Code string `db:"-"`
}

// How long invitations are good for: a letter takes its time, an e-mail does not.
const (
	InvitationLife = 28 * 24 * time.Hour
	ResetLife      = 2 * time.Hour
)
