package notify

import (
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// What happens between the publication and the moment a push would leave: nothing leaves.
func TestNothingIsSentThatIsNoLongerWanted(t *testing.T) {
	for _, x := range []struct {
		name  string
		event func(h *house, n kita.Notice)
		// where Papa stands then; empty when he is no recipient any more
		stands string
	}{
		{"withdrawn", func(h *house, n kita.Notice) {
			_, err := h.s.WithdrawNotice(h.Context(), h.Viewer(*h.lea.AccountID), n.ID)
			h.must(err)
		}, "waiting"},
		{"read on the web", func(h *house, n kita.Notice) { h.open(h.papa.AccountID, n.ID) }, "opened"},
		{"banned", func(h *house, n kita.Notice) {
			_, _, err := h.s.CreateBan(h.Context(), h.Viewer(*h.lea.AccountID), kita.ContactBan{ID: kita.NewID(), GuardianID: h.papa.ID, ChildID: h.mia.ID, Reason: "Beschluss"})
			h.must(err)
		}, ""},
		// A ban whose consequences nobody drew: the question right before sending is a wall of its own.
		{"banned by a bare row", func(h *house, n kita.Notice) {
			h.papa.BannedFrom(h.mia)
			h.Live()
		}, "waiting"},
		{"banned under a second record of the same person", func(h *house, n kita.Notice) {
			h.k.GuardianOf(h.papa.AccountID, "Papa").Of(h.mia).BannedFrom(h.mia)
			h.Live()
		}, "waiting"},
		{"on the phone of somebody else now", func(h *house, n kita.Notice) {
			d := h.phones[*h.papa.AccountID][0]
			_, _, err := h.s.Subscribe(h.Context(), h.Viewer(*h.anna.AccountID), d.Subscription())
			h.must(err)
		}, "waiting/no_device"},
		{"device removed", func(h *house, n kita.Notice) {
			viewer := h.Viewer(*h.papa.AccountID)
			devices, err := h.s.Subscriptions(h.Context(), viewer)
			h.must(err)
			h.must(h.s.Unsubscribe(h.Context(), viewer, devices[0].ID))
		}, "waiting/no_device"},
	} {
		t.Run(x.name, func(t *testing.T) {
			onEachHouse(t, func(h *house) {
				d := h.phone(h.papa.AccountID)
				h.Live()
				n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.AudienceKind, n.Targets = kita.AudienceChildren, []kita.ID{h.mia.ID} })
				x.event(h, n)
				h.drain()
				if got := h.service.Messages(); len(got) != 0 {
					h.Errorf("%d pushes left, to %s", len(got), d.Endpoint)
				}
				if got := h.ledger(n.ID)["Papa"]; got != x.stands {
					h.Errorf("Papa stands at %q, want %q", got, x.stands)
				}
				if open := h.count(`select count(*) from deliveries where finished_at is null`); open != 0 {
					h.Errorf("%d deliveries are still open", open)
				}
				// Neither is anybody called or written to whom the notice is not for any more.
				h.after(time.Hour)
				h.after(24 * time.Hour)
				if calls := h.count(`select count(*) from recipients where call_listed_at is not null and account_id = ?`, h.papa.AccountID); (calls > 0) != (x.stands == "waiting/no_device") {
					h.Errorf("%d of Papa are on the call list", calls)
				}
			})
		})
	}
}

// Those who lose a device or an account while their push is under way do not take others along.
func TestEndedSessionTakesItsDeviceAlong(t *testing.T) {
	onEachHouse(t, func(h *house) {
		gone, kept := h.service.Subscribe(testKeys.Public), h.phone(h.mama.AccountID)
		h.Live()
		viewer := h.Viewer(*h.papa.AccountID)
		_, _, err := h.s.Subscribe(h.Context(), viewer, gone.Subscription())
		h.must(err)
		n := h.post(kita.NoticeNews)
		h.must(h.s.EndSession(h.Context(), viewer, viewer.SessionID()))
		h.drain()
		if len(gone.Accepted()) != 0 || len(kept.Accepted()) != 1 {
			h.Errorf("%d to who signed out, %d to the other", len(gone.Accepted()), len(kept.Accepted()))
		}
		h.stands(n.ID, map[string]string{"Papa": "waiting/no_device", "Mama": "accepted"})
		h.keeps("after")
	})
}

// An answer that comes after a withdrawal or a correction belongs to what is no more.
func TestAnswerThatComesTooLateChangesNothing(t *testing.T) {
	onEachHouse(t, func(h *house) {
		d := h.phone(h.papa.AccountID)
		h.Live()
		n := h.post(kita.NoticeNews)
		due, err := h.s.SystemClaimDeliveries(h.Context(), store.ChannelPush, 10, nil)
		h.must(err)
		if len(due) != 1 {
			h.Fatalf("%d due", len(due))
		}
		h.clock.Advance(time.Second)
		h.correct(n.ID, "Ausflug in den Zoo", true)
		late := completion(due[0], store.OutcomeAccepted)
		late.Status = 201
		h.must(h.s.SystemComplete(h.Context(), []store.Completion{late}))
		h.stands(n.ID, map[string]string{"Papa": "waiting"})
		h.keeps("between")
		h.drain()
		h.stands(n.ID, map[string]string{"Papa": "accepted"})
		if got := h.titles(d); len(got) != 1 || got[0] != "Korrigiert: Ausflug in den Zoo" {
			h.Errorf("the device got %q", got)
		}
	})
}
