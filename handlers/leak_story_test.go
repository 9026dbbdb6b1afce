package handlers_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"slices"
	"time"

	"morgenkreis/kita"
)

// What happens in a world before it is asked: over the API, by somebody who may, and then here in memory. Whatever is
// published before a ban and after, before somebody leaves and after, must be right in the end.
var story = []func(*run){
	(*run).post, (*run).post, (*run).correct, (*run).withdraw, (*run).wait, (*run).ban, (*run).banAsRow, (*run).lift,
	(*run).archiveGuardian, (*run).archiveStaff, (*run).archiveChild, (*run).archiveKita, (*run).untie, (*run).tie, (*run).move,
	(*run).regroup, (*run).invite, (*run).invite, (*run).withdrawAbsence, (*run).createToken,
}

// act lets somebody who may do it, and answers whether it was done: a rule of the house can refuse it, nothing else. What
// they are told is theirs to know before it is done or after: who archives themself reads so this once.
func (r *run) act(a *kita.Account, method, path string, body any, done func(*reply)) bool {
	got := r.call(r.signIn(a), method, path, body) // anew: what happened before can have signed them out
	o := oracle{r.world, a}
	before := r.learned(o, got)
	switch {
	case got.status < 300:
		done(got)
	case got.status != http.StatusConflict && got.status != http.StatusUnprocessableEntity:
		r.Fatalf("%s may, and gets %d\n%s", got.what, got.status, got.text)
	}
	if len(before) > 0 {
		r.scan(o, got)
	}
	return got.status < 300
}

// who answers an account for which f holds; nil when there is none.
func (r *run) who(f func(oracle) bool) *kita.Account {
	able := filter(r.accounts, func(a *kita.Account) bool { return f(oracle{r.world, a}) })
	if len(able) == 0 {
		return nil
	}
	return pick(r.world, "who", able)
}

// one draws one of rows; ok is false when there are none.
func one[T any](r *run, what string, rows []T) (row T, ok bool) {
	if len(rows) == 0 {
		return row, false
	}
	return pick(r.world, what, rows), true
}

func (r *run) post() {
	authors := func(k *kita.Kita) func(oracle) bool {
		return func(o oracle) bool { return o.inTeam(k.ID) || k.ArchivedAt == nil && o.provides(k) }
	}
	k, ok := one(r, "kita", filter(r.kitas, func(k *kita.Kita) bool {
		return exists(r.accounts, func(a *kita.Account) bool { return authors(k)(oracle{r.world, a}) })
	}))
	if !ok {
		return
	}
	a := r.who(authors(k))
	o := oracle{r.world, a}
	n := &note{Notice: kita.Notice{ID: r.newID(), KitaID: k.ID, AuthorID: a.ID, AudienceKind: kita.AudienceStaff, State: kita.NoticeScheduled}}
	groups := filter(r.groups, func(g *kita.Group) bool {
		return g.KitaID == k.ID && g.ArchivedAt == nil && (o.leads(k.ID) || o.seesAll(k.ID) || o.hasGroup(g))
	})
	children := filter(r.children, func(c *kita.Child) bool { return c.KitaID == k.ID && c.ArchivedAt == nil && o.worksWith(c) })
	kinds := []kita.AudienceKind{kita.AudienceStaff}
	if len(children) > 0 {
		kinds = append(kinds, kita.AudienceChildren, kita.AudienceChildren)
	}
	if len(groups) > 0 {
		kinds = append(kinds, kita.AudienceGroups, kita.AudienceGroups)
	}
	if o.leads(k.ID) || o.seesAll(k.ID) || o.provides(k) {
		kinds = append(kinds, kita.AudienceKita, kita.AudienceKita)
	}
	switch n.AudienceKind = pick(r.world, "audience", kinds); n.AudienceKind {
	case kita.AudienceChildren:
		n.Targets = several(r, children, func(c *kita.Child) kita.ID { return c.ID })
	case kita.AudienceGroups:
		n.Targets = several(r, groups, func(g *kita.Group) kita.ID { return g.ID })
	}
	if r.chance("attachment", 35) {
		n.FileIDs = r.upload(a, k)
	}
	r.say(n)
	body := map[string]any{"id": n.ID, "kita_id": k.ID, "kind": "news", "title": n.Title, "body": n.texts[0],
		"audience":       map[string]any{"kind": n.AudienceKind, "targets": append([]kita.ID{}, n.Targets...)},
		"confirm_wanted": r.chance("confirm", 50), "file_ids": append([]kita.ID{}, n.FileIDs...)}
	if r.chance("later", 15) {
		n.PublishAt = kita.At(r.clock.Now().Add(time.Hour))
		body["publish_at"] = n.PublishAt
	}
	r.act(a, "POST", "/notices", body, func(*reply) {
		r.notices = append(r.notices, n)
		if n.PublishAt.IsZero() {
			r.publish(n)
		}
	})
}

func several[T any](r *run, rows []T, id func(T) kita.ID) []kita.ID {
	ids := []kita.ID{id(pick(r.world, "target", rows))}
	for _, row := range rows {
		if id(row) != ids[0] && r.chance("more targets", 25) {
			ids = append(ids, id(row))
		}
	}
	return ids
}

// say gives the notice new words. What it said before is for those who answer for what it says.
func (r *run) say(n *note) {
	var text string
	text = r.secret("what a notice says", func(o oracle) bool {
		return text == n.texts[len(n.texts)-1] && o.reads(n) || slices.Contains(n.texts, text) && o.changes(n)
	})
	n.texts, n.Title = append(n.texts, text), "Titel "+text
}

