package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// village is a kita with two leaders and two educators: Mia (bears) and Ali (owls) are siblings with Mum and Dad, Ben
// (owls) is Nina's. New is a guardian without child and account. Another kita is next door.
type village struct {
	*testing.T
	*storetest.World
	s                               *store.Store
	clock                           *storetest.Clock
	operator, speaker               kita.Account
	provider                        kita.Provider
	k, next                         *storetest.KitaB
	bears, owls                     *storetest.GroupB
	mia, ali, ben, stranger         *storetest.ChildB
	mum, dad, nina, fresh, neighbor *storetest.GuardianB
	lead, deputy, edda, otto, luna  *storetest.StaffB
}

func onEachVillage(t *testing.T, f func(x *village)) {
	t.Helper()
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		x := &village{T: t, World: storetest.NewWorld(t, s), s: s, clock: clock}
		x.operator = x.Operator("Olga")
		x.provider, x.speaker = x.Provider("Träger")
		x.k, x.next = x.KitaOf(x.provider, "Sonnenschein"), x.Kita("Nebenan")
		x.bears, x.owls = x.k.Group("Bären"), x.k.Group("Eulen")
		x.mia, x.ali, x.ben = x.bears.Child("Mia"), x.owls.Child("Ali"), x.owls.Child("Ben")
		x.stranger = x.next.Group("Mäuse").Child("Tom")
		x.mum, x.dad, x.nina = x.mia.Guardian("Mum").Of(x.ali), x.mia.Guardian("Dad").Of(x.ali), x.ben.Guardian("Nina")
		x.fresh, x.neighbor = x.k.GuardianOf(nil, "New"), x.stranger.Guardian("Tina")
		x.lead, x.deputy = x.k.Leader("Lea"), x.k.Leader("Ludo")
		x.edda, x.otto, x.luna = x.k.Educator("Edda", x.bears), x.k.Educator("Otto", x.owls), x.next.Leader("Luna")
		for i := range x.Rows().Guardians {
			x.Rows().Guardians[i].Address = "Gasse 1"
		}
		f(x)
	})
}

func (x *village) of(p *storetest.StaffB) kita.Viewer        { return x.Viewer(*p.AccountID) }
func (x *village) parent(g *storetest.GuardianB) kita.Viewer { return x.Viewer(*g.AccountID) }

func (x *village) guardians(v kita.Viewer, f store.PeopleFilter) []store.GuardianSeen {
	x.Helper()
	if f.KitaID == "" {
		f.KitaID = x.k.ID
	}
	p, err := x.s.Guardians(context.Background(), v, f)
	if err != nil {
		x.Fatal(err)
	}
	return p.Items
}

func firstNames(rows []store.GuardianSeen) []string {
	names := make([]string, len(rows))
	for i, g := range rows {
		names[i] = g.FirstName
	}
	return names
}

func (x *village) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

func (x *village) wantErr(err, want error) {
	x.Helper()
	var many kita.Errors
	if errors.As(err, &many) && slices.ContainsFunc(many, func(e *kita.Error) bool { return errors.Is(e, want) }) {
		return
	}
	if !errors.Is(err, want) {
		x.Fatalf("answered %v, want %v", err, want)
	}
}

func TestGuardiansAreSeenByThoseTheyHaveToDoWith(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		for _, c := range []struct {
			name                     string
			v                        kita.Viewer
			sees                     []string
			as                       store.SeenAs
			phone, address, signedIn bool
		}{
			{"leader", x.of(x.lead), []string{"Dad", "Mum", "New", "Nina"}, store.AsLeader, true, true, true},
			{"educator of the bears", x.of(x.edda), []string{"Dad", "Mum"}, store.AsEducator, true, false, false},
			{"educator of the owls", x.of(x.otto), []string{"Dad", "Mum", "Nina"}, store.AsEducator, true, false, false},
			{"guardian", x.parent(x.mum), []string{"Mum"}, store.AsSelf, true, true, false},
			{"leader next door", x.of(x.luna), nil, "", false, false, false},
			{"provider", x.Viewer(x.speaker.ID), nil, "", false, false, false},
			{"operator", x.Viewer(x.operator.ID), nil, "", false, false, false},
			{"stranger", kita.Viewer{}, nil, "", false, false, false},
		} {
			rows := x.guardians(c.v, store.PeopleFilter{})
			if got := firstNames(rows); !slices.Equal(got, c.sees) && len(got)+len(c.sees) > 0 {
				t.Errorf("%s sees %v, want %v", c.name, got, c.sees)
			}
			for _, g := range rows {
				if g.As != c.as || (g.Phone != "") != c.phone || (g.Address != "") != c.address || g.SignedIn != (c.signedIn && g.FirstName != "New") {
					t.Errorf("%s sees %+v", c.name, g)
				}
			}
			for _, g := range []*storetest.GuardianB{x.mum, x.dad, x.nina, x.fresh, x.neighbor} {
				_, err := x.s.Guardian(context.Background(), c.v, g.ID)
				want := slices.Contains(c.sees, g.FirstName) || c.v.HasIn(x.next.ID, kita.RoleLeader) && g == x.neighbor
				if (err == nil) != want || err != nil && !errors.Is(err, kita.ErrNotFound) {
					t.Errorf("%s asks for %s: %v", c.name, g.FirstName, err)
				}
			}
		}
	})
}

