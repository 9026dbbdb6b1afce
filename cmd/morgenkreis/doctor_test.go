package main

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
)

func TestDoctorFindsWhatIsWrong(t *testing.T) {
	type change = func(t *testing.T, p practice)
	full := func(free, total float64) change {
		return func(_ *testing.T, p practice) {
			p.room = func(string) (room, error) { return room{int64(free), int64(total)}, nil }
		}
	}
	certificate := func(issue func(*authority) *tls.Config) change {
		return func(t *testing.T, p practice) { p.baseURL(site(t, issue(p.ca), answers).URL) }
	}
	clocks := func(all ...http.HandlerFunc) change {
		return func(_ *testing.T, p practice) {
			p.services = nil
			for _, h := range all {
				p.services = append(p.services, p.service("a", h))
			}
		}
	}
	const hour = time.Hour
	for name, c := range map[string]struct {
		change change
		check  string
		level  level
		says   string
	}{
		"no folder":            {func(_ *testing.T, p practice) { p.config.Data += "/none" }, "data", levelFail, "there is no folder"},
		"a file for a folder":  {func(_ *testing.T, p practice) { p.config.Data += "/" + databaseName }, "data", levelFail, "is no folder"},
		"a folder open to all": {func(t *testing.T, p practice) { chmod(t, p.config.Data, 0o755) }, "data", levelWarn, "mode 0755"},

		"a full disk":              {full(100e6, 100e9), "disk", levelFail, "100 MB of 100 GB free"},
		"a disk that will be full": {full(900e6, 2e9), "disk", levelWarn, "900 MB of 2.0 GB free"},
		"a tenth left":             {full(9e9, 100e9), "disk", levelWarn, "9.0 GB of 100 GB free"},
		"a small disk":             {full(1.1e9, 2e9), "disk", levelFine, "1.1 GB of 2.0 GB free"},
		"no disk":                  {func(_ *testing.T, p practice) { p.room, p.config.Data = roomIn, "/none" }, "disk", levelFail, "no such file"},

		"no database":         {func(t *testing.T, p practice) { p.config.Data = t.TempDir() }, "database", levelFail, "there is no database"},
		"another schema":      {func(_ *testing.T, p practice) { p.sql(`update meta set value = '1000' where key = 'schema_version'`) }, "database", levelFail, "the schema has version 1000"},
		"an older schema":     {func(_ *testing.T, p practice) { p.sql(`update meta set value = '0' where key = 'schema_version'`) }, "database", levelWarn, "the schema has version 0"},
		"no version":          {func(_ *testing.T, p practice) { p.sql(`update meta set value = '' where key = 'schema_version'`) }, "database", levelFail, "invalid syntax"},
		"a move that goes on": {func(_ *testing.T, p practice) { p.sql(`insert into meta (key, value) values ('moving_from', 'x')`) }, "database", levelFail, "has not arrived"},
		"rows astray":         {func(_ *testing.T, p practice) { p.sql(`pragma foreign_keys = off; delete from accounts`) }, "database", levelFail, "points at nothing"},
		"PostgreSQL that is off": {func(t *testing.T, p practice) {
			p.config.Database = Secret("postgres://u:hunter2@" + closed(t) + "/kita")
		}, "database", levelFail, "open PostgreSQL"},

		"an attachment lost": {func(_ *testing.T, p practice) { remove(p.t, filepath.Join(p.data, filesName, p.attach("a"))) }, "attachments", levelFail, "1 of 1 files"},
		"attachments there":  {func(_ *testing.T, p practice) { p.attach("a"); p.attach("b") }, "attachments", levelFine, "2 files, all there"},

		"keys of two pairs": {func(_ *testing.T, p practice) {
			p.sql(`update secrets set value = ? where name = 'vapid_keys'`, mixedKeys(p.t))
		}, "keys", levelFail, "does not belong to the private one"},
		"no push keys":     {func(_ *testing.T, p practice) { p.sql(`delete from secrets where name = 'vapid_keys'`) }, "keys", levelFail, "not in the database"},
		"half a key":       {func(_ *testing.T, p practice) { p.sql(`update secrets set value = 'abc' where name = 'vapid_keys'`) }, "keys", levelFail, "private push key"},
		"no receipt key":   {func(_ *testing.T, p practice) { p.sql(`delete from secrets where name = 'receipt_key'`) }, "keys", levelFail, "not in the database"},
		"a short one":      {func(_ *testing.T, p practice) { p.sql(`update secrets set value = 'YWJj' where name = 'receipt_key'`) }, "keys", levelFail, "shorter than 32 bytes"},
		"one in no base64": {func(_ *testing.T, p practice) { p.sql(`update secrets set value = '!' where name = 'receipt_key'`) }, "keys", levelFail, "illegal base64"},

		"a row from the future": {func(_ *testing.T, p practice) {
			p.sql(`update sessions set created_at = ?`, time.Now().Add(2*hour).UnixMilli())
		}, "dates", levelFail, "ahead of this machine's clock"},
		"a row of this minute": {func(_ *testing.T, p practice) {
			p.sql(`update sessions set created_at = ?`, time.Now().Add(20*time.Second).UnixMilli())
		}, "dates", levelFine, "no row is from the future"},

		"a zone nobody knows":  {func(_ *testing.T, p practice) { p.sql(`update kitas set time_zone = 'Mars/Olympus'`) }, "time zones", levelFail, "unknown time zone Mars/Olympus"},
		"a house without kita": {func(t *testing.T, p practice) { p.sql(`pragma foreign_keys = on; delete from kitas`) }, "time zones", levelFine, "Europe/Berlin"},

		"a queue":                  {func(_ *testing.T, p practice) { p.owes(time.Minute, "") }, "queue", levelFine, "1 pushes and 0 e-mails are due, the oldest for 1m"},
		"a queue that waits":       {func(_ *testing.T, p practice) { p.owes(10*time.Minute, "") }, "queue", levelWarn, "the oldest for 10m"},
		"a queue that stands":      {func(_ *testing.T, p practice) { p.owes(hour, ""); p.owes(time.Minute, "") }, "queue", levelFail, "2 pushes and 0 e-mails are due, the oldest for 1h"},
		"a job":                    {func(_ *testing.T, p practice) { p.job(time.Minute, 0, "") }, "jobs", levelFine, "due for 1m"},
		"a job that waits":         {func(_ *testing.T, p practice) { p.job(10*time.Minute, 0, "") }, "jobs", levelWarn, "due for 10m"},
		"a job nobody takes":       {func(_ *testing.T, p practice) { p.job(hour, 0, "") }, "jobs", levelFail, "due for 1h"},
		"a job that hangs":         {func(_ *testing.T, p practice) { p.job(time.Minute, 3, "no room left") }, "jobs", levelFail, `the first is "retention": no room left`},
		"pushes refused":           {func(_ *testing.T, p practice) { p.owes(hour, "misconfigured") }, "refusals", levelFail, "refused 1 pushes"},
		"pushes refused last week": {func(_ *testing.T, p practice) { p.owes(7*24*hour, "misconfigured") }, "refusals", levelFine, "no push service found fault"},

		"no server":                {func(t *testing.T, p practice) { p.config.Listen = closed(t) }, "server", levelWarn, "connection refused"},
		"nobody at the base URL":   {func(t *testing.T, p practice) { p.baseURL("https://" + closed(t)) }, "address", levelFail, "can not be reached from here"},
		"and no server either":     {func(t *testing.T, p practice) { p.config.Listen = closed(t); p.baseURL("https://" + closed(t)) }, "address", levelWarn, "can not be reached from here"},
		"a proxy without a server": {func(t *testing.T, p practice) { p.baseURL(site(t, p.ca.issue(10, 90), badGateway).URL) }, "address", levelFail, "answers 502"},
		"and the server is off": {func(t *testing.T, p practice) {
			p.config.Listen = closed(t)
			p.baseURL(site(t, p.ca.issue(10, 90), badGateway).URL)
		}, "address", levelWarn, "answers 502"},
		"a redirect":                   {func(t *testing.T, p practice) { p.baseURL(site(t, p.ca.issue(10, 90), elsewhere).URL) }, "address", levelFail, "answers 301"},
		"a certificate that ends soon": {certificate(func(a *authority) *tls.Config { return a.issue(80, 90) }), "address", levelWarn, "its certificate ends on"},
		"a short-lived certificate":    {certificate(func(a *authority) *tls.Config { return a.issue(2, 6) }), "address", levelFine, "its certificate ends on"},
		"a certificate that has ended": {certificate(func(a *authority) *tls.Config { return a.issue(91, 90) }), "address", levelFail, "this machine's clock says another time"},
		"a certificate of tomorrow":    {certificate(func(a *authority) *tls.Config { return a.issue(-1, 90) }), "address", levelFail, "this machine's clock says another time"},
		"a certificate for others":     {certificate(func(a *authority) *tls.Config { return a.issue(1, 90, "other.example") }), "address", levelFail, "for other names: other.example"},
		"a certificate of nobody":      {certificate(func(a *authority) *tls.Config { return newAuthority(a.t).issue(1, 90) }), "address", levelFail, "signed by nobody"},
		"only this machine": {func(t *testing.T, p practice) {
			s := httptest.NewServer(http.HandlerFunc(answers))
			t.Cleanup(s.Close)
			p.baseURL(s.URL)
		}, "address", levelWarn, "can only be opened on this machine"},

		"no push service": {func(t *testing.T, p practice) { p.services[0].probe = "https://" + closed(t) }, "push", levelWarn, "a can not be reached"},
		"no push service for devices": {func(t *testing.T, p practice) {
			p.device("a")
			p.services[0].probe = "https://" + closed(t)
		}, "push", levelFail, "1 devices wait there"},
		"somebody between us and it": {func(t *testing.T, p practice) {
			p.services[0].probe = site(t, newAuthority(t).issue(1, 90), answers).URL
		}, "push", levelWarn, "a can not be reached: the certificate is signed by nobody"},
		"a private address for it": {func(_ *testing.T, p practice) { p.services[0].probe = "https://10.0.0.1/" }, "push", levelWarn, "address is not global"},

		"a clock that is slow":       {clocks(dated(2 * time.Minute)), "clock", levelFail, "behind the push services"},
		"a clock that is fast":       {clocks(dated(-2 * hour)), "clock", levelFail, "ahead of the push services"},
		"a clock nearly right":       {clocks(dated(20 * time.Second)), "clock", levelFine, "agrees with 1"},
		"a service with no clock":    {clocks(undated), "clock", levelWarn, "no push service told the time"},
		"a service with a bad one":   {clocks(dated(0), dated(48*hour), dated(0)), "clock", levelFine, "agrees with 3"},
		"no service to compare with": {func(_ *testing.T, p practice) { p.services = nil }, "clock", levelWarn, "no push service told the time"},

		"e-mail":                    {func(t *testing.T, p practice) { p.mail(mailServer(t, p.ca.issue(1, 90)), "hunter2") }, "e-mail", levelFine, "takes our mail"},
		"a wrong password":          {func(t *testing.T, p practice) { p.mail(mailServer(t, p.ca.issue(1, 90)), "hunter3") }, "e-mail", levelFail, "does not take our mail"},
		"a mail server that is off": {func(t *testing.T, p practice) { p.mail(closed(t), "hunter2") }, "e-mail", levelFail, "connection refused"},
		"a mail server of nobody":   {func(t *testing.T, p practice) { p.mail(mailServer(t, newAuthority(t).issue(1, 90)), "hunter2") }, "e-mail", levelFail, "unknown authority"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPractice(t)
			c.change(t, p)
			all := p.examine(t.Context())
			at := slices.IndexFunc(all, func(f finding) bool { return f.Check == c.check && (f.Level != levelFine || c.level == levelFine) })
			if at < 0 {
				t.Fatalf("nothing is found about %s: %v", c.check, all)
			}
			if f := all[at]; f.Level != c.level || !strings.Contains(f.Says, c.says) || (f.Do == "") != (f.Level == levelFine) {
				t.Errorf("%+v\nwant %s: %q", f, c.level, c.says)
			}
			for _, f := range all {
				if text := f.Says + f.Do; strings.Contains(text, "hunter") || strings.Contains(text, "\n") {
					t.Errorf("%s says a secret, or more than a line: %s", f.Check, text)
				}
			}
		})
	}
}

