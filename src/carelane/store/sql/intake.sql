-- name: receive
-- A batch of new messages, their sealed bytes and its leaf; or nothing, where one of the claimed control ids was
-- accepted before: then the rows say which. One that another listener stores meanwhile breaks the unique index.
with heard as (
  select control_token, id, digest from message
  where control_token = any(%(claimed)s) and not conflict and replay_of is null),
arrived as (
  select * from unnest(
    %(id)b::uuid[], %(connection)b::text[], %(site)b::text[], %(received_at)b::timestamptz[],
    %(control_token)b::text[], %(digest)b::bytea[], %(size)b::int[], %(trigger)b::text[], %(outcome)b::text[],
    %(reason)b::text[], %(conflict)b::boolean[], %(replay_of)b::uuid[], %(problems)b::text[],
    %(message_key)b::bytea[], %(sealed)b::bytea[])
    with ordinality u(id, connection, site, received_at, control_token, digest, size, trigger, outcome, reason,
                      conflict, replay_of, problems, message_key, sealed, n)
  where not exists (select from heard)),
kept as (
  insert into message (id, organisation, connection, site, received_at, control_token, digest, size, trigger, outcome,
                       reason, conflict, replay_of, problems, message_key)
  select id, %(organisation)s, connection, site, received_at, control_token, digest, size, trigger, outcome, reason,
         conflict, replay_of, problems::jsonb, message_key
  from arrived order by n),
sealed as (
  insert into message_body (message, organisation, sealed) select id, %(organisation)s, sealed from arrived),
told as (
  insert into audit_sheaf (organisation, id, leaves, ids, at, bodies)
  select %(organisation)s, %(leaf)s, 1, array[%(leaf)s]::uuid[], array[%(leaf_at)s]::timestamptz[],
         array[%(leaf_body)s]::bytea[]
  where not exists (select from heard))
select control_token, id, digest from heard

-- name: known
-- The message that was accepted under this control id before.
select id from message where control_token = %(token)s and not conflict and replay_of is null

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
-- The oldest messages of a connection that are not interpreted yet, in receive order, as many as these bytes hold and at
-- least one; without the bytes of those that are known.
select m.id, m.seq, m.size, m.trigger, m.received_at, m.site, m.conflict, m.replay_of, m.message_key,
       case when m.id = any(%(known)b::uuid[]) then null else b.sealed end
from (select *, sum(size) over (order by seq) - size as before from (
        select id, seq, size, trigger, received_at, site, conflict, replay_of, message_key from message
        where connection = %(connection)s and outcome = 'pending' order by seq limit %(limit)s) head) m
join message_body b on b.message = m.id
where m.before < %(bytes)s
order by m.seq

-- name: pending_behind
-- Messages of a connection behind a place in its order that are not interpreted yet, as many as these bytes hold.
select m.id, m.seq, m.size, m.trigger, m.received_at, m.site, m.conflict, m.replay_of, m.message_key, b.sealed
from (select *, sum(size) over (order by seq) as until from (
        select id, seq, size, trigger, received_at, site, conflict, replay_of, message_key from message
        where connection = %(connection)s and outcome = 'pending' and seq > %(place)s order by seq limit %(limit)s) head) m
join message_body b on b.message = m.id
where m.until <= %(bytes)s
order by m.seq

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
-- The identities behind tokens: whose they are, what was last said under them, and their keys.
select i.token, i.id, i.identity_key, l.subject, l.demographics::text
from identity i join identity_link l on l.identity = i.id
where i.token = any(%(tokens)s)

-- name: alike
-- Patients of the same family name, given name and birth date: perhaps the same person under another identifier.
select distinct u.n::int, s.identity, s.id, s.demographics::text
from unnest(%(family)b::text[], %(given)b::text[], %(birth_date)b::text[])
     with ordinality u(family, given, birth_date, n)
cross join lateral (  -- `offset 0`: each is looked for by index, no plan can begin at all patients
  select t.subject from subject_token t
  where t.birth_date = u.birth_date::uuid and t.family = u.family::uuid and t.given = u.given::uuid offset 0) t
cross join lateral (
  select s.id, s.identity, s.demographics from subject s
  where s.id = t.subject and s.merged_into is null and s.identity is not null offset 0) s
limit 1000

-- name: new_identities
-- Source identifiers heard of for the first time.
insert into identity (id, organisation, token, authority, identity_key, created_at)
select u.id, %(organisation)s, u.token, u.authority, u.identity_key, u.created_at
from unnest(%(id)b::uuid[], %(token)b::text[], %(authority)b::text[], %(identity_key)b::bytea[],
            %(created_at)b::timestamptz[]) u(id, token, authority, identity_key, created_at)
