package demo

import (
	"context"
	"errors"
	"slices"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
)

func houseIsWhole(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	k := v.kita(t, leader, sonnenschein)
	groups, err := v.Groups(ctx, leader, store.GroupFilter{KitaID: k.ID})
	if err != nil || len(groups) != 4 {
		t.Errorf("%d groups, %v", len(groups), err)
	}
	in := map[string]int{}
	children := v.children(t, leader)
	for _, c := range children {
		if c.GroupName == nil {
			t.Errorf("%s is in no group", c.Name())
			continue
		}
		in[*c.GroupName]++
	}
	if len(children) != 80 {
		t.Errorf("%d children", len(children))
	}
	for name, n := range in {
		if n < 18 || n > 22 {
			t.Errorf("%s: %d children", name, n)
		}
	}
	if n := len(v.guardians(t, leader, k.ID)); n < 125 || n > 135 {
		t.Errorf("%d guardians", n)
	}
	staff, err := v.Staff(ctx, leader, store.PeopleFilter{KitaID: k.ID, PageRequest: store.PageRequest{Limit: 100}})
	if err != nil || len(staff.Items) != 10 {
		t.Errorf("%d in the team, %v", len(staff.Items), err)
	}
	for _, s := range staff.Items {
		if (s.Role == kita.RoleLeader) != (len(s.GroupIDs) == 0) {
			t.Errorf("%s, %s, has %d groups", s.Name(), s.Role, len(s.GroupIDs))
		}
	}
	days, err := v.Calendar(ctx, leader, k.ID, k.Today(v.now), k.Today(v.now).Add(60))
	if err != nil || len(days.ClosingDays) < 4 {
		t.Errorf("%d closing days ahead, %v", len(days.ClosingDays), err)
	}
}

func fourLogins(t *testing.T, v *visit) {
	ctx := context.Background()
	for login, role := range map[string]kita.Role{LoginLeader: kita.RoleLeader, LoginEducator: kita.RoleEducator,
		LoginParent: kita.RoleGuardian, LoginOperator: kita.RoleOperator} {
		a, err := v.SystemAccountByLogin(ctx, login)
		if err != nil || !kita.PasswordFits(a.PasswordHash, Password) {
			t.Errorf("%s can not sign in: %v", login, err)
		}
		if !v.as(t, login).Has(role) {
			t.Errorf("%s is no %s", login, role)
		}
	}
	leader, others := v.as(t, LoginLeader), 0
	for _, g := range v.guardians(t, leader, v.kita(t, leader, sonnenschein).ID) {
		if g.Email == "" || g.Email == LoginParent {
			continue
		}
		a, err := v.SystemAccountByLogin(ctx, g.Email)
		if err != nil || a.PasswordHash != kita.NoPassword {
			t.Errorf("%s: %v", g.Email, err)
		}
		others++
	}
	if others < 110 {
		t.Errorf("only %d guardians have an account", others)
	}
	bears, err := v.Groups(ctx, v.as(t, LoginEducator), store.GroupFilter{})
	if err != nil || len(bears) != 1 || bears[0].Name != "Bären" {
		t.Errorf("%s works with %v, %v", LoginEducator, bears, err)
	}
}

func familiesAsTheyAre(t *testing.T, v *visit) {
	leader := v.as(t, LoginLeader)
	k := v.kita(t, leader, sonnenschein)
	group := map[kita.ID]kita.ID{}
	for _, c := range v.children(t, leader) {
		group[c.ID] = *c.GroupID
	}
	languages, relations := map[string]int{}, map[string]int{}
	homes := map[kita.ID]map[string]bool{}
	acrossGroups, withoutAccount, withoutCustody := 0, 0, 0
	for _, g := range v.guardians(t, leader, k.ID) {
		languages[g.Language]++
		if g.AccountID == nil {
			withoutAccount++
		}
		groups := map[kita.ID]bool{}
		for _, x := range g.Children {
			groups[group[x.ChildID]] = true
			relations[x.Relation]++
			if !x.Custody {
				withoutCustody++
			}
			if homes[x.ChildID] == nil {
				homes[x.ChildID] = map[string]bool{}
			}
			homes[x.ChildID][g.Address] = true
		}
		if len(groups) > 1 {
			acrossGroups++
		}
	}
	apart := 0
	for _, addresses := range homes {
		if len(addresses) > 1 {
			apart++
		}
	}
	for _, l := range kita.Languages {
		if languages[l] == 0 {
			t.Errorf("nobody speaks %s", l)
		}
	}
	for _, r := range []string{"mother", "father", "stepparent", "grandparent", "foster"} {
		if relations[r] == 0 {
			t.Errorf("no %s", r)
		}
	}
	if acrossGroups < 16 || apart < 5 || withoutAccount < 4 || withoutCustody < 4 {
		t.Errorf("%d guardians with children in two groups, %d children with parents apart, %d guardians not invited, %d ties without custody",
			acrossGroups, apart, withoutAccount, withoutCustody)
	}
}

