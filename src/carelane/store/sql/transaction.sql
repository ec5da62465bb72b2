-- name: begin
-- What every transaction of ours starts with.
begin

-- name: commit
-- What one ends with whose questions all left in one packet.
commit

-- name: scope
-- Whose rows it sees, until it ends.
select set_config('carelane.organisation', %(organisation)s, true), set_config('carelane.sites', %(sites)s, true)

-- name: steady
-- The same, and every row by an index, whatever the statistics said when a plan was made; such a plan is made once.
select set_config('carelane.organisation', %(organisation)s, true), set_config('carelane.sites', %(sites)s, true),
       set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),
       set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_generic_plan', true)
