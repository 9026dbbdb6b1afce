package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
)

// What a place asks of a house on one morning, second by second, from what one of everything was measured to cost. It is a
// simulation by flows: what arrives is drawn (Poisson), what waits for a processor is a backlog in seconds of work.

// place is who lives on a house. The guardians of Germany per child, and of a child per kita, are those of the country.
type place struct {
	name            string
	kitas           int
	children, adult float64 // children, and guardians with a device that takes pushes, in each kita
}

func germanKitas(name string, kitas int) place {
	return place{name, kitas, 4_000_000.0 / 60_000, 7_000_000.0 / 60_000}
}

// What people are assumed to do. Nobody has measured these; each stands in docs/scaling.md, and another number is one line here.
const (
	devicesEach      = 1.2   // of a guardian
	noticesADay      = 4     // of a kita: one to all, three to a group
	groupsOfAKita    = 4     //
	toAll            = 0.25  // of the notices
	morningShare     = 0.4   // of the notices, around a quarter to eight
	morningMiddle    = 105   // minutes after six
	morningSpread    = 25    // minutes, one standard deviation
	opensAPush       = 0.6   // of those whose phone shows it
	opensAfter       = 240.0 // seconds, on the average
	showsAfter       = 5.0   // seconds, on the average
	looksByThemself  = 1.5   // times a guardian opens the list in the morning without a push
	absentADay       = 0.08  // of the children
	reportedAtOnce   = 0.8   // of the absences, in the hour and a half from seven
	looksADay        = 6     // times each group's tablet opens the day, from seven to nine
	workDays         = 220   // of a year on which notices are written
	yearsKept        = 3     //
	snowMinutes      = 15    // in which every kita of a place writes to all, from half past six
	opensSnow        = 0.9   // of those whose phone shows that
	reserve          = 1.5   // times what is needed, so that a third is free
	secondsSimulated = 3 * 3600
)

// morning is what happens: an ordinary one, or the one on which every kita stays shut.
type morning struct {
	name string
	snow bool
}

// demand is what one second asks for.
type demand struct{ publishTo, publishes, shown, opened, list, today, report float64 }

// machines do the work. On SQLite the database is in the program, and writes wait for each other.
type machines struct {
	cores, database float64
}

// strain is how a morning went.
type strain struct {
	pageWait  float64 // seconds that a page waited, but for the worst hundredth of the seconds
	lastPush  float64 // seconds that a push waited, at worst
	pushes    float64 // in the busiest second
	pages     float64 // in the busiest second
	delivered float64 // pushes of the morning
}

// bearable: a page within a second of waiting, a push within a minute.
func (s strain) bearable() bool { return s.pageWait <= 1 && s.lastPush <= 60 }

