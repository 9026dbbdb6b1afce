package kita

import (
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/de"
)

// State is a federal state of Germany, by the second half of its ISO 3166-2 code.
type State string

// The sixteen states.
const (
	BW State = "BW" // Baden-Württemberg
	BY State = "BY" // Bayern
	BE State = "BE" // Berlin
	BB State = "BB" // Brandenburg
	HB State = "HB" // Bremen
	HH State = "HH" // Hamburg
	HE State = "HE" // Hessen
	MV State = "MV" // Mecklenburg-Vorpommern
	NI State = "NI" // Niedersachsen
	NW State = "NW" // Nordrhein-Westfalen
	RP State = "RP" // Rheinland-Pfalz
	SL State = "SL" // Saarland
	SN State = "SN" // Sachsen
	ST State = "ST" // Sachsen-Anhalt
	SH State = "SH" // Schleswig-Holstein
	TH State = "TH" // Thüringen
)

// States lists all sixteen, in the alphabetical order of their German names.
var States = []State{BW, BY, BE, BB, HB, HH, HE, MV, NI, NW, RP, SL, SN, ST, SH, TH}

// Valid tells whether s is one of the sixteen.
func (s State) Valid() bool { return slices.Contains(States, s) }

// Holiday is a public holiday (gesetzlicher Feiertag) with its German and its English name.
type Holiday struct {
	Day    Day
	Name   string
	NameEN string
}

// holidayRule is one public holiday: how its day is found, who keeps it, and in which years.
type holidayRule struct {
	calc         *cal.Holiday
	name, nameEN string
	states       []State // none means all sixteen
	from, to     int     // first and last year; 0 is open
}

// holidayRules holds what a whole state keeps. The library finds the days; who keeps them, and since when, stands here,
// because its lists lack Frauentag in MV, the first years of several holidays, Brandenburg's Sundays and all one-offs.
//
// Holidays of single municipalities are left to the kita's own closing days, because a state does not tell them:
// Mariä Himmelfahrt in Bavaria's mostly Catholic municipalities (Art. 1 Abs. 1 Nr. 2 FTG) and the Friedensfest in
// Augsburg (Art. 1 Abs. 2 FTG), Fronleichnam in parts of Saxony (§ 1 SächsSFG) and of Thuringia (§ 2 ThürFGtG).
var holidayRules = []holidayRule{
	{calc: de.Neujahr, name: "Neujahr", nameEN: "New Year's Day"},
	{calc: de.HeiligeDreiKoenige, name: "Heilige Drei Könige", nameEN: "Epiphany", states: []State{BW, BY, ST}},
	// Berlin: law of 30 January 2019, GVBl. p. 22. Mecklenburg-Vorpommern: § 2 FTG M-V as in force since 2023.
	{calc: de.Frauentag, name: "Internationaler Frauentag", nameEN: "International Women's Day", states: []State{BE}, from: 2019},
	{calc: de.Frauentag, name: "Internationaler Frauentag", nameEN: "International Women's Day", states: []State{MV}, from: 2023},
	{calc: de.Karfreitag, name: "Karfreitag", nameEN: "Good Friday"},
	// § 2 FTG Brandenburg names the two Sundays. In Hesse every Sunday is a holiday (§ 1 HFeiertagsG), and not one by name.
	{calc: easter(0), name: "Ostersonntag", nameEN: "Easter Sunday", states: []State{BB}},
	{calc: de.Ostermontag, name: "Ostermontag", nameEN: "Easter Monday"},
	{calc: de.TagderArbeit, name: "Tag der Arbeit", nameEN: "Labour Day"},
	// Berlin, once each: laws of 30 January 2019, GVBl. p. 22, and of 10 July 2024, GVBl. p. 460.
	{calc: fixed(time.May, 8), name: "Tag der Befreiung", nameEN: "Liberation Day", states: []State{BE}, from: 2020, to: 2020},
	{calc: fixed(time.May, 8), name: "Tag der Befreiung", nameEN: "Liberation Day", states: []State{BE}, from: 2025, to: 2025},
	{calc: fixed(time.June, 17), name: "75. Jahrestag des Volksaufstands", nameEN: "75th anniversary of the 1953 uprising",
		states: []State{BE}, from: 2028, to: 2028},
	{calc: de.ChristiHimmelfahrt, name: "Christi Himmelfahrt", nameEN: "Ascension Day"},
	{calc: easter(49), name: "Pfingstsonntag", nameEN: "Whit Sunday", states: []State{BB}},
	{calc: de.Pfingstmontag, name: "Pfingstmontag", nameEN: "Whit Monday"},
	{calc: de.Fronleichnam, name: "Fronleichnam", nameEN: "Corpus Christi", states: []State{BW, BY, HE, NW, RP, SL}},
	// § 2 SFG: in the whole Saarland.
	{calc: de.MariaHimmelfahrt, name: "Mariä Himmelfahrt", nameEN: "Assumption Day", states: []State{SL}},
	// § 2 Abs. 1 ThürFGtG.
	{calc: de.Weltkindertag, name: "Weltkindertag", nameEN: "World Children's Day", states: []State{TH}, from: 2019},
	{calc: de.DeutschenEinheit, name: "Tag der Deutschen Einheit", nameEN: "German Unity Day", from: 1990},
	{calc: de.Reformationstag, name: "Reformationstag", nameEN: "Reformation Day", states: []State{BB, MV, SN, ST, TH}},
	// The north, by four laws of 2018: among them HmbGVBl. p. 63, Nds. GVBl. p. 122, Brem.GBl. p. 302.
	{calc: de.Reformationstag, name: "Reformationstag", nameEN: "Reformation Day", states: []State{HB, HH, NI, SH}, from: 2018},
	// 500 years of it: every state made 2017 an exception, each by a rule of its own (Berlin: GVBl. 2015 p. 378).
	{calc: de.Reformationstag, name: "Reformationstag", nameEN: "Reformation Day",
		states: []State{BW, BY, BE, HB, HH, HE, NI, NW, RP, SL, SH}, from: 2017, to: 2017},
	{calc: de.Allerheiligen, name: "Allerheiligen", nameEN: "All Saints' Day", states: []State{BW, BY, NW, RP, SL}},
	// § 1 SächsSFG; the other states gave the day up for 1995.
	{calc: de.BussUndBettag, name: "Buß- und Bettag", nameEN: "Day of Repentance and Prayer", states: []State{SN}},
	{calc: de.Weihnachtstag, name: "1. Weihnachtstag", nameEN: "Christmas Day"},
	{calc: de.ZweiterWeihnachtsfeiertag, name: "2. Weihnachtstag", nameEN: "Boxing Day"},
}

