package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/store"
	"morgenkreis/store/files"
)

func TestBackupComesBackWhole(t *testing.T) {
	l := newLodging(t)
	sums := []string{l.attach("Einladung"), l.attach("Speiseplan"), l.attach("")}
	notice, err := l.post(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keys, err := pushKeys(t.Context(), l.store)
	if err != nil {
		t.Fatal(err)
	}
	file, made := l.saved()
	data, m := restored(t, file)
	if m.Program != "test" || m.SchemaVersion != store.SchemaVersion || m.Counts["notices"] != 1 || m.Counts["files"] != 3 || len(m.Members) != 4 || len(m.Missing) != 0 {
		t.Errorf("the manifest says %+v", m)
	}
	if a, b := fmt.Sprint(made), fmt.Sprint(m); a != b {
		t.Errorf("written %s, read %s", a, b)
	}

	s := open(t, data)
	if again, err := pushKeys(t.Context(), s); err != nil || again != keys {
		t.Errorf("the push keys are others (%v)", err)
	}
	if n, err := s.NoticePosted(t.Context(), l.leader, notice); err != nil || n.Body != "Morgen in den Wald." {
		t.Errorf("the notice: %q (%v)", n.Body, err)
	}
	for _, sum := range sums {
		b, err := os.ReadFile(filepath.Join(data, filesName, sum))
		if got := sha256.Sum256(b); err != nil || hex.EncodeToString(got[:]) != sum {
			t.Errorf("attachment %s: %q (%v)", sum, b, err)
		}
	}
	for path, mode := range map[string]fs.FileMode{file: 0o600, data: 0o700, filepath.Join(data, databaseName): 0o600,
		filepath.Join(data, filesName): 0o700, filepath.Join(data, filesName, sums[0]): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s is for %v (%v)", path, info.Mode().Perm(), err)
		}
	}
}

func TestAnyTarUnpacksABackup(t *testing.T) {
	l := newLodging(t)
	sum := l.attach("Speiseplan")
	file, _ := l.saved()
	folder := t.TempDir()
	if out, err := exec.Command("tar", "-xzf", file, "-C", folder).CombinedOutput(); err != nil {
		t.Fatalf("tar: %v\n%s", err, out)
	}
	want := []string{filesName, filepath.Join(filesName, sum), manifestName, databaseName}
	if got := names(t, folder); !slices.Equal(got, want) {
		t.Errorf("tar finds %v, want %v", got, want)
	}
	raw, err := os.ReadFile(filepath.Join(folder, manifestName))
	if err != nil {
		t.Fatal(err)
	}
	var m manifest
	if err := json.Unmarshal(raw, &m); err != nil {
		t.Fatal(err)
	}
	for _, part := range m.Members {
		b, err := os.ReadFile(filepath.Join(folder, part.Name))
		got := sha256.Sum256(b)
		if err != nil || int64(len(b)) != part.Size || hex.EncodeToString(got[:]) != part.SHA256 {
			t.Errorf("%s is not what the manifest says (%v)", part.Name, err)
		}
	}
}

func TestAttachmentsThatComeAndGoMeanwhile(t *testing.T) {
	l := newLodging(t)
	stays, goes := l.attach("stays"), l.attach("goes")
	var comes string
	b := l.backup()
	b.show = func(task string, _, _ int64) {
		if task != "copy of the database" || comes != "" {
			return
		}
		// The copy has begun: what is deleted now is still named by it, what comes now is not.
		comes = l.attach("comes")
		if err := l.files.Remove(t.Context(), files.Entry{Sum: goes, Put: time.Now()}); err != nil {
			t.Error(err)
		}
	}
	file := filepath.Join(t.TempDir(), "backup")
	m, err := b.save(t.Context(), file)
	if err != nil || len(m.Missing) != 0 || comes == "" {
		t.Fatalf("missing %v (%v)", m.Missing, err)
	}
	data, _ := restored(t, file)
	for sum, want := range map[string]bool{stays: true, goes: true, comes: false} {
		if _, err := os.Stat(filepath.Join(data, filesName, sum)); (err == nil) != want {
			t.Errorf("%s is there: %v, want %v", sum, err == nil, want)
		}
	}

	// And before the copy has begun, the other way round: the newcomer is named by the copy.
	early := ""
	b.show = func(task string, _, _ int64) {
		if task == "attachments" && early == "" {
			early = l.attach("early")
		}
	}
	file = filepath.Join(t.TempDir(), "backup")
	if m, err = b.save(t.Context(), file); err != nil || len(m.Missing) != 1 || m.Missing[0] != goes {
		t.Fatalf("missing %v (%v)", m.Missing, err)
	}
	data, _ = restored(t, file)
	if _, err := os.Stat(filepath.Join(data, filesName, early)); err != nil || early == "" {
		t.Errorf("what came while attachments were read is not there: %v", err)
	}
}

