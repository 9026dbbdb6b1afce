package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store/files"
	"morgenkreis/store/storetest"
)

// book is what was answered, and so must not be lost.
type book struct {
	mu  sync.Mutex
	ids []kita.ID
}

func (b *book) note(id kita.ID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ids = append(b.ids, id)
}

func (b *book) sofar() []kita.ID {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids[:len(b.ids):len(b.ids)]
}

// TestDrillBackupsOfAServerAtWork backs up a server that runs as another process while clients post notices and report
// absences to it. Each backup is restored; what was answered before it began is in it, and it starts as a server again.
func TestDrillBackupsOfAServerAtWork(t *testing.T) {
	const drills, between = 3, 15
	p := newProcess(t, nil)
	p.start()
	s := open(t, p.data)
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	leader := k.Leader("Lea")
	g := k.Group("Bären")
	var children []kita.ID
	for i := range 20 {
		c := g.Child(fmt.Sprint("Kind ", i))
		c.Guardian(fmt.Sprint("Eltern ", i))
		children = append(children, c.ID)
	}
	w.Live()
	session, viewer, today := w.SignIn(*leader.AccountID), w.Viewer(*leader.AccountID), w.Today

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var notices, absences book
	var load sync.WaitGroup
	for range 2 {
		load.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				id := kita.NewID()
				if create(ctx, t, p.url, session, "notices", map[string]any{"id": id, "kita_id": k.ID, "kind": "news", "title": fmt.Sprint("Nachricht ", i),
					"body": "Text", "audience": map[string]any{"kind": "kita"}}) {
					notices.note(id)
				}
			}
		})
	}
	load.Go(func() {
		// Five days in a row are never all closed, and two absences of a child never touch.
		for i := 0; ctx.Err() == nil && i < 100*len(children); i++ {
			id, day := kita.NewID(), today.Add(7*(i/len(children)))
			if create(ctx, t, p.url, session, "absences", map[string]any{"id": id, "child_id": children[i%len(children)], "from": day, "to": day.Add(4), "reason": "sick"}) {
				absences.note(id)
			}
		}
	})

	last := ""
	for drill := range drills {
		for enough := (drill + 1) * between; len(notices.sofar()) < enough || len(absences.sofar()) < enough; {
			select {
			case <-ctx.Done():
				t.Fatal(ctx.Err())
			case <-time.After(5 * time.Millisecond):
			}
		}
		wasPosted, wasReported := notices.sofar(), absences.sofar()
		path := filepath.Join(t.TempDir(), "backup")
		if err := backupCommand(ctx, []string{"--data", p.data, path}, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		last = filepath.Join(t.TempDir(), "data")
		if err := restoreCommand(ctx, []string{"--data", last, path}, io.Discard, io.Discard); err != nil {
			t.Fatal(err)
		}
		again := open(t, last)
		for _, id := range wasPosted {
			if n, err := again.NoticePosted(ctx, viewer, id); err != nil || n.Ledger.Recipients != 21 && n.Ledger.Recipients != 20 {
				t.Errorf("drill %d: notice %s was answered before; now it has %d recipients (%v)", drill, id, n.Ledger.Recipients, err)
			}
		}
		for _, id := range wasReported {
			if _, err := again.Absence(ctx, viewer, id); err != nil {
				t.Errorf("drill %d: absence %s was answered before: %v", drill, id, err)
			}
		}
		t.Logf("drill %d: %d notices and %d absences were answered before it began", drill, len(wasPosted), len(wasReported))
	}
	stop()
	load.Wait()

	second := newProcess(t, nil)
	if err := os.Rename(last, second.data); err != nil {
		t.Fatal(err)
	}
	second.start()
	// The session of before the backup is one of after the restore.
	if !create(t.Context(), t, second.url, session, "notices", map[string]any{"id": kita.NewID(), "kita_id": k.ID, "kind": "news", "title": "Wieder da",
		"body": "Text", "audience": map[string]any{"kind": "kita"}}) {
		t.Error("the restored server does not take a notice")
	}
}

// create posts body and tells whether it was answered; at the end of ctx nothing is.
func create(ctx context.Context, t *testing.T, url, session, noun string, body any) bool {
	raw, err := json.Marshal(body)
	if err != nil {
		t.Error(err)
		return false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/"+noun, bytes.NewReader(raw))
	if err != nil {
		t.Error(err)
		return false
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: session})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		if ctx.Err() == nil {
			t.Error(err)
		}
		return false
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusCreated {
		t.Errorf("%s: %d %s", noun, res.StatusCode, answer)
	}
	return err == nil && res.StatusCode == http.StatusCreated
}

// rawDatabase is the database without the store around it, for what only the clock does there.
func rawDatabase(t *testing.T, data string) *sql.DB {
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(data, databaseName)+"?_busy_timeout=10000&_foreign_keys=on")
	if err != nil {
		t.Error(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// TestDrillBackupsWhileAttachmentsComeAndGo backs up a house in which notices are posted, attachments are uploaded, and
// uploads that nobody used are deleted, as the sweep does it: the row first, then the file.
func TestDrillBackupsWhileAttachmentsComeAndGo(t *testing.T) {
	l := newLodging(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var posted book
	var removals atomic.Int64
	var load sync.WaitGroup
	db := rawDatabase(t, l.data)
	load.Go(func() {
		var young []string
		for i := 0; ctx.Err() == nil; i++ {
			id, err := l.post(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			posted.note(id)
			sum, err := l.upload(t.Context(), fmt.Sprint("upload ", i))
			if err != nil {
				t.Error(err)
				return
			}
			if young = append(young, sum); len(young) < 20 {
				continue
			}
			if _, err := db.Exec(`delete from files where sum = ?`, young[0]); err != nil {
				t.Error(err)
			}
			if err := l.files.Remove(t.Context(), files.Entry{Sum: young[0], Put: time.Now()}); err != nil {
				t.Error(err)
			}
			young = young[1:]
			removals.Add(1)
		}
	})
	l.attach("stays")
	for drill := range 4 {
		for removals.Load() < int64(10*(drill+1)) {
			select {
			case <-ctx.Done():
				t.Fatal(ctx.Err())
			case <-time.After(time.Millisecond):
			}
		}
		before := posted.sofar()
		path, m := l.saved()
		// The young files of this test are deleted at once, where the sweep waits for a day: those that came after the first
		// look and went before the second may be missing, and only those.
		data, _ := restored(t, path)
		s := open(t, data)
		for _, id := range before {
			if _, err := s.NoticePosted(t.Context(), l.leader, id); err != nil {
				t.Errorf("drill %d: notice %s was answered before: %v", drill, id, err)
			}
		}
		known, err := s.SystemSums(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, sum := range m.Missing {
			delete(known, sum)
		}
		for sum := range known {
			if _, err := os.Stat(filepath.Join(data, filesName, sum)); err != nil {
				t.Error(err)
			}
		}
		if m.Counts["notices"] < int64(len(before)) || m.Counts["files"] != int64(len(known)+len(m.Missing)) {
			t.Errorf("drill %d: the manifest counts %v", drill, m.Counts)
		}
		t.Logf("drill %d: %d notices before, %d removals, %d attachments in it, %d gone too fast", drill, len(before), removals.Load(), len(known), len(m.Missing))
	}
	stop()
	load.Wait()
}
