-- What a source last said under this identifier, as tokens: a message is compared with its own record, so that a result
-- under the dead id is not taken for another person's because the survivor is written differently.
alter table identity_link add column demographics jsonb not null default '{}';
