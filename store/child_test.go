package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func TestChildrenAreFoundByAnyPartOfTheirNamesInAnyCase(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		lead := k.Leader("Lea")
		for _, name := range []string{"Özlem Ünal", "ÇAĞLA ÖZDEMİR", "Софія Шевченко", "Anna-Lena Groß", "محمد العلي", "100% Tester"} {
			first, last, _ := strings.Cut(name, " ")
			k.Child(first)
			c := &w.Rows().Children[len(w.Rows().Children)-1]
			c.FirstName, c.LastName = first, last
		}
		w.Live()
		v := w.Viewer(*lead.AccountID)
		for q, want := range map[string]string{
			"öz": "Özlem ÇAĞLA", "ÖZ": "Özlem ÇAĞLA", "Özl": "Özlem", "özlem ünal": "Özlem", "ünal özlem": "Özlem", "ÜN": "Özlem",
			"çağ": "ÇAĞLA", "лодія": "", "соф": "Софія", "ШЕВ": "Софія", "шев": "Софія", "lena gro": "Anna-Lena", "GROß": "Anna-Lena",
			"علي": "محمد", "0%": "100%", "_": "", "a": "ÇAĞLA Anna-Lena Özlem", "": "100% Anna-Lena Özlem ÇAĞLA Софія محمد",
		} {
			p, err := s.Children(context.Background(), v, store.ChildFilter{Query: q}, store.PageRequest{})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range p.Items {
				got = append(got, c.FirstName)
			}
			wanted := strings.Fields(want)
			slices.Sort(got)
			slices.Sort(wanted)
			if !slices.Equal(got, wanted) {
				t.Errorf("%q finds %v, want %v", q, got, wanted)
			}
		}
	})
}

func TestPagesOfChildrenShowEachOnceInOrderWhileOthersCome(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears, bees := k.Group("Bären"), k.Group("Bienen")
		lead, educator := k.Leader("Lea"), k.Educator("Eda", bears)
		for i := range 57 {
			g := bears
			if i%3 == 0 {
				g = bees
			}
			g.Child(fmt.Sprint("Kind", i%7)) // seven first names and one last name: the id decides
			w.Rows().Children[i].LastName = strings.Repeat("ش", 90+i%5)
		}
		both := bears.Child("Both")
		k.GuardianOf(educator.AccountID, "Eda").Of(both)
		w.Live()
		for who, want := range map[kita.ID]int{*lead.AccountID: 58, *educator.AccountID: 39} {
			v := w.Viewer(who)
			var seen []string
			ids := map[kita.ID]bool{}
			for p := (store.PageRequest{Limit: 10}); ; {
				page, err := s.Children(ctx, v, store.ChildFilter{KitaID: k.ID}, p)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Items {
					seen = append(seen, c.LastName+c.FirstName+string(c.ID))
					ids[c.ID] = true
				}
				if len(seen) == 20 {
					lv := w.Viewer(*lead.AccountID)
					if _, _, err := s.CreateChild(ctx, lv, kita.Child{ID: kita.NewID(), KitaID: k.ID, FirstName: "A", LastName: "A", Born: "2023-01-01"}, bears.ID, ""); err != nil {
						t.Fatal(err)
					}
				}
				if p.After = page.Next; p.After == "" {
					break
				}
			}
			if len(seen) != len(ids) || !slices.IsSorted(seen) || len(seen)-want > 1 || len(seen) < want {
				t.Errorf("%d children in pages, %d different, in order %v, want %d", len(seen), len(ids), slices.IsSorted(seen), want)
			}
		}
	})
}

func TestBanOnASecondRecordOfTheSamePersonIsAWarningOnTheFirst(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		bears := k.Group("Bären")
		lead := k.Leader("Lea")
		mia := bears.Child("Mia")
		father := mia.Guardian("Jan")
		k.GuardianOf(father.AccountID, "Johann").BannedFrom(mia)
		gone := mia.Guardian("Gerd")
		gone.BannedFrom(mia)
		moved := mia.Guardian("Maren")
		for i, g := range w.Rows().Guardians {
			if g.ID == gone.ID || g.ID == moved.ID {
				w.Rows().Guardians[i].ArchivedAt = &mia.CreatedAt
			}
		}
		w.Live()
		d, err := s.Child(ctx, w.Viewer(*lead.AccountID), mia.ID)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range d.Guardians {
			got = append(got, fmt.Sprint(g.FirstName, " ", g.Banned, " ", g.MayPickUp, " ", g.BanReason != ""))
		}
		equal(t, got, "Gerd true false true", "Jan true false true")
		if _, err := s.Child(ctx, w.Viewer(*father.AccountID), mia.ID); code(err) != "not_found" {
			t.Errorf("the banned person reads the child by the record that is not banned: %q", code(err))
		}
	})
}

func TestNumberNamesOneChildAlsoWhenTwoComeAtOnce(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		ctx := context.Background()
		w := storetest.NewWorld(t, s)
		k := w.Kita("Sonnenschein")
		lead := k.Leader("Lea")
		w.Live()
		v := w.Viewer(*lead.AccountID)
		answers := make(chan string)
		for range 8 {
			go func() {
				_, _, err := s.CreateChild(ctx, v, kita.Child{ID: kita.NewID(), KitaID: k.ID, Number: "7", FirstName: "A", LastName: "B", Born: "2023-01-01"}, "", "")
				answers <- code(err)
			}()
		}
		var got []string
		for range 8 {
			got = append(got, <-answers)
		}
		slices.Sort(got)
		equal(t, slices.Compact(got), "", "number: child.number_taken")
		p, err := s.Children(ctx, v, store.ChildFilter{}, store.PageRequest{})
		if err != nil || len(p.Items) != 1 {
			t.Errorf("%d children have the number: %v", len(p.Items), err)
		}
	})
}
