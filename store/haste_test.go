package store_test

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// From the moment that somebody begins to publish something urgent until it has been taken, nothing is taken that can wait.
func TestNothingThatCanWaitIsTakenInHaste(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Eltern", "fcm.googleapis.com")
		o.w.Live()
		news := o.post(kita.NoticeNews, kita.AudienceKita)
		if o.s.Haste().On() {
			o.Error("nobody is in haste")
		}
		urgent := o.post(kita.NoticeUrgent, kita.AudienceKita)
		for _, want := range []struct {
			haste  bool
			notice kita.ID
		}{{true, urgent.ID}, {false, news.ID}} {
			if got := o.s.Haste().On(); got != want.haste {
				o.Errorf("haste is %v, want %v", got, want.haste)
			}
			if due := o.claim(10); len(due) != 1 || *due[0].NoticeID != want.notice {
				o.Errorf("%d are taken, want one of %s: %+v", len(due), want.notice, due)
			}
		}
	})
}

// What was refused, or is for later, or has no device, leaves no haste behind.
func TestHasteEndsWithTheNextLook(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		mother := o.family("Eltern", "fcm.googleapis.com")
		o.w.Live()
		<-o.s.Woken() // it listens
		o.post(kita.NoticeNews, kita.AudienceKita)
		<-o.s.Woken()
		n := kita.Notice{ID: kita.NewID(), KitaID: o.k.ID, Kind: kita.NoticeUrgent, Title: "Ausflug", Language: "de", AudienceKind: kita.AudienceKita,
			PublishAt: kita.At(o.clock.Now().Add(time.Hour))}
		if _, _, err := o.s.CreateNotice(context.Background(), o.w.Viewer(*o.lead.AccountID), n); err != nil || o.s.Haste().On() {
			o.Errorf("haste for what is for later: %v", err)
		}
		n.ID, n.PublishAt = kita.NewID(), kita.Instant{}
		if _, _, err := o.s.CreateNotice(context.Background(), o.w.Viewer(*mother.AccountID), n); !errors.Is(err, kita.ErrNotFound) || o.s.Haste().On() {
			o.Errorf("haste for who may not write: %v", err)
		}
		<-o.s.Woken()
		n.ID, n.Title = kita.NewID(), ""
		if _, _, err := o.s.CreateNotice(context.Background(), o.w.Viewer(*o.lead.AccountID), n); err == nil || !o.s.Haste().On() {
			o.Errorf("what is refused is known to be only in the end: %v", err)
		}
		select {
		case <-o.s.Woken():
		default:
			o.Error("nobody is told to look")
		}
		if due := o.claim(10); len(due) != 1 || o.s.Haste().On() {
			o.Errorf("%d are taken", len(due))
		}
	})
}

// There is haste while the notice is being written, but not for ever: one that the database keeps waiting holds up nobody.
func TestHasteBeginsBeforeTheNoticeIsThereAndHasAnEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "morgenkreis.db")
	for _, e := range []struct {
		name, driver, address string
		store.Options
		hold []string
	}{
		{"sqlite", "sqlite3", "file:" + path, store.Options{Path: path}, []string{"begin immediate"}},
		{name: "postgres", driver: "pgx", hold: []string{"begin", "lock table notices in exclusive mode"}},
	} {
		t.Run(e.name, func(t *testing.T) {
			if e.driver == "pgx" {
				e.address = storetest.PostgresURL(t)
				e.URL = e.address
			}
			clock := storetest.NewClock()
			e.Clock = clock.Now
			o := newOutbox(t, storetest.Open(t, e.Options), clock)
			o.family("Eltern", "fcm.googleapis.com")
			o.w.Live()
			o.post(kita.NoticeNews, kita.AudienceKita)
			leader := o.w.Viewer(*o.lead.AccountID)

			db, err := sql.Open(e.driver, e.address)
			o.must(err)
			defer db.Close()
			other, err := db.Conn(t.Context())
			o.must(err)
			for _, statement := range e.hold {
				_, err := other.ExecContext(t.Context(), statement)
				o.must(err)
			}
			published := make(chan error)
			go func() {
				_, _, err := o.s.CreateNotice(context.Background(), leader, kita.Notice{ID: kita.NewID(), KitaID: o.k.ID, Kind: kita.NoticeUrgent,
					Title: "Sturm", Body: "Bitte abholen", Language: "de", AudienceKind: kita.AudienceKita})
				published <- err
			}()
			for !o.s.Haste().On() {
				select {
				case err := <-published:
					t.Fatal("it was published without haste", err)
				default:
					runtime.Gosched()
				}
			}
			if due := o.claim(10); len(due) != 0 {
				t.Errorf("%d are taken", len(due))
			}
			clock.Advance(2 * time.Second)
			if o.s.Haste().On() {
				t.Error("others wait without end")
			}
			_, err = other.ExecContext(t.Context(), "rollback")
			o.must(errors.Join(err, other.Close()))
			o.must(<-published)
			if due := append(o.claim(10), o.claim(10)...); len(due) != 2 || due[0].NoticeKind != kita.NoticeUrgent || o.s.Haste().On() {
				t.Errorf("taken in the end: %+v", due)
			}
		})
	}
}
