package storetest

import (
	"testing"

	"github.com/jmoiron/sqlx"
)

func TestMain(m *testing.M) { Main(m) }

func TestDatabaseIsGivenOnWithoutWhatATestDidToIt(t *testing.T) {
	lent := func(statement string) (url string) {
		t.Run("a test", func(t *testing.T) {
			url = ReadyURL(t)
			db := sqlx.MustConnect("pgx", url)
			defer db.Close()
			var rows int
			if err := db.Get(&rows, "select (select count(*) from accounts) + (select count(*) from children) + (select count(*) from secrets)"); err != nil || rows != 0 {
				t.Errorf("%d rows are in it: %v", rows, err)
			}
			if _, err := db.Exec(statement); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		})
		return url
	}
	before := lent("")
	t.Run("a test", func(t *testing.T) {
		s, _ := Postgres(t)
		NewWorld(t, s).Kita("Sonnenschein").Group("Bären").Child("Mia")
	})
	if after := lent(""); after != before {
		t.Error("one in which there were rows was thrown away")
	}
	for _, statement := range []string{
		"alter table children alter allergies set default 'nuts'",
		"alter table notices add column mood text",
		"drop index recipients_feed",
		"create index children_allergies on children (allergies)",
		"drop policy seen on children",
		"alter policy seen on notices using (true)",
		"alter table groups disable row level security",
		"alter table groups disable trigger all",
		"create function public.nothing() returns int language sql as 'select 1'",
		"create schema elsewhere",
		"analyze",
	} {
		was := lent(statement)
		if is := lent(""); is == was {
			t.Errorf("after %q it was given on", statement)
		}
	}
}
