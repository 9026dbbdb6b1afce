package handlers_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"morgenkreis/kita"
)

func (h *street) invite(c *caller, kind string, id kita.ID) string {
	h.Helper()
	return c.post("/invitations", map[string]any{"kita_id": h.k.ID, kind: []kita.ID{id}}).want(201).field("items.0.code").(string)
}

func (c *caller) accept(code string, more map[string]any) *answer {
	c.h.Helper()
	body := map[string]any{"code": code}
	for k, v := range more {
		body[k] = v
	}
	return c.post("/invitations/accept", body)
}

func TestInvitationOpensAnAccount(t *testing.T) {
	onEachStreet(t, func(h *street) {
		granny := h.k.GuardianOf(nil, "Granny").Of(h.mia).Email("granny@home.example")
		h.Live()
		made := h.leader().post("/invitations", map[string]any{"kita_id": h.k.ID, "guardian_ids": []kita.ID{granny.ID}}).want(201)
		code := made.field("items.0.code").(string)
		if made.field("items.0.url") != "http://localhost:8080/i#"+code || made.field("items.0.name") != "Granny Muster" || made.field("items.0.renews") != false || len(code) < 20 {
			t.Errorf("made %s", made.Raw)
		}
		list := h.leader().get(h.path("/invitations?kita_id=", h.k.ID)).want(200).without(code, code[:9])
		if list.field("items.0.name") != "Granny Muster" || list.field("items.0.used_at") != nil || list.field("items.0.guardian_id") != string(granny.ID) {
			t.Errorf("listed %s", list.Raw)
		}
		typed := strings.ToLower(strings.ReplaceAll(strings.ReplaceAll(code, "-", " "), "0", "o"))
		offer := h.stranger().post("/invitations/lookup", map[string]any{"code": typed}).want(200)
		if offer.field("for") != "membership" || offer.field("role") != "guardian" || offer.field("name") != "Granny Muster" ||
			offer.field("kita_name") != "Sonnenschein" || offer.field("login") != "granny@home.example" || offer.field("needs_password") != true {
			t.Errorf("offered %s", offer.Raw)
		}
		for _, x := range []struct {
			login, password, field, code string
		}{
			{"", goodPassword, "login", "account.login"}, {"no address", goodPassword, "login", "account.login"},
			{"granny@home.example", "", "password", "invitation.password_only"}, {"granny@home.example", "kurz", "password", "password.too_short"},
			{"granny@home.example", "GRANNY@home.example", "password", "password.too_easy"},
		} {
			h.stranger().accept(code, map[string]any{"login": x.login, "password": x.password}).problem(422, x.field, x.code)
		}
		h.stranger().accept(code, map[string]any{"login": "granny@home.example", "password": goodPassword, "language": "xx"}).problem(422, "language", "language.unknown")
		in := h.stranger().accept(typed, map[string]any{"login": " Granny@home.example ", "password": goodPassword, "language": "tr"}).want(201).without(goodPassword, "argon2")
		if in.field("account.login") != "granny@home.example" || in.field("account.name") != "Granny Muster" || in.field("account.language") != "tr" ||
			in.field("memberships.0.role") != "guardian" || in.field("memberships.0.person_id") != string(granny.ID) {
			t.Errorf("signed in %s", in.Raw)
		}
		h2 := &caller{h: h.house, session: in.cookie()}
		h2.get(h.path("/children/", h.mia.ID)).want(200)
		h.stranger().signIn("granny@home.example", goodPassword).want(201)
		if h.leader().get(h.path("/invitations?kita_id=", h.k.ID)).field("items.0.used_at") == nil {
			t.Error("its use is not told")
		}
	})
}

