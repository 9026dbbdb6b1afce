package handlers_test

import (
	"fmt"
	"slices"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// pair is a guardian and a child of one kita, and a leader who keeps both their records; rather one who was told of the
// child.
func (r *run) pair(f func(*kita.Guardian, *kita.Child) bool) (g *kita.Guardian, c *kita.Child, a *kita.Account) {
	type two struct {
		g *kita.Guardian
		c *kita.Child
	}
	var pairs []two
	for _, g := range r.guardians {
		for _, c := range r.children {
			if c.KitaID == g.KitaID && f(g, c) {
				pairs = append(pairs, two{g, c})
			}
		}
	}
	if told := filter(pairs, func(p two) bool {
		return exists(r.notices, func(n *note) bool {
			return exists(n.recipients, func(x *recipient) bool {
				return x.person == p.g.ID && x.account != nil && slices.Contains(x.children, p.c.ID)
			})
		})
	}); len(told) > 0 && r.chance("told", 75) {
		pairs = told
	}
	p, ok := one(r, "pair", pairs)
	if !ok {
		return nil, nil, nil
	}
	return p.g, p.c, r.who(func(o oracle) bool { return o.keeps(p.g) && o.leadsChild(p.c) })
}

func (r *run) ban() {
	g, c, a := r.pair(func(g *kita.Guardian, c *kita.Child) bool { return true })
	if a == nil {
		return
	}
	id := r.newID()
	b := r.addBan(id, g, c, &r.now) // not in force before it is answered
	r.act(a, "POST", "/bans", map[string]any{"id": id, "guardian_id": g.ID, "child_id": c.ID, "reason": b.Reason}, func(*reply) {
		b.LiftedAt = nil
		r.enforce(g)
	})
	if b.LiftedAt != nil {
		r.bans = r.bans[:len(r.bans)-1]
	}
}

// banAsRow lets a ban be in the database that nobody entered over the API, from an import or another node: what is
// read must hold to it even where nothing that was sent has been taken back.
func (r *run) banAsRow() {
	g, c, _ := r.pair(func(g *kita.Guardian, c *kita.Child) bool {
		return !exists(r.bans, func(b *kita.ContactBan) bool { return b.GuardianID == g.ID && b.ChildID == c.ID && b.LiftedAt == nil })
	})
	if g == nil {
		return
	}
	b := r.addBan(r.newID(), g, c, nil)
	if err := r.store.SystemPopulate(r.ctx, store.Population{Bans: []kita.ContactBan{*b}}); err != nil {
		r.Fatal(err)
	}
}

// lift takes the operator's word, or that of two leaders.
func (r *run) lift() {
	b, ok := one(r, "ban", filter(r.bans, func(b *kita.ContactBan) bool { return b.LiftedAt == nil }))
	if !ok {
		return
	}
	path := "/bans/" + string(b.ID) + "/lift"
	lifted := func(got *reply) {
		if got.json(r)["lifted_at"] != nil {
			b.LiftedAt = &r.now
		}
	}
	for _, a := range r.accounts {
		if o := (oracle{r.world, a}); b.LiftedAt == nil && (o.leadsChild(r.child(b.ChildID)) || a.Operator && o.seesBan(b)) {
			r.act(a, "POST", path, nil, lifted)
		}
	}
}

func (r *run) archive(a *kita.Account, what string, id kita.ID, at **kita.Instant) {
	if a != nil {
		r.act(a, "PUT", "/"+what+"/"+string(id)+"/archived", map[string]any{"archived": true}, func(*reply) { *at = &r.now })
	}
}

func (r *run) archiveGuardian() {
	if g, ok := one(r, "guardian", r.guardians); ok {
		r.archive(r.who(func(o oracle) bool { return o.keeps(g) }), "guardians", g.ID, &g.ArchivedAt)
	}
}

func (r *run) archiveStaff() {
	s := pick(r.world, "colleague", r.staff)
	r.archive(r.who(func(o oracle) bool { return o.manages(r.kita(s.KitaID)) }), "staff", s.ID, &s.ArchivedAt)
}

func (r *run) archiveChild() {
	if c, ok := one(r, "child", r.children); ok {
		r.archive(r.who(func(o oracle) bool { return o.leadsChild(c) }), "children", c.ID, &c.ArchivedAt)
	}
}

func (r *run) archiveKita() {
	k := pick(r.world, "kita", r.kitas)
	r.archive(r.who(func(o oracle) bool { return o.me.Operator || o.provides(k) }), "kitas", k.ID, &k.ArchivedAt)
}

func (r *run) tie() {
	g, c, a := r.pair(func(g *kita.Guardian, c *kita.Child) bool { return !r.tied(g.ID, c.ID) })
	if a != nil {
		t := &kita.Tie{KitaID: g.KitaID, GuardianID: g.ID, ChildID: c.ID, ReceivesNotices: true}
		r.act(a, "PUT", "/guardians/"+string(g.ID)+"/children/"+string(c.ID), map[string]any{"relation": "parent", "custody": true,
			"may_pick_up": true, "receives_notices": true}, func(*reply) { r.ties = append(r.ties, t) })
	}
}

func (r *run) untie() {
	g, c, a := r.pair(func(g *kita.Guardian, c *kita.Child) bool { return r.tied(g.ID, c.ID) })
	if a != nil {
		r.act(a, "DELETE", "/guardians/"+string(g.ID)+"/children/"+string(c.ID), nil, func(*reply) {
			r.ties = filter(r.ties, func(t *kita.Tie) bool { return t.GuardianID != g.ID || t.ChildID != c.ID })
			r.strike(g, func(child kita.ID) bool { // unless another record of the same person is tied still
				return child == c.ID && !exists(r.guardians, func(o *kita.Guardian) bool { return same(o.AccountID, g.AccountID) && r.tied(o.ID, child) })
			})
		})
	}
}

// move places a child in another group from today on.
func (r *run) move() {
	c, ok := one(r, "child", filter(r.children, func(c *kita.Child) bool { return c.ArchivedAt == nil }))
	if !ok {
		return
	}
	g, ok := one(r, "group", filter(r.groups, func(g *kita.Group) bool { return g.KitaID == c.KitaID }))
	a := r.who(func(o oracle) bool { return o.leadsChild(c) })
	if !ok || a == nil {
		return
	}
	p := &kita.Placement{ID: r.newID(), ChildID: c.ID, GroupID: g.ID, From: r.today, To: kita.LastDay}
	r.act(a, "POST", "/children/"+string(c.ID)+"/placements", map[string]any{"id": p.ID, "group_id": g.ID, "from": r.today}, func(*reply) {
		r.placed = filter(r.placed, func(q *kita.Placement) bool { return q.ChildID != c.ID || q.From != r.today })
		for _, q := range r.placed {
			if q.ChildID == c.ID && q.From < r.today && q.To >= r.today {
				q.To = r.today.Add(-1)
			}
		}
		r.placed = append(r.placed, p)
	})
}

// regroup gives a colleague one group, or none.
func (r *run) regroup() {
	s := pick(r.world, "colleague", r.staff)
	a := r.who(func(o oracle) bool { return o.manages(r.kita(s.KitaID)) })
	if a == nil {
		return
	}
	ids := []kita.ID{}
	if g, ok := one(r, "group", filter(r.groups, func(g *kita.Group) bool { return g.KitaID == s.KitaID })); ok && r.chance("a group", 80) {
		ids = append(ids, g.ID)
	}
	r.act(a, "PUT", "/staff/"+string(s.ID)+"/groups", map[string]any{"group_ids": ids}, func(*reply) {
		r.works = filter(r.works, func(sg store.StaffGroup) bool { return sg.StaffID != s.ID })
		for _, id := range ids {
			r.works = append(r.works, store.StaffGroup{KitaID: s.KitaID, StaffID: s.ID, GroupID: id})
		}
	})
}

// invite gives a guardian without an account a code, and often lets somebody who is signed in use it.
func (r *run) invite() {
	g, ok := one(r, "guardian", filter(r.guardians, func(g *kita.Guardian) bool { return g.AccountID == nil && g.ArchivedAt == nil }))
	if !ok {
		return
	}
	i := &kita.Invitation{KitaID: &g.KitaID, GuardianID: &g.ID}
	a := r.who(func(o oracle) bool { return o.invites(i) })
	if a == nil {
		return
	}
	r.act(a, "POST", "/invitations", map[string]any{"kita_id": g.KitaID, "guardian_ids": []kita.ID{g.ID}}, func(got *reply) {
		item := got.json(r)["items"].([]any)[0].(map[string]any)
		i.ID, i.Code = kita.ID(item["id"].(string)), item["code"].(string)
		r.invited = append(r.invited, i)
	})
	if i.Code == "" || !r.chance("accepted", 70) {
		return
	}
	by := pick(r.world, "by", r.accounts)
	r.act(by, "POST", "/invitations/accept", map[string]any{"code": i.Code}, func(*reply) {
		g.AccountID = &by.ID
		for _, n := range r.notices {
			if exists(n.recipients, func(x *recipient) bool { return same(x.account, &by.ID) }) {
				continue
			}
			for _, x := range n.recipients {
				if x.person == g.ID {
					x.account = &by.ID
				}
			}
		}
		r.enforce(g)
	})
}

func (r *run) withdrawAbsence() {
	if x, ok := one(r, "absence", r.absences); ok {
		c := r.child(x.ChildID)
		if a := r.who(func(o oracle) bool { return c.ArchivedAt == nil && o.caresFor(c) }); a != nil {
			r.act(a, "DELETE", "/absences/"+string(x.ID), nil, func(*reply) { x.WithdrawnAt = &r.now })
		}
	}
}

// createToken lets a program act for somebody.
func (r *run) createToken() {
	a := pick(r.world, "owner", r.accounts)
	scope := pick(r.world, "scope", kita.Scopes)
	body := map[string]any{"name": r.secret("a program's name", func(o oracle) bool { return o.me == a }), "scopes": []string{scope},
		"expires_at": r.clock.Now().Add(24 * time.Hour)}
	r.act(a, "POST", "/tokens", body, func(got *reply) {
		r.programs = append(r.programs, program{a, scope, fmt.Sprint(got.json(r)["secret"]), kita.ID(fmt.Sprint(got.json(r)["id"]))})
	})
}
