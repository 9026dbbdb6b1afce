package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// morning is a kita with two groups on a Monday at seven: Mia with two parents and Anna at work with her, Ben in the
// other group with Bert.
type morning struct {
	*testing.T
	*storetest.World
	s                     *store.Store
	clock                 *storetest.Clock
	k                     *storetest.KitaB
	bears, bees           *storetest.GroupB
	mia, ben              *storetest.ChildB
	mum, dad              *storetest.GuardianB
	lead, anna, bert      *storetest.StaffB
	annasPhone, bertsTwin kita.Subscription
}

func onEachMorning(t *testing.T, f func(m *morning)) {
	t.Helper()
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, clock *storetest.Clock) {
		m := &morning{T: t, World: storetest.NewWorld(t, s), s: s, clock: clock}
		m.k = m.Kita("Sonnenschein")
		m.bears, m.bees = m.k.Group("Bären"), m.k.Group("Bienen")
		m.mia, m.ben = m.bears.Child("Mia"), m.bees.Child("Ben")
		m.mum, m.dad = m.mia.Guardian("Ayşe"), m.mia.Guardian("Deniz")
		m.lead, m.anna, m.bert = m.k.Leader("Lea"), m.k.Educator("Anna", m.bears), m.k.Educator("Bert", m.bees)
		m.annasPhone, m.bertsTwin = m.phone(m.anna), m.phone(m.bert)
		f(m)
	})
}

func (m *morning) phone(of *storetest.StaffB) kita.Subscription {
	return m.Device(*of.AccountID, "https://push.example/"+string(kita.NewID()), "p", "a")
}

func sickOf(c *storetest.ChildB, from, to kita.Day) kita.Absence {
	return kita.Absence{ID: kita.NewID(), ChildID: c.ID, From: from, To: to, Reason: kita.AbsenceSick}
}

func (m *morning) report(by kita.ID, a kita.Absence) store.AbsenceReport {
	m.Helper()
	r, err := m.s.ReportAbsence(context.Background(), m.Viewer(by), a)
	if err != nil {
		m.Fatal(err)
	}
	return r
}

func (m *morning) standing(child kita.ID) []store.AbsenceSeen {
	m.Helper()
	p, err := m.s.Absences(context.Background(), m.Viewer(*m.lead.AccountID),
		store.AbsenceFilter{ChildID: child, From: m.Today.Add(-60), To: m.Today.Add(400)}, store.PageRequest{Limit: 100})
	if err != nil {
		m.Fatal(err)
	}
	return p.Items
}

func TestTwoParentsAtOnceMakeOneAbsence(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		parents := []kita.Viewer{m.Viewer(*m.mum.AccountID), m.Viewer(*m.dad.AccountID)}
		for round := range 8 {
			day := m.Today.Add(7 * (round + 1))
			var wg sync.WaitGroup
			var mu sync.Mutex
			joined := 0
			for i, v := range parents {
				for j := range 2 {
					a := sickOf(m.mia, day.Add(i), day.Add(i+j))
					wg.Go(func() {
						r, err := m.s.ReportAbsence(context.Background(), v, a)
						if err != nil {
							t.Errorf("round %d: %v", round, err)
						}
						mu.Lock()
						defer mu.Unlock()
						if r.Joined {
							joined++
						}
					})
				}
			}
			wg.Wait()
			if joined != 3 {
				t.Errorf("round %d: %d of four reports were joined", round, joined)
			}
		}
		stand := m.standing(m.mia.ID)
		if len(stand) != 8 {
			t.Fatalf("%d absences stand, want 8", len(stand))
		}
		for i, a := range stand {
			if day := m.Today.Add(7 * (i + 1)); a.From != day || a.To != day.Add(2) {
				t.Errorf("%s to %s, want three days from %s", a.From, a.To, day)
			}
		}
	})
}

func TestTwoReasonsAtOnceAreOneAbsenceAndOneRefusal(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		parents := []kita.Viewer{m.Viewer(*m.mum.AccountID), m.Viewer(*m.dad.AccountID)}
		for round := range 8 {
			day := m.Today.Add(7 * (round + 1))
			var wg sync.WaitGroup
			errs := make([]error, 2)
			for i, v := range parents {
				a := sickOf(m.mia, day, day)
				a.Reason = kita.AbsenceReasons[i]
				wg.Go(func() { _, errs[i] = m.s.ReportAbsence(context.Background(), v, a) })
			}
			wg.Wait()
			if (errs[0] == nil) == (errs[1] == nil) || !errors.Is(errors.Join(errs...), kita.Conflict("from", "absence.overlaps")) {
				t.Errorf("round %d: %v", round, errs)
			}
		}
		if n := len(m.standing(m.mia.ID)); n != 8 {
			t.Errorf("%d absences stand, want 8", n)
		}
	})
}

