package demo

// Everybody here is made up. First and family names are common ones of where their families come from, put together so
// that no pair belongs to somebody the public knows; streets do not exist, and no letter is brought to 12345 Berlin.

// group is a group of one of the two kitas; its key is what the tables below call it.
type group struct {
	key, kita, name, colour, icon string
}

var groups = []group{
	{"F", sonnenschein, "Frösche", "green", "frog"},
	{"S", sonnenschein, "Schmetterlinge", "purple", "butterfly"},
	{"I", sonnenschein, "Igel", "orange", "hedgehog"},
	{"B", sonnenschein, "Bären", "brown", "bear"},
	{"M", regenbogen, "Mäuse", "grey", "mouse"},
	{"K", regenbogen, "Käfer", "red", "ladybird"},
}

// The two kitas, by the key that the tables use; it is their name as well.
const (
	sonnenschein = "Sonnenschein"
	regenbogen   = "Regenbogen"
)

// colleague is a member of a team. Groups are keys, one letter each; leaders have none.
type colleague struct {
	kita, name, groups, login, language string
}

var team = []colleague{
	{sonnenschein, "Petra Lindemann", "", LoginLeader, "de"},
	{sonnenschein, "Nadine Krause", "B", LoginEducator, "de"},
	{sonnenschein, "Cem Tunç", "B", "", "de"},
	{sonnenschein, "Franziska Böhme", "I", "", "de"},
	{sonnenschein, "Marlies Ohm", "I", "", "de"},
	{sonnenschein, "Dorota Zielińska", "IS", "", "de"},
	{sonnenschein, "Esra Polat", "S", "", "tr"},
	{sonnenschein, "Jonas Wendt", "S", "", "de"},
	{sonnenschein, "Gabriele Stern", "F", "", "de"},
	{sonnenschein, "Hoa Tran", "F", "", "de"},
	{regenbogen, "Manuela Fritsche", "", "", "de"},
	{regenbogen, "Silvia Rausch", "M", "", "de"},
	{regenbogen, "Amir Rahimi", "K", "", "de"},
}

// family is one line of the roster.
//
// Parents are "First/m" with the family's name, or "First Other/f" with one of their own; the letter after the slash is
// the relation (see relations). A + before the first name means that they live elsewhere.
//
// Children are "First B62": the group's key and the age in months.
type family struct {
	name, language, parents, children string
}

var relations = map[string]string{"m": "mother", "f": "father", "s": "stepparent", "g": "grandparent", "o": "foster"}

