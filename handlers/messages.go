package handlers

import (
	"fmt"
	"strings"

	"golang.org/x/text/language"

	"morgenkreis/kita"
)

// text is one message in the languages the API answers in. {name} is replaced by the error's argument of that name.
type text struct{ de, en string }

type texts map[string]text

// messages is every code a client can be answered with; a test finds those that are missing.
var messages = merged(generalTexts, accountTexts, houseTexts, groupTexts, childTexts, noticeTexts, pushTexts, fileTexts, absenceTexts,
	guardianTexts, banTexts, staffTexts, letterTexts, importTexts)

func merged(all ...texts) texts {
	m := texts{}
	for _, t := range all {
		for code, v := range t {
			if _, twice := m[code]; twice {
				panic("handlers: two texts for " + code)
			}
			m[code] = v
		}
	}
	return m
}

var generalTexts = texts{
	"not_found":         {"Das gibt es nicht, oder es ist nicht für Sie.", "There is no such thing, or it is not for you."},
	"unauthenticated":   {"Bitte melden Sie sich an.", "Please sign in."},
	"invalid":           {"Bitte prüfen Sie die Angaben.", "Please check what you entered."},
	"internal":          {"Da ist bei uns etwas schiefgegangen. Es ist nichts verloren; versuchen Sie es gleich noch einmal.", "Something went wrong on our side. Nothing is lost; please try again in a moment."},
	"canceled":          {"Die Anfrage wurde abgebrochen.", "The request was cancelled."},
	"database.away":     {"Der Server erreicht seine Daten gerade nicht. Bitte versuchen Sie es gleich noch einmal.", "The server can not reach its data right now. Please try again in a moment."},
	"storage.away":      {"Bilder und Anhänge sind gerade nicht erreichbar. Bitte versuchen Sie es gleich noch einmal.", "Pictures and attachments can not be reached right now. Please try again in a moment."},
	"storage.full":      {"Der Speicher des Servers ist voll. Bitte sagen Sie der Leitung Bescheid.", "The server's storage is full. Please tell the kita's leader."},
	"http.405":          {"Das geht auf diesem Weg nicht.", "This method is not allowed here."},
	"http.406":          {"In diesem Format können wir nicht antworten.", "We cannot answer in this format."},
	"http.408":          {"Das hat zu lange gedauert. Bitte noch einmal.", "That took too long. Please try again."},
	"http.413":          {"Das ist zu groß.", "That is too large."},
	"http.415":          {"Bitte als JSON schicken (Content-Type: application/json).", "Please send JSON (Content-Type: application/json)."},
	"http.400":          {"Die Anfrage ist nicht zu verstehen.", "The request could not be understood."},
	"http.403":          {"Diese Anfrage kam von einer fremden Seite.", "This request came from another site."},
	"body.malformed":    {"Das ist kein gültiges JSON.", "This is not valid JSON."},
	"field.unknown":     {"Dieses Feld kennen wir nicht.", "We do not know this field."},
	"type.malformed":    {"Das hat nicht die richtige Form.", "This does not have the right form."},
	"type.boolean":      {"Hier gehört true oder false hin.", "This must be true or false."},
	"type.number":       {"Hier gehört eine Zahl hin.", "This must be a number."},
	"type.integer":      {"Hier gehört eine ganze Zahl hin.", "This must be a whole number."},
	"type.string":       {"Hier gehört ein Text hin.", "This must be text."},
	"type.array":        {"Hier gehört eine Liste hin.", "This must be a list."},
	"type.object":       {"Hier gehört ein Objekt hin.", "This must be an object."},
	"type.base64":       {"Hier gehört Base64 hin.", "This must be base64."},
	"text.required":     {"Bitte ausfüllen.", "This is missing."},
	"text.too_short":    {"Mindestens {min} Zeichen.", "At least {min} characters."},
	"text.too_long":     {"Höchstens {max} Zeichen.", "At most {max} characters."},
	"text.characters":   {"Hier sind Zeichen, die nicht erlaubt sind.", "This holds characters that are not allowed."},
	"text.pattern":      {"Das hat nicht die richtige Form.", "This does not have the right form."},
	"text.one_of":       {"Erlaubt ist eines von: {values}.", "Must be one of: {values}."},
	"list.too_short":    {"Mindestens {min} Einträge.", "At least {min} entries."},
	"list.too_long":     {"Höchstens {max} Einträge.", "At most {max} entries."},
	"list.twice":        {"Hier steht etwas doppelt.", "An entry is here twice."},
	"number.min":        {"Mindestens {min}.", "At least {min}."},
	"number.max":        {"Höchstens {max}.", "At most {max}."},
	"number.range":      {"Zwischen {min} und {max}.", "Between {min} and {max}."},
	"id.malformed":      {"Das ist keine gültige Kennung (UUID).", "This is not a valid id (UUID)."},
	"id.taken":          {"Unter dieser Kennung gibt es schon etwas anderes.", "This id already holds something else."},
	"id.unknown":        {"Das gibt es in dieser Kita nicht.", "There is no such thing in this kita."},
	"day.malformed":     {"Das ist kein Tag, den es gibt (JJJJ-MM-TT).", "This is not a day that exists (YYYY-MM-DD)."},
	"day.out_of_range":  {"Dieser Tag liegt zu weit weg.", "This day is too far away."},
	"clock.malformed":   {"Das ist keine Uhrzeit (HH:MM).", "This is not a time of day (HH:MM)."},
	"instant.malformed": {"Das ist kein Zeitpunkt (RFC 3339).", "This is not a point in time (RFC 3339)."},
	"page.cursor":       {"Diese Seite gibt es nicht; bitte von vorn beginnen.", "There is no such page; please start again."},
	"email.malformed":   {"Das ist keine E-Mail-Adresse.", "This is not an e-mail address."},
	"phone.malformed":   {"Das ist keine Telefonnummer.", "This is not a phone number."},
	"language.unknown":  {"Diese Sprache kennen wir nicht.", "We do not know this language."},
}

// say puts an error into words.
func say(lang string, e *kita.Error) string {
	t, ok := messages[e.Code]
	if !ok {
		return e.Code
	}
	s := t.de
	if lang == "en" {
		s = t.en
	}
	for i := 0; i+1 < len(e.Args); i += 2 {
		s = strings.ReplaceAll(s, "{"+fmt.Sprint(e.Args[i])+"}", fmt.Sprint(e.Args[i+1]))
	}
	return s
}

var matcher = language.NewMatcher([]language.Tag{language.German, language.English})

// languageOf is the language the API answers in, "de" or "en", by Accept-Language (RFC 9110, section 12.5.4).
func languageOf(header string) string {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil || len(tags) == 0 {
		return "de"
	}
	if _, i, c := matcher.Match(tags...); i == 1 || c == language.No {
		return "en"
	}
	return "de"
}