// live is one morning of p, on m, at the costs of an engine.
func (x measured) live(p place, day morning, m machines, embedded bool) (s strain) {
	rnd := rand.New(rand.NewPCG(7, 4))
	kitas := float64(p.kitas)
	looks, days, reports := p.byThemselves()
	var page, database, writer, pushes, unshown, unopened float64 // what waits: work in core seconds, and pushes
	open := opensAPush
	if day.snow {
		open = opensSnow
	}
	var waits []float64
	c := x.Costs
	for second := range secondsSimulated {
		t := float64(second) / 60
		var d demand
		perSecond := p.noticesAtMost() * math.Exp(-math.Pow((t-morningMiddle)/morningSpread, 2)/2)
		d.publishes = poisson(rnd, perSecond)
		d.publishTo = d.publishes * p.told()
		if day.snow && t >= 30 && t < 30+snowMinutes {
			snow := poisson(rnd, kitas/(snowMinutes*60))
			d.publishes += snow
			d.publishTo += snow * p.adult
		}
		pushes += d.publishTo * devicesEach
		d.shown = min(unshown, poisson(rnd, unshown/showsAfter))
		unshown -= d.shown
		unopened += d.shown / devicesEach * open // a person reads it once
		d.opened = min(unopened, poisson(rnd, unopened/opensAfter))
		unopened -= d.opened
		d.list = d.opened + poisson(rnd, looks)
		if t >= 60 && t < 180 {
			d.today = poisson(rnd, days)
		}
		if t >= 60 && t < 150 {
			d.report = poisson(rnd, reports)
		}
		of := func(f func(cost) float64) float64 {
			return (f(c["publish"])*d.publishTo/audience + f(c["shown"])*d.shown + f(c["opened"])*d.opened + f(c["list"])*d.list +
				f(c["today"])*d.today + f(c["report"])*d.report) / 1e6
		}
		page += of(func(c cost) float64 { return c.CPU })
		database += of(func(c cost) float64 { return c.Database })
		if embedded {
			writer += (c["publish"].Wall*d.publishTo/audience + c["shown"].Wall*d.shown + c["opened"].Wall*d.opened + c["report"].Wall*d.report) / 1e6
		}
		// Pages first, and what is left is for the pushes.
		free, freeDatabase := max(0, m.cores-page), max(0, m.database-database)
		page, database, writer = max(0, page-m.cores), max(0, database-m.database), max(0, writer-1)
		sent := min(pushes, free/(c["push"].CPU/1e6))
		if c["push"].Database > 0 {
			sent = min(sent, freeDatabase/(c["push"].Database/1e6))
		}
		if embedded { // what is noted of pushes is written too, between the others; its time is in the cost of a push
			sent = min(sent, max(0, 1-writer)/(c["push"].Wall/1e6))
		}
		pushes -= sent
		unshown += sent
		s.delivered += sent
		s.pushes, s.pages = max(s.pushes, sent), max(s.pages, d.list+d.today+d.opened+d.report+d.shown)
		waits = append(waits, max(page/m.cores, database/m.database, writer))
		if sent > 0 {
			s.lastPush = max(s.lastPush, pushes/sent)
		} else if pushes > 0 {
			s.lastPush = math.Inf(1)
		}
	}
	s.pageWait = percentile(waits, 0.99)
	return s
}

// poisson draws how many come where mean are expected; of many, by the normal distribution.
func poisson(rnd *rand.Rand, mean float64) float64 {
	if mean > 50 {
		return max(0, math.Round(mean+rnd.NormFloat64()*math.Sqrt(mean)))
	}
	n, p := 0.0, rnd.Float64()
	for limit := math.Exp(-mean); p > limit; p *= rnd.Float64() {
		n++
	}
	return n
}

