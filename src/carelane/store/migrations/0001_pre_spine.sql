-- The first schema (SEMANTICS 1-7, 10-13). One organisation per transaction; row-level security is forced on every
-- table with an organisation. No index on a drainer's path begins with the organisation: the policy's predicate
-- would invite plans that read the whole tenant (SEMANTICS 12, 2).
-- Columns named `sealed` or *_sealed hold AES-256-GCM ciphertext; docs/reference/retention.md lists authority and
-- time to live of each. Tokens are keyed hashes.

create table organisation (
  id uuid primary key,
  name text not null
);

-- The site's people, pools, calendars and connections, as loaded from files: late-bound, with a version.
create table directory_snapshot (
  organisation uuid not null references organisation,
  version int not null,
  digest text not null,
  files jsonb not null,
  loaded_at timestamptz not null,
  loaded_by text not null,
  primary key (organisation, version)
);

create table connection (
  organisation uuid not null references organisation,
  name text not null,
  kind text not null,
  site text not null default '',
  cursor jsonb not null default '{}',        -- polling position, with the cluster's system_identifier
  state text not null default 'closed',      -- circuit breaker: closed, open, half-open
  open_until timestamptz,
  failures int not null default 0,
  not_before timestamptz,                    -- the other side said Retry-After: nothing is sent earlier
  tokens double precision not null default 0, -- what is left of the quota, as of tokens_at
  tokens_at timestamptz,
  primary key (name, organisation)
);

create table connection_turn (                -- one interpreter per connection at a time
  connection text not null,
  organisation uuid not null,
  primary key (connection, organisation)
);

-- Messages, byte for byte.
create table message (
  id uuid primary key,
  organisation uuid not null,
  connection text not null,
  site text not null default '',
  service_line text not null default '',
  seq bigint generated always as identity,
  received_at timestamptz not null,
  control_token text,                         -- keyed hash of MSH-10 or "Type/id/version"
  digest bytea not null,                      -- SHA-256 of the raw bytes
  size int not null,
  trigger text not null default '',
  outcome text not null default 'pending'
    check (outcome in ('pending', 'facts', 'no mapping', 'quarantined', 'rejected')),
  reason text not null default '',
  conflict boolean not null default false,    -- same control id, other body
  replay_of uuid,
  problems jsonb not null default '[]',
  message_key bytea,                          -- wrapped data key; by the organisation, later by the identity
  identity uuid,
  interpreted_at timestamptz
);
create unique index message_accept on message (control_token, connection, organisation)
  where control_token is not null and not conflict and replay_of is null;
create index message_pending on message (connection, seq) where outcome = 'pending';
create index message_identity on message (identity) where identity is not null;

create table message_body (
  message uuid primary key,
  organisation uuid not null,
  sealed bytea not null
);

-- Subjects, turns and identity. Facts keep their source identifiers for ever; only identity_link moves.
create table subject (
  id uuid primary key,
  organisation uuid not null,
  kind text not null check (kind in ('patient', 'slot', 'connection', 'shared')),
  provisional boolean not null default false,
  site text not null default '',
  service_line text not null default '',
  demographics jsonb not null default '{}',   -- tokens of family name, birth date, sex
  merged_into uuid,
  identity uuid,                              -- whose key seals `sealed`
  sealed bytea,                               -- name, birth date, identifiers to show: copied, authority ehr
  sealed_at timestamptz
);

create table turn (
  subject uuid not null,
  organisation uuid not null,
  primary key (subject, organisation)
);

create table identity (
  id uuid primary key,
  organisation uuid not null,
  token text not null,                        -- keyed hash of authority and value
  authority text not null,
  identity_key bytea,                         -- wrapped; null once shredded
  created_at timestamptz not null
);
create unique index identity_token on identity (token, organisation);

create table identity_link (
  identity uuid not null,
  organisation uuid not null,
  subject uuid not null,
  since timestamptz not null,
  primary key (identity, organisation)
);
create index identity_link_subject on identity_link (subject, organisation);

create table merge_log (
  id uuid primary key,
  organisation uuid not null,
  kind text not null check (kind in ('merge', 'link', 'unlink')),
  survivor uuid not null,
  retired uuid not null,
  moved jsonb not null,                       -- identities, cases, facts that were re-pointed
  fact uuid,
  at timestamptz not null,
  reversed_by uuid
);
create index merge_log_retired on merge_log (retired);

