package files

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
)

func TestAFolderIsForItsOwnerAlone(t *testing.T) {
	root := filepath.Join(t.TempDir(), "data", "files")
	d, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := d.Put(t.Context(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{sum, "."} {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", name, info.Mode())
		}
	}
}

func TestLeftoversOfAFolderAreRemovedByAge(t *testing.T) {
	root := t.TempDir()
	d, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	sum, _, err := d.Put(t.Context(), strings.NewReader("x"))
	if err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(root, tempPrefix+"1"), filepath.Join(root, tempPrefix+"2")
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for path, at := range map[string]time.Time{old: noon.Add(-time.Second), young: noon, filepath.Join(root, sum): noon.Add(-time.Hour)} {
		if path != filepath.Join(root, sum) {
			err = os.WriteFile(path, nil, 0o600)
		}
		if err := errors.Join(err, os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Walk(t.Context(), func(e Entry) error {
		if e.Sum != sum {
			t.Errorf("walked %s", e.Sum)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := d.RemoveLeftovers(t.Context(), noon); err != nil {
		t.Error(err)
	}
	for path, there := range map[string]bool{old: false, young: true, filepath.Join(root, sum): true} {
		if _, err := os.Stat(path); (err == nil) != there {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAFolderThatCannotBeMadeIsSaidAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(path); err == nil {
		t.Error("a file passed for a folder")
	}
}

// /dev/full is a disk without room.
func TestAFullDiskIsSaidInTheDomainsWords(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	_, err = io.Copy(full, bytes.NewReader([]byte("x")))
	var told *kita.Error
	if err = explain(err); !errors.As(err, &told) || told.Kind != kita.KindStorage || told.Code != "storage.full" {
		t.Errorf("got %v", err)
	}
	if err := explain(fs.ErrPermission); errors.As(err, &told) {
		t.Errorf("not every error is a full disk: %v", err)
	}
}
