package demo

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strconv"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// house is the two kitas with everybody in them, found by what the tables call them: "Ella Albrecht", "B", Sonnenschein.
type house struct {
	cal       *calendar
	rows      store.Population
	since     kita.Instant
	kitas     map[string]kita.Kita
	groups    map[string]kita.Group
	children  map[string]kita.Child
	guardians map[string]kita.Guardian
	staff     map[string]kita.Staff
	accounts  map[string]kita.Account // by the person's name, in whichever kita they are
	parents   map[kita.ID][]kita.Guardian
	inGroup   map[kita.ID]string // child to the key of its group
	order     []kita.Child       // of Sonnenschein, as the table has them
	phones    struct{ mobile, landline int }
}

// furnish makes all rows; hash is what is stored of the demo's password.
func furnish(c *calendar, hash string) *house {
	h := &house{cal: c, since: *c.instant(c.ago(22).Add(-30), "10:00"), kitas: map[string]kita.Kita{}, groups: map[string]kita.Group{},
		children: map[string]kita.Child{}, guardians: map[string]kita.Guardian{}, staff: map[string]kita.Staff{},
		accounts: map[string]kita.Account{}, parents: map[kita.ID][]kita.Guardian{}, inGroup: map[kita.ID]string{}}
	h.phones.landline = 200
	h.buildings()
	for _, m := range team {
		h.employ(m)
	}
	for i, f := range families {
		h.welcome(i, f)
	}
	operator := h.account("Betrieb", LoginOperator, "de")
	for i, a := range h.rows.Accounts {
		switch a.Login {
		case LoginLeader, LoginEducator, LoginParent, LoginOperator:
			h.rows.Accounts[i].PasswordHash = hash
		}
		h.rows.Accounts[i].Operator = a.ID == operator.ID
	}
	return h
}

func (h *house) buildings() {
	provider := kita.Provider{ID: kita.NewID(), Name: "Kinderhäuser am Morgentor gGmbH", CreatedAt: h.since}
	h.rows.Providers = []kita.Provider{provider}
	speaker := h.account("Bernhard Kolbe", "traeger@morgentor.example", "de")
	h.rows.ProviderMembers = []store.ProviderMember{{ProviderID: provider.ID, AccountID: speaker.ID}}
	for i, name := range []string{sonnenschein, regenbogen} {
		k := kita.Kita{ID: kita.NewID(), ProviderID: provider.ID, Name: name, State: state, Opens: "06:30", Phone: fmt.Sprintf(landline, 100+50*i),
			Demo: true, CreatedAt: h.since}.WithDefaults()
		h.kitas[name] = k
		h.rows.Kitas = append(h.rows.Kitas, k)
		for _, d := range h.cal.closing {
			d.ID, d.KitaID = kita.NewID(), k.ID
			h.rows.ClosingDays = append(h.rows.ClosingDays, store.ClosingDayRow{ClosingDay: d, CreatedAt: h.since})
		}
	}
	for _, g := range groups {
		row := kita.Group{ID: kita.NewID(), KitaID: h.kitas[g.kita].ID, Name: g.name, Colour: g.colour, Icon: g.icon, CreatedAt: h.since}
		h.groups[g.key] = row
		h.rows.Groups = append(h.rows.Groups, row)
	}
}

func (h *house) account(name, login, language string) kita.Account {
	if a, ok := h.accounts[name]; ok {
		return a
	}
	a := kita.Account{ID: kita.NewID(), Login: login, Name: name, PasswordHash: kita.NoPassword, Language: language, Sound: kita.SoundAll, CreatedAt: h.since}
	if chance("quiet", name) < 0.3 {
		a.QuietFrom, a.QuietTo = "20:00", "06:30"
	}
	h.accounts[name] = a
	h.rows.Accounts = append(h.rows.Accounts, a)
	return a
}

