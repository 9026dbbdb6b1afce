package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"

	"morgenkreis/kita"
	"morgenkreis/notify"
)

// patience is how long doctor waits for one machine.
const patience = 10 * time.Second

// checkAddress looks whether the server runs, and whether people reach it at its base URL.
func (d doctor) checkAddress(ctx context.Context) []finding {
	server := finding{"server", levelFine, "answers on " + d.config.Listen, ""}
	running := true
	if err := health(ctx, d.config.Listen); err != nil {
		running = false
		server = finding{"server", levelWarn, fmt.Sprintf("nothing answers on %s: %v", d.config.Listen, plain(err)), "start it with morgenkreis serve, or give doctor the server's settings"}
	}
	return []finding{server, d.checkBaseURL(ctx, running)}
}

func (d doctor) checkBaseURL(ctx context.Context, running bool) finding {
	const check = "address"
	base := d.config.BaseURL.String()
	// Without a server there is nobody to answer, and that has been said already.
	missing := levelWarn
	if running {
		missing = levelFail
	}
	client := &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{TLSClientConfig: d.tls(""), DisableKeepAlives: true}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/healthz", nil)
	if err != nil {
		return finding{check, levelFail, err.Error(), "set --base-url to the address people open"}
	}
	res, err := client.Do(req)
	if err != nil {
		if says := certificateTrouble(err); says != "" {
			return finding{check, levelFail, base + ": " + says, "renew or replace the certificate at the proxy: browsers turn away here"}
		}
		return finding{check, missing, fmt.Sprintf("%s can not be reached from here: %v", base, plain(err)),
			"look at DNS, the firewall and the proxy; a router that does not lead its own address back inside is no fault"}
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return finding{check, missing, fmt.Sprintf("%s/healthz answers %s", base, res.Status), "have the proxy pass requests on to " + d.config.Listen + ", unchanged"}
	}
	if res.TLS == nil {
		return finding{check, levelWarn, base + " can only be opened on this machine", "for parents' phones set --base-url to an https address"}
	}
	leaf := res.TLS.PeerCertificates[0]
	left := leaf.NotAfter.Sub(d.clock())
	f := finding{check, levelFine, fmt.Sprintf("%s answers, its certificate ends on %s", base, leaf.NotAfter.Format(time.DateOnly)), ""}
	// Who renews by machine does so at a third of the lifetime, which can be days or a year.
	if left < min(14*24*time.Hour, leaf.NotAfter.Sub(leaf.NotBefore)/6) {
		f.Level, f.Do = levelWarn, "see why the certificate is not renewed"
	}
	return f
}

// pushService is one to try: its name as subscriptions have it, and an address of it that answers anybody.
type pushService struct{ name, probe string }

// pushServices are the known ones, and what the operator has added by its full name.
func pushServices(hosts kita.EndpointHosts) []pushService {
	all := []pushService{
		{"fcm.googleapis.com", "https://fcm.googleapis.com/"},
		{"updates.push.services.mozilla.com", "https://updates.push.services.mozilla.com/"},
		{"push.apple.com", "https://web.push.apple.com/"},
		{"notify.windows.com", "https://wns2-par02p.notify.windows.com/"},
	}
	for _, host := range hosts.Extra {
		if !strings.HasPrefix(host, "*") {
			all = append(all, pushService{host, "https://" + host + "/"})
		}
	}
	return all
}

// checkPush knocks at each push service, by the very way that pushes take, and compares the clock with theirs.
func (d doctor) checkPush(ctx context.Context, devices map[string]int) []finding {
	client := notify.Guard{AllowLoopback: d.config.PushHosts.AllowLoopback, RootCAs: d.roots}.Client()
	defer client.CloseIdleConnections()
	found := make([]finding, len(d.services))
	offsets := make([]*time.Duration, len(d.services))
	var all sync.WaitGroup
	for i, s := range d.services {
		all.Go(func() { found[i], offsets[i] = d.knock(ctx, client, s, devices[s.name]) })
	}
	all.Wait()
	var known []time.Duration
	for _, o := range offsets {
		if o != nil {
			known = append(known, *o)
		}
	}
	return append(found, clockFinding(known))
}

