package notify

import "time"

// pace decides how many pushes may be under way to one service at once, and when none may. It learns from each answer:
// additive increase and multiplicative decrease, which is what lets many senders, who know nothing of each other, share a
// service and leave none of it unused (Chiu and Jain, 1989; TCP's congestion avoidance, RFC 5681).
//
// What lowers it: a service that says it is too much (429, 503), that does not answer in time, or whose answers take much
// longer than they can. All that was under way when it was lowered says the same thing, and lowers it no further. It is a
// pure type: whoever asks brings the time along, and sees to it that nobody else asks meanwhile.
type pace struct {
	limit       float64
	least, most float64
	// usual is how long an answer takes lately, quick how short it can be; in milliseconds.
	usual, quick float64
	heard        time.Time
	lowered      time.Time
	until        time.Time // nothing leaves before
	pauses       int
}

const (
	// slack is how much of its most a pace keeps however slow the answers are: only who says that it is too much gets less.
	slack = 1. / 16
	// risings is in how many rounds of answers the pace goes from nothing to its most.
	risings = 16
	// maxPause bounds what one answer can do to all that goes to a service; afterwards it is asked again, at a lower pace.
	maxPause = time.Hour
)

// newPace begins at start and never leaves 1 to most.
func newPace(start, most int) pace {
	return pace{limit: float64(min(start, most)), least: 1, most: float64(most)}
}

// inFlight is how many may be under way.
func (p *pace) inFlight() int { return int(p.limit) }

// paused tells whether the service has asked for silence.
func (p *pace) paused(now time.Time) bool { return now.Before(p.until) }

// answer is what a pace learns from.
type answer struct {
	// begun is when the push began, now when it ended.
	begun, now time.Time
	// much: the service says that it is too much, or did not answer in time. wait is the silence it asks for, 0 for none.
	much bool
	wait time.Duration
	// busy: as many were under way as may be. Otherwise nothing is known of what more would do.
	busy bool
}

func (p *pace) learn(a answer) {
	if a.much {
		if until := a.now.Add(min(a.wait, maxPause)); a.wait > 0 && until.After(p.until) {
			if !p.paused(a.now) {
				p.pauses++
			}
			p.until = until
		}
		p.lower(a, 0.5, p.least)
		return
	}
	took := float64(a.now.Sub(a.begun).Milliseconds())
	if p.quick == 0 && p.usual == 0 {
		p.quick, p.usual = took, took
	}
	p.usual += (took - p.usual) / 64
	if took < p.quick {
		p.quick = took
	} else if !p.heard.IsZero() { // a tenth more each minute: a service can become another
		p.quick += max(p.quick, 1) * 0.1 * max(a.now.Sub(p.heard).Minutes(), 0)
	}
	p.heard = a.now
	switch {
	case p.usual > 4*p.quick+250:
		p.lower(a, 0.9, max(p.least, p.most*slack))
	case a.busy && p.usual < 2*p.quick+50:
		p.limit = min(p.most, p.limit+p.most/risings/p.limit)
	}
}

func (p *pace) lower(a answer, by, least float64) {
	if !p.lowered.IsZero() && !a.begun.After(p.lowered) {
		return
	}
	p.limit, p.lowered = max(min(least, p.limit), p.limit*by), a.now
}
