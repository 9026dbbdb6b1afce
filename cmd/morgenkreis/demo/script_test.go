package demo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"morgenkreis/kita"
)

func berlin(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func script(t *testing.T, now time.Time) *play {
	t.Helper()
	cal, err := newCalendar(now)
	if err != nil {
		t.Fatal(err)
	}
	return &play{house: furnish(cal, kita.NoPassword), cal: cal}
}

// The demo is made whenever somebody starts it: in the night, on a Sunday, between the years.
func TestTheDemoHoldsOnEveryDayOfAYear(t *testing.T) {
	day := time.Date(2026, 11, 1, 0, 10, 0, 0, berlin(t))
	for i := range 366 {
		p := script(t, day.AddDate(0, 0, i).Add(time.Duration(i*7%24)*time.Hour))
		noticesPassTheRules(t, p)
		nothingHappensWhileTheKitaIsShut(t, p)
		absencesAreReportedInTime(t, p)
		everybodyPassesTheRules(t, p)
		agesFitTheGroups(t, p)
		if t.Failed() {
			t.Fatalf("made on %s", p.cal.now)
		}
	}
}

func noticesPassTheRules(t *testing.T, p *play) {
	t.Helper()
	scheduled := 0
	for _, x := range p.notices() {
		at := p.cal.at(x.day, x.clock)
		n := kita.Notice{Kind: x.kind, Title: x.title, Body: kita.Markdown(x.body), Language: "de", StartsAt: x.starts, EndsAt: x.ends, Place: x.place,
			PublishAt: kita.At(at), EndsOn: x.until}
		p.house.address(&n, x.to)
		if err := n.Check(at, x.day); err != nil {
			t.Errorf("%s: %v", x.title, err)
		}
		if n.KitaID == "" || slices.Contains(n.Targets, "") {
			t.Errorf("%s: for nobody that exists", x.title)
		}
		if strings.Contains(x.title+x.body, "%!") || n.Body.HTML() == "" {
			t.Errorf("%s: %s", x.title, x.body)
		}
		if x.later != nil {
			scheduled++
			if !x.later.After(p.cal.now) {
				t.Errorf("%s is for %s, which has passed", x.title, x.later)
			}
		}
	}
	if scheduled != 1 {
		t.Errorf("%d notices wait, want 1", scheduled)
	}
}

func nothingHappensWhileTheKitaIsShut(t *testing.T, p *play) {
	t.Helper()
	shut := func(day kita.Day) bool { return len(kita.OpenDays(state, p.cal.closing, day, day)) == 0 }
	for _, x := range p.notices() {
		if shut(x.day) {
			t.Errorf("%s: written on %s", x.title, x.day)
		}
		if x.starts != nil && x.kind == kita.NoticeEvent && shut(kita.DayOf(x.starts.Time, p.cal.zone)) {
			t.Errorf("%s: takes place on %s", x.title, x.starts)
		}
		if x.later != nil && shut(kita.DayOf(x.later.Time, p.cal.zone)) {
			t.Errorf("%s: goes out at %s", x.title, x.later)
		}
	}
}

func absencesAreReportedInTime(t *testing.T, p *play) {
	t.Helper()
	k := p.house.kitas[sonnenschein]
	for _, r := range p.absences() {
		at := p.cal.at(r.day, r.clock)
		a := kita.Absence{From: r.from, To: r.to, Reason: r.reason, Illness: r.illness, Note: r.note}
		if err := a.Check(r.day); err != nil {
			t.Errorf("%s: %v", r.child, err)
		}
		if err := a.CanReport(nil, k, p.cal.closing, r.by != "", at); err != nil {
			t.Errorf("%s from %s, reported %s: %v", r.child, r.from, at, err)
		}
		child, ok := p.house.children[r.child]
		if !ok {
			t.Errorf("%s is no child of the kita", r.child)
		}
		if r.by != "" && !strings.Contains(groupsOf(r.by), p.house.inGroup[child.ID]) {
			t.Errorf("%s does not work with %s", r.by, r.child)
		}
	}
}

func groupsOf(name string) string {
	return team[slices.IndexFunc(team, func(c colleague) bool { return c.name == name })].groups
}

func everybodyPassesTheRules(t *testing.T, p *play) {
	t.Helper()
	rows := p.house.rows
	var checks kita.Checks
	for _, k := range rows.Kitas {
		checks.Add(k.Check())
		checks.That(k.Demo, "demo", "kita")
	}
	for _, c := range rows.Children {
		checks.Add(c.Check(p.cal.today))
	}
	for _, g := range rows.Guardians {
		checks.Add(g.Check())
	}
	for _, s := range rows.Staff {
		checks.Add(s.Check())
	}
	for _, x := range rows.Ties {
		checks.Add(x.Check())
	}
	for _, g := range rows.Groups {
		checks.Add(g.Check())
	}
	for _, a := range rows.Accounts {
		checks.Add(a.Check())
		checks.Add(kita.CheckLogin(a.Login))
	}
	for _, e := range rows.EmergencyContacts {
		checks.Add(e.Check())
	}
	placed := map[kita.ID][]kita.Placement{}
	for _, x := range rows.Placements {
		checks.Add(x.Check())
		checks.That(x.Clash(placed[x.ChildID]) == nil, "placement", "clash")
		placed[x.ChildID] = append(placed[x.ChildID], x)
	}
	if err := checks.Err(); err != nil {
		t.Error(err)
	}
}

func agesFitTheGroups(t *testing.T, p *play) {
	t.Helper()
	years := map[string][2]int{"F": {1, 2}, "S": {2, 3}, "I": {3, 5}, "B": {4, 6}, "M": {1, 3}, "K": {4, 6}}
	for _, c := range p.house.rows.Children {
		key := p.house.inGroup[c.ID]
		age := p.cal.today.Sub(c.Born) * 100 / 36525
		if age < years[key][0] || age > years[key][1] {
			t.Errorf("%s of group %s is %d", c.Name(), key, age)
		}
	}
}

// Telephone numbers and addresses lead nowhere: see names.go for the ranges.
func TestNobodyCanBeReached(t *testing.T) {
	number := regexp.MustCompile(`^(030 23125\d{3}|0171 39200\d{2})$`)
	rows := script(t, time.Date(2026, 11, 23, 9, 0, 0, 0, berlin(t))).house.rows
	numbers, mails := map[string]string{}, []string{}
	tell := func(phone, whose string) {
		if !number.MatchString(phone) {
			t.Errorf("%s has the number %q", whose, phone)
		}
		if other, taken := numbers[phone]; taken && other != whose {
			t.Errorf("%s and %s share %s", other, whose, phone)
		}
		numbers[phone] = whose
	}
	for _, k := range rows.Kitas {
		tell(k.Phone, k.Name)
	}
	for _, g := range rows.Guardians {
		tell(g.Phone, g.Name())
		if g.Email != "" {
			mails = append(mails, g.Email)
		}
		if !strings.HasSuffix(g.Address, ", 12345 Berlin") {
			t.Errorf("%s lives at %q", g.Name(), g.Address)
		}
	}
	for _, s := range rows.Staff {
		tell(s.Phone, s.Name())
		mails = append(mails, s.Email)
	}
	for _, e := range rows.EmergencyContacts {
		tell(e.Phone, e.Name)
	}
	for _, a := range rows.Accounts {
		mails = append(mails, a.Login)
	}
	for _, mail := range mails {
		if !regexp.MustCompile(`^[a-z.\-]+@[a-z]+\.example$`).MatchString(mail) {
			t.Errorf("%q could be somebody's", mail)
		}
	}
}

// A list can not hold everybody the public knows; it holds those whose names lie nearest to the ones in use.
func TestNobodyIsCalledLikeSomebodyKnown(t *testing.T) {
	known := `Jan Albrecht, Maxim Sokolow, Andrij Kovalenko, Khaled Hariri, Rafik Hariri, Daniel Peters, Sven Regener, Jens Lehmann, Olaf Scholz,
		Oliver Kahn, Christian Jung, Ingo Hahn, Uwe Hahn, Johanna Roth, Claudia Roth, Javier Castillo, Philipp Engel, Andrij Melnyk, Steffen Böhme,
		Florian Günther, Daniel Günther, Alexander Friedrich, Arne Friedrich, Robert Simon, Georg Ziegler, Regine Ziegler, Laila Haddad, Emre Can,
		Angela Merkel, Friedrich Merz, Hans Zimmer, Steffi Graf, Boris Becker, Robert Beck, Volker Beck, Marieluise Beck, Jonas Kaufmann, Elif Şafak,
		Kemal Yıldırım, Ali Kaya Demir, Zeynep Kaya, Jakob Fugger, Felix Baumgartner, Moritz Bleibtreu, Nina Hagen, Benedikt Höwedes, Nico Rosberg`
	rows := script(t, time.Date(2026, 11, 23, 9, 0, 0, 0, berlin(t))).house.rows
	var names []string
	for _, c := range rows.Children {
		names = append(names, c.Name())
	}
	for _, g := range rows.Guardians {
		names = append(names, g.Name())
	}
	for _, a := range rows.Accounts {
		names = append(names, a.Name)
	}
	for name := range strings.SplitSeq(known, ",") {
		if slices.Contains(names, strings.TrimSpace(name)) {
			t.Errorf("%s is somebody", strings.TrimSpace(name))
		}
	}
}

func TestLoginsNameEveryLoginAndThePassword(t *testing.T) {
	for _, want := range []string{LoginLeader, LoginEducator, LoginParent, LoginOperator, fmt.Sprintf("password is %s ", Password)} {
		if !strings.Contains(Logins(), want) {
			t.Errorf("%q is missing in:\n%s", want, Logins())
		}
	}
}
