package handlers_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// question is one way to ask a GET route, and what the oracle says to it.
type question struct {
	// query follows the path; {id} stands for each of of there too.
	query string
	of    func(*run) []kita.ID
	// may tells whether it is 200; otherwise it is 404. nil: a list that may as well be empty.
	may func(oracle, kita.ID) bool
	// items are exactly what all pages of the list hold; nil where it is no list.
	items func(oracle, kita.ID) []kita.ID
	// in finds them in a page where they are not items.*.id.
	in func(map[string]any) []kita.ID
	// holds are words that the answer has, and those that it must not have.
	holds func(oracle, kita.ID) map[string]bool
}

// questions are every GET route of the table; one that is not here makes the test red.
var questions = map[string][]question{
	"/session": {{may: always, items: memberships, in: inMemberships, holds: func(o oracle, _ kita.ID) map[string]bool {
		return map[string]bool{o.me.Login: true}
	}}},
	"/sessions":           {{may: always, items: owned("sessions")}},
	"/tokens":             {{may: always, items: owned("tokens")}},
	"/push/subscriptions": {{may: always, items: owned("subscriptions")}},
	"/push/key":           {{may: always}},
	// What is told there is asked for by itself: hears.
	"/events/stream": {{may: always}},
	"/providers": {{items: func(o oracle, _ kita.ID) []kita.ID {
		return which(o.providers, func(p *kita.Provider) bool { return o.me.Operator || o.speaksFor(p) })
	}}},
	"/invitations": {
		{query: "?kita_id={id}", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.invited, func(i *kita.Invitation) bool { return *i.KitaID == id && o.invites(i) })
		}},
		{query: "?provider_id={id}", of: func(r *run) []kita.ID { return idsOf(r.providers) }, items: none},
	},
	"/kitas": {
		{may: always, items: func(o oracle, _ kita.ID) []kita.ID {
			return which(o.kitas, func(k *kita.Kita) bool { return k.ArchivedAt == nil && o.hasToDoWith(k) })
		}},
		{query: "?archived=true", may: always, items: func(o oracle, _ kita.ID) []kita.ID { return which(o.kitas, o.hasToDoWith) }},
	},
	"/kitas/{id}":        {{of: kitas, may: ofKita(oracle.hasToDoWith)}},
	"/kitas/{id}/counts": {{of: kitas, may: ofKita(func(o oracle, k *kita.Kita) bool { return o.provides(k) || o.leads(k.ID) })}},
	"/kitas/{id}/overview": {{of: kitas, may: ofKita(func(o oracle, k *kita.Kita) bool { return o.leads(k.ID) }), in: outOfReach,
		items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.guardians, func(g *kita.Guardian) bool {
				return g.KitaID == id && o.keeps(g) && !o.hasDevice(g) && exists(o.ties, func(t *kita.Tie) bool {
					return t.GuardianID == g.ID && o.told(t) && o.leadsChild(o.child(t.ChildID))
				})
			})
		}, holds: func(o oracle, id kita.ID) map[string]bool {
			holds := map[string]bool{}
			for _, g := range o.guardians {
				holds[g.Email], holds[g.Address] = false, false
			}
			return holds
		}}},
	"/audit": {{query: "?kita_id={id}&limit=100", of: kitas, items: auditLines}},
	"/guardians": {
		{query: "?kita_id={id}", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.guardians, func(g *kita.Guardian) bool { return g.KitaID == id && g.ArchivedAt == nil && o.seesGuardian(g) })
		}},
		{query: "?kita_id={id}&archived=true&limit=2", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.guardians, func(g *kita.Guardian) bool { return g.KitaID == id && o.seesGuardian(g) })
		}},
	},
	"/guardians/{id}": {{of: guardians, may: func(o oracle, id kita.ID) bool { return o.seesGuardian(o.guardian(id)) },
		holds: func(o oracle, id kita.ID) map[string]bool {
			g := o.guardian(id)
			return map[string]bool{g.FirstName: true, g.Phone: o.rings(g), g.Email: o.writesTo(g), g.Address: o.writesTo(g)}
		}}},
	"/bans": {{query: "?kita_id={id}", of: kitas, holds: banReasons, items: func(o oracle, id kita.ID) []kita.ID {
		return which(o.bans, func(b *kita.ContactBan) bool { return b.KitaID == id && o.seesBan(b) })
	}}},
	"/staff": {{query: "?kita_id={id}&archived=true&limit=2", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
		return which(o.staff, func(s *kita.Staff) bool { return s.KitaID == id && o.seesColleague(s) })
	}}},
	"/groups": {
		{items: func(o oracle, _ kita.ID) []kita.ID {
			return which(o.groups, func(g *kita.Group) bool { return g.ArchivedAt == nil && o.seesGroup(g) })
		}},
		{query: "?archived=true&kita_id={id}", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.groups, func(g *kita.Group) bool { return g.KitaID == id && o.seesGroup(g) })
		}},
	},
	"/groups/{id}": {{of: groups, may: func(o oracle, id kita.ID) bool { return o.seesGroup(o.group(id)) }}},
	"/children": {
		{items: func(o oracle, _ kita.ID) []kita.ID {
			return which(o.children, func(c *kita.Child) bool { return c.ArchivedAt == nil && o.sees(c) })
		}},
		{query: "?archived=true&kita_id={id}&limit=2", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.children, func(c *kita.Child) bool { return c.KitaID == id && o.sees(c) })
		}},
		{query: "?mine=true&limit=2", items: func(o oracle, _ kita.ID) []kita.ID {
			return which(o.children, func(c *kita.Child) bool { return c.ArchivedAt == nil && o.parentOf(c) })
		}},
		{query: "?group_id={id}", of: groups, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.children, func(c *kita.Child) bool {
				return c.ArchivedAt == nil && o.sees(c) && o.placedIn(c.ID, id, o.today, o.today)
			})
		}},
	},
	"/children/{id}": {{of: children, may: func(o oracle, id kita.ID) bool { return o.sees(o.child(id)) }, holds: childDetail}},
	"/calendar": {{query: "?kita_id={id}&from=2026-11-01&to=2027-01-31", of: kitas, items: func(o oracle, id kita.ID) []kita.ID {
		return which(o.closing, func(d store.ClosingDayRow) bool { return d.KitaID == id && o.hasToDoWith(o.kita(id)) })
	}}},
	"/notices": {
		{query: "?limit=2", may: always, holds: unread, items: func(o oracle, _ kita.ID) []kita.ID {
			return which(o.notices, func(n *note) bool { return o.received(n) != nil })
		}},
		{query: "?only=unread&limit=2", may: always, items: func(o oracle, _ kita.ID) []kita.ID {
			return which(o.notices, func(n *note) bool { r := o.received(n); return r != nil && !r.opened })
		}},
		{query: "?box=posted&limit=2", may: always, items: func(o oracle, _ kita.ID) []kita.ID { return which(o.notices, o.seesPosted) }},
		{query: "?box=posted&kita_id={id}", of: kitas, may: always, items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.notices, func(n *note) bool { return n.KitaID == id && o.seesPosted(n) })
		}},
	},
	"/notices/{id}": {{of: notices, may: ofNotice(oracle.reads), holds: func(o oracle, id kita.ID) map[string]bool {
		n := o.notice(id)
		targets, _ := json.Marshal(filter(n.Audience().Normal().Targets, func(id kita.ID) bool { return !o.banned(id) })) // it is a list of texts
		return map[string]bool{n.texts[len(n.texts)-1]: true, `"targets":` + string(targets): len(n.Targets) > 0 && o.seesPosted(n), `"mine"`: o.received(n) != nil, `"ledger"`: o.changes(n), `"audience"`: o.seesPosted(n)}
	}}},
	"/notices/{id}/versions": {{of: notices, may: ofNotice(oracle.seesPosted), holds: func(o oracle, id kita.ID) map[string]bool {
		n, holds := o.notice(id), map[string]bool{}
		for _, text := range n.texts[:len(n.texts)-1] {
			holds[text] = o.changes(n)
		}
		return holds
	}}},
	"/notices/{id}/recipients": {{query: "?limit=2", of: notices, may: ofNotice(oracle.answersFor), in: inLedger, items: func(o oracle, id kita.ID) (ids []kita.ID) {
		for _, r := range filter(o.notice(id).recipients, o.inLedger) {
			ids = append(ids, r.person)
		}
		return ids
	}}},
	"/files/{id}": {{of: attachments, may: ofFile}},
	"/files/{id}/content": {{of: attachments, may: ofFile, holds: func(o oracle, id kita.ID) map[string]bool {
		f := o.file(id)
		return map[string]bool{f.name: true, f.bytes: !f.picture}
	}}},
	"/files/{id}/thumbnail": {{of: attachments, may: func(o oracle, id kita.ID) bool { return ofFile(o, id) && o.file(id).picture }}},
	"/absences": {{query: "?from=2026-11-01&to=2026-12-31&limit=2", items: func(o oracle, _ kita.ID) []kita.ID {
		return which(o.absences, func(a *kita.Absence) bool { return a.WithdrawnAt == nil && o.caresFor(o.child(a.ChildID)) })
	}}},
	"/absences/{id}": {{of: absences, may: func(o oracle, id kita.ID) bool { return o.caresFor(o.child(o.absence(id).ChildID)) },
		holds: func(o oracle, id kita.ID) map[string]bool { return map[string]bool{o.absence(id).Note: true} }}},
	"/absences/options": {{query: "?kita_id={id}", of: kitas, may: ofKita(func(o oracle, k *kita.Kita) bool {
		return k.ArchivedAt == nil && o.hasToDoWith(k) && o.belongs()
	})}},
	"/absences/today": {{query: "?kita_id={id}", of: kitas, may: ofKita(func(o oracle, k *kita.Kita) bool { return o.inTeam(k.ID) }), in: inRolls,
		items: func(o oracle, id kita.ID) []kita.ID {
			return which(o.absences, func(a *kita.Absence) bool {
				c := o.child(a.ChildID)
				return a.KitaID == id && a.WithdrawnAt == nil && a.Covers(o.today) && c.ArchivedAt == nil && (o.leadsChild(c) || o.educates(c))
			})
		}}},
}

