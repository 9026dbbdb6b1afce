package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"morgenkreis/kita"
)

// hashed is how secrets that are long and random are kept: SHA-256, in hex. Whoever reads the database gets no key.
func hashed(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

const membershipsOf = `
select s.role as role, s.kita_id as kita_id, '' as provider_id, s.id as person_id,
       s.first_name || ' ' || s.last_name as name, k.name as kita_name, k.time_zone as time_zone
from   staff s join kitas k on k.id = s.kita_id
where  s.account_id = ? and s.archived_at is null and k.archived_at is null
union all
select 'guardian', g.kita_id, '', g.id, g.first_name || ' ' || g.last_name, k.name, k.time_zone
from   guardians g join kitas k on k.id = g.kita_id
where  g.account_id = ? and g.archived_at is null and k.archived_at is null
union all
select 'provider', '', m.provider_id, m.provider_id, '', p.name, ''
from   provider_members m join providers p on p.id = m.provider_id
where  m.account_id = ? and p.archived_at is null
order  by 1 desc, 6, 2`

func viewerOf(ctx context.Context, q query, a kita.Account, now time.Time, session kita.ID, scopes []string) (kita.Viewer, error) {
	memberships, err := list[kita.Membership](ctx, q, membershipsOf, a.ID, a.ID, a.ID)
	if err != nil {
		return kita.Viewer{}, err
	}
	zone := "Europe/Berlin"
	for _, m := range memberships {
		if m.TimeZone != "" {
			zone = m.TimeZone
			break
		}
	}
	today := kita.Kita{TimeZone: zone}.Today(now)
	return kita.SignedIn(kita.Credentials{AccountID: a.ID, Name: a.Name, Operator: a.Operator, Memberships: memberships,
		Today: today, SessionID: session, Scopes: scopes}), nil
}

const accountOfSession = `
select s.id as session_id, s.last_seen_at as last_seen_at, a.*
from   sessions s join accounts a on a.id = s.account_id
where  s.token_hash = ? and s.expires_at > ? and a.disabled_at is null`

// seenEvery is how often a session's end is pushed on; more often would make every read a write.
const seenEvery = 12 * time.Hour

// SessionViewer is who holds the session token; ErrUnauthenticated when nobody does. A session that is used lives on.
func (s *Store) SessionViewer(ctx context.Context, token string) (kita.Viewer, error) {
	now := s.Now()
	row, err := get[struct {
		kita.Account
		SessionID  kita.ID      `db:"session_id"`
		LastSeenAt kita.Instant `db:"last_seen_at"`
	}](ctx, s.db, accountOfSession, hashed(token), now)
	if errors.Is(err, kita.ErrNotFound) {
		return kita.Viewer{}, kita.ErrUnauthenticated
	}
	if err != nil {
		return kita.Viewer{}, err
	}
	if now.Sub(row.LastSeenAt.Time) > seenEvery {
		err := s.write(ctx, func(tx *Tx) error {
			_, err := tx.exec(`update sessions set last_seen_at = ?, expires_at = ? where id = ?`,
				now, kita.At(now.Add(kita.SessionLife)), row.SessionID)
			return err
		})
		if err != nil {
			return kita.Viewer{}, err
		}
	}
	return viewerOf(ctx, s.db, row.Account, now.Time, row.SessionID, nil)
}

// startSession makes a session for the account inside tx.
func (s *Store) startSession(tx *Tx, account kita.ID, token, userAgent string) (kita.Session, error) {
	row := kita.Session{ID: s.newID(), AccountID: account, UserAgent: cut(userAgent, 300),
		CreatedAt: tx.now, LastSeenAt: tx.now, ExpiresAt: kita.At(tx.now.Add(kita.SessionLife))}
	_, err := tx.exec(`insert into sessions (id, account_id, token_hash, user_agent, created_at, last_seen_at, expires_at)
values (?, ?, ?, ?, ?, ?, ?)`, row.ID, row.AccountID, hashed(token), row.UserAgent, row.CreatedAt, row.LastSeenAt, row.ExpiresAt)
	return row, err
}

// SystemStartSession signs the account in with token, which the caller drew at random: its password was checked, or the
// house itself needs to act for it.
func (s *Store) SystemStartSession(ctx context.Context, account kita.ID, token, userAgent string) (kita.Session, error) {
	var row kita.Session
	err := s.write(ctx, func(tx *Tx) (err error) {
		row, err = s.startSession(tx, account, token, userAgent)
		return err
	})
	return row, err
}

// Sessions are the viewer's own, the last seen first.
func (s *Store) Sessions(ctx context.Context, v kita.Viewer) ([]kita.Session, error) {
	q := s.as(v)
	defer q.end()
	return list[kita.Session](ctx, q, `select id, account_id, user_agent, created_at, last_seen_at, expires_at from sessions
where account_id = ? and expires_at > ? order by last_seen_at desc, id desc`, v.AccountID(), s.Now())
}

// EndSession signs one of the viewer's own browsers out; its push subscriptions end with it.
func (s *Store) EndSession(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		tx.readmit(v.AccountID())
		if err := tx.seen(v, "sessions", id); err != nil {
			return err
		}
		return tx.one(`delete from sessions where id = ? and account_id = ?`, id, v.AccountID())
	})
}

