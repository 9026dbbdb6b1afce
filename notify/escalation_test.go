package notify

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
)

// quietAt gives an account quiet hours.
func (h *house) quietAt(account *kita.ID, from, to kita.Clock) {
	h.edit(account, func(a *kita.Account) { a.QuietFrom, a.QuietTo = from, to })
}

func TestQuietHoursHoldBackWhatIsNotUrgent(t *testing.T) {
	onEachHouse(t, func(h *house) {
		asleep, awake := h.phone(h.papa.AccountID), h.phone(h.mama.AccountID)
		h.quietAt(h.papa.AccountID, "21:00", "06:30")
		h.Live()
		h.clock.Set(time.Date(2026, 11, 23, 21, 0, 0, 0, time.UTC)) // ten in the evening
		h.post(kita.NoticeNews)
		daily := h.post(kita.NoticeDaily)
		h.drain()
		if got := len(asleep.Accepted()); got != 0 || len(awake.Accepted()) != 2 {
			h.Fatalf("%d to who sleeps, %d to who does not", got, len(awake.Accepted()))
		}
		h.keeps("at night")
		h.post(kita.NoticeUrgent)
		h.drain()
		if got := asleep.Accepted(); len(got) != 1 || got[0].Urgency != "high" {
			h.Fatalf("the urgent one did not wake who sleeps: %v", got)
		}
		h.clock.Set(time.Date(2026, 11, 24, 5, 29, 59, 0, time.UTC))
		h.drain()
		if got := len(asleep.Accepted()); got != 1 {
			h.Fatalf("%d before the quiet hours end", got)
		}
		h.after(time.Second)
		got := asleep.Accepted()
		if len(got) != 3 {
			h.Fatalf("%d pushes in the morning", len(got))
		}
		// How long a push is of use counts from the morning: for a daily update until that evening.
		for _, m := range got[1:] {
			want := 72 * time.Hour
			if m.Topic == Topic(daily.ID) {
				want = 13*time.Hour + 30*time.Minute
			}
			if m.TTL != want {
				h.Errorf("TTL %s, want %s", m.TTL, want)
			}
		}
		h.keeps("in the morning")
	})
}

func TestUrgentIsLookedAfterAfterTenMinutes(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.parent("Stumm")
		shows, broken := h.parent("Zeigt"), h.parent("Defekt")
		h.parent("Liest")
		h.Live()
		broken.Always(pushtest.Answer{Status: 503, RetryAfter: "3600"})
		n := h.post(kita.NoticeUrgent)
		h.clock.Advance(200 * time.Millisecond) // pushes take their time
		h.drain()
		h.shows(shows)
		h.open(h.named["Liest"], n.ID)
		h.clock.Set(h.clock.Now().Truncate(time.Second).Add(10*time.Minute - time.Millisecond))
		h.drain()
		h.stands(n.ID, map[string]string{"Stumm": "accepted", "Zeigt": "shown", "Liest": "opened", "Defekt": "waiting", "Oma": "waiting/no_device"})
		h.after(time.Millisecond)
		h.keeps("ten minutes later")
		h.stands(n.ID, map[string]string{"Stumm": "call_list", "Zeigt": "shown", "Liest": "opened", "Defekt": "call_list", "Oma": "call_list/no_device"})
		// The push goes on trying: the phone may be faster than the telephone.
		broken.Always(pushtest.Answer{})
		h.after(2 * time.Hour)
		h.shows(broken)
		h.stands(n.ID, map[string]string{"Defekt": "shown", "Stumm": "call_list"})
	})
}

