package handlers

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

var accountTexts = texts{
	"signin.wrong":             {"E-Mail-Adresse oder Passwort stimmt nicht.", "The e-mail address or the password is wrong."},
	"signin.too_many":          {"Zu viele Versuche. Bitte in {minutes} Minuten noch einmal.", "Too many attempts. Please try again in {minutes} minutes."},
	"account.login":            {"Bitte eine E-Mail-Adresse angeben.", "Please give an e-mail address."},
	"account.login_taken":      {"Mit dieser Adresse gibt es schon ein Konto. Melden Sie sich damit an und lösen Sie den Code dort ein.", "There is an account with this address already. Sign in with it and use the code there."},
	"account.sound":            {"Erlaubt ist all, urgent oder none.", "Must be all, urgent or none."},
	"account.quiet_both":       {"Bitte Anfang und Ende der Ruhezeit angeben.", "Please give both the start and the end of the quiet hours."},
	"password.too_short":       {"Mindestens {min} Zeichen.", "At least {min} characters."},
	"password.too_long":        {"Höchstens {max} Zeichen.", "At most {max} characters."},
	"password.too_easy":        {"Das ist zu leicht zu erraten.", "That is too easy to guess."},
	"password.wrong":           {"Das jetzige Passwort stimmt nicht.", "The current password is wrong."},
	"token.scope":              {"Diesen Umfang gibt es nicht: {scope}.", "There is no such scope: {scope}."},
	"token.expires_at":         {"Das Ende muss in der Zukunft liegen, höchstens ein Jahr voraus.", "The end must lie in the future, at most a year ahead."},
	"invitation.code":          {"Dieser Code gilt nicht (mehr). Bitten Sie die Kita um einen neuen.", "This code is not valid (any more). Please ask the kita for a new one."},
	"invitation.account":       {"Diese Einladung gehört zu einem anderen Konto.", "This invitation belongs to another account."},
	"invitation.elsewhere":     {"Dieses Konto kann nur der Betreiber zurücksetzen, oder die Person selbst per E-Mail.", "Only the operator can reset this account, or the person themself by e-mail."},
	"invitation.whom":          {"Bitte genau eines angeben: guardian_ids, staff_ids, group_id oder provider_id.", "Please give exactly one of guardian_ids, staff_ids, group_id or provider_id."},
	"invitation.nobody":        {"Hier ist niemand mehr einzuladen.", "There is nobody left to invite here."},
	"invitation.password_only": {"Bitte ein Passwort wählen.", "Please choose a password."},
}

// passwords bounds how many hashes are worked out at once: each takes 46 MiB. It also bounds how many guesses are judged
// at once: a thousand that arrive together are not all to stand in each other's way in the database.
type passwords struct{ hashing, guessing chan struct{} }

func newPasswords() *passwords {
	return &passwords{hashing: make(chan struct{}, 4), guessing: make(chan struct{}, 4)}
}

func (p *passwords) fits(ctx context.Context, hash, password string) (bool, error) {
	leave, err := enter(ctx, p.hashing)
	if err != nil {
		return false, err
	}
	defer leave()
	return kita.PasswordFits(hash, password), nil
}

func (p *passwords) hash(ctx context.Context, password string) (string, error) {
	leave, err := enter(ctx, p.hashing)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := make([]byte, kita.PasswordSalt)
	rand.Read(salt)
	return kita.HashPassword(password, salt), nil
}