create domain search_token as uuid;           -- a keyed hash of what a person is looked for by
create table subject_token (                  -- blind search: the first token of every kind in one row, further ones
  subject uuid not null,                      -- (a second given name, another number) in rows of their own
  organisation uuid not null,
  mark bigint not null,                       -- of what the row says: the same tokens are stored once
  family search_token,
  given search_token,                         -- no index of its own: a search has at least two kinds
  birth_date search_token,
  phone search_token,
  identifier search_token,
  primary key (subject, mark, organisation)
);
create index subject_token_birth on subject_token (birth_date, family, given) where birth_date is not null;
create index subject_token_family on subject_token (family) where family is not null;
create index subject_token_phone on subject_token (phone) where phone is not null;
create index subject_token_identifier on subject_token (identifier) where identifier is not null;

-- Facts, inbox, decisions.
create table fact (
  id uuid primary key,
  organisation uuid not null,
  site text not null default '',
  service_line text not null default '',
  subject uuid not null,
  type text not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  urgency smallint not null default 0,
  actor text not null,
  actor_name text not null default '',
  connection text not null default '',
  origin uuid,                                -- message, effect or case it came from
  correlation uuid,
  identity uuid,
  keys jsonb not null default '{}',           -- tokens by key name
  refers jsonb not null default '{}',         -- our own ids: case, step, task, effect
  entity text not null default '',
  sealed bytea                                -- payload
);
create index fact_origin on fact (origin) where origin is not null;
create index fact_subject on fact (subject, recorded_at);

create table inbox (
  seq bigint generated always as identity primary key,
  subject uuid not null,
  organisation uuid not null,
  priority smallint not null default 0,
  cancels boolean not null default false,     -- a pending cancel-class fact stops effects of the subject (I6)
  fact uuid not null
);
create index inbox_subject on inbox (subject, seq);
create index inbox_urgent on inbox (priority desc, seq) where priority > 0;

create table decision (
  fact uuid not null,
  organisation uuid not null,
  site text not null default '',
  service_line text not null default '',
  subject uuid not null,
  disposition text not null check (disposition in ('applied', 'ignored', 'held', 'parked')),
  reason text not null default '',
  held_until timestamptz,
  held_then text,
  held_pathway text,
  applied smallint not null default 0,
  decided_at timestamptz not null,
  primary key (fact, organisation),
  check ((disposition = 'held') = (held_until is not null)),
  check (disposition = 'applied' or disposition = 'held' or reason <> '')
);
create index decision_held on decision (held_until) where disposition = 'held';
create index decision_held_subject on decision (subject) where disposition in ('held', 'parked');

create table release (
  digest text not null,
  organisation uuid not null references organisation,
  pathway text not null,
  version text not null,
  language int not null,
  content text not null,
  published_at timestamptz not null,
  primary key (digest, organisation)
);

create table activation (
  id uuid primary key,
  organisation uuid not null references organisation,
  release text not null,
  pathway text not null,
  site text not null default '',              -- empty: everywhere
  service_line text not null default '',
  approver_one text not null,
  approver_two text not null,
  reason text not null,
  from_at timestamptz not null,
  to_at timestamptz,
  check (approver_one <> approver_two)
);

create table pathway_case (
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  subject uuid not null,
  pathway text not null,
  version text not null,
  release text not null,
  status text not null,
  milestone text not null default '',
  urgency smallint not null default 0,
  outcome text not null default '',
  opened_at timestamptz not null,
  decided_at timestamptz not null,
  closed_at timestamptz,
  correlation uuid not null,
  unique_name text not null default '',
  unique_token text,
  revision int not null,
  cancelled boolean not null default false,
  parked_by uuid,
  duplicate_of uuid,
  last_actor text not null default '',
  identity uuid,
  state jsonb not null,                       -- values, counters, keys, staleness: codes and tokens only
  sealed bytea,                               -- copied fields
  check (closed_at is null or outcome <> '')
);
create unique index pathway_case_unique on pathway_case (subject, unique_token, pathway, unique_name, organisation)
  where closed_at is null and duplicate_of is null and unique_token is not null;
create index pathway_case_subject on pathway_case (subject, closed_at);
create index pathway_case_recent on pathway_case (opened_at);

