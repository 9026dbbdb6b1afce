package handlers

import (
	"context"
	"slices"
	"strings"

	"morgenkreis/kita"
)

// CalendarDayView is what shuts the kita on a day. A day can be here twice: the kita's own entry may fall on a holiday.
type CalendarDayView struct {
	Day    kita.Day           `json:"day"`
	Kind   kita.ClosureReason `json:"kind" doc:"holiday: of the federal state. closing_day: the kita's own."`
	Name   string             `json:"name"`
	NameEN string             `json:"name_en" doc:"A holiday's English name; the kita's own words are not translated."`
	ID     kita.ID            `json:"id,omitempty" doc:"Of a closing day."`
}

func holidayView(h kita.Holiday) CalendarDayView {
	return CalendarDayView{Day: h.Day, Kind: kita.ClosedForHoliday, Name: h.Name, NameEN: h.NameEN}
}

func closingDayView(d kita.ClosingDay) CalendarDayView {
	return CalendarDayView{Day: d.Day, Kind: kita.ClosedByKita, Name: d.Name, NameEN: d.Name, ID: d.ID}
}

// Calendar is when a kita is shut, weekends aside.
func (s *Server) Calendar(ctx context.Context, in *struct {
	KitaID kita.ID  `query:"kita_id" required:"true" format:"uuid"`
	From   kita.Day `query:"from" required:"true" format:"date"`
	To     kita.Day `query:"to" required:"true" format:"date" doc:"The last day, at most 400 days from the first."`
}) (*List[CalendarDayView], error) {
	c, err := s.store.Calendar(ctx, viewerFrom(ctx), in.KitaID, in.From, in.To)
	days := append(viewsOf(c.Holidays, holidayView), viewsOf(c.ClosingDays, closingDayView)...)
	slices.SortStableFunc(days, func(a, b CalendarDayView) int { return strings.Compare(string(a.Day), string(b.Day)) })
	out := &List[CalendarDayView]{}
	out.Body.Items = days
	return out, err
}

// ClosingDayOutput is one closing day.
type ClosingDayOutput struct {
	Status int
	Body   CalendarDayView
}

// CreateClosingDay shuts the kita for a day.
func (s *Server) CreateClosingDay(ctx context.Context, in *struct {
	Body struct {
		ID     kita.ID  `json:"id,omitempty" format:"uuid"`
		KitaID kita.ID  `json:"kita_id" format:"uuid"`
		Day    kita.Day `json:"day" format:"date"`
		Name   string   `json:"name" maxLength:"100"`
	}
}) (*ClosingDayOutput, error) {
	d, again, err := s.store.CreateClosingDay(ctx, viewerFrom(ctx), kita.ClosingDay{ID: s.idOr(in.Body.ID), KitaID: in.Body.KitaID,
		Day: in.Body.Day, Name: kita.Name(in.Body.Name)})
	return &ClosingDayOutput{created(again), closingDayView(d)}, err
}

// DeleteClosingDay opens the kita again on that day.
func (s *Server) DeleteClosingDay(ctx context.Context, in *ByID) (*Nothing, error) {
	return nil, s.store.DeleteClosingDay(ctx, viewerFrom(ctx), in.ID)
}
