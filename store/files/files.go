// Package files keeps attachments in a folder or an S3 bucket, under the SHA-256 of their content, and makes uploads safe
// to keep.
//
// A store knows no owner and no name: who may see a file is decided by the row that refers to it, and only then is it
// opened. The store itself is never served.
package files

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"morgenkreis/kita"
)

// Store is a place of files, each named by the lower-case hex SHA-256 of its content. It is safe for use by any number of
// goroutines and processes at once.
type Store interface {
	// Put stores what r gives and returns its name and its size in bytes. When it returns without an error the file is
	// kept for good; with an error nothing of it can be opened. The same content again is harmless, and renews the time
	// of its entry. No room is a kita.Error of KindStorage; an error of r comes back as it is.
	Put(ctx context.Context, r io.Reader) (sum string, size int64, err error)

	// Open gives the content named sum to read, as long as ctx lasts; the caller closes it. What is not there, or is no
	// name, is kita.ErrNotFound.
	Open(ctx context.Context, sum string) (io.ReadSeekCloser, error)

	// Remove deletes e for good, unless its content was Put again since e was seen; removing what is not there is no
	// error. A row may be about to refer to content that was Put a moment ago, so remove only what no row refers to and
	// whose entry is old.
	Remove(ctx context.Context, e Entry) error

	// Walk calls visit for every file, by name, until visit or ctx ends it with an error. What comes or goes meanwhile
	// may or may not be seen.
	Walk(ctx context.Context, visit func(Entry) error) error

	// RemoveLeftovers deletes what a killed process began to write before the given moment and never finished. Choose
	// the moment so that no upload can still be running: a day ago.
	RemoveLeftovers(ctx context.Context, before time.Time) error
}

// Entry is one stored file: its name, its size in bytes, and when its content was last Put.
type Entry struct {
	Sum  string
	Size int64
	Put  time.Time
}

// tempPrefix marks what is being written; Walk passes it over.
const tempPrefix = ".incoming-"

// Dir is a Store in a folder.
type Dir struct{ root string }

// New opens the folder root, and creates it for its owner alone when it is missing.
func New(root string) (*Dir, error) {
	if err := os.MkdirAll(root, 0o700); err != nil {
		return nil, fmt.Errorf("files: %w", explain(err))
	}
	if err := syncDir(filepath.Dir(filepath.Clean(root))); err != nil {
		return nil, err
	}
	return &Dir{root: root}, nil
}

// Put is Store.Put; what it has stored survives a power cut, and with an error nothing is left in the folder.
func (d *Dir) Put(ctx context.Context, r io.Reader) (sum string, size int64, err error) {
	temp, err := os.CreateTemp(d.root, tempPrefix+"*") // readable by its owner alone (0600)
	if err != nil {
		return "", 0, explain(err)
	}
	defer func() {
		if err != nil {
			// Whether these two succeed changes nothing for the caller; RemoveLeftovers comes by later.
			_ = temp.Close()
			_ = os.Remove(temp.Name())
			sum, size, err = "", 0, explain(err)
		}
	}()
	hash := sha256.New()
	if size, err = io.Copy(io.MultiWriter(temp, hash), contextReader{ctx, r}); err != nil {
		return
	}
	if err = temp.Sync(); err != nil {
		return
	}
	if err = temp.Close(); err != nil {
		return
	}
	sum = hex.EncodeToString(hash.Sum(nil))
	// Renaming over what is there already heals a damaged copy and needs no lock.
	if err = os.Rename(temp.Name(), d.path(sum)); err != nil {
		return
	}
	err = syncDir(d.root)
	return
}

// Open is Store.Open.
func (d *Dir) Open(_ context.Context, sum string) (io.ReadSeekCloser, error) {
	if !isSum(sum) {
		return nil, kita.ErrNotFound
	}
	f, err := os.Open(d.path(sum))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, kita.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Remove is Store.Remove.
func (d *Dir) Remove(_ context.Context, e Entry) error {
	if !isSum(e.Sum) {
		return kita.ErrNotFound
	}
	info, err := os.Stat(d.path(e.Sum))
	if err == nil && info.ModTime().After(e.Put) {
		return nil
	}
	if err == nil {
		err = os.Remove(d.path(e.Sum))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(d.root)
}

// Walk is Store.Walk.
func (d *Dir) Walk(ctx context.Context, visit func(Entry) error) error {
	return d.each(ctx, func(info fs.FileInfo) error {
		if !isSum(info.Name()) {
			return nil
		}
		return visit(Entry{Sum: info.Name(), Size: info.Size(), Put: info.ModTime()})
	})
}

// RemoveLeftovers is Store.RemoveLeftovers.
func (d *Dir) RemoveLeftovers(ctx context.Context, before time.Time) error {
	return d.each(ctx, func(info fs.FileInfo) error {
		if !strings.HasPrefix(info.Name(), tempPrefix) || !info.ModTime().Before(before) {
			return nil
		}
		return os.Remove(filepath.Join(d.root, info.Name()))
	})
}

func (d *Dir) each(ctx context.Context, visit func(fs.FileInfo) error) error {
	entries, err := os.ReadDir(d.root)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if err := ctx.Err(); err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // gone since the folder was read
			continue
		}
		if err != nil {
			return err
		}
		if err := visit(info); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) path(sum string) string { return filepath.Join(d.root, sum) }

// isSum keeps every other name, and with it every path, away from the file system.
func isSum(s string) bool {
	return len(s) == hex.EncodedLen(sha256.Size) && strings.Trim(s, "0123456789abcdef") == ""
}

// syncDir makes names in the folder as durable as the files they name: without it a power cut may lose the rename.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// explain says in the domain's words that the disk, or the quota on it, is full.
func explain(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return full(err)
	}
	return err
}

func full(err error) error {
	return fmt.Errorf("%w: %w", &kita.Error{Kind: kita.KindStorage, Code: "storage.full"}, err)
}

// contextReader ends with the error of ctx once that is done.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
