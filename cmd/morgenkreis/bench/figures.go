package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"time"
)

// cost is what one of something took, in microseconds: by the clock with nothing beside it, of the processors for this program, and
// for PostgreSQL.
type cost struct {
	Wall     float64 `json:"wall_us"`
	CPU      float64 `json:"cpu_us"`
	Database float64 `json:"database_us,omitempty"`
}

// measured is what the simulation needs to know of an engine, at the largest house that was measured.
type measured struct {
	Kitas int             `json:"kitas,omitempty"`
	Costs map[string]cost `json:"costs"`
	// NoticeBytes is what a notice to a kita takes in the database for good, with its recipients and their children.
	NoticeBytes float64 `json:"notice_bytes,omitempty"`
	// Ratios are what the bench expects something of.
	Ratios []ratio `json:"ratios,omitempty"`
}

// ratio is a line of the report, as it is kept.
type ratio struct {
	Part     string `json:"part"`
	What     string `json:"what"`
	Ratio    string `json:"ratio"` // the middle, with the least and the greatest where there are several
	To       string `json:"to"`
	Expected string `json:"expected"`
	Met      bool   `json:"met"`
}

// figuresFile is what a run leaves for docs/scaling.md. A later run replaces what it measured itself.
type figuresFile struct {
	Cores   int                  `json:"cores"`
	Go      string               `json:"go"`
	Engines map[string]*measured `json:"engines"`
}

func readFigures(path string) (*figuresFile, error) {
	f := &figuresFile{Engines: map[string]*measured{}}
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	return f, json.Unmarshal(raw, f)
}

// keep notes what r took.
func (f *figuresFile) keep(engine, name string, r *runner) {
	f.of(engine).Costs[name] = cost{microseconds(median(r.wall)), microseconds(median(r.cpu)), microseconds(median(r.database))}
}

// judge keeps the lines of r that something was expected of, instead of those of the same parts that were there.
func (f *figuresFile) judge(r *report) {
	fresh := map[string]bool{} // engine and part
	for _, l := range r.lines {
		fresh[l.engine+" "+l.part] = true
	}
	for engine, m := range f.Engines {
		m.Ratios = slices.DeleteFunc(m.Ratios, func(x ratio) bool { return fresh[engine+" "+x.Part] })
	}
	for _, l := range r.lines {
		expected, met := l.judged()
		if expected == "" {
			continue
		}
		text := figures(l.ratio.median) + "×"
		switch {
		case l.cpuExpected != (expectation{}):
			text = figures(l.cpuRatio) + "× of its processor time"
		case l.ratio.least != l.ratio.greatest:
			text += " (" + figures(l.ratio.least) + "–" + figures(l.ratio.greatest) + ")"
		}
		m := f.of(l.engine)
		m.Ratios = append(m.Ratios, ratio{l.part, l.what, text, l.against, expected, met})
	}
}

func (f *figuresFile) of(engine string) *measured {
	m := f.Engines[engine]
	if m == nil {
		m = &measured{Costs: map[string]cost{}}
		f.Engines[engine] = m
	}
	return m
}

func microseconds(d time.Duration) float64 { return float64(d.Round(time.Microsecond).Microseconds()) }

func (f *figuresFile) write(path string) error {
	f.Cores, f.Go = runtime.NumCPU(), runtime.Version()
	raw, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(raw, '\n'), 0o644)
}
