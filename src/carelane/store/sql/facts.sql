-- name: insert
-- Facts and their inbox rows, once each.
with new as (
  insert into fact (id, organisation, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor,
                    actor_name, connection, origin, correlation, identity, keys, refers, entity, sealed)
  select u.id, %(organisation)s, u.site, u.service_line, u.subject, u.type, u.occurred_at, u.recorded_at, u.urgency,
         u.actor, u.actor_name, u.connection, u.origin, u.correlation, u.identity, u.keys::jsonb, u.refers::jsonb,
         u.entity, u.sealed
  from unnest(%(id)b::uuid[], %(site)b::text[], %(service_line)b::text[], %(subject)b::uuid[], %(type)b::text[],
              %(occurred_at)b::timestamptz[], %(recorded_at)b::timestamptz[], %(urgency)b::smallint[],
              %(actor)b::text[], %(actor_name)b::text[], %(connection)b::text[], %(origin)b::uuid[],
              %(correlation)b::uuid[], %(identity)b::uuid[], %(keys)b::text[], %(refers)b::text[],
              %(entity)b::text[], %(sealed)b::bytea[])
       u(id, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor, actor_name, connection,
         origin, correlation, identity, keys, refers, entity, sealed)
  on conflict (id) do nothing
  returning id)
insert into inbox (subject, organisation, priority, cancels, fact)
select u.subject, %(organisation)s, u.urgency, u.cancels, u.id
from unnest(%(id)b::uuid[], %(subject)b::uuid[], %(urgency)b::smallint[], %(cancels)b::boolean[])
     with ordinality u(id, subject, urgency, cancels, n)
join new on new.id = u.id
order by u.n

-- name: insert_decided
-- Facts that are decided in this transaction: no inbox row.
insert into fact (id, organisation, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor,
                  actor_name, connection, origin, correlation, identity, keys, refers, entity, sealed)
select u.id, %(organisation)s, u.site, u.service_line, u.subject, u.type, u.occurred_at, u.recorded_at, u.urgency,
       u.actor, u.actor_name, u.connection, u.origin, u.correlation, u.identity, u.keys::jsonb, u.refers::jsonb,
       u.entity, u.sealed
from unnest(%(id)b::uuid[], %(site)b::text[], %(service_line)b::text[], %(subject)b::uuid[], %(type)b::text[],
            %(occurred_at)b::timestamptz[], %(recorded_at)b::timestamptz[], %(urgency)b::smallint[],
            %(actor)b::text[], %(actor_name)b::text[], %(connection)b::text[], %(origin)b::uuid[],
            %(correlation)b::uuid[], %(identity)b::uuid[], %(keys)b::text[], %(refers)b::text[],
            %(entity)b::text[], %(sealed)b::bytea[])
     u(id, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor, actor_name, connection,
       origin, correlation, identity, keys, refers, entity, sealed)
on conflict (id) do nothing

-- name: turns
-- A turn row for each subject that has none.
insert into turn (subject, organisation)
select u.subject, %(organisation)s from unnest(%(subjects)b::uuid[]) u(subject) on conflict do nothing

-- name: subjects
-- Subjects that are not patients are made as they are first heard of.
insert into subject (id, organisation, kind, site)
select u.id, %(organisation)s, u.kind, u.site
from unnest(%(ids)b::uuid[], %(kinds)b::text[], %(sites)b::text[]) u(id, kind, site) on conflict do nothing

-- name: known
-- Which of these facts are stored already.
select id from fact where id = any(%(ids)s)
