-- name: case
-- One case, with its subject's copied fields and key.
select c.id, c.organisation, c.site, c.service_line, c.subject, c.pathway, c.version, c.release, c.status, c.milestone,
       c.urgency, c.outcome, c.opened_at, c.closed_at, c.correlation, c.revision, c.cancelled, c.parked_by,
       c.duplicate_of, c.identity, c.sealed, i.identity_key, u.kind as subject_kind, u.sealed as subject_sealed,
       u.identity as subject_identity, k.identity_key as subject_key, u.provisional
from pathway_case c left join subject u on u.id = c.subject
left join identity i on i.id = c.identity left join identity k on k.id = u.identity
where c.id = %(id)s

-- name: cases
-- Cases in view, newest first; a page begins after the last row of the one before.
select c.id, c.pathway, c.status, c.urgency, c.outcome, c.opened_at, c.closed_at, c.subject, c.site, c.service_line,
       c.cancelled, c.parked_by is not null as parked
from pathway_case c
where (%(open)s::boolean is null or (c.closed_at is null) = %(open)s)
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(subjects)s::uuid[] is null or c.subject = any(%(subjects)s))
  and (%(after_at)s::timestamptz is null or (c.opened_at, c.id) < (%(after_at)s, %(after_id)s::uuid))
order by c.opened_at desc, c.id desc limit %(limit)s

-- name: cases_after
-- How many cases follow the last row of a page.
select count(*) as n
from pathway_case c
where (%(open)s::boolean is null or (c.closed_at is null) = %(open)s)
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (c.opened_at, c.id) < (%(after_at)s::timestamptz, %(after_id)s::uuid)

-- name: steps
-- A case's waits, first to last.
select id, state, opened_at, closed_at, how, owner_kind, owner_name, clock_kind, started_at, due_at, safety, fallback,
       task, entered_by
from step where case_id = %(id)s order by opened_at, id

-- name: tasks
-- A case's tasks, first to last.
select id, step, name, title, business_status, status, urgency, owner_kind, owner_name, assignee, version, opened_at,
       due_at, snoozed_until, claimed_at, closed_at, outcome, undo_until
from task where case_id = %(id)s order by opened_at, id

-- name: standing
-- How far a case is.
select id, release, status, milestone, closed_at from pathway_case where id = %(id)s

-- name: stood
-- A case's waits, first to last, each with the release that led there; rows from before it was written down have none.
select s.state, s.opened_at, s.closed_at, s.how, s.due_at,
       coalesce((select a.release from application a where a.case_id = s.case_id and a.at <= s.opened_at
                 order by a.revision desc limit 1), '') as release
from step s where s.case_id = %(id)s order by s.opened_at, s.id

-- name: effects
-- A case's effects with where they stand.
select id, step, name, capability, connection, audience, state, urgency, created_at, next_at, held_until, not_after,
       attempts, sent_at, cause, reference, format, settled_at, compensates, asked, maybe
from effect where case_id = %(id)s order by created_at, id

-- name: history
-- What was applied to a case, with why; people's doings are told from the machine's by the actor. The release that
-- decided stands in the row; rows from before it was written down have the case's own, if they are younger than its
-- last move, else none.
select f.id, f.type, f.occurred_at, f.recorded_at, f.actor, f.actor_name, f.connection, f.origin, f.refers, a.at,
       a.revision, a.parked, a.reasons, a.bound,
       case when a.release <> '' then a.release
            when a.revision >= coalesce((select max(m.revision) from application m join fact g on g.id = m.fact
                 where m.case_id = c.id and g.type in ('case.migrated', 'case.restored')), 0) then c.release
            else '' end as release
from application a join fact f on f.id = a.fact join pathway_case c on c.id = a.case_id
where a.case_id = %(id)s order by a.revision, a.at, f.recorded_at limit %(limit)s

-- name: sources
-- What an outside system told a case, newest first: the records its copied fields come from.
select f.id, f.connection, f.identity, f.sealed, i.identity_key
from application a join fact f on f.id = a.fact left join identity i on i.id = f.identity
where a.case_id = %(id)s and f.actor = 'system' and f.connection <> ''
order by a.revision desc, f.recorded_at desc limit %(limit)s

-- name: messages
-- The messages that facts of a case came from.
select m.id, m.connection, m.trigger, m.received_at, m.interpreted_at, m.outcome
from message m where m.id = any(%(ids)s) order by m.seq

