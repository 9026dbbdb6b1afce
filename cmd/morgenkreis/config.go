package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store/files"
)

// Config is everything an operator can set, read once and checked before anything starts.
// What is in it is valid and complete: nobody behind LoadConfig checks a setting again or fills in a default.
type Config struct {
	Listen        string   // host:port of the HTTP server; an empty host means every address
	MetricsListen string   // host:port that answers /metrics; empty: no metrics
	BaseURL       *url.URL // the origin people open, no path; https, except on loopback
	TrustProxy    []*net.IPNet
	Data          string // the folder of the database file, the files and the keys
	Database      Secret // a postgres:// address; empty: SQLite in Data
	Files         files.Place
	FilesKey      string // the access key of Files, when that is a bucket
	FilesSecret   Secret
	Demo          bool

	PushSubject string             // the VAPID subject (RFC 8292, section 2.1), an https: or mailto: address
	PushHosts   kita.EndpointHosts // AllowLoopback only when BaseURL is on loopback

	SMTP SMTPConfig

	LogFormat       string // text or json
	LogLevel        slog.Level
	DrainTime       time.Duration // how long the server goes on answering when it is told to stop; 0: not at all
	ShutdownTimeout time.Duration

	sources map[string]string // setting name → where its value came from
}

// SMTPConfig is the way e-mail leaves the house. An empty Host means that it does not.
type SMTPConfig struct {
	Host     string
	Port     int
	User     string // empty: no sign-in; never without Password
	Password Secret
	From     string // an RFC 5322 mailbox, with or without a name
	TLS      string // starttls, tls, or none (loopback hosts only)
}

// Secret is a value that is never shown: printed, logged or marshalled it only tells whether it is set.
type Secret string

// Reveal is the value itself.
func (s Secret) Reveal() string { return string(s) }

// String is "set" or "not set".
func (s Secret) String() string {
	if s == "" {
		return "not set"
	}
	return "set"
}

// MarshalText keeps the value out of JSON and of slog's handlers as well.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Fault is one wrong or missing setting.
type Fault struct {
	Setting string // as the operator wrote it: --base-url, MORGENKREIS_BASE_URL
	Problem string // what is wrong, never with the value of a secret
	Instead string // what to write; may be empty
}

// Faults is every wrong or missing setting at once, so that an operator mends them in one go.
type Faults []Fault

func (fs Faults) Error() string {
	var b strings.Builder
	b.WriteString("1 setting is wrong:")
	if len(fs) > 1 {
		b.Reset()
		fmt.Fprintf(&b, "%d settings are wrong:", len(fs))
	}
	for _, f := range fs {
		fmt.Fprintf(&b, "\n  %s: %s", f.Setting, f.Problem)
		if f.Instead != "" {
			fmt.Fprintf(&b, "\n      write %s", f.Instead)
		}
	}
	return b.String()
}

