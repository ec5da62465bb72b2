-- Break-glass (TRUST, privacy 3): who may look at one patient's records in an emergency, why, and until when.
-- What was written down as the reason is sealed in the fact that a reviewer gets; here stand codes and instants.
create table emergency_access (
  id uuid primary key,
  organisation uuid not null,
  person text not null,
  subject uuid not null,
  reason text not null check (reason <> ''),
  from_at timestamptz not null,
  until_at timestamptz not null,
  ended_at timestamptz,
  check (until_at > from_at and until_at <= from_at + interval '60 minutes')
);
create index emergency_access_now on emergency_access (person, until_at);
alter table emergency_access enable row level security;
alter table emergency_access force row level security;
create policy organisation on emergency_access
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, update (ended_at) on emergency_access to carelane_worker;
grant select on emergency_access to carelane_app, carelane_audit;
