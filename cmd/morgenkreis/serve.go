package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"morgenkreis/cmd/morgenkreis/demo"
	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/store"
	"morgenkreis/store/files"
	"morgenkreis/web"
)

// house is everything that runs behind one configuration.
type house struct {
	config     Config
	store      *store.Store
	files      files.Store
	keys       notify.Keys
	receipts   notify.Receipts
	mailer     *notify.Mailer
	metrics    *metrics
	dispatcher *notify.Dispatcher
	server     *handlers.Server
	stopping   atomic.Bool
}

// openStore opens the database of a configuration, and the place of its files, creating the data folder for its owner alone.
func openStore(ctx context.Context, c Config) (*store.Store, files.Store, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("the data folder: %w", err)
	}
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(c.Data, databaseName), URL: c.Database.Reveal(), Clock: clock, NewID: kita.NewID})
	if err != nil {
		return nil, nil, err
	}
	attachments, err := c.attachments().Open(ctx)
	if err != nil {
		err = fmt.Errorf("the attachments: %w", err)
		var trouble *files.Trouble
		if errors.As(err, &trouble) {
			err = fmt.Errorf("%w: %s", err, trouble.Do)
		}
		return nil, nil, errors.Join(err, s.Close())
	}
	return s, attachments, nil
}

// What lies in the data folder.
const (
	databaseName = "morgenkreis.db"
	filesName    = "files"
)

// build puts the house together; nothing runs yet. A folder in which a restore was broken off is no house.
func build(ctx context.Context, c Config) (*house, error) {
	if _, err := os.Stat(filepath.Join(c.Data, restorePartial)); err == nil {
		return nil, fmt.Errorf("a restore into %s was broken off: empty the folder and restore again", c.Data)
	}
	s, dir, err := openStore(ctx, c)
	if err != nil {
		return nil, err
	}
	h := &house{config: c, store: s, files: dir}
	for _, step := range []func(context.Context) error{h.inhabit, h.furnish} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return h, nil
}

// inhabit fills a demo, and keeps its logins, which everybody knows, out of every other house.
func (h *house) inhabit(ctx context.Context) error {
	c := h.config
	if !c.Demo {
		made, err := demo.Present(ctx, h.store)
		if err == nil && made {
			err = fmt.Errorf("the data in %s is the demo kita, whose passwords everybody knows: start with --demo, or with --data and another folder", c.Data)
		}
		return err
	}
	o := store.Options{Path: filepath.Join(c.Data, databaseName), URL: c.Database.Reveal()}
	made, err := demo.Fill(ctx, o, h.files, clock(), func(line string) { slog.InfoContext(ctx, "demo", "progress", line) })
	if err == nil && !made {
		slog.InfoContext(ctx, "demo", "progress", "the demo is there already; remove the folder to have it made anew", "data", c.Data)
	}
	return err
}

func (h *house) furnish(ctx context.Context) (err error) {
	c := h.config
	if h.keys, err = pushKeys(ctx, h.store); err != nil {
		return err
	}
	secret, err := h.store.SystemSecret(ctx, "receipt_key", randomKey)
	if err != nil {
		return err
	}
	raw, err := base64.RawURLEncoding.DecodeString(secret)
	if err != nil {
		return fmt.Errorf("the receipt key in the database: %w", err)
	}
	if h.receipts, err = notify.NewReceipts(raw); err != nil {
		return err
	}
	client := notify.Guard{AllowLoopback: c.PushHosts.AllowLoopback}.Client()
	sender, err := notify.NewSender(h.keys, c.PushSubject, client, c.PushHosts, clock)
	if err != nil {
		return err
	}
	if c.SMTP.Host != "" {
		if h.mailer, err = notify.NewMailer(notify.MailConfig{Host: c.SMTP.Host, Port: c.SMTP.Port, User: c.SMTP.User,
			Password: c.SMTP.Password.Reveal(), From: c.SMTP.From, TLS: c.SMTP.TLS}); err != nil {
			return err
		}
	}
	h.metrics = newMetrics(h.store)
	h.dispatcher = notify.NewDispatcher(notify.Options{Outbox: h.store, Sender: sender, Receipts: h.receipts, Mailer: h.mailer,
		BaseURL: c.BaseURL, Observe: h.metrics.delivery, Sweep: h.sweep})
	h.metrics.registry.MustRegister(laneCollector{h.dispatcher.Lanes})
	o := handlers.Options{Store: h.store, Files: h.files, BaseURL: c.BaseURL, PushKey: h.keys.Public, Hosts: c.PushHosts,
		Receipts: h.receipts, MailWorks: h.mailer != nil, TrustProxy: c.TrustProxy, Clock: clock, NewID: kita.NewID, Version: version,
		Web: web.Handler(), Ready: h.ready, Observe: h.metrics.request}
	if h.mailer != nil {
		o.Mailer = h.mailer // an interface that holds a nil pointer would not be nil
	}
	h.server = handlers.New(o)
	return nil
}

// pushKeys are the VAPID keys of this house, made at its first start. A new pair would end every subscription there is,
// so it lives in the database and in every backup.
func pushKeys(ctx context.Context, s *store.Store) (notify.Keys, error) {
	pair, err := s.SystemSecret(ctx, "vapid_keys", func() (string, error) {
		k, err := notify.NewKeys()
		return k.Public + " " + k.Private, err
	})
	if err != nil {
		return notify.Keys{}, err
	}
	var k notify.Keys
	if _, err := fmt.Sscan(pair, &k.Public, &k.Private); err != nil {
		return k, fmt.Errorf("the push keys in the database: %w", err)
	}
	return k, k.Check()
}

