package main

import (
	"bufio"
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
	"syscall"
	"time"

	webpush "github.com/SherClockHolmes/webpush-go"

	"morgenkreis/kita"
	"morgenkreis/notify"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

const (
	// pushLatency is how long the push service thinks.
	pushLatency = 80 * time.Millisecond
	// perAccount is the most devices one account can have.
	perAccount = store.MaxDevices
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
// server's public key, until standard input ends.
func servePushes(key string, n int) error {
	service, err := pushtest.Start(pushtest.Options{TLS: true, Blind: true, Latency: pushLatency})
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

// pushService is the other process, as seen from here.
type pushService struct {
	devices []device
	roots   *x509.CertPool
	stop    func() error
}

func startPushService(ctx context.Context, keys notify.Keys, devices int) (*pushService, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, serviceCommand, keys.Public, strconv.Itoa(devices))
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
	s.devices = a.Devices
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
	sender, err := notify.NewSender(keys, pushSubject, notify.Guard{AllowLoopback: true, RootCAs: s.roots}.Client(), kita.EndpointHosts{AllowLoopback: true}, time.Now)
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

// loop is a runner that sends with webpush-go alone, one push after the other, over one HTTP/2 connection.
func (s *pushService) loop(ctx context.Context, keys notify.Keys) *runner {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.roots}, ForceAttemptHTTP2: true}}
	payload := []byte(`{"web_push":8030,"notification":{"title":"Ausflug in den Wald","lang":"de","dir":"ltr","navigate":"https://kita.example/n/1"}}`)
	return &runner{name: "webpush-go in a loop", ops: loopSends, run: func() error {
		for _, d := range s.devices[:loopSends] {
			res, err := webpush.SendNotificationWithContext(ctx, payload, &webpush.Subscription{Endpoint: d.Endpoint, Keys: webpush.Keys(d.Keys)},
				&webpush.Options{HTTPClient: client, Subscriber: "operator@morgenkreis.example", VAPIDPublicKey: keys.Public, VAPIDPrivateKey: keys.Private, TTL: 3600})
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