func TestHealthyHouseExitsWithZeroAndTouchesNothing(t *testing.T) {
	p := newPractice(t)
	file, _ := p.saved()
	stopped, _ := restored(t, file)
	for name, data := range map[string]string{"beside a server": p.data, "without one": stopped} {
		d := *p.doctor
		d.config.Data = data
		before := names(t, data)
		all := d.examine(t.Context())
		checks := map[string]bool{}
		for _, f := range all {
			checks[f.Check] = true
			if f.Level != levelFine || f.Do != "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		for _, check := range []string{"data", "disk", "database", "attachments", "keys", "dates", "time zones", "jobs", "queue", "refusals", "server", "address", "push", "clock", "e-mail"} {
			if !checks[check] {
				t.Errorf("%s: nothing is said about %s", name, check)
			}
		}
		var out bytes.Buffer
		if err := report(&out, all, false); err != nil || strings.Count(out.String(), "\n") != len(all) {
			t.Errorf("%s: %v\n%s", name, err, &out)
		}
		if after := names(t, data); !slices.Equal(before, after) {
			t.Errorf("%s: there was %v, now there is %v", name, before, after)
		}
	}
}

func TestDoctorsReportIsForPeopleAndForPrograms(t *testing.T) {
	all := []finding{{"disk", levelWarn, "little room", "make room"}, {"keys", levelFail, "no keys", "start the server"}, {"jobs", levelFine, "none hangs", ""}}
	var text, raw bytes.Buffer
	if err := report(&text, all, false); err == nil || err.Error() != "1 of 3 checks failed" {
		t.Errorf("the error is %v", err)
	}
	want := "warn  disk         little room → make room\nFAIL  keys         no keys → start the server\nok    jobs         none hangs\n"
	if text.String() != want {
		t.Errorf("for people:\n%swant:\n%s", &text, want)
	}
	if err := report(&raw, all, true); err == nil {
		t.Error("a program is told by the exit status too")
	}
	var got struct {
		Healthy bool
		Version string
		Checks  []finding
	}
	if err := json.Unmarshal(raw.Bytes(), &got); err != nil || got.Healthy || got.Version != version || !slices.Equal(got.Checks, all) {
		t.Errorf("for programs: %s (%v)", &raw, err)
	}
	raw.Reset()
	if err := report(&raw, all[:1], true); err != nil || !strings.Contains(raw.String(), `"healthy": true`) {
		t.Errorf("with a warning only: %v\n%s", err, &raw)
	}
}

