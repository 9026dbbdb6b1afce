package handlers

import (
	"context"
	"errors"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var noticeTexts = texts{
	"audience.kind":             {"Erlaubt ist kita, groups, children oder staff.", "Must be kita, groups, children or staff."},
	"audience.no_targets":       {"Für die ganze Kita und für das Team werden keine Gruppen oder Kinder genannt.", "The whole kita and the team take no groups or children."},
	"audience.targets_required": {"Bitte mindestens eine Gruppe oder ein Kind wählen.", "Please choose at least one group or child."},
	"audience.target_unknown":   {"Diese Gruppe oder dieses Kind gibt es für Sie nicht: {id}.", "There is no such group or child for you: {id}."},
	"audience.own_groups":       {"An die ganze Kita schreibt die Leitung; Sie können an Ihre Gruppen schreiben.", "Leaders write to the whole kita; you can write to your groups."},
	"audience.whole_kita":       {"Der Träger schreibt an ganze Kitas oder ihre Teams.", "A provider writes to whole kitas or their teams."},
	"notice.kind":               {"Erlaubt ist news, daily, event, closure, illness oder urgent.", "Must be news, daily, event, closure, illness or urgent."},
	"notice.publish_at":         {"Höchstens ein Jahr im Voraus.", "At most a year ahead."},
	"notice.ends_on":            {"Das Ende liegt vor dem Anfang.", "The end lies before the start."},
	"notice.ends_before_starts": {"Das Ende liegt vor dem Anfang.", "The end lies before the start."},
	"notice.withdrawn":          {"Diese Nachricht wurde zurückgezogen.", "This notice was withdrawn."},
	"notice.published":          {"Diese Nachricht ist schon verschickt; wann sie hinausgeht, lässt sich nicht mehr ändern.", "This notice is out already; when it goes out can no longer be changed."},
	"notice.not_published":      {"Diese Nachricht ist nicht veröffentlicht.", "This notice is not published."},
	"notice.no_confirmation":    {"Für diese Nachricht war keine Bestätigung gewünscht.", "No confirmation was asked for with this notice."},
	"notice.reminded_already":   {"Gerade erst erinnert; bitte {minutes} Minuten warten.", "Reminded just now; please wait {minutes} minutes."},
	"notice.previewed":          {"Nur eine Vorschau.", "A preview only."},
}

// AudienceBody says whom a notice is for.
type AudienceBody struct {
	Kind    kita.AudienceKind `json:"kind" maxLength:"20" doc:"kita, groups, children or staff."`
	Targets []kita.ID         `json:"targets,omitempty" maxItems:"200" nullable:"false" doc:"The groups or children."`
}

// NoticeView is a notice. mine is there for its recipients, ledger for those who answer for it.
type NoticeView struct {
	ID            kita.ID          `json:"id"`
	KitaID        kita.ID          `json:"kita_id"`
	Kind          kita.NoticeKind  `json:"kind"`
	Title         string           `json:"title"`
	Body          kita.Markdown    `json:"body" doc:"Markdown as it was written."`
	BodyHTML      string           `json:"body_html" doc:"The body as safe HTML."`
	Language      string           `json:"language"`
	Audience      *AudienceBody    `json:"audience,omitempty" doc:"For staff."`
	ConfirmWanted bool             `json:"confirm_wanted"`
	State         kita.NoticeState `json:"state"`
	AuthorName    string           `json:"author_name"`
	StartsAt      *kita.Instant    `json:"starts_at,omitempty"`
	EndsAt        *kita.Instant    `json:"ends_at,omitempty"`
	Place         string           `json:"place,omitempty"`
	PublishAt     kita.Instant     `json:"publish_at"`
	EndsOn        kita.Day         `json:"ends_on,omitempty"`
	Version       int              `json:"version"`
	PublishedAt   *kita.Instant    `json:"published_at,omitempty"`
	CorrectedAt   *kita.Instant    `json:"corrected_at,omitempty"`
	WithdrawnAt   *kita.Instant    `json:"withdrawn_at,omitempty"`
	FileIDs       []kita.ID        `json:"file_ids"`
	Files         []FileView       `json:"files" doc:"The same, described."`
	Mine          *MineView        `json:"mine,omitempty"`
	Ledger        *LedgerView      `json:"ledger,omitempty"`
}

// MineView is what the notice is to the viewer as a recipient.
type MineView struct {
	OpenedAt    *kita.Instant `json:"opened_at,omitempty"`
	ConfirmedAt *kita.Instant `json:"confirmed_at,omitempty"`
	ChildIDs    []kita.ID     `json:"child_ids" doc:"The viewer's children it is about."`
}

// LedgerView counts recipients; the states always sum to recipients.
type LedgerView struct {
	Recipients int `json:"recipients"`
	Confirmed  int `json:"confirmed"`
	Opened     int `json:"opened"`
	Shown      int `json:"shown"`
	Accepted   int `json:"accepted" doc:"A push service took it; no device has shown it yet."`
	Waiting    int `json:"waiting"`
	Emailed    int `json:"emailed"`
	CallList   int `json:"call_list" doc:"To be rung up."`
}

func noticeView(n kita.Notice, files []store.File) NoticeView {
	return NoticeView{ID: n.ID, KitaID: n.KitaID, Kind: n.Kind, Title: n.Title, Body: n.Body, BodyHTML: n.Body.HTML(), Language: n.Language,
		ConfirmWanted: n.ConfirmWanted, State: n.State, AuthorName: n.AuthorName, StartsAt: n.StartsAt, EndsAt: n.EndsAt, Place: n.Place,
		PublishAt: n.PublishAt, EndsOn: n.EndsOn, Version: n.Version, PublishedAt: n.PublishedAt, CorrectedAt: n.CorrectedAt,
		WithdrawnAt: n.WithdrawnAt, FileIDs: some(n.FileIDs), Files: viewsOf(files, fileView)}
}

// some is ids as a list that is never null.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func postedView(p store.Posted) NoticeView {
	n := noticeView(p.Notice, p.Files)
	n.Audience = &AudienceBody{p.AudienceKind, p.Targets}
	if p.Ledger != nil {
		l := ledgerView(*p.Ledger)
		n.Ledger = &l
	}
	return n
}