-- name: thread
-- A case's thread.
select t.id, t.author, t.at, t.kind, t.identity, t.sealed, i.identity_key
from thread_entry t left join identity i on i.id = t.identity
where t.case_id = %(id)s order by t.at, t.id limit 500

-- name: activation
-- Who put a release in force where this case is: the narrowest scope that fits, before the case opened if there is one.
select approver_one, approver_two, reason, from_at, site, service_line, referral_type, scheduling_lane, proof
from activation
where release = %(release)s and site in ('', %(site)s) and service_line in ('', %(service_line)s)
order by from_at <= %(opened_at)s desc, (site <> '')::int + (service_line <> '')::int desc, from_at desc limit 1

-- name: waits
-- A case's open waits with how the owner was found and what the clock counts by.
select state, opened_at, owner_kind, owner_name, clock_kind, due_at, safety, fallback, task, entered_by,
       detail#>'{owner,trail}' as owner_found, coalesce(detail#>>'{clock,calendar}', '') as calendar,
       coalesce((detail#>>'{clock,calendar_version}')::int, 0) as calendar_version
from step where case_id = %(id)s and closed_at is null order by opened_at, id

-- name: corrections
-- What people said is wrong with a case's routing.
select rule, reason, person, at from routing_override where case_id = %(id)s order by at, id

-- name: notices
-- Who was told about a case.
select recipient, channel, kind, level, safety, at, seen_at, seen_by from notice
where case_id = %(id)s order by at, level limit 500

-- name: find
-- Subjects that carry every one of these blind tokens; one that was merged away is found as its survivor.
select s.id, s.kind, s.identity, s.sealed, i.identity_key,
       (select count(*) from pathway_case c where c.subject = s.id and c.closed_at is null) as open_cases
from subject s left join identity i on i.id = s.identity
where s.id in (
    select subject from (
      select subject, family as token from subject_token where family = any(%(family)s::uuid[])
      union all select subject, birth_date from subject_token where birth_date = any(%(birth_date)s::uuid[])
      union all select subject, phone from subject_token where phone = any(%(phone)s::uuid[])
      union all select subject, identifier from subject_token where identifier = any(%(identifier)s::uuid[])
    ) found group by subject having count(distinct token) >= %(least)s)
  and cardinality(%(given)s::uuid[]) = (select count(distinct t.given) from subject_token t
                                        where t.subject = s.id and t.given = any(%(given)s::uuid[]))
  and s.merged_into is null
order by s.id limit %(limit)s

-- name: leaves
-- Leaves of a period, oldest first, with their place in the tree.
select id, at, tree_index, convert_from(body, 'utf8') as body from audit_leaf
where at >= %(from_at)s and at < %(to_at)s
  and (%(case)s::text is null or convert_from(body, 'utf8')::jsonb->>'case' = %(case)s)
  and (%(actor)s::text is null or convert_from(body, 'utf8')::jsonb#>>'{actor,name}' = %(actor)s)
  and (%(after_at)s::timestamptz is null or (at, id) > (%(after_at)s, %(after_id)s::uuid))
order by at, id limit %(limit)s

-- name: seen
-- Who saw which patient's cases in a period, by which screens, and for which purposes: by reader, or of one case's patient.
select a.person, c.subject, a.case_id as "case", array_agg(distinct a.screen) as screens,
       array_agg(distinct a.purpose) as purposes, count(*) as times, min(a.at) as first_at, max(a.at) as last_at
from (
  select l.at, l.body#>>'{actor,name}' as person, coalesce(l.body#>>'{detail,screen}', '') as screen,
         coalesce(l.body->>'purpose', '') as purpose, v.id::uuid as case_id
  from (select at, convert_from(body, 'utf8')::jsonb as body from access_leaf
        where at >= %(from_at)s and at < %(to_at)s) l
  cross join lateral jsonb_array_elements_text(coalesce(l.body#>'{detail,cases}', '[]'::jsonb)) v(id)
  where l.body->>'action' = 'access.read') a
left join pathway_case c on c.id = a.case_id
where (%(person)s::text is null or a.person = %(person)s)
  and (%(case)s::uuid is null or a.case_id = %(case)s
       or c.subject = (select o.subject from pathway_case o where o.id = %(case)s))
group by 1, 2, 3 order by min(a.at), a.person, a.case_id
