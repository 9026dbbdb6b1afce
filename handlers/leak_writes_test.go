package handlers_test

import (
	"morgenkreis/kita"
)

// attempt is a route that changes something, and who may; everybody else gets 404, and nothing is changed.
type attempt struct {
	of   func(*run) []kita.ID
	may  func(oracle, kita.ID) bool
	body map[string]any
	// with is what else the path names; may2 is then asked about both.
	with func(*run) []kita.ID
	may2 func(o oracle, id, with kita.ID) bool
}

var archived = map[string]any{"archived": true}

// attempts are every route of the table with an {id} that is no GET; one that is not here makes the test red.
var attempts = map[string]attempt{
	"DELETE /sessions/{id}":                              {of: factsOf("sessions"), may: own("sessions")},
	"DELETE /tokens/{id}":                                {of: factsOf("tokens"), may: own("tokens")},
	"PATCH /push/subscriptions/{id}":                     {of: factsOf("subscriptions"), may: own("subscriptions"), body: map[string]any{"name": "Meins"}},
	"DELETE /push/subscriptions/{id}":                    {of: factsOf("subscriptions"), may: own("subscriptions")},
	"POST /push/subscriptions/{id}/test":                 {of: factsOf("subscriptions"), may: own("subscriptions")},
	"DELETE /invitations/{id}":                           {of: invitations, may: func(o oracle, id kita.ID) bool { return o.invites(o.invitation(id)) }},
	"PATCH /providers/{id}":                              {of: providers, may: func(o oracle, _ kita.ID) bool { return o.me.Operator }, body: map[string]any{"name": "Anders"}},
	"PATCH /kitas/{id}":                                  {of: kitas, may: ofKita(oracle.manages), body: map[string]any{"name": "Anders"}},
	"PUT /kitas/{id}/archived":                           {of: kitas, may: ofKita(func(o oracle, k *kita.Kita) bool { return o.me.Operator || o.provides(k) }), body: archived},
	"PATCH /guardians/{id}":                              {of: guardians, may: func(o oracle, id kita.ID) bool { return o.keeps(o.guardian(id)) || o.isPerson(o.guardian(id)) }, body: map[string]any{"phone": "030 1"}},
	"PUT /guardians/{id}/archived":                       {of: guardians, may: func(o oracle, id kita.ID) bool { return o.keeps(o.guardian(id)) }, body: archived},
	"PUT /guardians/{id}/children/{child_id}":            {of: guardians, with: children, may2: ties, body: map[string]any{"relation": "parent", "custody": true, "may_pick_up": true, "receives_notices": true}},
	"DELETE /guardians/{id}/children/{child_id}":         {of: guardians, with: children, may2: ties},
	"POST /bans/{id}/lift":                               {of: func(r *run) []kita.ID { return idsOf(r.bans) }, may: lifts},
	"PATCH /staff/{id}":                                  {of: team, may: ofColleague, body: map[string]any{"phone": "030 1"}},
	"PUT /staff/{id}/groups":                             {of: team, may: ofColleague, body: map[string]any{"group_ids": []kita.ID{}}},
	"PUT /staff/{id}/archived":                           {of: team, may: ofColleague, body: archived},
	"PATCH /groups/{id}":                                 {of: groups, may: leadsGroup, body: map[string]any{"name": "Anders"}},
	"PUT /groups/{id}/archived":                          {of: groups, may: leadsGroup, body: archived},
	"PATCH /children/{id}":                               {of: children, may: keepsChild, body: map[string]any{"allergies": "keine"}},
	"PUT /children/{id}/archived":                        {of: children, may: leadsChild, body: archived},
	"PUT /children/{id}/emergency-contacts":              {of: children, may: keepsChild, body: map[string]any{"contacts": []any{}}},
	"POST /children/{id}/placements":                     {of: children, with: groups, may: leadsChild, body: map[string]any{"group_id": "{with}", "from": "2026-11-23"}},
	"PUT /placements/{id}":                               {of: placements, with: groups, may: leadsPlacement, body: map[string]any{"group_id": "{with}", "from": "2026-11-23"}},
	"DELETE /placements/{id}":                            {of: placements, may: leadsPlacement},
	"DELETE /closing-days/{id}":                          {of: func(r *run) []kita.ID { return idsOf(r.closing) }, may: leadsClosingDay},
	"PATCH /notices/{id}":                                {of: notices, may: ofNotice(oracle.changes), body: map[string]any{"title": "Anders"}},
	"POST /notices/{id}/withdrawal":                      {of: notices, may: ofNotice(oracle.changes)},
	"POST /notices/{id}/reminders":                       {of: notices, may: ofNotice(oracle.changes)},
	"PUT /notices/{id}/recipients/{recipient_id}/called": {of: notices, with: factsOf("recipients"), may: ofNotice(oracle.answersFor), body: map[string]any{"called": true}},
	"PUT /notices/{id}/opened":                           {of: notices, may: ofNotice(func(o oracle, n *note) bool { return o.received(n) != nil })},
	"PUT /notices/{id}/confirmed":                        {of: notices, may: ofNotice(func(o oracle, n *note) bool { return o.received(n) != nil }), body: map[string]any{"confirmed": true}},
	"PATCH /absences/{id}":                               {of: absences, may: reportsAbsence, body: map[string]any{"note": "anders"}},
	"DELETE /absences/{id}":                              {of: absences, may: reportsAbsence},
}

