-- name: set_password
-- A person's password; a new one also lifts a lock.
insert into account (organisation, person, password_hash, changed_at)
values (%(organisation)s, %(person)s, %(hash)s, %(now)s)
on conflict (person, organisation) do update
set password_hash = excluded.password_hash, changed_at = excluded.changed_at, failures = 0, locked_until = null

-- name: account
-- What signing in needs of a person, or of an address (`address:` and a hash).
select person, password_hash, failures, locked_until, factor_sealed, factor_step from account where person = %(person)s

-- name: set_factor
-- Another second factor, by a person with a password; the codes of the one before open nothing.
update account set factor_sealed = %(sealed)s, factor_step = 0 where person = %(person)s and password_hash <> ''

-- name: use_step
-- A code is good once: of two who send it at once, one changes the row.
update account set factor_step = %(step)s where person = %(person)s and factor_step < %(step)s returning person

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

-- name: take_try
-- One more try of a few within a time; no row where they are used up. Tries that are refused count no further.
insert into account (organisation, person, password_hash, changed_at, failures)
values (%(organisation)s, %(person)s, '', %(now)s, 1)
on conflict (person, organisation) do update
set failures = case when account.changed_at < %(forget)s then 1 else account.failures + 1 end,
    changed_at = case when account.changed_at < %(forget)s or account.failures = 0 then %(now)s else account.changed_at end
where account.changed_at < %(forget)s or account.failures < %(most)s
returning failures

-- name: open_session
-- A session, by the hash of its secret.
insert into session (id_hash, organisation, person, purpose, created_at, seen_at, ends_at, second_factor)
values (%(id_hash)s, %(organisation)s, %(person)s, %(purpose)s, %(now)s, %(now)s, %(ends_at)s, %(second_factor)s)

-- name: session
-- A session that is not over.
select id_hash, person, purpose, created_at, seen_at, ends_at, second_factor from session
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

-- name: emergency_about
-- Whom an emergency access is about: by the patient, or by one of their cases; past the sites, so with the worker's role.
select s.id, s.site, s.service_line, s.identity, i.identity_key
from subject s left join identity i on i.id = s.identity
where s.id = coalesce(%(subject)s::uuid, (select c.subject from pathway_case c where c.id = %(case)s::uuid))
  and s.kind = 'patient' and s.merged_into is null

-- name: open_emergency
-- The glass is broken: for one patient, by one person, for at most an hour.
insert into emergency_access (id, organisation, person, subject, reason, from_at, until_at)
values (%(id)s, %(organisation)s, %(person)s, %(subject)s, %(reason)s, %(now)s, %(until)s)

-- name: emergency
-- The emergency access that a person has to a case now.
select g.id, g.subject, g.reason, g.from_at, g.until_at, c.site
from emergency_access g join pathway_case c on c.subject = g.subject
where g.person = %(person)s and g.until_at > %(now)s and g.ended_at is null and c.id = %(case)s
order by g.until_at desc limit 1

-- name: emergency_by_id
-- One's own emergency access while it lasts.
select g.id, g.subject, g.reason, g.from_at, g.until_at, '' as site from emergency_access g
where g.id = %(id)s and g.person = %(person)s and g.until_at > %(now)s and g.ended_at is null

-- name: end_emergency
-- Over before its time.
update emergency_access set ended_at = %(now)s
where id = %(id)s and person = %(person)s and ended_at is null and until_at > %(now)s returning id
