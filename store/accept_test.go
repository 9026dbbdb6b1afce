package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
)

func TestInvitationMakesAnAccountThatFindsWhatWasAddressedToIt(t *testing.T) {
	onEachVillage(t, func(x *village) {
		granny := x.k.GuardianOf(nil, "Granny").Of(x.mia).Email("granny@home.example")
		x.Live()
		ctx := context.Background()
		before := x.tell(x.mia)
		code := x.invited(granny.ID)
		o, err := x.s.SystemOffer(ctx, code)
		x.must(err)
		if o.Name != "Granny Muster" || o.Role != kita.RoleGuardian || o.KitaName != "Sonnenschein" || o.Login != "granny@home.example" || o.OwnerID != nil {
			t.Errorf("the code offers %+v", o)
		}
		v, err := x.s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(code, "granny@home.example"))
		x.must(err)
		if !v.HasIn(x.k.ID, kita.RoleGuardian) || v.SessionID() == "" {
			t.Errorf("she is %+v", v)
		}
		x.reads(v, before, x.tell(x.mia))
		if again, err := x.s.SessionViewer(ctx, "token of granny@home.example"); err != nil || again.AccountID() != v.AccountID() {
			t.Errorf("her session: %v", err)
		}
	})
}

func TestCodeHoldsOnceUntilItsEndAndOnlyTheLatest(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		dead := func(why, code string) {
			t.Helper()
			if _, err := x.s.SystemOffer(ctx, code); !errors.Is(err, store.ErrCode) {
				t.Errorf("%s: looked up: %v", why, err)
			}
			if _, err := x.s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(code, "x@home.example")); !errors.Is(err, store.ErrCode) {
				t.Errorf("%s: accepted: %v", why, err)
			}
			if _, err := x.s.AcceptInvitation(ctx, x.parent(x.nina), store.Acceptance{Code: code}); !errors.Is(err, store.ErrCode) {
				t.Errorf("%s: accepted by who is signed in: %v", why, err)
			}
		}
		dead("made up", codes()())
		dead("empty", "")
		first, second := x.invited(x.fresh.ID), x.invited(x.fresh.ID)
		dead("replaced", first)
		list, err := x.s.Invitations(ctx, x.of(x.lead), x.k.ID, "", store.PageRequest{})
		x.must(err)
		x.must(x.s.RevokeInvitation(ctx, x.of(x.lead), list.Items[0].ID))
		x.wantErr(x.s.RevokeInvitation(ctx, x.of(x.lead), list.Items[0].ID), kita.ErrNotFound)
		dead("revoked", second)
		third := x.invited(x.fresh.ID)
		x.clock.Advance(kita.InvitationLife)
		dead("ended", third)
		fourth := x.invited(x.fresh.ID)
		_, err = x.s.ArchiveGuardian(ctx, x.of(x.lead), x.fresh.ID, true)
		x.must(err)
		dead("of somebody who left", fourth)
		_, err = x.s.ArchiveGuardian(ctx, x.of(x.lead), x.fresh.ID, false)
		x.must(err)
		_, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(fourth, "new@home.example"))
		x.must(err)
		dead("used", fourth)
	})
}

func TestOneOfManyWhoUseACodeAtATimeGetsIt(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		code := x.invited(x.fresh.ID)
		const many = 8
		errs := make([]error, many)
		accounts := make([]kita.ID, many)
		var all sync.WaitGroup
		for i := range many {
			all.Go(func() {
				v, err := x.s.AcceptInvitation(context.Background(), kita.Viewer{}, newcomer(code, string(kita.NewID())+"@home.example"))
				errs[i], accounts[i] = err, v.AccountID()
			})
		}
		all.Wait()
		winner := kita.ID("")
		for i, err := range errs {
			switch {
			case err == nil && winner == "":
				winner = accounts[i]
			case !errors.Is(err, store.ErrCode):
				t.Errorf("answered %v", err)
			}
		}
		g, err := x.s.Guardian(context.Background(), x.of(x.lead), x.fresh.ID)
		x.must(err)
		if winner == "" || g.AccountID == nil || *g.AccountID != winner {
			t.Errorf("%s won, the record belongs to %v", winner, g.AccountID)
		}
	})
}

func TestOnePersonSeveralRolesOneAccount(t *testing.T) {
	onEachVillage(t, func(x *village) {
		aunt, kim := x.k.GuardianOf(nil, "Aunt").Of(x.ben), x.k.Educator("Kim", x.owls)
		x.Rows().Staff[len(x.Rows().Staff)-1].AccountID = nil
		x.Live()
		ctx := context.Background()
		toAll := x.tell()
		nina := x.parent(x.nina)
		v, err := x.s.AcceptInvitation(ctx, nina, store.Acceptance{Code: x.invited(aunt.ID)})
		x.must(err)
		if v.AccountID() != nina.AccountID() || v.SessionID() != nina.SessionID() || len(v.Memberships()) != 2 {
			t.Errorf("signed in she is %+v", v)
		}
		x.reads(v, toAll) // both records are recipients; she is told once
		code, err := x.invite(x.of(x.lead), "", kim.ID)
		x.must(err)
		v, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, store.Acceptance{Code: code, Account: *x.nina.AccountID, Token: "t"})
		x.must(err)
		if !v.HasIn(x.k.ID, kita.RoleEducator) || !v.HasIn(x.k.ID, kita.RoleGuardian) || v.AccountID() != nina.AccountID() {
			t.Errorf("with her password she is %+v", v.Memberships())
		}
		_, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(x.invited(x.fresh.ID), x.login(*x.nina.AccountID)))
		x.wantErr(err, kita.Conflict("login", "account.login_taken"))
	})
}

func (x *village) login(account kita.ID) string {
	x.Helper()
	a, err := x.s.Account(context.Background(), x.Viewer(account))
	x.must(err)
	return a.Login
}

func TestFreshInvitationRenewsThePasswordAndEndsAllSessions(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		old := x.SignIn(*x.mum.AccountID)
		code := x.invited(x.mum.ID)
		o, err := x.s.SystemOffer(ctx, code)
		x.must(err)
		if o.OwnerID == nil || *o.OwnerID != *x.mum.AccountID || o.Login != x.login(*x.mum.AccountID) {
			t.Errorf("the code offers %+v", o)
		}
		_, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, store.Acceptance{Code: code})
		x.wantErr(err, kita.Invalid("password", "invitation.password_only"))
		_, err = x.s.AcceptInvitation(ctx, x.parent(x.dad), renewal(code, "hash"))
		x.wantErr(err, kita.Conflict("code", "invitation.account"))
		v, err := x.s.AcceptInvitation(ctx, kita.Viewer{}, renewal(code, "hash"))
		x.must(err)
		_, err = x.s.SessionViewer(ctx, old)
		x.wantErr(err, kita.ErrUnauthenticated)
		a, err := x.s.Account(ctx, v)
		x.must(err)
		if a.PasswordHash != "hash" || a.ID != *x.mum.AccountID {
			t.Errorf("the account is %+v", a)
		}
		_, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, renewal(code, "other"))
		x.wantErr(err, store.ErrCode)
	})
}
