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
