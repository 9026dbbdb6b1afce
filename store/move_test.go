package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// moves runs f for each way between the engines.
func moves(t *testing.T, f func(t *testing.T, from, to store.Options)) {
	sqlite := func(t *testing.T) store.Options {
		return store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db"), Clock: storetest.NewClock().Now}
	}
	postgres := func(t *testing.T) store.Options {
		return store.Options{URL: storetest.PostgresURL(t), Clock: storetest.NewClock().Now}
	}
	t.Run("to PostgreSQL", func(t *testing.T) { f(t, sqlite(t), postgres(t)) })
	t.Run("to SQLite", func(t *testing.T) { f(t, postgres(t), sqlite(t)) })
}

// furnish fills a house with children, more than 500 for more than one batch, and with what engines like to disagree about.
func furnish(t *testing.T, o store.Options, children int) (mum kita.Guardian) {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	s = opened(t, s, err)
	defer closed(t, s)
	if _, err := s.SystemSecret(t.Context(), "vapid_keys", func() (string, error) { return "public private", nil }); err != nil {
		t.Fatal(err)
	}
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein ☀ ', \" \\ \u0001 \u2028 ß İ e\u0301", func(k *kita.Kita) { k.TitleOnly = true })
	bears := k.Group("Bären")
	k.Leader("Lea")
	k.Educator("Erik", bears)
	for i := range children {
		g := bears.Child(fmt.Sprint("Kind ", i)).Guardian(fmt.Sprint("Mutter ", i))
		mum = g.Guardian
	}
	w.Live()
	w.SignIn(*mum.AccountID)
	w.Device(*mum.AccountID, "https://wns2-par02p.notify.windows.com/w/1", "p", "a")
	w.Live()
	if err := s.SystemScheduleRetention(t.Context()); err != nil {
		t.Fatal(err)
	}
	return mum
}

func move(t *testing.T, from, to store.Options) (store.Move, error) {
	t.Helper()
	return store.SystemMove(t.Context(), from, to, func(string, int64, int64) {})
}

func dump(t *testing.T, o store.Options) string {
	t.Helper()
	s, err := store.Open(t.Context(), o)
	s = opened(t, s, err)
	defer closed(t, s)
	return store.Dump(t, s, "")
}

// change runs a statement in a house where nobody lives.
func change(t *testing.T, o store.Options, statement string) {
	t.Helper()
	s, err := store.OpenMoving(t.Context(), o)
	s = opened(t, s, err)
	defer closed(t, s)
	store.Exec(t, s, statement)
}

func TestMoveThereAndBackIsTheSameHouse(t *testing.T) {
	moves(t, func(t *testing.T, from, to store.Options) {
		furnish(t, from, 600)
		before := dump(t, from)
		for range 2 {
			m, err := move(t, from, to)
			if err != nil || !m.Done {
				t.Fatalf("%+v: %v", m, err)
			}
			if dump(t, to) != before {
				t.Error("what arrived is not what there was")
			}
		}
		if dump(t, from) != before {
			t.Error("the house that moved was changed")
		}
		s, err := store.Open(t.Context(), to)
		s = opened(t, s, err)
		defer closed(t, s)
		if found, err := s.SystemIntegrity(t.Context()); err != nil || found != "" {
			t.Errorf("integrity: %s (%v)", found, err)
		}
	})
}

func TestMoveThatWasBrokenOffGoesOn(t *testing.T) {
	moves(t, func(t *testing.T, from, to store.Options) {
		furnish(t, from, 600)
		before := dump(t, from)
		for stop := range 6 {
			ctx, cancel := context.WithCancel(t.Context())
			steps := 0
			m, err := store.SystemMove(ctx, from, to, func(string, int64, int64) {
				if steps++; steps == stop*3+1 {
					cancel()
				}
			})
			cancel()
			if err == nil || m.Done {
				t.Fatalf("it was not broken off: %+v", m)
			}
			if s, err := store.Open(t.Context(), to); err == nil || !strings.Contains(err.Error(), "has not arrived") {
				t.Fatalf("a house that is half there can be lived in: %v %v", s, err)
			}
		}
		if m, err := move(t, from, to); err != nil || !m.Done || m.Already {
			t.Fatalf("%+v: %v", m, err)
		}
		if dump(t, to) != before {
			t.Error("what arrived is not what there was")
		}
	})
}

