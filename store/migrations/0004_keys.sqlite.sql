-- Keys begin with the kita, and what points at something of a kita points at it in the same one: a row that pointed at
-- another kita's would stop this, and be named.

create table closing_days_new (
  id         text not null,
  kita_id    text not null references kitas (id) on delete cascade,
  day        text not null,
  name       text not null,
  created_at bigint not null,
  unique (kita_id, day),
  primary key (kita_id, id)
);
insert into closing_days_new (
  id, kita_id, day, name, created_at
)
select
  id, kita_id, day, name, created_at
from   closing_days;
drop table closing_days;
alter table closing_days_new rename to closing_days;
create unique index closing_days_id on closing_days (id);

create table groups_new (
  id          text not null,
  kita_id     text not null references kitas (id) on delete cascade,
  name        text not null,
  colour      text not null,
  icon        text not null,
  created_at  bigint not null,
  archived_at bigint,
  primary key (kita_id, id)
);
insert into groups_new (
  id, kita_id, name, colour, icon, created_at, archived_at
)
select
  id, kita_id, name, colour, icon, created_at, archived_at
from   groups;
drop table groups;
alter table groups_new rename to groups;
create unique index groups_id on groups (id);
create index groups_kita on groups (kita_id, name);

create table children_new (
  id           text not null,
  kita_id      text not null references kitas (id) on delete cascade,
  number       text not null,
  first_name   text not null,
  last_name    text not null,
  born         text not null,
  allergies    text not null default '',
  health_notes text not null default '',
  created_at   bigint not null,
  archived_at  bigint,
  primary key (kita_id, id)
);
insert into children_new (
  id, kita_id, number, first_name, last_name, born, allergies, health_notes, created_at, archived_at
)
select
  id, kita_id, number, first_name, last_name, born, allergies, health_notes, created_at, archived_at
from   children;
drop table children;
alter table children_new rename to children;
create unique index children_id on children (id);
create unique index children_number on children (kita_id, number) where number <> '';
create index children_kita on children (kita_id, last_name, first_name, id);

create table emergency_contacts_new (
  id       text not null,
  kita_id  text not null,
  child_id text not null,
  name     text not null,
  phone    text not null,
  relation text not null,
  position bigint not null,
  primary key (kita_id, id),
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade
);
insert into emergency_contacts_new (
  id, kita_id, child_id, name, phone, relation, position
)
select
  id, kita_id, child_id, name, phone, relation, position
from   emergency_contacts;
drop table emergency_contacts;
alter table emergency_contacts_new rename to emergency_contacts;
create unique index emergency_contacts_id on emergency_contacts (id);
create index emergency_contacts_child on emergency_contacts (child_id, position);

create table placements_new (
  id         text not null,
  kita_id    text not null,
  child_id   text not null,
  group_id   text not null,
  from_day   text not null,
  to_day     text not null,
  created_at bigint not null,
  check (from_day <= to_day),
  primary key (kita_id, id),
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade,
  foreign key (kita_id, group_id) references groups (kita_id, id)
);
insert into placements_new (
  id, kita_id, child_id, group_id, from_day, to_day, created_at
)
select
  id, kita_id, child_id, group_id, from_day, to_day, created_at
from   placements;
drop table placements;
alter table placements_new rename to placements;
create unique index placements_id on placements (id);
create unique index placements_child on placements (child_id, from_day);
create index placements_group on placements (group_id, to_day);

create table guardians_new (
  id          text not null,
  kita_id     text not null references kitas (id) on delete cascade,
  account_id  text references accounts (id) on delete set null,
  first_name  text not null,
  last_name   text not null,
  email       text not null default '',
  phone       text not null default '',
  address     text not null default '',
  language    text not null,
  created_at  bigint not null,
  archived_at bigint,
  primary key (kita_id, id)
);
insert into guardians_new (
  id, kita_id, account_id, first_name, last_name, email, phone, address, language, created_at, archived_at
)
select
  id, kita_id, account_id, first_name, last_name, email, phone, address, language, created_at, archived_at
from   guardians;
drop table guardians;
alter table guardians_new rename to guardians;
create unique index guardians_id on guardians (id);
create index guardians_kita on guardians (kita_id, last_name, first_name, id);
create index guardians_account on guardians (account_id);

create table guardian_children_new (
  kita_id          text not null,
  guardian_id      text not null,
  child_id         text not null,
  relation         text not null,
  custody          boolean not null,
  may_pick_up      boolean not null,
  receives_notices boolean not null,
  created_at       bigint not null,
  primary key (kita_id, guardian_id, child_id),
  foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade
);
insert into guardian_children_new (
  kita_id, guardian_id, child_id, relation, custody, may_pick_up, receives_notices, created_at
)
select
  kita_id, guardian_id, child_id, relation, custody, may_pick_up, receives_notices, created_at
