package main

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store/files"
	"morgenkreis/store/files/s3test"
)

func TestBackupAndRestoreTakeAttachmentsOutOfABucketAndBack(t *testing.T) {
	g := s3test.Start(t)
	l := newLodgingAt(t, g.Place("first"))
	sums := []string{l.attach("Einladung"), l.attach("Speiseplan"), l.attach("")}
	file, m := l.saved()
	if len(m.Members) != 4 || len(m.Missing) != 0 {
		t.Fatalf("the backup holds %+v", m)
	}
	if n := strings.Join(names(t, l.data), " "); strings.Contains(n, filesName) {
		t.Errorf("in the data folder: %s", n)
	}
	into := func(prefix string) (data string, err error) {
		data = filepath.Join(t.TempDir(), "data")
		_, err = restore{data: data, away: g.Place(prefix), room: plenty, show: quiet}.fromFile(t.Context(), file)
		return data, err
	}
	// What a restore that was broken off has left is taken up.
	if _, _, err := g.Store("second").Put(t.Context(), strings.NewReader("Einladung")); err != nil {
		t.Fatal(err)
	}
	data, err := into("second")
	if err != nil {
		t.Fatal(err)
	}
	for _, sum := range sums {
		if whole, err := files.Whole(t.Context(), g.Store("second"), sum); !whole || err != nil {
			t.Errorf("attachment %s: whole %v, %v", sum, whole, err)
		}
	}
	if n := names(t, filepath.Join(data, filesName)); len(n) != 0 {
		t.Errorf("also in the data folder: %v", n)
	}
	s, _, err := openStore(t.Context(), configAt(data, g.Place("second")))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	// The house goes on, and somebody tries last night's backup at the same place: its server would remove what came since.
	later := l.attach("came later")
	data, err = into("first")
	if err == nil || !strings.Contains(err.Error(), "choose a place of its own") {
		t.Errorf("restored over a house that lives: %v", err)
	}
	if _, err := os.Stat(filepath.Join(data, databaseName)); err == nil {
		t.Error("and there is a database")
	}
	if whole, err := files.Whole(t.Context(), l.files, later); !whole || err != nil {
		t.Errorf("what came later: %v, %v", whole, err)
	}
	// From a bucket into a plain data folder.
	if data, _ := restored(t, file); len(names(t, filepath.Join(data, filesName))) != 3 {
		t.Error("a restore without a bucket has no attachments")
	}
}

func TestABucketThatIsAwayMakesNoBackupWithoutAttachments(t *testing.T) {
	g := s3test.Start(t)
	l := newLodgingAt(t, g.Place(""))
	sum := l.attach("Einladung")
	file := filepath.Join(t.TempDir(), "backup")
	b := l.backup()
	b.show = func(task string, _, _ int64) {
		if task == "attachments" {
			g.Kill() // after the first one has been listed and packed
		}
	}
	l.attach("Speiseplan")
	if _, err := b.save(t.Context(), file); err == nil || !strings.Contains(err.Error(), "can not be reached") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("there is a backup")
	}
	g.Restart()
	if m, err := l.backup().save(t.Context(), file); err != nil || len(m.Members) != 3 || len(m.Missing) != 0 {
		t.Errorf("afterwards: %+v, %v", m, err)
	}
	if err := os.WriteFile(filepath.Join(g.Folder(), sum), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, m := l.saved(); len(m.Missing) != 1 || m.Missing[0] != sum {
		t.Errorf("damaged, and not said: %+v", m.Missing)
	}
}

