package handlers

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"morgenkreis/handlers/letter"
	"morgenkreis/kita"
	"morgenkreis/store"
)

var letterTexts = texts{
	"letter.unprintable": {"Der Brief an {name} lässt sich nicht drucken: Das Zeichen {character} fehlt in der Schrift. Bitte diese Person ohne Brief einladen.", "The letter to {name} cannot be printed: the typeface lacks {character}. Please invite this person without a letter."},
	"letter.code":        {"Dieser Code lässt sich nicht drucken.", "This code cannot be printed."},
	"letter.url":         {"Die Adresse des Servers ist zu lang für den Brief.", "The server's address is too long for the letter."},
	"letter.valid_until": {"Der Code wäre schon abgelaufen, bevor der Brief gedruckt ist.", "The code would have ended before the letter is printed."},
}

func newCode() string {
	var random [kita.CodeBytes]byte
	rand.Read(random[:])
	return kita.NewCode(random)
}

// inviteLink opens the page that uses a code. The code stands in the fragment, which no browser sends and no log sees.
func (s *Server) inviteLink(code string) string { return s.BaseURL.JoinPath("i").String() + "#" + code }

// Invite says whom to invite.
type Invite struct {
	Body struct {
		KitaID      kita.ID   `json:"kita_id,omitempty" format:"uuid"`
		GuardianIDs []kita.ID `json:"guardian_ids,omitempty" format:"uuid" maxItems:"500" uniqueItems:"true"`
		StaffIDs    []kita.ID `json:"staff_ids,omitempty" format:"uuid" maxItems:"500" uniqueItems:"true"`
		GroupID     kita.ID   `json:"group_id,omitempty" format:"uuid" doc:"All guardians of the group's children who have no account yet."`
		ProviderID  kita.ID   `json:"provider_id,omitempty" format:"uuid" doc:"Somebody who will speak for the provider."`
	}
}

func (in *Invite) invitees() kita.Invitees {
	b := in.Body
	return kita.Invitees{KitaID: b.KitaID, GuardianIDs: b.GuardianIDs, StaffIDs: b.StaffIDs, GroupID: b.GroupID, ProviderID: b.ProviderID}
}

// InvitedView is a fresh invitation; its code is shown this once.
type InvitedView struct {
	ID         kita.ID      `json:"id"`
	GuardianID *kita.ID     `json:"guardian_id,omitempty"`
	StaffID    *kita.ID     `json:"staff_id,omitempty"`
	ProviderID *kita.ID     `json:"provider_id,omitempty"`
	Name       string       `json:"name"`
	Renews     bool         `json:"renews" doc:"The person has an account; the code renews its password."`
	Code       string       `json:"code"`
	URL        string       `json:"url" doc:"Opens the page that uses the code; for a link or a QR code."`
	ExpiresAt  kita.Instant `json:"expires_at"`
}

// InvitedOutput is all that were invited.
type InvitedOutput struct {
	Status int
	Body   struct {
		Items []InvitedView `json:"items"`
	}
}

// Invite gives everybody named a one-time code.
func (s *Server) Invite(ctx context.Context, in *Invite) (*InvitedOutput, error) {
	rows, err := s.store.Invite(ctx, viewerFrom(ctx), in.invitees(), newCode)
	if err != nil {
		return nil, err
	}
	out := &InvitedOutput{Status: http.StatusCreated}
	out.Body.Items = viewsOf(rows, func(i store.Invited) InvitedView {
		return InvitedView{i.ID, i.GuardianID, i.StaffID, i.ProviderID, i.Name, i.Renews, i.Code, s.inviteLink(i.Code), i.ExpiresAt}
	})
	return out, nil
}

// LettersOutput is a PDF, a page each.
type LettersOutput struct {
	ContentType string `header:"Content-Type"`
	Disposition string `header:"Content-Disposition"`
	Body        []byte
}

// InviteByLetter is Invite, printed: what can not be printed is found before a code is given out, so that no code is lost.
func (s *Server) InviteByLetter(ctx context.Context, in *Invite) (*LettersOutput, error) {
	v, who := viewerFrom(ctx), in.invitees()
	people, err := s.store.Invitees(ctx, v, who)
	if err != nil {
		return nil, err
	}
	head, err := s.letterhead(ctx, v, who)
	if err != nil {
		return nil, err
	}
	drafts := make([]store.Invited, len(people))
	for i, p := range people {
		drafts[i] = store.Invited{Invitee: p, Code: kita.NewCode([kita.CodeBytes]byte{}), ExpiresAt: kita.At(s.Clock().Add(kita.InvitationLife))}
	}
	if err := s.print(io.Discard, head, drafts); err != nil {
		return nil, err
	}
	invited, err := s.store.Invite(ctx, v, who, newCode)
	if err != nil {
		return nil, err
	}
	var pdf bytes.Buffer
	if err := s.print(&pdf, head, invited); err != nil {
		return nil, err
	}
	return &LettersOutput{"application/pdf", `attachment; filename="einladungen.pdf"`, pdf.Bytes()}, nil
}

