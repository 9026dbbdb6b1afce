package store_test

import (
	"context"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// What PostgreSQL plans once and keeps may not be good for an empty house only.
func TestOutboxOnPostgresGoesByKeysInAPlanThatIsKept(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{URL: storetest.PostgresURL(t), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, trouble := range store.OutboxPlans(t, s) {
		t.Errorf("%s: %s", name, trouble)
	}
}

// A push whose text could not be read does not leave without it.
func TestClaimWithoutItsTextIsNoClaim(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		o.family("Eltern", "fcm.googleapis.com")
		o.w.Live()
		o.post(kita.NoticeNews, kita.AudienceKita)
		store.Exec(o, o.s, `alter table notices rename column title to mislaid`)
		if due, err := o.s.SystemClaimDeliveries(context.Background(), store.ChannelPush, 10, nil); err == nil || len(due) != 0 {
			o.Errorf("%d were taken (%v)", len(due), err)
		}
		store.Exec(o, o.s, `alter table notices rename column mislaid to title`)
		o.clock.Advance(store.Lease)
		if due := o.claim(10); len(due) != 1 || due[0].Title != "Ausflug" {
			o.Errorf("%+v", due)
		}
	})
}

// When a device was last heard of is known to the day; what stood against it is gone at once.
func TestAcceptanceOfADeviceIsKnownToTheDay(t *testing.T) {
	onEachOutbox(t, func(o *outbox) {
		g := o.family("Eltern", "fcm.googleapis.com")
		o.w.Live()
		device := func() kita.Subscription {
			o.Helper()
			all, err := o.s.Subscriptions(context.Background(), o.w.Viewer(*g.AccountID))
			o.must(err)
			return all[0]
		}
		accept := func() {
			o.post(kita.NoticeNews, kita.AudienceKita)
			o.complete(o.claim(10), func(store.Delivery) string { return store.OutcomeAccepted })
		}
		accept()
		first := device().LastAcceptedAt
		if first == nil || *first != kita.At(o.clock.Now()) {
			o.Fatalf("the first was accepted at %v", first)
		}
		o.clock.Advance(time.Hour)
		accept()
		if at := device().LastAcceptedAt; *at != *first {
			o.Errorf("an hour later it stands at %v", at)
		}
		store.Exec(o, o.s, `update subscriptions set trouble = 'misconfigured'`)
		accept()
		if d := device(); d.Trouble != "" || *d.LastAcceptedAt != kita.At(o.clock.Now()) {
			o.Errorf("after trouble it stands at %v, %q", d.LastAcceptedAt, d.Trouble)
		}
		o.clock.Advance(24 * time.Hour)
		accept()
		if at := device().LastAcceptedAt; *at != kita.At(o.clock.Now()) {
			o.Errorf("a day later it stands at %v", at)
		}
	})
}