create table application (
  case_id uuid not null,
  fact uuid not null,
  organisation uuid not null,
  site text not null default '',
  service_line text not null default '',
  at timestamptz not null,
  revision int not null,
  parked text not null default '',
  reasons jsonb not null,                     -- rule, inputs, rows that missed; codes only
  bound jsonb not null default '{}',          -- versions of what is late-bound
  primary key (case_id, fact, organisation)
);
create index application_fact on application (fact);

create table step (
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  case_id uuid not null references pathway_case,
  subject uuid not null,
  state text not null,
  opened_at timestamptz not null,
  closed_at timestamptz,
  how text not null default '',
  owner_kind text not null check (owner_kind in ('pool', 'role', 'person')),
  owner_name text not null,
  clock_kind text not null,
  started_at timestamptz not null,
  due_at timestamptz not null,
  next_at timestamptz not null,
  safety boolean not null default false,
  fallback text not null,
  task uuid,
  entered_by uuid,
  detail jsonb not null,                      -- the rest of owner and clock
  check (closed_at is not null or (owner_name <> '' and fallback <> '' and clock_kind <> '')),
  check (not (safety and clock_kind <> 'wall'))
);
create index step_next on step (next_at, subject) where closed_at is null;
create index step_case on step (case_id);

create table task (
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  case_id uuid not null,
  step uuid not null references step,
  subject uuid not null,
  pathway text not null,
  name text not null,
  title text not null,
  business_status text not null default '',
  status text not null default 'ready'
    check (status in ('ready', 'in-progress', 'completing', 'completed', 'cancelled')),
  urgency smallint not null default 0,
  owner_kind text not null,
  owner_name text not null,
  assignee text not null default '',
  version int not null default 1,
  opened_at timestamptz not null,
  due_at timestamptz not null,
  snoozed_until timestamptz,
  claimed_at timestamptz,
  closed_at timestamptz,
  outcome text not null default '',
  undo_until timestamptz,
  draft_sealed bytea,
  check (snoozed_until is null or snoozed_until <= due_at),
  check ((status = 'in-progress') <= (assignee <> ''))
);
create index task_open on task (urgency desc, due_at, id) where closed_at is null;
create index task_owner on task (owner_name, urgency desc, due_at, id) where closed_at is null;
create index task_case on task (case_id);

create table effect (
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  case_id uuid not null references pathway_case,
  step uuid,
  subject uuid not null,
  name text not null,
  capability text not null,
  connection text not null default '',        -- resolved at claim when empty
  audience text not null check (audience in ('staff', 'patient', 'record')),
  if_unknown text not null check (if_unknown in ('resend', 'ask', 'drop')),
  state text not null default 'ready'
    check (state in ('ready', 'sending', 'unknown', 'done', 'withdrawn', 'dead')),
  urgency smallint not null default 0,
  created_at timestamptz not null,
  next_at timestamptz not null,
  held_until timestamptz,
  not_after timestamptz,
  after uuid[] not null default '{}',
  undo text not null default '',
  compensates uuid,
  attempts int not null default 0,
  lease_until timestamptz,
  lease_by text not null default '',
  sent_at timestamptz,                        -- the last sending began
  absent_at timestamptz,                      -- first time a look-up found nothing
  looks int not null default 0,               -- look-ups since the outcome became unknown
  asked boolean not null default false,       -- unknown, and a person has been asked
  maybe boolean not null default false,       -- ready again, but an earlier attempt may have been done
  redriven_at timestamptz,                    -- a person gave it a new budget
  budget_from int not null default 0,         -- attempts made before that
  cause text not null default '',
  reference text not null default '',
  format text not null default '',
  settled_at timestamptz,
  owner_case uuid,                            -- the system case whose owner deals with it: unknown, dead
  correlation uuid not null,
  identity uuid,
  refers jsonb not null default '{}',         -- whom to reach and by what: `to`, `by`, `level`; codes and names of roles
  sealed bytea,
  check (state <> 'sending' or lease_until is not null)
);
create index effect_ready on effect (connection, urgency desc, next_at, id) where state = 'ready';
create index effect_unsettled on effect (connection, next_at) where state = 'unknown';
create index effect_dead on effect (connection) where state = 'dead';
create index effect_sending on effect (lease_until) where state in ('sending', 'unknown');
create index effect_case on effect (case_id);

