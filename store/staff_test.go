package store_test

import (
	"context"
	"slices"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
)

func TestTeamIsSeenByWhoHasToDoWithIt(t *testing.T) {
	onEachVillage(t, func(x *village) {
		gone := x.k.Educator("Gone", x.bears)
		at := gone.CreatedAt
		x.Rows().Staff[len(x.Rows().Staff)-1].ArchivedAt = &at
		x.dad.BannedFrom(x.mia)
		for i := range x.Rows().Staff {
			x.Rows().Staff[i].Phone, x.Rows().Staff[i].Email = "030 4711", "team@kita.example"
		}
		x.Live()
		for _, c := range []struct {
			name string
			v    kita.Viewer
			sees []string
			as   store.SeenAs
		}{
			{"leader", x.of(x.lead), []string{"Edda", "Lea", "Ludo", "Otto"}, store.AsManager},
			{"provider", x.Viewer(x.speaker.ID), []string{"Edda", "Lea", "Ludo", "Otto"}, store.AsManager},
			{"operator", x.Viewer(x.operator.ID), []string{"Edda", "Lea", "Ludo", "Otto"}, store.AsManager},
			{"educator", x.of(x.edda), []string{"Edda", "Lea", "Ludo", "Otto"}, store.AsColleague},
			{"guardian of Mia and Ali", x.parent(x.mum), []string{"Edda", "Otto"}, store.AsGuardian},
			{"banned from Mia", x.parent(x.dad), []string{"Otto"}, store.AsGuardian},
			{"guardian of Ben", x.parent(x.nina), []string{"Otto"}, store.AsGuardian},
			{"leader next door", x.of(x.luna), nil, ""},
			{"stranger", kita.Viewer{}, nil, ""},
		} {
			p, err := x.s.Staff(context.Background(), c.v, store.PeopleFilter{KitaID: x.k.ID})
			x.must(err)
			var got []string
			for _, s := range p.Items {
				got = append(got, s.FirstName)
				full := c.as == store.AsManager
				if s.As != c.as || (s.Phone != "") != full || (s.Email != "") != full || s.SignedIn != full || (s.AccountID != nil) != full ||
					(len(s.GroupIDs) > 0) != (full && s.Role == kita.RoleEducator) {
					t.Errorf("%s sees %+v", c.name, s)
				}
			}
			if !slices.Equal(got, c.sees) {
				t.Errorf("%s sees %v, want %v", c.name, got, c.sees)
			}
		}
		for v, n := range map[*kita.Viewer]int{ptr(x.of(x.lead)): 5, ptr(x.of(x.edda)): 4, ptr(x.parent(x.mum)): 2} {
			p, err := x.s.Staff(context.Background(), *v, store.PeopleFilter{KitaID: x.k.ID, Archived: true})
			x.must(err)
			if len(p.Items) != n {
				t.Errorf("%s sees %d with the archived", v.Name(), len(p.Items))
			}
		}
	})
}

func ptr[T any](v T) *T { return &v }

func TestGuardiansSeeTheEducatorsOfTodaysGroupOnly(t *testing.T) {
	onEachVillage(t, func(x *village) {
		zoe := x.bears.Child("Zoe")
		rows := x.Rows().Placements
		rows[len(rows)-1].To = x.Today.Add(-1)
		zoe.In(x.owls, x.Today, kita.LastDay)
		mum := zoe.Guardian("Zita")
		x.Live()
		p, err := x.s.Staff(context.Background(), x.parent(mum), store.PeopleFilter{KitaID: x.k.ID})
		x.must(err)
		if len(p.Items) != 1 || p.Items[0].FirstName != "Otto" {
			t.Errorf("she sees %+v", p.Items)
		}
	})
}

