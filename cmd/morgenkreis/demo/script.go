package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/files"
)

const (
	leader  = "Petra Lindemann"
	nadine  = "Nadine Krause"
	cem     = "Cem Tunç"
	franzi  = "Franziska Böhme"
	marlies = "Marlies Ohm"
	dorota  = "Dorota Zielińska"
	esra    = "Esra Polat"
	jonas   = "Jonas Wendt"
	gabi    = "Gabriele Stern"
	hoa     = "Hoa Tran"
	manuela = "Manuela Fritsche"
	silvia  = "Silvia Rausch"
	amir    = "Amir Rahimi"

	// demoParent signs in as eltern@.
	demoParent = "Miriam Albrecht"
)

// preschool is the club of the eldest.
var preschool = []string{"Ella Albrecht", "Ida Brandt", "Yusuf Al Najjar", "Emir Kaya", "Charlotte Ziegler", "Jonathan Keller", "Antoni Nowicki"}

// notices are what the teams told parents in the last month, and what waits for tomorrow.
func (p *play) notices() []post {
	c := p.cal
	return slices.Concat(p.houseNotices(), p.groupNotices(), p.dailies(), p.todays(), []post{
		{day: c.ago(16), clock: "09:30", by: manuela, kind: kita.NoticeNews, to: everyone(regenbogen), title: "Bring- und Abholzeiten",
			body: "Liebe Eltern,\n\nbitte bringt eure Kinder bis **9:00 Uhr**: Dann beginnt der Morgenkreis, und wer später kommt, findet schwer hinein. Wenn es einmal nicht anders geht, ruft kurz an."},
		{day: c.ago(8), clock: "14:10", by: silvia, kind: kita.NoticeEvent, to: in("M"), title: "Elterncafé der Mäuse",
			body:   "Wir laden euch auf einen Kaffee in den Gruppenraum ein. Die Kinder haben Apfelmus gekocht.",
			starts: c.instant(c.ahead(4), "15:30"), ends: c.instant(c.ahead(4), "16:45"), place: "Gruppenraum der Mäuse", until: c.ahead(4)},
		{day: c.ago(4), clock: "11:00", by: amir, kind: kita.NoticeIllness, to: in("K"), title: "Bindehautentzündung bei den Käfern",
			body: "Bei uns gibt es einen Fall von Bindehautentzündung. Bitte achtet auf gerötete oder verklebte Augen und lasst euer Kind dann zu Hause.", until: c.ahead(6)},
		{day: c.ago(2), clock: "08:40", by: manuela, kind: kita.NoticeClosure, to: everyone(regenbogen), title: "Teamtag: Kita geschlossen am " + short(c.teamDay),
			body:    fmt.Sprintf("Am **%s** bildet sich das ganze Team fort. Die Kita bleibt geschlossen. Bitte bestätigt, dass ihr das gelesen habt.", long(c.teamDay)),
			confirm: true, starts: c.instant(c.teamDay, "06:30"), ends: c.instant(c.teamDay, "17:00"), until: c.teamDay},
	})
}

