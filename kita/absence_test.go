package kita

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

func houseIn(zone string, cutOff Clock) Kita {
	return Kita{Name: "Sonnenschein", State: BE, TimeZone: zone, AbsenceCutOff: cutOff, Phone: "030 1234567"}.WithDefaults()
}

func absent(from, to Day) Absence { return Absence{From: from, To: to, Reason: AbsenceSick} }

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// The instants are written out by hand, in UTC: that is what a clock change moves.
func TestCutOffHoldsInTheKitasZoneToTheSecond(t *testing.T) {
	for _, c := range []struct {
		name, zone string
		cutOff     Clock
		day        Day
		at         string
	}{
		{"winter in Berlin", "Europe/Berlin", "08:30", "2026-11-23", "2026-11-23T07:30:00Z"},
		{"summer in Berlin", "Europe/Berlin", "08:30", "2026-07-01", "2026-07-01T06:30:00Z"},
		{"the day before summer time", "Europe/Berlin", "08:30", "2026-03-27", "2026-03-27T07:30:00Z"},
		{"the day summer time begins", "Europe/Berlin", "08:30", "2026-03-29", "2026-03-29T06:30:00Z"},
		{"in the hour summer time skips", "Europe/Berlin", "02:30", "2026-03-29", "2026-03-29T01:30:00Z"},
		{"the day summer time ends", "Europe/Berlin", "08:30", "2026-10-25", "2026-10-25T07:30:00Z"},
		{"Helsinki", "Europe/Helsinki", "08:30", "2026-11-23", "2026-11-23T06:30:00Z"},
		{"the day before in UTC", "Asia/Tokyo", "08:30", "2026-11-23", "2026-11-22T23:30:00Z"},
		{"half hours", "Asia/Kolkata", "09:00", "2026-11-23", "2026-11-23T03:30:00Z"},
		{"the day after in UTC", "Pacific/Honolulu", "16:00", "2026-11-23", "2026-11-24T02:00:00Z"},
	} {
		k, at := houseIn(c.zone, c.cutOff), instant(t, c.at)
		if got := k.CutOff(c.day); !got.Equal(at) {
			t.Errorf("%s: cut-off at %s, want %s", c.name, got.UTC(), at)
		}
		if err := k.CanStillReport(c.day, at.Add(-time.Second)); err != nil {
			t.Errorf("%s: one second before: %v", c.name, err)
		}
		for _, late := range []time.Duration{0, time.Second} {
			err := k.CanStillReport(c.day, at.Add(late))
			var told *Error
			if !errors.As(err, &told) || told.Code != "absence.too_late" || told.Arg("cut_off") != string(c.cutOff) || told.Arg("phone") != k.Phone {
				t.Errorf("%s: %s after: %v", c.name, late, err)
			}
		}
		if err := k.CanStillReport(c.day.Add(1), at.Add(time.Second)); err != nil {
			t.Errorf("%s: tomorrow: %v", c.name, err)
		}
		if err := k.CanStillReport(c.day.Add(-1), at.Add(-time.Second)); !errors.Is(err, Invalid("from", "absence.past")) {
			t.Errorf("%s: yesterday: %v", c.name, err)
		}
	}
}

// Clock changes at midnight included, where a cut-off can fall into an hour that is not there, or is there twice.
func TestCutOffIsOnItsOwnDay(t *testing.T) {
	for _, zone := range []string{"Europe/Berlin", "Europe/Lisbon", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Pacific/Kiritimati"} {
		loc := houseIn(zone, "").Zone()
		for day := Day("2025-01-01"); day < "2028-01-01"; day = day.Add(1) {
			for _, clock := range []Clock{"00:00", "00:15", "00:45", "01:30", "02:15", "02:45", "08:30", "23:45"} {
				if got := DayOf(day.At(clock, loc), loc); got != day {
					t.Errorf("%s: %s on %s is on %s", zone, clock, day, got)
				}
			}
		}
	}
}

