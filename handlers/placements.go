package handlers

import (
	"context"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// PlacementOutput is one placement.
type PlacementOutput struct {
	Status int
	Body   PlacementView
}

// PlacementDays are a group and days in it.
type PlacementDays struct {
	GroupID kita.ID  `json:"group_id" format:"uuid"`
	From    kita.Day `json:"from" format:"date"`
	To      kita.Day `json:"to,omitempty" format:"date" doc:"The last day; left out while no end is known."`
}

func (d PlacementDays) apply(p *kita.Placement) {
	p.GroupID, p.From, p.To = d.GroupID, d.From, kita.LastDay
	if d.To != "" {
		p.To = d.To
	}
}

// PlaceChild moves a child to another group from a day on.
func (s *Server) PlaceChild(ctx context.Context, in *struct {
	ByID
	Body struct {
		ID kita.ID `json:"id,omitempty" format:"uuid"`
		PlacementDays
	}
}) (*PlacementOutput, error) {
	p := kita.Placement{ID: s.idOr(in.Body.ID), ChildID: in.ID}
	in.Body.apply(&p)
	p, again, err := s.store.PlaceChild(ctx, viewerFrom(ctx), p)
	return &PlacementOutput{created(again), placementView(p)}, err
}

// PlacementsOutput is what became of several moves.
type PlacementsOutput struct {
	Status int
	Body   struct {
		Items []PlacementView `json:"items"`
	}
}

// MoveChildren moves several children on one day.
func (s *Server) MoveChildren(ctx context.Context, in *struct {
	Body struct {
		ID     kita.ID  `json:"id,omitempty" format:"uuid"`
		KitaID kita.ID  `json:"kita_id" format:"uuid"`
		From   kita.Day `json:"from" format:"date"`
		Moves  []struct {
			ChildID kita.ID `json:"child_id" format:"uuid"`
			GroupID kita.ID `json:"group_id" format:"uuid"`
		} `json:"moves" minItems:"1" maxItems:"400" nullable:"false"`
	}
}) (*PlacementsOutput, error) {
	m := store.Moves{ID: s.idOr(in.Body.ID), KitaID: in.Body.KitaID, From: in.Body.From}
	for _, e := range in.Body.Moves {
		m.Each = append(m.Each, store.ChildMove{ChildID: e.ChildID, GroupID: e.GroupID})
	}
	placed, again, err := s.store.MoveChildren(ctx, viewerFrom(ctx), m)
	out := &PlacementsOutput{Status: created(again)}
	out.Body.Items = viewsOf(placed, placementView)
	return out, err
}

// ChangePlacement corrects group and days of a placement.
func (s *Server) ChangePlacement(ctx context.Context, in *struct {
	ByID
	Body PlacementDays
}) (*PlacementOutput, error) {
	p, err := s.store.ChangePlacement(ctx, viewerFrom(ctx), in.ID, in.Body.apply)
	return &PlacementOutput{200, placementView(p)}, err
}

// DeletePlacement takes a placement away.
func (s *Server) DeletePlacement(ctx context.Context, in *struct {
	ByID
	Resume bool `query:"resume" doc:"Undo a move: the placement that ended the day before goes on instead. Without it the child is in no group on those days."`
}) (*Nothing, error) {
	return nil, s.store.DeletePlacement(ctx, viewerFrom(ctx), in.ID, in.Resume)
}
