package store_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// A transaction of PostgreSQL may be run twice before it is written. What was created so, and is sent again by a phone that did
// not hear the answer, is the same all the same.
func TestWhatWasTriedTwiceAndIsSentAgainIsTheSame(t *testing.T) {
	for name, o := range map[string]store.Options{
		"sqlite":   {Path: filepath.Join(t.TempDir(), "morgenkreis.db")},
		"postgres": {URL: storetest.PostgresURL(t)},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			var trouble atomic.Bool
			s, err := store.Open(ctx, store.Rehearsing(o, &trouble))
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			w := storetest.NewWorld(t, s)
			k := w.Kita("Sonnenschein")
			lead, op := k.Leader("Lea"), w.Operator("Otto")
			k.Group("Bären").Child("Mia").Guardian("Ayşe")
			w.Live()
			leader, operator := w.Viewer(*lead.AccountID), w.Viewer(op.ID)
			notice := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "T", AudienceKind: kita.AudienceKita}
			group := kita.Group{ID: kita.NewID(), KitaID: k.ID, Name: "Füchse", Colour: kita.Colours[0], Icon: kita.Icons[0]}
			house := kita.Kita{ID: kita.NewID(), ProviderID: k.ProviderID, Name: "Zweite", State: "BE"}.WithDefaults()
			provider := kita.Provider{ID: kita.NewID(), Name: "Träger"}
			file := store.File{ID: kita.NewID(), KitaID: k.ID, Name: "a.txt", MediaType: "text/plain", Size: 1, Sum: "sum"}
			for noun, create := range map[string]func() (bool, error){
				"notice":   func() (bool, error) { _, again, err := s.CreateNotice(ctx, leader, notice); return again, err },
				"group":    func() (bool, error) { _, again, err := s.CreateGroup(ctx, leader, group); return again, err },
				"kita":     func() (bool, error) { _, again, err := s.CreateKita(ctx, operator, house); return again, err },
				"provider": func() (bool, error) { _, again, err := s.CreateProvider(ctx, operator, provider); return again, err },
				"file":     func() (bool, error) { _, again, err := s.CreateFile(ctx, leader, file); return again, err },
			} {
				trouble.Store(true)
				if again, err := create(); again || err != nil {
					t.Errorf("%s: %v %v", noun, again, err)
				}
				for range 2 {
					if again, err := create(); !again || err != nil {
						t.Errorf("%s, sent again: %v %v", noun, again, err)
					}
					trouble.Store(false)
				}
			}
		})
	}
}