// upload keeps an attachment: a PDF with a secret inside, or a picture, which has a small one.
func (r *run) upload(a *kita.Account, k *kita.Kita) (ids []kita.ID) {
	f := &attachment{ID: r.newID(), kita: k.ID, by: a.ID, picture: r.chance("picture", 30)}
	f.name = r.secret("what a file is called", func(o oracle) bool { return o.seesFile(f) })
	mediaType := "application/pdf"
	f.bytes = "%PDF-1.7\n" + r.secret("what is in a file", func(o oracle) bool { return o.seesFile(f) }) + "\n%%EOF\n"
	if f.picture {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
			r.Fatal(err)
		}
		f.bytes, mediaType = b.String(), "image/png"
	}
	path := "/files?" + url.Values{"id": {string(f.ID)}, "kita_id": {string(k.ID)}, "name": {f.name}}.Encode()
	r.act(a, "POST", path, upload{mediaType, f.bytes}, func(*reply) {
		r.files = append(r.files, f)
		ids = []kita.ID{f.ID}
	})
	return ids
}

// publish resolves the audience as DESIGN.md says: each person once, however many of their children it is about, and
// those who are banned not at all.
func (w *world) publish(n *note) {
	n.State = kita.NoticePublished
	tell := func(account *kita.ID, person kita.ID, child ...kita.ID) {
		i := slices.IndexFunc(n.recipients, func(r *recipient) bool { return r.person == person || same(r.account, account) })
		if i < 0 {
			n.recipients = append(n.recipients, &recipient{account: account, person: person, guardian: len(child) > 0, opened: same(account, &n.AuthorID)})
			i = len(n.recipients) - 1
		}
		r := n.recipients[i]
		r.person = min(r.person, person)
		r.children = append(r.children, filter(child, func(c kita.ID) bool { return !slices.Contains(r.children, c) })...)
	}
	for _, s := range w.staff {
		if n.AudienceKind == kita.AudienceStaff && s.KitaID == n.KitaID && s.ArchivedAt == nil {
			tell(s.AccountID, s.ID)
		}
	}
	for _, t := range w.ties {
		concerned := n.AudienceKind == kita.AudienceKita || n.AudienceKind == kita.AudienceChildren && slices.Contains(n.Targets, t.ChildID) ||
			n.AudienceKind == kita.AudienceGroups && exists(n.Targets, func(g kita.ID) bool { return w.placedIn(t.ChildID, g, w.today, w.today) })
		if t.KitaID == n.KitaID && concerned && w.told(t) {
			tell(w.guardian(t.GuardianID).AccountID, t.GuardianID, t.ChildID)
		}
	}
}

// strike takes from a person, whatever record they have, what was addressed to them about children for whom gone holds.
func (w *world) strike(g *kita.Guardian, gone func(child kita.ID) bool) {
	for _, n := range w.notices {
		n.recipients = filter(n.recipients, func(r *recipient) bool {
			if !r.guardian || r.person != g.ID && !same(w.guardian(r.person).AccountID, g.AccountID) {
				return true
			}
			r.children = filter(r.children, func(c kita.ID) bool { return !gone(c) })
			return len(r.children) > 0
		})
	}
}

func (r *run) enforce(g *kita.Guardian) {
	r.strike(g, func(c kita.ID) bool { return r.bannedPair(g, r.child(c)) })
}

func (r *run) changeable() (n *note, a *kita.Account) {
	n, ok := one(r, "notice", r.notices)
	if !ok {
		return nil, nil
	}
	return n, r.who(func(o oracle) bool { return o.changes(n) })
}

func (r *run) correct() {
	n, a := r.changeable()
	if a == nil || n.State == kita.NoticeWithdrawn {
		return
	}
	r.say(n)
	if n.State == kita.NoticeScheduled { // nobody has read it, and nobody keeps it
		n.texts = n.texts[1:]
	}
	body := map[string]any{"title": n.Title, "body": n.texts[len(n.texts)-1], "announce": false}
	if n.State == kita.NoticeScheduled && r.chance("another hour", 50) {
		n.PublishAt = kita.At(r.clock.Now().Add(time.Duration(pick(r.world, "in hours", []int{-1, 0, 1, 3})) * time.Hour))
		body["publish_at"] = n.PublishAt
	}
	if !r.act(a, "PATCH", "/notices/"+string(n.ID), body, func(*reply) {
		if n.State == kita.NoticeScheduled && !n.PublishAt.After(r.clock.Now()) {
			r.publish(n)
		}
	}) {
		r.Fatal("a correction was refused")
	}
}

func (r *run) withdraw() {
	if n, a := r.changeable(); a != nil {
		r.act(a, "POST", "/notices/"+string(n.ID)+"/withdrawal", nil, func(*reply) { n.State = kita.NoticeWithdrawn })
	}
}

// wait lets an hour pass, and what was for later go out.
func (r *run) wait() {
	r.clock.Advance(time.Hour)
	for _, n := range r.notices {
		if n.State == kita.NoticeScheduled && !n.PublishAt.After(r.clock.Now()) {
			if err := r.store.SystemPublish(r.ctx, n.ID); err != nil {
				r.Fatal(err)
			}
			r.publish(n)
		}
	}
}
