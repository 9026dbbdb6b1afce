package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"morgenkreis/store"
)

// level is how a check ended. Only fail is a reason to get up at night.
type level string

const (
	levelFine level = "ok"
	levelWarn level = "warn"
	levelFail level = "fail"
)

// finding is what one check found, and what to do about it.
type finding struct {
	Check string `json:"check"`
	Level level  `json:"level"`
	Says  string `json:"says"`
	Do    string `json:"do,omitempty"`
}

// doctor looks a house over, beside a running server or without one. It changes nothing.
type doctor struct {
	config   Config
	clock    func() time.Time
	room     func(folder string) (room, error)
	roots    *x509.CertPool // nil: those this machine trusts
	services []pushService
}

func doctorCommand(ctx context.Context, args []string, out, _ io.Writer) error {
	var asJSON, settingsOnly bool
	c, rest, err := LoadConfig(args, os.Getenv, os.ReadFile, func(f *flag.FlagSet) {
		f.BoolVar(&asJSON, "json", false, "write the findings as JSON, for programs")
		f.BoolVar(&settingsOnly, "config", false, "print the settings in force and where they come from, and check nothing")
	})
	if err != nil {
		return err
	}
	if len(rest) > 0 || asJSON && settingsOnly {
		return errors.New("doctor takes settings, and --json or --config")
	}
	if settingsOnly {
		c.Print(out)
		return nil
	}
	d := doctor{config: c, clock: time.Now, room: roomIn, services: pushServices(c.PushHosts)}
	return report(out, d.examine(ctx), asJSON)
}

// report writes the findings. The error says how many failed, so that the exit status is 1 then, and 0 with warnings.
func report(out io.Writer, all []finding, asJSON bool) error {
	failed := 0
	for _, f := range all {
		if f.Level == levelFail {
			failed++
		}
	}
	var err error
	if asJSON {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		err = e.Encode(map[string]any{"version": version, "healthy": failed == 0, "checks": all})
	} else {
		for _, f := range all {
			mark := string(f.Level)
			if f.Level == levelFail {
				mark = "FAIL"
			}
			line := fmt.Sprintf("%-4s  %-12s %s", mark, f.Check, f.Says)
			if f.Do != "" {
				line += " → " + f.Do
			}
			if _, err = fmt.Fprintln(out, line); err != nil {
				break
			}
		}
	}
	if err == nil && failed > 0 {
		err = fmt.Errorf("%d of %d checks failed", failed, len(all))
	}
	return err
}

// examine makes all checks; those that wait for the network do so side by side. The order is always the same.
func (d doctor) examine(ctx context.Context) (all []finding) {
	all = append(all, d.checkFolder(), d.checkDisk())
	r, f := d.openDatabase(ctx)
	all = append(all, f)
	var devices map[string]int
	if r != nil {
		all = append(all, d.checkHouse(ctx, r)...)
		var err error
		if devices, err = r.Devices(ctx); err != nil {
			all = append(all, unreadable("push", err))
		}
		if err := r.Close(); err != nil {
			all = append(all, unreadable("database", err))
		}
	}
	var network sync.WaitGroup
	var attachments, address, push, mail []finding
	network.Go(func() { attachments = d.checkFiles(ctx) })
	network.Go(func() { address = d.checkAddress(ctx) })
	network.Go(func() { push = d.checkPush(ctx, devices) })
	network.Go(func() { mail = []finding{d.checkMail(ctx)} })
	network.Wait()
	all = slices.Concat(all, attachments, address, push, mail)
	for i := range all {
		all[i].Says = strings.Join(strings.Fields(all[i].Says), " ") // some errors are written on several lines
	}
	return all
}

// openDatabase looks whether there is a database that this program can work with, and whether it holds together.
func (d doctor) openDatabase(ctx context.Context) (*store.SystemReader, finding) {
	const check = "database"
	path := filepath.Join(d.config.Data, databaseName)
	r, err := store.SystemRead(ctx, store.Options{Path: path, URL: d.config.Database.Reveal(), Clock: d.clock})
	if errors.Is(err, store.ErrNoDatabase) {
		return nil, finding{check, levelFail, err.Error(), "name the folder that the server uses with --data or MORGENKREIS_DATA; a first start of the server makes a new one"}
	}
	if err != nil {
		return nil, finding{check, levelFail, err.Error(), "see whether the database runs and whether this user may open it"}
	}
	if f := schemaFinding(r.SchemaVersion(ctx)); f.Level != levelFine {
		if err := r.Close(); err != nil {
			f.Says += "; " + err.Error()
		}
		return nil, f
	}
	if err := r.Arrived(ctx); err != nil {
		return r, finding{check, levelFail, err.Error(), "stop whatever is at work on the old database, and run morgenkreis migrate again"}
	}
	found, err := r.Integrity(ctx)
	if err != nil {
		found = err.Error()
	}
	if found != "" {
		return r, finding{check, levelFail, "damaged: " + found, "stop the server, keep a copy of the folder, restore the last backup, and look at the disk (smartctl, dmesg)"}
	}
	where := path
	if d.config.Database != "" {
		where = "PostgreSQL"
	}
	return r, finding{check, levelFine, fmt.Sprintf("%s holds together, schema version %d", where, store.SchemaVersion), ""}
}

// schemaFinding looks at the version of the schema. On another one than ours, no other check can be made.
func schemaFinding(version int, err error) finding {
	const check = "database"
	says := fmt.Sprintf("the schema has version %d, this program needs %d", version, store.SchemaVersion)
	switch {
	case err != nil:
		return finding{check, levelFail, err.Error(), "restore the last backup"}
	case version > store.SchemaVersion:
		return finding{check, levelFail, says, "use the newer program that was at work on it, or restore the backup from before"}
	case version < store.SchemaVersion:
		return finding{check, levelWarn, says, "make a backup and start the server, which carries it on"}
	}
	return finding{Check: check, Level: levelFine}
}
