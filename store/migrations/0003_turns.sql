alter table deliveries add column turn bigint not null default 0;
update deliveries set turn = due_at where finished_at is null;
drop index deliveries_due;
create index deliveries_due on deliveries (service, rank, turn, due_at) where finished_at is null;
