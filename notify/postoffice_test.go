package notify

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log"
	"math/big"
	"mime"
	"net"
	"net/mail"
	"slices"
	"strings"
	"sync"
	"time"

	"mime/quotedprintable"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// office is the receiving side of an SMTP exchange: a real server on loopback, which takes what it is not told to refuse.
type office struct {
	h      *house
	listen net.Listener
	server *smtp.Server
	roots  *x509.CertPool

	// What is asked at each step of an exchange; nil takes it.
	auth   func(user, password string) error
	sender func(from string) error
	rcpt   func(to string) error
	data   func() error

	mu     sync.Mutex
	taken  []letter
	tries  int
	tlsSum int // exchanges under TLS
}

// letter is one message that the office took.
type letter struct {
	From, To, ID, Subject, Text, Auto string
}

// postOffice opens an office with STARTTLS and answers a Mailer that knows its way there; change sets either up.
func (h *house) postOffice(change func(o *office, c *MailConfig)) *Mailer {
	h.Helper()
	o := &office{h: h}
	certificate, roots := testCA(h)
	o.roots = roots
	o.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &desk{o: o, conn: c}, nil }))
	o.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
	o.server.Domain, o.server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	var err error
	o.listen, err = net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	c := MailConfig{Host: "localhost", Port: o.listen.Addr().(*net.TCPAddr).Port, From: "kita@example.org", TLS: "starttls", RootCAs: roots}
	if change != nil {
		change(o, &c)
	}
	if c.TLS == "tls" {
		o.listen = tls.NewListener(o.listen, o.server.TLSConfig)
	}
	served := make(chan error, 1)
	go func() { served <- o.server.Serve(o.listen) }()
	h.Cleanup(func() { o.server.Close(); o.listen.Close(); <-served }) // both: it may not have begun to serve
	m, err := NewMailer(c)
	h.must(err)
	return m
}

// testCA makes a certificate for localhost, and the authority that vouches for it.
func testCA(h *house) (tls.Certificate, *x509.CertPool) {
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		h.must(err)
		return k
	}
	now := time.Now()
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	caKey, leafKey := key(), key()
	rawCA, err := x509.CreateCertificate(rand.Reader, ca, ca, caKey.Public(), caKey)
	h.must(err)
	raw, err := x509.CreateCertificate(rand.Reader, leaf, ca, leafKey.Public(), caKey)
	h.must(err)
	parsed, err := x509.ParseCertificate(rawCA)
	h.must(err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: leafKey}, roots
}

func (o *office) letters() []letter {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.taken)
}

// tried is how often somebody handed something in.
func (o *office) tried() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tries
}

// desk is one exchange.
type desk struct {
	o        *office
	conn     *smtp.Conn
	from, to string
}

func (d *desk) AuthMechanisms() []string {
	if d.o.auth == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (d *desk) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error { return d.o.auth(user, password) }), nil
}

func (d *desk) Mail(from string, _ *smtp.MailOptions) error {
	d.o.mu.Lock()
	d.o.tries++
	if _, secure := d.conn.TLSConnectionState(); secure {
		d.o.tlsSum++
	}
	d.o.mu.Unlock()
	d.from = from
	if d.o.sender != nil {
		return d.o.sender(from)
	}
	return nil
}

func (d *desk) Rcpt(to string, _ *smtp.RcptOptions) error {
	d.to = to
	if d.o.rcpt != nil {
		return d.o.rcpt(to)
	}
	return nil
}

func (d *desk) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil {
		return err
	}
	if d.o.data != nil {
		if err := d.o.data(); err != nil {
			return err
		}
	}
	d.o.mu.Lock()
	defer d.o.mu.Unlock()
	d.o.taken = append(d.o.taken, letter{From: d.from, To: d.to, ID: m.Header.Get("Message-ID"), Subject: subject,
		Text: strings.ReplaceAll(string(text), "\r\n", "\n"), Auto: m.Header.Get("Auto-Submitted")})
	return nil
}

func (d *desk) Reset()        {}
func (d *desk) Logout() error { return nil }
