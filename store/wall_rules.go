package store

import "strings"

// What the second wall holds, table by table: the table "who sees what" of the design once more, and on purpose not by way
// of the views reach, told, staff_reach, barred and speakers nor of any statement of this package. Where one of those
// forgets somebody, these do not.
//
// A rule is asked for every row that a statement looks at, so it is made of comparisons with sets that are worked out once
// in a transaction. The sets are small: a leader's child is known by its kita, and not by a list of all the kita's
// children. "in {led}" and "not in {led}" ask the set of that name. What a statement costs begins with how much there is of
// its plan, before it has read a row, and every rule is in it once for every time that its table is, rules of rules included:
// a rule asks another table only where it must, and the sets that most rules ask are held (wallSet).

// wallSet is what answers ids. {me} is the account that asks, {today} the day where it is. It is worked out with the rights
// of the owner, so that it sees what decides, whoever asks: when a transaction goes behind the wall if it is held, and
// otherwise, as a function of the wall, when it is first asked for. What is held is few ids, and costs a plan nothing. of is
// a set that is held, further up, and without which there is nothing in this one.
type wallSet struct {
	name, ids string
	held      bool
	of        string
}

var wallSets = []wallSet{
	{name: "operating", held: true, ids: `select a.id from accounts a where a.id = {me} and a.operator`},

	// Of kitas. One that is archived is closed for its own people; provider and operator can open it again.
	{name: "led", held: true, of: "team", ids: `select s.kita_id from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
where s.account_id = {me} and s.role = 'leader' and s.archived_at is null`},
	{name: "team", held: true, ids: `select s.kita_id from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
where s.account_id = {me} and s.archived_at is null`},
	{name: "wide", held: true, of: "team", ids: `select s.kita_id from staff s join kitas k on k.id = s.kita_id and k.archived_at is null and k.educators_see_all
where s.account_id = {me} and s.archived_at is null`},
	{name: "spoken", held: true, ids: `select m.provider_id from provider_members m join providers p on p.id = m.provider_id and p.archived_at is null
where m.account_id = {me}`},
	{name: "provided", held: true, of: "spoken", ids: `select k.id from kitas k where k.provider_id in {spoken}`},
	{name: "open_provided", held: true, of: "spoken", ids: `select k.id from kitas k where k.provider_id in {spoken} and k.archived_at is null`},
	{name: "attended", held: true, ids: `select g.kita_id from guardians g join kitas k on k.id = g.kita_id and k.archived_at is null
where g.account_id = {me} and g.archived_at is null`},

	// Of what somebody is: their records as staff and as guardian, in force; the groups they work with.
	{name: "own_staff", held: true, of: "team", ids: `select s.id from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
where s.account_id = {me} and s.archived_at is null`},
	{name: "own_groups", held: true, of: "own_staff", ids: `select sg.group_id from staff_groups sg where sg.kita_id in {team} and sg.staff_id in {own_staff}`},
	{name: "own_records", held: true, ids: `select g.id from guardians g join kitas k on k.id = g.kita_id and k.archived_at is null
where g.account_id = {me} and g.archived_at is null`},
	{name: "all_records", ids: `select g.id from guardians g where g.account_id = {me}`},
	// The kitas of any of these: whatever a set of children or guardians holds is in one of them, and is read from there.
	{name: "houses", held: true, ids: `select s.kita_id from staff s where s.account_id = {me} union select g.kita_id from guardians g where g.account_id = {me}`},

	// Of children. barred: by any record of theirs, put away or not, and whatever else they are.
	{name: "barred", held: true, ids: `select b.child_id from guardians g join contact_bans b on b.kita_id = g.kita_id and b.guardian_id = g.id and b.lifted_at is null where g.account_id = {me}`},
	// Of a child that was put away there is what a notice said to its guardians.
	{name: "tied", held: true, of: "own_records", ids: `select c.id from guardian_children gc join children c on c.kita_id = gc.kita_id and c.id = gc.child_id
where gc.kita_id in {houses} and gc.guardian_id in {own_records} and c.id not in {barred}
and  (c.archived_at is null or exists (select 1 from recipients r join recipient_children rc on rc.kita_id = r.kita_id and rc.recipient_id = r.id
                                       where r.kita_id = c.kita_id and r.account_id = {me} and not r.withdrawn and rc.child_id = c.id))`},
	{name: "parented", held: true, of: "tied", ids: `select c.id from children c where c.archived_at is null and c.id in {tied}`},
	{name: "educated", of: "own_staff", ids: `select c.id from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
join staff_groups sg on sg.kita_id = s.kita_id and sg.staff_id = s.id
join placements p on p.kita_id = sg.kita_id and p.group_id = sg.group_id and p.to_day >= {today}
join children c on c.kita_id = p.kita_id and c.id = p.child_id and c.archived_at is null
where s.account_id = {me} and s.archived_at is null and c.id not in {barred}`},
	{name: "worked", of: "own_staff", ids: `select unnest({educated}) union select c.id from children c
where c.kita_id in {wide} and c.archived_at is null and c.id not in {barred}`},
	{name: "reached", ids: `select unnest({worked}) union select unnest({parented})`},

	{name: "known_groups", ids: `select unnest({own_groups}) union select p.group_id from placements p where p.kita_id in {houses} and p.child_id in {reached}`},

	// Of guardians. barred_people are the families of children that a ban keeps from the account; hidden are those of whom
	// a leader knows nothing but such children.
	{name: "barred_people", of: "barred", ids: `select gc.guardian_id from guardian_children gc where gc.kita_id in {houses} and gc.child_id in {barred}`},
	{name: "hidden", of: "barred", ids: `select p.id from unnest({barred_people}) p (id)
where not exists (select 1 from guardian_children gc where gc.kita_id in {houses} and gc.guardian_id = p.id and gc.child_id not in {barred})
and   not exists (select 1 from contact_bans b where b.kita_id in {houses} and b.guardian_id = p.id and b.child_id not in {barred})
and   not exists (select 1 from recipients r join recipient_children rc on rc.kita_id = r.kita_id and rc.recipient_id = r.id
                  where r.kita_id in {houses} and r.guardian_id = p.id and rc.child_id not in {barred})`},
	{name: "co_parents", ids: `select t.guardian_id from guardians g join guardian_children my on my.kita_id = g.kita_id and my.guardian_id = g.id
join guardian_children t on t.kita_id = my.kita_id and t.child_id = my.child_id where g.account_id = {me}`},
	// beside: pairs of guardian and child, told in one word. Parents know of each other, but not of who is banned. The bans are
	// counted for each: of a "not exists" the planner makes a join with all bans that there are.
	{name: "beside", of: "parented", ids: `select gc.guardian_id || ' ' || gc.child_id from guardian_children gc
join guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id and g.archived_at is null
where gc.kita_id in {houses} and gc.child_id in {parented}
and (select count(*) from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
     where b.kita_id = gc.kita_id and b.child_id = gc.child_id and b.lifted_at is null and (bg.id = g.id or bg.account_id = g.account_id)) = 0`},
	{name: "named_people", ids: `select gc.guardian_id from guardian_children gc where gc.kita_id in {team} and gc.child_id in {worked}
union select b.guardian_id from contact_bans b where b.kita_id in {team} and b.child_id in {worked}
union select split_part(x, ' ', 1) from unnest({beside}) x
union select unnest({own_records})`},
	{name: "rung", of: "own_staff", ids: `select g.id from guardian_children gc join guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id
where g.archived_at is null and gc.kita_id in {team} and gc.child_id in {worked}`},

	// Of notices: those that somebody who does not lead the kita has written, as long as they work there. ledger is who
	// stands in them, but for who is there for no other child than those a ban keeps from the author.
	{name: "authored", of: "team", ids: `select n.id from notices n where n.author_id = {me} and n.kita_id in {team} and n.kita_id not in {led}
and (n.audience <> 'children' or exists (select 1 from notice_targets nt where nt.kita_id = n.kita_id and nt.notice_id = n.id and nt.target_id in {worked}))`},
	{name: "ledger", of: "team", ids: `select distinct coalesce(r.guardian_id, r.staff_id) from recipients r where r.kita_id in {team} and r.notice_id in {authored}
and (r.staff_id is not null or exists (select 1 from recipient_children rc
                                       where rc.kita_id = r.kita_id and rc.recipient_id = r.id and rc.child_id not in {barred}))`},

	// Of colleagues whom a guardian sees: the educators of the groups in which a child of theirs is today.
	{name: "educators", of: "parented", ids: `select s.id from staff s join kitas k on k.id = s.kita_id and k.archived_at is null
join staff_groups sg on sg.kita_id = s.kita_id and sg.staff_id = s.id
join placements p on p.kita_id = sg.kita_id and p.group_id = sg.group_id and p.from_day <= {today} and p.to_day >= {today}
where s.role = 'educator' and s.archived_at is null and p.kita_id in {houses} and p.child_id in {parented}`},

	{name: "ban_enterers", of: "led", ids: `select b.entered_by from contact_bans b where b.kita_id in {led} and b.child_id not in {barred}`},
	{name: "barred_subjects", of: "barred", ids: `select unnest({barred}) union select unnest({barred_people})
union select b.id from contact_bans b where b.kita_id in {houses} and b.child_id in {barred}
union select a.id from absences a where a.kita_id in {houses} and a.child_id in {barred}`},
}

