package storetest

import (
	"regexp"
	"strings"

	"github.com/jmoiron/sqlx"

	"morgenkreis"
	"morgenkreis/store"
	"morgenkreis/store/internal/unnarrowed"
)

// WithoutWall has a store on PostgreSQL do without row-level security, to see what it costs.
func WithoutWall(o store.Options) store.Options {
	o.Unnarrowed = &unnarrowed.Switch{NoWall: true}
	return o
}

// Unnarrowed has a store take the viewer out of what it reads for viewers while off(true) was said: whatever asks for an
// account asks for any, and what a ban, a role or a date takes away is not taken away. What is left is the second wall, or
// nothing when wall is false. The views that the statements go through are opened by OpenViews.
func Unnarrowed(o store.Options, wall bool) (_ store.Options, off func(bool)) {
	s := &unnarrowed.Switch{Statement: withoutViewer, NoWall: !wall}
	o.Unnarrowed = s
	return o, s.Set
}

// The conditions that narrow a statement to its viewer, as they are written in package store. kept are those that take
// something away from whom they find (a ban, a child in common): they find nobody any more. The others find everybody.
var (
	kept      = regexp.MustCompile(`\b(x|bg|me|mg)\.account_id = (\?|[rg]\.account_id)`)
	ownGroups = regexp.MustCompile(`sg\.staff_id = s\.id`)
	narrowing = []*regexp.Regexp{
		regexp.MustCompile(`\ba\.id = \? and a\.operator`),
		regexp.MustCompile(`\b(?:\w+\.)?(?:account_id|author_id) = \?`),
		regexp.MustCompile(`\b(?:g|s|m|n)\.(?:account_id|author_id) = (?:r|s|f)\.account_id`),
		regexp.MustCompile(`\b\w+\.until_day >= \?`),
		regexp.MustCompile(`\bs\.role = 'leader'`),
		regexp.MustCompile(`\br\.(?:role|through) = '\w+'`),
		regexp.MustCompile(`\bm\.through = (?:\?|'leader')`),
		regexp.MustCompile(`\br\.through in \('leader', '\w+'\)`),
		regexp.MustCompile(`\br\.through <> 'guardian'`),
	}
	plainRole = regexp.MustCompile(`\b(r\.cares|m\.health = 1)\b`)
)

func withoutViewer(statement string) string {
	// Every ? stays where it is: the arguments are not touched.
	statement = kept.ReplaceAllString(statement, "($0 and false)")
	for _, n := range narrowing {
		statement = n.ReplaceAllStringFunc(statement, func(condition string) string {
			return "(" + condition + " or true)"
		})
	}
	statement = ownGroups.ReplaceAllString(statement, "($0 or true)")
	return plainRole.ReplaceAllString(statement, "($0 or true)")
}

// openViews are the views of the schema as they would be if they narrowed nothing: everybody reaches every child in every
// way, speaks for every provider, works with every group, and is banned from nobody.
const openViews = `
create or replace view reach as
select a.id as account_id, c.kita_id as kita_id, c.id as child_id, t.through as through, '9999-12-31' as until_day, true as cares
from accounts a cross join children c cross join (values ('leader'), ('educator'), ('guardian')) t (through);
create or replace view staff_reach as
select a.id as account_id, g.kita_id as kita_id, g.id as group_id, 'leader' as role, true as cares from accounts a cross join groups g;
create or replace view speakers as select p.id as provider_id, a.id as account_id from providers p cross join accounts a;
create or replace view barred as select a.id as account_id, a.id as kita_id, a.id as child_id from accounts a where false;
create or replace view barred_people as select a.id as account_id, a.id as kita_id, a.id as guardian_id from accounts a where false;
create or replace view told as
select gc.kita_id as kita_id, gc.guardian_id as guardian_id, gc.child_id as child_id, g.account_id as account_id
from guardian_children gc join guardians g on g.id = gc.guardian_id`

var views = regexp.MustCompile(`(?ms)^create view \w+ as.*?;`)

// OpenViews has the views of a PostgreSQL database narrow nothing; CloseViews makes them again what they are.
func OpenViews(db *sqlx.DB) error {
	_, err := db.Exec(openViews)
	return err
}

// CloseViews is said at OpenViews.
func CloseViews(db *sqlx.DB) error {
	all := views.FindAllString(morgenkreis.Schema, -1)
	_, err := db.Exec(strings.ReplaceAll(strings.Join(all, "\n"), "create view", "create or replace view"))
	return err
}
