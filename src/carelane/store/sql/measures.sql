-- name: open_work
-- Open tasks by owner and age band, and how many are past due.
select t.owner_kind, t.owner_name, t.pathway, t.urgency,
       case when %(now)s - t.opened_at < interval '1 hour' then 'under 1 h'
            when %(now)s - t.opened_at < interval '4 hours' then '1 to 4 h'
            when %(now)s - t.opened_at < interval '1 day' then '4 to 24 h'
            when %(now)s - t.opened_at < interval '7 days' then '1 to 7 d'
            else 'over 7 d' end as age,
       count(*) as open, count(*) filter (where t.due_at <= %(now)s) as overdue,
       extract(epoch from max(%(now)s - t.opened_at))::float8 as oldest_s
from task t where t.closed_at is null
group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5

-- name: turnaround
-- How long waits of each state took, from opening to end, by how they ended.
select c.pathway, s.state, s.how, count(*) as ended,
       percentile_cont(0.5) within group (order by extract(epoch from s.closed_at - s.opened_at))::float8 as median_s,
       percentile_cont(0.9) within group (order by extract(epoch from s.closed_at - s.opened_at))::float8 as p90_s,
       count(*) filter (where s.closed_at > s.due_at) as late
from step s join pathway_case c on c.id = s.case_id
where s.closed_at >= %(from_at)s and s.closed_at < %(to_at)s
group by 1, 2, 3 order by 1, 2, 3

-- name: breaches
-- Waits that passed their due time: ended late, or still open.
select c.pathway, s.state, s.owner_name, s.safety, count(*) as breaches,
       count(*) filter (where s.closed_at is null) as still_open,
       extract(epoch from max(coalesce(s.closed_at, %(to_at)s) - s.due_at))::float8 as worst_s
from step s join pathway_case c on c.id = s.case_id
where s.due_at >= %(from_at)s and s.due_at < %(to_at)s and coalesce(s.closed_at, %(to_at)s) > s.due_at
group by 1, 2, 3, 4 order by 1, 2, 3

-- name: touches
-- How many things people did for each closed case.
select c.pathway, count(distinct c.id) as cases, count(*) filter (where f.actor = 'person')::float8
       / greatest(count(distinct c.id), 1) as touches
from pathway_case c join application a on a.case_id = c.id join fact f on f.id = a.fact
where c.closed_at >= %(from_at)s and c.closed_at < %(to_at)s
group by 1 order by 1

-- name: overrides
-- How often people routed against a rule: counted by rule, release and reason.
select rule, release, reason, count(*) as overrides from routing_override
where at >= %(from_at)s and at < %(to_at)s group by 1, 2, 3 order by 4 desc, 1

-- name: effects
-- Effects by connection and state, with attempts.
select connection, capability, state, count(*) as effects, sum(attempts)::bigint as attempts,
       extract(epoch from max(%(now)s - created_at) filter (where state in ('ready', 'sending', 'unknown')))::float8
         as oldest_s
from effect group by 1, 2, 3 order by 1, 2, 3

-- name: connections
-- Each outgoing connection's breaker.
select name, state, failures, open_until, not_before from connection order by name

-- name: standing
-- The open waits of a pathway by release and state: how many, since when the oldest waits, how many are past due.
select c.release, s.state, count(*) as open, min(s.opened_at) as oldest_at,
       count(*) filter (where s.due_at <= %(now)s) as late
from step s join pathway_case c on c.id = s.case_id
where s.closed_at is null and c.pathway = %(pathway)s group by 1, 2 order by 1, 2

-- name: counted_touches
-- Cases that closed for good in the period, with what people did for each. A case that reopened counts once, whole.
select c.pathway, c.site, c.service_line, c.opened_at, c.closed_at as at,
       t.value, 'case ' || c.id || coalesce(': ' || t.facts, '') as source
from pathway_case c cross join lateral (
  select count(*)::int as value, string_agg('fact ' || f.id, ', ' order by a.revision) as facts
  from application a join fact f on f.id = a.fact
  where a.case_id = c.id and a.parked = '' and f.actor = 'person') t
