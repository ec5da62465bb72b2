-- name: receive
-- New messages. A control id that another listener stored meanwhile breaks the unique index: the batch is redone.
insert into message (id, organisation, connection, site, received_at, control_token, digest, size, trigger, outcome,
                     reason, conflict, replay_of, problems, message_key)
select u.id, %(organisation)s, u.connection, u.site, u.received_at, u.control_token, u.digest, u.size, u.trigger,
       u.outcome, u.reason, u.conflict, u.replay_of, u.problems::jsonb, u.message_key
from unnest(%(id)b::uuid[], %(connection)b::text[], %(site)b::text[], %(received_at)b::timestamptz[],
            %(control_token)b::text[], %(digest)b::bytea[], %(size)b::int[], %(trigger)b::text[], %(outcome)b::text[],
            %(reason)b::text[], %(conflict)b::boolean[], %(replay_of)b::uuid[], %(problems)b::text[],
            %(message_key)b::bytea[])
     with ordinality u(id, connection, site, received_at, control_token, digest, size, trigger, outcome, reason,
                       conflict, replay_of, problems, message_key, n)
order by u.n

-- name: bodies
-- The sealed bytes of messages.
insert into message_body (message, organisation, sealed)
select u.message, %(organisation)s, u.sealed from unnest(%(message)b::uuid[], %(sealed)b::bytea[]) u(message, sealed)

-- name: known
-- Messages that were accepted under these control ids before.
select control_token, connection, id, digest from message
where control_token = any(%(tokens)s) and not conflict and replay_of is null

-- name: connection_turn
-- The right to interpret one connection's messages, if nobody else has it.
select connection from connection_turn where connection = %(connection)s for no key update skip locked

-- name: make_connection
-- A connection and its turn, as the site names them.
with made as (
  insert into connection (organisation, name, kind, site) values (%(organisation)s, %(name)s, %(kind)s, %(site)s)
  on conflict (name, organisation) do update set kind = excluded.kind, site = excluded.site)
insert into connection_turn (connection, organisation) values (%(name)s, %(organisation)s) on conflict do nothing

-- name: pending
-- The oldest messages of a connection that are not interpreted yet, in receive order.
select m.id, m.trigger, m.received_at, m.site, m.conflict, m.replay_of, m.message_key, b.sealed, m.problems::text
from message m join message_body b on b.message = m.id
where m.connection = %(connection)s and m.outcome = 'pending'
order by m.seq limit %(limit)s

-- name: connections_pending
-- Connections with messages to interpret.
select distinct connection from message where outcome = 'pending'

-- name: interpreted
-- What became of messages; their keys move to the identity they turned out to be about.
update message m set outcome = u.outcome, trigger = u.trigger, reason = u.reason, problems = u.problems::jsonb,
       identity = u.identity, message_key = coalesce(u.message_key, m.message_key), interpreted_at = u.at,
       site = coalesce(nullif(u.site, ''), m.site), service_line = u.service_line
from unnest(%(id)b::uuid[], %(outcome)b::text[], %(trigger)b::text[], %(reason)b::text[], %(problems)b::text[],
            %(identity)b::uuid[], %(message_key)b::bytea[], %(at)b::timestamptz[], %(site)b::text[],
            %(service_line)b::text[])
     u(id, outcome, trigger, reason, problems, identity, message_key, at, site, service_line)
where m.id = u.id

-- name: links
-- The identities behind tokens: whose they are, what is known of that subject, and their keys.
select i.token, i.id, i.identity_key, l.subject, s.demographics::text, s.provisional
from identity i join identity_link l on l.identity = i.id join subject s on s.id = l.subject
where i.token = any(%(tokens)s)

-- name: new_identities
-- Source identifiers heard of for the first time.
insert into identity (id, organisation, token, authority, identity_key, created_at)
select u.id, %(organisation)s, u.token, u.authority, u.identity_key, u.created_at
from unnest(%(id)b::uuid[], %(token)b::text[], %(authority)b::text[], %(identity_key)b::bytea[],
            %(created_at)b::timestamptz[]) u(id, token, authority, identity_key, created_at)
on conflict do nothing

-- name: new_links
-- Whose they are.
insert into identity_link (identity, organisation, subject, since)
select u.identity, %(organisation)s, u.subject, u.since
from unnest(%(identity)b::uuid[], %(subject)b::uuid[], %(since)b::timestamptz[]) u(identity, subject, since)
on conflict do nothing

