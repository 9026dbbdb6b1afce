package store

import (
	"context"
	"errors"

	"morgenkreis/kita"
)

// Acceptance is how somebody uses a code: with a new account, with one whose password was checked, with the one that is
// signed in (all three fields empty), or with a new password for the account that the code belongs to.
type Acceptance struct {
	Code    string
	New     *kita.Account
	Account kita.ID
	// PasswordHash is of the password that is to hold from now on.
	PasswordHash string
	// Token opens a session; it is not used, and may be empty, where the viewer's own session goes on.
	Token, UserAgent string
}

// AcceptInvitation uses a code up and answers who the account behind it now is. v is a stranger or who is signed in. Of
// several who use one code at a time, one gets it and the others get ErrCode.
func (s *Store) AcceptInvitation(ctx context.Context, v kita.Viewer, a Acceptance) (who kita.Viewer, err error) {
	err = s.write(ctx, func(tx *Tx) error {
		o, err := offerOf(ctx, tx, a.Code, tx.now)
		if err != nil {
			return err
		}
		if err := tx.one(`update invitations set used_at = ? where id = ? and used_at is null`, tx.now, o.ID); err != nil {
			return used(err)
		}
		account, action, err := s.accepted(tx, v, o, a)
		if err != nil {
			return err
		}
		tx.readmit(account)
		session := v.SessionID()
		if account != v.AccountID() || o.OwnerID != nil {
			opened, err := s.startSession(tx, account, a.Token, a.UserAgent)
			if err != nil {
				return err
			}
			session = opened.ID
		}
		row, err := get[kita.Account](ctx, tx, `select * from accounts where id = ?`, account)
		if err != nil {
			return err
		}
		if who, err = viewerOf(ctx, tx, row, tx.now.Time, session, nil); err != nil {
			return err
		}
		return tx.audit(who.WithRequest(v.RequestID()), idOrNone(o.KitaID), action, o.ID)
	})
	return who, err
}

// used turns "nothing was there to change" into the one answer to a code that does not hold.
func used(err error) error {
	if errors.Is(err, kita.ErrNotFound) {
		return ErrCode
	}
	return err
}

// accepted does what the code is for, and answers for which account, and under what name it stands in the log.
func (s *Store) accepted(tx *Tx, v kita.Viewer, o Offer, a Acceptance) (account kita.ID, action string, err error) {
	if o.OwnerID != nil {
		return *o.OwnerID, "account.renew", renew(tx, v, o, a)
	}
	switch {
	case a.New != nil:
		account = a.New.ID
		row := *a.New
		row.CreatedAt, row.PasswordHash = tx.now, a.PasswordHash
		if err := row.Check(); err != nil {
			return "", "", err
		}
		if err := s.createAccount(tx, row); s.engine.duplicate(err) {
			return "", "", kita.Conflict("login", "account.login_taken") // somebody was faster by a moment
		} else if err != nil {
			return "", "", err
		}
	case a.Account != "":
		account = a.Account
	case v.Known():
		account = v.AccountID()
	default:
		return "", "", ErrCode
	}
	return account, "invitation.accept", tieAccount(tx, o, account)
}

// renew gives the account its new password and signs all its browsers out, their subscriptions with them.
func renew(tx *Tx, v kita.Viewer, o Offer, a Acceptance) error {
	if v.Known() && v.AccountID() != *o.OwnerID {
		return kita.Conflict("code", "invitation.account")
	}
	if a.PasswordHash == "" || a.New != nil {
		return kita.Invalid("password", "invitation.password_only")
	}
	if err := tx.one(`update accounts set password_hash = ? where id = ?`, a.PasswordHash, *o.OwnerID); err != nil {
		return err
	}
	_, err := tx.exec(`delete from sessions where account_id = ?`, *o.OwnerID)
	return err
}

// tieAccount makes the account what the invitation is for. What was addressed to the person before they had an account is
// theirs to find, except where the account is a recipient of the same notice already, and what a ban keeps from them.
func tieAccount(tx *Tx, o Offer, account kita.ID) error {
	const take = `update recipients set account_id = ? where account_id is null
and not exists (select 1 from recipients r where r.kita_id = recipients.kita_id and r.notice_id = recipients.notice_id and r.account_id = ?) and `
	switch {
	case o.GuardianID != nil:
		if err := tx.one(`update guardians set account_id = ? where id = ? and account_id is null`, account, *o.GuardianID); err != nil {
			return used(err)
		}
		if _, err := tx.exec(take+`(kita_id, guardian_id) in (select g.kita_id, g.id from guardians g where g.id = ?)`, account, account, *o.GuardianID); err != nil {
			return err
		}
		return tx.enforceBans(*o.GuardianID)
	case o.StaffID != nil:
		if err := tx.one(`update staff set account_id = ? where id = ? and account_id is null`, account, *o.StaffID); err != nil {
			return used(err)
		}
		_, err := tx.exec(take+`(kita_id, staff_id) in (select s.kita_id, s.id from staff s where s.id = ?)`, account, account, *o.StaffID)
		return err
	case o.ProviderID != nil:
		_, err := tx.exec(`insert into provider_members (provider_id, account_id) values (?, ?) on conflict (provider_id, account_id) do nothing`,
			*o.ProviderID, account)
		return err
	}
	return tx.one(`update accounts set operator = true where id = ?`, account)
}
