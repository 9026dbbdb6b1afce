package store_test

import (
	"net/url"
	"slices"
	"testing"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// closedTables are for the house alone.
var closedTables = []string{"attempts", "creations", "deliveries", "jobs", "meta", "secrets"}

// Whoever adds a table says here, or in wall_rules.go, who sees what of it. Without an account that asks nobody sees
// anything, and behind the wall nothing can be changed.
func TestBehindTheWallWithoutAViewerThereIsNothing(t *testing.T) {
	s, _ := storetest.Postgres(t)
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	w.Operator("Otto")
	lead := k.Leader("Lea")
	mia := k.Group("Bären").Child("Mia")
	mia.Guardian("Mama")
	mia.Guardian("Papa").BannedFrom(mia)
	w.Live()
	if _, _, err := s.CreateNotice(t.Context(), w.Viewer(*lead.AccountID), kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "An alle", AudienceKind: kita.AudienceKita}); err != nil {
		t.Fatal(err)
	}
	tables := store.Tables()
	if len(tables) < 30 {
		t.Fatalf("the schema has the tables %v", tables)
	}
	for _, account := range []kita.ID{"", kita.NewID()} {
		for _, table := range tables {
			n, err := store.CountBehind(t.Context(), s, account, "select count(*) from "+table)
			if closed := slices.Contains(closedTables, table); closed && !store.Denied(err) || !closed && (err != nil || n != 0) {
				t.Errorf("a stranger finds %d rows in %s: %v", n, table, err)
			}
		}
	}
	for table, least := range map[string]int{"children": 1, "guardians": 2, "recipients": 1, "contact_bans": 1, "notices": 1} {
		if n, err := store.CountBehind(t.Context(), s, *lead.AccountID, "select count(*) from "+table); err != nil || n != least {
			t.Errorf("the leader finds %d rows in %s instead of %d: %v", n, table, least, err)
		}
	}
	for _, statement := range []string{"delete from children", "update guardians set first_name = ''", "insert into meta values ('a', 'b')", "delete from audit"} {
		if _, err := store.CountBehind(t.Context(), s, *lead.AccountID, "with x as ("+statement+" returning 1) select count(*) from x"); !store.Denied(err) {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// What is held for one is not there for the next, and not for themselves when the house has changed it meanwhile.
func TestEveryEntryBehindTheWallHoldsItsOwn(t *testing.T) {
	s, _ := storetest.Postgres(t)
	w := storetest.NewWorld(t, s)
	provider, speaker := w.Provider("Träger")
	k := w.KitaOf(provider, "Sonnenschein")
	lead := k.Leader("Lea")
	bears := k.Group("Bären")
	bears.Child("Ben")
	mama := bears.Child("Mia").Guardian("Mama")
	w.Live()
	stranger := kita.NewID()
	for _, x := range []struct {
		of        string
		accounts  []kita.ID
		meanwhile string
		want      []int
	}{
		{"children", []kita.ID{*lead.AccountID, *mama.AccountID, stranger, *mama.AccountID}, "select 1", []int{2, 1, 0, 1}},
		{"children", []kita.ID{*mama.AccountID, *mama.AccountID, *mama.AccountID}, "update guardians set archived_at = 1", []int{1, 1, 0}},
		{"children", []kita.ID{*lead.AccountID, *mama.AccountID, *lead.AccountID}, "update staff set archived_at = 1", []int{2, 0, 0}},
		{"kitas", []kita.ID{speaker.ID, stranger, speaker.ID}, "update providers set archived_at = 1", []int{1, 0, 0}},
	} {
		got, err := store.CountInTurn(t.Context(), s, x.accounts, x.meanwhile, "select count(*) from "+x.of)
		if err != nil || !slices.Equal(got, x.want) {
			t.Errorf("after %q they see %v of the %s instead of %v: %v", x.meanwhile, got, x.of, x.want, err)
		}
	}
}

// A statement has the rules of a table in its plan as often as it has the table, and those of the tables that they ask:
// beginning a guardian's list once took longer than reading it.
func TestRulesAreLittleOfAPlan(t *testing.T) {
	s, _ := storetest.Postgres(t)
	w := storetest.NewWorld(t, s)
	mama := w.Kita("Sonnenschein").Group("Bären").Child("Mia").Guardian("Mama")
	w.Live()
	if n, err := store.PlansOf(t.Context(), s, *mama.AccountID); err != nil || n == 0 || n > 25 {
		t.Errorf("a guardian's list has %d plans within its own: %v", n, err)
	}
}

// The user of the database is often not one who may make roles.
func TestWallStandsWhereTheRoleCanBeHad(t *testing.T) {
	for _, x := range []struct {
		name, user string
		may        string
		walled     bool
	}{
		{"who may make roles", "owner_roles", "createrole", true},
		{"who may not", "owner_plain", "nocreaterole", false},
	} {
		t.Run(x.name, func(t *testing.T) {
			address := storetest.PostgresURL(t)
			admin := connected(t, address)
			var database string
			if err := admin.Get(&database, "select current_database()"); err != nil {
				t.Fatal(err)
			}
			user := x.user + "_" + database
			admin.MustExec("create role " + user + " login " + x.may)
			admin.MustExec("alter database " + database + " owner to " + user)
			u, err := url.Parse(address)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			q.Set("user", user)
			u.RawQuery = q.Encode()
			o := store.Options{URL: u.String(), Clock: storetest.NewClock().Now}
			open := func() *store.Store {
				t.Helper()
				s, err := store.Open(t.Context(), o)
				if err != nil {
					t.Fatal(err)
				}
				return s
			}
			s := open()
			if s.Walled() != x.walled {
				t.Errorf("there is a wall: %v", s.Walled())
			}
			closed(t, s)
			r, err := store.SystemRead(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			trouble, err := r.Wall(t.Context())
			if err != nil || (trouble == "") != x.walled {
				t.Errorf("doctor is told %q, %v", trouble, err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
			if x.walled {
				return
			}
			// What doctor says is what helps.
			role := database + "_public_viewer"
			admin.MustExec("create role " + role + " nologin")
			admin.MustExec("grant " + role + " to " + user)
			s = open()
			defer closed(t, s)
			if !s.Walled() {
				t.Error("with the role there is still no wall")
			}
			w := storetest.NewWorld(t, s)
			k := w.Kita("Sonnenschein")
			lead := k.Leader("Lea")
			k.Group("Bären").Child("Mia")
			w.Live()
			if got, err := s.Children(t.Context(), w.Viewer(*lead.AccountID), store.ChildFilter{}, store.PageRequest{}); err != nil || len(got.Items) != 1 {
				t.Errorf("the leader sees %v, %v", got.Items, err)
			}
			admin.MustExec("alter role " + role + " bypassrls")
			again := open()
			defer closed(t, again)
			if again.Walled() {
				t.Error("a role that no policy holds is taken for a wall")
			}
		})
	}
}

func connected(t *testing.T, address string) *sqlx.DB {
	t.Helper()
	db, err := sqlx.Connect("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