// creates are routes without an {id} whose body names something; to others it is unknown.
var creates = map[string]attempt{
	"POST /kitas":               {of: providers, may: func(o oracle, id kita.ID) bool { return o.me.Operator || o.speaksFor(o.provider(id)) }, body: map[string]any{"provider_id": "{id}", "name": "Neu", "federal_state": "BE"}},
	"POST /groups":              {of: kitas, may: leadsKita, body: map[string]any{"kita_id": "{id}", "name": "Neu", "colour": "red", "icon": "bear"}},
	"POST /children":            {of: kitas, may: leadsKita, body: map[string]any{"kita_id": "{id}", "first_name": "Neu", "last_name": "Neu", "born": "2022-01-01"}},
	"POST /guardians":           {of: kitas, may: leadsKita, body: map[string]any{"kita_id": "{id}", "first_name": "Neu", "last_name": "Neu"}},
	"POST /closing-days":        {of: kitas, may: leadsKita, body: map[string]any{"kita_id": "{id}", "day": "2026-12-01", "name": "Neu"}},
	"POST /staff":               {of: kitas, may: ofKita(oracle.manages), body: map[string]any{"kita_id": "{id}", "first_name": "Neu", "last_name": "Neu", "role": "educator"}},
	"POST /notices":             {of: kitas, may: writesNotices, body: map[string]any{"kita_id": "{id}", "kind": "news", "title": "Neu", "audience": map[string]any{"kind": "staff"}}},
	"POST /notices/preview":     {of: kitas, may: writesNotices, body: map[string]any{"kita_id": "{id}", "audience": map[string]any{"kind": "staff"}}},
	"POST /bans":                {of: guardians, with: children, may2: ties, body: map[string]any{"guardian_id": "{id}", "child_id": "{with}", "reason": "Beschluss"}},
	"POST /placements/move":     {of: children, with: groups, may: leadsChild, body: map[string]any{"kita_id": "{kita}", "from": "2026-11-23", "moves": []any{map[string]any{"child_id": "{id}", "group_id": "{with}"}}}},
	"POST /absences":            {of: children, may: func(o oracle, id kita.ID) bool { return o.child(id).ArchivedAt == nil && o.caresFor(o.child(id)) }, body: map[string]any{"child_id": "{id}", "from": "2026-12-07", "reason": "sick"}},
	"POST /invitations":         {of: guardians, may: invitesGuardian, body: map[string]any{"kita_id": "{kita}", "guardian_ids": []any{"{id}"}}},
	"POST /invitations/letters": {of: guardians, may: invitesGuardian, body: map[string]any{"kita_id": "{kita}", "guardian_ids": []any{"{id}"}}},
}

func providers(r *run) []kita.ID   { return idsOf(r.providers) }
func placements(r *run) []kita.ID  { return idsOf(r.placed) }
func invitations(r *run) []kita.ID { return idsOf(r.invited) }

func factsOf(table string) func(*run) []kita.ID {
	return func(r *run) []kita.ID { return idsOf(r.facts[table]) }
}

func own(table string) func(oracle, kita.ID) bool {
	return func(o oracle, id kita.ID) bool {
		return exists(o.facts[table], func(f fact) bool { return f.ID == id && f.account == o.me.ID })
	}
}

func leadsKita(o oracle, id kita.ID) bool  { return o.leads(id) }
func leadsChild(o oracle, id kita.ID) bool { return o.leadsChild(o.child(id)) }
func leadsGroup(o oracle, id kita.ID) bool { return o.leads(o.group(id).KitaID) }
func keepsChild(o oracle, id kita.ID) bool {
	return o.leadsChild(o.child(id)) || o.parentOf(o.child(id))
}
func ofColleague(o oracle, id kita.ID) bool { return o.manages(o.kita(o.colleague(id).KitaID)) }

func ties(o oracle, id, with kita.ID) bool {
	g, c := o.guardian(id), o.child(with)
	return g.KitaID == c.KitaID && o.keeps(g) && o.leadsChild(c)
}

func lifts(o oracle, id kita.ID) bool {
	b := find(o.bans, func(b *kita.ContactBan) bool { return b.ID == id })
	return o.leadsChild(o.child(b.ChildID)) || o.me.Operator && o.seesBan(b)
}

func leadsPlacement(o oracle, id kita.ID) bool {
	return leadsChild(o, find(o.placed, func(p *kita.Placement) bool { return p.ID == id }).ChildID)
}

func leadsClosingDay(o oracle, id kita.ID) bool {
	for _, d := range o.closing {
		if d.ID == id {
			return o.leads(d.KitaID)
		}
	}
	return false
}

func reportsAbsence(o oracle, id kita.ID) bool {
	c := o.child(o.absence(id).ChildID)
	return c.ArchivedAt == nil && o.caresFor(c)
}

func writesNotices(o oracle, id kita.ID) bool {
	return o.inTeam(id) || o.open(id) && o.provides(o.kita(id))
}

func invitesGuardian(o oracle, id kita.ID) bool {
	return o.invites(&kita.Invitation{KitaID: &o.guardian(id).KitaID, GuardianID: &id})
}
