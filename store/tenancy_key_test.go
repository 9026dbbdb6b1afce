package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"morgenkreis"
	"morgenkreis/kita"
	"morgenkreis/store"
	"morgenkreis/store/storetest"
)

// Columns of a kita's table that point at nothing of a kita's by a key, and why.
var pointingElsewhere = map[string]string{
	"provider_id": "above the kitas", "account_id": "a person, who can be in several kitas", "subscription_id": "of an account",
	"kita_id": "the kita itself",
}

var (
	tableOfSchema = regexp.MustCompile(`(?ms)^create table (\w+) \((.*?)^\);`)
	primaryKey    = regexp.MustCompile(`(?m)^  primary key \(([\w, ]+)\)`)
	ownKey        = regexp.MustCompile(`(?m)^  (\w+) +text primary key`)
	reference     = regexp.MustCompile(`(?m)^  (\w+) .*references (\w+) \(id\)`)
)

// Tables of a kita's whose key is the id alone, and why: in each the kita can be null.
var keyedByID = map[string]string{
	"invitations": "of an operator or a provider, some are of no kita",
	"deliveries":  "a push that tries a device is of no kita; taken by any node, whatever the kita",
	"jobs":        "of the house, some are of no kita",
	"audit":       "of the house, some lines are of no kita",
}

