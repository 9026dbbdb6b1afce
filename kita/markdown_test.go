package kita

import (
	"bytes"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// a is the opening tag of a link as the page gets it.
func a(href string) string {
	return `<a href="` + href + `" rel="noopener noreferrer nofollow" target="_blank">`
}

func TestMarkdownBecomesTheFewElementsANoticeNeeds(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"Hallo", "<p>Hallo</p>"},
		{"Liebe Eltern,\nmorgen ist zu.\n\nEuer Team", "<p>Liebe Eltern,<br>morgen ist zu.</p><p>Euer Team</p>"},
		{"a  \nb\\\nc\r\nd\re\u2028f", "<p>a<br>b<br>c<br>d<br>e<br>f</p>"},
		{"**fett** *kursiv* ~~weg~~ ***beides***", "<p><strong>fett</strong> <em>kursiv</em> <s>weg</s> <em><strong>beides</strong></em></p>"},
		{"**a **b** c**", "<p><strong>a b c</strong></p>"},
		{"Bitte mitbringen:\n- Gummistiefel\n- Matschhose", "<p>Bitte mitbringen:</p><ul><li>Gummistiefel</li><li>Matschhose</li></ul>"},
		{"* a\n\n* b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>"},
		{"1. eins\n2. zwei", "<ol><li>eins</li><li>zwei</li></ol>"},
		{"24. Dezember: zu\n27. Dezember: offen\n28. Dezember: offen",
			`<ol><li value="24">Dezember: zu</li><li value="27">Dezember: offen</li><li>Dezember: offen</li></ol>`},
		{"- a\n  - b\n    - c\n      - d\n        - e\n          6. f",
			"<ul><li>a<ul><li>b<ul><li>c<ul><li>d<br>e<br>6. f</li></ul></li></ul></li></ul></li></ul>"},
		{"# Ausflug\n## Wann\n###### Wo", "<h2>Ausflug</h2><h3>Wann</h3><h3>Wo</h3>"},
		{"#Bären", "<p>#Bären</p>"},
		{"    eingerückt\n\n\tauch", "<p>eingerückt</p><p>auch</p>"},
		{"- a\n\n          weit rechts", "<ul><li><p>a</p><p>weit rechts</p></li></ul>"},
		{"`code` > Zitat\n---\n| a | b |", "<p>`code` &gt; Zitat<br>---<br>| a | b |</p>"},
		{"Spiel & Spaß &amp; &#60;b&#62; <b>", "<p>Spiel &amp; Spaß &amp;amp; &amp;#60;b&amp;#62; &lt;b&gt;</p>"},
		{`\*kein Kursiv\* 2\. Mai`, "<p>*kein Kursiv* 2. Mai</p>"},
		{"[Essen](https://kita.example/plan?a=1&b=2)", "<p>" + a("https://kita.example/plan?a=1&amp;b=2") + "Essen</a></p>"},
		{"siehe https://kita.example/käse.", "<p>siehe " + a("https://kita.example/k%C3%A4se") + "https://kita.example/käse</a>.</p>"},
		{"Https://kita.example/A", "<p>" + a("https://kita.example/A") + "Https://kita.example/A</a></p>"},
		{"(www.kita.example/x)", "<p>(" + a("https://www.kita.example/x") + "www.kita.example/x</a>)</p>"},
		{"Fragen an leitung@kita.example!", "<p>Fragen an " + a("mailto:leitung@kita.example") + "leitung@kita.example</a>!</p>"},
		{"[Ruf an](tel:+49821123)", "<p>" + a("tel:+49821123") + "Ruf an</a></p>"},
		{"<https://kita.example>", "<p>" + a("https://kita.example") + "https://kita.example</a></p>"},
		{`[x](https://kita.example "Titel")`, "<p>" + a("https://kita.example") + "x</a></p>"},
		{"![Bild](https://kita.example/a.png)", "<p>Bild</p>"},
		{"[**fett** <https://kita.example/1>](https://kita.example/2)",
			"<p>" + a("https://kita.example/2") + "<strong>fett</strong> https://kita.example/1</a></p>"},
		{"[ref]: https://kita.example\n[ref]", "<p>[ref]: " + a("https://kita.example") + "https://kita.example</a><br>[ref]</p>"},
		{"a\x00b\u202Ec\xff", "<p>abc\uFFFD</p>"},
	} {
		if got := Markdown(c.in).HTML(); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.in, got, c.want)
		}
	}
}

