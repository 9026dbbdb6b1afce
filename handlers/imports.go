package handlers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"morgenkreis/kita"
	"morgenkreis/kita/roster"
	"morgenkreis/store"
)

var importTexts = texts{
	"import.content_type": {"Bitte die Liste als CSV oder XLSX schicken (Content-Type: text/csv).", "Please send the list as CSV or XLSX (Content-Type: text/csv)."},
	"import.kita_exists":  {"Hier gibt es schon eine Kita.", "There is a kita here already."},
	"import.other_child": {"Die Nummer {number} gehört in Morgenkreis zu {name}, geboren {born}: Name und Geburtsdatum passen nicht dazu. Ein anderes Kind braucht eine andere Nummer; ist es dasselbe, bitte zuerst in Morgenkreis berichtigen.",
		"In Morgenkreis the number {number} belongs to {name}, born {born}: name and birth date do not agree. Another child needs another number; if it is the same child, please correct it in Morgenkreis first."},
	"import.child_elsewhere": {"{name} hat in Morgenkreis die Nummer {other}, nicht {number}. Nummern dürfen sich nicht ändern: An ihnen hängt alles, was zu einem Kind gehört.",
		"In Morgenkreis {name} has the number {other}, not {number}. Numbers must not change: all that belongs to a child hangs on them."},
	"import.group_twice": {"Es gibt in Morgenkreis mehrere Gruppen, die „{group}“ heißen. Bitte zuerst eine umbenennen.",
		"There are several groups called “{group}” in Morgenkreis. Please rename one of them first."},
	"import.guardian_twice": {"„{name}“ steht bei diesem Kind zweimal, ohne E-Mail, Telefon oder Anschrift. Sind es zwei Personen, braucht eine davon eine solche Angabe.",
		"“{name}” stands with this child twice, without e-mail, telephone or address. If they are two people one of them needs such a detail."},
	"import.guardian_other": {"Die Adresse {email} gehört in Morgenkreis zu {name}, hier zu {new}. Ist es dieselbe Person, bitte zuerst in Morgenkreis den Namen berichtigen; sonst braucht eine von beiden eine andere Adresse.",
		"In Morgenkreis the address {email} belongs to {name}, here to {new}. If they are one person please correct the name in Morgenkreis first; otherwise one of them needs another address."},
	"import.guardian_unclear": {"In Morgenkreis können mehrere Personen „{name}“ sein. Bitte hier und dort dieselbe E-Mail-Adresse oder Telefonnummer eintragen.",
		"Several people in Morgenkreis could be “{name}”. Please enter the same e-mail address or telephone number here and there."},
	"import.guardian_unsure": {"In Morgenkreis steht „{name}“ bei demselben Kind, mit ganz anderen Angaben. Ist es dieselbe Person, bitte zuerst dort E-Mail oder Telefon berichtigen; sonst dort die zweite Person mit ihrer E-Mail-Adresse anlegen.",
		"In Morgenkreis “{name}” stands with the same child, with quite other details. If they are one person please correct e-mail or telephone there first; otherwise add the second person there, with their e-mail address."},

	"import.child_known": {"{name} steht schon in Morgenkreis, mit der Nummer „{number}“. Mit dieser Nummer wird es ein zweites Kind.",
		"{name} is in Morgenkreis already, with the number “{number}”. With this number it becomes a second child."},
	"import.no_group": {"Die Liste nennt keine Gruppe; in Morgenkreis bleibt das Kind in „{group}“. Der letzte Tag gehört in die Spalte „bis“.",
		"The list names no group; in Morgenkreis the child stays in “{group}”. The last day belongs in the column “until”."},
	"import.stay_stands": {"In Morgenkreis ist das Kind ab {from} in „{group}“. Das bleibt so.", "In Morgenkreis the child is in “{group}” from {from} on. That stays as it is."},
	"import.stay_ended":  {"In Morgenkreis war das Kind bis {to} in „{group}“. Das bleibt so.", "In Morgenkreis the child was in “{group}” until {to}. That stays as it is."},
	"import.never_placed": {"Das Kind ist am {to} aus „{group}“ ausgeschieden, ohne dass die Liste sagt, seit wann es dort war. Es kommt in keine Gruppe.",
		"The child left “{group}” on {to}, and the list does not say since when it was there. It is placed in no group."},
	"import.guardian_archived": {"{name} ist in Morgenkreis archiviert und bleibt es.", "{name} is archived in Morgenkreis and stays so."},
	"import.guardian_known": {"Eine Person namens {name} gibt es schon in Morgenkreis. Ohne gleiche E-Mail-Adresse, Telefonnummer oder Anschrift und ohne gemeinsames Kind gelten sie als zwei.",
		"There is a person called {name} in Morgenkreis already. Without the same e-mail address, telephone number or address, and without a child in common, they count as two."},
	"import.guardian_not_listed": {"Zu {child} gehört in Morgenkreis auch {names}, in der Liste nicht. Das bleibt so.",
		"In Morgenkreis {child} also has {names}, on the list not. That stays as it is."},
	"import.ban_holds": {"Das Kontaktverbot für {name} und {child} gilt weiter.", "The contact ban on {name} and {child} still holds."},
	"import.ban_new_person": {"Für {child} gilt ein Kontaktverbot, und {name} ist neu. Bitte prüfen, ob das die Person ist, für die es gilt.",
		"There is a contact ban for {child}, and {name} is new. Please check that this is not the person it is about."},
}

