package main

import (
	"bytes"
	"math"
	"os"
	"testing"
)

// some are costs as they might be measured.
func some() measured {
	return measured{NoticeBytes: 1e5, Costs: map[string]cost{"push": {180, 170, 150}, "publish": {20_000, 5000, 20_000}, "shown": {800, 400, 300},
		"opened": {2000, 1000, 800}, "list": {2500, 1800, 700}, "today": {2500, 1500, 900}, "report": {5000, 2000, 2000}}}
}

func TestMoreOfAMorningNeedsMore(t *testing.T) {
	x := some()
	for _, day := range mornings {
		before := machines{}
		for _, kitas := range []int{460, 5000, 60_000} {
			m := x.needs(germanKitas("", kitas), day)
			if m.cores <= before.cores || m.database <= before.database || math.IsInf(m.cores, 1) || math.IsInf(m.database, 1) {
				t.Errorf("%s, %d kitas need %v, fewer %v", day.name, kitas, m, before)
			}
			if s := x.live(germanKitas("", kitas), day, m, false); !s.bearable() {
				t.Errorf("%s, %d kitas on %v: %+v", day.name, kitas, m, s)
			}
			if s := x.live(germanKitas("", kitas), day, machines{m.cores / 4, m.database / 4}, false); s.bearable() {
				t.Errorf("%s, %d kitas would do with a quarter of %v: %+v", day.name, kitas, m, s)
			}
			before = m
		}
	}
}

// Nothing gets lost on the way: who is written to is pushed to, and shows it.
func TestAMorningSendsWhatItIsAsked(t *testing.T) {
	x, p, plenty := some(), germanKitas("", 5000), machines{1e6, 1e6}
	ordinary := x.live(p, mornings[0], plenty, false)
	// Both numbers are drawn; the morning that is simulated holds nearly all of its share of the notices.
	want := float64(p.kitas) * noticesADay * morningShare * p.adult * (toAll + (1-toAll)/groupsOfAKita) * devicesEach
	if r := ordinary.delivered / want; r < 0.95 || r > 1.05 {
		t.Errorf("%.0f pushes instead of %.0f", ordinary.delivered, want)
	}
	snow := x.live(p, mornings[1], plenty, false)
	if r := (snow.delivered - ordinary.delivered) / (float64(p.kitas) * p.adult * devicesEach); r < 0.95 || r > 1.05 {
		t.Errorf("the snow adds %.2f of a push for each device", r)
	}
}

// What is worked out by hand in docs/scaling.md is the middle of what is simulated.
func TestTheArithmeticIsThatOfTheSimulation(t *testing.T) {
	x, p := some(), germanKitas("", 60_000)
	busiest := p.busiest()
	byHand, program := busiest["list"]+busiest["today"]+busiest["opened"]+busiest["report"]+busiest["shown"], 0.0
	for name, n := range busiest {
		program += n * x.Costs[name].CPU / 1e6
	}
	if s := x.live(p, mornings[0], machines{1e6, 1e6}, false); s.pages < byHand || s.pages > 1.25*byHand {
		t.Errorf("%.0f requests in the busiest second, by hand %.0f on the average", s.pages, byHand)
	}
	if needs := x.needs(p, mornings[0]).cores / reserve; needs < program || needs > 1.5*program {
		t.Errorf("%.1f cores are needed, by hand %.1f on the average", needs, program)
	}
}

func TestADearerPushCarriesLess(t *testing.T) {
	cheap, dear := some(), some()
	dear.Costs["push"] = cost{18_000, 17_000, 15_000}
	for _, embedded := range []bool{true, false} {
		m := machines{2, 2}
		if a, b := cheap.carries(mornings[1], m, embedded), dear.carries(mornings[1], m, embedded); a <= b || b == 0 {
			t.Errorf("%d kitas at the price, %d at a hundred times of it", a, b)
		}
	}
}

// What docs/scaling.md says is what the simulation says of the figures beside it.
func TestTheTablesAreThoseOfTheFigures(t *testing.T) {
	const folder = "../../../docs/"
	raw, err := os.ReadFile(folder + "scaling.md")
	if err != nil {
		t.Fatal(err)
	}
	var tables bytes.Buffer
	if err := printScaling(&tables, folder+"figures.json"); err != nil {
		t.Fatal(err)
	}
	if fresh, err := between(string(raw), tables.String()); err != nil || fresh != string(raw) {
		t.Error("docs/scaling.md is not what docs/figures.json means: run the command that stands above its tables", err)
	}
}
