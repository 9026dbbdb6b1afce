package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// line is one figure of the report, as a ratio to what was measured beside it.
type line struct {
	engine    string
	what      string
	wall, cpu time.Duration
	against   string
	ratio     spread
	cpuRatio  float64
	expected  expectation
	// cpuExpected is about cpuRatio.
	cpuExpected expectation
	// part of the bench that it belongs to: what is measured together is kept together.
	part string
}

// judged is what is expected of l, in words, and whether it is so; no words where nothing is.
func (l line) judged() (expected string, met bool) {
	if l.cpuExpected != (expectation{}) {
		return "CPU " + l.cpuExpected.String(), l.cpuExpected.met(l.cpuRatio)
	}
	return l.expected.String(), l.expected.met(l.ratio.median)
}

// expectation bounds a ratio from one side; zero is no bound.
type expectation struct{ atMost, atLeast float64 }

func (e expectation) String() string {
	switch {
	case e.atMost > 0:
		return fmt.Sprintf("at most %g×", e.atMost)
	case e.atLeast > 0:
		return fmt.Sprintf("at least %g×", e.atLeast)
	}
	return ""
}

// met judges a ratio. Without a bound there is nothing to miss.
func (e expectation) met(ratio float64) bool {
	return (e.atMost == 0 || ratio <= e.atMost) && ratio >= e.atLeast
}

// costs compares r with the baseline: how many times as long it takes.
func costs(r, baseline *runner, e expectation) line {
	return line{"", r.name, median(r.wall), median(r.cpu), baseline.name, ratios(r.wall, baseline.wall), ratios(r.cpu, baseline.cpu).median, e, none, ""}
}

// faster compares r with the baseline the other way round: how many times it goes while the baseline goes once.
func faster(r, baseline *runner, e expectation) line {
	return line{"", r.name, median(r.wall), median(r.cpu), baseline.name, ratios(baseline.wall, r.wall), ratios(baseline.cpu, r.cpu).median, e, none, ""}
}

// report is what is printed at the end.
type report struct {
	lines []line
	part  string // of the lines that are added
}

func (r *report) add(engine string, lines ...line) {
	for _, l := range lines {
		l.engine, l.part = engine, r.part
		r.lines = append(r.lines, l)
	}
}

// print writes the table, and answers how many expectations were missed.
func (r *report) print(out io.Writer) (missed int, err error) {
	if len(r.lines) == 0 {
		return 0, nil // the engine is not on this machine
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\t\teach\tCPU\tratio (min–max)\tCPU\tto\texpected\t")
	for _, l := range r.lines {
		verdict, expected, met := "", "", true
		if expected, met = l.judged(); expected != "" {
			verdict = "ok"
		}
		if !met {
			verdict = "NOT OK"
			missed++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s× (%s–%s)\t%s×\t%s\t%s\t%s\n", l.engine, l.what, short(l.wall), short(l.cpu), figures(l.ratio.median), figures(l.ratio.least),
			figures(l.ratio.greatest), figures(l.cpuRatio), l.against, expected, verdict)
	}
	if err := w.Flush(); err != nil {
		return missed, err
	}
	_, err = fmt.Fprintln(out, "\nEach: the middle of the rounds. Ratio: the middle of the rounds' own ratios, with the least and the greatest. CPU: what this\n"+
		"process used, the asking side included, the push service and PostgreSQL not. Where pushes are judged, it is sealing and sending\n"+
		"alone, as the limit and webpush-go know of no database either; \"one push of\" is all of it, the database included.")
	return missed, err
}

// figures is x with as many digits as it is worth.
func figures(x float64) string {
	switch {
	case x >= 100:
		return fmt.Sprintf("%.0f", x)
	case x >= 10:
		return fmt.Sprintf("%.1f", x)
	}
	return fmt.Sprintf("%.2f", x)
}

func short(d time.Duration) string {
	switch {
	case d >= 10*time.Millisecond:
		d = d.Round(100 * time.Microsecond)
	case d >= time.Millisecond:
		d = d.Round(10 * time.Microsecond)
	default:
		d = d.Round(time.Microsecond)
	}
	return strings.Replace(d.String(), "µs", " µs", 1)
}
