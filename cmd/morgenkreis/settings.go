package main

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store/files"
)

// setting is one thing an operator can set: --name VALUE, MORGENKREIS_NAME, MORGENKREIS_NAME_FILE.
type setting struct {
	name    string // the flag without its dashes
	arg     string // what stands for the value in help; empty: a switch
	def     string // parsed like any other value; empty: none
	example string // a value that is right
	secret  bool   // an example is shown as a file, because flags can be read by everybody on the machine
	usage   string
	parse   func(c *Config, value string) error // called with a value that is not empty
	show    func(c Config) string
}

func (s setting) flag() string { return "--" + s.name }

func (s setting) env() string {
	return "MORGENKREIS_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
}

func (s setting) instead() string {
	switch {
	case s.secret:
		return s.env() + "_FILE=/run/secrets/" + strings.ReplaceAll(s.name, "-", "_") +
			", a file that holds " + s.example
	case s.arg == "":
		return s.flag() + " or " + s.env() + "=true, or leave it out"
	}
	return s.flag() + " " + quoted(s.example) + " or " + s.env() + "=" + quoted(s.example)
}

func quoted(v string) string {
	if strings.ContainsAny(v, " <>*&?") {
		return "'" + v + "'"
	}
	return v
}

// settings is the one list of what can be set, in the order in which doctor and the documentation show it.
var settings = []setting{
	{
		name: "listen", arg: "ADDRESS", def: ":8080", example: ":8080",
		usage: "address and port to serve on",
		parse: func(c *Config, v string) (err error) { c.Listen, err = listenAddress(v); return },
		show:  func(c Config) string { return c.Listen },
	},
	{
		name: "base-url", arg: "URL", def: "http://localhost:8080", example: "https://kita.example",
		usage: "the address people open; https, except on this machine itself",
		parse: func(c *Config, v string) (err error) { c.BaseURL, err = origin(v); return },
		show:  func(c Config) string { return c.BaseURL.String() },
	},
	{
		name: "trust-proxy", arg: "NETWORKS", example: "172.16.0.0/12,192.168.0.0/16",
		usage: "networks of the proxies in front, whose X-Forwarded-For is believed; comma between",
		parse: func(c *Config, v string) (err error) { c.TrustProxy, err = eachOf(v, network); return },
		show:  func(c Config) string { return joined(c.TrustProxy) },
	},
	{
		name: "data", arg: "FOLDER", def: "./data", example: "/var/lib/morgenkreis",
		usage: "folder of the database file, the attachments and the keys",
		parse: func(c *Config, v string) error { c.Data = v; return nil },
		show:  func(c Config) string { return c.Data },
	},
	{
		name: "database", arg: "URL", example: "postgres://morgenkreis:PASSWORD@db.example:5432/morgenkreis", secret: true,
		usage: "PostgreSQL instead of the SQLite file in the data folder",
		parse: func(c *Config, v string) error { c.Database = Secret(v); return checkPostgres(v) },
		show:  func(c Config) string { return describePostgres(c.Database) },
	},
	{
		name: "files", arg: "PLACE", example: "s3://bucket/prefix?endpoint=https://s3.example.org&region=eu-1",
		usage: "folder or S3 bucket of the attachments, instead of the folder files in the data folder",
		parse: func(c *Config, v string) (err error) { c.Files, err = files.ParsePlace(v); return },
		show:  func(c Config) string { return c.Files.String() },
	},
	{
		name: "files-access-key", arg: "KEY", example: "the access key of the bucket",
		usage: "access key of the bucket, and of those that the command files names",
		parse: func(c *Config, v string) error { c.FilesKey = v; return nil },
		show:  func(c Config) string { return c.FilesKey },
	},
	{
		name: "files-secret-key", arg: "KEY", example: "the secret key of the bucket", secret: true,
		usage: "and its secret key",
		parse: func(c *Config, v string) error { c.FilesSecret = Secret(v); return nil },
		show:  func(c Config) string { return c.FilesSecret.String() },
	},
	{
		name:  "demo",
		usage: "fill an empty data folder with the kita Sonnenschein and allow its demo logins",
		parse: func(c *Config, v string) (err error) { c.Demo, err = truth(v); return },
		show:  func(c Config) string { return strconv.FormatBool(c.Demo) },
	},
	{
		name: "push-subject", arg: "ADDRESS", example: "mailto:it@kita.example",
		usage: "whom push services can reach about our pushes (mailto: or https:); otherwise the base URL",
		parse: func(c *Config, v string) (err error) { c.PushSubject, err = subject(v); return },
		show:  func(c Config) string { return c.PushSubject },
	},
	{
		name: "push-hosts", arg: "HOSTS", example: "push.example.org,*.push.example.net",
		usage: "push services besides the known ones; *.example.org for all below; comma between",
		parse: func(c *Config, v string) (err error) { c.PushHosts.Extra, err = eachOf(v, pushHost); return },
		show:  func(c Config) string { return joined(c.PushHosts.Extra) },
	},
	{
		name:  "push-allow-loopback",
		usage: "also push to services on this machine, over http and any port; for trying out, never with a public base URL",
		parse: func(c *Config, v string) (err error) { c.PushHosts.AllowLoopback, err = truth(v); return },
		show:  func(c Config) string { return strconv.FormatBool(c.PushHosts.AllowLoopback) },
	},
	{
		name: "smtp-host", arg: "HOST", example: "mail.example",
		usage: "mail server; without it no e-mail is sent",
		parse: func(c *Config, v string) (err error) { c.SMTP.Host, err = hostname(v); return },
		show:  func(c Config) string { return c.SMTP.Host },
	},
	{
		name: "smtp-port", arg: "PORT", example: "587",
		usage: "otherwise 587 for starttls, 465 for tls, 25 for none",
		parse: func(c *Config, v string) (err error) { c.SMTP.Port, err = port(v); return },
		show: func(c Config) string {
			if c.SMTP.Port == 0 {
				return ""
			}
			return strconv.Itoa(c.SMTP.Port)
		},
	},
	{
		name: "smtp-user", arg: "NAME", example: "morgenkreis",
		usage: "sign in to the mail server with this name",
		parse: func(c *Config, v string) error { c.SMTP.User = v; return nil },
		show:  func(c Config) string { return c.SMTP.User },
	},
	{
		name: "smtp-password", arg: "PASSWORD", example: "the password of --smtp-user", secret: true,
		usage: "and this password",
		parse: func(c *Config, v string) error { c.SMTP.Password = Secret(v); return nil },
		show:  func(c Config) string { return c.SMTP.Password.String() },
	},
	{
		name: "smtp-from", arg: "ADDRESS", example: "Kita Sonnenschein <kita@kita.example>",
		usage: "sender of the e-mails",
		parse: func(c *Config, v string) (err error) { c.SMTP.From, err = mailbox(v); return },
		show:  func(c Config) string { return c.SMTP.From },
	},
	{
		name: "smtp-tls", arg: "MODE", def: "starttls", example: "starttls",
		usage: "starttls, tls, or none; none only for a mail server on this machine",
		parse: func(c *Config, v string) (err error) {
			c.SMTP.TLS, err = oneOf(v, "starttls", "tls", "none")
			return
		},
		show: func(c Config) string { return c.SMTP.TLS },
	},
	{
		name: "metrics-listen", arg: "ADDRESS", def: "127.0.0.1:9464", example: "127.0.0.1:9464",
		usage: "address and port that answer /metrics for Prometheus; off for none",
		parse: func(c *Config, v string) (err error) {
			if v != "off" {
				c.MetricsListen, err = listenAddress(v)
			}
			return
		},
		show: func(c Config) string { return c.MetricsListen },
	},
	{
		name: "log-format", arg: "FORMAT", def: "text", example: "json",
		usage: "text or json",
		parse: func(c *Config, v string) (err error) { c.LogFormat, err = oneOf(v, "text", "json"); return },
		show:  func(c Config) string { return c.LogFormat },
	},
	{
		name: "log-level", arg: "LEVEL", def: "info", example: "info",
		usage: "debug, info, warn or error",
		parse: func(c *Config, v string) error {
			if _, err := oneOf(v, "debug", "info", "warn", "error"); err != nil {
				return err
			}
			return c.LogLevel.UnmarshalText([]byte(v))
		},
		show: func(c Config) string { return strings.ToLower(c.LogLevel.String()) },
	},
	{
		name: "drain-time", arg: "DURATION", example: "10s",
		usage: "how long a server that is to stop goes on answering while /readyz says no, so that the proxy in front asks another; otherwise 10s with PostgreSQL, 0s without",
		parse: func(c *Config, v string) (err error) { c.DrainTime, err = duration(v, 0); return },
		show:  func(c Config) string { return c.DrainTime.String() },
	},
	{
		name: "shutdown-timeout", arg: "DURATION", def: "20s", example: "20s",
		usage: "how long requests and pushes in flight may take to end when the server stops; 1s to 10m",
		parse: func(c *Config, v string) (err error) { c.ShutdownTimeout, err = duration(v, time.Second); return },
		show:  func(c Config) string { return c.ShutdownTimeout.String() },
	},
}

