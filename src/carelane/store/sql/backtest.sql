-- name: subjects
-- A page of subjects, in the order of their ids.
select id from subject where id > %(after)s order by id limit %(limit)s

-- name: histories
-- Whole histories of those of these subjects that a pathway has to do with, since an instant. One statement, so that
-- facts, cases and effects are of one moment. Nothing sealed is read. Who was merged away has none: all of it moved;
-- the merges stand in the place that their transactions give them.
select s.id, s.kind,
  (case when exists (select from merge_log m where s.id in (m.survivor, m.retired)) then (
     with recursive near(subject) as (
       select s.id union
       select case when g.survivor = n.subject then g.retired else g.survivor end
       from near n join merge_log g on g.survivor = n.subject or g.retired = n.subject)
     select json_agg(json_build_object(
       'at', g.at, 'survivor', g.survivor, 'retired', g.retired, 'moved', g.moved,
       'back', g.kind = 'unlink' or g.reversed_by is not null,
       'xid', (g.xmin::text::bigint + ((c.now >> 32) << 32)
               - case when g.xmin::text::bigint > (c.now & 4294967295) then 4294967296 else 0 end)::text)
       order by g.at, g.id)
     from merge_log g, (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as now) c
     where g.survivor in (select subject from near)) end)::text as merges,
  (select json_agg(json_build_object(
     'id', f.id, 'type', f.type, 'occurred_at', f.occurred_at, 'recorded_at', f.recorded_at, 'keys', f.keys,
     'refers', f.refers, 'entity', f.entity, 'urgency', f.urgency, 'actor', f.actor, 'actor_name', f.actor_name,
     'connection', f.connection, 'origin', f.origin, 'correlation', f.correlation, 'identity', f.identity,
     'site', f.site, 'service_line', f.service_line, 'how', d.disposition, 'why', d.reason, 'at', d.decided_at,
     'xid', d.xid::text, 'vector', d.read,
     'applied', (select json_agg(json_build_object('case', a.case_id, 'revision', a.revision, 'release', a.release, 'parked', a.parked,
        'directory', a.bound -> 'directory',
        'why', (select json_agg(json_build_array(coalesce(r.reason ->> 'rule', ''), coalesce(r.reason ->> 'answer', '')) order by r.n)
                from jsonb_array_elements(a.reasons) with ordinality r(reason, n))) order by a.case_id)
        from application a where a.fact = f.id)))
   from fact f join decision d on d.fact = f.id where f.subject = s.id)::text as facts,
  (select json_agg(json_build_object(
     'id', c.id, 'pathway', c.pathway, 'release', c.release, 'status', c.status, 'milestone', c.milestone,
     'urgency', c.urgency, 'outcome', c.outcome, 'opened_at', c.opened_at, 'closed_at', c.closed_at,
     'revision', c.revision, 'cancelled', c.cancelled, 'parked_by', c.parked_by, 'last_actor', c.last_actor,
     'state', c.state) order by c.opened_at, c.id)
   from pathway_case c where c.subject = s.id)::text as cases,
  (select json_agg(json_build_object(
     'id', t.id, 'case', t.case_id, 'state', t.state, 'opened_at', t.opened_at, 'closed_at', t.closed_at, 'how', t.how,
     'fallback', t.fallback, 'task', t.task, 'entered_by', t.entered_by, 'detail', t.detail) order by t.opened_at, t.id)
   from step t join pathway_case c on c.id = t.case_id where c.subject = s.id)::text as steps,
  (select json_agg(json_build_object(
     'id', e.id, 'case', e.case_id, 'name', e.name, 'capability', e.capability, 'audience', e.audience,
     'created_at', e.created_at, 'step', e.step) order by e.created_at, e.id)
   from effect e join pathway_case c on c.id = e.case_id where c.subject = s.id)::text as effects,
  (select json_agg(json_build_object(
     'case', n.case_id, 'step', n.step, 'to', n.recipient, 'channel', n.channel, 'kind', n.kind, 'level', n.level,
     'at', n.at) order by n.at, n.id)
   from notice n join pathway_case c on c.id = n.case_id where c.subject = s.id)::text as told
