// Command bench measures what must not get slow, each figure as a ratio to a baseline measured beside it in the same run:
// a guardian's list with 50 and with 5,000 kitas in the database, publishing to 200 guardians, and pushing: to 20,000
// devices, an urgent notice while 100,000 pushes wait, and from two nodes; with -evening a million deliveries; and what it costs
// that 2,000 phones listen. It prints a table, and ends with status 1 when an expectation is missed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"morgenkreis/store/storetest"
)

func main() {
	if len(os.Args) == 6 && os.Args[1] == serviceCommand {
		n, err := strconv.Atoi(os.Args[3])
		latency, bad := time.ParseDuration(os.Args[4])
		streams, worse := strconv.Atoi(os.Args[5])
		if err := errors.Join(err, bad, worse); err != nil {
			end(err)
		}
		end(servePushes(os.Args[2], n, latency, streams))
	}
	if len(os.Args) == 2 && os.Args[1] == nodeCommand {
		slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
		end(serveNode(context.Background()))
	}
	if len(os.Args) == 4 && os.Args[1] == streamCommand {
		slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
		end(serveStreams(context.Background(), os.Args[2], os.Args[3]))
	}
	small := flag.Bool("quick", false, "measure less: a look within a minute or two, for machines that check every change")
	pushes := flag.Bool("pushes", false, "measure the pushes alone")
	pages := flag.Bool("pages", false, "measure lists, days and publishing alone, in houses of 50, 500 and 5,000 kitas")
	wall := flag.Bool("wall", false, "measure what row-level security costs, and nothing else")
	urgent := flag.Bool("urgent", false, "measure alone how long an urgent notice takes while 100,000 ordinary pushes wait")
	nodes := flag.Bool("nodes", false, "measure alone what a second node adds (PostgreSQL)")
	streams := flag.Bool("streams", false, "measure alone what it costs that 2,000 phones listen at two nodes (PostgreSQL)")
	evening := flag.Bool("evening", false, "measure alone a million deliveries of one evening, three times: memory, and speed at the end; takes some twenty minutes for each engine")
	figures := flag.String("figures", "", "keep what docs/scaling.md is made of in this file")
	country := flag.String("country", "", "measure nothing: say what the figures of this file mean for a kita, a city and a country")
	into := flag.String("into", "", "with -country: put it into this document")
	kitas := flag.String("kitas", "", "the sizes of the houses that are compared, the smallest first, as in 50,500")
	engine := flag.String("engine", "", "measure on sqlite or on postgres alone")
	flag.Parse()
	if *engine != "" && *engine != "sqlite" && *engine != "postgres" {
		end(fmt.Errorf("there is no engine %q: sqlite or postgres", *engine))
	}
	// The server writes its log as ever; nobody reads it here.
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	z := full
	if *small {
		z = quick
	}
	z.pagesOnly, z.wallOnly, z.only = *pages, *wall, *engine
	for name, alone := range map[string]bool{"pushes": *pushes, "urgent": *urgent, "nodes": *nodes, "streams": *streams, "evening": *evening} {
		if alone {
			z.sending = append(z.sending, name)
		}
	}
	if err := z.resize(*kitas); err != nil {
		end(err)
	}
	if *country != "" {
		if *into != "" {
			end(writeScaling(*into, *country))
		}
		end(printScaling(os.Stdout, *country))
	}
	end(z.bench(ctx, *figures))
}

// resize takes other sizes for the houses; empty leaves them.
func (z *size) resize(kitas string) error {
	if kitas == "" {
		return nil
	}
	z.kitas = nil
	for _, text := range strings.Split(kitas, ",") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > 9999 {
			return fmt.Errorf("-kitas: %q is no number from 1 to 9999", text)
		}
		z.kitas = append(z.kitas, n)
	}
	return nil
}

func end(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// bench measures on SQLite and, where it is installed, on PostgreSQL. The costs are kept in a file where one is named.
func (z size) bench(ctx context.Context, kept string) (err error) {
	f, err := readFigures(kept)
	if err != nil {
		return err
	}
	folder, err := os.MkdirTemp("", "morgenkreis-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	if err := z.fits(folder); err != nil {
		return err
	}
	t, err := writeTemplate(ctx, folder)
	if err != nil {
		return err
	}
	missed := 0
	for _, on := range []struct {
		engine  string
		measure func(context.Context, *report, *figuresFile, *template, string) error
	}{{"sqlite", z.onSQLite}, {"postgres", z.onPostgres}} {
		if z.only != "" && z.only != on.engine {
			continue
		}
		var r report
		if err := on.measure(ctx, &r, f, t, folder); err != nil {
			return err
		}
		// A table for each engine: what is measured is not lost with what comes after it.
		n, err := r.print(os.Stdout)
		if err != nil {
			return err
		}
		missed += n
		f.judge(&r)
		if kept != "" {
			if err := f.write(kept); err != nil {
				return err
			}
		}
	}
	if missed > 0 {
		return fmt.Errorf("expectations missed: %d", missed)
	}
	return nil
}

// fits tells whether there is room for the databases in folder.
func (z size) fits(folder string) error {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return err
	}
	if free := disk.Bavail * uint64(disk.Bsize); free < z.room {
		return fmt.Errorf("%s has %d GB left, and %d are needed: set TMPDIR to a folder with more, or use --quick", os.TempDir(), free>>30, z.room>>30)
	}
	return nil
}

func (z size) onSQLite(ctx context.Context, r *report, f *figuresFile, t *template, folder string) error {
	own, err := os.MkdirTemp(folder, "")
	if err != nil {
		return err
	}
	s := suite{size: z, engine: "sqlite", report: r, figures: f, template: t, folder: folder,
		create: func(name string) (database, error) { return database{path: filepath.Join(own, name+".db")}, nil },
		fast:   func() (func() error, error) { return func() error { return nil }, nil }} // each connection says so for itself
	return errors.Join(s.run(ctx), os.RemoveAll(own)) // PostgreSQL needs the room
}

func (z size) onPostgres(ctx context.Context, r *report, f *figuresFile, t *template, folder string) error {
	server, err := storetest.StartServer("shared_buffers=1GB", "max_wal_size=8GB", "wal_level=minimal", "max_wal_senders=0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "PostgreSQL is left out:", err)
		return nil
	}
	databaseTime = server.CPU
	s := suite{size: z, engine: "postgres", report: r, figures: f, template: t, folder: folder,
		create: func(string) (database, error) {
			url, err := server.NewDatabase()
			return database{url: url}, err
		},
		fast: func() (func() error, error) { return careless(ctx, server) }}
	return errors.Join(s.run(ctx), server.Stop())
}
