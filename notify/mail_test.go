package notify

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"morgenkreis/kita"
)

func aMail() Mail {
	return Mail{ID: kita.NewID(), To: "ayse@example.org", Subject: "Sonnenschein: Ausflug – Wärme & „Licht“", Text: "Guten Tag Ayşe,\n\nПривіт, مرحبا.\n"}
}

func TestMailIsTakenByAServerThatWantsWhatItMayWant(t *testing.T) {
	right := func(user, password string) error {
		if user != "kita" || password != "geheim" {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	for _, x := range []struct {
		name  string
		setUp func(o *office, c *MailConfig)
	}{
		{"STARTTLS", func(*office, *MailConfig) {}},
		{"TLS from the first byte", func(_ *office, c *MailConfig) { c.TLS = "tls" }},
		{"STARTTLS and a password", func(o *office, c *MailConfig) { c.User, c.Password, o.auth = "kita", "geheim", right }},
		{"TLS and a password", func(o *office, c *MailConfig) { c.TLS, c.User, c.Password, o.auth = "tls", "kita", "geheim", right }},
		{"neither, on loopback", func(o *office, c *MailConfig) { c.TLS, o.server.TLSConfig = "none", nil }},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := &house{T: t}
			var o *office
			m := h.postOffice(func(p *office, c *MailConfig) { o = p; x.setUp(p, c) })
			mail := aMail()
			h.must(m.Send(t.Context(), mail))
			got := o.letters()
			want := letter{From: "kita@example.org", To: mail.To, ID: "<" + string(mail.ID) + "@example.org>", Subject: mail.Subject, Text: mail.Text, Auto: "auto-generated"}
			if len(got) != 1 || got[0] != want {
				t.Errorf("%+v\nwant %+v", got, want)
			}
			if secure := x.name != "neither, on loopback"; (o.tlsSum == 1) != secure {
				t.Errorf("encrypted: %d", o.tlsSum)
			}
		})
	}
}

func TestMailIsNotSentWhereItCouldBeRead(t *testing.T) {
	for _, x := range []struct {
		name, reason string
		setUp        func(o *office, c *MailConfig)
	}{
		{"no STARTTLS", "network", func(o *office, _ *MailConfig) { o.server.TLSConfig = nil }},
		{"a certificate nobody vouches for", "tls", func(_ *office, c *MailConfig) { c.RootCAs = nil }},
		{"a certificate of somebody else", "tls", func(_ *office, c *MailConfig) { c.Host = "127.0.0.1" }},
		{"a certificate of somebody else, from the first byte", "tls", func(_ *office, c *MailConfig) { c.Host, c.TLS = "127.0.0.1", "tls" }},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := &house{T: t}
			var o *office
			m := h.postOffice(func(p *office, c *MailConfig) { o = p; x.setUp(p, c) })
			h.refused(m.Send(t.Context(), aMail()), MailError{Reason: x.reason})
			if o.tried() != 0 {
				t.Error("the message was on its way")
			}
		})
	}
}

// refused fails unless err is that MailError, and says nothing that it must not.
func (h *house) refused(err error, want MailError) {
	h.Helper()
	var got *MailError
	if !errors.As(err, &got) || *got != want {
		h.Errorf("%v (%+v), want %+v", err, got, want)
		return
	}
	for _, secret := range []string{"ayse", "example.org", "geheim", "Ausflug", "verboten"} {
		if strings.Contains(err.Error(), secret) {
			h.Errorf("the error says %q", err)
		}
	}
}

func TestRefusalIsJudgedByItsCode(t *testing.T) {
	says := func(code int) error { return &smtp.SMTPError{Code: code, Message: "verboten: ayse@example.org"} }
	for _, x := range []struct {
		name  string
		setUp func(o *office, c *MailConfig)
		want  MailError
	}{
		{"the sender, for good", func(o *office, _ *MailConfig) { o.sender = func(string) error { return says(553) } }, MailError{553, "smtp_553", true}},
		{"the sender, for now", func(o *office, _ *MailConfig) { o.sender = func(string) error { return says(421) } }, MailError{421, "smtp_421", false}},
		{"the recipient, for good", func(o *office, _ *MailConfig) { o.rcpt = func(string) error { return says(550) } }, MailError{550, "smtp_550", true}},
		{"the recipient, for now", func(o *office, _ *MailConfig) { o.rcpt = func(string) error { return says(450) } }, MailError{450, "smtp_450", false}},
		{"the message, for good", func(o *office, _ *MailConfig) { o.data = func() error { return says(554) } }, MailError{554, "smtp_554", true}},
		{"the message, for now", func(o *office, _ *MailConfig) { o.data = func() error { return says(451) } }, MailError{451, "smtp_451", false}},
		// A wrong password is for the operator to mend, and no word about this message.
		{"the password", func(o *office, c *MailConfig) {
			c.User, c.Password, o.auth = "kita", "geheim", func(string, string) error { return smtp.ErrAuthFailed }
		}, MailError{535, "smtp_535", false}},
		{"nobody listens", func(o *office, c *MailConfig) { o.h.must(o.listen.Close()) }, MailError{0, "connection_refused", false}},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := &house{T: t}
			h.refused(h.postOffice(x.setUp).Send(t.Context(), aMail()), x.want)
		})
	}
	h := &house{T: t}
	mail := aMail()
	mail.To = "ayse@"
	h.refused(h.postOffice(nil).Send(t.Context(), mail), MailError{Reason: "address", Permanent: true})
}

