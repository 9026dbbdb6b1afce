package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

// backup makes archives of the data folder while a server may be at work on it.
//
// Attachments come first and the database second, for two reasons. A row names only what is in the folder already, and
// the sweep removes only what no row names and what has been in the folder for a day: so what the database's copy names
// was either archived before, or came in the meantime and is still there. The other way round, what was deleted after the
// copy would be missing. And the copy is as young as can be.
type backup struct {
	data    string
	files   files.Place
	program string
	clock   func() time.Time
	room    func(folder string) (room, error)
	show    progress
}

func backupCommand(ctx context.Context, args []string, out, errOut io.Writer) error {
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return errors.New("backup takes one argument: the file to write, or - for standard output")
	}
	if c.Database != "" {
		return errors.New("the data is in PostgreSQL: back it up with pg_dump or pgBackRest, and the attachments in " +
			c.attachments().String() + " with it (docs/operating.md)")
	}
	b := backup{data: c.Data, files: c.attachments(), program: version, clock: time.Now, room: roomIn, show: progressOn(errOut)}
	var m manifest
	if rest[0] != "-" {
		m, err = b.save(ctx, rest[0])
	} else if isTerminal(out) {
		return errors.New("a backup is nothing to read on a terminal: name a file, or send it on with > or |")
	} else {
		m, err = b.stream(ctx, out)
	}
	if err != nil {
		return fmt.Errorf("no backup was made: %w", err)
	}
	for _, sum := range m.Missing {
		fmt.Fprintf(errOut, "warning: attachment %s is missing or damaged in %s; the backup is without it\n", sum, c.attachments())
	}
	fmt.Fprintln(errOut, "backed up:", m.summary())
	return nil
}

// summary is what a person wants to know of a backup.
func (m manifest) summary() string {
	attachments := max(len(m.Members)-1, 0)
	return fmt.Sprintf("%d kitas, %d children, %d notices, %d attachments, as of %s", m.Counts["kitas"], m.Counts["children"],
		m.Counts["notices"], attachments, m.CreatedAt.Local().Format("2006-01-02 15:04:05"))
}

// save writes a backup to file, which must not be there: under another name until it is whole and safe from a power cut.
func (b backup) save(ctx context.Context, file string) (m manifest, err error) {
	if _, err := os.Lstat(file); err == nil {
		return m, fmt.Errorf("%s is there already, and a backup overwrites nothing: choose another name", file)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return m, err
	}
	partial := file + ".partial"
	f, err := claim(partial)
	if err != nil {
		return m, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(partial))
		}
		// After Sync, closing can lose nothing.
		_ = f.Close()
	}()
	if m, err = b.write(ctx, f, partial+".db", true); err != nil {
		return m, err
	}
	if err = f.Sync(); err != nil {
		return m, err
	}
	if err = place(partial, file); err != nil {
		return m, err
	}
	return m, syncFolder(filepath.Dir(file))
}

// stream writes a backup to w; the database's copy lies in the data folder meanwhile.
func (b backup) stream(ctx context.Context, w io.Writer) (m manifest, err error) {
	lock := filepath.Join(b.data, "backup.partial")
	f, err := claim(lock)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, os.Remove(lock), f.Close()) }()
	return b.write(ctx, w, lock+".db", false)
}

// claim creates the file path for this process alone. What a killed process left there goes; one that is at work keeps it.
func claim(path string) (*os.File, error) {
	busy := fmt.Errorf("another backup is at work on %s", path)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, fs.ErrExist) {
		if err = removeStale(path, busy); err == nil {
			f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
		}
	}
	if err != nil {
		return nil, err
	}
	if !locked(f, path) {
		return nil, errors.Join(busy, f.Close())
	}
	return f, nil
}

func removeStale(path string, busy error) error {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return busy // it was there a moment ago
	}
	if err != nil {
		return err
	}
	if !locked(f, path) {
		return errors.Join(busy, f.Close())
	}
	return errors.Join(os.Remove(path), f.Close())
}

// locked takes the lock on f, which ends with the process, and tells whether path is still f.
func locked(f *os.File, path string) bool {
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return false
	}
	mine, err1 := f.Stat()
	there, err2 := os.Lstat(path)
	return err1 == nil && err2 == nil && os.SameFile(mine, there)
}

// write writes the archive to w. The database's copy lies at scratch meanwhile; beside tells that the archive grows on
// the same disk.
func (b backup) write(ctx context.Context, w io.Writer, scratch string, beside bool) (m manifest, err error) {
	path := filepath.Join(b.data, databaseName)
	live, err := store.SystemRead(ctx, store.Options{Path: path, Clock: b.clock})
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, live.Close()) }()
	known, err := live.Sums(ctx)
	if err != nil {
		return m, err
	}
	a, err := newArchiveWriter(w, manifest{Format: archiveFormat, Program: b.program, CreatedAt: b.clock().UTC(), Members: []member{}, Missing: []string{}})
	if err != nil {
		return m, err
	}
	p := packer{archiveWriter: a, backup: b, packed: map[string]bool{}}
	if err := p.weigh(ctx, known); err != nil {
		return m, err
	}
	if err := p.checkRoom(path, filepath.Dir(scratch), beside); err != nil {
		return m, err
	}
	// What is not to be had now may be gone for good reason; the copy tells.
	if _, err := p.pack(ctx, known); err != nil {
		return m, err
	}
	defer func() {
		if removed := os.Remove(scratch); !errors.Is(removed, fs.ErrNotExist) {
			err = errors.Join(err, removed)
		}
	}()
	if err := p.packDatabase(ctx, path, scratch); err != nil {
		return m, err
	}
	return a.manifest, a.finish()
}

