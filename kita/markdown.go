package kita

import (
	"html"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// MaxMarkdown is how many characters (runes) the body of a notice may have.
const MaxMarkdown = 10_000

// Markdown is the body of a notice as it was typed: paragraphs, line breaks, headings, bold, italic, struck-through text,
// bullet and numbered lists, links. Whatever else CommonMark or HTML knows is plain text here, entities included, so
// that an ampersand is an ampersand.
type Markdown string

// Check refuses what no notice needs (field "body"): more than MaxMarkdown characters, broken UTF-8, control characters
// other than tab and line ends, and the two overrides of the writing direction, with which a text reads as what it is
// not. What Arabic and emoji need stays, and so do the embeddings that come along with a phone number copied from a
// contact. An empty body passes.
func (m Markdown) Check() error {
	var c Checks
	c.That(utf8.ValidString(string(m)) && !strings.ContainsFunc(string(m), forbidden), "body", "text.characters")
	c.That(utf8.RuneCountInString(string(m)) <= MaxMarkdown, "body", "text.too_long", "max", MaxMarkdown)
	return c.Err()
}

func forbidden(r rune) bool {
	const leftToRightOverride, rightToLeftOverride = '\u202D', '\u202E'
	switch r {
	case '\n', '\r', '\t':
		return false
	case leftToRightOverride, rightToLeftOverride:
		return true
	}
	return unicode.IsControl(r)
}

// HTML renders m for a page, for any m, checked or not: p, br, h2, h3, strong, em, s, ul, ol, li and a, nothing else.
// Links lead to http, https, mailto or tel; other links and all pictures are reduced to their text. The notice's title is
// the page's h1, so # becomes h2 and everything deeper h3. Numbered items keep the number that was typed, because
// "24. Dezember" is a date to everybody but Markdown.
func (m Markdown) HTML() string {
	w := htmlWriter{source: m.source()}
	w.blocks(noticeParser.Parse(text.NewReader(w.source)))
	return w.out.String()
}

// Text is m on one line without markup, for a push or a list: links as their text, list items behind "•" or their
// number. At most max characters (runes), cut between words where that costs little, with "…" for what is missing.
func (m Markdown) Text(max int) string {
	w := textWriter{source: m.source()}
	w.node(noticeParser.Parse(text.NewReader(w.source)))
	line := strings.Map(func(r rune) rune {
		const softHyphen, byteOrderMark, zeroWidthSpace = '\u00AD', '\uFEFF', '\u200B'
		if r == softHyphen || r == byteOrderMark || r == zeroWidthSpace || isDirectionBracket(r) {
			return -1
		}
		return r
	}, w.out.String())
	return shorten(strings.Join(strings.Fields(line), " "), max)
}

// isDirectionBracket tells embeddings and isolates (UAX #9), which reach until they are closed: within a paragraph of a
// page that is harmless, in a line that others are appended to it is not.
func isDirectionBracket(r rune) bool {
	return r >= '\u202A' && r <= '\u202E' || r >= '\u2066' && r <= '\u2069'
}

// shorten cuts s to at most max characters (runes). What is cut ends with "…", after a whole word when one ends within
// the last quarter, and never after half of a joined emoji.
func shorten(s string, max int) string {
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	if max < 1 {
		return ""
	}
	const zeroWidthJoiner = '\u200D'
	runes := []rune(s)[:max]
	cut := max - 1
	for i := cut; i >= max-max/4 && i > 0; i-- {
		if unicode.IsSpace(runes[i]) {
			cut = i
			break
		}
	}
	return strings.TrimRightFunc(string(runes[:cut]), func(r rune) bool {
		return unicode.IsSpace(r) || r == zeroWidthJoiner || r == ',' || r == ';' || r == ':'
	}) + "…"
}

// noticeParser knows the blocks and inlines named at Markdown. What is left out on purpose: raw HTML, code (indented
// lines come from phones, not from programmers), quotes, rules, setext headings and link definitions.
var noticeParser = parser.NewParser(
	parser.WithBlockParsers(
		util.Prioritized(parser.NewListParser(), 300),
		util.Prioritized(parser.NewListItemParser(), 400),
		util.Prioritized(parser.NewATXHeadingParser(), 600),
		util.Prioritized(indentedParagraph{parser.NewParagraphParser()}, 1000),
	),
	parser.WithInlineParsers(
		util.Prioritized(parser.NewLinkParser(), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(parser.NewEmphasisParser(), 500),
		util.Prioritized(extension.NewStrikethroughParser(), 500),
		util.Prioritized(extension.NewLinkifyParser(
			// Phones begin a sentence with a capital; paths and hosts have umlauts, which the parser's own pattern cuts at.
			extension.WithLinkifyAllowedProtocols([]string{"http:", "https:", "Http:", "Https:"}),
			extension.WithLinkifyURLRegexp(regexp.MustCompile(`^[Hh]ttps?://[^\s<>"„“”«»…]+`)),
			extension.WithLinkifyWWWRegexp(regexp.MustCompile(`^www\.[^\s<>"„“”«»…/]+\.[^\s<>"„“”«»…]+`)),
		), 999),
	),
)

// indentedParagraph is a paragraph that may begin with any number of spaces. Without it, and without code blocks, the
// parser would drop such a line.
type indentedParagraph struct{ parser.BlockParser }

// CanAcceptIndentedLine says yes.
func (indentedParagraph) CanAcceptIndentedLine() bool { return true }

// source is m as the parser gets it: valid UTF-8, lines end with \n (phones paste U+2028), nothing forbidden.
func (m Markdown) source() []byte {
	s := strings.ToValidUTF8(string(m), "\uFFFD")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n").Replace(s)
	return []byte(strings.Map(func(r rune) rune {
		if forbidden(r) {
			return -1
		}
		return r
	}, s))
}

// literal is the text of one segment: backslash escapes resolved, entities not.
func literal(segment text.Segment, source []byte) string {
	return string(util.UnescapePunctuations(segment.Value(source)))
}

// breaksAfter tells whether the line ends behind n; one newline is enough, as people type with their thumbs.
func breaksAfter(n *ast.Text) bool { return n.SoftLineBreak() || n.HardLineBreak() }

// typedNumber is the number an item was given; ok is false in a bullet list.
func typedNumber(item *ast.ListItem, source []byte) (number int, ok bool) {
	if list, isList := item.Parent().(*ast.List); !isList || !list.IsOrdered() {
		return 0, false
	}
	digits := source[item.Pos():]
	end := 0
	for end < len(digits) && digits[end] >= '0' && digits[end] <= '9' {
		end++
	}
	number, err := strconv.Atoi(string(digits[:end]))
	return number, err == nil
}

// maxListDepth keeps the page readable and its tree shallow; deeper items stand as lines in their parent's item.
const maxListDepth = 4

// htmlWriter writes the allowed elements only: a node it does not know contributes the text of its children.
type htmlWriter struct {
	source                    []byte
	out                       strings.Builder
	lists                     int
	inLink, bold, italic, cut bool
}

func (w *htmlWriter) blocks(parent ast.Node) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		w.node(n)
	}
}