// What is of a kita is found by its kita and its id, and points at others of the same kita by both: so it can be split by kita, and
// no row can point at another kita's.
func TestKeysOfAKitaBeginWithIt(t *testing.T) {
	seen := 0
	for _, table := range tableOfSchema.FindAllStringSubmatch(morgenkreis.Schema, -1) {
		name, columns := table[1], table[2]
		if ofNoKita[name] != "" {
			continue
		}
		seen++
		key := primaryKey.FindStringSubmatch(columns)
		if byID := keyedByID[name] != ""; byID != ownKey.MatchString(columns) || byID == (key != nil && strings.HasPrefix(key[1], "kita_id, ")) {
			t.Errorf("the key of %s does not begin with the kita, or it need not be said that it does not", name)
		}
		for _, r := range reference.FindAllStringSubmatch(columns, -1) {
			if ofNoKita[r[2]] == "" || pointingElsewhere[r[1]] == "" && r[2] != "accounts" {
				t.Errorf("%s.%s points at %s without saying of which kita", name, r[1], r[2])
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d tables were looked at", seen)
	}
}

// twoKitas are two houses with everything in each.
type twoKitas struct{ one, other map[string]kita.ID }

func furnishTwo(t *testing.T, s *store.Store) (both twoKitas) {
	t.Helper()
	w := storetest.NewWorld(t, s)
	var rooms []map[string]kita.ID
	for _, name := range []string{"Sonne", "Mond"} {
		k := w.Kita(name)
		bears := k.Group("Bären")
		mia := bears.Child("Mia")
		mum := mia.Guardian("Ayşe")
		erik := k.Educator("Erik", bears)
		rooms = append(rooms, map[string]kita.ID{"kita": k.ID, "groups": bears.ID, "children": mia.ID, "guardians": mum.ID, "staff": erik.ID,
			"notices": kita.NewID(), "files": kita.NewID(), "recipients": kita.NewID()})
	}
	w.Live()
	for _, r := range rooms {
		store.Exec(t, s, `insert into notices (id, kita_id, kind, title, body, language, audience, confirm_wanted, state, author_id, author_name, publish_at, created_at)
values (?, ?, 'news', '', '', 'de', 'kita', false, 'published', '', '', 1, 1)`, r["notices"], r["kita"])
		store.Exec(t, s, `insert into files (id, kita_id, name, media_type, size, width, height, sum, thumb_sum, created_at) values (?, ?, '', '', 1, 1, 1, ?, '', 1)`,
			r["files"], r["kita"], r["files"])
		store.Exec(t, s, `insert into recipients (id, kita_id, notice_id, published_at) values (?, ?, ?, 1)`, r["recipients"], r["kita"], r["notices"])
	}
	return twoKitas{rooms[0], rooms[1]}
}

// pointing are inserts of a row that points at others of a kita; {table} stands for the id of one.
var pointing = map[string]string{
	"emergency_contacts": `(id, kita_id, child_id, name, phone, relation, position) values ({new}, {kita}, {children}, '', '', '', 1)`,
	"placements":         `(id, kita_id, child_id, group_id, from_day, to_day, created_at) values ({new}, {kita}, {children}, {groups}, '2020-01-01', '2020-01-02', 1)`,
	"guardian_children":  `(kita_id, guardian_id, child_id, relation, custody, may_pick_up, receives_notices, created_at) values ({kita}, {guardians}, {children}, '', true, true, true, 1)`,
	"contact_bans":       `(id, kita_id, guardian_id, child_id, reason, entered_by, entered_at) values ({new}, {kita}, {guardians}, {children}, '', '', 1)`,
	"staff_groups":       `(kita_id, staff_id, group_id) values ({kita}, {staff}, {groups})`,
	"invitations":        `(id, kita_id, guardian_id, staff_id, code_hash, created_at, expires_at) values ({new}, {kita}, {guardians}, {staff}, {new}, 1, 1)`,
	"notice_targets":     `(kita_id, notice_id, target_id) values ({kita}, {notices}, {new})`,
	"notice_versions":    `(kita_id, notice_id, version, title, body, replaced_by, replaced_at) values ({kita}, {notices}, 1, '', '', '', 1)`,
	"notice_files":       `(kita_id, notice_id, file_id, position) values ({kita}, {notices}, {files}, 1)`,
	"recipients":         `(id, kita_id, notice_id, guardian_id, staff_id, published_at) values ({new}, {kita}, {notices}, {guardians}, {staff}, 1)`,
	"recipient_children": `(kita_id, recipient_id, child_id) values ({kita}, {recipients}, {children})`,
	"deliveries":         `(id, kita_id, recipient_id, channel, service, kind, rank, due_at, expires_at, created_at) values ({new}, {kita}, {recipients}, 'email', '', 'notice', 1, 1, 1, 1)`,
	"absences":           `(id, kita_id, child_id, from_day, to_day, reason, reported_by, reporter_name, by_guardian, created_at) values ({new}, {kita}, {children}, '2020-01-01', '2020-01-02', 'sick', '', '', true, 1)`,
}

var blankToFill = regexp.MustCompile(`\{(\w+)\}`)

// fill writes the statement for a row of one kita that points, by the column of the table elsewhere, at the other's.
func (both twoKitas) fill(table, elsewhere string) (statement string, args []any) {
	statement = blankToFill.ReplaceAllStringFunc("insert into "+table+" "+pointing[table], func(blank string) string {
		switch name := strings.Trim(blank, "{}"); name {
		case "new":
			args = append(args, kita.NewID())
		case elsewhere:
			args = append(args, both.other[name])
		default:
			args = append(args, both.one[name])
		}
		return "?"
	})
	return statement, args
}

func TestNoRowPointsAtAnotherKita(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		both := furnishTwo(t, s)
		store.Exec(t, s, `delete from guardian_children`) // so that one can be written
		store.Exec(t, s, `delete from staff_groups`)
		tried := 0
		for _, table := range tableOfSchema.FindAllStringSubmatch(morgenkreis.Schema, -1) {
			name := table[1]
			keys := regexp.MustCompile(`foreign key \(kita_id, \w+\) references (\w+)`).FindAllStringSubmatch(table[2], -1)
			if (len(keys) > 0) != (pointing[name] != "") {
				t.Errorf("%s has %d keys, and there is no row to try it with, or one too many", name, len(keys))
				continue
			}
			for _, k := range keys {
				statement, args := both.fill(name, k[1])
				if err := store.Try(s, statement, args...); err == nil || !strings.Contains(strings.ToLower(err.Error()), "foreign key") {
					t.Errorf("a row of %s may point at another kita's in %s: %v", name, k[1], err)
				}
				tried++
			}
			if len(keys) > 0 {
				statement, args := both.fill(name, "")
				if err := store.Try(s, statement, args...); err != nil {
					t.Errorf("a row of %s may not point at its own kita's: %v", name, err)
				}
			}
		}
		if tried < 20 {
			t.Errorf("only %d keys were tried", tried)
		}
		// Without a kita there would be nothing to compare.
		for _, statement := range []string{
			`insert into invitations (id, guardian_id, code_hash, created_at, expires_at) values ('1', '1', '1', 1, 1)`,
			`insert into deliveries (id, recipient_id, channel, service, kind, rank, due_at, expires_at, created_at) values ('1', '1', 'email', '', 'notice', 1, 1, 1, 1)`,
		} {
			if err := store.Try(s, statement); err == nil || !strings.Contains(strings.ToLower(err.Error()), "check") {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

// A row that points at another kita's can not be carried along; it is named, and nothing has changed.
func TestMigrationNamesWhatPointsAtAnotherKita(t *testing.T) {
	emptyDatabases(t, func(t *testing.T, o store.Options) {
		s, err := open(t, o, string(file(t, "0001_baseline.sql")))
		s = opened(t, s, err)
		both := furnishTwo(t, s)
		contact := kita.NewID()
		statement, args := both.fill("emergency_contacts", "children")
		args[0] = contact
		store.Exec(t, s, statement, args...)
		before := store.Dump(t, s, "")
		closed(t, s)
		s, err = store.Open(t.Context(), o)
		if err == nil {
			closed(t, s)
			t.Fatal("it was taken")
		}
		for _, part := range []string{"emergency_contacts", "(kita_id, child_id)", fmt.Sprintf("(%s, %s)", both.one["kita"], both.other["children"])} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%v; want %s", err, part)
			}
		}
		s, err = open(t, o, string(file(t, "0001_baseline.sql")))
		s = opened(t, s, err)
		if store.Dump(t, s, "") != before {
			t.Error("rows have changed")
		}
		// As docs/operating.md says how to mend it.
		store.Exec(t, s, `delete from emergency_contacts where kita_id = ? and child_id = ?`, both.one["kita"], both.other["children"])
		closed(t, s)
		s, err = store.Open(t.Context(), o)
		closed(t, opened(t, s, err))
	})
}

// All rows of all tables come along to the newest schema.
func TestOldestDatabaseIsCarriedAlongWithAllItsRows(t *testing.T) {
	emptyDatabases(t, func(t *testing.T, o store.Options) {
		s, err := open(t, o, string(file(t, "0001_baseline.sql")))
		s = opened(t, s, err)
		both := furnishTwo(t, s)
		store.Exec(t, s, `delete from guardian_children`)
		store.Exec(t, s, `delete from staff_groups`)
		for table := range pointing {
			statement, args := both.fill(table, "")
			store.Exec(t, s, statement, args...)
		}
		rows := func(s *store.Store) []string {
			all := strings.Split(store.Dump(t, s, ""), "\n")
			return slices.DeleteFunc(all, func(row string) bool { return strings.Contains(row, "schema_version") })
		}
		before := rows(s)
		closed(t, s)
		s, err = store.Open(t.Context(), o)
		s = opened(t, s, err)
		defer closed(t, s)
		after := rows(s)
		for i, row := range after {
			after[i] = regexp.MustCompile(` turn:\d+`).ReplaceAllString(row, "") // a column that came later
		}
		if d := differences(before, after); len(d) > 0 || len(before) < 30 {
			t.Errorf("of %d rows\n%s", len(before), strings.Join(d, "\n"))
		}
	})
}

// Indexes of a kita's tables that do not begin with the kita, and why; those of the id alone (children_id and the like) are in every
// table that has an id: an address names no kita, and nor does a client that repeats what it sent.
var indexedOtherwise = map[string]string{
	"guardians_account":        "of an account: it begins with who asks",
	"staff_account":            "of an account: it begins with who asks",
	"notices_author":           "of an account: it begins with who asks",
	"recipients_feed":          "of an account: a list goes over all the kitas of whoever opens it",
	"recipients_unread":        "of an account: counted over all its kitas, and for each push of whatever kita",
	"files_sum":                "of the house: what two kitas have uploaded alike is kept once",
	"files_thumb":              "of the house: what two kitas have uploaded alike is kept once",
	"deliveries_due":           "of the queue: any node takes from it, whatever the kita",
	"deliveries_refused":       "of the house: push services that refuse it",
	"deliveries_subscription":  "of an account: a device that goes",
	"jobs_due":                 "of the clock",
	"jobs_subject":             "of the clock: one job of a kind for a subject, and the house has one that is of no kita",
	"invitations of code_hash": "of a secret: whoever holds a code says no kita",
}

// indexesOf says of each index of a database on which table it is, and its columns in order; those of keys are named by what they are of.
var indexesOf = map[string]string{
	"sqlite": `
select m.name || ' ' || case when i.origin = 'c' then i.name else m.name || ' of' end || ' ' || group_concat(c.name, ' ')
from   sqlite_master m join pragma_index_list(m.name) i join pragma_index_info(i.name) c
where  m.type = 'table' and m.name not like 'sqlite_%'
group  by m.name, i.name, i.origin`,
	"postgres": `
select t.relname || ' ' || case when k.oid is null then x.relname else t.relname || ' of' end || ' ' || string_agg(a.attname, ' ' order by n.n)
from   pg_index i
join   pg_class x on x.oid = i.indexrelid
join   pg_class t on t.oid = i.indrelid
left   join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u')
cross  join unnest(i.indkey::int[]) with ordinality as n (attnum, n)
join   pg_attribute a on a.attrelid = i.indrelid and a.attnum = n.attnum
where  t.relnamespace = current_schema()::regnamespace
group  by t.relname, x.relname, k.oid`,
}

// What is read for a kita is one range of an index, in the house of one machine and in a part of one that is split.
func TestIndexesOfAKitaBeginWithIt(t *testing.T) {
	storetest.OnEachEngine(t, func(t *testing.T, s *store.Store, _ *storetest.Clock) {
		seen, excused := 0, map[string]bool{}
		for _, line := range store.Lines(t, s, indexesOf[s.Engine()]) {
			words := strings.Fields(line)
			table, name, columns := words[0], words[1], words[2:]
			if name == table && columns[0] == "of" {
				columns = columns[1:]
				name += " of " + strings.Join(columns, " ")
			}
			if ofNoKita[table] != "" {
				continue
			}
			seen++
			alone := name == table+"_id" || keyedByID[table] != "" && name == table+" of id"
			reason := indexedOtherwise[name] != ""
			if alone {
				if len(columns) != 1 || columns[0] != "id" {
					t.Errorf("%s is on %v", name, columns)
				}
			} else if (columns[0] == "kita_id") == reason {
				t.Errorf("%s is on %v; that it does not begin with the kita is excused: %v", name, columns, reason)
			}
			excused[name] = reason
		}
		for name := range indexedOtherwise {
			if !excused[name] {
				t.Errorf("there is no index %s", name)
			}
		}
		if seen < 50 {
			t.Errorf("only %d indexes were looked at", seen)
		}
	})
}