// Whatever zone, clock change and cut-off: what could be reported once can not become reportable again, and today ends.
func TestADayOnceClosedForReportsStaysClosed(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 2))
	zones := []string{"Europe/Berlin", "Europe/Lisbon", "America/Santiago", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Kiritimati", "UTC"}
	for range 100 {
		k := houseIn(zones[r.IntN(len(zones))], Clock(fmt.Sprintf("%02d:%02d", r.IntN(24), r.IntN(60))))
		day := Day("2025-01-01").Add(r.IntN(1000))
		closed := false
		for at := day.Add(-1).At("00:00", k.Zone()); at.Before(day.Add(2).At("00:00", k.Zone())); at = at.Add(30 * time.Minute) {
			may := k.CanStillReport(day, at) == nil
			if may && closed {
				t.Fatalf("%s %s cut-off %s: reportable again at %s", k.TimeZone, day, k.AbsenceCutOff, at)
			}
			if may && k.Today(at) > day || !may && k.Today(at) < day {
				t.Fatalf("%s %s cut-off %s: at %s may report is %t", k.TimeZone, day, k.AbsenceCutOff, at, may)
			}
			closed = closed || !may
		}
		if !closed {
			t.Fatalf("%s %s: never closed", k.TimeZone, day)
		}
	}
}

var teamDay = []ClosingDay{{Day: "2026-11-27", Name: "Teamtag"}} // a Friday

