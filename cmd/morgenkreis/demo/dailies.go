package demo

import (
	"morgenkreis/kita"
	"morgenkreis/store/files"
)

// dailies are what the groups told of their days, in the afternoons.
func (p *play) dailies() []post {
	tales := []struct {
		ago   int
		clock kita.Clock
		by    string
		group string
		body  string
		files []attachment
	}{
		{18, "14:50", nadine, "B", "Wir waren im Wald! Zuerst haben wir Spuren gesucht (Reh, Hund, Gummistiefel), dann einen Staudamm gebaut, der **fast** gehalten hat. Trockene Socken waren am Ende sehr gefragt.",
			[]attachment{{"Waldtag.jpg", files.JPEG, p.picture(meadow)}}},
		{16, "15:05", marlies, "I", "Heute ging es um Farben. Aus Gelb und Blau wurde Grün, aus allem zusammen Braun. Die Kinder haben ihre Farben selbst benannt: „Pfützengrau“, „Omas Sofa“ und „Igelbraun“.",
			[]attachment{{"Regenbogen.jpg", files.JPEG, p.picture(rainbow)}}},
		{14, "14:35", gabi, "F", "Ein ruhiger Tag: Wir haben Kastanien von Schüssel zu Schüssel gelöffelt, mit viel Geduld und wenig Verlusten. Mittags gab es Nudeln, geschlafen wurde lange.", nil},
		{13, "15:00", jonas, "S", "Die Schmetterlinge haben ein Orchester gegründet. Töpfe, Löffel, Reisdosen, und jede und jeder durfte einmal dirigieren. Wir entschuldigen uns bei den Igeln nebenan.", nil},
		{10, "14:45", cem, "B", "Wir haben den Garten vermessen: Von der Schaukel bis zum Zaun sind es 41 Bärenschritte oder 23 Cem-Schritte. Danach wurde gestritten, warum das nicht dasselbe ist, und dann gerechnet.", nil},
		{9, "14:40", hoa, "F", "Wir haben Seifenblasen gejagt und mit den Händen gemalt. Die Bilder hängen im Flur, die Farbe geht beim Baden ab.",
			[]attachment{{"Fingerfarben.jpg", files.JPEG, p.picture(dots)}}},
		{8, "15:10", franzi, "I", "Heute war Besuch da: eine Weinbergschnecke, die über Nacht im Beet wohnte. Wir haben gemessen (4 Zentimeter), gezählt (2 Fühlerpaare) und sie am Nachmittag feierlich zurückgebracht.", nil},
		{7, "14:55", esra, "S", "Im Morgenkreis haben wir uns in allen Sprachen begrüßt, die wir sprechen: zehn sind es! Danach haben wir Teig geknetet und Brötchen gebacken. Für jedes Kind liegt eins in der Dose.", nil},
		{5, "14:30", gabi, "F", "Draußen war es herrlich matschig. Bitte schaut in die Wechselwäsche, einiges ist heute zum Einsatz gekommen.", nil},
		{4, "15:15", nadine, "B", "Wir üben für das Fest. Der Text sitzt, die Melodie fast. Wenn zu Hause jemand ohne Pause singt: Das sind wir gewesen.", nil},
		{3, "14:50", marlies, "I", "Die Feuerwehr! Wir durften in den Wagen, den Schlauch halten und einmal die Sirene hören (sehr laut). Alle sind wieder da, alle haben gegessen, einige sind im Bus eingeschlafen.", nil},
		{3, "15:05", dorota, "S", "Wir haben eine Höhle aus Decken gebaut und darin vorgelesen, drei Bücher hintereinander. Zum Vesper gab es Apfelringe.", nil},
		{2, "14:45", hoa, "F", "Heute wurde gebaut: der höchste Turm hatte elf Steine. Umgeworfen wurde er unter großem Beifall.",
			[]attachment{{"Turm.jpg", files.JPEG, p.picture(blocks)}}},
		{2, "15:20", franzi, "I", "Wir haben Briefe an die Feuerwehr gemalt und zur Post gebracht. Auf dem Rückweg haben wir Hausnummern gelesen, die meisten bis 20.", nil},
		{1, "14:50", nadine, "B", "Die Bären haben abgestimmt, wie der Flur aussehen soll: Unterwasserwelt (11 Stimmen) gegen Weltraum (8). Ab morgen sammeln wir Fische.", nil},
		{1, "15:00", jonas, "S", "Wir waren den ganzen Vormittag draußen und haben den Sandkasten umgegraben, bis ganz unten. Gefunden: zwei Löffel, ein Bagger, kein Schatz.", nil},
	}
	posts := make([]post, len(tales))
	for i, x := range tales {
		posts[i] = post{day: p.cal.ago(x.ago), clock: x.clock, by: x.by, kind: kita.NoticeDaily, to: in(x.group),
			title: "Der Tag der " + p.house.groups[x.group].Name, body: x.body, files: x.files}
	}
	return posts
}
