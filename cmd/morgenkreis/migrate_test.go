package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/cmd/morgenkreis/demo"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// postgresURL is an empty database on a server of this test alone.
func postgresURL(t *testing.T) (fresh func() string) {
	t.Helper()
	server, err := storetest.StartServer("fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	return func() string {
		url, err := server.NewDatabase()
		if err != nil {
			t.Fatal(err)
		}
		return url
	}
}

// demoHouse is a data folder with weeks of a kita's life in it.
func demoHouse(t *testing.T) (data string) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	s, dir, err := openStore(t.Context(), Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	made, err := demo.Fill(t.Context(), store.Options{Path: filepath.Join(data, databaseName)}, dir, time.Now(), func(string) {})
	if err != nil || !made {
		t.Fatal(made, err)
	}
	return data
}

// rowsOf is every row of a SQLite file, in the words of the driver.
func rowsOf(t *testing.T, path string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, table := range column(t, db, `select name from sqlite_master where type = 'table' and name not like 'sqlite_%'`) {
		quoted := column(t, db, `select group_concat('quote("' || name || '") || typeof("' || name || '")', ' || '','' || ') from pragma_table_info('`+table+`')`)[0]
		for _, row := range column(t, db, "select "+quoted+" from "+table) {
			all = append(all, table+" "+row)
		}
	}
	slices.Sort(all)
	return all
}

func column(t *testing.T, db *sql.DB, statement string) (all []string) {
	t.Helper()
	rows, err := db.Query(statement)
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		t.Fatal(err)
	}
	return all
}

func migrate(t *testing.T, args ...string) (out, errOut string, err error) {
	t.Helper()
	var o, e bytes.Buffer
	err = run(t.Context(), append([]string{"migrate"}, args...), &o, &e)
	return o.String(), e.String(), err
}

func TestKitaMovesToPostgresAndBack(t *testing.T) {
	fresh := postgresURL(t)
	data := demoHouse(t)
	before := rowsOf(t, filepath.Join(data, databaseName))
	if len(before) < 2000 {
		t.Fatalf("the demo has %d rows only", len(before))
	}
	url := fresh()
	out, said, err := migrate(t, "--data", data, "--to", url)
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, said)
	}
	if !strings.Contains(said, "copy: 100 % of "+fmt.Sprint(len(before))+" rows") || !strings.Contains(said, "moved: every row arrived") || !strings.Contains(said, filepath.Join(data, filesName)) {
		t.Error(said)
	}
	if !regexp.MustCompile(`(?m)^children +(\d+) +(\d+)  [0-9a-f]{16}$`).MatchString(out) || strings.Contains(out, "DIFFERS") || !strings.Contains(out, fmt.Sprint("all                  ", fmt.Sprintf("%12d %12d", len(before), len(before)))) {
		t.Error(out)
	}
	if _, said, err = migrate(t, "--data", data, "--to", url); err != nil || !strings.Contains(said, "there already") {
		t.Errorf("%v\n%s", err, said)
	}
	s, _, err := openStore(t.Context(), Config{Data: data, Database: Secret(url)})
	if err != nil {
		t.Fatal(err)
	}
	if made, err := demo.Present(t.Context(), s); err != nil || !made {
		t.Errorf("the demo is not there: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}

	back := filepath.Join(t.TempDir(), "new")
	out, said, err = migrate(t, "--data", data, "--from", url, "--to", filepath.Join(back, databaseName))
	if err != nil || !strings.Contains(said, "copy "+filepath.Join(data, filesName)+" to "+filepath.Join(back, filesName)) {
		t.Fatalf("%v\n%s\n%s", err, out, said)
	}
	if after := rowsOf(t, filepath.Join(back, databaseName)); !slices.Equal(after, before) {
		t.Error("what came back is not what had left")
	}
	if !slices.Equal(rowsOf(t, filepath.Join(data, databaseName)), before) {
		t.Error("the old database was changed")
	}
	for path, mode := range map[string]os.FileMode{back: 0o700, filepath.Join(back, databaseName): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s is open to others: %v %v", path, info, err)
		}
	}

	other, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.Exec(`update children set allergies = allergies || 'x' where id = (select min(id) from children)`); err != nil {
		t.Fatal(err)
	}
	if out, said, err = migrate(t, "--data", data, "--to", url); err == nil || !strings.Contains(out, "DIFFERS") || strings.Count(out, "DIFFERS") != 1 {
		t.Errorf("%v\n%s\n%s", err, out, said)
	}
}

