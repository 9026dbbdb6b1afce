package handlers

import (
	"context"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var houseTexts = texts{
	"kita.time_zone":           {"Diese Zeitzone gibt es nicht.", "There is no such time zone."},
	"kita.federal_state":       {"Bitte ein Bundesland angeben (wie BE oder NW).", "Please give a federal state (such as BE or NW)."},
	"kita.regime":              {"Erlaubt ist dsgvo, kdg oder dsg-ekd.", "Must be dsgvo, kdg or dsg-ekd."},
	"kita.closes_before_opens": {"Die Kita schließt, bevor sie öffnet.", "The kita closes before it opens."},
	"provider.unknown":         {"Diesen Träger gibt es nicht.", "There is no such provider."},
	"closing_day.taken":        {"Für diesen Tag ist schon eine Schließung eingetragen.", "There is a closing day on this day already."},
	"calendar.range":           {"Bitte höchstens 400 Tage auf einmal, der Anfang vor dem Ende.", "Please ask for at most 400 days, the start before the end."},
}

// KitaView is a kita as those see it who have to do with it.
type KitaView struct {
	ID                  kita.ID       `json:"id"`
	ProviderID          kita.ID       `json:"provider_id"`
	Name                string        `json:"name"`
	TimeZone            string        `json:"time_zone"`
	FederalState        kita.State    `json:"federal_state"`
	Opens               kita.Clock    `json:"opens"`
	Closes              kita.Clock    `json:"closes"`
	AbsenceCutOff       kita.Clock    `json:"absence_cut_off" doc:"Until then guardians can report an absence for the same day."`
	Regime              string        `json:"regime"`
	Language            string        `json:"language"`
	Phone               string        `json:"phone"`
	TitleOnly           bool          `json:"title_only" doc:"Pushes carry a notice's title, not its text."`
	EducatorsSeeAll     bool          `json:"educators_see_all" doc:"Educators see the whole kita, not their groups only."`
	EscalateUrgentAfter int           `json:"escalate_urgent_after" doc:"Minutes after which an urgent notice that was not shown goes other ways."`
	EscalateMorning     kita.Clock    `json:"escalate_morning" doc:"When, on the next morning, all other notices that were not shown go other ways."`
	CreatedAt           kita.Instant  `json:"created_at"`
	ArchivedAt          *kita.Instant `json:"archived_at,omitempty"`
}

func kitaView(k kita.Kita) KitaView {
	return KitaView{k.ID, k.ProviderID, k.Name, k.TimeZone, k.State, k.Opens, k.Closes, k.AbsenceCutOff, k.Regime, k.Language, k.Phone,
		k.TitleOnly, k.EducatorsSeeAll, k.EscalateUrgentAfter, k.EscalateMorning, k.CreatedAt, k.ArchivedAt}
}

// KitaSettings are what a leader can set; what is left out stays as it is, or takes the usual value in a new kita.
type KitaSettings struct {
	TimeZone            *string     `json:"time_zone,omitempty" maxLength:"60" doc:"An IANA zone; Europe/Berlin when left out."`
	Opens               *kita.Clock `json:"opens,omitempty" maxLength:"5"`
	Closes              *kita.Clock `json:"closes,omitempty" maxLength:"5"`
	AbsenceCutOff       *kita.Clock `json:"absence_cut_off,omitempty" maxLength:"5"`
	Regime              *string     `json:"regime,omitempty" maxLength:"20"`
	Language            *string     `json:"language,omitempty" maxLength:"5"`
	Phone               *string     `json:"phone,omitempty" maxLength:"60"`
	TitleOnly           *bool       `json:"title_only,omitempty"`
	EducatorsSeeAll     *bool       `json:"educators_see_all,omitempty"`
	EscalateUrgentAfter *int        `json:"escalate_urgent_after,omitempty"`
	EscalateMorning     *kita.Clock `json:"escalate_morning,omitempty" maxLength:"5"`
}

// set copies what was sent.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (in KitaSettings) apply(k *kita.Kita) {
	set(&k.TimeZone, in.TimeZone)
	set(&k.Opens, in.Opens)
	set(&k.Closes, in.Closes)
	set(&k.AbsenceCutOff, in.AbsenceCutOff)
	set(&k.Regime, in.Regime)
	set(&k.Language, in.Language)
	set(&k.Phone, in.Phone)
	set(&k.TitleOnly, in.TitleOnly)
	set(&k.EducatorsSeeAll, in.EducatorsSeeAll)
	set(&k.EscalateUrgentAfter, in.EscalateUrgentAfter)
	set(&k.EscalateMorning, in.EscalateMorning)
}

