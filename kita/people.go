package kita

import (
	"errors"
	"fmt"
	"net/mail"
	"slices"
	"strings"
)

// Group is children who are together; colour and icon let those find it who do not read.
type Group struct {
	ID         ID       `db:"id"`
	KitaID     ID       `db:"kita_id"`
	Name       string   `db:"name"`
	Colour     string   `db:"colour"`
	Icon       string   `db:"icon"`
	CreatedAt  Instant  `db:"created_at"`
	ArchivedAt *Instant `db:"archived_at"`
}

// Colours and Icons are the ones every screen and every printer has.
var (
	Colours = []string{"red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "grey"}
	Icons   = []string{"bear", "bee", "bird", "butterfly", "cat", "dog", "duck", "fish", "flower", "fox", "frog",
		"hedgehog", "ladybird", "moon", "mouse", "owl", "rabbit", "star", "sun", "tree"}
)

// Check names what is wrong with g.
func (g Group) Check() error {
	var c Checks
	checkText(&c, "name", g.Name, 1, 100)
	c.That(slices.Contains(Colours, g.Colour), "colour", "group.colour")
	c.That(slices.Contains(Icons, g.Icon), "icon", "group.icon")
	return c.Err()
}

// Child is a child of the kita. Number is the kita's own, unique within it when set.
type Child struct {
	ID          ID       `db:"id"`
	KitaID      ID       `db:"kita_id"`
	Number      string   `db:"number"`
	FirstName   string   `db:"first_name"`
	LastName    string   `db:"last_name"`
	Born        Day      `db:"born"`
	Allergies   string   `db:"allergies"`
	HealthNotes string   `db:"health_notes"`
	CreatedAt   Instant  `db:"created_at"`
	ArchivedAt  *Instant `db:"archived_at"`
}

// Name is how the child is spoken of.
func (ch Child) Name() string { return Name(ch.FirstName + " " + ch.LastName) }

// Check names what is wrong with ch; today bounds the birth date.
func (ch Child) Check(today Day) error {
	var c Checks
	checkText(&c, "number", ch.Number, 0, 40)
	checkText(&c, "first_name", ch.FirstName, 1, 100)
	checkText(&c, "last_name", ch.LastName, 1, 100)
	checkText(&c, "allergies", ch.Allergies, 0, 2000)
	checkText(&c, "health_notes", ch.HealthNotes, 0, 2000)
	c.That(ch.Born > today.Add(-20*366) && ch.Born <= today.Add(366), "born", "child.born")
	return c.Err()
}

// ChildChange is what somebody wants to correct in a child's record; what is nil stays as it is.
type ChildChange struct {
	Number, FirstName, LastName *string
	Born                        *Day
	Allergies, HealthNotes      *string
}

// Apply corrects ch, all or nothing. A leader corrects everything; a guardian what concerns the child's health, and each
// other field named is Invalid, even where it would stay the same.
func (c ChildChange) Apply(ch *Child, leader bool) error {
	if !leader {
		var wrong Checks
		wrong.That(c.Number == nil, "number", "child.leader_only")
		wrong.That(c.FirstName == nil, "first_name", "child.leader_only")
		wrong.That(c.LastName == nil, "last_name", "child.leader_only")
		wrong.That(c.Born == nil, "born", "child.leader_only")
		if err := wrong.Err(); err != nil {
			return err
		}
	}
	for to, from := range map[*string]*string{&ch.Number: c.Number, &ch.FirstName: c.FirstName, &ch.LastName: c.LastName,
		&ch.Allergies: c.Allergies, &ch.HealthNotes: c.HealthNotes, (*string)(&ch.Born): (*string)(c.Born)} {
		if from != nil {
			*to = *from
		}
	}
	return nil
}

// EmergencyContact is somebody to ring when the guardians do not answer.
type EmergencyContact struct {
	ID       ID     `db:"id"`
	KitaID   ID     `db:"kita_id"`
	ChildID  ID     `db:"child_id"`
	Name     string `db:"name"`
	Phone    string `db:"phone"`
	Relation string `db:"relation"`
	Position int    `db:"position"`
}

// Check names what is wrong with e.
func (e EmergencyContact) Check() error {
	var c Checks
	checkText(&c, "name", e.Name, 1, 200)
	checkText(&c, "relation", e.Relation, 0, 100)
	c.That(e.Phone != "", "phone", "text.required")
	checkPhone(&c, "phone", e.Phone)
	return c.Err()
}

// CheckContacts names what is wrong with a child's whole list, as contacts[0].phone.
func CheckContacts(contacts []EmergencyContact) error {
	var c Checks
	for i, e := range contacts {
		var errs Errors
		if errors.As(e.Check(), &errs) {
			for _, wrong := range errs {
				c.Add(Invalid(fmt.Sprintf("contacts[%d].%s", i, wrong.Field), wrong.Code, wrong.Args...))
			}
		}
	}
	return c.Err()
}

// Placement says in which group a child is, from its first day to its last; To is LastDay while no end is known.
type Placement struct {
	ID        ID      `db:"id"`
	KitaID    ID      `db:"kita_id"`
	ChildID   ID      `db:"child_id"`
	GroupID   ID      `db:"group_id"`
	From      Day     `db:"from_day"`
	To        Day     `db:"to_day"`
	CreatedAt Instant `db:"created_at"`
}

// Overlaps tells whether p and q share a day.
func (p Placement) Overlaps(q Placement) bool { return p.From <= q.To && q.From <= p.To }

// Guardian is a person tied to children of one kita. The same person in another kita is another record under the same account.
type Guardian struct {
	ID         ID       `db:"id"`
	KitaID     ID       `db:"kita_id"`
	AccountID  *ID      `db:"account_id"`
	FirstName  string   `db:"first_name"`
	LastName   string   `db:"last_name"`
	Email      string   `db:"email"`
	Phone      string   `db:"phone"`
	Address    string   `db:"address"`
	Language   string   `db:"language"`
	CreatedAt  Instant  `db:"created_at"`
	ArchivedAt *Instant `db:"archived_at"`
}

// Name is how the guardian is addressed.
func (g Guardian) Name() string { return Name(g.FirstName + " " + g.LastName) }

// Check names what is wrong with g.
func (g Guardian) Check() error {
	var c Checks
	checkText(&c, "first_name", g.FirstName, 1, 100)
	checkText(&c, "last_name", g.LastName, 1, 100)
	checkText(&c, "address", g.Address, 0, 300)
	checkEmail(&c, "email", g.Email)
	checkPhone(&c, "phone", g.Phone)
	c.That(slices.Contains(Languages, g.Language), "language", "language.unknown")
	return c.Err()
}

// Relations a guardian can have to a child.
var Relations = []string{"mother", "father", "parent", "stepparent", "grandparent", "foster", "legal_guardian", "other"}

// Tie is one guardian's relation to one child.
type Tie struct {
	KitaID          ID      `db:"kita_id"`
	GuardianID      ID      `db:"guardian_id"`
	ChildID         ID      `db:"child_id"`
	Relation        string  `db:"relation"`
	Custody         bool    `db:"custody"`
	MayPickUp       bool    `db:"may_pick_up"`
	ReceivesNotices bool    `db:"receives_notices"`
	CreatedAt       Instant `db:"created_at"`
}

// Check names what is wrong with t.
func (t Tie) Check() error {
	var c Checks
	c.That(slices.Contains(Relations, t.Relation), "relation", "guardian.relation")
	return c.Err()
}

// ContactBan keeps a guardian from a child: a court's or the youth office's order. While LiftedAt is nil it wins over
// every other rule. Lifting takes two leaders, or the operator.
type ContactBan struct {
	ID              ID       `db:"id"`
	KitaID          ID       `db:"kita_id"`
	GuardianID      ID       `db:"guardian_id"`
	ChildID         ID       `db:"child_id"`
	Reason          string   `db:"reason"`
	EnteredBy       ID       `db:"entered_by"`
	EnteredAt       Instant  `db:"entered_at"`
	LiftRequestedBy *ID      `db:"lift_requested_by"`
	LiftRequestedAt *Instant `db:"lift_requested_at"`
	LiftedBy        *ID      `db:"lifted_by"`
	LiftedAt        *Instant `db:"lifted_at"`
}

// Check names what is wrong with b.
func (b ContactBan) Check() error {
	var c Checks
	checkText(&c, "reason", b.Reason, 3, 1000)
	return c.Err()
}

// Lift is one person's word that the ban should end. The first leader's word is kept; the ban ends with the word of
// another leader, or of the operator alone.
func (b ContactBan) Lift(by ID, operator bool, now Instant) (ContactBan, error) {
	switch {
	case b.LiftedAt != nil:
		return b, Refused("ban.lifted_already")
	case !operator && b.LiftRequestedBy == nil:
		b.LiftRequestedBy, b.LiftRequestedAt = &by, &now
	case !operator && *b.LiftRequestedBy == by:
		return b, Refused("ban.needs_second_leader")
	default:
		b.LiftedBy, b.LiftedAt = &by, &now
	}
	return b, nil
}

// Staff is a member of the team: leader or educator.
type Staff struct {
	ID         ID       `db:"id"`
	KitaID     ID       `db:"kita_id"`
	AccountID  *ID      `db:"account_id"`
	FirstName  string   `db:"first_name"`
	LastName   string   `db:"last_name"`
	Role       Role     `db:"role"`
	Email      string   `db:"email"`
	Phone      string   `db:"phone"`
	Language   string   `db:"language"`
	CreatedAt  Instant  `db:"created_at"`
	ArchivedAt *Instant `db:"archived_at"`
}

// Name is how the colleague is addressed.
func (s Staff) Name() string { return Name(s.FirstName + " " + s.LastName) }

// Check names what is wrong with s.
func (s Staff) Check() error {
	var c Checks
	checkText(&c, "first_name", s.FirstName, 1, 100)
	checkText(&c, "last_name", s.LastName, 1, 100)
	c.That(s.Role == RoleLeader || s.Role == RoleEducator, "role", "staff.role")
	checkEmail(&c, "email", s.Email)
	checkPhone(&c, "phone", s.Phone)
	c.That(slices.Contains(Languages, s.Language), "language", "language.unknown")
	return c.Err()
}

// CheckEmail accepts one bare address (RFC 5321 mailbox, without a display name) of at most 254 bytes.
func CheckEmail(field, s string) error {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Address != s || len(s) > 254 || !strings.Contains(s[strings.LastIndex(s, "@")+1:], ".") {
		return Invalid(field, "email.malformed")
	}
	return nil
}

func checkEmail(c *Checks, field, s string) {
	if s != "" {
		c.Add(CheckEmail(field, s))
	}
}
