-- name: insert
-- Facts and their inbox rows, once each.
with new as (
  insert into fact (id, organisation, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor,
                    actor_name, connection, origin, correlation, identity, keys, refers, entity, sealed)
  select u.id, %(organisation)s, u.site, u.service_line, u.subject, u.type, u.occurred_at, u.recorded_at, u.urgency,
         u.actor, u.actor_name, u.connection, u.origin, u.correlation, u.identity, u.keys::jsonb, u.refers::jsonb,
         u.entity, u.sealed
  from unnest(%(id)s::uuid[], %(site)s::text[], %(service_line)s::text[], %(subject)s::uuid[], %(type)s::text[],
              %(occurred_at)s::timestamptz[], %(recorded_at)s::timestamptz[], %(urgency)s::smallint[],
              %(actor)s::text[], %(actor_name)s::text[], %(connection)s::text[], %(origin)s::uuid[],
              %(correlation)s::uuid[], %(identity)s::uuid[], %(keys)s::text[], %(refers)s::text[],
              %(entity)s::text[], %(sealed)s::bytea[])
       u(id, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor, actor_name, connection,
         origin, correlation, identity, keys, refers, entity, sealed)
  on conflict (id) do nothing
  returning id)
insert into inbox (subject, organisation, priority, cancels, fact)
select u.subject, %(organisation)s, u.urgency, u.cancels, u.id
from unnest(%(id)s::uuid[], %(subject)s::uuid[], %(urgency)s::smallint[], %(cancels)s::boolean[])
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
from unnest(%(id)s::uuid[], %(site)s::text[], %(service_line)s::text[], %(subject)s::uuid[], %(type)s::text[],
            %(occurred_at)s::timestamptz[], %(recorded_at)s::timestamptz[], %(urgency)s::smallint[],
            %(actor)s::text[], %(actor_name)s::text[], %(connection)s::text[], %(origin)s::uuid[],
            %(correlation)s::uuid[], %(identity)s::uuid[], %(keys)s::text[], %(refers)s::text[],
            %(entity)s::text[], %(sealed)s::bytea[])
     u(id, site, service_line, subject, type, occurred_at, recorded_at, urgency, actor, actor_name, connection,
       origin, correlation, identity, keys, refers, entity, sealed)
on conflict (id) do nothing

-- name: turns
-- A turn row for each subject that has none.
insert into turn (subject, organisation)
select u.subject, %(organisation)s from unnest(%(subjects)s::uuid[]) u(subject) on conflict do nothing

-- name: subjects
-- Subjects that are not patients are made as they are first heard of.
insert into subject (id, organisation, kind, site)
select u.id, %(organisation)s, u.kind, u.site
from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(sites)s::text[]) u(id, kind, site) on conflict do nothing

-- name: known
-- Which of these facts are stored already.
select id from fact where id = any(%(ids)s)
