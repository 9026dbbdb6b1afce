-- Whether a push reaches an account, for those who may know that and nothing else of its devices.
create view devices as
select account_id, trouble
from   subscriptions;

-- The families of those children: whoever is kept from a child learns from nobody where it is to be found.
create view barred_people as
select x.account_id as account_id, gc.guardian_id as guardian_id
from   barred x
join   guardian_children gc on gc.child_id = x.child_id;