on conflict do nothing

-- name: new_links
-- Whose they are, and what was last said under them; a link that is there only hears the newest.
insert into identity_link (identity, organisation, subject, since, demographics)
select u.identity, %(organisation)s, u.subject, u.since, u.demographics::jsonb
from unnest(%(identity)b::uuid[], %(subject)b::uuid[], %(since)b::timestamptz[], %(demographics)b::text[])
     u(identity, subject, since, demographics)
order by u.identity
on conflict (identity, organisation) do update set demographics = excluded.demographics

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
insert into subject_token (subject, organisation, mark, family, given, birth_date, phone, identifier)
select u.subject, %(organisation)s, u.mark, u.family::uuid, u.given::uuid, u.birth_date::uuid, u.phone::uuid,
       u.identifier::uuid
from unnest(%(subject)b::uuid[], %(mark)b::bigint[], %(family)b::text[], %(given)b::text[], %(birth_date)b::text[],
            %(phone)b::text[], %(identifier)b::text[])
     u(subject, mark, family, given, birth_date, phone, identifier)
on conflict do nothing

-- name: near
-- Everyone whom a merge of these identities, or its reversal, may touch: their subjects, and all that were ever
-- merged with those.
with recursive near(subject) as (
  (select l.subject from identity_link l where l.identity = any(%(identities)b::uuid[])
   union select unnest(%(subjects)b::uuid[]))
  union
  select case when g.survivor = n.subject then g.retired else g.survivor end
  from near n join merge_log g on g.survivor = n.subject or g.retired = n.subject)
select subject from near order by subject

-- name: links_of
-- The identities of subjects.
select identity, subject from identity_link where subject = any(%(subjects)b::uuid[])

-- name: merged_away
-- Which of these subjects are retired, and into whom.
select id, merged_into from subject where id = any(%(subjects)b::uuid[]) and merged_into is not null

-- name: merges_of
-- What was merged among subjects, oldest first.
select id, kind, survivor, retired, moved::text, reversed_by is not null from merge_log
where kind <> 'unlink' and (survivor = any(%(subjects)b::uuid[]) or retired = any(%(subjects)b::uuid[]))
order by at, id

-- name: merge_row
-- One merge.
select survivor, retired from merge_log where id = %(id)s and kind <> 'unlink'

-- name: set_links
-- Identities point to a subject from now on: the only thing a merge changes.
insert into identity_link (identity, organisation, subject, since)
select u.identity, %(organisation)s, u.subject, u.since
from unnest(%(identity)b::uuid[], %(subject)b::uuid[], %(since)b::timestamptz[]) u(identity, subject, since)
order by u.identity
on conflict (identity, organisation) do update set subject = excluded.subject, since = excluded.since

-- name: move_facts
-- Facts follow their source identity; those without one follow their case. With `whole`, all of them.
update fact f set subject = %(target)s where f.subject = %(source)s
and (%(whole)s or f.identity = any(%(identities)b::uuid[])
     or (f.identity is null and f.refers ->> 'case' in (
         select c.id::text from pathway_case c
         where c.subject = %(source)s and c.identity = any(%(identities)b::uuid[]))))

-- name: move_inbox
-- Waiting facts follow, in their order.
update inbox i set subject = %(target)s from fact f
where i.subject = %(source)s and f.id = i.fact and f.subject = %(target)s

-- name: move_decisions
-- Held and parked facts follow.
update decision d set subject = %(target)s from fact f
where d.subject = %(source)s and d.disposition in ('held', 'parked') and f.id = d.fact and f.subject = %(target)s

-- name: move_cases
-- Cases follow the identity that seals them, so that nothing refers to the retired subject as current.
update pathway_case set subject = %(target)s
where subject = %(source)s and (%(whole)s or identity = any(%(identities)b::uuid[]))

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

-- name: lend_tokens
-- The survivor is found by the retired one's names too.
insert into subject_token (subject, organisation, mark, family, given, birth_date, phone, identifier)
select %(target)s, organisation, mark, family, given, birth_date, phone, identifier
from subject_token where subject = %(source)s
on conflict do nothing

-- name: forget_copy
-- What is shown of a subject was the copy of another patient: the next message brings its own.
update subject set demographics = '{}', identity = null, sealed = null, sealed_at = null
where id = %(subject)s and identity = any(%(identities)b::uuid[])