// spare is what a backup leaves free, and a restore.
const spare = 32 << 20

// packer puts the data folder into an archive.
type packer struct {
	*archiveWriter
	backup
	dir         files.Store // nil: there is no folder yet
	packed      map[string]bool
	done, total int64
}

// look gives the store at a place, to be read only; it is nil when there is no folder yet. No server has run there then that
// would make one.
func look(p files.Place) (files.Store, error) {
	if p.Bucket != "" {
		return files.NewBucket(p)
	}
	if _, err := os.Stat(p.Folder); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return files.New(p.Folder)
}

// weigh finds out how big the attachments are.
func (p *packer) weigh(ctx context.Context, known map[string]bool) (err error) {
	if p.dir, err = look(p.files); p.dir == nil || err != nil {
		return err
	}
	return p.dir.Walk(ctx, func(e files.Entry) error {
		if known[e.Sum] && !p.packed[e.Sum] {
			p.total += e.Size
		}
		return nil
	})
}

// checkRoom wants room for the worst case, in which nothing gets smaller: a full disk would stop the server beside us.
func (p *packer) checkRoom(database, folder string, beside bool) error {
	var size int64
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(database + suffix)
		if err == nil {
			size += info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	need := size + spare
	if beside {
		need += size + p.total
	}
	r, err := p.room(folder)
	if err != nil {
		return err
	}
	if r.free < need {
		return fmt.Errorf("in %s there are %s free, and up to %s are needed: make room, or write it to another disk", folder, bytesText(r.free), bytesText(need))
	}
	return nil
}

// pack puts in the attachments that are not in yet, and answers those that are not to be had whole.
func (p *packer) pack(ctx context.Context, sums map[string]bool) ([]string, error) {
	missing := []string{}
	for _, sum := range slices.Sorted(maps.Keys(sums)) {
		if p.packed[sum] {
			continue
		}
		whole, err := p.packFile(ctx, sum)
		if err != nil {
			return nil, err
		}
		if whole {
			p.packed[sum] = true
		} else {
			missing = append(missing, sum)
		}
	}
	return missing, nil
}

// packFile reads an attachment twice: a damaged one is found before it is in the archive.
func (p *packer) packFile(ctx context.Context, sum string) (whole bool, err error) {
	if p.dir == nil {
		return false, nil
	}
	f, err := p.dir.Open(ctx, sum)
	if errors.Is(err, error(kita.ErrNotFound)) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	size, err := io.Copy(hash, meter{ctx, f, func(int64) {}})
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	var trouble *files.Trouble
	if errors.As(err, &trouble) {
		return false, err
	}
	// A disk that can no longer read one attachment is a reason to make a backup of the others.
	if err != nil || hex.EncodeToString(hash.Sum(nil)) != sum {
		return false, nil
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return false, err
	}
	return true, p.add(filesName+"/"+sum, size, meter{ctx, f, p.moved})
}

func (p *packer) moved(n int64) {
	p.done += n
	p.show("attachments", p.done, p.total)
}

// packDatabase copies the database to scratch, looks whether the copy is good, and puts it in, after the attachments that
// have come since.
func (p *packer) packDatabase(ctx context.Context, path, scratch string) (err error) {
	// A killed backup may have left one; whoever holds the claim is alone here.
	if err := os.Remove(scratch); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.OpenFile(scratch, os.O_CREATE|os.O_EXCL|os.O_RDONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p.CreatedAt = p.clock().UTC()
	if err := store.SystemCopy(ctx, path, scratch, func(done, total int64) { p.show("copy of the database", done, total) }); err != nil {
		return err
	}
	sums, err := p.describe(ctx, scratch)
	if err != nil {
		return err
	}
	if err := p.weigh(ctx, sums); err != nil {
		return err
	}
	if p.Missing, err = p.pack(ctx, sums); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	var done int64
	return p.add(databaseName, info.Size(), meter{ctx, f, func(n int64) { done += n; p.show("database", done, info.Size()) }})
}

// describe fills the manifest from the copy, and answers the attachments that the copy names. A damaged database makes
// no backup: it would push a good one out of somebody's rotation.
func (p *packer) describe(ctx context.Context, path string) (sums map[string]bool, err error) {
	r, err := store.SystemReadCopy(ctx, path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	found, err := r.Integrity(ctx)
	if err != nil {
		return nil, err
	}
	if found != "" {
		return nil, fmt.Errorf("the database is damaged, keep the backups you have: %s", found)
	}
	if p.SchemaVersion, err = r.SchemaVersion(ctx); err != nil {
		return nil, err
	}
	if p.Counts, err = r.Counts(ctx); err != nil {
		return nil, err
	}
	return r.Sums(ctx)
}
