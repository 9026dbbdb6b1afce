package handlers

import (
	"context"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var staffTexts = texts{
	"staff.role":        {"Erlaubt ist leader oder educator.", "Must be leader or educator."},
	"staff.last_leader": {"Danach könnte niemand mehr die Kita leiten. Bitte zuerst eine andere Leitung einladen.", "Nobody could lead the kita after that. Please invite another leader first."},
}

// StaffView is a colleague: who manages the kita sees all of it, the team and the guardians name and role.
type StaffView struct {
	ID         kita.ID       `json:"id"`
	KitaID     kita.ID       `json:"kita_id"`
	FirstName  string        `json:"first_name"`
	LastName   string        `json:"last_name"`
	Role       kita.Role     `json:"role" enum:"leader,educator"`
	Email      *string       `json:"email,omitempty"`
	Phone      *string       `json:"phone,omitempty"`
	Language   string        `json:"language,omitempty"`
	GroupIDs   []kita.ID     `json:"group_ids,omitempty"`
	SignedIn   *bool         `json:"signed_in,omitempty" doc:"There is an account."`
	HasDevice  *bool         `json:"has_device,omitempty" doc:"There is a device that takes pushes."`
	CreatedAt  *kita.Instant `json:"created_at,omitempty"`
	ArchivedAt *kita.Instant `json:"archived_at,omitempty"`
}

func staffView(p store.StaffSeen) StaffView {
	view := StaffView{ID: p.ID, KitaID: p.KitaID, FirstName: p.FirstName, LastName: p.LastName, Role: p.Role}
	if p.As == store.AsManager {
		view.Email, view.Phone, view.Language, view.GroupIDs = &p.Email, &p.Phone, p.Language, p.GroupIDs
		view.SignedIn, view.HasDevice, view.CreatedAt, view.ArchivedAt = &p.SignedIn, &p.HasDevice, &p.CreatedAt, p.ArchivedAt
	}
	return view
}

// StaffOutput is one colleague.
type StaffOutput struct {
	Status int
	Body   StaffView
}

// Staff lists those of a kita whom the viewer may see.
func (s *Server) Staff(ctx context.Context, in *PeopleQuery) (*Paged[StaffView], error) {
	p, err := s.store.Staff(ctx, viewerFrom(ctx), in.filter(""))
	return pageOf(p, staffView), err
}

// CreateStaff opens a colleague's record.
func (s *Server) CreateStaff(ctx context.Context, in *struct {
	Body struct {
		ID        kita.ID   `json:"id,omitempty" format:"uuid"`
		KitaID    kita.ID   `json:"kita_id" format:"uuid"`
		FirstName string    `json:"first_name" maxLength:"100"`
		LastName  string    `json:"last_name" maxLength:"100"`
		Role      kita.Role `json:"role" maxLength:"20" doc:"leader or educator."`
		Email     string    `json:"email,omitempty" maxLength:"254"`
		Phone     string    `json:"phone,omitempty" maxLength:"60"`
		Language  string    `json:"language,omitempty" maxLength:"5" doc:"The kita's when left out."`
		GroupIDs  []kita.ID `json:"group_ids,omitempty" format:"uuid" maxItems:"100" uniqueItems:"true"`
	}
}) (*StaffOutput, error) {
	b := in.Body
	p, again, err := s.store.CreateStaff(ctx, viewerFrom(ctx), kita.Staff{ID: s.idOr(b.ID), KitaID: b.KitaID, FirstName: kita.Name(b.FirstName),
		LastName: kita.Name(b.LastName), Role: b.Role, Email: strings.TrimSpace(b.Email), Phone: strings.TrimSpace(b.Phone), Language: b.Language}, b.GroupIDs)
	return &StaffOutput{created(again), staffView(p)}, err
}

// ChangeStaff changes what was sent.
func (s *Server) ChangeStaff(ctx context.Context, in *struct {
	ByID
	Body struct {
		FirstName *string    `json:"first_name,omitempty" maxLength:"100"`
		LastName  *string    `json:"last_name,omitempty" maxLength:"100"`
		Role      *kita.Role `json:"role,omitempty" maxLength:"20"`
		Email     *string    `json:"email,omitempty" maxLength:"254"`
		Phone     *string    `json:"phone,omitempty" maxLength:"60"`
		Language  *string    `json:"language,omitempty" maxLength:"5"`
	}
}) (*StaffOutput, error) {
	b := in.Body
	p, err := s.store.ChangeStaff(ctx, viewerFrom(ctx), in.ID, func(p *kita.Staff) {
		setName(&p.FirstName, b.FirstName)
		setName(&p.LastName, b.LastName)
		set(&p.Role, b.Role)
		setTrimmed(&p.Email, b.Email)
		setTrimmed(&p.Phone, b.Phone)
		set(&p.Language, b.Language)
	})
	return &StaffOutput{200, staffView(p)}, err
}

// ChangeStaffGroups gives a colleague other groups.
func (s *Server) ChangeStaffGroups(ctx context.Context, in *struct {
	ByID
	Body struct {
		GroupIDs []kita.ID `json:"group_ids" format:"uuid" maxItems:"100" uniqueItems:"true" doc:"All of them; those left out are taken away."`
	}
}) (*StaffOutput, error) {
	p, err := s.store.ChangeStaffGroups(ctx, viewerFrom(ctx), in.ID, in.Body.GroupIDs)
	return &StaffOutput{200, staffView(p)}, err
}

// ArchiveStaff puts a record away, which ends access at once, or takes it out again.
func (s *Server) ArchiveStaff(ctx context.Context, in *Archive) (*StaffOutput, error) {
	p, err := s.store.ArchiveStaff(ctx, viewerFrom(ctx), in.ID, in.Body.Archived)
	return &StaffOutput{200, staffView(p)}, err
}