func easter(offset int) *cal.Holiday {
	return &cal.Holiday{Offset: offset, Func: cal.CalcEasterOffset}
}

func fixed(month time.Month, day int) *cal.Holiday {
	return &cal.Holiday{Month: month, Day: day, Func: cal.CalcDayOfMonth}
}

func (r holidayRule) keptBy(state State, year int) bool {
	return year >= r.from && (r.to == 0 || year <= r.to) && (r.states == nil || slices.Contains(r.states, state))
}

// Holidays lists the public holidays that the whole state keeps, from–to inclusive, by day; none when the state is not
// Valid or from is after to. Right for days since 1995, as the law stands in 2026.
func Holidays(state State, from, to Day) []Holiday {
	if !state.Valid() || from > to {
		return nil
	}
	var holidays []Holiday
	for year := from.Time().Year(); year <= to.Time().Year(); year++ {
		for _, rule := range holidayRules {
			if !rule.keptBy(state, year) {
				continue
			}
			actual, _ := rule.calc.Calc(year)
			if day := Day(actual.Format(time.DateOnly)); from <= day && day <= to {
				holidays = append(holidays, Holiday{Day: day, Name: rule.name, NameEN: rule.nameEN})
			}
		}
	}
	// Two holidays can share a day: in 2008 Ascension was 1 May. The rules' order decides which comes first.
	slices.SortStableFunc(holidays, func(a, b Holiday) int { return strings.Compare(string(a.Day), string(b.Day)) })
	return holidays
}

// ClosingDay is a day on which one kita stays shut by its own decision: team day, holidays between the years.
// A kita has at most one per day.
type ClosingDay struct {
	ID     ID     `db:"id"`
	KitaID ID     `db:"kita_id"`
	Day    Day    `db:"day"`
	Name   string `db:"name"`
}

// ClosureReason says why a kita is shut on a day.
type ClosureReason string

// Reasons, the weightier first: a day has one, the first that fits.
const (
	ClosedForHoliday ClosureReason = "holiday"
	ClosedByKita     ClosureReason = "closing_day"
	ClosedForWeekend ClosureReason = "weekend"
)

// Closure is a day on which a kita is shut. The names are the holiday's; a closing day has the kita's own name twice,
// a weekend has none.
type Closure struct {
	Day    Day
	Reason ClosureReason
	Name   string
	NameEN string
}

// Closures lists every day from–to inclusive on which a kita in state with these closing days is shut, once each, by day.
// The work grows with the number of days: the caller bounds the range.
func Closures(state State, closing []ClosingDay, from, to Day) []Closure {
	shut := map[Day]Closure{}
	for _, c := range closing {
		shut[c.Day] = Closure{Day: c.Day, Reason: ClosedByKita, Name: c.Name, NameEN: c.Name}
	}
	holidays := Holidays(state, from, to)
	for _, h := range slices.Backward(holidays) {
		shut[h.Day] = Closure{Day: h.Day, Reason: ClosedForHoliday, Name: h.Name, NameEN: h.NameEN}
	}
	var closures []Closure
	for day := from; day <= to; day = day.Add(1) {
		closure, ok := shut[day]
		if !ok && day.Weekend() {
			closure, ok = Closure{Day: day, Reason: ClosedForWeekend}, true
		}
		if ok {
			closures = append(closures, closure)
		}
	}
	return closures
}

// OpenDays lists the days from–to inclusive that are no Closures, by day.
func OpenDays(state State, closing []ClosingDay, from, to Day) []Day {
	closures := Closures(state, closing, from, to)
	var open []Day
	for day := from; day <= to; day = day.Add(1) {
		if len(closures) > 0 && closures[0].Day == day {
			closures = closures[1:]
			continue
		}
		open = append(open, day)
	}
	return open
}

// Weekend tells whether d is a Saturday or a Sunday.
func (d Day) Weekend() bool {
	w := d.Time().Weekday()
	return w == time.Saturday || w == time.Sunday
}
