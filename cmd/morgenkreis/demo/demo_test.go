package demo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
	"morgenkreis/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// visit is a look into a demo that was made, at its present.
type visit struct {
	*store.Store
	files   *files.Dir
	now     time.Time
	options store.Options
	lines   []string
}

// visited makes the demo at now in the database of o, and looks into it.
func visited(t *testing.T, o store.Options, now time.Time) *visit {
	t.Helper()
	ctx := context.Background()
	dir, err := files.New(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{files: dir, now: now, options: o}
	made, err := Fill(ctx, o, dir, now, func(line string) { v.lines = append(v.lines, line) })
	if err != nil || !made {
		t.Fatalf("made %v, %v", made, err)
	}
	o.Clock = func() time.Time { return now }
	if v.Store, err = store.Open(ctx, o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	})
	return v
}

func sqlite(t *testing.T) store.Options {
	return store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db")}
}

// as signs the login in.
func (v *visit) as(t *testing.T, login string) kita.Viewer {
	t.Helper()
	ctx, token := context.Background(), string(kita.NewID())
	a, err := v.SystemAccountByLogin(ctx, login)
	if err != nil {
		t.Fatalf("%s: %v", login, err)
	}
	if _, err := v.SystemStartSession(ctx, a.ID, token, "test"); err != nil {
		t.Fatal(err)
	}
	who, err := v.SessionViewer(ctx, token)
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// kita is the one of that name that who has to do with.
func (v *visit) kita(t *testing.T, who kita.Viewer, name string) kita.Kita {
	t.Helper()
	all, err := v.Kitas(context.Background(), who, false)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(k kita.Kita) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("no kita %s among %d", name, len(all))
	}
	return all[i]
}

// all reads a list to its end.
func all[T any](t *testing.T, page func(store.PageRequest) (store.Page[T], error)) []T {
	t.Helper()
	var items []T
	for p := (store.PageRequest{Limit: 100}); ; {
		part, err := page(p)
		if err != nil {
			t.Fatal(err)
		}
		items = append(items, part.Items...)
		if p.After = part.Next; p.After == "" {
			return items
		}
	}
}

func (v *visit) children(t *testing.T, who kita.Viewer) []store.ChildSeen {
	t.Helper()
	return all(t, func(p store.PageRequest) (store.Page[store.ChildSeen], error) {
		return v.Children(context.Background(), who, store.ChildFilter{}, p)
	})
}

func (v *visit) guardians(t *testing.T, who kita.Viewer, kitaID kita.ID) []store.GuardianSeen {
	t.Helper()
	return all(t, func(p store.PageRequest) (store.Page[store.GuardianSeen], error) {
		return v.Guardians(context.Background(), who, store.PeopleFilter{KitaID: kitaID, PageRequest: p})
	})
}

func (v *visit) notices(t *testing.T, who kita.Viewer) []store.Posted {
	t.Helper()
	return all(t, func(p store.PageRequest) (store.Page[store.Posted], error) {
		return v.Notices(context.Background(), who, store.NoticeFilter{PageRequest: p})
	})
}

func (v *visit) inbox(t *testing.T, who kita.Viewer) []store.Received {
	t.Helper()
	return all(t, func(p store.PageRequest) (store.Page[store.Received], error) {
		return v.Inbox(context.Background(), who, store.NoticeFilter{PageRequest: p})
	})
}

// monday is when the tests of the content look: a Monday morning, with all of Sunday behind it.
func monday(t *testing.T) time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, berlin(t)) }

func TestTheDemoIsAKitaInTheMiddleOfItsLife(t *testing.T) {
	var looks []map[string]string
	for name, options := range map[string]func(*testing.T) store.Options{
		"sqlite":   sqlite,
		"postgres": func(t *testing.T) store.Options { return store.Options{URL: storetest.PostgresURL(t)} },
	} {
		t.Run(name, func(t *testing.T) {
			v := visited(t, options(t), monday(t))
			looks = append(looks, v.look(t))
			for promise, kept := range map[string]func(*testing.T, *visit){
				"a house of 4 groups, 80 children and about 130 guardians": houseIsWhole,
				"only its four logins have the password":                   fourLogins,
				"families as they are":                                     familiesAsTheyAre,
				"who is banned from a child learns nothing of it":          banHolds,
				"a colleague is a mother in the same house":                motherAtWork,
				"a mother has children in two kitas":                       motherOfTwoKitas,
				"what the kitchen and the team must know":                  healthIsKnown,
				"a month of notices of every kind":                         monthOfNotices,
				"the ledger adds up":                                       ledgerAddsUp,
				"attachments can be opened":                                attachmentsOpen,
				"a month of absences":                                      monthOfAbsences,
				"a parent with unread notices":                             parentHasUnread,
				"nothing is due and nobody is signed in":                   nothingLeft,
				"made once":                                                madeOnce,
			} {
				t.Run(promise, func(t *testing.T) { kept(t, v) })
			}
		})
	}
	if len(looks) == 2 && !maps.Equal(looks[0], looks[1]) {
		t.Errorf("two demos of one moment differ:\n%v\n%v", looks[0], looks[1])
	}
}

