-- Messages to patients: how they may be reached, what was said about consent, whom each message went to, and the
-- templates that a release keeps. Addresses stand here only as keyed hashes, or sealed by the source identity's key.
create table contact (                        -- copied: telecoms, language and addresses, as last sent
  identity uuid not null,
  organisation uuid not null,
  sealed bytea not null,
  sealed_at timestamptz not null,
  primary key (identity, organisation)
);

create table consent (                        -- what was said about messages: the last word counts
  id uuid primary key,
  organisation uuid not null,
  identity uuid,                              -- of whom; null: of an address only
  address_token text not null default '',     -- empty: of every address of the identity
  channel text not null default '',           -- empty: of every channel
  scope text not null check (scope in ('messages', 'clinical')),
  given boolean not null,
  at timestamptz not null,
  fact uuid not null,
  check (identity is not null or address_token <> '')
);
create index consent_identity on consent (identity) where identity is not null;
create index consent_address on consent (address_token) where address_token <> '';

create table reached (                        -- one row for each message that was about to leave
  effect uuid primary key,
  organisation uuid not null,
  identity uuid,
  channel text not null,
  address_token text not null,
  template text not null,
  counted boolean not null,
  at timestamptz not null,
  receipt text not null default '' check (receipt in ('', 'delivered', 'failed')),
  receipt_at timestamptz
);
create index reached_identity on reached (identity, at) where identity is not null;
create index reached_address on reached (address_token, at);

create table release_template (
  release text not null,
  organisation uuid not null,
  name text not null,
  content text not null,
  primary key (release, name, organisation)
);

do $$
declare t text;
begin
  foreach t in array array['contact', 'consent', 'reached', 'release_template'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy organisation on %I using (organisation = nullif(current_setting(''carelane.organisation'', true), '''')::uuid)', t);
    execute format('grant select, insert on %I to carelane_worker', t);
    execute format('grant select on %I to carelane_audit', t);
  end loop;
end $$;
grant update, delete on contact, reached to carelane_worker;
grant select on release_template, consent, reached to carelane_app;

-- Requests as they came, so that one that comes by two channels is found again.
create table requested (
  fact uuid primary key,
  organisation uuid not null,
  identity uuid not null,
  kind_token text not null,                   -- keyed hash of what was asked for
  request_token text not null,                -- the key by which its case is known
  connection text not null,
  at timestamptz not null
);
create index requested_identity on requested (identity, at);
alter table requested enable row level security;
alter table requested force row level security;
create policy organisation on requested
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, delete on requested to carelane_worker;
grant select on requested to carelane_audit;