func TestMarkdownTextIsOneLineToReadAloud(t *testing.T) {
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{"", 10, ""},
		{"# Ausflug\nLiebe **Eltern**,\nmorgen *früh*", 100, "Ausflug Liebe Eltern, morgen früh"},
		{"- Stiefel\n- Hose\n\n3. März\n5. März", 100, "• Stiefel • Hose 3. März 5. März"},
		{"[Plan](https://kita.example/very/long) & www.kita.example", 100, "Plan & www.kita.example"},
		{"![Bild](x.png) <b>roh</b>", 100, "Bild <b>roh</b>"},
		{"Ruf \u202A+49 821\u202C an", 100, "Ruf +49 821 an"},
		{"abcdefghij", 10, "abcdefghij"},
		{"abcdefghijk", 10, "abcdefghi…"},
		{"Morgen, Kinder, wird's was geben", 20, "Morgen, Kinder…"},
		{"Äpfel und Öl für übermorgen", 12, "Äpfel und…"},
		{"👩\u200D👧\u200D👦👩\u200D👧\u200D👦", 3, "👩…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
	} {
		if got := Markdown(c.in).Text(c.max); got != c.want {
			t.Errorf("%q to %d: got %q, want %q", c.in, c.max, got, c.want)
		}
	}
}

func TestMarkdownCheckRefusesWhatNoNoticeNeeds(t *testing.T) {
	for _, c := range []struct {
		name, in, code string
	}{
		{"empty", "", ""},
		{"ordinary", "Liebe Eltern,\r\n\tmorgen ist *zu* 🎉👩\u200D👧", ""},
		{"arabic with its marks", "مرحبا\u200F (Kita)\u200E", ""},
		{"number from a contact", "\u202A+49 821 123\u202C", ""},
		{"longest", strings.Repeat("ä", MaxMarkdown), ""},
		{"too long", strings.Repeat("a", MaxMarkdown+1), "text.too_long"},
		{"not utf-8", "a\xc3", "text.characters"},
		{"nul", "a\x00b", "text.characters"},
		{"escape sequence", "a\x1b[31m", "text.characters"},
		{"C1 control", "a\u0085", "text.characters"},
		{"overridden direction", "gnp.\u202Eexe", "text.characters"},
		{"overridden the other way", "\u202Dabc", "text.characters"},
	} {
		err := Markdown(c.in).Check()
		if c.code == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		var all Errors
		if !errors.As(err, &all) || all[0].Field != "body" || all[0].Code != c.code || all[0].Kind != KindInvalid {
			t.Errorf("%s: got %v, want body: %s", c.name, err, c.code)
		}
	}
}

// A body as long as allowed and as nasty as known stays cheap for the server and shallow for the phone.
func TestHostileMarkdownStaysShallow(t *testing.T) {
	for _, unit := range []string{"- ", "1. ", "*a ", "**a ", "~~a ", "[", "![", "[a](", "[a](b", "_a*", "<", "\\", "(", "www.",
		"http://a.b(", "a@b.c ", "- a\n", "`", "*a**b", "[a](<", "\t-", "> ", "# "} {
		m := Markdown(strings.Repeat(unit, MaxMarkdown/len(unit)))
		depth, deepest := 0, 0
		z := html.NewTokenizer(strings.NewReader(m.HTML()))
		for tt := z.Next(); tt != html.ErrorToken; tt = z.Next() {
			switch tag, _ := z.TagName(); {
			case tt == html.StartTagToken && string(tag) != "br":
				depth++
				deepest = max(deepest, depth)
			case tt == html.EndTagToken:
				depth--
			}
		}
		if deepest > 2*maxListDepth+5 {
			t.Errorf("%q: %d elements deep", unit, deepest)
		}
	}
}

var allowedElements = map[string][]string{
	"p": nil, "br": nil, "h2": nil, "h3": nil, "strong": nil, "em": nil, "s": nil, "ul": nil, "ol": nil,
	"li": {"value"}, "a": {"href", "target", "rel"},
}

