-- name: turns
-- Subjects with waiting facts, urgent first, then oldest; their turns, skipping those taken. A window at the head of
-- the queue keeps it cheap under a backlog, and urgent facts have a head of their own (SEMANTICS 12, 4).
select t.subject from turn t join (
  select subject, min(seq) as first, max(priority) as urgency from (
    (select subject, seq, priority from inbox order by seq limit 400)
    union all
    (select subject, seq, priority from inbox where priority > 0 order by priority desc, seq limit 200)
  ) head group by subject
) h using (subject)
order by h.urgency desc, h.first
limit %(limit)s
for no key update of t skip locked

-- name: due_turns
-- Subjects whose clocks or held facts are due.
select t.subject from turn t join (
  select subject, min(next_at) as first from (
    (select subject, next_at from step where closed_at is null and next_at <= %(now)s order by next_at limit 400)
    union all
    (select subject, held_until from decision where disposition = 'held' and held_until <= %(now)s
     order by held_until limit 100)
  ) due group by subject
) h using (subject)
order by h.first
limit %(limit)s
for no key update of t skip locked

-- name: crowded
-- Whether no other worker lives, or more facts than these wait to be decided.
select not exists (select from heartbeat where kind = 'work' and process <> %(process)s and at > %(since)s)
  or exists (select from inbox order by seq offset %(crowd)s)

-- name: turn
-- One subject's turn, waiting as long as the transaction's lock_timeout allows.
select subject from turn where subject = %(subject)s for no key update

-- name: came
-- Whether facts wait for any of these subjects.
select exists (select from inbox where subject = any(%(subjects)s::uuid[])) as came

-- name: lock_timeout
-- How long this transaction waits for a turn.
select set_config('lock_timeout', %(value)s, true)

-- name: take
-- The pending facts of subjects whose turns are held, as many as these bytes hold and at least one: a second statement,
-- so that the snapshot is fresh. Only a patient's fact follows a link: what a patient's case says to a slot or a list is
-- under the patient's key, but theirs. `offset 0` and the place of each row leave no choice to a plan that is made while
-- the inbox is empty.
with taken as (
  delete from inbox where ctid = any(array(
    select w.place from (
      select h.place, sum(octet_length(f.sealed)) over (order by h.priority desc, h.seq) - octet_length(f.sealed) as before
      from (
        select i.ctid as place, i.priority, i.seq, i.fact from unnest(%(subjects)s::uuid[]) s(id)
        cross join lateral (select ctid, priority, seq, fact from inbox where subject = s.id offset 0) i
        order by i.priority desc, i.seq limit %(limit)s) h
      cross join lateral (select sealed from fact where id = h.fact offset 0) f) w
    where w.before < %(bytes)s))
  returning seq, subject, fact)
select t.seq, t.subject, f.id, f.type, f.occurred_at, f.recorded_at, f.urgency, f.actor, f.actor_name, f.connection,
       f.origin, f.correlation, f.identity, f.keys::text, f.refers::text, f.entity, f.sealed, f.site, f.service_line,
       l.subject, i.identity_key
from taken t join fact f on f.id = t.fact
left join subject s on s.id = t.subject
left join identity_link l on l.identity = f.identity and coalesce(s.kind, 'patient') = 'patient'
left join identity i on i.id = f.identity
order by t.seq

-- name: held
-- Facts waiting on these subjects.
select d.subject, d.held_until, d.held_then, d.held_pathway, f.id, f.type, f.occurred_at, f.recorded_at, f.urgency,
       f.actor, f.actor_name, f.connection, f.origin, f.correlation, f.identity, f.keys::text, f.refers::text,
       f.entity, f.sealed, f.site, f.service_line, i.identity_key
from decision d join fact f on f.id = d.fact left join identity i on i.id = f.identity
where d.subject = any(%(subjects)s) and d.disposition = 'held'
order by f.recorded_at, f.id

-- name: subjects
-- What the subjects are.
select id, kind from subject where id = any(%(subjects)s)

-- name: cases
-- Open cases, and those closed recently enough to come back.
select c.id, c.site, c.service_line, c.subject, c.pathway, c.version, c.release, c.status, c.milestone, c.urgency,
       c.outcome, c.opened_at, c.decided_at, c.closed_at, c.correlation, c.unique_name, c.unique_token, c.revision,
       c.cancelled, c.parked_by, c.duplicate_of, c.last_actor, c.identity, c.state::text, c.sealed, i.identity_key
