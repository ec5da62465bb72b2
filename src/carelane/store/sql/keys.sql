-- name: organisation
-- The organisation's wrapped keys, oldest first.
select purpose, version, wrapped, made_at from organisation_key order by purpose, version

-- name: add_organisation
-- A further key of the organisation; the first process to write it wins.
insert into organisation_key (organisation, purpose, version, wrapped, made_at)
values (%(organisation)s, %(purpose)s, %(version)s, %(wrapped)s, %(made_at)s)
on conflict do nothing

-- name: rewrap_organisation
-- The same key, wrapped by a newer key-encryption key.
update organisation_key set wrapped = %(wrapped)s
where purpose = %(purpose)s and version = %(version)s

-- name: stale_identities
-- Identity keys that another key than the newest of the organisation wraps.
select id, identity_key as wrapped from identity
where identity_key is not null and substring(identity_key from 2 for 8) <> %(current)s
order by id limit %(limit)s for no key update

-- name: rewrap_identities
-- Identity keys, wrapped anew.
update identity set identity_key = fresh.wrapped
from unnest(%(ids)s::uuid[], %(wrapped)s::bytea[]) as fresh(id, wrapped)
where identity.id = fresh.id

-- name: stale_messages
-- Message keys that an older key of the organisation wraps; what an identity's key wraps stays.
select id, message_key as wrapped from message
where message_key is not null and substring(message_key from 2 for 8) = any(%(older)s::bytea[])
order by id limit %(limit)s for no key update

-- name: rewrap_messages
-- Message keys, wrapped anew.
update message set message_key = fresh.wrapped
from unnest(%(ids)s::uuid[], %(wrapped)s::bytea[]) as fresh(id, wrapped)
where message.id = fresh.id

-- name: shred_identities
-- Destroy the keys of all source identities of a subject, and with them all that they seal.
update identity set identity_key = null
where id in (select identity from identity_link where subject = %(subject)s) and identity_key is not null
returning id

-- name: shred_messages
-- Destroy the keys of those identities' messages, by whatever key they are wrapped.
update message set message_key = null
where identity = any(%(identities)s::uuid[]) and message_key is not null

-- name: shred_tokens
-- A shredded subject can't be found any more.
delete from subject_token where subject = %(subject)s

-- name: shreddable
-- What speaks against destroying a patient's keys.
select on_hold(s.id) as held,
       (select count(*) from pathway_case c where c.subject = s.id and c.closed_at is null) as open_cases,
       exists (select from inbox i where i.subject = s.id) as pending
from subject s where s.id = %(subject)s and s.kind = 'patient' and s.merged_into is null