// least is the smallest number, to a twentieth, for which f holds.
func least(f func(float64) bool) float64 {
	low, high := 0.0, 1.0/64
	for ; !f(high); low, high = high, high*2 {
		if high > 1e5 {
			return math.Inf(1)
		}
	}
	for high-low > high/20 {
		if middle := (low + high) / 2; f(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// needs are the machines with which p's morning is bearable, and a third of each is free.
func (x measured) needs(p place, day morning) machines {
	const plenty = 1e6
	return machines{
		cores:    reserve * least(func(n float64) bool { return x.live(p, day, machines{n, plenty}, false).bearable() }),
		database: reserve * least(func(n float64) bool { return x.live(p, day, machines{plenty, n}, false).bearable() }),
	}
}

// disk is what p's notices take after three years, in bytes.
func (x measured) disk(p place) float64 {
	return x.NoticeBytes * p.told() / 160 * float64(p.kitas) * noticesADay * workDays * yearsKept
}

// carries is how many kitas the machines bear on that morning.
func (x measured) carries(day morning, m machines, embedded bool) int {
	fits := func(kitas int) bool { return x.live(germanKitas("", kitas), day, m, embedded).bearable() }
	high := 1
	for ; fits(high) && high < 1_000_000; high *= 2 {
	}
	low := high / 2
	for high-low > max(1, low/50) {
		if middle := (low + high) / 2; fits(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low
}

var mornings = []morning{{"an ordinary morning", false}, {"the morning of the snow", true}}

// printScaling writes what the figures of a file mean, in Markdown.
func printScaling(out io.Writer, path string) error {
	f, err := readFigures(path)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	size := func(x *measured) string {
		return fmt.Sprintf("%s kitas with %s children", thousands(float64(x.Kitas)), thousands(float64(x.Kitas*(familyCount+familyCount/siblingsEvery))))
	}
	lite, pg := f.Engines["sqlite"], f.Engines["postgres"]
	if lite == nil || pg == nil {
		return errors.New("the file has not both engines: go run ./cmd/morgenkreis/bench -figures " + path)
	}
	fmt.Fprintf(&b, "Measured on %d cores, %s; the pages in houses of %s (SQLite) and %s (PostgreSQL).\n\n", f.Cores, f.Go, size(lite), size(pg))
	fmt.Fprintln(&b, "| one of | SQLite: by the clock | of a core | PostgreSQL: by the clock | of the program's cores | of PostgreSQL's |\n|---|---:|---:|---:|---:|---:|")
	for _, of := range everything {
		l, p := lite.Costs[of.key], pg.Costs[of.key]
		if l.CPU == 0 || p.CPU == 0 {
			return fmt.Errorf("%s was not measured on both engines", of.key)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", of.name, milli(l.Wall), milli(l.CPU), milli(p.Wall), milli(p.CPU), milli(p.Database))
	}
	fmt.Fprintf(&b, "\nA notice to all of a kita takes %.0f kB on SQLite and %.0f kB on PostgreSQL, with its recipients, for 160 guardians.\n", lite.NoticeBytes/1e3, pg.NoticeBytes/1e3)

	fmt.Fprintln(&b, "\n### What is expected, and was measured\n\n| | | ratio (least–greatest) | to | expected |\n|---|---|---:|---|---|")
	for _, on := range []struct {
		name string
		x    *measured
	}{{"SQLite", lite}, {"PostgreSQL", pg}} {
		for _, r := range on.x.Ratios {
			missed := ""
			if !r.Met {
				missed = ", **missed**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s%s |\n", on.name, r.What, r.Ratio, r.To, r.Expected, missed)
		}
	}

	fmt.Fprintln(&b, "\n### One machine of two cores, a third of them free\n\n| | kitas | guardians | notices a day | on disk after three years |\n|---|---:|---:|---:|---:|")
	for _, on := range []struct {
		name     string
		x        *measured
		m        machines
		embedded bool
	}{{"SQLite", lite, machines{2 / reserve, 1e6}, true}, {"PostgreSQL on a machine of its own, of two cores", pg, machines{2 / reserve, 2 / reserve}, false}} {
		for _, day := range mornings {
			n := on.x.carries(day, on.m, on.embedded)
			p := germanKitas("", n)
			fmt.Fprintf(&b, "| %s, %s | %s | %s | %s | %s GB |\n", on.name, day.name, thousands(float64(n)), thousands(float64(n)*p.adult), thousands(float64(n*noticesADay)),
				thousands(on.x.disk(p)/1e9))
		}
	}

	fmt.Fprintln(&b, "\n### Places, on PostgreSQL\n\n| | kitas | pushes, busiest second | requests, busiest second | cores for the program | cores for PostgreSQL | on disk after three years |\n|---|---:|---:|---:|---:|---:|---:|")
	for _, p := range []place{germanKitas("A city", 460), germanKitas("A state", 5000), germanKitas("A country", 60_000)} {
		for _, day := range mornings {
			m := pg.needs(p, day)
			s := pg.live(p, day, m, false)
			fmt.Fprintf(&b, "| %s, %s | %s | %s | %s | %s | %s | %s GB |\n", p.name, day.name, thousands(float64(p.kitas)), thousands(s.pushes), thousands(s.pages),
				cores(m.cores), cores(m.database), thousands(pg.disk(p)/1e9))
		}
	}

	country := germanKitas("", 60_000)
	fmt.Fprintf(&b, "\n### The arithmetic of one second\n\nThe country at a quarter to eight of an ordinary morning, on the average: %.1f notices a second, of which each goes to %.0f guardians. What "+
		"is asked for in a second times what one costs is how many cores are at work. Half as many again, and room for the seconds in which more comes than on the average, are the cores of the table above.\n\n",
		country.noticesAtMost(), country.told())
	fmt.Fprintln(&b, "| | in a second | of the program, each | cores | of PostgreSQL, each | cores |\n|---|---:|---:|---:|---:|---:|")
	busiest := country.busiest()
	var program, database float64
	for _, of := range everything {
		n, c := busiest[of.key], pg.Costs[of.key]
		fmt.Fprintf(&b, "| %s | %s | %s | %.2f | %s | %.2f |\n", of.name, thousands(n), milli(c.CPU), n*c.CPU/1e6, milli(c.Database), n*c.Database/1e6)
		program, database = program+n*c.CPU/1e6, database+n*c.Database/1e6
	}
	fmt.Fprintf(&b, "| together | | | %.1f | | %.1f |\n", program, database)
	_, err = out.Write(b.Bytes())
	return err
}

// everything that is asked of a house, by the names of its costs.
var everything = []struct{ key, name string }{{"push", "a push, among many"}, {"publish", "publishing to 200 guardians"}, {"shown", "a device has shown it"},
	{"opened", "a guardian has read it"}, {"list", "a guardian's list"}, {"today", "the team's day"}, {"report", "an absence is reported"}}

// noticesAtMost are those of a second in the middle of the morning, on the average.
func (p place) noticesAtMost() float64 {
	return noticesADay * morningShare * float64(p.kitas) / (morningSpread * 60 * math.Sqrt(2*math.Pi))
}

// told is how many guardians a notice goes to, on the average.
func (p place) told() float64 { return p.adult * (toAll + (1-toAll)/groupsOfAKita) }

// byThemselves is what is opened and reported in a second without a push, on the average, in the hours in which it is: lists, days, absences.
func (p place) byThemselves() (looks, days, reports float64) {
	kitas := float64(p.kitas)
	return looksByThemself * kitas * p.adult / (2.5 * 3600), looksADay * groupsOfAKita * kitas / 7200, absentADay * reportedAtOnce * kitas * p.children / 5400
}

// busiest is what the middle of an ordinary morning asks for in a second, on the average, by the names of the costs: what live
// draws around.
func (p place) busiest() map[string]float64 {
	to := p.noticesAtMost() * p.told()
	opened := to * opensAPush
	looks, days, reports := p.byThemselves()
	return map[string]float64{"publish": to / audience, "push": to * devicesEach, "shown": to * devicesEach, "opened": opened,
		"list": opened + looks, "today": days, "report": reports}
}

// Where the tables stand in a document.
const tablesBegin, tablesEnd = "<!-- tables: go run ./cmd/morgenkreis/bench -country docs/figures.json -into docs/scaling.md -->\n", "<!-- end of the tables -->\n"

// between puts tables into a document, between the marks.
func between(document, tables string) (string, error) {
	before, rest, ok := strings.Cut(document, tablesBegin)
	_, after, ok2 := strings.Cut(rest, tablesEnd)
	if !ok || !ok2 {
		return "", errors.New("the document has no place for the tables")
	}
	return before + tablesBegin + "\n" + tables + "\n" + tablesEnd + after, nil
}

// writeScaling puts what the figures mean into a document.
func writeScaling(document, figures string) error {
	raw, err := os.ReadFile(document)
	if err != nil {
		return err
	}
	var tables bytes.Buffer
	if err := printScaling(&tables, figures); err != nil {
		return err
	}
	fresh, err := between(string(raw), tables.String())
	if err != nil {
		return err
	}
	return os.WriteFile(document, []byte(fresh), 0o644)
}

func milli(microseconds float64) string {
	if microseconds == 0 {
		return "–"
	}
	return fmt.Sprintf("%s ms", figures(microseconds/1000))
}

func cores(n float64) string { return thousands(math.Ceil(n)) }

// thousands writes a whole number as the documents have them, 12,345; of more than three digits it gives three.
func thousands(x float64) string {
	if x >= 1000 {
		unit := math.Pow(10, math.Floor(math.Log10(x))-2)
		x = math.Round(x/unit) * unit
	}
	s := fmt.Sprintf("%.0f", x)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func percentile(values []float64, p float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[int(p*float64(len(sorted)-1))]
}
