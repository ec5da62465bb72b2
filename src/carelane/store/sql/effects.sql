-- name: know_connection
-- A row for the breaker and the quota of a connection.
insert into connection (organisation, name, kind, site)
values (%(organisation)s, %(connection)s, %(kind)s, %(site)s) on conflict do nothing

-- name: gate
-- Lock a connection's breaker and quota; the claim that follows sees everything committed before (SEMANTICS 12, 3).
select state, open_until, failures, not_before, tokens, tokens_at
from connection where name = %(connection)s for update

-- name: breaker
-- A connection's breaker as it stands, without a lock: the usual outcome changes nothing of it.
select state, open_until, failures from connection where name = %(connection)s

-- name: spend
-- What a claim took out of the bucket, and the breaker as the claim left it.
update connection set state = %(state)s, tokens = %(tokens)s, tokens_at = %(now)s where name = %(connection)s

-- name: health
-- The breaker after an outcome, and how long the other side told us to wait.
update connection set state = %(state)s, open_until = %(open_until)s, failures = %(failures)s,
       not_before = greatest(not_before, %(hold_until)s)
where name = %(connection)s

-- name: waiting
-- Whether anything may be due at a destination: asked often, so it reads the head of an index only.
select exists (select from effect where connection = %(connection)s and state = 'ready' and next_at <= %(now)s)

-- name: with_unsettled
-- Those of these destinations at which an effect is ready, its outcome unknown or its answer due: at no other is
-- anything to reconcile.
select d.name from unnest(%(connections)s::text[]) d(name)
where exists (select from effect e where e.connection = d.name and e.state = 'ready')
   or exists (select from effect e where e.connection = d.name and e.state = 'unknown')
   or exists (select from effect e where e.connection = d.name and e.state = 'sending' and e.lease_until <= %(now)s)
   or exists (select from awaited a where a.connection = d.name and a.next_at <= %(now)s)

-- name: unrouted
-- Capabilities and sites that wait for a connection, with the channel that a level asks for.
select distinct capability, site, coalesce(refers ->> 'by', '') as asked_by from effect
where state = 'ready' and connection = ''

-- name: route
-- Give waiting effects of one capability, site and channel their connection.
update effect set connection = %(connection)s
where state = 'ready' and connection = '' and capability = %(capability)s and site = %(site)s
  and coalesce(refers ->> 'by', '') = %(asked_by)s

-- name: claim
-- Take effects to send: one UPDATE that requires ready, time, undo window, deadline, predecessors, free slots,
-- and, unless it is a compensation or for staff, a case neither cancelled nor about to be (I3, I6).
with wanted as (
  select e.id, e.identity
  from effect e join pathway_case c on c.id = e.case_id
  where e.state = 'ready' and e.connection = %(connection)s and e.next_at <= %(now)s
    and (e.held_until is null or e.held_until <= %(now)s)
    and (e.not_after is null or e.not_after > %(now)s)
    and not exists (select from unnest(e.after) p(id) left join effect f on f.id = p.id
                    where f.state is distinct from 'done')
    and (e.compensates is not null or e.audience = 'staff'
         or (not c.cancelled
             and not exists (select from inbox i where i.subject = e.subject and i.cancels)))
    and (e.compensates is null
         or exists (select from effect o where o.id = e.compensates and o.state = 'done'
                    and not exists (select from effect k join effect ko on ko.id = k.compensates
                                    where k.case_id = e.case_id and k.id <> e.id
                                      and k.state in ('ready', 'sending', 'unknown') and ko.state = 'done'
                                      and (ko.settled_at, ko.id) > (o.settled_at, o.id))))
    and (not %(ordered)s
         or not exists (select from effect b where b.subject = e.subject and b.connection = e.connection
                          and b.connection <> '' and b.state in ('ready', 'sending', 'unknown')
                          and (b.created_at, b.id) < (e.created_at, e.id)))
  order by e.urgency desc, e.next_at, e.id
  limit least(%(paid)s::bigint, greatest(0, %(slots)s - (select count(*) from effect s
                        where s.connection = %(connection)s and s.state = 'sending')))
  for update of e skip locked)
update effect e set state = 'sending', attempts = e.attempts + 1, sent_at = %(now)s, lease_until = %(lease_until)s,
       lease_by = %(lease)s
from wanted w left join identity i on i.id = w.identity, pathway_case c
where e.id = w.id and c.id = e.case_id
returning e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
          e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
          e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
          e.sealed, c.cancelled as blocked, i.identity_key

-- name: called_back
-- A cancellation that became durable while we claimed: these must not start.
select e.id from effect e join pathway_case c on c.id = e.case_id
where e.id = any(%(ids)s) and e.compensates is null and e.audience <> 'staff'
  and (c.cancelled or exists (select from inbox i where i.subject = e.subject and i.cancels))

