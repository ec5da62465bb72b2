-- The nightly sweep (store/retention.py lists what it removes) and legal holds, which beat every removal.
create table legal_hold (
  id uuid primary key,
  organisation uuid not null,
  subject uuid not null,
  reason text not null check (reason <> ''),   -- a code of store/retention.py
  placed_by text not null check (placed_by <> ''),
  from_at timestamptz not null,
  released_by text not null default '',
  to_at timestamptz,
  check ((to_at is null) = (released_by = ''))
);
create unique index legal_hold_current on legal_hold (subject, reason, organisation) where to_at is null;
alter table legal_hold enable row level security;
alter table legal_hold force row level security;
create policy organisation on legal_hold
  using (organisation = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, update on legal_hold to carelane_worker;
grant select on legal_hold to carelane_app, carelane_audit;

-- A hold follows a merge: it covers the survivor of whom it names, and whom was merged into them.
create function on_hold(one uuid) returns boolean language sql stable as $$
  select exists (select from legal_hold h where h.to_at is null and (
    h.subject = one
    or h.subject = (select s.merged_into from subject s where s.id = one)
    or exists (select from subject s where s.id = h.subject and s.merged_into = one)))
$$;

-- A fact that is not settled yet, or that an open case was built on, is needed.
create function fact_needed(one uuid) returns boolean language sql stable as $$
  select not exists (select from decision d where d.fact = one and d.disposition in ('applied', 'ignored'))
      or exists (select from application a join pathway_case c on c.id = a.case_id
                 where a.fact = one and c.closed_at is null)
$$;

grant delete on message_body, notice to carelane_worker;