var families = []family{
	// The parent who signs in as eltern@: a child in each of two groups.
	{"Albrecht", "de", "Miriam/m, Jakob/f", "Ella B64, Theo F22"},
	// Separated, and the father may not meet the elder child (see banned).
	{"Jahn", "de", "Kerstin/m, +Dirk Wolter/f", "Paula B65, Nils S37"},
	// The mother works here, in another group.
	{"Böhme", "de", "Franziska/m, Sören/f", "Juna F27"},
	// The mother has a child in the other kita too.
	{"Richter", "de", "Vanessa/m, Hannes/f", "Leni B60, Bruno M25"},

	{"Vogel", "de", "Nina/m, +Hendrik Paulsen/f", "Emil B59"},
	{"Seidel", "de", "Carolin/m, +Björn Matthies/f", "Frieda I55, Henri F25"},
	{"Fuchs", "de", "Melanie/m, Timo Arndt/s, +Karsten/f", "Lotta B56"},
	{"Thieme", "de", "Sandra/m, Nele Kramer/m", "Carlotta S34"},
	{"Engelhardt", "de", "Patrick/f, Lars Wiesner/f", "Levi I48"},
	{"Reuter", "de", "Ulrike Hartwig/o, Bernd Hartwig/o", "Kilian F29"},
	{"Lange", "de", "Stefanie/m, +Ursula/g", "Mats I43"},

	{"Yıldırım", "tr", "Elif/m, Ozan/f", "Defne I47, Kerem F19"},
	{"Kaya", "tr", "Gamze/m, Cengiz/f", "Emir B66"},
	{"Demirci", "tr", "Hatice/m, Serkan/f", "Ecrin S36"},
	{"Aydoğan", "tr", "Selin/m, Onur/f", "Deniz F24"},
	{"Berger", "de", "Derya Öztürk/m, Felix/f", "Lina I44"},
	{"Kovalenko", "uk", "Oksana/m, Taras/f", "Sofija B61, Matwij F28"},
	{"Bondarenko", "uk", "Natalija/m", "Danylo I52"},
	{"Lysenko", "uk", "Iryna/m, Ostap/f", "Solomija S30"},
	{"Melnyk", "uk", "Wiktorija/m", "Artem B57"},
	{"Al Najjar", "ar", "Rima/m, Karim/f", "Yusuf B68, Maryam S38"},
	{"Haddad", "ar", "Nour/m, Samir/f", "Jana I49"},
	{"Darwisch", "ar", "Amal/m, Firas/f", "Adam F17"},
	{"Mansour", "ar", "Hanan/m, Bilal/f", "Zayn I41, Salma I41"},
	{"Wolkow", "ru", "Jelena Wolkowa/m, Roman/f", "Nikita S40"},
	{"Sokolow", "ru", "Olga Sokolowa/m, Pawel/f", "Alisa B55"},
	{"Lehmann", "ru", "Swetlana/m, Viktor/f", "Anton F26"},
	{"Brennan", "en", "Siobhan/m, Declan/f", "Finn I45"},
	{"Ogunleye", "en", "Folake/m, Tunde/f", "Tobi S35"},
	{"Patel", "en", "Priya/m, Rohan/f", "Anaya I54"},
	{"Kulkarni", "en", "Meera/m, Sanjay/f", "Kavi S27"},
	{"Kamara", "en", "Aminata/m", "Ibrahim F30"},
	{"Abdi", "en", "Hodan/m", "Ayaan B53"},
	{"Tesfaye", "en", "Selam/m, Dawit/f", "Liya S29"},
	{"Nguyen", "de", "Lan/m, Minh/f", "Linh B63"},
	{"Kowalski", "de", "Agnieszka Kowalska/m, Piotr/f", "Zuzanna F23"},
	{"Nowicki", "de", "Ewa Nowicka/m, Leszek/f", "Antoni B71"},
	{"Popescu", "de", "Ioana/m, Sorin/f", "Matei S31"},
	{"Ferrara", "de", "Giulia/m, Davide/f", "Chiara I57"},
	{"Santos", "en", "Inês/m, Paulo/f", "Mateo F21"},
	{"Castillo", "en", "Lucía/m, Andrés/f", "Elena I60"},

	{"Brandt", "de", "Katrin/m, Sven/f", "Ida B70, Oskar S33"},
	{"Hoffmann", "de", "Lena/m, Malte/f", "Mila I50"},
	{"Schuster", "de", "Julia/m, Rainer/f", "Jonas B58"},
	{"Weiß", "de", "Anja/m, Holger/f", "Greta S42"},
	{"Krüger", "de", "Maike/m, Arne/f", "Mattis F20"},
	{"Pohl", "de", "Susanne/m", "Amelie I58"},
	{"Zimmermann", "de", "Claudia/m, Ralf/f", "Jakob I46, Clara F15"},
	{"Horn", "de", "Laura/m, Benedikt/f", "Hanna S28"},
	{"Winkler", "de", "Judith/m, Mathis/f", "Bela B67"},
	{"Sommerfeld", "de", "Anne/m, David/f", "Romy F18"},
	{"Thiel", "de", "Simone/m, Ronny/f", "Fritz I51"},
	{"Rothe", "de", "Johanna/m, Moritz/f", "Luise S41, Konrad F16"},
	{"Keller", "de", "Bettina/m", "Jonathan B72"},
	{"Scholz", "de", "Verena/m, Nico/f", "Pia I53"},
	{"Graf", "de", "Theresa/m, Jannik/f", "Valentin S32"},
	{"Busch", "de", "Yvonne/m, Torsten/f", "Lasse F14"},
	{"Haase", "de", "Isabel/m, Fabian/f", "Marlene B62, Hugo S39"},
	{"Kühne", "de", "Sarah/m, Jonte/f", "Samuel I42"},
	{"Ziegler", "de", "Dorothee/m, Gregor/f", "Charlotte B73"},
	{"Simon", "de", "Leonie/m, Gunnar/f", "Noah S43"},
	{"Dittrich", "de", "Ramona/m, Kai/f", "Lilly F31"},
	{"Jung", "de", "Alina/m, Marek/f", "Jasper I56"},
	{"Lorenz", "de", "Eva/m, Henning/f", "Merle S35"},
	{"Beck", "de", "Tanja/m", "Jannis B54"},
	{"Friedrich", "de", "Corinna/m, Hauke/f", "Emma I59, Carl S36"},
	{"Hahn", "de", "Silke/m, Detlef/f", "Tom B57"},
	{"Günther", "de", "Annika/m, Lennart/f", "Malia F24"},

	// The other kita.
	{"Petersen", "de", "Wiebke/m, Ole/f", "Jule M30"},
	{"Şimşek", "tr", "Gülay/m, Erkan/f", "Mira M27, Can K55"},
	{"Tkatschenko", "uk", "Ljudmyla/m", "Jaroslaw K61"},
	{"Baumann", "de", "Heike/m, Volker/f", "Karlotta K49"},
	{"Diallo", "en", "Fatou/m, Mamadou/f", "Aïssa M33"},
	{"Kraft", "de", "Rebekka/m", "Joel K58"},
}

// banned is the contact ban: Dirk Wolter may not meet Paula; of Nils he hears as any father does.
var banned = struct{ guardian, child, reason string }{"Dirk Wolter", "Paula Jahn",
	"Beschluss des Familiengerichts vom Frühjahr: kein Kontakt zu Paula, auch nicht beim Bringen und Abholen von Nils. Umgang mit Nils jeden zweiten Samstag, begleitet. Ausfertigung liegt in der Akte."}

// notInvited have no account yet: their letters lie in the office.
var notInvited = []string{"Firas Darwisch", "Ronny Thiel", "Roman Wolkow", "Detlef Hahn", "Dawit Tesfaye", "Ostap Lysenko", "Ursula Lange", "Mamadou Diallo"}

