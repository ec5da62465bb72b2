-- name: open_cases
-- New cases.
insert into pathway_case (organisation, id, site, service_line, subject, pathway, version, release, status, milestone, urgency, outcome, opened_at, decided_at, closed_at, correlation, unique_name, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor, identity, state, sealed)
select %(organisation)s, u.id, u.site, u.service_line, u.subject, u.pathway, u.version, u.release, u.status, u.milestone, u.urgency, u.outcome, u.opened_at, u.decided_at, u.closed_at, u.correlation, u.unique_name, u.unique_token, u.revision, u.cancelled, u.parked_by, u.duplicate_of, u.last_actor, u.identity, u.state::jsonb, u.sealed
from unnest(%(id)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(subject)s::uuid[],
       %(pathway)s::text[],
       %(version)s::text[],
       %(release)s::text[],
       %(status)s::text[],
       %(milestone)s::text[],
       %(urgency)s::smallint[],
       %(outcome)s::text[],
       %(opened_at)s::timestamptz[],
       %(decided_at)s::timestamptz[],
       %(closed_at)s::timestamptz[],
       %(correlation)s::uuid[],
       %(unique_name)s::text[],
       %(unique_token)s::text[],
       %(revision)s::int[],
       %(cancelled)s::boolean[],
       %(parked_by)s::uuid[],
       %(duplicate_of)s::uuid[],
       %(last_actor)s::text[],
       %(identity)s::uuid[],
       %(state)s::text[],
       %(sealed)s::bytea[])
     u(id, site, service_line, subject, pathway, version, release, status, milestone, urgency, outcome, opened_at, decided_at, closed_at, correlation, unique_name, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor, identity, state, sealed)

-- name: change_cases
-- Cases that a decision changed.
update pathway_case c set subject = u.subject, status = u.status, milestone = u.milestone, urgency = u.urgency, outcome = u.outcome, decided_at = u.decided_at, closed_at = u.closed_at, unique_token = u.unique_token, revision = u.revision, cancelled = u.cancelled, parked_by = u.parked_by, duplicate_of = u.duplicate_of, last_actor = u.last_actor, state = u.state::jsonb, sealed = u.sealed
from unnest(%(id)s::uuid[],
       %(subject)s::uuid[],
       %(status)s::text[],
       %(milestone)s::text[],
       %(urgency)s::smallint[],
       %(outcome)s::text[],
       %(decided_at)s::timestamptz[],
       %(closed_at)s::timestamptz[],
       %(unique_token)s::text[],
       %(revision)s::int[],
       %(cancelled)s::boolean[],
       %(parked_by)s::uuid[],
       %(duplicate_of)s::uuid[],
       %(last_actor)s::text[],
       %(state)s::text[],
       %(sealed)s::bytea[])
     u(id, subject, status, milestone, urgency, outcome, decided_at, closed_at, unique_token, revision, cancelled, parked_by, duplicate_of, last_actor, state, sealed)
where c.id = u.id

-- name: open_steps
-- New steps: owner, clock and fallback, or the check refuses them.
insert into step (organisation, id, site, service_line, case_id, subject, state, opened_at, closed_at, how, owner_kind, owner_name, clock_kind, started_at, due_at, next_at, safety, fallback, task, entered_by, detail)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.subject, u.state, u.opened_at, u.closed_at, u.how, u.owner_kind, u.owner_name, u.clock_kind, u.started_at, u.due_at, u.next_at, u.safety, u.fallback, u.task, u.entered_by, u.detail::jsonb
from unnest(%(id)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(case_id)s::uuid[],
       %(subject)s::uuid[],
       %(state)s::text[],
       %(opened_at)s::timestamptz[],
       %(closed_at)s::timestamptz[],
       %(how)s::text[],
       %(owner_kind)s::text[],
       %(owner_name)s::text[],
       %(clock_kind)s::text[],
       %(started_at)s::timestamptz[],
       %(due_at)s::timestamptz[],
       %(next_at)s::timestamptz[],
       %(safety)s::boolean[],
       %(fallback)s::text[],
       %(task)s::uuid[],
       %(entered_by)s::uuid[],
       %(detail)s::text[])
     u(id, site, service_line, case_id, subject, state, opened_at, closed_at, how, owner_kind, owner_name, clock_kind, started_at, due_at, next_at, safety, fallback, task, entered_by, detail)

