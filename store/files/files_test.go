package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"morgenkreis/kita"
)

func newDir(t *testing.T) (*Dir, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "data", "files")
	d, err := New(root)
	if err != nil {
		t.Fatal(err)
	}
	return d, root
}

func put(t *testing.T, d *Dir, content string) string {
	t.Helper()
	sum, size, err := d.Put(t.Context(), strings.NewReader(content))
	if err != nil || size != int64(len(content)) {
		t.Fatalf("put %q: %d bytes, %v", content, size, err)
	}
	return sum
}

func names(t *testing.T, root string) []string {
	t.Helper()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestWhatWasPutCanBeOpenedByTheHashOfItsContent(t *testing.T) {
	d, root := newDir(t)
	for _, content := range []string{"", "a", strings.Repeat("long ", 100_000)} {
		sum := put(t, d, content)
		want := sha256.Sum256([]byte(content))
		if sum != hex.EncodeToString(want[:]) {
			t.Errorf("named %s, want %x", sum, want)
		}
		f, err := d.Open(sum)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(f)
		if err != nil || string(got) != content {
			t.Errorf("read %d bytes of %d, %v", len(got), len(content), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	for _, name := range append(names(t, root), ".") {
		info, err := os.Stat(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s is open to others: %v", name, info.Mode())
		}
	}
}

func TestTheSameContentIsKeptOnceAndHealsADamagedCopy(t *testing.T) {
	d, root := newDir(t)
	sum := put(t, d, "Speiseplan")
	if err := os.WriteFile(filepath.Join(root, sum), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if again := put(t, d, "Speiseplan"); again != sum {
		t.Errorf("named %s, then %s", sum, again)
	}
	if got, err := os.ReadFile(filepath.Join(root, sum)); string(got) != "Speiseplan" || err != nil {
		t.Errorf("content %q, %v", got, err)
	}
	if n := names(t, root); len(n) != 1 {
		t.Errorf("in the folder: %v", n)
	}
}

func TestManyAtOnceLeaveOneWholeFile(t *testing.T) {
	d, root := newDir(t)
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if _, _, err := d.Put(context.Background(), strings.NewReader(strings.Repeat("x", 50_000))); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if n := names(t, root); len(n) != 1 {
		t.Errorf("in the folder: %v", n)
	}
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	d, root := newDir(t)
	broken := errors.New("connection reset")
	sum, size, err := d.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) || sum != "" || size != 0 {
		t.Errorf("got %q, %d, %v", sum, size, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := d.Put(ctx, strings.NewReader("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if n := names(t, root); n != nil {
		t.Errorf("left over: %v", n)
	}
}

func TestOnlyNamesOfContentReachTheFolder(t *testing.T) {
	d, root := newDir(t)
	if err := os.WriteFile(filepath.Join(filepath.Dir(root), "secret"), []byte("key"), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := put(t, d, "x")
	for _, name := range []string{"", ".", "..", "../secret", root, "/etc/passwd", sum[:63], sum + "0", strings.ToUpper(sum),
		"../" + sum[3:], strings.Repeat("0", 63) + "/", strings.Repeat("0", 63) + "\x00", strings.Repeat("0", 64)} {
		if f, err := d.Open(name); !errors.Is(err, kita.ErrNotFound) || f != nil {
			t.Errorf("open %q: %v, %v", name, f, err)
		}
		if name == strings.Repeat("0", 64) {
			continue
		}
		if err := d.Remove(name); !errors.Is(err, kita.ErrNotFound) {
			t.Errorf("remove %q: %v", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(root), "secret")); err != nil {
		t.Error(err)
	}
}

func TestRemovedIsGoneAndRemovingTwiceIsHarmless(t *testing.T) {
	d, root := newDir(t)
	sum, other := put(t, d, "x"), put(t, d, "y")
	for range 2 {
		if err := d.Remove(sum); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Open(sum); !errors.Is(err, kita.ErrNotFound) {
		t.Errorf("still there: %v", err)
	}
	if n := names(t, root); !slices.Equal(n, []string{other}) {
		t.Errorf("in the folder: %v", n)
	}
}

func TestWalkShowsContentAndLeftoversAreRemovedByAge(t *testing.T) {
	d, root := newDir(t)
	want := []string{put(t, d, "x"), put(t, d, "longer")}
	slices.Sort(want)
	old, young := filepath.Join(root, tempPrefix+"1"), filepath.Join(root, tempPrefix+"2")
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for path, at := range map[string]time.Time{old: noon.Add(-time.Second), young: noon} {
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, at, at)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(filepath.Join(root, want[0]), noon, noon.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := d.Walk(t.Context(), func(e Entry) error {
		got = append(got, e.Sum)
		if e.Sum == want[0] && !e.Put.Equal(noon.Add(-time.Hour)) || e.Size != 1 && e.Size != 6 {
			t.Errorf("entry %+v", e)
		}
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("walked %v, %v; want %v", got, err, want)
	}
	if err := d.RemoveLeftovers(t.Context(), noon); err != nil {
		t.Error(err)
	}
	if n := names(t, root); !slices.Equal(n, append([]string{tempPrefix + "2"}, want...)) {
		t.Errorf("in the folder: %v", n)
	}
	stop := errors.New("enough")
	if err := d.Walk(t.Context(), func(Entry) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("visit's error: %v", err)
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