where c.closed_at >= %(from_at)s and c.closed_at < %(to_at)s
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)

-- name: counted_arrivals
-- When each case first stood in each of its states, and when it closed. The period is that of the arrival.
select c.id as case_id, c.pathway, c.release, c.site, c.service_line, c.opened_at, s.state, s.at,
       'case ' || c.id as source
from pathway_case c join lateral (
  select state, min(opened_at) as at from step where case_id = c.id group by state
  union all select '', c.closed_at where c.closed_at is not null) s on true
where c.id in (select case_id from step where opened_at >= %(from_at)s and opened_at < %(to_at)s
               union select id from pathway_case where closed_at >= %(from_at)s and closed_at < %(to_at)s)
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)

-- name: counted_waits
-- Waits that ended in the period, and those that are late at its end; `missed`: the clock ran out at least once. What was
-- undone didn't end.
select c.pathway, s.site, s.service_line, c.opened_at, s.state, s.how, s.opened_at as began, s.closed_at as ended,
       coalesce(s.closed_at, %(to_at)s) as at, s.clock_kind, s.safety,
       coalesce(s.detail#>'{clock,intervals}', '[]') as intervals, s.detail#>>'{clock,paused_at}' as paused_at,
       'step ' || s.id || ' of case ' || c.id as source,
       x.expired, x.expired or coalesce(s.closed_at, %(to_at)s) > s.due_at as missed
from step s join pathway_case c on c.id = s.case_id
cross join lateral (select exists (
  select from application a join fact f on f.id = a.fact
  where a.case_id = s.case_id and f.type = 'clock.expired' and f.refers->>'step' = s.id::text
    and a.at < %(to_at)s) as expired) x
where (s.closed_at >= %(from_at)s and s.closed_at < %(to_at)s
       or s.opened_at < %(to_at)s and (s.closed_at is null or s.closed_at >= %(to_at)s)
          and (s.due_at < %(to_at)s or x.expired))
  and not exists (select from application b join fact u on u.id = b.fact
                  where b.case_id = s.case_id and u.type = 'task.undone' and u.refers->>'task' = s.task::text)
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or s.site = %(site)s)
  and (%(service_line)s::text is null or s.service_line = %(service_line)s)

-- name: counted_by_hand
-- What a person routed: overrides and reassignments that were applied.
select c.pathway, c.site, c.service_line, c.opened_at, a.at, f.type as what, 'fact ' || f.id as source
from application a join fact f on f.id = a.fact join pathway_case c on c.id = a.case_id
where f.type in ('routing.overridden', 'task.reassigned') and a.parked = ''
  and a.at >= %(from_at)s and a.at < %(to_at)s
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)

-- name: counted_items
-- Items that people completed, with the age at that time; what was undone is left out.
select t.pathway, t.site, t.service_line, c.opened_at, a.at, f.actor_name as person, 'fact ' || f.id as source,
       extract(epoch from a.at - t.opened_at)::float8 as value
from fact f join application a on a.fact = f.id join task t on t.id = (f.refers->>'task')::uuid
join pathway_case c on c.id = a.case_id
where f.type = 'task.completed' and f.actor = 'person' and a.parked = ''
  and a.at >= %(from_at)s and a.at < %(to_at)s and t.status = 'completed' and t.closed_at = a.at
  and not exists (select from application b join fact u on u.id = b.fact
                  where b.case_id = a.case_id and u.type = 'task.undone' and u.refers->>'task' = t.id::text)
  and (%(pathway)s::text is null or t.pathway = %(pathway)s)
  and (%(site)s::text is null or t.site = %(site)s)
  and (%(service_line)s::text is null or t.service_line = %(service_line)s)

