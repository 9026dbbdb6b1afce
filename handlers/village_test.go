package handlers_test

import (
	"slices"

	"morgenkreis/kita"
	"morgenkreis/store/storetest"
)

// What must not reach the wrong eyes; each word stands in one place of the village and nowhere else.
const (
	miaAllergy = "Kanari-Allergie"
	miaNotes   = "Kanari-Gesundheit"
	miaContact = "Kanari-Notfall"
	mumAddress = "Kanariweg 1"
	mumPhone   = "0170 1112223"
	mumEmail   = "kanari-mum@example.org"
	dadAddress = "Kanariweg 2"
	dadPhone   = "0170 4445556"
	dadEmail   = "kanari-dad@example.org"
	banReason  = "Kanari-Beschluss"
)

var (
	healthWords  = []string{miaAllergy, miaNotes, miaContact}
	mumWords     = []string{mumAddress, mumPhone, mumEmail}
	dadWords     = []string{dadAddress, dadPhone, dadEmail}
	everySecret  = slices.Concat(healthWords, mumWords, dadWords, []string{banReason, "Miakind"})
	contactWords = slices.Concat(mumWords, dadWords)
)

// village is a kita with one child that matters, Mia, and everybody who might ask for her.
type village struct {
	*house
	kita        *storetest.KitaB
	bears, bees *storetest.GroupB
	mia, ben    *storetest.ChildB
	mum         *storetest.GuardianB
	banned      *storetest.GuardianB
	accounts    map[string]kita.ID
}

// everybody are those who are in the village, and the stranger who is not.
var everybody = []string{"operator", "provider", "leader", "educator", "other educator", "mum", "dad", "other guardian",
	"banned guardian", "banned educator", "banned leader", "leader next door", "stranger"}

func newVillage(h *house, change ...func(*kita.Kita)) *village {
	p, speaker := h.Provider("Träger")
	op := h.Operator("Otto")
	k := h.KitaOf(p, "Sonnenschein", change...)
	v := &village{house: h, kita: k, bears: k.Group("Bären"), bees: k.Group("Bienen")}
	v.mia, v.ben = v.bears.Child("Miakind"), v.bees.Child("Ben")
	last := func() *kita.Guardian { return &h.Rows().Guardians[len(h.Rows().Guardians)-1] }
	v.mum = v.mia.Guardian("Ayşe").Email(mumEmail)
	last().Address, last().Phone = mumAddress, mumPhone
	dad := v.mia.Guardian("Jan").Email(dadEmail)
	last().Address, last().Phone = dadAddress, dadPhone
	other := v.ben.Guardian("Olga")
	v.banned = v.mia.Guardian("Bernd")
	v.banned.BannedFrom(v.mia)
	lead, educator, beekeeper := k.Leader("Lea"), k.Educator("Eda", v.bears), k.Educator("Bea", v.bees)
	both, chief := k.Educator("Berta", v.bears), k.Leader("Bodo")
	k.GuardianOf(both.AccountID, "Berta").Of(v.mia).BannedFrom(v.mia)
	k.GuardianOf(chief.AccountID, "Bodo").Of(v.mia).BannedFrom(v.mia)
	next := h.Kita("Nebenan")
	neighbour := next.Leader("Nora")
	next.Group("Wölfe").Child("Ida")
	rows := h.Rows()
	for i := range rows.Children {
		if rows.Children[i].ID == v.mia.ID {
			rows.Children[i].Allergies, rows.Children[i].HealthNotes = miaAllergy, miaNotes
		}
	}
	for i := range rows.Bans {
		rows.Bans[i].Reason = banReason
	}
	rows.EmergencyContacts = append(rows.EmergencyContacts, kita.EmergencyContact{ID: kita.NewID(), KitaID: k.ID, ChildID: v.mia.ID,
		Name: miaContact, Phone: "030 999", Relation: "Oma"})
	h.Live()
	v.accounts = map[string]kita.ID{"operator": op.ID, "provider": speaker.ID, "leader": *lead.AccountID, "educator": *educator.AccountID,
		"other educator": *beekeeper.AccountID, "mum": *v.mum.AccountID, "dad": *dad.AccountID, "other guardian": *other.AccountID,
		"banned guardian": *v.banned.AccountID, "banned educator": *both.AccountID, "banned leader": *chief.AccountID,
		"leader next door": *neighbour.AccountID}
	return v
}

func (v *village) caller(who string) *caller {
	if who == "stranger" {
		return v.stranger()
	}
	return v.as(v.accounts[who])
}

// refused is how those who may not are answered.
func refused(a *answer, who string) {
	a.t.Helper()
	a.what = who + ": " + a.what
	if who == "stranger" {
		a.problem(401, "", "unauthenticated").without(everySecret...)
		return
	}
	a.problem(404, "", "not_found").without(everySecret...)
}
