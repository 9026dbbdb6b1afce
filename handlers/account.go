package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// Mailer sends an account's owner the link by which a forgotten password is renewed. Its errors are logged, so they hold
// neither address nor link.
type Mailer interface {
	SendReset(ctx context.Context, to, name, link, language string) error
}

// What goes on after an answer is bounded: in number, and each in time.
const (
	maxBackground  = 32
	backgroundTime = time.Minute
)

// afterwards runs f when the answer need not wait for it; it is not run when too much is going on already.
func (s *Server) afterwards(ctx context.Context, f func(context.Context)) {
	ctx = context.WithoutCancel(ctx)
	started := s.background.TryGo(func() error {
		ctx, cancel := context.WithTimeout(ctx, backgroundTime)
		defer cancel()
		f(ctx)
		return nil
	})
	if !started {
		slog.WarnContext(ctx, "too much going on in the background", "request", requestID(ctx))
	}
}

// Wait returns when nothing goes on any more that outlived its answer. It is called once requests are no longer served.
func (s *Server) Wait() { _ = s.background.Wait() } // what goes on there answers for its errors itself

// AccountOutput is the viewer's own account.
type AccountOutput struct{ Body AccountView }

// ChangeAccount keeps the viewer's own settings.
func (s *Server) ChangeAccount(ctx context.Context, in *struct {
	Body struct {
		Name      *string     `json:"name,omitempty" maxLength:"200"`
		Language  *string     `json:"language,omitempty" maxLength:"5"`
		QuietFrom *kita.Clock `json:"quiet_from,omitempty" maxLength:"5" doc:"From then on what is not urgent waits; empty for no quiet hours."`
		QuietTo   *kita.Clock `json:"quiet_to,omitempty" maxLength:"5"`
		Sound     *kita.Sound `json:"sound,omitempty" maxLength:"10" doc:"What may make a sound on my devices: all, urgent or none. What makes none is shown all the same."`
	}
}) (*AccountOutput, error) {
	a, err := s.store.ChangeAccount(ctx, viewerFrom(ctx), func(a *kita.Account) {
		if in.Body.Name != nil {
			a.Name = kita.Name(*in.Body.Name)
		}
		set(&a.Language, in.Body.Language)
		set(&a.QuietFrom, in.Body.QuietFrom)
		set(&a.QuietTo, in.Body.QuietTo)
		set(&a.Sound, in.Body.Sound)
	})
	return &AccountOutput{accountView(a)}, err
}

// passwordGuess bounds guessing the password of an account whose browser somebody has got hold of.
var passwordGuess = store.Attempts{Free: 5, Window: 15 * time.Minute}

// ChangePassword keeps a new password for who knows the old one, and signs all other browsers out.
func (s *Server) ChangePassword(ctx context.Context, in *struct {
	Body struct {
		Current string `json:"current" minLength:"1" maxLength:"1000"`
		New     string `json:"new" maxLength:"1000"`
	}
}) (*Nothing, error) {
	v := viewerFrom(ctx)
	a, err := s.store.Account(ctx, v)
	if err != nil {
		return nil, err
	}
	if err := kita.CheckPassword("new", in.Body.New, a.Login); err != nil {
		return nil, err
	}
	key := "password|" + string(a.ID)
	err = s.bounded(ctx, []store.Attempts{at(key, passwordGuess)}, func() error {
		fits, err := s.pass.fits(ctx, a.PasswordHash, in.Body.Current)
		if err == nil && !fits {
			err = errPassword
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	hash, err := s.pass.hash(ctx, in.Body.New)
	if err != nil {
		return nil, err
	}
	if err := s.store.ChangePassword(ctx, v, hash); err != nil {
		return nil, err
	}
	return nil, s.store.SystemAttemptSucceeded(ctx, key)
}

// A reset costs its sender nothing and its receiver an e-mail, so each request counts, whether the login exists or not.
var (
	resetLogin   = store.Attempts{Free: 3, Window: time.Hour}
	resetAddress = store.Attempts{Free: 20, Window: time.Hour}
)

// ResetRequested is an answer that promises nothing of an account (202): only whether this server sends e-mail at all, so that
// nobody waits for one in vain.
type ResetRequested struct {
	Status int
	Body   struct {
		MailWorks bool `json:"mail_works" doc:"Whether the server can send e-mail. Where it can not, the kita's leader gives out a code."`
	}
}

// RequestReset sends the account's owner a link by which to choose a new password, if there is such an account and e-mail
// is configured. Neither the answer nor the time it takes tells; what depends on the account is done afterwards.
func (s *Server) RequestReset(ctx context.Context, in *struct {
	Body struct {
		Login string `json:"login" minLength:"1" maxLength:"254"`
	}
}) (*ResetRequested, error) {
	login := kita.NormalLogin(in.Body.Login)
	bounds := []store.Attempts{at("reset|"+login, resetLogin), at("reset||"+clientFrom(ctx).address, resetAddress)}
	if err := s.bounded(ctx, bounds, func() error { return errGuess }); !errors.Is(err, errGuess) {
		return nil, err
	}
	if s.Mailer != nil {
		s.afterwards(ctx, func(ctx context.Context) { s.sendReset(ctx, login) })
	}
	out := &ResetRequested{Status: http.StatusAccepted}
	out.Body.MailWorks = s.Mailer != nil
	return out, nil
}

func (s *Server) sendReset(ctx context.Context, login string) {
	a, err := s.accountOf(ctx, login)
	if errors.Is(err, kita.ErrNotFound) {
		return
	}
	code := newCode()
	if err == nil {
		_, a, err = s.store.SystemRenew(ctx, login, code, kita.ResetLife)
	}
	if err == nil {
		err = s.Mailer.SendReset(ctx, a.Login, a.Name, s.inviteLink(code), a.Language)
	}
	if err != nil {
		slog.ErrorContext(ctx, "password reset not sent", "account", a.ID, "error", err, "request", requestID(ctx))
		return
	}
	slog.InfoContext(ctx, "password reset sent", "account", a.ID, "request", requestID(ctx))
}
