package kita

import (
	"strings"
	"testing"
)

func TestCodeIsReadHoweverItIsTyped(t *testing.T) {
	code := NewCode([CodeBytes]byte{0, 1, 2, 33, 10, 31, 255, 64, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29})
	if code != "0121-AZZ0-JKMN-PQRS-TVWX" {
		t.Fatalf("the code is %s", code)
	}
	want := strings.ReplaceAll(code, "-", "")
	for _, typed := range []string{
		code, want, strings.ToLower(code), "o121 azzo jkmn pqrs tvwx", "OL2I-AZZO-JKMN-PQRS-TVWX", "  0121–AZZ0—JKMN‑PQRS TVWX\n",
		"0 1 2 1 A Z Z 0 J K M N P Q R S T V W X",
	} {
		if got := NormalCode(typed); got != want {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
	for _, typed := range []string{"", "-", want[1:], want + "0", "U" + want[1:], "Ä" + want[1:], "\x00" + want[1:], strings.Repeat("-", 300) + want} {
		if got := NormalCode(typed); got != "" {
			t.Errorf("%q is read as %q", typed, got)
		}
	}
}

func TestCodeUsesEveryCharacterAlike(t *testing.T) {
	seen := map[rune]int{}
	for b := range 256 {
		seen[rune(NewCode([CodeBytes]byte{byte(b)})[0])]++
	}
	for _, r := range codeAlphabet {
		if seen[r] != 8 {
			t.Errorf("%c stands for %d of 256 bytes", r, seen[r])
		}
	}
}

func TestInviteesAreOfOneKind(t *testing.T) {
	id := []ID{NewID()}
	for _, c := range []struct {
		who   Invitees
		field string
	}{
		{Invitees{KitaID: id[0], GuardianIDs: id}, ""},
		{Invitees{KitaID: id[0], StaffIDs: id}, ""},
		{Invitees{KitaID: id[0], GroupID: id[0]}, ""},
		{Invitees{ProviderID: id[0]}, ""},
		{Invitees{KitaID: id[0]}, "body"},
		{Invitees{KitaID: id[0], GuardianIDs: id, StaffIDs: id}, "body"},
		{Invitees{KitaID: id[0], GroupID: id[0], ProviderID: id[0]}, "body"},
		{Invitees{GuardianIDs: id}, "kita_id"},
	} {
		err := c.who.Check()
		if (err == nil) != (c.field == "") || err != nil && err.(*Error).Field != c.field {
			t.Errorf("%+v: %v", c.who, err)
		}
	}
}
