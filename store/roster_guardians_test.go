package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"morgenkreis/kita"
	"morgenkreis/store"
)

func TestGuardiansAreFoundAndNoTwoBecomeOneSilently(t *testing.T) { onKita(t, guardiansAreFound) }

func guardiansAreFound(x *importing) {
	const row = "1,Mia,Muster," + born + ",Bären,,"
	for _, c := range []struct {
		name string
		// known is the mother the kita has: first name, e-mail, phone, address.
		known  [4]string
		listed string
		want   []string
		refuse string
	}{
		{"the same e-mail, in capitals", [4]string{"Ayşe", "Ayse@Example.org", "0170 1", ""}, "Ayşe,Muster,ayse@example.org,0170 1,", nil, ""},
		{"the same e-mail, another last name", [4]string{"Ayşe", "ayse@example.org", "0170 1", ""}, "Ayşe,Heirat,ayse@example.org,0170 1,",
			[]string{"update guardian Ayşe Heirat last_name"}, ""},
		{"the same e-mail, a second first name", [4]string{"Ayşe", "ayse@example.org", "0170 1", ""}, "Ayse-Maria,Muster,ayse@example.org,0170 1,",
			[]string{"update guardian Ayse-Maria Muster first_name"}, ""},
		{"the same e-mail, the other parent", [4]string{"Jens", "familie@example.org", "0170 1", ""}, "Ayşe,Muster,familie@example.org,0170 1,",
			nil, "line 2: import.guardian_other"},
		{"a new e-mail", [4]string{"Ayşe", "alt@example.org", "", ""}, "Ayşe,Muster,neu@example.org,,", []string{"update guardian Ayşe Muster email"}, ""},
		{"a new number", [4]string{"Ayşe", "", "0170 1", ""}, "Ayşe,Muster,,0170 2,", []string{"update guardian Ayşe Muster phone"}, ""},
		{"all new but the name", [4]string{"Ayşe", "alt@example.org", "0170 1", ""}, "Ayşe,Muster,neu@example.org,0170 2,", nil, "line 2: import.guardian_unsure"},
		{"no details", [4]string{"Ayşe", "alt@example.org", "0170 1", ""}, "AYSE,MUSTER,,,", []string{"update guardian AYSE MUSTER first_name last_name"}, ""},
		{"somebody else", [4]string{"Jens", "jens@example.org", "0170 1", ""}, "Ayşe,Muster,ayse@example.org,0170 2,",
			[]string{"create guardian Ayşe Muster", "create tie Ayşe Muster – Mia Muster"}, ""},
	} {
		x.Run(c.name, func(t *testing.T) {
			x := x.nextDoor(t)
			x.bears.Child("Mia").Guardian(c.known[0]).Email(c.known[1])
			rows := x.Rows()
			rows.Guardians[0].Phone, rows.Guardians[0].Address = c.known[2], c.known[3]
			rows.Ties[0].Relation = "mother"
			x.live()
			r := x.sheet(mother, row+c.listed)
			if c.refuse != "" {
				x.refuses(r, c.refuse)
				return
			}
			x.brings(r, c.want...)
			x.brings(r)
		})
	}
}

func TestFatherAndGrandfatherOfOneNameStayTwo(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		ben := x.bears.Child("Ben")
		grandfather := x.k.GuardianOf(nil, "Heinz").Of(ben).Email("alt@example.org")
		x.live()
		// One house, one telephone; but another address, and no child in common.
		c := x.brings(x.sheet(mother, "1,Mia,Muster,"+born+",Bären,,Heinz,Muster,jung@example.org,"+grandfather.Phone+","),
			"create guardian Heinz Muster", "create tie Heinz Muster – Mia Muster")
		x.warned(c, "line 2: import.guardian_known")
		if g := x.child(mia.ID).Guardians; len(g) != 1 || g[0].ID == grandfather.ID {
			x.Fatalf("%+v", g)
		}
		// With one child: who is who is clear as long as something speaks for it.
		pair := mother + ",Guardian 2 first name,Guardian 2 last name,Guardian 2 phone"
		x.brings(x.sheet(pair, "2,Ben,Muster,"+born+",Bären,,Heinz,Muster,jung@example.org,,,Heinz,Muster,"+grandfather.Phone),
			"create tie Heinz Muster – Ben Muster")
		x.refuses(x.sheet(pair, "2,Ben,Muster,"+born+",Bären,,Heinz,Muster,,030 99,,Heinz,Muster,"),
			"line 2: import.guardian_unclear", "line 2: import.guardian_unclear")
		x.refuses(x.sheet(pair, "2,Ben,Muster,"+born+",Bären,,Heinz,Muster,,,,Heinz,Muster,"), "line 2: import.guardian_twice")
	})
}

func TestOnePersonWhomTheListNamesTwiceWithoutDetailsStaysOne(t *testing.T) {
	onKita(t, func(x *importing) {
		mia, ben := x.bears.Child("Mia"), x.bears.Child("Ben")
		mum := x.k.GuardianOf(nil, "Ayşe").Of(mia).Of(ben)
		for i := range x.Rows().Ties {
			x.Rows().Ties[i].Relation = "mother"
		}
		x.live()
		x.brings(x.sheet(mother, "1,Mia,Muster,"+born+",Bären,,Ayşe,Muster,,,", "2,Ben,Muster,"+born+",Bären,,Ayşe,Muster,,,"))
		if g := x.child(ben.ID).Guardians; len(g) != 1 || g[0].ID != mum.ID {
			x.Fatalf("%+v", g)
		}
	})
}