func TestChildrenOfAGuardianAreThoseTheViewerReaches(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.dad.BannedFrom(x.mia)
		x.Live()
		ties := func(v kita.Viewer, g *storetest.GuardianB) map[kita.ID]store.TieSeen {
			seen, err := x.s.Guardian(context.Background(), v, g.ID)
			x.must(err)
			byChild := map[kita.ID]store.TieSeen{}
			for _, c := range seen.Children {
				byChild[c.ChildID] = c
			}
			return byChild
		}
		asLeader, asEducator, asSelf := ties(x.of(x.lead), x.dad), ties(x.of(x.edda), x.dad), ties(x.parent(x.dad), x.dad)
		if len(asLeader) != 2 || !asLeader[x.mia.ID].Banned || asLeader[x.ali.ID].Banned || !asLeader[x.mia.ID].MayPickUp {
			t.Errorf("the leader sees %+v", asLeader)
		}
		if len(asEducator) != 1 || !asEducator[x.mia.ID].Banned || asEducator[x.mia.ID].MayPickUp {
			t.Errorf("the educator sees %+v: he may not pick Mia up", asEducator)
		}
		if len(asSelf) != 1 || asSelf[x.ali.ID].Relation != "parent" {
			t.Errorf("the banned father sees %+v", asSelf)
		}
	})
}

func TestOneParentsNumberIsNotShownToTheOtherWhoWorksInTheHouse(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.k.GuardianOf(x.edda.AccountID, "Edda").Of(x.mia)
		x.Live()
		for _, g := range x.guardians(x.of(x.edda), store.PeopleFilter{}) {
			if g.FirstName != "Edda" && (g.As != store.AsEducator || g.Phone != "") || g.FirstName == "Edda" && g.As != store.AsSelf {
				t.Errorf("the educator who is a mother sees %+v", g)
			}
		}
	})
}

