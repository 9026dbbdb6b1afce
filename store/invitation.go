package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"morgenkreis/kita"
)

// ErrCode answers a code that does not hold, whatever the cause: used, ended, revoked, never given out.
var ErrCode = kita.Invalid("code", "invitation.code")

// Invitee is somebody who can be invited, with what a letter needs.
type Invitee struct {
	KitaID     *kita.ID `db:"kita_id"`
	GuardianID *kita.ID `db:"guardian_id"`
	StaffID    *kita.ID `db:"staff_id"`
	ProviderID *kita.ID `db:"provider_id"`
	Name       string   `db:"name"`
	Address    string   `db:"address"`
	Language   string   `db:"language"`
	// Renews is set when the person has an account already: the code then renews its password.
	Renews    bool     `db:"renews"`
	AccountID *kita.ID `db:"account_id"`
}

// Invited is an invitee with their invitation; its Code is known at this moment alone.
type Invited struct {
	Invitee
	ID        kita.ID
	Code      string
	ExpiresAt kita.Instant
}

const inviteeGuardians = `
select g.kita_id, g.id as guardian_id, g.first_name || ' ' || g.last_name as name, g.address, g.language,
       g.account_id is not null as renews, g.account_id
from   guardians g
join   kitas k on k.id = g.kita_id and k.archived_at is null
where  g.archived_at is null and g.kita_id = ?`

// invitedBy narrows a guardian g to those whom a leader may invite: of the guardians they see, those who have nothing to do
// with a child from which the leader is banned. Whoever gives a code out could use it as well.
const invitedBy = `
and    exists (select 1 from staff s where s.kita_id = g.kita_id and s.account_id = ? and s.role = 'leader' and s.archived_at is null)
and   (not exists (select 1 from guardian_children gc where gc.kita_id = g.kita_id and gc.guardian_id = g.id)
       or g.id in (select gc.guardian_id from reach r join guardian_children gc on gc.kita_id = r.kita_id and gc.child_id = r.child_id
                   where r.account_id = ? and r.kita_id = ? and r.through = 'leader'))
and    not exists (select 1 from barred_people x where x.kita_id = g.kita_id and x.guardian_id = g.id and x.account_id = ?)`

func invitedByArgs(v kita.Viewer, kitaID kita.ID) []any {
	return []any{v.AccountID(), v.AccountID(), kitaID, v.AccountID()}
}

// inGroup: guardians without an account of the children who are in a group on a day; who is banned from all of these is
// not invited for their sake.
const inGroup = `
and    g.account_id is null
and    exists (
  select 1
  from   guardian_children gc
  join   children ch on ch.kita_id = gc.kita_id and ch.id = gc.child_id and ch.archived_at is null
  join   placements p on p.kita_id = gc.kita_id and p.child_id = gc.child_id
  where  gc.kita_id = g.kita_id and gc.guardian_id = g.id and p.group_id = ? and p.from_day <= ? and p.to_day >= ?
  and    not exists (select 1 from contact_bans b where b.kita_id = gc.kita_id and b.child_id = gc.child_id and b.guardian_id = g.id and b.lifted_at is null))`

const inviteeStaff = `
select s.kita_id, s.id as staff_id, s.first_name || ' ' || s.last_name as name, '' as address, s.language,
       s.account_id is not null as renews, s.account_id
from   staff s
join   kitas k on k.id = s.kita_id and k.archived_at is null
where  s.archived_at is null and s.kita_id = ?`