// settle looks at settings beside each other and fills in what follows from others. Settings named in wrong have
// been complained about already and are left alone.
func (c *Config) settle(wrong map[string]bool) (faults Faults) {
	complain := func(name, problem string) {
		s := settings[slices.IndexFunc(settings, func(s setting) bool { return s.name == name })]
		f := Fault{Setting: c.sources[name], Problem: problem, Instead: s.instead()}
		if f.Setting == "default" {
			f.Setting = s.flag() + ", " + s.env()
		}
		faults = append(faults, f)
	}

	local := wrong["base-url"] || kita.IsLoopbackHost(c.BaseURL.Hostname())
	if c.PushHosts.AllowLoopback && !local {
		complain("push-allow-loopback", "with a public base URL anybody with a login could reach services of this machine")
	}
	if c.PushSubject == "" && !wrong["push-subject"] {
		if local {
			// Apple refuses a subject on localhost; for a server that only this machine can open, any well-formed one will do.
			c.PushSubject = "mailto:operator@morgenkreis.example"
		} else if subject, err := subject(c.BaseURL.String()); err != nil {
			complain("push-subject", "is missing: push services accept no contact like "+c.BaseURL.String())
		} else {
			c.PushSubject = subject
		}
	}
	if c.MetricsListen == c.Listen && c.Listen != "" && !strings.HasSuffix(c.Listen, ":0") {
		complain("metrics-listen", "is the address of --listen; metrics have one of their own")
	}

	// One server with a file of its own has nobody to take over meanwhile: the sooner it is back, the better.
	if c.DrainTime < 0 {
		c.DrainTime = 0
		if c.Database != "" {
			c.DrainTime = 10 * time.Second
		}
	}

	bucket := c.Files.Bucket != ""
	if bucket && c.FilesKey == "" && !wrong["files-access-key"] {
		complain("files-access-key", "is missing: without keys no bucket takes files")
	}
	if bucket && c.FilesSecret == "" && !wrong["files-secret-key"] {
		complain("files-secret-key", "is missing, or its file is empty: without keys no bucket takes files")
	}

	m := &c.SMTP
	if m.Host == "" {
		if !wrong["smtp-host"] && (m.User != "" || m.Password != "" || m.From != "" || m.Port != 0 || m.TLS != "starttls" && !wrong["smtp-tls"]) {
			complain("smtp-host", "is missing, but other settings of e-mail are there")
		}
		return faults
	}
	if m.From == "" && !wrong["smtp-from"] {
		complain("smtp-from", "is missing: e-mail needs a sender")
	}
	if m.User != "" && m.Password == "" && !wrong["smtp-password"] {
		complain("smtp-password", "is missing, or its file is empty, but --smtp-user is there")
	}
	if m.User == "" && m.Password != "" && !wrong["smtp-user"] {
		complain("smtp-user", "is missing, but --smtp-password is there")
	}
	if m.TLS == "none" && !kita.IsLoopbackHost(m.Host) {
		complain("smtp-tls", "none would send passwords and messages readable through the network to "+m.Host)
	}
	if m.Port == 0 {
		m.Port = map[string]int{"starttls": 587, "tls": 465, "none": 25}[m.TLS]
	}
	return faults
}
