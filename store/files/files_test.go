package files_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store/files"
	"morgenkreis/store/files/s3test"
)

// shelf is a store to test, and the folder in which it ends up: the store's own, or that of the S3 server.
type shelf struct {
	files.Store
	t    *testing.T
	root string
}

// onEachStore runs the test on a folder and on a bucket.
func onEachStore(t *testing.T, test func(t *testing.T, s shelf)) {
	t.Run("folder", func(t *testing.T) {
		root := filepath.Join(t.TempDir(), "data", "files")
		d, err := files.New(root)
		if err != nil {
			t.Fatal(err)
		}
		test(t, shelf{d, t, root})
	})
	t.Run("bucket", func(t *testing.T) {
		g := s3test.Start(t)
		s := g.Store("kita/files")
		root := filepath.Join(g.Folder(), "kita", "files")
		if err := os.MkdirAll(root, 0o700); err != nil { // the gateway removes empty folders
			t.Fatal(err)
		}
		test(t, shelf{s, t, root})
	})
}

func (s shelf) put(content string) string {
	s.t.Helper()
	sum, size, err := s.Put(s.t.Context(), strings.NewReader(content))
	if err != nil || size != int64(len(content)) {
		s.t.Fatalf("put %q: %d bytes, %v", content, size, err)
	}
	return sum
}

// names is everything under the root, whatever it is.
func (s shelf) names() (all []string) {
	s.t.Helper()
	entries, err := os.ReadDir(s.root)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func (s shelf) write(name, content string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.root, name), []byte(content), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func (s shelf) age(name string, at time.Time) {
	s.t.Helper()
	if err := os.Chtimes(filepath.Join(s.root, name), at, at); err != nil {
		s.t.Fatal(err)
	}
}

func (s shelf) read(sum string) string {
	s.t.Helper()
	f, err := s.Open(s.t.Context(), sum)
	if err != nil {
		s.t.Fatal(err)
	}
	got, err := io.ReadAll(f)
	if err := errors.Join(err, f.Close()); err != nil {
		s.t.Fatal(err)
	}
	return string(got)
}

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func TestWhatWasPutCanBeOpenedByTheHashOfItsContent(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		for _, content := range []string{"", "a", strings.Repeat("long ", 100_000), strings.Repeat("x", files.MaxBytes)} {
			if sum := s.put(content); sum != sumOf(content) {
				t.Errorf("named %s, want %s", sum, sumOf(content))
			}
			if got := s.read(sumOf(content)); got != content {
				t.Errorf("read %d bytes of %d", len(got), len(content))
			}
		}
	})
}

func TestPutTakesWhatTheReaderStillHasWhateverKindItIs(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		half := strings.NewReader("read already, and the rest")
		if _, err := io.CopyN(io.Discard, half, 14); err != nil {
			t.Fatal(err)
		}
		for _, r := range []io.Reader{half, io.MultiReader(strings.NewReader("and "), strings.NewReader("the rest")), iotest.OneByteReader(bytes.NewReader([]byte("and the rest")))} {
			sum, size, err := s.Put(t.Context(), r)
			if sum != sumOf("and the rest") || size != 12 || err != nil {
				t.Errorf("%T: %s, %d, %v", r, sum, size, err)
			}
		}
	})
}

// http.ServeContent asks in this way for a part of a film, or the rest of a download.
func TestAnyPartCanBeRead(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		content := strings.Repeat("0123456789", 50_000)
		f, err := s.Open(t.Context(), s.put(content))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if end, err := f.Seek(0, io.SeekEnd); end != int64(len(content)) || err != nil {
			t.Errorf("the end is at %d, %v", end, err)
		}
		if n, err := f.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			t.Errorf("behind the end: %d, %v", n, err)
		}
		for _, at := range []int64{0, 1, 123_456, 499_999} {
			if _, err := f.Seek(at, io.SeekStart); err != nil {
				t.Fatal(err)
			}
			part := make([]byte, min(100, int64(len(content))-at))
			if _, err := io.ReadFull(f, part); string(part) != content[at:at+int64(len(part))] || err != nil {
				t.Errorf("from %d: %q, %v", at, part, err)
			}
		}
		if _, err := f.Seek(-10, io.SeekCurrent); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(f); string(rest) != "0123456789" || err != nil {
			t.Errorf("the rest: %q, %v", rest, err)
		}
		if _, err := f.Seek(-1, io.SeekStart); err == nil {
			t.Error("there is something before the beginning")
		}
	})
}

