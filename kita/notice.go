package kita

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// NoticeKind decides how loud a notice is and how long it stays of use.
type NoticeKind string

// The kinds of notices.
const (
	NoticeNews    NoticeKind = "news"
	NoticeDaily   NoticeKind = "daily"
	NoticeEvent   NoticeKind = "event"
	NoticeClosure NoticeKind = "closure"
	NoticeIllness NoticeKind = "illness"
	NoticeUrgent  NoticeKind = "urgent"
)

// NoticeKinds in the order in which a screen offers them.
var NoticeKinds = []NoticeKind{NoticeNews, NoticeDaily, NoticeEvent, NoticeClosure, NoticeIllness, NoticeUrgent}

// AudienceKind says whom a notice is for.
type AudienceKind string

// The audiences: every family of the kita, those of groups, of single children, or the team alone.
const (
	AudienceKita     AudienceKind = "kita"
	AudienceGroups   AudienceKind = "groups"
	AudienceChildren AudienceKind = "children"
	AudienceStaff    AudienceKind = "staff"
)

// Audience is a kind with the groups or children it names; none for the whole kita and for the team.
type Audience struct {
	Kind    AudienceKind
	Targets []ID
}

// MaxTargets bounds the groups or children one audience can name.
const MaxTargets = 200

// Normal is a with its targets sorted and each once: two audiences that mean the same are then equal.
func (a Audience) Normal() Audience {
	targets := slices.Clone(a.Targets)
	slices.Sort(targets)
	return Audience{Kind: a.Kind, Targets: slices.Compact(targets)}
}

// Check names what is wrong with a.
func (a Audience) Check() error {
	var c Checks
	switch a.Kind {
	case AudienceKita, AudienceStaff:
		c.That(len(a.Targets) == 0, "audience.targets", "audience.no_targets")
	case AudienceGroups, AudienceChildren:
		c.That(len(a.Targets) > 0, "audience.targets", "audience.targets_required")
		c.That(len(a.Targets) <= MaxTargets, "audience.targets", "list.too_long", "max", MaxTargets)
	default:
		c.Add(Invalid("audience.kind", "audience.kind"))
	}
	return c.Err()
}

// NoticeState follows a notice from its writing to its end.
type NoticeState string

// The states of a notice.
const (
	NoticeScheduled NoticeState = "scheduled"
	NoticePublished NoticeState = "published"
	NoticeWithdrawn NoticeState = "withdrawn"
)

// Notice is what staff tell guardians.
type Notice struct {
	ID            ID           `db:"id"`
	KitaID        ID           `db:"kita_id"`
	Kind          NoticeKind   `db:"kind"`
	Title         string       `db:"title"`
	Body          Markdown     `db:"body"`
	Language      string       `db:"language"`
	AudienceKind  AudienceKind `db:"audience"`
	Targets       []ID         `db:"-"`
	ConfirmWanted bool         `db:"confirm_wanted"`
	State         NoticeState  `db:"state"`
	AuthorID      ID           `db:"author_id"`
	AuthorName    string       `db:"author_name"`
	// StartsAt, EndsAt and Place are of events and closures, for the phone's calendar.
	StartsAt  *Instant `db:"starts_at"`
	EndsAt    *Instant `db:"ends_at"`
	Place     string   `db:"place"`
	PublishAt Instant  `db:"publish_at"`
	// EndsOn is the last day on which the notice is shown as current; empty for no end.
	EndsOn      Day        `db:"ends_on"`
	Version     int        `db:"version"`
	Discretion  Discretion `db:"discretion"`
	CreatedAt   Instant    `db:"created_at"`
	PublishedAt *Instant   `db:"published_at"`
	CorrectedAt *Instant   `db:"corrected_at"`
	WithdrawnAt *Instant   `db:"withdrawn_at"`
	WithdrawnBy *ID        `db:"withdrawn_by"`
	FileIDs     []ID       `db:"-"`
}

// Audience is whom n is for.
func (n Notice) Audience() Audience { return Audience{Kind: n.AudienceKind, Targets: n.Targets} }

