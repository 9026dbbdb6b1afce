package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// World builds kitas for a test: w.Kita("Sonnenschein").Group("Bären").Child("Mia").Guardian("Ayşe"). Nothing is written
// before Live.
type World struct {
	t    testing.TB
	s    *store.Store
	now  kita.Instant
	rows store.Population
	// Today is the day at the kitas when the world was made.
	Today kita.Day
}

// NewWorld is an empty world at the store's time.
func NewWorld(t testing.TB, s *store.Store) *World {
	return &World{t: t, s: s, now: s.Now(), Today: kita.Kita{TimeZone: "Europe/Berlin"}.Today(s.Now().Time)}
}

// KitaB builds one kita; GroupB, ChildB and GuardianB what is in it.
type KitaB struct {
	w *World
	kita.Kita
}

// GroupB builds a group.
type GroupB struct {
	k *KitaB
	kita.Group
}

// ChildB builds a child.
type ChildB struct {
	k *KitaB
	kita.Child
}

// GuardianB builds a guardian.
type GuardianB struct {
	k *KitaB
	kita.Guardian
}

// StaffB builds a colleague.
type StaffB struct {
	k *KitaB
	kita.Staff
}

// Account makes an account of a person.
func (w *World) Account(name string) kita.Account {
	id := kita.NewID()
	a := kita.Account{ID: id, Sound: kita.SoundAll, Login: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "." + string(id[24:]) + "@example.org",
		Name: name, PasswordHash: kita.NoPassword, Language: "de", CreatedAt: w.now}
	w.rows.Accounts = append(w.rows.Accounts, a)
	return a
}

// Operator makes an account that runs the server.
func (w *World) Operator(name string) kita.Account {
	a := w.Account(name)
	w.rows.Accounts[len(w.rows.Accounts)-1].Operator = true
	a.Operator = true
	return a
}

// Provider makes a provider and an account that speaks for it.
func (w *World) Provider(name string) (kita.Provider, kita.Account) {
	p := kita.Provider{ID: kita.NewID(), Name: name, CreatedAt: w.now}
	w.rows.Providers = append(w.rows.Providers, p)
	a := w.Account(name)
	w.rows.ProviderMembers = append(w.rows.ProviderMembers, store.ProviderMember{ProviderID: p.ID, AccountID: a.ID})
	return p, a
}

// Kita makes a kita of a provider of its own, with the usual settings, in Berlin.
func (w *World) Kita(name string, change ...func(*kita.Kita)) *KitaB {
	p := kita.Provider{ID: kita.NewID(), Name: name + " e.V.", CreatedAt: w.now}
	w.rows.Providers = append(w.rows.Providers, p)
	return w.KitaOf(p, name, change...)
}

// KitaOf makes a kita of that provider.
func (w *World) KitaOf(p kita.Provider, name string, change ...func(*kita.Kita)) *KitaB {
	k := kita.Kita{ID: kita.NewID(), ProviderID: p.ID, Name: name, State: "BE", Phone: "030 1234567", CreatedAt: w.now}.WithDefaults()
	for _, f := range change {
		f(&k)
	}
	w.rows.Kitas = append(w.rows.Kitas, k)
	return &KitaB{w, k}
}

// Group makes a group.
func (k *KitaB) Group(name string) *GroupB {
	g := kita.Group{ID: kita.NewID(), KitaID: k.ID, Name: name, Colour: kita.Colours[len(k.w.rows.Groups)%len(kita.Colours)],
		Icon: kita.Icons[len(k.w.rows.Groups)%len(kita.Icons)], CreatedAt: k.w.now}
	k.w.rows.Groups = append(k.w.rows.Groups, g)
	return &GroupB{k, g}
}

// Leader makes a leader with an account.
func (k *KitaB) Leader(name string) *StaffB { return k.staff(name, kita.RoleLeader) }

// Educator makes an educator with an account, of those groups.
func (k *KitaB) Educator(name string, groups ...*GroupB) *StaffB {
	s := k.staff(name, kita.RoleEducator)
	for _, g := range groups {
		k.w.rows.StaffGroups = append(k.w.rows.StaffGroups, store.StaffGroup{KitaID: k.ID, StaffID: s.ID, GroupID: g.ID})
	}
	return s
}

func (k *KitaB) staff(name string, role kita.Role) *StaffB {
	a := k.w.Account(name)
	s := kita.Staff{ID: kita.NewID(), KitaID: k.ID, AccountID: &a.ID, FirstName: name, LastName: "Team", Role: role, Language: "de", CreatedAt: k.w.now}
	k.w.rows.Staff = append(k.w.rows.Staff, s)
	return &StaffB{k, s}
}

// Child makes a child that has been in the group for a year.
func (g *GroupB) Child(first string) *ChildB {
	c := g.k.Child(first)
	c.In(g, g.k.w.Today.Add(-365), kita.LastDay)
	return c
}