-- name: subjects
-- Patients: new ones, or newer copies of what is shown of them.
insert into subject (id, organisation, kind, provisional, site, demographics, identity, sealed, sealed_at)
select u.id, %(organisation)s, 'patient', u.provisional, u.site, u.demographics::jsonb, u.identity, u.sealed, u.sealed_at
from unnest(%(id)b::uuid[], %(provisional)b::boolean[], %(site)b::text[], %(demographics)b::text[],
            %(identity)b::uuid[], %(sealed)b::bytea[], %(sealed_at)b::timestamptz[])
     u(id, provisional, site, demographics, identity, sealed, sealed_at)
on conflict (id) do update set provisional = excluded.provisional and subject.provisional,
  demographics = excluded.demographics, identity = excluded.identity, sealed = excluded.sealed,
  sealed_at = excluded.sealed_at

-- name: search_tokens
-- Blind tokens of patients.
insert into subject_token (token, subject, organisation, kind)
select u.token, u.subject, %(organisation)s, u.kind
from unnest(%(token)b::text[], %(subject)b::uuid[], %(kind)b::text[]) u(token, subject, kind) on conflict do nothing

-- name: relink
-- Identities move to another subject: the only thing a merge changes.
update identity_link set subject = %(subject)s, since = %(at)s where identity = any(%(identities)s)

-- name: identities_of
-- The identities that point to a subject now.
select identity from identity_link where subject = %(subject)s order by identity

-- name: move_facts
-- Facts follow their source identity.
update fact set subject = %(target)s where subject = %(source)s and identity = any(%(identities)s)

-- name: move_inbox
-- Waiting facts follow, in their order.
update inbox i set subject = %(target)s from fact f
where i.subject = %(source)s and f.id = i.fact and f.subject = %(target)s

-- name: move_decisions
-- Held and parked facts follow.
update decision d set subject = %(target)s from fact f
where d.subject = %(source)s and f.id = d.fact and f.subject = %(target)s

-- name: move_cases
-- Cases follow the identity that seals them, so that nothing refers to the retired subject as current.
update pathway_case set subject = %(target)s where subject = %(source)s and identity = any(%(identities)s)

-- name: move_steps
-- Steps follow their case.
update step s set subject = %(target)s from pathway_case c
where s.subject = %(source)s and c.id = s.case_id and c.subject = %(target)s

-- name: move_tasks
-- Tasks follow their case.
update task t set subject = %(target)s from pathway_case c
where t.subject = %(source)s and c.id = t.case_id and c.subject = %(target)s

-- name: move_effects
-- Effects follow their case.
update effect e set subject = %(target)s from pathway_case c
where e.subject = %(source)s and c.id = e.case_id and c.subject = %(target)s


-- name: open_cases_of
-- Open cases of a subject, with the uniqueness they claim.
select id, pathway, unique_name, unique_token, opened_at, identity, revision from pathway_case
where subject = %(subject)s and closed_at is null and duplicate_of is null order by opened_at, id

-- name: mark_duplicate
-- Two open cases of one thing after a merge: both are kept, the younger says so.
update pathway_case set duplicate_of = %(of)s where id = %(case)s

-- name: retire
-- A subject that was merged away, or came back.
update subject set merged_into = %(into)s where id = %(subject)s

-- name: log_merge
-- What a merge moved, so that it can be undone.
insert into merge_log (id, organisation, kind, survivor, retired, moved, fact, at)
values (%(id)s, %(organisation)s, %(kind)s, %(survivor)s, %(retired)s, %(moved)s::jsonb, %(fact)s, %(at)s)
on conflict (id) do nothing

-- name: merges_of
-- Merges that have not been reversed, newest first.
select id, kind, survivor, retired, moved::text as moved from merge_log
where reversed_by is null and (survivor = any(%(subjects)b::uuid[]) or retired = any(%(subjects)b::uuid[]))
order by at desc, id desc

-- name: reverse_merge
-- A merge that was taken back.
update merge_log set reversed_by = %(by)s where id = %(id)s

-- name: backlog
-- Messages waiting to be interpreted, and facts waiting to be decided.
select (select count(*) from message where outcome = 'pending') as messages, (select count(*) from inbox) as facts

-- name: replayable
-- One stored message with its key, to be interpreted again.
select m.id, m.connection, m.site, m.message_key, m.identity, i.identity_key, b.sealed
from message m join message_body b on b.message = m.id left join identity i on i.id = m.identity where m.id = %(id)s

-- name: outcomes
-- What became of messages, with the facts they gave and how those ended.
select m.id, m.trigger, m.outcome, m.reason, m.problems,
       (select count(*) from fact f where f.origin = m.id and f.type not in ('message.quarantined', 'identity.review')) as facts,
       coalesce((select json_object_agg(t.disposition, t.n) from (
          select d.disposition, count(*) as n from fact f join decision d on d.fact = f.id where f.origin = m.id
          group by d.disposition) t), '{}') as decisions
from message m where m.id = any(%(ids)b::uuid[])