from subject s
where s.id = any(%(subjects)s)
  and exists (select from fact f join decision d on d.fact = f.id
              where f.subject = s.id and d.decided_at >= %(since)s
                and (f.type = any(%(heard)s)
                     or exists (select from pathway_case c where c.subject = s.id and c.pathway = %(pathway)s)))
order by s.id

-- name: directories
-- Every version of the site's own facts.
select version, files::text as files, loaded_at from directory_snapshot order by version

-- name: activations
-- What was in force, when and where; oldest first.
select release, pathway, site, service_line, referral_type, scheduling_lane, from_at, to_at
from activation order by from_at, id

-- name: marks
-- What a judge depends on: it is made anew when any of these moves.
select (select max(version) from directory_snapshot) as directory,
       (select count(*) from release) as releases,
       (select count(*) from activation) as activations,
       (select count(*) from activation where to_at is not null) as ended

-- name: keep
-- A report, once for the same releases and events.
insert into backtest (id, organisation, pathway, old, new, events, report, blocks, made_at, made_by)
values (%(id)s, %(organisation)s, %(pathway)s, %(old)s, %(new)s, %(events)s, %(report)s, %(blocks)s, %(made_at)s, %(made_by)s)
on conflict (new, old, events, organisation) do update set report = excluded.report, blocks = excluded.blocks,
  made_at = excluded.made_at, made_by = excluded.made_by
returning id

-- name: newest
-- The newest report about a release against another.
select id, events, report, blocks, made_at, made_by from backtest
where new = %(new)s and old = %(old)s order by made_at desc, id limit 1

-- name: start_shadow
-- A shadow run begins with what is decided from now on.
insert into shadow (id, organisation, pathway, old, new, content, site, service_line, started_at, started_by,
                    window_xmin, looked_at, system_identifier)
select %(id)s, %(organisation)s, %(pathway)s, %(old)s, %(new)s, %(content)s, %(site)s, %(service_line)s, %(now)s,
       %(by)s, pg_snapshot_xmin(pg_current_snapshot()), %(now)s, system_identifier::text
from pg_control_system()
on conflict do nothing returning id

-- name: shadows
-- Shadow runs, newest first; a run's standing place in the stream of decisions is a window of transactions.
select id, pathway, old, new, content, site, service_line, started_at, started_by, stopped_at,
       window_xmin::text as window_xmin, looked_at, system_identifier, facts
from shadow where pathway = coalesce(%(pathway)s::text, pathway) and (%(all)s or stopped_at is null)
order by started_at desc, id

-- name: stop_shadow
-- A run ends; what it found stays.
update shadow set stopped_at = %(now)s where id = %(id)s and stopped_at is null returning id

-- name: edge
-- Up to which transaction everything has ended, and on which cluster this is: asked before the window.
select pg_snapshot_xmin(pg_current_snapshot())::text as xmin,
       (select system_identifier::text from pg_control_system()) as system_identifier

-- name: window
-- What was decided by transactions that ended since the last look: none that commits late is skipped, because
-- the window begins with the oldest that was still open then (TRUST 3). `decision_at` keeps the look short.
select d.subject, count(*) as facts from decision d
where d.xid >= %(window_xmin)s::text::xid8 and d.xid < %(xmin)s::text::xid8 and d.decided_at >= %(from_at)s
group by d.subject order by d.subject

-- name: looked
-- The window is done.
update shadow set window_xmin = %(xmin)s::text::xid8, looked_at = %(now)s, facts = facts + %(facts)s where id = %(id)s

-- name: shadow_cases
-- How these cases stand: the first divergence stays for good, `same` may still part.
insert into shadow_case (shadow, case_id, organisation, subject, class, found)
select %(shadow)s, u.case_id, %(organisation)s, u.subject, u.class, u.found
from unnest(%(cases)s::uuid[], %(subjects)s::uuid[], %(classes)s::text[], %(found)s::text[]) u(case_id, subject, class, found)
on conflict (shadow, case_id, organisation) do update set class = excluded.class, found = excluded.found
where shadow_case.class = 'same'

-- name: shadow_found
-- What a run found, by class and in the order of cases.
select case_id, subject, class, found from shadow_case where shadow = %(shadow)s order by case_id