func FuzzMarkdown(f *testing.F) {
	for _, seed := range []string{
		"Liebe Eltern,\nmorgen **zu**!\n\n- a\n- b\n\n1. c\n5. d\n\n# H\n[x](https://kita.example) www.kita.example a@b.example",
		`<script>alert(1)</script>`, `<img src=x onerror=alert(1)>`, `<svg/onload=alert(1)>`, `<iframe srcdoc="<script>alert(1)</script>">`,
		`[x](javascript:alert(1))`, `[x](JaVaScRiPt:alert(1))`, "[x](java\nscript:alert(1))", "[x](java\tscript:alert(1))",
		`[x](javascript&colon;alert(1))`, `[x](&#106;avascript:alert(1))`, `[x](\javascript:alert(1))`, `[x](<javascript:alert(1)>)`,
		`[x](data:text/html;base64,PHNjcmlwdD4=)`, `[x](vbscript:msgbox(1))`, `<javascript:alert(1)>`, `<data:text/html,x>`,
		`[x](https://a.example" onmouseover="alert(1))`, `[x](https://a.example 'x" onclick="alert(1)')`,
		`[x](//evil.example)`, `[x](/relative)`, `[x](\\evil.example)`, `[x](https:///evil)`, `[x](http:evil.example)`,
		`[x](https://kita.example@evil.example)`, `https://a.example/"onmouseover="alert(1)`, `www.a.example/<script>`,
		`![x](javascript:alert(1))`, `![x" onerror="alert(1)](y)`, "[a]: javascript:alert(1)\n[a]", `a@b.example"onclick=alert(1)`,
		`[![a](b)](javascript:alert(1))`, `[a <https://b.example>](https://c.example)`, `&lt;script&gt;`, `&#x3c;script&#x3e;`,
		"\x00<scr\x00ipt>", "\u202Egnp", "\xff\xfe", `[x](tel:+49;ext=<b>)`, `[x](mailto:a@b?body=<script>)`, `"><script>`,
		"- - - - - - - - a", "1. 1. 1. 1. 1. 1. a", "***a** b*", "~~~~a~~~~", "99999999999. x", "0. x", "-0. x", "# #", "\\", "[](https://a.example)",
	} {
		f.Add(seed, 120)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		m := Markdown(s)
		page := m.HTML()
		if again := m.HTML(); again != page {
			t.Fatalf("twice the same body, two pages:\n%s\n%s", page, again)
		}
		shown := checkPage(t, page)
		// Only a link's target may vanish; with no bracket there is none to hide behind a text.
		if typed := letters(string(m.source())); !strings.Contains(s, "[") {
			if got := letters(shown); got != typed {
				t.Fatalf("typed %q, shown %q", typed, got)
			}
			if got := letters(m.Text(10 * len(s))); got != typed {
				t.Fatalf("typed %q, pushed %q", typed, got)
			}
		}

		line := m.Text(limit)
		if n := utf8.RuneCountInString(line); n > max(limit, 0) {
			t.Fatalf("%d characters, at most %d wanted: %q", n, limit, line)
		}
		if !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) || strings.ContainsFunc(line, isDirectionBracket) {
			t.Fatalf("not fit for a push: %q", line)
		}
	})
}

// checkPage parses page as a browser does and finds nothing but what is allowed; written out again it is the same text,
// so that the browser had nothing to repair. It returns what there is to read.
func checkPage(t *testing.T, page string) string {
	t.Helper()
	if !utf8.ValidString(page) {
		t.Fatalf("not UTF-8: %q", page)
	}
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(strings.NewReader(page), body)
	if err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	var shown strings.Builder
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			shown.WriteString(n.Data)
		case html.ElementNode:
			attributes, ok := allowedElements[n.Data]
			if !ok {
				t.Fatalf("<%s> in %q", n.Data, page)
			}
			for _, attr := range n.Attr {
				if !slices.Contains(attributes, attr.Key) || attr.Namespace != "" {
					t.Fatalf("<%s %s> in %q", n.Data, attr.Key, page)
				}
				if attr.Key == "href" {
					checkLink(t, attr.Val)
				}
			}
		default:
			t.Fatalf("node of type %d in %q", n.Type, page)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	for _, n := range nodes {
		visit(n)
		if err := html.Render(&again, n); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.ReplaceAll(again.String(), "<br/>", "<br>"); got != page {
		t.Fatalf("a browser reads it otherwise:\n%q\n%q", page, got)
	}
	return shown.String()
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}

func checkLink(t *testing.T, href string) {
	t.Helper()
	u, err := url.Parse(href)
	if err != nil || !slices.Contains([]string{"http", "https", "mailto", "tel"}, u.Scheme) || u.User != nil {
		t.Fatalf("link to %q", href)
	}
	if strings.HasPrefix(u.Scheme, "http") && u.Hostname() == "" {
		t.Fatalf("link to no host: %q", href)
	}
	if strings.ContainsFunc(href, func(r rune) bool { return unicode.IsControl(r) || r == ' ' }) {
		t.Fatalf("link with white space or control characters: %q", href)
	}
}
