package main

import (
	"fmt"
	"os"
	"time"
)

// progress says on standard error how far a long thing is: in place on a terminal, in a log once, at its end.
type progress struct {
	what      string
	done, all int
	start     time.Time
	shown     time.Time
	terminal  bool
}

func newProgress(what string, all int) *progress {
	info, err := os.Stderr.Stat()
	p := &progress{what: what, all: all, start: time.Now(), terminal: err == nil && info.Mode()&os.ModeCharDevice != 0}
	p.show()
	return p
}

func (p *progress) step() {
	p.done++
	p.show()
}

func (p *progress) show() {
	switch now := time.Now(); {
	case p.done == p.all:
		if p.terminal {
			fmt.Fprint(os.Stderr, "\r\x1b[K")
		}
		fmt.Fprintf(os.Stderr, "%s: %.0f s\n", p.what, now.Sub(p.start).Seconds())
	case p.terminal && now.Sub(p.shown) > 200*time.Millisecond:
		p.shown = now
		fmt.Fprintf(os.Stderr, "\r%s: %d %%", p.what, 100*p.done/p.all)
	}
}