// look is what is the same whenever and wherever the demo is made.
func (v *visit) look(t *testing.T) map[string]string {
	t.Helper()
	told := map[string]string{}
	for _, n := range v.notices(t, v.as(t, LoginLeader)) {
		told[fmt.Sprint(n.PublishAt, " ", n.Title)] = fmt.Sprint(n.Body, n.Ledger.By)
	}
	return told
}

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

func monthOfNotices(t *testing.T, v *visit) {
	leader := v.as(t, LoginLeader)
	notices := v.notices(t, leader)
	if len(notices) < 38 || len(notices) > 48 {
		t.Errorf("%d notices", len(notices))
	}
	kinds, groups := map[kita.NoticeKind]int{}, map[string]int{}
	has := map[string]int{}
	for _, n := range notices {
		kinds[n.Kind]++
		if n.Kind == kita.NoticeDaily {
			groups[n.Title]++
		}
		for what, is := range map[string]bool{
			"corrected": n.CorrectedAt != nil, "withdrawn": n.State == kita.NoticeWithdrawn, "scheduled": n.State == kita.NoticeScheduled,
			"for the team": n.AudienceKind == kita.AudienceStaff, "for single children": n.AudienceKind == kita.AudienceChildren,
			"closure to confirm": n.Kind == kita.NoticeClosure && n.ConfirmWanted, "event with time and place": n.Kind == kita.NoticeEvent && n.StartsAt != nil && n.Place != "",
			"old": n.PublishAt.Before(v.now.AddDate(0, 0, -28)), "of today": n.PublishAt.After(v.now.Add(-12*time.Hour)) && n.State == kita.NoticePublished,
			"about lice": n.Kind == kita.NoticeIllness && n.Title == "Läuse bei den Bären",
		} {
			if is {
				has[what]++
			}
		}
	}
	for _, k := range kita.NoticeKinds {
		if kinds[k] == 0 {
			t.Errorf("no notice of the kind %s", k)
		}
	}
	if len(groups) != 4 {
		t.Errorf("daily updates: %v", groups)
	}
	for title, n := range groups {
		if n < 3 {
			t.Errorf("%s: %d times", title, n)
		}
	}
	for _, what := range []string{"corrected", "withdrawn", "scheduled", "for the team", "for single children", "closure to confirm",
		"event with time and place", "old", "of today", "about lice"} {
		if has[what] == 0 {
			t.Errorf("no notice is %s", what)
		}
	}
	for _, n := range notices {
		if n.CorrectedAt == nil {
			continue
		}
		if before, err := v.Versions(context.Background(), leader, n.ID); err != nil || len(before) != 1 || before[0].Body == n.Body {
			t.Errorf("%s: %d earlier texts, %v", n.Title, len(before), err)
		}
	}
}

func ledgerAddsUp(t *testing.T, v *visit) {
	ctx := context.Background()
	seen, called, gone := map[kita.RecipientState]int{}, 0, 0
	for _, login := range []string{LoginLeader, "manuela.fritsche@regenbogen.example"} {
		leader := v.as(t, login)
		for _, n := range v.notices(t, leader) {
			people := all(t, func(p store.PageRequest) (store.Page[kita.Recipient], error) {
				return v.Recipients(ctx, leader, n.ID, store.RecipientFilter{PageRequest: p})
			})
			sum := 0
			for state, count := range n.Ledger.By {
				sum += count
				seen[state] += count
			}
			if sum != n.Ledger.Recipients || sum != len(people) || (sum == 0) != (n.State == kita.NoticeScheduled) {
				t.Errorf("%s: %d by state, %d recipients, %d people", n.Title, sum, n.Ledger.Recipients, len(people))
			}
			old := n.PublishAt.Before(v.now.Add(-48*time.Hour)) && n.State == kita.NoticePublished
			for _, r := range people {
				if old && (r.State == kita.StateWaiting || r.State == kita.StateAccepted) {
					t.Errorf("%s: nobody looked after %s, %s", n.Title, r.Name, r.State)
				}
				for _, at := range []*kita.Instant{r.AcceptedAt, r.ShownAt, r.OpenedAt, r.ConfirmedAt, r.CallListedAt, r.CalledAt, r.RemindedAt} {
					if at != nil && (at.Before(n.PublishAt.Time) || at.After(v.now)) {
						t.Errorf("%s: %s has something of %s", n.Title, r.Name, at)
					}
				}
				if r.CalledAt != nil {
					called++
				}
				if r.Trouble == kita.TroubleNoDevice && r.AccountID != nil {
					gone++
				}
			}
		}
	}
	for _, state := range []kita.RecipientState{kita.StateConfirmed, kita.StateOpened, kita.StateShown, kita.StateCallList} {
		if seen[state] < 50 {
			t.Errorf("%s: %d", state, seen[state])
		}
	}
	if called == 0 || gone == 0 {
		t.Errorf("%d called, %d without a device", called, gone)
	}
}

