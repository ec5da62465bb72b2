-- name: list
-- Open work in view, most urgent first, then by due time; a page begins after the last row of the one before.
select t.id, t.case_id, t.subject, t.pathway, t.name, t.title, t.business_status, t.status, t.urgency, t.owner_kind,
       t.owner_name, t.assignee, t.version, t.opened_at, t.due_at, t.snoozed_until, t.claimed_at, t.site,
       t.service_line, s.state, s.safety, s.clock_kind, s.fallback, u.identity, u.sealed, i.identity_key,
       exists (select from handover h where h.task = t.id and h.accepted_at is null and h.withdrawn_at is null) as offered
from task t join step s on s.id = t.step left join subject u on u.id = t.subject left join identity i on i.id = u.identity
where t.closed_at is null
  and (%(everyone)s or t.assignee = %(person)s
       or (t.owner_kind = 'pool' and t.owner_name = any(%(pools)s))
       or (t.owner_kind = 'role' and t.owner_name = any(%(roles)s))
       or (t.owner_kind = 'person' and t.owner_name = %(person)s))
  and (%(mine)s::boolean is not true or t.assignee = %(person)s)
  and (%(unclaimed)s::boolean is not true or t.assignee = '')
  and (%(owner)s::text is null or t.owner_name = %(owner)s)
  and (%(pathway)s::text is null or t.pathway = %(pathway)s)
  and (%(site)s::text is null or t.site = %(site)s)
  and (%(service_line)s::text is null or t.service_line = %(service_line)s)
  and (%(name)s::text is null or t.name = %(name)s)
  and (%(urgency)s::smallint is null or t.urgency >= %(urgency)s)
  and (%(due_before)s::timestamptz is null or t.due_at < %(due_before)s)
  and (%(opened_after)s::timestamptz is null or t.opened_at > %(opened_after)s)
  and (%(subject)s::uuid is null or t.subject = %(subject)s)
  and (%(snoozed)s or t.snoozed_until is null or t.snoozed_until <= %(now)s)
  and (%(after_urgency)s::smallint is null or t.urgency < %(after_urgency)s
       or (t.urgency = %(after_urgency)s and (t.due_at, t.id) > (%(after_due)s::timestamptz, %(after_id)s::uuid)))
order by t.urgency desc, t.due_at, t.id
limit %(limit)s

-- name: following
-- How many rows of `list` follow the last one of a page, with no filter but `mine`.
select count(*) as n from task t
where t.closed_at is null
  and (t.assignee = %(person)s
       or (t.owner_kind = 'pool' and t.owner_name = any(%(pools)s))
       or (t.owner_kind = 'role' and t.owner_name = any(%(roles)s))
       or (t.owner_kind = 'person' and t.owner_name = %(person)s))
  and (%(mine)s::boolean is not true or t.assignee = %(person)s)
  and (t.snoozed_until is null or t.snoozed_until <= %(now)s)
  and (t.urgency < %(after_urgency)s::smallint
       or (t.urgency = %(after_urgency)s and (t.due_at, t.id) > (%(after_due)s::timestamptz, %(after_id)s::uuid)))

-- name: counts
-- How much open work each owner has, how much of it is past due.
select t.owner_kind, t.owner_name, count(*) as open, count(*) filter (where t.due_at <= %(now)s) as overdue,
       count(*) filter (where t.assignee = '') as unclaimed
from task t where t.closed_at is null
  and (%(everyone)s or t.assignee = %(person)s
       or (t.owner_kind = 'pool' and t.owner_name = any(%(pools)s))
       or (t.owner_kind = 'role' and t.owner_name = any(%(roles)s))
       or (t.owner_kind = 'person' and t.owner_name = %(person)s))
group by t.owner_kind, t.owner_name order by t.owner_kind, t.owner_name

-- name: task
-- One task with its step and case.
select t.id, t.organisation, t.case_id, t.subject, t.pathway, t.name, t.title, t.business_status, t.status, t.urgency,
       t.owner_kind, t.owner_name, t.assignee, t.version, t.opened_at, t.due_at, t.snoozed_until, t.claimed_at,
       t.closed_at, t.outcome, t.undo_until, t.site, t.service_line, t.step, s.state, s.safety, s.clock_kind,
       s.fallback, s.started_at, c.release, c.correlation, c.identity, c.state::text as case_state, c.sealed, t.draft_sealed,
       i.identity_key
from task t join step s on s.id = t.step join pathway_case c on c.id = t.case_id
left join identity i on i.id = c.identity
where t.id = %(id)s

-- name: claim
-- Take a task: of several who try with one version, exactly one row changes (I8).
update task set assignee = %(person)s, status = 'in-progress', claimed_at = %(now)s, version = version + 1
where id = %(id)s and version = %(version)s and coalesce(closed_at, 'infinity') = 'infinity' and assignee = '' and status = 'ready'
returning version, case_id

-- name: release
-- Put one's task back.
update task set assignee = '', status = 'ready', claimed_at = null, version = version + 1
where id = %(id)s and version = %(version)s and coalesce(closed_at, 'infinity') = 'infinity' and assignee = %(person)s and status = 'in-progress'
returning version, case_id

