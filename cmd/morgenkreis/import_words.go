package main

import "morgenkreis/store"

// importWords are what the import says, in one language.
type importWords struct {
	oneFile, oneKita, badKita, noDatabase, noKita, whichKita, demo string
	warning, faults, missing, nothing, dryRun, done, writing, line string
	quotes                                                         [2]string
	actions                                                        map[store.RosterAction]string
	// counts are the words behind the numbers of a tally, in its order.
	counts         [6]string
	nouns          map[string]noun
	fields, values map[string]string
}

type noun struct{ one, many string }

var importSpeech = map[string]importWords{
	"de": {
		oneFile:    "import braucht genau eine Datei: morgenkreis import LISTE.csv",
		oneKita:    "--kita und --create-kita gehen nicht zusammen",
		badKita:    "--create-kita braucht einen Namen und --federal-state das Bundesland, eines von %v",
		noDatabase: "in %s ist keine Datenbank; mit --create-kita NAME --federal-state BE wird die erste Kita angelegt",
		noKita:     "es gibt noch keine Kita; mit --create-kita NAME --federal-state BE wird die erste angelegt",
		whichKita:  "für welche Kita? Mit --kita NAME oder --kita ID eine davon wählen:%s",
		demo:       "Achtung: Das ist die Demo-Kita, deren Kennwörter alle kennen. Echte Daten gehören nicht hierher.",
		warning:    "Hinweis:",
		faults:     "%d Fehler in der Liste; geschrieben wurde nichts",
		missing:    "Nicht in der Datei, bleiben aber, wie sie sind: %s",
		nothing:    "Es ist nichts zu ändern.",
		dryRun:     "Nur geprüft; geschrieben wurde nichts.",
		done:       "Eingelesen.",
		writing:    "Schreiben",
		line:       "Zeile",
		quotes:     [2]string{"„", "“"},
		actions: map[store.RosterAction]string{store.RosterCreates: "neu", store.RosterUpdates: "geändert", store.RosterMoves: "Gruppe",
			store.RosterRestores: "zurückgeholt", store.RosterArchives: "archiviert"},
		counts: [6]string{"neu", "geändert", "mit neuer Gruppe oder neuen Tagen", "zurückgeholt", "archiviert", "unverändert"},
		nouns: map[string]noun{"kita": {"Kita", "Kitas"}, "group": {"Gruppe", "Gruppen"}, "child": {"Kind", "Kinder"},
			"guardian": {"Sorgeberechtigte:r", "Sorgeberechtigte"}, "tie": {"Beziehung", "Beziehungen"}},
		fields: map[string]string{"number": "Nummer", "first_name": "Vorname", "last_name": "Nachname", "born": "geboren",
			"allergies": "Allergien", "health_notes": "Gesundheit", "emergency_contacts": "Notfallkontakte", "group": "Gruppe",
			"from": "ab", "to": "bis", "email": "E-Mail", "phone": "Telefon", "address": "Adresse", "language": "Sprache",
			"relation": "Beziehung", "custody": "Sorgerecht", "may_pick_up": "darf abholen", "receives_notices": "erhält Nachrichten"},
		values: map[string]string{"true": "ja", "false": "nein", "mother": "Mutter", "father": "Vater", "parent": "Elternteil",
			"stepparent": "Stiefelternteil", "grandparent": "Großelternteil", "foster": "Pflegeelternteil",
			"legal_guardian": "Vormund", "other": "andere"},
	},
	"en": {
		oneFile:    "import takes one file: morgenkreis import LIST.csv",
		oneKita:    "--kita and --create-kita do not go together",
		badKita:    "--create-kita needs a name, and --federal-state the state, one of %v",
		noDatabase: "there is no database in %s; --create-kita NAME --federal-state BE opens the first kita",
		noKita:     "there is no kita yet; --create-kita NAME --federal-state BE opens the first",
		whichKita:  "for which kita? Choose one with --kita NAME or --kita ID:%s",
		demo:       "Beware: this is the demo kita, whose passwords everybody knows. Real data do not belong here.",
		warning:    "Note:",
		faults:     "%d faults in the list; nothing was written",
		missing:    "Not in the file, but left as they are: %s",
		nothing:    "There is nothing to change.",
		dryRun:     "Only looked; nothing was written.",
		done:       "Imported.",
		writing:    "Writing",
		line:       "line",
		quotes:     [2]string{"“", "”"},
		actions: map[store.RosterAction]string{store.RosterCreates: "new", store.RosterUpdates: "changed", store.RosterMoves: "group",
			store.RosterRestores: "taken out again", store.RosterArchives: "archived"},
		counts: [6]string{"new", "changed", "with a new group or new days", "taken out again", "archived", "unchanged"},
		nouns: map[string]noun{"kita": {"kita", "kitas"}, "group": {"group", "groups"}, "child": {"child", "children"},
			"guardian": {"guardian", "guardians"}, "tie": {"relation", "relations"}},
		fields: map[string]string{"first_name": "first name", "last_name": "last name", "health_notes": "health notes",
			"emergency_contacts": "emergency contacts", "email": "e-mail", "may_pick_up": "may pick up", "receives_notices": "gets notices"},
		values: map[string]string{"true": "yes", "false": "no", "legal_guardian": "legal guardian"},
	},
}