func TestLostAndDamagedAttachmentsAreNamedAndStopNoBackup(t *testing.T) {
	l := newLodging(t)
	lost, rotten, whole := l.attach("lost"), l.attach("rotten"), l.attach("whole")
	if err := os.Remove(filepath.Join(l.data, filesName, lost)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.data, filesName, rotten), []byte("rottem"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup")
	var said bytes.Buffer
	if err := backupCommand(t.Context(), []string{"--data", l.data, file}, io.Discard, &said); err != nil {
		t.Fatal(err)
	}
	for sum, want := range map[string]bool{lost: true, rotten: true, whole: false} {
		if got := strings.Contains(said.String(), "attachment "+sum+" is missing or damaged"); got != want {
			t.Errorf("%s is named: %v\n%s", sum, got, &said)
		}
	}
	said.Reset()
	data := filepath.Join(t.TempDir(), "data")
	if err := restoreCommand(t.Context(), []string{file, "--data", data}, io.Discard, &said); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(said.String(), lost) || !strings.Contains(said.String(), rotten) || strings.Contains(said.String(), whole) {
		t.Errorf("restore says\n%s", &said)
	}
}

func TestBackupOverwritesNothing(t *testing.T) {
	l := newLodging(t)
	file := filepath.Join(t.TempDir(), "backup")
	if err := os.WriteFile(file, []byte("of yesterday"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.backup().save(t.Context(), file); err == nil || !strings.Contains(err.Error(), "is there already") {
		t.Errorf("a file that is there: %v", err)
	}

	// One that comes into being while the backup is made.
	late := filepath.Join(t.TempDir(), "backup")
	b := l.backup()
	b.show = func(task string, done, total int64) {
		if task == "database" && done == total {
			if err := os.WriteFile(late, []byte("of somebody else"), 0o600); err != nil {
				t.Error(err)
			}
		}
	}
	if _, err := b.save(t.Context(), late); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that came meanwhile: %v", err)
	}
	for path, want := range map[string]string{file: "of yesterday", late: "of somebody else"} {
		got, err := os.ReadFile(path)
		if err != nil || string(got) != want {
			t.Errorf("%s now holds %d bytes (%v)", path, len(got), err)
		}
		if all := names(t, filepath.Dir(path)); len(all) != 1 {
			t.Errorf("left behind: %v", all)
		}
	}
}

func TestOneBackupAtATimeAndKilledOnesAreCleanedUp(t *testing.T) {
	l := newLodging(t)
	folder := t.TempDir()
	file := filepath.Join(folder, "backup")
	at, err := claim(file + ".partial")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.backup().save(t.Context(), file); err == nil || !strings.Contains(err.Error(), "another backup") {
		t.Errorf("beside another backup: %v", err)
	}
	// Its process ends without tidying up.
	if err := at.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".partial.db", []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.backup().save(t.Context(), file); err != nil {
		t.Fatal(err)
	}
	if all := names(t, folder); !slices.Equal(all, []string{"backup"}) {
		t.Errorf("left behind: %v", all)
	}
	// Nobody who may write into the folder can have the backup go through a link of theirs.
	secret := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Symlink(secret, filepath.Join(folder, "linked.partial")); err != nil {
		t.Fatal(err)
	}
	if _, err := l.backup().save(t.Context(), filepath.Join(folder, "linked")); err == nil {
		t.Error("a backup went through a symbolic link")
	}
	if _, err := os.Stat(secret); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the link's target: %v", err)
	}
}

func TestFailedBackupLeavesNothingBehind(t *testing.T) {
	l := newLodging(t)
	l.attach("Speiseplan")
	before := names(t, l.data)
	full := l.backup()
	full.room = func(string) (room, error) { return room{free: 33 << 20, total: 1 << 30}, nil }
	gone := l.backup()
	gone.data = t.TempDir()
	for name, c := range map[string]struct {
		b     backup
		after string
		says  string
	}{
		"no room":                                {full, "", "free, and up to"},
		"no database":                            {gone, "", "there is no database"},
		"interrupted while attachments are read": {l.backup(), "attachments", "context canceled"},
		"interrupted while copying":              {l.backup(), "copy of the database", "context canceled"},
		"interrupted while packing":              {l.backup(), "database", "context canceled"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			c.b.show = func(task string, _, _ int64) {
				if task == c.after {
					cancel()
				}
			}
			folder := t.TempDir()
			_, err := c.b.save(ctx, filepath.Join(folder, "backup"))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("to a file: %v", err)
			}
			if all := names(t, folder); len(all) > 0 {
				t.Errorf("left behind: %v", all)
			}
			if name == "no room" {
				return // the archive goes elsewhere, and the copy alone has room
			}
			if _, err = c.b.stream(ctx, io.Discard); err == nil {
				t.Error("a stream was made all the same")
			}
			if all := names(t, l.data); !slices.Equal(all, before) {
				t.Errorf("the data folder now has %v, it had %v", all, before)
			}
			if all := names(t, gone.data); len(all) > 0 {
				t.Errorf("the empty folder now has %v", all)
			}
		})
	}
}