func TestEveryCodeThatDoesNotHoldAnswersAlike(t *testing.T) {
	onEachStreet(t, func(h *street) {
		a, b, c := h.k.GuardianOf(nil, "A"), h.k.GuardianOf(nil, "B"), h.k.GuardianOf(nil, "C")
		h.Live()
		lead := h.leader()
		used, replaced, revoked := h.invite(lead, "guardian_ids", a.ID), h.invite(lead, "guardian_ids", b.ID), h.invite(lead, "guardian_ids", c.ID)
		h.stranger().accept(used, map[string]any{"login": "a@home.example", "password": goodPassword}).want(201)
		h.invite(lead, "guardian_ids", b.ID)
		for _, i := range []string{"0", "1", "2"} {
			all := lead.get(h.path("/invitations?kita_id=", h.k.ID))
			if all.field("items."+i+".guardian_id") == string(c.ID) {
				path := "/invitations/" + all.field("items."+i+".id").(string)
				for _, other := range h.others() {
					other.remove(path).problem(404, "", "not_found")
				}
				lead.remove(path).want(204)
				lead.remove(path).problem(404, "", "not_found")
			}
		}
		ended := h.invite(lead, "staff_ids", h.edda.ID)
		h.clock.Advance(kita.InvitationLife)
		first := ""
		for _, code := range []string{used, replaced, revoked, ended, "0000-0000-0000-0000-0000", "x", "\x00"} {
			looked := h.stranger().post("/invitations/lookup", map[string]any{"code": code}).problem(422, "code", "invitation.code").said()
			accepted := h.stranger().accept(code, map[string]any{"login": "z@home.example", "password": goodPassword}).problem(422, "code", "invitation.code").said()
			signedIn := h.as(*h.mum.AccountID).accept(code, nil).problem(422, "code", "invitation.code").said()
			if first == "" {
				first = looked
			}
			if looked != first || accepted != first || signedIn != first {
				t.Errorf("%q answers %s, %s, %s; others %s", code, looked, accepted, signedIn, first)
			}
		}
		h.stranger().signIn("z@home.example", goodPassword).want(401)
	})
}

func TestGuessingCodesHasToWait(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.Live()
		good := h.invite(h.leader(), "guardian_ids", h.mum.ID)
		for range 60 {
			h.stranger().post("/invitations/lookup", map[string]any{"code": "0000-0000-0000-0000-0000"}).want(422)
		}
		if a := h.stranger().post("/invitations/lookup", map[string]any{"code": good}).problem(429, "", "signin.too_many"); a.Header.Get("Retry-After") == "" {
			t.Error("nothing says how long to wait")
		}
		h.stranger().accept(good, map[string]any{"password": goodPassword}).problem(429, "", "signin.too_many")
		h.clock.Advance(15 * time.Minute)
		h.stranger().post("/invitations/lookup", map[string]any{"code": good}).want(200)
	})
}

func TestOneOfManyPhonesGetsTheCode(t *testing.T) {
	onEachStreet(t, func(h *street) {
		fresh := h.k.GuardianOf(nil, "Fresh").Of(h.mia)
		h.Live()
		code := h.invite(h.leader(), "guardian_ids", fresh.ID)
		answers := make([]*answer, 6)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				answers[i] = h.stranger().accept(code, map[string]any{"login": string(rune('a'+i)) + "@home.example", "password": goodPassword})
			})
		}
		all.Wait()
		won := 0
		for _, a := range answers {
			if a.Status == 201 {
				won++
			} else {
				a.problem(422, "code", "invitation.code")
			}
		}
		if won != 1 {
			t.Errorf("%d phones got the code", won)
		}
	})
}