// Rank orders what is due: the urgent first, the daily update last.
func (kind NoticeKind) Rank() int {
	switch kind {
	case NoticeUrgent:
		return 0
	case NoticeClosure, NoticeIllness:
		return 20
	case NoticeDaily:
		return 40
	}
	return 30
}

// Until is when a push of this kind that is due at t stops being of use: a daily update in the evening (12 hours when it
// comes later than 18:00), an urgent notice after a day, everything else after three.
func (kind NoticeKind) Until(t time.Time, loc *time.Location) time.Time {
	switch kind {
	case NoticeUrgent:
		return t.Add(24 * time.Hour)
	case NoticeDaily:
		if today := DayOf(t, loc); !t.After(today.At("18:00", loc)) {
			return today.At("20:00", loc)
		}
		return t.Add(12 * time.Hour)
	}
	return t.Add(72 * time.Hour)
}

// Bounds of a notice.
const (
	MaxTitle       = 120
	MaxAttachments = 10
	MaxAhead       = 366 * 24 * time.Hour
)

// Check names everything that is wrong with n at the moment now; today is the kita's.
func (n Notice) Check(now time.Time, today Day) error {
	var c Checks
	checkText(&c, "title", n.Title, 1, MaxTitle)
	c.That(!slices.Contains([]rune(n.Title), '\n'), "title", "text.characters")
	c.Add(n.Body.Check())
	checkText(&c, "place", n.Place, 0, 200)
	c.That(slices.Contains(NoticeKinds, n.Kind), "kind", "notice.kind")
	c.That(slices.Contains(Languages, n.Language), "language", "language.unknown")
	c.Add(n.Audience().Check())
	c.That(!n.PublishAt.After(now.Add(MaxAhead)), "publish_at", "notice.publish_at")
	c.That(n.EndsOn == "" || n.EndsOn >= today && n.EndsOn >= DayOf(n.PublishAt.Time, time.UTC).Add(-1), "ends_on", "notice.ends_on")
	c.That(n.EndsAt == nil || n.StartsAt != nil && n.EndsAt.After(n.StartsAt.Time), "ends_at", "notice.ends_before_starts")
	c.That(len(n.FileIDs) <= MaxAttachments, "files", "list.too_long", "max", MaxAttachments)
	return c.Err()
}

// Discretion says how much of a notice may leave the house in a push, which runs through Apple, Google or Mozilla and
// ends on a lock screen.
type Discretion int

// The degrees, each keeping back more.
const (
	ShowText  Discretion = iota // title and text
	ShowTitle                   // the title alone: the text names a child
	ShowKind                    // neither: the title names a child, or the notice is about health or single children
)