// which answers the ids of those rows for which f holds.
func which[T any](rows []T, f func(T) bool) []kita.ID {
	ids := []kita.ID{}
	for _, row := range rows {
		if f(row) {
			ids = append(ids, kita.ID(reflect.Indirect(reflect.ValueOf(row)).FieldByName("ID").String()))
		}
	}
	return ids
}

func idsOf[T any](rows []T) []kita.ID { return which(rows, func(T) bool { return true }) }

func kitas(r *run) []kita.ID       { return idsOf(r.kitas) }
func groups(r *run) []kita.ID      { return idsOf(r.groups) }
func children(r *run) []kita.ID    { return idsOf(r.children) }
func guardians(r *run) []kita.ID   { return idsOf(r.guardians) }
func team(r *run) []kita.ID        { return idsOf(r.staff) }
func notices(r *run) []kita.ID     { return idsOf(r.notices) }
func attachments(r *run) []kita.ID { return idsOf(r.files) }
func absences(r *run) []kita.ID    { return idsOf(r.absences) }

func always(oracle, kita.ID) bool    { return true }
func none(oracle, kita.ID) []kita.ID { return []kita.ID{} }

func ofKita(f func(oracle, *kita.Kita) bool) func(oracle, kita.ID) bool {
	return func(o oracle, id kita.ID) bool { return f(o, o.kita(id)) }
}

