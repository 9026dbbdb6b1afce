package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"morgenkreis/store/files"
)

// restore puts a backup into a data folder that holds nothing. All of it is unpacked, compared with its manifest and
// looked into beside the place where it will be used; the last step, one name for the database, makes a house of it.
type restore struct {
	data string
	away files.Place // of the attachments; nothing: in the data folder
	room func(folder string) (room, error)
	show progress
}

// restorePartial is where a backup is unpacked: in the data folder, which may be the top of a volume of its own.
const restorePartial = "restore.partial"

func restoreCommand(ctx context.Context, args []string, _, errOut io.Writer) error {
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("restore takes one argument: the backup, or - for standard input")
	}
	if c.Database != "" {
		return errors.New("the data is in PostgreSQL, where pg_restore or pgBackRest bring it back (docs/operating.md); " +
			"restore is for SQLite: leave --database out")
	}
	r := restore{data: c.Data, away: c.attachments(), room: roomIn, show: progressOn(errOut)}
	var m manifest
	if rest[0] == "-" {
		m, err = r.fromStream(ctx, os.Stdin)
	} else {
		m, err = r.fromFile(ctx, rest[0])
	}
	if err != nil {
		return fmt.Errorf("nothing was restored: %w", err)
	}
	for _, sum := range m.Missing {
		fmt.Fprintf(errOut, "warning: attachment %q was missing or damaged when the backup was made\n", sum)
	}
	fmt.Fprintf(errOut, "restored: %s\n", m.summary())
	fmt.Fprintln(errOut, "What was entered after that is gone, contact bans and deletions too: enter them again before anybody signs in.")
	return nil
}

func (r restore) fromFile(ctx context.Context, file string) (m manifest, err error) {
	f, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return r.into(ctx, func(string) (*os.File, error) { return f, nil })
}

// fromStream keeps what comes until it has been checked.
func (r restore) fromStream(ctx context.Context, in io.Reader) (m manifest, err error) {
	var kept *os.File
	defer func() {
		if kept != nil {
			err = errors.Join(err, kept.Close())
		}
	}()
	return r.into(ctx, func(partial string) (*os.File, error) {
		kept, err = os.OpenFile(filepath.Join(partial, "archive"), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err == nil {
			_, err = io.Copy(kept, meter{ctx, in, func(int64) {}})
		}
		return kept, err
	})
}

// into fills the data folder from the backup that source gives, or leaves it as it was.
func (r restore) into(ctx context.Context, source func(partial string) (*os.File, error)) (m manifest, err error) {
	made, err := r.prepare()
	if made {
		defer func() {
			if err != nil {
				err = errors.Join(err, os.Remove(r.data))
			}
		}()
	}
	if err != nil {
		return m, err
	}
	partial := filepath.Join(r.data, restorePartial)
	if err := os.Mkdir(partial, 0o700); err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(partial)) }()
	f, err := source(partial)
	if err != nil {
		return m, err
	}
	info, err := f.Stat()
	if err != nil {
		return m, err
	}
	if err := checkSeal(ctx, f, info.Size(), r.show); err != nil {
		return m, err
	}
	if m, err = unpack(ctx, f, info.Size(), partial, r.room, r.show); err != nil {
		return m, err
	}
	if err := m.check(ctx, partial); err != nil {
		return m, err
	}
	if err := m.carryOn(ctx, partial); err != nil {
		return m, err
	}
	if err := r.sendAway(ctx, m, partial); err != nil {
		return m, err
	}
	return m, r.moveIn(partial)
}

// sendAway brings the attachments to a bucket, or a folder elsewhere. That place may hold what is in the backup, of a
// restore that was broken off, and nothing else: the server removes what its database does not name, and would do so to
// another house's pictures, or to those that the house this backup is of has got since.
func (r restore) sendAway(ctx context.Context, m manifest, partial string) error {
	if r.away == (files.Place{}) || r.away.Folder == filepath.Join(r.data, filesName) {
		return nil
	}
	from, err := files.New(filepath.Join(partial, filesName))
	if err != nil {
		return err
	}
	to, err := r.away.Open(ctx)
	if err != nil {
		return fmt.Errorf("the attachments: %w", err)
	}
	ours := make(map[string]bool, len(m.Members))
	for _, s := range m.Members {
		ours[s.Name] = true
	}
	err = to.Walk(ctx, func(e files.Entry) error {
		if !ours[filesName+"/"+e.Sum] {
			return fmt.Errorf("in %s there is %s, which is not in the backup, and the restored house would remove it: choose a place of its own with --files", r.away, e.Sum)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if _, err := files.Copy(ctx, from, to, func(done, total int64) { r.show("attachments", done, total) }); err != nil {
		return err
	}
	// They were moved, not copied; what is gone from here needs no room.
	return errors.Join(os.RemoveAll(filepath.Join(partial, filesName)), os.Mkdir(filepath.Join(partial, filesName), 0o700))
}

// prepare makes the data folder, or makes sure that it is empty.
func (r restore) prepare() (made bool, err error) {
	entries, err := os.ReadDir(r.data)
	if errors.Is(err, fs.ErrNotExist) {
		err = os.Mkdir(r.data, 0o700)
		return err == nil, err
	}
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		switch e.Name() {
		case "lost+found": // at the top of a volume of its own
		case restorePartial:
			return false, fmt.Errorf("%s is of a restore that is at work, or was killed; when none is, remove it", filepath.Join(r.data, restorePartial))
		default:
			return false, fmt.Errorf("%s is not empty (there is %s), and a restore overwrites nothing: choose an empty folder with --data", r.data, e.Name())
		}
	}
	return false, nil
}

// moveIn gives what was unpacked its place, the database last: without it there is no house yet.
func (r restore) moveIn(partial string) error {
	attachments := filepath.Join(r.data, filesName)
	if err := os.Rename(filepath.Join(partial, filesName), attachments); err != nil {
		return err
	}
	err := syncFolder(r.data)
	if err == nil {
		err = place(filepath.Join(partial, databaseName), filepath.Join(r.data, databaseName))
	}
	if err != nil {
		return errors.Join(err, os.Rename(attachments, filepath.Join(partial, filesName)))
	}
	return errors.Join(syncFolder(r.data), syncFolder(filepath.Dir(filepath.Clean(r.data))))
}