func TestSiblingOfAChildWhoLeftFindsItsMother(t *testing.T) {
	onKita(t, func(x *importing) {
		mum := x.bears.Child("Mia").Guardian("Ayşe")
		x.live()
		c := x.brings(x.sheet(mother, "2,Ben,Muster,2024-01-01,Bären,,Ayşe,Muster,,+49 170 5550100,"), "create child Ben Muster",
			"update guardian Ayşe Muster phone", "create tie Ayşe Muster – Ben Muster")
		if c.Changes[1].ID != mum.ID {
			x.Fatalf("%+v", c.Changes)
		}
	})
}

func TestNoListLiftsABanOrLetsTheBannedInUnseen(t *testing.T) {
	onKita(t, func(x *importing) {
		mia := x.bears.Child("Mia")
		dad := mia.Guardian("Uwe").Email("uwe@example.org")
		dad.BannedFrom(mia)
		x.Rows().Ties[0].ReceivesNotices, x.Rows().Ties[0].MayPickUp = false, false
		x.live()
		const father = short + ",Vater Vorname,Vater Nachname,Vater E-Mail,Vater Telefon,Vater Nachrichten,Vater Abholberechtigt"
		row := "1,Mia,Muster," + born + ",Bären,,"
		c := x.brings(x.sheet(father, row+"Uwe,Muster,uwe@example.org,,ja,ja"), "update tie Uwe Muster – Mia Muster relation may_pick_up receives_notices")
		x.warned(c, "line 2: import.ban_holds")
		if g := x.child(mia.ID).Guardians[0]; !g.Banned || g.MayPickUp {
			x.Fatalf("the ban does not hold: %+v", g)
		}
		if _, err := x.s.Child(context.Background(), x.Viewer(*dad.AccountID), mia.ID); !errors.Is(err, kita.ErrNotFound) {
			x.Fatalf("the banned sees the child: %v", err)
		}
		// Untied, he is still known by the ban; under quite another name he is at least pointed out.
		if err := x.s.Untie(context.Background(), x.v, dad.ID, mia.ID); err != nil {
			x.Fatal(err)
		}
		c = x.brings(x.sheet(father, row+"Uwe,Muster,,0170 77,nein,nein"), "update guardian Uwe Muster phone", "create tie Uwe Muster – Mia Muster")
		x.warned(c, "line 2: import.ban_holds")
		c = x.brings(x.sheet(father, row+"U.,Muster,u@example.org,,ja,ja"), "create guardian U. Muster", "create tie U. Muster – Mia Muster")
		x.warned(c, "line 2: import.ban_new_person", "line 2: import.guardian_not_listed")
	})
}

func TestChildrenKeptFromALeaderAreOutOfHerListsReach(t *testing.T) {
	onKita(t, func(x *importing) {
		tom, ben := x.bears.Child("Tom"), x.bears.Child("Ben")
		mum := tom.Guardian("Ayşe").Email("ayse@example.org")
		x.k.GuardianOf(&x.lead, "Lea").Of(tom).BannedFrom(tom)
		x.Rows().Children[0].Allergies = "geheim"
		x.live()
		before := store.Dump(x, x.s, x.k.ID)
		x.refuses(x.sheet(short, "1,Tom,Muster,"+born+",Bären,"), "line 2: child.number_taken")
		r := x.sheet(mother, "2,Ben,Muster,"+born+",Bären,,Ayşe,Muster,ayse@example.org,0170 5550100,")
		c, err := x.bring(r, func(o *store.ImportOptions) { o.ArchiveMissing, o.DryRun = true, true })
		if err != nil || len(c.Missing) > 0 || strings.Contains(fmt.Sprint(c), "Tom") {
			x.Fatalf("%v %+v", err, c)
		}
		if store.Dump(x, x.s, x.k.ID) != before {
			x.Fatal("something was written")
		}
		// His mother's record is as far from her: the one that is made is another.
		c = x.brings(r, "create guardian Ayşe Muster", "create tie Ayşe Muster – Ben Muster")
		if c.Changes[0].ID == mum.ID || len(x.child(ben.ID).Guardians) != 1 {
			x.Fatalf("%+v", c.Changes)
		}
	})
}

func TestArchivedGuardianIsNotBroughtBackByAList(t *testing.T) {
	onKita(t, func(x *importing) {
		mum := x.bears.Child("Mia").Guardian("Ayşe").Email("ayse@example.org")
		x.Rows().Ties[0].Relation = "mother"
		x.live()
		if _, err := x.s.ArchiveGuardian(context.Background(), x.v, mum.ID, true); err != nil {
			x.Fatal(err)
		}
		x.warned(x.brings(x.sheet(mother, "1,Mia,Muster,"+born+",Bären,,Ayşe,Muster,ayse@example.org,,")), "line 2: import.guardian_archived")
	})
}