func TestTeamIsKeptByLeaderProviderAndOperator(t *testing.T) {
	onEachVillage(t, func(x *village) {
		mice := x.next.Group("Mäuse")
		x.Live()
		ctx := context.Background()
		for _, v := range []kita.Viewer{x.of(x.lead), x.Viewer(x.speaker.ID), x.Viewer(x.operator.ID)} {
			s := kita.Staff{ID: kita.NewID(), KitaID: x.k.ID, FirstName: "Nele", LastName: "Neu", Role: kita.RoleEducator}
			for i, again := range []bool{false, true} {
				got, was, err := x.s.CreateStaff(ctx, v, s, []kita.ID{x.bears.ID})
				if err != nil || was != again || got.Language != "de" || !slices.Equal(got.GroupIDs, []kita.ID{x.bears.ID}) {
					t.Fatalf("%s, try %d: %v %v %+v", v.Name(), i, err, was, got)
				}
			}
			_, _, err := x.s.CreateStaff(ctx, v, s, nil)
			x.wantErr(err, kita.Conflict("id", "id.taken"))
			got, err := x.s.ChangeStaff(ctx, v, s.ID, func(s *kita.Staff) { s.LastName, s.Phone = "Alt", "030 1" })
			x.must(err)
			if got.LastName != "Alt" || got.Phone != "030 1" || len(got.GroupIDs) != 1 {
				t.Errorf("changed to %+v", got)
			}
			_, err = x.s.ChangeStaff(ctx, v, s.ID, func(s *kita.Staff) { s.Role = kita.RoleGuardian })
			x.wantErr(err, kita.Invalid("role", "staff.role"))
			got, err = x.s.ChangeStaffGroups(ctx, v, s.ID, []kita.ID{x.owls.ID})
			x.must(err)
			if !slices.Equal(got.GroupIDs, []kita.ID{x.owls.ID}) {
				t.Errorf("groups are %v", got.GroupIDs)
			}
			_, err = x.s.ChangeStaffGroups(ctx, v, s.ID, []kita.ID{x.bears.ID, mice.ID})
			x.wantErr(err, kita.Invalid("group_ids", "id.unknown"))
			got, err = x.s.ChangeStaffGroups(ctx, v, s.ID, nil)
			x.must(err)
			if len(got.GroupIDs) != 0 {
				t.Errorf("groups are %v", got.GroupIDs)
			}
		}
		for _, v := range []kita.Viewer{x.of(x.edda), x.of(x.luna), x.parent(x.mum), {}} {
			_, _, err := x.s.CreateStaff(ctx, v, kita.Staff{ID: kita.NewID(), KitaID: x.k.ID, FirstName: "A", LastName: "B", Role: kita.RoleLeader, Language: "de"}, nil)
			x.wantErr(err, kita.ErrNotFound)
			_, err = x.s.ChangeStaff(ctx, v, x.edda.ID, func(s *kita.Staff) { s.Role = kita.RoleLeader })
			x.wantErr(err, kita.ErrNotFound)
			_, err = x.s.ChangeStaffGroups(ctx, v, x.edda.ID, []kita.ID{x.owls.ID})
			x.wantErr(err, kita.ErrNotFound)
			_, err = x.s.ArchiveStaff(ctx, v, x.edda.ID, true)
			x.wantErr(err, kita.ErrNotFound)
		}
	})
}

func TestWhoLeavesIsSignedOutAtOnce(t *testing.T) {
	onEachVillage(t, func(x *village) {
		x.k.GuardianOf(x.otto.AccountID, "Otto").Of(x.mia)
		x.Device(*x.edda.AccountID, "https://push.example/edda", "p", "a")
		x.Live()
		ctx := context.Background()
		edda, otto := x.SignIn(*x.edda.AccountID), x.SignIn(*x.otto.AccountID)
		seen := x.of(x.edda)
		for _, id := range []kita.ID{x.edda.ID, x.otto.ID} {
			_, err := x.s.ArchiveStaff(ctx, x.of(x.lead), id, true)
			x.must(err)
		}
		_, err := x.s.SessionViewer(ctx, edda)
		x.wantErr(err, kita.ErrUnauthenticated)
		if devices, err := x.s.Subscriptions(ctx, seen); err != nil || len(devices) != 0 {
			t.Errorf("her devices: %v %v", devices, err)
		}
		v, err := x.s.SessionViewer(ctx, otto)
		x.must(err)
		if v.Has(kita.RoleEducator) || !v.Has(kita.RoleGuardian) {
			t.Errorf("who is a father as well is %v", v.Memberships())
		}
		if kids, err := x.s.Children(ctx, seen, store.ChildFilter{}, store.PageRequest{}); err != nil || len(kids.Items) != 0 {
			t.Errorf("who left sees %d children, %v", len(kids.Items), err)
		}
	})
}

func TestKitaKeepsALeaderWhoCanSignIn(t *testing.T) {
	onEachVillage(t, func(x *village) {
		rows := x.Rows().Staff
		for i := range rows {
			if rows[i].ID == x.deputy.ID {
				rows[i].AccountID = nil // invited, not yet signed in
			}
		}
		x.Live()
		ctx := context.Background()
		last := kita.Refused("staff.last_leader")
		_, err := x.s.ArchiveStaff(ctx, x.of(x.lead), x.lead.ID, true)
		x.wantErr(err, last)
		_, err = x.s.ChangeStaff(ctx, x.of(x.lead), x.lead.ID, func(s *kita.Staff) { s.Role = kita.RoleEducator })
		x.wantErr(err, last)
		if !x.of(x.lead).HasIn(x.k.ID, kita.RoleLeader) {
			t.Error("what was refused was done")
		}
		_, err = x.s.ArchiveStaff(ctx, x.of(x.lead), x.deputy.ID, true)
		x.must(err)
		_, err = x.s.ArchiveStaff(ctx, x.Viewer(x.speaker.ID), x.lead.ID, true)
		x.must(err)
	})
}
