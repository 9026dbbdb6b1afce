package store_test

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// nodes are two servers on one database; on SQLite, which has one, twice the same.
type nodes struct {
	*testing.T
	a, b  *store.Store
	clock *storetest.Clock
	w     *storetest.World
	url   string
}

func onNodes(t *testing.T, f func(n *nodes)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		clock := storetest.NewClock()
		s := storetest.Open(t, store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db"), Clock: clock.Now})
		f(&nodes{T: t, a: s, b: s, clock: clock, w: storetest.NewWorld(t, s)})
	})
	t.Run("postgres", func(t *testing.T) {
		clock, url := storetest.NewClock(), storetest.ReadyURL(t)
		o := store.Options{URL: url, Clock: clock.Now}
		a := storetest.Open(t, o)
		f(&nodes{T: t, a: a, b: storetest.Open(t, o), clock: clock, w: storetest.NewWorld(t, a), url: url})
	})
}

func (n *nodes) must(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

func (n *nodes) watch(s *store.Store, account *kita.ID) *store.Watch {
	n.Helper()
	w, err := s.Watch(n.Context(), n.w.Viewer(*account))
	n.must(err)
	n.Cleanup(w.Close)
	return w
}

// hears waits for a change of kind and answers all that was heard up to it.
func (n *nodes) hears(w *store.Watch, kind kita.ChangeKind) (all []kita.Change) {
	n.Helper()
	for {
		changes, ended := w.Take()
		all = append(all, changes...)
		if slices.ContainsFunc(all, func(c kita.Change) bool { return c.Kind == kind }) {
			return all
		}
		if ended {
			n.Fatalf("ended after %v, without %s", all, kind)
		}
		select {
		case <-w.Ready():
		case <-n.Context().Done():
			n.Fatalf("heard %v, and never of %s", all, kind)
		}
	}
}

// ends waits until the watch has ended.
func (n *nodes) ends(w *store.Watch) {
	n.Helper()
	for {
		if _, ended := w.Take(); ended {
			return
		}
		select {
		case <-w.Ready():
		case <-n.Context().Done():
			n.Fatal("it never ended")
		}
	}
}

func kindsOf(changes []kita.Change) (kinds []kita.ChangeKind) {
	for _, c := range changes {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

// bears is a kita with a leader, a group, a child and its mother.
type bears struct {
	kita  *storetest.KitaB
	group *storetest.GroupB
	child *storetest.ChildB
	lead  *storetest.StaffB
	mum   *storetest.GuardianB
}

func newBears(w *storetest.World) bears {
	k := w.Kita("Sonnenschein")
	g := k.Group("Bären")
	c := g.Child("Mia")
	return bears{k, g, c, k.Leader("Lea"), c.Guardian("Ayşe")}
}

// sentinel is a change that a leader's watch hears, to know that all before it would have been heard.
func (n *nodes) sentinel(b bears) {
	n.Helper()
	_, _, err := n.a.CreateGroup(n.Context(), n.w.Viewer(*b.lead.AccountID),
		kita.Group{ID: kita.NewID(), KitaID: b.kita.ID, Name: string(kita.NewID())[24:], Colour: kita.Colours[0], Icon: kita.Icons[0]})
	n.must(err)
}

func (n *nodes) absence(b bears) kita.Absence {
	return kita.Absence{ID: kita.NewID(), ChildID: b.child.ID, From: n.w.Today.Add(1), To: n.w.Today.Add(1), Reason: "vacation"}
}

func TestACommittedChangeIsToldAtEveryNode(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b := newBears(n.w)
		n.w.Live()
		here, there := n.watch(n.a, b.lead.AccountID), n.watch(n.b, b.lead.AccountID)
		_, err := n.a.ReportAbsence(n.Context(), n.w.Viewer(*b.mum.AccountID), n.absence(b))
		n.must(err)
		for _, w := range []*store.Watch{here, there} {
			want := kita.Change{Kind: kita.ChangeAbsences, KitaID: b.kita.ID, ID: b.child.ID}
			if got := n.hears(w, kita.ChangeAbsences); !slices.Equal(got, []kita.Change{want}) {
				n.Errorf("heard %v", got)
			}
		}
	})
}

func TestALedgerIsToldAtEveryNodeOnceAndAtTheEndOfItsNode(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b := newBears(n.w)
		dad := b.child.Guardian("Jan")
		n.w.Live()
		notice, _, err := n.a.CreateNotice(n.Context(), n.w.Viewer(*b.lead.AccountID), kita.Notice{ID: kita.NewID(), KitaID: b.kita.ID,
			Kind: kita.NoticeNews, Title: "Neues", Body: "Text", AudienceKind: kita.AudienceKita})
		n.must(err)
		w := n.watch(n.b, b.lead.AccountID)
		_, err = n.a.MarkOpened(n.Context(), n.w.Viewer(*b.mum.AccountID), notice.ID)
		n.must(err)
		want := kita.Change{Kind: kita.ChangeLedger, KitaID: b.kita.ID, ID: notice.ID}
		if got := n.hears(w, kita.ChangeLedger); !slices.Equal(got, []kita.Change{want}) {
			n.Errorf("heard %v", got)
		}
		if n.url == "" {
			return
		}
		// What a node has gathered is told before it goes.
		third := storetest.Open(n.T, store.Options{URL: n.url, Clock: n.clock.Now})
		_, err = third.MarkOpened(n.Context(), n.w.Viewer(*dad.AccountID), notice.ID)
		n.must(err)
		n.must(third.Close())
		if got := n.hears(w, kita.ChangeLedger); !slices.Equal(got, []kita.Change{want}) {
			n.Errorf("heard %v", got)
		}
	})
}

