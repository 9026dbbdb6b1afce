package main

import (
	"reflect"
	"testing"
)

// What is measured again takes the place of what was measured before, part by part and engine by engine.
func TestFiguresKeepWhatWasNotMeasuredAgain(t *testing.T) {
	f := &figuresFile{Engines: map[string]*measured{}}
	of := func(part, what string, middle float64) line {
		return line{what: what, against: "before", ratio: spread{middle, 1, 3}, expected: expectation{atMost: 2}, part: part}
	}
	told := line{what: "told", ratio: spread{9, 9, 9}, part: "pages"} // nothing is expected of it
	light := line{what: "push", cpuRatio: 0.4, cpuExpected: expectation{atMost: 0.5}, against: "webpush-go", part: "pushes"}
	for _, r := range []report{
		{lines: on("sqlite", of("pages", "list", 1.5), of("pages", "day", 1.2), told, light)},
		{lines: on("postgres", of("pages", "list", 1.1))},
		{lines: on("sqlite", of("pages", "list", 2.5))},
	} {
		f.judge(&r)
	}
	want := []ratio{{"pushes", "push", "0.40× of its processor time", "webpush-go", "CPU at most 0.5×", true},
		{"pages", "list", "2.50× (1.00–3.00)", "before", "at most 2×", false}}
	if got := f.Engines["sqlite"].Ratios; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if got := f.Engines["postgres"].Ratios; len(got) != 1 || got[0].Ratio != "1.10× (1.00–3.00)" {
		t.Errorf("%+v", got)
	}
}

func on(engine string, lines ...line) []line {
	for i := range lines {
		lines[i].engine = engine
	}
	return lines
}
