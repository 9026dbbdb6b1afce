package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
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
	// Certificates replaces the system's roots when it is set.
	Certificates *tls.Config
}

// Mailer sends e-mail over SMTP (RFC 5321). It is safe for several goroutines: each message has its own connection.
type Mailer struct{ c MailConfig }

// NewMailer checks c and makes a Mailer; no connection is made yet.
func NewMailer(c MailConfig) (*Mailer, error) {
	m := &Mailer{c}
	_, err := m.client()
	return m, err
}

func (m *Mailer) client() (*gomail.Client, error) {
	o := []gomail.Option{gomail.WithPort(m.c.Port), gomail.WithTimeout(15 * time.Second)}
	switch m.c.TLS {
	case "tls":
		o = append(o, gomail.WithSSL())
	case "none":
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if m.c.Certificates != nil {
		o = append(o, gomail.WithTLSConfig(m.c.Certificates))
	}
	if m.c.User != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(m.c.User), gomail.WithPassword(m.c.Password))
	}
	return gomail.NewClient(m.c.Host, o...)
}

// errBadAddress is a recipient no server would take.
var errBadAddress = errors.New("notify: not an address")

// Send hands one plain-text message to the server. It returns when the server has taken it or said no.
func (m *Mailer) Send(ctx context.Context, to, subject, text string) error {
	msg := gomail.NewMsg()
	if err := msg.From(m.c.From); err != nil {
		return fmt.Errorf("the sender: %w", err)
	}
	if err := msg.To(to); err != nil {
		return errBadAddress
	}
	msg.Subject(subject)
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers, please
	msg.SetBodyString(gomail.TypeTextPlain, text)
	client, err := m.client()
	if err != nil {
		return err
	}
	return client.DialAndSendWithContext(ctx, msg)
}

// SendReset sends the link by which a forgotten password is renewed.
func (m *Mailer) SendReset(ctx context.Context, to, name, link, language string) error {
	w := wordsIn(language)
	return m.Send(ctx, to, w.resetSubject, fill(w.greeting, "name", name)+"\n\n"+fill(w.resetText, "link", link)+"\n")
}

// permanent tells whether the server has refused for good (RFC 5321, section 4.2.1: 5yz), so that trying again is in vain.
func permanent(err error) bool {
	var refused *gomail.SendError
	return errors.Is(err, errBadAddress) || errors.As(err, &refused) && refused.ErrorCode() >= 500 && !refused.IsTemp()
}

// mail sends a notice by e-mail to somebody no push reached. It goes to the person's own address, so it holds the whole
// text, unless the kita wants titles only.
func (d *Dispatcher) mail(ctx context.Context, one store.Delivery, c store.Completion) store.Completion {
	w := wordsIn(one.Language)
	text := fill(w.greeting, "name", one.Person) + "\n\n" + one.Title + "\n"
	if !one.TitleOnly {
		text += "\n" + one.Body.Text(10_000) + "\n"
	}
	text += "\n" + w.readOnline + " " + d.link("/n/"+string(*one.NoticeID)) + "\n\n-- \n" + one.KitaName + "\n" + w.closing + "\n"
	subject := one.Title
	if one.Corrected {
		subject = w.corrected + subject
	}
	err := d.Mailer.Send(ctx, one.Email, one.KitaName+": "+subject, text)
	now := d.Outbox.Now()
	switch {
	case err == nil:
		c.Outcome, c.Status = store.OutcomeAccepted, 250
	case permanent(err):
		c.Outcome = store.OutcomeFailed
	default:
		c.RetryAt = kita.At(now.Add(Backoff(one.Attempts, rand.Float64)))
		if !c.RetryAt.Before(one.ExpiresAt.Time) {
			c.Outcome = store.OutcomeExpired
		}
		slog.WarnContext(ctx, "an e-mail could not be sent", "delivery", one.ID, "attempt", one.Attempts, "temporary", c.Outcome == "")
	}
	return c
}
