package handlers

import (
	"net/http"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// ByID is a path with one id.
type ByID struct {
	ID kita.ID `path:"id" format:"uuid"`
}

// Nothing is an answer without a body (204).
type Nothing struct{}

// List is a whole list that needs no pages.
type List[T any] struct {
	Body struct {
		Items []T `json:"items"`
	}
}

func listOf[T, V any](rows []T, view func(T) V) *List[V] {
	out := &List[V]{}
	out.Body.Items = viewsOf(rows, view)
	return out
}

func viewsOf[T, V any](rows []T, view func(T) V) []V {
	views := make([]V, len(rows))
	for i, r := range rows {
		views[i] = view(r)
	}
	return views
}

// Paging asks for a part of a list.
type Paging struct {
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"20"`
	After string `query:"after" maxLength:"1200" doc:"The next of the page before."`
}

func (p Paging) request() store.PageRequest { return store.PageRequest{Limit: p.Limit, After: p.After} }

// Paged is a part of a list.
type Paged[T any] struct {
	Body struct {
		Items []T    `json:"items"`
		Next  string `json:"next,omitempty" doc:"Ask for it with ?after=; absent at the end."`
	}
}

func pageOf[T, V any](p store.Page[T], view func(T) V) *Paged[V] {
	out := &Paged[V]{}
	out.Body.Items, out.Body.Next = viewsOf(p.Items, view), p.Next
	return out
}

// created is 201 for what is new and 200 for what was sent before.
func created(again bool) int {
	if again {
		return http.StatusOK
	}
	return http.StatusCreated
}

// idOr is the id the client chose, or a fresh one.
func (s *Server) idOr(chosen kita.ID) kita.ID {
	if chosen == "" {
		return s.NewID()
	}
	return kita.ID(kita.NormalLogin(string(chosen)))
}
