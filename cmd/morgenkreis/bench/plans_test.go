package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jmoiron/sqlx"

	"morgenkreis/store/storetest"
)

// tooMany rows for one step of a statement of a page: what a kita or a page has is less, what a house has is more.
const tooMany = 2000

// tooManyPages for one step, beside some for each row: an index of all that there is of a house is a few pages high.
const tooManyPages = 128

// A page that reads what it does not show is quick in a demo and slow in a city. What PostgreSQL says that it did is looked at, for
// every statement of a guardian's list, of the team's day and of publishing: in a house of 40 kitas in which a child has been told of in
// 10,000 notices no step may read more than a kita has.
func TestNoPageReadsMoreThanItsKita(t *testing.T) {
	const kitas = 40
	ctx := t.Context()
	village, err := writeTemplate(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	server, err := storetest.StartServer("fsync=off", "full_page_writes=off", "logging_collector=on", "log_filename=plans", "log_line_prefix=",
		"log_min_messages=log", "log_checkpoints=off", "log_autovacuum_min_duration=-1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	})
	address, err := server.NewDatabase()
	if err != nil {
		t.Fatal(err)
	}
	d := database{url: address}
	if err := errors.Join(d.fill(ctx, village, kitas), d.writeHistory(ctx, village, kitas), d.analyse(ctx)); err != nil {
		t.Fatal(err)
	}
	// From here on each statement is told, with what each of its steps has read. A table of forty rows PostgreSQL reads through, rightly;
	// that this is no choice among others is seen when it may not.
	d.url += "&" + url.Values{"session_preload_libraries": {"auto_explain"}, "auto_explain.log_min_duration": {"0"}, "auto_explain.log_analyze": {"on"},
		"auto_explain.log_timing": {"off"}, "auto_explain.log_buffers": {"on"}, "enable_seqscan": {"off"}, "auto_explain.log_format": {"json"}}.Encode()
	h, err := open(ctx, d.options(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := live(ctx, h, village, kitas); err != nil {
		t.Error(err)
	}
	log, err := d.dataFolder(ctx)
	if err := errors.Join(err, h.close()); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(log, "log", "plans"))
	if err != nil {
		t.Fatal(err)
	}
	plans := strings.Split(string(raw), "  plan:\n")[1:]
	if len(plans) < 100 {
		t.Fatalf("only %d statements were told", len(plans))
	}
	told := map[string]bool{}
	for _, text := range plans {
		var p struct {
			Query string   `json:"Query Text"`
			Plan  planStep `json:"Plan"`
		}
		if err := json.NewDecoder(strings.NewReader(text)).Decode(&p); err != nil {
			t.Fatal(err, text)
		}
		if found := p.Plan.readsTooMuch(); found != "" && !told[p.Query] {
			told[p.Query] = true
			t.Errorf("%s\nin %s\n%s", found, p.Query, text)
		}
	}
}

// live opens lists, long and short, and days, and publishes.
func live(ctx context.Context, h *house, village *template, kitas int) error {
	short, err := h.guardians(ctx, village, kitas-1, 10)
	if err != nil {
		return err
	}
	have, haveNot := village.readers(kitas)
	long, err := h.signInAll(ctx, append(have, haveNot...))
	if err != nil {
		return err
	}
	team, err := h.onDuty(ctx, village, kitas, 2)
	if err != nil {
		return err
	}
	desk, err := h.desk(ctx)
	if err != nil {
		return err
	}
	// Often enough for the plans that PostgreSQL keeps after five times.
	for range 8 {
		if err := errors.Join(h.checkFeed(short), h.checkFeed(long), h.checkToday(team)); err != nil {
			return err
		}
		if _, err := desk.publish(); err != nil {
			return err
		}
	}
	return nil
}

func (d database) analyse(ctx context.Context) error {
	db, err := sqlx.ConnectContext(ctx, "pgx", d.url)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "vacuum analyze")
	return errors.Join(err, db.Close())
}

func (d database) dataFolder(ctx context.Context) (folder string, err error) {
	db, err := sqlx.ConnectContext(ctx, "pgx", d.url)
	if err != nil {
		return "", err
	}
	err = db.GetContext(ctx, &folder, "show data_directory")
	return folder, errors.Join(err, db.Close())
}

// planStep is a node of EXPLAIN (ANALYZE, FORMAT JSON).
type planStep struct {
	Node     string     `json:"Node Type"`
	Of       string     `json:"Relation Name"`
	Index    string     `json:"Index Name"`
	Disabled bool       `json:"Disabled"`
	Cost     float64    `json:"Total Cost"`
	Rows     float64    `json:"Actual Rows"` // each time, as all numbers here
	Removed  float64    `json:"Rows Removed by Filter"`
	Recheck  float64    `json:"Rows Removed by Index Recheck"`
	Joined   float64    `json:"Rows Removed by Join Filter"`
	Loops    float64    `json:"Actual Loops"`
	Hit      float64    `json:"Shared Hit Blocks"` // of all times, and with the steps below, as all blocks
	Read     float64    `json:"Shared Read Blocks"`
	Plans    []planStep `json:"Plans"`
}

// readsTooMuch names the first step that has looked at more than tooMany rows; empty when there is none.
func (s planStep) readsTooMuch() string {
	if s.Node == "Seq Scan" && (s.Disabled || s.Cost > 1e9) { // as PostgreSQL 18 says it, and those before
		return "Seq Scan of " + s.Of
	}
	if n := s.Rows + s.Removed + s.Recheck + s.Joined; n > tooMany {
		return fmt.Sprintf("%s of %s %s reads %.0f rows", s.Node, s.Of, s.Index, n)
	}
	// What is looked for in an index by its last column is found in the end, and no row says how much of the index was read for it.
	// What is done once may be the first to ask for the sets of the wall, whose pages are then counted here.
	if pages := s.pages() / max(s.Loops, 1); s.Loops > 1 && strings.Contains(s.Node, "Scan") && pages > tooManyPages+4*(s.Rows+s.Removed+s.Recheck) {
		return fmt.Sprintf("%s of %s %s reads %.0f pages for %.0f rows", s.Node, s.Of, s.Index, pages, s.Rows)
	}
	for _, p := range s.Plans {
		if found := p.readsTooMuch(); found != "" {
			return found
		}
	}
	return ""
}

// pages are those that the step itself has read.
func (s planStep) pages() float64 {
	own := s.Hit + s.Read
	for _, p := range s.Plans {
		own -= p.Hit + p.Read
	}
	return own
}