func ledgerView(l kita.Ledger) LedgerView {
	return LedgerView{l.Recipients, l.By[kita.StateConfirmed], l.By[kita.StateOpened], l.By[kita.StateShown],
		l.By[kita.StateAccepted], l.By[kita.StateWaiting], l.By[kita.StateEmailed], l.By[kita.StateCallList]}
}

func receivedView(r store.Received) NoticeView {
	n := noticeView(r.Notice, r.Files)
	n.Mine = &MineView{r.OpenedAt, r.ConfirmedAt, some(r.Children)}
	return n
}

// NoticeBody is a notice as its author writes it.
type NoticeBody struct {
	KitaID        kita.ID         `json:"kita_id" format:"uuid"`
	Kind          kita.NoticeKind `json:"kind" maxLength:"20"`
	Title         string          `json:"title" maxLength:"500"`
	Body          kita.Markdown   `json:"body,omitempty" maxLength:"40000"`
	Language      string          `json:"language,omitempty" maxLength:"5" doc:"The language it is written in; the kita's own when left out."`
	Audience      AudienceBody    `json:"audience"`
	ConfirmWanted bool            `json:"confirm_wanted,omitempty"`
	StartsAt      *kita.Instant   `json:"starts_at,omitempty"`
	EndsAt        *kita.Instant   `json:"ends_at,omitempty"`
	Place         string          `json:"place,omitempty" maxLength:"500"`
	PublishAt     *kita.Instant   `json:"publish_at,omitempty" doc:"When it goes out; at once when left out or past."`
	EndsOn        string          `json:"ends_on,omitempty" maxLength:"10" doc:"The last day on which it is current."`
	FileIDs       []kita.ID       `json:"file_ids,omitempty" maxItems:"10" nullable:"false" doc:"Attachments, uploaded before (POST /files)."`
}

func (b NoticeBody) notice(id kita.ID) (kita.Notice, error) {
	n := kita.Notice{ID: id, KitaID: b.KitaID, Kind: b.Kind, Title: kita.Name(b.Title), Body: b.Body, Language: b.Language, AudienceKind: b.Audience.Kind,
		Targets: b.Audience.Targets, ConfirmWanted: b.ConfirmWanted, StartsAt: b.StartsAt, EndsAt: b.EndsAt, Place: b.Place, FileIDs: b.FileIDs}
	if b.PublishAt != nil {
		n.PublishAt = *b.PublishAt
	}
	var err error
	if b.EndsOn != "" {
		n.EndsOn, err = kita.ParseDay("ends_on", b.EndsOn)
	}
	return n, err
}

// NoticeOutput is one notice.
type NoticeOutput struct {
	Status int
	Body   NoticeView
}