func TestTheSameContentIsKeptOnceAndHealsADamagedCopy(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		sum := s.put("Speiseplan")
		s.write(sum, "garbage")
		if again := s.put("Speiseplan"); again != sum {
			t.Errorf("named %s, then %s", sum, again)
		}
		if got := s.read(sum); got != "Speiseplan" {
			t.Errorf("content %q", got)
		}
		if n := s.names(); len(n) != 1 {
			t.Errorf("in the folder: %v", n)
		}
	})
}

func TestManyAtOnceLeaveOneWholeFile(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		content := strings.Repeat("x", 50_000)
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if _, _, err := s.Put(context.Background(), strings.NewReader(content)); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if n := s.names(); len(n) != 1 || s.read(sumOf(content)) != content {
			t.Errorf("in the folder: %v", n)
		}
	})
}

func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		broken := errors.New("connection reset")
		sum, size, err := s.Put(t.Context(), io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || sum != "" || size != 0 {
			t.Errorf("got %q, %d, %v", sum, size, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, r := range []io.Reader{strings.NewReader("x"), io.MultiReader(strings.NewReader("x"))} {
			if _, _, err := s.Put(ctx, r); !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled: %v", err)
			}
		}
		if n := s.names(); n != nil {
			t.Errorf("left over: %v", n)
		}
	})
}

func TestOnlyNamesOfContentReachTheStore(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		secret := filepath.Join(filepath.Dir(s.root), "secret")
		if err := os.WriteFile(secret, []byte("key"), 0o600); err != nil {
			t.Fatal(err)
		}
		sum := s.put("x")
		none := strings.Repeat("0", 64)
		for _, name := range []string{"", ".", "..", "../secret", "secret", s.root, "/etc/passwd", sum[:63], sum + "0", strings.ToUpper(sum),
			"../" + sum[3:], none[:63] + "/", none[:63] + "\x00", none} {
			if f, err := s.Open(t.Context(), name); !errors.Is(err, error(kita.ErrNotFound)) || f != nil {
				t.Errorf("open %q: %v, %v", name, f, err)
			}
			if name == none {
				continue
			}
			if err := s.Remove(t.Context(), files.Entry{Sum: name, Put: time.Now()}); !errors.Is(err, error(kita.ErrNotFound)) {
				t.Errorf("remove %q: %v", name, err)
			}
		}
		if _, err := os.Stat(secret); err != nil {
			t.Error(err)
		}
	})
}

func TestRemovedIsGoneAndRemovingTwiceIsHarmless(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		sum, other := s.put("x"), s.put("y")
		for range 2 {
			if err := s.Remove(t.Context(), files.Entry{Sum: sum, Put: time.Now().Add(time.Second)}); err != nil {
				t.Error(err)
			}
		}
		if _, err := s.Open(t.Context(), sum); !errors.Is(err, error(kita.ErrNotFound)) {
			t.Errorf("still there: %v", err)
		}
		if n := s.names(); !slices.Equal(n, []string{other}) {
			t.Errorf("in the folder: %v", n)
		}
	})
}