// Child makes a child that is in no group yet.
func (k *KitaB) Child(first string) *ChildB {
	c := kita.Child{ID: kita.NewID(), KitaID: k.ID, Number: fmt.Sprint(len(k.w.rows.Children) + 1), FirstName: first, LastName: "Muster",
		Born: k.w.Today.Add(-4 * 365), CreatedAt: k.w.now}
	k.w.rows.Children = append(k.w.rows.Children, c)
	return &ChildB{k, c}
}

// In places the child in a group.
func (c *ChildB) In(g *GroupB, from, to kita.Day) *ChildB {
	c.k.w.rows.Placements = append(c.k.w.rows.Placements, kita.Placement{ID: kita.NewID(), KitaID: c.k.ID, ChildID: c.ID, GroupID: g.ID,
		From: from, To: to, CreatedAt: c.k.w.now})
	return c
}

// Guardian makes a guardian of the child, with an account, custody, and every right.
func (c *ChildB) Guardian(first string) *GuardianB {
	g := c.k.Guardian(first)
	g.Of(c)
	return g
}

// Guardian makes a guardian with an account and no child yet.
func (k *KitaB) Guardian(first string) *GuardianB {
	a := k.w.Account(first)
	return k.GuardianOf(&a.ID, first)
}

// GuardianOf makes a guardian under that account; under none when it is nil.
func (k *KitaB) GuardianOf(account *kita.ID, first string) *GuardianB {
	g := kita.Guardian{ID: kita.NewID(), KitaID: k.ID, AccountID: account, FirstName: first, LastName: "Muster", Phone: "0170 5550100",
		Language: "de", CreatedAt: k.w.now}
	k.w.rows.Guardians = append(k.w.rows.Guardians, g)
	return &GuardianB{k, g}
}

// Of ties the guardian to another child.
func (g *GuardianB) Of(c *ChildB, change ...func(*kita.Tie)) *GuardianB {
	t := kita.Tie{KitaID: g.KitaID, GuardianID: g.ID, ChildID: c.ID, Relation: "parent", Custody: true, MayPickUp: true, ReceivesNotices: true, CreatedAt: g.k.w.now}
	for _, f := range change {
		f(&t)
	}
	g.k.w.rows.Ties = append(g.k.w.rows.Ties, t)
	return g
}

// Email gives the guardian an address.
func (g *GuardianB) Email(address string) *GuardianB {
	g.Guardian.Email = address
	for i := range g.k.w.rows.Guardians {
		if g.k.w.rows.Guardians[i].ID == g.ID {
			g.k.w.rows.Guardians[i].Email = address
		}
	}
	return g
}

// BannedFrom enters a contact ban.
func (g *GuardianB) BannedFrom(c *ChildB) kita.ContactBan {
	b := kita.ContactBan{ID: kita.NewID(), KitaID: g.KitaID, GuardianID: g.ID, ChildID: c.ID, Reason: "Beschluss des Familiengerichts",
		EnteredBy: kita.NewID(), EnteredAt: g.k.w.now}
	g.k.w.rows.Bans = append(g.k.w.rows.Bans, b)
	return b
}

// Device gives the account a push subscription at endpoint.
func (w *World) Device(account kita.ID, endpoint, p256dh, auth string) kita.Subscription {
	d := kita.Subscription{ID: kita.NewID(), AccountID: account, Endpoint: endpoint, P256dh: p256dh, Auth: auth, Name: "Telefon", CreatedAt: w.now}
	w.rows.Subscriptions = append(w.rows.Subscriptions, d)
	return d
}

// Absent adds an absence reported by account.
func (c *ChildB) Absent(from, to kita.Day, account kita.ID) kita.Absence {
	a := kita.Absence{ID: kita.NewID(), KitaID: c.k.ID, ChildID: c.ID, From: from, To: to, Reason: kita.AbsenceSick, ReportedBy: account,
		ReporterName: "Test", ByGuardian: true, CreatedAt: c.k.w.now}
	c.k.w.rows.Absences = append(c.k.w.rows.Absences, a)
	return a
}

// Rows gives access to what will be written, for what the builder has no word for.
func (w *World) Rows() *store.Population { return &w.rows }

// Live writes the world.
func (w *World) Live() {
	w.t.Helper()
	if err := w.s.SystemPopulate(context.Background(), w.rows); err != nil {
		w.t.Fatal(err)
	}
	w.rows = store.Population{}
}

// Viewer signs the account in, as a browser would, and answers who that is.
func (w *World) Viewer(account kita.ID) kita.Viewer {
	w.t.Helper()
	v, err := w.s.SessionViewer(context.Background(), w.SignIn(account))
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// SignIn opens a session for the account and answers its token.
func (w *World) SignIn(account kita.ID) string {
	w.t.Helper()
	token := string(kita.NewID() + kita.NewID())
	if _, err := w.s.SystemStartSession(context.Background(), account, token, "test"); err != nil {
		w.t.Fatal(err)
	}
	return token
}