func TestOnePersonUsesOneAccountForAllTheirRoles(t *testing.T) {
	onEachStreet(t, func(h *street) {
		a, b, c := h.k.GuardianOf(nil, "A").Of(h.mia), h.k.GuardianOf(nil, "B").Of(h.mia), h.k.GuardianOf(nil, "C").Of(h.mia)
		h.lock(*h.tina.AccountID)
		h.Live()
		lead, login := h.leader(), h.login(*h.tina.AccountID)
		tina := h.as(*h.tina.AccountID)
		code := h.invite(lead, "guardian_ids", a.ID)
		if tina.post("/invitations/lookup", map[string]any{"code": code}).want(200).field("needs_password") != false {
			t.Error("who is signed in needs no password")
		}
		got := tina.accept(code, nil).want(200)
		if got.field("account.login") != login || got.field("memberships.1.role") != "guardian" || len(got.Header["Set-Cookie"]) != 0 {
			t.Errorf("signed in: %s", got.Raw)
		}
		tina.get(h.path("/children/", h.mia.ID)).want(200)

		code = h.invite(lead, "guardian_ids", b.ID)
		h.stranger().accept(code, map[string]any{"login": login, "password": "wrong-wrong-wrong"}).problem(409, "login", "account.login_taken")
		got = h.stranger().accept(code, map[string]any{"login": strings.ToUpper(login), "password": goodPassword}).want(201)
		if got.field("account.login") != login || got.cookie() == "" {
			t.Errorf("with the password: %s", got.Raw)
		}

		// Somebody else's phone: the login says who is meant, and the phone is theirs from then on.
		code = h.invite(lead, "guardian_ids", c.ID)
		got = tina.accept(code, map[string]any{"login": "c@home.example", "password": goodPassword}).want(201)
		if got.field("account.login") != "c@home.example" || got.cookie() == tina.session {
			t.Errorf("on a phone that is signed in: %s", got.Raw)
		}
		// Trying passwords with a code is guessing like any other.
		code = h.invite(lead, "guardian_ids", h.another(lead))
		for range 5 {
			h.stranger().accept(code, map[string]any{"login": login, "password": "wrong-wrong-wrong"}).want(409)
		}
		h.stranger().accept(code, map[string]any{"login": login, "password": goodPassword}).problem(429, "", "signin.too_many")
		h.stranger().signIn(login, goodPassword).problem(429, "", "signin.too_many")
	})
}

// another opens one more record.
func (h *street) another(c *caller) kita.ID {
	h.Helper()
	return kita.ID(c.post("/guardians", map[string]any{"kita_id": h.k.ID, "first_name": "D", "last_name": "D"}).want(201).field("id").(string))
}

func TestLeaderLetsSomebodyChooseANewPassword(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.lock(*h.mum.AccountID)
		h.Live()
		old := h.as(*h.mum.AccountID)
		code := h.invite(h.leader(), "guardian_ids", h.mum.ID)
		offer := h.stranger().post("/invitations/lookup", map[string]any{"code": code}).want(200)
		if offer.field("for") != "password" || offer.field("role") != nil || offer.field("login") != h.login(*h.mum.AccountID) {
			t.Errorf("offered %s", offer.Raw)
		}
		h.as(*h.dad.AccountID).accept(code, map[string]any{"password": "Neues-Passwort-1"}).problem(409, "code", "invitation.account")
		in := h.stranger().accept(code, map[string]any{"password": "Neues-Passwort-1"}).want(201)
		if in.field("account.id") != string(*h.mum.AccountID) {
			t.Errorf("signed in %s", in.Raw)
		}
		old.get("/session").problem(401, "", "unauthenticated")
		h.stranger().signIn(h.login(*h.mum.AccountID), goodPassword).want(401)
		h.leader().post("/invitations", map[string]any{"kita_id": h.k.ID, "staff_ids": []kita.ID{h.lead.ID}}).problem(422, "staff_ids[0]", "invitation.elsewhere")
	})
}

