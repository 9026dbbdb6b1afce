package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
)

// load is LoadConfig in a world of its own: nothing of the machine's environment or files comes in.
func load(args []string, env, files map[string]string) (Config, []string, error) {
	return LoadConfig(args, func(k string) string { return env[k] }, func(path string) ([]byte, error) {
		content, ok := files[path]
		if !ok {
			return nil, &os.PathError{Op: "open", Path: path, Err: os.ErrNotExist}
		}
		return []byte(content), nil
	})
}

// ways has one value for every setting that is not its default, how doctor shows it, and what else it needs.
var ways = map[string]struct {
	value, shown string
	with         map[string]string
}{
	"listen":              {"127.0.0.1:0", "127.0.0.1:0", nil},
	"base-url":            {"https://Kita-Bären.example:443/", "https://xn--kita-bren-02a.example", nil},
	"trust-proxy":         {"10.1.2.3/8, ::1", "10.0.0.0/8,::1/128", nil},
	"data":                {"/srv/kita", "/srv/kita", nil},
	"database":            {"postgres://u:hunter2@a,b:5433/kita?sslmode=disable", "postgres://u@a:5432,b:5433/kita", nil},
	"files":               {"s3://kita-files/a/b/?endpoint=https://s3.example.org:9000/", "s3://kita-files/a/b?endpoint=https://s3.example.org:9000&region=us-east-1", map[string]string{"files-access-key": "k", "files-secret-key": "hunter2"}},
	"files-access-key":    {"AKIA", "AKIA", map[string]string{"files": "s3://kita-files?region=eu-central-1", "files-secret-key": "hunter2"}},
	"files-secret-key":    {"hunter2", "set", map[string]string{"files": "s3://kita-files?region=eu-central-1", "files-access-key": "AKIA"}},
	"demo":                {"true", "true", nil},
	"push-subject":        {"mailto:it@kita.example", "mailto:it@kita.example", nil},
	"push-hosts":          {"Push.Example.org,*.example.net", "push.example.org,*.example.net", nil},
	"push-allow-loopback": {"true", "true", nil},
	"smtp-host":           {"mail.example", "mail.example", map[string]string{"smtp-from": "a@kita.example"}},
	"smtp-port":           {"2525", "2525", map[string]string{"smtp-host": "mail.example", "smtp-from": "a@kita.example"}},
	"smtp-user":           {"robot", "robot", map[string]string{"smtp-host": "mail.example", "smtp-from": "a@kita.example", "smtp-password": "p"}},
	"smtp-password":       {"hunter2", "set", map[string]string{"smtp-host": "mail.example", "smtp-from": "a@kita.example", "smtp-user": "u"}},
	"smtp-from":           {"Kita <a@kita.example>", "Kita <a@kita.example>", map[string]string{"smtp-host": "mail.example"}},
	"smtp-tls":            {"none", "none", map[string]string{"smtp-host": "127.0.0.1", "smtp-from": "a@kita.example"}},
	"metrics-listen":      {"[::1]:9000", "[::1]:9000", nil},
	"log-format":          {"json", "json", nil},
	"log-level":           {"debug", "debug", nil},
	"drain-time":          {"3s", "3s", nil},
	"shutdown-timeout":    {"1m", "1m0s", nil},
}

func TestEverySettingCanBeSetInEveryWay(t *testing.T) {
	for _, s := range settings {
		w, ok := ways[s.name]
		if !ok {
			t.Errorf("%s: no value to try", s.name)
			continue
		}
		type world struct {
			args       []string
			env, files map[string]string
			source     string
		}
		worlds := []world{
			{args: []string{s.flag() + "=" + w.value}, source: s.flag()},
			{env: map[string]string{s.env(): w.value}, source: s.env()},
			{env: map[string]string{s.env() + "_FILE": "/secret"}, files: map[string]string{"/secret": w.value + "\r\n"}, source: s.env() + "_FILE"},
			// What is outranked is not even read: the environment is wrong here, and the file is not there.
			{args: []string{s.flag() + "=" + w.value}, env: map[string]string{s.env(): "\x00", s.env() + "_FILE": "/none"}, source: s.flag()},
			{env: map[string]string{s.env(): w.value, s.env() + "_FILE": "/none"}, source: s.env()},
			{args: []string{s.flag() + "=" + w.value}, env: map[string]string{s.env() + "_FILE": "/none"}, source: s.flag()},
		}
		if s.arg == "" {
			worlds = append(worlds, world{args: []string{s.flag()}, source: s.flag()})
		} else {
			worlds = append(worlds, world{args: []string{s.flag(), w.value}, source: s.flag()})
		}
		for _, in := range worlds {
			for name, value := range w.with {
				in.args = append(in.args, "--"+name, value)
			}
			c, rest, err := load(in.args, in.env, in.files)
			if err != nil || len(rest) > 0 {
				t.Errorf("%s from %s: rest %q, %v", s.name, in.source, rest, err)
				continue
			}
			if got := s.show(c); got != w.shown || c.sources[s.name] != in.source {
				t.Errorf("%s: %q from %s, want %q from %s", s.name, got, c.sources[s.name], w.shown, in.source)
			}
		}
	}
	if len(ways) != len(settings) {
		t.Errorf("%d settings, %d tried", len(settings), len(ways))
	}
}