create table notice (                         -- staff told: warnings, escalation levels
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  case_id uuid not null,
  step uuid not null,
  recipient text not null,                    -- a role, pool or person name
  channel text not null,
  kind text not null,
  level smallint not null default 0,
  safety boolean not null default false,
  at timestamptz not null,
  seen_at timestamptz,
  seen_by text not null default ''
);
create index notice_unseen on notice (recipient, at) where seen_at is null;

create table handover (
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  task uuid not null,
  giver text not null,
  receiver text not null,                     -- pool or person
  what text not null,
  reason text not null,
  offered_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by text not null default '',
  withdrawn_at timestamptz
);
create index handover_task on handover (task);

create table thread_entry (                   -- a case's conversation; a question also became a task
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  case_id uuid not null,
  author text not null,
  at timestamptz not null,
  kind text not null check (kind in ('note', 'question', 'answer', 'correction')),
  identity uuid,
  sealed bytea
);
create index thread_entry_case on thread_entry (case_id, at);

create table routing_override (
  id uuid primary key,
  organisation uuid not null,
  site text not null,
  service_line text not null,
  case_id uuid not null,
  task uuid,
  person text not null,
  rule text not null,
  release text not null,
  reason text not null,
  at timestamptz not null
);

-- Accounts.
create table account (
  organisation uuid not null,
  person text not null,
  password_hash text not null,
  changed_at timestamptz not null,
  failures int not null default 0,
  locked_until timestamptz,
  primary key (person, organisation)
);

create table session (
  id_hash text primary key,
  organisation uuid not null,
  person text not null,
  purpose text not null,
  created_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null,
  revoked_at timestamptz
);

-- Audit: a leaf per committed change, in the same transaction; the sequencer alone writes first_index. The leaves of
-- one commit stand in one row, a sheaf: a number is given to the sheaf, and no leaf is written twice. Read them through
-- the views audit_leaf and access_leaf, a row for each leaf.
create table audit_sheaf (
  id uuid primary key,                        -- the first leaf's
  seq bigint generated always as identity,    -- leaves of one case never change places: its turn orders them
  organisation uuid not null,
  leaves int not null,
  ids uuid[] not null,
  at timestamptz[] not null,
  bodies bytea[] not null,                    -- canonical JSON (RFC 8785): ids, codes, counts
  first_index bigint,                         -- the first leaf's place in the tree; the others follow
  check (leaves between 1 and 100000 and leaves = cardinality(bodies) and leaves = cardinality(ids)
         and leaves = cardinality(at))
);
create index audit_sheaf_unsequenced on audit_sheaf (seq) where first_index is null;
create unique index audit_sheaf_index on audit_sheaf (first_index, organisation) where first_index is not null;

create table access_sheaf (                   -- reads and denials: their own tree
  id uuid primary key,
  seq bigint generated always as identity,
  organisation uuid not null,
  leaves int not null,
  ids uuid[] not null,
  at timestamptz[] not null,
  bodies bytea[] not null,
  first_index bigint,
  check (leaves between 1 and 100000 and leaves = cardinality(bodies) and leaves = cardinality(ids)
         and leaves = cardinality(at))
);
create index access_sheaf_unsequenced on access_sheaf (seq) where first_index is null;
create unique index access_sheaf_index on access_sheaf (first_index, organisation) where first_index is not null;

create table audit_tree (                     -- the sequencer's edge, and the last checkpoint
  organisation uuid not null,
  tree text not null check (tree in ('audit', 'access')),
  size bigint not null default 0,
  edge bytea[] not null default '{}',
  system_identifier text not null default '',
  primary key (organisation, tree)
);

create table checkpoint (
  organisation uuid not null,
  tree text not null,
  size bigint not null,
  note text not null,
  at timestamptz not null,
  primary key (organisation, tree, size)
);

create table heartbeat (
  process text not null,
  organisation uuid not null,
  kind text not null,
  at timestamptz not null,
  detail jsonb not null default '{}',
  primary key (process, organisation)
);

-- A case is open if and only if it has an open step (SEMANTICS 4). Asked by bool_or, because `where closed_at is null`
-- invites the plan that walks step_next, every open step there is, for each case (0.7 ms per message at 4,000 cases).
create function case_open_iff_step() returns trigger language plpgsql as $$
begin
  if exists (select from pathway_case c where c.id = new.id
             and (c.closed_at is null) <> (select coalesce(bool_or(s.closed_at is null), false) from step s where s.case_id = c.id)) then
    raise exception 'case % is open without an open step, or closed with one', new.id
      using errcode = 'check_violation', constraint = 'case_open_iff_step';
  end if;
  return null;
