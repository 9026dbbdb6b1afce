package notify

import (
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
)

func TestNoticeReachesEveryDeviceOfEveryGuardian(t *testing.T) {
	onEachHouse(t, func(h *house) {
		devices := []*pushtest.Device{h.phone(h.mama.AccountID), h.phone(h.mama.AccountID), h.phone(h.papa.AccountID)}
		staff := h.phone(h.anna.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews)
		h.stands(n.ID, map[string]string{"Mama": "waiting", "Papa": "waiting", "Oma": "waiting/no_device"})
		h.keeps("published")
		h.drain()
		h.keeps("sent")
		h.stands(n.ID, map[string]string{"Mama": "accepted", "Papa": "accepted", "Oma": "waiting/no_device"})
		receipts := map[string]bool{}
		for i, d := range devices {
			got := d.Accepted()
			if len(got) != 1 {
				h.Fatalf("device %d got %d pushes", i, len(got))
			}
			m := h.read(got[0])
			p := m.Notification
			if m.WebPush != 8030 || p.Title != "Ausflug in den Wald" || p.Body != "Bitte Gummistiefel mitbringen." || p.Lang != "de" || p.Dir != "ltr" ||
				p.Navigate != "https://kita.example/n/"+string(n.ID) || p.Tag == "" || p.Tag != got[0].Topic || m.AppBadge != 1 || p.Data.Kind != "news" || p.Renotify {
				h.Errorf("device %d reads %+v", i, m)
			}
			if v := got[0].VAPID; v.Subject != testSubject || v.Key != testKeys.Public || v.Audience != h.service.URL {
				h.Errorf("signed %+v", v)
			}
			receipts[p.Data.Receipt] = true
		}
		if len(receipts) != len(devices) {
			h.Errorf("%d receipts for %d devices", len(receipts), len(devices))
		}
		if got := staff.Accepted(); len(got) != 0 {
			h.Errorf("an educator who is no guardian got %d", len(got))
		}
		if got := h.service.Refusals(); len(got) != 0 {
			h.Errorf("the service found fault: %v", got)
		}
		h.shows(devices[1])
		h.stands(n.ID, map[string]string{"Mama": "shown", "Papa": "accepted"})
		h.open(h.papa.AccountID, n.ID)
		h.stands(n.ID, map[string]string{"Mama": "shown", "Papa": "opened"})
		h.keeps("read")
	})
}

func TestEachKindHasItsUrgencyAndItsTime(t *testing.T) {
	const day = 24 * time.Hour
	for _, x := range []struct {
		kind    kita.NoticeKind
		urgency string
		ttl     time.Duration
	}{
		{kita.NoticeNews, "normal", 3 * day},
		{kita.NoticeDaily, "normal", 13 * time.Hour}, // from seven until eight in the evening
		{kita.NoticeEvent, "normal", 3 * day},
		{kita.NoticeClosure, "normal", 3 * day},
		{kita.NoticeIllness, "normal", 3 * day},
		{kita.NoticeUrgent, "high", day},
	} {
		t.Run(string(x.kind), func(t *testing.T) {
			h := sqliteHouse(t)
			d := h.phone(h.papa.AccountID)
			h.Live()
			n := h.post(x.kind)
			h.clock.Advance(time.Minute)
			h.drain()
			got := d.Accepted()
			if len(got) != 1 || got[0].Urgency != x.urgency || got[0].TTL != x.ttl-time.Minute || got[0].Topic != Topic(n.ID) {
				h.Errorf("%+v", got)
			}
		})
	}
}

func TestBadgeCountsWhatIsUnread(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		for range 3 {
			h.post(kita.NoticeNews)
		}
		n := h.post(kita.NoticeNews)
		h.open(h.papa.AccountID, n.ID)
		last := h.post(kita.NoticeNews)
		h.drain()
		for _, m := range d.Accepted() {
			if p := h.read(m); p.AppBadge != 4 || p.Notification.Data.URL == "https://kita.example/n/"+string(n.ID) {
				h.Errorf("badge %d on %s", p.AppBadge, p.Notification.Data.URL)
			}
		}
		if got := d.Accepted(); len(got) != 4 || h.count(`select count(*) from deliveries where outcome = 'accepted'`) != 4 {
			h.Errorf("%d accepted, the last notice being %s", len(got), last.ID)
		}
	})
}

func TestTextsAreInThePersonsLanguageAndTheNoticeInItsOwn(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.edit(h.papa.AccountID, func(a *kita.Account) { a.Language = "ar" })
		h.Live()
		n := h.post(kita.NoticeNews)
		h.post(kita.NoticeIllness, func(n *kita.Notice) { n.Title = "Läuse bei den Bären" })
		h.drain()
		h.correct(n.ID, "Ausflug in den Zoo", true)
		h.drain()
		var got []string
		for _, m := range d.Accepted() {
			p := h.read(m).Notification
			got = append(got, p.Lang+" "+p.Dir+" "+p.Title)
		}
		slices.Sort(got)
		want := sorted("de ltr Ausflug in den Wald", "ar rtl رسالة جديدة من Sonnenschein", "de ltr تصحيح: Ausflug in den Zoo")
		if !slices.Equal(got, want) {
			h.Errorf("%q, want %q", got, want)
		}
	})
}