// CreateKita opens a kita.
type CreateKita struct {
	Body struct {
		ID           kita.ID    `json:"id,omitempty" format:"uuid"`
		ProviderID   kita.ID    `json:"provider_id" format:"uuid"`
		Name         string     `json:"name" maxLength:"200"`
		FederalState kita.State `json:"federal_state" maxLength:"2"`
		KitaSettings
	}
}

// KitaOutput is one kita.
type KitaOutput struct {
	Status int
	Body   KitaView
}

// Kitas lists what the viewer has to do with.
func (s *Server) Kitas(ctx context.Context, in *struct {
	Archived bool `query:"archived" doc:"Archived ones too, for the operator and the provider."`
}) (*List[KitaView], error) {
	rows, err := s.store.Kitas(ctx, viewerFrom(ctx), in.Archived)
	return listOf(rows, kitaView), err
}

// Kita is one of them.
func (s *Server) Kita(ctx context.Context, in *ByID) (*KitaOutput, error) {
	k, err := s.store.Kita(ctx, viewerFrom(ctx), in.ID)
	return &KitaOutput{200, kitaView(k)}, err
}

// CreateKita opens a kita of a provider.
func (s *Server) CreateKita(ctx context.Context, in *CreateKita) (*KitaOutput, error) {
	k := kita.Kita{ID: s.idOr(in.Body.ID), ProviderID: in.Body.ProviderID, Name: kita.Name(in.Body.Name), State: in.Body.FederalState}
	in.Body.apply(&k)
	k, again, err := s.store.CreateKita(ctx, viewerFrom(ctx), k)
	return &KitaOutput{created(again), kitaView(k)}, err
}

// ChangeKita changes what was sent.
func (s *Server) ChangeKita(ctx context.Context, in *struct {
	ByID
	Body struct {
		Name         *string     `json:"name,omitempty" maxLength:"200"`
		FederalState *kita.State `json:"federal_state,omitempty" maxLength:"2"`
		KitaSettings
	}
}) (*KitaOutput, error) {
	k, err := s.store.ChangeKita(ctx, viewerFrom(ctx), in.ID, func(k *kita.Kita) error {
		set(&k.Name, in.Body.Name)
		set(&k.State, in.Body.FederalState)
		in.Body.apply(k)
		return nil
	})
	return &KitaOutput{200, kitaView(k)}, err
}

// Archive is a request to put something away, or to take it out again.
type Archive struct {
	ByID
	Body struct {
		Archived bool `json:"archived"`
	}
}

// ArchiveKita closes a kita or opens it again.
func (s *Server) ArchiveKita(ctx context.Context, in *Archive) (*KitaOutput, error) {
	k, err := s.store.ArchiveKita(ctx, viewerFrom(ctx), in.ID, in.Body.Archived)
	return &KitaOutput{200, kitaView(k)}, err
}

// CountsOutput is how many, never who.
type CountsOutput struct {
	Body struct {
		Groups    int `json:"groups"`
		Children  int `json:"children"`
		Guardians int `json:"guardians"`
		Reachable int `json:"reachable" doc:"Guardians with a device that takes pushes."`
		Staff     int `json:"staff"`
		Absent    int `json:"absent" doc:"Children absent today."`
		Refused   int `json:"refused" doc:"Devices whose push service refuses this server; the operator's doctor says why."`
	}
}

