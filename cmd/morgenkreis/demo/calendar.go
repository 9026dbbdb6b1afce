package demo

import (
	"fmt"
	"slices"
	"time"

	"morgenkreis/kita"
)

// state is where the demo is: Berlin.
const state = kita.BE

// span is how far the calendar looks back and ahead, in days: enough for a month of open days around Christmas.
const span = 100

// calendar counts in open days, so that nothing of the demo falls on a weekend, a holiday or a closing day, whatever day
// it is made on.
type calendar struct {
	zone    *time.Location
	now     time.Time
	today   kita.Day
	past    []kita.Day // open days before today, the latest first
	next    []kita.Day // open days after today
	open    bool       // today
	closing []kita.ClosingDay
	teamDay kita.Day
}

func newCalendar(now time.Time) (*calendar, error) {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		return nil, err
	}
	c := &calendar{zone: zone, now: now, today: kita.DayOf(now, zone)}
	c.closing = winters(c.today)
	c.count()
	c.teamDay = c.next[9]
	for _, day := range c.next[9:20] {
		if day.Time().Weekday() == time.Friday {
			c.teamDay = day
			break
		}
	}
	c.closing = append(c.closing, kita.ClosingDay{Day: c.teamDay, Name: "Teamtag"})
	c.count()
	return c, nil
}

func (c *calendar) count() {
	c.past = kita.OpenDays(state, c.closing, c.today.Add(-span), c.today.Add(-1))
	slices.Reverse(c.past)
	c.next = kita.OpenDays(state, c.closing, c.today.Add(1), c.today.Add(span))
	c.open = len(kita.OpenDays(state, c.closing, c.today, c.today)) == 1
}

// winters are the closing days around Christmas of this winter and the next one.
func winters(today kita.Day) []kita.ClosingDay {
	var days []kita.ClosingDay
	for year := today.Time().Year() - 1; year <= today.Time().Year()+1; year++ {
		from, to := kita.Day(fmt.Sprintf("%d-12-24", year)), kita.Day(fmt.Sprintf("%d-12-31", year))
		for _, day := range kita.OpenDays(state, nil, from, to) {
			name := "Weihnachtsferien"
			switch day {
			case from:
				name = "Heiligabend"
			case to:
				name = "Silvester"
			}
			days = append(days, kita.ClosingDay{Day: day, Name: name})
		}
	}
	return days
}

// ago is the n-th open day before today, ahead the n-th after it.
func (c *calendar) ago(n int) kita.Day   { return c.past[n-1] }
func (c *calendar) ahead(n int) kita.Day { return c.next[n-1] }

// current is today when the kita is open, and otherwise the next day on which it is.
func (c *calendar) current() kita.Day {
	if c.open {
		return c.today
	}
	return c.ahead(1)
}

// menu is the latest week with three open days or more that has begun: its open days, and the open day before, on which
// its menu comes out.
func (c *calendar) menu() (out kita.Day, days []kita.Day) {
	monday := c.today.Add(-(int(c.today.Time().Weekday()) + 6) % 7)
	for ; len(days) < 3; monday = monday.Add(-7) {
		days = kita.OpenDays(state, c.closing, monday, monday.Add(4))
	}
	before := slices.IndexFunc(c.past, func(day kita.Day) bool { return day < days[0] })
	return c.past[before], days
}

// evening is the n-th open day before today, or the day before where that is a Friday: nobody comes to a parents'
// evening then.
func (c *calendar) evening(n int) kita.Day {
	if c.ago(n).Time().Weekday() == time.Friday {
		n++
	}
	return c.ago(n)
}

func (c *calendar) at(day kita.Day, clock kita.Clock) time.Time { return day.At(clock, c.zone) }

func (c *calendar) instant(day kita.Day, clock kita.Clock) *kita.Instant {
	at := kita.At(c.at(day, clock))
	return &at
}

var (
	weekdays = []string{"Sonntag", "Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag"}
	months   = []string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
)

// long is day as a notice says it: Freitag, 4. Dezember.
func long(day kita.Day) string {
	t := day.Time()
	return fmt.Sprintf("%s, %d. %s", weekdays[t.Weekday()], t.Day(), months[t.Month()-1])
}

// short is day as a table says it: Fr 4.12.
func short(day kita.Day) string {
	t := day.Time()
	return fmt.Sprintf("%s %d.%d.", weekdays[t.Weekday()][:2], t.Day(), t.Month())
}

// season is what a notice can not be written without.
type season struct {
	feast, feastText string
	clothes          string
	clothesText      string
	picture          scene
}

// seasons by quarter, the winter first.
var seasons = []season{
	{"Lichterfest", "Wir machen das Licht aus und die Kerzen an: mit Punsch ohne Alkohol, Stockbrot und den Liedern, die die Kinder gerade von morgens bis abends singen.",
		"Schneehosen und Ersatzhandschuhe", "Wir sind jeden Tag draußen, auch bei Frost. Bitte gebt euren Kindern mit:\n\n- Schneehose oder gefütterte Matschhose\n- **zwei Paar** Handschuhe (eins ist immer nass)\n- Mütze und Schlauchschal (bitte keinen langen Schal)", lanterns},
	{"Frühlingsfest", "Wir säen Kresse und Sonnenblumen, die Großen führen ihr Lied vom Regenwurm auf, und auf der Wiese gibt es Waffeln.",
		"Matschhosen und Gummistiefel", "Der Garten taut auf, und die Kinder sind nicht mehr hereinzubekommen. Bitte gebt ihnen mit:\n\n- Matschhose und Gummistiefel\n- einen Satz Wechselkleidung, der **jetzt** passt\n- eine dünne Mütze", meadow},
	{"Sommerfest", "Mit Wasserbahn, Barfußpfad und Eis. Die Großen zeigen ihren Zirkus, für den sie seit Wochen üben.",
		"Sonnenhüte und Badesachen", "Bei Sonne sind wir bis zum Mittag draußen. Bitte gebt euren Kindern mit:\n\n- einen Sonnenhut mit Namen\n- Badehose oder Badeanzug und ein kleines Handtuch\n- bitte cremt sie **zu Hause** ein; nachgecremt wird bei uns", meadow},
	{"Laternenfest", "Um fünf gehen wir mit den Laternen eine Runde um den Block, danach gibt es am Feuer Kürbissuppe und Brezeln.",
		"Matschhosen und Wechselkleidung", "Die Pfützen sind wieder da, und wir gehen hinein. Bitte gebt euren Kindern mit:\n\n- Matschhose und Gummistiefel\n- einen kompletten Satz Wechselkleidung (auch Strümpfe)\n- eine warme Jacke, die schmutzig werden darf", lanterns},
}

func (c *calendar) season() season { return seasons[int(c.today.Time().Month())%12/3] }