end $$;
create constraint trigger case_open_iff_step after insert or update on pathway_case
  deferrable initially deferred for each row execute function case_open_iff_step();

create function step_case_open() returns trigger language plpgsql as $$
begin
  if exists (select from pathway_case c where c.id = new.case_id
             and (c.closed_at is null) <> (select coalesce(bool_or(s.closed_at is null), false) from step s where s.case_id = c.id)) then
    raise exception 'case % is open without an open step, or closed with one', new.case_id
      using errcode = 'check_violation', constraint = 'case_open_iff_step';
  end if;
  return null;
end $$;
create constraint trigger step_case_open after update of closed_at on step
  deferrable initially deferred for each row execute function step_case_open();

-- Two walls (I12): every table with an organisation is closed unless the transaction names it.
do $$
declare t text;
begin
  for t in select c.table_name from information_schema.columns c
           where c.table_schema = 'public' and c.column_name = 'organisation' loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    execute format('create policy organisation on %I using (organisation = nullif(current_setting(''carelane.organisation'', true), '''')::uuid)', t);
    execute format('grant select, insert, update on %I to carelane_worker, carelane_app', t);
    execute format('grant select on %I to carelane_audit', t);
  end loop;
  -- A person's role sees its sites; rows that belong to no site are the organisation's.
  for t in select c.table_name from information_schema.columns c
           where c.table_schema = 'public' and c.column_name = 'site' and c.table_name not in ('connection', 'activation') loop
    execute format('create policy site on %I as restrictive to carelane_app using (site = '''' or site = any(string_to_array(current_setting(''carelane.sites'', true), '','')))', t);
  end loop;
end $$;
alter table organisation enable row level security;
alter table organisation force row level security;
create policy organisation on organisation using (id = nullif(current_setting('carelane.organisation', true), '')::uuid);
grant select, insert, update on organisation to carelane_worker, carelane_app;
grant select on organisation to carelane_audit;

-- No role of the product can change or remove audit, or remove a message, fact or decision outright.
revoke update, delete on audit_sheaf, access_sheaf, checkpoint from carelane_worker, carelane_app;
revoke update on message_body, application, fact from carelane_app;
grant delete on inbox to carelane_worker, carelane_app;
grant delete on session, subject_token to carelane_worker, carelane_app;
grant update (first_index) on audit_sheaf, access_sheaf to carelane_audit;
grant insert, update on audit_tree, checkpoint to carelane_audit;
grant usage on all sequences in schema public to carelane_worker, carelane_app;

-- What is sealed can't be compressed, and a row of a few kilobytes is better read and written in one piece.
do $$
declare t text;
begin
  foreach t in array array['message_body', 'subject', 'fact', 'pathway_case', 'effect'] loop
    execute format('alter table %I alter column sealed set storage external', t);
    execute format('alter table %I set (toast_tuple_target = 8160)', t);
  end loop;
end $$;
alter table application set (toast_tuple_target = 8160);
alter table audit_sheaf alter column bodies set storage external;  -- compressing costs more than writing

-- Nothing is ever looked for by these, so nothing has to be learnt of them: half the work of every analyze.
do $$
declare c record;
begin
  for c in select table_name, column_name from information_schema.columns
           where table_schema = 'public' and column_name in ('sealed', 'draft_sealed', 'bodies', 'ids', 'digest',
             'problems', 'message_key', 'identity_key', 'demographics', 'keys', 'refers', 'state', 'reasons', 'bound',
             'detail', 'moved') and data_type in ('bytea', 'jsonb', 'ARRAY') loop
    execute format('alter table %I alter column %I set statistics 0', c.table_name, c.column_name);
  end loop;
end $$;

-- A row for each leaf, in whoever's rights that looks.
do $$
declare t text;
begin
  foreach t in array array['audit', 'access'] loop
    execute format('create view %1$s_leaf with (security_invoker = true) as
      select u.id, s.seq * 100000 + u.n - 1 as seq, s.organisation, u.at, u.body, s.first_index + u.n - 1 as tree_index
      from %1$s_sheaf s cross join lateral unnest(s.ids, s.at, s.bodies) with ordinality u(id, at, body, n)', t);
    execute format('grant select on %s_leaf to carelane_worker, carelane_app, carelane_audit', t);
  end loop;
end $$;

alter table inbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_cost_delay = 0);