func TestOnlyWhatTheAccountAllowsMakesASound(t *testing.T) {
	for _, c := range []struct {
		sound kita.Sound
		loud  []string
	}{
		{kita.SoundAll, []string{"news", "reminder of urgent", "test", "urgent"}},
		{kita.SoundUrgent, []string{"reminder of urgent", "urgent"}},
		{kita.SoundNone, nil},
	} {
		t.Run(string(c.sound), func(t *testing.T) {
			onEachHouse(t, func(h *house) {
				d, other := h.phone(h.papa.AccountID), h.phone(h.mama.AccountID)
				h.edit(h.papa.AccountID, func(a *kita.Account) { a.Sound = c.sound })
				h.Live()
				h.post(kita.NoticeNews)
				urgent := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.ConfirmWanted = true })
				h.drain()
				h.after(time.Hour)
				_, err := h.s.Remind(h.Context(), h.Viewer(*h.lea.AccountID), urgent.ID)
				h.must(err)
				devices, err := h.s.Subscriptions(h.Context(), h.Viewer(*h.papa.AccountID))
				h.must(err)
				h.must(h.s.TestPush(h.Context(), h.Viewer(*h.papa.AccountID), devices[0].ID))
				h.drain()
				var loud []string
				for _, m := range d.Accepted() {
					p := h.read(m).Notification
					what := p.Data.Kind
					if strings.HasPrefix(p.Title, "Bitte bestätigen") {
						what = "reminder of " + what
					}
					if !p.Silent {
						loud = append(loud, what)
					}
				}
				slices.Sort(loud)
				if !slices.Equal(loud, c.loud) || len(d.Accepted()) != 4 {
					h.Errorf("%q made a sound of %d, want %q", loud, len(d.Accepted()), c.loud)
				}
				for _, m := range other.Accepted() {
					if strings.Contains(string(m.Plaintext), "silent") {
						h.Errorf("somebody else's choice: %s", m.Plaintext)
					}
				}
			})
		})
	}
}

func TestCorrectionReplacesWhatWasShown(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews)
		h.drain()
		h.open(h.papa.AccountID, n.ID)
		h.correct(n.ID, "Tippfehler", false)
		h.drain()
		if got := h.titles(d); len(got) != 1 {
			h.Errorf("a correction that is not announced was: %q", got)
		}
		h.correct(n.ID, "Ausflug in den Zoo", true)
		h.stands(n.ID, map[string]string{"Papa": "waiting"})
		h.keeps("corrected")
		h.drain()
		got := d.Accepted()
		if len(got) != 2 || got[0].Topic != got[1].Topic {
			h.Fatalf("%+v", got)
		}
		first, second := h.read(got[0]).Notification, h.read(got[1]).Notification
		if second.Tag != first.Tag || second.Title != "Korrigiert: Ausflug in den Zoo" || !second.Renotify || !second.Data.Corrected || second.Navigate != first.Navigate {
			h.Errorf("%+v after %+v", second, first)
		}
		h.stands(n.ID, map[string]string{"Papa": "accepted"})
	})
}

func TestOldPushThatIsShownLateIsNoSignOfTheCorrection(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeUrgent)
		h.drain()
		h.clock.Advance(time.Minute)
		h.correct(n.ID, "Doch nicht", true)
		h.shows(d) // what it has is the old one
		h.stands(n.ID, map[string]string{"Papa": "waiting"})
		h.drain()
		h.shows(d)
		h.stands(n.ID, map[string]string{"Papa": "shown"})
	})
}

func TestReminderGoesToThoseWhoHaveNotConfirmed(t *testing.T) {
	onEachHouse(t, func(h *house) {
		mama, papa := h.phone(h.mama.AccountID), h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews, func(n *kita.Notice) { n.ConfirmWanted = true })
		h.drain()
		h.open(h.papa.AccountID, n.ID)
		_, err := h.s.MarkConfirmed(h.Context(), h.Viewer(*h.mama.AccountID), n.ID, true)
		h.must(err)
		h.clock.Advance(time.Hour)
		reminded, err := h.s.Remind(h.Context(), h.Viewer(*h.lea.AccountID), n.ID)
		h.must(err)
		if reminded != 2 { // Papa, and Oma who has no device
			h.Errorf("%d are reminded", reminded)
		}
		h.drain()
		if got := h.titles(mama); len(got) != 1 {
			h.Errorf("who has confirmed got %q", got)
		}
		if got := h.titles(papa); !slices.Equal(got, []string{"Ausflug in den Wald", "Bitte bestätigen: Ausflug in den Wald"}) {
			h.Errorf("who has only read got %q", got)
		}
		// Who confirms while the reminder waits is left in peace.
		h.clock.Advance(time.Hour)
		_, err = h.s.Remind(h.Context(), h.Viewer(*h.lea.AccountID), n.ID)
		h.must(err)
		_, err = h.s.MarkConfirmed(h.Context(), h.Viewer(*h.papa.AccountID), n.ID, true)
		h.must(err)
		h.drain()
		if got := h.titles(papa); len(got) != 2 {
			h.Errorf("who confirmed just now got %q", got)
		}
	})
}