// invitees are the people who is about, in the order asked for; v is nil for the house itself. What else an account is, of
// which v may see nothing, house answers.
func invitees(ctx context.Context, q query, house func() query, v *kita.Viewer, who kita.Invitees, now kita.Instant) ([]Invitee, error) {
	if err := who.Check(); err != nil {
		return nil, err
	}
	switch {
	case who.ProviderID != "":
		if v != nil && !v.Operator() {
			return nil, kita.ErrNotFound
		}
		p, err := get[Invitee](ctx, q, `select p.id as provider_id, p.name, '' as address, 'de' as language, false as renews
from providers p where p.id = ? and p.archived_at is null`, who.ProviderID)
		return []Invitee{p}, err
	case len(who.StaffIDs) > 0:
		statement, args := inviteeStaff, []any{who.KitaID}
		if v != nil {
			statement, args = statement+" and "+manages, append(args, v.AccountID(), v.AccountID(), v.AccountID())
		}
		rows, err := listIn[Invitee](ctx, q, statement+" and s.id in (?)", append(args, who.StaffIDs)...)
		if err != nil {
			return nil, err
		}
		return invitedInOrder(ctx, house, v, "staff_ids", who.StaffIDs, rows, func(i Invitee) kita.ID { return *i.StaffID })
	}
	statement, args := inviteeGuardians, []any{who.KitaID}
	if v != nil {
		statement, args = statement+invitedBy, append(args, invitedByArgs(*v, who.KitaID)...)
	}
	if who.GroupID == "" {
		rows, err := listIn[Invitee](ctx, q, statement+" and g.id in (?)", append(args, who.GuardianIDs)...)
		if err != nil {
			return nil, err
		}
		return invitedInOrder(ctx, house, v, "guardian_ids", who.GuardianIDs, rows, func(i Invitee) kita.ID { return *i.GuardianID })
	}
	k, err := openKita(ctx, house(), who.KitaID)
	if err != nil {
		return nil, err
	}
	today := k.Today(now.Time)
	rows, err := list[Invitee](ctx, q, statement+inGroup+" order by g.last_name, g.first_name, g.id", append(args, who.GroupID, today, today)...)
	if err == nil && len(rows) == 0 {
		err = kita.Refused("invitation.nobody")
	}
	return rows, err
}

// invitedInOrder puts rows into the order of ids and names those that are not there, or whose account is not the viewer's to renew.
func invitedInOrder(ctx context.Context, house func() query, v *kita.Viewer, field string, ids []kita.ID, rows []Invitee, idOf func(Invitee) kita.ID) ([]Invitee, error) {
	byID := map[kita.ID]Invitee{}
	for _, r := range rows {
		byID[idOf(r)] = r
	}
	var c kita.Checks
	ordered := make([]Invitee, 0, len(ids))
	for i, id := range ids {
		r, ok := byID[id]
		at := fmt.Sprintf("%s[%d]", field, i)
		c.That(ok, at, "id.unknown")
		if v != nil && r.AccountID != nil {
			may, err := mayRenew(ctx, house(), v.AccountID(), *r.AccountID)
			if err != nil {
				return nil, err
			}
			c.That(may, at, "invitation.elsewhere")
		}
		ordered = append(ordered, r)
	}
	return ordered, c.Err()
}

// beyond counts what an account is that is not for somebody to hold: whoever renews a password could use the account, with
// all that it is elsewhere and all that it sees. So a leader, or a provider, renews accounts that are nothing outside of the
// kitas they manage and that reach no child from which they are banned themself; the operator renews every one.
const beyond = `
select count(*)
from  (select 1 as n from accounts a where a.id = ? and a.operator
       union all
       select 1 from provider_members m where m.account_id = ?
       union all
       select 1 from staff p join kitas k on k.id = p.kita_id where p.account_id = ? and p.archived_at is null and not ` + manages + `
       union all
       select 1 from guardians p join kitas k on k.id = p.kita_id where p.account_id = ? and p.archived_at is null and not ` + manages + `
       union all
       select 1 from reach r join contact_bans b on b.kita_id = r.kita_id and b.child_id = r.child_id and b.lifted_at is null
       join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
       where r.account_id = ? and bg.account_id = ?) x
where  not exists (select 1 from accounts o where o.id = ? and o.operator)`

func mayRenew(ctx context.Context, q query, by, account kita.ID) (bool, error) {
	if by == account {
		return false, nil // one's own password is renewed with the old one, or by e-mail
	}
	n, err := get[int](ctx, q, beyond, account, account, account, by, by, by, account, by, by, by, account, by, by)
	return n == 0, err
}

// Invitees are those whom Invite would invite, as far as the viewer may.
func (s *Store) Invitees(ctx context.Context, v kita.Viewer, who kita.Invitees) ([]Invitee, error) {
	q := s.as(v)
	defer q.end()
	house := func() query { q.end(); return s.db }
	return invitees(ctx, q, house, &v, who, s.Now())
}

// Invite gives each invitee a fresh code, good for kita.InvitationLife, and revokes what they had: leaders invite their
// kita, provider and operator its staff, the operator a provider. code draws a code at random. All are invited, or none.
func (s *Store) Invite(ctx context.Context, v kita.Viewer, who kita.Invitees, code func() string) ([]Invited, error) {
	return s.invite(ctx, &v, who, code)
}

// SystemInvite is Invite for the house itself, which may invite everybody and renew every password.
func (s *Store) SystemInvite(ctx context.Context, who kita.Invitees, code func() string) ([]Invited, error) {
	return s.invite(ctx, nil, who, code)
}