func TestOtherNoticesAreLookedAfterTheNextMorning(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.phone(h.papa.AccountID)
		mama := h.phone(h.mama.AccountID)
		h.parent("Ausfall").Always(pushtest.Answer{Status: 503, RetryAfter: "21600"})
		h.parent("Störung").Always(pushtest.Answer{Status: 500})
		h.Live()
		n := h.post(kita.NoticeNews) // Monday at seven
		h.drain()
		h.shows(mama)
		for range 20 {
			h.after(time.Hour)
			h.keeps("meanwhile")
		}
		morning := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
		h.clock.Set(morning.Add(-time.Millisecond))
		h.drain()
		h.stands(n.ID, map[string]string{"Papa": "accepted", "Mama": "shown", "Oma": "waiting/no_device", "Ausfall": "waiting", "Störung": "waiting"})
		h.after(time.Millisecond)
		h.stands(n.ID, map[string]string{"Papa": "call_list", "Mama": "shown", "Oma": "call_list/no_device", "Ausfall": "waiting", "Störung": "call_list"})
		// A push that happens to be due just then is given its time, once.
		h.after(2 * time.Hour)
		h.stands(n.ID, map[string]string{"Ausfall": "call_list"})
		h.keeps("next morning")
	})
}

func TestKitaSetsTheTimes(t *testing.T) {
	onEachHouse(t, func(h *house) {
		rows := h.Rows()
		rows.Kitas[0].EscalateUrgentAfter, rows.Kitas[0].EscalateMorning = 3, "09:15"
		h.Live()
		urgent, news := h.post(kita.NoticeUrgent), h.post(kita.NoticeNews)
		for _, x := range []struct {
			notice kita.ID
			at     time.Time
		}{{urgent.ID, h.clock.Now().Add(3 * time.Minute)}, {news.ID, time.Date(2026, 11, 24, 8, 15, 0, 0, time.UTC)}} {
			h.clock.Set(x.at.Add(-time.Millisecond))
			h.drain()
			h.stands(x.notice, map[string]string{"Oma": "waiting/no_device"})
			h.after(time.Millisecond)
			h.stands(x.notice, map[string]string{"Oma": "call_list/no_device"})
		}
	})
}

func TestPushHeldBackByQuietHoursIsGivenTime(t *testing.T) {
	onEachHouse(t, func(h *house) {
		late, slow, awake := h.phone(h.papa.AccountID), h.phone(h.mama.AccountID), h.phone(h.anna.AccountID)
		h.quietAt(h.papa.AccountID, "20:00", "08:00")
		h.quietAt(h.mama.AccountID, "20:00", "06:59")
		h.k.GuardianOf(h.anna.AccountID, "Anna").Of(h.mia)
		h.Live()
		berlin := func(day, hour, minute int) time.Time {
			return time.Date(2026, 11, day, hour-1, minute, 0, 0, time.UTC)
		}
		h.clock.Set(berlin(23, 22, 0))
		n := h.post(kita.NoticeNews)
		h.drain()
		slow.Script(pushtest.Answer{Status: 500}, pushtest.Answer{Status: 500})
		for _, x := range []struct {
			at   time.Time
			want map[string]string
		}{
			{berlin(24, 6, 59), map[string]string{"Papa": "waiting", "Mama": "waiting", "Anna": "accepted"}},
			{berlin(24, 7, 0), map[string]string{"Papa": "waiting", "Mama": "waiting", "Anna": "call_list", "Oma": "call_list/no_device"}},
			{berlin(24, 7, 5), map[string]string{"Papa": "waiting", "Mama": "accepted"}},
			{berlin(24, 8, 0), map[string]string{"Papa": "accepted", "Mama": "accepted"}},
			{berlin(24, 9, 59), map[string]string{"Papa": "accepted"}},
			{berlin(24, 10, 5), map[string]string{"Papa": "call_list", "Mama": "call_list"}},
		} {
			h.clock.Set(x.at)
			h.drain()
			h.keeps(x.at.String())
			h.stands(n.ID, x.want)
		}
		if len(late.Accepted()) != 1 || len(awake.Accepted()) != 1 {
			h.Errorf("%d and %d pushes", len(late.Accepted()), len(awake.Accepted()))
		}
		if open := h.count(`select count(*) from jobs where finished_at is null`); open != 0 {
			h.Errorf("%d jobs are still open", open)
		}
	})
}

// When it is the house that was not there, a push that never had its try gets it first.
func TestServerThatWasDownPushesBeforeItCalls(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews)
		h.after(26 * time.Hour)
		h.stands(n.ID, map[string]string{"Papa": "accepted", "Oma": "call_list/no_device"})
		h.shows(d)
		h.after(3 * time.Hour)
		h.stands(n.ID, map[string]string{"Papa": "shown"})
	})
}