// ImportSentence puts what store.ImportRoster says of a line into words, with its place; German for "de", otherwise
// English.
func ImportSentence(lang string, e *kita.Error) string {
	at, ok := strings.CutPrefix(e.Field, "line ")
	switch {
	case !ok:
		return say(lang, e)
	case lang == "de":
		return "Zeile " + at + ": " + say(lang, e)
	}
	return "Line " + at + ": " + say(lang, e)
}

// importMedia are what a list is sent as. Browsers on Windows call a CSV file an Excel sheet; the bytes decide anyway.
var importMedia = []string{"", "text/csv", "text/plain", "application/csv", "application/octet-stream", "application/vnd.ms-excel",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}

// ImportChangeView is what the import does, or would do, to one record.
type ImportChangeView struct {
	Action string            `json:"action" enum:"create,update,move,restore,archive"`
	Noun   string            `json:"noun" enum:"group,child,guardian,tie"`
	ID     kita.ID           `json:"id,omitempty" doc:"Of a tie, the guardian's. Absent for what a dry run would create."`
	Line   int               `json:"line,omitempty" doc:"Where the list says so; absent where it does not."`
	Name   string            `json:"name"`
	Fields []FieldChangeView `json:"fields"`
}

// FieldChangeView is one field before and after.
type FieldChangeView struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

func importChangeView(c store.RosterChange) ImportChangeView {
	v := ImportChangeView{Action: string(c.Action), Noun: c.Noun, ID: c.ID, Line: c.Line, Name: c.Name, Fields: []FieldChangeView{}}
	for _, f := range c.Fields {
		v.Fields = append(v.Fields, FieldChangeView(f))
	}
	return v
}

// ImportTally counts records by what becomes of them.
type ImportTally struct {
	Created   int `json:"created"`
	Updated   int `json:"updated"`
	Moved     int `json:"moved"`
	Restored  int `json:"restored"`
	Archived  int `json:"archived"`
	Unchanged int `json:"unchanged"`
}

// MissingChildView is a child of the kita that is not on the list.
type MissingChildView struct {
	ID     kita.ID `json:"id"`
	Number string  `json:"number"`
	Name   string  `json:"name"`
}

