package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jmoiron/sqlx"

	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// What one kita of the benchmark is: 4 groups, 100 children of 80 families, 160 guardians with a phone each, 10 colleagues,
// a month of notices of which every guardian has received at least one page, and of children who were away: three anew
// each day, and of the last days a twelfth of the kita.
const (
	groupCount     = 4
	familyCount    = 80
	siblingsEvery  = 4 // every fourth family has two children, in two groups
	kitaNotices    = 18
	groupNotices   = 12
	noticesPerPage = 20
	sickEachDay    = 3
	sickNow        = 8
	sickFor        = 14 // days, of those who are away now: whenever the benchmark runs, they are
)

// template is one kita as the product itself wrote it, read back row by row: what is copied 5,000 times then has every
// column, every index entry and every length as in real life.
type template struct {
	tables []templateTable
	// kita, guardians and team (their accounts) carry the number 0; see copyOf.
	kita      kita.ID
	guardians []kita.ID
	team      []kita.ID
}

type templateTable struct {
	name    string
	columns []string
	// ids are the columns that hold ids of the template, unique the other texts that may not be there twice.
	ids, unique map[string]bool
	rows        [][]any
	// slots are, row by row, the seconds in which the row came into being, as the beginning of its id has them.
	slots []string
}

// templateTables stand in the order of their references. What the feed never reads and the house deletes after 90 days
// (deliveries, jobs) is left out.
var templateTables = []string{"accounts", "sessions", "providers", "kitas", "groups", "children", "placements", "guardians",
	"guardian_children", "contact_bans", "staff", "staff_groups", "subscriptions", "creations", "notices", "notice_targets",
	"recipients", "recipient_children", "absences", "audit"}

// uniqueTexts: no two accounts share a login, no two devices an endpoint, no two sessions a token.
var uniqueTexts = []string{"login", "token_hash", "endpoint"}

// copyOf is the id that id has in the copy of that number: 16 of the bits that tell a UUIDv7's time, so that the ids of
// all kitas lie in the order of time, as they do when 5,000 kitas live side by side.
func copyOf(id kita.ID, number int) kita.ID {
	return id[:9] + kita.ID(fmt.Sprintf("%04x", number)) + id[13:]
}

// sqlCopyOf is copyOf in SQL, of a column of c, for a row x of the numbers.
func sqlCopyOf(column string) string {
	return "substr(c." + column + ", 1, 9) || x.hex || substr(c." + column + ", 14)"
}

// writeTemplate has the product write one kita into a database of its own in folder, and reads it back.
func writeTemplate(ctx context.Context, folder string) (*template, error) {
	path := filepath.Join(folder, "template.db")
	clock := storetest.NewClock()
	clock.Set(time.Now().Add(-(kitaNotices + groupNotices + 1) * 24 * time.Hour))
	s, err := store.Open(ctx, store.Options{Path: path, Clock: clock.Now})
	if err != nil {
		return nil, err
	}
	t := &template{}
	err = t.live(ctx, s, clock)
	if err := errors.Join(err, s.Close()); err != nil {
		return nil, err
	}
	db, err := sqlx.ConnectContext(ctx, "sqlite3", "file:"+path)
	if err != nil {
		return nil, err
	}
	// Nearly everybody has read nearly everything; of the newest three notices nobody has.
	_, err = db.ExecContext(ctx, `update recipients set accepted_at = published_at + 900, shown_at = published_at + 2500,
opened_at = case when rowid % 20 = 0 or published_at > ? then null else published_at + 600000 end`, kita.At(clock.Now().Add(-60*time.Hour)))
	return t, errors.Join(err, t.read(ctx, db), db.Close())
}

