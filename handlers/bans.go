package handlers

import (
	"context"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var banTexts = texts{
	"ban.active":              {"Diese Kontaktsperre besteht schon.", "This contact ban is in force already."},
	"ban.lifted_already":      {"Diese Kontaktsperre ist schon aufgehoben.", "This contact ban is lifted already."},
	"ban.needs_second_leader": {"Sie haben die Aufhebung schon beantragt. Jetzt muss eine zweite Leitung oder der Betreiber zustimmen.", "You have asked for the end already. Now a second leader, or the operator, has to agree."},
}

// BanView is a contact ban: leaders see all of it, educators who may not come near whom but not why, the operator neither.
type BanView struct {
	ID              kita.ID       `json:"id"`
	KitaID          kita.ID       `json:"kita_id"`
	GuardianID      kita.ID       `json:"guardian_id,omitempty"`
	Guardian        string        `json:"guardian,omitempty" doc:"The name."`
	ChildID         kita.ID       `json:"child_id,omitempty"`
	Child           string        `json:"child,omitempty" doc:"The name."`
	Reason          string        `json:"reason,omitempty"`
	EnteredBy       kita.ID       `json:"entered_by,omitempty"`
	EnteredByName   string        `json:"entered_by_name,omitempty"`
	EnteredAt       kita.Instant  `json:"entered_at"`
	LiftRequestedBy *kita.ID      `json:"lift_requested_by,omitempty"`
	LiftRequestedAt *kita.Instant `json:"lift_requested_at,omitempty" doc:"A leader asked for its end; a second one, or the operator, has to agree."`
	LiftedBy        *kita.ID      `json:"lifted_by,omitempty"`
	LiftedAt        *kita.Instant `json:"lifted_at,omitempty"`
}

func banView(b store.BanSeen) BanView {
	return BanView{b.ID, b.KitaID, b.GuardianID, b.Guardian, b.ChildID, b.Child, b.Reason, b.EnteredBy, b.EnteredByName, b.EnteredAt,
		b.LiftRequestedBy, b.LiftRequestedAt, b.LiftedBy, b.LiftedAt}
}

// BanOutput is one ban.
type BanOutput struct {
	Status int
	Body   BanView
}

// BansOutput is a part of a kita's bans.
type BansOutput struct {
	Body struct {
		Items []BanView `json:"items"`
		Next  string    `json:"next,omitempty" doc:"Ask for it with ?after=; absent at the end."`
	}
	kitaID kita.ID
}

func (o *BansOutput) about() (kita.ID, kita.ID) { return o.kitaID, o.kitaID }

// Bans lists those of a kita, the latest first.
func (s *Server) Bans(ctx context.Context, in *struct {
	Paging
	KitaID kita.ID `query:"kita_id" required:"true" format:"uuid"`
}) (*BansOutput, error) {
	p, err := s.store.Bans(ctx, viewerFrom(ctx), in.KitaID, in.request())
	out := &BansOutput{kitaID: in.KitaID}
	out.Body.Items, out.Body.Next = viewsOf(p.Items, banView), p.Next
	return out, err
}

// CreateBan enters a ban; it holds at once.
func (s *Server) CreateBan(ctx context.Context, in *struct {
	Body struct {
		ID         kita.ID `json:"id,omitempty" format:"uuid"`
		GuardianID kita.ID `json:"guardian_id" format:"uuid"`
		ChildID    kita.ID `json:"child_id" format:"uuid"`
		Reason     string  `json:"reason" maxLength:"1000" doc:"Whose order it is, and of which day; for leaders only."`
	}
}) (*BanOutput, error) {
	b, again, err := s.store.CreateBan(ctx, viewerFrom(ctx), kita.ContactBan{ID: s.idOr(in.Body.ID), GuardianID: in.Body.GuardianID,
		ChildID: in.Body.ChildID, Reason: strings.TrimSpace(in.Body.Reason)})
	return &BanOutput{created(again), banView(b)}, err
}

// LiftBan is one person's word that a ban should end.
func (s *Server) LiftBan(ctx context.Context, in *ByID) (*BanOutput, error) {
	b, err := s.store.LiftBan(ctx, viewerFrom(ctx), in.ID)
	return &BanOutput{200, banView(b)}, err
}
