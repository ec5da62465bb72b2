-- A second factor for local accounts (RFC 6238): its secret, sealed by the organisation's key, and the last step that was
-- used, so that no code opens twice. A session remembers whether it was opened with one.
alter table account add column factor_sealed bytea;
alter table account add column factor_step bigint not null default 0;
alter table session add column second_factor boolean not null default false;