// CreateNotice publishes a notice, or puts it down for later. From the 201 on it can not be lost.
func (s *Server) CreateNotice(ctx context.Context, in *struct {
	Body struct {
		ID kita.ID `json:"id,omitempty" format:"uuid"`
		NoticeBody
	}
}) (*NoticeOutput, error) {
	n, err := in.Body.notice(s.idOr(in.Body.ID))
	if err != nil {
		return nil, err
	}
	v := viewerFrom(ctx)
	n, again, err := s.store.CreateNotice(ctx, v, n)
	if err != nil {
		return nil, err
	}
	p, err := s.store.NoticePosted(ctx, v, n.ID)
	return &NoticeOutput{created(again), postedView(p)}, err
}

// PreviewOutput is who would get a notice.
type PreviewOutput struct {
	Body struct {
		Recipients int          `json:"recipients"`
		Families   int          `json:"families"`
		Children   int          `json:"children"`
		NoDevice   []PersonView `json:"no_device" doc:"Nobody's push reaches them: an e-mail, the call list, or paper will."`
		Banned     []BannedView `json:"banned" doc:"Left out by a contact ban, and why; for leaders only."`
	}
}

// PersonView is somebody whom no push reaches.
type PersonView struct {
	ID         kita.ID `json:"id"`
	Name       string  `json:"name"`
	HasAccount bool    `json:"has_account"`
	HasEmail   bool    `json:"has_email"`
}

// BannedView is somebody left out.
type BannedView struct {
	GuardianID kita.ID `json:"guardian_id"`
	Guardian   string  `json:"guardian"`
	ChildID    kita.ID `json:"child_id"`
	Child      string  `json:"child"`
	Reason     string  `json:"reason"`
}

// PreviewNotice answers who would get a notice, and leaves nothing behind.
func (s *Server) PreviewNotice(ctx context.Context, in *struct {
	Body struct {
		KitaID   kita.ID      `json:"kita_id" format:"uuid"`
		Audience AudienceBody `json:"audience"`
	}
}) (*PreviewOutput, error) {
	p, err := s.store.Preview(ctx, viewerFrom(ctx), kita.Notice{ID: s.NewID(), KitaID: in.Body.KitaID,
		AudienceKind: in.Body.Audience.Kind, Targets: in.Body.Audience.Targets})
	if err != nil {
		return nil, err
	}
	out := &PreviewOutput{}
	out.Body.Recipients, out.Body.Families, out.Body.Children = p.Recipients, p.Families, p.Children
	out.Body.NoDevice = viewsOf(p.NoDevice, func(x store.PreviewPerson) PersonView { return PersonView(x) })
	out.Body.Banned = viewsOf(p.Banned, func(x store.PreviewBan) BannedView { return BannedView(x) })
	return out, nil
}

// NoticesOutput is a page of notices with the number of unread ones.
type NoticesOutput struct {
	Body struct {
		Items  []NoticeView `json:"items"`
		Next   string       `json:"next,omitempty" doc:"Ask for it with ?after=; absent at the end."`
		Unread int          `json:"unread" doc:"Notices addressed to the viewer and not opened yet; counted up to 100."`
	}
}

// Notices lists what is addressed to the viewer, or, with box=posted, what the viewer may see as staff.
func (s *Server) Notices(ctx context.Context, in *struct {
	Paging
	Box    string           `query:"box" enum:"inbox,posted" default:"inbox" doc:"inbox: addressed to me. posted: what my kita's team has posted."`
	KitaID kita.ID          `query:"kita_id" format:"uuid"`
	Kind   kita.NoticeKind  `query:"kind" enum:"news,daily,event,closure,illness,urgent"`
	State  kita.NoticeState `query:"state" enum:"scheduled,published,withdrawn" doc:"With box=posted."`
	Only   store.ToDo       `query:"only" enum:"unread,unconfirmed" doc:"With box=inbox: what I have not opened, or what wants a confirmation that I have not given."`
}) (*NoticesOutput, error) {
	v, out := viewerFrom(ctx), &NoticesOutput{}
	f := store.NoticeFilter{KitaID: in.KitaID, Kind: in.Kind, State: in.State, Only: in.Only, PageRequest: in.request()}
	var err error
	if in.Box == "posted" {
		if out.Body.Unread, err = s.store.Unread(ctx, v); err != nil {
			return nil, err
		}
		p, err := s.store.Notices(ctx, v, f)
		out.Body.Items, out.Body.Next = viewsOf(p.Items, postedView), p.Next
		return out, err
	}
	p, unread, err := s.store.Feed(ctx, v, f)
	out.Body.Unread = unread
	out.Body.Items, out.Body.Next = viewsOf(p.Items, receivedView), p.Next
	return out, err
}

