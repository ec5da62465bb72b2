-- name: contacts
-- How patients can be reached, as a source last said; the newest wins.
insert into contact (identity, organisation, sealed, sealed_at)
select u.identity, %(organisation)s, u.sealed, u.sealed_at
from unnest(%(identity)b::uuid[], %(sealed)b::bytea[], %(sealed_at)b::timestamptz[]) u(identity, sealed, sealed_at)
on conflict (identity, organisation) do update set sealed = excluded.sealed, sealed_at = excluded.sealed_at

-- name: contacts_of
-- What every source says of reaching these patients, of each the newest first.
select l.subject, c.identity, c.sealed, i.identity_key
from identity_link l join contact c on c.identity = l.identity join identity i on i.id = c.identity
where l.subject = any(%(subjects)s) order by l.subject, c.sealed_at desc, c.identity

-- name: statements
-- What was said about messages to these patients (subject), or about one of these addresses, by whomever (no subject).
select given, at, channel, address_token as address, scope, null::uuid as subject from consent
where address_token = any(%(tokens)s) and address_token <> '' and (identity is null or scope = 'messages')
union
select c.given, c.at, c.channel, c.address_token, c.scope, l.subject
from consent c join identity_link l on l.identity = c.identity where l.subject = any(%(subjects)s)

-- name: state
-- Write down what was said.
insert into consent (id, organisation, identity, address_token, channel, scope, given, at, fact)
values (%(id)s, %(organisation)s, %(identity)s, %(address)s, %(channel)s, %(scope)s, %(given)s, %(at)s, %(fact)s)
on conflict (id) do nothing

-- name: turn
-- One message to a patient at a time, so that the limit holds.
select id from subject where id = %(subject)s for no key update

-- name: counted
-- Messages to each of these patients since an instant that left, or may have; `effects` are those being asked about.
select l.subject, count(*) as sent
from reached r join effect e on e.id = r.effect join identity_link l on l.identity = r.identity
where r.counted and r.at > %(since)s and r.effect <> all(%(effects)s) and l.subject = any(%(subjects)s)
  and (e.state in ('sending', 'unknown', 'done') or e.cause = 'unknown-dropped')
group by l.subject

-- name: reach
-- A message is about to leave.
insert into reached (effect, organisation, identity, channel, address_token, template, counted, at)
values (%(effect)s, %(organisation)s, %(identity)s, %(channel)s, %(address)s, %(template)s, %(counted)s, %(at)s)
on conflict (effect) do update set channel = excluded.channel, address_token = excluded.address_token,
  template = excluded.template, counted = excluded.counted, at = excluded.at

-- name: route
-- Give waiting messages their connection, and the first instant at which each may leave.
update effect e set connection = u.connection, next_at = greatest(e.next_at, u.not_before)
from unnest(%(ids)s::uuid[], %(connections)s::text[], %(not_before)s::timestamptz[]) u(id, connection, not_before)
where e.id = u.id and e.state in ('ready', 'sending')

-- name: releases_of
-- By which release each of these cases goes now.
select id, release from pathway_case where id = any(%(cases)s)

-- name: template_of
-- A template as a release keeps it.
select content from release_template where release = %(release)s and name = %(name)s;

-- name: templates_of
-- The templates of a release.
select content from release_template where release = %(release)s order by name

-- name: keep_template
-- A template that a release names.
insert into release_template (release, organisation, name, content)
values (%(release)s, %(organisation)s, %(name)s, %(content)s) on conflict do nothing

-- name: sent_effects
-- Messages by our id: whose they were, and what the case is known by.
select r.effect, r.channel, r.address_token, r.at, e.case_id, e.subject, e.identity, e.correlation, e.site, e.service_line,
       c.release, c.state -> 'keys' as keys, c.closed_at is null as open, i.identity_key
from reached r join effect e on e.id = r.effect join pathway_case c on c.id = e.case_id
left join identity i on i.id = e.identity
where r.effect = any(%(effects)s)

-- name: addressed
-- A message by our id: the case it was about, whose that is now, whose the message is by its source identity, and the
-- birth dates that sources last said of the case's patient, as tokens.
select r.effect, r.channel, r.address_token as address, r.template, c.id as "case", c.subject, c.site, c.service_line,
       c.release, l.subject as whose,
       array(select k.demographics ->> 'birth_date' from identity_link k
             where k.subject = c.subject and k.demographics ? 'birth_date') as born
from reached r join effect e on e.id = r.effect join pathway_case c on c.id = e.case_id
left join identity_link l on l.identity = r.identity
where r.effect = %(effect)s

-- name: sent_to
-- Messages that left for these addresses since an instant, newest first. Those of a wait ask something; a milestone, which
-- belongs to none, only tells.
select r.effect, r.channel, r.address_token, r.at, e.case_id, e.subject, e.identity, e.correlation, e.site, e.service_line,
       e.step is not null as asks,
       c.release, c.state -> 'keys' as keys, c.closed_at is null as open, i.identity_key
from reached r join effect e on e.id = r.effect join pathway_case c on c.id = e.case_id
left join identity i on i.id = e.identity
where r.address_token = any(%(tokens)s) and r.at > %(since)s
order by r.at desc, r.effect limit 1000

-- name: receipt
-- How a message ended at the other side; a delivery is never taken back.
update reached set receipt = %(receipt)s, receipt_at = %(at)s where effect = %(effect)s and receipt <> 'delivered'

-- name: receipted
-- Messages whose end nobody knew, and a receipt that shows that they were taken.
select e.id, e.organisation, e.site, e.service_line, e.case_id, e.step, e.subject, c.pathway, e.name, e.capability,
       e.connection, e.audience, e.if_unknown, e.state, e.urgency, e.attempts, e.budget_from, e.looks, e.sent_at,
       e.absent_at, e.not_after, e.after, e.undo, e.maybe, e.redriven_at is not null as redriven, e.compensates, e.correlation, e.identity, e.lease_by, e.refers,
       e.sealed, c.cancelled as blocked, i.identity_key
from effect e join reached r on r.effect = e.id join pathway_case c on c.id = e.case_id
left join identity i on i.id = e.identity
where e.state = 'unknown' and e.connection = %(connection)s and r.receipt <> ''
order by e.id limit %(limit)s for update of e skip locked

-- name: requested
-- Requests of these patients since an instant, oldest first.
select l.subject, r.kind_token, r.request_token, r.connection, r.at
from requested r join identity_link l on l.identity = r.identity
where l.subject = any(%(subjects)s) and r.at > %(since)s order by r.at, r.fact

-- name: note_request
-- A request, and the key by which its case is known.
insert into requested (fact, organisation, identity, kind_token, request_token, connection, at)
values (%(fact)s, %(organisation)s, %(identity)s, %(kind)s, %(request)s, %(connection)s, %(at)s)
on conflict (fact) do nothing
