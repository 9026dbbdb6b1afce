package handlers

import (
	"context"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// OverviewOutput is how a kita stands: who can be reached, and how many days children missed.
type OverviewOutput struct {
	Body struct {
		Families           int              `json:"families" doc:"As in a notice's preview: guardians who get notices and their children, tied by whom they have in common. Siblings and their parents are one."`
		FamiliesReachable  int              `json:"families_reachable" doc:"Those in which somebody has a device that takes pushes."`
		Guardians          int              `json:"guardians" doc:"Those who get notices."`
		GuardiansReachable int              `json:"guardians_reachable"`
		OutOfReach         []OutOfReachView `json:"out_of_reach" doc:"Guardians whom no push reaches, by name."`
		Untold             []NamedChildView `json:"untold" doc:"Children of whom nobody gets notices."`
		Weeks              []MissedWeekView `json:"weeks" doc:"Twelve ISO weeks, the running one last; of that, what is reported so far."`
	}
}

// OutOfReachView is a guardian whom no push reaches.
type OutOfReachView struct {
	GuardianID      kita.ID          `json:"guardian_id"`
	Name            string           `json:"name"`
	Phone           string           `json:"phone"`
	HasEmail        bool             `json:"has_email"`
	Trouble         string           `json:"trouble" enum:"never_signed_in,no_device,device_refused" doc:"device_refused: the push service of each of their devices refuses this server; the operator's doctor says why."`
	Children        []NamedChildView `json:"children" doc:"Those of whose notices they are told."`
	FamilyReachable bool             `json:"family_reachable" doc:"Somebody else of the family has a device that takes pushes."`
}

// NamedChildView is a child's name.
type NamedChildView struct {
	ID   kita.ID `json:"id"`
	Name string  `json:"name"`
}

// MissedWeekView is a week in days that children missed.
type MissedWeekView struct {
	Week     string   `json:"week" doc:"ISO 8601, as 2026-W48."`
	From     kita.Day `json:"from"`
	To       kita.Day `json:"to"`
	OpenDays int      `json:"open_days" doc:"Days on which the kita was not shut."`
	Sick     int      `json:"sick" doc:"Days that children missed, of the open ones: a child away for all of an open week counts five."`
	Vacation int      `json:"vacation"`
	Other    int      `json:"other"`
}

func namedChildView(c store.NamedChild) NamedChildView { return NamedChildView(c) }

func outOfReachView(g store.OutOfReach) OutOfReachView {
	return OutOfReachView{g.GuardianID, g.Name, g.Phone, g.HasEmail, g.Trouble, viewsOf(g.Children, namedChildView), g.FamilyReachable}
}

func missedWeekView(w kita.MissedWeek) MissedWeekView {
	return MissedWeekView{w.String(), w.Monday, w.Sunday(), w.OpenDays, w.Missed[kita.AbsenceSick], w.Missed[kita.AbsenceVacation], w.Missed[kita.AbsenceOther]}
}

// KitaOverview is for the leaders; a provider has the counts.
func (s *Server) KitaOverview(ctx context.Context, in *ByID) (*OverviewOutput, error) {
	o, err := s.store.Overview(ctx, viewerFrom(ctx), in.ID)
	out := &OverviewOutput{}
	b := &out.Body
	b.Families, b.FamiliesReachable, b.Guardians, b.GuardiansReachable = o.Families, o.FamiliesReachable, o.Guardians, o.GuardiansReachable
	b.OutOfReach, b.Untold, b.Weeks = viewsOf(o.OutOfReach, outOfReachView), viewsOf(o.Untold, namedChildView), viewsOf(o.Weeks, missedWeekView)
	return out, err
}