-- name: begin_completing
-- Completing claims what nobody has; of several people with one version, one goes on.
update task set assignee = %(person)s, status = 'in-progress', claimed_at = coalesce(claimed_at, %(now)s),
       version = version + (assignee = '')::int
where id = %(id)s and version = %(version)s and coalesce(closed_at, 'infinity') = 'infinity' and assignee in ('', %(person)s)
returning version, case_id

-- name: snooze
-- Out of sight until then, never past the clock; safety clocks are not snoozed.
update task t set snoozed_until = %(until)s, version = t.version + 1
from step s
where t.id = %(id)s and t.version = %(version)s and coalesce(t.closed_at, 'infinity') = 'infinity' and s.id = t.step and not s.safety
  and %(until)s::timestamptz <= t.due_at
returning t.version, t.case_id

-- name: wake
-- Back in sight.
update task set snoozed_until = null, version = version + 1
where id = %(id)s and coalesce(closed_at, 'infinity') = 'infinity' and snoozed_until is not null returning version, case_id

-- name: draft
-- Keep an unfinished form, sealed.
update task set draft_sealed = %(sealed)s where id = %(id)s and coalesce(closed_at, 'infinity') = 'infinity' and assignee = %(person)s
returning version, case_id

-- name: after_completing
-- Whether it is done, and until when that may be taken back.
select closed_at is not null, undo_until from task where id = %(id)s

-- name: offer
-- A handover is open work of the giver until it is accepted.
insert into handover (id, organisation, site, service_line, task, giver, receiver, what, reason, offered_at)
select %(id)s, t.organisation, t.site, t.service_line, t.id, %(giver)s, %(receiver)s, %(what)s, %(reason)s, %(now)s
from task t
where t.id = %(task)s and coalesce(t.closed_at, 'infinity') = 'infinity' and t.version = %(version)s and t.assignee = %(giver)s
  and not exists (select from handover h where h.task = t.id and h.accepted_at is null and h.withdrawn_at is null)
returning task

-- name: handover
-- One handover with its task, locked.
select h.id, h.task, h.giver, h.receiver, h.what, h.reason, h.offered_at, h.accepted_at, h.withdrawn_at, t.version,
       t.case_id, t.closed_at, t.assignee
from handover h join task t on t.id = h.task where h.id = %(id)s for update

-- name: handovers
-- Open offers to or from a person.
select h.id, h.task, h.giver, h.receiver, h.what, h.reason, h.offered_at, t.title, t.due_at, t.urgency, t.site
from handover h join task t on t.id = h.task
where h.accepted_at is null and h.withdrawn_at is null and t.closed_at is null
  and (h.giver = %(person)s or h.receiver = %(person)s or h.receiver = any(%(pools)s))
order by t.urgency desc, h.offered_at, h.id limit 200

-- name: accept_handover
-- Accepted: from now on it is the receiver's.
with accepted as (
  update handover set accepted_at = %(now)s, accepted_by = %(person)s
  where id = %(id)s and accepted_at is null and withdrawn_at is null returning task)
update task t set assignee = %(person)s, status = 'in-progress', claimed_at = %(now)s, version = t.version + 1
from accepted a where t.id = a.task and coalesce(t.closed_at, 'infinity') = 'infinity' returning t.id, t.version, t.case_id

-- name: withdraw_handover
-- Taken back by the giver before anyone accepted.
update handover set withdrawn_at = %(now)s
where id = %(id)s and giver = %(person)s and accepted_at is null and withdrawn_at is null returning task

-- name: add_override
-- A person routed against the rule: counted by rule and by the release by which the rule answered last; `release` is
-- the case's own, for what was decided before that was kept.
insert into routing_override (id, organisation, site, service_line, case_id, task, person, rule, release, reason, at)
values (%(id)s, %(organisation)s, %(site)s, %(service_line)s, %(case_id)s, %(task)s, %(person)s, %(rule)s,
        coalesce((select nullif(a.release, '') from application a where a.case_id = %(case_id)s
                  and a.reasons @> jsonb_build_array(jsonb_build_object('rule', %(rule)s::text))
                  order by a.revision desc limit 1), %(release)s),
        %(reason)s, %(now)s)

-- name: add_entry
-- One entry of a case's thread.
insert into thread_entry (id, organisation, site, service_line, case_id, author, at, kind, identity, sealed)
values (%(id)s, %(organisation)s, %(site)s, %(service_line)s, %(case_id)s, %(author)s, %(now)s, %(kind)s, %(identity)s,
        %(sealed)s)

-- name: case
-- What a thread entry or an override must know of its case.
select c.id, c.organisation, c.site, c.service_line, c.subject, c.correlation, c.identity, c.release, c.pathway,
       c.version, c.closed_at, i.identity_key
from pathway_case c left join identity i on i.id = c.identity where c.id = %(id)s

-- name: fired_rule
-- The rule that routed a case last: the newest application that names the table of the owner, else any table.
select r->>'rule' as rule from application a cross join lateral jsonb_array_elements(a.reasons) with ordinality x(r, n)
where a.case_id = %(case_id)s and r->>'rule' like 'table %%'
order by starts_with(r->>'rule', 'table ' || %(owner_table)s || ' ') desc, a.revision desc, x.n desc limit 1