func TestInvitationsAreGivenOutByWhoMay(t *testing.T) {
	onEachStreet(t, func(h *street) {
		fresh := h.k.GuardianOf(nil, "Fresh").Of(h.mia)
		h.Live()
		guardians := map[string]any{"kita_id": h.k.ID, "guardian_ids": []kita.ID{fresh.ID}}
		team, ofGroup := map[string]any{"kita_id": h.k.ID, "staff_ids": []kita.ID{h.edda.ID}}, map[string]any{"kita_id": h.k.ID, "group_id": h.bears.ID}
		provider := map[string]any{"provider_id": h.provider.ID}
		list := h.path("/invitations?kita_id=", h.k.ID)
		for name, c := range h.others() {
			for _, path := range []string{"/invitations", "/invitations/letters"} {
				switch name {
				case "operator", "provider":
					c.post(path, guardians).problem(422, "guardian_ids[0]", "id.unknown")
					c.post(path, ofGroup).problem(409, "", "invitation.nobody")
				case "leader next door":
					c.post(path, guardians).problem(422, "guardian_ids[0]", "id.unknown")
					c.post(path, team).problem(422, "staff_ids[0]", "id.unknown")
					c.post(path, ofGroup).problem(409, "", "invitation.nobody")
					c.post(path, provider).problem(404, "", "not_found")
				default:
					c.post(path, guardians).problem(404, "", "not_found")
					c.post(path, team).problem(404, "", "not_found")
					c.get(list).problem(404, "", "not_found")
				}
			}
		}
		if n := len(h.leader().get(list).want(200).ids()); n != 0 {
			t.Errorf("%d were given out", n)
		}
		h.as(h.speaker.ID).post("/invitations", team).want(201)
		h.as(h.speaker.ID).post("/invitations", provider).problem(404, "", "not_found")
		code := h.as(h.operator.ID).post("/invitations", provider).want(201).field("items.0.code").(string)
		if o := h.stranger().post("/invitations/lookup", map[string]any{"code": code}).want(200); o.field("role") != "provider" || o.field("name") != "Träger" {
			t.Errorf("offered %s", o.Raw)
		}
		in := h.stranger().accept(code, map[string]any{"login": "t@provider.example", "password": goodPassword, "name": "Toni Träger"}).want(201)
		if in.field("memberships.0.provider_id") != string(h.provider.ID) || in.field("account.name") != "Toni Träger" {
			t.Errorf("signed in %s", in.Raw)
		}
		for _, x := range []struct {
			body        map[string]any
			field, code string
		}{
			{map[string]any{"kita_id": h.k.ID}, "body", "invitation.whom"}, {map[string]any{"kita_id": h.k.ID, "group_id": h.bears.ID, "staff_ids": []kita.ID{h.edda.ID}}, "body", "invitation.whom"},
			{map[string]any{"staff_ids": []kita.ID{h.edda.ID}}, "kita_id", "text.required"},
			{map[string]any{"kita_id": h.k.ID, "guardian_ids": []kita.ID{fresh.ID, h.tina.ID}}, "guardian_ids[1]", "id.unknown"},
			{map[string]any{"kita_id": h.k.ID, "guardian_ids": []kita.ID{fresh.ID, fresh.ID}}, "guardian_ids", "list.twice"},
			{map[string]any{"kita_id": h.k.ID, "guardian_ids": []string{"4711"}}, "guardian_ids[0]", "id.malformed"},
		} {
			h.leader().post("/invitations", x.body).problem(422, x.field, x.code)
		}
	})
}