-- name: give_back
-- Claimed and not sent: they wait again; the drainer withdraws them.
update effect set state = 'ready', attempts = attempts - 1, lease_until = null, lease_by = ''
where id = any(%(ids)s) and lease_by = %(lease)s and coalesce(state, '') = 'sending'
returning id

-- name: overdue
-- Effects that will never be claimed, and why: each becomes withdrawn or a person's.
select e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
       e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
       e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
       e.sealed, c.cancelled as blocked, i.identity_key,
       case when c.cancelled and e.compensates is null and e.audience <> 'staff' then 'cancelled'
            when e.not_after <= %(now)s then 'too-late'
            when w.state in ('dead', 'withdrawn') then 'nothing-to-undo'
            when p.failed then 'predecessor'
            else 'gave-up' end as why
from effect e join pathway_case c on c.id = e.case_id left join identity i on i.id = e.identity
left join effect w on w.id = e.compensates
left join lateral (select true as failed from effect f
                   where f.id = any(e.after) and f.state in ('dead', 'withdrawn') limit 1) p on true
where e.state = 'ready' and e.connection = %(connection)s
  and ((c.cancelled and e.compensates is null and e.audience <> 'staff')
       or e.not_after <= %(now)s or w.state in ('dead', 'withdrawn') or p.failed
       or greatest(coalesce(e.redriven_at, e.created_at), coalesce(e.held_until, e.created_at)) < %(give_up_before)s)
order by e.id limit %(limit)s for update of e skip locked

-- name: addressing
-- Whether it is this process's turn to address messages: two at it would only halve each other's batches.
select pg_try_advisory_xact_lock(hashtextextended('carelane.addressing', 0)) as mine

-- name: unroutable
-- Effects of a capability that no connection of the site has.
select e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
       e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
       e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
       e.sealed, c.cancelled as blocked, i.identity_key
from effect e join pathway_case c on c.id = e.case_id left join identity i on i.id = e.identity
where e.state = 'ready' and e.connection = '' and e.capability = %(capability)s and e.site = %(site)s
order by e.urgency desc, e.next_at, e.id limit %(limit)s for update of e skip locked

-- name: lost
-- Effects whose sender died: the lease ran out while sending.
select e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
       e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
       e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
       e.sealed, (c.cancelled or exists (select from inbox n where n.subject = e.subject and n.cancels)) as blocked,
       i.identity_key
from effect e join pathway_case c on c.id = e.case_id left join identity i on i.id = e.identity
where e.state = 'sending' and e.connection = %(connection)s and e.lease_until <= %(now)s
order by e.id limit %(limit)s for update of e skip locked

-- name: claim_looks
-- Take unknown effects whose next look-up is due.
with wanted as (
  select e.id, e.identity from effect e
  where e.state = 'unknown' and not e.asked and e.connection = %(connection)s and e.next_at <= %(now)s
    and (e.lease_until is null or e.lease_until <= %(now)s)
  order by e.urgency desc, e.next_at, e.id limit %(paid)s for update of e skip locked)
update effect e set lease_until = %(lease_until)s, lease_by = %(lease)s
from wanted w left join identity i on i.id = w.identity, pathway_case c
where e.id = w.id and c.id = e.case_id
returning e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
          e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
          e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
          e.sealed, (c.cancelled or exists (select from inbox i where i.subject = e.subject and i.cancels)) as blocked,
          i.identity_key

-- name: settle
-- Write down what became of an effect; only whoever holds its lease may, but a late "done" always counts.
with old as (
  select id, state from effect
  where id = %(id)s and state in ('ready', 'sending', 'unknown')
    and (lease_by = %(lease)s or (%(state)s = 'done' and state <> 'ready'))
  for update)
update effect e set state = %(state)s, cause = %(cause)s, reference = %(reference)s, format = %(format)s,
       next_at = coalesce(%(next_at)s, e.next_at), absent_at = %(absent_at)s, looks = %(looks)s, asked = %(asked)s,
       maybe = %(maybe)s,
       settled_at = case when %(state)s in ('done', 'withdrawn', 'dead') then %(now)s::timestamptz end,
       lease_until = null, lease_by = ''
from old where e.id = old.id
returning e.subject, old.state as was

-- name: end_unheard
-- Messages that can't go and that no step waits for, in one statement. Written so that no plan can take the partial
-- index and walk all that waits.
update effect e set state = 'withdrawn', cause = u.cause, settled_at = %(now)s
from unnest(%(ids)s::uuid[], %(causes)s::text[]) u(id, cause)
where e.id = u.id and coalesce(e.state, '') = 'ready' and e.lease_by = '' returning e.id