// While it was broken off, life went on; two mothers even swapped their logins, and two children their numbers.
func TestMoveBringsWhatHasChangedSince(t *testing.T) {
	moves(t, func(t *testing.T, from, to store.Options) {
		mum := furnish(t, from, 20)
		ctx, cancel := context.WithCancel(t.Context())
		_, err := store.SystemMove(ctx, from, to, func(task string, done, total int64) {
			if task == "compare" {
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		for _, statement := range []string{
			`update accounts set quiet_from = login, login = name where name in ('Mutter 1', 'Mutter 2')`,
			`update accounts set login = (select o.quiet_from from accounts o where o.name = 'Mutter 2') where name = 'Mutter 1'`,
			`update accounts set login = (select o.quiet_from from accounts o where o.name = 'Mutter 1') where name = 'Mutter 2'`,
			`update children set number = '' where first_name = 'Kind 1'`,
			`update children set number = '2' where first_name = 'Kind 2'`,
			`update children set number = '3' where first_name = 'Kind 1'`,
			`update kitas set name = 'Regenbogen', title_only = false`,
			`update providers set name = 'Regenbogen e.V.'`,
			`update groups set name = 'Wölfe'`,
			`delete from guardians where first_name = 'Mutter 7'`,
			`delete from children where first_name = 'Kind 8'`,
			`delete from accounts where id = '` + string(*mum.AccountID) + `'`,
			`update jobs set finished_at = 1`,
			`insert into jobs (id, kind, subject_id, due_at, created_at) select 'again ' || id, kind, subject_id, due_at, created_at from jobs where kind = 'retention'`,
		} {
			change(t, from, statement)
		}
		if m, err := move(t, from, to); err != nil || !m.Done {
			t.Fatalf("%+v: %v", m, err)
		}
		if dump(t, to) != dump(t, from) {
			t.Error("what arrived is not what there was")
		}
	})
}

func TestOneValueThatIsAnotherIsFound(t *testing.T) {
	for name, statement := range map[string]string{
		"a truth":     `update guardian_children set may_pick_up = not may_pick_up where child_id = (select min(child_id) from guardian_children)`,
		"an instant":  `update accounts set created_at = created_at + 1 where id = (select max(id) from accounts)`,
		"null":        `update guardians set account_id = null where id = (select min(id) from guardians)`,
		"no null":     `update accounts set disabled_at = 0 where id = (select min(id) from accounts)`,
		"a letter":    `update children set allergies = 'Nuss' where id = (select min(id) from children)`,
		"two swapped": `update children set first_name = case first_name when 'Kind 1' then 'Kind 2' else 'Kind 1' end where first_name in ('Kind 1', 'Kind 2')`,
		"a row less":  `delete from staff_groups`,
		"a row more":  `insert into meta (key, value) values ('more', '')`,
	} {
		t.Run(name, func(t *testing.T) {
			moves(t, func(t *testing.T, from, to store.Options) {
				furnish(t, from, 20)
				if m, err := move(t, from, to); err != nil || !m.Done {
					t.Fatalf("%+v: %v", m, err)
				}
				change(t, to, statement)
				before := dump(t, to)
				m, err := move(t, from, to)
				if !errors.Is(err, store.ErrInhabited) || m.Done {
					t.Errorf("%+v: %v", m, err)
				}
				differ := 0
				for _, table := range m.Tables {
					if !table.Same() {
						differ++
					}
				}
				if differ != 1 {
					t.Errorf("%d tables differ", differ)
				}
				if dump(t, to) != before {
					t.Error("somebody's house was changed")
				}
			})
		})
	}
}

// Somebody writes to the target between the copy and the comparison.
func TestMoveComparesWhatHasArrived(t *testing.T) {
	moves(t, func(t *testing.T, from, to store.Options) {
		furnish(t, from, 20)
		spoilt := false
		m, err := store.SystemMove(t.Context(), from, to, func(task string, done, total int64) {
			if done == total && !spoilt {
				spoilt = true
				change(t, to, `update children set health_notes = 'x' where id = (select min(id) from children)`)
			}
		})
		if !errors.Is(err, store.ErrMoveDiffers) || m.Done {
			t.Errorf("%+v: %v", m, err)
		}
		if m, err := move(t, from, to); err != nil || !m.Done {
			t.Fatalf("%+v: %v", m, err)
		}
	})
}

func TestAnotherHouseIsNotMovedInto(t *testing.T) {
	moves(t, func(t *testing.T, from, to store.Options) {
		furnish(t, from, 20)
		s, err := store.Open(t.Context(), to)
		s = opened(t, s, err)
		w := storetest.NewWorld(t, s)
		w.Kita("Mond")
		w.Live()
		before := store.Dump(t, s, "")
		closed(t, s)
		if m, err := move(t, from, to); !errors.Is(err, store.ErrInhabited) || m.Done {
			t.Errorf("%+v: %v", m, err)
		}
		if dump(t, to) != before {
			t.Error("another house was changed")
		}
		change(t, to, `insert into meta (key, value) values ('moving_from', 'elsewhere')`)
		if m, err := move(t, from, to); err == nil || !strings.Contains(err.Error(), "another house is being moved") {
			t.Errorf("%+v: %v", m, err)
		}
		if m, err := move(t, to, from); err == nil || !strings.Contains(err.Error(), "has not arrived") {
			t.Errorf("half a house was moved: %+v: %v", m, err)
		}
	})
}

func TestMoveBesideAServerIsNotTheLastOne(t *testing.T) {
	moves(t, func(t *testing.T, from, to store.Options) {
		furnish(t, from, 20)
		server, err := store.Open(t.Context(), from)
		server = opened(t, server, err)
		m, err := store.SystemMove(t.Context(), from, to, func(task string, done, total int64) {
			if task == "compare" && done == total {
				if _, err := server.SystemSecret(t.Context(), "late", func() (string, error) { return "row", nil }); err != nil {
					t.Errorf("the server is held up: %v", err)
				}
			}
		})
		if !errors.Is(err, store.ErrAtWork) || m.Done {
			t.Fatalf("%+v: %v", m, err)
		}
		if s, err := store.Open(t.Context(), to); err == nil {
			closed(t, s)
			t.Error("two houses can be lived in")
		}
		closed(t, server)
		if m, err := move(t, from, to); err != nil || !m.Done {
			t.Fatalf("%+v: %v", m, err)
		}
		if dump(t, to) != dump(t, from) {
			t.Error("the late row is missing")
		}
	})
}

// A server that started in between would write what nobody brings.
func TestNobodyWritesToAFileThatMoves(t *testing.T) {
	from := store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db")}
	furnish(t, from, 20)
	var tried error
	m, err := store.SystemMove(t.Context(), from, store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db")}, func(string, int64, int64) {
		db, err := sql.Open("sqlite3", "file:"+from.Path+"?_busy_timeout=1")
		if err != nil {
			t.Fatal(err)
		}
		_, tried = db.Exec(`delete from children`)
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err != nil || !m.Done {
		t.Fatalf("%+v: %v", m, err)
	}
	if tried == nil || !strings.Contains(tried.Error(), "locked") {
		t.Errorf("somebody wrote meanwhile: %v", tried)
	}
}

// What SQLite lets pass, and PostgreSQL would not hold, is named.
func TestValueThatCanNotMoveIsNamed(t *testing.T) {
	from := store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db")}
	furnish(t, from, 20)
	for _, wrong := range []string{`x'00'`, `x'ff'`, `char(0)`} {
		change(t, from, `update children set allergies = `+wrong+` where first_name = 'Kind 1'`)
		if _, err := move(t, from, store.Options{URL: storetest.PostgresURL(t)}); err == nil || !strings.Contains(err.Error(), "in children") || !strings.Contains(err.Error(), "allergies") {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
