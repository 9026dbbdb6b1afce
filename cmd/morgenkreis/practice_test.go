package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"morgenkreis/notify"
)

// authority signs certificates for the machines of a test.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Test"}, NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(5, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{t: t, key: key, cert: cert, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	return a
}

// issue makes a certificate for this machine, good from so many days ago for so many days.
func (a *authority) issue(since, lasts int, names ...string) *tls.Config {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	from := time.Now().AddDate(0, 0, -since)
	template := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: from, NotAfter: from.AddDate(0, 0, lasts), DNSNames: names,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	if len(names) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}}}
}

// quietLog keeps the servers from telling of handshakes that were meant to fail.
var quietLog = log.New(io.Discard, "", 0)

// site answers over TLS what h says.
func site(t *testing.T, c *tls.Config, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = c
	s.Config.ErrorLog = quietLog
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func answers(http.ResponseWriter, *http.Request) {}

// dated answers with a Date that is so far from the true one; without one when it is empty.
func dated(off time.Duration) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Date", time.Now().Add(off).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusNotFound)
	}
}

func undated(w http.ResponseWriter, _ *http.Request) { w.Header()["Date"] = nil }

// closed is the address of a port on which nobody listens.
func closed(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// mailServer takes mail from robot with the password hunter2, over STARTTLS.
func mailServer(t *testing.T, c *tls.Config) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return mailSession{}, nil }))
	s.TLSConfig, s.Domain, s.ErrorLog = c, "localhost", quietLog
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(l) }()
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
	return l.Addr().String()
}

type mailSession struct{}

func (mailSession) Reset()                               {}
func (mailSession) Logout() error                        { return nil }
func (mailSession) Mail(string, *smtp.MailOptions) error { return errors.New("doctor sends nothing") }
func (mailSession) Rcpt(string, *smtp.RcptOptions) error { return errors.New("doctor sends nothing") }
func (mailSession) Data(io.Reader) error                 { return errors.New("doctor sends nothing") }
func (mailSession) AuthMechanisms() []string             { return []string{sasl.Plain} }
func (mailSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "robot" || password != "hunter2" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

// practice is a doctor before a house in which all is well.
type practice struct {
	*doctor
	*lodging
	ca *authority
}

func newPractice(t *testing.T) practice {
	t.Helper()
	l := newLodging(t)
	if _, err := l.store.SystemSecret(t.Context(), "receipt_key", randomKey); err != nil {
		t.Fatal(err)
	}
	ca := newAuthority(t)
	server := httptest.NewServer(http.HandlerFunc(answers))
	t.Cleanup(server.Close)
	c, _, err := load([]string{"--data", l.data, "--listen", server.Listener.Addr().String(), "--push-allow-loopback",
		"--base-url", site(t, ca.issue(10, 90), answers).URL}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := practice{lodging: l, ca: ca, doctor: &doctor{config: c, clock: time.Now, roots: ca.pool,
		room: func(string) (room, error) { return room{free: 40e9, total: 100e9}, nil }}}
	p.services = []pushService{p.service("a", dated(0)), p.service("b", dated(0)), p.service("c", dated(0))}
	return p
}

func (p practice) service(name string, h http.HandlerFunc) pushService {
	return pushService{name, site(p.t, p.ca.issue(1, 30), h).URL}
}

// sql changes the house behind its back.
func (p practice) sql(statement string, args ...any) {
	p.t.Helper()
	if _, err := rawDatabase(p.t, p.data).Exec(statement, args...); err != nil {
		p.t.Fatal(err)
	}
}

// mail sets e-mail up.
func (p practice) mail(address, password string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		p.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		p.t.Fatal(err)
	}
	p.config.SMTP = SMTPConfig{Host: host, Port: n, User: "robot", Password: Secret(password), From: "kita@kita.example", TLS: "starttls"}
}

func (p practice) baseURL(u string) {
	parsed, err := origin(u)
	if err != nil {
		p.t.Fatal(err)
	}
	p.config.BaseURL = parsed
}

// owes makes deliveries: due or finished so long ago.
func (p practice) owes(ago time.Duration, outcome string) {
	at := time.Now().Add(-ago).UnixMilli()
	var finished *int64
	if outcome != "" {
		finished = &at
	}
	p.sql(`insert into deliveries (id, channel, service, kind, rank, due_at, expires_at, outcome, created_at, finished_at)
values (?, 'push', 'a', 'test', 1, ?, ?, ?, ?, ?)`, "d"+outcome+ago.String(), at, at+1e9, outcome, at, finished)
}

func (p practice) job(ago time.Duration, attempts int, trouble string) {
	at := time.Now().Add(-ago).UnixMilli()
	p.sql(`insert into jobs (id, kind, subject_id, due_at, attempts, trouble, created_at) values (?, 'retention', 's', ?, ?, ?, ?)`, "j"+ago.String(), at, attempts, trouble, at)
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

func badGateway(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }

func elsewhere(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "https://www.kita.example/", http.StatusMovedPermanently)
}

// mixedKeys is the public key of one pair and the private one of another.
func mixedKeys(t *testing.T) string {
	a, err1 := notify.NewKeys()
	b, err2 := notify.NewKeys()
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	return a.Public + " " + b.Private
}

// device signs a device up at a push service.
func (p practice) device(service string) {
	p.sql(`insert into subscriptions (id, account_id, endpoint, p256dh, auth, name, user_agent, created_at, service)
select 's', id, 'https://a.example', 'p', 'a', 'Telefon', 'test', 1, ? from accounts limit 1`, service)
}
