package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"morgenkreis/store"
	"morgenkreis/store/files"
)

const migrateHelp = `morgenkreis migrate --to ADDRESS [--from ADDRESS]: move the house to another database

  --to ADDRESS
      where to: postgres://…, or the file of a SQLite database, or the folder it is to lie in (MORGENKREIS_TO, or
      MORGENKREIS_TO_FILE for an address with a password)
  --from ADDRESS
      where from, in the same words; otherwise what --database and --data say (MORGENKREIS_FROM, MORGENKREIS_FROM_FILE)

What is at the old place is only read. Broken off, it goes on where it was when it is run again. Beside a running server it
brings what there is, and must be run once more when the server is stopped. Attachments stay in the data folder.

`

// migration is one run of the command.
type migration struct {
	from, to store.Options
	data     string
	// files is where the attachments are, when that is not the folder of the data.
	files       string
	out, errOut io.Writer
}

func migrateCommand(ctx context.Context, args []string, out, errOut io.Writer) error {
	given := map[string]string{}
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile, func(f *flag.FlagSet) {
		for _, name := range []string{"from", "to"} {
			f.Func(name, "", func(v string) error { given[name] = v; return nil })
		}
	})
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, migrateHelp)
	}
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("migrate takes --to and --from, not %q", rest[0])
	}
	m := migration{data: c.Data, out: out, errOut: errOut}
	if c.Files != (files.Place{}) {
		m.files = c.attachments().String()
	}
	m.from = store.Options{Path: filepath.Join(c.Data, databaseName), URL: c.Database.Reveal(), Clock: clock}
	for name, o := range map[string]*store.Options{"from": &m.from, "to": &m.to} {
		value, source, err := setting{name: name}.lookup(given, os.Getenv, os.ReadFile)
		if err == nil && value != "" {
			*o, err = databaseAt(value)
		}
		if err != nil {
			return fmt.Errorf("%s %w", source, err)
		}
	}
	if m.to.Path == "" && m.to.URL == "" {
		return errors.New("--to is missing: postgres://…, or the file of a SQLite database")
	}
	return m.run(ctx)
}

// databaseAt reads an address of either engine.
func databaseAt(address string) (store.Options, error) {
	if strings.Contains(address, "://") {
		return store.Options{URL: address, Clock: clock}, checkPostgres(address)
	}
	if info, err := os.Stat(address); err == nil && info.IsDir() {
		address = filepath.Join(address, databaseName)
	}
	return store.Options{Path: address, Clock: clock}, nil
}

// keepPrivate makes the file of a SQLite database for its owner alone, if it is not there yet.
func keepPrivate(o store.Options) error {
	if o.URL != "" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(o.Path), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(o.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// described tells where a database is, without its password.
func described(o store.Options) string {
	if o.URL != "" {
		return describePostgres(Secret(o.URL))
	}
	return o.Path
}

func (m migration) run(ctx context.Context) error {
	if err := keepPrivate(m.to); err != nil {
		return err
	}
	bar := progressOf(m.errOut, func(n int64) string { return fmt.Sprint(n, " rows") })
	fmt.Fprintf(m.errOut, "from %s to %s\n", described(m.from), described(m.to))
	moved, err := store.SystemMove(ctx, m.from, m.to, bar)
	m.table(moved.Tables)
	switch {
	case errors.Is(err, store.ErrAtWork):
		return fmt.Errorf("%w: stop the server (on PostgreSQL, all of them and whatever else is connected) and run the same command again, "+
			"which brings what is new; no server starts on the new database before", err)
	case errors.Is(err, store.ErrInhabited):
		return fmt.Errorf("%w: choose an empty one", err)
	case errors.Is(err, store.ErrMoveDiffers):
		return fmt.Errorf("%w: run the same command again, while nobody else writes there", err)
	case err != nil:
		return fmt.Errorf("the move was broken off, and the same command takes it up again: %w", err)
	case moved.Already:
		fmt.Fprintln(m.errOut, "It was there already, every row of it: nothing was changed.")
		return nil
	}
	fmt.Fprintln(m.errOut, "moved: every row arrived. Start the server at the new place:", m.settings())
	fmt.Fprintln(m.errOut, "The old database is as it was. Do not start a server on it any more: what is written there is not at the new place.")
	return nil
}

// settings say how a server finds the new place.
func (m migration) settings() string {
	attachments := filepath.Join(m.data, filesName)
	if m.to.URL != "" && m.files != "" {
		return "--database (MORGENKREIS_DATABASE_FILE) with this address, --data as before, and --files as before, where the attachments are: " + m.files
	}
	if m.to.URL != "" {
		return "--database (MORGENKREIS_DATABASE_FILE) with this address, and --data as before, where the attachments are: " + attachments
	}
	folder := filepath.Dir(m.to.Path)
	s := "--data " + folder + ", and no --database"
	if filepath.Base(m.to.Path) != databaseName {
		s += "; the file must be called " + databaseName + " there"
	}
	if m.files != "" {
		return s + "; --files stays as it is: " + m.files
	}
	if filepath.Clean(folder) != filepath.Clean(m.data) {
		s += "; the attachments must come along: copy " + attachments + " to " + filepath.Join(folder, filesName)
	}
	return s
}

// table shows of each table what was there and what arrived.
func (m migration) table(all []store.TableMove) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(m.out, "%-20s %12s %12s  %-16s\n", "table", "from", "to", "checksum")
	var from, to int64
	for _, t := range all {
		sum := t.FromSum[:16]
		if !t.Same() {
			sum += " DIFFERS from " + t.ToSum[:16]
		}
		fmt.Fprintf(m.out, "%-20s %12d %12d  %s\n", t.Table, t.From, t.To, sum)
		from, to = from+t.From, to+t.To
	}
	fmt.Fprintf(m.out, "%-20s %12d %12d\n", "all", from, to)
}
