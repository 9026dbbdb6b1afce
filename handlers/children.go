package handlers

import (
	"context"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var childTexts = texts{
	"child.born":               {"Dieses Geburtsdatum kann nicht stimmen.", "This birth date cannot be right."},
	"child.number_taken":       {"Diese Nummer hat schon ein anderes Kind.", "Another child has this number already."},
	"child.leader_only":        {"Das kann nur die Leitung ändern.", "Only the kita's leader can change this."},
	"child.archived":           {"Dieses Kind ist archiviert.", "This child is archived."},
	"child.group_archived":     {"Die Gruppe des Kindes ist archiviert. Bitte zuerst die Gruppe zurückholen.", "The child's group is archived. Please take the group out of the archive first."},
	"placement.to_before_from": {"Das Ende liegt vor dem Anfang.", "The end lies before the start."},
	"placement.same_group":     {"Das Kind ist an diesem Tag schon in dieser Gruppe.", "The child is in this group already on that day."},
	"placement.overlaps":       {"Ab {from} ist das Kind schon für die Gruppe {group} eingetragen. Bitte ein früheres Ende angeben oder den Eintrag ändern.", "From {from} the child is placed in the group {group} already. Please give an earlier end, or change that entry."},
	"placement.nothing_before": {"Davor war das Kind in keiner Gruppe, die weitergehen könnte.", "There is no group before it that could go on."},
}

// GroupMark is how a group is known on a list.
type GroupMark struct {
	ID     kita.ID `json:"id"`
	Name   string  `json:"name"`
	Colour string  `json:"colour"`
	Icon   string  `json:"icon"`
}

// ChildView is a child on a list.
type ChildView struct {
	ID         kita.ID       `json:"id"`
	KitaID     kita.ID       `json:"kita_id"`
	Number     string        `json:"number"`
	FirstName  string        `json:"first_name"`
	LastName   string        `json:"last_name"`
	Born       kita.Day      `json:"born"`
	Group      *GroupMark    `json:"group,omitempty" doc:"Of the day asked for, today otherwise; absent when the child is in none."`
	Allergies  *string       `json:"allergies,omitempty" doc:"Absent when they are not for you; empty when there are none."`
	ArchivedAt *kita.Instant `json:"archived_at,omitempty"`
}

func childView(c store.ChildSeen) ChildView {
	v := ChildView{ID: c.ID, KitaID: c.KitaID, Number: c.Number, FirstName: c.FirstName, LastName: c.LastName, Born: c.Born, ArchivedAt: c.ArchivedAt}
	if c.GroupID != nil {
		v.Group = &GroupMark{*c.GroupID, *c.GroupName, *c.GroupColour, *c.GroupIcon}
	}
	if c.Health {
		v.Allergies = &c.Allergies
	}
	return v
}

// ContactView is somebody to ring when the guardians do not answer.
type ContactView struct {
	Name     string `json:"name" maxLength:"200"`
	Phone    string `json:"phone" maxLength:"60"`
	Relation string `json:"relation,omitempty" maxLength:"100"`
}

func contactView(e kita.EmergencyContact) ContactView {
	return ContactView{e.Name, e.Phone, e.Relation}
}

// PlacementView says in which group a child is, and when.
type PlacementView struct {
	ID      kita.ID   `json:"id"`
	ChildID kita.ID   `json:"child_id"`
	GroupID kita.ID   `json:"group_id"`
	From    kita.Day  `json:"from"`
	To      *kita.Day `json:"to,omitempty" doc:"The last day; absent while no end is known."`
}

func placementView(p kita.Placement) PlacementView {
	v := PlacementView{ID: p.ID, ChildID: p.ChildID, GroupID: p.GroupID, From: p.From}
	if p.To != kita.LastDay {
		v.To = &p.To
	}
	return v
}

// ChildPlacementView is a placement with the group's name and marks.
type ChildPlacementView struct {
	PlacementView
	Group GroupMark `json:"group"`
}

func childPlacementView(p store.PlacementSeen) ChildPlacementView {
	return ChildPlacementView{placementView(p.Placement), GroupMark{p.GroupID, p.GroupName, p.GroupColour, p.GroupIcon}}
}

// ChildGuardianView is a guardian beside the child: name and relation for the other guardians, number for educators too,
// address and whether they can be reached for leaders.
type ChildGuardianView struct {
	ID              kita.ID `json:"id"`
	FirstName       string  `json:"first_name"`
	LastName        string  `json:"last_name"`
	Relation        string  `json:"relation"`
	Custody         *bool   `json:"custody,omitempty"`
	MayPickUp       *bool   `json:"may_pick_up,omitempty" doc:"Always false under a contact ban."`
	Phone           *string `json:"phone,omitempty"`
	Email           *string `json:"email,omitempty"`
	Address         *string `json:"address,omitempty"`
	Banned          *bool   `json:"banned,omitempty" doc:"A contact ban holds: this person must not have contact with the child."`
	BanReason       string  `json:"ban_reason,omitempty" doc:"For leaders."`
	ReceivesNotices *bool   `json:"receives_notices,omitempty" doc:"For the team."`
	SignedIn        *bool   `json:"signed_in,omitempty" doc:"There is an account; for leaders."`
	HasDevice       *bool   `json:"has_device,omitempty" doc:"There is a device that takes pushes; for leaders."`
}

func childGuardianView(g store.GuardianOfChild) ChildGuardianView {
	v := ChildGuardianView{ID: g.ID, FirstName: g.FirstName, LastName: g.LastName, Relation: g.Relation, BanReason: g.BanReason}
	if g.Staff {
		v.Custody, v.MayPickUp, v.Banned, v.ReceivesNotices = &g.Custody, &g.MayPickUp, &g.Banned, &g.ReceivesNotices
	}
	if g.ByPhone {
		v.Phone = &g.Phone
	}
	if g.ByLetter {
		v.Email, v.Address, v.SignedIn, v.HasDevice = &g.Email, &g.Address, &g.SignedIn, &g.HasDevice
	}
	return v
}

// ChildDetailView is a child with all that hangs on it.
type ChildDetailView struct {
	ChildView
	HealthNotes *string              `json:"health_notes,omitempty" doc:"Absent when they are not for you."`
	Contacts    []ContactView        `json:"emergency_contacts,omitzero" doc:"Absent when they are not for you."`
	Placements  []ChildPlacementView `json:"placements"`
	Guardians   []ChildGuardianView  `json:"guardians" doc:"Guardians do not see who is under a contact ban."`
}

// ChildOutput is one child.
type ChildOutput struct {
	Status int
	Body   ChildDetailView
}

func (o ChildOutput) about() (kitaID, subject kita.ID) { return o.Body.KitaID, o.Body.ID }

func childOutput(status int, d store.ChildDetail) *ChildOutput {
	out := &ChildOutput{status, ChildDetailView{ChildView: childView(d.ChildSeen), Placements: viewsOf(d.Placements, childPlacementView),
		Guardians: viewsOf(d.Guardians, childGuardianView)}}
	if d.Health {
		out.Body.HealthNotes, out.Body.Contacts = &d.HealthNotes, viewsOf(d.Contacts, contactView)
	}
	return out
}

// Children lists those the viewer reaches, by last name.
func (s *Server) Children(ctx context.Context, in *struct {
	KitaID   kita.ID  `query:"kita_id" format:"uuid"`
	GroupID  kita.ID  `query:"group_id" format:"uuid" doc:"Those in the group on the day."`
	Q        string   `query:"q" maxLength:"100" doc:"Each word is looked for in first and last name."`
	Day      kita.Day `query:"day" format:"date" doc:"Groups as of this day, otherwise of today."`
	Archived bool     `query:"archived" doc:"Archived ones too, for leaders."`
	Mine     bool     `query:"mine" doc:"Those the viewer is a guardian of, not those of their work."`
	Limit    int      `query:"limit" minimum:"1" maximum:"100" default:"20"`
	After    string   `query:"after" maxLength:"1200" doc:"The next of the page before."`
}) (*Paged[ChildView], error) {
	p, err := s.store.Children(ctx, viewerFrom(ctx), store.ChildFilter{KitaID: in.KitaID, GroupID: in.GroupID, Query: in.Q, Day: in.Day,
		Archived: in.Archived, Mine: in.Mine}, store.PageRequest{Limit: in.Limit, After: in.After})
	return pageOf(p, childView), err
}

// Child is one of them, with all that hangs on it.
func (s *Server) Child(ctx context.Context, in *ByID) (*ChildOutput, error) {
	d, err := s.store.Child(ctx, viewerFrom(ctx), in.ID)
	return childOutput(200, d), err
}

// CreateChild takes a child into the kita, and into a group.
func (s *Server) CreateChild(ctx context.Context, in *struct {
	Body struct {
		ID          kita.ID  `json:"id,omitempty" format:"uuid"`
		KitaID      kita.ID  `json:"kita_id" format:"uuid"`
		Number      string   `json:"number,omitempty" maxLength:"40" doc:"The kita's own."`
		FirstName   string   `json:"first_name" maxLength:"100"`
		LastName    string   `json:"last_name" maxLength:"100"`
		Born        kita.Day `json:"born" format:"date"`
		Allergies   string   `json:"allergies,omitempty" maxLength:"2000"`
		HealthNotes string   `json:"health_notes,omitempty" maxLength:"2000"`
		GroupID     kita.ID  `json:"group_id,omitempty" format:"uuid"`
		From        kita.Day `json:"from,omitempty" format:"date" doc:"The first day in the group; today when left out."`
	}
}) (*ChildOutput, error) {
	b := in.Body
	d, again, err := s.store.CreateChild(ctx, viewerFrom(ctx), kita.Child{ID: s.idOr(b.ID), KitaID: b.KitaID, Number: kita.Name(b.Number),
		FirstName: kita.Name(b.FirstName), LastName: kita.Name(b.LastName), Born: b.Born, Allergies: strings.TrimSpace(b.Allergies),
		HealthNotes: strings.TrimSpace(b.HealthNotes)}, b.GroupID, b.From)
	return childOutput(created(again), d), err
}

// ChangeChild corrects what was sent.
func (s *Server) ChangeChild(ctx context.Context, in *struct {
	ByID
	Body struct {
		Number      *string   `json:"number,omitempty" maxLength:"40"`
		FirstName   *string   `json:"first_name,omitempty" maxLength:"100"`
		LastName    *string   `json:"last_name,omitempty" maxLength:"100"`
		Born        *kita.Day `json:"born,omitempty" format:"date"`
		Allergies   *string   `json:"allergies,omitempty" maxLength:"2000"`
		HealthNotes *string   `json:"health_notes,omitempty" maxLength:"2000"`
	}
}) (*ChildOutput, error) {
	b := in.Body
	d, err := s.store.ChangeChild(ctx, viewerFrom(ctx), in.ID, kita.ChildChange{Number: tidy(b.Number, kita.Name),
		FirstName: tidy(b.FirstName, kita.Name), LastName: tidy(b.LastName, kita.Name), Born: b.Born,
		Allergies: tidy(b.Allergies, strings.TrimSpace), HealthNotes: tidy(b.HealthNotes, strings.TrimSpace)})
	return childOutput(200, d), err
}

// ReplaceContacts keeps the whole list of emergency contacts.
func (s *Server) ReplaceContacts(ctx context.Context, in *struct {
	ByID
	Body struct {
		Contacts []ContactView `json:"contacts" maxItems:"10" nullable:"false"`
	}
}) (*List[ContactView], error) {
	rows, err := s.store.ReplaceContacts(ctx, viewerFrom(ctx), in.ID, viewsOf(in.Body.Contacts, func(c ContactView) kita.EmergencyContact {
		return kita.EmergencyContact{Name: kita.Name(c.Name), Phone: kita.Name(c.Phone), Relation: kita.Name(c.Relation)}
	}))
	return listOf(rows, contactView), err
}

// ArchiveChild puts a child's record away or takes it out again.
func (s *Server) ArchiveChild(ctx context.Context, in *Archive) (*ChildOutput, error) {
	d, err := s.store.ArchiveChild(ctx, viewerFrom(ctx), in.ID, in.Body.Archived)
	return childOutput(200, d), err
}