-- name: close_steps
-- Steps that ended, and how.
update step s set closed_at = u.closed_at, how = u.how
from unnest(%(id)s::uuid[], %(closed_at)s::timestamptz[], %(how)s::text[]) u(id, closed_at, how)
where s.id = u.id

-- name: change_steps
-- Steps whose owner or clock moved while they stay open.
update step s set owner_kind = u.owner_kind, owner_name = u.owner_name, clock_kind = u.clock_kind, due_at = u.due_at,
       next_at = u.next_at, detail = u.detail::jsonb
from unnest(%(id)s::uuid[], %(owner_kind)s::text[], %(owner_name)s::text[], %(clock_kind)s::text[],
            %(due_at)s::timestamptz[], %(next_at)s::timestamptz[], %(detail)s::text[])
     u(id, owner_kind, owner_name, clock_kind, due_at, next_at, detail)
where s.id = u.id

-- name: change_tasks
-- Open tasks follow their step's owner and due time; a snooze never outlasts the clock.
update task t set owner_kind = u.owner_kind, owner_name = u.owner_name, due_at = u.due_at, urgency = u.urgency,
       assignee = case when t.owner_name <> u.owner_name then '' else t.assignee end,
       status = case when t.owner_name <> u.owner_name and t.status = 'in-progress' then 'ready' else t.status end,
       snoozed_until = least(t.snoozed_until, u.due_at), version = t.version + 1
from unnest(%(id)s::uuid[], %(owner_kind)s::text[], %(owner_name)s::text[], %(due_at)s::timestamptz[],
            %(urgency)s::smallint[])
     u(id, owner_kind, owner_name, due_at, urgency)
where t.id = u.id and t.closed_at is null

-- name: open_tasks
-- New tasks.
insert into task (organisation, id, site, service_line, case_id, step, subject, pathway, name, title, business_status, urgency, owner_kind, owner_name, opened_at, due_at)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.step, u.subject, u.pathway, u.name, u.title, u.business_status, u.urgency, u.owner_kind, u.owner_name, u.opened_at, u.due_at
from unnest(%(id)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(case_id)s::uuid[],
       %(step)s::uuid[],
       %(subject)s::uuid[],
       %(pathway)s::text[],
       %(name)s::text[],
       %(title)s::text[],
       %(business_status)s::text[],
       %(urgency)s::smallint[],
       %(owner_kind)s::text[],
       %(owner_name)s::text[],
       %(opened_at)s::timestamptz[],
       %(due_at)s::timestamptz[])
     u(id, site, service_line, case_id, step, subject, pathway, name, title, business_status, urgency, owner_kind, owner_name, opened_at, due_at)

-- name: close_tasks
-- Tasks whose step ended: completed by a person's outcome, else cancelled.
update task t set closed_at = u.closed_at, status = u.status, outcome = u.outcome, undo_until = u.undo_until,
       snoozed_until = null, draft_sealed = null, version = t.version + 1
from unnest(%(id)s::uuid[], %(closed_at)s::timestamptz[], %(status)s::text[], %(outcome)s::text[],
            %(undo_until)s::timestamptz[]) u(id, closed_at, status, outcome, undo_until)
where t.id = u.id

-- name: open_effects
-- New effects. Predecessors travel as text, because arrays of arrays must be even.
insert into effect (organisation, id, site, service_line, case_id, step, subject, name, capability, audience, if_unknown, urgency, created_at, next_at, held_until, not_after, undo, compensates, correlation, identity, sealed, after)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.step, u.subject, u.name, u.capability, u.audience, u.if_unknown, u.urgency, u.created_at, u.next_at, u.held_until, u.not_after, u.undo, u.compensates, u.correlation, u.identity, u.sealed, case when u.after = '' then '{}'::uuid[] else string_to_array(u.after, ',')::uuid[] end
from unnest(%(id)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(case_id)s::uuid[],
       %(step)s::uuid[],
       %(subject)s::uuid[],
       %(name)s::text[],
       %(capability)s::text[],
       %(audience)s::text[],
       %(if_unknown)s::text[],
       %(urgency)s::smallint[],
       %(created_at)s::timestamptz[],
       %(next_at)s::timestamptz[],
       %(held_until)s::timestamptz[],
       %(not_after)s::timestamptz[],
       %(undo)s::text[],
       %(compensates)s::uuid[],
       %(correlation)s::uuid[],
       %(identity)s::uuid[],
       %(sealed)s::bytea[],
       %(after)s::text[])
     u(id, site, service_line, case_id, step, subject, name, capability, audience, if_unknown, urgency, created_at, next_at, held_until, not_after, undo, compensates, correlation, identity, sealed, after)

