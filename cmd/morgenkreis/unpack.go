package main

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"morgenkreis/store"
)

// unpacker writes the members of a backup into a folder. Archives come from outside: a name is one of those that a
// backup has, or it ends the restore, and no path is ever made of anything else.
type unpacker struct {
	folder string
	room   func(folder string) (room, error)
	seen   []member
}

// unpack writes what the archive holds under folder, each file safe from a power cut, and answers the manifest, which must
// agree with it member by member.
func unpack(ctx context.Context, archive io.ReaderAt, size int64, folder string, room func(string) (room, error), show progress) (m manifest, err error) {
	var done int64
	in := meter{ctx, io.NewSectionReader(archive, 0, size), func(n int64) { done += n; show("unpacking", done, size) }}
	z, err := gzip.NewReader(bufio.NewReaderSize(in, 1<<20))
	if err != nil {
		return m, damaged(err)
	}
	if err := os.Mkdir(filepath.Join(folder, filesName), 0o700); err != nil {
		return m, err
	}
	u := unpacker{folder: folder, room: room}
	t := tar.NewReader(z)
	var raw []byte
	for raw == nil {
		h, err := t.Next()
		if err != nil {
			return m, damaged(err)
		}
		if raw, err = u.member(h, t); err != nil {
			return m, err
		}
	}
	if _, err := t.Next(); !errors.Is(err, io.EOF) {
		return m, errors.Join(errors.New("the backup goes on after its manifest"), err)
	}
	if n, err := io.CopyN(io.Discard, z, 1); n > 0 || !errors.Is(err, io.EOF) {
		return m, errors.Join(errors.New("the backup goes on after its end"), damaged(err))
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, fmt.Errorf("the manifest of the backup is not readable: %w", err)
	}
	if err := m.agrees(u.seen); err != nil {
		return m, err
	}
	return m, errors.Join(syncFolder(filepath.Join(folder, filesName)), syncFolder(folder))
}

// damaged says of an error while reading that the archive is at fault.
func damaged(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("the backup is damaged: %w", err)
}

// member writes one member of the archive; of the manifest it answers the content.
func (u *unpacker) member(h *tar.Header, r io.Reader) (manifest []byte, err error) {
	sum, attachment := strings.CutPrefix(h.Name, filesName+"/")
	switch {
	case h.Typeflag != tar.TypeReg:
		return nil, fmt.Errorf("the backup holds %q, which is no file", h.Name)
	case h.Name == manifestName:
		if h.Size > maxManifest {
			return nil, fmt.Errorf("the manifest of the backup is too big: %s", bytesText(h.Size))
		}
		if manifest, err = io.ReadAll(r); err != nil {
			return nil, damaged(err)
		}
		return append([]byte{}, manifest...), nil
	case h.Name != databaseName && !(attachment && isSum(sum)):
		return nil, fmt.Errorf("the backup holds %q, which does not belong there", h.Name)
	}
	got, err := u.write(h.Name, h.Size, r)
	if err != nil {
		return nil, err
	}
	if attachment && got != sum {
		return nil, fmt.Errorf("the backup is damaged: %s is not what its name says", h.Name)
	}
	u.seen = append(u.seen, member{h.Name, h.Size, got})
	return nil, nil
}

// write puts size bytes of r into a new file of that name and answers their SHA-256.
func (u *unpacker) write(name string, size int64, r io.Reader) (sum string, err error) {
	free, err := u.room(u.folder)
	if err != nil {
		return "", err
	}
	if size > free.free-spare {
		return "", fmt.Errorf("in %s there are %s free, and %s in the backup has %s: make room, or choose a folder on another disk",
			filepath.Dir(u.folder), bytesText(free.free), name, bytesText(size))
	}
	f, err := os.OpenFile(filepath.Join(u.folder, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("the backup holds %s twice", name)
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	hash := sha256.New()
	n, err := io.Copy(f, io.TeeReader(r, hash))
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", name, err)
	}
	if n != size {
		return "", damaged(io.ErrUnexpectedEOF)
	}
	return hex.EncodeToString(hash.Sum(nil)), f.Sync()
}

// isSum tells whether s is a SHA-256 in lower-case hex, the only name an attachment can have.
func isSum(s string) bool {
	return len(s) == 2*sha256.Size && strings.Trim(s, "0123456789abcdef") == ""
}

// agrees compares the manifest with what was unpacked.
func (m manifest) agrees(seen []member) error {
	if m.Format != archiveFormat {
		return fmt.Errorf("the backup is of format %d, and this program knows %d: it was made by %q", m.Format, archiveFormat, m.Program)
	}
	if m.SchemaVersion > store.SchemaVersion {
		return fmt.Errorf("the backup has schema version %d, and this program knows %d: restore it with the program that made it, %q",
			m.SchemaVersion, store.SchemaVersion, m.Program)
	}
	there := make(map[string]member, len(seen))
	for _, s := range seen {
		there[s.Name] = s
	}
	for _, s := range m.Members {
		if there[s.Name] != s {
			return fmt.Errorf("the backup is damaged: %s is missing or not what the manifest says", s.Name)
		}
		delete(there, s.Name)
	}
	for name := range there {
		return fmt.Errorf("the backup is damaged: %s is not in the manifest", name)
	}
	if !slices.ContainsFunc(seen, func(s member) bool { return s.Name == databaseName }) {
		return errors.New("there is no database in the backup")
	}
	return nil
}

// check looks into the database that was unpacked under folder: it holds together, has the rows the manifest counts, and
// every attachment it names came with it or is known to be missing.
func (m manifest) check(ctx context.Context, folder string) (err error) {
	r, err := store.SystemReadCopy(ctx, filepath.Join(folder, databaseName))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	found, err := r.Integrity(ctx)
	if err != nil {
		return err
	}
	if found != "" {
		return fmt.Errorf("the database in the backup is damaged: %s", found)
	}
	version, err := r.SchemaVersion(ctx)
	if err != nil {
		return err
	}
	if version != m.SchemaVersion {
		return fmt.Errorf("the database in the backup has schema version %d, the manifest says %d", version, m.SchemaVersion)
	}
	counts, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	for _, table := range slices.Sorted(maps.Keys(m.Counts)) {
		if counts[table] != m.Counts[table] {
			return fmt.Errorf("the database in the backup has %d rows in %s, the manifest says %d", counts[table], table, m.Counts[table])
		}
	}
	if len(counts) != len(m.Counts) {
		return fmt.Errorf("the database in the backup has %d tables, the manifest says %d", len(counts), len(m.Counts))
	}
	sums, err := r.Sums(ctx)
	if err != nil {
		return err
	}
	have := make(map[string]bool, len(m.Members)+len(m.Missing))
	for _, s := range m.Members {
		have[s.Name] = true
	}
	for _, sum := range m.Missing {
		have[filesName+"/"+sum] = true
	}
	for _, sum := range slices.Sorted(maps.Keys(sums)) {
		if !have[filesName+"/"+sum] {
			return fmt.Errorf("the backup is without attachment %s, which its database names", sum)
		}
	}
	return nil
}

// carryOn brings the database that was unpacked under folder to this program's schema, when it is of an older one.
func (m manifest) carryOn(ctx context.Context, folder string) error {
	if m.SchemaVersion == store.SchemaVersion {
		return nil
	}
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(folder, databaseName)})
	if err != nil {
		return err
	}
	found, err := s.SystemIntegrity(ctx)
	if err == nil && found != "" {
		err = fmt.Errorf("the database in the backup does not hold together in schema version %d: %s", store.SchemaVersion, found)
	}
	return errors.Join(err, s.Close())
}