// The program is killed (-9) again and again while it moves.
func TestKilledMoveGoesOn(t *testing.T) {
	url := postgresURL(t)()
	data := demoHouse(t)
	before := rowsOf(t, filepath.Join(data, databaseName))
	kills := 0
	for kills < 3 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		c := exec.CommandContext(ctx, os.Args[0], "migrate", "--data", data, "--to", url)
		c.Env = append(os.Environ(), runsMain+"=1")
		said, err := c.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		// Its first word of progress, its second, …: at each it has written some batches, and is about to write more.
		var read strings.Builder
		for part := make([]byte, 256); strings.Count(read.String(), "copy: ") <= kills; {
			n, err := said.Read(part)
			read.Write(part[:n])
			if err != nil {
				break
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, said) // it is dead
		if err := c.Wait(); err == nil {
			t.Fatalf("it came to its end before it was killed:\n%s", &read)
		}
		cancel()
		kills++
	}
	if s, err := store.Open(t.Context(), store.Options{URL: url}); err == nil {
		t.Errorf("half a house can be lived in (%v)", s.Close())
	}
	if out, said, err := migrate(t, "--data", data, "--to", url); err != nil || !strings.Contains(said, "moved") {
		t.Fatalf("%v\n%s\n%s", err, out, said)
	}
	back := t.TempDir()
	if out, said, err := migrate(t, "--from", url, "--to", back); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, said)
	}
	if !slices.Equal(rowsOf(t, filepath.Join(back, databaseName)), before) {
		t.Error("what came back is not what had left")
	}
}

func TestMigrateSaysWhatIsWrong(t *testing.T) {
	l := newLodging(t)
	for says, args := range map[string][]string{
		"--to is missing":          {"--data", l.data},
		"takes --to and --from":    {"--data", l.data, "--to", "x", "y"},
		"--to does not start with": {"--data", l.data, "--to", "mysql://x"},
		"there is no database":     {"--data", t.TempDir(), "--to", filepath.Join(t.TempDir(), "x")},
		"stop the server":          {"--data", l.data, "--to", filepath.Join(t.TempDir(), "new", "x.db")},
		"open PostgreSQL":          {"--data", l.data, "--to", "postgres://u:hunter2@" + closed(t) + "/kita"},
	} {
		out, said, err := migrate(t, args...)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v; want %q", args, err, says)
		}
		if err != nil && strings.Contains(out+said+err.Error(), "hunter2") {
			t.Error("the password is told")
		}
	}
	var help bytes.Buffer
	if err := run(t.Context(), []string{"migrate", "--help"}, &help, io.Discard); err != nil || !strings.Contains(help.String(), "MORGENKREIS_TO_FILE") {
		t.Errorf("%v\n%s", err, &help)
	}
}

func TestMigrateSaysWhereTheAttachmentsAre(t *testing.T) {
	sqlite, postgres := store.Options{Path: "/new/morgenkreis.db"}, store.Options{URL: "postgres://x"}
	for _, c := range []struct {
		m          migration
		says, omit string
	}{
		{migration{data: "/old", to: postgres}, "--data as before, where the attachments are: /old/files", "--files"},
		{migration{data: "/old", to: sqlite}, "the attachments must come along: copy /old/files to /new/files", "--files"},
		{migration{data: "/new", to: sqlite}, "--data /new", "come along"},
		{migration{data: "/old", to: postgres, files: "s3://b"}, "--files as before, where the attachments are: s3://b", "/old/files"},
		{migration{data: "/old", to: sqlite, files: "s3://b"}, "--files stays as it is: s3://b", "come along"},
	} {
		if got := c.m.settings(); !strings.Contains(got, c.says) || strings.Contains(got, c.omit) {
			t.Errorf("%+v:\n%s\nwant %q, without %q", c.m, got, c.says, c.omit)
		}
	}
}