// houseNotices are for the whole of Sonnenschein, or for its team.
func (p *play) houseNotices() []post {
	c, s := p.cal, p.cal.season()
	feast, evening := c.ahead(8), c.evening(6)
	out, week := c.menu()
	later := kita.Markdown(feastText(s, feast, "16:30"))
	return []post{
		{day: c.ago(21), clock: "10:05", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: "Willkommen bei Morgenkreis",
			body: `Liebe Familien,

ab heute schreiben wir euch hier statt auf Zetteln. Ihr bekommt nur, was euch angeht: Nachrichten eurer Gruppe und des ganzen Hauses.

- **Krankmelden** könnt ihr bis 8:30 Uhr mit zwei Fingertipps.
- Wo wir um eine **Bestätigung** bitten, tippt bitte auf den Knopf; dann rufen wir nicht an.
- Wer kein Telefon benutzen möchte, bekommt weiterhin einen Ausdruck ins Fach.

Uygulamayı Türkçe kullanabilirsiniz. · Застосунком можна користуватися українською. · يمكنكم استخدام التطبيق باللغة العربية. · Приложением можно пользоваться на русском языке. · You can use the app in English.

Eure Petra Lindemann`},
		{day: c.ago(20), clock: "11:30", by: leader, kind: kita.NoticeEvent, to: everyone(sonnenschein), title: "Elternabend für alle Gruppen am " + short(evening),
			body:   fmt.Sprintf("Am **%s** laden wir euch um 18:30 Uhr zum Elternabend ein.\n\n1. Das Jahr in den Gruppen\n2. Wahl des Elternbeirats\n3. Schließtage\n4. Was ihr mitgebracht habt\n\nFür Übersetzung ins Türkische, Ukrainische und Arabische ist gesorgt. Kinder können mitkommen, Dorota liest nebenan vor.", long(evening)),
			starts: c.instant(evening, "18:30"), ends: c.instant(evening, "20:30"), place: "Bewegungsraum, Erdgeschoss", until: evening},
		{day: c.ago(16), clock: "13:20", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: s.clothes, body: "Liebe Eltern,\n\n" + s.clothesText + "\n\nBitte schreibt überall den **Namen** hinein. Was übrig bleibt, hängt am Fundsachenbrett im Flur."},
		{day: c.ago(14), clock: "07:50", by: leader, kind: kita.NoticeNews, to: teamOf(sonnenschein), title: "Dienstbesprechung am " + short(c.ago(12)),
			body: "Themen: Urlaubsplanung, Belehrung nach § 35 IfSG (Unterschriften!), Vorbereitung Elternabend. Bitte tragt bis dahin eure Wünsche für die Brückentage ein."},
		{day: c.ago(12), clock: "09:20", by: leader, kind: kita.NoticeUrgent, to: everyone(sonnenschein), title: "Wasserrohrbruch: bitte heute bis 13 Uhr abholen",
			body:    "Im Keller ist ein Rohr gebrochen, wir haben **im ganzen Haus kein Wasser**. Den Kindern geht es gut, Trinkwasser ist da. Ohne Toiletten dürfen wir aber nicht bis zum Nachmittag öffnen.\n\nBitte holt eure Kinder **bis 13 Uhr** ab oder schickt jemanden, der abholen darf. Wer es nicht schafft, ruft bitte an: " + p.house.kitas[sonnenschein].Phone + ".",
			confirm: true, until: c.ago(12)},
		{day: c.ago(11), clock: "07:10", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: "Das Wasser läuft wieder",
			body: "Guten Morgen, das Rohr ist repariert, wir haben heute ganz normal geöffnet. **Danke**, dass das gestern so schnell ging: Um 12:50 Uhr war das letzte Kind abgeholt."},
		{day: c.ago(10), clock: "14:00", by: leader, kind: kita.NoticeEvent, to: everyone(sonnenschein), title: fmt.Sprintf("%s am %s", s.feast, short(feast)),
			body: feastText(s, feast, "16:00"), starts: c.instant(feast, "16:00"), ends: c.instant(feast, "18:30"), place: "Garten der Kita", until: feast,
			files: []attachment{{"Einladung.jpg", files.JPEG, p.picture(s.picture)}},
			then:  p.correct(c.ago(7), "16:05", leader, store.Correction{Body: &later, StartsAt: c.instant(feast, "16:30"), EndsAt: c.instant(feast, "19:00")})},
		{day: c.ago(8), clock: "08:35", by: leader, kind: kita.NoticeEvent, to: everyone(sonnenschein), title: "Der Fotograf kommt am " + short(c.ahead(5)),
			body: "Bitte zieht eure Kinder so an, wie ihr sie gern auf dem Bild hättet.", starts: c.instant(c.ahead(5), "08:30"), place: "Bewegungsraum", until: c.ahead(5),
			then: p.withdraw(35*time.Minute, leader)},
		{day: c.ago(8), clock: "09:15", by: leader, kind: kita.NoticeEvent, to: everyone(sonnenschein), title: "Der Fotograf kommt am " + short(c.ahead(7)),
			body:   fmt.Sprintf("In der Nachricht von eben stand der falsche Tag, entschuldigt. Richtig ist **%s**, vormittags.\n\nFotografiert wird nur, wessen Einwilligung vorliegt. Wenn ihr unsicher seid, fragt in der Gruppe nach.", long(c.ahead(7))),
			starts: c.instant(c.ahead(7), "08:30"), ends: c.instant(c.ahead(7), "12:00"), place: "Bewegungsraum, Erdgeschoss", until: c.ahead(7)},
		{day: c.ago(6), clock: "08:20", by: leader, kind: kita.NoticeClosure, to: everyone(sonnenschein), title: "Teamtag: Kita geschlossen am " + short(c.teamDay),
			body: fmt.Sprintf("Liebe Eltern,\n\nam **%s** bleibt die Kita wegen unseres Teamtags **geschlossen**. Wer gar keine andere Betreuung findet, meldet sich bitte bis %s im Büro; wir sprechen dann mit unserem Nachbarhaus Regenbogen.\n\nDie nächsten Schließtage:\n\n%s\n\nBitte **bestätigt** diese Nachricht.",
				long(c.teamDay), long(c.ahead(3)), p.closingList()),
			confirm: true, starts: c.instant(c.teamDay, "06:30"), ends: c.instant(c.teamDay, "17:00"), until: c.teamDay, then: p.remindOn(c.ago(2), "10:30", leader)},
		{day: out, clock: "13:05", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: "Speiseplan ab " + short(week[0]),
			body:  "Der neue Speiseplan hängt an. Für Kinder mit Unverträglichkeiten kocht Frau Moreau wie immer getrennt.",
			files: []attachment{{"Speiseplan.pdf", files.PDF, p.mealPlan}}, until: week[len(week)-1]},
		{day: c.ago(4), clock: "12:15", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: "Elternbeirat gewählt",
			body: "Danke an alle, die beim Elternabend waren. Gewählt sind für die Bären Judith Winkler, für die Igel Priya Patel, für die Schmetterlinge Hatice Demirci und für die Frösche Maike Krüger. Ihr erreicht den Elternbeirat über sein Fach im Flur."},
		{day: c.ago(3), clock: "07:05", by: leader, kind: kita.NoticeNews, to: teamOf(sonnenschein), title: "Vertretung in dieser Woche",
			body: "Hoa ist diese Woche krankgemeldet. Dorota geht vormittags zu den Fröschen, Marlies übernimmt den Spätdienst. Danke fürs Einspringen!"},
		{day: c.ago(2), clock: "15:40", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: "Wir suchen Kartons und Korken",
			body: "Für die Werkstatt im Flur brauchen wir Schuhkartons, Korken, Wolle und leere Papprollen. Bitte **keine** Eierkartons, wegen der Kinder mit Allergie."},
		{day: c.ago(1), clock: "11:45", by: leader, kind: kita.NoticeClosure, to: everyone(sonnenschein), title: fmt.Sprintf("Am %s schließen wir um 15 Uhr", short(c.ahead(2))),
			body:    fmt.Sprintf("Am **%s** schließt die Kita schon um **15:00 Uhr**: Die Feuerlöscher werden geprüft, und das Team übt den Ernstfall. Bitte plant das Abholen so und bestätigt kurz.", long(c.ahead(2))),
			confirm: true, starts: c.instant(c.ahead(2), "15:00"), ends: c.instant(c.ahead(2), "17:00"), until: c.ahead(2)},
		{day: c.ago(1), clock: "16:10", by: leader, kind: kita.NoticeNews, to: everyone(sonnenschein), title: "Heute ist Spielzeugtag",
			body: "Guten Morgen! Wer mag, darf heute **ein** Spielzeug von zu Hause mitbringen. Es muss in den Rucksack passen und darf nicht schießen.", later: c.instant(c.ahead(1), "07:30")},
	}
}

