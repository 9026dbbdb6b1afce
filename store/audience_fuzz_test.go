package store_test

import (
	"context"
	"errors"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// FuzzAudience reads its input as an audience (a kind, then targets by index, of this kita, of another, or of none) and
// asks for its preview: what is resolved is what plain Go finds in the same world, or the audience is refused with a
// field; it never fails otherwise, and never reaches another kita or a banned pair.
func FuzzAudience(f *testing.F) {
	s, _ := storetest.SQLite(f)
	w := storetest.NewWorld(f, s)
	k := w.Kita("Sonnenschein")
	groups := []*storetest.GroupB{k.Group("Bären"), k.Group("Igel"), k.Group("Mäuse")}
	lead := k.Leader("Lea")
	type tie struct{ guardian, child, group int }
	var children []*storetest.ChildB
	var guardians []*storetest.GuardianB
	var told []tie // pairs that may be told
	for i := range 9 {
		g := i % 3
		children = append(children, groups[g].Child("Kind"))
		for j := range 2 {
			// Every third guardian has a child in the next group as well; every fifth is banned from the first one.
			guardians = append(guardians, children[i].Guardian("Eltern"))
			n := len(guardians) - 1
			if n%5 == 4 {
				guardians[n].BannedFrom(children[i])
			} else {
				told = append(told, tie{n, i, g})
			}
			if n%3 == 0 && i > 0 {
				guardians[n].Of(children[i-1])
				told = append(told, tie{n, i - 1, (i - 1) % 3})
			}
			if j == 1 && i == 8 { // knows of a child, and is not told
				guardians[n].Of(children[0], func(t *kita.Tie) { t.ReceivesNotices = false })
			}
		}
	}
	elsewhere := w.Kita("Mond")
	foreign := elsewhere.Group("Füchse")
	foreignChild := foreign.Child("Fuchs")
	foreignChild.Guardian("Fuchs")
	w.Live()
	leader := w.Viewer(*lead.AccountID)

	kinds := []kita.AudienceKind{kita.AudienceKita, kita.AudienceGroups, kita.AudienceChildren, kita.AudienceStaff, "", "world"}
	ids := []kita.ID{groups[0].ID, groups[1].ID, groups[2].ID, foreign.ID, foreignChild.ID, kita.NewID(), "", "x' or 1=1 --"}
	for _, c := range children {
		ids = append(ids, c.ID)
	}
	for _, seed := range []string{"\x00", "\x01\x00", "\x01\x00\x01\x02", "\x02\x08\x09", "\x03", "\x01\x03", "\x02\x07", "\x01", "\x00\x01", "\x05\x01", "\x01\x00\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) == 0 {
			return
		}
		n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, AudienceKind: kinds[int(in[0])%len(kinds)]}
		for _, b := range in[1:] {
			n.Targets = append(n.Targets, ids[int(b)%len(ids)])
		}
		wanted, valid := map[int]bool{}, true
		switch n.AudienceKind {
		case kita.AudienceKita:
			valid = len(n.Targets) == 0
			for _, p := range told {
				wanted[p.guardian] = true
			}
		case kita.AudienceStaff:
			valid = len(n.Targets) == 0
			wanted[-1] = true // the leader
		case kita.AudienceGroups, kita.AudienceChildren:
			valid = len(n.Targets) > 0 && len(n.Targets) <= kita.MaxTargets
			for _, id := range n.Targets {
				found := false
				for _, p := range told {
					if n.AudienceKind == kita.AudienceGroups && groups[p.group].ID == id || n.AudienceKind == kita.AudienceChildren && children[p.child].ID == id {
						wanted[p.guardian] = true
					}
				}
				for _, g := range groups {
					found = found || n.AudienceKind == kita.AudienceGroups && g.ID == id
				}
				for _, c := range children {
					found = found || n.AudienceKind == kita.AudienceChildren && c.ID == id
				}
				valid = valid && found
			}
		default:
			valid = false
		}
		p, err := s.Preview(context.Background(), leader, n)
		var named kita.Errors
		switch {
		case !valid && errors.As(err, &named) && named[0].Field != "":
		case !valid:
			t.Fatalf("%s %v: %v %+v", n.AudienceKind, n.Targets, err, p)
		case err != nil || p.Recipients != len(wanted):
			t.Fatalf("%s %v: %d recipients, want %d (%v)", n.AudienceKind, n.Targets, p.Recipients, len(wanted), err)
		}
		if left, err := s.Notices(context.Background(), leader, store.NoticeFilter{}); err != nil || len(left.Items) > 0 {
			t.Fatalf("a preview left %d notices behind (%v)", len(left.Items), err)
		}
	})
}