func enter(ctx context.Context, slots chan struct{}) (leave func(), err error) {
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// newSecret is 256 random bits, base64url.
func newSecret() string {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// cookieName carries the __Host- prefix (bound to host, path and TLS) wherever there is TLS.
func (s *Server) cookieName() string {
	if s.BaseURL.Scheme == "https" {
		return "__Host-morgenkreis"
	}
	return "morgenkreis"
}

func (s *Server) cookie(token string) http.Cookie {
	c := http.Cookie{Name: s.cookieName(), Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: s.BaseURL.Scheme == "https", MaxAge: int(kita.SessionLife / time.Second)}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// Me is who is signed in.
type Me struct {
	Account     AccountView      `json:"account"`
	Memberships []MembershipView `json:"memberships"`
	MailWorks   bool             `json:"mail_works" doc:"Whether the server can send e-mail."`
}

// AccountView is the viewer's own account.
type AccountView struct {
	ID        kita.ID    `json:"id"`
	Login     string     `json:"login"`
	Name      string     `json:"name"`
	Language  string     `json:"language"`
	Operator  bool       `json:"operator"`
	QuietFrom kita.Clock `json:"quiet_from"`
	QuietTo   kita.Clock `json:"quiet_to"`
	Sound     kita.Sound `json:"sound" enum:"all,urgent,none" doc:"What may make a sound on the devices; what makes none is shown all the same."`
}

// MembershipView is what the account is, to whom.
type MembershipView struct {
	Role       kita.Role `json:"role"`
	KitaID     kita.ID   `json:"kita_id,omitempty"`
	KitaName   string    `json:"kita_name,omitempty"`
	ProviderID kita.ID   `json:"provider_id,omitempty"`
	PersonID   kita.ID   `json:"person_id,omitempty" doc:"The guardian or staff record behind this role."`
	Name       string    `json:"name,omitempty"`
}

// MeOutput answers who is signed in; SetCookie on sign-in.
type MeOutput struct {
	Status    int
	SetCookie []http.Cookie `header:"Set-Cookie"`
	Body      Me
}

func (s *Server) me(ctx context.Context, v kita.Viewer) (*MeOutput, error) {
	a, err := s.store.Account(ctx, v)
	if err != nil {
		return nil, err
	}
	out := &MeOutput{Status: http.StatusOK, Body: Me{Memberships: []MembershipView{}, MailWorks: s.MailWorks, Account: accountView(a)}}
	for _, m := range v.Memberships() {
		out.Body.Memberships = append(out.Body.Memberships, MembershipView{m.Role, m.KitaID, m.KitaName, m.ProviderID, m.PersonID, m.Name})
	}
	return out, nil
}

func accountView(a kita.Account) AccountView {
	return AccountView{a.ID, a.Login, a.Name, a.Language, a.Operator, a.QuietFrom, a.QuietTo, a.Sound}
}

// SignIn is a login and its password.
type SignIn struct {
	Body struct {
		Login    string `json:"login" minLength:"1" maxLength:"254"`
		Password string `json:"password" minLength:"1" maxLength:"1000"`
	}
}

// Guessing is bounded per login and address, and, wider, per login and per address alone: one neighbour's typos do not
// lock a parent out, and a botnet is slowed all the same.
var (
	signInPair    = store.Attempts{Free: 5, Window: 15 * time.Minute}
	signInLogin   = store.Attempts{Free: 30, Window: 15 * time.Minute}
	signInAddress = store.Attempts{Free: 60, Window: 15 * time.Minute}
)

// at is the bound for what is guessed at under key.
func at(key string, a store.Attempts) store.Attempts {
	a.Key = key
	return a
}

// bounded runs try unless one of the bounds has to wait. What try answers with one of guesses stays counted against all of
// them; all else is taken back.
func (s *Server) bounded(ctx context.Context, bounds []store.Attempts, try func() error) error {
	leave, err := enter(ctx, s.pass.guessing)
	if err != nil {
		return err
	}
	defer leave()
	wait, err := s.store.SystemAttempt(ctx, bounds)
	if err != nil {
		return err
	}
	if wait > 0 {
		seconds := int((wait + time.Second - 1) / time.Second)
		return &kita.Error{Kind: kita.KindTooMany, Code: "signin.too_many",
			Args: []any{"retry_after", seconds, "minutes", (seconds + 59) / 60}}
	}
	err = try()
	if slices.ContainsFunc(guesses, func(guess error) bool { return errors.Is(err, guess) }) {
		return err
	}
	// Also when whoever asked has gone: they did not guess.
	return errors.Join(err, s.store.SystemAttemptTakenBack(context.WithoutCancel(ctx), bounds))
}

var (
	// errGuess answers a wrong login and a wrong password alike.
	errGuess = &kita.Error{Kind: kita.KindUnauthenticated, Code: "signin.wrong"}
	// errPassword answers a wrong current password.
	errPassword = kita.Invalid("current", "password.wrong")

	guesses = []error{errGuess, errPassword, store.ErrCode}
)

// SignIn opens a session and hands the browser its cookie.
func (s *Server) SignIn(ctx context.Context, in *SignIn) (*MeOutput, error) {
	a, err := s.authenticate(ctx, in.Body.Login, in.Body.Password)
	if err != nil {
		return nil, err
	}
	return s.openSession(ctx, a.ID)
}

// authenticate is the account that login and password open; errGuess for every other pair, after the same work.
func (s *Server) authenticate(ctx context.Context, login, password string) (account kita.Account, err error) {
	login = kita.NormalLogin(login)
	address := clientFrom(ctx).address
	pair := "signin|" + login + "|" + address
	err = s.bounded(ctx, []store.Attempts{at(pair, signInPair), at("signin|"+login, signInLogin), at("signin||"+address, signInAddress)}, func() error {
		if account, err = s.accountOf(ctx, login); err != nil && !errors.Is(err, kita.ErrNotFound) {
			return err
		}
		hash := account.PasswordHash
		if err != nil || hash == "" {
			hash = kita.NoPassword
		}
		fits, err := s.pass.fits(ctx, hash, password)
		if err == nil && !fits {
			err = errGuess
		}
		return err
	})
	if err != nil {
		return account, err
	}
	return account, s.store.SystemAttemptSucceeded(ctx, pair)
}

// accountOf is the account with that login. What can be no login is nobody's; the database need not see it.
func (s *Server) accountOf(ctx context.Context, login string) (kita.Account, error) {
	if strings.ContainsRune(login, 0) {
		return kita.Account{}, kita.ErrNotFound
	}
	return s.store.SystemAccountByLogin(ctx, login)
}

func (s *Server) openSession(ctx context.Context, account kita.ID) (*MeOutput, error) {
	token := newSecret()
	if _, err := s.store.SystemStartSession(ctx, account, token, userAgent(ctx)); err != nil {
		return nil, err
	}
	v, err := s.store.SessionViewer(ctx, token)
	if err != nil {
		return nil, err
	}
	return s.opened(ctx, v, token)
}

// userAgent is what the browser calls itself, as text: a header may hold any bytes.
func userAgent(ctx context.Context) string { return strings.ToValidUTF8(clientFrom(ctx).userAgent, "") }

// opened answers who a session was just opened for, and hands the browser its cookie.
func (s *Server) opened(ctx context.Context, v kita.Viewer, token string) (*MeOutput, error) {
	out, err := s.me(ctx, v)
	if err != nil {
		return nil, err
	}
	out.Status = http.StatusCreated
	out.SetCookie = []http.Cookie{s.cookie(token)}
	return out, nil
}

// WhoAmI answers with the account that asks and what it is to whom.
func (s *Server) WhoAmI(ctx context.Context, _ *struct{}) (*MeOutput, error) {
	return s.me(ctx, viewerFrom(ctx))
}

// SignedOut clears the cookie.
type SignedOut struct {
	SetCookie []http.Cookie `header:"Set-Cookie"`
}

// SignOut ends the session that asks; its push subscription ends with it.
func (s *Server) SignOut(ctx context.Context, _ *struct{}) (*SignedOut, error) {
	v := viewerFrom(ctx)
	if err := s.store.EndSession(ctx, v, v.SessionID()); err != nil && !errors.Is(err, kita.ErrNotFound) {
		return nil, err
	}
	return &SignedOut{SetCookie: []http.Cookie{s.cookie("")}}, nil
}

// SessionView is one of the viewer's browsers.
type SessionView struct {
	ID         kita.ID      `json:"id"`
	UserAgent  string       `json:"user_agent"`
	CreatedAt  kita.Instant `json:"created_at"`
	LastSeenAt kita.Instant `json:"last_seen_at"`
	ExpiresAt  kita.Instant `json:"expires_at"`
	Current    bool         `json:"current" doc:"The browser that asks."`
}

// Sessions lists the viewer's browsers.
func (s *Server) Sessions(ctx context.Context, _ *struct{}) (*List[SessionView], error) {
	v := viewerFrom(ctx)
	rows, err := s.store.Sessions(ctx, v)
	return listOf(rows, func(r kita.Session) SessionView {
		return SessionView{r.ID, r.UserAgent, r.CreatedAt, r.LastSeenAt, r.ExpiresAt, r.ID == v.SessionID()}
	}), err
}

// EndSession signs one browser out.
func (s *Server) EndSession(ctx context.Context, in *ByID) (*Nothing, error) {
	return nil, s.store.EndSession(ctx, viewerFrom(ctx), in.ID)
}
