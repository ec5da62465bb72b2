-- What was done outside, but is answered later: asked about again until the answer is there or its case is closed.
create table awaited (
  effect uuid primary key,
  organisation uuid not null,
  connection text not null,
  next_at timestamptz not null,
  asked int not null default 0                -- questions so far
);
create index awaited_due on awaited (connection, next_at);
alter table awaited enable row level security;
alter table awaited force row level security;
create policy organisation on awaited
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, update, delete on awaited to carelane_worker;
grant select on awaited to carelane_audit;

-- Who pays for a patient, as a source last said: an order that doesn't name it is asked about with what is known.
create table insured (
  identity uuid not null,
  organisation uuid not null,
  sealed bytea not null,
  sealed_at timestamptz not null,
  primary key (identity, organisation)
);
alter table insured enable row level security;
alter table insured force row level security;
create policy organisation on insured
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, update, delete on insured to carelane_worker;
grant select on insured to carelane_audit;