// Notice is one of them: as staff see it, as its recipient sees it, or both.
func (s *Server) Notice(ctx context.Context, in *ByID) (*NoticeOutput, error) {
	v := viewerFrom(ctx)
	posted, err := s.store.NoticePosted(ctx, v, in.ID)
	if err != nil && !errors.Is(err, kita.ErrNotFound) {
		return nil, err
	}
	received, rerr := s.store.InboxNotice(ctx, v, in.ID)
	switch {
	case rerr != nil && !errors.Is(rerr, kita.ErrNotFound):
		return nil, rerr
	case err != nil && rerr != nil:
		return nil, kita.ErrNotFound
	case err != nil:
		return &NoticeOutput{200, receivedView(received)}, nil
	}
	view := postedView(posted)
	if rerr == nil {
		view.Mine = receivedView(received).Mine
	}
	return &NoticeOutput{200, view}, nil
}

// CorrectNotice changes what a notice says; guardians see that it was corrected.
func (s *Server) CorrectNotice(ctx context.Context, in *struct {
	ByID
	Body struct {
		Title     *string        `json:"title,omitempty" maxLength:"500"`
		Body      *kita.Markdown `json:"body,omitempty" maxLength:"40000"`
		Place     *string        `json:"place,omitempty" maxLength:"500"`
		StartsAt  *kita.Instant  `json:"starts_at,omitempty"`
		EndsAt    *kita.Instant  `json:"ends_at,omitempty"`
		EndsOn    *string        `json:"ends_on,omitempty" maxLength:"10"`
		PublishAt *kita.Instant  `json:"publish_at,omitempty" doc:"Another hour for a notice that is not published yet; at once when past. 409 notice.published afterwards."`
		Announce  *bool          `json:"announce,omitempty" doc:"Tell everybody again (true when left out): nobody has read the new text yet. false mends a slip of the pen."`
	}
}) (*NoticeOutput, error) {
	c := store.Correction{Body: in.Body.Body, Place: in.Body.Place, StartsAt: in.Body.StartsAt, EndsAt: in.Body.EndsAt,
		PublishAt: in.Body.PublishAt, Announce: true}
	set(&c.Announce, in.Body.Announce)
	if in.Body.Title != nil {
		title := kita.Name(*in.Body.Title)
		c.Title = &title
	}
	if d := in.Body.EndsOn; d != nil {
		day := kita.Day("")
		if *d != "" {
			var err error
			if day, err = kita.ParseDay("ends_on", *d); err != nil {
				return nil, err
			}
		}
		c.EndsOn = &day
	}
	v := viewerFrom(ctx)
	if _, err := s.store.CorrectNotice(ctx, v, in.ID, c); err != nil {
		return nil, err
	}
	p, err := s.store.NoticePosted(ctx, v, in.ID)
	return &NoticeOutput{200, postedView(p)}, err
}

// WithdrawNotice takes a notice back.
func (s *Server) WithdrawNotice(ctx context.Context, in *ByID) (*NoticeOutput, error) {
	v := viewerFrom(ctx)
	if _, err := s.store.WithdrawNotice(ctx, v, in.ID); err != nil {
		return nil, err
	}
	p, err := s.store.NoticePosted(ctx, v, in.ID)
	return &NoticeOutput{200, postedView(p)}, err
}

// VersionView is what a notice said before a correction.
type VersionView struct {
	Version    int           `json:"version"`
	Title      string        `json:"title"`
	Body       kita.Markdown `json:"body"`
	ReplacedAt kita.Instant  `json:"replaced_at"`
}

// NoticeVersions are the earlier texts, for those who answer for the notice.
func (s *Server) NoticeVersions(ctx context.Context, in *ByID) (*List[VersionView], error) {
	v := viewerFrom(ctx)
	if _, err := s.store.NoticePosted(ctx, v, in.ID); err != nil {
		return nil, err
	}
	rows, err := s.store.Versions(ctx, v, in.ID)
	return listOf(rows, func(n store.NoticeVersion) VersionView { return VersionView(n) }), err
}

