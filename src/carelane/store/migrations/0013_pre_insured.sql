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