// wallTests are functions that answer yes or no of one row; only for what is rare, for they are asked row by row. {id} is
// the row.
var wallTests = []wallSet{
	{name: "for_own_group", ids: `select exists (select 1 from notice_targets nt where nt.kita_id in {team} and nt.notice_id = {id} and nt.target_id in {own_groups})`},
	{name: "for_worked_child", ids: `select exists (select 1 from notice_targets nt join children c on c.kita_id = nt.kita_id and c.id = nt.target_id where nt.kita_id in {team} and nt.notice_id = {id}
and (c.kita_id in {led} and c.id not in {barred} or c.id in {worked}))`},
	{name: "in_authored", ids: `select exists (select 1 from recipients r where r.id = {id} and r.notice_id in {authored})`},
	{name: "sees_posted", ids: `select exists (select 1 from notices n where n.id = {id} and ` + postedRow("n.") + `)`},
	{name: "sees_notice", ids: `select exists (select 1 from notices n where n.id = {id} and (` + postedRow("n.") + receivedRow("n.") + `))`},
	{name: "sees_file", ids: `select exists (select 1 from files f join notice_files nf on nf.kita_id = f.kita_id and nf.file_id = f.id
join notices n on n.kita_id = nf.kita_id and n.id = nf.notice_id where f.id = {id} and (` + postedRow("n.") + receivedRow("n.") + `))`},
	{name: "keeps_notice", ids: `select exists (select 1 from notices n where n.id = {id} and ` + postedRow("n.") + `
and (n.kita_id in {led} or n.author_id = {me}))`},
}

