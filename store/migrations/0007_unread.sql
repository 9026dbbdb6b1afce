-- What counts the unread, for each push, finds all it asks for in the index.
drop index recipients_unread;
create index recipients_unread on recipients (account_id, opened_at, withdrawn) where opened_at is null and not withdrawn;
