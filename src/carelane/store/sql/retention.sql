-- name: message_bodies
-- Raw messages past their time: the bytes and the key that opens them. The message's row, with its digest, stays.
with page as materialized (
  select id, identity, received_at, outcome, message_key from message where id > %(after)s order by id limit %(page)s),
past as (
  select p.id from page p
  where p.message_key is not null and p.received_at < %(before)s and p.outcome <> 'pending'
    and not exists (select from fact f where f.origin = p.id and (fact_needed(f.id) or on_hold(f.subject)))
    and not exists (select from identity_link l where l.identity = p.identity and on_hold(l.subject))),
bodies as (delete from message_body b using past where b.message = past.id),
keys as (update message m set message_key = null from past where m.id = past.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: fact_payloads
-- Payloads of settled facts of outside systems, the clock and Carelane itself; ids, keys and the decision stay.
with page as materialized (
  select id, subject, recorded_at, actor, sealed is not null as has from fact where id > %(after)s order by id limit %(page)s),
past as (
  update fact f set sealed = null from page p
  where f.id = p.id and p.has and p.recorded_at < %(before)s and p.actor <> 'person'
    and not fact_needed(p.id) and not on_hold(p.subject)
  returning f.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: answer_payloads
-- What people entered: theirs and ours, kept longer than copies of the EHR.
with page as materialized (
  select id, subject, recorded_at, actor, sealed is not null as has from fact where id > %(after)s order by id limit %(page)s),
past as (
  update fact f set sealed = null from page p
  where f.id = p.id and p.has and p.recorded_at < %(before)s and p.actor = 'person'
    and not fact_needed(p.id) and not on_hold(p.subject)
  returning f.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: fact_keys
-- Keyed hashes of order, visit and appointment numbers of settled facts.
with page as materialized (
  select id, subject, recorded_at, keys from fact where id > %(after)s order by id limit %(page)s),
past as (
  update fact f set keys = '{}' from page p
  where f.id = p.id and p.keys <> '{}' and p.recorded_at < %(before)s and not fact_needed(p.id) and not on_hold(p.subject)
  returning f.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: effect_contents
-- What settled effects of closed cases sent; that they were sent, when and how stays.
with page as materialized (
  select e.id, e.subject, e.settled_at, e.sealed is not null as has, c.closed_at
  from effect e join pathway_case c on c.id = e.case_id where e.id > %(after)s order by e.id limit %(page)s),
past as (
  update effect e set sealed = null from page p
  where e.id = p.id and p.has and p.settled_at < %(before)s and p.closed_at is not null
    and e.state in ('done', 'withdrawn') and not on_hold(p.subject)
  returning e.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: drafts
-- Unfinished forms of tasks that ended.
with page as materialized (
  select id, subject, closed_at, draft_sealed is not null as has from task where id > %(after)s order by id limit %(page)s),
past as (
  update task t set draft_sealed = null from page p
  where t.id = p.id and p.has and p.closed_at < %(before)s and not on_hold(p.subject)
  returning t.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: threads
-- What was said about closed cases; that something was said, by whom and when stays.
with page as materialized (
  select t.id, t.sealed is not null as has, c.closed_at, c.subject
  from thread_entry t join pathway_case c on c.id = t.case_id where t.id > %(after)s order by t.id limit %(page)s),
past as (
  update thread_entry t set sealed = null from page p
  where t.id = p.id and p.has and p.closed_at < %(before)s and not on_hold(p.subject)
  returning t.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: subjects
-- Copies of demographics, and the tokens to search and compare by, of patients without an open case or waiting fact.
with page as materialized (
  select id, sealed_at, sealed is not null as has from subject where id > %(after)s order by id limit %(page)s),
past as (
  update subject s set sealed = null, sealed_at = null, demographics = '{}' from page p
  where s.id = p.id and p.has and p.sealed_at < %(before)s and not on_hold(p.id)
    and not exists (select from pathway_case c where c.subject = p.id and c.closed_at is null)
    and not exists (select from inbox i where i.subject = p.id)
    and not exists (select from decision d where d.subject = p.id and d.disposition in ('held', 'parked'))
  returning s.id),
searched as (delete from subject_token k using past where k.subject = past.id),
compared as (update identity_link l set demographics = '{}' from past where l.subject = past.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: case_tokens
-- Keyed hashes and last known values of cases closed long ago; outcome, times and reasons stay.
with page as materialized (
  select id, subject, closed_at, state, unique_token from pathway_case where id > %(after)s order by id limit %(page)s),
past as (
  update pathway_case c set state = jsonb_build_object('v', c.state -> 'v'), unique_token = null from page p
  where c.id = p.id and p.closed_at < %(before)s and c.closed_at is not null and not on_hold(p.subject)
    and (p.unique_token is not null or p.state <> jsonb_build_object('v', p.state -> 'v'))
  returning c.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: control_tokens
-- Keyed hashes of the senders' message numbers; after this long a repeated number is a new message.
with page as materialized (
  select id, identity, received_at, control_token from message where id > %(after)s order by id limit %(page)s),
past as (
  update message m set control_token = null from page p
  where m.id = p.id and p.control_token is not null and p.received_at < %(before)s and m.outcome <> 'pending'
    and not exists (select from identity_link l where l.identity = p.identity and on_hold(l.subject))
  returning m.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: notices
-- Who was told what about cases that are closed.
with page as materialized (
  select n.id, c.closed_at, c.subject from notice n join pathway_case c on c.id = n.case_id
  where n.id > %(after)s order by n.id limit %(page)s),
past as (
  delete from notice n using page p where n.id = p.id and p.closed_at < %(before)s and not on_hold(p.subject)
  returning n.id)
select (select max(id::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: sessions
-- Sessions that ended; one statement takes a page of them.
with past as (
  delete from session where id_hash in (
    select id_hash from session where least(ends_at, coalesce(revoked_at, ends_at)) < %(before)s
    order by id_hash limit %(page)s)
  returning id_hash)
select null::uuid as last, (select count(*) from past) as removed

-- name: closed_cases
-- Closed cases whose copied fields may be past their time, a page at a time, with the keys that open them.
select c.id, c.release, c.closed_at, c.revision, c.identity, c.sealed, i.identity_key, i.id is not null as known,
       on_hold(c.subject) as held
from pathway_case c left join identity i on i.id = c.identity
where c.id > %(after)s and c.closed_at < %(before)s and c.sealed is not null order by c.id limit %(page)s

-- name: fewer_fields
-- A closed case with fewer copied fields, unless it was decided again meanwhile.
update pathway_case set sealed = %(sealed)s
where id = %(id)s and revision = %(revision)s and closed_at is not null

-- name: hold
-- Nothing of this patient is removed until the hold is released.
insert into legal_hold (id, organisation, subject, reason, placed_by, from_at)
select %(id)s, %(organisation)s, s.id, %(reason)s, %(by)s, %(now)s from subject s where s.id = %(subject)s
on conflict do nothing returning id

-- name: release
-- A hold ends.
update legal_hold set to_at = %(now)s, released_by = %(by)s
where subject = %(subject)s and reason = %(reason)s and to_at is null returning id

-- name: holds
-- Holds in force, oldest first.
select id, subject, reason, placed_by, from_at from legal_hold where to_at is null order by from_at, id

-- name: contacts
-- How to reach patients, once the copy of who they are is gone (`subjects`): a message that says the same as before
-- is not written again, so its age alone says nothing. What was said about consent stays.
with page as materialized (
  select identity, sealed_at from contact where identity > %(after)s order by identity limit %(page)s),
past as (
  delete from contact k using page p
  where k.identity = p.identity and p.sealed_at < %(before)s
    and not exists (select from identity_link l join subject s on s.id = l.subject
                    where l.identity = p.identity and (s.sealed is not null or on_hold(l.subject)))
  returning k.identity)
select (select max(identity::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: insured
-- Who pays for a patient, once that is older than a copy may be.
with page as materialized (
  select identity, sealed_at from insured where identity > %(after)s order by identity limit %(page)s),
past as (
  delete from insured n using page p
  where n.identity = p.identity and p.sealed_at < %(before)s
    and not exists (select from identity_link l where l.identity = p.identity and on_hold(l.subject))
  returning n.identity)
select (select max(identity::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: reached
-- Whom messages went to, long after: the effect keeps that one was sent.
with page as materialized (
  select effect, at from reached where effect > %(after)s order by effect limit %(page)s),
past as (
  delete from reached r using page p, effect e
  where r.effect = p.effect and e.id = p.effect and p.at < %(before)s and not on_hold(e.subject)
  returning r.effect)
select (select max(effect::text)::uuid from page) as last, (select count(*) from past) as removed

-- name: requested
-- What was asked for by whom, once no second channel can bring it any more.
with page as materialized (
  select fact, at from requested where fact > %(after)s order by fact limit %(page)s),
past as (delete from requested r using page p where r.fact = p.fact and p.at < %(before)s returning r.fact)
select (select max(fact::text)::uuid from page) as last, (select count(*) from past) as removed
