package store_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// codes draws codes, the same in every run.
func codes() func() string {
	chance := rand.New(rand.NewPCG(1, rand.Uint64()))
	return func() string {
		var raw [kita.CodeBytes]byte
		for i := range raw {
			raw[i] = byte(chance.Uint32())
		}
		return kita.NewCode(raw)
	}
}

func newcomer(code, login string) store.Acceptance {
	return store.Acceptance{Code: code, PasswordHash: "hash of " + login, Token: "token of " + login,
		New: &kita.Account{ID: kita.NewID(), Login: login, Name: "New Muster", Language: "de", Sound: kita.SoundAll}}
}

func renewal(code, hash string) store.Acceptance {
	return store.Acceptance{Code: code, PasswordHash: hash, Token: "token of " + hash}
}

// invite gives one guardian or colleague a code.
func (x *village) invite(v kita.Viewer, guardian, staff kita.ID) (string, error) {
	who := kita.Invitees{KitaID: x.k.ID}
	if guardian != "" {
		who.GuardianIDs = []kita.ID{guardian}
	} else {
		who.StaffIDs = []kita.ID{staff}
	}
	invited, err := x.s.Invite(context.Background(), v, who, codes())
	if err != nil {
		return "", err
	}
	return invited[0].Code, nil
}

func (x *village) invited(guardian kita.ID) string {
	x.Helper()
	code, err := x.invite(x.of(x.lead), guardian, "")
	x.must(err)
	return code
}