from   guardian_children;
drop table guardian_children;
alter table guardian_children_new rename to guardian_children;
create index guardian_children_child on guardian_children (child_id);
create unique index guardian_children_pair on guardian_children (guardian_id, child_id);

create table contact_bans_new (
  id                text not null,
  kita_id           text not null,
  guardian_id       text not null,
  child_id          text not null,
  reason            text not null,
  entered_by        text not null,
  entered_at        bigint not null,
  lift_requested_by text,
  lift_requested_at bigint,
  lifted_by         text,
  lifted_at         bigint,
  primary key (kita_id, id),
  foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade
);
insert into contact_bans_new (
  id, kita_id, guardian_id, child_id, reason, entered_by, entered_at, lift_requested_by, lift_requested_at, lifted_by,
  lifted_at
)
select
  id, kita_id, guardian_id, child_id, reason, entered_by, entered_at, lift_requested_by, lift_requested_at, lifted_by,
  lifted_at
from   contact_bans;
drop table contact_bans;
alter table contact_bans_new rename to contact_bans;
create unique index contact_bans_id on contact_bans (id);
create unique index contact_bans_active on contact_bans (child_id, guardian_id) where lifted_at is null;
create index contact_bans_guardian on contact_bans (guardian_id);
create index contact_bans_kita on contact_bans (kita_id, entered_at);

create table staff_new (
  id          text not null,
  kita_id     text not null references kitas (id) on delete cascade,
  account_id  text references accounts (id) on delete set null,
  first_name  text not null,
  last_name   text not null,
  role        text not null check (role in ('leader', 'educator')),
  email       text not null default '',
  phone       text not null default '',
  language    text not null,
  created_at  bigint not null,
  archived_at bigint,
  primary key (kita_id, id)
);
insert into staff_new (
  id, kita_id, account_id, first_name, last_name, role, email, phone, language, created_at, archived_at
)
select
  id, kita_id, account_id, first_name, last_name, role, email, phone, language, created_at, archived_at
from   staff;
drop table staff;
alter table staff_new rename to staff;
create unique index staff_id on staff (id);
create index staff_kita on staff (kita_id, last_name, first_name, id);
create index staff_account on staff (account_id);

create table staff_groups_new (
  kita_id  text not null,
  staff_id text not null,
  group_id text not null,
  primary key (kita_id, staff_id, group_id),
  foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade,
  foreign key (kita_id, group_id) references groups (kita_id, id) on delete cascade
);
insert into staff_groups_new (
  kita_id, staff_id, group_id
)
select
  kita_id, staff_id, group_id
from   staff_groups;
drop table staff_groups;
alter table staff_groups_new rename to staff_groups;
create unique index staff_groups_pair on staff_groups (staff_id, group_id);
create index staff_groups_group on staff_groups (group_id);

create table invitations_new (
  id          text primary key,
  kita_id     text references kitas (id) on delete cascade,
  guardian_id text,
  staff_id    text,
  provider_id text references providers (id) on delete cascade,
  account_id  text references accounts (id) on delete cascade,
  code_hash   text not null unique,
  created_by  text,
  created_at  bigint not null,
  expires_at  bigint not null,
  used_at     bigint,
  revoked_at  bigint,
  check (kita_id is not null or guardian_id is null and staff_id is null),
  foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade
);
insert into invitations_new (
  id, kita_id, guardian_id, staff_id, provider_id, account_id, code_hash, created_by, created_at, expires_at, used_at,
  revoked_at
)
select
  id, kita_id, guardian_id, staff_id, provider_id, account_id, code_hash, created_by, created_at, expires_at, used_at,
  revoked_at
from   invitations;
drop table invitations;
alter table invitations_new rename to invitations;
create index invitations_kita on invitations (kita_id, created_at);
create index invitations_guardian on invitations (guardian_id);
create index invitations_staff on invitations (staff_id);

create table files_new (
  id         text not null,
  kita_id    text not null references kitas (id) on delete cascade,
  account_id text,
  name       text not null,
  media_type text not null,
  size       bigint not null,
  width      bigint not null,
  height     bigint not null,
  sum        text not null,
  thumb_sum  text not null,
  created_at bigint not null,
  primary key (kita_id, id)
);
insert into files_new (
  id, kita_id, account_id, name, media_type, size, width, height, sum, thumb_sum, created_at
)
select
  id, kita_id, account_id, name, media_type, size, width, height, sum, thumb_sum, created_at