-- name: counted_handovers
-- Handovers offered in the period and how they stood at its end; `sent back`: the receiver gave the task back.
select t.pathway, h.site, h.service_line, c.opened_at, h.offered_at as at, 'handover ' || h.id as source,
       case when exists (select from handover b where b.task = h.task and b.giver = h.accepted_by
                         and b.receiver = h.giver and b.offered_at >= h.accepted_at and b.offered_at < %(to_at)s)
            then 'sent back'
            when h.accepted_at < %(to_at)s then 'accepted'
            when h.withdrawn_at < %(to_at)s then 'taken back by the giver'
            else 'not answered' end as what,
       extract(epoch from h.accepted_at - h.offered_at)::float8 as value
from handover h join task t on t.id = h.task join pathway_case c on c.id = t.case_id
where h.offered_at >= %(from_at)s and h.offered_at < %(to_at)s
  and (%(pathway)s::text is null or t.pathway = %(pathway)s)
  and (%(site)s::text is null or h.site = %(site)s)
  and (%(service_line)s::text is null or h.service_line = %(service_line)s)

-- name: counted_misroutes
-- Routings marked wrong or overridden, and tasks given to another pool, by rule and by the release that routed (the case
-- may have moved on since), with the seconds that the item had spent where the rule sent it. Of one case and rule the
-- first counts.
select distinct on (m.case_id, m.rule) m.case_id, c.pathway, c.site, c.service_line, c.opened_at, m.at, m.rule,
       m.release, m.reason, m.source,
       extract(epoch from m.at - coalesce(
         (select max(s.opened_at) from step s where s.case_id = m.case_id and s.opened_at <= m.at
          and (m.step is null or s.id = m.step)), c.opened_at))::float8 as value
from (
  select o.case_id, o.rule, o.release, o.reason, o.at, (select t.step from task t where t.id = o.task) as step,
         'override ' || o.id as source
  from routing_override o
  union all
  select a.case_id, coalesce(routed.rule, ''), coalesce(nullif(routed.release, ''), nullif(a.release, ''), k.release),
         'moved to another pool', a.at, (f.refers->>'step')::uuid, 'fact ' || f.id
  from application a join fact f on f.id = a.fact join pathway_case k on k.id = a.case_id
  left join lateral (
    select r->>'rule' as rule, b.release
    from application b cross join lateral jsonb_array_elements(b.reasons) with ordinality e(r, n)
    where b.case_id = a.case_id and b.revision <= a.revision and r->>'rule' like 'table %%'
    order by b.revision desc, n desc limit 1) routed on true
  where f.type = 'task.reassigned' and a.parked = '' and a.reasons @> '[{"rule": "reassign", "answer": "pool"}]') m
join pathway_case c on c.id = m.case_id
where m.at >= %(from_at)s and m.at < %(to_at)s
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)
order by m.case_id, m.rule, m.at

-- name: counted_exceptions
-- Exceptions that are not ways out of a wait: could not be done, overridden, parked, quarantined; state and reason.
select c.pathway, t.site, t.service_line, c.opened_at, t.closed_at as at, 'could not be done' as what, s.state,
       coalesce((select d.read#>>'{said,task,reason}' from application a join fact f on f.id = a.fact
                 join decision d on d.fact = f.id
                 where a.case_id = t.case_id and f.type = 'task.completed' and f.refers->>'task' = t.id::text
                 order by a.revision desc limit 1), 'not said') as reason, 'task ' || t.id as source
from task t join step s on s.id = t.step join pathway_case c on c.id = t.case_id
join unnest(%(pathways)s::text[], %(tasks)s::text[], %(outcomes)s::text[]) w(pathway, name, outcome)
  on (w.pathway, w.name, w.outcome) = (t.pathway, t.name, t.outcome)
where t.status = 'completed' and t.closed_at >= %(from_at)s and t.closed_at < %(to_at)s
  and not exists (select from application b join fact u on u.id = b.fact
                  where b.case_id = t.case_id and u.type = 'task.undone' and u.refers->>'task' = t.id::text)
  and (%(pathway)s::text is null or t.pathway = %(pathway)s)
  and (%(site)s::text is null or t.site = %(site)s)
  and (%(service_line)s::text is null or t.service_line = %(service_line)s)
