-- name: set_password
-- A person's password; a new one also lifts a lock.
insert into account (organisation, person, password_hash, changed_at)
values (%(organisation)s, %(person)s, %(hash)s, %(now)s)
on conflict (person, organisation) do update
set password_hash = excluded.password_hash, changed_at = excluded.changed_at, failures = 0, locked_until = null

-- name: account
-- What signing in needs of a person, or of an address (`address:` and a hash).
select person, password_hash, failures, locked_until from account where person = %(person)s

-- name: failed
-- One more failure; the lock is the caller's to choose.
insert into account (organisation, person, password_hash, changed_at, failures)
values (%(organisation)s, %(person)s, '', %(now)s, 1)
on conflict (person, organisation) do update
set failures = case when account.password_hash = '' and account.changed_at < %(forget)s then 1 else account.failures + 1 end,
    changed_at = case when account.password_hash = '' then %(now)s else account.changed_at end
returning failures

-- name: lock
-- Closed to everyone until then.
update account set locked_until = %(until)s where person = %(person)s

-- name: succeeded
-- The right password: failures are forgotten.
update account set failures = 0, locked_until = null where person = %(person)s

-- name: open_session
-- A session, by the hash of its secret.
insert into session (id_hash, organisation, person, purpose, created_at, seen_at, ends_at)
values (%(id_hash)s, %(organisation)s, %(person)s, %(purpose)s, %(now)s, %(now)s, %(ends_at)s)

-- name: session
-- A session that is not over.
select id_hash, person, purpose, created_at, seen_at, ends_at from session
where id_hash = %(id_hash)s and revoked_at is null and ends_at > %(now)s and seen_at > %(idle)s

-- name: seen
-- The person did something.
update session set seen_at = %(now)s where id_hash = %(id_hash)s and seen_at < %(before)s

-- name: purpose
-- The person said why from now on.
update session set purpose = %(purpose)s where id_hash = %(id_hash)s and revoked_at is null

-- name: revoke
-- Over.
update session set revoked_at = %(now)s where id_hash = %(id_hash)s and revoked_at is null returning person

-- name: revoke_all
-- Every session of a person is over: a new password, or the person left.
update session set revoked_at = %(now)s where person = %(person)s and revoked_at is null

-- name: access
-- One leaf of the access tree: a read or a denial.
insert into access_sheaf (id, organisation, leaves, ids, at, bodies)
values (%(id)s, %(organisation)s, 1, array[%(id)s]::uuid[], array[%(at)s]::timestamptz[], array[%(body)s]::bytea[])

-- name: task_record
-- What rights are decided by, for a task in view.
select t.id, t.case_id, t.site, t.service_line, t.owner_name, t.assignee, t.pathway from task t where t.id = %(id)s

-- name: case_record
-- The same for a case; its owners are those of its open steps.
select c.id, c.id as case_id, c.site, c.service_line, '' as owner_name, '' as assignee, c.pathway
from pathway_case c where c.id = %(id)s

-- name: handover_record
-- The same for a handover: it is the task's, and the receiver's.
select t.id, t.case_id, t.site, t.service_line, h.receiver as owner_name, h.giver as assignee, t.pathway
from handover h join task t on t.id = h.task where h.id = %(id)s