// Whoever gives out a code could use it: so nobody can make themself one for an account that is more than theirs to manage.
func TestNobodyRenewsAnAccountThatIsMoreThanTheyManage(t *testing.T) {
	onEachVillage(t, func(x *village) {
		luna, speaker, operator := x.k.GuardianOf(x.luna.AccountID, "Luna").Of(x.ben), x.k.GuardianOf(&x.speaker.ID, "Speaker").Of(x.ben), x.k.GuardianOf(&x.operator.ID, "Op").Of(x.ben)
		// Lea is banned from Ali, so Mum, and everybody else who sees him, is not hers to renew; nor is Granny hers to invite.
		x.k.GuardianOf(x.lead.AccountID, "Lea").BannedFrom(x.ali)
		granny := x.k.GuardianOf(nil, "Granny").Of(x.ali).Of(x.mia)
		x.Live()
		elsewhere := func(field string) error { return kita.Invalid(field+"[0]", "invitation.elsewhere") }
		for _, c := range []struct {
			name            string
			v               kita.Viewer
			guardian, staff kita.ID
			want            error
		}{
			{"leader: her deputy", x.of(x.deputy), "", x.edda.ID, nil},
			{"leader: a guardian of the kita alone", x.of(x.deputy), x.mum.ID, "", nil},
			{"leader: herself", x.of(x.deputy), "", x.deputy.ID, elsewhere("staff_ids")},
			{"leader: a leader elsewhere", x.of(x.deputy), luna.ID, "", elsewhere("guardian_ids")},
			{"leader: the provider", x.of(x.deputy), speaker.ID, "", elsewhere("guardian_ids")},
			{"leader: the operator", x.of(x.deputy), operator.ID, "", elsewhere("guardian_ids")},
			{"banned leader: the mother", x.of(x.lead), x.mum.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
			{"banned leader: the grandmother", x.of(x.lead), granny.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
			{"banned leader: an educator of the child", x.of(x.lead), "", x.otto.ID, elsewhere("staff_ids")},
			{"banned leader: the other leader", x.of(x.lead), "", x.deputy.ID, elsewhere("staff_ids")},
			{"banned leader: another educator", x.of(x.lead), "", x.edda.ID, nil},
			{"provider: a leader", x.Viewer(x.speaker.ID), "", x.lead.ID, nil},
			{"operator: a leader", x.Viewer(x.operator.ID), "", x.lead.ID, nil},
			{"provider: a guardian", x.Viewer(x.speaker.ID), x.nina.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
			{"operator: a guardian", x.Viewer(x.operator.ID), x.nina.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
			{"educator", x.of(x.edda), x.mum.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
			{"leader next door", x.of(x.luna), "", x.edda.ID, kita.Invalid("staff_ids[0]", "id.unknown")},
			{"guardian", x.parent(x.mum), x.mum.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
			{"stranger", kita.Viewer{}, x.fresh.ID, "", kita.Invalid("guardian_ids[0]", "id.unknown")},
		} {
			_, err := x.invite(c.v, c.guardian, c.staff)
			var many kita.Errors
			if errors.As(err, &many) {
				err = many[0]
			}
			if !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
	})
}

func TestCodeForAnAccountThatHasBecomeMoreDoesNotHold(t *testing.T) {
	onEachVillage(t, func(x *village) {
		nele := x.next.Leader("Nele")
		x.Rows().Staff[len(x.Rows().Staff)-1].AccountID = nil
		x.Live()
		ctx := context.Background()
		code := x.invited(x.mum.ID)
		invited, err := x.s.Invite(ctx, x.of(x.luna), kita.Invitees{KitaID: x.next.ID, StaffIDs: []kita.ID{nele.ID}}, codes())
		x.must(err)
		_, err = x.s.AcceptInvitation(ctx, x.parent(x.mum), store.Acceptance{Code: invited[0].Code})
		x.must(err)
		_, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, renewal(code, "hash"))
		x.wantErr(err, store.ErrCode)
		// The house itself may.
		own, err := x.s.SystemInvite(ctx, kita.Invitees{KitaID: x.k.ID, GuardianIDs: []kita.ID{x.mum.ID}}, codes())
		x.must(err)
		_, err = x.s.AcceptInvitation(ctx, kita.Viewer{}, renewal(own[0].Code, "hash"))
		x.must(err)
	})
}

func TestGroupIsInvitedAtOnce(t *testing.T) {
	onEachVillage(t, func(x *village) {
		a, b := x.k.GuardianOf(nil, "A").Of(x.mia), x.k.GuardianOf(nil, "B").Of(x.mia)
		x.k.GuardianOf(nil, "C").Of(x.ben)
		x.k.GuardianOf(nil, "D").Of(x.mia).BannedFrom(x.mia)
		x.Live()
		ctx := context.Background()
		who := kita.Invitees{KitaID: x.k.ID, GroupID: x.bears.ID}
		invited, err := x.s.Invite(ctx, x.of(x.lead), who, codes())
		x.must(err)
		var got []kita.ID
		for _, i := range invited {
			got = append(got, *i.GuardianID)
			if i.Renews || i.Code == "" || !i.ExpiresAt.Equal(x.clock.Now().Add(kita.InvitationLife)) {
				t.Errorf("invited %+v", i)
			}
		}
		if !slices.Equal(got, []kita.ID{a.ID, b.ID}) {
			t.Errorf("invited %v, want A and B", got)
		}
		for _, v := range []kita.Viewer{x.of(x.edda), x.of(x.luna), x.Viewer(x.operator.ID)} {
			_, err := x.s.Invite(ctx, v, who, codes())
			x.wantErr(err, kita.Refused("invitation.nobody"))
		}
		who.GroupID = kita.NewID()
		_, err = x.s.Invite(ctx, x.of(x.lead), who, codes())
		x.wantErr(err, kita.Refused("invitation.nobody"))
		_, err = x.s.Invite(ctx, x.of(x.lead), kita.Invitees{KitaID: x.k.ID, GuardianIDs: []kita.ID{a.ID, x.neighbor.ID}}, codes())
		x.wantErr(err, kita.Invalid("guardian_ids[1]", "id.unknown"))
		page, err := x.s.Invitations(ctx, x.of(x.lead), x.k.ID, "", store.PageRequest{})
		x.must(err)
		if len(page.Items) != 2 || page.Items[0].Name == "" || page.Items[0].RevokedAt != nil {
			t.Errorf("what was refused was done: %+v", page.Items)
		}
	})
}

func TestInvitationsAreListedForThoseWhoMayGiveThemOut(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.k.GuardianOf(x.lead.AccountID, "Lea").BannedFrom(x.ben)
		kid := x.k.GuardianOf(nil, "K").Of(x.ben)
		x.Live()
		ctx := context.Background()
		x.invited(x.fresh.ID)
		for _, c := range []struct {
			v               kita.Viewer
			guardian, staff kita.ID
		}{{x.of(x.deputy), kid.ID, ""}, {x.of(x.deputy), "", x.edda.ID}} {
			_, err := x.invite(c.v, c.guardian, c.staff)
			x.must(err)
		}
		_, err := x.s.Invite(ctx, x.Viewer(x.operator.ID), kita.Invitees{ProviderID: x.provider.ID}, codes())
		x.must(err)
		for _, c := range []struct {
			name        string
			v           kita.Viewer
			kita, provs int
		}{
			{"leader", x.of(x.deputy), 3, 0}, {"banned leader", x.of(x.lead), 2, 0}, {"provider", x.Viewer(x.speaker.ID), 1, 0},
			{"operator", x.Viewer(x.operator.ID), 1, 1}, {"educator", x.of(x.edda), 0, 0}, {"leader next door", x.of(x.luna), 0, 0},
			{"guardian", x.parent(x.mum), 0, 0}, {"stranger", kita.Viewer{}, 0, 0},
		} {
			ofKita, err1 := x.s.Invitations(ctx, c.v, x.k.ID, "", store.PageRequest{})
			ofProvider, err2 := x.s.Invitations(ctx, c.v, "", x.provider.ID, store.PageRequest{})
			if len(ofKita.Items) != c.kita || len(ofProvider.Items) != c.provs || err1 != nil || err2 != nil {
				t.Errorf("%s sees %d and %d (%v %v)", c.name, len(ofKita.Items), len(ofProvider.Items), err1, err2)
			}
			if c.kita == 0 {
				all, err := x.s.Invitations(ctx, x.of(x.deputy), x.k.ID, "", store.PageRequest{})
				x.must(err)
				x.wantErr(x.s.RevokeInvitation(ctx, c.v, all.Items[0].ID), kita.ErrNotFound)
			}
		}
	})
}

func TestProvidersAreInvitedByTheOperator(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		who := kita.Invitees{ProviderID: x.provider.ID}
		for _, v := range []kita.Viewer{x.of(x.lead), x.Viewer(x.speaker.ID), x.parent(x.mum), {}} {
			_, err := x.s.Invite(ctx, v, who, codes())
			x.wantErr(err, kita.ErrNotFound)
		}
		one, err := x.s.Invite(ctx, x.Viewer(x.operator.ID), who, codes())
		x.must(err)
		two, err := x.s.Invite(ctx, x.Viewer(x.operator.ID), who, codes())
		x.must(err)
		for i, code := range []string{one[0].Code, two[0].Code} {
			v, err := x.s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(code, string('a'+rune(i))+"@provider.example"))
			x.must(err)
			if !v.Has(kita.RoleProvider) {
				t.Errorf("who was invited is %v", v.Memberships())
			}
		}
		if _, needed, err := x.s.SystemInviteOperator(ctx, codes()()); needed || err != nil {
			t.Errorf("there is an operator already: %v %v", needed, err)
		}
	})
}

func TestFirstOperatorSetsAnEmptyHouseUp(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx, draw := context.Background(), codes()
		first, second := draw(), draw()
		for _, code := range []string{first, second} {
			if inv, needed, err := s.SystemInviteOperator(ctx, code); !needed || err != nil || inv.Code != code {
				t.Fatalf("%v %v %+v", needed, err, inv)
			}
		}
		if _, err := s.SystemOffer(ctx, first); !errors.Is(err, store.ErrCode) {
			t.Errorf("the link of the start before: %v", err)
		}
		o, err := s.SystemOffer(ctx, second)
		if err != nil || o.Role != kita.RoleOperator {
			t.Fatalf("%v %+v", err, o)
		}
		v, err := s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(second, "op@house.example"))
		if err != nil || !v.Operator() {
			t.Fatalf("%v %+v", err, v)
		}
	})
}

