-- The one schema of Morgenkreis, read by SQLite and by PostgreSQL.
--
-- Ids are UUIDs in text. Days are text, YYYY-MM-DD; clock times are text, HH:MM. Instants are milliseconds since
-- 1970 UTC in a bigint. Every row that belongs to a kita carries its id. What a person holds across kitas (account,
-- session, subscription) belongs to the account. new_id() is given by store/engine.go on both engines.
--
-- What is of a kita is found by kita and id, and points at others of the same kita by both: no row can point at another
-- kita's. Where only the id is known, as in an address, an index of the id alone finds it (children_id and the like).

create table meta (
  key   text primary key,
  value text not null
);

-- Keys of the house: the VAPID key pair and the receipt key. They live in the database, so that one file is the backup.
create table secrets (
  name       text primary key,
  value      text not null,
  created_at bigint not null
);

create table accounts (
  id            text primary key,
  login         text not null unique,
  name          text not null,
  password_hash text not null,
  language      text not null,
  operator      boolean not null default false,
  quiet_from    text not null default '',
  quiet_to      text not null default '',
  sound         text not null default 'all', -- what may make a sound on the devices: all, urgent, none
  disabled_at   bigint,
  created_at    bigint not null
);

create table sessions (
  id           text primary key,
  account_id   text not null references accounts (id) on delete cascade,
  token_hash   text not null unique,
  user_agent   text not null,
  created_at   bigint not null,
  last_seen_at bigint not null,
  expires_at   bigint not null
);
create index sessions_account on sessions (account_id);

create table tokens (
  id           text primary key,
  account_id   text not null references accounts (id) on delete cascade,
  token_hash   text not null unique,
  name         text not null,
  scopes       text not null,
  created_at   bigint not null,
  expires_at   bigint not null,
  last_used_at bigint
);
create index tokens_account on tokens (account_id);

-- Failed sign-ins and other guessing, counted per account and per address, by hash.
create table attempts (
  key          text primary key,
  failures     bigint not null,
  window_ends  bigint not null
);

create table providers (
  id          text primary key,
  name        text not null,
  created_at  bigint not null,
  archived_at bigint
);

create table provider_members (
  provider_id text not null references providers (id) on delete cascade,
  account_id  text not null references accounts (id) on delete cascade,
  primary key (provider_id, account_id)
);
create index provider_members_account on provider_members (account_id);

create table kitas (
  id                    text primary key,
  provider_id           text not null references providers (id),
  name                  text not null,
  time_zone             text not null,
  federal_state         text not null,
  opens                 text not null,
  closes                text not null,
  absence_cut_off       text not null,
  regime                text not null check (regime in ('dsgvo', 'kdg', 'dsg-ekd')),
  language              text not null,
  phone                 text not null default '',
  title_only            boolean not null default false,
  educators_see_all     boolean not null default false,
  escalate_urgent_after bigint not null default 10,
  escalate_morning      text not null default '07:00',
  demo                  boolean not null default false,
  created_at            bigint not null,
  archived_at           bigint
);
create index kitas_provider on kitas (provider_id);

create table closing_days (
  id         text not null,
  kita_id    text not null references kitas (id) on delete cascade,
  day        text not null,
  name       text not null,
  created_at bigint not null,
  unique (kita_id, day),
  primary key (kita_id, id)
);
create unique index closing_days_id on closing_days (id);

create table groups (
  id          text not null,
  kita_id     text not null references kitas (id) on delete cascade,
  name        text not null,
  colour      text not null,
  icon        text not null,
  created_at  bigint not null,
  archived_at bigint,
  primary key (kita_id, id)
);
create unique index groups_id on groups (id);
create index groups_kita on groups (kita_id, name);

