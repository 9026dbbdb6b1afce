package notify

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/notify/pushtest"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	storetest.Main(m)
}

// house is a kita with what leaves it: a real store, a real push service, and a dispatcher between them. Mia (bears) has
// Mama and Papa, Ben (bees) has Mama and Oma, who has no account; Lea leads, Anna works with the bears.
type house struct {
	*testing.T
	*storetest.World
	s       *store.Store
	clock   *storetest.Clock
	raw     *sqlx.DB // to look at rows, and never to write
	options store.Options
	service *pushtest.Service

	k           *storetest.KitaB
	bears, bees *storetest.GroupB
	mia, ben    *storetest.ChildB
	mama, papa  *storetest.GuardianB
	oma         *storetest.GuardianB
	lea, anna   *storetest.StaffB
	phones      map[kita.ID][]*pushtest.Device
	named       map[string]*kita.ID
	client      *http.Client
	mailer      *Mailer
	receipts    Receipts
	observed    func(channel, service, outcome string, took time.Duration)
	inFlight    int
}

// onEachHouse runs f once on SQLite and once on PostgreSQL. Nothing is written before Live.
func onEachHouse(t *testing.T, f func(h *house)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { f(sqliteHouse(t)) })
	t.Run("postgres", func(t *testing.T) { f(postgresHouse(t)) })
}

func sqliteHouse(t *testing.T) *house {
	path := filepath.Join(t.TempDir(), "morgenkreis.db")
	return newHouse(t, store.Options{Path: path}, "sqlite3", "file:"+path+"?_query_only=on")
}

func postgresHouse(t *testing.T) *house {
	address := storetest.ReadyURL(t)
	return newHouse(t, store.Options{URL: address}, "pgx", address+"&default_transaction_read_only=on")
}

func newHouse(t *testing.T, o store.Options, driver, address string) *house {
	t.Helper()
	h := &house{T: t, clock: storetest.NewClock(), phones: map[kita.ID][]*pushtest.Device{}, named: map[string]*kita.ID{}}
	o.Clock, o.NewID = h.clock.Now, kita.NewID
	var err error
	h.options = o
	if h.s, err = store.Open(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.must(h.s.Close()) })
	if h.raw, err = sqlx.Connect(driver, address); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.must(h.raw.Close()) })
	h.service = pushtest.New(t, pushtest.Options{Clock: h.clock.Now})
	h.client = Guard{AllowLoopback: true}.Client()
	if h.receipts, err = NewReceipts(bytes.Repeat([]byte("k"), 32)); err != nil {
		t.Fatal(err)
	}
	h.World = storetest.NewWorld(t, h.s)
	h.k = h.Kita("Sonnenschein")
	h.bears, h.bees = h.k.Group("Bären"), h.k.Group("Bienen")
	h.mia, h.ben = h.bears.Child("Mia"), h.bees.Child("Ben")
	h.mama, h.papa = h.mia.Guardian("Mama").Of(h.ben), h.mia.Guardian("Papa")
	h.oma = h.k.GuardianOf(nil, "Oma").Of(h.ben)
	h.lea, h.anna = h.k.Leader("Lea"), h.k.Educator("Anna", h.bears)
	return h
}

func (h *house) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

// phone gives an account a device at the house's push service.
func (h *house) phone(account *kita.ID) *pushtest.Device { return h.phoneAt(h.service, account) }

func (h *house) phoneAt(service *pushtest.Service, account *kita.ID) *pushtest.Device {
	d := service.Subscribe(testKeys.Public)
	h.Device(*account, d.Endpoint, d.P256dh(), d.Auth())
	h.phones[*account] = append(h.phones[*account], d)
	return d
}

// parent adds a guardian of Ben with a phone, to be found by name.
func (h *house) parent(name string) *pushtest.Device {
	h.named[name] = h.ben.Guardian(name).AccountID
	return h.phone(h.named[name])
}

// edit changes an account before it is written.
func (h *house) edit(account *kita.ID, f func(*kita.Account)) {
	rows := h.Rows()
	for i := range rows.Accounts {
		if rows.Accounts[i].ID == *account {
			f(&rows.Accounts[i])
		}
	}
}

func (h *house) sender() *Sender {
	h.Helper()
	s, err := NewSender(testKeys, testSubject, h.client, kita.EndpointHosts{AllowLoopback: true}, h.clock.Now)
	h.must(err)
	return s
}

// dispatcher is made anew for each use: what it has to know is in the database.
func (h *house) dispatcher() *Dispatcher { return h.dispatcherOn(h.s) }

