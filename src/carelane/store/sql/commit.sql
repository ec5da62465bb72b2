-- name: open_cases
-- New cases.
insert into pathway_case (organisation, id, site, service_line, subject, pathway, version, release, status, milestone, urgency, outcome, opened_at, decided_at, closed_at, correlation, unique_name, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor, identity, state, sealed)
select %(organisation)s, u.id, u.site, u.service_line, u.subject, u.pathway, u.version, u.release, u.status, u.milestone, u.urgency, u.outcome, u.opened_at, u.decided_at, u.closed_at, u.correlation, u.unique_name, u.unique_token, u.revision, u.cancelled, u.parked_by, u.duplicate_of, u.last_actor, u.identity, u.state::jsonb, u.sealed
from unnest(%(id)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(subject)b::uuid[],
       %(pathway)b::text[],
       %(version)b::text[],
       %(release)b::text[],
       %(status)b::text[],
       %(milestone)b::text[],
       %(urgency)b::smallint[],
       %(outcome)b::text[],
       %(opened_at)b::timestamptz[],
       %(decided_at)b::timestamptz[],
       %(closed_at)b::timestamptz[],
       %(correlation)b::uuid[],
       %(unique_name)b::text[],
       %(unique_token)b::text[],
       %(revision)b::int[],
       %(cancelled)b::boolean[],
       %(parked_by)b::uuid[],
       %(duplicate_of)b::uuid[],
       %(last_actor)b::text[],
       %(identity)b::uuid[],
       %(state)b::text[],
       %(sealed)b::bytea[])
     u(id, site, service_line, subject, pathway, version, release, status, milestone, urgency, outcome, opened_at, decided_at, closed_at, correlation, unique_name, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor, identity, state, sealed)

-- name: change_cases
-- Cases that a decision changed.
update pathway_case c set subject = u.subject, version = u.version, release = u.release, status = u.status, milestone = u.milestone, urgency = u.urgency, outcome = u.outcome, decided_at = u.decided_at, closed_at = u.closed_at, unique_token = u.unique_token, revision = u.revision, cancelled = u.cancelled, parked_by = u.parked_by, duplicate_of = u.duplicate_of, last_actor = u.last_actor, state = u.state::jsonb, sealed = u.sealed
from unnest(%(id)b::uuid[],
       %(subject)b::uuid[],
       %(version)b::text[],
       %(release)b::text[],
       %(status)b::text[],
       %(milestone)b::text[],
       %(urgency)b::smallint[],
       %(outcome)b::text[],
       %(decided_at)b::timestamptz[],
       %(closed_at)b::timestamptz[],
       %(unique_token)b::text[],
       %(revision)b::int[],
       %(cancelled)b::boolean[],
       %(parked_by)b::uuid[],
       %(duplicate_of)b::uuid[],
       %(last_actor)b::text[],
       %(state)b::text[],
       %(sealed)b::bytea[])
     u(id, subject, version, release, status, milestone, urgency, outcome, decided_at, closed_at, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor, state, sealed)
where c.id = u.id

-- name: open_steps
-- New steps: owner, clock and fallback, or the check refuses them.
insert into step (organisation, id, site, service_line, case_id, subject, state, opened_at, closed_at, how, owner_kind, owner_name, clock_kind, started_at, due_at, next_at, safety, fallback, task, entered_by, detail)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.subject, u.state, u.opened_at, u.closed_at, u.how, u.owner_kind, u.owner_name, u.clock_kind, u.started_at, u.due_at, u.next_at, u.safety, u.fallback, u.task, u.entered_by, u.detail::jsonb
from unnest(%(id)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(case_id)b::uuid[],
       %(subject)b::uuid[],
       %(state)b::text[],
       %(opened_at)b::timestamptz[],
       %(closed_at)b::timestamptz[],
       %(how)b::text[],
       %(owner_kind)b::text[],
       %(owner_name)b::text[],
       %(clock_kind)b::text[],
       %(started_at)b::timestamptz[],
       %(due_at)b::timestamptz[],
       %(next_at)b::timestamptz[],
       %(safety)b::boolean[],
       %(fallback)b::text[],
       %(task)b::uuid[],
       %(entered_by)b::uuid[],
       %(detail)b::text[])
     u(id, site, service_line, case_id, subject, state, opened_at, closed_at, how, owner_kind, owner_name, clock_kind, started_at, due_at, next_at, safety, fallback, task, entered_by, detail)

-- name: close_steps
-- Steps that ended, and how.
update step s set closed_at = u.closed_at, how = u.how
from unnest(%(id)b::uuid[], %(closed_at)b::timestamptz[], %(how)b::text[]) u(id, closed_at, how)
where s.id = u.id