func (w *htmlWriter) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Paragraph:
		w.wrap("p", n)
	case *ast.Heading:
		w.wrap("h"+strconv.Itoa(min(n.Level+1, 3)), n)
	case *ast.List:
		w.list(n)
	case *ast.Text:
		w.out.WriteString(html.EscapeString(literal(n.Segment, w.source)))
		if breaksAfter(n) {
			w.out.WriteString("<br>")
		}
	case *ast.Emphasis:
		if n.Level == 2 {
			w.once(&w.bold, "strong", n)
		} else {
			w.once(&w.italic, "em", n)
		}
	case *extast.Strikethrough:
		w.once(&w.cut, "s", n)
	case *ast.Link:
		w.link(string(util.UnescapePunctuations(n.Destination)), func() { w.blocks(n) })
	case *ast.AutoLink:
		label := string(n.Label(w.source))
		w.link(autoLinkTarget(n, label), func() { w.out.WriteString(html.EscapeString(label)) })
	default:
		w.blocks(n)
	}
}

func (w *htmlWriter) wrap(element string, n ast.Node) {
	w.out.WriteString("<" + element + ">")
	w.blocks(n)
	w.out.WriteString("</" + element + ">")
}

// once opens the element unless it is open already: bold in bold says nothing, and a thousand of them break browsers.
func (w *htmlWriter) once(open *bool, element string, n ast.Node) {
	if *open {
		w.blocks(n)
		return
	}
	*open = true
	w.wrap(element, n)
	*open = false
}