func TestSameReportAgainIsAnsweredWithWhatBecameOfIt(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		mum, dad := *m.mum.AccountID, *m.dad.AccountID
		first, second := sickOf(m.mia, m.Today, m.Today), sickOf(m.mia, m.Today, m.Today.Add(1))
		one := m.report(mum, first)
		two := m.report(dad, second)
		if one.Again || one.Joined || two.Again || !two.Joined || two.ID != first.ID || two.To != m.Today.Add(1) || two.ReporterName != "Ayşe Muster" {
			t.Fatalf("first %+v, second %+v", one, two)
		}
		m.clock.Advance(6 * time.Hour) // past the cut-off: what was answered once is not refused later
		for range 2 {
			if r := m.report(mum, first); !r.Again || r.Joined || r.ID != first.ID || r.To != m.Today.Add(1) {
				t.Errorf("the first again: %+v", r)
			}
			if r := m.report(dad, second); !r.Again || !r.Joined || r.ID != first.ID {
				t.Errorf("the second again: %+v", r)
			}
		}
		other := second
		other.Note = "anders"
		ctx := context.Background()
		if _, err := m.s.ReportAbsence(ctx, m.Viewer(dad), other); !errors.Is(err, kita.Conflict("id", "id.taken")) {
			t.Errorf("other content under the same id: %v", err)
		}
		if _, err := m.s.ReportAbsence(ctx, m.Viewer(mum), second); !errors.Is(err, kita.Conflict("id", "id.taken")) {
			t.Errorf("the same id by somebody else: %v", err)
		}
		if err := m.s.WithdrawAbsence(ctx, m.Viewer(*m.lead.AccountID), first.ID); err != nil {
			t.Fatal(err)
		}
		if r := m.report(dad, second); r.WithdrawnAt == nil || r.ID != first.ID {
			t.Errorf("after the withdrawal: %+v", r)
		}
		if n := len(m.standing(m.mia.ID)); n != 0 {
			t.Errorf("sending again brought back %d absences", n)
		}
	})
}

func TestJoinedReportWhoseDaysWereTakenAwayIsNotBroughtBack(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		dad := m.Viewer(*m.dad.AccountID)
		one := m.report(*m.mum.AccountID, sickOf(m.mia, m.Today, m.Today.Add(2)))
		later := sickOf(m.mia, m.Today.Add(3), m.Today.Add(3))
		m.report(*m.dad.AccountID, later)
		if _, err := m.s.ChangeAbsence(context.Background(), dad, one.ID, func(a *kita.Absence) { a.To = m.Today }); err != nil {
			t.Fatal(err)
		}
		if _, err := m.s.ReportAbsence(context.Background(), dad, later); !errors.Is(err, kita.Refused("absence.withdrawn_already")) {
			t.Errorf("sent again: %v", err)
		}
		if stand := m.standing(m.mia.ID); len(stand) != 1 || stand[0].To != m.Today {
			t.Errorf("stands: %+v", stand)
		}
	})
}

func TestAReportBetweenTwoMakesOneAndTheLogKeepsAll(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		mum := *m.mum.AccountID
		a, b := m.report(mum, sickOf(m.mia, m.Today, m.Today)), m.report(mum, sickOf(m.mia, m.Today.Add(2), m.Today.Add(3)))
		r := m.report(mum, sickOf(m.mia, m.Today.Add(1), m.Today.Add(1)))
		if !r.Joined || r.ID != a.ID || r.From != m.Today || r.To != m.Today.Add(3) {
			t.Errorf("joined to %+v", r)
		}
		if n := len(m.standing(m.mia.ID)); n != 1 {
			t.Errorf("%d absences stand", n)
		}
		folded, err := m.s.Absence(context.Background(), m.Viewer(mum), b.ID)
		if err != nil || folded.WithdrawnAt == nil || *folded.WithdrawnBy != mum || folded.From != m.Today.Add(2) {
			t.Errorf("what it was joined from: %+v %v", folded, err)
		}
		log, err := m.s.Audit(context.Background(), m.Viewer(*m.lead.AccountID), m.k.ID, store.PageRequest{})
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, l := range log.Items {
			said = append(said, fmt.Sprint(l.Action, " ", l.SubjectID == a.ID, " ", l.Actor))
		}
		slices.Sort(said)
		want := []string{"absence.join true Ayşe Muster", "absence.report false Ayşe Muster", "absence.report true Ayşe Muster", "absence.withdraw false Ayşe Muster"}
		if !slices.Equal(said, want) {
			t.Errorf("the log says %q", said)
		}
	})
}

func TestARefusedReportLeavesNothing(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		m.clock.Advance(2 * time.Hour) // nine o'clock
		a := sickOf(m.mia, m.Today, m.Today)
		if _, err := m.s.ReportAbsence(context.Background(), m.Viewer(*m.mum.AccountID), a); !errors.Is(err, kita.Refused("absence.too_late")) {
			t.Fatal(err)
		}
		if got := m.told(); len(got) != 0 || len(m.standing(m.mia.ID)) != 0 {
			t.Errorf("told %v", got)
		}
		a.From, a.To = m.Today.Add(1), m.Today.Add(1)
		if r := m.report(*m.mum.AccountID, a); r.Again || r.Joined {
			t.Errorf("the id of a refused report is not free: %+v", r)
		}
	})
}