func TestScheduledNoticeGoesOutWhenItIsTimeToWhomItConcernsThen(t *testing.T) {
	onEachHouse(t, func(h *house) {
		mama, papa := h.phone(h.mama.AccountID), h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews, func(n *kita.Notice) { n.PublishAt = kita.At(h.clock.Now().Add(3 * time.Hour)) })
		cancelled := h.post(kita.NoticeNews, func(n *kita.Notice) { n.PublishAt = kita.At(h.clock.Now().Add(3 * time.Hour)) })
		_, err := h.s.WithdrawNotice(h.Context(), h.Viewer(*h.lea.AccountID), cancelled.ID)
		h.must(err)
		h.after(3*time.Hour - time.Millisecond)
		if got := len(mama.Accepted()) + len(papa.Accepted()); got != 0 {
			h.Fatalf("%d pushes before its time", got)
		}
		_, _, err = h.s.CreateBan(h.Context(), h.Viewer(*h.lea.AccountID), kita.ContactBan{ID: kita.NewID(), GuardianID: h.papa.ID, ChildID: h.mia.ID, Reason: "Beschluss"})
		h.must(err)
		h.after(time.Millisecond)
		h.keeps("published by the job")
		if got := h.titles(mama); !slices.Equal(got, []string{"Ausflug in den Wald"}) {
			h.Errorf("Mama got %q", got)
		}
		if got := h.titles(papa); len(got) != 0 {
			h.Errorf("who was banned meanwhile got %q", got)
		}
		if got := h.ledger(n.ID); len(got) != 2 {
			h.Errorf("the ledger holds %v", got)
		}
	})
}

func TestEducatorIsToldOfAnAbsenceAndThatItIsOff(t *testing.T) {
	onEachHouse(t, func(h *house) {
		anna, papa := h.phone(h.anna.AccountID), h.phone(h.papa.AccountID)
		h.Live()
		viewer := h.Viewer(*h.papa.AccountID)
		report := func(from int) kita.ID {
			day := h.Today.Add(from)
			r, err := h.s.ReportAbsence(h.Context(), viewer, kita.Absence{ID: kita.NewID(), ChildID: h.mia.ID, From: day, To: day, Reason: kita.AbsenceSick, Note: "Fieber"})
			h.must(err)
			return r.ID
		}
		id := report(1)
		h.drain()
		h.clock.Advance(time.Minute)
		h.must(h.s.WithdrawAbsence(h.Context(), viewer, id))
		h.drain()
		unheard := report(2)
		h.must(h.s.WithdrawAbsence(h.Context(), viewer, unheard))
		h.drain()
		got := anna.Accepted()
		if len(got) != 2 || len(papa.Accepted()) != 0 {
			h.Fatalf("%d pushes to the educator", len(got))
		}
		for i, want := range []string{"Neue Abwesenheit", "Abwesenheit zurückgezogen"} {
			p := h.read(got[i]).Notification
			if p.Title != want || p.Body != "Gruppe Bären" || p.Navigate != "https://kita.example/today" || p.Data.Kind != "absence" || got[i].Topic != Topic(id) || p.Tag != Topic(id) {
				h.Errorf("%+v, want %s", p, want)
			}
			if text := string(got[i].Plaintext); strings.Contains(text, "Mia") || strings.Contains(text, "Fieber") {
				h.Errorf("a push says %s", text)
			}
		}
	})
}

func TestTestPushArrivesOnThatDeviceAlone(t *testing.T) {
	onEachHouse(t, func(h *house) {
		one, other := h.phone(h.papa.AccountID), h.phone(h.papa.AccountID)
		h.Live()
		viewer := h.Viewer(*h.papa.AccountID)
		devices, err := h.s.Subscriptions(h.Context(), viewer)
		h.must(err)
		for _, d := range devices {
			if d.Endpoint == one.Endpoint {
				h.must(h.s.TestPush(h.Context(), viewer, d.ID))
			}
		}
		h.drain()
		if got := h.titles(one); !slices.Equal(got, []string{"Es klappt!"}) {
			h.Errorf("got %q", got)
		}
		if got := h.titles(other); len(got) != 0 {
			h.Errorf("the other device got %q", got)
		}
		h.shows(one)
		var shown store.Delivery
		h.must(h.raw.Get(&shown.KitaName, `select case when shown_at is null then 'no' else 'yes' end from deliveries`))
		if shown.KitaName != "yes" {
			h.Error("the test push was shown, and nobody knows")
		}
	})
}
