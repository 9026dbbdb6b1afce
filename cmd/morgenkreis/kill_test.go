package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// TestKilledServerLosesNothingItAnswered kills the server (-9) five times while four clients post 500 notices. Then every
// notice that was answered with 201 is there, every delivery it owed was accepted by the push service at least once, none
// went to a banned guardian, the ledger added up at every moment it was looked at, and the database is whole.
func TestKilledServerLosesNothingItAnswered(t *testing.T) {
	const notices, clients, kills = 500, 4, 5
	service := pushtest.New(t, pushtest.Options{})
	p := newProcess(t, nil, "--push-allow-loopback")
	p.start()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()

	s := openData(t, p)
	w := storetest.NewWorld(t, s)
	k := w.Kita("Sonnenschein")
	lead := k.Leader("Lea")
	mia := k.Group("Bären").Child("Mia")
	var owed []*pushtest.Device
	for i := range 8 {
		d := service.Subscribe("")
		g := mia.Guardian(fmt.Sprint("Eltern ", i))
		w.Device(*g.AccountID, d.Endpoint, d.P256dh(), d.Auth())
		owed = append(owed, d)
	}
	banned, bannedDevice := mia.Guardian("Onkel"), service.Subscribe("")
	banned.BannedFrom(mia)
	w.Device(*banned.AccountID, bannedDevice.Endpoint, bannedDevice.P256dh(), bannedDevice.Auth())
	w.Live()
	session, leader := w.SignIn(*lead.AccountID), w.Viewer(*lead.AccountID)

	var answered sync.Map // id → true, once 201 or 200 came
	var count atomic.Int64
	todo := make(chan int, notices)
	for i := range notices {
		todo <- i
	}
	close(todo)
	var posting sync.WaitGroup
	for range clients {
		posting.Go(func() {
			for i := range todo {
				id := kita.NewID()
				for ctx.Err() == nil && !postOnce(ctx, t, p.url, session, k.ID, id, i) {
					// The server is away; the phone sends the same again when it is back.
					if err := awaitReady(ctx, p.url); err != nil {
						t.Error(err)
						return
					}
				}
				answered.Store(id, true)
				count.Add(1)
			}
		})
	}
	done := make(chan struct{})
	go func() { posting.Wait(); close(done) }()

	looks := 0
	for round := range kills {
		at := int64((round+1)*notices/(kills+1) + rand.IntN(notices/(2*kills)))
		for count.Load() < at && ctx.Err() == nil {
			addsUp(ctx, t, s, leader)
			looks++
		}
		p.kill()
		addsUp(ctx, t, s, leader)
		p.start()
	}
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal("the clients did not finish")
	}
	if err := drained(ctx, s); err != nil {
		t.Fatal(err)
	}
	if err := p.stop(); err != nil {
		t.Fatalf("the server did not stop in order: %v\n%s", err, p.log.tail())
	}

	pushed := map[string]map[*pushtest.Device]int{}
	sent := 0
	for _, m := range service.Accepted() {
		if pushed[m.Topic] == nil {
			pushed[m.Topic] = map[*pushtest.Device]int{}
		}
		pushed[m.Topic][m.Device]++
		sent++
	}
	all := 0
	answered.Range(func(id, _ any) bool {
		all++
		if _, err := s.NoticePosted(ctx, leader, id.(kita.ID)); err != nil {
			t.Errorf("a notice that was answered is lost: %v", err)
		}
		for i, d := range owed {
			if pushed[notify.Topic(id.(kita.ID))][d] == 0 {
				t.Errorf("notice %v never reached device %d", id, i)
			}
		}
		return !t.Failed()
	})
	if all != notices {
		t.Errorf("%d of %d notices were answered", all, notices)
	}
	for topic, devices := range pushed {
		if devices[bannedDevice] > 0 {
			t.Errorf("%s went to the banned guardian", topic)
		}
	}
	if refused := service.Refusals(); len(refused) > 0 {
		t.Errorf("%d requests were not in order, such as %+v", len(refused), refused[0])
	}
	addsUp(ctx, t, s, leader)
	if found, err := s.SystemIntegrity(ctx); err != nil || found != "" {
		t.Errorf("the database does not hold together: %s %v", found, err)
	}
	t.Logf("%d notices, %d kills, %d pushes owed, %d accepted (%d twice), the ledger looked at %d times", notices, kills, notices*len(owed), sent, sent-notices*len(owed), looks)
}

// postOnce posts a notice and tells whether it was answered; a connection that breaks is no answer.
func postOnce(ctx context.Context, t *testing.T, url, session string, kitaID, id kita.ID, i int) bool {
	status, _, said := post(ctx, url, session, kitaID, id, i)
	if status != 0 && status != http.StatusCreated && status != http.StatusOK {
		t.Errorf("notice %d: %d %s", i, status, said)
	}
	return status != 0
}

// post posts a notice and answers the status, Retry-After, and what was said; status 0 when there was no answer, or not all of it.
func post(ctx context.Context, url, session string, kitaID, id kita.ID, i int) (status int, retryAfter, said string) {
	body, err := json.Marshal(map[string]any{"id": id, "kita_id": kitaID, "kind": "news", "title": fmt.Sprint("Nachricht ", i), "body": "Text",
		"audience": map[string]any{"kind": "kita"}})
	if err != nil {
		return 0, "", err.Error()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/notices", bytes.NewReader(body))
	if err != nil {
		return 0, "", err.Error()
	}
	req.Header.Set("Content-Type", "application/json")
	req.AddCookie(&http.Cookie{Name: "morgenkreis", Value: session})
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err.Error()
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, "", err.Error()
	}
	return res.StatusCode, res.Header.Get("Retry-After"), string(raw)
}

// addsUp looks at the ledger of every notice: its states sum to its recipients, and those are all who were owed it.
func addsUp(ctx context.Context, t *testing.T, s *store.Store, leader kita.Viewer) {
	for after := ""; ; {
		page, err := s.Notices(ctx, leader, store.NoticeFilter{PageRequest: store.PageRequest{Limit: 100, After: after}})
		if err != nil {
			t.Error(err)
			return
		}
		for _, n := range page.Items {
			sum := 0
			for _, state := range kita.RecipientStates {
				sum += n.Ledger.By[state]
			}
			if sum != n.Ledger.Recipients || n.Ledger.Recipients != 8 {
				t.Errorf("notice %s: the states sum to %d of %d recipients, 8 are owed it", n.Notice.ID, sum, n.Ledger.Recipients)
				return
			}
		}
		if after = page.Next; after == "" {
			return
		}
	}
}

// drained waits until no push is left to send.
func drained(ctx context.Context, s *store.Store) error {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for {
		q, err := s.SystemQueue(ctx)
		if err != nil || q.Pushes == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d pushes are still queued: %w", q.Pushes, ctx.Err())
		case <-look.C:
		}
	}
}