// postedRow: leaders all of their kita, authors their own while of the team or its provider, educators what is for their
// groups or for everybody; about single children those who work with one of them.
func postedRow(n string) string {
	return strings.ReplaceAll(`(n.kita_id in {led}
 or n.author_id = {me} and (n.kita_id in {team} or n.kita_id in {open_provided})
 or n.state = 'published' and n.kita_id in {team}
    and (n.audience <> 'groups' or n.kita_id in {wide} or {wall}.for_own_group(n.id)))
and (n.audience <> 'children' or {wall}.for_worked_child(n.id))`, "n.", n)
}

// receivedRow: those whom it reached.
func receivedRow(n string) string {
	return strings.ReplaceAll(`
or n.state = 'published' and exists (select 1 from {wall}.received r where r.kita_id = n.kita_id and r.notice_id = n.id)`, "n.", n)
}

const (
	// leads a row with kita_id and child_id, and no ban stands between.
	ledRow  = `kita_id in {led} and child_id not in {barred}`
	manager = `({me} in {operating} or kita_id in {led} or kita_id in {provided})`
	own     = `account_id = {me}`
	// keepsRecord: of a guardian: whose contact data one sees, and may change.
	keepsRecord = `kita_id in {led} and id not in {barred_people} or id in {own_records}`
	fullBan     = ledRow
)

