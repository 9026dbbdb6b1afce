package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
)

// progress is told how much of a task is done: bytes, or rows.
type progress func(task string, done, total int64)

// progressOn shows on w how far each task is, in bytes: as a bar that moves on a terminal, elsewhere as a line for each quarter.
func progressOn(w io.Writer) progress { return progressOf(w, bytesText) }

// progressOf is progressOn for what is not counted in bytes.
func progressOf(w io.Writer, text func(n int64) string) progress {
	bar := isTerminal(w)
	last, shown := "", int64(-1)
	return func(task string, done, total int64) {
		percent := int64(100)
		if total > 0 {
			percent = min(100*done/total, 100)
		}
		mark := percent
		if !bar {
			mark = percent / 25
		}
		if task == last && mark == shown {
			return
		}
		last, shown = task, mark
		if !bar {
			fmt.Fprintf(w, "%s: %d %% of %s\n", task, percent, text(total))
			return
		}
		full := int(percent) / 4
		fmt.Fprintf(w, "\r%-28s [%s%s] %3d %% of %-8s", task, strings.Repeat("#", full), strings.Repeat(" ", 25-full), percent, text(total))
		if percent == 100 {
			fmt.Fprintln(w)
		}
	}
}

// isTerminal tells whether a person may be looking at w.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// meter passes on what r gives and tells progress; it ends with the error of ctx.
type meter struct {
	ctx   context.Context
	r     io.Reader
	moved func(n int64)
}

func (m meter) Read(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := m.r.Read(p)
	m.moved(int64(n))
	return n, err
}

// bytesText is n with three digits at most: 3.4 GB. Units are decimal.
func bytesText(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n, " B")
	}
	value, unit := float64(n), 0
	for value >= 999.5 && unit < 5 {
		value, unit = value/1000, unit+1
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f %cB", value, " kMGTP"[unit])
	}
	return fmt.Sprintf("%.0f %cB", value, " kMGTP"[unit])
}
