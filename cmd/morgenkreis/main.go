// Command morgenkreis is the server of Morgenkreis and the operator's tool for it.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"morgenkreis/handlers"
)

// version is set by the linker.
var version = "dev"

// clock is the server's. Tests set another one, never the program.
var clock = time.Now

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "morgenkreis:", err)
		os.Exit(1)
	}
}

// command is one word of the command line.
type command struct {
	name, arguments, what string
	run                   func(ctx context.Context, args []string, out, errOut io.Writer) error
}

// commands in the order in which an operator meets them.
func commands() []command {
	return []command{
		{"serve", "[settings]", "run the server; with --demo, show a made-up kita", serveCommand},
		{"import", "FILE", "bring in a kita's own list of children and guardians (CSV or XLSX)", importCommand},
		{"invite", "[LOGIN]", "print the set-up link, or one that renews a password", inviteCommand},
		{"backup", "FILE", "copy the running house into one archive", backupCommand},
		{"restore", "FILE", "unpack an archive into an empty data folder, checked first", restoreCommand},
		{"migrate", "--to ADDRESS", "move the house from SQLite to PostgreSQL, or back", migrateCommand},
		{"files", "--to PLACE", "copy the attachments to another folder or bucket, each looked through", filesCommand},
		{"doctor", "[--json | --config]", "look the house over: one line a check, exit status for scripts", doctorCommand},
		{"openapi", "", "print the description of the API (OpenAPI 3.1)", openapiCommand},
		{"health", "[--listen]", "ask the server on this machine whether it lives", healthCommand},
		{"version", "", "print the version", versionCommand},
	}
}

func run(ctx context.Context, args []string, out, errOut io.Writer) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "--help"}, args[0]) {
		return usage(out)
	}
	for _, c := range commands() {
		if c.name != args[0] {
			continue
		}
		err := c.run(ctx, args[1:], out, errOut)
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintf(out, "morgenkreis %s %s: %s\n\n", c.name, c.arguments, c.what)
			Config{}.Usage(out)
			return nil
		}
		return err
	}
	return fmt.Errorf("there is no command %q; see morgenkreis help", args[0])
}

func usage(out io.Writer) error {
	fmt.Fprintln(out, "Morgenkreis: what a kita and its parents tell each other.\n\nusage: morgenkreis COMMAND [arguments]")
	for _, c := range commands() {
		fmt.Fprintf(out, "  %-28s %s\n", c.name+" "+c.arguments, c.what)
	}
	_, err := fmt.Fprintln(out, "\nmorgenkreis serve --help lists all settings.")
	return err
}

func versionCommand(_ context.Context, _ []string, out, _ io.Writer) error {
	_, err := fmt.Fprintln(out, "morgenkreis", version)
	return err
}

func healthCommand(ctx context.Context, args []string, _, _ io.Writer) error {
	c, _, err := LoadConfig(args, os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	return health(ctx, c.Listen)
}

// openapiCommand needs no database: the description follows from the handlers' types.
func openapiCommand(_ context.Context, _ []string, out, _ io.Writer) error {
	doc, err := handlers.OpenAPI(version)
	if err != nil {
		return err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, doc, "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, pretty.String())
	return err
}

func serveCommand(ctx context.Context, args []string, out, _ io.Writer) error {
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile)
	if err != nil {
		return err
	}
	if len(rest) > 0 {
		return fmt.Errorf("serve takes settings only, not %q", rest[0])
	}
	startLog(c, os.Stderr)
	h, err := build(ctx, c)
	if err != nil {
		return err
	}
	return errors.Join(h.run(ctx, out), h.store.Close())
}

// startLog has slog write events as the configuration says.
func startLog(c Config, w io.Writer) {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	var h slog.Handler = slog.NewTextHandler(w, o)
	if c.LogFormat == "json" {
		h = slog.NewJSONHandler(w, o)
	}
	slog.SetDefault(slog.New(h))
}

// health asks the server that listens on this machine whether it lives; within 4 seconds.
func health(ctx context.Context, listen string) error {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return err
	}
	switch host {
	case "", "0.0.0.0":
		host = "127.0.0.1"
	case "::":
		host = "::1"
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/healthz", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", request.URL, answer.Status)
	}
	return nil
}