func TestInvitationsArePrintedAsLetters(t *testing.T) {
	onEachStreet(t, func(h *street) {
		h.k.GuardianOf(nil, "Granny").Of(h.mia)
		arabic := h.k.GuardianOf(nil, "ليلى")
		h.Live()
		list := h.path("/invitations?kita_id=", h.k.ID)
		pdf := h.leader().post("/invitations/letters", map[string]any{"kita_id": h.k.ID, "group_id": h.bears.ID}).want(200)
		if !bytes.HasPrefix(pdf.Raw, []byte("%PDF-")) || pdf.Header.Get("Content-Type") != "application/pdf" || !strings.HasPrefix(pdf.Header.Get("Content-Disposition"), "attachment") ||
			pdf.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%v %q", pdf.Header, pdf.Raw[:20])
		}
		if ids := h.leader().get(list).ids(); len(ids) != 1 {
			t.Errorf("%d invitations", len(ids))
		}
		bad := h.leader().post("/invitations/letters", map[string]any{"kita_id": h.k.ID, "guardian_ids": []kita.ID{h.another(h.leader()), arabic.ID}}).problem(422, "letters[1].to", "letter.unprintable")
		if !strings.Contains(string(bad.Raw), "ليلى") {
			t.Errorf("nothing says whose letter it is: %s", bad.Raw)
		}
		if ids := h.leader().get(list).ids(); len(ids) != 1 {
			t.Errorf("a code was given out that nobody got: %d invitations", len(ids))
		}
		h.as(h.operator.ID).post("/invitations/letters", map[string]any{"provider_id": h.provider.ID}).want(200)
	})
}

// From an empty server to a parent who reads, by the operator's link and by invitations alone.
func TestServerIsSetUpByInvitationsAlone(t *testing.T) {
	onEachEngine(t, setUp)
}

func setUp(h *house) {
	t := h.T
	code := "7QK4-M2XP-9T3A-HW8R-5C0E"
	if _, needed, err := h.store.SystemInviteOperator(t.Context(), code); err != nil || !needed {
		t.Fatal(needed, err)
	}
	if o := h.stranger().post("/invitations/lookup", map[string]any{"code": code}).want(200); o.field("role") != "operator" || o.field("name") != "" {
		t.Errorf("offered %s", o.Raw)
	}
	in := h.stranger().accept(code, map[string]any{"login": "op@house.example", "password": goodPassword, "name": "Olga"}).want(201)
	if in.field("account.operator") != true {
		t.Errorf("signed in %s", in.Raw)
	}
	op := &caller{h: h, session: in.cookie()}
	p := op.post("/providers", map[string]any{"name": "Träger"}).want(201).field("id")
	k := op.post("/kitas", map[string]any{"provider_id": p, "name": "Sonnenschein", "federal_state": "BE"}).want(201).field("id")
	lead := op.post("/staff", map[string]any{"kita_id": k, "first_name": "Lea", "last_name": "L", "role": "leader"}).want(201).field("id")
	code = op.post("/invitations", map[string]any{"kita_id": k, "staff_ids": []any{lead}}).want(201).field("items.0.code").(string)
	leader := &caller{h: h, session: h.stranger().accept(code, map[string]any{"login": "lea@kita.example", "password": goodPassword}).want(201).cookie()}
	group := leader.post("/groups", map[string]any{"kita_id": k, "name": "Bären", "colour": kita.Colours[0], "icon": kita.Icons[0]}).want(201).field("id")
	child := leader.post("/children", map[string]any{"kita_id": k, "first_name": "Mia", "last_name": "M", "born": "2022-05-01", "group_id": group}).want(201).field("id").(string)
	mum := leader.post("/guardians", map[string]any{"kita_id": k, "first_name": "Mum", "last_name": "M"}).want(201).field("id").(string)
	leader.put("/guardians/"+mum+"/children/"+child, map[string]any{"relation": "mother", "custody": true, "may_pick_up": true, "receives_notices": true}).want(200)
	leader.post("/notices", map[string]any{"kita_id": k, "kind": "news", "title": "Willkommen", "body": "B", "audience": map[string]any{"kind": "groups", "targets": []any{group}}}).want(201)
	code = leader.post("/invitations", map[string]any{"kita_id": k, "group_id": group}).want(201).field("items.0.code").(string)
	parent := &caller{h: h, session: h.stranger().accept(code, map[string]any{"login": "mum@home.example", "password": goodPassword}).want(201).cookie()}
	if got := parent.get("/notices").want(200).field("items.0.title"); got != "Willkommen" {
		t.Errorf("the parent reads %v", got)
	}
}
