package store_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// told claims what is due now, and answers the devices it goes to.
func (m *morning) told() []kita.ID {
	m.Helper()
	ds, err := m.s.SystemClaimDeliveries(context.Background(), "push", 100, nil)
	if err != nil {
		m.Fatal(err)
	}
	devices := []kita.ID{}
	var done []store.Completion
	for _, d := range ds {
		devices = append(devices, *d.SubscriptionID)
		done = append(done, store.Completion{ID: d.ID, Subscription: d.SubscriptionID, Channel: d.Channel, Outcome: store.OutcomeAccepted, Status: 201})
	}
	if err := m.s.SystemComplete(context.Background(), done); err != nil {
		m.Fatal(err)
	}
	slices.Sort(devices)
	return devices
}

func TestEducatorsOfTheGroupAreTold(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		helper := m.k.Educator("Hilfe", m.bears, m.bees)
		tablet, helpers := m.phone(m.anna), m.phone(helper)
		banned := m.k.Educator("Verboten", m.bears)
		m.phone(banned)
		m.k.GuardianOf(banned.AccountID, "Verboten").Of(m.mia).BannedFrom(m.mia)
		gone, disabled := m.k.Educator("Weg", m.bears), m.k.Educator("Gesperrt", m.bears)
		m.phone(gone)
		m.phone(disabled)
		rows := m.Rows()
		for i := range rows.Staff {
			if rows.Staff[i].ID == gone.ID {
				rows.Staff[i].ArchivedAt = &rows.Staff[i].CreatedAt
			}
		}
		for i := range rows.Accounts {
			if rows.Accounts[i].ID == *disabled.AccountID {
				rows.Accounts[i].DisabledAt = &rows.Accounts[i].CreatedAt
			}
		}
		m.Live()
		all := sortedIDs(m.annasPhone.ID, tablet.ID, helpers.ID)

		m.report(*m.mum.AccountID, sickOf(m.mia, m.Today, m.Today))
		if got := m.told(); !slices.Equal(got, all) {
			t.Errorf("told %v, want %v", got, all)
		}
		m.report(*m.anna.AccountID, sickOf(m.mia, m.Today.Add(7), m.Today.Add(7)))
		if got := m.told(); !slices.Equal(got, []kita.ID{helpers.ID}) {
			t.Errorf("who reports is told: %v", got)
		}
		m.report(*m.dad.AccountID, sickOf(m.mia, m.Today, m.Today))
		if got := m.told(); len(got) != 0 {
			t.Errorf("told what they knew: %v", got)
		}
		m.report(*m.dad.AccountID, sickOf(m.mia, m.Today, m.Today.Add(1)))
		if got := m.told(); !slices.Equal(got, all) {
			t.Errorf("longer: told %v", got)
		}
		m.report(*m.lead.AccountID, sickOf(m.mia, m.Today.Add(-3), m.Today.Add(-3)))
		if got := m.told(); len(got) != 0 {
			t.Errorf("told of the past: %v", got)
		}
	})
}

func sortedIDs(ids ...kita.ID) []kita.ID { slices.Sort(ids); return ids }

func TestThePushGoesToTheGroupOfTheFirstOpenDayUntilThatDayEnds(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		moving := m.k.Child("Mo")
		moving.In(m.bears, m.Today.Add(-100), m.Today.Add(6)).In(m.bees, m.Today.Add(7), kita.LastDay)
		m.Live()
		// From Saturday to Tuesday: Monday is the first open day, and Mo is a bee then.
		r := m.report(*m.lead.AccountID, sickOf(moving, m.Today.Add(5), m.Today.Add(8)))
		ds, err := m.s.SystemClaimDeliveries(context.Background(), "push", 10, nil)
		if err != nil || len(ds) != 1 {
			t.Fatalf("%v %v", ds, err)
		}
		ends := time.Date(2026, 11, 30, 23, 0, 0, 0, time.UTC)
		if d := ds[0]; *d.AbsenceID != r.ID || *d.AccountID != *m.bert.AccountID || *d.KitaID != m.k.ID || d.Kind != "absence" ||
			d.RecipientID != nil || !d.ExpiresAt.Equal(ends) {
			t.Errorf("%+v, want one to Bert until %s", d, ends)
		}
	})
}

func TestEducatorsAreNotWokenInTheirQuietHours(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		other := m.bears.Child("Max")
		rows := m.Rows()
		for i := range rows.Accounts {
			if rows.Accounts[i].ID == *m.anna.AccountID {
				rows.Accounts[i].QuietFrom, rows.Accounts[i].QuietTo = "17:00", "06:30"
			}
		}
		m.Live()
		evening := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC) // nine in the evening
		m.clock.Set(evening)
		m.report(*m.mum.AccountID, sickOf(m.mia, "2026-11-24", "2026-11-24"))
		m.report(*m.lead.AccountID, sickOf(m.mia, "2026-11-23", "2026-11-23")) // joined: it waits with the day after
		m.report(*m.lead.AccountID, sickOf(other, "2026-11-23", "2026-11-23")) // when it could be said, the day is over
		for _, after := range []time.Duration{0, 9*time.Hour + 29*time.Minute} {
			m.clock.Set(evening.Add(after))
			if got := m.told(); len(got) != 0 {
				t.Errorf("after %s: told %v", after, got)
			}
		}
		m.clock.Set(evening.Add(9*time.Hour + 30*time.Minute))
		if got := m.told(); !slices.Equal(got, []kita.ID{m.annasPhone.ID}) {
			t.Errorf("at half past six: told %v", got)
		}
	})
}

func TestOnlyWhoHeardOfAReportHearsOfItsWithdrawal(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		mum := m.Viewer(*m.mum.AccountID)
		heard := m.report(*m.mum.AccountID, sickOf(m.mia, m.Today, m.Today))
		if got := m.told(); len(got) != 1 {
			t.Fatalf("told %v", got)
		}
		unheard := m.report(*m.mum.AccountID, sickOf(m.mia, m.Today.Add(7), m.Today.Add(7)))
		for range 2 { // the second time is harmless, and says nothing
			for _, id := range []kita.ID{heard.ID, unheard.ID} {
				if err := m.s.WithdrawAbsence(context.Background(), mum, id); err != nil {
					t.Fatal(err)
				}
			}
		}
		ds, err := m.s.SystemClaimDeliveries(context.Background(), "push", 10, nil)
		if err != nil || len(ds) != 1 || *ds[0].AbsenceID != heard.ID {
			t.Errorf("told of the withdrawal: %v %v", ds, err)
		}
		if n := len(m.standing(m.mia.ID)); n != 0 {
			t.Errorf("%d stand", n)
		}
	})
}

func TestAChangeIsToldInPlaceOfWhatStillWaits(t *testing.T) {
	onEachMorning(t, func(m *morning) {
		m.Live()
		r := m.report(*m.mum.AccountID, sickOf(m.mia, m.Today, m.Today.Add(1)))
		change := func(to kita.Day) {
			t.Helper()
			if _, err := m.s.ChangeAbsence(context.Background(), m.Viewer(*m.dad.AccountID), r.ID, func(a *kita.Absence) { a.To = to }); err != nil {
				t.Fatal(err)
			}
		}
		change(m.Today.Add(2))
		change(m.Today.Add(2))
		if got := m.told(); !slices.Equal(got, []kita.ID{m.annasPhone.ID}) {
			t.Errorf("told %v, want once", got)
		}
		change(m.Today.Add(2))
		if got := m.told(); len(got) != 0 {
			t.Errorf("told of no change: %v", got)
		}
	})
}