func TestDamagedDatabaseMakesNoBackup(t *testing.T) {
	l := newLodging(t)
	for range 20 {
		if _, err := l.post(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// A copy of the folder as the server would leave it, with one page gone bad.
	whole, _ := l.saved()
	data, _ := restored(t, whole)
	path := filepath.Join(data, databaseName)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(bytes.Repeat([]byte{0xa5}, 4096), info.Size()/4096/2*4096)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	b := l.backup()
	b.data = data
	folder := t.TempDir()
	if _, err := b.save(t.Context(), filepath.Join(folder, "backup")); err == nil || !strings.Contains(err.Error(), "keep the backups you have") {
		t.Errorf("a database with a page gone bad: %v", err)
	}
	if all := names(t, folder); len(all) > 0 {
		t.Errorf("left behind: %v", all)
	}
}

func TestBackupAndRestoreThroughPipes(t *testing.T) {
	l := newLodging(t)
	sum := l.attach("Speiseplan")
	before := names(t, l.data)
	var archive, said bytes.Buffer
	if err := backupCommand(t.Context(), []string{"-", "--data", l.data}, &archive, &said); err != nil {
		t.Fatal(err)
	}
	if all := names(t, l.data); !slices.Equal(all, before) {
		t.Errorf("the data folder now has %v, it had %v", all, before)
	}
	data := filepath.Join(t.TempDir(), "data")
	if _, err := (restore{data: data, room: plenty, show: quiet}).fromStream(t.Context(), &archive); err != nil {
		t.Fatal(err)
	}
	if all := names(t, data); !slices.Equal(all, []string{filesName, filepath.Join(filesName, sum), databaseName}) {
		t.Errorf("restored %v", all)
	}
}

func TestBackupAndRestoreSayWhatTheyNeed(t *testing.T) {
	data := t.TempDir()
	postgres := []string{"--database", "postgres://morgenkreis@db.example/morgenkreis", "--data", data}
	for name, c := range map[string]struct {
		run  func(context.Context, []string, io.Writer, io.Writer) error
		args []string
		says string
	}{
		"backup without a file":     {backupCommand, []string{"--data", data}, "one argument"},
		"backup with two":           {backupCommand, []string{"--data", data, "a", "b"}, "one argument"},
		"backup of PostgreSQL":      {backupCommand, append(postgres, "a"), "pg_dump"},
		"backup of nothing":         {backupCommand, []string{"--data", data, filepath.Join(t.TempDir(), "a")}, "no backup was made: there is no database"},
		"backup into no folder":     {backupCommand, []string{"--data", data, filepath.Join(t.TempDir(), "no", "a")}, "no such file or directory"},
		"restore without a file":    {restoreCommand, []string{"--data", data}, "one argument"},
		"restore into PostgreSQL":   {restoreCommand, append(postgres, "a"), "pg_restore"},
		"restore of nothing":        {restoreCommand, []string{"--data", data, filepath.Join(data, "none")}, "no such file or directory"},
		"backup with wrong setting": {backupCommand, []string{"--dat", data, "a"}, "there is no such flag"},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.run(t.Context(), c.args, io.Discard, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %q", err, c.says)
			}
			if all := names(t, data); len(all) > 0 {
				t.Errorf("the data folder now has %v", all)
			}
		})
	}
}

func TestProgressIsABarOnATerminalAndLinesElsewhere(t *testing.T) {
	var lines bytes.Buffer
	show := progressOn(&lines)
	for done := range int64(101) {
		show("attachments", done*10_000_000, 1_000_000_000)
	}
	show("database", 0, 0)
	if n := strings.Count(lines.String(), "\n"); n != 6 || !strings.HasPrefix(lines.String(), "attachments: 0 % of 1.0 GB\nattachments: 25 %") ||
		strings.Contains(lines.String(), "\r") || !strings.HasSuffix(lines.String(), "database: 100 % of 0 B\n") {
		t.Errorf("%d lines:\n%s", n, &lines)
	}
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 9949: "9.9 kB", 9999: "10 kB", 999_499: "999 kB", 999_600: "1.0 MB", 3_400_000_000: "3.4 GB",
		1 << 62: "4612 PB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}

func TestManifestCountsEveryTable(t *testing.T) {
	l := newLodging(t)
	_, m := l.saved()
	r, err := store.SystemRead(t.Context(), store.Options{Path: filepath.Join(l.data, databaseName), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	counts, err := r.Counts(t.Context())
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(m.Counts, counts) || counts["guardian_children"] != 1 || counts["secrets"] != 1 || len(counts) < 30 {
		t.Errorf("the manifest counts %v, the database has %v", m.Counts, counts)
	}
}