union all
select c.pathway, c.site, c.service_line, c.opened_at, a.at, 'overridden', coalesce(s.state, ''),
       coalesce(d.read#>>'{said,task,reason}', 'not said'), 'fact ' || f.id
from application a join fact f on f.id = a.fact join pathway_case c on c.id = a.case_id
left join step s on s.id = (f.refers->>'step')::uuid left join decision d on d.fact = f.id
where f.type = 'routing.overridden' and a.parked = '' and a.at >= %(from_at)s and a.at < %(to_at)s
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)
union all
select c.pathway, c.site, c.service_line, c.opened_at, a.at, 'parked', c.status, a.parked, 'fact ' || a.fact
from application a join pathway_case c on c.id = a.case_id
where a.parked <> '' and a.at >= %(from_at)s and a.at < %(to_at)s
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)
union all
select '', m.site, m.service_line, m.received_at, m.received_at, 'quarantined', m.connection, m.reason, 'message ' || m.id
from message m
where m.outcome = 'quarantined' and m.received_at >= %(from_at)s and m.received_at < %(to_at)s
  and %(pathway)s::text is null
  and (%(site)s::text is null or m.site = %(site)s)
  and (%(service_line)s::text is null or m.service_line = %(service_line)s)

-- name: counted_appointments
-- From the request to the appointment, for cases opened in the period; null: none is known yet.
select c.pathway, c.site, c.service_line, c.opened_at, c.opened_at as at, 'case ' || c.id as source,
       extract(epoch from (c.state#>>array['values', w.input, '1'])::timestamptz - c.opened_at)::float8 as value
from pathway_case c join unnest(%(pathways)s::text[], %(inputs)s::text[]) w(pathway, input) on w.pathway = c.pathway
where c.opened_at >= %(from_at)s and c.opened_at < %(to_at)s
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)

-- name: counted_typed
-- What people gave in forms: the codes that were kept of it (a word for what they wrote), with what facts had told the
-- case before. An undone completion is left out.
select c.pathway, c.release, c.site, c.service_line, c.opened_at, a.at, t.name as task, 'fact ' || f.id as source,
       d.read#>'{said,task,form}' as form,
       coalesce((select jsonb_agg(e.read#>array['read', c.pathway] order by b.revision)
                 from application b join decision e on e.fact = b.fact
                 where b.case_id = a.case_id and b.revision < a.revision
                   and e.read#>array['read', c.pathway] is not null), '[]') as before
from application a join fact f on f.id = a.fact join decision d on d.fact = f.id
join pathway_case c on c.id = a.case_id join task t on t.id = (f.refers->>'task')::uuid
where f.type = 'task.completed' and f.actor = 'person' and a.parked = ''
  and a.at >= %(from_at)s and a.at < %(to_at)s
  and not exists (select from application b join fact u on u.id = b.fact
                  where b.case_id = a.case_id and u.type = 'task.undone' and u.refers->>'task' = t.id::text)
  and (%(pathway)s::text is null or c.pathway = %(pathway)s)
  and (%(site)s::text is null or c.site = %(site)s)
  and (%(service_line)s::text is null or c.service_line = %(service_line)s)

-- name: counted_slots
-- Each slot as it was last told of before the end of the period, with what the pathway that fills slots read of it.
select distinct on (f.subject) f.subject, f.type = 'slot.freed' as free, f.occurred_at as told_at, f.site, f.service_line,
       w.pathway, w.read, 'fact ' || f.id as source
from fact f join subject s on s.id = f.subject and s.kind = 'slot'
left join decision d on d.fact = f.id
left join lateral (select r.key as pathway, r.value as read from jsonb_each(d.read -> 'read') r
                   where r.value ? 'slot_start' order by r.key limit 1) w on true
where f.type in ('slot.freed', 'slot.taken') and f.recorded_at < %(to_at)s
order by f.subject, f.occurred_at desc, f.recorded_at desc