func TestDoctorPrintsSettingsWithoutSecrets(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MORGENKREIS_SMTP_PASSWORD_FILE", password)
	var out bytes.Buffer
	args := []string{"--config", "--smtp-host", "mail.example", "--smtp-user", "robot", "--smtp-from", "a@kita.example", "--data", "/none"}
	if err := doctorCommand(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Contains(s, "hunter") || !strings.Contains(s, "mail.example") || !strings.Contains(s, "MORGENKREIS_SMTP_PASSWORD_FILE") {
		t.Errorf("%s", s)
	}
	for _, wrong := range [][]string{{"now"}, {"--json", "--config"}, {"--xml"}} {
		if err := doctorCommand(t.Context(), wrong, io.Discard, io.Discard); err == nil {
			t.Errorf("%v is taken", wrong)
		}
	}
}

func TestDoctorKnocksAtTheServicesThatPushesGoTo(t *testing.T) {
	c, _, err := load([]string{"--push-hosts", "push.example.org,*.example.net"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := pushServices(c.PushHosts)
	if len(all) != 5 || all[4] != (pushService{"push.example.org", "https://push.example.org/"}) {
		t.Errorf("%v", all)
	}
	for _, s := range all {
		if err := c.PushHosts.Check(s.probe); err != nil {
			t.Errorf("%s is no address that a push may go to: %v", s.probe, err)
		}
	}
	for _, s := range all {
		if got := (kita.Subscription{Endpoint: s.probe}).Service(); got != s.name {
			t.Errorf("subscriptions have %s under %q, doctor under %q", s.probe, got, s.name)
		}
	}
}