// RecipientView is one line of the ledger.
type RecipientView struct {
	ID           kita.ID             `json:"id"`
	GuardianID   *kita.ID            `json:"guardian_id,omitempty"`
	StaffID      *kita.ID            `json:"staff_id,omitempty"`
	Name         string              `json:"name"`
	Phone        string              `json:"phone,omitempty"`
	ChildIDs     []kita.ID           `json:"child_ids"`
	HasAccount   bool                `json:"has_account"`
	State        kita.RecipientState `json:"state" enum:"confirmed,opened,shown,call_list,emailed,accepted,waiting"`
	Trouble      kita.Trouble        `json:"trouble,omitempty" enum:"no_device,failed" doc:"Why no push arrived."`
	AcceptedAt   *kita.Instant       `json:"accepted_at,omitempty"`
	ShownAt      *kita.Instant       `json:"shown_at,omitempty"`
	OpenedAt     *kita.Instant       `json:"opened_at,omitempty"`
	ConfirmedAt  *kita.Instant       `json:"confirmed_at,omitempty"`
	EmailedAt    *kita.Instant       `json:"emailed_at,omitempty"`
	CallListedAt *kita.Instant       `json:"call_listed_at,omitempty"`
	CalledAt     *kita.Instant       `json:"called_at,omitempty"`
	RemindedAt   *kita.Instant       `json:"reminded_at,omitempty"`
}

func recipientView(r kita.Recipient) RecipientView {
	return RecipientView{r.ID, r.GuardianID, r.StaffID, r.Name, r.Phone, some(r.Children), r.AccountID != nil, r.State, r.Trouble, r.AcceptedAt, r.ShownAt,
		r.OpenedAt, r.ConfirmedAt, r.EmailedAt, r.CallListedAt, r.CalledAt, r.RemindedAt}
}

// RecipientsOutput is a page of the ledger.
type RecipientsOutput struct {
	kitaID, noticeID kita.ID
	Body             struct {
		Items []RecipientView `json:"items"`
		Next  string          `json:"next,omitempty"`
	}
}

func (o *RecipientsOutput) about() (kita.ID, kita.ID) { return o.kitaID, o.noticeID }

// NoticeRecipients is the ledger of a notice, person by person; with state=call_list, who is to be rung up.
func (s *Server) NoticeRecipients(ctx context.Context, in *struct {
	ByID
	Paging
	State kita.RecipientState `query:"state" enum:"confirmed,opened,shown,call_list,emailed,accepted,waiting"`
}) (*RecipientsOutput, error) {
	v := viewerFrom(ctx)
	p, err := s.store.Recipients(ctx, v, in.ID, store.RecipientFilter{State: in.State, PageRequest: in.request()})
	if err != nil {
		return nil, err
	}
	n, err := s.store.NoticePosted(ctx, v, in.ID)
	out := &RecipientsOutput{kitaID: n.KitaID, noticeID: in.ID}
	out.Body.Items, out.Body.Next = viewsOf(p.Items, recipientView), p.Next
	return out, err
}

// MarkCalled notes that a recipient was rung up.
func (s *Server) MarkCalled(ctx context.Context, in *struct {
	ByID
	RecipientID kita.ID `path:"recipient_id" format:"uuid"`
	Body        struct {
		Called bool `json:"called"`
	}
}) (*Nothing, error) {
	return nil, s.store.MarkCalled(ctx, viewerFrom(ctx), in.ID, in.RecipientID, in.Body.Called)
}

// RemindedOutput is how many were reminded.
type RemindedOutput struct {
	Body struct {
		Reminded int `json:"reminded"`
	}
}

// RemindNotice pushes once more to those who have not confirmed, and only to them.
func (s *Server) RemindNotice(ctx context.Context, in *ByID) (*RemindedOutput, error) {
	n, err := s.store.Remind(ctx, viewerFrom(ctx), in.ID)
	out := &RemindedOutput{}
	out.Body.Reminded = n
	return out, err
}

// MarkOpened notes that the viewer has read a notice addressed to them.
func (s *Server) MarkOpened(ctx context.Context, in *ByID) (*NoticeOutput, error) {
	r, err := s.store.MarkOpened(ctx, viewerFrom(ctx), in.ID)
	return &NoticeOutput{200, receivedView(r)}, err
}

// MarkConfirmed confirms a notice, or takes the confirmation back.
func (s *Server) MarkConfirmed(ctx context.Context, in *struct {
	ByID
	Body struct {
		Confirmed bool `json:"confirmed"`
	}
}) (*NoticeOutput, error) {
	r, err := s.store.MarkConfirmed(ctx, viewerFrom(ctx), in.ID, in.Body.Confirmed)
	return &NoticeOutput{200, receivedView(r)}, err
}