-- name: withdraw_effects
-- Effects that must not start any more; one that is being sent already is settled and then compensated.
update effect e set state = 'withdrawn', settled_at = u.at, cause = u.cause
from unnest(%(id)s::uuid[], %(at)s::timestamptz[], %(cause)s::text[]) u(id, at, cause)
where e.id = u.id and e.state = 'ready' and not e.maybe

-- name: applications
-- One row for each fact applied to a case, with the reasons.
insert into application (organisation, case_id, fact, site, service_line, at, revision, parked, reasons, bound)
select %(organisation)s, u.case_id, u.fact, u.site, u.service_line, u.at, u.revision, u.parked, u.reasons::jsonb, u.bound::jsonb
from unnest(%(case_id)s::uuid[],
       %(fact)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(at)s::timestamptz[],
       %(revision)s::int[],
       %(parked)s::text[],
       %(reasons)s::text[],
       %(bound)s::text[])
     u(case_id, fact, site, service_line, at, revision, parked, reasons, bound)
on conflict (case_id, fact, organisation) do update set parked = excluded.parked, reasons = excluded.reasons, at = excluded.at

-- name: decisions
-- How each fact ended; a held or parked fact may end anew.
insert into decision (organisation, fact, site, service_line, subject, disposition, reason, held_until, held_then, held_pathway, applied, decided_at)
select %(organisation)s, u.fact, u.site, u.service_line, u.subject, u.disposition, u.reason, u.held_until, u.held_then, u.held_pathway, u.applied, u.decided_at
from unnest(%(fact)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(subject)s::uuid[],
       %(disposition)s::text[],
       %(reason)s::text[],
       %(held_until)s::timestamptz[],
       %(held_then)s::text[],
       %(held_pathway)s::text[],
       %(applied)s::smallint[],
       %(decided_at)s::timestamptz[])
     u(fact, site, service_line, subject, disposition, reason, held_until, held_then, held_pathway, applied, decided_at)
on conflict (fact, organisation) do update set disposition = excluded.disposition, reason = excluded.reason,
  held_until = excluded.held_until, held_then = excluded.held_then, held_pathway = excluded.held_pathway,
  applied = excluded.applied, decided_at = excluded.decided_at

-- name: notices
-- Staff to be told.
insert into notice (organisation, id, site, service_line, case_id, step, recipient, channel, kind, level, safety, at)
select %(organisation)s, u.id, u.site, u.service_line, u.case_id, u.step, u.recipient, u.channel, u.kind, u.level, u.safety, u.at
from unnest(%(id)s::uuid[],
       %(site)s::text[],
       %(service_line)s::text[],
       %(case_id)s::uuid[],
       %(step)s::uuid[],
       %(recipient)s::text[],
       %(channel)s::text[],
       %(kind)s::text[],
       %(level)s::smallint[],
       %(safety)s::boolean[],
       %(at)s::timestamptz[])
     u(id, site, service_line, case_id, step, recipient, channel, kind, level, safety, at)
on conflict (id) do nothing

-- name: leaves
-- Audit leaves, in the same transaction as what they tell of.
insert into audit_leaf (organisation, id, at, body)
select %(organisation)s, u.id, u.at, u.body
from unnest(%(id)s::uuid[],
       %(at)s::timestamptz[],
       %(body)s::bytea[])
     u(id, at, body)

-- name: check_now
-- Run the deferred checks before anything else can be lost with them (SEMANTICS 4).
set constraints all immediate
