package handlers_test

import (
	"fmt"
	"math/bits"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// world is what there is, as plain rows in memory. The oracle reads it; the database is filled from it, and whatever the
// story changes over the API is changed here as well.
type world struct {
	*rapid.T
	now       kita.Instant
	today     kita.Day
	accounts  []*kita.Account
	providers []*kita.Provider
	speakers  []store.ProviderMember
	kitas     []*kita.Kita
	closing   []store.ClosingDayRow
	groups    []*kita.Group
	children  []*kita.Child
	contacts  []kita.EmergencyContact
	placed    []*kita.Placement
	guardians []*kita.Guardian
	ties      []*kita.Tie
	bans      []*kita.ContactBan
	staff     []*kita.Staff
	works     []store.StaffGroup
	devices   []kita.Subscription
	absences  []*kita.Absence
	notices   []*note
	files     []*attachment
	invited   []*kita.Invitation

	secrets []secret
	ids     uint64
	// facts are rows that the house gave ids to, as they stand in the database.
	facts map[string][]fact
}

type fact struct{ ID, account, kita, subject kita.ID }

// note is a notice with all that was ever said in it, and those it went to.
type note struct {
	kita.Notice
	texts      []string // earlier ones; the last is what it says now
	recipients []*recipient
}

// recipient is one line of a notice's ledger: a person, by their account where they have one.
type recipient struct {
	account  *kita.ID
	person   kita.ID // the guardian or colleague who stands in the ledger
	guardian bool
	children []kita.ID
	opened   bool
}

type attachment struct {
	ID      kita.ID
	kita    kita.ID
	by      kita.ID
	name    string
	bytes   string
	picture bool
}

// secret is a word that stands in one place of the world and nowhere else, with the rule who may ever meet it.
type secret struct {
	what string
	may  func(oracle) bool
}

const secretMark, phoneMark = "kq", "0170 77"

// secretWords finds every secret in an answer, wherever it got there.
var secretWords = regexp.MustCompile(`(?:` + secretMark + `|` + phoneMark + `)(\d{6})`)

func (w *world) secret(what string, may func(oracle) bool) string {
	w.secrets = append(w.secrets, secret{what, may})
	return fmt.Sprintf("%s%06d", secretMark, len(w.secrets)-1)
}

func (w *world) phone(what string, may func(oracle) bool) string {
	return phoneMark + strings.TrimPrefix(w.secret(what, may), secretMark)
}

// secretsIn answers the secrets that text holds, each once.
func (w *world) secretsIn(text string) []secret {
	var found []secret
	var seen []string
	for _, m := range secretWords.FindAllStringSubmatch(text, -1) {
		if n, err := strconv.Atoi(m[1]); err == nil && n < len(w.secrets) && !slices.Contains(seen, m[1]) {
			found, seen = append(found, w.secrets[n]), append(seen, m[1])
		}
	}
	return found
}

// newID is the same in every run of the same world, and not in the order of making: which of two records has the smaller
// id must not matter to anybody.
func (w *world) newID() kita.ID {
	w.ids++
	n := w.ids * 0x9E3779B97F4A7C15
	return kita.ID(fmt.Sprintf("%08x-%04x-7%03x-8000-%012x", n>>32, n>>16&0xffff, n&0xfff, w.ids))
}

// even is a number below n, each as likely as the other and the least the simplest: rapid's own ranges lean to their ends.
func even(n int) *rapid.Generator[int] {
	return rapid.Custom(func(t *rapid.T) int {
		v, width := 0, bits.Len(uint(n))+4
		for range width {
			v <<= 1
			if rapid.Bool().Draw(t, "bit") {
				v++
			}
		}
		return v * n >> width
	})
}

func (w *world) n(name string, from, to int) int { return from + even(to-from+1).Draw(w.T, name) }

func (w *world) chance(name string, percent int) bool { return w.n(name, 0, 99) >= 100-percent }

func pick[T any](w *world, name string, from []T) T { return from[w.n(name, 0, len(from)-1)] }

func (w *world) anAccount(name string, nonePercent int) *kita.ID {
	if w.chance("no account", nonePercent) {
		return nil
	}
	return &pick(w, name, w.accounts).ID
}

func (w *world) archived(name string, percent int) *kita.Instant {
	if w.chance(name+" archived", percent) {
		return &w.now
	}
	return nil
}

// newWorld draws kitas with few people who are many things: what leaks is what one role sees by way of another.
func newWorld(t *rapid.T, now kita.Instant) *world {
	w := &world{T: t, now: now, facts: map[string][]fact{}, today: kita.Kita{TimeZone: "Europe/Berlin"}.Today(now.Time)}
	for i := range w.n("accounts", 2, 6) {
		a := &kita.Account{ID: w.newID(), Name: fmt.Sprint("Account ", i), PasswordHash: kita.NoPassword, Language: "de", Sound: kita.SoundAll, CreatedAt: now,
			Operator: w.chance("operator", 15)}
		a.Login = w.secret("a login", func(o oracle) bool { return o.me == a }) + "@example.org"
		w.accounts = append(w.accounts, a)
		if w.chance("device", 40) {
			d := kita.Subscription{ID: w.newID(), AccountID: a.ID, P256dh: "x", Auth: "y", CreatedAt: now}
			d.Name = w.secret("a device's name", func(o oracle) bool { return o.me == a })
			d.Endpoint = "https://push.example/" + w.secret("a device's address", nobody)
			w.devices = append(w.devices, d)
		}
	}
	for range w.n("providers", 1, 2) {
		p := &kita.Provider{ID: w.newID(), CreatedAt: now, ArchivedAt: w.archived("provider", 6)}
		p.Name = w.secret("a provider's name", func(o oracle) bool { return o.me.Operator || o.speaksFor(p) })
		w.providers = append(w.providers, p)
		for _, a := range w.accounts {
			if w.chance("speaker", 12) {
				w.speakers = append(w.speakers, store.ProviderMember{ProviderID: p.ID, AccountID: a.ID})
			}
		}
	}
	for range w.n("kitas", 1, 3) {
		w.addKita()
	}
	return w
}

func nobody(oracle) bool { return false }

func (w *world) addKita() {
	k := &kita.Kita{ID: w.newID(), ProviderID: pick(w, "provider", w.providers).ID, State: "BE", CreatedAt: w.now,
		EducatorsSeeAll: w.chance("educators see all", 30), ArchivedAt: w.archived("kita", 6)}
	*k = k.WithDefaults()
	k.Name = w.secret("a kita's name", func(o oracle) bool { return o.hasToDoWith(k) })
	w.kitas = append(w.kitas, k)
	if w.chance("closing day", 40) {
		d := store.ClosingDayRow{CreatedAt: w.now}
		d.ID, d.KitaID, d.Day = w.newID(), k.ID, w.today.Add(14)
		d.Name = w.secret("a closing day", func(o oracle) bool { return o.hasToDoWith(k) })
		w.closing = append(w.closing, d)
	}
	var groups []*kita.Group
	for range w.n("groups", 1, 3) {
		g := &kita.Group{ID: w.newID(), KitaID: k.ID, Colour: "red", Icon: "bear", CreatedAt: w.now, ArchivedAt: w.archived("group", 10)}
		g.Name = w.secret("a group's name", func(o oracle) bool { return o.knowsGroup(g) })
		groups = append(groups, g)
	}
	w.groups = append(w.groups, groups...)
	var children []*kita.Child
	for range w.n("children", 0, 4) {
		children = append(children, w.addChild(k, groups))
	}
	for range w.n("guardians", 0, 4) {
		g := w.addGuardian(k)
		for _, c := range children {
			if w.chance("tie", 60) {
				w.ties = append(w.ties, &kita.Tie{KitaID: k.ID, GuardianID: g.ID, ChildID: c.ID, Relation: "parent", Custody: true,
					MayPickUp: true, ReceivesNotices: !w.chance("no notices", 12), CreatedAt: w.now})
			}
			if w.chance("ban", 15) {
				w.addBan(w.newID(), g, c, w.archived("lifted, not", 30))
			}
		}
	}
	for range w.n("staff", 1, 3) {
		w.addStaff(k, groups)
	}
	for _, c := range children {
		if w.chance("absence", 40) {
			w.addAbsence(c)
		}
	}
}

func (w *world) addChild(k *kita.Kita, groups []*kita.Group) *kita.Child {
	c := &kita.Child{ID: w.newID(), KitaID: k.ID, Born: w.today.Add(-4 * 365), CreatedAt: w.now, ArchivedAt: w.archived("child", 12)}
	name := func(o oracle) bool { return o.sees(c) }
	health := func(o oracle) bool { return o.caresFor(c) }
	c.FirstName, c.LastName = w.secret("a child's first name", name), w.secret("a child's last name", name)
	c.Allergies, c.HealthNotes = w.secret("allergies", health), w.secret("health notes", health)
	for i := range w.n("contacts", 0, 2) {
		w.contacts = append(w.contacts, kita.EmergencyContact{ID: w.newID(), KitaID: k.ID, ChildID: c.ID, Position: i,
			Name: w.secret("an emergency contact", health), Phone: w.phone("an emergency number", health)})
	}
	// Before, now, and later, one after the other; an archived group has a past only.
	for i, span := range [][2]kita.Day{{w.today.Add(-200), w.today.Add(-1)}, {w.today, kita.LastDay}} {
		if !w.chance("placed", 75-40*(1-i)) {
			continue
		}
		g := pick(w, "group", groups)
		if i == 1 && g.ArchivedAt != nil {
			continue
		}
		if i == 1 && w.chance("later", 20) {
			span[0] = w.today.Add(10)
		}
		w.placed = append(w.placed, &kita.Placement{ID: w.newID(), KitaID: k.ID, ChildID: c.ID, GroupID: g.ID, From: span[0], To: span[1], CreatedAt: w.now})
	}
	w.children = append(w.children, c)
	return c
}

func (w *world) addGuardian(k *kita.Kita) *kita.Guardian {
	g := &kita.Guardian{ID: w.newID(), KitaID: k.ID, AccountID: w.anAccount("guardian's account", 15), Language: "de", CreatedAt: w.now,
		ArchivedAt: w.archived("guardian", 10)}
	g.FirstName = w.secret("a guardian's name", func(o oracle) bool { return o.knowsGuardian(g) })
	g.LastName = "Muster"
	g.Phone = w.phone("a guardian's phone", func(o oracle) bool { return o.rings(g) })
	g.Email = w.secret("a guardian's e-mail", func(o oracle) bool { return o.writesTo(g) }) + "@example.org"
	g.Address = w.secret("a guardian's address", func(o oracle) bool { return o.writesTo(g) })
	w.guardians = append(w.guardians, g)
	return g
}

func (w *world) addBan(id kita.ID, g *kita.Guardian, c *kita.Child, lifted *kita.Instant) *kita.ContactBan {
	b := &kita.ContactBan{ID: id, KitaID: g.KitaID, GuardianID: g.ID, ChildID: c.ID, EnteredBy: w.accounts[0].ID, EnteredAt: w.now, LiftedAt: lifted}
	b.Reason = w.secret("why somebody is banned", func(o oracle) bool { return o.leadsChild(c) })
	w.bans = append(w.bans, b)
	return b
}

func (w *world) addStaff(k *kita.Kita, groups []*kita.Group) {
	s := &kita.Staff{ID: w.newID(), KitaID: k.ID, AccountID: w.anAccount("colleague's account", 8), LastName: "Team", Role: kita.RoleEducator,
		Language: "de", CreatedAt: w.now, ArchivedAt: w.archived("colleague", 10)}
	if w.chance("leader", 45) {
		s.Role = kita.RoleLeader
	}
	s.FirstName = w.secret("a colleague's name", func(o oracle) bool { return o.knowsColleague(s) })
	s.Phone = w.phone("a colleague's phone", func(o oracle) bool { return o.manages(k) })
	s.Email = w.secret("a colleague's e-mail", func(o oracle) bool { return o.manages(k) }) + "@example.org"
	w.staff = append(w.staff, s)
	for _, g := range groups {
		if w.chance("works with", 45) {
			w.works = append(w.works, store.StaffGroup{KitaID: k.ID, StaffID: s.ID, GroupID: g.ID})
		}
	}
}

func (w *world) addAbsence(c *kita.Child) {
	a := &kita.Absence{ID: w.newID(), KitaID: c.KitaID, ChildID: c.ID, From: w.today, Reason: kita.AbsenceSick, ReportedBy: pick(w, "reporter", w.accounts).ID,
		ReporterName: "Test", ByGuardian: true, CreatedAt: w.now, WithdrawnAt: w.archived("absence", 20)}
	if w.chance("later", 30) {
		a.From = w.today.Add(3)
	}
	a.To = a.From.Add(w.n("days", 0, 3))
	a.Note = w.secret("what a child has", func(o oracle) bool { return o.caresFor(c) })
	w.absences = append(w.absences, a)
}

// population is the world as rows for the database.
func (w *world) population() store.Population {
	return store.Population{Accounts: values(w.accounts), Providers: values(w.providers), ProviderMembers: w.speakers, Kitas: values(w.kitas),
		ClosingDays: w.closing, Groups: values(w.groups), Children: values(w.children), EmergencyContacts: w.contacts, Placements: values(w.placed),
		Guardians: values(w.guardians), Ties: values(w.ties), Bans: values(w.bans), Staff: values(w.staff), StaffGroups: w.works,
		Subscriptions: w.devices, Absences: values(w.absences)}
}

func values[T any](rows []*T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = *r
	}
	return out
}

