package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"morgenkreis/kita/roster"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// largeList is a list of n children with two guardians each; every third has a sibling, and every child a first day of
// its own, as far as there are days.
func largeList(b *testing.B, n int, group string) roster.Roster {
	rows := [][]string{strings.Split("Nr,Vorname,Nachname,Geburtsdatum,Gruppe,ab,Allergien,Notfallkontakt,Notfalltelefon,"+
		"Mutter Vorname,Mutter Nachname,Mutter E-Mail,Mutter Telefon,Vater Vorname,Vater Nachname,Vater Telefon", ",")}
	for i := range n {
		family := i - i%3/2
		last := fmt.Sprint("Familie", family)
		rows = append(rows, []string{fmt.Sprint(i), fmt.Sprint("Kind", i), last, fmt.Sprintf("20%02d-%02d-%02d", 20+i%4, 1+i%12, 1+i%28),
			group, fmt.Sprintf("202%d-%02d-%02d", 4+i%2, 1+i%12, 1+i%28), "Nüsse", "Oma", "030 112233",
			"Anna", last, fmt.Sprintf("anna%d@example.org", family), fmt.Sprintf("0170 %07d", family), "Jörg", last, fmt.Sprintf("0171 %07d", family)})
	}
	return parsed(b, rows)
}

func BenchmarkImport(b *testing.B) {
	for name, open := range map[string]func(testing.TB) (*store.Store, *storetest.Clock){"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		for _, n := range []int{300, 5000} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				ctx := context.Background()
				first, moved := largeList(b, n, "Bären"), largeList(b, n, "Bienen")
				s, _ := open(b)
				w := storetest.NewWorld(b, s)
				k := w.Kita("Sonnenschein")
				account := k.Leader("Lea").AccountID
				w.Live()
				lead := w.Viewer(*account)
				bring := func(r roster.Roster) float64 {
					start := b.Elapsed()
					if _, err := s.ImportRoster(ctx, lead, k.ID, r, store.ImportOptions{}); err != nil {
						b.Fatal(err)
					}
					return (b.Elapsed() - start).Seconds()
				}
				b.ResetTimer()
				for range b.N {
					b.ReportMetric(bring(first), "s/first")
					b.ReportMetric(bring(first), "s/again")
					b.ReportMetric(bring(moved), "s/moved")
				}
			})
		}
	}
}