// letterhead is the kita whose letters they are; for a provider's, one in its name.
func (s *Server) letterhead(ctx context.Context, v kita.Viewer, who kita.Invitees) (kita.Kita, error) {
	if who.KitaID != "" {
		return s.store.Kita(ctx, v, who.KitaID)
	}
	providers, err := s.store.Providers(ctx, v)
	for _, p := range providers {
		if p.ID == who.ProviderID {
			return kita.Kita{Name: p.Name}.WithDefaults(), nil
		}
	}
	return kita.Kita{}, errors.Join(kita.ErrNotFound, err)
}

func (s *Server) print(w io.Writer, head kita.Kita, invited []store.Invited) error {
	letters := make([]letter.Letter, len(invited))
	for i, p := range invited {
		letters[i] = letter.Letter{Kita: head.Name, Contact: head.Phone, To: p.Name, Address: p.Address, Language: p.Language,
			Day: head.Today(s.Clock()), URL: s.inviteLink(p.Code), Code: p.Code, ValidUntil: kita.DayOf(p.ExpiresAt.Time, head.Zone()).Add(-1)}
	}
	err := letter.Write(w, letters)
	var faults kita.Errors
	if !errors.As(err, &faults) {
		return err
	}
	for _, f := range faults {
		i := 0 // a single letter's fields stand alone
		_, _ = fmt.Sscanf(f.Field, "letters[%d].", &i)
		f.Args = append(f.Args, "name", invited[i].Name)
	}
	return faults
}

// InvitationView is an invitation without its code, which nobody knows but who holds it.
type InvitationView struct {
	ID         kita.ID       `json:"id"`
	KitaID     *kita.ID      `json:"kita_id,omitempty"`
	GuardianID *kita.ID      `json:"guardian_id,omitempty"`
	StaffID    *kita.ID      `json:"staff_id,omitempty"`
	ProviderID *kita.ID      `json:"provider_id,omitempty"`
	Name       string        `json:"name"`
	CreatedAt  kita.Instant  `json:"created_at"`
	ExpiresAt  kita.Instant  `json:"expires_at"`
	UsedAt     *kita.Instant `json:"used_at,omitempty"`
	RevokedAt  *kita.Instant `json:"revoked_at,omitempty" doc:"Taken back, or replaced by a fresh one."`
}

// Invitations lists those of a kita, or of a provider, the latest first.
func (s *Server) Invitations(ctx context.Context, in *struct {
	Paging
	KitaID     kita.ID `query:"kita_id" format:"uuid"`
	ProviderID kita.ID `query:"provider_id" format:"uuid"`
}) (*Paged[InvitationView], error) {
	if (in.KitaID == "") == (in.ProviderID == "") {
		return nil, kita.Invalid("kita_id", "text.required")
	}
	p, err := s.store.Invitations(ctx, viewerFrom(ctx), in.KitaID, in.ProviderID, in.request())
	return pageOf(p, func(i kita.Invitation) InvitationView {
		return InvitationView{i.ID, i.KitaID, i.GuardianID, i.StaffID, i.ProviderID, i.Name, i.CreatedAt, i.ExpiresAt, i.UsedAt, i.RevokedAt}
	}), err
}

// RevokeInvitation takes an invitation back that was not used.
func (s *Server) RevokeInvitation(ctx context.Context, in *ByID) (*Nothing, error) {
	return nil, s.store.RevokeInvitation(ctx, viewerFrom(ctx), in.ID)
}

// codeAddress bounds guessing codes from one address. A parents' evening behind one address mistypes often; a code has a
// hundred bits all the same.
var codeAddress = store.Attempts{Free: 60, Window: 15 * time.Minute}

// offer is what a code holds, for anybody; what holds nothing counts as a guess.
func (s *Server) offer(ctx context.Context, code string) (o store.Offer, err error) {
	if viewerFrom(ctx).Program() {
		return o, kita.ErrNotFound
	}
	err = s.bounded(ctx, []store.Attempts{at("code||"+clientFrom(ctx).address, codeAddress)}, func() error {
		o, err = s.store.SystemOffer(ctx, code)
		return err
	})
	return o, err
}

