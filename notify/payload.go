package notify

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"unicode"
)

// Notification is what a person sees on the lock screen, and what the service worker needs besides. It runs through
// Apple, Google or Mozilla: no child's name and nothing about health in any field.
type Notification struct {
	// Title is what is shown first; of a correction it says so itself. Text is what follows, may be empty, and may
	// hold line breaks. Both are cut to what fits.
	Title, Text string
	// Lang is a BCP 47 tag; it decides the direction of writing. What is no such tag is left out.
	Lang string
	// Navigate is the absolute http or https URL that opens on a tap.
	Navigate string
	// Tag makes a later notification replace this one on the device.
	Tag string
	// Badge is the number on the app's icon: what is unread. 0 takes it away.
	Badge uint
	// Receipt is the token that says "shown" (Receipts.Sign).
	Receipt string
	// Kind is the notice's kind, or another word that the service worker knows.
	Kind string
	// Silent shows it without sound and without vibration.
	Silent bool
	// Corrected lets the replaced notification sound once more.
	Corrected bool
}

const (
	// MaxPayload is the most that one record holds (RFC 8291, section 4).
	MaxPayload = recordFull - recordOverhead
	// maxCommon and maxShort are what Payload and Shorten keep to; with maxShort there is room to spare.
	maxCommon = recordCommon - recordOverhead
	maxShort  = 1500
)

// payload is the wire form: a declarative push message (W3C Push API, section 3.3), which Safari shows even when no
// service worker runs, and the same JSON for the service worker everywhere else.
type payload struct {
	WebPush      int          `json:"web_push"`
	Notification notification `json:"notification"`
	AppBadge     uint         `json:"app_badge"`
	// Mutable hands the message to the service worker where there is one. Without it Safari shows the notification
	// itself and nobody reports that it was shown; with it, Safari still shows it when the service worker fails.
	Mutable bool `json:"mutable"`
}

type notification struct {
	Title    string `json:"title"`
	Body     string `json:"body,omitempty"`
	Lang     string `json:"lang,omitempty"`
	Dir      string `json:"dir"`
	Tag      string `json:"tag,omitempty"`
	Renotify bool   `json:"renotify,omitempty"`
	Silent   bool   `json:"silent,omitempty"`
	Navigate string `json:"navigate"`
	Data     data   `json:"data"`
}

type data struct {
	URL       string `json:"url"`
	Receipt   string `json:"receipt,omitempty"`
	Kind      string `json:"kind,omitempty"`
	Corrected bool   `json:"corrected,omitempty"`
}

var (
	errNavigate = errors.New("notify: a notification must lead to an absolute http or https URL")
	errRoom     = errors.New("notify: link, tag and receipt leave no room for a title")
)

// Payload is n in JSON: at most 2797 bytes, which fit the record that every phone takes. It is an error when Navigate is
// not absolute, or when what cannot be cut leaves no room for the title.
func (n Notification) Payload() ([]byte, error) { return n.within(maxCommon, 400) }

// Shorten is n in at most 1500 bytes of JSON, for the second try after TooLarge.
func (n Notification) Shorten() ([]byte, error) { return n.within(maxShort, 200) }

// minTitle is the room, in bytes of JSON, that a title gets at least.
const minTitle = 100

func (n Notification) within(limit, titleLimit int) ([]byte, error) {
	u, err := url.Parse(n.Navigate)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
		return nil, errNavigate
	}
	lang, dir := language(n.Lang)
	p := payload{
		WebPush: 8030,
		Notification: notification{
			Lang: lang, Dir: dir, Tag: n.Tag, Renotify: n.Corrected && n.Tag != "", Silent: n.Silent, Navigate: n.Navigate,
			Data: data{URL: n.Navigate, Receipt: n.Receipt, Kind: n.Kind, Corrected: n.Corrected},
		},
		AppBadge: n.Badge,
		Mutable:  true,
	}
	title, text := strings.Join(strings.Fields(legible(n.Title)), " "), strings.TrimSpace(legible(n.Text))
	if weight(title) <= titleLimit { // nearly always nothing is to be cut, and nothing to be weighed first
		p.Notification.Title, p.Notification.Body = cmp.Or(title, untitled), text
		whole, err := encode(p)
		if err != nil || len(whole) <= limit {
			return whole, err
		}
		p.Notification.Title, p.Notification.Body = "", ""
	}
	bare, err := encode(p)
	if err != nil {
		return nil, err
	}
	room := limit - len(bare)
	if room < minTitle {
		return nil, errRoom
	}
	p.Notification.Title = cmp.Or(cut(title, min(room, titleLimit)), untitled)
	const key = len(`"body":"",`)
	room -= weight(p.Notification.Title) + key
	p.Notification.Body = cut(text, max(room, 0))
	return encode(p)
}

// untitled stands where there is no title: a notification without one is not shown at all.
const untitled = "Morgenkreis"

func encode(p payload) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // no browser parses this as HTML, and < would weigh six bytes
	err := e.Encode(p)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// language splits off what lang says about the direction of writing.
func language(lang string) (tag, dir string) {
	if strings.Trim(lang, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") != "" || len(lang) > 35 {
		lang = ""
	}
	primary, _, _ := strings.Cut(strings.ToLower(lang), "-")
	switch primary {
	case "":
		return "", "auto"
	case "ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi":
		return lang, "rtl"
	default:
		return lang, "ltr"
	}
}

// legible makes s valid UTF-8 whose only control character is the line break. JSON then escapes nothing but
// quotation mark, backslash and line break, which weight relies on.
func legible(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\r', r == '\u2028', r == '\u2029':
			return '\n'
		case unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
}

// weight is the number of bytes that a legible s takes in JSON, without the quotation marks round it.
func weight(s string) int {
	return len(s) + strings.Count(s, `"`) + strings.Count(s, `\`) + strings.Count(s, "\n")
}

const ellipsis = "…"

// cut gives s when it weighs at most limit, and else its beginning with an ellipsis: cut where one character as people
// see it ends, unless a single one (a letter under a tower of accents) is larger than any word is long.
func cut(s string, limit int) string {
	const longest = 64
	if weight(s) <= limit {
		return s
	}
	var (
		before rune
		flags  int // regional indicators in a row: two make a flag
		used   int
		end    int
	)
	for i, r := range s {
		if used+len(ellipsis) > limit {
			break
		}
		if !joins(before, r, flags) || i-end > longest {
			end = i
		}
		if flags++; !isFlagHalf(r) {
			flags = 0
		}
		used += weight(string(r))
		before = r
	}
	if limit < len(ellipsis) {
		return ""
	}
	return strings.TrimRightFunc(s[:end], unicode.IsSpace) + ellipsis
}

// joins tells whether r belongs to one visible character with the rune before it (the part of UAX 29 that
// meets people's messages: accents, joined and coloured emoji, flags).
func joins(before, r rune, flags int) bool {
	const joiner = '\u200D'
	switch {
	case r == joiner, before == joiner:
		return true
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Mc):
		return true
	case r >= 0x1F3FB && r <= 0x1F3FF, r >= 0xE0020 && r <= 0xE007F:
		return true
	default:
		return isFlagHalf(r) && flags%2 == 1
	}
}

func isFlagHalf(r rune) bool { return r >= 0x1F1E6 && r <= 0x1F1FF }
