-- name: make_organisation
-- The organisation of this database's scope.
insert into organisation (id, name) values (%(id)s, %(name)s) on conflict (id) do nothing

-- name: newest_directory
-- The directory in force.
select version, digest, files::text from directory_snapshot order by version desc limit 1

-- name: add_directory
-- A new version of the site's own facts.
insert into directory_snapshot (organisation, version, digest, files, loaded_at, loaded_by)
values (%(organisation)s, %(version)s, %(digest)s, %(files)s::jsonb, %(loaded_at)s, %(loaded_by)s)
on conflict do nothing

-- name: publish
-- A release: the text of a pathway by its digest.
insert into release (digest, organisation, pathway, version, language, content, published_at)
values (%(digest)s, %(organisation)s, %(pathway)s, %(version)s, %(language)s, %(content)s, %(published_at)s)
on conflict do nothing

-- name: releases
-- Every published release.
select digest, pathway, version, language, content from release order by published_at, digest

-- name: activations
-- What is in force, oldest first.
select id, release, pathway, site, service_line, approver_one, approver_two, reason, from_at, to_at
from activation where to_at is null order by from_at, id

-- name: activate
-- A release in force in a scope, with two approvers.
insert into activation (id, organisation, release, pathway, site, service_line, approver_one, approver_two, reason, from_at)
values (%(id)s, %(organisation)s, %(release)s, %(pathway)s, %(site)s, %(service_line)s, %(approver_one)s,
        %(approver_two)s, %(reason)s, %(from_at)s)
on conflict (id) do nothing

-- name: deactivate
-- What was in force in exactly this scope ends.
update activation set to_at = %(at)s
where to_at is null and pathway = %(pathway)s and site = %(site)s and service_line = %(service_line)s
  and release <> %(release)s

-- name: system_identifier
-- Which cluster this is: cursors stop on another one.
select system_identifier::text as system_identifier from pg_control_system()

-- name: leaf
-- One audit leaf.
insert into audit_sheaf (id, organisation, leaves, ids, at, bodies)
values (%(id)s, %(organisation)s, 1, array[%(id)s]::uuid[], array[%(at)s]::timestamptz[], array[%(body)s]::bytea[])
on conflict (id) do nothing

-- name: cursor
-- Where a poller stands.
select cursor -> %(name)s::text as cursor from connection where name = %(connection)s

-- name: save_cursor
-- Where a poller stands now, and on which cluster.
update connection set cursor = cursor || jsonb_build_object(%(name)s::text,
  jsonb_build_object('at', %(at)s::text, 'cluster', (select system_identifier::text from pg_control_system())))
where name = %(connection)s

-- name: case_key
-- What a system case is about.
select state -> 'keys' -> %(name)s::text ->> 0 as token from pathway_case where id = %(case)s

-- name: message_connection
-- Where a message came from.
select connection from message where id = %(message)s

-- name: synchronous
-- Whether commits wait for a standby, and whether one is there. `pg_stat_replication` hides the state from roles
-- without pg_read_all_stats, but not the row: a walsender that is counted is attached.
select current_setting('synchronous_standby_names') <> '' as wanted,
       exists (select from pg_stat_activity where backend_type = 'walsender') as attached

-- name: marks
-- What changes when the directory or the releases in force do.
select (select max(version) from directory_snapshot) as directory,
       (select count(*) from release) as releases,
       (select count(*) from activation) as activations,
       (select count(*) from activation where to_at is not null) as ended

-- name: on_calendars
-- Subjects with a running clock on one of these calendars, a page at a time.
select distinct subject from step
where closed_at is null and subject > %(after)s and detail -> 'clock' ->> 'calendar' = any(%(calendars)s::text[])
order by subject limit %(limit)s

-- name: moving
-- What is on its way: messages, facts, effects that may go now.
select (select count(*) from message where outcome = 'pending') as messages,
       (select count(*) from inbox) as facts,
       (select count(*) from effect where state in ('ready', 'sending') and next_at <= %(now)s::timestamptz + interval '15 seconds')
         as effects

-- name: counts
-- What there is.
select (select count(*) from message) as messages,
       (select count(*) from fact) as facts,
       (select count(*) from pathway_case) as cases,
       (select count(*) from task) as tasks,
       (select count(*) from effect) as effects,
       (select count(*) from pathway_case where closed_at is not null) as closed,
       (select json_object_agg(t.pathway, t.n) from (select pathway, count(*) as n from pathway_case group by 1) t) as pathways,
       (select json_object_agg(t.outcome, t.n) from
          (select pathway || ': ' || outcome as outcome, count(*) as n from pathway_case where outcome <> '' group by 1) t)
         as outcomes,
       (select json_object_agg(t.state, t.n) from (select state, count(*) as n from effect group by 1) t) as effect_states,
       (select count(*) from notice where level > 1) as escalations