func (h *house) employ(m colleague) {
	first, last, _ := strings.Cut(m.name, " ")
	email := m.login
	if email == "" {
		email = address(m.name, strings.ToLower(m.kita)+".example")
	}
	a := h.account(m.name, email, m.language)
	row := kita.Staff{ID: kita.NewID(), KitaID: h.kitas[m.kita].ID, AccountID: &a.ID, FirstName: first, LastName: last, Role: kita.RoleEducator,
		Email: email, Phone: fmt.Sprintf(landline, 10+len(h.staff)), Language: m.language, CreatedAt: h.since}
	if m.groups == "" {
		row.Role = kita.RoleLeader
	}
	h.staff[m.name] = row
	h.rows.Staff = append(h.rows.Staff, row)
	for _, key := range strings.Split(m.groups, "") {
		h.rows.StaffGroups = append(h.rows.StaffGroups, store.StaffGroup{KitaID: row.KitaID, StaffID: row.ID, GroupID: h.groups[key].ID})
	}
}

// welcome takes the i-th family of the table in: its children, and its parents at each kita where they have one.
func (h *house) welcome(i int, f family) {
	for _, entry := range strings.Split(f.children, ", ") {
		first, place, _ := strings.Cut(entry, " ")
		child := h.enroll(i, f, first, place[:1], place[1:])
		for _, parent := range strings.Split(f.parents, ", ") {
			h.tie(i, f, parent, child)
		}
	}
}

func (h *house) enroll(i int, f family, first, key, age string) kita.Child {
	g := h.groups[key]
	old, err := strconv.Atoi(age)
	if err != nil {
		panic("demo: the age of " + first + " " + f.name)
	}
	born := h.cal.today.Time().AddDate(0, -old, -(i*11)%28)
	health := healthOf[first+" "+f.name]
	ch := kita.Child{ID: kita.NewID(), KitaID: g.KitaID, Number: strconv.Itoa(1001 + len(h.children)), FirstName: first, LastName: f.name,
		Born: kita.Day(born.Format(time.DateOnly)), Allergies: health[0], HealthNotes: health[1], CreatedAt: h.since}
	h.children[ch.Name()], h.inGroup[ch.ID] = ch, key
	h.rows.Children = append(h.rows.Children, ch)
	if g.KitaID == h.kitas[sonnenschein].ID {
		h.order = append(h.order, ch)
	}
	h.place(ch, key)
	if i%5 != 4 {
		h.emergency(i, f, ch)
	}
	return ch
}

// place puts the child into its group since the last kita year began, and into the younger one the year before.
func (h *house) place(ch kita.Child, key string) {
	add := func(key string, from, to kita.Day) {
		h.rows.Placements = append(h.rows.Placements, kita.Placement{ID: kita.NewID(), KitaID: ch.KitaID, ChildID: ch.ID, GroupID: h.groups[key].ID,
			From: from, To: to, CreatedAt: h.since})
	}
	// A year that began within the month shown would have its notices go to last year's groups.
	settled := h.cal.ago(22).Add(-30)
	firstOfAugust := func(year int) kita.Day { return kita.Day(fmt.Sprintf("%d-08-01", year)) }
	year := settled.Time().Year()
	if firstOfAugust(year) > settled {
		year--
	}
	joins := kita.Day(ch.Born.Time().AddDate(1, 0, 14).Format(time.DateOnly))
	from := max(firstOfAugust(year), min(joins, settled))
	to := kita.LastDay
	switch ch.Name() {
	case newcomer:
		from = h.cal.ago(15)
	case mover:
		t := h.cal.today.Time()
		next := kita.Day(time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC).Format(time.DateOnly))
		to = next.Add(-1)
		add("I", next, kita.LastDay)
	}
	add(key, from, to)
	younger := map[string]string{"B": "I", "I": "S", "S": "F"}[key]
	if earlier := max(firstOfAugust(year-1), joins); younger != "" && earlier < from {
		add(younger, earlier, from.Add(-1))
	}
}

// Two children whose groups change: one came a few weeks ago, one moves to the next group on the first of next month.
const (
	newcomer = "Lasse Busch"
	mover    = "Noah Simon"
)