func TestForgottenPasswordIsRenewedByACodeThatEndsSoon(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx, draw := context.Background(), codes()
		login := x.login(*x.luna.AccountID)
		_, _, err := x.s.SystemRenew(ctx, "nobody@home.example", draw(), kita.ResetLife)
		x.wantErr(err, kita.ErrNotFound)
		first, second := draw(), draw()
		for _, code := range []string{first, second} {
			inv, a, err := x.s.SystemRenew(ctx, " "+login, code, kita.ResetLife)
			x.must(err)
			if a.ID != *x.luna.AccountID || !inv.ExpiresAt.Equal(x.clock.Now().Add(kita.ResetLife)) {
				t.Errorf("%+v %+v", inv, a)
			}
		}
		_, err = x.s.SystemOffer(ctx, first)
		x.wantErr(err, store.ErrCode)
		// An invitation of the kita does not end it, nor the other way round.
		kitas := x.invited(x.mum.ID)
		x.clock.Advance(kita.ResetLife - time.Second)
		o, err := x.s.SystemOffer(ctx, second)
		x.must(err)
		if o.Role != "" || *o.OwnerID != *x.luna.AccountID {
			t.Errorf("the code offers %+v", o)
		}
		x.clock.Advance(time.Second)
		_, err = x.s.SystemOffer(ctx, second)
		x.wantErr(err, store.ErrCode)
		_, err = x.s.SystemOffer(ctx, kitas)
		x.must(err)
	})
}