func TestWhatIsAdvisedToWriteIsAccepted(t *testing.T) {
	for _, s := range settings {
		for _, value := range []string{s.example, s.def} {
			if value == "" {
				continue
			}
			if err := s.parse(&Config{}, value); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		}
		if s.arg != "" && s.example == "" {
			t.Errorf("%s: says nothing about what to write instead", s.name)
		}
	}
}

func TestNothingNeedsToBeSet(t *testing.T) {
	empty := map[string]string{}
	for _, s := range settings {
		empty[s.env()] = ""
	}
	empty["MORGENKREIS_SMTP_PASSWORD_FILE"] = "/dev/null"
	for name, env := range map[string]map[string]string{"unset": nil, "empty": empty} {
		c, _, err := load(nil, env, map[string]string{"/dev/null": ""})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var all strings.Builder
		for _, s := range settings {
			fmt.Fprintf(&all, "%s=%s\n", s.name, s.show(c))
		}
		want := `listen=:8080
base-url=http://localhost:8080
trust-proxy=
data=./data
database=
files=
files-access-key=
files-secret-key=not set
demo=false
push-subject=mailto:operator@morgenkreis.example
push-hosts=
push-allow-loopback=false
smtp-host=
smtp-port=
smtp-user=
smtp-password=not set
smtp-from=
smtp-tls=starttls
metrics-listen=127.0.0.1:9464
log-format=text
log-level=info
drain-time=0s
shutdown-timeout=20s
`
		if all.String() != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, &all, want)
		}
	}
}

func TestWhatFollowsFromOtherSettings(t *testing.T) {
	smtp := []string{"--smtp-host", "localhost", "--smtp-from", "a@kita.example"}
	for _, tc := range []struct {
		args []string
		name string
		want string
	}{
		{[]string{"--base-url", "https://kita.example:8443"}, "push-subject", "https://kita.example:8443"},
		{[]string{"--base-url", "https://localhost"}, "push-subject", "mailto:operator@morgenkreis.example"},
		{[]string{"--base-url", "http://[::1]:80"}, "base-url", "http://[::1]"},
		{smtp, "smtp-port", "587"},
		{append(smtp, "--smtp-tls", "tls"), "smtp-port", "465"},
		{append(smtp, "--smtp-tls", "none"), "smtp-port", "25"},
		{[]string{"--metrics-listen", "off"}, "metrics-listen", ""},
		{[]string{"--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0"}, "metrics-listen", "127.0.0.1:0"},
	} {
		c, _, err := load(tc.args, nil, nil)
		if err != nil {
			t.Errorf("%q: %v", tc.args, err)
			continue
		}
		s := settings[slices.IndexFunc(settings, func(s setting) bool { return s.name == tc.name })]
		if got := s.show(c); got != tc.want {
			t.Errorf("%q: %s is %q, want %q", tc.args, tc.name, got, tc.want)
		}
	}
	c, _, err := load([]string{"--data", "a", "--data="}, map[string]string{"MORGENKREIS_DATA": "b"}, nil)
	if err != nil || c.Data != "./data" {
		t.Errorf("an empty flag takes the default back: %q, %v", c.Data, err)
	}
}