func (h *house) emergency(i int, f family, ch kita.Child) {
	known := elders[f.language]
	for n := range 1 + i%2 {
		who := known[(i+n)%len(known)]
		name := who[0]
		if !strings.Contains(name, " ") {
			name += " " + f.name
		}
		h.rows.EmergencyContacts = append(h.rows.EmergencyContacts, kita.EmergencyContact{ID: kita.NewID(), KitaID: ch.KitaID, ChildID: ch.ID,
			Name: name, Phone: fmt.Sprintf(landline, 500+2*i+n), Relation: who[1], Position: n})
	}
}

// tie makes parent a guardian of child, with a record of their own in the child's kita.
func (h *house) tie(i int, f family, parent string, child kita.Child) {
	who, relation, _ := strings.Cut(parent, "/")
	who, apart := strings.CutPrefix(who, "+")
	first, last, named := strings.Cut(who, " ")
	if !named {
		last = f.name
	}
	name := first + " " + last
	g, ok := h.guardians[name]
	if !ok || g.KitaID != child.KitaID {
		home := i
		if apart {
			home += 7
		}
		g = h.register(f, name, child.KitaID, g.Phone, fmt.Sprintf("%s %d, 12345 Berlin", streets[home%len(streets)], 1+home*5%48))
	}
	t := kita.Tie{KitaID: child.KitaID, GuardianID: g.ID, ChildID: child.ID, Relation: relations[relation], Custody: true, MayPickUp: true,
		ReceivesNotices: true, CreatedAt: h.since}
	switch {
	case relation == "g":
		t.Custody, t.ReceivesNotices = false, false
	case relation == "s", relation == "o":
		t.Custody = false
	case name == banned.guardian && child.Name() == banned.child:
		t.Custody, t.MayPickUp = false, false
	}
	h.rows.Ties = append(h.rows.Ties, t)
	h.parents[child.ID] = append(h.parents[child.ID], g)
}

// register makes the guardian's record in one kita. Whoever is known already keeps account and number.
func (h *house) register(f family, name string, kitaID kita.ID, phone, home string) kita.Guardian {
	first, last, _ := strings.Cut(name, " ")
	if phone == "" {
		phone = h.number()
	}
	g := kita.Guardian{ID: kita.NewID(), KitaID: kitaID, FirstName: first, LastName: last, Phone: phone, Address: home, Language: f.language, CreatedAt: h.since}
	if !slices.Contains(notInvited, name) {
		login := address(name, []string{"post.example", "familie.example", "mail.example"}[len(h.guardians)%3])
		if name == "Miriam Albrecht" {
			login = LoginParent
		}
		a := h.account(name, login, f.language)
		g.AccountID, g.Email = &a.ID, a.Login
	}
	h.guardians[name] = g
	h.rows.Guardians = append(h.rows.Guardians, g)
	return g
}

func (h *house) number() string {
	if h.phones.mobile < mobiles {
		h.phones.mobile++
		return fmt.Sprintf(mobile, h.phones.mobile-1)
	}
	h.phones.landline++
	return fmt.Sprintf(landline, h.phones.landline-1)
}

// plain writes names as e-mail addresses have them.
var plain = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ß", "ss", "ı", "i", "ş", "s", "ç", "c", "ğ", "g", "ń", "n", "ê", "e",
	"í", "i", "é", "e", "ï", "i", "'", "", " ", ".")

// address is name at domain. All domains end in .example, which never leads anywhere (RFC 2606).
func address(name, domain string) string {
	return plain.Replace(strings.ToLower(name)) + "@" + domain
}

// chance is a number in [0, 1) that depends on its words alone: everybody behaves the same way whenever the demo is made.
func chance(words ...string) float64 {
	f := fnv.New64a()
	for _, w := range words {
		f.Write([]byte(w + "\x00"))
	}
	// The last bytes hardly reach FNV's upper bits; multiplying spreads them (splitmix64).
	x := f.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return float64((x^x>>31)>>11) / (1 << 53)
}
