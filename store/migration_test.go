package store_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"morgenkreis"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// released are the migrations that databases out there were carried along by. To change one would leave those as they are:
// write the next one instead, and add it here.
var released = map[string]string{
	"0001_baseline.sql":      "182227542b8c111d6d24657c86d88475bb924149843067d68c27d4ec2b912dc4",
	"0002_wall.sql":          "6e870f8172e2976c51bc8a9fd998aaa1c52508f41d08c327e2160e7ce1030336",
	"0003_turns.sql":         "eb10a6f18bf19d8d6d8db7379b3a4dee4190de18ac7969a1926f17a7af36a200",
	"0004_keys.postgres.sql": "69723fe5e6affbb6ebb3df8ade26701890107499d05ac62c56e887ed0251ee93",
	"0006_indexes.sql":       "b2c4ac469a3883239ee4c6af7f061111227629e3dc58fe0bf08b5030cea4b0e7",
	"0007_unread.sql":        "af1116369c75a43758db398e90b306e192c2a64d34d9fbff28f0cf87dec66f7c",
	"0004_keys.sqlite.sql":   "902c0c36babbb78ec392f5569f06a678bf34a53d0546e72b419c3fea95649677",
	"0005_room.postgres.sql": "8b2bb7d509e2a391522ccb708440d0b6103aa071a6d11637fbd38ba78ae9a71b",
	"0005_room.sqlite.sql":   "d23a03f6c2b00393658ab9e166f50f19718a3320d0ec6fd1c9f102464759f704",
}