// KitaCounts are for the provider and the leaders.
func (s *Server) KitaCounts(ctx context.Context, in *ByID) (*CountsOutput, error) {
	c, err := s.store.Counts(ctx, viewerFrom(ctx), in.ID)
	out := &CountsOutput{}
	out.Body.Groups, out.Body.Children, out.Body.Guardians = c.Groups, c.Children, c.Guardians
	out.Body.Reachable, out.Body.Staff, out.Body.Absent, out.Body.Refused = c.Reachable, c.Staff, c.Absent, c.Refused
	return out, err
}

// ProviderView is a provider.
type ProviderView struct {
	ID         kita.ID       `json:"id"`
	Name       string        `json:"name"`
	CreatedAt  kita.Instant  `json:"created_at"`
	ArchivedAt *kita.Instant `json:"archived_at,omitempty"`
}

func providerView(p kita.Provider) ProviderView {
	return ProviderView{p.ID, p.Name, p.CreatedAt, p.ArchivedAt}
}

// ProviderOutput is one provider.
type ProviderOutput struct {
	Status int
	Body   ProviderView
}

// Providers lists all for the operator, and the viewer's own.
func (s *Server) Providers(ctx context.Context, _ *struct{}) (*List[ProviderView], error) {
	rows, err := s.store.Providers(ctx, viewerFrom(ctx))
	return listOf(rows, providerView), err
}

// CreateProvider adds a provider.
func (s *Server) CreateProvider(ctx context.Context, in *struct {
	Body struct {
		ID   kita.ID `json:"id,omitempty" format:"uuid"`
		Name string  `json:"name" maxLength:"200"`
	}
}) (*ProviderOutput, error) {
	p, again, err := s.store.CreateProvider(ctx, viewerFrom(ctx), kita.Provider{ID: s.idOr(in.Body.ID), Name: kita.Name(in.Body.Name)})
	return &ProviderOutput{created(again), providerView(p)}, err
}

// ChangeProvider renames or archives.
func (s *Server) ChangeProvider(ctx context.Context, in *struct {
	ByID
	Body struct {
		Name     *string `json:"name,omitempty" maxLength:"200"`
		Archived *bool   `json:"archived,omitempty"`
	}
}) (*ProviderOutput, error) {
	p, err := s.store.ChangeProvider(ctx, viewerFrom(ctx), in.ID, func(p *kita.Provider) {
		set(&p.Name, in.Body.Name)
		if a := in.Body.Archived; a != nil {
			p.ArchivedAt = s.archivedAt(*a)
		}
	})
	return &ProviderOutput{200, providerView(p)}, err
}

func (s *Server) archivedAt(archived bool) *kita.Instant {
	if !archived {
		return nil
	}
	now := kita.At(s.Clock())
	return &now
}

// AuditView is a line of the log.
type AuditView struct {
	ID        kita.ID      `json:"id"`
	At        kita.Instant `json:"at"`
	AccountID kita.ID      `json:"account_id"`
	Actor     string       `json:"actor"`
	Action    string       `json:"action"`
	SubjectID kita.ID      `json:"subject_id"`
	RequestID string       `json:"request_id"`
}

// Audit is who did or saw what in a kita, for its leaders.
func (s *Server) Audit(ctx context.Context, in *struct {
	Paging
	KitaID kita.ID `query:"kita_id" required:"true" format:"uuid"`
}) (*Paged[AuditView], error) {
	p, err := s.store.Audit(ctx, viewerFrom(ctx), in.KitaID, in.request())
	return pageOf(p, func(a store.AuditLine) AuditView {
		return AuditView{a.ID, a.At, a.AccountID, a.Actor, a.Action, a.SubjectID, a.RequestID}
	}), err
}
