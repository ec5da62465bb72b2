-- name: messages
-- Messages = facts + no mapping + quarantined + rejected + pending, each with the evidence that it is so: rows
-- of facts, an owner's case, a digest and a reason, bytes to interpret. What lacks its evidence is counted as lost.
select count(*) as total,
       count(*) filter (where w.says = 'pending' and w.shown) as pending,
       count(*) filter (where w.says = 'facts' and w.shown) as facts,
       count(*) filter (where w.says = 'no mapping' and w.shown) as no_mapping,
       count(*) filter (where w.says = 'quarantined' and w.shown) as quarantined,
       count(*) filter (where w.says = 'rejected' and w.shown) as rejected,
       coalesce((array_agg(w.id order by w.id) filter (where not w.shown))[1:10], '{}') as offenders
from (
  select m.id, m.outcome as says,
         case m.outcome
           when 'pending' then exists (select from message_body b where b.message = m.id)
           when 'facts' then exists (select from fact f where f.origin = m.id)
                or exists (select from merge_log g join fact f on f.id = g.fact where f.origin = m.id)
                or m.replay_of is not null
           when 'no mapping' then exists (select from message_body b where b.message = m.id)
           when 'quarantined' then exists (
                select from fact f where f.origin = m.id and f.type in ('message.quarantined', 'identity.review')
                and (exists (select from inbox i where i.fact = f.id)
                     or exists (select from application a join pathway_case c on c.id = a.case_id where a.fact = f.id)
                     or exists (select from decision d where d.fact = f.id and d.disposition in ('held', 'parked'))))
           when 'rejected' then m.reason <> '' and octet_length(m.digest) = 32
         end as shown
  from message m) w

-- name: facts
-- Facts = applied + ignored + held + parked + pending: applications, reasons, a time, an owner, an inbox row; each
-- fact in exactly one of them (a held or parked one may have been put back into the inbox).
select count(*) as total,
       count(*) filter (where w.places = 1 and w.applied) as applied,
       count(*) filter (where w.places = 1 and w.ignored) as ignored,
       count(*) filter (where w.places = 1 and w.held) as held,
       count(*) filter (where w.places = 1 and w.parked) as parked,
       count(*) filter (where w.places = 1 and w.pending) as pending,
       coalesce((array_agg(w.id order by w.id) filter (where w.places <> 1))[1:10], '{}') as offenders
from (
  select v.id, v.applied, v.ignored, v.held, v.parked, v.pending,
         v.applied::int + v.ignored::int + v.held::int + v.parked::int + v.pending::int as places
  from (
    select f.id,
           d.disposition is not distinct from 'applied'
             and exists (select from application a where a.fact = f.id) as applied,
           d.disposition is not distinct from 'ignored' and d.reason <> '' as ignored,
           d.disposition is not distinct from 'held' and i.fact is null and d.held_until is not null as held,
           d.disposition is not distinct from 'parked' and i.fact is null and d.reason <> '' as parked,
           i.fact is not null as pending
    from fact f left join decision d on d.fact = f.id left join inbox i on i.fact = f.id) v) w

-- name: cases
-- Cases = closed + open: closed with an outcome and no open step, open with an owned and clocked one.
select count(*) as total,
       count(*) filter (where w.closed and w.steps = 0 and w.outcome <> '') as closed,
       count(*) filter (where not w.closed and w.steps > 0) as open,
       coalesce((array_agg(w.id order by w.id)
                 filter (where (w.closed and (w.steps > 0 or w.outcome = '')) or (not w.closed and w.steps = 0)))[1:10],
                '{}') as offenders
from (
  select c.id, c.closed_at is not null as closed, c.outcome,
         (select count(*) from step s where s.case_id = c.id and s.closed_at is null
            and s.owner_name <> '' and s.fallback <> '') as steps
  from pathway_case c) w

-- name: effects
-- Effects = done + withdrawn + ready + sending + unknown + dead: done and withdrawn are settled, sending has a
-- lease, unknown and dead a case of a system pathway (or the fact that opens it, still to be decided).
select count(*) as total,
       count(*) filter (where w.says = 'done' and w.shown) as done,
       count(*) filter (where w.says = 'withdrawn' and w.shown) as withdrawn,
       count(*) filter (where w.says = 'ready' and w.shown) as ready,
       count(*) filter (where w.says = 'sending' and w.shown) as sending,
       count(*) filter (where w.says = 'unknown' and w.shown) as unknown,
       count(*) filter (where w.says = 'dead' and w.shown) as dead,
       coalesce((array_agg(w.id order by w.id) filter (where not w.shown))[1:10], '{}') as offenders
from (
  select e.id, e.state as says,
         case e.state
           when 'done' then e.settled_at is not null
                and exists (select from fact f where f.origin = e.id and f.type = 'effect.settled')
           when 'withdrawn' then e.settled_at is not null and e.cause <> ''
           when 'ready' then e.lease_until is null
                and exists (select from pathway_case c where c.id = e.case_id)
           when 'sending' then e.lease_until is not null and e.lease_by <> '' and e.attempts > 0
           else exists (
                select from fact f where f.origin = e.id and f.type in ('effect.unknown', 'effect.dead')
                and (exists (select from inbox i where i.fact = f.id)
                     or exists (select from application a where a.fact = f.id)
                     or exists (select from decision d where d.fact = f.id and d.disposition in ('held', 'parked'))))
         end as shown
  from effect e) w

-- name: standing
-- What waits, and since when: for `ledger status`.
select (select count(*) from inbox) as inbox,
       (select min(received_at) from message where outcome = 'pending') as oldest_message,
       (select min(f.recorded_at) from inbox i join fact f on f.id = i.fact) as oldest_fact,
       (select min(created_at) from effect where state = 'ready') as oldest_effect,
       (select min(created_at) from effect where state = 'unknown') as oldest_unknown,
       (select count(*) from step where closed_at is null and due_at < %(now)s) as steps_overdue
