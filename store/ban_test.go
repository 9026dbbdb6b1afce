package store_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func (x *village) ban(g *storetest.GuardianB, c *storetest.ChildB) store.BanSeen {
	x.Helper()
	b, _, err := x.s.CreateBan(context.Background(), x.of(x.lead), kita.ContactBan{ID: kita.NewID(), GuardianID: g.ID, ChildID: c.ID, Reason: "Beschluss"})
	x.must(err)
	return b
}

func TestBannedGuardianReceivesNothingFromThatSecondOn(t *testing.T) {
	onEachVillage(t, func(x *village) {
		again := x.k.GuardianOf(x.dad.AccountID, "Dad again").Of(x.mia).Of(x.ali)
		x.Device(*x.dad.AccountID, "https://push.example/dad", "p", "a")
		x.Live()
		ctx := context.Background()
		aboutMia, aboutBoth, toAll := x.tell(x.mia), x.tell(x.mia, x.ali), x.tell()
		dad := x.parent(x.dad)
		x.reads(dad, aboutMia, aboutBoth, toAll)
		today := x.Today
		_, err := x.s.ReportAbsence(ctx, dad, kita.Absence{ID: kita.NewID(), ChildID: x.mia.ID, From: today.Add(1), To: today.Add(1), Reason: kita.AbsenceOther})
		x.must(err)
		before, err := x.s.SystemClaimDeliveries(ctx, "push", 100, nil)
		x.must(err)

		x.ban(x.dad, x.mia)

		x.reads(dad, aboutBoth, toAll)
		p, err := x.s.Inbox(ctx, dad, store.NoticeFilter{})
		x.must(err)
		for _, r := range p.Items {
			if slices.Contains(r.Children, x.mia.ID) {
				t.Errorf("a notice still says that it is about Mia")
			}
		}
		absences, err := x.s.Absences(ctx, dad, store.AbsenceFilter{From: today, To: today.Add(3)}, store.PageRequest{})
		x.must(err)
		if len(absences.Items) != 0 {
			t.Errorf("he sees the absence that he reported himself")
		}
		sent := map[kita.ID]bool{}
		for _, d := range before {
			if d.AccountID == nil || *d.AccountID != *x.dad.AccountID {
				continue
			}
			outcomes, err := x.s.SystemStillWanted(ctx, []store.Delivery{d})
			x.must(err)
			sent[*d.NoticeID] = outcomes[d.ID] == ""
		}
		if sent[aboutMia] || !sent[aboutBoth] || !sent[toAll] || len(sent) != 3 {
			t.Errorf("of what was on its way, still sent is %v", sent)
		}
		if got := x.toldOf(aboutMia); !slices.Equal(got, []string{"Mum"}) {
			t.Errorf("the ledger of what is about Mia holds %v", got)
		}
		if got := x.toldOf(aboutBoth); !slices.Equal(got, []string{"Dad", "Mum", "Mum"}) {
			t.Errorf("the ledger of what is about both holds %v", got)
		}
		next := x.tell(x.mia)
		x.reads(dad, aboutBoth, toAll)
		x.reads(x.parent(x.mum), aboutMia, aboutBoth, toAll, next)
		x.ban(again, x.ali)
		x.reads(dad)
		if kids, err := x.s.Children(ctx, dad, store.ChildFilter{}, store.PageRequest{}); err != nil || len(kids.Items) != 0 {
			t.Errorf("he sees %d children, %v", len(kids.Items), err)
		}
	})
}

func TestBanOnRecordWithoutAccountHoldsOnceThereIsOne(t *testing.T) {
	onEachVillage(t, func(x *village) {
		uncle := x.k.GuardianOf(nil, "Uncle").Of(x.mia).Of(x.ali)
		x.Live()
		ctx := context.Background()
		aboutMia, aboutAli := x.tell(x.mia), x.tell(x.ali)
		if got := x.toldOf(aboutMia); !slices.Equal(got, []string{"Dad", "Mum", "Uncle"}) {
			t.Errorf("told were %v", got)
		}
		x.ban(uncle, x.mia)
		invited, err := x.s.Invite(ctx, x.of(x.lead), kita.Invitees{KitaID: x.k.ID, GuardianIDs: []kita.ID{uncle.ID}}, codes())
		x.must(err)
		who, err := x.s.AcceptInvitation(ctx, kita.Viewer{}, newcomer(invited[0].Code, "uncle@home.example"))
		x.must(err)
		x.reads(who, aboutAli)
		if got := x.toldOf(aboutMia); !slices.Equal(got, []string{"Dad", "Mum"}) {
			t.Errorf("still told are %v", got)
		}
	})
}

