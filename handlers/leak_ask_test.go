package handlers_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"morgenkreis/handlers"
	"morgenkreis/kita"
)

// everyRouteHasItsOracle: whoever adds a route says here who may.
func everyRouteHasItsOracle(t *testing.T) {
	known := map[string]bool{}
	for _, route := range handlers.Routes() {
		name := route.Method + " " + route.Path
		known[name] = true
		_, get := questions[route.Path]
		_, one := attempts[name]
		switch {
		case route.Method == "GET" && !get:
			t.Errorf("no oracle knows who may %s", name)
		case route.Method != "GET" && strings.Contains(route.Path, "{") && !one:
			t.Errorf("no oracle knows who may %s", name)
		}
	}
	for path := range questions {
		if !known["GET "+path] {
			t.Errorf("there is no GET %s", path)
		}
	}
	for _, table := range []map[string]attempt{attempts, creates} {
		for name := range table {
			if !known[name] {
				t.Errorf("there is no %s", name)
			}
		}
	}
}

// refresh reads what the house itself gave ids to.
func (r *run) refresh(tables ...string) {
	for _, table := range tables {
		columns := map[string]string{"audit": "coalesce(kita_id, '') as kita, subject_id as subject", "recipients": "'' as kita, notice_id as subject"}[table]
		if columns == "" {
			columns = "'' as kita, '' as subject"
		}
		var rows []struct{ ID, Account, Kita, Subject string }
		if err := r.raw.Select(&rows, "select id, coalesce(account_id, '') as account, "+columns+" from "+table); err != nil {
			r.Fatal(err)
		}
		r.facts[table] = nil
		for _, f := range rows {
			r.facts[table] = append(r.facts[table], fact{kita.ID(f.ID), kita.ID(f.Account), kita.ID(f.Kita), kita.ID(f.Subject)})
		}
	}
}

// everybodyAsks asks every GET route in every way as every account, and as the programs.
func (r *run) everybodyAsks() {
	r.refresh("sessions", "tokens", "subscriptions", "recipients")
	for _, a := range r.accounts {
		who, o := r.signIn(a), oracle{r.world, a}
		r.refresh("sessions")
		for _, route := range handlers.Routes() {
			if route.Method == "GET" {
				r.ask(who, o, route.Path, true)
			}
		}
		r.preview(who, o)
		r.hears(who, o)
	}
	for _, p := range r.programs {
		if !exists(r.facts["tokens"], func(f fact) bool { return f.ID == p.id }) {
			continue // it ended with its owner's access
		}
		for _, route := range handlers.Routes() {
			if route.Method == "GET" && !strings.Contains(route.Path, "{") {
				granted := route.Open || slices.ContainsFunc(route.Scopes, func(scope string) bool { return strings.HasPrefix(p.scope, scope+":") })
				r.ask(asker{name: p.owner.Name + "'s program for " + p.scope, bearer: p.secret}, oracle{r.world, p.owner}, route.Path, granted)
			}
		}
	}
}

func (r *run) ask(who asker, o oracle, path string, granted bool) {
	for _, how := range questions[path] {
		of := []kita.ID{""}
		if how.of != nil {
			of = how.of(r)
		}
		for _, id := range of {
			if path == "/audit" {
				r.refresh("audit") // the asking itself leaves lines
			}
			var want []kita.ID
			if how.items != nil && granted {
				want = how.items(o, id)
			}
			address := strings.ReplaceAll(path+how.query, "{id}", string(id))
			first := r.call(who, "GET", address, nil)
			r.scan(o, first)
			if may := granted && (how.may == nil && (len(want) > 0 || first.status == http.StatusOK) || how.may != nil && how.may(o, id)); !may {
				if first.status != http.StatusNotFound {
					r.Fatalf("%s: %d, and should not be found\n%s", first.what, first.status, first.text)
				}
				continue
			}
			if first.status != http.StatusOK {
				r.Fatalf("%s: %d, and is theirs to see\n%s", first.what, first.status, first.text)
			}
			if how.items != nil {
				r.compare(first.what, want, r.pages(who, o, how, address, first))
			}
			if how.holds != nil {
				for word, there := range how.holds(o, id) {
					if word != "" && strings.Contains(first.text+first.header.Get("Content-Disposition"), word) != there {
						r.Fatalf("%s: %q should be there: %v\n%s", first.what, word, there, first.text)
					}
				}
			}
		}
	}
}

// pages is what all pages of a list hold.
func (r *run) pages(who asker, o oracle, how question, address string, page *reply) (ids []kita.ID) {
	in := how.in
	if in == nil {
		in = inItems
	}
	for {
		body := page.json(r)
		ids = append(ids, in(body)...)
		next, more := body["next"].(string)
		if !more {
			return ids
		}
		glue := "&"
		if !strings.Contains(address, "?") {
			glue = "?"
		}
		page = r.call(who, "GET", address+glue+"after="+url.QueryEscape(next), nil)
		r.scan(o, page)
		if page.status != http.StatusOK || len(ids) > 1000 {
			r.Fatalf("%s: %d\n%s", page.what, page.status, page.text)
		}
	}
}

