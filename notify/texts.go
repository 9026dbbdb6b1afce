package notify

import (
	"strings"

	"morgenkreis/kita"
	"morgenkreis/store"
)

// words are what the house itself says on a lock screen and in an e-mail, in one language. {kita} and {group} are filled in.
type words struct {
	corrected, confirm string
	fromKita           string
	absence            string
	absenceOff         string
	absenceText        string
	test, testText     string
	greeting, closing  string
	readOnline         string
	resetSubject       string
	resetText          string
}

var vocabulary = map[string]*words{
	"de": {
		corrected: "Korrigiert: ", confirm: "Bitte bestätigen: ", fromKita: "Neue Nachricht von {kita}",
		absence: "Neue Abwesenheit", absenceOff: "Abwesenheit zurückgezogen", absenceText: "Gruppe {group}", test: "Es klappt!", testText: "So kommen Nachrichten der Kita bei Ihnen an.",
		greeting: "Guten Tag {name},", closing: "Diese E-Mail kommt, weil die Nachricht auf keinem Gerät angezeigt wurde.",
		readOnline: "In der App lesen:", resetSubject: "Neues Passwort für Morgenkreis",
		resetText: "mit diesem Link wählen Sie ein neues Passwort; er gilt zwei Stunden und nur einmal:\n\n{link}\n\nSie haben das nicht angefordert? Dann ist nichts weiter zu tun.",
	},
	"en": {
		corrected: "Corrected: ", confirm: "Please confirm: ", fromKita: "New message from {kita}",
		absence: "New absence", absenceOff: "Absence withdrawn", absenceText: "Group {group}", test: "It works!", testText: "This is how messages from the kita will reach you.",
		greeting: "Hello {name},", closing: "You get this e-mail because the message was not shown on any device.",
		readOnline: "Read it in the app:", resetSubject: "A new password for Morgenkreis",
		resetText: "with this link you choose a new password; it is good for two hours, and once:\n\n{link}\n\nYou did not ask for it? Then there is nothing more to do.",
	},
	"tr": {
		corrected: "Düzeltildi: ", confirm: "Lütfen onaylayın: ", fromKita: "{kita} tarafından yeni mesaj",
		absence: "Yeni devamsızlık", absenceOff: "Devamsızlık geri alındı", absenceText: "Grup {group}", test: "Çalışıyor!", testText: "Kreşin mesajları size böyle ulaşacak.",
		greeting: "Merhaba {name},", closing: "Bu e-postayı, mesaj hiçbir cihazda gösterilmediği için alıyorsunuz.",
		readOnline: "Uygulamada okuyun:", resetSubject: "Morgenkreis için yeni şifre",
		resetText: "bu bağlantı ile yeni bir şifre seçebilirsiniz; iki saat ve yalnızca bir kez geçerlidir:\n\n{link}\n\nBunu siz istemediyseniz bir şey yapmanız gerekmez.",
	},
	"uk": {
		corrected: "Виправлено: ", confirm: "Будь ласка, підтвердьте: ", fromKita: "Нове повідомлення від {kita}",
		absence: "Нова відсутність", absenceOff: "Відсутність скасовано", absenceText: "Група {group}", test: "Працює!", testText: "Так надходитимуть повідомлення від дитячого садка.",
		greeting: "Вітаємо, {name}!", closing: "Ви отримали цей лист, бо повідомлення не було показано на жодному пристрої.",
		readOnline: "Прочитати в застосунку:", resetSubject: "Новий пароль для Morgenkreis",
		resetText: "за цим посиланням ви оберете новий пароль; воно діє дві години й лише один раз:\n\n{link}\n\nВи цього не просили? Тоді нічого робити не треба.",
	},
	"ar": {
		corrected: "تصحيح: ", confirm: "يرجى التأكيد: ", fromKita: "رسالة جديدة من {kita}",
		absence: "غياب جديد", absenceOff: "أُلغي الغياب", absenceText: "المجموعة {group}", test: "يعمل!", testText: "هكذا تصلك رسائل الروضة.",
		greeting: "مرحبًا {name}،", closing: "تصلك هذه الرسالة لأن الإشعار لم يظهر على أي جهاز.",
		readOnline: "اقرأها في التطبيق:", resetSubject: "كلمة مرور جديدة لـ Morgenkreis",
		resetText: "بهذا الرابط تختار كلمة مرور جديدة؛ وهو صالح لمدة ساعتين ولمرة واحدة:\n\n{link}\n\nلم تطلب ذلك؟ إذن لا داعي لفعل أي شيء.",
	},
	"ru": {
		corrected: "Исправлено: ", confirm: "Пожалуйста, подтвердите: ", fromKita: "Новое сообщение от {kita}",
		absence: "Новое отсутствие", absenceOff: "Отсутствие отменено", absenceText: "Группа {group}", test: "Работает!", testText: "Так будут приходить сообщения детского сада.",
		greeting: "Здравствуйте, {name}!", closing: "Вы получили это письмо, потому что сообщение не было показано ни на одном устройстве.",
		readOnline: "Прочитать в приложении:", resetSubject: "Новый пароль для Morgenkreis",
		resetText: "по этой ссылке вы выберете новый пароль; она действует два часа и один раз:\n\n{link}\n\nВы этого не просили? Тогда ничего делать не нужно.",
	},
}

func wordsIn(language string) *words {
	if w, ok := vocabulary[language]; ok {
		return w
	}
	return vocabulary["de"]
}

// notification writes what the lock screen shows of a delivery: as much as the notice's discretion and the kita's own
// setting allow.
func (d *Dispatcher) notification(one store.Delivery) Notification {
	w := wordsIn(one.Language)
	n := Notification{Lang: one.Language, Badge: uint(max(0, one.Unread)), Receipt: d.Receipts.Sign(one.ID), Tag: Topic(topicOf(one)),
		Silent: !one.Sound.Allows(one.NoticeKind == kita.NoticeUrgent)}
	switch one.Kind {
	case "test":
		n.Title, n.Text, n.Kind, n.Navigate = w.test, w.testText, "test", d.link("/settings")
	case "absence":
		n.Title, n.Kind, n.Navigate = w.absence, "absence", d.link("/today")
		if one.Withdrawn {
			n.Title, n.Corrected = w.absenceOff, true
		}
		if one.GroupName != "" {
			n.Text = fill(w.absenceText, "group", one.GroupName)
		}
	default:
		d.tell(&n, one, w)
	}
	return n
}

// tell puts a notice into n.
func (d *Dispatcher) tell(n *Notification, one store.Delivery, w *words) {
	n.Kind, n.Navigate = string(one.NoticeKind), d.link("/n/"+string(*one.NoticeID))
	discretion := one.Discretion
	if one.TitleOnly {
		discretion = max(discretion, kita.ShowTitle)
	}
	if discretion == kita.ShowKind {
		n.Title, n.Kind = fill(w.fromKita, "kita", one.KitaName), ""
	} else {
		n.Title, n.Lang = one.Title, one.NoticeLang
	}
	if discretion == kita.ShowText {
		n.Text = one.Excerpt
	}
	switch {
	case one.Kind == "reminder":
		n.Title, n.Corrected = w.confirm+n.Title, true
	case one.Corrected:
		n.Title, n.Corrected = w.corrected+n.Title, true
	}
}

func (d *Dispatcher) link(path string) string { return d.BaseURL.JoinPath(path).String() }

func fill(s string, args ...string) string {
	for i := 0; i+1 < len(args); i += 2 {
		s = strings.ReplaceAll(s, "{"+args[i]+"}", args[i+1])
	}
	return s
}