func TestWhatIsRolledBackIsNotTold(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b := newBears(n.w)
		n.w.Live()
		w := n.watch(n.b, b.lead.AccountID)
		n.must(store.TellAndThinkBetter(n.Context(), n.a, kita.Change{Kind: kita.ChangeAbsences, KitaID: b.kita.ID, ID: b.child.ID}))
		list := sheet(n.T, "Nummer,Vorname,Nachname,Geburtsdatum,Gruppe", "17,Ida,Neu,01.02.2022,Bären")
		tried, err := n.a.ImportRoster(n.Context(), n.w.Viewer(*b.lead.AccountID), b.kita.ID, list, store.ImportOptions{DryRun: true})
		n.must(err)
		if len(tried.Changes) == 0 {
			n.Fatal("nothing would have been changed")
		}
		n.sentinel(b)
		if got := kindsOf(n.hears(w, kita.ChangeGroups)); !slices.Equal(got, []kita.ChangeKind{kita.ChangeGroups}) {
			n.Errorf("heard %v", got)
		}
	})
}

func TestAnotherKitaHearsNothing(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b, other := newBears(n.w), newBears(n.w)
		n.w.Live()
		w := n.watch(n.b, other.lead.AccountID)
		n.sentinel(b)
		n.sentinel(other)
		for _, c := range n.hears(w, kita.ChangeGroups) {
			if c.KitaID != other.kita.ID {
				n.Errorf("heard %v", c)
			}
		}
	})
}

func TestNewDeliveriesWakeEveryNode(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b := newBears(n.w)
		n.w.Device(*b.mum.AccountID, "https://push.example/1", "p", "a")
		n.w.Live()
		n.watch(n.b, b.lead.AccountID) // from here on its wire stands
		select {
		case <-n.b.Woken():
		default:
		}
		_, _, err := n.a.CreateNotice(n.Context(), n.w.Viewer(*b.lead.AccountID), kita.Notice{ID: kita.NewID(), KitaID: b.kita.ID,
			Kind: kita.NoticeNews, Title: "Neues", Body: "Text", AudienceKind: kita.AudienceKita})
		n.must(err)
		select {
		case <-n.b.Woken():
		case <-n.Context().Done():
			n.Error("nobody woke it")
		}
	})
}

func TestAfterAPauseEverybodyIsToldToLookAgain(t *testing.T) {
	clock, url := storetest.NewClock(), storetest.ReadyURL(t)
	o := store.Options{URL: url, Clock: clock.Now}
	a := storetest.Open(t, o)
	n := &nodes{T: t, a: a, b: storetest.Open(t, o), clock: clock, w: storetest.NewWorld(t, a)}
	b := newBears(n.w)
	n.w.Live()
	w := n.watch(n.b, b.lead.AccountID)
	db, err := sqlx.Connect("pgx", url)
	n.must(err)
	defer db.Close()
	for range 3 {
		killed := 0
		n.must(db.Get(&killed, `select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity
where application_name = $1 and datname = current_database()) x`, store.ListenerName))
		if killed != 1 {
			n.Fatalf("%d listened", killed)
		}
		n.hears(w, kita.ChangeAgain)
		n.sentinel(b)
		n.hears(w, kita.ChangeGroups)
	}
}