func TestWhoIsBannedLearnsNowhereWhereTheFamilyIsFound(t *testing.T) {
	onEachVillage(t, func(x *village) {
		// Lea leads, Otto educates the owls; both are uncles whom a court keeps from a child.
		x.k.GuardianOf(x.lead.AccountID, "Uncle Lea").Of(x.ali).BannedFrom(x.ali)
		x.k.GuardianOf(x.otto.AccountID, "Uncle Otto").BannedFrom(x.mia)
		x.k.GuardianOf(x.deputy.AccountID, "Uncle Ludo").Of(x.ben).BannedFrom(x.ben)
		x.Live()
		ctx := context.Background()
		seen := func(v kita.Viewer) map[string]store.GuardianSeen {
			byName := map[string]store.GuardianSeen{}
			for _, g := range x.guardians(v, store.PeopleFilter{}) {
				byName[g.FirstName] = g
			}
			return byName
		}
		lead, otto, deputy := seen(x.of(x.lead)), seen(x.of(x.otto)), seen(x.of(x.deputy))
		if g := lead["Mum"]; g.As != store.AsBarred || g.Phone+g.Email+g.Address+g.Language != "" || g.SignedIn || len(g.Children) != 1 || g.Children[0].ChildID != x.mia.ID {
			t.Errorf("the leader who is banned from Ali sees of his mother %+v", g)
		}
		if g := lead["Uncle Lea"]; g.As != store.AsSelf || g.Phone == "" || len(g.Children) != 0 {
			t.Errorf("and of herself %+v", g)
		}
		if g := otto["Mum"]; g.As != store.AsEducator || g.Phone != "" || len(g.Children) != 1 || g.Children[0].ChildID != x.ali.ID {
			t.Errorf("the educator who is banned from Mia sees of her mother %+v", g)
		}
		if _, sees := deputy["Nina"]; sees || deputy["Mum"].Phone == "" {
			t.Errorf("the leader who is banned from Ben sees %+v", deputy)
		}
		_, err := x.s.Guardian(ctx, x.of(x.deputy), x.nina.ID)
		x.wantErr(err, kita.ErrNotFound)
		_, err = x.s.Tie(ctx, x.of(x.deputy), kita.Tie{GuardianID: x.fresh.ID, ChildID: x.ben.ID, Relation: "other"})
		x.wantErr(err, kita.ErrNotFound)
		_, err = x.s.Tie(ctx, x.of(x.lead), kita.Tie{GuardianID: x.mum.ID, ChildID: x.ben.ID, Relation: "other"})
		x.wantErr(err, kita.ErrNotFound)
		_, err = x.s.ChangeGuardian(ctx, x.of(x.lead), x.mum.ID, func(g *kita.Guardian) { g.FirstName = "X" })
		x.wantErr(err, kita.ErrNotFound)
		_, err = x.s.ArchiveGuardian(ctx, x.of(x.lead), x.mum.ID, true)
		x.wantErr(err, kita.ErrNotFound)
		g, err := x.s.Guardian(ctx, x.parent(x.mum), x.mum.ID)
		x.must(err)
		if g.FirstName != "Mum" || g.Address != "Gasse 1" {
			t.Errorf("mum is %+v", g.Guardian)
		}
	})
}

func TestGuardiansAreFoundByNameAndPaged(t *testing.T) {
	onEachVillage(t, func(x *village) {
		for i, last := range []string{"Özdemir", "Zander", "Straße", "Шевченко", "100%"} {
			g := x.k.GuardianOf(nil, "P")
			x.Rows().Guardians[len(x.Rows().Guardians)-1].LastName = last
			if i == 1 {
				x.Rows().Guardians[len(x.Rows().Guardians)-1].ArchivedAt = &g.CreatedAt
			}
		}
		x.Live()
		v := x.of(x.lead)
		for query, want := range map[string]int{"özdemir": 1, "ÖZDEMIR": 1, "p ÖZ": 1, "muster": 4, "шев": 1, "%": 1, "_": 0, "zander": 0, "mum x": 0, "  ": 8} {
			if got := x.guardians(v, store.PeopleFilter{Query: query}); len(got) != want {
				t.Errorf("%q finds %v", query, firstNames(got))
			}
		}
		if got := x.guardians(v, store.PeopleFilter{Query: "zander", Archived: true}); len(got) != 1 || got[0].ArchivedAt == nil {
			t.Errorf("the archived one is %v", got)
		}
		all := x.guardians(v, store.PeopleFilter{})
		var paged []store.GuardianSeen
		for after := ""; ; {
			p, err := x.s.Guardians(context.Background(), v, store.PeopleFilter{KitaID: x.k.ID, PageRequest: store.PageRequest{Limit: 3, After: after}})
			x.must(err)
			paged = append(paged, p.Items...)
			if after = p.Next; after == "" {
				break
			}
		}
		if !slices.EqualFunc(all, paged, func(a, b store.GuardianSeen) bool { return a.ID == b.ID }) {
			t.Errorf("in pages: %v, at once: %v", firstNames(paged), firstNames(all))
		}
		for _, f := range []store.PeopleFilter{{Query: "\xff"}, {Query: "a\x00"}, {PageRequest: store.PageRequest{After: "_w"}}, {PageRequest: store.PageRequest{After: "//8A_wD_"}}} {
			f.KitaID = x.k.ID
			if _, err := x.s.Guardians(context.Background(), v, f); err == nil {
				t.Errorf("%+v is answered", f)
			}
		}
	})
}

