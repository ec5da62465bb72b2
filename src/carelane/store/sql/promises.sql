-- name: first
-- When the history begins.
select least((select min(received_at) from message), (select min(recorded_at) from fact)) as at

-- name: cases
-- Cases opened in the period by pathway: how many closed, how many are open at its end; and, as `patient-status`, those
-- of which the patient was told a milestone (a message of the case itself, not of one of its waits).
with opened as (
  select c.pathway, c.closed_at < %(to_at)s as closed,
         exists (select from effect e where e.case_id = c.id and e.audience = 'patient' and e.step is null
                 and e.compensates is null) as told
  from pathway_case c where c.opened_at >= %(from_at)s and c.opened_at < %(to_at)s),
counted as (
  select pathway, closed from opened union all select 'patient-status', closed from opened where told)
select pathway, count(*) as started,
       count(*) filter (where closed) as closed,
       count(*) filter (where closed is not true) as open
from counted group by 1 order by 1

-- name: unowned
-- What the constraints forbid, counted all the same: open cases without an open wait, open waits without owner, clock or
-- fallback.
select c.id as case_id, c.pathway, '' as state, 'no open wait' as lacks
from pathway_case c
where c.closed_at is null and not exists (select from step s where s.case_id = c.id and s.closed_at is null)
union all
select s.case_id, c.pathway, s.state,
       case when s.owner_name = '' then 'no owner' when s.fallback = '' then 'no fallback' else 'no clock' end
from step s join pathway_case c on c.id = s.case_id
where s.closed_at is null
  and (s.owner_name = '' or s.fallback = '' or s.clock_kind = '' or s.due_at is null or s.next_at is null)

-- name: owned
-- Waits of the period with their owner and how long they stood; urgent by their clock, their task or their case.
select c.pathway, s.state, s.owner_kind, s.owner_name, s.site, s.service_line, s.opened_at,
       coalesce(s.closed_at, %(to_at)s) as until,
       s.safety or coalesce(t.urgency, c.urgency) > 0 as urgent
from step s join pathway_case c on c.id = s.case_id left join task t on t.id = s.task
where s.opened_at < %(to_at)s and (s.closed_at is null or s.closed_at > %(from_at)s)

-- name: levels
-- Waits that were opened in the period on wall time, with the levels that were told and when.
select s.id as step, s.case_id, c.pathway, c.release, s.state, s.opened_at, s.started_at,
       coalesce(s.closed_at, %(to_at)s) as until,
       coalesce((select jsonb_agg(jsonb_build_array(n.level, n.at) order by n.at) from notice n
                 where n.step = s.id and n.kind in ('level', 'passed')), '[]') as told
from step s join pathway_case c on c.id = s.case_id
where s.clock_kind = 'wall' and c.pathway = any(%(pathways)s::text[]) and s.state = any(%(states)s::text[])
  and s.opened_at >= %(from_at)s and s.opened_at < %(to_at)s