func exists[T any](rows []T, f func(T) bool) bool { return slices.ContainsFunc(rows, f) }

func find[T any](rows []T, f func(T) bool) T { return rows[slices.IndexFunc(rows, f)] }

func filter[T any](rows []T, f func(T) bool) []T {
	var kept []T
	for _, r := range rows {
		if f(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

func (w *world) kita(id kita.ID) *kita.Kita {
	return find(w.kitas, func(k *kita.Kita) bool { return k.ID == id })
}

func (w *world) child(id kita.ID) *kita.Child {
	return find(w.children, func(c *kita.Child) bool { return c.ID == id })
}

func (w *world) guardian(id kita.ID) *kita.Guardian {
	return find(w.guardians, func(g *kita.Guardian) bool { return g.ID == id })
}

func (w *world) group(id kita.ID) *kita.Group {
	return find(w.groups, func(g *kita.Group) bool { return g.ID == id })
}

func (w *world) tied(g, c kita.ID) bool {
	return exists(w.ties, func(t *kita.Tie) bool { return t.GuardianID == g && t.ChildID == c })
}

// placedIn tells whether the child is in the group on any day from–to.
func (w *world) placedIn(c, g kita.ID, from, to kita.Day) bool {
	return exists(w.placed, func(p *kita.Placement) bool { return p.ChildID == c && p.GroupID == g && p.From <= to && p.To >= from })
}

func (w *world) notice(id kita.ID) *note {
	return find(w.notices, func(n *note) bool { return n.ID == id })
}

func (w *world) file(id kita.ID) *attachment {
	return find(w.files, func(f *attachment) bool { return f.ID == id })
}

func (w *world) absence(id kita.ID) *kita.Absence {
	return find(w.absences, func(a *kita.Absence) bool { return a.ID == id })
}

func (w *world) colleague(id kita.ID) *kita.Staff {
	return find(w.staff, func(s *kita.Staff) bool { return s.ID == id })
}

func (w *world) provider(id kita.ID) *kita.Provider {
	return find(w.providers, func(p *kita.Provider) bool { return p.ID == id })
}

func (w *world) invitation(id kita.ID) *kita.Invitation {
	return find(w.invited, func(i *kita.Invitation) bool { return i.ID == id })
}

func same(a, b *kita.ID) bool { return a != nil && b != nil && *a == *b }