// wallPolicies say which rows of a table are seen. A table that is not here is closed altogether. What makes a guardian's
// list stands first, and ahead of a set of people whose kitas they can be of: a set that is not needed is not worked out.
var wallPolicies = map[string]string{
	"accounts":         `id = {me} or id in {ban_enterers}`,
	"sessions":         own,
	"tokens":           own,
	"subscriptions":    own,
	"provider_members": own,
	"providers":        `{me} in {operating} or id in {spoken}`,
	"kitas":            `id in {team} or id in {attended} or id in {provided} or {me} in {operating}`,
	"closing_days":     `exists (select 1 from kitas k where k.id = kita_id)`,
	"groups":           `kita_id in {led} or kita_id in {wide} or id in {known_groups}`,
	"children": `kita_id in {led} and id not in {barred}
or id in {parented} or id in {worked}`,
	"emergency_contacts": ledRow + caredFor,
	"absences":           ledRow + caredFor,
	"placements":         ledRow + ` or child_id in {parented} or child_id in {worked}`,
	"guardians": own + ` and id in {own_records} or kita_id in {led} and id not in {hidden}
or (kita_id in {team} or kita_id in {attended}) and id in {named_people} or kita_id in {team} and id in {ledger}`,
	"guardian_children": `guardian_id in {own_records} and child_id in {tied} or ` + ledRow + ` or guardian_id || ' ' || child_id in {beside} or child_id in {worked}`,
	"contact_bans": ledRow + ` or lifted_at is null and child_id in {worked}
or {me} in {operating} and guardian_id not in {all_records}`,
	"staff": manager + ` or archived_at is null and kita_id in {team}
or kita_id in {attended} and id in {educators} or kita_id in {team} and id in {ledger}`,
	"staff_groups": manager + ` or staff_id in {own_staff} or kita_id in {attended} and staff_id in {educators}`,
	"invitations": `guardian_id is not null and kita_id in {led} and guardian_id not in {barred_people}
or staff_id is not null and ` + manager + `
or provider_id is not null and {me} in {operating}`,
	"files": own + ` and (kita_id in {team} or kita_id in {open_provided})
or {wall}.sees_file(id)`,
	"notices":         postedRow("") + receivedRow("notices."),
	"notice_targets":  `target_id not in {barred} and {wall}.sees_posted(notice_id)`,
	"notice_versions": `{wall}.keeps_notice(notice_id)`,
	"notice_files":    `{wall}.sees_notice(notice_id)`,
	// What came to somebody (see the view received), as long as they are of the team, or guardian of a child that it is about and that no ban keeps
	// from them; and the ledger, for leaders and the author, but for lines that are about no child but barred ones.
	"recipients": `staff_id is not null and (` + own + ` and kita_id in {team} or kita_id in {led} or notice_id in {authored})
or exists (select 1 from recipient_children rc where rc.kita_id = recipients.kita_id and rc.recipient_id = recipients.id
           and (recipients.account_id = {me} and rc.child_id in {tied}
             or (recipients.kita_id in {led} or recipients.notice_id in {authored}) and rc.child_id not in {barred}))`,
	"recipient_children": `child_id in {tied} or ` + ledRow + `
or child_id not in {barred} and {wall}.in_authored(recipient_id)`,
	"audit": `kita_id in {led} and subject_id not in {barred_subjects}`,
}

