-- How far the clock of a demo or test database is ahead of the machine's. A row is only made while the database is
-- still empty, by a process that was told to (CARELANE_DEMO_CLOCK); a database with a row is never a hospital's.
create table demo_clock (
  organisation uuid primary key,
  ahead interval not null default interval '0' check (ahead >= interval '0'),
  moved int not null default 0
);
alter table demo_clock enable row level security;
alter table demo_clock force row level security;
create policy organisation on demo_clock
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert on demo_clock to carelane_worker;
grant update (ahead, moved) on demo_clock to carelane_worker;
grant select on demo_clock to carelane_app, carelane_audit;