func TestWrongSettingIsNamedWithWhatToWriteInstead(t *testing.T) {
	smtp := []string{"--smtp-host", "mail.example", "--smtp-from", "a@kita.example"}
	for _, tc := range []struct {
		args []string
		says []string
	}{
		{[]string{"--listen", "8080"}, []string{"--listen:", `"8080"`, "write --listen :8080 or MORGENKREIS_LISTEN=:8080"}},
		{[]string{"--listen", ":70000"}, []string{"--listen:", "1 to 65535"}},
		{[]string{"--listen", ":http"}, []string{"--listen:", "1 to 65535"}},
		{[]string{"--listen", "a b:1"}, []string{"--listen:", "name of a host"}},
		{[]string{"--base-url", "http://kita.example"}, []string{"--base-url:", "not https", "https://kita.example"}},
		{[]string{"--base-url", "http://localhost.kita.example"}, []string{"not https"}},
		{[]string{"--base-url", "kita.example"}, []string{"starts with https://"}},
		{[]string{"--base-url", "https://"}, []string{"starts with https://"}},
		{[]string{"--base-url", "ftp://kita.example"}, []string{"starts with https://"}},
		{[]string{"--base-url", "https://kita.example/app"}, []string{"more than a host"}},
		{[]string{"--base-url", "https://kita.example/?"}, []string{"more than a host"}},
		{[]string{"--base-url", "https://kita.example#x"}, []string{"more than a host"}},
		{[]string{"--base-url", "https://u:p@kita.example"}, []string{"more than a host"}},
		{[]string{"--base-url", "https://kita_1.example"}, []string{"name of a host"}},
		{[]string{"--base-url", "https://kita.example."}, []string{"name of a host"}},
		{[]string{"--base-url", "https://kita.example:99999"}, []string{"1 to 65535"}},
		{[]string{"--base-url", "https://kita"}, []string{"--push-subject, MORGENKREIS_PUSH_SUBJECT: is missing", "mailto:it@kita.example"}},
		{[]string{"--trust-proxy", "10.0.0.0/8,proxy"}, []string{"--trust-proxy:", `"proxy"`}},
		{[]string{"--trust-proxy", "0.0.0.0/0"}, []string{"everybody"}},
		{[]string{"--trust-proxy", "::/0"}, []string{"everybody"}},
		{[]string{"--database", "kita.db"}, []string{"--database:", "postgres://", "MORGENKREIS_DATABASE_FILE="}},
		{[]string{"--files", "gs://kita"}, []string{"--files:", "starts with s3://", "MORGENKREIS_FILES='s3://bucket/"}},
		{[]string{"--files", "s3://kita-files"}, []string{"neither an endpoint nor a region"}},
		{[]string{"--files", "s3://Kita_Files?region=x"}, []string{"not the name of a bucket"}},
		{[]string{"--files", "s3://kita-files/a//b?region=x"}, []string{"empty part"}},
		{[]string{"--files", "s3://kita-files/../b?region=x"}, []string{"one of dots"}},
		{[]string{"--files", "s3://kita-files?region=x&acl=public-read"}, []string{`"acl"`}},
		{[]string{"--files", "s3://kita-files?region=x#y"}, []string{"#"}},
		{[]string{"--files", "s3://kita-files?region=x/y"}, []string{"name of a region"}},
		{[]string{"--files", "s3://kita-files?endpoint=s3.example.org"}, []string{"does not start with https://"}},
		{[]string{"--files", "s3://kita-files?endpoint=https://s3.example.org/path"}, []string{"more than a host"}},
		{[]string{"--files", "s3://kita-files?endpoint=http://s3.example.org"}, []string{"readable through the network"}},
		{[]string{"--files", "s3://kita-files?endpoint=http://192.0.2.1:9000"}, []string{"readable through the network"}},
		{[]string{"--files", "s3://kita-files?region=x", "--files-access-key", "k"}, []string{"--files-secret-key, MORGENKREIS_FILES_SECRET_KEY: is missing", "_FILE="}},
		{[]string{"--files", "s3://kita-files?region=x", "--files-secret-key", "k"}, []string{"--files-access-key, MORGENKREIS_FILES_ACCESS_KEY: is missing"}},
		{[]string{"--demo=ja"}, []string{"--demo:", "neither true nor false", "--demo or MORGENKREIS_DEMO=true"}},
		{[]string{"--push-subject", "it@kita.example"}, []string{"--push-subject:", "mailto:"}},
		{[]string{"--push-subject", "mailto:mailto:it@kita.example"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "mailto:<it@kita.example>"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "mailto:it@localhost"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "mailto:it@kita.example?subject=x"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "https://localhost"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "https://192.0.2.1"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "https://*.kita.example"}, []string{"--push-subject:"}},
		{[]string{"--push-subject", "http://kita.example"}, []string{"--push-subject:"}},
		{[]string{"--push-hosts", "https://push.example.org"}, []string{"--push-hosts:", "name of a host"}},
		{[]string{"--push-hosts", "push.example.org:8443"}, []string{"--push-hosts:"}},
		{[]string{"--push-hosts", "192.0.2.1"}, []string{"--push-hosts:", "full name"}},
		{[]string{"--push-hosts", "*.org"}, []string{"--push-hosts:", "full name"}},
		{[]string{"--push-hosts", "push.*.org"}, []string{"--push-hosts:"}},
		{[]string{"--push-allow-loopback", "--base-url", "https://kita.example"}, []string{"--push-allow-loopback:", "leave it out"}},
		{[]string{"--smtp-from", "a@kita.example"}, []string{"--smtp-host, MORGENKREIS_SMTP_HOST: is missing"}},
		{[]string{"--smtp-tls", "tls"}, []string{"--smtp-host, MORGENKREIS_SMTP_HOST: is missing"}},
		{[]string{"--smtp-host", "mail.example"}, []string{"--smtp-from, MORGENKREIS_SMTP_FROM: is missing", "'Kita Sonnenschein <kita@kita.example>'"}},
		{append(smtp, "--smtp-user", "u"), []string{"--smtp-password, MORGENKREIS_SMTP_PASSWORD: is missing", "_FILE="}},
		{append(smtp, "--smtp-password", "p"), []string{"--smtp-user, MORGENKREIS_SMTP_USER: is missing"}},
		{append(smtp, "--smtp-tls", "none"), []string{"--smtp-tls:", "mail.example"}},
		{append(smtp, "--smtp-tls", "ssl"), []string{"--smtp-tls:", "none of starttls, tls, none"}},
		{append(smtp, "--smtp-port", "0"), []string{"--smtp-port:"}},
		{[]string{"--smtp-host", "mail.example", "--smtp-from", "Kita"}, []string{"--smtp-from:", "e-mail address"}},
		{[]string{"--metrics-listen", ":8080"}, []string{"--metrics-listen:", "is the address of --listen"}},
		{[]string{"--metrics-listen", "none"}, []string{"--metrics-listen:", "address:port"}},
		{[]string{"--log-format", "xml"}, []string{"--log-format:", "text, json"}},
		{[]string{"--log-level", "loud"}, []string{"--log-level:", "debug, info, warn, error"}},
		{[]string{"--shutdown-timeout", "20"}, []string{"--shutdown-timeout:", "1s to 10m"}},
		{[]string{"--shutdown-timeout", "0s"}, []string{"--shutdown-timeout:", "1s to 10m"}},
		{[]string{"--bse-url", "https://kita.example"}, []string{"--bse-url: there is no such flag", "--help"}},
		{[]string{"--bse-url=https://kita.example"}, []string{"--bse-url: there is no such flag"}},
		{[]string{"--listen"}, []string{"--listen: flag needs an argument"}},
	} {
		_, _, err := load(tc.args, nil, nil)
		var faults Faults
		if !errors.As(err, &faults) || len(faults) != 1 {
			t.Errorf("%q: want one fault, got %v", tc.args, err)
			continue
		}
		for _, says := range tc.says {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q: does not say %q:\n%v", tc.args, says, err)
			}
		}
	}
}