// wallMasks say what stands in a column for those who see the row and not that: a guardian is a name to many, and a number
// to few. The wall has a view of the table's name with the columns as they are to be seen.
var wallMasks = map[string]map[string]string{
	"accounts": {"login": mask(`id = {me}`), "password_hash": mask(`id = {me}`), "language": mask(`id = {me}`), "operator": `case when id = {me} then operator else false end`,
		"quiet_from": mask(`id = {me}`), "quiet_to": mask(`id = {me}`), "sound": mask(`id = {me}`)},
	"children": {"allergies": mask(cares), "health_notes": mask(cares)},
	"guardians": {"email": mask(keepsRecord), "address": mask(keepsRecord), "language": mask(keepsRecord),
		"phone": mask(keepsRecord + ` or id not in {barred_people} and id not in {co_parents}
and (id in {rung} or id in {ledger})`)},
	"guardian_children": {"custody": tieMask("custody"), "may_pick_up": tieMask("may_pick_up"), "receives_notices": tieMask("receives_notices")},
	"staff":             {"email": mask(manager), "phone": mask(manager), "language": mask(manager), "account_id": `case when ` + manager + ` or ` + own + ` then account_id end`},
	"contact_bans": {"guardian_id": mask(fullBan + ` or child_id in {worked}`), "child_id": mask(fullBan + ` or child_id in {worked}`),
		"reason": mask(fullBan), "entered_by": mask(fullBan),
		"lift_requested_by": `case when ` + fullBan + ` then lift_requested_by end`, "lifted_by": `case when ` + fullBan + ` then lifted_by end`},
	"invitations": {"code_hash": `''`},
	"sessions":    {"token_hash": `''`},
	"tokens":      {"token_hash": `''`},
}

const (
	cares    = `kita_id in {led} or id in {parented} or id in {educated}`
	caredFor = ` or child_id in {parented} or child_id in {educated}`
)

func mask(unless string) string { return `case when ` + unless + ` then {column} else '' end` }

func tieMask(column string) string {
	return `case when ` + ledRow + ` or child_id in {worked} or guardian_id in {own_records} then ` + column + ` else false end`
}

// ruleViews are what rules ask instead of a table, so that they do not ask the rules of that table as well, and those of the
// tables that these ask. They hold what is the account's own, and nothing else: statements can read them too. received is asked
// for one notice after the other, and asks for what is not withdrawn in a way that no planner takes for the index of the lists:
// that one has the notice last, and all that an account was ever told would be read for each.
var ruleViews = []wallSet{
	{name: "received", ids: `select r.kita_id, r.notice_id from {house}.recipients r where r.account_id = {me} and coalesce(r.withdrawn, false) = false
and (r.staff_id is not null and r.kita_id in {team}
  or exists (select 1 from {house}.recipient_children rc where rc.kita_id = r.kita_id and rc.recipient_id = r.id and rc.child_id in {tied}))`},
}

// wallViews are what statements of a viewer find under the names of the views of the schema: of each, what is the account's
// own. The rules above do not ask them.
var wallViews = []wallSet{
	{name: "reach", ids: `select * from {house}.reach where account_id = {me}`},
	{name: "staff_reach", ids: `select * from {house}.staff_reach where account_id = {me}`},
	{name: "barred", ids: `select * from {house}.barred where account_id = {me}`},
	{name: "barred_people", ids: `select * from {house}.barred_people where account_id = {me}`},
	{name: "speakers", ids: `select * from {house}.speakers where account_id = {me}`},
	{name: "told", ids: `select * from {house}.told where ` + ledRow},
	{name: "devices", ids: `select d.* from {house}.devices d where d.account_id = {me}
or exists (select 1 from {house}.guardians g where g.account_id = d.account_id and g.kita_id in {led} and g.id not in {barred_people})
or exists (select 1 from {house}.staff s where s.account_id = d.account_id
           and ({me} in {operating} or s.kita_id in {led} or s.kita_id in {provided}))`},
}