// The sweep has read that nobody needs a file; meanwhile somebody uploads the same picture once more.
func TestWhatIsPutAgainMeanwhileIsNotRemoved(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		sum, old := s.put("x"), time.Now().Add(-48*time.Hour)
		s.age(sum, old)
		var seen files.Entry
		if err := s.Walk(t.Context(), func(e files.Entry) error { seen = e; return nil }); err != nil {
			t.Fatal(err)
		}
		s.put("x")
		if err := s.Remove(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
		if got := s.read(sum); got != "x" {
			t.Errorf("content %q", got)
		}
		s.age(sum, old)
		if err := s.Remove(t.Context(), seen); err != nil {
			t.Fatal(err)
		}
		if n := s.names(); len(n) != 0 {
			t.Errorf("old, and still there: %v", n)
		}
	})
}

func TestWalkShowsContentByNameWithItsAge(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		want := []string{s.put("x"), s.put("longer")}
		slices.Sort(want)
		s.write("README", "not ours")
		noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		s.age(want[0], noon)
		var got []string
		err := s.Walk(t.Context(), func(e files.Entry) error {
			got = append(got, e.Sum)
			if e.Sum == want[0] && !e.Put.Equal(noon) || e.Size != int64(len("x")) && e.Size != int64(len("longer")) {
				t.Errorf("entry %+v", e)
			}
			return nil
		})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("walked %v, %v; want %v", got, err, want)
		}
		stop := errors.New("enough")
		if err := s.Walk(t.Context(), func(files.Entry) error { return stop }); !errors.Is(err, stop) {
			t.Errorf("visit's error: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if err := s.Walk(ctx, func(files.Entry) error { cancel(); return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("broken off: %v", err)
		}
		if err := s.RemoveLeftovers(t.Context(), time.Now()); err != nil {
			t.Error(err)
		}
		if n := s.names(); len(n) != 3 {
			t.Errorf("in the folder: %v", n)
		}
	})
}

// A bucket answers a thousand names at a time.
func TestFiveThousandFilesAreListed(t *testing.T) {
	onEachStore(t, func(t *testing.T, s shelf) {
		want := map[string]bool{}
		for i := range 5000 {
			content := strings.Repeat("x", i)
			s.write(sumOf(content), content)
			want[sumOf(content)] = true
		}
		last, total := "", int64(0)
		err := s.Walk(t.Context(), func(e files.Entry) error {
			if e.Sum <= last || !want[e.Sum] {
				t.Errorf("%s after %s", e.Sum, last)
			}
			last, total = e.Sum, total+e.Size
			delete(want, e.Sum)
			return nil
		})
		if err != nil || len(want) > 0 || total != 5000*4999/2 {
			t.Errorf("%d are not listed, %d bytes are, %v", len(want), total, err)
		}
	})
}

func TestACopyIsCheckedAndTakesUpWhereItWasBrokenOff(t *testing.T) {
	onEachStore(t, func(t *testing.T, from shelf) {
		onEachStore(t, func(t *testing.T, to shelf) {
			from.t = t
			var sums []string
			for _, content := range []string{"Waldtag", "Speiseplan", "Regenbogen", "Turm", ""} {
				sums = append(sums, from.put(content))
			}
			to.put("of another house")
			// Of what an earlier copy left, one is whole, one was damaged, and the rest is missing.
			to.put("Waldtag")
			to.write(sums[1], "Speiseplax")
			from.write(sums[2], "gone bad")
			var steps int
			done, err := files.Copy(t.Context(), from, to, func(int64, int64) { steps++ })
			if err != nil || done.Files != 5 || done.There != 1 || !slices.Equal(done.Damaged, sums[2:3]) || steps == 0 {
				t.Errorf("%+v after %d steps, %v", done, steps, err)
			}
			for i, content := range []string{"Waldtag", "Speiseplan", "", "Turm", ""} {
				if i != 2 && to.read(sums[i]) != content {
					t.Errorf("%s is not %q", sums[i], content)
				}
			}
			if n := to.names(); len(n) != 5 || slices.Contains(n, sums[2]) {
				t.Errorf("in the folder: %v", n)
			}
			if done, err := files.Copy(t.Context(), from, to, func(int64, int64) {}); err != nil || done.There != 4 {
				t.Errorf("once more: %+v, %v", done, err)
			}
		})
	})
}