func attachmentsOpen(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	types := map[string]int{}
	for _, n := range v.notices(t, leader) {
		for _, id := range n.FileIDs {
			f, err := v.File(ctx, leader, id)
			if err != nil {
				t.Fatal(err)
			}
			types[f.MediaType]++
			for _, sum := range []string{f.Sum, f.ThumbSum} {
				if sum == "" && f.MediaType == files.PDF {
					continue
				}
				content, err := v.files.Open(sum)
				if err != nil {
					t.Errorf("%s: %v", f.Name, err)
					continue
				}
				if err := content.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	}
	if types[files.JPEG] < 4 || types[files.PDF] != 1 {
		t.Errorf("attachments: %v", types)
	}
}

func monthOfAbsences(t *testing.T, v *visit) {
	ctx, leader := context.Background(), v.as(t, LoginLeader)
	k := v.kita(t, leader, sonnenschein)
	today := k.Today(v.now)
	absences := all(t, func(p store.PageRequest) (store.Page[store.AbsenceSeen], error) {
		return v.Absences(ctx, leader, store.AbsenceFilter{KitaID: k.ID, From: today.Add(-40), To: today.Add(60)}, p)
	})
	reasons, by := map[kita.AbsenceReason]int{}, map[bool]int{}
	ahead := 0
	for _, a := range absences {
		reasons[a.Reason]++
		by[a.ByGuardian]++
		if a.From > today {
			ahead++
		}
	}
	if len(absences) < 40 || len(absences) > 65 || reasons[kita.AbsenceSick] < 20 || reasons[kita.AbsenceVacation] < 5 || reasons[kita.AbsenceOther] < 3 || ahead < 2 {
		t.Errorf("%d absences, by reason %v, %d ahead", len(absences), reasons, ahead)
	}
	if by[true] < 20 || by[false] < 5 {
		t.Errorf("%d reported by guardians, %d by staff", by[true], by[false])
	}
	now, err := v.AbsencesToday(ctx, leader, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	away := 0
	for _, g := range now.Groups {
		away += len(g.Absent)
	}
	if away < 5 || away > 16 {
		t.Errorf("%d children are away today", away)
	}
}

func parentHasUnread(t *testing.T, v *visit) {
	ctx, parent := context.Background(), v.as(t, LoginParent)
	children := v.children(t, parent)
	if len(children) != 2 || *children[0].GroupID == *children[1].GroupID {
		t.Errorf("%d children", len(children))
	}
	unread, err := v.Unread(ctx, parent)
	if err != nil || unread < 3 || unread > 12 {
		t.Errorf("%d unread, %v", unread, err)
	}
	inbox := v.inbox(t, parent)
	if len(inbox) < 20 || inbox[0].OpenedAt != nil || inbox[len(inbox)-1].OpenedAt == nil {
		t.Errorf("%d notices, the newest opened %v, the oldest %v", len(inbox), inbox[0].OpenedAt, inbox[len(inbox)-1].OpenedAt)
	}
	if !slices.ContainsFunc(inbox, func(r store.Received) bool { return r.ConfirmWanted && r.ConfirmedAt == nil }) {
		t.Error("nothing is left to confirm")
	}
}

func nothingLeft(t *testing.T, v *visit) {
	ctx := context.Background()
	q, err := v.SystemQueue(ctx)
	if err != nil || q.Pushes+q.Emails+q.Jobs+q.StuckJobs+q.Subscriptions > 0 {
		t.Errorf("left: %+v, %v", q, err)
	}
	leader := v.as(t, LoginLeader)
	if sessions, err := v.Sessions(ctx, leader); err != nil || slices.ContainsFunc(sessions, func(s kita.Session) bool { return s.UserAgent != "test" }) {
		t.Errorf("sessions: %v, %v", sessions, err)
	}
	if broken, err := v.SystemIntegrity(ctx); err != nil || broken != "" {
		t.Errorf("%s, %v", broken, err)
	}
}

func madeOnce(t *testing.T, v *visit) {
	ctx := context.Background()
	before := len(v.notices(t, v.as(t, LoginLeader)))
	made, err := Fill(ctx, v.options, v.files, v.now.AddDate(0, 0, 3), func(line string) { t.Errorf("told: %s", line) })
	if made || err != nil {
		t.Errorf("made again: %v, %v", made, err)
	}
	if after := len(v.notices(t, v.as(t, LoginLeader))); after != before {
		t.Errorf("%d notices became %d", before, after)
	}
	if there, err := Present(ctx, v.Store); !there || err != nil {
		t.Errorf("present: %v, %v", there, err)
	}
	if len(v.lines) < 3 || len(v.lines) > 8 {
		t.Errorf("progress: %q", v.lines)
	}
}

func TestTheDemoCanBeMadeInTheNightOnSundaysAndOverChristmas(t *testing.T) {
	for _, now := range []string{"2026-06-14 23:30", "2027-01-04 04:00", "2027-08-05 16:45"} {
		t.Run(now, func(t *testing.T) {
			at, err := time.ParseInLocation("2006-01-02 15:04", now, berlin(t))
			if err != nil {
				t.Fatal(err)
			}
			v := visited(t, sqlite(t), at)
			nothingLeft(t, v)
			ledgerAddsUp(t, v)
			parentHasUnread(t, v)
			if n := len(v.notices(t, v.as(t, LoginLeader))); n < 38 {
				t.Errorf("%d notices", n)
			}
		})
	}
}

func TestTheDemoKeepsOutOfARealHouse(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		if there, err := Present(ctx, s); there || err != nil {
			t.Errorf("an empty house is a demo: %v, %v", there, err)
		}
		w := storetest.NewWorld(t, s)
		w.Kita("Morgenstern").Group("Bären").Child("Mia").Guardian("Ayşe")
		w.Live()
		if there, err := Present(ctx, s); there || err != nil {
			t.Errorf("a real house is a demo: %v, %v", there, err)
		}
		d, err := s.SystemDemo(ctx)
		if err != nil || d.Real != 1 || d.Made != 0 || d.Others != 2 || d.Done {
			t.Errorf("%+v, %v", d, err)
		}
	})
	for name, c := range map[string]struct {
		there func(w *storetest.World)
		want  error
	}{
		"a real kita":               {func(w *storetest.World) { w.Kita("Morgenstern") }, ErrRealHouse},
		"a real kita beside a demo": {func(w *storetest.World) { w.Kita("Morgenstern"); w.Kita("A", demoKita) }, ErrRealHouse},
		"an operator and no kita":   {func(w *storetest.World) { w.Operator("Otto") }, ErrRealHouse},
		"half a demo":               {func(w *storetest.World) { w.Kita("A", demoKita) }, ErrHalfMade},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, o := context.Background(), sqlite(t)
			s, err := store.Open(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			w := storetest.NewWorld(t, s)
			c.there(w)
			w.Live()
			before, err := s.SystemDemo(ctx)
			if err != nil {
				t.Fatal(err)
			}
			dir, err := files.New(filepath.Join(t.TempDir(), "files"))
			if err != nil {
				t.Fatal(err)
			}
			made, err := Fill(ctx, o, dir, monday(t), func(line string) { t.Errorf("told: %s", line) })
			if made || !errors.Is(err, c.want) {
				t.Errorf("made %v, %v", made, err)
			}
			if after, err := s.SystemDemo(ctx); after != before || err != nil {
				t.Errorf("%+v became %+v, %v", before, after, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func demoKita(k *kita.Kita) { k.Demo = true }

func TestAnInterruptedDemoIsNotTakenForAWholeOne(t *testing.T) {
	ctx, o := t.Context(), sqlite(t)
	dir, err := files.New(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	short, stop := context.WithCancel(ctx)
	made, err := Fill(short, o, dir, monday(t), func(line string) {
		if line == "a month of notices and absences: 25 %" {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("made %v, %v", made, err)
	}
	if made, err := Fill(ctx, o, dir, monday(t), func(string) {}); made || !errors.Is(err, ErrHalfMade) {
		t.Errorf("made %v, %v", made, err)
	}
}