// talker is a server that says its lines, whatever it is told, and then nothing more.
func talker(h *house, lines ...string) MailConfig {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	h.must(err)
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		in := bufio.NewReader(conn)
		for _, line := range lines {
			if line == "." { // the message itself
				for text := ""; text != ".\r\n"; {
					if text, err = in.ReadString('\n'); err != nil {
						return
					}
				}
				continue
			}
			if _, err := io.WriteString(conn, line+"\r\n"); err != nil {
				return
			}
			if _, err := in.ReadString('\n'); err != nil {
				return
			}
		}
		io.Copy(io.Discard, in) // until the other side gives up
	}()
	h.Cleanup(func() { listener.Close(); <-done })
	return MailConfig{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, From: "kita@example.org", TLS: "none", Timeout: 200 * time.Millisecond}
}

func TestServerThatFallsSilentIsGivenUp(t *testing.T) {
	for _, lines := range [][]string{{}, {"220 localhost"}, {"220 localhost", "250 localhost", "250 noop", "250 sender"}} {
		h := &house{T: t}
		m, err := NewMailer(talker(h, lines...))
		h.must(err)
		h.refused(m.Send(t.Context(), aMail()), MailError{Reason: "timeout"})
	}
}

func TestServerThatIsRudeAfterItTookTheMessageHasTakenIt(t *testing.T) {
	h := &house{T: t}
	m, err := NewMailer(talker(h, "220 localhost", "250 localhost", "250 noop", "250 sender", "250 recipient", "354 go on", "250 taken"))
	h.must(err)
	if err := m.Send(t.Context(), aMail()); err != nil {
		t.Errorf("it was taken, and would be sent again: %v", err)
	}
}

func TestLineBreaksInATitleMakeNoHeaders(t *testing.T) {
	h := &house{T: t}
	var o *office
	m := h.postOffice(func(p *office, _ *MailConfig) { o = p })
	mail := aMail()
	mail.Subject, mail.Text = "Ausflug\r\nBcc: fremd@example.net", "Text\r\n.\r\nMAIL FROM:<x@example.net>\r\n"
	h.must(m.Send(t.Context(), mail))
	got := o.letters()
	if len(got) != 1 || got[0].To != mail.To || got[0].Subject != mail.Subject || got[0].Text != strings.ReplaceAll(mail.Text, "\r\n", "\n") {
		t.Errorf("%+v", got)
	}
}

func TestResetLinkArrivesInTheReadersLanguage(t *testing.T) {
	for language, hello := range map[string]string{"de": "Guten Tag Ayşe,", "en": "Hello Ayşe,", "tr": "Merhaba Ayşe,", "ar": "مرحبًا Ayşe،", "xx": "Guten Tag Ayşe,"} {
		h := &house{T: t}
		var o *office
		m := h.postOffice(func(p *office, _ *MailConfig) { o = p })
		h.must(m.SendReset(t.Context(), "ayse@example.org", "Ayşe", "https://kita.example/i/abc", language))
		if got := o.letters(); len(got) != 1 || !strings.HasPrefix(got[0].Text, hello) || !strings.Contains(got[0].Text, "\nhttps://kita.example/i/abc\n") {
			t.Errorf("%s: %+v", language, got)
		}
	}
}

func TestEveryLanguageHasEveryWord(t *testing.T) {
	for _, language := range kita.Languages {
		w, ok := vocabulary[language]
		if !ok {
			t.Errorf("no words in %s", language)
		}
		for name, word := range map[string]string{"corrected": w.corrected, "confirm": w.confirm, "fromKita": w.fromKita, "absence": w.absence,
			"absenceOff": w.absenceOff, "absenceText": w.absenceText, "test": w.test, "testText": w.testText, "greeting": w.greeting, "closing": w.closing,
			"readOnline": w.readOnline, "resetSubject": w.resetSubject, "resetText": w.resetText} {
			if word == "" {
				t.Errorf("%s: no %s", language, name)
			}
		}
		for word, hole := range map[string]string{w.fromKita: "{kita}", w.absenceText: "{group}", w.greeting: "{name}", w.resetText: "{link}"} {
			if strings.Count(word, "{") != 1 || !strings.Contains(word, hole) {
				t.Errorf("%s: %q has no %s", language, word, hole)
			}
		}
	}
}

func TestGermanWordsSayTheFormalYou(t *testing.T) {
	said := fmt.Sprintf("%q", *vocabulary["de"])
	if du := regexp.MustCompile(`(?i)(^|\P{L})(du|dir|dich|dein\pL*|wählst|hast)(\P{L}|$)`).FindString(said); du != "" {
		t.Errorf("%q in %s", du, said)
	}
}