func ofNotice(f func(oracle, *note) bool) func(oracle, kita.ID) bool {
	return func(o oracle, id kita.ID) bool { return f(o, o.notice(id)) }
}

func ofFile(o oracle, id kita.ID) bool { return o.seesFile(o.file(id)) }

// belongs: is anything to a kita but its provider.
func (o oracle) belongs() bool {
	return exists(o.kitas, func(k *kita.Kita) bool { return o.inTeam(k.ID) }) || exists(o.guardians, o.isPerson)
}

func memberships(o oracle, _ kita.ID) []kita.ID {
	return slices.Concat(which(o.staff, func(s *kita.Staff) bool { return o.is(s.AccountID) && s.ArchivedAt == nil && o.open(s.KitaID) }),
		which(o.guardians, o.isPerson), which(o.providers, o.speaksFor))
}

// owned are the rows of a table that hold the asker's account.
func owned(table string) func(oracle, kita.ID) []kita.ID {
	return func(o oracle, _ kita.ID) []kita.ID {
		return which(o.facts[table], func(f fact) bool { return f.account == o.me.ID })
	}
}

func auditLines(o oracle, kitaID kita.ID) []kita.ID {
	return which(o.facts["audit"], func(line fact) bool { return line.kita == kitaID && o.readsLine(line) })
}