from pathway_case c left join identity i on i.id = c.identity
where c.subject = any(%(subjects)s) and (c.closed_at is null or c.closed_at > %(since)s)

-- name: steps
-- The open steps of those cases. Written so that no plan can take the partial index on due times and walk all waits.
select s.id, s.case_id, s.state, s.opened_at, s.fallback, s.task, s.entered_by, s.detail::text
from pathway_case c join step s on s.case_id = c.id
where c.subject = any(%(subjects)s) and (c.closed_at is null or c.closed_at > %(since)s)
  and coalesce(s.closed_at, 'infinity') = 'infinity'

-- name: effects
-- What the core sees of those cases' effects.
select e.id, e.case_id, e.name, case when e.state = 'ready' and e.maybe then 'unknown' else e.state end, e.step,
       e.undo, e.audience, e.compensates
from pathway_case c join effect e on e.case_id = c.id
where c.subject = any(%(subjects)s) and (c.closed_at is null or c.closed_at > %(since)s)

-- name: forward
-- A fact whose source identity has moved follows it, in order.
with moved as (
  update fact f set subject = u.subject from unnest(%(facts)b::uuid[], %(subjects)b::uuid[]) u(fact, subject)
  where f.id = u.fact returning f.id)
insert into inbox (subject, organisation, priority, cancels, fact)
select u.subject, %(organisation)s, u.priority, u.cancels, u.fact
from unnest(%(facts)b::uuid[], %(subjects)b::uuid[], %(priorities)b::smallint[], %(cancels)b::boolean[])
     with ordinality u(fact, subject, priority, cancels, n)
order by u.n

-- name: put_back
-- Facts taken but not decided in this batch go back to the end of the queue's order by their own order.
insert into inbox (subject, organisation, priority, cancels, fact)
select u.subject, %(organisation)s, u.priority, u.cancels, u.fact
from unnest(%(facts)b::uuid[], %(subjects)b::uuid[], %(priorities)b::smallint[], %(cancels)b::boolean[])
     with ordinality u(fact, subject, priority, cancels, n)
order by u.n

-- name: beat
-- A process says that it lives.
insert into heartbeat (process, organisation, kind, at, detail)
values (%(process)s, %(organisation)s, %(kind)s, %(at)s, %(detail)s::jsonb)
on conflict (process, organisation) do update set at = excluded.at, detail = excluded.detail, kind = excluded.kind

-- name: last_beat
-- When any drainer was last alive.
select max(at) as at from heartbeat where kind = %(kind)s

-- name: completing
-- A task whose outcome is stored, but not decided yet.
update task set status = 'completing', version = version + 1 where id = %(task)s
  and coalesce(closed_at, 'infinity') = 'infinity'

-- name: not_completed
-- Tasks whose outcome was refused when it was decided: they are open as before.
update task set status = case when assignee = '' then 'ready' else 'in-progress' end, version = version + 1
where id = any(%(tasks)s) and status = 'completing'

-- name: oldest_waiting
-- The oldest message not interpreted, or fact not decided.
-- Asked at the heads of the queues: min() over all would walk every message ever received, for each batch.
select least(
  (select min(head.received_at) from connection_turn t cross join lateral (
     select m.received_at from message m where m.connection = t.connection and m.outcome = 'pending'
     order by m.seq limit 1) head),
  (select min(f.recorded_at) from (select fact from inbox order by seq limit 400) head
   join fact f on f.id = head.fact)) as at

-- name: parked_case
-- A case that a fact parked.
select subject from pathway_case where id = %(case)s and parked_by is not null and closed_at is null

-- name: parked_facts
-- The facts that wait at a parked case, in their order.
select a.fact, f.subject, f.urgency, f.type
from application a join decision d on d.fact = a.fact join fact f on f.id = a.fact
where a.case_id = %(case)s and a.parked <> '' and d.disposition = 'parked'
  and not exists (select from inbox i where i.fact = a.fact)
order by f.recorded_at, f.id

-- name: anyone
-- Whether any process lived since then.
select exists (select from heartbeat where at >= %(since)s) as alive

-- name: merges
-- Merges and links that were carried out, newest first: what a person can take back.
select id, kind, survivor, retired, at, reversed_by is not null as taken_back
from merge_log
where kind <> 'unlink' and (%(subject)s::uuid is null or %(subject)s in (survivor, retired))
order by at desc, id desc limit %(limit)s