// healthOf is what the kita has to know of a child: allergies and notes.
var healthOf = map[string][2]string{
	"Theo Albrecht":     {"Kuhmilcheiweiß", "Bekommt Hafermilch, steht beschriftet im Kühlschrank der Küche."},
	"Paula Jahn":        {"Erdnüsse, Haselnüsse", "Notfallset (Adrenalin-Pen) in der roten Tasche im Gruppenraum. Bei Atemnot: Pen, 112, dann Eltern."},
	"Finn Brennan":      {"Bienen- und Wespenstiche", "Antihistamin-Tropfen im Büro, Dosierung liegt bei."},
	"Emir Kaya":         {"", "Kein Schweinefleisch, keine Gelatine."},
	"Salma Mansour":     {"Hühnerei", "Auch nicht in Nudeln und Gebäck. Geschwisterkind Zayn ist nicht betroffen."},
	"Jonathan Keller":   {"", "Asthma. Spray mit Spacer in der Notfalltasche, vor dem Toben zwei Hübe nach Plan."},
	"Lilly Dittrich":    {"Erdbeeren, Kiwi", ""},
	"Anaya Patel":       {"", "Vegetarisch, auch keine Fleischbrühe."},
	"Henri Seidel":      {"Pflaster (Kleber)", "Bitte Verband statt Pflaster."},
	"Charlotte Ziegler": {"Gräserpollen", "Im Frühsommer Augentropfen, nur durch die Eltern."},
	"Kilian Reuter":     {"", "Fieberkrampf in der Vorgeschichte: bei 38,5 °C Pflegeeltern anrufen."},
	"Matei Popescu":     {"Laktose", ""},
	"Romy Sommerfeld":   {"Neurodermitis, Duftstoffe", "Nur die eigene Creme aus dem Fach benutzen."},
	"Yusuf Al Najjar":   {"Sesam", "Kein Schweinefleisch."},
	"Merle Lorenz":      {"", "Trägt eine Brille; Abkleben rechts, vormittags zwei Stunden."},
	"Zuzanna Kowalski":  {"Weizen (Zöliakie)", "Eigenes Brot und eigener Toaster, siehe Aushang in der Küche."},
	"Aïssa Diallo":      {"Nüsse aller Art", ""},
	"Bruno Richter":     {"", "Schläft nur mit Tuch ein, liegt im Fach."},
	"Karlotta Baumann":  {"Katzenhaare", ""},
	"Danylo Bondarenko": {"", "Erschrickt bei Sirenen; dann Kopfhörer aus dem Fach geben."},
	"Zayn Mansour":      {"", "Trägt ein Hörgerät links, Ersatzbatterien im Büro."},
	"Marlene Haase":     {"Zitrusfrüchte", ""},
	"Solomija Lysenko":  {"Penicillin", ""},
	"Jannis Beck":       {"", "Diabetes Typ 1 mit Pumpe. Plan und Traubenzucker in der blauen Tasche, geschult: Nadine und Cem."},
}

// elders are grandparents and neighbours to ring, by language: name and what they are to the child. A family takes the
// one its place in the table points at; the name is the family's own where it says so.
var elders = map[string][][2]string{
	"de": {{"Renate", "Oma"}, {"Jürgen", "Opa"}, {"Helga Brückner", "Nachbarin"}, {"Christel", "Oma"}, {"Silvio Kern", "Patenonkel"}, {"Heidemarie", "Oma"}},
	"tr": {{"Fatma", "Großmutter"}, {"Ayten", "Tante"}, {"Mehmet", "Großvater"}},
	"uk": {{"Halyna", "Großmutter"}, {"Switlana Rudenko", "Freundin der Familie"}},
	"ar": {{"Khadija", "Großmutter"}, {"Ibtisam Salloum", "Nachbarin"}, {"Nabil", "Onkel"}},
	"ru": {{"Nina", "Großmutter"}, {"Galina Ebert", "Nachbarin"}},
	"en": {{"Grace Mensah", "Freundin der Familie"}, {"Kofi Mensah", "Freund der Familie"}, {"Ruth Osei", "Nachbarin"}},
}

var streets = []string{"Purzelbaumweg", "Murmelgasse", "Laternenstieg", "Pusteblumenpfad", "Kirschkernallee", "Bauklotzring",
	"Am Sandkuchenberg", "Wolkenschafweg", "Honigtopfgasse", "Regenpfützenweg", "Schneckenhausstraße", "Tannenzapfensteig",
	"Papierdrachenplatz", "Apfelschnitzweg", "Am Seifenblasenteich", "Zwergenwinkel", "Kreiselgasse", "Glühwürmchenweg"}

// Telephone numbers are from the ranges that nobody will ever be given, for films and books: Bundesnetzagentur,
// Mitteilung Nr. 148/2021 (Amtsblatt 7/2021, p. 489): 030 23125 000–999 and 0171 39200 00–99.
const (
	landline = "030 23125%03d"
	mobile   = "0171 39200%02d"
	mobiles  = 100
)
