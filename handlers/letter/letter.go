// Package letter prints invitations: one A4 page each, to be handed over or sent in a window envelope (DIN 5008, form B).
//
// Every letter speaks German and, smaller, English. Turkish, Ukrainian and Russian families get their own language beside
// the English. Arabic does not: the page is set with a library that neither joins Arabic letters nor orders them from the
// right, and a family is better served by correct English than by loose letters. The web page behind the QR code speaks
// Arabic.
package letter

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"codeberg.org/go-pdf/fpdf"

	"morgenkreis/kita"
)

// Letter is one invitation as it is printed.
type Letter struct {
	Kita       string   // the letterhead
	Contact    string   // of the kita, on one line: street, town, telephone; may be empty
	To         string   // the name of the person invited
	Address    string   // of that person, lines apart by line breaks or commas; may be empty
	Language   string   // one of kita.Languages
	Day        kita.Day // the day of printing
	URL        string   // what the QR code opens, the code included; what stands before '#' is also printed as text
	Code       string   // the one-time code; printed in groups of four, whatever groups it came in
	ValidUntil kita.Day // the last day on which Code works
}

// Bounds of what fits the page.
const (
	maxName         = 200
	maxAddress      = 300
	maxAddressLines = 5
	maxURL          = 300 // all of it, as the QR code
	maxShownURL     = 120 // the part that is printed as text
	minCode         = 6
	maxCode         = 32
)

// Write prints the letters in their order, one page each. What cannot be printed is refused before anything is written:
// kita.Errors that name the field ("code") and with several letters also which one ("letters[3].code"). A character that
// the typeface lacks is replaced by the nearest one (ẞ by ß, ấ by â), and refused with letter.unprintable only where
// there is none.
func Write(w io.Writer, letters []Letter) error {
	var checks kita.Checks
	checks.That(len(letters) > 0, "letters", "list.too_short", "min", 1)
	sheets := make([]sheet, len(letters))
	for i, l := range letters {
		var errs kita.Errors
		sheets[i], errs = l.sheet()
		for _, err := range errs {
			if len(letters) > 1 {
				err.Field = fmt.Sprintf("letters[%d].%s", i, err.Field)
			}
			checks.Add(err)
		}
	}
	if err := checks.Err(); err != nil {
		return err
	}
	return render(w, sheets)
}

// sheet is a letter ready to be set: checked, printable, the QR code made.
type sheet struct {
	kita, contact, to string
	address           []string
	day               kita.Day
	languages         []phrases
	shownURL          string
	codeGroups        string
	validUntil        kita.Day
	qr                [][]bool
}

func (l Letter) sheet() (sheet, kita.Errors) {
	var checks kita.Checks
	line := func(field, text string, min, max int) string {
		n := utf8.RuneCountInString(text)
		checks.That(n <= max, field, "text.too_long", "max", max)
		text, err := printable(field, text)
		checks.Add(err)
		checks.That(err != nil || min == 0 || text != "", field, "text.required")
		return shortHyphens(text)
	}
	s := sheet{
		kita:       line("kita", l.Kita, 1, maxName),
		contact:    line("contact", l.Contact, 0, maxName),
		to:         line("to", l.To, 1, maxName),
		day:        l.Day,
		validUntil: l.ValidUntil,
	}
	checks.That(utf8.RuneCountInString(l.Address) <= maxAddress, "address", "text.too_long", "max", maxAddress)
	for _, part := range strings.FieldsFunc(l.Address, func(r rune) bool { return r == '\n' || r == ',' }) {
		part, err := printable("address", part)
		checks.Add(err)
		if part != "" {
			s.address = append(s.address, shortHyphens(part))
		}
	}
	checks.That(len(s.address) <= maxAddressLines, "address", "list.too_long", "max", maxAddressLines)
	checks.That(slices.Contains(kita.Languages, l.Language), "language", "language.unknown")
	s.languages = spoken(l.Language)
	_, err := kita.ParseDay("day", string(l.Day))
	checks.Add(err)
	_, err = kita.ParseDay("valid_until", string(l.ValidUntil))
	checks.Add(err)
	checks.That(l.ValidUntil >= l.Day, "valid_until", "letter.valid_until")

	code := strings.NewReplacer(" ", "", "-", "").Replace(l.Code)
	wellFormed := len(code) >= minCode && len(code) <= maxCode &&
		!strings.ContainsFunc(code, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	checks.That(wellFormed, "code", "letter.code")
	s.codeGroups = groups(code)

	s.shownURL, _, _ = strings.Cut(l.URL, "#")
	s.qr, err = matrix(l.URL)
	checks.That(err == nil && webAddress(l.URL) && len(s.shownURL) <= maxShownURL, "url", "letter.url")
	errs, _ := checks.Err().(kita.Errors)
	return s, errs
}

func webAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && len(s) <= maxURL &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

// groups writes code in fours, so that nobody loses their place while typing.
func groups(code string) string {
	var parts []string
	for part := range slices.Chunk([]byte(code), 4) {
		parts = append(parts, string(part))
	}
	return strings.Join(parts, " ")
}

func render(w io.Writer, sheets []sheet) error {
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.AddUTF8FontFromBytes(family, "", regular)
	pdf.AddUTF8FontFromBytes(family, "B", bold)
	pdf.AddUTF8FontFromBytes(monospaced, "B", mono)
	// The file's dates are the letter's own.
	pdf.SetCreationDate(sheets[0].day.Time())
	pdf.SetModificationDate(sheets[0].day.Time())
	pdf.SetTitle(german.title, true)
	pdf.SetLang("de")
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetCellMargin(0)
	for _, s := range sheets {
		pdf.AddPage()
		setter{pdf}.page(s)
	}
	return pdf.Output(w)
}
