package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
)

// names are first names that occur nowhere else.
var names = []string{"Xylanthe", "Quirinus", "Zorana-Yvette", "Ünsalya", "Wanjiku Amara", "Þórdís"}

// ailments speak of health, each in its own way.
func ailments() []string {
	words := []string{"krank", "Läuse", "ansteckend", "Durchfall", "Medikament", "sick ", "head lice", "Allergie"}
	for _, i := range kita.Illnesses {
		words = append(words, i.German, i.English)
	}
	return words
}

func TestNoChildsNameAndNothingAboutHealthLeavesTheHouse(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			h := sqliteHouse(t)
			discreet(h, rand.New(rand.NewPCG(seed, 3)), seed == 2)
		})
	}
}

func discreet(h *house, rnd *rand.Rand, titleOnly bool) {
	pick := func(of []string) string { return of[rnd.IntN(len(of))] }
	d := h.phone(h.papa.AccountID)
	for _, name := range names {
		h.bears.Child(name)
	}
	h.Rows().Kitas[0].TitleOnly = titleOnly
	h.Live()

	harmless := []string{"Ausflug in den Wald", "Morgen ist Waffeltag", "Bitte Gummistiefel", "Der Fotograf kommt am Freitag"}
	// line is a sentence, and the words in it that must not be seen outside.
	line := func() (text string, secrets []string) {
		text = pick(harmless)
		switch rnd.IntN(4) {
		case 0:
			name := pick(names)
			text += " mit " + name + pick([]string{"", "s Mama", ", ", "!", "'s Eltern", "\n", "-Gruppe"}) + " heute"
			secrets = strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == '-' })
		case 1:
			word := pick(ailments())
			text += ": " + word + " in der Gruppe"
			secrets = []string{strings.TrimSpace(word)}
		}
		return text, secrets
	}
	type post struct{ title, body []string }
	posts := map[string]post{} // by topic
	for range 60 {
		title, inTitle := line()
		body, inBody := line()
		n := h.post(kita.NoticeKinds[rnd.IntN(len(kita.NoticeKinds))], func(n *kita.Notice) {
			n.Title, n.Body = strings.ReplaceAll(title, "\n", " "), kita.Markdown(pick([]string{"**", "# ", "- ", ""})+body)
			if rnd.IntN(5) == 0 {
				n.AudienceKind, n.Targets = kita.AudienceChildren, []kita.ID{h.mia.ID}
				inTitle = append(inTitle, n.Title)
			}
			if n.Kind == kita.NoticeIllness {
				inTitle = append(inTitle, n.Title)
			}
		})
		posts[Topic(n.ID)] = post{inTitle, inBody}
		if rnd.IntN(3) == 0 {
			h.clock.Advance(time.Second)
			h.correct(n.ID, n.Title, true)
		}
	}
	h.drain()
	got := d.Accepted()
	if len(got) != len(posts) {
		h.Fatalf("%d pushes of %d notices", len(got), len(posts))
	}
	shown := 0
	for _, m := range got {
		p, n := posts[m.Topic], h.read(m).Notification
		// What is drawn by lot says nothing, whatever letters it falls on.
		seen := strings.NewReplacer(n.Tag, "", n.Data.Receipt, "", n.Navigate, "").Replace(string(m.Plaintext))
		for _, secret := range append(p.title, p.body...) {
			if strings.Contains(strings.ToLower(seen), strings.ToLower(secret)) {
				h.Errorf("%q is in %s", secret, seen)
			}
		}
		switch {
		case len(p.title) > 0:
			if !strings.HasSuffix(n.Title, "Neue Nachricht von Sonnenschein") || n.Body != "" || n.Data.Kind != "" {
				h.Errorf("of a discreet notice is shown %+v", n)
			}
		case len(p.body) > 0 || titleOnly:
			if n.Body != "" || strings.Contains(n.Title, "Neue Nachricht") {
				h.Errorf("of a notice with a discreet text is shown %+v", n)
			}
		default:
			shown++
			if n.Body == "" {
				h.Errorf("a harmless notice is kept back: %+v", n)
			}
		}
	}
	if (shown == 0) != titleOnly {
		h.Errorf("%d are shown with their text", shown)
	}
}

func TestLogHoldsNoNamesNoTextsAndNoEndpoints(t *testing.T) {
	var log lockedBuffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	defer slog.SetDefault(before)

	h := sqliteHouse(t)
	const token = "dGhpc19pc19hX3NlY3JldF9lbmRwb2ludF90b2tlbg"
	// A service that repeats in its answer whom it was asked for.
	chatty := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, `{"error":"token %s of http://%s%s is not for this key"}`, token, r.Host, r.URL.Path)
	}))
	defer chatty.Close()
	var o *office
	h.mailer = h.postOffice(func(p *office, _ *MailConfig) {
		o = p
		p.rcpt = func(to string) error {
			return &smtp.SMTPError{Code: 451, Message: "greylisted: " + to}
		}
	})
	good := h.phone(h.papa.AccountID)
	h.Device(*h.mama.AccountID, chatty.URL+"/wp/"+token, good.P256dh(), good.Auth())
	h.Device(*h.mama.AccountID, "https://elsewhere.example/"+token, good.P256dh(), good.Auth())
	h.papa.Email("papa.kanarienvogel@example.org")
	h.Live()
	good.Always(pushtest.Answer{Status: 500})
	secrets := []string{token, "Papa", "Mama", "Mia", "Kanarientitel", "Kanarientext", "kanarienvogel", good.Endpoint, good.P256dh(), good.Auth(), "Muster", "elsewhere"}
	n := h.post(kita.NoticeUrgent, func(n *kita.Notice) { n.Title, n.Body = "Kanarientitel", "Kanarientext" })
	s := &shaky{Store: h.s}
	s.completions.Store(1)
	s.questions.Store(1)
	s.claims.Store(1)
	d := h.dispatcherOn(s)
	d.Sweep = func(context.Context) error { return errors.New("the folder is away") }
	h.must(h.s.SystemScheduleRetention(h.Context()))
	for range 20 {
		d.Drain(h.Context())
		h.clock.Advance(time.Minute)
	}
	h.keeps("after all that")
	said := log.String()
	for _, expected := range []string{"a push service refuses us", "an e-mail could not be sent", "outcomes can not be written", "still wanted", "can not be claimed", "a job failed"} {
		if !strings.Contains(said, expected) {
			h.Errorf("the log does not say %q", expected)
		}
	}
	for _, secret := range secrets {
		if strings.Contains(said, secret) {
			h.Errorf("the log holds %q", secret)
		}
	}
	if strings.Count(said, "a push service refuses us") > 2 || o.tried() == 0 {
		h.Errorf("one wrong key fills the log, or %d e-mails were tried", o.tried())
	}
	if h.outcomes(n.ID, store.ChannelPush)["misconfigured"] != 1 {
		h.Error("nothing was refused")
	}
	if h.Failed() {
		h.Log(said)
	}
}

// lockedBuffer takes what several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestWordsThatCouldBeTokensAreKeptOutOfTheLog(t *testing.T) {
	for said, kept := range map[string]string{
		"": "", "BadJwtToken": "BadJwtToken", `{"reason":"VapidPkHashMismatch"}`: `{"reason":"VapidPkHashMismatch"}`,
		"no such token: cXdlcnR5dWlvcGFzZGZnaGprbHo": "no such token: ...",
		"https://push.example/wp/abcdef":             "...",
		`"a","bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"`:     `"a","..."`,
	} {
		if got := withoutTokens(said); got != kept {
			t.Errorf("%q: %q, want %q", said, got, kept)
		}
	}
}
