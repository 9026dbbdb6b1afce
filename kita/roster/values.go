package roster

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"morgenkreis/kita"
)

// invisible are marks that come along when text is copied from phones, web pages and word processors; they would make
// two equal addresses differ. The joiners U+200C and U+200D stay: Persian and Arabic are written with them.
func invisible(r rune) bool {
	return r == 0xad || r == 0x200b || r == 0x200e || r == 0x200f || r == 0x2060 || r == 0xfeff ||
		r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069
}

func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if invisible(r) {
			return -1
		}
		return r
	}, s)
	return norm.NFC.String(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s))
}

// single is s on one line.
func single(s string) string { return kita.Name(clean(s)) }

// lines is s with its line breaks, without the white space at its edges and at the end of lines.
func lines(s string) string {
	all := strings.Split(clean(s), "\n")
	for i, l := range all {
		all[i] = strings.TrimRightFunc(l, unicode.IsSpace)
	}
	return strings.TrimSpace(strings.Join(all, "\n"))
}

// blank tells whether a cell says nothing: it is empty, or has only the strokes people put where nothing is to say.
func blank(s string) bool {
	return strings.Trim(single(s), "-–—/. ") == ""
}

// none are the words for "no allergies". Kept as text they would stand on the screen as if they were one.
var none = strings.Fields("keine kein nein nichts keinebekannt keinebekannten keineallergien none no nil noallergies noneknown")

func saysNone(s string) bool { return slices.Contains(none, tight(s)) }

// formulaErrors are what German and English spreadsheets show where a formula failed.
var formulaErrors = strings.Fields("#NV #WERT! #BEZUG! #NAME? #DIV/0! #NULL! #ZAHL! #N/A #VALUE! #REF! #NUM! #ÜBERLAUF! #SPILL! #CALC!")

func formulaError(s string) bool {
	return slices.Contains(formulaErrors, s) || len(s) > 2 && strings.Trim(s, "#") == ""
}

// twiceEncoded finds UTF-8 that was once read as Windows-1252 and written again: "MÃ¼ller".
var twiceEncoded = regexp.MustCompile("Ã[¤¶¼Ÿ„–œ©¨¡±§\u009f\u0084\u0096\u009c]|\ufffd")

// questionMark finds the letter that a program could not write: "M?ller".
var questionMark = regexp.MustCompile(`\p{L}\?|\?\p{L}`)

var dayForm = regexp.MustCompile(`^(?:(\d{4})-(\d{1,2})-(\d{1,2})|(\d{1,2})\. ?(\d{1,2})\. ?(\d{4}|\d{2}))(?:[T ]00:00(?::00(?:\.0+)?)?Z?)?$`)

// parseDay reads 2021-02-03, 03.02.2021, 3.2.2021 and 3.2.21, the last always in this century; a midnight behind it is
// what databases add. The code says what is wrong, or is empty. 03/02/2021 is refused: it is two days.
func parseDay(s string) (kita.Day, string) {
	m := dayForm.FindStringSubmatch(s)
	if m == nil {
		return "", "day.malformed"
	}
	year, month, day := m[1], m[2], m[3]
	if year == "" {
		year, month, day = m[6], m[5], m[4]
	}
	if len(year) == 2 {
		year = "20" + year
	}
	d, err := kita.ParseDay("", fmt.Sprintf("%s-%02s-%02s", year, month, day))
	if err != nil {
		return "", "day.nonexistent"
	}
	return d, ""
}

// mark is the answer in a yes-or-no cell.
type mark int

const (
	unmarked mark = iota
	yes
	no
	unreadable
)

func parseMark(s string) mark {
	switch strings.ToLower(s) {
	case "ja", "j", "yes", "y", "wahr", "true", "x", "1", "✓", "✔":
		return yes
	case "nein", "n", "no", "falsch", "false", "0":
		return no
	}
	return unreadable
}

var relationWords = wordsFor(map[string]string{
	"mother":         "mutter mama kindesmutter km mother mum mom",
	"father":         "vater papa kindesvater kv father dad",
	"parent":         "elternteil eltern erziehungsberechtigte erziehungsberechtigter parent",
	"stepparent":     "stiefmutter stiefvater stiefelternteil bonusmutter bonusvater lebensgefaehrte lebensgefaehrtin stepmother stepfather stepparent",
	"grandparent":    "grossmutter grossvater grosseltern grosselternteil oma opa grandmother grandfather grandparent",
	"foster":         "pflegemutter pflegevater pflegeeltern pflegeelternteil pflegefamilie fostermother fosterfather fosterparent foster",
	"legal_guardian": "vormund vormundin amtsvormund amtsvormundin ergaenzungspfleger ergaenzungspflegerin legalguardian guardian",
	"other":          "tante onkel schwester bruder nachbar nachbarin freund freundin familie babysitter tagesmutter sonstige sonstiges andere other aunt uncle sister brother neighbour neighbor friend",
})

var languageWords = wordsFor(map[string]string{
	"de": "de deutsch german",
	"en": "en englisch english",
	"tr": "tr tuerkisch turkish tuerkce turkce",
	"uk": "uk ua ukrainisch ukrainian " + fold("українська"),
	"ar": "ar arabisch arabic " + fold("العربية") + " " + fold("عربي"),
	"ru": "ru russisch russian " + fold("русский"),
})

// wordsFor turns code → words around.
func wordsFor(of map[string]string) map[string]string {
	m := map[string]string{}
	for code, all := range of {
		for _, w := range strings.Fields(all) {
			m[w] = code
		}
	}
	return m
}

var dashes = strings.NewReplacer("‐", "-", "‑", "-", "–", "-", "—", "-", "−", "-")

// lostZero tells whether a telephone number looks as if a spreadsheet had taken it for a number and dropped the zero
// at its start: bare digits, as many as a number with its area code has.
func lostZero(s string) bool {
	return len(s) >= 9 && s[0] >= '1' && s[0] <= '9' && strings.Trim(s, "0123456789") == ""
}