func TestAChangeNeverOverlapsAnotherAbsence(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		lead := m.Viewer(*m.lead.AccountID)
		a, b := m.report(*m.lead.AccountID, sickOf(m.mia, m.Today, m.Today)), m.report(*m.lead.AccountID, sickOf(m.mia, m.Today.Add(3), m.Today.Add(3)))
		to := func(id kita.ID, from, to kita.Day) error {
			_, err := m.s.ChangeAbsence(context.Background(), lead, id, func(a *kita.Absence) { a.From, a.To = from, to })
			return err
		}
		if err := to(a.ID, m.Today, m.Today.Add(3)); !errors.Is(err, kita.Conflict("from", "absence.overlaps")) {
			t.Errorf("over the other: %v", err)
		}
		if err := to(a.ID, m.Today, m.Today.Add(2)); err != nil {
			t.Errorf("beside the other: %v", err)
		}
		var wg sync.WaitGroup
		for i, id := range []kita.ID{a.ID, b.ID} {
			wg.Go(func() { _ = to(id, m.Today.Add(7+i), m.Today.Add(8+i)) }) // one of the two is refused
		}
		wg.Wait()
		stand := m.standing(m.mia.ID)
		if len(stand) != 2 || stand[0].Overlaps(stand[1].Absence) {
			t.Errorf("stand: %+v", stand)
		}
	})
}

func TestAbsencesAreListedByTheirFirstDayPageByPage(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		var want []kita.ID
		for i := range 7 {
			want = append(want, m.mia.Absent(m.Today.Add(3*i), m.Today.Add(3*i+1), *m.mum.AccountID).ID)
		}
		m.Live()
		var got []kita.ID
		f := store.AbsenceFilter{KitaID: m.k.ID, From: m.Today, To: m.Today.Add(100)}
		for p := (store.PageRequest{Limit: 3}); ; {
			page, err := m.s.Absences(context.Background(), m.Viewer(*m.anna.AccountID), f, p)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range page.Items {
				got = append(got, a.ID)
			}
			if p.After = page.Next; p.After == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if _, err := m.s.Absences(context.Background(), m.Viewer(*m.anna.AccountID), f, store.PageRequest{After: "x"}); !errors.Is(err, kita.Invalid("after", "page.cursor")) {
			t.Errorf("a made-up cursor: %v", err)
		}
	})
}

func TestTodayCountsWhoIsExpectedPerGroup(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		for i := range 3 {
			m.bears.Child(fmt.Sprint("Bär", i))
		}
		unplaced := m.k.Child("Neu")
		m.mia.Absent(m.Today.Add(-1), m.Today, *m.mum.AccountID)
		m.ben.Absent(m.Today.Add(1), m.Today.Add(2), *m.mum.AccountID)
		unplaced.Absent(m.Today, m.Today, *m.lead.AccountID)
		m.Live()
		ctx := context.Background()
		today := func(account kita.ID) string {
			t.Helper()
			d, err := m.s.AbsencesToday(ctx, m.Viewer(account), m.k.ID)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, r := range append(d.Groups, d.NotPlaced) {
				said += fmt.Sprintf("%s %d/%d", r.Name, r.Expected, r.Of)
				for _, a := range r.Absent {
					said += " " + a.ChildName
				}
				said += "; "
			}
			return said
		}
		if got, want := today(*m.lead.AccountID), "Bienen 1/1; Bären 3/4 Mia Muster;  0/1 Neu Muster; "; got != want {
			t.Errorf("the leader sees %q, want %q", got, want)
		}
		if got, want := today(*m.anna.AccountID), "Bären 3/4 Mia Muster;  0/0; "; got != want {
			t.Errorf("Anna sees %q, want %q", got, want)
		}
		if got, want := today(*m.bert.AccountID), "Bienen 1/1;  0/0; "; got != want {
			t.Errorf("Bert sees %q, want %q", got, want)
		}
		for _, nobody := range []kita.ID{*m.mum.AccountID, m.k.ID} {
			v := kita.SignedIn(kita.Credentials{AccountID: nobody, Today: m.Today})
			if _, err := m.s.AbsencesToday(ctx, v, m.k.ID); !errors.Is(err, kita.ErrNotFound) {
				t.Errorf("no staff: %v", err)
			}
		}
		m.clock.Advance(5 * 24 * time.Hour) // Saturday
		if got, want := today(*m.anna.AccountID), "Bären 0/4;  0/0; "; got != want {
			t.Errorf("on Saturday Anna sees %q, want %q", got, want)
		}
	})
}