func (h *house) dispatcherOn(o Outbox) *Dispatcher {
	base, err := url.Parse("https://kita.example")
	h.must(err)
	return NewDispatcher(Options{Outbox: o, Sender: h.sender(), Receipts: h.receipts, Mailer: h.mailer, BaseURL: base,
		InFlight: h.inFlight, Observe: h.observed})
}

func (h *house) drain() {
	h.Helper()
	h.dispatcher().Drain(h.Context())
}

// after lets time pass and does what is due then.
func (h *house) after(d time.Duration) {
	h.Helper()
	h.clock.Advance(d)
	h.drain()
}

// draft is a notice to the whole kita.
func (h *house) draft(kind kita.NoticeKind, change ...func(*kita.Notice)) kita.Notice {
	n := kita.Notice{ID: kita.NewID(), KitaID: h.k.ID, Kind: kind, Title: "Ausflug in den Wald", Body: "Bitte **Gummistiefel** mitbringen.",
		Language: "de", AudienceKind: kita.AudienceKita}
	for _, f := range change {
		f(&n)
	}
	return n
}

// post publishes a draft as the leader.
func (h *house) post(kind kita.NoticeKind, change ...func(*kita.Notice)) kita.Notice {
	h.Helper()
	n, _, err := h.s.CreateNotice(h.Context(), h.Viewer(*h.lea.AccountID), h.draft(kind, change...))
	h.must(err)
	return n
}

func (h *house) correct(id kita.ID, title string, announce bool) kita.Notice {
	h.Helper()
	n, err := h.s.CorrectNotice(h.Context(), h.Viewer(*h.lea.AccountID), id, store.Correction{Title: &title, Announce: announce})
	h.must(err)
	return n
}

func (h *house) open(account *kita.ID, notice kita.ID) {
	h.Helper()
	_, err := h.s.MarkOpened(h.Context(), h.Viewer(*account), notice)
	h.must(err)
}

// told is what a device reads of a push.
type told struct {
	WebPush      int `json:"web_push"`
	Notification struct {
		Title, Body, Lang, Dir, Tag, Navigate string
		Renotify, Silent                      bool
		Data                                  struct {
			URL, Receipt, Kind string
			Corrected          bool
		}
	} `json:"notification"`
	AppBadge int `json:"app_badge"`
}

func (h *house) read(m pushtest.Message) (p told) {
	h.Helper()
	h.must(m.Err)
	h.must(json.Unmarshal(m.Plaintext, &p))
	return p
}

// titles are what a device was shown, in order.
func (h *house) titles(d *pushtest.Device) []string {
	h.Helper()
	titles := []string{}
	for _, m := range d.Accepted() {
		titles = append(titles, h.read(m).Notification.Title)
	}
	return titles
}

// shows has a device say that it showed what it got last.
func (h *house) shows(d *pushtest.Device) {
	h.Helper()
	got := d.Accepted()
	if len(got) == 0 {
		h.Fatal("the device got nothing that it could show")
	}
	id, err := h.receipts.Verify(h.read(got[len(got)-1]).Notification.Data.Receipt)
	h.must(err)
	h.must(h.s.SystemShown(h.Context(), id))
}

// standing is where a recipient stands: state, and trouble after a slash.
func standing(r kita.Recipient) string {
	return strings.TrimSuffix(string(r.State)+"/"+string(r.Trouble), "/")
}

// ledger is where everybody stands with a notice, by first name; it checks that the counts say the same.
func (h *house) ledger(notice kita.ID) map[string]string {
	h.Helper()
	lea := h.Viewer(*h.lea.AccountID)
	page, err := h.s.Recipients(h.Context(), lea, notice, store.RecipientFilter{PageRequest: store.PageRequest{Limit: 100}})
	h.must(err)
	people, counts := map[string]string{}, map[kita.RecipientState]int{}
	for _, r := range page.Items {
		people[strings.Fields(r.Name)[0]] = standing(r)
		counts[r.State]++
	}
	posted, err := h.s.NoticePosted(h.Context(), lea, notice)
	h.must(err)
	sum := 0
	for state, n := range posted.Ledger.By {
		sum += n
		if counts[state] != n {
			h.Errorf("the ledger counts %d %s, and lists %d", n, state, counts[state])
		}
	}
	if sum != posted.Ledger.Recipients || sum != len(page.Items) {
		h.Errorf("the ledger sums to %d, of %d recipients, %d of them listed", sum, posted.Ledger.Recipients, len(page.Items))
	}
	return people
}