func TestReleasedMigrationsStayAsTheyAre(t *testing.T) {
	names, err := fs.Glob(store.Migrations(), "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) != len(released) {
		t.Errorf("there are %v, and %d of them are known here", names, len(released))
	}
	for _, name := range names {
		sum := sha256.Sum256(file(t, name))
		if got := hex.EncodeToString(sum[:]); got != released[name] {
			t.Errorf("%s has the sum %s", name, got)
		}
	}
	if err := store.CarriedAlike(); err != nil {
		t.Error(err)
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := fs.ReadFile(store.Migrations(), name)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// emptyDatabases runs f with where an empty database of each engine is.
func emptyDatabases(t *testing.T, f func(t *testing.T, o store.Options)) {
	t.Run("sqlite", func(t *testing.T) {
		f(t, store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db"), Clock: storetest.NewClock().Now})
	})
	t.Run("postgres", func(t *testing.T) {
		f(t, store.Options{URL: storetest.PostgresURL(t), Clock: storetest.NewClock().Now})
	})
}

func opened(t *testing.T, s *store.Store, err error) *store.Store {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func closed(t *testing.T, s *store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// open opens what a test made of other migrations: the baseline, and then those given, version by version.
func open(t *testing.T, o store.Options, schema string, later ...fstest.MapFS) (*store.Store, error) {
	files := fstest.MapFS{"0001_baseline.sql": {Data: file(t, "0001_baseline.sql")}}
	for _, l := range later {
		for name, f := range l {
			files[name] = f
		}
	}
	return store.OpenOn(t.Context(), o, schema, 1+len(later), files)
}

// differences are the lines that only one of two catalogues has.
func differences(a, b []string) (all []string) {
	for _, line := range a {
		if !slices.Contains(b, line) {
			all = append(all, "- "+line)
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			all = append(all, "+ "+line)
		}
	}
	return all
}

// Who changes schema.sql writes a migration; this is where it is found out when not.
func TestMigratedOldestSchemaIsTheFreshOne(t *testing.T) {
	fresh := map[string][]string{}
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) { fresh[s.Engine()] = store.Catalogue(t, s) })
	emptyDatabases(t, func(t *testing.T, o store.Options) {
		s, err := open(t, o, string(file(t, "0001_baseline.sql")))
		closed(t, opened(t, s, err))
		s, err = store.Open(t.Context(), o)
		s = opened(t, s, err)
		defer closed(t, s)
		if v := store.Value(t, s, "select value from meta where key = 'schema_version'"); v == "" {
			t.Error("no version was left")
		}
		migrated := store.Catalogue(t, s)
		if len(migrated) < 400 {
			t.Fatalf("the catalogue has %d lines only", len(migrated))
		}
		if d := differences(migrated, fresh[s.Engine()]); len(d) > 0 {
			t.Errorf("schema.sql was changed without a migration (-: what an older database gets, +: what a fresh one has):\n%s", strings.Join(d, "\n"))
		}
	})
}

// Each of these would be forgotten otherwise.
func TestCatalogueTellsSchemasApart(t *testing.T) {
	changes := map[string][2]string{
		"a column":                  {"  revoked_at  bigint,\n", "  revoked_at  bigint,\n  reason text,\n"},
		"no column":                 {"  shortened       boolean not null default false,\n", ""},
		"a type":                    {"  failures     bigint not null", "  failures     text not null"},
		"null":                      {"  window_ends  bigint not null", "  window_ends  bigint"},
		"a default":                 {"default '07:00'", "default '06:00'"},
		"no default":                {"language      text not null,\n  operator      boolean not null default false", "language      text not null,\n  operator      boolean not null"},
		"a check":                   {"reason in ('sick', 'vacation', 'other')", "reason in ('sick', 'vacation')"},
		"a check of a column":       {"'correction', 'reminder'", "'correction', 'ring', 'reminder'"},
		"an index":                  {"create index files_sum on files (sum);\n", ""},
		"the columns of an index":   {"on absences (kita_id, child_id, to_day)", "on absences (kita_id, child_id, to_day, from_day)"},
		"an index that is unique":   {"create index files_sum", "create unique index files_sum"},
		"an index's condition":      {"on jobs (due_at) where finished_at is null", "on jobs (due_at) where finished_at is not null"},
		"a unique pair":             {"unique (kita_id, day)", "unique (kita_id, day, name)"},
		"a primary key":             {"primary key (kita_id, notice_id, version)", "primary key (kita_id, notice_id, version, title)"},
		"a foreign key's end":       {"session_id       text references sessions (id) on delete cascade", "session_id       text references sessions (id) on delete set null"},
		"no foreign key":            {"provider_id           text not null references providers (id)", "provider_id           text not null"},
		"a view":                    {"where  b.lifted_at is null and g.account_id is not null;", "where  g.account_id is not null;"},
		"a view the house hangs on": {"where  g.archived_at is null and g.account_id is not null and c.archived_at is null", "where  g.archived_at is null and g.account_id is not null"},
		"a table":                   {"create table meta (", "create table more (key text);\ncreate table meta ("},
	}
	for name, c := range changes {
		if strings.Count(morgenkreis.Schema, c[0]) != 1 {
			t.Errorf("%s: %q is in the schema %d times", name, c[0], strings.Count(morgenkreis.Schema, c[0]))
		}
	}
	fresh := map[string][]string{}
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) { fresh[s.Engine()] = store.Catalogue(t, s) })
	for name, c := range changes {
		t.Run(name, func(t *testing.T) {
			emptyDatabases(t, func(t *testing.T, o store.Options) {
				s, err := open(t, o, strings.Replace(morgenkreis.Schema, c[0], c[1], 1))
				s = opened(t, s, err)
				defer closed(t, s)
				if len(differences(fresh[s.Engine()], store.Catalogue(t, s))) == 0 {
					t.Error("nobody would notice")
				}
			})
		})
	}
}

// rebuilt gives providers, to which tables and a view point, a column by the long way round; on PostgreSQL by the short one.
var rebuilt = fstest.MapFS{
	"0002_motto.postgres.sql": {Data: []byte(`alter table providers add column motto text not null default 'none'`)},
	"0002_motto.sqlite.sql": {Data: []byte(`
create table providers_new (
  id          text primary key,
  name        text not null,
  created_at  bigint not null,
  archived_at bigint,
  motto       text not null default 'none'
);
insert into providers_new (id, name, created_at, archived_at) select id, name, created_at, archived_at from providers;
drop table providers;
alter table providers_new rename to providers;`)},
}

var noted = fstest.MapFS{"0003_noted.sql": {Data: []byte(`insert into meta (key, value) values ('noted', 'once')`)}}

// withMotto is the schema of version 2.
var withMotto = strings.Replace(morgenkreis.Schema, "create table provider_members", "alter table providers add column motto text not null default 'none';\ncreate table provider_members", 1)

func TestOlderDatabaseIsCarriedAlongWithAllItsRows(t *testing.T) {
	emptyDatabases(t, func(t *testing.T, o store.Options) {
		s, err := open(t, o, morgenkreis.Schema)
		s = opened(t, s, err)
		w := storetest.NewWorld(t, s)
		provider, _ := w.Provider("Sonnenschein e.V.")
		mum := w.KitaOf(provider, "Sonnenschein").Group("Bären").Child("Mia").Guardian("Ayşe")
		w.Live()
		w.SignIn(*mum.AccountID)
		before := store.Dump(t, s, "")
		closed(t, s)

		s, err = open(t, o, withMotto, rebuilt, noted)
		s = opened(t, s, err)
		defer closed(t, s)
		after := store.Dump(t, s, "")
		for _, gone := range []string{" motto:none", "\nmeta map[key:noted value:once]"} {
			after = strings.ReplaceAll(after, gone, "")
		}
		after = strings.Replace(after, "schema_version value:3", "schema_version value:1", 1)
		if after != before {
			t.Errorf("before:\n%s\nafter:\n%s", before, after)
		}
		if found, err := s.SystemIntegrity(t.Context()); err != nil || found != "" {
			t.Errorf("integrity: %s (%v)", found, err)
		}
		fresh := o
		if o.URL != "" {
			fresh.URL = storetest.PostgresURL(t)
		} else {
			fresh.Path += "2"
		}
		f, err := open(t, fresh, withMotto, rebuilt, noted)
		f = opened(t, f, err)
		defer closed(t, f)
		if d := differences(store.Catalogue(t, s), store.Catalogue(t, f)); len(d) > 0 {
			t.Errorf("the rebuilt table is another one:\n%s", strings.Join(d, "\n"))
		}
		// What a migration may do, the house may not.
		if err := store.Orphan(s); err == nil {
			t.Error("foreign keys are not looked at any more")
		}
	})
}

func TestMigrationThatFailsLeavesNothing(t *testing.T) {
	for name, c := range map[string]struct{ statements, says string }{
		"a statement that is none":   {`alter table groups add column motto text; select nonsense`, "from version 1 to 3 (0003_broken)"},
		"a key that points astray":   {`alter table groups add column motto text; delete from providers`, "provider"},
		"what can not be, in a rush": {`alter table groups add column motto text not null`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			emptyDatabases(t, func(t *testing.T, o store.Options) {
				s, err := open(t, o, morgenkreis.Schema)
				s = opened(t, s, err)
				w := storetest.NewWorld(t, s)
				w.Kita("Sonnenschein").Group("Bären").Child("Mia").Guardian("Ayşe")
				w.Live()
				before, catalogue := store.Dump(t, s, ""), store.Catalogue(t, s)
				closed(t, s)
				broken := fstest.MapFS{"0003_broken.sql": {Data: []byte(c.statements)}}
				if s, err = open(t, o, morgenkreis.Schema, rebuilt, broken); err == nil {
					closed(t, s)
					t.Fatal("it was taken")
				}
				if !strings.Contains(err.Error(), c.says) {
					t.Errorf("%v; want %q", err, c.says)
				}
				s, err = open(t, o, morgenkreis.Schema)
				s = opened(t, s, err)
				defer closed(t, s)
				if store.Dump(t, s, "") != before {
					t.Error("rows have changed")
				}
				if d := differences(catalogue, store.Catalogue(t, s)); len(d) > 0 {
					t.Errorf("the schema has changed:\n%s", strings.Join(d, "\n"))
				}
			})
		})
	}
}