func banHolds(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	var father kita.Viewer
	for _, g := range v.guardians(t, leader, v.kita(t, leader, sonnenschein).ID) {
		if g.Name() == banned.guardian {
			father = v.as(t, g.Email)
		}
	}
	var paula, nils kita.ID
	for _, c := range v.children(t, leader) {
		switch c.Name() {
		case banned.child:
			paula = c.ID
		case "Nils Jahn":
			nils = c.ID
		}
	}
	if seen := v.children(t, father); len(seen) != 1 || seen[0].ID != nils {
		t.Errorf("he sees %d children", len(seen))
	}
	if _, err := v.Child(ctx, father, paula); !errors.Is(err, kita.ErrNotFound) {
		t.Errorf("asked for the child: %v", err)
	}
	if groups, err := v.Groups(ctx, father, store.GroupFilter{}); err != nil || len(groups) != 1 || groups[0].Name != "Schmetterlinge" {
		t.Errorf("he sees the groups %v, %v", groups, err)
	}
	got := v.inbox(t, father)
	if len(got) < 10 {
		t.Errorf("he got %d notices", len(got))
	}
	for _, r := range got {
		if !slices.Equal(r.Children, []kita.ID{nils}) {
			t.Errorf("%q is about %v", r.Title, r.Children)
		}
		if r.AudienceKind == kita.AudienceGroups && r.Title == "Der Tag der Bären" {
			t.Errorf("he got %q", r.Title)
		}
	}
	if bans, err := v.Bans(ctx, leader, v.kita(t, leader, sonnenschein).ID, store.PageRequest{}); err != nil || len(bans.Items) != 1 || bans.Items[0].Reason == "" {
		t.Errorf("the leader sees %d bans, %v", len(bans.Items), err)
	}
}

func motherAtWork(t *testing.T, v *visit) {
	who := v.as(t, "franziska.boehme@sonnenschein.example")
	k := v.kita(t, who, sonnenschein)
	if !who.HasIn(k.ID, kita.RoleEducator) || !who.HasIn(k.ID, kita.RoleGuardian) {
		t.Errorf("she is %v", who.Memberships())
	}
	groups, err := v.Groups(context.Background(), who, store.GroupFilter{})
	if err != nil || len(groups) != 2 {
		t.Errorf("she sees %d groups, %v", len(groups), err)
	}
}

func motherOfTwoKitas(t *testing.T, v *visit) {
	leader := v.as(t, LoginLeader)
	for _, g := range v.guardians(t, leader, v.kita(t, leader, sonnenschein).ID) {
		if g.Name() != "Vanessa Richter" {
			continue
		}
		who := v.as(t, g.Email)
		a, b := v.kita(t, who, sonnenschein), v.kita(t, who, regenbogen)
		if !who.HasIn(a.ID, kita.RoleGuardian) || !who.HasIn(b.ID, kita.RoleGuardian) || a.ProviderID != b.ProviderID {
			t.Errorf("she is %v", who.Memberships())
		}
		from := map[kita.ID]int{}
		for _, r := range v.inbox(t, who) {
			from[r.KitaID]++
		}
		if from[a.ID] == 0 || from[b.ID] == 0 {
			t.Errorf("she got %d notices of the one and %d of the other", from[a.ID], from[b.ID])
		}
		return
	}
	t.Error("she is missing")
}

func healthIsKnown(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	allergic, noted, contacts, moves := 0, 0, 0, 0
	for _, c := range v.children(t, leader) {
		d, err := v.Child(ctx, leader, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d.Allergies != "" {
			allergic++
		}
		if d.HealthNotes != "" {
			noted++
		}
		contacts += len(d.Contacts)
		if last := d.Placements[len(d.Placements)-1]; last.From > leader.Today() {
			moves++
		}
	}
	if allergic < 8 || noted < 8 || contacts < 60 || moves != 1 {
		t.Errorf("%d with allergies, %d with notes, %d emergency contacts, %d about to move", allergic, noted, contacts, moves)
	}
}
