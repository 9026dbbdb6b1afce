package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
	"morgenkreis/store/storetest"
)

// lodging is a data folder with a small kita in it, open as a server would have it.
type lodging struct {
	t      *testing.T
	data   string
	place  files.Place
	store  *store.Store
	files  files.Store
	kita   kita.ID
	leader kita.Viewer
	child  kita.ID
}

func newLodging(t *testing.T) *lodging { return newLodgingAt(t, files.Place{}) }

// newLodgingAt keeps its attachments elsewhere.
func newLodgingAt(t *testing.T, place files.Place) *lodging {
	t.Helper()
	l := &lodging{t: t, data: filepath.Join(t.TempDir(), "data")}
	c := configAt(l.data, place)
	l.place = c.attachments()
	var err error
	if l.store, l.files, err = openStore(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.store.Close(); err != nil {
			t.Error(err)
		}
	})
	w := storetest.NewWorld(t, l.store)
	k := w.Kita("Sonnenschein")
	leader := k.Leader("Lea")
	child := k.Group("Bären").Child("Mia")
	child.Guardian("Ayşe")
	w.Live()
	l.kita, l.child, l.leader = k.ID, child.ID, w.Viewer(*leader.AccountID)
	if _, err := pushKeys(t.Context(), l.store); err != nil {
		t.Fatal(err)
	}
	return l
}

func configAt(data string, place files.Place) Config {
	c := Config{Data: data, Files: place, FilesKey: place.AccessKey, FilesSecret: Secret(place.SecretKey)}
	c.Files.AccessKey, c.Files.SecretKey = "", ""
	return c
}

// attach keeps an attachment and its row.
func (l *lodging) attach(content string) (sum string) {
	l.t.Helper()
	sum, err := l.upload(l.t.Context(), content)
	if err != nil {
		l.t.Fatal(err)
	}
	return sum
}

func (l *lodging) upload(ctx context.Context, content string) (string, error) {
	sum, size, err := l.files.Put(ctx, strings.NewReader(content))
	if err != nil {
		return "", err
	}
	f := store.File{ID: kita.NewID(), KitaID: l.kita, Name: "a.txt", MediaType: "text/plain", Size: size, Sum: sum}
	_, _, err = l.store.CreateFile(ctx, l.leader, f)
	return sum, err
}

func (l *lodging) post(ctx context.Context) (kita.ID, error) {
	n := kita.Notice{ID: kita.NewID(), KitaID: l.kita, Kind: kita.NoticeNews, Title: "Ausflug", Body: "Morgen in den Wald.", AudienceKind: kita.AudienceKita}
	_, _, err := l.store.CreateNotice(ctx, l.leader, n)
	return n.ID, err
}

func quiet(string, int64, int64) {}

func plenty(string) (room, error) { return room{free: 1 << 40, total: 2 << 40}, nil }

// backup is a backup of the lodging's data folder that a test may change.
func (l *lodging) backup() backup {
	return backup{data: l.data, files: l.place, program: "test", clock: time.Now, room: plenty, show: quiet}
}

// saved makes a backup and answers where it is.
func (l *lodging) saved() (file string, m manifest) {
	l.t.Helper()
	file = filepath.Join(l.t.TempDir(), "backup.tar.gz")
	m, err := l.backup().save(l.t.Context(), file)
	if err != nil {
		l.t.Fatal(err)
	}
	return file, m
}

// restored restores the backup and answers the new data folder.
func restored(t *testing.T, file string) (data string, m manifest) {
	t.Helper()
	data = filepath.Join(t.TempDir(), "data")
	m, err := restore{data: data, room: plenty, show: quiet}.fromFile(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	return data, m
}

// open opens a data folder as the server does, and has its database looked through.
func open(t *testing.T, data string) *store.Store {
	t.Helper()
	s, _, err := openStore(t.Context(), Config{Data: data})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if found, err := s.SystemIntegrity(t.Context()); err != nil || found != "" {
		t.Errorf("the database of %s does not hold together: %s (%v)", data, found, err)
	}
	return s
}

// names lists what is in a folder, its subfolders included.
func names(t *testing.T, folder string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err == nil && path != folder {
			rel, rerr := filepath.Rel(folder, path)
			all, err = append(all, rel), rerr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