func feastText(s season, day kita.Day, clock string) string {
	return fmt.Sprintf("Liebe Familien,\n\nam **%s** um **%s Uhr** feiern wir im Garten unser %s. %s\n\nBitte bringt mit:\n\n- einen Becher für jede und jeden\n- etwas Herzhaftes oder Süßes fürs Buffet (bitte ohne Nüsse)\n- Großeltern, wenn sie mögen\n\nEure Kinder sind beim Fest in eurer Obhut.",
		long(day), clock, s.feast, s.feastText)
}

// closingList names the closing days of the next months, and the holidays between them.
func (p *play) closingList() string {
	var lines []string
	for _, x := range kita.Closures(state, p.cal.closing, p.cal.today.Add(1), p.cal.today.Add(span)) {
		if x.Reason != kita.ClosedForWeekend && len(lines) < 10 {
			lines = append(lines, fmt.Sprintf("- %s: %s", long(x.Day), x.Name))
		}
	}
	return strings.Join(lines, "\n")
}

// groupNotices are for groups and for single children.
func (p *play) groupNotices() []post {
	c := p.cal
	return []post{
		{day: c.ago(19), clock: "10:40", by: leader, kind: kita.NoticeEvent, to: in("BI"), title: "Zahnputztag bei Bären und Igeln",
			body: "Frau Dr. Sander vom Zahnärztlichen Dienst kommt mit ihrem Krokodil. Bitte gebt an diesem Tag nichts Süßes mit.", starts: c.instant(c.ago(13), "09:30"), ends: c.instant(c.ago(13), "11:00"), place: "Gruppenräume", until: c.ago(13)},
		{day: c.ago(17), clock: "12:30", by: gabi, kind: kita.NoticeIllness, to: in("F"), title: "Magen-Darm bei den Fröschen",
			body: "Liebe Eltern,\n\nin der Gruppe haben mehrere Kinder Durchfall und Erbrechen. Bitte lasst euer Kind nach dem letzten Mal noch **48 Stunden** zu Hause, auch wenn es schon wieder hüpft. Wir waschen die Hände noch öfter und haben alles Spielzeug gereinigt.", until: c.ago(8)},
		{day: c.ago(15), clock: "09:45", by: nadine, kind: kita.NoticeEvent, to: in("B"), title: "Ausflug der Bären in die Bücherei",
			body:    fmt.Sprintf("Am **%s** gehen wir zu Fuß in die Stadtbücherei. Wir sind um 12:30 Uhr zum Essen zurück. Bitte gebt einen Rucksack mit Trinkflasche mit und **bestätigt**, dass euer Kind mitdarf.", long(c.ago(9))),
			confirm: true, starts: c.instant(c.ago(9), "09:00"), ends: c.instant(c.ago(9), "12:30"), place: "Stadtbücherei", until: c.ago(9)},
		{day: c.ago(11), clock: "13:15", by: marlies, kind: kita.NoticeEvent, to: in("I"), title: "Die Igel besuchen die Feuerwehr",
			body: fmt.Sprintf("Am **%s** dürfen wir uns die Wache ansehen und im Löschfahrzeug sitzen. Wir fahren zwei Stationen mit dem Bus und brauchen **zwei Eltern** als Begleitung: Wer hat Zeit?", long(c.ago(3))), starts: c.instant(c.ago(3), "09:15"), ends: c.instant(c.ago(3), "12:00"), place: "Feuerwache", until: c.ago(3)},
		{day: c.ago(9), clock: "15:10", by: nadine, kind: kita.NoticeIllness, to: in("B"), title: "Läuse bei den Bären",
			body: "Liebe Eltern,\n\nin der Gruppe sind **Kopfläuse** aufgetreten. Das kann jede Familie treffen und hat nichts mit Sauberkeit zu tun.\n\n1. Bitte kontrolliert heute Abend alle Köpfe, am besten mit Spülung und Läusekamm.\n2. Wer Läuse findet, behandelt sofort und sagt uns Bescheid.\n3. Nach der ersten Behandlung darf euer Kind wieder kommen.\n4. Die zweite Behandlung nach **9 bis 10 Tagen** nicht vergessen.\n\nKuscheltiere und Mützen nehmt bitte heute mit nach Hause.", confirm: true, until: c.ahead(4)},
		{day: c.ago(7), clock: "10:20", by: gabi, kind: kita.NoticeNews, to: in("F"), title: "Windeln und Feuchttücher",
			body: "Bei einigen Kindern wird es knapp. Schaut bitte beim Abholen ins Fach: Ein rotes Kärtchen heißt „bald leer“."},
		{day: c.ago(6), clock: "11:10", by: esra, kind: kita.NoticeEvent, to: in("S"), title: "Großelternnachmittag bei den Schmetterlingen",
			body: "Omas und Opas (oder wer sich so fühlt) sind zum Singen und Waffelnbacken eingeladen. Bitte sagt uns, wer kommt.", starts: c.instant(c.ahead(10), "14:30"), ends: c.instant(c.ahead(10), "16:30"), place: "Gruppenraum der Schmetterlinge", until: c.ahead(10)},
		{day: c.ago(4), clock: "14:20", by: nadine, kind: kita.NoticeNews, to: of(preschool...), title: "Vorschulclub: Schwimmkurs",
			body: fmt.Sprintf("Für die Vorschulkinder beginnt am **%s** der Wassergewöhnungskurs. Bitte gebt Badesachen, Handtuch und eine Haarbürste mit und **bestätigt**, dass euer Kind mitfährt.", long(c.ahead(6))), confirm: true, until: c.ahead(6)},
		{day: c.ago(3), clock: "13:30", by: franzi, kind: kita.NoticeNews, to: in("I"), title: "Familienfotos für unsere Wand",
			body: "Bitte gebt uns ein Foto eurer Familie mit, etwa so groß wie eine Postkarte. Auch Hunde, Katzen und Meerschweinchen gehören dazu."},
		{day: c.ago(2), clock: "09:50", by: gabi, kind: kita.NoticeNews, to: of("Lasse Busch"), title: "Eingewöhnung: heute zum ersten Mal geschlafen",
			body: "Er ist beim zweiten Lied eingeschlafen und nach einer Stunde fröhlich aufgewacht. Morgen probieren wir es bis nach dem Vesper."},
	}
}

// todays are of today, when the kita is open; what lies ahead of the present is left out by plan.
func (p *play) todays() []post {
	if !p.cal.open {
		return nil
	}
	return []post{
		{day: p.cal.today, clock: "07:25", by: cem, kind: kita.NoticeNews, to: in("B"), title: "Heute turnen die Bären",
			body: "Guten Morgen! Wir sind von 9:30 bis 11 Uhr in der Turnhalle. Wer seine Schläppchen vergessen hat, turnt barfuß."},
		{day: p.cal.today, clock: "14:40", by: hoa, kind: kita.NoticeDaily, to: in("F"), title: "Der Tag der Frösche",
			body: "Wir haben mit Kleister und Seidenpapier geklebt, an den Fenstern und an uns. Zum Mittag gab es Kartoffelbrei, von dem nichts übrig blieb. Geschlafen haben alle."},
		{day: p.cal.today, clock: "14:55", by: nadine, kind: kita.NoticeDaily, to: in("B"), title: "Der Tag der Bären",
			body: "In der Turnhalle stand heute ein Wald aus Kästen und Matten. Nachmittags haben wir Briefe gestempelt und ausgetragen, durchs ganze Haus."},
	}
}