func TestEmailGoesToWhomNoPushReached(t *testing.T) {
	onEachHouse(t, func(h *house) {
		var o *office
		h.mailer = h.postOffice(func(p *office, _ *MailConfig) { o = p })
		mama := h.phone(h.mama.AccountID)
		h.mama.Email("mama@example.org")
		h.papa.Email("papa@example.org")
		h.Live()
		n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.Body = "Bitte **sofort** abholen.\n\n- Jacke\n- Schuhe" })
		h.drain()
		h.shows(mama)
		h.after(10 * time.Minute)
		h.keeps("ten minutes later")
		// Oma has neither account nor address.
		h.stands(n.ID, map[string]string{"Mama": "shown", "Papa": "emailed/no_device", "Oma": "call_list/no_device"})
		got := o.letters()
		if len(got) != 1 {
			h.Fatalf("%d letters", len(got))
		}
		want := letter{From: "kita@example.org", To: "papa@example.org", ID: got[0].ID, Auto: "auto-generated", Subject: "Sonnenschein: Ausflug in den Wald",
			Text: "Guten Tag Papa Muster,\n\nAusflug in den Wald\n\nBitte **sofort** abholen.\n\n- Jacke\n- Schuhe\n\n" +
				"In der App lesen: https://kita.example/n/" + string(n.ID) + "\n\n-- \nSonnenschein\nDiese E-Mail kommt, weil die Nachricht auf keinem Gerät angezeigt wurde.\n"}
		if got[0] != want {
			h.Errorf("the letter is %+v\nwant %+v", got[0], want)
		}
		if o.tlsSum != o.tried() {
			h.Error("it went unencrypted")
		}
	})
}

func TestLetterOfATitleOnlyKitaHoldsTheTitleOnly(t *testing.T) {
	h := sqliteHouse(t)
	var o *office
	h.mailer = h.postOffice(func(p *office, _ *MailConfig) { o = p })
	h.Rows().Kitas[0].TitleOnly = true
	h.papa.Email("papa@example.org")
	h.Live()
	n := h.post(kita.NoticeUrgent)
	h.clock.Advance(time.Minute)
	h.correct(n.ID, "Doch kein Ausflug", true)
	h.after(10 * time.Minute)
	got := o.letters()
	for _, l := range got {
		if l.To == "papa@example.org" && (l.Subject != "Sonnenschein: Korrigiert: Doch kein Ausflug" || slices.Contains(splitLines(l.Text), "Bitte **Gummistiefel** mitbringen.")) {
			h.Errorf("%+v", l)
		}
	}
	if len(got) != 2 { // Mama's address is her login
		h.Errorf("%d letters", len(got))
	}
}

func TestEmailThatFailsLeavesTheTelephone(t *testing.T) {
	for _, x := range []struct {
		name  string
		rcpt  error
		after time.Duration // until somebody takes the telephone
		tries bool          // more than one
	}{
		{"refused for good", &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}, 0, false},
		{"put off for too long", &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}, 10 * time.Minute, true},
	} {
		t.Run(x.name, func(t *testing.T) {
			onEachHouse(t, func(h *house) {
				var o *office
				h.mailer = h.postOffice(func(p *office, _ *MailConfig) { o = p; p.rcpt = func(string) error { return x.rcpt } })
				h.papa.Email("papa@example.org")
				h.Live()
				n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceChildren, []kita.ID{h.mia.ID} })
				h.after(10 * time.Minute)
				for end := h.clock.Now().Add(x.after); h.clock.Now().Before(end); h.after(30 * time.Second) {
					h.keeps("meanwhile")
				}
				h.keeps("at last")
				h.stands(n.ID, map[string]string{"Papa": "call_list/no_device"})
				if len(o.letters()) != 0 || (o.tried() > 2) != x.tries { // Mama is the other one
					h.Errorf("%d letters after %d tries", len(o.letters()), o.tried())
				}
				if open := h.count(`select count(*) from deliveries where finished_at is null`); open != 0 {
					h.Errorf("%d are still open", open)
				}
			})
		})
	}
}