func TestGuardianKeepsTheirOwnContactButNotTheirName(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		change := func(v kita.Viewer, g *storetest.GuardianB, f func(*kita.Guardian)) (store.GuardianSeen, error) {
			return x.s.ChangeGuardian(ctx, v, g.ID, f)
		}
		move := func(g *kita.Guardian) {
			g.Phone, g.Email, g.Address, g.Language = "0170 1", "a@b.example", "Neu 2", "tr"
		}
		_, err := change(x.parent(x.mum), x.mum, func(g *kita.Guardian) { g.Phone = "0170 123"; g.Language = "tr" })
		x.must(err)
		_, err = change(x.parent(x.mum), x.mum, func(g *kita.Guardian) { g.FirstName = "Max" })
		x.wantErr(err, kita.Invalid("first_name", "guardian.leader_only"))
		_, err = change(x.parent(x.mum), x.mum, func(g *kita.Guardian) { g.Email = "no" })
		x.wantErr(err, kita.Invalid("email", "email.malformed"))
		for _, v := range []kita.Viewer{x.parent(x.dad), x.of(x.edda), x.of(x.luna), x.Viewer(x.operator.ID), x.Viewer(x.speaker.ID), {}} {
			_, err = change(v, x.mum, move)
			x.wantErr(err, kita.ErrNotFound)
		}
		g, err := x.s.Guardian(ctx, x.of(x.lead), x.mum.ID)
		x.must(err)
		if g.Phone != "0170 123" || g.Language != "tr" || g.FirstName != "Mum" || g.Address != "Gasse 1" {
			t.Errorf("mum is %+v", g.Guardian)
		}
		g, err = change(x.of(x.lead), x.mum, func(g *kita.Guardian) { g.FirstName = "Ayşe" })
		x.must(err)
		if g.FirstName != "Ayşe" || len(g.Children) != 2 {
			t.Errorf("the leader renamed her to %+v", g)
		}
	})
}

func TestArchivedGuardianIsSignedOutAtOnceUnlessTheyAreMore(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.k.GuardianOf(x.luna.AccountID, "Luna").Of(x.ben)
		both := x.Rows().Guardians[len(x.Rows().Guardians)-1].ID
		x.Device(*x.mum.AccountID, "https://push.example/mum", "p", "a")
		x.Live()
		ctx := context.Background()
		token, luna := x.SignIn(*x.mum.AccountID), x.SignIn(*x.luna.AccountID)
		_, err := x.s.CreateToken(ctx, x.parent(x.mum), kita.Token{ID: kita.NewID(), Name: "P", Scopes: "people:read", ExpiresAt: kita.At(x.clock.Now().AddDate(0, 1, 0))}, "secret")
		x.must(err)
		for _, v := range []kita.Viewer{x.of(x.edda), x.parent(x.mum), x.of(x.luna), x.Viewer(x.operator.ID)} {
			_, err := x.s.ArchiveGuardian(ctx, v, x.mum.ID, true)
			x.wantErr(err, kita.ErrNotFound)
		}
		mum := x.parent(x.mum)
		for _, id := range []kita.ID{x.mum.ID, both} {
			_, err := x.s.ArchiveGuardian(ctx, x.of(x.lead), id, true)
			x.must(err)
		}
		_, err = x.s.SessionViewer(ctx, token)
		x.wantErr(err, kita.ErrUnauthenticated)
		_, err = x.s.TokenViewer(ctx, "secret")
		x.wantErr(err, kita.ErrUnauthenticated)
		if devices, err := x.s.Subscriptions(ctx, mum); err != nil || len(devices) != 0 {
			t.Errorf("her devices are %v %v", devices, err)
		}
		if _, err := x.s.SessionViewer(ctx, luna); err != nil {
			t.Errorf("who leads another kita was signed out: %v", err)
		}
		if got := x.guardians(mum, store.PeopleFilter{}); len(got) != 0 {
			t.Errorf("an archived guardian sees %v", firstNames(got))
		}
		g, err := x.s.ArchiveGuardian(ctx, x.of(x.lead), x.mum.ID, false)
		x.must(err)
		if g.ArchivedAt != nil || len(x.guardians(mum, store.PeopleFilter{})) != 1 {
			t.Errorf("taken out again she is %+v", g)
		}
	})
}

