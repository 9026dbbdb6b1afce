package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/kita/roster"
	"morgenkreis/store"
)

const importHelp = `morgenkreis import FILE: bring in a kita's own list of children and guardians (CSV or XLSX, see docs/import.md)

  --dry-run
      say what would change, and write nothing
  --kita NAME
      into this kita, by its name or id; not needed where there is one
  --create-kita NAME --federal-state BE
      open the first kita of this house, with a provider of its name
  --archive-missing
      put the children away that are not on the list
  --lang de|en
      the language to answer in; otherwise that of LANG

`

// importer is one run of the command.
type importer struct {
	config         Config
	file           string
	dryRun         bool
	archiveMissing bool
	kita           string // name or id
	create, state  string
	lang           string
	words          importWords
	out, errOut    io.Writer
}

func (m *importer) flags(f *flag.FlagSet) {
	f.BoolVar(&m.dryRun, "dry-run", false, "")
	f.BoolVar(&m.archiveMissing, "archive-missing", false, "")
	f.StringVar(&m.kita, "kita", "", "")
	f.StringVar(&m.create, "create-kita", "", "")
	f.StringVar(&m.state, "federal-state", "", "")
	f.StringVar(&m.lang, "lang", "", "")
}

// importCommand works on the database itself, beside a running server or without one: the server sees at once what a
// finished import has written, and nothing of one that was broken off.
func importCommand(ctx context.Context, args []string, out, errOut io.Writer) error {
	m := &importer{out: out, errOut: errOut}
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile, m.flags)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(out, importHelp)
		c.Usage(out)
		return nil
	}
	if err != nil {
		return err
	}
	m.config = c
	m.lang = cmp.Or(m.lang, languageOfTerminal(os.Getenv))
	var known bool
	if m.words, known = importSpeech[m.lang]; !known {
		return fmt.Errorf("--lang: %q is not to be had; write de or en", m.lang)
	}
	if len(rest) != 1 {
		return errors.New(m.words.oneFile)
	}
	m.file = rest[0]
	return m.run(ctx)
}

// languageOfTerminal goes by the first of LC_ALL, LC_MESSAGES and LANG that is set (POSIX.1-2024, section 8.2): German or
// English.
func languageOfTerminal(getenv func(string) string) string {
	if strings.HasPrefix(cmp.Or(getenv("LC_ALL"), getenv("LC_MESSAGES"), getenv("LANG")), "de") {
		return "de"
	}
	return "en"
}

func (m *importer) run(ctx context.Context) (err error) {
	fresh := kita.Kita{Name: kita.Name(m.create), State: kita.State(m.state)}.WithDefaults()
	if m.create != "" && m.kita != "" {
		return errors.New(m.words.oneKita)
	}
	if m.create != "" && fresh.Check() != nil {
		return fmt.Errorf(m.words.badKita, kita.States)
	}
	list, err := m.read(fresh.Today(time.Now()))
	if err != nil {
		return err
	}
	s, leave, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, leave()) }()
	k, err := m.choose(ctx, s, fresh)
	if err != nil {
		return err
	}
	changes, err := s.SystemImportRoster(ctx, k, list, store.ImportOptions{DryRun: m.dryRun, ArchiveMissing: m.archiveMissing,
		Progress: rowsOn(m.errOut, m.words.writing)})
	if err != nil {
		return m.storeFaults(err)
	}
	m.report(k, changes)
	return nil
}

