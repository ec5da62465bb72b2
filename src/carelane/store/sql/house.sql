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
-- What a system case is about, and who decided what last.
select array(select jsonb_array_elements_text(c.state -> 'keys' -> %(name)s::text)) as tokens, c.pathway, c.last_actor,
       coalesce((select t.outcome from task t where t.case_id = c.id and t.outcome <> ''
                 order by t.closed_at desc limit 1), '') as outcome
from pathway_case c where c.id = %(case)s

-- name: forget_said
-- What a source said under these identifiers, set aside by a person: the next message says it anew.
update identity_link set demographics = '{}' where identity = any(%(identities)s::uuid[])

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
       (select count(*) from activation where to_at is not null) as ended,
       (select count(*) from release where recalled_at is not null) as recalled,
       (select max(version) from organisation_key where purpose = 'wrap') as key,
       (select max(version) from organisation_key where purpose = 'wrap' and made_at <= %(settled)s) as sealing_key

-- name: on_calendars
-- Subjects with a running clock on one of these calendars, a page at a time.
select distinct subject from step
where closed_at is null and subject > %(after)s and detail -> 'clock' ->> 'calendar' = any(%(calendars)s::text[])
order by subject limit %(limit)s

-- name: moving
-- What is on its way: messages, facts, effects that may go now, and those that are still being looked up.
select (select count(*) from message where outcome = 'pending') as messages,
       (select count(*) from inbox) as facts,
       (select count(*) from effect where state in ('ready', 'sending') and next_at <= %(now)s::timestamptz + interval '15 seconds')
         as effects,
       (select count(*) from effect where state = 'unknown' and not asked) as looked_up

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

-- name: created_outside
-- Effects that count as done because a FHIR server said that it made something, sent since then.
select id, name, capability, reference from effect
where state = 'done' and format like 'FHIR%%' and sent_at >= %(since)s and compensates is null
  and capability <> all(%(amending)s) order by sent_at, id

-- name: unknown_effects
-- Effects whose end nobody knows, with who has them: the owner of the case that asks.
select e.id, e.name, e.capability, e.connection, e.cause, e.sent_at, e.next_at, e.asked,
       (select s.owner_name from pathway_case c join step s on s.case_id = c.id and s.closed_at is null
        where c.pathway = 'effect-attention' and c.state -> 'keys' -> 'effect' ->> 0 = e.id::text limit 1) as owner
from effect e where e.state = 'unknown' order by e.created_at, e.id

-- name: take_time
-- Loading a site reads pathways between its statements: on a busy machine longer than a decision may idle.
set local idle_in_transaction_session_timeout = '120s'