func TestServerThatWantsToBeAskedTwiceIsAskedTwice(t *testing.T) {
	onEachHouse(t, func(h *house) {
		asked := map[string]bool{}
		var o *office
		h.mailer = h.postOffice(func(p *office, _ *MailConfig) {
			o = p
			p.rcpt = func(to string) error {
				p.mu.Lock()
				defer p.mu.Unlock()
				if !asked[to] {
					asked[to] = true
					return &smtp.SMTPError{Code: 450, Message: "try again"}
				}
				return nil
			}
		})
		h.papa.Email("papa@example.org")
		h.Live()
		n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceChildren, []kita.ID{h.mia.ID} })
		h.after(10 * time.Minute)
		h.stands(n.ID, map[string]string{"Papa": "waiting/no_device"})
		h.keeps("between")
		h.after(time.Minute)
		h.stands(n.ID, map[string]string{"Papa": "emailed/no_device", "Mama": "emailed/no_device"})
		if got := o.letters(); len(got) != 2 {
			h.Errorf("%d letters", len(got))
		}
	})
}

func TestEmailIsNotSentToWhoReadMeanwhile(t *testing.T) {
	onEachHouse(t, func(h *house) {
		var o *office
		h.mailer = h.postOffice(func(p *office, _ *MailConfig) {
			o = p
			p.sender = func(string) error { return &smtp.SMTPError{Code: 421, Message: "busy"} }
		})
		d := h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceChildren, []kita.ID{h.mia.ID} })
		h.drain()
		h.after(10 * time.Minute)
		h.shows(d)
		h.open(h.mama.AccountID, n.ID)
		o.mu.Lock()
		o.sender = nil
		o.mu.Unlock()
		h.after(time.Minute)
		h.stands(n.ID, map[string]string{"Papa": "shown", "Mama": "opened/no_device"})
		if got := o.letters(); len(got) != 0 {
			h.Errorf("letters: %+v", got)
		}
	})
}

// The operator takes the SMTP settings away while e-mails wait: nobody may wait for ever.
func TestEmailThatLostItsServerGoesToTheCallList(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.mailer = h.postOffice(func(p *office, _ *MailConfig) { p.rcpt = func(string) error { return errors.New("later") } })
		h.papa.Email("papa@example.org")
		h.Live()
		n := h.post(kita.NoticeNews)
		h.after(24 * time.Hour)
		h.mailer = nil
		h.after(time.Hour)
		h.keeps("without a server")
		h.stands(n.ID, map[string]string{"Papa": "call_list/no_device", "Mama": "call_list/no_device"})
	})
}

func TestEmailServerThatIsDownIsTriedAgain(t *testing.T) {
	onEachHouse(t, func(h *house) {
		h.mailer = h.postOffice(func(p *office, _ *MailConfig) { h.must(p.listen.Close()) })
		h.papa.Email("papa@example.org")
		h.Live()
		n := h.post(kita.NoticeUrgent)
		h.after(10 * time.Minute)
		h.stands(n.ID, map[string]string{"Papa": "waiting/no_device"})
		h.keeps("down")
		if got := h.outcomes(n.ID, store.ChannelEmail)[""]; got != 2 {
			h.Errorf("%d e-mails wait", got)
		}
		for range 20 {
			h.after(time.Minute)
		}
		h.stands(n.ID, map[string]string{"Papa": "call_list/no_device", "Mama": "call_list/no_device"})
	})
}

func TestReminderLooksAfterTheSilentAgain(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.phone(h.mama.AccountID)
		h.Live()
		n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.ConfirmWanted = true })
		h.drain()
		h.shows(d)
		h.after(10 * time.Minute)
		h.stands(n.ID, map[string]string{"Papa": "shown", "Mama": "call_list"})
		h.clock.Advance(time.Hour)
		_, err := h.s.Remind(h.Context(), h.Viewer(*h.lea.AccountID), n.ID)
		h.must(err)
		h.drain()
		h.after(10 * time.Minute)
		h.keeps("reminded")
		h.stands(n.ID, map[string]string{"Papa": "shown", "Mama": "call_list"})
		if open := h.count(`select count(*) from jobs where finished_at is null`); open != 0 {
			h.Errorf("%d jobs are still open", open)
		}
	})
}