func TestAllFaultsAreNamedAtOnce(t *testing.T) {
	_, _, err := load(
		[]string{"--listen", "x", "--nonsense", "1", "--log-level", "loud", "--rubbish"},
		map[string]string{"MORGENKREIS_BASE_URL": "http://kita.example", "MORGENKREIS_SMTP_PASSWORD_FILE": "/gone"}, nil)
	if err == nil {
		t.Fatal("no fault seen")
	}
	for _, says := range []string{"6 settings are wrong", "--listen:", "--nonsense:", "--rubbish:", "--log-level:",
		"MORGENKREIS_BASE_URL:", "MORGENKREIS_SMTP_PASSWORD_FILE: the file can not be read: open /gone"} {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("does not say %q:\n%v", says, err)
		}
	}
}

func TestSecretsAreNeverShown(t *testing.T) {
	canary := "hunter2"
	args := []string{"--smtp-host", "mail.example", "--smtp-from", "a@kita.example", "--smtp-user", "u"}
	env := map[string]string{
		"MORGENKREIS_SMTP_PASSWORD_FILE": "/run/secrets/smtp",
		"MORGENKREIS_DATABASE":           "postgres://u:" + canary + "@db/kita?sslmode=disable",
		"MORGENKREIS_FILES":              "s3://kita-files?region=eu-1",
		"MORGENKREIS_FILES_ACCESS_KEY":   "AKIA",
		"MORGENKREIS_FILES_SECRET_KEY":   canary,
	}
	c, _, err := load(args, env, map[string]string{"/run/secrets/smtp": canary + "\n"})
	if err != nil {
		t.Fatal(err)
	}
	if c.SMTP.Password.Reveal() != canary || c.Database.Reveal() != env["MORGENKREIS_DATABASE"] || c.attachments().SecretKey != canary {
		t.Error("the secrets are not what was given")
	}
	var shown bytes.Buffer
	c.Print(&shown)
	fmt.Fprintf(&shown, "%v %+v", c, c)
	slog.New(slog.NewTextHandler(&shown, nil)).Info("start", "config", c, "password", c.SMTP.Password)
	slog.New(slog.NewJSONHandler(&shown, nil)).Info("start", "config", c, "database", c.Database, "files", c.Files)
	if err := json.NewEncoder(&shown).Encode(c); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"mysql://u:hunter2@db/kita", "postgres://u:hunter2/x@db/kita", "postgres://u:hunter2@db:port/kita",
		"postgres://u:a%hunter2@db/kita", "postgres://db/kita?password=hunter2&sslmode=hunter2",
		"s3://k:hunter2@bucket?region=x", "s3://k:hun%ter2hunter2@bucket?region=x", "s3://bucket?endpoint=https://k:hunter2@s3.example.org",
		"s3://bucket?region=x&secret=hunter2",
	} {
		flag := "--database"
		if strings.HasPrefix(bad, "s3:") {
			flag = "--files"
		}
		_, _, err := load([]string{flag, bad}, nil, nil)
		if err == nil {
			t.Errorf("%s is accepted", bad)
			continue
		}
		fmt.Fprintln(&shown, err)
	}
	if strings.Contains(shown.String(), canary) {
		t.Errorf("a secret is shown:\n%s", &shown)
	}
}