func TestBanHoldsForASecondRecordThatTheAccountGetsLater(t *testing.T) {
	onEachVillage(t, func(x *village) {
		second := x.k.GuardianOf(nil, "Stepdad").Of(x.mia).Of(x.ali)
		x.dad.BannedFrom(x.mia)
		x.Live()
		aboutMia, aboutBoth := x.tell(x.mia), x.tell(x.mia, x.ali)
		if got := x.toldOf(aboutMia); !slices.Equal(got, []string{"Mum", "Stepdad"}) {
			t.Errorf("told were %v", got)
		}
		v, err := x.s.AcceptInvitation(context.Background(), x.parent(x.dad), store.Acceptance{Code: x.invited(second.ID)})
		x.must(err)
		x.reads(v, aboutBoth)
		if got := x.toldOf(aboutMia); !slices.Equal(got, []string{"Mum"}) {
			t.Errorf("still told are %v", got)
		}
	})
}

// toldOf is who stands in a notice's ledger, once for each child it is about.
func (x *village) toldOf(notice kita.ID) []string {
	x.Helper()
	p, err := x.s.Recipients(context.Background(), x.of(x.deputy), notice, store.RecipientFilter{})
	x.must(err)
	var names []string
	for _, r := range p.Items {
		for range r.Children {
			names = append(names, strings.Fields(r.Name)[0])
		}
	}
	slices.Sort(names)
	return names
}

func TestBanHoldsForSomebodyWhoWorksInTheHouse(t *testing.T) {
	onEachVillage(t, func(x *village) {
		// Edda is an educator of the bears, and Mia's aunt.
		aunt := x.k.GuardianOf(x.edda.AccountID, "Aunt").Of(x.mia)
		x.Device(*x.edda.AccountID, "https://push.example/edda", "p", "a")
		x.Live()
		ctx := context.Background()
		edda := x.of(x.edda)
		absence := kita.Absence{ID: kita.NewID(), ChildID: x.mia.ID, From: x.Today.Add(1), To: x.Today.Add(1), Reason: kita.AbsenceSick}
		_, err := x.s.ReportAbsence(ctx, x.parent(x.mum), absence)
		x.must(err)
		queue, err := x.s.SystemQueue(ctx)
		x.must(err)
		x.ban(aunt, x.mia)
		after, err := x.s.SystemQueue(ctx)
		x.must(err)
		if queue.Pushes != 1 || after.Pushes != 0 {
			t.Errorf("queued %d, after the ban %d", queue.Pushes, after.Pushes)
		}
		if kids, err := x.s.Children(ctx, edda, store.ChildFilter{}, store.PageRequest{}); err != nil || len(kids.Items) != 0 {
			t.Errorf("she sees %d children, %v", len(kids.Items), err)
		}
		if got := firstNames(x.guardians(edda, store.PeopleFilter{})); !slices.Equal(got, []string{"Aunt"}) {
			t.Errorf("she sees %v", got)
		}
		bans, err := x.s.Bans(ctx, edda, x.k.ID, store.PageRequest{})
		x.must(err)
		if len(bans.Items) != 0 {
			t.Errorf("she reads her own ban: %+v", bans.Items)
		}
	})
}

func TestBansAreSeenByWhoHasToKnow(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		ofMia, ofBen := x.ban(x.dad, x.mia), x.ban(x.mum, x.ben)
		_, err := x.s.LiftBan(ctx, x.of(x.lead), ofBen.ID)
		x.must(err)
		for _, c := range []struct {
			name                string
			v                   kita.Viewer
			sees                []kita.ID
			names, reason, lift bool
		}{
			{"leader", x.of(x.deputy), []kita.ID{ofBen.ID, ofMia.ID}, true, true, true},
			{"educator of the bears", x.of(x.edda), []kita.ID{ofMia.ID}, true, false, false},
			{"educator of the owls", x.of(x.otto), []kita.ID{ofBen.ID}, true, false, true},
			{"operator", x.Viewer(x.operator.ID), []kita.ID{ofBen.ID, ofMia.ID}, false, false, true},
		} {
			p, err := x.s.Bans(ctx, c.v, x.k.ID, store.PageRequest{})
			x.must(err)
			var got []kita.ID
			lift := false
			for _, b := range p.Items {
				got = append(got, b.ID)
				if (b.Guardian != "") != c.names || (b.Child != "") != c.names || (b.GuardianID != "") != c.names || (b.ChildID != "") != c.names ||
					(b.Reason != "") != c.reason || (b.EnteredByName != "") != c.reason || (b.EnteredBy != "") != c.reason || b.EnteredAt.IsZero() {
					t.Errorf("%s sees %+v", c.name, b)
				}
				lift = lift || b.LiftRequestedAt != nil
			}
			slices.Sort(got)
			slices.Sort(c.sees)
			if !slices.Equal(got, c.sees) || lift != c.lift {
				t.Errorf("%s sees %v (%v), want %v", c.name, got, lift, c.sees)
			}
		}
		for _, v := range []kita.Viewer{x.of(x.luna), x.parent(x.mum), x.Viewer(x.speaker.ID), {}} {
			_, err := x.s.Bans(ctx, v, x.k.ID, store.PageRequest{})
			x.wantErr(err, kita.ErrNotFound)
		}
	})
}

