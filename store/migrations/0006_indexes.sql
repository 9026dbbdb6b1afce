-- Indexes begin with the kita, and the views say it in every join.
drop index emergency_contacts_child;
drop index placements_child;
drop index placements_group;
drop index guardian_children_child;
drop index guardian_children_pair;
drop index contact_bans_active;
drop index contact_bans_guardian;
drop index staff_groups_pair;
drop index staff_groups_group;
drop index invitations_guardian;
drop index invitations_staff;
drop index notice_targets_pair;
drop index notice_targets_target;
drop index notice_versions_pair;
drop index notice_files_pair;
drop index notice_files_file;
drop index recipients_guardian;
drop index recipients_staff;
drop index recipients_account;
drop index recipients_notice;
drop index recipients_person;
drop index recipients_staff_person;
drop index recipient_children_pair;
drop index recipient_children_child;
drop index deliveries_recipient;
drop index absences_child;
create index emergency_contacts_child on emergency_contacts (kita_id, child_id, position);
create unique index placements_child on placements (kita_id, child_id, from_day);
create index placements_group on placements (kita_id, group_id, to_day);
create index guardian_children_child on guardian_children (kita_id, child_id);
create unique index contact_bans_active on contact_bans (kita_id, child_id, guardian_id) where lifted_at is null;
create index contact_bans_guardian on contact_bans (kita_id, guardian_id);
create index staff_groups_group on staff_groups (kita_id, group_id);
create index invitations_guardian on invitations (kita_id, guardian_id);
create index invitations_staff on invitations (kita_id, staff_id);
create index notice_targets_target on notice_targets (kita_id, target_id, notice_id);
create index notice_files_file on notice_files (kita_id, file_id);
create unique index recipients_guardian on recipients (kita_id, guardian_id, notice_id) where guardian_id is not null;
create unique index recipients_staff on recipients (kita_id, staff_id, notice_id) where staff_id is not null;
create unique index recipients_account on recipients (kita_id, notice_id, account_id);
create index recipient_children_child on recipient_children (kita_id, child_id);
create index deliveries_recipient on deliveries (kita_id, recipient_id);
create index absences_child on absences (kita_id, child_id, to_day);

drop view told;
drop view staff_reach;
drop view reach;
drop view barred_people;
drop view barred;

create view barred as
select g.account_id as account_id, b.kita_id as kita_id, b.child_id as child_id
from   contact_bans b
join   guardians g on g.kita_id = b.kita_id and g.id = b.guardian_id
where  b.lifted_at is null and g.account_id is not null;
create view barred_people as
select x.account_id as account_id, gc.kita_id as kita_id, gc.guardian_id as guardian_id
from   barred x
join   guardian_children gc on gc.kita_id = x.kita_id and gc.child_id = x.child_id;
create view reach as
select s.account_id as account_id, c.kita_id as kita_id, c.id as child_id, 'leader' as through, '9999-12-31' as until_day, true as cares
from   staff s
join   kitas k on k.id = s.kita_id and k.archived_at is null
join   children c on c.kita_id = s.kita_id
where  s.role = 'leader' and s.archived_at is null and s.account_id is not null
and    not exists (select 1 from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
                   where b.kita_id = c.kita_id and b.child_id = c.id and b.lifted_at is null and bg.account_id = s.account_id)
union all
select s.account_id, c.kita_id, c.id, 'educator', p.to_day, true
from   staff s
join   kitas k on k.id = s.kita_id and k.archived_at is null
join   staff_groups sg on sg.kita_id = s.kita_id and sg.staff_id = s.id
join   placements p on p.kita_id = sg.kita_id and p.group_id = sg.group_id
join   children c on c.kita_id = p.kita_id and c.id = p.child_id
where  s.role = 'educator' and s.archived_at is null and s.account_id is not null and c.archived_at is null
and    not exists (select 1 from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
                   where b.kita_id = c.kita_id and b.child_id = c.id and b.lifted_at is null and bg.account_id = s.account_id)
union all
select s.account_id, c.kita_id, c.id, 'educator', '9999-12-31', false
from   staff s
join   kitas k on k.id = s.kita_id and k.archived_at is null and k.educators_see_all
join   children c on c.kita_id = s.kita_id
where  s.role = 'educator' and s.archived_at is null and s.account_id is not null and c.archived_at is null
and    not exists (select 1 from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
                   where b.kita_id = c.kita_id and b.child_id = c.id and b.lifted_at is null and bg.account_id = s.account_id)
union all
select g.account_id, c.kita_id, c.id, 'guardian', '9999-12-31', true
from   guardians g
join   kitas k on k.id = g.kita_id and k.archived_at is null
join   guardian_children gc on gc.kita_id = g.kita_id and gc.guardian_id = g.id
join   children c on c.kita_id = gc.kita_id and c.id = gc.child_id
where  g.archived_at is null and g.account_id is not null and c.archived_at is null
and    not exists (select 1 from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
                   where b.kita_id = c.kita_id and b.child_id = c.id and b.lifted_at is null and bg.account_id = g.account_id)
and    not exists (select 1 from contact_bans b
                   where b.kita_id = c.kita_id and b.child_id = c.id and b.lifted_at is null and b.guardian_id = g.id);
create view staff_reach as
select s.account_id as account_id, s.kita_id as kita_id, g.id as group_id, s.role as role,
       (s.role = 'leader' or exists (select 1 from staff_groups og where og.kita_id = s.kita_id and og.staff_id = s.id and og.group_id = g.id)) as cares
from   staff s
join   kitas k on k.id = s.kita_id and k.archived_at is null
join   groups g on g.kita_id = s.kita_id
where  s.archived_at is null and s.account_id is not null
and    (s.role = 'leader' or k.educators_see_all
        or exists (select 1 from staff_groups sg where sg.kita_id = s.kita_id and sg.staff_id = s.id and sg.group_id = g.id));
create view told as
select gc.kita_id as kita_id, gc.guardian_id as guardian_id, gc.child_id as child_id, g.account_id as account_id
from   guardian_children gc
join   kitas k on k.id = gc.kita_id and k.archived_at is null
join   guardians g on g.kita_id = gc.kita_id and g.id = gc.guardian_id
join   children c on c.kita_id = gc.kita_id and c.id = gc.child_id
where  gc.receives_notices and g.archived_at is null and c.archived_at is null
and    not exists (select 1 from contact_bans b
                   where b.kita_id = gc.kita_id and b.child_id = gc.child_id and b.lifted_at is null and b.guardian_id = gc.guardian_id)
and    not exists (select 1 from contact_bans b join guardians bg on bg.kita_id = b.kita_id and bg.id = b.guardian_id
                   where b.kita_id = gc.kita_id and b.child_id = gc.child_id and b.lifted_at is null and bg.account_id = g.account_id);