-- name: dead_groups
-- Dead letters and unanswered ones, grouped by what went wrong.
select connection, capability, state, cause, count(*) as count, min(created_at) as oldest,
       (array_agg(id order by created_at))[1:3] as examples
from effect where state = 'dead' or (state = 'unknown' and asked)
group by connection, capability, state, cause order by count(*) desc, connection, capability, cause

-- name: dead_letters
-- Dead letters by id or by cause, oldest first.
select e.id, e.case_id, e.name, e.capability, e.connection, e.audience, e.state, e.cause, e.attempts, e.created_at,
       e.not_after,
       e.site, e.subject, e.correlation, e.identity, e.compensates, c.cancelled, c.closed_at is not null as closed
from effect e join pathway_case c on c.id = e.case_id
where (e.state = 'dead' or (e.state = 'unknown' and e.asked))
  and (e.id = any(%(ids)s) or (e.cause = %(cause)s and e.connection = coalesce(%(connection)s, e.connection)))
order by e.created_at, e.id limit %(limit)s

-- name: redrive
-- A new budget: ready again, and a person answers for it.
update effect set state = 'ready', next_at = %(now)s, redriven_at = %(now)s, budget_from = attempts, cause = '',
       settled_at = null, looks = 0, absent_at = null, asked = false, maybe = state = 'unknown',
       connection = case when cause = 'no-connection' then '' else connection end
where id = any(%(ids)s) and (state = 'dead' or (state = 'unknown' and asked)) returning id

-- name: open_letter
-- One dead or unanswered effect, locked.
select e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
       e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
       e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
       e.sealed, c.cancelled as blocked, i.identity_key
from effect e join pathway_case c on c.id = e.case_id left join identity i on i.id = e.identity
where e.id = %(id)s and (e.state = 'dead' or (e.state = 'unknown' and e.asked)) for update of e

-- name: over
-- An effect that has ended, done or withdrawn.
select id from effect where id = %(id)s and state in ('done', 'withdrawn')

-- name: close_letter
-- A person's answer: done after all, or never.
update effect set state = %(state)s, cause = %(cause)s, reference = %(reference)s, asked = false, settled_at = %(now)s
where id = %(id)s

-- name: done_one
-- One effect that was done, for telling that the other side holds it twice.
select e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
       e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
       e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
       e.sealed, c.cancelled as blocked, i.identity_key
from effect e join pathway_case c on c.id = e.case_id left join identity i on i.id = e.identity
where e.id = %(id)s and e.state = 'done'

-- name: done_identifiers
-- Effects done since an instant, for the daily search for doubles.
select id, connection, capability, case_id from effect
where state = 'done' and settled_at >= %(since)s and connection = %(connection)s and id > %(after)s
order by id limit %(limit)s

-- name: await
-- Done, and the other side decides later: it is asked again from an instant on.
insert into awaited (effect, organisation, connection, next_at)
values (%(effect)s, %(organisation)s, %(connection)s, %(next_at)s) on conflict do nothing

-- name: take_awaited
-- Questions that are due; each is put off before it is asked, so that nobody else asks it too.
with due as (
  select a.effect from awaited a where a.connection = %(connection)s and a.next_at <= %(now)s
  order by a.next_at, a.effect limit %(paid)s for update skip locked)
update awaited a set next_at = %(next_at)s, asked = a.asked + 1
from due d join effect e on e.id = d.effect join pathway_case c on c.id = e.case_id
left join identity i on i.id = e.identity
where a.effect = d.effect
returning e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
          e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
          e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
          e.sealed, (c.cancelled or c.closed_at is not null) as blocked, i.identity_key

-- name: answered
-- Nothing more is to be asked about an effect.
delete from awaited where effect = %(effect)s

-- name: hurry_awaited
-- The other side said that it has answers, but not which: ask about all of them soon.
update awaited set next_at = %(now)s where connection = %(connection)s and next_at > %(now)s

-- name: asked
-- Effects by their id, as another organisation answers them: whose they are, and what the case is known by.
select e.id as effect, e.case_id, e.subject, e.identity, e.correlation, e.site, e.service_line,
       c.release, c.state -> 'keys' as keys, c.closed_at is null as open, i.identity_key
from effect e join pathway_case c on c.id = e.case_id left join identity i on i.id = e.identity
where e.id = any(%(effects)s) and e.state <> 'ready'

-- name: with_waiting
-- Connections to which something may go now; the empty one where something has none yet.
with recursive found as (
  (select connection from effect where state = 'ready' order by connection limit 1)
  union all
  select (select e.connection from effect e where e.state = 'ready' and e.connection > found.connection
          order by e.connection limit 1)
  from found where found.connection is not null)
select connection from found
where connection is not null and exists (
  select from effect e where e.connection = found.connection and e.state = 'ready' and e.next_at <= %(now)s)