func TestTheSweepRemovesWhatNoRowNamesFromABucket(t *testing.T) {
	g := s3test.Start(t)
	l := newLodgingAt(t, g.Place("kita"))
	put := func(content string) string {
		sum, _, err := l.files.Put(t.Context(), strings.NewReader(content))
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	named, old, young := l.attach("named"), put("old"), put("young")
	for _, sum := range []string{named, old} {
		at := time.Now().Add(-25 * time.Hour)
		if err := os.Chtimes(filepath.Join(g.Folder(), "kita", sum), at, at); err != nil {
			t.Fatal(err)
		}
	}
	if err := (&house{store: l.store, files: l.files}).sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for sum, stays := range map[string]bool{named: true, young: true, old: false} {
		if whole, err := files.Whole(t.Context(), l.files, sum); whole != stays || err != nil {
			t.Errorf("%s: %v, %v", sum, whole, err)
		}
	}
}

func TestDoctorLooksAtTheBucket(t *testing.T) {
	g := s3test.Start(t)
	p := newPractice(t)
	sum := p.attach("a")
	c := configAt(p.data, g.Place("kita"))
	p.config.Files, p.config.FilesKey, p.config.FilesSecret = c.Files, c.FilesKey, c.FilesSecret
	expect := func(what, check string, want level, says string) {
		t.Helper()
		for _, f := range p.examine(t.Context()) {
			if f.Check == check {
				if f.Level != want || !strings.Contains(f.Says+" → "+f.Do, says) {
					t.Errorf("%s: %+v", what, f)
				}
				return
			}
		}
		t.Errorf("%s: there is no check %s", what, check)
	}
	expect("nothing copied yet", "attachments", levelFail, "1 of 1 files are missing, "+sum)
	expect("empty", "files", levelFine, "takes our keys, and nobody without")
	if _, _, err := g.Store("kita").Put(t.Context(), strings.NewReader("a")); err != nil {
		t.Fatal(err)
	}
	expect("copied", "attachments", levelFine, "1 files, all there")
	p.config.FilesSecret = "hunter2"
	expect("another key", "files", levelFail, "refuses the secret key")
	expect("another key", "attachments", levelFail, "see what the check of the files says")
	p.config.FilesSecret = c.FilesSecret
	p.config.Files.Bucket = "not-there"
	expect("another bucket", "files", levelFail, "there is no bucket not-there")
	p.config.Files = c.Files
	policy := `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::attachments/*"}]}`
	if err := g.Client().SetBucketPolicy(t.Context(), "attachments", policy); err != nil {
		t.Fatal(err)
	}
	expect("public", "files", levelFail, "close it now")
	g.Kill()
	expect("off", "files", levelFail, "can not be reached")
}

func TestAServerWhoseBucketRefusesItDoesNotStart(t *testing.T) {
	g := s3test.Start(t)
	place := g.Place("kita")
	place.SecretKey = "hunter2"
	c := configAt(filepath.Join(t.TempDir(), "data"), place)
	_, _, err := openStore(t.Context(), c)
	if err == nil || !strings.Contains(err.Error(), "refuses the secret key") || !strings.Contains(err.Error(), "MORGENKREIS_FILES_SECRET_KEY_FILE") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("%v", err)
	}
}

func TestAttachmentsMoveFromTheFolderToABucketAndBack(t *testing.T) {
	g := s3test.Start(t)
	l := newLodging(t)
	sums := []string{l.attach("Einladung"), l.attach("Speiseplan")}
	bad := l.attach("gone bad")
	if err := os.WriteFile(filepath.Join(l.data, filesName, bad), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	place := g.Place("kita")
	call := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append([]string{"files", "--data", l.data}, args...), io.Discard, &out)
		return out.String(), err
	}
	if _, err := call("--to", place.String()); err == nil || !strings.Contains(err.Error(), "without keys") {
		t.Errorf("without keys: %v", err)
	}
	t.Setenv("MORGENKREIS_FILES_ACCESS_KEY", place.AccessKey)
	t.Setenv("MORGENKREIS_FILES_SECRET_KEY", place.SecretKey)
	for _, there := range []string{"0 of them were there", "2 of them were there"} {
		said, err := call("--to", place.String())
		if err != nil || !strings.Contains(said, "2 attachments") || !strings.Contains(said, there) || !strings.Contains(said, "attachment "+bad+" is damaged") {
			t.Errorf("there: %v\n%s", err, said)
		}
	}
	back := filepath.Join(t.TempDir(), "back")
	if said, err := call("--from", place.String(), "--to", back); err != nil || !strings.Contains(said, "2 attachments") {
		t.Errorf("back: %v\n%s", err, said)
	}
	d, err := files.New(back)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []files.Store{d, g.Store("kita")} {
		for _, sum := range sums {
			if whole, err := files.Whole(t.Context(), s, sum); !whole || err != nil {
				t.Errorf("%T: %s: %v, %v", s, sum, whole, err)
			}
		}
	}
	for says, args := range map[string][]string{
		"where they are already": {"--to", filepath.Join(l.data, filesName)},
		"there is no folder":     {"--from", filepath.Join(back, "none")},
		"--to PLACE":             {},
		"not the name of a":      {"--to", "s3://A?region=x"},
	} {
		if _, err := call(args...); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", args, err)
		}
	}
	g.Kill()
	if _, err := call("--to", place.String()); err == nil || !strings.Contains(err.Error(), "can not be reached") {
		t.Errorf("nobody there: %v", err)
	}
}

// A phone that gets this answer keeps what it has, and tries again.
func TestAnUploadWithoutStorageLeavesNoRow(t *testing.T) {
	g := s3test.Start(t)
	l := newLodgingAt(t, g.Place("kita"))
	g.Kill()
	var answer *kita.Error
	if _, err := l.upload(t.Context(), "x"); !errors.As(err, &answer) || answer.Kind != kita.KindUnavailable || answer.Arg("retry_after") == nil {
		t.Errorf("%v", err)
	}
	if sums, err := l.store.SystemSums(t.Context()); err != nil || len(sums) != 0 {
		t.Errorf("rows: %v, %v", sums, err)
	}
	g.Restart()
	if _, err := l.upload(t.Context(), "x"); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
