package handlers_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// wallWorlds is how many worlds are asked without the narrowing: each of them asks every route as everybody, as the others do.
const wallWorlds = 12

// secondWallAlone takes the narrowing out of every statement that reads for a viewer, and opens the views they go through.
// Row-level security is all that is left, and nobody learns what is not theirs. What they are shown otherwise need not be
// what they are shown with the narrowing: a list is longer by those whom they know from elsewhere (a parent of a child in
// their group), shorter, or none at all.
func secondWallAlone(t *testing.T, log *logged) {
	address := storetest.PostgresURL(t)
	o, off := storetest.Unnarrowed(store.Options{URL: address}, true)
	worlds := 0
	live(t, log, "pgx", address, o, func(r *run) {
		if worlds++; worlds > wallWorlds && !r.Failed() {
			return
		}
		if !r.store.Walled() {
			r.Fatal("there is no wall")
		}
		r.unnarrowed(off, func(_, what, wrong string) { r.Fatalf("%s\n learns %s", what, wrong) })
	})
}

// noWallAtAll takes the wall away as well: each route tells somebody what is not theirs. One that does not is not tested
// above, for the narrowing that is to be off is still on.
func noWallAtAll(t *testing.T, log *logged) {
	address := storetest.PostgresURL(t)
	o, off := storetest.Unnarrowed(store.Options{URL: address}, false)
	// What these say is no secret of the worlds', or a number.
	harmless := []string{"/push/key", "/session", "/events/stream", "/kitas/{id}/counts", "/absences/options"}
	// And these want something to have happened that is rare in so few worlds.
	rare := []string{"/notices/{id}/versions", "/invitations", "/providers"}
	told, worlds := map[string]bool{}, 0
	quiet := func() (paths []string) {
		for path := range questions {
			if !told[path] && !slices.Contains(slices.Concat(harmless, rare), path) {
				paths = append(paths, path)
			}
		}
		return paths
	}
	live(t, log, "pgx", address, o, func(r *run) {
		// As many as above, and more where chance has left something out.
		if worlds++; worlds > wallWorlds && len(quiet()) == 0 {
			return
		}
		r.unnarrowed(off, func(path, _, _ string) { told[path] = true })
	})
	for _, path := range quiet() {
		t.Errorf("GET %s shows nobody anything, though nothing keeps it from doing so", path)
	}
}

// unnarrowed lets everybody ask everything while the narrowing is off; leaks is told of what is not theirs.
func (r *run) unnarrowed(off func(bool), leaks func(path, what, wrong string)) {
	if err := storetest.OpenViews(r.raw); err != nil {
		r.Fatal(err)
	}
	off(true)
	defer func() {
		off(false)
		if err := storetest.CloseViews(r.raw); err != nil {
			r.Fatal(err)
		}
	}()
	r.refresh("sessions", "tokens", "subscriptions", "recipients")
	for _, a := range r.accounts {
		who, o := r.signIn(a), oracle{r.world, a}
		r.refresh("sessions")
		for _, route := range handlers.Routes() {
			if route.Method != "GET" {
				continue
			}
			for _, how := range questions[route.Path] {
				of := []kita.ID{""}
				if how.of != nil {
					of = how.of(r)
				}
				for _, id := range of {
					r.askUnnarrowed(who, o, route.Path, strings.ReplaceAll(route.Path+how.query, "{id}", string(id)), how, leaks)
				}
			}
		}
		for _, k := range r.kitas {
			got := r.call(who, "POST", "/notices/preview", map[string]any{"kita_id": k.ID, "audience": map[string]any{"kind": kita.AudienceKita}})
			for _, wrong := range r.tells(o, got) {
				leaks("/notices/preview", got.what, wrong+"\n"+got.text)
			}
		}
	}
}

func (r *run) askUnnarrowed(who asker, o oracle, path, address string, how question, leaks func(path, what, wrong string)) {
	in := how.in
	if in == nil {
		in = inItems
	}
	for page := address; ; {
		if path == "/audit" {
			r.refresh("audit") // the asking itself leaves lines
		}
		got := r.call(who, "GET", page, nil)
		for _, wrong := range r.tells(o, got) {
			leaks(path, got.what, wrong+"\n"+got.text)
		}
		if got.status != http.StatusOK || how.items == nil {
			return
		}
		body := got.json(r)
		for _, id := range in(body) {
			if !o.knows(id) {
				leaks(path, got.what, "of "+string(id)+"\n"+got.text)
			}
		}
		next, more := body["next"].(string)
		if !more {
			return
		}
		glue := "&"
		if !strings.Contains(address, "?") {
			glue = "?"
		}
		page = address + glue + "after=" + url.QueryEscape(next)
	}
}

// knows tells whether somebody may know that there is what has this id, by whatever route.
func (o oracle) knows(id kita.ID) bool {
	of := func(table string, f func(fact) bool) bool {
		return exists(o.facts[table], func(x fact) bool { return x.ID == id && f(x) })
	}
	mine := func(x fact) bool { return x.account == o.me.ID }
	return of("sessions", mine) || of("tokens", mine) || of("subscriptions", mine) || of("audit", o.readsLine) ||
		exists(o.children, func(c *kita.Child) bool { return c.ID == id && o.knowsOf(c) }) ||
		exists(o.guardians, func(g *kita.Guardian) bool { return g.ID == id && (o.knowsGuardian(g) || o.is(g.AccountID)) }) ||
		exists(o.staff, func(s *kita.Staff) bool { return s.ID == id && (o.knowsColleague(s) || o.is(s.AccountID)) }) ||
		exists(o.groups, func(g *kita.Group) bool { return g.ID == id && o.knowsGroup(g) }) ||
		exists(o.kitas, func(k *kita.Kita) bool { return k.ID == id && o.hasToDoWith(k) }) ||
		exists(o.providers, func(p *kita.Provider) bool { return p.ID == id && (o.me.Operator || o.speaksFor(p)) }) ||
		exists(o.notices, func(n *note) bool { return n.ID == id && o.reads(n) }) ||
		exists(o.bans, func(b *kita.ContactBan) bool { return b.ID == id && o.seesBan(b) }) ||
		exists(o.invited, func(i *kita.Invitation) bool { return i.ID == id && o.invites(i) }) ||
		exists(o.absences, func(a *kita.Absence) bool { return a.ID == id && o.caresFor(o.child(a.ChildID)) }) ||
		exists(o.closing, func(d store.ClosingDayRow) bool { return d.ID == id && o.hasToDoWith(o.kita(d.KitaID)) })
}