func TestArgumentsAndFlagsMayStandInAnyOrder(t *testing.T) {
	for _, tc := range []struct {
		args, rest []string
		dryRun     bool
	}{
		{[]string{"list.csv", "--dry-run", "--data", "d"}, []string{"list.csv"}, true},
		{[]string{"--data", "d", "list.csv", "more"}, []string{"list.csv", "more"}, false},
		{[]string{"--data", "d", "a", "--", "--dry-run"}, []string{"a", "--dry-run"}, false},
		{[]string{"--data", "d"}, nil, false},
	} {
		var dryRun bool
		c, rest, err := LoadConfig(tc.args, func(string) string { return "" }, os.ReadFile,
			func(fs *flag.FlagSet) { fs.BoolVar(&dryRun, "dry-run", false, "") })
		if err != nil || c.Data != "d" || dryRun != tc.dryRun || !slices.Equal(rest, tc.rest) {
			t.Errorf("%q: data %q, dry-run %v, rest %q, %v", tc.args, c.Data, dryRun, rest, err)
		}
	}
	if _, _, err := load([]string{"x", "--help"}, nil, nil); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help: %v", err)
	}
}

func TestHelpNamesEveryWay(t *testing.T) {
	var help strings.Builder
	Config{}.Usage(&help)
	for _, s := range settings {
		if !strings.Contains(help.String(), s.flag()) || !strings.Contains(help.String(), s.env()) {
			t.Errorf("%s is not in the help", s.name)
		}
	}
}

// The table in the manual is this list, so that it can not grow old.
func TestManualListsEverySetting(t *testing.T) {
	var table strings.Builder
	table.WriteString("| flag | environment | default | what it is |\n|---|---|---|---|\n")
	for _, s := range settings {
		def := ""
		if s.def != "" {
			def = "`" + s.def + "`"
		}
		fmt.Fprintf(&table, "| `%s` | `%s` | %s | %s |\n", strings.TrimSpace(s.flag()+" "+s.arg), s.env(), def, s.usage)
	}
	manual, err := os.ReadFile("../../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(manual), table.String()) {
		t.Errorf("docs/operating.md has another list of settings than the program; it should be:\n%s", &table)
	}
}