func banReasons(o oracle, kitaID kita.ID) map[string]bool {
	holds := map[string]bool{}
	for _, b := range o.bans {
		holds[b.Reason] = b.KitaID == kitaID && o.leadsChild(o.child(b.ChildID))
	}
	return holds
}

func unread(o oracle, _ kita.ID) map[string]bool {
	n := len(filter(o.notices, func(n *note) bool { r := o.received(n); return r != nil && !r.opened }))
	return map[string]bool{fmt.Sprintf(`"unread":%d}`, n): true}
}

// childDetail: what stands on the page of a child one sees. Other guardians are named to all, but for the banned, whom
// only those who work with the child have to know; where they are found is told as far as it is anywhere.
func childDetail(o oracle, id kita.ID) map[string]bool {
	c := o.child(id)
	health := o.caresFor(c)
	holds := map[string]bool{c.FirstName: true, c.LastName: true, c.Allergies: health, c.HealthNotes: health}
	for _, e := range o.contacts {
		holds[e.Name], holds[e.Phone] = health && e.ChildID == id, health && e.ChildID == id
	}
	for _, g := range o.guardians {
		banned := o.bannedPair(g, c)
		named := o.tied(g.ID, id) && (!banned && g.ArchivedAt == nil || banned && o.worksWith(c))
		leader := named && o.leadsChild(c) && !o.barred(g)
		holds[g.FirstName], holds[g.Phone] = named, leader || named && g.ArchivedAt == nil && o.worksWith(c) && !o.barred(g) && !o.both(g)
		holds[g.Email], holds[g.Address] = leader, leader
	}
	for _, b := range o.bans {
		if b.ChildID == id && b.LiftedAt != nil || b.ChildID != id {
			holds[b.Reason] = false
		}
	}
	return holds
}

func idsIn(list any, keys ...string) (ids []kita.ID) {
	items, _ := list.([]any)
	for _, item := range items {
		for _, key := range keys {
			if id, ok := item.(map[string]any)[key].(string); ok {
				ids = append(ids, kita.ID(id))
				break
			}
		}
	}
	return ids
}

func inItems(page map[string]any) []kita.ID       { return idsIn(page["items"], "id") }
func inLedger(page map[string]any) []kita.ID      { return idsIn(page["items"], "guardian_id", "staff_id") }
func inMemberships(page map[string]any) []kita.ID { return idsIn(page["memberships"], "person_id") }

func outOfReach(page map[string]any) []kita.ID { return idsIn(page["out_of_reach"], "guardian_id") }

// hasDevice: that takes pushes; in these worlds no push service refuses the server. A device goes with its owner's access,
// and is not there again when they get access anew: so it is the house that says which there are.
func (o oracle) hasDevice(g *kita.Guardian) bool {
	return exists(o.facts["subscriptions"], func(d fact) bool { return same(&d.account, g.AccountID) })
}

func inRolls(page map[string]any) []kita.ID {
	rolls, _ := page["groups"].([]any)
	var ids []kita.ID
	for _, roll := range append(rolls, page["not_placed"]) {
		ids = append(ids, idsIn(roll.(map[string]any)["absent"], "id")...)
	}
	return ids
}
