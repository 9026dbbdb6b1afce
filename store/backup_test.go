package store_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// onDisk is a store in a file whose path the test knows.
func onDisk(t *testing.T) (*store.Store, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "morgenkreis.db")
	s, err := store.Open(context.Background(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, path
}

// copyOf makes a copy and opens it.
func copyOf(t *testing.T, from string, progress func(done, total int64)) *store.SystemReader {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(to, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	if err := store.SystemCopy(ctx, from, to, progress); err != nil {
		t.Fatal(err)
	}
	r, err := store.SystemReadCopy(ctx, to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		if all, err := filepath.Glob(to + "-*"); err != nil || len(all) > 0 {
			t.Errorf("beside the copy lies %v (%v)", all, err)
		}
	})
	return r
}

func silent(int64, int64) {}

func counts(t *testing.T, r *store.SystemReader) map[string]int64 {
	t.Helper()
	n, err := r.Counts(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// fill makes the database bigger than one step of the copy: 8 MiB.
func fill(t *testing.T, s *store.Store) {
	t.Helper()
	big := make([]byte, 8<<20)
	for i := range big {
		big[i] = 'a' + byte(i%26)
	}
	if _, err := s.SystemSecret(context.Background(), "big", func() (string, error) { return string(big), nil }); err != nil {
		t.Fatal(err)
	}
}

func TestCopyKeepsTheMomentAndHoldsUpNoWriter(t *testing.T) {
	s, path := onDisk(t)
	fill(t, s)
	w := storetest.NewWorld(t, s)
	w.Kita("Before")
	w.Live()
	var steps int
	var last int64
	r := copyOf(t, path, func(done, total int64) {
		steps++
		if done < last || done > total {
			t.Errorf("after %d bytes the copy is at %d of %d", last, done, total)
		}
		if last = done; steps > 10 {
			t.Fatal("the copy begins again and again")
		}
		// Each step of the copy sees a commit of somebody else, and is not put back to the beginning by it.
		w.Kita(fmt.Sprint("During ", steps))
		w.Live()
	})
	if steps < 2 {
		t.Fatal("the copy took one step: nothing was written in between")
	}
	if n := counts(t, r)["kitas"]; n != 1 {
		t.Errorf("the copy holds %d kitas, 1 was there when it began", n)
	}
	found, err := r.Integrity(context.Background())
	if err != nil || found != "" {
		t.Errorf("the copy is damaged: %s (%v)", found, err)
	}
}

func TestCopiesUnderLoadHoldTogetherAndMissNothing(t *testing.T) {
	s, path := onDisk(t)
	ctx := context.Background()
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	leader := k.Leader("Lea")
	g := k.Group("Bären")
	for i := range 20 {
		g.Child(fmt.Sprint("Kind ", i)).Guardian(fmt.Sprint("Mutter ", i))
	}
	w.Live()
	v := w.Viewer(*leader.AccountID)

	var mu sync.Mutex
	answered := 0
	ctxLoad, stop := context.WithCancel(ctx)
	var load sync.WaitGroup
	for range 3 {
		load.Go(func() {
			for ctxLoad.Err() == nil {
				n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "Ausflug", Body: "Morgen in den Wald.",
					AudienceKind: kita.AudienceKita}
				if _, _, err := s.CreateNotice(ctx, v, n); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				answered++
				mu.Unlock()
			}
		})
	}
	for range 5 {
		mu.Lock()
		before := answered
		mu.Unlock()
		r := copyOf(t, path, silent)
		n := counts(t, r)
		if n["notices"] < int64(before) {
			t.Errorf("%d notices were answered before the copy, which holds %d", before, n["notices"])
		}
		// A notice, its recipients and the job that looks after it are one transaction.
		if n["recipients"] != 21*n["notices"] && n["recipients"] != 20*n["notices"] || n["jobs"] != n["notices"] {
			t.Errorf("the copy cuts through a transaction: %v", n)
		}
		found, err := r.Integrity(ctx)
		if err != nil || found != "" {
			t.Errorf("the copy is damaged: %s (%v)", found, err)
		}
	}
	stop()
	load.Wait()
}

func TestCopyHoldsWhatAKilledServerLeftInItsLog(t *testing.T) {
	s, path := onDisk(t)
	w := storetest.NewWorld(t, s)
	w.Kita("Sonnenschein")
	w.Live()
	// The database and its log as they lie there while nobody has closed them.
	left := filepath.Join(t.TempDir(), "morgenkreis.db")
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(left+suffix, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n := counts(t, copyOf(t, left, silent)); n["kitas"] != 1 {
		t.Errorf("the copy holds %v", n)
	}
}

func TestCopyEndsWithItsContext(t *testing.T) {
	s, path := onDisk(t)
	fill(t, s)
	ctx, cancel := context.WithCancel(context.Background())
	to := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(to, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	steps := 0
	err := store.SystemCopy(ctx, path, to, func(int64, int64) { steps++; cancel() })
	if !errors.Is(err, context.Canceled) || steps != 1 {
		t.Errorf("after %d steps: %v", steps, err)
	}
	if _, err := store.SystemReadCopy(context.Background(), to); err == nil {
		t.Error("half a copy opens as if it were one")
	}
}

func TestLookingCreatesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "morgenkreis.db")
	ctx := context.Background()
	if _, err := store.SystemRead(ctx, store.Options{Path: path, Clock: time.Now}); !errors.Is(err, store.ErrNoDatabase) {
		t.Errorf("no file: %v", err)
	}
	if err := store.SystemCopy(ctx, path, filepath.Join(folder, "copy"), silent); !errors.Is(err, store.ErrNoDatabase) {
		t.Errorf("copy of no file: %v", err)
	}
	if all, err := os.ReadDir(folder); err != nil || len(all) > 0 {
		t.Errorf("now there is %v (%v)", all, err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.SystemRead(ctx, store.Options{Path: path, Clock: time.Now}); !errors.Is(err, store.ErrNoDatabase) {
		t.Errorf("empty file: %v", err)
	}
	if _, err := store.SystemRead(ctx, store.Options{URL: storetest.PostgresURL(t), Clock: time.Now}); !errors.Is(err, store.ErrNoDatabase) {
		t.Errorf("empty PostgreSQL database: %v", err)
	}
}

func TestReaderSeesWhatDoctorAsksFor(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		s, path := onDisk(t)
		readerSees(t, s, store.Options{Path: path, Clock: time.Now})
	})
	t.Run("postgres", func(t *testing.T) {
		url := storetest.PostgresURL(t)
		s, err := store.Open(context.Background(), store.Options{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		readerSees(t, s, store.Options{URL: url, Clock: time.Now})
	})
}

func readerSees(t *testing.T, s *store.Store, o store.Options) {
	ctx := context.Background()
	now := s.Now()
	r, err := store.SystemRead(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	if v, err := r.SchemaVersion(ctx); err != nil || v != store.SchemaVersion {
		t.Errorf("schema version %d (%v)", v, err)
	}
	if found, err := r.Integrity(ctx); err != nil || found != "" {
		t.Errorf("integrity: %s (%v)", found, err)
	}
	if newest, err := r.Newest(ctx); err != nil || newest != nil {
		t.Errorf("an empty house has a newest row: %v (%v)", newest, err)
	}
	if oldest, err := r.OldestJob(ctx); err != nil || oldest != nil {
		t.Errorf("an empty house has a job that waits: %v (%v)", oldest, err)
	}
	if _, err := r.Secret(ctx, "vapid_keys"); !errors.Is(err, error(kita.ErrNotFound)) {
		t.Errorf("a secret nobody made: %v", err)
	}

	w := storetest.NewWorld(t, s)
	w.Kita("Berlin")
	k := w.Kita("Lissabon", func(k *kita.Kita) { k.TimeZone = "Europe/Lisbon" })
	mum := k.Group("Bären").Child("Mia").Guardian("Ayşe")
	for i := range 2 {
		w.Device(*mum.AccountID, fmt.Sprint("https://wns2-par02p.notify.windows.com/w/", i), "p", "a")
	}
	w.Live()
	w.SignIn(*mum.AccountID)
	if _, err := s.SystemSecret(ctx, "vapid_keys", func() (string, error) { return "pair", nil }); err != nil {
		t.Fatal(err)
	}
	if err := s.SystemScheduleRetention(ctx); err != nil {
		t.Fatal(err)
	}

	if zones, err := r.TimeZones(ctx); err != nil || fmt.Sprint(zones) != "[Europe/Berlin Europe/Lisbon]" {
		t.Errorf("zones %v (%v)", zones, err)
	}
	if devices, err := r.Devices(ctx); err != nil || !maps.Equal(devices, map[string]int{"notify.windows.com": 2}) {
		t.Errorf("devices %v (%v)", devices, err)
	}
	if secret, err := r.Secret(ctx, "vapid_keys"); err != nil || secret != "pair" {
		t.Errorf("secret %q (%v)", secret, err)
	}
	if newest, err := r.Newest(ctx); err != nil || newest == nil || newest.Before(now.Time) {
		t.Errorf("the newest row is of %v (%v)", newest, err)
	}
	if oldest, err := r.OldestJob(ctx); err != nil || oldest == nil {
		t.Errorf("the job that is due: %v (%v)", oldest, err)
	}
	if sums, err := r.Sums(ctx); err != nil || len(sums) > 0 {
		t.Errorf("sums %v (%v)", sums, err)
	}

	for range 3 {
		jobs, err := s.SystemClaimJobs(ctx, 1)
		if err != nil || len(jobs) != 1 {
			t.Fatalf("claimed %v (%v)", jobs, err)
		}
		if err := s.SystemRetryJob(ctx, jobs[0], "no room left"); err != nil {
			t.Fatal(err)
		}
		if err := s.SystemReleaseLeases(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if stuck, err := r.StuckJobs(ctx); err != nil || len(stuck) != 1 || stuck[0] != (store.StuckJob{Kind: "retention", Trouble: "no room left"}) {
		t.Errorf("stuck jobs %v (%v)", stuck, err)
	}
	if q, err := r.Queue(ctx); err != nil || q.StuckJobs != 1 || q.Subscriptions != 2 {
		t.Errorf("queue %+v (%v)", q, err)
	}
}
