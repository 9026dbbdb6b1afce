package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"
	"golang.org/x/sync/errgroup"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

const (
	// pushLatency is how long a push service thinks, as the real ones do.
	pushLatency = 80 * time.Millisecond
	// besides is how many are under way at once where there is no dispatcher: more only wait for each other.
	besides = 1024
	// perAccount is the most devices one account can have.
	perAccount = store.MaxDevices
	// plainConns are the connections of those that send with net/http; more made none of them faster.
	plainConns = 16
	// loopSends is how many sends of the plain loop make a round.
	loopSends   = 25
	pushSubject = "mailto:operator@morgenkreis.example"
	// serviceCommand is the argument that makes this program the push service.
	serviceCommand = "push-service"
)

// device is a subscription as a browser gives it away.
type device struct {
	Endpoint string
	Keys     struct{ Auth, P256dh string }
}

// announcement is the push service's first line.
type announcement struct {
	Certificate []byte
	Devices     []device
}

// servePushes is the push service, a process of its own so that its work is not counted as ours: n devices, bound to the
// server's public key, each answered after latency, as many at once on a connection as streams says, until standard input ends.
func servePushes(key string, n int, latency time.Duration, streams int) error {
	service, err := pushtest.Start(pushtest.Options{TLS: true, Blind: true, Forgetful: true, Latency: latency, Streams: streams})
	if err != nil {
		return err
	}
	defer service.Close()
	a := announcement{Certificate: service.Certificate().Raw}
	for range n {
		var d device
		if err := json.Unmarshal(service.Subscribe(key).JSON(), &d); err != nil {
			return err
		}
		a.Devices = append(a.Devices, d)
	}
	if err := json.NewEncoder(os.Stdout).Encode(a); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// plainPayload is what the baselines say.
const plainPayload = `{"web_push":8030,"notification":{"title":"Ausflug in den Wald","lang":"de","dir":"ltr","navigate":"https://kita.example/n/1"}}`

// pushService is the other process, as seen from here.
type pushService struct {
	devices     []device
	certificate []byte
	roots       *x509.CertPool
	stop        func() error
}

func startPushService(ctx context.Context, keys notify.Keys, devices int, latency time.Duration, streams int) (*pushService, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, serviceCommand, keys.Public, strconv.Itoa(devices), latency.String(), strconv.Itoa(streams))
	cmd.Stderr, cmd.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s := &pushService{roots: x509.NewCertPool(), stop: func() error { return errors.Join(in.Close(), cmd.Wait()) }}
	var a announcement
	if err := json.NewDecoder(bufio.NewReader(out)).Decode(&a); err != nil {
		return nil, errors.Join(err, s.stop())
	}
	certificate, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	s.roots.AddCert(certificate)
	s.devices, s.certificate = a.Devices, a.Certificate
	return s, nil
}

// fanOut is a runner that lets the dispatcher push one notice to all devices, until what became of each is in the database.
func (s *pushService) fanOut(ctx context.Context, st *store.Store, keys notify.Keys) (*runner, error) {
	w := storetest.NewWorld(tb{}, st)
	k := w.Kita("Kita Regenbogen")
	g := k.Group("Gruppe")
	leader := k.Leader("Lea Leitung")
	var account kita.ID
	for i, d := range s.devices {
		if i%perAccount == 0 {
			account = *g.Child("Mia " + strconv.Itoa(i)).Guardian("Maria Mutter").AccountID
		}
		w.Device(account, d.Endpoint, d.Keys.P256dh, d.Keys.Auth)
	}
	w.Live()
	sender, err := newSender(keys, s.client())
	if err != nil {
		return nil, err
	}
	receipts, err := notify.NewReceipts(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	dispatcher := notify.NewDispatcher(notify.Options{Outbox: st, Sender: sender, Receipts: receipts, BaseURL: &url.URL{Scheme: "https", Host: "kita.example"}})
	viewer := w.Viewer(*leader.AccountID)
	return &runner{name: fmt.Sprintf("one push of %d", len(s.devices)), ops: len(s.devices),
		before: func() error {
			_, _, err := st.CreateNotice(ctx, viewer, kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "Ausflug in den Wald",
				Body: noticeText, Language: "de", AudienceKind: kita.AudienceKita})
			return err
		},
		run: func() error {
			dispatcher.Drain(ctx) // returns when the last outcome is written
			return nil
		},
	}, nil
}

func newSender(keys notify.Keys, client *http.Client) (*notify.Sender, error) {
	return notify.NewSender(keys, pushSubject, client, kita.EndpointHosts{AllowLoopback: true}, time.Now)
}

// wire is a runner that seals and sends as the server does, and asks and tells the database nothing.
func (s *pushService) wire(ctx context.Context, keys notify.Keys) (*runner, error) {
	sender, err := newSender(keys, s.client())
	if err != nil {
		return nil, err
	}
	return &runner{name: "sealed and sent", ops: len(s.devices), run: func() error {
		return s.atOnce(func(i int) error {
			d := s.devices[i]
			r := sender.Send(ctx, kita.Subscription{Endpoint: d.Endpoint, P256dh: d.Keys.P256dh, Auth: d.Keys.Auth},
				notify.Message{Payload: []byte(plainPayload), TTL: time.Hour})
			if r.Outcome != notify.Accepted {
				return fmt.Errorf("a push was not accepted: %+v", r)
			}
			return nil
		})
	}}, nil
}