-- name: change_steps
-- Steps whose owner or clock moved while they stay open, and those of a case that went to another release.
update step s set state = u.state, owner_kind = u.owner_kind, owner_name = u.owner_name, clock_kind = u.clock_kind,
       started_at = u.started_at, due_at = u.due_at, next_at = u.next_at, safety = u.safety, fallback = u.fallback,
       task = u.task, detail = u.detail::jsonb
from unnest(%(id)b::uuid[], %(state)b::text[], %(owner_kind)b::text[], %(owner_name)b::text[], %(clock_kind)b::text[],
            %(started_at)b::timestamptz[], %(due_at)b::timestamptz[], %(next_at)b::timestamptz[],
            %(safety)b::boolean[], %(fallback)b::text[], %(task)b::uuid[], %(detail)b::text[])
     u(id, state, owner_kind, owner_name, clock_kind, started_at, due_at, next_at, safety, fallback, task, detail)
where s.id = u.id

-- name: change_tasks
-- Open tasks follow their step's owner and due time, and their case's release; a snooze never outlasts the clock.
update task t set title = u.title, business_status = u.business_status, owner_kind = u.owner_kind,
       owner_name = u.owner_name, due_at = u.due_at, urgency = u.urgency,
       assignee = case when t.owner_name <> u.owner_name then '' else t.assignee end,
       status = case when t.owner_name <> u.owner_name and t.status = 'in-progress' then 'ready' else t.status end,
       snoozed_until = case when t.snoozed_until > u.due_at then u.due_at else t.snoozed_until end, version = t.version + 1
from unnest(%(id)b::uuid[], %(title)b::text[], %(business_status)b::text[], %(owner_kind)b::text[],
            %(owner_name)b::text[], %(due_at)b::timestamptz[], %(urgency)b::smallint[])
     u(id, title, business_status, owner_kind, owner_name, due_at, urgency)
where t.id = u.id and coalesce(t.closed_at, 'infinity') = 'infinity'

-- name: open_tasks
-- New tasks.
insert into task (organisation, id, site, service_line, case_id, step, subject, pathway, name, title, business_status, urgency, owner_kind, owner_name, opened_at, due_at)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.step, u.subject, u.pathway, u.name, u.title, u.business_status, u.urgency, u.owner_kind, u.owner_name, u.opened_at, u.due_at
from unnest(%(id)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(case_id)b::uuid[],
       %(step)b::uuid[],
       %(subject)b::uuid[],
       %(pathway)b::text[],
       %(name)b::text[],
       %(title)b::text[],
       %(business_status)b::text[],
       %(urgency)b::smallint[],
       %(owner_kind)b::text[],
       %(owner_name)b::text[],
       %(opened_at)b::timestamptz[],
       %(due_at)b::timestamptz[])
     u(id, site, service_line, case_id, step, subject, pathway, name, title, business_status, urgency, owner_kind, owner_name, opened_at, due_at)

-- name: close_tasks
-- Tasks whose step ended: completed by a person's outcome, else cancelled.
update task t set closed_at = u.closed_at, status = u.status, outcome = u.outcome, undo_until = u.undo_until,
       snoozed_until = null, draft_sealed = null, version = t.version + 1
from unnest(%(id)b::uuid[], %(closed_at)b::timestamptz[], %(status)b::text[], %(outcome)b::text[],
            %(undo_until)b::timestamptz[]) u(id, closed_at, status, outcome, undo_until)
where t.id = u.id

-- name: open_effects
-- New effects. Predecessors travel as text, because arrays of arrays must be even.
insert into effect (organisation, id, site, service_line, case_id, step, subject, name, capability, audience, if_unknown, urgency, created_at, next_at, held_until, not_after, undo, compensates, correlation, identity, sealed, refers, after)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.step, u.subject, u.name, u.capability, u.audience, u.if_unknown, u.urgency, u.created_at, u.next_at, u.held_until, u.not_after, u.undo, u.compensates, u.correlation, u.identity, u.sealed, u.refers::jsonb, case when u.after = '' then '{}'::uuid[] else string_to_array(u.after, ',')::uuid[] end
from unnest(%(id)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(case_id)b::uuid[],
       %(step)b::uuid[],
       %(subject)b::uuid[],
       %(name)b::text[],
       %(capability)b::text[],
       %(audience)b::text[],
       %(if_unknown)b::text[],
       %(urgency)b::smallint[],
       %(created_at)b::timestamptz[],
       %(next_at)b::timestamptz[],
       %(held_until)b::timestamptz[],
       %(not_after)b::timestamptz[],
       %(undo)b::text[],
       %(compensates)b::uuid[],
       %(correlation)b::uuid[],
       %(identity)b::uuid[],
       %(sealed)b::bytea[],
       %(refers)b::text[],
       %(after)b::text[])
     u(id, site, service_line, case_id, step, subject, name, capability, audience, if_unknown, urgency, created_at, next_at, held_until, not_after, undo, compensates, correlation, identity, sealed, refers, after)