func TestWhoSeesOtherThingsNowIsSentBackToTheDoor(t *testing.T) {
	for name, change := range map[string]func(n *nodes, b bears, lead kita.Viewer) error{
		"a contact ban": func(n *nodes, b bears, lead kita.Viewer) error {
			_, _, err := n.a.CreateBan(n.Context(), lead, kita.ContactBan{ID: kita.NewID(), GuardianID: b.mum.ID, ChildID: b.child.ID, Reason: "Beschluss"})
			return err
		},
		"an archived record": func(n *nodes, b bears, lead kita.Viewer) error {
			_, err := n.a.ArchiveGuardian(n.Context(), lead, b.mum.ID, true)
			return err
		},
		"an untied child": func(n *nodes, b bears, lead kita.Viewer) error {
			return n.a.Untie(n.Context(), lead, b.mum.ID, b.child.ID)
		},
		"an archived child": func(n *nodes, b bears, lead kita.Viewer) error {
			_, err := n.a.ArchiveChild(n.Context(), lead, b.child.ID, true)
			return err
		},
		"a new password": func(n *nodes, b bears, _ kita.Viewer) error {
			return n.a.ChangePassword(n.Context(), n.w.Viewer(*b.mum.AccountID), "hash")
		},
		"a session's end": func(n *nodes, b bears, _ kita.Viewer) error {
			v := n.w.Viewer(*b.mum.AccountID)
			return n.a.EndSession(n.Context(), v, v.SessionID())
		},
	} {
		t.Run(name, func(t *testing.T) {
			onNodes(t, func(n *nodes) {
				b := newBears(n.w)
				n.w.Live()
				w, others := n.watch(n.b, b.mum.AccountID), n.watch(n.b, b.lead.AccountID)
				n.must(change(n, b, n.w.Viewer(*b.lead.AccountID)))
				n.ends(w)
				n.sentinel(b)
				n.hears(others, kita.ChangeGroups)
			})
		})
	}
}

func TestASlowWatchHoldsNobodyUpAndLooksAgain(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b := newBears(n.w)
		n.w.Live()
		slow, quick := n.watch(n.b, b.lead.AccountID), n.watch(n.b, b.lead.AccountID)
		for range 257 {
			n.sentinel(b)
			n.hears(quick, kita.ChangeGroups)
		}
		if got := kindsOf(n.hears(slow, kita.ChangeAgain)); !slices.Equal(got, []kita.ChangeKind{kita.ChangeAgain}) {
			n.Errorf("heard %v", got)
		}
		n.sentinel(b)
		n.hears(slow, kita.ChangeGroups)
	})
}

func TestAWatchRecallsWhatWasToldJustBefore(t *testing.T) {
	onNodes(t, func(n *nodes) {
		b := newBears(n.w)
		n.w.Live()
		first := n.watch(n.b, b.lead.AccountID)
		n.clock.Advance(2 * time.Second)
		n.sentinel(b)
		n.hears(first, kita.ChangeGroups)
		n.clock.Advance(5 * time.Second)
		for _, x := range []struct {
			seconds int64
			want    []kita.ChangeKind
		}{{4, nil}, {5, []kita.ChangeKind{kita.ChangeGroups}}, {6, []kita.ChangeKind{kita.ChangeGroups}},
			{8, []kita.ChangeKind{kita.ChangeAgain}}, {3600, []kita.ChangeKind{kita.ChangeAgain}}} {
			w := n.watch(n.b, b.lead.AccountID)
			w.Recall(time.Duration(x.seconds) * time.Second)
			if got, _ := w.Take(); !slices.Equal(kindsOf(got), x.want) {
				n.Errorf("recalled %v of %d s", got, x.seconds)
			}
		}
		stranger := n.watch(n.b, b.mum.AccountID)
		stranger.Recall(5 * time.Second)
		if got, _ := stranger.Take(); len(got) != 1 {
			n.Errorf("in the same kita: %v", got)
		}
	})
}