func (s *Store) invite(ctx context.Context, v *kita.Viewer, who kita.Invitees, code func() string) (invited []Invited, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		var q query = tx
		if v != nil {
			q = tx.as(*v)
		}
		people, err := invitees(ctx, q, func() query { return tx }, v, who, tx.now)
		if err != nil {
			return err
		}
		invited = make([]Invited, len(people))
		for i, p := range people {
			inv := kita.Invitation{KitaID: p.KitaID, GuardianID: p.GuardianID, StaffID: p.StaffID, ProviderID: p.ProviderID, Name: p.Name}
			if v != nil {
				by := v.AccountID()
				inv.CreatedBy = &by
			}
			if inv, err = s.give(tx, inv, code(), kita.InvitationLife); err != nil {
				return err
			}
			invited[i] = Invited{p, inv.ID, inv.Code, inv.ExpiresAt}
			if v == nil {
				continue
			}
			if err := tx.audit(*v, idOrNone(p.KitaID), "invitation.create", inv.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return invited, err
}

// give writes the invitation under a code, and revokes those that the same person has and has not used. Who speaks for a
// provider is several people, each with an invitation of their own.
func (s *Store) give(tx *Tx, inv kita.Invitation, code string, life time.Duration) (kita.Invitation, error) {
	inv.ID, inv.Code, inv.CreatedAt, inv.ExpiresAt = s.newID(), code, tx.now, kita.At(tx.now.Add(life))
	if inv.ProviderID == nil {
		if _, err := tx.exec(`update invitations set revoked_at = ? where used_at is null and revoked_at is null and provider_id is null
and coalesce(guardian_id, '') = ? and coalesce(staff_id, '') = ? and coalesce(account_id, '') = ?`,
			tx.now, idOrNone(inv.GuardianID), idOrNone(inv.StaffID), idOrNone(inv.AccountID)); err != nil {
			return inv, err
		}
	}
	_, err := tx.exec(`insert into invitations (id, kita_id, guardian_id, staff_id, provider_id, account_id, code_hash, created_by, created_at, expires_at)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, inv.ID, inv.KitaID, inv.GuardianID, inv.StaffID, inv.ProviderID, inv.AccountID,
		hashed(kita.NormalCode(code)), inv.CreatedBy, inv.CreatedAt, inv.ExpiresAt)
	return inv, err
}

func idOrNone(id *kita.ID) kita.ID {
	if id == nil {
		return ""
	}
	return *id
}

// SystemInviteOperator gives out the code by which the first operator sets the server up; needed is false, and nothing is
// written, when there is an operator already.
func (s *Store) SystemInviteOperator(ctx context.Context, code string) (inv kita.Invitation, needed bool, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		operators, err := get[int](ctx, tx, `select count(*) from accounts where operator and disabled_at is null`)
		if needed = operators == 0; err != nil || !needed {
			return err
		}
		inv, err = s.give(tx, kita.Invitation{}, code, kita.InvitationLife)
		return err
	})
	return inv, needed, err
}

// SystemRenew gives out a code that renews the password of the account with that login, good for life; ErrNotFound when
// there is none.
func (s *Store) SystemRenew(ctx context.Context, login, code string, life time.Duration) (inv kita.Invitation, a kita.Account, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		if a, err = get[kita.Account](ctx, tx, `select * from accounts where login = ? and disabled_at is null`, kita.NormalLogin(login)); err != nil {
			return err
		}
		inv, err = s.give(tx, kita.Invitation{AccountID: &a.ID, Name: a.Name}, code, life)
		return err
	})
	return inv, a, err
}

// invitationsSeen: a leader sees those to the people whose records they keep, who else manages the kita those to its
// team, the operator those to providers.
const invitationsSeen = `
select i.id, i.kita_id, i.guardian_id, i.staff_id, i.provider_id, i.account_id, i.created_by, i.created_at, i.expires_at, i.used_at, i.revoked_at,
       coalesce(g.first_name || ' ' || g.last_name, s2.first_name || ' ' || s2.last_name, p.name) as name
from   invitations i
left   join guardians g on g.id = i.guardian_id
left   join staff s2 on s2.id = i.staff_id
left   join kitas k on k.id = i.kita_id
left   join providers p on p.id = i.provider_id
where  (i.staff_id is not null and ` + manages + `
     or i.guardian_id is not null and k.archived_at is null ` + invitedBy + `
     or i.provider_id is not null and exists (select 1 from accounts a where a.id = ? and a.operator))`

func invitationsSeenArgs(v kita.Viewer, kitaID kita.ID) []any {
	a := v.AccountID()
	return append(append([]any{a, a, a}, invitedByArgs(v, kitaID)...), a)
}

// Invitations are those to people of a kita, or to a provider, as far as the viewer may see them, the latest first.
func (s *Store) Invitations(ctx context.Context, v kita.Viewer, kitaID, providerID kita.ID, p PageRequest) (Page[kita.Invitation], error) {
	q := s.as(v)
	defer q.end()
	at, id, err := p.instant()
	if err != nil {
		return Page[kita.Invitation]{}, err
	}
	clause, of := " and i.kita_id = ?", kitaID
	if kitaID == "" {
		clause, of = " and i.provider_id = ?", providerID
	}
	rows, err := list[kita.Invitation](ctx, q, invitationsSeen+clause+" and (i.created_at, i.id) < (?, ?) order by i.created_at desc, i.id desc limit ?",
		append(invitationsSeenArgs(v, kitaID), of, at, id, p.limit()+1)...)
	return paged(rows, p.limit(), func(i kita.Invitation) string { return instantCursor(i.CreatedAt, i.ID) }), err
}

// RevokeInvitation takes an invitation back that was not used.
func (s *Store) RevokeInvitation(ctx context.Context, v kita.Viewer, id kita.ID) error {
	return s.write(ctx, func(tx *Tx) error {
		kitaID, err := get[*kita.ID](ctx, tx.as(v), `select kita_id from invitations where id = ?`, id)
		if err != nil {
			return err
		}
		inv, err := get[kita.Invitation](ctx, tx.as(v), invitationsSeen+" and i.id = ?", append(invitationsSeenArgs(v, idOrNone(kitaID)), id)...)
		if err != nil {
			return err
		}
		if err := tx.one(`update invitations set revoked_at = ? where id = ? and used_at is null and revoked_at is null`, tx.now, id); err != nil {
			return err
		}
		return tx.audit(v, idOrNone(inv.KitaID), "invitation.revoke", id)
	})
}

// Offer is what an invitation holds for who has its code. OwnerID is the account whose password it renews, nil when it
// makes somebody a guardian, a colleague, a provider's speaker, or, with none of these, the operator.
type Offer struct {
	kita.Invitation
	Role     kita.Role `db:"role"`
	KitaName string    `db:"kita_name"`
	OwnerID  *kita.ID  `db:"owner_id"`
	// Login is the owner's own, otherwise the e-mail address on record.
	Login    string `db:"login"`
	Language string `db:"language"`
}

const offerOfCode = `
select i.id, i.kita_id, i.guardian_id, i.staff_id, i.provider_id, i.account_id, i.created_by, i.created_at, i.expires_at,
       coalesce(g.first_name || ' ' || g.last_name, s.first_name || ' ' || s.last_name, p.name, o.name, '') as name,
       case when g.id is not null then 'guardian' when s.id is not null then s.role when p.id is not null then 'provider'
            when i.account_id is null then 'operator' else '' end as role,
       coalesce(k.name, '') as kita_name, o.id as owner_id,
       coalesce(o.login, nullif(g.email, ''), nullif(s.email, ''), '') as login,
       coalesce(o.language, g.language, s.language, 'de') as language
from   invitations i
left   join kitas k on k.id = i.kita_id
left   join guardians g on g.id = i.guardian_id
left   join staff s on s.id = i.staff_id
left   join providers p on p.id = i.provider_id
left   join accounts o on o.id = coalesce(i.account_id, g.account_id, s.account_id)
where  i.code_hash = ? and i.used_at is null and i.revoked_at is null and i.expires_at > ?
and    k.archived_at is null and g.archived_at is null and s.archived_at is null and p.archived_at is null and o.disabled_at is null`

// SystemOffer is what a code offers; ErrCode when it does not hold, or no longer.
func (s *Store) SystemOffer(ctx context.Context, code string) (Offer, error) {
	return offerOf(ctx, s.db, code, s.Now())
}

func offerOf(ctx context.Context, q query, code string, now kita.Instant) (Offer, error) {
	o, err := get[Offer](ctx, q, offerOfCode, hashed(kita.NormalCode(code)), now)
	if err == nil && o.OwnerID != nil && o.CreatedBy != nil {
		// Whoever gave the code out must still be the one to renew this account: it may have become more since.
		var may bool
		if may, err = mayRenew(ctx, q, *o.CreatedBy, *o.OwnerID); err == nil && !may {
			err = ErrCode
		}
	}
	if errors.Is(err, kita.ErrNotFound) {
		err = ErrCode
	}
	return o, err
}