// atOnce does something for each device, for many at once; who has done one goes on with the next.
func (s *pushService) atOnce(do func(i int) error) error {
	var group errgroup.Group
	var next atomic.Int64
	for range min(besides, len(s.devices)) {
		group.Go(func() error {
			for i := int(next.Add(1)) - 1; i < len(s.devices); i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// loop is a runner that sends with webpush-go alone, one push after the other, over one HTTP/2 connection.
func (s *pushService) loop(ctx context.Context, keys notify.Keys) *runner {
	client := s.plain(1)
	return &runner{name: "webpush-go in a loop", ops: loopSends, run: func() error {
		for i := range loopSends {
			res, err := s.webpush(ctx, client, keys, i)
			if err != nil {
				return err
			}
			if err := res.Body.Close(); err != nil {
				return err
			}
			if res.StatusCode != http.StatusCreated {
				return fmt.Errorf("the push service answers %d", res.StatusCode)
			}
		}
		return nil
	}}
}

// client is what the server sends with.
func (s *pushService) client() *http.Client {
	return notify.Guard{AllowLoopback: true, RootCAs: s.roots}.Client()
}

// plain is net/http's own client, with that many connections at most.
func (s *pushService) plain(conns int) *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: true,
		MaxConnsPerHost: conns, MaxIdleConnsPerHost: conns}}
}

// each posts to all devices, many at once, and wants each to be taken.
func (s *pushService) each(post func(i int) (*http.Response, error)) error {
	return s.atOnce(func(i int) error {
		res, err := post(i)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusCreated {
			return fmt.Errorf("the push service answers %d", res.StatusCode)
		}
		return nil
	})
}

// sideBySide is a runner that sends with webpush-go alone, as many at once as it takes.
func (s *pushService) sideBySide(ctx context.Context, keys notify.Keys) *runner {
	client := s.plain(plainConns)
	return &runner{name: "webpush-go side by side", ops: len(s.devices), run: func() error {
		return s.each(func(i int) (*http.Response, error) { return s.webpush(ctx, client, keys, i) })
	}}
}

// webpush is one push as webpush-go makes and sends it.
func (s *pushService) webpush(ctx context.Context, client webpush.HTTPClient, keys notify.Keys, i int) (*http.Response, error) {
	d := s.devices[i]
	return webpush.SendNotificationWithContext(ctx, []byte(plainPayload), &webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys(d.Keys)},
		&webpush.Options{HTTPClient: client, Subscriber: "operator@morgenkreis.example", VAPIDPublicKey: keys.Public, VAPIDPrivateKey: keys.Private, TTL: 3600})
}

// keeper takes a request off webpush-go's hands.
type keeper struct{ req *http.Request }

func (k *keeper) Do(req *http.Request) (*http.Response, error) {
	k.req = req
	return &http.Response{StatusCode: http.StatusCreated, Body: http.NoBody}, nil
}

// limit is a runner that sends what was sealed before: nobody who has to seal is faster.
func (s *pushService) limit(ctx context.Context, keys notify.Keys) (*runner, error) {
	ready := make([]*http.Request, len(s.devices))
	bodies := make([][]byte, len(s.devices))
	for i := range s.devices {
		var k keeper
		if _, err := s.webpush(ctx, &k, keys, i); err != nil {
			return nil, err
		}
		var err error
		if bodies[i], err = io.ReadAll(k.req.Body); err != nil {
			return nil, err
		}
		ready[i] = k.req
		if i > 0 { // one token for all, as ours has it
			ready[i].Header.Set("Authorization", ready[0].Header.Get("Authorization"))
		}
	}
	client := s.plain(plainConns)
	return &runner{name: "ready-made bodies", ops: len(s.devices), run: func() error {
		return s.each(func(i int) (*http.Response, error) {
			req := ready[i].Clone(ctx)
			req.Body = io.NopCloser(bytes.NewReader(bodies[i]))
			return client.Do(req)
		})
	}}, nil
}

// analyze has the planner know the house, as autovacuum would have it within a minute.
func (d database) analyze(ctx context.Context) error {
	db, err := d.likeServer(ctx)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "analyze")
	return errors.Join(err, db.Close())
}

// checkOutcomes makes sure that every push was accepted, and that the database says so.
func (d database) checkOutcomes(ctx context.Context, want int) error {
	db, err := d.likeServer(ctx)
	if err != nil {
		return err
	}
	var accepted, all int
	err = errors.Join(db.GetContext(ctx, &accepted, "select count(*) from deliveries where outcome = 'accepted' and finished_at is not null"),
		db.GetContext(ctx, &all, "select count(*) from deliveries"), db.Close())
	if err == nil && (accepted != want || all != want) {
		err = fmt.Errorf("%d pushes of %d were accepted, not %d", accepted, all, want)
	}
	return err
}
