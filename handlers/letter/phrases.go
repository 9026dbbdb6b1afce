package letter

import "morgenkreis/kita"

// phrases is what the letter says, in one language. %s in greeting is the name, in note the last day.
type phrases struct {
	title    string
	greeting string
	intro    string
	steps    [3]string
	note     string
	day      string // layout of a day, as for time.Format
}

var german = phrases{
	title:    "Ihre Einladung zu Morgenkreis",
	greeting: "Guten Tag %s,",
	intro: "mit Morgenkreis bleiben wir in Verbindung: Nachrichten aus der Kita kommen auf Ihr Handy, und Abwesenheiten " +
		"melden Sie mit wenigen Klicks. In drei Schritten sind Sie dabei:",
	steps: [3]string{
		"Scannen Sie den QR-Code mit der Kamera Ihres Handys. Oder öffnen Sie die Adresse im Browser und geben Sie den Code ein.",
		"Geben Sie Ihre E-Mail-Adresse an und wählen Sie ein Passwort.",
		"Legen Sie Morgenkreis auf den Startbildschirm und erlauben Sie Mitteilungen, damit nichts an Ihnen vorbeigeht.",
	},
	note: "Der Code gilt einmal und bis einschließlich %s. Geben Sie ihn nicht weiter: Wer ihn hat, sieht, was nur für Sie " +
		"bestimmt ist. Ist er verloren gegangen oder haben Sie kein Smartphone? Sprechen Sie uns einfach an.",
	day: "02.01.2006",
}

var english = phrases{
	title:    "Your invitation to Morgenkreis",
	greeting: "Dear %s,",
	intro:    "Morgenkreis keeps us in touch: messages from the kita come to your phone, and you report absences with a few taps.",
	steps: [3]string{
		"Scan the QR code with your phone’s camera. Or open the address in a browser and enter the code.",
		"Enter your e-mail address and choose a password.",
		"Add Morgenkreis to your home screen and allow notifications.",
	},
	note: "The code works once, up to and including %s. Keep it to yourself: whoever has it sees what is meant for you. " +
		"Lost it, or no smartphone? Just ask us.",
	day: "2 January 2006",
}

var turkish = phrases{
	title:    "Morgenkreis davetiniz",
	greeting: "Sayın %s,",
	intro: "Morgenkreis ile iletişimde kalıyoruz: Kreşten gelen mesajlar telefonunuza ulaşır, devamsızlıkları birkaç " +
		"dokunuşla bildirirsiniz.",
	steps: [3]string{
		"QR kodunu telefonunuzun kamerasıyla tarayın. Veya adresi tarayıcıda açıp kodu girin.",
		"E-posta adresinizi girin ve bir şifre belirleyin.",
		"Morgenkreis’i ana ekrana ekleyin ve bildirimlere izin verin.",
	},
	note: "Kod bir kez ve %s günü sonuna kadar geçerlidir. Kimseyle paylaşmayın: Koda sahip olan, yalnızca sizin görmeniz " +
		"gerekenleri görür. Kodu kaybettiyseniz veya akıllı telefonunuz yoksa bize söyleyin.",
	day: "02.01.2006",
}

var ukrainian = phrases{
	title:    "Ваше запрошення до Morgenkreis",
	greeting: "Добрий день, %s!",
	intro: "Morgenkreis допомагає нам бути на зв’язку: повідомлення з дитячого садка надходять на ваш телефон, а про " +
		"відсутність дитини ви повідомляєте кількома дотиками.",
	steps: [3]string{
		"Відскануйте QR-код камерою телефона. Або відкрийте адресу в браузері та введіть код.",
		"Введіть свою електронну адресу та придумайте пароль.",
		"Додайте Morgenkreis на головний екран і дозвольте сповіщення.",
	},
	note: "Код діє один раз, до %s включно. Нікому його не передавайте: хто має код, той бачить те, що призначено лише " +
		"вам. Загубили код або не маєте смартфона? Скажіть нам.",
	day: "02.01.2006",
}

var russian = phrases{
	title:    "Ваше приглашение в Morgenkreis",
	greeting: "Здравствуйте, %s!",
	intro: "Morgenkreis помогает нам быть на связи: сообщения из детского сада приходят на ваш телефон, а об отсутствии " +
		"ребёнка вы сообщаете в несколько касаний.",
	steps: [3]string{
		"Отсканируйте QR-код камерой телефона. Или откройте адрес в браузере и введите код.",
		"Введите свой адрес электронной почты и придумайте пароль.",
		"Добавьте Morgenkreis на главный экран и разрешите уведомления.",
	},
	note: "Код действует один раз, до %s включительно. Никому его не передавайте: у кого есть код, тот видит то, что " +
		"предназначено только вам. Потеряли код или у вас нет смартфона? Скажите нам.",
	day: "02.01.2006",
}

var others = map[string]phrases{"tr": turkish, "uk": ukrainian, "ru": russian}

// spoken is what a letter to somebody of the given language speaks: German, their own if there is a text, English.
func spoken(language string) []phrases {
	if own, ok := others[language]; ok {
		return []phrases{german.typeset(), own.typeset(), english.typeset()}
	}
	return []phrases{german.typeset(), english.typeset()}
}

func (p phrases) typeset() phrases {
	for _, text := range []*string{&p.title, &p.greeting, &p.intro, &p.steps[0], &p.steps[1], &p.steps[2], &p.note} {
		*text = shortHyphens(*text)
	}
	return p
}

func (p phrases) on(day kita.Day) string { return day.Time().Format(p.day) }

// labels of what both languages share.
const (
	labelDay   = "Datum / Date"
	labelURL   = "Adresse / Address"
	labelCode  = "Code"
	labelUntil = "Gültig bis / Valid until"
)