func (w *htmlWriter) list(list *ast.List) {
	if w.lists == maxListDepth {
		for item := list.FirstChild(); item != nil; item = item.NextSibling() {
			w.out.WriteString("<br>")
			if number, ok := typedNumber(item.(*ast.ListItem), w.source); ok {
				w.out.WriteString(strconv.Itoa(number) + ". ")
			}
			w.blocks(item)
		}
		return
	}
	w.lists++
	element := "ul"
	if list.IsOrdered() {
		element = "ol"
	}
	w.out.WriteString("<" + element + ">")
	next := 1
	for n := list.FirstChild(); n != nil; n = n.NextSibling() {
		item := n.(*ast.ListItem)
		number, ok := typedNumber(item, w.source)
		if ok && number != next {
			w.out.WriteString(`<li value="` + strconv.Itoa(number) + `">`)
		} else {
			w.out.WriteString("<li>")
		}
		next = number + 1
		w.blocks(item)
		w.out.WriteString("</li>")
	}
	w.out.WriteString("</" + element + ">")
	w.lists--
}

func (w *htmlWriter) link(target string, label func()) {
	href, ok := safeURL(target)
	if !ok || w.inLink {
		label()
		return
	}
	w.inLink = true
	w.out.WriteString(`<a href="` + html.EscapeString(href) + `" rel="noopener noreferrer nofollow" target="_blank">`)
	label()
	w.out.WriteString("</a>")
	w.inLink = false
}

func autoLinkTarget(n *ast.AutoLink, label string) string {
	switch {
	case n.AutoLinkType == ast.AutoLinkEmail:
		return "mailto:" + label
	case n.Protocol != nil: // www. without a scheme
		return "https://" + label
	}
	return label
}

var phoneNumber = regexp.MustCompile(`^\+?[0-9][0-9()./-]*$`)

// safeURL is target in the form that goes into a page; ok is false unless it leads to a web host, without a user name in
// front that could pass for the host, to a mail address or to a phone number.
func safeURL(target string) (href string, ok bool) {
	u, err := url.Parse(target)
	if err != nil {
		return "", false
	}
	switch u.Scheme {
	case "http", "https":
		return u.String(), u.Hostname() != "" && u.User == nil
	case "mailto":
		return u.String(), strings.Contains(u.Opaque, "@")
	case "tel":
		return u.String(), phoneNumber.MatchString(u.Opaque)
	}
	return "", false
}

// textWriter writes what there is to read, blocks apart by white space.
type textWriter struct {
	source []byte
	out    strings.Builder
}

func (w *textWriter) node(n ast.Node) {
	switch n := n.(type) {
	case *ast.Text:
		w.out.WriteString(literal(n.Segment, w.source))
		if breaksAfter(n) {
			w.out.WriteByte('\n')
		}
	case *ast.AutoLink:
		w.out.Write(n.Label(w.source))
	case *ast.ListItem:
		if number, ok := typedNumber(n, w.source); ok {
			w.out.WriteString(strconv.Itoa(number) + ". ")
		} else {
			w.out.WriteString("• ")
		}
	}
	for child := n.FirstChild(); child != nil; child = child.NextSibling() {
		w.node(child)
	}
	if n.Type() == ast.TypeBlock {
		w.out.WriteByte('\n')
	}
}