// TokenViewer is the program that holds the API token; ErrUnauthenticated when none does.
func (s *Store) TokenViewer(ctx context.Context, token string) (kita.Viewer, error) {
	now := s.Now()
	row, err := get[struct {
		kita.Account
		TokenID    kita.ID       `db:"token_id"`
		Scopes     string        `db:"scopes"`
		LastUsedAt *kita.Instant `db:"last_used_at"`
	}](ctx, s.db, `select t.id as token_id, t.scopes as scopes, t.last_used_at as last_used_at, a.*
from   tokens t join accounts a on a.id = t.account_id
where  t.token_hash = ? and t.expires_at > ? and a.disabled_at is null`, hashed(token), now)
	if errors.Is(err, kita.ErrNotFound) {
		return kita.Viewer{}, kita.ErrUnauthenticated
	}
	if err != nil {
		return kita.Viewer{}, err
	}
	if row.LastUsedAt == nil || now.Sub(row.LastUsedAt.Time) > time.Hour {
		err := s.write(ctx, func(tx *Tx) error {
			_, err := tx.exec(`update tokens set last_used_at = ? where id = ?`, now, row.TokenID)
			return err
		})
		if err != nil {
			return kita.Viewer{}, err
		}
	}
	return viewerOf(ctx, s.db, row.Account, now.Time, "", strings.Fields(row.Scopes))
}

// Tokens are the viewer's own that have not ended, newest first.
func (s *Store) Tokens(ctx context.Context, v kita.Viewer) ([]kita.Token, error) {
	q := s.as(v)
	defer q.end()
	return list[kita.Token](ctx, q, `select id, account_id, name, scopes, created_at, expires_at, last_used_at from tokens
where account_id = ? and expires_at > ? order by created_at desc, id desc`, v.AccountID(), s.Now())
}

// CreateToken keeps a token for a program; secret is what the program will show, and is kept as a hash only.
func (s *Store) CreateToken(ctx context.Context, v kita.Viewer, t kita.Token, secret string) (kita.Token, error) {
	if err := t.Check(s.clock()); err != nil {
		return t, err
	}
	t.AccountID = v.AccountID()
	err := s.write(ctx, func(tx *Tx) error {
		t.CreatedAt = tx.now
		_, err := tx.exec(`insert into tokens (id, account_id, token_hash, name, scopes, created_at, expires_at) values (?, ?, ?, ?, ?, ?, ?)`,
			t.ID, t.AccountID, hashed(secret), t.Name, t.Scopes, t.CreatedAt, t.ExpiresAt)
		if s.engine.duplicate(err) {
			return kita.Conflict("id", "id.taken")
		}
		if err != nil {
			return err
		}
		return tx.audit(v, "", "token.create", t.ID)
	})
	return t, err
}

// DeleteToken ends one of the viewer's own tokens at once.
func (s *Store) DeleteToken(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		if err := tx.seen(v, "tokens", id); err != nil {
			return err
		}
		if err := tx.one(`delete from tokens where id = ? and account_id = ?`, id, v.AccountID()); err != nil {
			return err
		}
		tx.readmit(v.AccountID())
		return tx.audit(v, "", "token.delete", id)
	})
}

// cut shortens s to at most n bytes, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
