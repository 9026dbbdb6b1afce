package kita

import (
	"slices"
	"time"
)

// AbsenceReason is why a child does not come.
type AbsenceReason string

// The reasons.
const (
	AbsenceSick     AbsenceReason = "sick"
	AbsenceVacation AbsenceReason = "vacation"
	AbsenceOther    AbsenceReason = "other"
)

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
	{"ringworm", "Ringelröteln", "Fifth disease", false},
}

// MaxAbsence bounds one report, in days.
const MaxAbsence = 366

// Check names what is wrong with a, whoever reports it.
func (a Absence) Check(today Day) error {
	var c Checks
	c.That(a.From <= a.To, "to", "absence.to_before_from")
	c.That(a.To.Sub(a.From) < MaxAbsence, "to", "absence.too_long", "max", MaxAbsence)
	c.That(a.From >= today.Add(-60), "from", "absence.too_old", "days", 60)
	c.That(a.From <= today.Add(2*366), "from", "absence.too_far")
	c.That(slices.Contains([]AbsenceReason{AbsenceSick, AbsenceVacation, AbsenceOther}, a.Reason), "reason", "absence.reason")
	c.That(a.Illness == "" || a.Reason == AbsenceSick, "illness", "absence.illness_without_sick")
	c.That(a.Illness == "" || slices.ContainsFunc(Illnesses, func(i Illness) bool { return i.Code == a.Illness }), "illness", "absence.illness")
	checkText(&c, "note", a.Note, 0, 500)
	return c.Err()
}

// CanStillReport tells whether a guardian may report an absence that begins on from at the moment now. The cut-off counts
// in the kita's own time zone; days that are over can not be reported; staff are not bound by either.
func (k Kita) CanStillReport(from Day, now time.Time) error {
	switch today := k.Today(now); {
	case from < today:
		return Invalid("from", "absence.past")
	case from == today && !now.Before(k.CutOff(from)):
		return Refused("absence.too_late", "cut_off", string(k.AbsenceCutOff), "phone", k.Phone)
	}
	return nil
}

// CanWithdraw tells whether a may still be taken back at the moment now: by guardians before its first day begins, or,
// for an absence of today, before the cut-off; by staff always.
func (a Absence) CanWithdraw(k Kita, byStaff bool, now time.Time) error {
	if a.WithdrawnAt != nil {
		return Refused("absence.withdrawn_already")
	}
	if byStaff || a.From > k.Today(now) || a.From == k.Today(now) && now.Before(k.CutOff(a.From)) {
		return nil
	}
	return Refused("absence.started", "phone", k.Phone)
}

// Touches tells whether a and b share a day or follow one another without a day between.
func (a Absence) Touches(b Absence) bool { return a.From <= b.To.Add(1) && b.From <= a.To.Add(1) }

// Join makes one absence of a and an earlier report of the same child: the union of their days. Only reports of the same
// reason and illness can be joined; for others that share a day the answer names what stands in the way.
func (a Absence) Join(earlier Absence) (Absence, error) {
	if a.Reason != earlier.Reason || a.Illness != "" && earlier.Illness != "" && a.Illness != earlier.Illness {
		return a, &Error{Kind: KindConflict, Code: "absence.overlaps", Field: "from",
			Args: []any{"from", string(earlier.From), "to", string(earlier.To), "reason", string(earlier.Reason)}}
	}
	joined := earlier
	joined.From, joined.To = min(a.From, earlier.From), max(a.To, earlier.To)
	if joined.Illness == "" {
		joined.Illness = a.Illness
	}
	if a.Note != "" && a.Note != earlier.Note {
		joined.Note = Name(earlier.Note + " " + a.Note)
	}
	return joined, nil
}