func TestGuardiansReportInTimeForTheFirstOpenDay(t *testing.T) {
	k := houseIn("Europe/Berlin", "08:30")
	for _, c := range []struct {
		name     string
		from, to Day
		now      string // in Berlin, winter time
		want     error
	}{
		{"today before the cut-off", "2026-11-23", "2026-11-23", "2026-11-23T08:29:59+01:00", nil},
		{"today at the cut-off", "2026-11-23", "2026-11-23", "2026-11-23T08:30:00+01:00", Refused("absence.too_late")},
		{"from today on, too late", "2026-11-23", "2026-11-26", "2026-11-23T12:00:00+01:00", Refused("absence.too_late")},
		{"from tomorrow", "2026-11-24", "2026-11-26", "2026-11-23T23:59:59+01:00", nil},
		{"yesterday", "2026-11-23", "2026-11-25", "2026-11-24T07:00:00+01:00", Invalid("from", "absence.past")},
		{"from a weekend that has begun", "2026-11-21", "2026-11-23", "2026-11-22T20:00:00+01:00", nil},
		{"from the team day at noon", "2026-11-27", "2026-11-30", "2026-11-27T12:00:00+01:00", nil},
		{"the weekend alone", "2026-11-28", "2026-11-29", "2026-11-23T07:00:00+01:00", Refused("absence.only_closed")},
		{"the long weekend alone", "2026-11-27", "2026-11-29", "2026-11-23T07:00:00+01:00", Refused("absence.only_closed")},
		{"Christmas alone", "2026-12-25", "2026-12-27", "2026-11-23T07:00:00+01:00", Refused("absence.only_closed")},
		{"over Christmas", "2026-12-24", "2026-12-28", "2026-11-23T07:00:00+01:00", nil},
	} {
		a := absent(c.from, c.to)
		if got := a.CanReport(nil, k, teamDay, false, instant(t, c.now)); !same(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		staff := c.want
		if !same(staff, Refused("absence.only_closed")) {
			staff = nil
		}
		if got := a.CanReport(nil, k, teamDay, true, instant(t, c.now)); !same(got, staff) {
			t.Errorf("%s, by staff: %v, want %v", c.name, got, staff)
		}
	}
}

func TestWhatWasReportedBeforeIsNeverTooLate(t *testing.T) {
	k := houseIn("Europe/Berlin", "08:30")
	earlier := []Absence{absent("2026-11-23", "2026-11-24")}
	for _, c := range []struct {
		name     string
		from, to Day
		want     error
	}{
		{"the same again", "2026-11-23", "2026-11-24", nil},
		{"today again", "2026-11-24", "2026-11-24", nil},
		{"from today until Thursday", "2026-11-24", "2026-11-26", nil},
		{"from the day before it", "2026-11-20", "2026-11-24", Invalid("from", "absence.past")},
		{"yesterday again", "2026-11-23", "2026-11-23", Invalid("from", "absence.past")},
	} {
		if got := absent(c.from, c.to).CanReport(earlier, k, teamDay, false, instant(t, "2026-11-24T12:00:00+01:00")); !same(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func same(got, want error) bool {
	if want == nil || got == nil {
		return got == nil && want == nil
	}
	return errors.Is(got, want)
}

func TestWhatCanBeReportedCanBeWithdrawnAndNothingElse(t *testing.T) {
	k := houseIn("Europe/Berlin", "08:30")
	start := instant(t, "2026-11-20T00:00:00+01:00")
	for hours := range 24 * 10 {
		now := start.Add(time.Duration(hours)*time.Hour + 29*time.Minute)
		for from := Day("2026-11-20"); from < "2026-11-30"; from = from.Add(1) {
			a := absent(from, from.Add(1))
			report := a.CanReport(nil, k, teamDay, false, now)
			if errors.Is(report, Refused("absence.only_closed")) {
				continue
			}
			withdraw := a.CanWithdraw(k, teamDay, false, now)
			if (report == nil) != (withdraw == nil) || withdraw != nil && !errors.Is(withdraw, Refused("absence.started")) {
				t.Fatalf("%s at %s: report %v, withdraw %v", from, now, report, withdraw)
			}
			if err := a.CanWithdraw(k, teamDay, true, now); err != nil {
				t.Fatalf("staff can not withdraw: %v", err)
			}
		}
	}
}

func TestGuardiansChangeTheDaysThatCanStillBeDecided(t *testing.T) {
	k := houseIn("Europe/Berlin", "08:30")
	early, late := "2026-11-25T08:29:59+01:00", "2026-11-25T08:30:00+01:00" // a Wednesday
	running := absent("2026-11-23", "2026-11-26")
	gone := running
	gone.WithdrawnAt = &Instant{}
	for _, c := range []struct {
		name   string
		a      Absence
		change func(*Absence)
		now    string
		want   error
	}{
		{"well again today, said in time", running, func(b *Absence) { b.To = "2026-11-24" }, early, nil},
		{"well again today, said too late", running, func(b *Absence) { b.To = "2026-11-24" }, late, Refused("absence.too_late")},
		{"well again tomorrow, said too late for today", running, func(b *Absence) { b.To = "2026-11-25" }, late, nil},
		{"ended in the past", running, func(b *Absence) { b.To = "2026-11-23" }, early, Refused("absence.started")},
		{"begun later, when it has begun", running, func(b *Absence) { b.From = "2026-11-25" }, early, Refused("absence.started")},
		{"begun earlier", running, func(b *Absence) { b.From = "2026-11-20" }, early, Refused("absence.started")},
		{"longer, over the team day", running, func(b *Absence) { b.To = "2026-11-30" }, late, nil},
		{"longer, through the closed days only", running, func(b *Absence) { b.To = "2026-11-29" }, late, nil},
		{"nothing", running, func(*Absence) {}, late, nil},
		{"another note while it lasts", running, func(b *Absence) { b.Note, b.Illness = "Scharlach, sagt der Arzt", "scarlet_fever" }, late, nil},
		{"another note when it is over", absent("2026-11-23", "2026-11-24"), func(b *Absence) { b.Note = "x" }, early, Refused("absence.over")},
		{"moved from today, too late", absent("2026-11-25", "2026-11-25"), func(b *Absence) { b.From, b.To = "2026-11-26", "2026-11-26" }, late, Refused("absence.too_late")},
		{"moved to today, in time", absent("2026-11-26", "2026-11-26"), func(b *Absence) { b.From, b.To = "2026-11-25", "2026-11-25" }, early, nil},
		{"moved to today, too late", absent("2026-11-26", "2026-11-26"), func(b *Absence) { b.From, b.To = "2026-11-25", "2026-11-25" }, late, Refused("absence.too_late")},
		{"moved to a weekend", absent("2026-11-26", "2026-11-26"), func(b *Absence) { b.From, b.To = "2026-11-28", "2026-11-29" }, early, Refused("absence.only_closed")},
		{"to before from", running, func(b *Absence) { b.To = "2026-11-22" }, early, Invalid("to", "absence.to_before_from")},
		{"illness on vacation", running, func(b *Absence) { b.Reason, b.Illness = AbsenceVacation, "cold" }, early, Invalid("illness", "absence.illness_without_sick")},
		{"withdrawn", gone, func(b *Absence) { b.Note = "x" }, early, Refused("absence.withdrawn_already")},
	} {
		b := c.a
		c.change(&b)
		if got := c.a.CanBecome(b, k, teamDay, false, instant(t, c.now)); !wrong(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		var refused *Error
		staff := c.want
		if errors.As(c.want, &refused) && slices.Contains([]string{"absence.too_late", "absence.started", "absence.over"}, refused.Code) {
			staff = nil
		}
		if got := c.a.CanBecome(b, k, teamDay, true, instant(t, c.now)); !wrong(got, staff) {
			t.Errorf("%s, by staff: %v, want %v", c.name, got, staff)
		}
	}
}

// wrong tells whether got is want, or names it among the wrong fields.
func wrong(got, want error) bool {
	var many Errors
	if errors.As(got, &many) {
		return slices.ContainsFunc(many, func(e *Error) bool { return same(e, want) })
	}
	return same(got, want)
}

func TestALongIllnessCanBeSetLongerThoughItBeganLongAgo(t *testing.T) {
	k := houseIn("Europe/Berlin", "08:30")
	a := absent("2026-06-01", "2026-11-30")
	b := a
	b.To = "2026-12-31"
	if err := a.CanBecome(b, k, nil, false, instant(t, "2026-11-23T07:00:00+01:00")); err != nil {
		t.Error(err)
	}
	b.From = "2026-06-02"
	if err := a.CanBecome(b, k, nil, true, instant(t, "2026-11-23T07:00:00+01:00")); !wrong(err, Invalid("from", "absence.too_old")) {
		t.Errorf("moved within the distant past: %v", err)
	}
}

func TestReportNamesEveryWrongField(t *testing.T) {
	const today Day = "2026-11-23"
	for _, c := range []struct {
		name        string
		change      func(*Absence)
		field, code string
	}{
		{"fine", func(*Absence) {}, "", ""},
		{"60 days back", func(a *Absence) { a.From = today.Add(-60) }, "", ""},
		{"61 days back", func(a *Absence) { a.From = today.Add(-61) }, "from", "absence.too_old"},
		{"two years ahead", func(a *Absence) { a.From = today.Add(732); a.To = a.From }, "", ""},
		{"more than two years ahead", func(a *Absence) { a.From = today.Add(733); a.To = a.From }, "from", "absence.too_far"},
		{"a year", func(a *Absence) { a.To = today.Add(365) }, "", ""},
		{"a year and a day", func(a *Absence) { a.To = today.Add(366) }, "to", "absence.too_long"},
		{"to before from", func(a *Absence) { a.To = today.Add(-1) }, "to", "absence.to_before_from"},
		{"a reason of one's own", func(a *Absence) { a.Reason = "holiday" }, "reason", "absence.reason"},
		{"no reason", func(a *Absence) { a.Reason = "" }, "reason", "absence.reason"},
		{"a known illness", func(a *Absence) { a.Illness = "lice" }, "", ""},
		{"an unknown illness", func(a *Absence) { a.Illness = "plague" }, "illness", "absence.illness"},
		{"an illness on vacation", func(a *Absence) { a.Reason, a.Illness = AbsenceVacation, "cold" }, "illness", "absence.illness_without_sick"},
		{"500 characters", func(a *Absence) { a.Note = strings.Repeat("ü", 500) }, "", ""},
		{"501 characters", func(a *Absence) { a.Note = strings.Repeat("ü", 501) }, "note", "text.too_long"},
		{"reversing marks", func(a *Absence) { a.Note = "a\u202eb" }, "note", "text.characters"},
	} {
		a := absent(today, today)
		c.change(&a)
		err := a.Check(today)
		if c.code == "" && err != nil || c.code != "" && !wrong(err, Invalid(c.field, c.code)) {
			t.Errorf("%s: %v, want %s at %s", c.name, err, c.code, c.field)
		}
	}
}

func TestNextToReportIsOpenAndInTime(t *testing.T) {
	k := houseIn("Europe/Berlin", "08:30")
	for now, want := range map[string]Day{
		"2026-11-23T08:29:59+01:00": "2026-11-23", "2026-11-23T08:30:00+01:00": "2026-11-24",
		"2026-11-26T09:00:00+01:00": "2026-11-30", "2026-11-28T07:00:00+01:00": "2026-11-30",
		"2026-12-24T09:00:00+01:00": "2026-12-28", "2026-12-31T09:00:00+01:00": "2027-01-04",
	} {
		if got := k.NextToReport(teamDay, instant(t, now)); got != want {
			t.Errorf("%s: %s, want %s", now, got, want)
		}
	}
	var shut []ClosingDay
	for i := range 400 {
		shut = append(shut, ClosingDay{Day: Day("2026-11-23").Add(i)})
	}
	if got := k.NextToReport(shut, instant(t, "2026-11-23T07:00:00+01:00")); got != "" {
		t.Errorf("shut for a year, and yet %s", got)
	}
}

func TestReportsJoinOrStandApart(t *testing.T) {
	mon, tue, wed, thu := Day("2026-11-23"), Day("2026-11-24"), Day("2026-11-25"), Day("2026-11-26")
	report := func(id ID, from, to Day, reason AbsenceReason, illness, note string) Absence {
		return Absence{ID: id, From: from, To: to, Reason: reason, Illness: illness, Note: note, ReporterName: string(id)}
	}
	sick := func(id ID, from, to Day) Absence { return report(id, from, to, AbsenceSick, "", "") }
	full := strings.Repeat("x", 400)
	for _, c := range []struct {
		name    string
		a       Absence
		earlier []Absence
		joined  Absence
		folded  []ID
		err     error
	}{
		{"nothing there", sick("n", mon, tue), nil, sick("n", mon, tue), nil, nil},
		{"the same again", sick("n", mon, tue), []Absence{sick("a", mon, tue)}, sick("a", mon, tue), nil, nil},
		{"longer", sick("n", tue, wed), []Absence{sick("a", mon, tue)}, sick("a", mon, wed), nil, nil},
		{"the day after", sick("n", wed, wed), []Absence{sick("a", mon, tue)}, sick("a", mon, wed), nil, nil},
		{"two days after", sick("n", thu, thu), []Absence{sick("a", mon, tue)}, sick("n", thu, thu), nil, nil},
		{"what was between two", sick("n", tue, wed), []Absence{sick("a", mon, mon), sick("b", thu, thu)}, sick("a", mon, thu), []ID{"b"}, nil},
		{"over three", sick("n", mon, thu), []Absence{sick("a", mon, mon), sick("b", wed, wed), sick("c", thu, thu)}, sick("a", mon, thu), []ID{"b", "c"}, nil},
		{"another reason on the same day", report("n", tue, wed, AbsenceVacation, "", ""), []Absence{sick("a", mon, tue)}, Absence{}, nil, Conflict("from", "absence.overlaps")},
		{"another reason the day after", report("n", wed, wed, AbsenceVacation, "", ""), []Absence{sick("a", mon, tue)}, report("n", wed, wed, AbsenceVacation, "", ""), nil, nil},
		{"the illness is known now", report("n", mon, mon, AbsenceSick, "lice", ""), []Absence{sick("a", mon, tue)}, report("a", mon, tue, AbsenceSick, "lice", ""), nil, nil},
		{"the illness was known", sick("n", wed, wed), []Absence{report("a", mon, tue, AbsenceSick, "lice", "")}, report("a", mon, wed, AbsenceSick, "lice", ""), nil, nil},
		{"another illness on the same day", report("n", mon, mon, AbsenceSick, "lice", ""), []Absence{report("a", mon, tue, AbsenceSick, "cold", "")}, Absence{}, nil, Conflict("from", "absence.overlaps")},
		{"another illness the day after", report("n", wed, wed, AbsenceSick, "lice", ""), []Absence{report("a", mon, tue, AbsenceSick, "cold", "")}, report("n", wed, wed, AbsenceSick, "lice", ""), nil, nil},
		{"between two illnesses, on one of them", sick("n", tue, wed), []Absence{report("a", mon, mon, AbsenceSick, "cold", ""), report("b", wed, wed, AbsenceSick, "lice", "")},
			report("b", tue, wed, AbsenceSick, "lice", ""), nil, nil},
		{"over two illnesses", sick("n", mon, wed), []Absence{report("a", mon, mon, AbsenceSick, "cold", ""), report("b", wed, wed, AbsenceSick, "lice", "")}, Absence{}, nil, Conflict("from", "absence.overlaps")},
		{"two notes", report("n", mon, mon, AbsenceSick, "", "hustet"), []Absence{report("a", mon, mon, AbsenceSick, "", "Fieber")}, report("a", mon, mon, AbsenceSick, "", "Fieber\nhustet"), nil, nil},
		{"the same note", report("n", mon, mon, AbsenceSick, "", "Fieber"), []Absence{report("a", mon, mon, AbsenceSick, "", "Fieber")}, report("a", mon, mon, AbsenceSick, "", "Fieber"), nil, nil},
		{"notes with no room for both", report("n", mon, mon, AbsenceSick, "", full), []Absence{report("a", mon, mon, AbsenceSick, "", full+"y"), report("b", tue, tue, AbsenceSick, "", strings.Repeat("z", 200))},
			report("a", mon, mon, AbsenceSick, "", full+"y"), nil, nil},
		{"notes with no room on one day", report("n", mon, mon, AbsenceSick, "", full), []Absence{report("a", mon, mon, AbsenceSick, "", strings.Repeat("y", 200))}, Absence{}, nil, Invalid("note", "absence.note_full")},
		{"a year and the day after", sick("n", mon.Add(366), mon.Add(366)), []Absence{sick("a", mon, mon.Add(365))}, sick("n", mon.Add(366), mon.Add(366)), nil, nil},
		{"a year and its last day longer", sick("n", mon.Add(365), mon.Add(366)), []Absence{sick("a", mon, mon.Add(365))}, Absence{}, nil, Invalid("to", "absence.too_long")},
	} {
		joined, folded, err := c.a.Join(c.earlier)
		if !wrong(err, c.err) {
			t.Errorf("%s: %v, want %v", c.name, err, c.err)
			continue
		}
		var ids []ID
		for _, f := range folded {
			ids = append(ids, f.ID)
		}
		if c.err == nil && (joined != c.joined || !slices.Equal(ids, c.folded)) {
			t.Errorf("%s: %+v folded %v, want %+v folded %v", c.name, joined, ids, c.joined, c.folded)
		}
	}
}

// However reports follow one another: no day of a child is reported twice, and no reported day is lost.
func TestReportsNeverOverlapAndNoDayIsLost(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	const start Day = "2026-11-01"
	for range 2000 {
		var stand []Absence
		said := map[Day]AbsenceReason{}
		for i := range 12 {
			a := Absence{ID: ID(fmt.Sprint(i)), Reason: []AbsenceReason{AbsenceSick, AbsenceSick, AbsenceVacation}[r.IntN(3)]}
			a.From = start.Add(r.IntN(30))
			a.To = a.From.Add(r.IntN(6))
			if a.Reason == AbsenceSick {
				a.Illness = []string{"", "", "cold", "lice"}[r.IntN(4)]
			}
			joined, folded, err := a.Join(slices.Clone(stand))
			if err != nil {
				if !slices.ContainsFunc(stand, a.Overlaps) {
					t.Fatalf("refused without reason: %v", err)
				}
				continue
			}
			stand = slices.DeleteFunc(stand, func(e Absence) bool {
				return e.ID == joined.ID || slices.ContainsFunc(folded, func(f Absence) bool { return f.ID == e.ID })
			})
			if err := joined.Apart(stand); err != nil {
				t.Fatalf("%+v overlaps: %v", joined, err)
			}
			stand = append(stand, joined)
			for day := a.From; day <= a.To; day = day.Add(1) {
				said[day] = a.Reason
			}
		}
		covered := 0
		for _, a := range stand {
			for day := a.From; day <= a.To; day = day.Add(1) {
				covered++
				if said[day] != a.Reason {
					t.Fatalf("%s stands as %s, was said as %q", day, a.Reason, said[day])
				}
			}
		}
		if covered != len(said) {
			t.Fatalf("%d days stand of %d", covered, len(said))
		}
	}
}

func TestIllnessesHaveOneCodeAndTwoNames(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range Illnesses {
		if seen[i.Code] || i.Code == "" || i.German == "" || i.English == "" {
			t.Errorf("%+v", i)
		}
		seen[i.Code] = true
	}
	for _, code := range []string{"measles", "lice", "scabies", "scarlet_fever", "whooping_cough"} {
		if !slices.ContainsFunc(Illnesses, func(i Illness) bool { return i.Code == code && i.Notifiable }) {
			t.Errorf("%s is to be reported by IfSG § 34", code)
		}
	}
}