-- name: calls
-- Each time somebody had to take a result: since when (the source's time), when it came, when it was taken.
select s.case_id, s.state, s.started_at, s.opened_at as arrived_at,
       (select min(t.closed_at) from task t where t.case_id = s.case_id and t.name = %(task)s
        and t.status = 'completed' and t.outcome = %(outcome)s and t.closed_at >= s.opened_at
        and t.closed_at < %(to_at)s) as taken_at
from step s join pathway_case c on c.id = s.case_id
where c.pathway = %(pathway)s and s.state = any(%(states)s::text[])
  and s.opened_at >= %(from_at)s and s.opened_at < %(to_at)s
order by s.opened_at, s.case_id

-- name: decisions
-- For each case that came to a wait for a decision in the period: when first, and when a person first decided.
select c.id as case_id, c.site, c.urgency, w.since,
       (select min(t.closed_at) from task t where t.case_id = c.id and t.name = %(task)s and t.status = 'completed'
        and t.outcome = any(%(outcomes)s::text[]) and t.closed_at < %(to_at)s) as decided_at,
       case when c.closed_at < %(to_at)s then c.closed_at end as closed_at
from pathway_case c join lateral (
  select min(s.opened_at) as since from step s where s.case_id = c.id and s.state = any(%(states)s::text[])) w
  on w.since >= %(from_at)s and w.since < %(to_at)s
where c.pathway = %(pathway)s
order by w.since, c.id

-- name: waits
-- Every wait of these cases, in order: for what, whose, until when, and how it ended. Ids, never a patient.
select s.case_id, s.state, s.owner_name, s.site, s.opened_at, s.due_at, s.closed_at, s.how
from step s where s.case_id = any(%(cases)s::uuid[]) order by s.case_id, s.opened_at, s.id

-- name: busy
-- How long people had work in hand in the period: from claiming to completing, by person.
select t.assignee as person, count(*) as tasks,
       extract(epoch from sum(t.closed_at - t.claimed_at))::float8 as busy_s
from task t
where t.status = 'completed' and t.claimed_at is not null and t.assignee <> '' and t.name = any(%(tasks)s::text[])
  and t.closed_at >= %(from_at)s and t.closed_at < %(to_at)s
group by 1 order by 1

-- name: date_clocks
-- Clocks of one state that count dates: where they started, what they are due, and when the duty was done.
select s.id as step, s.case_id, s.site, s.opened_at, s.started_at, s.due_at, s.closed_at, s.how,
       (select min(t.closed_at) from task t where t.case_id = s.case_id and t.name = %(task)s
        and t.status = 'completed' and t.outcome = any(%(outcomes)s::text[]) and t.closed_at >= s.opened_at
        and t.closed_at < %(to_at)s) as done_at
from step s join pathway_case c on c.id = s.case_id
where c.pathway = %(pathway)s and s.state = %(state)s
  and s.opened_at >= %(from_at)s and s.opened_at < %(to_at)s
order by s.opened_at, s.id

-- name: overdue
-- Waits of these states whose time ran out in the period, whoever was to blame: ids, never a patient.
select c.pathway, s.case_id, s.state, s.owner_name, s.site, s.due_at, s.closed_at, s.how
from step s join pathway_case c on c.id = s.case_id
join unnest(%(pathways)s::text[], %(states)s::text[]) w(pathway, state) on w.pathway = c.pathway and w.state = s.state
where s.opened_at >= %(from_at)s and s.opened_at < %(to_at)s and s.due_at < %(to_at)s
  and (s.how = 'expired' or coalesce(s.closed_at, %(to_at)s) > s.due_at + interval '1 minute')
order by s.due_at, s.case_id, s.state

-- name: routed
-- What these messages led to: each task that followed before a person had decided, with its urgency, owner and delay.
-- A message without a task, or without a case, is a row of nulls.
select k.number, m.id as message, f.recorded_at, a.case_id, c.pathway, t.id as task, t.name, t.urgency, t.owner_kind,
       t.owner_name, t.opened_at
from unnest(%(numbers)s::int[], %(tokens)s::text[]) k(number, token)
join message m on m.control_token = k.token and not m.conflict and m.replay_of is null
left join lateral (select id, recorded_at from fact where origin = m.id) f on true
left join application a on a.fact = f.id and a.parked = ''
left join pathway_case c on c.id = a.case_id
left join task t on t.case_id = c.id and coalesce(t.closed_at, 'infinity') >= f.recorded_at
  and not exists (select from application b join fact d on d.id = b.fact
                  where b.case_id = c.id and d.type = 'task.completed' and d.actor = 'person'
                    and b.at >= f.recorded_at and b.at <= t.opened_at)
order by k.number, t.opened_at

-- name: resends
-- Messages to patients that were sent again because the pathway says that twice is better than never.
select count(*) as effects, coalesce(sum(attempts - 1), 0)::int as times
from effect where audience = 'patient' and if_unknown = 'resend' and attempts > 1
  and created_at >= %(from_at)s and created_at < %(to_at)s

-- name: urgent
-- How many of the cases of the period were urgent at some time.
select count(*) as cases, count(*) filter (where c.urgency > 0 or exists (
         select from task t where t.case_id = c.id and t.urgency > 0)) as urgent
from pathway_case c where c.opened_at >= %(from_at)s and c.opened_at < %(to_at)s

-- name: moved
-- The cases of these tasks: what was sent to a wrong place on purpose, and moved by hand.
select t.id as task, t.case_id from task t where t.id = any(%(tasks)s::uuid[])

-- name: openings
-- Slots that came free in the period: whether they were offered, whether a person had them, and how they ended.
select c.id as case_id, c.site, case when c.closed_at < %(to_at)s then c.outcome else '' end as outcome,
       exists (select from step s where s.case_id = c.id and s.state = 'offering') as offered,
       exists (select from step s where s.case_id = c.id and s.state in ('by-hand', 'by-hand-late')) as by_hand
from pathway_case c
where c.pathway = 'slot-fill' and c.opened_at >= %(from_at)s and c.opened_at < %(to_at)s
order by c.opened_at, c.id

-- name: waiting
-- Everybody who waited for a slot in the period: what they were offered, and by which cohort they can be told apart.
select c.id as case_id, c.opened_at, case when c.closed_at < %(to_at)s then c.closed_at end as closed_at,
       coalesce(c.state#>>'{values,line,1}', '') as service_line, coalesce(c.state#>>'{values,speaks,1}', '') as language,
       coalesce(c.state#>>'{values,visit,1}', '') as visit,
       (array['routine', 'urgent', 'asap', 'stat'])[c.urgency + 1] as urgency,
       (select count(*) from step s where s.case_id = c.id and s.state = 'asking' and s.opened_at < %(to_at)s)::int as offers,
       (select count(*) from step s where s.case_id = c.id and s.state = 'claiming' and s.opened_at < %(to_at)s)::int
         as accepted,
       (select min(s.opened_at) from step s where s.case_id = c.id and s.state = 'asking') as first_at
from pathway_case c
where c.pathway = 'waitlist-offer' and c.opened_at >= %(from_at)s and c.opened_at < %(to_at)s
order by c.opened_at, c.id