// knock answers how far this machine's clock is ahead of the service's (RFC 9110, section 6.6.1), nil when it does not say.
func (d doctor) knock(ctx context.Context, client *http.Client, s pushService, devices int) (finding, *time.Duration) {
	const check = "push"
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, s.probe, nil)
	if err != nil {
		return finding{check, levelFail, err.Error(), "write --push-hosts as host names"}, nil
	}
	sent := d.clock()
	res, err := client.Do(req)
	got := d.clock()
	if err != nil {
		f := finding{check, levelWarn, fmt.Sprintf("%s can not be reached: ", s.name), "let this machine open connections to it on port 443, and look at DNS"}
		if says := certificateTrouble(err); says != "" {
			f.Says, f.Do = f.Says+says, "look at the clock of this machine, at its certificate authorities (ca-certificates), and at what stands between"
		} else {
			f.Says += plain(err).Error()
		}
		if devices > 0 {
			f.Level, f.Says = levelFail, fmt.Sprintf("%s; %d devices wait there", f.Says, devices)
		}
		return f, nil
	}
	defer res.Body.Close()
	f := finding{check, levelFine, fmt.Sprintf("%s answers; %d devices", s.name, devices), ""}
	date, err := http.ParseTime(res.Header.Get("Date"))
	if err != nil {
		return f, nil
	}
	// The header has whole seconds, cut; the answer was written about halfway.
	ahead := sent.Add(got.Sub(sent) / 2).Sub(date.Add(500 * time.Millisecond))
	return f, &ahead
}

// clockFinding judges by the median, so that one service with a wrong clock of its own is outvoted.
func clockFinding(ahead []time.Duration) finding {
	const check = "clock"
	if len(ahead) == 0 {
		return finding{check, levelWarn, "can not be compared: no push service told the time", "set it by hand if it is wrong; push services refuse what is signed by a wrong clock (RFC 8292)"}
	}
	slices.Sort(ahead)
	median := ahead[len(ahead)/2]
	if median.Abs() > clockFails {
		direction := "ahead of"
		if median < 0 {
			direction = "behind"
		}
		return finding{check, levelFail, fmt.Sprintf("this machine is %s %s the push services", median.Abs().Round(time.Second), direction),
			"timedatectl set-ntp true: push services refuse what is signed by a wrong clock (RFC 8292), and cut-off times are wrong"}
	}
	return finding{check, levelFine, fmt.Sprintf("agrees with %d push services to the minute", len(ahead)), ""}
}

// checkMail goes as far as a message would, and sends none: greeting, TLS, sign-in.
func (d doctor) checkMail(ctx context.Context) finding {
	const check = "e-mail"
	c := d.config.SMTP
	if c.Host == "" {
		return finding{check, levelFine, "not set up: whom no push reaches stands on the notice's call list", ""}
	}
	o := []gomail.Option{gomail.WithPort(c.Port), gomail.WithTimeout(patience), gomail.WithTLSConfig(d.tls(c.Host))}
	switch c.TLS {
	case "tls":
		o = append(o, gomail.WithSSL())
	case "none":
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if c.User != "" {
		o = append(o, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(c.User), gomail.WithPassword(c.Password.Reveal()))
	}
	where := net.JoinHostPort(c.Host, strconv.Itoa(c.Port))
	client, err := gomail.NewClient(c.Host, o...)
	if err == nil {
		if err = client.DialWithContext(ctx); err == nil {
			err = client.Close()
		}
	}
	if err != nil {
		return finding{check, levelFail, fmt.Sprintf("%s does not take our mail: %v", where, err), "look at the settings --smtp-… and at the firewall; without e-mail whom no push reaches stands on the call list"}
	}
	return finding{check, levelFine, where + " takes our mail", ""}
}

// tls is how doctor meets a server: the host being the one of the address when it is empty.
func (d doctor) tls(host string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: d.roots, ServerName: host, Time: d.clock}
}

// certificateTrouble says what is wrong with a certificate; empty when that is not what went wrong.
func certificateTrouble(err error) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var other x509.HostnameError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return fmt.Sprintf("the certificate is good from %s to %s, and this machine's clock says another time",
			invalid.Cert.NotBefore.Format(time.DateOnly), invalid.Cert.NotAfter.Format(time.DateOnly))
	case errors.As(err, &invalid):
		return invalid.Error()
	case errors.As(err, &unknown):
		return "the certificate is signed by nobody this machine trusts"
	case errors.As(err, &other):
		return "the certificate is for other names: " + strings.Join(other.Certificate.DNSNames, ", ")
	}
	return ""
}

// plain is err without the URL that was asked for, which the finding names already.
func plain(err error) error {
	var asked *url.Error
	if errors.As(err, &asked) {
		return asked.Err
	}
	return err
}