from   files;
drop table files;
alter table files_new rename to files;
create unique index files_id on files (id);
create index files_kita on files (kita_id, created_at);
create index files_sum on files (sum);
create index files_thumb on files (thumb_sum);

create table notices_new (
  id             text not null,
  kita_id        text not null references kitas (id) on delete cascade,
  kind           text not null check (kind in ('news', 'daily', 'event', 'closure', 'illness', 'urgent')),
  title          text not null,
  body           text not null,
  language       text not null,
  audience       text not null check (audience in ('kita', 'groups', 'children', 'staff')),
  confirm_wanted boolean not null,
  state          text not null check (state in ('scheduled', 'published', 'withdrawn')),
  author_id      text not null,
  author_name    text not null,
  starts_at      bigint,
  ends_at        bigint,
  place          text not null default '',
  publish_at     bigint not null,
  ends_on        text not null default '',
  version        bigint not null default 1,
  discretion     bigint not null default 0,
  created_at     bigint not null,
  published_at   bigint,
  corrected_at   bigint,
  withdrawn_at   bigint,
  withdrawn_by   text,
  primary key (kita_id, id)
);
insert into notices_new (
  id, kita_id, kind, title, body, language, audience, confirm_wanted, state, author_id, author_name, starts_at, ends_at,
  place, publish_at, ends_on, version, discretion, created_at, published_at, corrected_at, withdrawn_at, withdrawn_by
)
select
  id, kita_id, kind, title, body, language, audience, confirm_wanted, state, author_id, author_name, starts_at, ends_at,
  place, publish_at, ends_on, version, discretion, created_at, published_at, corrected_at, withdrawn_at, withdrawn_by
from   notices;
drop table notices;
alter table notices_new rename to notices;
create unique index notices_id on notices (id);
create index notices_kita on notices (kita_id, publish_at, id);
create index notices_author on notices (author_id, publish_at, id);

create table notice_targets_new (
  kita_id   text not null,
  notice_id text not null,
  target_id text not null,
  primary key (kita_id, notice_id, target_id),
  foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade
);
insert into notice_targets_new (
  kita_id, notice_id, target_id
)
select
  kita_id, notice_id, target_id
from   notice_targets;
drop table notice_targets;
alter table notice_targets_new rename to notice_targets;
create unique index notice_targets_pair on notice_targets (notice_id, target_id);
create index notice_targets_target on notice_targets (target_id, notice_id);

create table notice_versions_new (
  kita_id     text not null,
  notice_id   text not null,
  version     bigint not null,
  title       text not null,
  body        text not null,
  replaced_by text not null,
  replaced_at bigint not null,
  primary key (kita_id, notice_id, version),
  foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade
);
insert into notice_versions_new (
  kita_id, notice_id, version, title, body, replaced_by, replaced_at
)
select
  kita_id, notice_id, version, title, body, replaced_by, replaced_at
from   notice_versions;
drop table notice_versions;
alter table notice_versions_new rename to notice_versions;
create unique index notice_versions_pair on notice_versions (notice_id, version);

create table notice_files_new (
  kita_id   text not null,
  notice_id text not null,
  file_id   text not null,
  position  bigint not null,
  primary key (kita_id, notice_id, file_id),
  foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade,
  foreign key (kita_id, file_id) references files (kita_id, id)
);
insert into notice_files_new (
  kita_id, notice_id, file_id, position
)
select
  kita_id, notice_id, file_id, position
from   notice_files;
drop table notice_files;
alter table notice_files_new rename to notice_files;
create unique index notice_files_pair on notice_files (notice_id, file_id);
create index notice_files_file on notice_files (file_id);

create table recipients_new (
  id              text not null,
  kita_id         text not null,
  notice_id       text not null,
  account_id      text references accounts (id) on delete set null,
  guardian_id     text,
  staff_id        text,
  published_at    bigint not null,
  withdrawn       boolean not null default false,
  trouble         text not null default '',
  accepted_at     bigint,
  shown_at        bigint,
  opened_at       bigint,
  confirmed_at    bigint,
  emailed_at      bigint,
  call_listed_at  bigint,
  called_at       bigint,
  called_by       text,
  reminded_at     bigint,
  primary key (kita_id, id),
  foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade,
  foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade
);
insert into recipients_new (
  id, kita_id, notice_id, account_id, guardian_id, staff_id, published_at, withdrawn, trouble, accepted_at, shown_at,
  opened_at, confirmed_at, emailed_at, call_listed_at, called_at, called_by, reminded_at
)
select
  id, kita_id, notice_id, account_id, guardian_id, staff_id, published_at, withdrawn, trouble, accepted_at, shown_at,
  opened_at, confirmed_at, emailed_at, call_listed_at, called_at, called_by, reminded_at
