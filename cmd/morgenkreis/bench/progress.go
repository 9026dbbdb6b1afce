package main

import (
	"fmt"
	"os"
	"time"
)

// progress says on standard error how far a long thing is: in place on a terminal, in a log once, at its end.
type progress struct {
	what         string
	done, all    int
	start, shown time.Time
	terminal     bool
}

func newProgress(what string, all int) *progress {
	info, err := os.Stderr.Stat()
	return &progress{what: what, all: all, start: time.Now(), terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

func (p *progress) step() {
	p.done++
	if now := time.Now(); p.terminal && now.Sub(p.shown) > 200*time.Millisecond {
		p.shown = now
		fmt.Fprintf(os.Stderr, "\r%s: %d %%", p.what, 100*p.done/p.all)
	}
}

// end says how long it took, or how far it came.
func (p *progress) end() {
	if p.terminal {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	fmt.Fprintf(os.Stderr, "%s: %d %% in %.0f s\n", p.what, 100*p.done/p.all, time.Since(p.start).Seconds())
}
