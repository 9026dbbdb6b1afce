package letter

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"codeberg.org/go-pdf/fpdf"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"morgenkreis/kita"
)

func invitation() Letter {
	return Letter{
		Kita: "Kita Sonnenschein", Contact: "Gartenweg 3, 86150 Augsburg · 0821 123456",
		To: "Jörg Müller-Straßer", Address: "Am Ölberg 12a, 86150 Augsburg", Language: "de", Day: "2026-11-23",
		URL: "https://kita.example/einladung#K7QWM2XNPD4T", Code: "K7QWM2XNPD4T", ValidUntil: "2026-12-21",
	}
}

func written(t *testing.T, letters ...Letter) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, letters); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var page = regexp.MustCompile(`/Type /Page\b`)

func TestEveryInvitationIsOnePage(t *testing.T) {
	for _, n := range []int{1, 2, 100} {
		var letters []Letter
		for i := range n {
			l := invitation()
			l.Language = kita.Languages[i%len(kita.Languages)]
			letters = append(letters, l)
		}
		pdf := written(t, letters...)
		if got := len(page.FindAll(pdf, -1)); got != n || !bytes.HasPrefix(pdf, []byte("%PDF-1.")) {
			t.Errorf("%d pages for %d letters", got, n)
		}
	}
}

// texts are what the pages show, as the PDF holds it: UTF-16 in the strings of its compressed streams.
func texts(t *testing.T, pdf []byte) string {
	t.Helper()
	var all strings.Builder
	for _, part := range bytes.Split(pdf, []byte("stream\n"))[1:] {
		r, err := zlib.NewReader(bytes.NewReader(part))
		if err != nil {
			continue // the word after an end, or a font
		}
		content, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(content)
	}
	return all.String()
}

