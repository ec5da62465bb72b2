-- Each decision keeps what it read, without anything that identifies a patient (SEMANTICS 11): back-test, shadow and
-- replay use it. `read` has codes, counts, dates, flags and our own ids (cases/vector.py); `n` is the place in its
-- commit. A fact that is decided again keeps how it ended before under `before`.
alter table decision add column read jsonb;
-- Which transaction decided: a cursor by xid window skips nothing that commits late. Old rows have none.
alter table decision add column xid xid8;
alter table decision alter column xid set default pg_current_xact_id();
create index decision_at on decision using brin (decided_at) with (autosummarize = on);

-- Reports of back-tests and shadow runs, with digests of all they depend on. A report never names a patient.
create table backtest (
  id uuid primary key,
  organisation uuid not null,
  pathway text not null,
  old text not null,                          -- digests of releases
  new text not null,
  events text not null,                       -- SHA-256 of the events, or the shadow run's id
  report text not null,                       -- canonical JSON, the same bytes for the same inputs
  blocks boolean not null,
  made_at timestamptz not null,
  made_by text not null
);
create unique index backtest_once on backtest (new, old, events, organisation);

-- A release that decides on live facts without effects, in a scope. `window_xmin` is where the next look begins.
create table shadow (
  id uuid primary key,
  organisation uuid not null,
  pathway text not null,
  old text not null,
  new text not null,
  content text not null,                      -- the new release's text: it need not be published
  site text not null default '',              -- empty: everywhere
  service_line text not null default '',
  started_at timestamptz not null,
  started_by text not null,
  stopped_at timestamptz,
  window_xmin xid8 not null,
  looked_at timestamptz not null,
  system_identifier text not null,
  facts bigint not null default 0
);
create unique index shadow_running on shadow (pathway, new, site, service_line, organisation) where stopped_at is null;

create table shadow_case (                    -- how a case stands in a shadow run: same, or its first divergence
  shadow uuid not null,
  case_id uuid not null,
  organisation uuid not null,
  subject uuid not null,
  class text not null check (class in ('same', 'safer', 'riskier', 'needs-a-person', 'void')),
  found text not null default '',             -- canonical JSON of the divergence
  primary key (shadow, case_id, organisation)
);

do $$
declare t text;
begin
  foreach t in array array['backtest', 'shadow', 'shadow_case'] loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy organisation on %I using (organisation = nullif(current_setting(''carelane.organisation'', true), '''')::uuid)', t);
    execute format('grant select, insert, update on %I to carelane_worker', t);
    execute format('grant select on %I to carelane_app, carelane_audit', t);
  end loop;
end $$;