func TestDatabaseOfANewerProgramIsRefused(t *testing.T) {
	emptyDatabases(t, func(t *testing.T, o store.Options) {
		s, err := open(t, o, morgenkreis.Schema, noted2)
		s = opened(t, s, err)
		before := store.Catalogue(t, s)
		closed(t, s)
		if s, err := open(t, o, morgenkreis.Schema); err == nil || !strings.Contains(err.Error(), "has schema version 2, and this program knows 1: a newer program was at work on it") {
			t.Errorf("%v %v", s, err)
		}
		s, err = open(t, o, morgenkreis.Schema, noted2)
		s = opened(t, s, err)
		defer closed(t, s)
		if d := differences(before, store.Catalogue(t, s)); len(d) > 0 {
			t.Error(d)
		}
	})
}

var noted2 = fstest.MapFS{"0002_noted.sql": {Data: []byte(`insert into meta (key, value) values ('noted', 'once')`)}}

// A second run of the migration would meet its own row.
func TestNodesThatStartTogetherMigrateOnce(t *testing.T) {
	emptyDatabases(t, func(t *testing.T, o store.Options) {
		for _, later := range [][]fstest.MapFS{nil, {noted2}} {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					s, err := open(t, o, morgenkreis.Schema, later...)
					if err != nil {
						t.Error(err)
						return
					}
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
		}
		s, err := open(t, o, morgenkreis.Schema, noted2)
		s = opened(t, s, err)
		defer closed(t, s)
		if v := store.Value(t, s, "select value from meta where key = 'noted'"); v != "once" {
			t.Error(v)
		}
	})
}

func TestGapsAmongMigrationsAreFound(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"none for SQLite":  {"0002_a.postgres.sql": {}},
		"two of a number":  {"0002_a.sql": {}, "0002_b.sql": {}},
		"a number missing": {"0003_a.sql": {}},
		"no number":        {"more.sql": {}},
		"more than said":   {"0002_a.sql": {}, "0003_b.sql": {}},
	} {
		t.Run(name, func(t *testing.T) {
			o := store.Options{Path: filepath.Join(t.TempDir(), "morgenkreis.db")}
			s, err := open(t, o, morgenkreis.Schema)
			closed(t, opened(t, s, err))
			if s, err := open(t, o, morgenkreis.Schema, files); err == nil || !strings.Contains(err.Error(), "migrations: ") {
				t.Errorf("%v %v", s, err)
			}
		})
	}
}