func asInPDF(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		b.WriteByte(byte(u >> 8))
		b.WriteByte(byte(u))
	}
	return strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`, "\r", `\r`).Replace(b.String())
}

func TestThePageShowsWhatIsNeededToSignUp(t *testing.T) {
	for _, c := range []struct {
		language, name string
		want           []string
	}{
		{"de", "Jörg Müller-Straßer", []string{"Guten Tag Jörg Müller\u00ADStraßer,", "Your invitation to Morgenkreis"}},
		{"en", "Zoë O’Neill", []string{"Dear Zoë O’Neill,", "Ihre Einladung zu Morgenkreis"}},
		{"tr", "Ayşe Gülşen Yıldırım", []string{"Sayın Ayşe Gülşen Yıldırım,", "Morgenkreis davetiniz", "Dear Ayşe Gülşen Yıldırım,"}},
		{"uk", "Олена Ковальчук", []string{"Добрий день, Олена Ковальчук!", "Dear Олена Ковальчук,"}},
		{"ru", "Алёна Щукина", []string{"Здравствуйте, Алёна Щукина!", "Dear Алёна Щукина,"}},
		{"ar", "Layla Haddad", []string{"Guten Tag Layla Haddad,", "Dear Layla Haddad,"}},
	} {
		l := invitation()
		l.Language, l.To = c.language, c.name
		shown := texts(t, written(t, l))
		for _, want := range append(c.want, "Kita Sonnenschein", "Am Ölberg 12a", "86150 Augsburg", "23.11.2026",
			"https://kita.example/einladung", "K7QW M2XN PD4T", "21.12.2026") {
			if !strings.Contains(shown, asInPDF(want)) {
				t.Errorf("%s: %q is not on the page", c.language, want)
			}
		}
	}
}

func TestACodeIsGroupedWhateverGroupsItCameIn(t *testing.T) {
	for code, want := range map[string]string{
		"K7QWM2XNPD4T": "K7QW M2XN PD4T", "K7QW-M2XN-PD4T": "K7QW M2XN PD4T", "K7 QWM2 XNPD 4T": "K7QW M2XN PD4T",
		"abcdef": "abcd ef", strings.Repeat("A1", 16): strings.TrimSpace(strings.Repeat("A1A1 ", 8)),
	} {
		l := invitation()
		l.Code = code
		if s, errs := l.sheet(); s.codeGroups != want || errs != nil {
			t.Errorf("%q: got %q, %v", code, s.codeGroups, errs)
		}
	}
}

// A phone reads from the code what was put in, with the quiet zone that the page leaves.
func TestTheQRCodeReadsBackAsTheURL(t *testing.T) {
	for _, n := range []int{8, 20, 43, 60, 100, 150, 222, 300} {
		url := "https://kita.example/einladung#" + strings.Repeat("aZ09-_~%C3", 30)
		url = url[:max(n, 21)]
		rows, err := matrix(url)
		if err != nil {
			t.Fatal(err)
		}
		const pixels = 4 // per module
		side := (len(rows) + 2*quietZone) * pixels
		drawn := image.NewGray(image.Rect(0, 0, side, side))
		for i := range drawn.Pix {
			drawn.Pix[i] = 255
		}
		for y, row := range rows {
			for x, dark := range row {
				for i := range pixels * pixels {
					if dark {
						drawn.SetGray((x+quietZone)*pixels+i%pixels, (y+quietZone)*pixels+i/pixels, color.Gray{})
					}
				}
			}
		}
		bitmap, err := gozxing.NewBinaryBitmapFromImage(drawn)
		if err != nil {
			t.Fatal(err)
		}
		read, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
		if err != nil || read.GetText() != url {
			t.Errorf("%d characters: read %v, %v", len(url), read, err)
			continue
		}
		if level := read.GetResultMetadata()[gozxing.ResultMetadataType_ERROR_CORRECTION_LEVEL]; fmt.Sprint(level) != "M" {
			t.Errorf("error correction %v", level)
		}
	}
}

func TestTheFontsHaveEveryCharacterOfEveryText(t *testing.T) {
	all := labelDay + labelURL + labelCode + labelUntil + "…·" + shortHyphens("-")
	for _, p := range []phrases{german, english, turkish, ukrainian, russian} {
		p = p.typeset()
		all += p.title + p.greeting + p.intro + strings.Join(p.steps[:], "") + p.note
	}
	// And the letters of the languages that kitas hear besides.
	all += "ÄÖÜäöüß ÇĞİÖŞÜçğıöşü ĄĆĘŁŃÓŚŹŻąćęłńóśźż ČĎĚŇŘŠŤŮŽčďěňřšťůž ĂÂÎȘȚăâîșț ŐŰőű ĐđŽž ÀÂÆÈÉÊËÎÏÔŒÙÛàâæçèéêëîïôœùûÿ ÑñÃãÕõ ÅåØø ĀĒĢĪĶĻŅŪāēģīķļņū ĖĮŲėįų"
	for r := 'Ѐ'; r <= 'ѯ'; r++ {
		if strings.ContainsRune("ЁЂЄІЇЈЉЊЋЎЏАБВГДЕЖЗИЙКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ", r) {
			all += string(r) + strings.ToLower(string(r))
		}
	}
	for _, r := range all {
		if !glyphs()[r] {
			t.Errorf("no glyph for %q (%U)", r, r)
		}
	}
}

func TestNamesArePrintedAsNearAsTheFontsCome(t *testing.T) {
	for in, want := range map[string]string{
		"  Mia \t Groß ":               "Mia Groß",
		"STRAẞE":                       "STRAßE",
		"Jo\u0308rg":                   "Jörg", // decomposed, as some systems export
		"Nguyễn Thị Ánh":               "Nguyên Thi Ánh",
		"Əli Məmmədov":                 "Eli Memmedov",
		"Andreea Țîrdea-Șerban":        "Andreea Țîrdea-Șerban",
		"Kita Sonnenschein ☀️👩\u200D👧": "Kita Sonnenschein",
		"Anna\u200Bsoph\u00ADie":       "Annasophie",
		"A\u2011B\u202FC":              "A-B C",
	} {
		if got, err := printable("to", in); got != want || err != nil {
			t.Errorf("%q: got %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"ليلى حداد", "李雷", "רות", "გიორგი"} {
		_, err := printable("to", in)
		if told := (*kita.Error)(nil); !errors.As(err, &told) || told.Code != "letter.unprintable" || told.Field != "to" || told.Arg("character") == nil {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestBadInputIsRefusedAndNothingWritten(t *testing.T) {
	for _, c := range []struct {
		change      func(l *Letter)
		field, code string
	}{
		{func(l *Letter) { l.Kita = " " }, "kita", "text.required"},
		{func(l *Letter) { l.Kita = strings.Repeat("a", 201) }, "kita", "text.too_long"},
		{func(l *Letter) { l.Kita = "幼稚園" }, "kita", "letter.unprintable"},
		{func(l *Letter) { l.Contact = strings.Repeat("a", 201) }, "contact", "text.too_long"},
		{func(l *Letter) { l.To = "" }, "to", "text.required"},
		{func(l *Letter) { l.To = "🎉" }, "to", "text.required"},
		{func(l *Letter) { l.To = "ليلى" }, "to", "letter.unprintable"},
		{func(l *Letter) { l.Address = strings.Repeat("a", 301) }, "address", "text.too_long"},
		{func(l *Letter) { l.Address = "a,b,c,d,e,f" }, "address", "list.too_long"},
		{func(l *Letter) { l.Address = "Gasse 1\nدمشق" }, "address", "letter.unprintable"},
		{func(l *Letter) { l.Language = "fr" }, "language", "language.unknown"},
		{func(l *Letter) { l.Language = "" }, "language", "language.unknown"},
		{func(l *Letter) { l.Day = "" }, "day", "day.malformed"},
		{func(l *Letter) { l.Day = "2026-02-30" }, "day", "day.malformed"},
		{func(l *Letter) { l.ValidUntil = "soon" }, "valid_until", "day.malformed"},
		{func(l *Letter) { l.ValidUntil = "2026-11-22" }, "valid_until", "letter.valid_until"},
		{func(l *Letter) { l.URL = "" }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "javascript:alert(1)" }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "https://" }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "https://kita.example/a b" }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "https://kita.example/ä" }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "https://kita.example/#" + strings.Repeat("a", 300) }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "https://kita.example/" + strings.Repeat("a", 150) }, "url", "letter.url"},
		{func(l *Letter) { l.URL = "https://kita.example/#" + strings.Repeat("a", 5000) }, "url", "letter.url"},
		{func(l *Letter) { l.Code = "" }, "code", "letter.code"},
		{func(l *Letter) { l.Code = "A-B-C-1-2" }, "code", "letter.code"},
		{func(l *Letter) { l.Code = strings.Repeat("A", 33) }, "code", "letter.code"},
		{func(l *Letter) { l.Code = "ABCÄEFGH" }, "code", "letter.code"},
		{func(l *Letter) { l.Code = "ABC\nEFGH" }, "code", "letter.code"},
	} {
		bad := invitation()
		c.change(&bad)
		for field, letters := range map[string][]Letter{
			c.field:                 {bad},
			"letters[1]." + c.field: {invitation(), bad, invitation()},
		} {
			var out bytes.Buffer
			var errs kita.Errors
			if err := Write(&out, letters); !errors.As(err, &errs) || len(errs) != 1 || errs[0].Field != field || errs[0].Code != c.code {
				t.Errorf("got %v, want %s: %s", err, field, c.code)
			}
			if out.Len() > 0 {
				t.Errorf("%s: %d bytes written", field, out.Len())
			}
		}
	}
	var errs kita.Errors
	if err := Write(io.Discard, nil); !errors.As(err, &errs) || errs[0].Field != "letters" {
		t.Errorf("no letters: %v", err)
	}
}

// The longest that is allowed stays in its place: nothing runs into what stands below it or off the page.
func TestTheLongestLetterFitsThePage(t *testing.T) {
	for _, language := range kita.Languages {
		l := invitation()
		l.Language = language
		l.Kita, l.Contact, l.To = strings.Repeat("Wümme ", 33), strings.Repeat("Wümme ", 33), strings.Repeat("Wümme ", 33)
		l.Address = strings.Repeat(strings.Repeat("W", 59)+",", 5)
		l.URL = "https://kita.example/" + strings.Repeat("W", maxShownURL-21) + "#" + strings.Repeat("a", 149)
		l.Code = strings.Repeat("W", maxCode)
		written(t, l)
		s, errs := l.sheet()
		if errs != nil {
			t.Fatal(errs)
		}
		pdf := fpdf.New("P", "mm", "A4", "")
		pdf.AddUTF8FontFromBytes(family, "", regular)
		pdf.AddUTF8FontFromBytes(family, "B", bold)
		pdf.AddUTF8FontFromBytes(monospaced, "B", mono)
		pdf.SetAutoPageBreak(false, 0)
		pdf.SetCellMargin(0)
		pdf.AddPage()
		p := setter{pdf}
		if last := addressTop + float64(len(s.address)+1)*addressPitch; last > titleTop {
			t.Errorf("the address ends at %.1f", last)
		}
		p.font("", 10.5, ink)
		if end := p.paragraph(left, titleTop+16, width, 5, s.languages[0].intro); end > panelTop {
			t.Errorf("the introduction ends at %.1f", end)
		}
		p.font("B", 12, ink)
		if p.address(left+qrSide+10, panelTop+9, width-qrSide-15, s.shownURL); p.GetY() > panelTop+19 {
			t.Errorf("the web address ends at %.1f", p.GetY())
		}
		if p.german(s); p.GetY() > foreignTop-3.5 {
			t.Errorf("the German text ends at %.1f", p.GetY())
		}
		for i := range s.languages[1:] {
			if p.column(left, (width-columnGap)/2, s.languages[1+i], s); p.GetY() > 288 {
				t.Errorf("%s: column %d ends at %.1f", language, i, p.GetY())
			}
		}
		p.SetFont(monospaced, "B", 19*2/3.0)
		if w := p.GetStringWidth(s.codeGroups); w > width-qrSide-15 {
			t.Errorf("the code is %.1f wide", w)
		}
	}
}

func BenchmarkHundredLetters(b *testing.B) {
	letters := make([]Letter, 100)
	for i := range letters {
		letters[i] = invitation()
	}
	for b.Loop() {
		if err := Write(io.Discard, letters); err != nil {
			b.Fatal(err)
		}
	}
}