// read reads the list before any database is touched.
func (m *importer) read(today kita.Day) (list roster.Roster, err error) {
	file, err := os.Open(m.file)
	if err != nil {
		return list, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	list, err = roster.Parse(file, today)
	for _, w := range list.Warnings {
		fmt.Fprintln(m.errOut, m.words.warning, w.Sentence(m.lang))
	}
	var faults roster.Faults
	if !errors.As(err, &faults) {
		return list, err
	}
	for _, f := range faults {
		fmt.Fprintln(m.errOut, f.Sentence(m.lang))
	}
	return list, fmt.Errorf(m.words.faults, len(faults))
}

// open opens the house's database. One that is not there is made only for its first kita, and for a dry run elsewhere.
func (m *importer) open(ctx context.Context) (s *store.Store, leave func() error, err error) {
	c := m.config
	remove := func() error { return nil }
	r, err := store.SystemRead(ctx, store.Options{Path: filepath.Join(c.Data, databaseName), URL: c.Database.Reveal(), Clock: time.Now})
	switch {
	case err == nil:
		err = r.Close()
	case !errors.Is(err, store.ErrNoDatabase):
	case m.create == "":
		err = fmt.Errorf(m.words.noDatabase, c.Data)
	case m.dryRun:
		c.Database = ""
		c.Data, err = os.MkdirTemp("", "morgenkreis-")
		remove = func() error { return os.RemoveAll(c.Data) }
	default:
		err = nil
	}
	if err != nil {
		return nil, nil, err
	}
	if s, _, err = openStore(ctx, c); err != nil {
		return nil, nil, errors.Join(err, remove())
	}
	return s, func() error { return errors.Join(s.Close(), remove()) }, nil
}

// choose finds the kita that the list is for; fresh is answered when there is none yet and it shall be opened.
func (m *importer) choose(ctx context.Context, s *store.Store, fresh kita.Kita) (kita.Kita, error) {
	all, err := s.SystemKitas(ctx)
	if err != nil {
		return fresh, err
	}
	wanted := cmp.Or(m.kita, m.create)
	var found []kita.Kita
	for _, k := range all {
		if wanted == "" || strings.EqualFold(k.Name, kita.Name(wanted)) || string(k.ID) == wanted {
			found = append(found, k)
		}
	}
	names := make([]string, len(all))
	for i, k := range all {
		names[i] = fmt.Sprintf("\n  %s  %s", k.ID, k.Name)
	}
	switch {
	case len(found) == 1:
		if found[0].Demo {
			fmt.Fprintln(m.errOut, m.words.demo)
		}
		return found[0], nil
	case len(all) == 0 && m.create != "":
		return fresh, nil
	case len(all) == 0:
		return fresh, errors.New(m.words.noKita)
	}
	return fresh, fmt.Errorf(m.words.whichKita, strings.Join(names, ""))
}

// rowsOn shows on a terminal how much of a large list is written; nil elsewhere.
func rowsOn(w io.Writer, task string) func(done, total int) {
	if !isTerminal(w) {
		return nil
	}
	return rowBar(w, task)
}

// rowBar is silent for what is written in a moment.
func rowBar(w io.Writer, task string) func(done, total int) {
	shown := -1
	return func(done, total int) {
		percent := 100 * done / total
		if total < 2000 || percent == shown {
			return
		}
		shown = percent
		fmt.Fprintf(w, "\r%s [%-25s] %3d %%", task, strings.Repeat("#", percent/4), percent)
		if done == total {
			fmt.Fprintln(w)
		}
	}
}

// storeFaults names each fault on a line of its own, and answers how many there are.
func (m *importer) storeFaults(err error) error {
	var faults kita.Errors
	var one *kita.Error
	if !errors.As(err, &faults) && errors.As(err, &one) {
		faults = kita.Errors{one}
	}
	if len(faults) == 0 {
		return err
	}
	for _, f := range faults {
		fmt.Fprintln(m.errOut, handlers.ImportSentence(m.lang, f))
	}
	return fmt.Errorf(m.words.faults, len(faults))
}

func (m *importer) report(k kita.Kita, c store.RosterChanges) {
	w := m.words
	for _, warning := range c.Warnings {
		fmt.Fprintln(m.errOut, w.warning, handlers.ImportSentence(m.lang, warning))
	}
	if m.dryRun {
		for _, change := range c.Changes {
			fmt.Fprintln(m.out, w.change(change))
		}
	}
	if len(c.Missing) > 0 && !m.archiveMissing {
		names := make([]string, len(c.Missing))
		for i, ch := range c.Missing {
			names[i] = strings.TrimSpace(ch.Name() + " " + ch.Number)
		}
		fmt.Fprintf(m.out, w.missing+"\n", strings.Join(names, ", "))
	}
	fmt.Fprintf(m.out, "%s\n", k.Name)
	for _, t := range []struct {
		noun  string
		tally store.RosterTally
	}{{"group", c.Counts.Groups}, {"child", c.Counts.Children}, {"guardian", c.Counts.Guardians}} {
		fmt.Fprintf(m.out, "  %s: %s\n", w.nouns[t.noun].many, w.tally(t.tally))
	}
	switch {
	case len(c.Changes) == 0:
		fmt.Fprintln(m.out, w.nothing)
	case m.dryRun:
		fmt.Fprintln(m.out, w.dryRun)
	default:
		fmt.Fprintln(m.out, w.done)
	}
}

// change is one line: what becomes of whom, and which fields. Of what is new the name is enough, and the group.
func (w importWords) change(c store.RosterChange) string {
	s := w.actions[c.Action] + ": " + w.nouns[c.Noun].one + " " + c.Name
	if c.Line > 0 {
		s += fmt.Sprintf(" (%s %d)", w.line, c.Line)
	}
	var fields []string
	for _, f := range c.Fields {
		label := cmp.Or(w.fields[f.Field], f.Field)
		switch {
		case c.Action != store.RosterCreates:
			fields = append(fields, fmt.Sprintf("%s %s → %s", label, w.value(f.Field, f.Before), w.value(f.Field, f.After)))
		case c.Noun == "child" && slices.Contains([]string{"group", "from", "to"}, f.Field):
			fields = append(fields, label+" "+w.value(f.Field, f.After))
		}
	}
	if len(fields) > 0 {
		s += ": " + strings.Join(fields, ", ")
	}
	return s
}

// value is one line, in quotes where it is text.
func (w importWords) value(field, s string) string {
	switch {
	case s == "":
		return "–"
	case slices.Contains([]string{"born", "from", "to"}, field):
		return s
	case slices.Contains([]string{"relation", "custody", "may_pick_up", "receives_notices"}, field):
		return cmp.Or(w.values[s], s)
	}
	return w.quotes[0] + strings.Join(strings.Fields(s), " ") + w.quotes[1]
}

func (w importWords) tally(t store.RosterTally) string {
	var said []string
	for i, n := range []int{t.Created, t.Updated, t.Moved, t.Restored, t.Archived, t.Unchanged} {
		if n > 0 {
			said = append(said, fmt.Sprint(n, " ", w.counts[i]))
		}
	}
	return cmp.Or(strings.Join(said, ", "), "–")
}