-- name: open_cases_of
-- Open cases of a subject, with the uniqueness they claim.
select id, pathway, unique_name, unique_token, opened_at from pathway_case
where subject = %(subject)s and closed_at is null and duplicate_of is null order by opened_at, id

-- name: mark_duplicate
-- Two open cases of one thing after a merge: both are kept, the younger says so.
update pathway_case set duplicate_of = %(of)s where id = %(case)s

-- name: free_duplicates
-- Cases whose elder now is somebody else's: the oldest of each thing that is left is nobody's duplicate.
with ranked as (
  select c.id, c.duplicate_of, first_value(c.id) over (
           partition by c.subject, c.pathway, c.unique_name, c.unique_token order by c.opened_at, c.id) as eldest
  from pathway_case c
  where c.subject = any(%(subjects)b::uuid[]) and c.closed_at is null and c.unique_token is not null)
update pathway_case c set duplicate_of = nullif(r.eldest, c.id) from ranked r
where r.id = c.id and r.duplicate_of is not null and c.duplicate_of is distinct from nullif(r.eldest, c.id)
returning c.id, c.duplicate_of

-- name: retire
-- A subject that was merged away, or came back.
update subject set merged_into = %(into)s where id = %(subject)s

-- name: log_merge
-- What a merge moved, so that it can be undone.
insert into merge_log (id, organisation, kind, survivor, retired, moved, fact, at)
values (%(id)s, %(organisation)s, %(kind)s, %(survivor)s, %(retired)s, %(moved)s::jsonb, %(fact)s, %(at)s)
on conflict (id) do nothing

-- name: reverse_merge
-- A merge that was taken back.
update merge_log set reversed_by = %(by)s where id = %(id)s

-- name: misplaced
-- What still refers to a retired subject as current: must be empty (I18).
select w.what, w.id from subject s join (
  select 'identity' as what, identity as id, subject from identity_link
  union all select 'case', id, subject from pathway_case where closed_at is null
  union all select 'step', id, subject from step where closed_at is null
  union all select 'task', id, subject from task where closed_at is null
  union all select 'effect', id, subject from effect where state in ('ready', 'sending', 'unknown', 'dead')
  union all select 'waiting fact', fact, subject from inbox
  union all select 'held fact', fact, subject from decision where disposition in ('held', 'parked')
  union all select 'message', f.origin, f.subject from fact f join message m on m.id = f.origin
) w on w.subject = s.id
where s.merged_into is not null order by w.what, w.id

-- name: backlog
-- Messages waiting to be interpreted, and facts waiting to be decided.
select (select count(*) from message where outcome = 'pending') as messages, (select count(*) from inbox) as facts

-- name: replayable
-- One stored message with its key, to be interpreted again.
select m.id, m.connection, m.site, m.message_key, m.identity, i.identity_key, b.sealed
from message m join message_body b on b.message = m.id left join identity i on i.id = m.identity where m.id = %(id)s

-- name: replay_waiting
-- A replay of this message that is not read yet.
select id from message where connection = %(connection)s and outcome = 'pending' and replay_of = %(id)s

-- name: outcomes
-- What became of messages, with the facts they gave and how those ended.
select m.id, m.trigger, m.outcome, m.reason, m.problems,
       (select count(*) from fact f where f.origin = m.id and f.type not in ('message.quarantined', 'identity.review', 'message.released')) as facts,
       coalesce((select json_object_agg(t.disposition, t.n) from (
          select d.disposition, count(*) as n from fact f join decision d on d.fact = f.id where f.origin = m.id
          group by d.disposition) t), '{}') as decisions
from message m where m.id = any(%(ids)b::uuid[])

-- name: insured_of
-- Who pays for these patients, as each source last said; the newest last.
select l.subject, n.identity, n.sealed, i.identity_key
from identity_link l join insured n on n.identity = l.identity join identity i on i.id = n.identity
where l.subject = any(%(subjects)s) order by n.sealed_at, n.identity

-- name: insure
-- Who pays, as a source says now.
insert into insured (identity, organisation, sealed, sealed_at)
values (%(identity)s, %(organisation)s, %(sealed)s, %(at)s)
on conflict (identity, organisation) do update set sealed = excluded.sealed, sealed_at = excluded.sealed_at

-- name: with_pending
-- Connections whose messages wait to be interpreted: one step of an index for each, however many messages wait.
with recursive found as (
  (select connection from message where outcome = 'pending' order by connection limit 1)
  union all
  select (select m.connection from message m where m.outcome = 'pending' and m.connection > found.connection
          order by m.connection limit 1)
  from found where found.connection is not null)
select connection from found where connection is not null and %(now)s::timestamptz is not null