// ImportOutput is what a list changes.
type ImportOutput struct {
	Body struct {
		DryRun  bool               `json:"dry_run" doc:"Nothing was written."`
		Changes []ImportChangeView `json:"changes" doc:"Empty when the list says nothing new."`
		Counts  struct {
			Groups    ImportTally `json:"groups"`
			Children  ImportTally `json:"children"`
			Guardians ImportTally `json:"guardians"`
			Ties      ImportTally `json:"ties"`
		} `json:"counts"`
		Warnings []FieldError       `json:"warnings" doc:"What a person should look at; it stopped nothing."`
		Missing  []MissingChildView `json:"missing" doc:"Children of the kita that are not on the list."`
	}
}

// Import brings a kita's own list in, all of it or nothing.
func (s *Server) Import(ctx context.Context, in *struct {
	KitaID         kita.ID `query:"kita_id" required:"true" format:"uuid"`
	DryRun         bool    `query:"dry_run" doc:"Answer what would change, and write nothing."`
	ArchiveMissing bool    `query:"archive_missing" doc:"Put the children away that are not on the list."`
	ContentType    string  `header:"Content-Type"`
	RawBody        []byte  `contentType:"text/csv"`
}) (*ImportOutput, error) {
	v, lang := viewerFrom(ctx), languageFrom(ctx)
	today, err := s.store.RosterDay(ctx, v, in.KitaID)
	if err != nil {
		return nil, err
	}
	media, _, _ := strings.Cut(in.ContentType, ";")
	if !slices.Contains(importMedia, strings.ToLower(strings.TrimSpace(media))) {
		return nil, newProblem(ctx, http.StatusUnsupportedMediaType, "import.content_type", say(lang, &kita.Error{Code: "import.content_type"}))
	}
	list, err := roster.Parse(bytes.NewReader(in.RawBody), today)
	if err != nil {
		return nil, listProblem(ctx, lang, err)
	}
	out, err := s.store.ImportRoster(ctx, v, in.KitaID, list, store.ImportOptions{DryRun: in.DryRun, ArchiveMissing: in.ArchiveMissing})
	if err == nil && in.DryRun {
		// It shows what is known of every child on the list, and leaves no line of its own.
		err = s.store.AuditRead(ctx, v, in.KitaID, "import.preview", in.KitaID)
	}
	if err != nil {
		return nil, err
	}
	return importOutput(in.DryRun, lang, list, out), nil
}

func importOutput(dryRun bool, lang string, list roster.Roster, changes store.RosterChanges) *ImportOutput {
	out := &ImportOutput{}
	b := &out.Body
	b.DryRun, b.Changes, b.Warnings, b.Missing = dryRun, []ImportChangeView{}, faultViews(lang, list.Warnings), []MissingChildView{}
	for _, c := range changes.Changes {
		b.Changes = append(b.Changes, importChangeView(c))
	}
	b.Counts.Groups, b.Counts.Children = ImportTally(changes.Counts.Groups), ImportTally(changes.Counts.Children)
	b.Counts.Guardians, b.Counts.Ties = ImportTally(changes.Counts.Guardians), ImportTally(changes.Counts.Ties)
	for _, w := range changes.Warnings {
		b.Warnings = append(b.Warnings, FieldError{w.Field, w.Code, say(lang, w)})
	}
	for _, ch := range changes.Missing {
		b.Missing = append(b.Missing, MissingChildView{ch.ID, ch.Number, ch.Name()})
	}
	return out
}

// listProblem names each fault of a list with its place. The values are the caller's own.
func listProblem(ctx context.Context, lang string, err error) error {
	var faults roster.Faults
	if !errors.As(err, &faults) {
		return err
	}
	p := invalidProblem(ctx, lang, http.StatusUnprocessableEntity, nil)
	p.Errors = faultViews(lang, faults)
	return p
}

func faultViews(lang string, faults roster.Faults) []FieldError {
	views := make([]FieldError, len(faults))
	for i, f := range faults {
		var place []string
		if f.Line > 0 {
			place = append(place, fmt.Sprint("line ", f.Line))
		}
		if f.Column != "" {
			place = append(place, "column "+f.Column)
		}
		if len(place) == 0 {
			place = append(place, "file")
		}
		views[i] = FieldError{strings.Join(place, ", "), f.Code, f.Sentence(lang)}
	}
	return views
}