// live is a month at the kita.
func (t *template) live(ctx context.Context, s *store.Store, clock *storetest.Clock) error {
	w := storetest.NewWorld(tb{}, s)
	k := w.Kita("Kita Sonnenschein")
	t.kita = k.ID
	var groups []*storetest.GroupB
	var children []kita.ID
	leader := k.Leader("Lea Leitung")
	t.team = append(t.team, *leader.AccountID, *k.Leader("Lutz Leitung").AccountID)
	for i := range groupCount {
		g := k.Group("Gruppe " + strconv.Itoa(i+1))
		groups = append(groups, g)
		t.team = append(t.team, *k.Educator("Edda Eins", g).AccountID, *k.Educator("Egon Zwei", g).AccountID)
	}
	for i := range familyCount {
		child := groups[i%groupCount].Child("Mia " + strconv.Itoa(i))
		children = append(children, child.ID)
		mother, father := child.Guardian("Maria Mutter"), child.Guardian("Peter Vater")
		if i%siblingsEvery == 0 {
			sibling := groups[(i/siblingsEvery+1)%groupCount].Child("Max " + strconv.Itoa(i))
			children = append(children, sibling.ID)
			mother.Of(sibling)
			father.Of(sibling)
		}
		if i == 1 {
			father.BannedFrom(child)
			continue
		}
		t.guardians = append(t.guardians, *mother.AccountID, *father.AccountID)
	}
	for i, account := range w.Rows().Accounts {
		w.Device(account.ID, "https://fcm.googleapis.com/fcm/send/"+strconv.Itoa(i), p256dh, auth)
	}
	w.Live()
	viewer := w.Viewer(*leader.AccountID)
	sick := func(child kita.ID, days int) error {
		today := k.Today(clock.Now())
		_, err := s.ReportAbsence(ctx, viewer, kita.Absence{ID: kita.NewID(), ChildID: child, From: today, To: today.Add(days - 1), Reason: kita.AbsenceSick})
		return err
	}
	for day := range kitaNotices + groupNotices {
		clock.Advance(24 * time.Hour)
		for i := range sickEachDay {
			if err := sick(children[(day*sickEachDay+i)%len(children)], 3); err != nil { // so that one of them is no weekend
				return err
			}
		}
		n := kita.Notice{ID: kita.NewID(), KitaID: k.ID, Kind: kita.NoticeNews, Title: "Ausflug in den Wald", Body: noticeText,
			Language: "de", AudienceKind: kita.AudienceKita}
		if day%5 > 2 {
			n.Kind, n.AudienceKind, n.Targets = kita.NoticeDaily, kita.AudienceGroups, []kita.ID{groups[(day+day/5)%groupCount].ID}
		}
		if _, _, err := s.CreateNotice(ctx, viewer, n); err != nil {
			return err
		}
	}
	for i := range sickNow {
		if err := sick(children[i*len(children)/sickNow], sickFor); err != nil {
			return err
		}
	}
	for _, account := range t.guardians {
		w.SignIn(account)
	}
	return nil
}

// A key of a browser's, and what a notice says.
const (
	p256dh                   = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
	auth                     = "BTBZMqHH6r4Tts7J_aSIgg"
	noticeText kita.Markdown = `Liebe Eltern,

**morgen** gehen wir mit allen Kindern in den Wald. Bitte gebt ihnen mit:

- Gummistiefel und Matschhose
- eine Brotzeit und etwas zu trinken
- einen Sonnenhut, falls die Sonne doch noch kommt

Wir sind um drei Uhr zurück. Wer sein Kind früher abholen muss, sagt bitte bis neun Uhr Bescheid.

Euer Team`
)

// read takes over the rows of db, each id given a time of its own row and the number 0.
func (t *template) read(ctx context.Context, db *sqlx.DB) error {
	renamed := map[string]string{}
	for _, name := range templateTables {
		table := templateTable{name: name, ids: map[string]bool{}, unique: map[string]bool{}}
		rows, err := db.QueryxContext(ctx, "select * from "+name+" order by 1")
		if err != nil {
			return err
		}
		if table.columns, err = rows.Columns(); err != nil {
			return err
		}
		for rows.Next() {
			row, err := rows.SliceScan()
			if err != nil {
				return err
			}
			if table.columns[0] == "id" {
				rename(renamed, row[0].(string), bornAt(table.columns, row))
			}
			table.rows = append(table.rows, row)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
		table.rewrite(renamed)
		t.tables = append(t.tables, table)
	}
	t.kita = kita.ID(renamed[string(t.kita)])
	for _, accounts := range [][]kita.ID{t.guardians, t.team} {
		for i, a := range accounts {
			accounts[i] = kita.ID(renamed[string(a)])
		}
	}
	return nil
}

// bornAt is when a row came into being, in milliseconds.
func bornAt(columns []string, row []any) int64 {
	for _, name := range []string{"published_at", "created_at", "entered_at", "at"} {
		if i := slices.Index(columns, name); i >= 0 {
			return row[i].(int64)
		}
	}
	return time.Now().UnixMilli()
}

// rename gives old the time at and the number 0; its chance stays.
func rename(renamed map[string]string, old string, at int64) {
	renamed[old] = fmt.Sprintf("%08x-0000", at>>16) + old[13:]
}

func (t *templateTable) rewrite(renamed map[string]string) {
	for _, row := range t.rows {
		for i, value := range row {
			text, is := value.(string)
			if fresh, known := renamed[text]; is && known {
				row[i] = fresh
				t.ids[t.columns[i]] = true
			}
		}
		leading := slices.IndexFunc(t.columns, func(c string) bool { return c == "id" || c == "recipient_id" || c == "notice_id" })
		slot := ""
		if leading >= 0 {
			slot = row[leading].(string)[:8]
		}
		t.slots = append(t.slots, slot)
	}
	for _, name := range uniqueTexts {
		t.unique[name] = slices.Contains(t.columns, name)
	}
}

// tb lets the builder of the tests work here: what would end a test ends the benchmark.
type tb struct{ testing.TB }

func (tb) Helper() {}

func (tb) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