from   recipients;
drop table recipients;
alter table recipients_new rename to recipients;
create unique index recipients_id on recipients (id);
create unique index recipients_guardian on recipients (notice_id, guardian_id) where guardian_id is not null;
create unique index recipients_staff on recipients (notice_id, staff_id) where staff_id is not null;
create unique index recipients_account on recipients (notice_id, account_id) where account_id is not null;
create index recipients_feed on recipients (account_id, published_at, notice_id) where not withdrawn;
create index recipients_unread on recipients (account_id) where opened_at is null and not withdrawn;
create index recipients_notice on recipients (notice_id);
create index recipients_person on recipients (guardian_id);
create index recipients_staff_person on recipients (staff_id);

create table recipient_children_new (
  kita_id      text not null,
  recipient_id text not null,
  child_id     text not null,
  primary key (kita_id, recipient_id, child_id),
  foreign key (kita_id, recipient_id) references recipients (kita_id, id) on delete cascade,
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade
);
insert into recipient_children_new (
  kita_id, recipient_id, child_id
)
select
  kita_id, recipient_id, child_id
from   recipient_children;
drop table recipient_children;
alter table recipient_children_new rename to recipient_children;
create unique index recipient_children_pair on recipient_children (recipient_id, child_id);
create index recipient_children_child on recipient_children (child_id);

create table deliveries_new (
  id              text primary key,
  kita_id         text,
  account_id      text,
  recipient_id    text,
  absence_id      text,
  subscription_id text references subscriptions (id) on delete set null,
  channel         text not null check (channel in ('push', 'email')),
  service         text not null,
  kind            text not null check (kind in ('notice', 'correction', 'reminder', 'absence', 'test')),
  rank            bigint not null,
  due_at          bigint not null,
  expires_at      bigint not null,
  leased_until    bigint not null default 0,
  attempts        bigint not null default 0,
  shortened       boolean not null default false,
  outcome         text not null default '',
  status          bigint not null default 0,
  created_at      bigint not null,
  finished_at     bigint,
  shown_at        bigint,
  -- When its turn is, among all that are due: see turnOf in store.
  turn            bigint not null default 0,
  check (kita_id is not null or recipient_id is null),
  foreign key (kita_id, recipient_id) references recipients (kita_id, id) on delete cascade
);
insert into deliveries_new (
  id, kita_id, account_id, recipient_id, absence_id, subscription_id, channel, service, kind, rank, due_at, expires_at,
  leased_until, attempts, shortened, outcome, status, created_at, finished_at, shown_at, turn
)
select
  id, kita_id, account_id, recipient_id, absence_id, subscription_id, channel, service, kind, rank, due_at, expires_at,
  leased_until, attempts, shortened, outcome, status, created_at, finished_at, shown_at, turn
from   deliveries;
drop table deliveries;
alter table deliveries_new rename to deliveries;
create index deliveries_due on deliveries (service, rank, turn, due_at) where finished_at is null;
create index deliveries_refused on deliveries (finished_at) where outcome = 'misconfigured';
create index deliveries_recipient on deliveries (recipient_id);
create index deliveries_subscription on deliveries (subscription_id);

create table absences_new (
  id             text not null,
  kita_id        text not null,
  child_id       text not null,
  from_day       text not null,
  to_day         text not null,
  reason         text not null check (reason in ('sick', 'vacation', 'other')),
  illness        text not null default '',
  note           text not null default '',
  reported_by    text not null,
  reporter_name  text not null,
  by_guardian    boolean not null,
  created_at     bigint not null,
  withdrawn_at   bigint,
  withdrawn_by   text,
  check (from_day <= to_day),
  primary key (kita_id, id),
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade
);
insert into absences_new (
  id, kita_id, child_id, from_day, to_day, reason, illness, note, reported_by, reporter_name, by_guardian, created_at,
  withdrawn_at, withdrawn_by
)
select
  id, kita_id, child_id, from_day, to_day, reason, illness, note, reported_by, reporter_name, by_guardian, created_at,
  withdrawn_at, withdrawn_by
from   absences;
drop table absences;
alter table absences_new rename to absences;
create unique index absences_id on absences (id);
create index absences_child on absences (child_id, to_day);
create index absences_kita on absences (kita_id, to_day, from_day);

-- The planner knew the tables that are no more.
analyze;
