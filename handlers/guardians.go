package handlers

import (
	"context"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var guardianTexts = texts{
	"guardian.relation":    {"Diese Beziehung kennen wir nicht.", "We do not know this relation."},
	"guardian.leader_only": {"Das kann nur die Leitung ändern.", "Only the kita's leader can change this."},
}

// GuardianView is a guardian: leaders and the person themself see all of it that is about the person, leaders also
// whether they can be reached, educators names and phone. What is not for the viewer is absent.
type GuardianView struct {
	ID         kita.ID       `json:"id"`
	KitaID     kita.ID       `json:"kita_id"`
	FirstName  string        `json:"first_name"`
	LastName   string        `json:"last_name"`
	Phone      *string       `json:"phone,omitempty"`
	Email      *string       `json:"email,omitempty"`
	Address    *string       `json:"address,omitempty"`
	Language   string        `json:"language,omitempty"`
	SignedIn   *bool         `json:"signed_in,omitempty" doc:"There is an account; for leaders."`
	HasDevice  *bool         `json:"has_device,omitempty" doc:"There is a device that takes pushes; for leaders."`
	Children   []TieView     `json:"children" doc:"Those the viewer may see."`
	CreatedAt  kita.Instant  `json:"created_at"`
	ArchivedAt *kita.Instant `json:"archived_at,omitempty"`
}

// TieView is what a guardian is to a child.
type TieView struct {
	ChildID         kita.ID `json:"child_id"`
	Relation        string  `json:"relation"`
	Custody         bool    `json:"custody"`
	MayPickUp       bool    `json:"may_pick_up" doc:"For educators false where there is a ban."`
	ReceivesNotices bool    `json:"receives_notices"`
	Banned          bool    `json:"banned" doc:"A contact ban wins over everything else here."`
}

func guardianView(g store.GuardianSeen) GuardianView {
	view := GuardianView{ID: g.ID, KitaID: g.KitaID, FirstName: g.FirstName, LastName: g.LastName, Language: g.Language,
		Children: viewsOf(g.Children, tieView), CreatedAt: g.CreatedAt, ArchivedAt: g.ArchivedAt}
	whole := g.As == store.AsLeader || g.As == store.AsSelf
	if whole || g.Phone != "" {
		view.Phone = &g.Phone
	}
	if whole {
		view.Email, view.Address = &g.Email, &g.Address
	}
	if g.As == store.AsLeader {
		view.SignedIn, view.HasDevice = &g.SignedIn, &g.HasDevice
	}
	return view
}

func tieView(t store.TieSeen) TieView {
	return TieView{t.ChildID, t.Relation, t.Custody, t.MayPickUp, t.ReceivesNotices, t.Banned}
}

// GuardianOutput is one guardian.
type GuardianOutput struct {
	Status int
	Body   GuardianView
}

func (o *GuardianOutput) about() (kita.ID, kita.ID) { return o.Body.KitaID, o.Body.ID }

// PeopleQuery asks for people of one kita.
type PeopleQuery struct {
	Paging
	KitaID   kita.ID `query:"kita_id" required:"true" format:"uuid"`
	Archived bool    `query:"archived" doc:"Those who left too, for those who manage them."`
}

func (q PeopleQuery) filter(words string) store.PeopleFilter {
	return store.PeopleFilter{KitaID: q.KitaID, Query: words, Archived: q.Archived, PageRequest: q.request()}
}

// Guardians lists those of a kita whom the viewer may see.
func (s *Server) Guardians(ctx context.Context, in *struct {
	PeopleQuery
	Query string `query:"q" maxLength:"100" doc:"Words of the name."`
}) (*Paged[GuardianView], error) {
	p, err := s.store.Guardians(ctx, viewerFrom(ctx), in.filter(in.Query))
	return pageOf(p, guardianView), err
}

// Guardian is one of them.
func (s *Server) Guardian(ctx context.Context, in *ByID) (*GuardianOutput, error) {
	g, err := s.store.Guardian(ctx, viewerFrom(ctx), in.ID)
	return &GuardianOutput{200, guardianView(g)}, err
}

// CreateGuardian opens a guardian's record.
func (s *Server) CreateGuardian(ctx context.Context, in *struct {
	Body struct {
		ID        kita.ID `json:"id,omitempty" format:"uuid"`
		KitaID    kita.ID `json:"kita_id" format:"uuid"`
		FirstName string  `json:"first_name" maxLength:"100"`
		LastName  string  `json:"last_name" maxLength:"100"`
		Email     string  `json:"email,omitempty" maxLength:"254"`
		Phone     string  `json:"phone,omitempty" maxLength:"60"`
		Address   string  `json:"address,omitempty" maxLength:"300"`
		Language  string  `json:"language,omitempty" maxLength:"5" doc:"The kita's when left out."`
	}
}) (*GuardianOutput, error) {
	b := in.Body
	g, again, err := s.store.CreateGuardian(ctx, viewerFrom(ctx), kita.Guardian{ID: s.idOr(b.ID), KitaID: b.KitaID,
		FirstName: kita.Name(b.FirstName), LastName: kita.Name(b.LastName), Email: strings.TrimSpace(b.Email),
		Phone: strings.TrimSpace(b.Phone), Address: strings.TrimSpace(b.Address), Language: b.Language})
	return &GuardianOutput{created(again), guardianView(g)}, err
}

// ChangeGuardian changes what was sent.
func (s *Server) ChangeGuardian(ctx context.Context, in *struct {
	ByID
	Body struct {
		FirstName *string `json:"first_name,omitempty" maxLength:"100"`
		LastName  *string `json:"last_name,omitempty" maxLength:"100"`
		Email     *string `json:"email,omitempty" maxLength:"254"`
		Phone     *string `json:"phone,omitempty" maxLength:"60"`
		Address   *string `json:"address,omitempty" maxLength:"300"`
		Language  *string `json:"language,omitempty" maxLength:"5"`
	}
}) (*GuardianOutput, error) {
	b := in.Body
	g, err := s.store.ChangeGuardian(ctx, viewerFrom(ctx), in.ID, func(g *kita.Guardian) {
		setName(&g.FirstName, b.FirstName)
		setName(&g.LastName, b.LastName)
		setTrimmed(&g.Email, b.Email)
		setTrimmed(&g.Phone, b.Phone)
		setTrimmed(&g.Address, b.Address)
		set(&g.Language, b.Language)
	})
	return &GuardianOutput{200, guardianView(g)}, err
}

// setName copies a name that was sent, folded as names are.
func setName(to *string, from *string) {
	if from != nil {
		*to = kita.Name(*from)
	}
}

// setTrimmed copies a text that was sent, without the white space around it.
func setTrimmed(to *string, from *string) {
	if from != nil {
		*to = strings.TrimSpace(*from)
	}
}

// ArchiveGuardian puts a record away or takes it out again.
func (s *Server) ArchiveGuardian(ctx context.Context, in *Archive) (*GuardianOutput, error) {
	g, err := s.store.ArchiveGuardian(ctx, viewerFrom(ctx), in.ID, in.Body.Archived)
	return &GuardianOutput{200, guardianView(g)}, err
}

// TiePath names a guardian and a child.
type TiePath struct {
	ByID
	ChildID kita.ID `path:"child_id" format:"uuid"`
}

// TieGuardian ties a guardian to a child, or changes the tie. Every right is said in full: none is given by leaving it out.
func (s *Server) TieGuardian(ctx context.Context, in *struct {
	TiePath
	Body struct {
		Relation        string `json:"relation" maxLength:"40" doc:"mother, father, parent, stepparent, grandparent, foster, legal_guardian or other."`
		Custody         bool   `json:"custody"`
		MayPickUp       bool   `json:"may_pick_up"`
		ReceivesNotices bool   `json:"receives_notices"`
	}
}) (*GuardianOutput, error) {
	g, err := s.store.Tie(ctx, viewerFrom(ctx), kita.Tie{GuardianID: in.ID, ChildID: in.ChildID, Relation: in.Body.Relation,
		Custody: in.Body.Custody, MayPickUp: in.Body.MayPickUp, ReceivesNotices: in.Body.ReceivesNotices})
	return &GuardianOutput{200, guardianView(g)}, err
}

// UntieGuardian takes the tie away.
func (s *Server) UntieGuardian(ctx context.Context, in *TiePath) (*Nothing, error) {
	return nil, s.store.Untie(ctx, viewerFrom(ctx), in.ID, in.ChildID)
}
