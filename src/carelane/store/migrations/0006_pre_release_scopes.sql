-- Releases by scope: narrower scopes, what an activation rests on, approvals by two people, recalls.
alter table activation add column referral_type text not null default '';
alter table activation add column scheduling_lane text not null default '';
alter table activation add column proof text not null default '';     -- digest of the proof it rests on; empty: of the first day
alter table activation add column report text not null default '';    -- digest of the back-test's report, where one was judged
alter table activation add column cause text not null default 'activated'
  check (cause in ('activated', 'rolled-back', 'recalled'));
alter table activation add column ended_by text not null default '';
alter table activation add column ended_reason text not null default '';
alter table activation add check (referral_type = '' or scheduling_lane = '');
create unique index activation_in_force
  on activation (pathway, site, service_line, referral_type, scheduling_lane, organisation) where to_at is null;

alter table release add column recalled_at timestamptz;
alter table release add column recalled_by text not null default '';
alter table release add column recall_reason text not null default '';
alter table release add check ((recalled_at is null) = (recalled_by = '' and recall_reason = ''));

create table release_approval (
  id uuid primary key,
  organisation uuid not null references organisation,
  release text not null,
  pathway text not null,
  site text not null,
  service_line text not null,
  referral_type text not null,
  scheduling_lane text not null,
  person text not null check (person <> ''),
  reason text not null check (reason <> ''),
  proof text not null,
  report text not null,
  at timestamptz not null,
  used_by uuid references activation          -- the activation that a second person made of it
);
create index release_approval_open on release_approval (release) where used_by is null;
alter table release_approval enable row level security;
alter table release_approval force row level security;
create policy organisation on release_approval
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, update on release_approval to carelane_worker;
grant select on release_approval to carelane_app, carelane_audit;
