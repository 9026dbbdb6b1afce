package handlers

import (
	"context"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var groupTexts = texts{
	"group.colour":       {"Diese Farbe haben wir nicht.", "We do not have this colour."},
	"group.icon":         {"Dieses Zeichen haben wir nicht.", "We do not have this icon."},
	"group.archived":     {"Diese Gruppe ist archiviert.", "This group is archived."},
	"group.has_children": {"In dieser Gruppe sind noch Kinder, heute oder später: {children}. Bitte zuerst umsetzen.", "There are still children in this group, today or later: {children}. Please move them first."},
}

// GroupView is a group.
type GroupView struct {
	ID         kita.ID       `json:"id"`
	KitaID     kita.ID       `json:"kita_id"`
	Name       string        `json:"name"`
	Colour     string        `json:"colour"`
	Icon       string        `json:"icon"`
	CreatedAt  kita.Instant  `json:"created_at"`
	ArchivedAt *kita.Instant `json:"archived_at,omitempty"`
	Mine       bool          `json:"mine,omitempty" doc:"In lists: the viewer is of this group's team."`
}

func groupView(g kita.Group) GroupView {
	return GroupView{ID: g.ID, KitaID: g.KitaID, Name: g.Name, Colour: g.Colour, Icon: g.Icon, CreatedAt: g.CreatedAt, ArchivedAt: g.ArchivedAt}
}

func groupListedView(g store.GroupListed) GroupView {
	view := groupView(g.Group)
	view.Mine = g.Mine
	return view
}

// GroupOutput is one group.
type GroupOutput struct {
	Status int
	Body   GroupView
}

// Groups lists those the viewer has to do with.
func (s *Server) Groups(ctx context.Context, in *struct {
	KitaID   kita.ID `query:"kita_id" format:"uuid"`
	Archived bool    `query:"archived" doc:"Archived ones too."`
}) (*List[GroupView], error) {
	rows, err := s.store.Groups(ctx, viewerFrom(ctx), store.GroupFilter{KitaID: in.KitaID, Archived: in.Archived})
	return listOf(rows, groupListedView), err
}

// Group is one of them.
func (s *Server) Group(ctx context.Context, in *ByID) (*GroupOutput, error) {
	g, err := s.store.Group(ctx, viewerFrom(ctx), in.ID)
	return &GroupOutput{200, groupView(g)}, err
}

// CreateGroup opens a group.
func (s *Server) CreateGroup(ctx context.Context, in *struct {
	Body struct {
		ID     kita.ID `json:"id,omitempty" format:"uuid"`
		KitaID kita.ID `json:"kita_id" format:"uuid"`
		Name   string  `json:"name" maxLength:"100"`
		Colour string  `json:"colour" maxLength:"20" doc:"One of red, orange, yellow, green, teal, blue, purple, pink, brown, grey."`
		Icon   string  `json:"icon" maxLength:"20" doc:"An animal or thing that children know their group by, such as bear or sun."`
	}
}) (*GroupOutput, error) {
	g, again, err := s.store.CreateGroup(ctx, viewerFrom(ctx), kita.Group{ID: s.idOr(in.Body.ID), KitaID: in.Body.KitaID,
		Name: kita.Name(in.Body.Name), Colour: in.Body.Colour, Icon: in.Body.Icon})
	return &GroupOutput{created(again), groupView(g)}, err
}

// ChangeGroup changes what was sent.
func (s *Server) ChangeGroup(ctx context.Context, in *struct {
	ByID
	Body struct {
		Name   *string `json:"name,omitempty" maxLength:"100"`
		Colour *string `json:"colour,omitempty" maxLength:"20"`
		Icon   *string `json:"icon,omitempty" maxLength:"20"`
	}
}) (*GroupOutput, error) {
	g, err := s.store.ChangeGroup(ctx, viewerFrom(ctx), in.ID, func(g *kita.Group) {
		set(&g.Name, tidy(in.Body.Name, kita.Name))
		set(&g.Colour, in.Body.Colour)
		set(&g.Icon, in.Body.Icon)
	})
	return &GroupOutput{200, groupView(g)}, err
}

// tidy applies how to what was sent.
func tidy(sent *string, how func(string) string) *string {
	if sent == nil {
		return nil
	}
	tidied := how(*sent)
	return &tidied
}

// ArchiveGroup puts a group away or takes it out again.
func (s *Server) ArchiveGroup(ctx context.Context, in *Archive) (*GroupOutput, error) {
	g, err := s.store.ArchiveGroup(ctx, viewerFrom(ctx), in.ID, in.Body.Archived)
	return &GroupOutput{200, groupView(g)}, err
}
