package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"net/textproto"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// MailConfig is how e-mail leaves the house.
type MailConfig struct {
	Host           string
	Port           int
	User, Password string
	// From is the sender, a bare address.
	From string
	// TLS is "starttls" (required), "tls" (from the first byte) or "none" (loopback only; the configuration checks that).
	TLS string
	// RootCAs replaces the system's certificate authorities; nil means the system's.
	RootCAs *x509.CertPool
	// Timeout bounds each of the four parts of an exchange: to sign in, to hand over, to reset, to part; 30 s when zero.
	Timeout time.Duration
}

const (
	defaultMailTimeout = 30 * time.Second
	// mailTimeout is what all four parts take at most, which the lease of an e-mail must hold.
	mailTimeout = 4 * defaultMailTimeout
)

// Mailer sends e-mail over SMTP (RFC 5321). It is safe for several goroutines: each message has its own connection.
type Mailer struct{ c MailConfig }

// NewMailer checks c and makes a Mailer; no connection is made yet.
func NewMailer(c MailConfig) (*Mailer, error) {
	if c.Timeout <= 0 || c.Timeout > defaultMailTimeout {
		c.Timeout = defaultMailTimeout
	}
	m := &Mailer{c}
	if _, err := m.client(&wire{}); err != nil {
		return nil, err
	}
	if err := gomail.NewMsg().From(c.From); err != nil {
		return nil, err
	}
	return m, nil
}

// wire is the connection of one exchange. go-mail leaves it open when the beginning of an exchange fails, so whoever
// dials closes it.
type wire struct{ conn net.Conn }

func (w *wire) close() {
	if w.conn != nil {
		_ = w.conn.Close() // mostly it is closed already
	}
}

func (m *Mailer) client(w *wire) (*gomail.Client, error) {
	secure := &tls.Config{ServerName: m.c.Host, MinVersion: tls.VersionTLS12, RootCAs: m.c.RootCAs}
	dial := func(ctx context.Context, network, address string) (_ net.Conn, err error) {
		if w.conn, err = new(net.Dialer).DialContext(ctx, network, address); err != nil || m.c.TLS != "tls" {
			return w.conn, err
		}
		conn := tls.Client(w.conn, secure)
		return conn, conn.HandshakeContext(ctx)
	}
	policy := gomail.TLSMandatory
	switch m.c.TLS {
	case "tls":
		policy = gomail.TLSOpportunistic // it is encrypted before go-mail sees it; this has go-mail look
	case "none":
		policy = gomail.NoTLS
	}
	o := []gomail.Option{gomail.WithPort(m.c.Port), gomail.WithTimeout(m.c.Timeout), gomail.WithTLSConfig(secure),
		gomail.WithDialContextFunc(dial), gomail.WithTLSPolicy(policy)}
	if m.c.User != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.c.User), gomail.WithPassword(m.c.Password))
	}
	return gomail.NewClient(m.c.Host, o...)
}

// Mail is one plain-text message. ID names it: the same message sent twice has the same name (RFC 5322, section 3.6.4), by
// which mail programs show it once.
type Mail struct {
	ID                kita.ID
	To, Subject, Text string
}

// MailError says why an e-mail was not taken. It holds neither an address nor what the server wrote, which repeats it.
type MailError struct {
	// Status is the server's answer (RFC 5321, section 4.2); 0 when there was none.
	Status int
	// Reason is a code for logs: "smtp_550", "timeout", "dns", "address", …
	Reason string
	// Permanent is true when trying again is in vain: the server has refused this message or its recipient for good.
	Permanent bool
}

func (e *MailError) Error() string { return "notify: e-mail not sent: " + e.Reason }

// Send hands one message to the server. It returns when the server has taken it, or with a *MailError.
func (m *Mailer) Send(ctx context.Context, mail Mail) error {
	msg := gomail.NewMsg()
	if err := msg.From(m.c.From); err != nil {
		return &MailError{Reason: "sender"}
	}
	if err := msg.To(mail.To); err != nil {
		return &MailError{Reason: "address", Permanent: true}
	}
	msg.Subject(mail.Subject)
	msg.SetMessageIDWithValue(string(mail.ID) + m.c.From[strings.LastIndex(m.c.From, "@"):])
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	msg.SetBodyString(gomail.TypeTextPlain, mail.Text)
	var w wire
	defer w.close()
	client, err := m.client(&w)
	if err != nil {
		return &MailError{Reason: "configuration"}
	}
	err = client.DialAndSendWithContext(ctx, msg)
	if err == nil || msg.IsDelivered() { // a server that is rude after it has taken the message has taken the message
		return nil
	}
	return mailError(err)
}

// mailError judges what went wrong. Refused for good is only what the server said 5yz to in the course of a message
// (RFC 5321, section 4.2.1); a password it does not like is for the operator to mend, and the message can wait for that.
func mailError(err error) *MailError {
	var refused *gomail.SendError
	var answer *textproto.Error
	switch {
	case errors.As(err, &refused) && refused.ErrorCode() != 0:
		code := refused.ErrorCode()
		return &MailError{Status: code, Reason: "smtp_" + strconv.Itoa(code), Permanent: code >= 500}
	case errors.As(err, &answer):
		return &MailError{Status: answer.Code, Reason: "smtp_" + strconv.Itoa(answer.Code)}
	}
	return &MailError{Reason: reasonOf(err)}
}

// SendReset sends the link by which a forgotten password is renewed.
func (m *Mailer) SendReset(ctx context.Context, to, name, link, language string) error {
	w := wordsIn(language)
	return m.Send(ctx, Mail{ID: kita.NewID(), To: to, Subject: w.resetSubject,
		Text: fill(w.greeting, "name", name) + "\n\n" + fill(w.resetText, "link", link) + "\n"})
}

// mail makes one try to tell somebody by e-mail whom no push reached.
func (d *Dispatcher) mail(ctx context.Context, one store.Delivery) store.Completion {
	c := completion(one, store.OutcomeFailed)
	if d.Mailer == nil { // there was a server when it was queued, and there is none now
		return c
	}
	err := d.Mailer.Send(ctx, d.letter(one))
	var why *MailError
	switch {
	case err == nil:
		c.Outcome, c.Status = store.OutcomeAccepted, 250
		return c
	case errors.As(err, &why):
		c.Status = why.Status
	}
	if why == nil || !why.Permanent {
		d.later(one, &c, 0)
	}
	if why != nil {
		slog.WarnContext(ctx, "an e-mail could not be sent", "delivery", one.ID, "attempt", one.Attempts, "reason", why.Reason, "again", c.Outcome == "")
	}
	return c
}

// letter is the notice as an e-mail. It goes to the person's own address, so it holds the whole text, as it was typed:
// Markdown is made to be read so. A kita that wants titles only gets titles only.
func (d *Dispatcher) letter(one store.Delivery) Mail {
	w := wordsIn(one.Language)
	text := fill(w.greeting, "name", one.Person) + "\n\n" + one.Title + "\n"
	if !one.TitleOnly && one.Body != "" {
		text += "\n" + string(one.Body) + "\n"
	}
	text += "\n" + w.readOnline + " " + d.link("/n/"+string(*one.NoticeID)) + "\n\n-- \n" + one.KitaName + "\n" + w.closing + "\n"
	subject := one.Title
	if one.Corrected {
		subject = w.corrected + subject
	}
	return Mail{ID: one.ID, To: one.Email, Subject: one.KitaName + ": " + subject, Text: text}
}
