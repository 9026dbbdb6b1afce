package kita

import (
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// AbsenceReason is why a child does not come.
type AbsenceReason string

// The reasons.
const (
	AbsenceSick     AbsenceReason = "sick"
	AbsenceVacation AbsenceReason = "vacation"
	AbsenceOther    AbsenceReason = "other"
)

// AbsenceReasons in the order in which a screen offers them.
var AbsenceReasons = []AbsenceReason{AbsenceSick, AbsenceVacation, AbsenceOther}

// Absence is a child away from From to To, both days included.
type Absence struct {
	ID           ID            `db:"id"`
	KitaID       ID            `db:"kita_id"`
	ChildID      ID            `db:"child_id"`
	From         Day           `db:"from_day"`
	To           Day           `db:"to_day"`
	Reason       AbsenceReason `db:"reason"`
	Illness      string        `db:"illness"`
	Note         string        `db:"note"`
	ReportedBy   ID            `db:"reported_by"`
	ReporterName string        `db:"reporter_name"`
	ByGuardian   bool          `db:"by_guardian"`
	CreatedAt    Instant       `db:"created_at"`
	WithdrawnAt  *Instant      `db:"withdrawn_at"`
	WithdrawnBy  *ID           `db:"withdrawn_by"`
}

// Illness is one entry of the coded list. Notifiable ones are those a kita has to report to the health office (IfSG § 34).
type Illness struct {
	Code       string
	German     string
	English    string
	Notifiable bool
}

// Illnesses a report can name. The list is short on purpose: it is for the leader's duty, not for diagnoses.
var Illnesses = []Illness{
	{"cold", "Erkältung", "Cold", false},
	{"fever", "Fieber", "Fever", false},
	{"stomach", "Magen-Darm", "Stomach bug", true},
	{"conjunctivitis", "Bindehautentzündung", "Conjunctivitis", false},
	{"ear_infection", "Mittelohrentzündung", "Ear infection", false},
	{"hand_foot_mouth", "Hand-Fuß-Mund-Krankheit", "Hand, foot and mouth disease", false},
	{"lice", "Kopfläuse", "Head lice", true},
	{"chickenpox", "Windpocken", "Chickenpox", true},
	{"scarlet_fever", "Scharlach", "Scarlet fever", true},
	{"impetigo", "Borkenflechte", "Impetigo", true},
	{"scabies", "Krätze", "Scabies", true},
	{"measles", "Masern", "Measles", true},
	{"mumps", "Mumps", "Mumps", true},
	{"rubella", "Röteln", "Rubella", true},
	{"whooping_cough", "Keuchhusten", "Whooping cough", true},
	{"meningitis", "Hirnhautentzündung", "Meningitis", true},
	{"hepatitis", "Hepatitis A oder E", "Hepatitis A or E", true},
	{"influenza", "Grippe", "Influenza", false},
	{"covid", "Corona", "Covid-19", false},
	{"fifth_disease", "Ringelröteln", "Fifth disease", false},
}

// Bounds of a report: its length in days, how far back and ahead its first day may lie, and its note in characters.
const (
	MaxAbsence      = 366
	MaxAbsenceBack  = 60
	MaxAbsenceAhead = 2 * 366
	MaxAbsenceNote  = 500
)

// Check names what is wrong with a, whoever reports it.
func (a Absence) Check(today Day) error {
	var c Checks
	c.That(a.From >= today.Add(-MaxAbsenceBack), "from", "absence.too_old", "days", MaxAbsenceBack)
	c.That(a.From <= today.Add(MaxAbsenceAhead), "from", "absence.too_far")
	c.Add(a.checkContent())
	return c.Err()
}

// checkContent leaves out where a lies in time: a long illness may have begun before a report of it could.
func (a Absence) checkContent() error {
	var c Checks
	c.That(a.From <= a.To, "to", "absence.to_before_from")
	c.That(a.To.Sub(a.From) < MaxAbsence, "to", "absence.too_long", "max", MaxAbsence)
	c.That(slices.Contains(AbsenceReasons, a.Reason), "reason", "absence.reason")
	c.That(a.Illness == "" || a.Reason == AbsenceSick, "illness", "absence.illness_without_sick")
	c.That(a.Illness == "" || slices.ContainsFunc(Illnesses, func(i Illness) bool { return i.Code == a.Illness }), "illness", "absence.illness")
	checkText(&c, "note", a.Note, 0, MaxAbsenceNote)
	return c.Err()
}

// CanStillReport tells whether guardians may still decide at the moment now whether a child comes on day, an open one.
// The cut-off counts in the kita's own time zone; days that are over can not be reported; staff are bound by neither.
func (k Kita) CanStillReport(day Day, now time.Time) error {
	switch today := k.Today(now); {
	case day < today:
		return Invalid("from", "absence.past")
	case day == today && !now.Before(k.CutOff(day)):
		return Refused("absence.too_late", "cut_off", string(k.AbsenceCutOff), "phone", k.Phone)
	}
	return nil
}

// NextToReport is the first open day, within MaxAbsence days of now, that guardians can still decide about; empty when
// there is none. closing holds at least the closing days of that time.
func (k Kita) NextToReport(closing []ClosingDay, now time.Time) Day {
	today := k.Today(now)
	for _, day := range OpenDays(k.State, closing, today, today.Add(MaxAbsence)) {
		if k.CanStillReport(day, now) == nil {
			return day
		}
	}
	return ""
}

// CanReport tells whether a may be reported at the moment now, beside earlier reports of the same child. An absence over
// nothing but days on which the kita is shut is refused to everybody: nobody would have come. Guardians must be in time
// for the first open day that was not reported before, so that an illness can be said to last longer at any hour; on a
// day on which the kita is shut there is nothing to be late for. closing holds at least the closing days of a's days.
func (a Absence) CanReport(earlier []Absence, k Kita, closing []ClosingDay, byStaff bool, now time.Time) error {
	open := OpenDays(k.State, closing, a.From, a.To)
	switch {
	case len(open) == 0:
		return Refused("absence.only_closed")
	case byStaff:
		return nil
	case a.To < k.Today(now):
		return Invalid("from", "absence.past")
	}
	for _, day := range open {
		if !slices.ContainsFunc(earlier, func(e Absence) bool { return e.Covers(day) }) {
			return k.CanStillReport(day, now)
		}
	}
	return nil
}

// CanWithdraw tells whether a may still be taken back at the moment now: by guardians while all its open days can still
// be decided about, by staff always.
func (a Absence) CanWithdraw(k Kita, closing []ClosingDay, byStaff bool, now time.Time) error {
	open := OpenDays(k.State, closing, a.From, a.To)
	if byStaff || len(open) == 0 || k.CanStillReport(open[0], now) == nil {
		return nil
	}
	return Refused("absence.started", "phone", k.Phone)
}

// CanBecome tells whether a may be corrected to b at the moment now. Guardians may add and take away open days that can
// still be decided about (so a running absence ends early when that is said before the day's cut-off), and say more about
// an absence until its last day is over. closing holds at least the closing days of the days of both.
func (a Absence) CanBecome(b Absence, k Kita, closing []ClosingDay, byStaff bool, now time.Time) error {
	if a.WithdrawnAt != nil {
		return Refused("absence.withdrawn_already")
	}
	moved := a.From != b.From || a.To != b.To
	err := b.checkContent()
	if a.From != b.From {
		err = b.Check(k.Today(now))
	}
	if err != nil {
		return err
	}
	if moved && len(OpenDays(k.State, closing, b.From, b.To)) == 0 {
		return Refused("absence.only_closed")
	}
	if byStaff {
		return nil
	}
	if a.To < k.Today(now) {
		return Refused("absence.over", "phone", k.Phone)
	}
	for _, day := range OpenDays(k.State, closing, min(a.From, b.From), max(a.To, b.To)) {
		if a.Covers(day) == b.Covers(day) {
			continue
		}
		if day < k.Today(now) {
			return Refused("absence.started", "phone", k.Phone)
		}
		return k.CanStillReport(day, now)
	}
	return nil
}

// Covers tells whether the child is away on day.
func (a Absence) Covers(day Day) bool { return a.From <= day && day <= a.To }

// Overlaps tells whether a and b share a day.
func (a Absence) Overlaps(b Absence) bool { return a.From <= b.To && b.From <= a.To }

// Touches tells whether a and b share a day or follow one another without a day between.
func (a Absence) Touches(b Absence) bool { return a.From <= b.To.Add(1) && b.From <= a.To.Add(1) }

// overlapping names what stands in the way of another report over the same day.
func (a Absence) overlapping() error {
	return Conflict("from", "absence.overlaps", "from", string(a.From), "to", string(a.To))
}

// Apart is nil when a shares no day with any of others, absences of the same child.
func (a Absence) Apart(others []Absence) error {
	for _, o := range others {
		if a.Overlaps(o) {
			return o.overlapping()
		}
	}
	return nil
}

// Join makes one absence of a and those earlier reports of the same child that touch it: the first of them with the days
// of all, and folded, those that are now part of it. Reports join when they have the same reason and do not name two
// illnesses. One that shares a day and can not join is a conflict that names it; one that only adjoins is left alone.
// joined is a itself when nothing was there to join with.
func (a Absence) Join(earlier []Absence) (joined Absence, folded []Absence, err error) {
	joined = a
	first := true
	for _, sharing := range []bool{true, false} {
		for _, e := range earlier {
			if !a.Touches(e) || a.Overlaps(e) != sharing {
				continue
			}
			union, fits := joined.with(e)
			switch {
			case !fits && sharing:
				return a, nil, e.overlapping()
			case !fits:
				continue
			case first:
				joined, first = e, false
			default:
				folded = append(folded, e)
			}
			joined.From, joined.To, joined.Illness, joined.Note = union.From, union.To, union.Illness, union.Note
		}
	}
	switch {
	case first:
		return a, nil, nil
	case utf8.RuneCountInString(joined.Note) > MaxAbsenceNote:
		return a, nil, Invalid("note", "absence.note_full", "max", MaxAbsenceNote)
	}
	return joined, folded, joined.checkContent()
}

// with is a widened by e; fits is false when they are not one absence.
func (a Absence) with(e Absence) (union Absence, fits bool) {
	union = a
	union.From, union.To = min(a.From, e.From), max(a.To, e.To)
	if union.Illness == "" {
		union.Illness = e.Illness
	}
	switch {
	case e.Note == "", strings.Contains(a.Note, e.Note):
	case strings.Contains(e.Note, a.Note):
		union.Note = e.Note
	default:
		union.Note = e.Note + "\n" + a.Note
	}
	// What merely adjoins may as well stand beside.
	tooLong := union.To.Sub(union.From) >= MaxAbsence || utf8.RuneCountInString(union.Note) > MaxAbsenceNote
	return union, a.Reason == e.Reason && (e.Illness == "" || union.Illness == e.Illness) && (a.Overlaps(e) || !tooLong)
}
