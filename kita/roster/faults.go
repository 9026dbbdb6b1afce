package roster

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"morgenkreis/kita"
)

// Fault is one thing that is wrong with a list, or one warning. It quotes the list, and the list is about children:
// it is for the person who brought the list, never for a log.
type Fault struct {
	// Line is where the row starts, as Child.Line; 0 when the whole file is meant.
	Line int
	// Column is the heading as the list has it; empty when the whole row is meant.
	Column string
	// Value is what the cell says, printable, at most 80 characters.
	Value string
	// Code is for machines: "day.malformed".
	Code string
	// OtherLine is the row that this one disagrees with, or 0.
	OtherLine int
	// Detail is what the reason speaks of: the other row's value, a limit, names of columns, line numbers.
	Detail string
}

// Faults is everything that is wrong, by line.
type Faults []Fault

// Error names all of them in English, one a line.
func (fs Faults) Error() string {
	all := make([]string, len(fs))
	for i, f := range fs {
		all[i] = f.Sentence("en")
	}
	return strings.Join(all, "\n")
}

// Sentence is the whole fault for a person, with its place; German for "de", otherwise English.
func (f Fault) Sentence(lang string) string {
	line, column, open, end := "line", "column", "“", "”"
	if lang == "de" {
		line, column, open, end = "Zeile", "Spalte", "„", "“"
	}
	var place []string
	if f.Line > 0 {
		place = append(place, line+" "+strconv.Itoa(f.Line))
	}
	if f.Column != "" {
		place = append(place, column+" "+open+f.Column+end)
	}
	if f.Value != "" {
		place = append(place, open+f.Value+end)
	}
	if len(place) == 0 {
		return f.Reason(lang)
	}
	s := strings.Join(place, ", ") + ": " + f.Reason(lang)
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[size:]
}

// Reason says what is wrong and what to do; German for "de", otherwise English.
func (f Fault) Reason(lang string) string {
	t := reasons[f.Code].en
	if lang == "de" {
		t = reasons[f.Code].de
	}
	return strings.NewReplacer("{other}", strconv.Itoa(f.OtherLine), "{detail}", f.Detail).Replace(t)
}

// shown is s fit for a terminal: printable, at most 80 characters.
func shown(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
	if utf8.RuneCountInString(s) > 80 {
		s = string([]rune(s)[:79]) + "…"
	}
	return s
}

// lineList is at most 20 line numbers.
func lineList(all []int) string {
	var s []string
	for i, n := range all {
		if i == 20 {
			s = append(s, fmt.Sprintf("… (%d)", len(all)))
			break
		}
		s = append(s, strconv.Itoa(n))
	}
	return strings.Join(s, ", ")
}

var languageCodes = strings.Join(kita.Languages, ", ")

type reason struct{ de, en string }

