package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"
)

// A backup is a tar.gz that any tar unpacks. In this order it holds files/SHA-256 for each attachment, morgenkreis.db and
// manifest.json. Behind it, as a second and empty gzip member (RFC 1952, section 2.2), comes the seal: the SHA-256 of all
// bytes before it. gzip itself leaves its header and some bits unchecked, and tells of damage only after unpacking.

// manifest says what a backup holds, so that restore can tell whether it is all there.
type manifest struct {
	Format        int              `json:"format"` // archiveFormat
	Program       string           `json:"program"`
	SchemaVersion int              `json:"schema_version"`
	CreatedAt     time.Time        `json:"created_at"`
	Counts        map[string]int64 `json:"counts"` // rows of each table
	Members       []member         `json:"members"`
	// Missing are the attachments that the database names and that were not to be had, or not whole, when this was made.
	Missing []string `json:"missing"`
}

// member is one file of a backup.
type member struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

const (
	archiveFormat = 1
	manifestName  = "manifest.json"
	// maxManifest is room for three million attachments, and not for what a forger may send.
	maxManifest = 512 << 20
)

// Around its 64 hex digits the seal is always the same: a gzip member with a comment, and nothing in it.
const (
	sealHead = "\x1f\x8b\x08\x10\x00\x00\x00\x00\x00\xff" + "morgenkreis backup sha256 "
	sealTail = "\x00" + "\x03\x00" + "\x00\x00\x00\x00" + "\x00\x00\x00\x00"
	sealSize = len(sealHead) + 2*sha256.Size + len(sealTail)
)

func seal(sum []byte) string { return sealHead + hex.EncodeToString(sum) + sealTail }

// archiveWriter writes a backup from its first byte to its last.
type archiveWriter struct {
	out  io.Writer
	hash hash.Hash
	gzip *gzip.Writer
	tar  *tar.Writer
	manifest
}

func newArchiveWriter(w io.Writer, m manifest) (*archiveWriter, error) {
	a := &archiveWriter{out: w, hash: sha256.New(), manifest: m}
	// Pictures do not get smaller, and the database does with any level.
	z, err := gzip.NewWriterLevel(io.MultiWriter(w, a.hash), gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	a.gzip, a.tar = z, tar.NewWriter(z)
	return a, nil
}

// add puts size bytes of r in under name, and enters it into the manifest.
func (a *archiveWriter) add(name string, size int64, r io.Reader) error {
	sum := sha256.New()
	if err := a.put(name, size, io.TeeReader(r, sum)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	a.Members = append(a.Members, member{name, size, hex.EncodeToString(sum.Sum(nil))})
	return nil
}

func (a *archiveWriter) put(name string, size int64, r io.Reader) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: a.CreatedAt.Truncate(time.Second)}
	if err := a.tar.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.CopyN(a.tar, r, size)
	if errors.Is(err, io.EOF) {
		err = errors.New("is shorter than it was a moment ago")
	}
	return err
}

// finish writes the manifest, the end and the seal.
func (a *archiveWriter) finish() error {
	raw, err := json.MarshalIndent(a.manifest, "", "  ")
	if err != nil {
		return err
	}
	if err := a.put(manifestName, int64(len(raw)), bytes.NewReader(raw)); err != nil {
		return err
	}
	if err := errors.Join(a.tar.Close(), a.gzip.Close()); err != nil {
		return err
	}
	_, err = io.WriteString(a.out, seal(a.hash.Sum(nil)))
	return err
}

var (
	errNoBackup = errors.New("this is no backup of Morgenkreis")
	errCutShort = errors.New("the backup is cut short, or its end is damaged")
	errDamaged  = errors.New("the backup is damaged: it is not what was written")
)

// checkSeal reads all size bytes of r, and tells whether they are a backup as it was written, to the last bit. Whoever
// made the archive on purpose can seal it too: what is in it is for unpack to judge.
func checkSeal(ctx context.Context, r io.ReaderAt, size int64, show progress) error {
	start := make([]byte, 2)
	if n, err := r.ReadAt(start, 0); n < 2 || start[0] != 0x1f || start[1] != 0x8b {
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		return errNoBackup
	}
	body := size - int64(sealSize)
	end := make([]byte, sealSize)
	if body <= 0 {
		return errCutShort
	}
	if _, err := r.ReadAt(end, body); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if string(end[:len(sealHead)]) != sealHead || string(end[sealSize-len(sealTail):]) != sealTail {
		return errCutShort
	}
	sum, done := sha256.New(), int64(0)
	in := meter{ctx, io.NewSectionReader(r, 0, body), func(n int64) { done += n; show("checking the backup", done, body) }}
	if _, err := io.Copy(sum, in); err != nil {
		return err
	}
	if string(end) != seal(sum.Sum(nil)) {
		return errDamaged
	}
	return nil
}
