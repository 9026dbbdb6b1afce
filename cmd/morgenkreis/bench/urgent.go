package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/store/storetest"
)

// watch is the way to the push service, with an eye on what is accepted of what is urgent (RFC 8030, section 5.3).
type watch struct {
	http.RoundTripper
	ordinary, urgent atomic.Int64
	// reached is told when the urgent ones, or the ordinary ones, are as many as awaited.
	awaitUrgent, awaitOrdinary atomic.Int64
	reached                    chan struct{}
}

func (w *watch) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(req)
	if err == nil && resp.StatusCode == http.StatusCreated {
		of, wanted := &w.ordinary, &w.awaitOrdinary
		if req.Header.Get("Urgency") == "high" {
			of, wanted = &w.urgent, &w.awaitUrgent
		}
		if of.Add(1) == wanted.Load() {
			w.reached <- struct{}{}
		}
	}
	return resp, err
}

// urgent compares an urgent notice to 200 families on an idle server with the same while very many ordinary pushes of another
// kita wait, all at one push service: from the POST to the last one's acceptance.
func (s suite) urgent(ctx context.Context) (err error) {
	o, err := s.outbox(ctx, "urgent", s.devices, audience, pushLatency, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, o.close()) }()
	return s.urgentOn(ctx, o)
}

// urgentOn has the spare devices belong to the families of a kita of their own.
func (s suite) urgentOn(ctx context.Context, o *outbox) error {
	h := &house{store: o.st}
	if err := h.serve(s.folder); err != nil {
		return err
	}
	defer h.server.Close()
	w := storetest.NewWorld(tb{}, o.st)
	k := w.Kita("Kita Morgenstern")
	g, leader := k.Group("Gruppe"), k.Leader("Lutz Leitung")
	for i, d := range o.spare {
		parent := g.Child("Max " + strconv.Itoa(i)).Guardian("Petra Mutter")
		w.Device(*parent.AccountID, d.Endpoint, d.Keys.P256dh, d.Keys.Auth)
	}
	w.Live()
	if err := o.d.analyze(ctx); err != nil {
		return err
	}
	session, err := h.signIn(ctx, *leader.AccountID)
	if err != nil {
		return err
	}
	client := o.service.client()
	eye := &watch{RoundTripper: client.Transport, reached: make(chan struct{}, 2)}
	client.Transport = eye
	sender, err := newSender(o.keys, client)
	if err != nil {
		return err
	}
	receipts, err := notify.NewReceipts(make([]byte, 32))
	if err != nil {
		return err
	}
	dispatcher := notify.NewDispatcher(notify.Options{Outbox: o.st, Sender: sender, Receipts: receipts, BaseURL: &url.URL{Scheme: "https", Host: "kita.example"}})
	for range s.waiting / s.devices {
		if err := o.post(); err != nil {
			return err
		}
	}
	// running is the server at work; stop ends it.
	running := func() (stop func()) {
		ctx, cancel := context.WithCancel(ctx)
		ended := make(chan struct{})
		go func() { defer close(ended); dispatcher.Run(ctx) }()
		return func() { cancel(); <-ended }
	}
	post := func() error {
		eye.awaitUrgent.Store(eye.urgent.Load() + audience)
		_, err := h.call("POST", handlers.Prefix+"/notices", session, map[string]any{"id": kita.NewID(), "kita_id": k.ID, "kind": kita.NoticeUrgent,
			"title": "Wir schließen heute um 13 Uhr", "body": noticeText, "audience": map[string]any{"kind": kita.AudienceKita}}, http.StatusCreated)
		if err != nil {
			return err
		}
		select {
		case <-eye.reached:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	var stop func()
	with := func(name string, prepare func() error) *runner {
		r := &runner{name: name, ops: 1, before: prepare}
		r.run = func() error {
			start, spent := time.Now(), processTime()
			err := post()
			r.own, r.ownCPU = time.Since(start), processTime()-spent
			stop()
			return err
		}
		return r
	}
	idle := with(fmt.Sprintf("urgent to %d families, idle", audience), func() error {
		if err := o.only(ctx, "finished_at = created_at, outcome = 'cancelled'", "rank > 0"); err != nil {
			return err
		}
		stop = running()
		return nil
	})
	waited := 0
	busy := with(fmt.Sprintf("urgent while %d wait", s.waiting), func() error {
		if err := o.only(ctx, "finished_at = null, outcome = '', leased_until = 0, attempts = 0", "rank > 0"); err != nil {
			return err
		}
		eye.awaitOrdinary.Store(eye.ordinary.Load() + int64(s.waiting/50))
		stop = running()
		select {
		case <-eye.reached: // it is in the middle of it
			waited++
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	if err := race(ctx, "an urgent notice", s.pushRounds+2, idle, busy); err != nil {
		return err
	}
	s.report.add(s.engine, costs(busy, idle, urgentIsFirst))
	return nil
}

// only changes the deliveries that condition names. What so large a change leaves behind on PostgreSQL is cleared away, as
// autovacuum would within a minute: nobody is to find it in the way who had no part in it.
func (o *outbox) only(ctx context.Context, change, condition string) error {
	db, err := o.d.likeServer(ctx)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "update deliveries set "+change+" where "+condition)
	if err == nil && o.d.postgres() {
		_, err = db.ExecContext(ctx, "vacuum deliveries")
	}
	return errors.Join(err, db.Close())
}
