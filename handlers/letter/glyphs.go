package letter

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomonobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/text/unicode/norm"

	"morgenkreis/kita"
)

// The Go fonts have the letters of every language the letter speaks, and come as a module.
var regular, bold, mono = goregular.TTF, gobold.TTF, gomonobold.TTF

const family, monospaced = "go", "go-mono"

// glyphs is the set of characters that all three fonts have, looked up when the first letter is printed.
var glyphs = sync.OnceValue(func() map[rune]bool {
	const lastOfPlane = 0xFFFF // the PDF library's own limit
	fonts := [][]byte{regular, bold, mono}
	count := map[rune]int{}
	for _, ttf := range fonts {
		font, err := sfnt.Parse(ttf)
		if err != nil {
			panic("letter: a font that is part of the program: " + err.Error())
		}
		var buffer sfnt.Buffer
		for r := ' '; r <= lastOfPlane; r++ {
			if index, err := font.GlyphIndex(&buffer, r); err == nil && index != 0 {
				count[r]++
			}
		}
	}
	common := map[rune]bool{}
	for r, n := range count {
		common[r] = n == len(fonts)
	}
	return common
})

// nearest stands in for what cannot be had by leaving out a diacritic.
var nearest = strings.NewReplacer("ẞ", "ß", "ə", "e", "Ə", "E", "\u00AD", "", "\u2010", "-", "\u2011", "-", "\u202F", " ")

// shortHyphens is text with the hyphens of a book. The fonts are made for programs: their '-' is as wide as a minus, and
// the hyphen proper stands at U+00AD.
func shortHyphens(text string) string { return strings.ReplaceAll(text, "-", "\u00AD") }

// printable is text on one line in characters that the fonts have: composed, stand-ins and bare letters for what is
// missing, symbols, emoji and invisible marks left out. Any other script is refused for field.
func printable(field, text string) (string, error) {
	var out strings.Builder
	for _, r := range norm.NFC.String(nearest.Replace(kita.Name(text))) {
		switch {
		case glyphs()[r]:
			out.WriteRune(r)
		case unicode.In(r, unicode.So, unicode.Sk, unicode.Mn, unicode.Me, unicode.Cf, unicode.Cc):
			// An emoji is two or more of these.
		default:
			bare := bareLetter(r)
			if bare == 0 {
				return "", kita.Invalid(field, "letter.unprintable", "character", string(r))
			}
			out.WriteRune(bare)
		}
	}
	return kita.Name(out.String()), nil
}

// bareLetter is r with as many of its diacritics as the fonts have, 0 when not even the base is there.
func bareLetter(r rune) rune {
	parts := []rune(norm.NFD.String(string(r)))
	for n := len(parts) - 1; n > 0; n-- {
		if composed := []rune(norm.NFC.String(string(parts[:n]))); len(composed) == 1 && glyphs()[composed[0]] {
			return composed[0]
		}
	}
	return 0
}
