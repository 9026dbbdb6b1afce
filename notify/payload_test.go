package notify

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

var trip = Notification{
	Title: "Ausflug am Freitag", Text: "Wir gehen in den Wald.\nBitte Gummistiefel mitbringen.", Lang: "de",
	Navigate: "https://kita.example/n/0193", Tag: "notice-0193", Badge: 3, Receipt: "0193.abc", Kind: "event",
}

func TestPayloadIsADeclarativePushMessage(t *testing.T) {
	got, err := trip.Payload()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"web_push":8030,"notification":{"title":"Ausflug am Freitag",` +
		`"body":"Wir gehen in den Wald.\nBitte Gummistiefel mitbringen.","lang":"de","dir":"ltr","tag":"notice-0193",` +
		`"navigate":"https://kita.example/n/0193",` +
		`"data":{"url":"https://kita.example/n/0193","receipt":"0193.abc","kind":"event"}},"app_badge":3,"mutable":true}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestCorrectionSoundsOnceMore(t *testing.T) {
	n := trip
	n.Corrected = true
	if p := parsed(t, n.Payload); !p.Notification.Renotify || !p.Notification.Data.Corrected || p.Notification.Tag != n.Tag {
		t.Errorf("%+v", p)
	}
	// renotify without a tag is a TypeError in the browser, and nothing would be shown.
	n.Tag = ""
	if p := parsed(t, n.Payload); p.Notification.Renotify {
		t.Errorf("%+v", p)
	}
}

func TestSilentIsSaidToSafariAndToTheServiceWorker(t *testing.T) {
	n := trip
	n.Silent = true
	if raw, err := n.Payload(); err != nil || !strings.Contains(string(raw), `"silent":true,"navigate"`) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestEmptyBadgeIsSaid(t *testing.T) {
	n := trip
	n.Badge = 0
	if raw, err := n.Payload(); err != nil || !strings.Contains(string(raw), `"app_badge":0`) {
		t.Errorf("%s, %v", raw, err)
	}
}

func TestLanguageDecidesTheDirection(t *testing.T) {
	for lang, want := range map[string][2]string{
		"de": {"de", "ltr"}, "en-GB": {"en-GB", "ltr"}, "tr": {"tr", "ltr"}, "uk": {"uk", "ltr"}, "arz": {"arz", "ltr"},
		"ar": {"ar", "rtl"}, "ar-SY": {"ar-SY", "rtl"}, "AR": {"AR", "rtl"}, "fa": {"fa", "rtl"}, "he": {"he", "rtl"},
		"": {"", "auto"}, "de_DE": {"", "auto"}, "d\"e": {"", "auto"}, strings.Repeat("a", 36): {"", "auto"},
	} {
		n := trip
		n.Lang = lang
		if p := parsed(t, n.Payload); p.Notification.Lang != want[0] || p.Notification.Dir != want[1] {
			t.Errorf("%q: %+v", lang, p.Notification)
		}
	}
}

func TestNotificationWithoutATargetIsAnError(t *testing.T) {
	for _, navigate := range []string{"", "/n/1", "kita.example/n/1", "https:", "https:///n", "javascript:alert(1)", "mailto:a@b.example", "https://a b/"} {
		n := trip
		n.Navigate = navigate
		if raw, err := n.Payload(); err == nil {
			t.Errorf("%q: %s", navigate, raw)
		}
	}
	n := trip
	n.Navigate = "https://kita.example/" + strings.Repeat("x", 700)
	if _, err := n.Payload(); err != nil {
		t.Errorf("a long link: %v", err)
	}
	if raw, err := n.Shorten(); err == nil {
		t.Errorf("a link that leaves no room for a title: %s", raw)
	}
}

func TestControlCharactersDoNotReachTheLockScreen(t *testing.T) {
	n := trip
	n.Title = " \x00Aus\x1b[31m\tflug\r\nam \u2028 Freitag\u0085"
	n.Text = "\r\n eins\r\nzwei\rdrei\u2029vier\x07 \xff \n"
	p := parsed(t, n.Payload)
	if p.Notification.Title != "Aus [31m flug am Freitag" || p.Notification.Body != "eins\nzwei\ndrei\nvier  \uFFFD" {
		t.Errorf("%q, %q", p.Notification.Title, p.Notification.Body)
	}
	n.Title = "\x00 \t"
	if p := parsed(t, n.Payload); p.Notification.Title != "Morgenkreis" {
		t.Errorf("without a title: %q", p.Notification.Title)
	}
}

func TestCutEndsWhereACharacterEnds(t *testing.T) {
	const family, german, spain, thumb = "👩‍👩‍👧‍👦", "🇩🇪", "🇪🇸", "👍🏿"
	for _, c := range []struct {
		text  string
		limit int
		want  string
	}{
		{"Guten Morgen", 12, "Guten Morgen"},
		{"Guten Morgen", 11, "Guten Mo…"},
		{"Guten Morgen", 9, "Guten…"}, // no space before the ellipsis
		{"Guten Morgen", 3, "…"},
		{"Guten Morgen", 2, ""},
		{"Guten Morgen", 0, ""},
		{"", 0, ""},
		{"äöü", 6, "äöü"},
		{"äöüß", 7, "äö…"},
		{"äöüß", 6, "ä…"},
		{`""""`, 7, `""…`}, // each weighs two
		{"a\nb\nc\nd", 9, "a\nb…"},
		{"u\u0308u\u0308u\u0308", 8, "u\u0308…"}, // u and its two dots stay together
		{"a" + family + "b", len("a" + family), "a…"},
		{"a" + family + "bcde", len("a"+family) + 3, "a" + family + "…"},
		{german + spain + german, len(german+spain) + 3, german + spain + "…"},
		{german + spain + german, len(german+spain) + 2, german + "…"},
		{german + spain + german, 7, "…"}, // half a flag is another letter
		{thumb + thumb, len(thumb) + 4, thumb + "…"},
		{"❤️❤️❤️", 15, "❤️❤️…"},
		{"مرحبا بالعالم", 13, "مرحبا…"},
		// No word has forty accents on a letter: the tower is cut in the middle, between two runes.
		{"a" + strings.Repeat("\u0301", 200), 203, "a" + strings.Repeat("\u0301", 98) + "…"},
	} {
		if got := cut(c.text, c.limit); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.limit, got, c.want)
		}
	}
}

