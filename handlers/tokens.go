package handlers

import (
	"context"
	"net/http"
	"strings"

	"morgenkreis/kita"
)

// TokenPrefix begins every program's token, so that scanners find one that has got into the wrong hands.
const TokenPrefix = "mk_"

// TokenView is one of the viewer's programs; what it shows as its token is not among what the house knows.
type TokenView struct {
	ID         kita.ID       `json:"id"`
	Name       string        `json:"name"`
	Scopes     []string      `json:"scopes"`
	CreatedAt  kita.Instant  `json:"created_at"`
	ExpiresAt  kita.Instant  `json:"expires_at"`
	LastUsedAt *kita.Instant `json:"last_used_at,omitempty" doc:"To the hour."`
}

func tokenView(t kita.Token) TokenView {
	return TokenView{t.ID, t.Name, strings.Fields(t.Scopes), t.CreatedAt, t.ExpiresAt, t.LastUsedAt}
}

// TokenCreated is a fresh token, with what is shown this once.
type TokenCreated struct {
	Status int
	Body   struct {
		TokenView
		Secret string `json:"secret" doc:"What the program sends as its bearer token. It is shown this once."`
	}
}

// Tokens lists the viewer's programs.
func (s *Server) Tokens(ctx context.Context, _ *struct{}) (*List[TokenView], error) {
	rows, err := s.store.Tokens(ctx, viewerFrom(ctx))
	return listOf(rows, tokenView), err
}

// CreateToken lets a program act for the viewer, within scopes, until an end.
func (s *Server) CreateToken(ctx context.Context, in *struct {
	Body struct {
		Name      string       `json:"name" maxLength:"100"`
		Scopes    []string     `json:"scopes" maxItems:"20" uniqueItems:"true" doc:"Such as notices:read; :write includes :read."`
		ExpiresAt kita.Instant `json:"expires_at" doc:"At most a year ahead."`
	}
}) (*TokenCreated, error) {
	secret := TokenPrefix + newSecret()
	t, err := s.store.CreateToken(ctx, viewerFrom(ctx), kita.Token{ID: s.NewID(), Name: kita.Name(in.Body.Name),
		Scopes: strings.Join(in.Body.Scopes, " "), ExpiresAt: in.Body.ExpiresAt}, secret)
	out := &TokenCreated{Status: http.StatusCreated}
	out.Body.TokenView, out.Body.Secret = tokenView(t), secret
	return out, err
}

// DeleteToken ends a program at once.
func (s *Server) DeleteToken(ctx context.Context, in *ByID) (*Nothing, error) {
	return nil, s.store.DeleteToken(ctx, viewerFrom(ctx), in.ID)
}
