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