// anyText draws text of all kinds: scripts, emoji, marks, controls, quotation marks, and bytes that are no UTF-8.
func anyText() *rapid.Generator[string] {
	awkward := rapid.SampledFrom([]rune("\"\\\n\r\t\x00\x1b\x7f\u0085\u00a0\u0301\u200d\u200f\u2028\u2029\ufe0f\ufeff\ufffe👩🏿🇩🇪<>&"))
	return rapid.OneOf(
		rapid.String(),
		rapid.StringOfN(rapid.Rune(), 0, 6000, -1),
		rapid.StringOfN(awkward, 0, 6000, -1),
		rapid.Custom(func(t *rapid.T) string { return string(rapid.SliceOfN(rapid.Byte(), 0, 6000).Draw(t, "bytes")) }),
		rapid.Custom(func(t *rapid.T) string {
			return strings.Repeat(string(rapid.Rune().Draw(t, "rune")), rapid.IntRange(0, 6000).Draw(t, "times"))
		}),
	)
}

func TestPayloadIsAlwaysValidAndNeverTooLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := trip
		n.Title, n.Text = anyText().Draw(t, "title"), anyText().Draw(t, "text")
		n.Tag = rapid.String().Draw(t, "tag")
		n.Lang = rapid.StringN(0, 40, -1).Draw(t, "lang")
		n.Corrected = rapid.Bool().Draw(t, "corrected")
		n.Badge = rapid.Uint().Draw(t, "badge")
		if len(n.Tag) > 100 {
			n.Tag = ""
		}
		p := check(t, n.Payload, 2797)
		short := check(t, n.Shorten, 1500)
		if weight(legible(n.Text)) < 1000 && weight(legible(n.Title)) < 200 && p.Notification.Body != strings.TrimSpace(legible(n.Text)) {
			t.Fatalf("a text that fits was cut: %q", p.Notification.Body)
		}
		if !isBeginning(short.Notification.Body, strings.TrimSpace(legible(n.Text))) {
			t.Fatalf("%q is no beginning of %q", short.Notification.Body, n.Text)
		}
	})
}

// isBeginning tells whether cut is whole or its beginning and an ellipsis.
func isBeginning(cut, whole string) bool {
	return cut == whole || cut == "" || strings.HasPrefix(whole, strings.TrimSuffix(cut, ellipsis))
}

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func check(t failer, build func() ([]byte, error), limit int) payload {
	t.Helper()
	raw, err := build()
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(raw) > limit || len(raw) > 3000 || len(raw) > MaxPayload {
		t.Fatalf("%d bytes", len(raw))
	}
	if !utf8.Valid(raw) {
		t.Fatalf("no UTF-8: %q", raw)
	}
	p := parsed(t, func() ([]byte, error) { return raw, nil })
	u, err := url.Parse(p.Notification.Navigate)
	if p.WebPush != 8030 || !p.Mutable || strings.TrimSpace(p.Notification.Title) == "" || err != nil || !u.IsAbs() {
		t.Fatalf("no declarative push message: %s", raw)
	}
	for _, r := range p.Notification.Title + p.Notification.Body {
		if unicode.IsControl(r) && r != '\n' {
			t.Fatalf("%U in %s", r, raw)
		}
	}
	return p
}

func parsed(t failer, build func() ([]byte, error)) payload {
	t.Helper()
	raw, err := build()
	if err != nil {
		t.Fatalf("%v", err)
	}
	var p payload
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatalf("%v: %s", err, raw)
	}
	return p
}
