package handlers

import (
	"context"
	"net/http"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var absenceTexts = texts{
	"absence.too_late":             {"Für diesen Tag war bis {cut_off} Uhr Zeit. Bitte rufen Sie in der Kita an. {phone}", "Reports for this day were open until {cut_off}. Please ring the kita. {phone}"},
	"absence.past":                 {"Dieser Tag ist schon vorbei.", "This day is over already."},
	"absence.only_closed":          {"An diesen Tagen hat die Kita ohnehin geschlossen.", "The kita is closed on these days anyway."},
	"absence.overlaps":             {"Vom {from} bis {to} ist schon etwas anderes gemeldet. Bitte ändern Sie die frühere Meldung.", "Something else is reported from {from} to {to} already. Please change the earlier report."},
	"absence.to_before_from":       {"Das Ende liegt vor dem Anfang.", "The end is before the start."},
	"absence.too_long":             {"Höchstens {max} Tage am Stück.", "At most {max} days at a time."},
	"absence.too_old":              {"Höchstens {days} Tage zurück.", "At most {days} days back."},
	"absence.too_far":              {"Dieser Tag liegt zu weit voraus.", "This day is too far ahead."},
	"absence.reason":               {"Erlaubt ist sick, vacation oder other.", "Must be sick, vacation or other."},
	"absence.illness":              {"Diese Krankheit steht nicht in der Liste.", "This illness is not in the list."},
	"absence.illness_without_sick": {"Eine Krankheit gehört nur zu einer Krankmeldung.", "An illness belongs to a sick report only."},
	"absence.note_full":            {"Mit der Notiz der früheren Meldung zusammen sind das mehr als {max} Zeichen.", "Together with the earlier report's note these are more than {max} characters."},
	"absence.started":              {"Diese Abwesenheit hat schon begonnen. Bitte rufen Sie in der Kita an. {phone}", "This absence has begun already. Please ring the kita. {phone}"},
	"absence.over":                 {"Diese Abwesenheit ist schon vorbei. Bitte rufen Sie in der Kita an. {phone}", "This absence is over already. Please ring the kita. {phone}"},
	"absence.withdrawn_already":    {"Diese Meldung wurde zurückgenommen.", "This report was withdrawn."},
}

// AbsenceView is an absence as staff and the child's guardians see it.
type AbsenceView struct {
	ID           kita.ID            `json:"id"`
	KitaID       kita.ID            `json:"kita_id"`
	ChildID      kita.ID            `json:"child_id"`
	ChildName    string             `json:"child_name"`
	Group        *GroupOfDay        `json:"group,omitempty" doc:"The child's group on the first day asked about; absent when it had none."`
	From         kita.Day           `json:"from"`
	To           kita.Day           `json:"to" doc:"The last day."`
	Reason       kita.AbsenceReason `json:"reason" enum:"sick,vacation,other"`
	Illness      string             `json:"illness,omitempty" doc:"A code of GET /absences/options."`
	Note         string             `json:"note,omitempty"`
	ReporterName string             `json:"reporter_name"`
	ByGuardian   bool               `json:"by_guardian" doc:"A guardian reported it, not staff."`
	Mine         bool               `json:"mine" doc:"The caller reported it."`
	CreatedAt    kita.Instant       `json:"created_at"`
	WithdrawnAt  *kita.Instant      `json:"withdrawn_at,omitempty"`
}

// GroupOfDay is a group as it is shown beside a child.
type GroupOfDay struct {
	ID     kita.ID `json:"id"`
	Name   string  `json:"name"`
	Colour string  `json:"colour"`
	Icon   string  `json:"icon"`
}

func absenceView(v kita.Viewer) func(store.AbsenceSeen) AbsenceView {
	return func(a store.AbsenceSeen) AbsenceView {
		view := AbsenceView{ID: a.ID, KitaID: a.KitaID, ChildID: a.ChildID, ChildName: a.ChildName, From: a.From, To: a.To, Reason: a.Reason,
			Illness: a.Illness, Note: a.Note, ReporterName: a.ReporterName, ByGuardian: a.ByGuardian, Mine: a.ReportedBy == v.AccountID(),
			CreatedAt: a.CreatedAt, WithdrawnAt: a.WithdrawnAt}
		if a.GroupID != nil {
			view.Group = &GroupOfDay{*a.GroupID, *a.GroupName, *a.GroupColour, *a.GroupIcon}
		}
		return view
	}
}

// ClosedDayView is a day on which the kita is shut.
type ClosedDayView struct {
	Day    kita.Day           `json:"day"`
	Kind   kita.ClosureReason `json:"kind" enum:"holiday,closing_day,weekend"`
	Name   string             `json:"name,omitempty" doc:"The holiday's, or what the kita calls the day; absent on a weekend."`
	NameEN string             `json:"name_en,omitempty" doc:"A holiday's English name; the kita's own words are not translated."`
}

func closedDayView(c kita.Closure) ClosedDayView {
	return ClosedDayView{c.Day, c.Reason, c.Name, c.NameEN}
}

func closedOn(c *kita.Closure) *ClosedDayView {
	if c == nil {
		return nil
	}
	view := closedDayView(*c)
	return &view
}

// AbsenceOutput is one absence, with the days of it on which the kita is shut anyway.
type AbsenceOutput struct {
	Status int
	Body   struct {
		AbsenceView
		ClosedDays []ClosedDayView `json:"closed_days" doc:"Days of the absence on which the kita is closed anyway."`
		Joined     bool            `json:"joined" doc:"The report became part of an earlier one, whose id this is."`
	}
}

func (o *AbsenceOutput) about() (kita.ID, kita.ID) { return o.Body.KitaID, o.Body.ID }

func absenceOutput(ctx context.Context, status int, r store.AbsenceReport) *AbsenceOutput {
	out := &AbsenceOutput{Status: status}
	out.Body.AbsenceView = absenceView(viewerFrom(ctx))(r.AbsenceSeen)
	out.Body.ClosedDays = viewsOf(r.Closures, closedDayView)
	out.Body.Joined = r.Joined
	return out
}

// ReportAbsence is a report by staff or a guardian.
type ReportAbsence struct {
	Body struct {
		ID      kita.ID            `json:"id,omitempty" format:"uuid"`
		ChildID kita.ID            `json:"child_id" format:"uuid"`
		From    kita.Day           `json:"from" format:"date"`
		To      kita.Day           `json:"to,omitempty" format:"date" doc:"The last day; the first when left out."`
		Reason  kita.AbsenceReason `json:"reason" maxLength:"20" doc:"sick, vacation or other."`
		Illness string             `json:"illness,omitempty" maxLength:"40" doc:"A code of GET /absences/options; with sick only."`
		Note    string             `json:"note,omitempty" maxLength:"500"`
	}
}

func (in *ReportAbsence) absence(id kita.ID) (kita.Absence, error) {
	b := in.Body
	if b.To == "" {
		b.To = b.From
	}
	return kita.Absence{ID: id, ChildID: b.ChildID, From: b.From, To: b.To, Reason: b.Reason, Illness: b.Illness,
		Note: strings.TrimSpace(b.Note)}, checkDays(b.From, b.To)
}

// checkDays refuses days that are out of all range; that they exist was checked before.
func checkDays(from, to kita.Day) error {
	var c kita.Checks
	for _, d := range []struct {
		field string
		day   kita.Day
	}{{"from", from}, {"to", to}} {
		if d.day != "" {
			_, err := kita.ParseDay(d.field, string(d.day))
			c.Add(err)
		}
	}
	return c.Err()
}

// ReportAbsence keeps a report: 201, or 200 when it was sent before or joined to an earlier one.
func (s *Server) ReportAbsence(ctx context.Context, in *ReportAbsence) (*AbsenceOutput, error) {
	a, err := in.absence(s.idOr(in.Body.ID))
	if err != nil {
		return nil, err
	}
	r, err := s.store.ReportAbsence(ctx, viewerFrom(ctx), a)
	return absenceOutput(ctx, created(r.Again || r.Joined), r), err
}

// ChangeAbsence is what a report should say instead; what is left out stays.
type ChangeAbsence struct {
	ByID
	Body struct {
		From    *kita.Day           `json:"from,omitempty" format:"date"`
		To      *kita.Day           `json:"to,omitempty" format:"date"`
		Reason  *kita.AbsenceReason `json:"reason,omitempty" maxLength:"20"`
		Illness *string             `json:"illness,omitempty" maxLength:"40" doc:"Empty takes it back."`
		Note    *string             `json:"note,omitempty" maxLength:"500"`
	}
}

// ChangeAbsence corrects a report.
func (s *Server) ChangeAbsence(ctx context.Context, in *ChangeAbsence) (*AbsenceOutput, error) {
	var from, to kita.Day
	set(&from, in.Body.From)
	set(&to, in.Body.To)
	if err := checkDays(from, to); err != nil {
		return nil, err
	}
	r, err := s.store.ChangeAbsence(ctx, viewerFrom(ctx), in.ID, func(a *kita.Absence) {
		set(&a.From, in.Body.From)
		set(&a.To, in.Body.To)
		set(&a.Reason, in.Body.Reason)
		set(&a.Illness, in.Body.Illness)
		set(&a.Note, in.Body.Note)
		a.Note = strings.TrimSpace(a.Note)
	})
	return absenceOutput(ctx, http.StatusOK, r), err
}

// WithdrawAbsence takes a report back.
func (s *Server) WithdrawAbsence(ctx context.Context, in *ByID) (*Nothing, error) {
	return nil, s.store.WithdrawAbsence(ctx, viewerFrom(ctx), in.ID)
}

// Absence is one of them, withdrawn or not.
func (s *Server) Absence(ctx context.Context, in *ByID) (*AbsenceOutput, error) {
	r, err := s.store.Absence(ctx, viewerFrom(ctx), in.ID)
	return absenceOutput(ctx, http.StatusOK, r), err
}

// ListAbsences narrows the list.
type ListAbsences struct {
	Paging
	KitaID  kita.ID  `query:"kita_id" format:"uuid"`
	GroupID kita.ID  `query:"group_id" format:"uuid" doc:"By the child's group on the first day that both the absence and the range have."`
	ChildID kita.ID  `query:"child_id" format:"uuid"`
	From    kita.Day `query:"from" format:"date" doc:"Today when left out."`
	To      kita.Day `query:"to" format:"date" doc:"When left out: today, or from when that is later."`
}

// AbsencePage is a part of the list.
type AbsencePage struct {
	kitaID, subject kita.ID
	Body            struct {
		Items []AbsenceView `json:"items"`
		Next  string        `json:"next,omitempty" doc:"Ask for it with ?after=; absent at the end."`
	}
}

func (o *AbsencePage) about() (kita.ID, kita.ID) { return o.kitaID, o.subject }

// Absences lists those that stand, by their first day: for staff of their children, for guardians of their own.
func (s *Server) Absences(ctx context.Context, in *ListAbsences) (*AbsencePage, error) {
	if err := checkDays(in.From, in.To); err != nil {
		return nil, err
	}
	v := viewerFrom(ctx)
	p, err := s.store.Absences(ctx, v, store.AbsenceFilter{KitaID: in.KitaID, GroupID: in.GroupID, ChildID: in.ChildID, From: in.From, To: in.To}, in.request())
	out := &AbsencePage{kitaID: in.KitaID, subject: in.KitaID}
	out.Body.Items, out.Body.Next = viewsOf(p.Items, absenceView(v)), p.Next
	for _, narrower := range []kita.ID{in.GroupID, in.ChildID} {
		if narrower != "" {
			out.subject = narrower
		}
	}
	if out.kitaID == "" && len(p.Items) > 0 {
		out.kitaID = p.Items[0].KitaID
	}
	return out, err
}

// RollView is one group's day.
type RollView struct {
	Group    *GroupOfDay   `json:"group,omitempty"`
	Absent   []AbsenceView `json:"absent"`
	Expected int           `json:"expected" doc:"Children who should come: none on a day on which the kita is closed."`
	Of       int           `json:"of" doc:"Children of the group."`
}

// AbsencesTodayOutput is a kita's day.
type AbsencesTodayOutput struct {
	Body struct {
		Day       kita.Day       `json:"day"`
		Closed    *ClosedDayView `json:"closed,omitempty" doc:"Why the kita is closed today."`
		Groups    []RollView     `json:"groups"`
		NotPlaced RollView       `json:"not_placed" doc:"Children who are in no group today."`
	}
	kitaID kita.ID
}

func (o *AbsencesTodayOutput) about() (kita.ID, kita.ID) { return o.kitaID, o.kitaID }

// AbsencesToday is staff's list of today, per group.
func (s *Server) AbsencesToday(ctx context.Context, in *InKita) (*AbsencesTodayOutput, error) {
	v := viewerFrom(ctx)
	t, err := s.store.AbsencesToday(ctx, v, in.KitaID)
	out := &AbsencesTodayOutput{kitaID: in.KitaID}
	roll := func(r store.Roll) RollView {
		return RollView{Absent: viewsOf(r.Absent, absenceView(v)), Expected: r.Expected, Of: r.Of}
	}
	out.Body.Day, out.Body.Closed = t.Day, closedOn(t.Closure)
	out.Body.Groups = viewsOf(t.Groups, func(r store.Roll) RollView {
		view := roll(r)
		view.Group = &GroupOfDay{r.ID, r.Name, r.Colour, r.Icon}
		return view
	})
	out.Body.NotPlaced = roll(t.NotPlaced)
	return out, err
}

// InKita names a kita.
type InKita struct {
	KitaID kita.ID `query:"kita_id" required:"true" format:"uuid"`
}

// AbsenceOptionsOutput is what is told before a report.
type AbsenceOptionsOutput struct {
	Body struct {
		Today        kita.Day        `json:"today"`
		CutOff       kita.Instant    `json:"cut_off" doc:"Until then guardians can report, change and withdraw for today."`
		CutOffPassed bool            `json:"cut_off_passed" doc:"Without meaning on a day on which the kita is closed."`
		Closed       *ClosedDayView  `json:"closed,omitempty" doc:"Why the kita is closed today."`
		NextOpenDay  kita.Day        `json:"next_open_day,omitempty" doc:"The first open day that guardians can still report, change and withdraw for."`
		MaxDays      int             `json:"max_days" doc:"How long one absence can be."`
		Reasons      []string        `json:"reasons"`
		Illnesses    []IllnessOption `json:"illnesses"`
	}
}

// IllnessOption is an entry of the coded list.
type IllnessOption struct {
	Code       string `json:"code"`
	German     string `json:"de"`
	English    string `json:"en"`
	Notifiable bool   `json:"notifiable" doc:"The kita has to report it to the health office (IfSG § 34)."`
}

// AbsenceOptions tells what can be reported, and until when.
func (s *Server) AbsenceOptions(ctx context.Context, in *InKita) (*AbsenceOptionsOutput, error) {
	o, err := s.store.AbsenceOptions(ctx, viewerFrom(ctx), in.KitaID)
	out := &AbsenceOptionsOutput{}
	b := &out.Body
	b.Today, b.CutOff, b.CutOffPassed, b.Closed, b.NextOpenDay = o.Today, o.CutOff, o.Passed, closedOn(o.Closure), o.Next
	b.MaxDays = kita.MaxAbsence
	b.Reasons = viewsOf(kita.AbsenceReasons, func(r kita.AbsenceReason) string { return string(r) })
	b.Illnesses = viewsOf(kita.Illnesses, func(i kita.Illness) IllnessOption { return IllnessOption(i) })
	return out, err
}

// auditedForStaff writes the line for what staff were shown. When parents look after their own children is not kept.
func auditedForStaff[I, O any](log auditor, action string, f func(context.Context, *I) (*O, error)) func(context.Context, *I) (*O, error) {
	logged := audited(log, action, f)
	return func(ctx context.Context, in *I) (*O, error) {
		if viewerFrom(ctx).Has(leader, educator) {
			return logged(ctx, in)
		}
		return f(ctx, in)
	}
}
