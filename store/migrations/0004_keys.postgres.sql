-- Keys begin with the kita, and what points at something of a kita points at it in the same one: a row that pointed at
-- another kita's would stop this, and be named.
alter table emergency_contacts drop constraint emergency_contacts_child_id_fkey, drop constraint emergency_contacts_kita_id_fkey;
alter table placements drop constraint placements_child_id_fkey, drop constraint placements_group_id_fkey, drop constraint placements_kita_id_fkey;
alter table guardian_children drop constraint guardian_children_child_id_fkey, drop constraint guardian_children_guardian_id_fkey, drop constraint guardian_children_kita_id_fkey;
alter table contact_bans drop constraint contact_bans_child_id_fkey, drop constraint contact_bans_guardian_id_fkey, drop constraint contact_bans_kita_id_fkey;
alter table staff_groups drop constraint staff_groups_group_id_fkey, drop constraint staff_groups_kita_id_fkey, drop constraint staff_groups_staff_id_fkey;
alter table invitations drop constraint invitations_guardian_id_fkey, drop constraint invitations_staff_id_fkey;
alter table notice_targets drop constraint notice_targets_kita_id_fkey, drop constraint notice_targets_notice_id_fkey;
alter table notice_versions drop constraint notice_versions_kita_id_fkey, drop constraint notice_versions_notice_id_fkey;
alter table notice_files drop constraint notice_files_file_id_fkey, drop constraint notice_files_kita_id_fkey, drop constraint notice_files_notice_id_fkey;
alter table recipients drop constraint recipients_guardian_id_fkey, drop constraint recipients_kita_id_fkey, drop constraint recipients_notice_id_fkey, drop constraint recipients_staff_id_fkey;
alter table recipient_children drop constraint recipient_children_child_id_fkey, drop constraint recipient_children_kita_id_fkey, drop constraint recipient_children_recipient_id_fkey;
alter table deliveries drop constraint deliveries_recipient_id_fkey;
alter table absences drop constraint absences_child_id_fkey, drop constraint absences_kita_id_fkey;

alter table closing_days drop constraint closing_days_pkey, add primary key (kita_id, id);
create unique index closing_days_id on closing_days (id);
alter table groups drop constraint groups_pkey, add primary key (kita_id, id);
create unique index groups_id on groups (id);
alter table children drop constraint children_pkey, add primary key (kita_id, id);
create unique index children_id on children (id);
alter table emergency_contacts drop constraint emergency_contacts_pkey, add primary key (kita_id, id);
create unique index emergency_contacts_id on emergency_contacts (id);
alter table placements drop constraint placements_pkey, add primary key (kita_id, id);
create unique index placements_id on placements (id);
alter table guardians drop constraint guardians_pkey, add primary key (kita_id, id);
create unique index guardians_id on guardians (id);
alter table guardian_children drop constraint guardian_children_pkey, add primary key (kita_id, guardian_id, child_id);
drop index guardian_children_kita;
create unique index guardian_children_pair on guardian_children (guardian_id, child_id);
alter table contact_bans drop constraint contact_bans_pkey, add primary key (kita_id, id);
create unique index contact_bans_id on contact_bans (id);
alter table staff drop constraint staff_pkey, add primary key (kita_id, id);
create unique index staff_id on staff (id);
alter table staff_groups drop constraint staff_groups_pkey, add primary key (kita_id, staff_id, group_id);
create unique index staff_groups_pair on staff_groups (staff_id, group_id);
alter table files drop constraint files_pkey, add primary key (kita_id, id);
create unique index files_id on files (id);
alter table notices drop constraint notices_pkey, add primary key (kita_id, id);
create unique index notices_id on notices (id);
alter table notice_targets drop constraint notice_targets_pkey, add primary key (kita_id, notice_id, target_id);
create unique index notice_targets_pair on notice_targets (notice_id, target_id);
alter table notice_versions drop constraint notice_versions_pkey, add primary key (kita_id, notice_id, version);
create unique index notice_versions_pair on notice_versions (notice_id, version);
alter table notice_files drop constraint notice_files_pkey, add primary key (kita_id, notice_id, file_id);
create unique index notice_files_pair on notice_files (notice_id, file_id);
alter table recipients drop constraint recipients_pkey, add primary key (kita_id, id);
create unique index recipients_id on recipients (id);
alter table recipient_children drop constraint recipient_children_pkey, add primary key (kita_id, recipient_id, child_id);
create unique index recipient_children_pair on recipient_children (recipient_id, child_id);
alter table absences drop constraint absences_pkey, add primary key (kita_id, id);
create unique index absences_id on absences (id);

alter table emergency_contacts
  add foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade;
alter table placements
  add foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade,
  add foreign key (kita_id, group_id) references groups (kita_id, id);
alter table guardian_children
  add foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  add foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade;
alter table contact_bans
  add foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  add foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade;
alter table staff_groups
  add foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade,
  add foreign key (kita_id, group_id) references groups (kita_id, id) on delete cascade;
alter table invitations
  add check (kita_id is not null or guardian_id is null and staff_id is null),
  add foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  add foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade;
alter table notice_targets
  add foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade;
alter table notice_versions
  add foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade;
alter table notice_files
  add foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade,
  add foreign key (kita_id, file_id) references files (kita_id, id);
alter table recipients
  add foreign key (kita_id, notice_id) references notices (kita_id, id) on delete cascade,
  add foreign key (kita_id, guardian_id) references guardians (kita_id, id) on delete cascade,
  add foreign key (kita_id, staff_id) references staff (kita_id, id) on delete cascade;
alter table recipient_children
  add foreign key (kita_id, recipient_id) references recipients (kita_id, id) on delete cascade,
  add foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade;
alter table deliveries
  add check (kita_id is not null or recipient_id is null),
  add foreign key (kita_id, recipient_id) references recipients (kita_id, id) on delete cascade;
alter table absences
  add foreign key (kita_id, child_id) references children (kita_id, id) on delete cascade;