func TestTieIsMadeChangedAndTakenAwayWithinOneKita(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.Live()
		ctx := context.Background()
		tie := kita.Tie{GuardianID: x.fresh.ID, ChildID: x.ben.ID, Relation: "grandparent", MayPickUp: true}
		g, err := x.s.Tie(ctx, x.of(x.lead), tie)
		x.must(err)
		if len(g.Children) != 1 || g.Children[0].Relation != "grandparent" || g.Children[0].Custody || g.Children[0].ReceivesNotices {
			t.Errorf("tied: %+v", g.Children)
		}
		tie.Relation, tie.MayPickUp, tie.Custody = "foster", false, true
		g, err = x.s.Tie(ctx, x.of(x.lead), tie)
		x.must(err)
		if c := g.Children[0]; len(g.Children) != 1 || c.Relation != "foster" || c.MayPickUp || !c.Custody {
			t.Errorf("changed: %+v", g.Children)
		}
		tie.Relation = "boss"
		_, err = x.s.Tie(ctx, x.of(x.lead), tie)
		x.wantErr(err, kita.Invalid("relation", "guardian.relation"))
		tie.Relation = "other"
		for _, c := range []struct {
			v               kita.Viewer
			guardian, child kita.ID
		}{
			{x.of(x.edda), x.fresh.ID, x.mia.ID}, {x.parent(x.mum), x.fresh.ID, x.mia.ID}, {x.of(x.luna), x.fresh.ID, x.mia.ID},
			{x.Viewer(x.operator.ID), x.fresh.ID, x.mia.ID}, {x.of(x.lead), x.neighbor.ID, x.mia.ID}, {x.of(x.lead), x.fresh.ID, x.stranger.ID},
			{x.of(x.lead), kita.NewID(), x.mia.ID}, {x.of(x.lead), x.fresh.ID, kita.NewID()}, {kita.Viewer{}, x.fresh.ID, x.mia.ID},
		} {
			tie.GuardianID, tie.ChildID = c.guardian, c.child
			_, err := x.s.Tie(ctx, c.v, tie)
			x.wantErr(err, kita.ErrNotFound)
			x.wantErr(x.s.Untie(ctx, c.v, c.guardian, c.child), kita.ErrNotFound)
		}
		x.must(x.s.Untie(ctx, x.of(x.lead), x.fresh.ID, x.ben.ID))
		x.wantErr(x.s.Untie(ctx, x.of(x.lead), x.fresh.ID, x.ben.ID), kita.ErrNotFound)
	})
}

func TestWhoIsUntiedKeepsNothingOfTheChild(t *testing.T) {
	onEachVillage(t, func(x *village) {
		second := x.k.GuardianOf(x.dad.AccountID, "Dad again").Of(x.ali)
		x.Live()
		ctx := context.Background()
		aboutMia, aboutBoth := x.tell(x.mia), x.tell(x.mia, x.ali)
		dad := x.parent(x.dad)
		x.must(x.s.Untie(ctx, x.of(x.lead), x.dad.ID, x.mia.ID))
		x.reads(dad, aboutBoth)
		x.reads(x.parent(x.mum), aboutBoth, aboutMia)
		x.must(x.s.Untie(ctx, x.of(x.lead), x.dad.ID, x.ali.ID))
		x.reads(dad, aboutBoth) // his other record is tied to Ali still
		x.must(x.s.Untie(ctx, x.of(x.lead), second.ID, x.ali.ID))
		x.reads(dad)
	})
}

// tell publishes a notice about children.
func (x *village) tell(children ...*storetest.ChildB) kita.ID {
	x.Helper()
	n := kita.Notice{ID: kita.NewID(), KitaID: x.k.ID, Kind: kita.NoticeNews, Title: "T", Body: "B", Language: "de", AudienceKind: kita.AudienceChildren}
	for _, c := range children {
		n.Targets = append(n.Targets, c.ID)
	}
	if len(children) == 0 {
		n.AudienceKind = kita.AudienceKita
	}
	_, _, err := x.s.CreateNotice(context.Background(), x.of(x.deputy), n)
	x.must(err)
	return n.ID
}

// reads ends the test unless exactly these notices are addressed to the viewer.
func (x *village) reads(v kita.Viewer, want ...kita.ID) {
	x.Helper()
	p, err := x.s.Inbox(context.Background(), v, store.NoticeFilter{})
	x.must(err)
	var got []kita.ID
	for _, r := range p.Items {
		got = append(got, r.Notice.ID)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		x.Fatalf("reads %v, want %v", got, want)
	}
}