// OfferOutput is what a code is good for, for who holds it.
type OfferOutput struct {
	Body struct {
		For           string    `json:"for" enum:"membership,password" doc:"Whether the code makes its holder something, or renews a password."`
		Role          kita.Role `json:"role,omitempty" enum:"guardian,educator,leader,provider,operator"`
		Name          string    `json:"name" doc:"Who was invited; empty for the operator."`
		KitaName      string    `json:"kita_name"`
		Login         string    `json:"login" doc:"The account's, or the address on record as a suggestion."`
		Language      string    `json:"language"`
		NeedsPassword bool      `json:"needs_password" doc:"False where the signed-in account can be used."`
	}
}

// LookUpInvitation tells who holds a code what it is good for.
func (s *Server) LookUpInvitation(ctx context.Context, in *struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"200"`
	}
}) (*OfferOutput, error) {
	o, err := s.offer(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	out := &OfferOutput{}
	b := &out.Body
	b.For, b.Role, b.Name, b.KitaName, b.Login, b.Language = "membership", o.Role, o.Name, o.KitaName, o.Login, o.Language
	if o.OwnerID != nil {
		b.For, b.Role = "password", ""
	}
	b.NeedsPassword = o.OwnerID != nil || !viewerFrom(ctx).Known()
	return out, nil
}

// Accept uses a code.
type Accept struct {
	Body struct {
		Code     string `json:"code" minLength:"1" maxLength:"200"`
		Login    string `json:"login,omitempty" maxLength:"254" doc:"Of a new account, or of the one there is. Left out to use the signed-in account, and to renew a password."`
		Password string `json:"password,omitempty" maxLength:"1000"`
		Name     string `json:"name,omitempty" maxLength:"200" doc:"Of a new account; the name on record when left out."`
		Language string `json:"language,omitempty" maxLength:"5" doc:"Of a new account; the language on record when left out."`
	}
}

// AcceptInvitation uses a code up: with a new account, with one that exists and its password, with the signed-in one, or
// to renew a password. 201 opens a session; 200 goes on with the one there is.
func (s *Server) AcceptInvitation(ctx context.Context, in *Accept) (*MeOutput, error) {
	o, err := s.offer(ctx, in.Body.Code)
	if err != nil {
		return nil, err
	}
	v := viewerFrom(ctx)
	a := store.Acceptance{Code: in.Body.Code, Token: newSecret(), UserAgent: userAgent(ctx)}
	switch {
	case o.OwnerID != nil:
		err = s.withPassword(ctx, &a, in.Body.Password, o.Login)
	case in.Body.Login != "" || !v.Known():
		err = s.withLogin(ctx, &a, in, o)
	}
	if err != nil {
		return nil, err
	}
	who, err := s.store.AcceptInvitation(ctx, v, a)
	if err != nil {
		return nil, err
	}
	if who.SessionID() == v.SessionID() {
		return s.me(ctx, who)
	}
	return s.opened(ctx, who, a.Token)
}

func (s *Server) withPassword(ctx context.Context, a *store.Acceptance, password, login string) (err error) {
	if password == "" {
		return kita.Invalid("password", "invitation.password_only")
	}
	if err := kita.CheckPassword("password", password, login); err != nil {
		return err
	}
	a.PasswordHash, err = s.pass.hash(ctx, password)
	return err
}

// withLogin takes the account that the login and its password open, or makes one where there is none yet.
func (s *Server) withLogin(ctx context.Context, a *store.Acceptance, in *Accept, o store.Offer) error {
	login := kita.NormalLogin(in.Body.Login)
	if err := kita.CheckLogin(login); err != nil {
		return err
	}
	_, err := s.accountOf(ctx, login)
	if errors.Is(err, kita.ErrNotFound) {
		a.New = &kita.Account{ID: s.NewID(), Login: login, Sound: kita.SoundAll, Name: firstOf(kita.Name(in.Body.Name), o.Name, login),
			Language: firstOf(in.Body.Language, o.Language)}
		if o.ProviderID != nil {
			a.New.Name = firstOf(kita.Name(in.Body.Name), login) // the invitation names the provider, not the person
		}
		if err := a.New.Check(); err != nil {
			return err
		}
		return s.withPassword(ctx, a, in.Body.Password, login)
	}
	if err != nil {
		return err
	}
	account, err := s.authenticate(ctx, login, in.Body.Password)
	if errors.Is(err, errGuess) {
		return kita.Conflict("login", "account.login_taken")
	}
	a.Account = account.ID
	return err
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if strings.TrimSpace(t) != "" {
			return t
		}
	}
	return ""
}
