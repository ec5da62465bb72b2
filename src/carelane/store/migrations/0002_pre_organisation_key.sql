-- The organisation's own keys, wrapped by the key-encryption key that lives outside the database (SEMANTICS 11).
-- `wrap` wraps message and identity keys, newest version first; `tokens` keys the blind indexes and never changes.
create table organisation_key (
  organisation uuid not null,
  purpose text not null check (purpose in ('wrap', 'tokens')),
  version int not null check (version > 0),
  wrapped bytea not null,
  made_at timestamptz not null,
  primary key (organisation, purpose, version)
);
alter table organisation_key enable row level security;
alter table organisation_key force row level security;
create policy organisation on organisation_key
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert on organisation_key to carelane_worker, carelane_app;
grant update (wrapped) on organisation_key to carelane_worker;