func randomKey() (string, error) {
	raw := make([]byte, 32)
	rand.Read(raw)
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// sweep removes the files that no row names any more, and what an upload left behind that never ended.
func (h *house) sweep(ctx context.Context) error {
	// What was put into the folder within the day may wait for its row.
	before := clock().Add(-24 * time.Hour)
	known, err := h.store.SystemSums(ctx)
	if err != nil {
		return err
	}
	err = h.files.Walk(ctx, func(e files.Entry) error {
		if known[e.Sum] || !e.Put.Before(before) {
			return nil
		}
		return h.files.Remove(ctx, e)
	})
	return errors.Join(err, h.files.RemoveLeftovers(ctx, before))
}

func (h *house) ready(context.Context) error {
	if h.stopping.Load() {
		return errors.New("stopping")
	}
	return nil
}

// leaving tells each client, once the server is about to stop, that the next request will want another connection. Idle ones
// are not closed for that: a request may be on its way on them.
func (h *house) leaving(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// drain says "not ready" and goes on answering, until whoever stands in front has noticed and asks somebody else. A second
// signal ends the wait.
func (h *house) drain(failed <-chan error) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(again)
	h.stopping.Store(true)
	slog.Info("not ready any more", "stops_in", h.config.DrainTime)
	over := time.NewTimer(h.config.DrainTime)
	defer over.Stop()
	select {
	case <-over.C:
	case <-again:
	case err := <-failed:
		return err
	}
	return nil
}

// run serves until ctx ends, and stops in order: what comes is still answered for the time of the drain, then nothing new is
// taken, requests and pushes under way end, and what was claimed and not begun is handed back.
func (h *house) run(ctx context.Context, out io.Writer) error {
	listener, err := net.Listen("tcp", h.config.Listen)
	if err != nil {
		return fmt.Errorf("--listen: %w", err)
	}
	// The ports are ours: no other process of this house works on this database.
	if h.store.Engine() == "sqlite" {
		if err := h.store.SystemReleaseLeases(ctx); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	if err := h.store.SystemScheduleRetention(ctx); err != nil {
		return errors.Join(err, listener.Close())
	}
	slog.InfoContext(ctx, "serving", "listen", listener.Addr().String(), "base_url", h.config.BaseURL.String(), "database", h.store.Engine(), "version", version)
	if err := h.welcome(ctx, out); err != nil {
		slog.ErrorContext(ctx, "no set-up link could be made; morgenkreis invite makes one", "error", err)
	}
	srv := &http.Server{Handler: h.leaving(h.server), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 3 * time.Minute, WriteTimeout: 3 * time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10, ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelDebug)}
	srv.RegisterOnShutdown(h.server.EndStreams)
	failed := make(chan error, 2)
	var running sync.WaitGroup
	running.Go(func() {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	measured, err := h.serveMetrics(&running, failed)
	if err != nil {
		return errors.Join(err, srv.Close())
	}
	sending, stopSending := context.WithCancel(context.WithoutCancel(ctx))
	defer stopSending()
	running.Go(func() { h.dispatcher.Run(sending) })
	select {
	case <-ctx.Done():
		err = h.drain(failed)
	case err = <-failed:
	}
	slog.Info("stopping")
	stopSending() // beside the last requests, so that the one does not use up the other's time
	grace, cancel := context.WithTimeout(context.Background(), h.config.ShutdownTimeout)
	defer cancel()
	stopped := srv.Shutdown(grace)
	h.server.Wait()
	if measured != nil {
		stopped = errors.Join(stopped, measured.Close())
	}
	done := make(chan struct{})
	go func() { running.Wait(); close(done) }()
	select {
	case <-done:
	case <-grace.Done():
		stopped = errors.Join(stopped, errors.New("not everything ended in time; what was taken is sent again at the next start"))
	}
	slog.Info("stopped")
	return errors.Join(err, stopped)
}

// welcome says where the house is, and, as long as nobody runs it, by which link its operator moves in.
func (h *house) welcome(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "\nMorgenkreis %s is at %s\nThe API to read and try: %s\n", version, h.config.BaseURL, h.config.BaseURL.JoinPath("api/docs"))
	if h.config.Demo {
		fmt.Fprintf(out, "\n%s\n", demo.Logins())
		return nil
	}
	link, needed, err := setupLink(ctx, h.store, h.config)
	if err == nil && needed {
		fmt.Fprintf(out, "\nNobody runs this server yet. With this link, once and within 28 days, you set it up:\n\n  %s\n\n", link)
	}
	return err
}

// setupLink is the one-time link of the first operator; needed is false when there is one.
func setupLink(ctx context.Context, s *store.Store, c Config) (link string, needed bool, err error) {
	code := newCode()
	_, needed, err = s.SystemInviteOperator(ctx, code)
	return inviteLink(c, code), needed, err
}

// inviteLink carries the code in the fragment, which no browser sends and no log sees.
func inviteLink(c Config, code string) string { return c.BaseURL.JoinPath("i").String() + "#" + code }

func newCode() string {
	var random [kita.CodeBytes]byte
	rand.Read(random[:])
	return kita.NewCode(random)
}

func (h *house) serveMetrics(running *sync.WaitGroup, failed chan<- error) (*http.Server, error) {
	if h.config.MetricsListen == "" {
		return nil, nil
	}
	listener, err := net.Listen("tcp", h.config.MetricsListen)
	if err != nil {
		return nil, fmt.Errorf("--metrics-listen: %w (write off for none)", err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", h.metrics.handler())
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	running.Go(func() {
		if err := srv.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			failed <- err
		}
	})
	return srv, nil
}