// LoadConfig fills a Config: for each setting from its flag, else from MORGENKREIS_NAME, else from the file that
// MORGENKREIS_NAME_FILE names, else from the default; an empty value
// counts as none, and an empty flag takes the default back. It returns the arguments that
// are not flags, which may stand anywhere (after "--" everything is one). own adds the flags of a single command
// to the set. The error is Faults with everything that is wrong, or flag.ErrHelp when help is asked for.
func LoadConfig(args []string, getenv func(string) string, readFile func(string) ([]byte, error),
	own ...func(*flag.FlagSet)) (Config, []string, error) {
	flags := flag.NewFlagSet("morgenkreis", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	given := map[string]string{}
	for _, s := range settings {
		keep := func(v string) error { given[s.name] = v; return nil }
		if s.arg == "" {
			flags.BoolFunc(s.name, s.usage, keep)
		} else {
			flags.Func(s.name, s.usage, keep)
		}
	}
	for _, add := range own {
		add(flags)
	}
	rest, faults, err := parseFlags(flags, args)
	if err != nil {
		return Config{}, nil, err
	}

	c := Config{DrainTime: -1, sources: map[string]string{}}
	wrong := map[string]bool{}
	for _, s := range settings {
		value, source, err := s.lookup(given, getenv, readFile)
		c.sources[s.name] = source
		if err == nil && value != "" {
			err = s.parse(&c, value)
		}
		if err != nil {
			wrong[s.name] = true
			faults = append(faults, Fault{Setting: source, Problem: err.Error(), Instead: s.instead()})
		}
	}
	faults = append(faults, c.settle(wrong)...)
	if len(faults) > 0 {
		return Config{}, nil, faults
	}
	return c, rest, nil
}

// parseFlags reads flags wherever they stand among args. After a flag that is not known it goes on behind it
// and whatever may have been meant as its value, so that the next one is named too.
func parseFlags(flags *flag.FlagSet, args []string) (rest []string, faults Faults, err error) {
	for len(args) > 0 {
		err := flags.Parse(args)
		if errors.Is(err, flag.ErrHelp) {
			return nil, nil, err
		}
		read := len(args) - flags.NArg()
		if err != nil {
			faults = append(faults, flagFault(args[:read], err))
			for args = flags.Args(); len(args) > 0 && !strings.HasPrefix(args[0], "-"); {
				args = args[1:]
			}
			continue
		}
		ended := read > 0 && args[read-1] == "--"
		args = flags.Args()
		if ended {
			return append(rest, args...), faults, nil
		}
		if len(args) > 0 {
			rest, args = append(rest, args[0]), args[1:]
		}
	}
	return rest, faults, nil
}

// flagFault puts the flag package's complaint about the last flag of read into our words.
func flagFault(read []string, err error) Fault {
	at := len(read) - 1
	for at > 0 && !strings.HasPrefix(read[at], "-") {
		at--
	}
	name, _, _ := strings.Cut(read[at], "=")
	f := Fault{Setting: name, Problem: err.Error(), Instead: "a value behind it"}
	if strings.HasPrefix(f.Problem, "flag provided but not defined") {
		f.Problem, f.Instead = "there is no such flag", "only flags that --help lists"
	}
	return f
}

// lookup finds the setting's value and says where it stood.
func (s setting) lookup(given map[string]string, getenv func(string) string,
	readFile func(string) ([]byte, error)) (value, source string, err error) {
	if v, ok := given[s.name]; ok {
		return cmp.Or(v, s.def), s.flag(), nil
	}
	if v := getenv(s.env()); v != "" {
		return v, s.env(), nil
	}
	if path := getenv(s.env() + "_FILE"); path != "" {
		b, err := readFile(path)
		if err != nil {
			return "", s.env() + "_FILE", fmt.Errorf("the file can not be read: %w", err)
		}
		// Editors and echo end a file with a line break that nobody means as part of a password.
		if v := strings.TrimRight(string(b), "\r\n"); v != "" {
			return v, s.env() + "_FILE", nil
		}
	}
	return s.def, "default", nil
}

// attachments is where the attachments are, with the keys to it: in the data folder, unless Files says otherwise.
func (c Config) attachments() files.Place {
	p := c.Files
	if p == (files.Place{}) {
		p.Folder = filepath.Join(c.Data, filesName)
	}
	p.AccessKey, p.SecretKey = c.FilesKey, c.FilesSecret.Reveal()
	return p
}

// Print writes one line per setting: name, value in force, where it came from. Of secrets it tells only whether
// they are set.
func (c Config) Print(w io.Writer) {
	for _, s := range settings {
		value := s.show(c)
		if value == "" {
			value = "–"
		}
		fmt.Fprintf(w, "%-21s %-40s (%s)\n", s.name, value, c.sources[s.name])
	}
}

// Usage writes the list of settings for --help.
func (Config) Usage(w io.Writer) {
	for _, s := range settings {
		fmt.Fprintf(w, "  %s\n      %s\n      %s", strings.TrimSpace(s.flag()+" "+s.arg), s.usage, s.env())
		if s.def != "" && s.arg != "" {
			fmt.Fprintf(w, ", default %s", s.def)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "\nA flag wins over the environment. MORGENKREIS_…_FILE names a file that holds the value: the way for secrets.\n")
}
