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
	files   files.Store
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