// stands fails unless everybody named stands where it says.
func (h *house) stands(notice kita.ID, want map[string]string) {
	h.Helper()
	got := h.ledger(notice)
	for who, where := range want {
		if got[who] != where {
			h.Errorf("%s stands at %q, want %q", who, got[who], where)
		}
	}
}

// count answers a question about the rows.
func (h *house) count(question string, args ...any) (n int) {
	h.Helper()
	h.must(h.raw.GetContext(h.Context(), &n, h.raw.Rebind(question), args...))
	return n
}

// lost are the rows that break a promise of the ledger, each of which must be true at any moment.
var lost = []struct{ promise, rows string }{
	{"who waits has a push on its way, or somebody will look after them", `
select count(*) from recipients r where r.accepted_at is null and r.shown_at is null and r.opened_at is null and r.confirmed_at is null
and r.emailed_at is null and r.call_listed_at is null and not r.withdrawn
and not exists (select 1 from deliveries d where d.recipient_id = r.id and d.finished_at is null)
and not exists (select 1 from jobs j where j.kind = 'escalate' and j.subject_id = r.notice_id and j.finished_at is null)`},
	{"who was only sent a push is looked after", `
select count(*) from recipients r where r.accepted_at is not null and r.shown_at is null and r.opened_at is null
and r.emailed_at is null and r.call_listed_at is null and not r.withdrawn
and not exists (select 1 from deliveries d where d.recipient_id = r.id and d.channel = 'email' and d.finished_at is null)
and not exists (select 1 from jobs j where j.kind = 'escalate' and j.subject_id = r.notice_id and j.finished_at is null)`},
	{"accepted is who a push was accepted for", `
select count(*) from recipients r where r.accepted_at is not null
and not exists (select 1 from deliveries d where d.recipient_id = r.id and d.channel = 'push' and d.outcome = 'accepted')`},
	{"e-mailed is who an e-mail was accepted for", `
select count(*) from recipients r where r.emailed_at is not null
and not exists (select 1 from deliveries d where d.recipient_id = r.id and d.channel = 'email' and d.outcome = 'accepted')`},
	{"whose push was accepted is accepted, unless it was announced anew", `
select count(*) from recipients r join notices n on n.id = r.notice_id
where r.accepted_at is null and n.corrected_at is null
and exists (select 1 from deliveries d where d.recipient_id = r.id and d.channel = 'push' and d.outcome = 'accepted')`},
	{"who has no device has none", `
select count(*) from recipients r where r.trouble = 'no_device'
and exists (select 1 from subscriptions s where s.account_id = r.account_id)`},
	{"whose deliveries all failed is in trouble", `
select count(*) from recipients r where r.trouble = '' and r.accepted_at is null and r.opened_at is null and not r.withdrawn
and exists (select 1 from deliveries d where d.recipient_id = r.id and d.channel = 'push' and d.outcome in ('gone', 'failed', 'expired', 'misconfigured'))
and not exists (select 1 from deliveries d where d.recipient_id = r.id and d.channel = 'push' and (d.finished_at is null or d.outcome = 'cancelled'))
and not exists (select 1 from subscriptions s where s.account_id = r.account_id and s.created_at > r.published_at)`},
	{"what is finished has an outcome, and nothing else has", `
select count(*) from deliveries where (finished_at is null) <> (outcome = '')`},
	{"nothing finished is held", `
select count(*) from deliveries where finished_at is not null and leased_until > 0 and outcome <> 'cancelled'`},
	{"a device is gone only after 404 or 410", `
select count(*) from deliveries where outcome = 'gone' and status not in (0, 404, 410)`},
}

// keeps checks all of the above.
func (h *house) keeps(when string) {
	h.Helper()
	for _, l := range lost {
		if n := h.count(l.rows); n > 0 {
			h.Errorf("%s: %d break %q", when, n, l.promise)
		}
	}
}

// pushes are what the rows say became of the pushes of a notice: outcome to number, "" for those still to go.
func (h *house) outcomes(notice kita.ID, channel string) map[string]int {
	h.Helper()
	var rows []struct {
		Outcome string `db:"outcome"`
		N       int    `db:"n"`
	}
	h.must(h.raw.SelectContext(h.Context(), &rows, h.raw.Rebind(`select d.outcome as outcome, count(*) as n from deliveries d
join recipients r on r.id = d.recipient_id where r.notice_id = ? and d.channel = ? group by 1`), notice, channel))
	of := map[string]int{}
	for _, r := range rows {
		of[r.Outcome] = r.N
	}
	return of
}

func sorted(s ...string) []string { slices.Sort(s); return s }

func splitLines(s string) []string { return strings.Split(s, "\n") }