create table children (
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
create unique index children_id on children (id);
create unique index children_number on children (kita_id, number) where number <> '';
create index children_kita on children (kita_id, last_name, first_name, id);

create table emergency_contacts (
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
create unique index emergency_contacts_id on emergency_contacts (id);
create index emergency_contacts_child on emergency_contacts (kita_id, child_id, position);

-- A child is in one group on one day; to_day is the last day in the group, '9999-12-31' while no end is known.
create table placements (
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
create unique index placements_id on placements (id);
create unique index placements_child on placements (kita_id, child_id, from_day);
create index placements_group on placements (kita_id, group_id, to_day);

create table guardians (
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
create unique index guardians_id on guardians (id);
create index guardians_kita on guardians (kita_id, last_name, first_name, id);
create index guardians_account on guardians (account_id);

create table guardian_children (
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
create index guardian_children_child on guardian_children (kita_id, child_id);

-- A court's or the youth office's word that this person has no contact with this child. It wins over everything else.
create table contact_bans (
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
create unique index contact_bans_id on contact_bans (id);
create unique index contact_bans_active on contact_bans (kita_id, child_id, guardian_id) where lifted_at is null;
create index contact_bans_guardian on contact_bans (kita_id, guardian_id);
create index contact_bans_kita on contact_bans (kita_id, entered_at);

create table staff (
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
create unique index staff_id on staff (id);
create index staff_kita on staff (kita_id, last_name, first_name, id);
create index staff_account on staff (account_id);

create table staff_groups (
  kita_id  text not null,
  staff_id text not null,
  group_id text not null,
  primary key (kita_id, staff_id, group_id),
  foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade,
  foreign key (kita_id, group_id) references groups (kita_id, id) on delete cascade
);
create index staff_groups_group on staff_groups (kita_id, group_id);

-- One of guardian_id, staff_id, provider_id, account_id is set; all four empty invites an operator.
create table invitations (
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
create index invitations_kita on invitations (kita_id, created_at);
create index invitations_guardian on invitations (kita_id, guardian_id);
create index invitations_staff on invitations (kita_id, staff_id);

-- What a client created under an id of its own choosing: sending the same again is harmless, sending other content is not.
create table creations (
  id         text primary key,
  account_id text not null,
  hash       text not null,
  created_at bigint not null
);

create table files (
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
create unique index files_id on files (id);
create index files_kita on files (kita_id, created_at);
create index files_sum on files (sum);
create index files_thumb on files (thumb_sum);

create table notices (
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
create unique index notices_id on notices (id);
create index notices_kita on notices (kita_id, publish_at, id);
create index notices_author on notices (author_id, publish_at, id);

create table notice_targets (
  kita_id   text not null,
  notice_id text not null,
  target_id text not null,
  primary key (kita_id, notice_id, target_id),
  foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade
);
create index notice_targets_target on notice_targets (kita_id, target_id, notice_id);

-- What a notice said before it was corrected.
create table notice_versions (
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

create table notice_files (
  kita_id   text not null,
  notice_id text not null,
  file_id   text not null,
  position  bigint not null,
  primary key (kita_id, notice_id, file_id),
  foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade,
  foreign key (kita_id, file_id) references files (kita_id, id)
);
create index notice_files_file on notice_files (kita_id, file_id);

-- Who a notice was for, fixed when it was published. A person without an account yet is a recipient too: somebody has to
-- ring them up. The ledger is read from the times; store/ledger.go says in which order.
create table recipients (
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
create unique index recipients_id on recipients (id);
create unique index recipients_guardian on recipients (kita_id, guardian_id, notice_id) where guardian_id is not null;
create unique index recipients_staff on recipients (kita_id, staff_id, notice_id) where staff_id is not null;
create unique index recipients_account on recipients (kita_id, notice_id, account_id);
create index recipients_feed on recipients (account_id, published_at, notice_id) where not withdrawn;
create index recipients_unread on recipients (account_id, opened_at, withdrawn) where opened_at is null and not withdrawn;

create table recipient_children (
  kita_id      text not null,
  recipient_id text not null,
  child_id     text not null,
  primary key (kita_id, recipient_id, child_id),
  foreign key (kita_id, recipient_id) references recipients (kita_id, id) on delete cascade,
  foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade
);
create index recipient_children_child on recipient_children (kita_id, child_id);

create table subscriptions (
  id               text primary key,
  account_id       text not null references accounts (id) on delete cascade,
  session_id       text references sessions (id) on delete cascade,
  endpoint         text not null unique,
  p256dh           text not null,
  auth             text not null,
  name             text not null,
  user_agent       text not null,
  created_at       bigint not null,
  last_accepted_at bigint,
  last_shown_at    bigint,
  service          text not null,
  trouble          text not null default ''
);
create index subscriptions_account on subscriptions (account_id);
create index subscriptions_session on subscriptions (session_id);

-- Queue and ledger in one: a transactional outbox. A row is due until finished_at is set; whoever takes it holds it
-- until leased_until. channel 'push' needs a subscription, channel 'email' an address looked up when it is sent. service is
-- the push service's host, so that a slow one can be left aside while the others are served.
create table deliveries (
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
create index deliveries_due on deliveries (service, rank, turn, due_at) where finished_at is null;
create index deliveries_refused on deliveries (finished_at) where outcome = 'misconfigured';
create index deliveries_recipient on deliveries (kita_id, recipient_id);
create index deliveries_subscription on deliveries (subscription_id);

-- What happens by the clock; claimed as deliveries are.
create table jobs (
  id           text primary key,
  kita_id      text,
  kind         text not null check (kind in ('publish', 'escalate', 'retention')),
  subject_id   text not null,
  due_at       bigint not null,
  leased_until bigint not null default 0,
  attempts     bigint not null default 0,
  trouble      text not null default '',
  created_at   bigint not null,
  finished_at  bigint
);
create unique index jobs_subject on jobs (kind, subject_id) where finished_at is null;
create index jobs_due on jobs (due_at) where finished_at is null;

create table absences (
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
create unique index absences_id on absences (id);
create index absences_child on absences (kita_id, child_id, to_day);
create index absences_kita on absences (kita_id, to_day, from_day);

-- Who did or saw what. Kept long enough to tell, after a leak, who was affected.
create table audit (
  id         text primary key,
  kita_id    text,
  at         bigint not null,
  account_id text not null,
  actor      text not null,
  action     text not null,
  subject_id text not null,
  request_id text not null
);
create index audit_kita on audit (kita_id, at, id);

-- Who speaks for which provider; for one that was put away, nobody.
create view speakers as
select m.provider_id as provider_id, m.account_id as account_id
from   provider_members m
join   providers p on p.id = m.provider_id and p.archived_at is null;

-- Whether a push reaches an account, for those who may know that and nothing else of its devices.
create view devices as
select account_id, trouble
from   subscriptions;

-- From which child a ban keeps which account.
create view barred as
select g.account_id as account_id, b.kita_id as kita_id, b.child_id as child_id
from   contact_bans b
join   guardians g on g.kita_id = b.kita_id and g.id = b.guardian_id
where  b.lifted_at is null and g.account_id is not null;

-- The families of those children: whoever is kept from a child learns from nobody where it is to be found.
create view barred_people as
select x.account_id as account_id, gc.kita_id as kita_id, gc.guardian_id as guardian_id
from   barred x
join   guardian_children gc on gc.kita_id = x.kita_id and gc.child_id = x.child_id;

-- Who may see which child, and until which day. Every read of a child, a guardian, an absence or a notice goes through
-- this view; nothing else in the house decides it. A ban removes the child whatever the role, so that a parent who works
-- in the house is held to it as well. cares is false where a child is seen for no other reason than that the kita lets its
-- educators see all: what a child is ill with, and when it is away, is for those who look after it.
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

-- Which group a staff account works with: its own, or the whole kita for leaders and where the kita says so; cares as in
-- reach.
create view staff_reach as
select s.account_id as account_id, s.kita_id as kita_id, g.id as group_id, s.role as role,
       (s.role = 'leader' or exists (select 1 from staff_groups og where og.kita_id = s.kita_id and og.staff_id = s.id and og.group_id = g.id)) as cares
from   staff s
join   kitas k on k.id = s.kita_id and k.archived_at is null
join   groups g on g.kita_id = s.kita_id
where  s.archived_at is null and s.account_id is not null
and    (s.role = 'leader' or k.educators_see_all
        or exists (select 1 from staff_groups sg where sg.kita_id = s.kita_id and sg.staff_id = s.id and sg.group_id = g.id));

-- Which guardian is told of a child's notices. A ban takes the pair away; by account, so that a second record of the
-- same person does not open what the first has closed.
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