func TestBanEndsWithTwoLeadersOrTheOperator(t *testing.T) {
	onEachVillage(t, func(x *village) {
		// Lea is an aunt of Mia: she can neither see nor lift what keeps her from Mia.
		aunt := x.k.GuardianOf(x.lead.AccountID, "Lea").Of(x.mia)
		uncle := x.k.GuardianOf(&x.operator.ID, "Uncle").Of(x.mia)
		x.Live()
		ctx := context.Background()
		lead, deputy, operator := x.of(x.lead), x.of(x.deputy), x.Viewer(x.operator.ID)
		lift := func(v kita.Viewer, id kita.ID) (store.BanSeen, error) { return x.s.LiftBan(ctx, v, id) }
		first := x.ban(x.dad, x.mia)
		for _, v := range []kita.Viewer{x.of(x.edda), x.of(x.luna), x.parent(x.dad), x.parent(x.mum), x.Viewer(x.speaker.ID), {}} {
			_, err := lift(v, first.ID)
			x.wantErr(err, kita.ErrNotFound)
		}
		b, err := lift(lead, first.ID)
		x.must(err)
		if b.LiftRequestedBy == nil || b.LiftedAt != nil {
			t.Errorf("after one leader: %+v", b)
		}
		x.reads(x.parent(x.dad))
		_, err = lift(lead, first.ID)
		x.wantErr(err, kita.Refused("ban.needs_second_leader"))
		b, err = lift(deputy, first.ID)
		x.must(err)
		if b.LiftedAt == nil || *b.LiftedBy != *x.deputy.AccountID {
			t.Errorf("after two leaders: %+v", b)
		}
		_, err = lift(deputy, first.ID)
		x.wantErr(err, kita.Refused("ban.lifted_already"))
		x.reads(x.parent(x.dad), x.tell(x.mia))

		second := x.ban(x.dad, x.mia)
		b, err = lift(operator, second.ID)
		x.must(err)
		if b.LiftedAt == nil || b.Guardian != "" || b.Reason != "" {
			t.Errorf("by the operator: %+v", b)
		}

		_, err = lift(operator, x.ban(uncle, x.mia).ID)
		x.wantErr(err, kita.ErrNotFound)
		if p, err := x.s.Bans(ctx, operator, x.k.ID, store.PageRequest{}); err != nil || len(p.Items) != 2 {
			t.Errorf("the operator sees %d bans, and should see all but their own (%v)", len(p.Items), err)
		}

		own, _, err := x.s.CreateBan(ctx, deputy, kita.ContactBan{ID: kita.NewID(), GuardianID: aunt.ID, ChildID: x.mia.ID, Reason: "Beschluss"})
		x.must(err)
		_, err = lift(lead, own.ID)
		x.wantErr(err, kita.ErrNotFound)
		if _, err = lift(deputy, own.ID); err != nil {
			t.Error(err)
		}
		_, err = lift(lead, own.ID)
		x.wantErr(err, kita.ErrNotFound)
	})
}

func TestBanIsEnteredByALeaderForPeopleOfTheirKita(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		ban := kita.ContactBan{ID: kita.NewID(), GuardianID: x.fresh.ID, ChildID: x.mia.ID, Reason: "Beschluss"}
		for _, v := range []kita.Viewer{x.of(x.edda), x.of(x.luna), x.parent(x.mum), x.Viewer(x.operator.ID), x.Viewer(x.speaker.ID), {}} {
			_, _, err := x.s.CreateBan(ctx, v, ban)
			x.wantErr(err, kita.Invalid("child_id", "id.unknown"))
		}
		for _, c := range []struct {
			b    kita.ContactBan
			want *kita.Error
		}{
			{kita.ContactBan{GuardianID: x.neighbor.ID, ChildID: x.mia.ID, Reason: "xxx"}, kita.Invalid("guardian_id", "id.unknown")},
			{kita.ContactBan{GuardianID: x.dad.ID, ChildID: x.stranger.ID, Reason: "xxx"}, kita.Invalid("child_id", "id.unknown")},
			{kita.ContactBan{GuardianID: x.dad.ID, ChildID: kita.NewID(), Reason: "xxx"}, kita.Invalid("child_id", "id.unknown")},
			{kita.ContactBan{GuardianID: x.dad.ID, ChildID: x.mia.ID, Reason: " "}, kita.Invalid("reason", "text.required")},
		} {
			c.b.ID = kita.NewID()
			_, _, err := x.s.CreateBan(ctx, x.of(x.lead), c.b)
			x.wantErr(err, c.want)
		}
		for i, again := range []bool{false, true} {
			b, was, err := x.s.CreateBan(ctx, x.of(x.lead), ban)
			if err != nil || was != again || b.Child != "Mia Muster" || b.EnteredByName != "Lea Team" || b.Reason != "Beschluss" {
				t.Fatalf("try %d: %v %v %+v", i, err, was, b)
			}
		}
		other := ban
		other.ID = kita.NewID()
		_, _, err := x.s.CreateBan(ctx, x.of(x.lead), other)
		x.wantErr(err, kita.Refused("ban.active"))
		ban.Reason = "Anderer"
		_, _, err = x.s.CreateBan(ctx, x.of(x.lead), ban)
		if !errors.Is(err, kita.Conflict("id", "id.taken")) {
			t.Errorf("other content under the same id: %v", err)
		}
	})
}
