package notify

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// rounds lets n rounds of answers come in, each as many as may be under way, all after took.
func rounds(p *pace, now time.Time, n int, took time.Duration, much bool, wait time.Duration) time.Time {
	for range n {
		begun := now.Add(time.Millisecond) // after those before it
		now = begun.Add(took)
		for range p.inFlight() {
			p.learn(answer{begun: begun, now: now, much: much, wait: wait, busy: true})
		}
	}
	return now
}

func TestPaceFollowsTheService(t *testing.T) {
	start := time.Date(2026, 11, 23, 6, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		service     func(p *pace, now time.Time) time.Time
		least, most int
		paused      bool
	}{
		"fast": {func(p *pace, now time.Time) time.Time { return rounds(p, now, 20, 80*time.Millisecond, false, 0) }, 2048, 2048, false},
		"not asked for all it can": {func(p *pace, now time.Time) time.Time {
			for range 10_000 {
				p.learn(answer{begun: now, now: now.Add(80 * time.Millisecond)})
			}
			return now
		}, 1024, 1024, false},
		"too much, once": {func(p *pace, now time.Time) time.Time {
			now = rounds(p, now, 1, 80*time.Millisecond, false, 0)
			return rounds(p, now, 1, 80*time.Millisecond, true, 0) // a thousand refusals of one round are one
		}, 500, 600, false},
		"too much, always": {func(p *pace, now time.Time) time.Time { return rounds(p, now, 20, 80*time.Millisecond, true, 0) }, 1, 1, false},
		"recovers": {func(p *pace, now time.Time) time.Time {
			now = rounds(p, now, 20, 80*time.Millisecond, true, 0)
			return rounds(p, now, 17, 80*time.Millisecond, false, 0)
		}, 2000, 2048, false},
		"asks for silence": {func(p *pace, now time.Time) time.Time { return rounds(p, now, 1, time.Second, true, time.Minute) }, 512, 512, true},
		"silence is over": {func(p *pace, now time.Time) time.Time {
			return rounds(p, now, 1, time.Second, true, time.Minute).Add(time.Minute)
		}, 512, 512, false},
		"asks for a year": {func(p *pace, now time.Time) time.Time {
			return rounds(p, now, 1, time.Second, true, 365*24*time.Hour).Add(maxPause)
		}, 512, 512, false},
		"slows down": {func(p *pace, now time.Time) time.Time {
			now = rounds(p, now, 3, 80*time.Millisecond, false, 0)
			return rounds(p, now, 30, 3*time.Second, false, 0)
		}, 128, 140, false},
		"is as slow as ever": {func(p *pace, now time.Time) time.Time { return rounds(p, now, 20, 3*time.Second, false, 0) }, 2048, 2048, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPace(1024, 2048)
			now := c.service(&p, start)
			if got := p.inFlight(); got < c.least || got > c.most || p.paused(now) != c.paused {
				t.Errorf("%d under way, paused %v; want %d to %d, %v", got, p.paused(now), c.least, c.most, c.paused)
			}
		})
	}
}

func TestPaceStaysWithinItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		most := rapid.IntRange(1, 4096).Draw(t, "most")
		p := newPace(1024, most)
		now := time.Unix(0, 0)
		for range rapid.IntRange(1, 200).Draw(t, "answers") {
			begun := now
			now = now.Add(time.Duration(rapid.IntRange(0, 20_000).Draw(t, "took")) * time.Millisecond)
			before, until := p, p.until
			a := answer{begun: begun.Add(-time.Duration(rapid.IntRange(0, 5000).Draw(t, "earlier")) * time.Millisecond), now: now, much: rapid.Bool().Draw(t, "much"),
				wait: time.Duration(rapid.IntRange(0, 1e6).Draw(t, "wait")) * time.Millisecond, busy: rapid.Bool().Draw(t, "busy")}
			p.learn(a)
			switch {
			case p.inFlight() < 1 || p.inFlight() > most:
				t.Fatalf("%d of at most %d", p.inFlight(), most)
			case p.until.Before(until) || p.until.After(now.Add(maxPause)) && p.until != until:
				t.Fatalf("silent until %s, was %s, now %s", p.until, until, now)
			case a.much && p.limit > before.limit:
				t.Fatal("a refusal raised it")
			case !a.busy && p.limit > before.limit:
				t.Fatal("it rose though less was under way than might be")
			case p.limit < before.limit && !before.lowered.IsZero() && !a.begun.After(before.lowered):
				t.Fatal("what was under way when it was lowered lowered it again")
			case p.limit < before.limit/2 && p.limit > 1:
				t.Fatal("it fell below half at once")
			case a.much && a.wait > 0 && !p.paused(now):
				t.Fatal("it is not silent though it was asked to be")
			}
		}
	})
}