func (r *run) compare(what string, want, got []kita.ID) {
	want, got = slices.Clone(want), slices.Clone(got)
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(want, got) {
		r.Fatalf("%s\n shows %v\n  must %v", what, got, want)
	}
}

// preview promises what publishing would do, and tells of bans to leaders alone.
func (r *run) preview(who asker, o oracle) {
	for _, k := range r.kitas {
		n := &note{Notice: kita.Notice{KitaID: k.ID, AuthorID: o.me.ID, AudienceKind: kita.AudienceKita}}
		if !o.leads(k.ID) && !o.seesAll(k.ID) && !(o.open(k.ID) && o.provides(k)) {
			n.AudienceKind, n.Targets = kita.AudienceGroups, which(r.groups, func(g *kita.Group) bool {
				return g.KitaID == k.ID && g.ArchivedAt == nil && o.hasGroup(g)
			})
			if len(n.Targets) == 0 {
				continue
			}
		}
		got := r.call(who, "POST", "/notices/preview", map[string]any{"kita_id": k.ID, "audience": map[string]any{"kind": n.AudienceKind, "targets": append([]kita.ID{}, n.Targets...)}})
		r.scan(o, got)
		r.publish(n)
		if got.status != http.StatusOK || got.json(r)["recipients"] != float64(len(n.recipients)) {
			r.Fatalf("%s: %d, and would reach %d\n%s", got.what, got.status, len(n.recipients), got.text)
		}
		banned, _ := got.json(r)["banned"].([]any)
		if want := filter(r.bans, func(b *kita.ContactBan) bool {
			g, c := r.guardian(b.GuardianID), r.child(b.ChildID)
			return b.LiftedAt == nil && b.KitaID == k.ID && o.leadsChild(c) && n.AudienceKind == kita.AudienceKita && g.ArchivedAt == nil && c.ArchivedAt == nil &&
				exists(r.ties, func(t *kita.Tie) bool { return t.GuardianID == g.ID && t.ChildID == c.ID && t.ReceivesNotices })
		}); len(want) != len(banned) {
			r.Fatalf("%s tells of %d bans instead of %d\n%s", got.what, len(banned), len(want), got.text)
		}
	}
}

// everybodyTries lets every account change one thing by every route that is not theirs to change: it is not found, and
// nothing in the database is another than before.
func (r *run) everybodyTries() {
	askers := map[*kita.Account]asker{}
	for _, a := range r.accounts {
		askers[a] = r.signIn(a)
	}
	r.refresh("sessions", "tokens", "subscriptions", "recipients")
	before := r.contents()
	var tried []string
	for _, a := range r.accounts {
		for _, route := range handlers.Routes() {
			name := route.Method + " " + route.Path
			for _, table := range []map[string]attempt{attempts, creates} {
				if w, ok := table[name]; ok {
					tried = append(tried, r.try(askers[a], oracle{r.world, a}, route.Method, route.Path, w))
				}
			}
		}
	}
	after := r.contents()
	for table := range after {
		if !reflect.DeepEqual(before[table], after[table]) {
			r.Fatalf("somebody has changed what is not theirs: %s was\n%v\nand is\n%v, by one of\n%s", table, before[table], after[table], strings.Join(tried, "\n"))
		}
	}
}

// try asks for one thing at random that is not theirs.
func (r *run) try(who asker, o oracle, method, path string, w attempt) string {
	type target struct{ id, with kita.ID }
	var foreign []target
	for _, id := range w.of(r) {
		with := []kita.ID{""}
		if w.with != nil {
			with = w.with(r)
		}
		for _, second := range with {
			if w.may2 != nil && !w.may2(o, id, second) || w.may != nil && !w.may(o, id) {
				foreign = append(foreign, target{id, second})
			}
		}
	}
	if len(foreign) == 0 {
		return ""
	}
	at := foreign[r.dice.IntN(len(foreign))]
	var home kita.ID
	for _, g := range r.guardians {
		if g.ID == at.id {
			home = g.KitaID
		}
	}
	for _, c := range r.children {
		if c.ID == at.id {
			home = c.KitaID
		}
	}
	raw, err := json.Marshal(w.body)
	if err != nil {
		r.Fatal(err)
	}
	replace := strings.NewReplacer("{id}", string(at.id), "{with}", string(at.with), "{child_id}", string(at.with), "{recipient_id}", string(at.with), "{kita}", string(home))
	var body any
	if w.body != nil {
		body = json.RawMessage(replace.Replace(string(raw)))
	}
	got := r.call(who, method, replace.Replace(path), body)
	r.scan(o, got)
	if got.status != http.StatusNotFound && (strings.Contains(path, "{") || got.status != http.StatusUnprocessableEntity) {
		r.Fatalf("%s %s: %d, and should not be found\n%s", got.what, raw, got.status, got.text)
	}
	return fmt.Sprint(got.what, " ", got.status)
}