// Discern decides for n, given the first names of the kita's children. Names are compared as whole words, in the case
// they are written in; a name that is also a word ("Mai") keeps back more than it had to, never less.
func (n Notice) Discern(names []string) Discretion {
	if n.Kind == NoticeIllness || n.AudienceKind == AudienceChildren || mentionsHealth(n.Title) {
		return ShowKind
	}
	title, body := wordsOf(n.Title), wordsOf(string(n.Body))
	d := ShowText
	if mentionsHealth(string(n.Body)) {
		d = ShowTitle
	}
	for _, name := range names {
		for part := range strings.FieldsFuncSeq(name, notLetter) {
			switch {
			case title[part]:
				return ShowKind
			case body[part], body[part+"s"]:
				d = ShowTitle
			}
			if title[part+"s"] { // "Mias Geburtstag"
				return ShowKind
			}
		}
	}
	return d
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

func wordsOf(s string) map[string]bool {
	words := map[string]bool{}
	for w := range strings.FieldsFuncSeq(s, notLetter) {
		words[w] = true
	}
	return words
}

// ofHealth are the words that speak of health, as patterns of a lower-case word. A pattern may match inside of compounds
// only where its letters mean nothing else there: "erbrech" is in Unterbrechung and zerbrechlich, "laus" in Nikolaus and
// lauschen, "ill" in will, "lice" in Alice, "sick" in versickern.
var ofHealth = []string{
	"*krank*", "*infekt*", "ansteck*", "*ansteckend*", "*ansteckung*", "angesteckt*", "*durchfall*", "erbrech*", "erbrich*",
	"erbrach*", "erbrochen*", "schwallerbrech*", "erkält*", "*läuse*", "laus", "lausbefall*", "*kopflaus*", "*allergi*",
	"*allergen*", "*medikament*", "*arzt*", "*ärzt*", "*hepatitis*", "*covid*",
	"ill", "illness*", "*sick", "*sickness*", "*infect*", "lice", "headlice", "allergy", "*medicine*", "*doctor*",
}

// notOfHealth are words that match a pattern by chance.
var notOfHealth = []string{"schwarzt*", "*schwärzt*", "quarzt*", "harzt*"}

// mentionsHealth tells whether s names an illness of the list, or speaks of being ill.
func mentionsHealth(s string) bool {
	s = strings.ToLower(s)
	for _, i := range Illnesses {
		if strings.Contains(s, strings.ToLower(i.German)) || strings.Contains(s, strings.ToLower(i.English)) {
			return true
		}
	}
	for word := range strings.FieldsFuncSeq(s, notLetter) {
		if fits(word, ofHealth) && !fits(word, notOfHealth) {
			return true
		}
	}
	return false
}

// fits tells whether word is one of patterns, in which * stands for any letters or none.
func fits(word string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		start, end := strings.HasPrefix(pattern, "*"), strings.HasSuffix(pattern, "*")
		switch stem := strings.Trim(pattern, "*"); {
		case start && end:
			return strings.Contains(word, stem)
		case start:
			return strings.HasSuffix(word, stem)
		case end:
			return strings.HasPrefix(word, stem)
		default:
			return word == stem
		}
	})
}

// RecipientState is where one recipient of one notice stands in the ledger; every recipient is in exactly one.
type RecipientState string

// The states of the ledger, from the best news to the worst. A later sign replaces an earlier one; the call list and an
// e-mail rank below any sign of the person themself, and above a push that merely left the house.
const (
	StateConfirmed RecipientState = "confirmed"
	StateOpened    RecipientState = "opened"
	StateShown     RecipientState = "shown"
	StateCallList  RecipientState = "call_list"
	StateEmailed   RecipientState = "emailed"
	StateAccepted  RecipientState = "accepted"
	StateWaiting   RecipientState = "waiting"
)

// RecipientStates in the ledger's order.
var RecipientStates = []RecipientState{StateConfirmed, StateOpened, StateShown, StateCallList, StateEmailed, StateAccepted, StateWaiting}

// Trouble says why a recipient was not reached by push.
type Trouble string

// The reasons.
const (
	TroubleNone     Trouble = ""
	TroubleNoDevice Trouble = "no_device"
	TroubleGone     Trouble = "gone"
	TroubleFailed   Trouble = "failed"
)

// Recipient is one person a published notice is for.
type Recipient struct {
	ID           ID             `db:"id"`
	KitaID       ID             `db:"kita_id"`
	NoticeID     ID             `db:"notice_id"`
	AccountID    *ID            `db:"account_id"`
	GuardianID   *ID            `db:"guardian_id"`
	StaffID      *ID            `db:"staff_id"`
	Name         string         `db:"name"`
	Phone        string         `db:"phone"`
	State        RecipientState `db:"state"`
	Trouble      Trouble        `db:"trouble"`
	PublishedAt  Instant        `db:"published_at"`
	AcceptedAt   *Instant       `db:"accepted_at"`
	ShownAt      *Instant       `db:"shown_at"`
	OpenedAt     *Instant       `db:"opened_at"`
	ConfirmedAt  *Instant       `db:"confirmed_at"`
	EmailedAt    *Instant       `db:"emailed_at"`
	CallListedAt *Instant       `db:"call_listed_at"`
	CalledAt     *Instant       `db:"called_at"`
	RemindedAt   *Instant       `db:"reminded_at"`
	Children     []ID           `db:"-"`
}

// Ledger counts a notice's recipients by state. Its states always sum to Recipients.
type Ledger struct {
	Recipients int
	By         map[RecipientState]int
}