-- name: withdraw_effects
-- Effects that must not start any more; one that is being sent already is settled and then compensated.
update effect e set state = 'withdrawn', settled_at = u.at, cause = u.cause
from unnest(%(id)b::uuid[], %(at)b::timestamptz[], %(cause)b::text[]) u(id, at, cause)
where e.id = u.id and coalesce(e.state, '') = 'ready' and not e.maybe

-- name: applications
-- One row for each fact applied to a case, with the reasons and the release that decided.
insert into application (organisation, case_id, fact, site, service_line, at, revision, release, parked, reasons, bound)
select %(organisation)s, u.case_id, u.fact, u.site, u.service_line, u.at, u.revision, u.release, u.parked, u.reasons::jsonb, u.bound::jsonb
from unnest(%(case_id)b::uuid[],
       %(fact)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(at)b::timestamptz[],
       %(revision)b::int[],
       %(release)b::text[],
       %(parked)b::text[],
       %(reasons)b::text[],
       %(bound)b::text[])
     u(case_id, fact, site, service_line, at, revision, release, parked, reasons, bound)
on conflict (case_id, fact, organisation) do update set parked = excluded.parked, reasons = excluded.reasons,
  at = excluded.at, release = excluded.release

-- name: decisions
-- How each fact ended, and what was read; a held or parked fact may end anew, and keeps how it ended before.
insert into decision (organisation, fact, site, service_line, subject, disposition, reason, held_until, held_then, held_pathway, applied, decided_at, read)
select %(organisation)s, u.fact, u.site, u.service_line, u.subject, u.disposition, u.reason, u.held_until, u.held_then, u.held_pathway, u.applied, u.decided_at, u.read::jsonb
from unnest(%(fact)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(subject)b::uuid[],
       %(disposition)b::text[],
       %(reason)b::text[],
       %(held_until)b::timestamptz[],
       %(held_then)b::text[],
       %(held_pathway)b::text[],
       %(applied)b::smallint[],
       %(decided_at)b::timestamptz[],
       %(read)b::text[])
     u(fact, site, service_line, subject, disposition, reason, held_until, held_then, held_pathway, applied, decided_at, read)
on conflict (fact, organisation) do update set disposition = excluded.disposition, reason = excluded.reason,
  held_until = excluded.held_until, held_then = excluded.held_then, held_pathway = excluded.held_pathway,
  applied = excluded.applied, decided_at = excluded.decided_at, xid = excluded.xid,
  read = (coalesce(decision.read, '{}') - 'seen') || excluded.read || jsonb_build_object('before',
    coalesce(decision.read -> 'before', '[]') || jsonb_build_object('at', decision.decided_at, 'xid', decision.xid::text,
      'n', decision.read -> 'n', 'ended', decision.disposition, 'reason', decision.reason, 'seen', decision.read -> 'seen'))

-- name: notices
-- Staff to be told.
insert into notice (organisation, id, site, service_line, case_id, step, recipient, channel, kind, level, safety, at)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.step, u.recipient, u.channel, u.kind, u.level, u.safety, u.at
from unnest(%(id)b::uuid[],
       %(site)b::text[],
       %(service_line)b::text[],
       %(case_id)b::uuid[],
       %(step)b::uuid[],
       %(recipient)b::text[],
       %(channel)b::text[],
       %(kind)b::text[],
       %(level)b::smallint[],
       %(safety)b::boolean[],
       %(at)b::timestamptz[])
     u(id, site, service_line, case_id, step, recipient, channel, kind, level, safety, at)
on conflict (id) do nothing

-- name: leaves
-- Audit leaves, in the same transaction as what they tell of, in order: one sheaf.
insert into audit_sheaf (organisation, id, leaves, ids, at, bodies)
select %(organisation)s, u.ids[1], cardinality(u.ids), u.ids, u.at, u.bodies
from (select %(id)b::uuid[] as ids, %(at)b::timestamptz[] as at, %(body)b::bytea[] as bodies) u

-- name: check_now
-- Run the deferred checks before anything else can be lost with them (SEMANTICS 4).
set constraints all immediate