// reasons has every code; those of package kita among them are said here for somebody with a list in hand.
var reasons = map[string]reason{
	"file.too_large": {"Die Datei ist größer als {detail}.", "the file is larger than {detail}"},
	"file.too_many_rows": {"Die Liste hat mehr als {detail} Kinder; bitte in mehrere Dateien teilen.",
		"the list has more than {detail} children; please split it"},
	"file.too_many_cells": {"Die Tabelle hat zu viele Zellen; bitte leere Spalten und Zeilen löschen.",
		"the table has too many cells; please delete empty columns and rows"},
	"file.empty":   {"In der Datei steht nichts.", "there is nothing in the file"},
	"file.no_rows": {"Unter der Kopfzeile steht kein Kind.", "there is no child below the headings"},
	"file.old_excel": {"Das ist das alte Excel-Format (.xls) oder eine Datei mit Kennwort; bitte ohne Kennwort als .xlsx oder als „CSV UTF-8“ speichern.",
		"this is the old Excel format (.xls) or a file with a password; please save it without one, as .xlsx or “CSV UTF-8”"},
	"file.not_xlsx": {"Die Datei lässt sich nicht als Excel-Arbeitsmappe lesen: Sie ist beschädigt oder von anderer Art (etwa .ods); bitte als .xlsx oder als „CSV UTF-8“ speichern.",
		"the file cannot be read as an Excel workbook: it is damaged or of another kind (such as .ods); please save it as .xlsx or “CSV UTF-8”"},
	"file.unpacks_too_large": {"Die Arbeitsmappe ist entpackt zu groß; bitte Bilder und leere formatierte Zeilen löschen oder die Liste als „CSV UTF-8“ speichern.",
		"the workbook unpacks to too much; please delete pictures and empty formatted rows, or save the list as “CSV UTF-8”"},
	"file.encoding": {"Die Zeichen der Datei sind nicht sicher zu lesen (Umlaute!); bitte als „CSV UTF-8“ speichern.",
		"the letters of the file cannot be read with certainty (umlauts!); please save it as “CSV UTF-8”"},
	"csv.quotes": {"Die Anführungszeichen gehen nicht auf; das Feld, das hier beginnt, hat keines am Ende oder eines zu viel. In Text gehören sie verdoppelt (\"\").",
		"the quotation marks do not match; the field that starts here has none at its end or one too many. Within text they are doubled (\"\")"},
	"row.too_long": {"Die Zeile hat mehr Felder als die Kopfzeile; vermutlich steht in einem Text ein Trennzeichen und der Text nicht in Anführungszeichen.",
		"the row has more fields than there are headings; a text probably has a separator in it and no quotation marks around it"},
	"header.unknown": {"Es ist keine Kopfzeile zu finden: In einer der ersten zehn Zeilen müssen die Namen der Spalten stehen (Kindnummer, Vorname, …).",
		"no headings can be found: one of the first ten rows must name the columns (Kindnummer, Vorname, …)"},
	"header.skipped": {"Was über der Kopfzeile steht, wird nicht gelesen (Zeile {detail}).", "what stands above the headings is not read (line {detail})"},
	"sheet.unread":   {"Nur das erste Tabellenblatt wird gelesen, nicht: {detail}.", "only the first sheet is read, not: {detail}"},
	"column.missing": {"Es fehlt die Spalte: {detail}.", "a column is missing: {detail}"},
	"column.missing_for_person": {"Zu der Person, von der diese Spalte spricht, fehlt die Spalte: {detail}.",
		"for the person whom this column is about a column is missing: {detail}"},
	"column.duplicate": {"Die Spalte sagt dasselbe wie die Spalte „{detail}“; bitte eine von beiden löschen oder anders nennen.",
		"the column says the same as the column “{detail}”; please delete or rename one of them"},
	"column.unknown": {"Die Spalte ist unbekannt und wird nicht gelesen.", "the column is unknown and not read"},
	"column.unnamed": {"Die Spalte hat keine Überschrift und wird nicht gelesen (Zeile {detail}).", "the column has no heading and is not read (line {detail})"},
	"column.whose": {"Die Spalte wird nicht gelesen, denn es steht nicht da, wessen Angabe das ist; schreiben Sie zum Beispiel „Mutter Telefon“ oder „Erziehungsberechtigte 1 Telefon“.",
		"the column is not read, for it does not say whose it is; write “Mutter Telefon” or “Guardian 1 phone”, for example"},
	"column.contact_ban": {"Kontaktverbote werden nicht eingelesen, denn sie brauchen einen Grund und jemanden, der dafür einsteht. Bitte tragen Sie sie ein, BEVOR Sie diese Personen einladen (Zeile {detail}).",
		"bans on contact are not imported, for they need a reason and somebody who answers for it. Please enter them BEFORE you invite these people (line {detail})"},
	"text.required":   {"Hier muss etwas stehen.", "this must not be empty"},
	"text.too_long":   {"Das ist zu lang; erlaubt sind {detail} Zeichen.", "this is too long; {detail} characters are allowed"},
	"text.characters": {"Hier stehen Steuerzeichen, die kein Text sind.", "there are control characters in it that are not text"},
	"text.garbled": {"Hier ist ein Buchstabe verloren gegangen (Umlaut?); bitte berichtigen und als „CSV UTF-8“ speichern.",
		"a letter was lost here (an umlaut?); please correct it and save as “CSV UTF-8”"},
	"cell.formula_error": {"Hier steht der Fehler einer Formel statt eines Werts.", "this is the error of a formula, not a value"},
	"day.malformed":      {"Das ist kein Datum; schreiben Sie 03.02.2021 oder 2021-02-03.", "this is not a date; write 03.02.2021 or 2021-02-03"},
	"day.nonexistent":    {"Diesen Tag gibt es nicht.", "there is no such day"},
	"child.born": {"Das Geburtsdatum liegt mehr als 20 Jahre zurück oder mehr als ein Jahr in der Zukunft.",
		"the birth date is more than 20 years ago or more than a year ahead"},
	"child.duplicate_number": {"Diese Kindnummer steht schon in Zeile {other}.", "this child number is in line {other} already"},
	"child.maybe_twice": {"Ein Kind mit diesem Namen und Geburtsdatum steht auch in Zeile {other}, mit einer anderen Kindnummer.",
		"a child of this name and birth date is in line {other} as well, with another number"},
	"child.no_guardian": {"Zu diesen Kindern steht niemand, der Nachrichten bekommen kann (Zeile {detail}).",
		"there is nobody with these children who could get notices (line {detail})"},
	"group.spelling": {"In Zeile {other} heißt diese Gruppe „{detail}“; bitte überall gleich schreiben.",
		"in line {other} this group is called “{detail}”; please write it the same everywhere"},
	"placement.no_group":     {"Hier steht ein Tag, aber keine Gruppe.", "there is a day but no group"},
	"placement.before_birth": {"Dieser Tag liegt vor der Geburt.", "this day is before the birth"},
	"placement.order":        {"Das Ende liegt vor dem Anfang ({detail}).", "the end is before the beginning ({detail})"},
	"email.malformed":        {"Das ist keine E-Mail-Adresse; erlaubt ist genau eine.", "this is not an e-mail address; exactly one is allowed"},
	"phone.malformed": {"Das ist keine Telefonnummer; erlaubt ist genau eine, aus Ziffern, Leerzeichen und + ( ) / - .",
		"this is not a telephone number; exactly one is allowed, of digits, blanks and + ( ) / - ."},
	"phone.no_zero": {"Fehlt hier die Null am Anfang? Tabellen lassen sie gern weg.", "is the zero at the start missing? Spreadsheets like to drop it"},
	"phone.second": {"Es wird nur eine Nummer gespeichert, das Handy; diese nicht (Zeile {detail}).",
		"only one number is kept, the mobile; this one is not (line {detail})"},
	"relation.unknown": {"Diese Beziehung ist unbekannt; möglich sind Mutter, Vater, Elternteil, Stiefvater, Oma, Pflegemutter, Vormund, Tante, Sonstige und ihresgleichen.",
		"this relation is unknown; possible are mother, father, parent, stepfather, grandmother, foster mother, legal guardian, aunt, other and their like"},
	"flag.unknown": {"Schreiben Sie ja oder nein.", "write yes or no"},
	"flag.blank": {"In dieser Spalte steht an anderer Stelle „nein“; was heißt es, dass hier nichts steht? Schreiben Sie ja oder nein.",
		"elsewhere this column says “no”; what does it mean that this is empty? Write yes or no"},
	"custody.assumed": {"Die Liste sagt nicht, wer das Sorgerecht hat: für Eltern und Vormünder wird „ja“ angenommen, für andere „nein“.",
		"the list does not say who has custody: for parents and legal guardians “yes” is assumed, for others “no”"},
	"pickup.assumed": {"Die Liste sagt nicht, wer abholen darf: für Eltern, Vormünder und Pflegeeltern wird „ja“ angenommen, für andere „nein“.",
		"the list does not say who may pick up: for parents, legal guardians and foster parents “yes” is assumed, for others “no”"},
	"language.unsupported": {"In dieser Sprache spricht Morgenkreis nicht; es gilt die der Kita. Möglich: " + languageCodes + " (Zeile {detail}).",
		"Morgenkreis does not speak this language; that of the kita holds. Possible: " + languageCodes + " (line {detail})"},
	"guardian.name_differs": {"In Zeile {other} gehört dieselbe Person (E-Mail, Telefon oder Anschrift) zu dem Namen „{detail}“; bitte gleich schreiben. Sind es zwei Personen, darf nur eine die E-Mail-Adresse haben: Sie ist die Anmeldung.",
		"in line {other} the same person (e-mail, telephone or address) has the name “{detail}”; please write it the same. If they are two people only one can have the e-mail address: it is the login"},
	"guardian.conflict": {"In Zeile {other} steht für dieselbe Person „{detail}“; bitte überall gleich schreiben.",
		"in line {other} the same person has “{detail}”; please write it the same everywhere"},
	"guardian.twice": {"Diese Person steht bei dem Kind zweimal.", "this person stands with the child twice"},
	"guardian.maybe_same": {"In Zeile {other} steht dieser Name auch. Ohne gleiche E-Mail, Telefonnummer oder Anschrift gelten sie als zwei Personen.",
		"this name is in line {other} as well. Without the same e-mail, telephone number or address they count as two people"},
}
