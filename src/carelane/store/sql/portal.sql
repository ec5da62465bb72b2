-- name: open_states
-- How many cases of a pathway wait in each state, in view.
select s.state, count(*) as open from step s join pathway_case c on c.id = s.case_id
where s.closed_at is null and c.pathway = %(pathway)s group by s.state

-- name: changed_since
-- Open work of a person that is newer than what was seen, and rows that someone claimed or gave back since.
select t.id, t.version, t.opened_at, t.assignee from task t
where t.closed_at is null and greatest(t.opened_at, t.claimed_at) > %(since)s
  and (t.assignee = %(person)s
       or (t.owner_kind = 'pool' and t.owner_name = any(%(pools)s))
       or (t.owner_kind = 'role' and t.owner_name = any(%(roles)s))
       or (t.owner_kind = 'person' and t.owner_name = %(person)s))
order by greatest(t.opened_at, t.claimed_at) limit 200
