package handlers_test

import (
	"slices"

	"morgenkreis/kita"
)

// hears holds what the account would be told of every change there could be against the oracle: as much as its requests
// would show, and no more.
func (r *run) hears(who asker, o oracle) {
	v, err := r.store.SessionViewer(r.ctx, who.session)
	if err != nil {
		r.Fatal(err)
	}
	hears := func(kind kita.ChangeKind, kitaID, id kita.ID, want bool) {
		c := kita.Change{Kind: kind, KitaID: kitaID, ID: id}
		got, err := r.store.Concerns(r.ctx, v, c)
		if err != nil {
			r.Fatal(err)
		}
		if got != want {
			r.Fatalf("%s hears of %s: %v", who.name, c, got)
		}
	}
	for _, n := range r.notices {
		hears(kita.ChangeNotices, n.KitaID, n.ID, o.seesPosted(n) || o.had(n))
		hears(kita.ChangeLedger, n.KitaID, n.ID, o.changes(n))
	}
	for _, c := range r.children {
		hears(kita.ChangeAbsences, c.KitaID, c.ID, o.caresFor(c))
		hears(kita.ChangeChildren, c.KitaID, c.ID, o.sees(c))
	}
	for _, g := range r.groups {
		hears(kita.ChangeGroups, g.KitaID, g.ID, o.leads(g.KitaID) || o.seesAll(g.KitaID) || o.hasGroup(g))
	}
	for _, k := range r.kitas {
		hears(kita.ChangeChildren, k.ID, "", o.leads(k.ID))
		hears(kita.ChangeKitas, k.ID, "", o.hasToDoWith(k))
		hears(kita.ChangeAccess, k.ID, "", false)
	}
	hears(kita.ChangeAccess, "", o.me.ID, false)
	hears(kita.ChangeOutbox, "", "", false)
}

// had: it is addressed to me, or was until it was withdrawn.
func (o oracle) had(n *note) bool {
	return slices.ContainsFunc(n.recipients, func(r *recipient) bool {
		return o.is(r.account) && (len(o.about(r)) > 0 || !r.guardian && o.inTeam(n.KitaID))
	})
}
