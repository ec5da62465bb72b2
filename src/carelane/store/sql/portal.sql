-- name: in_force
-- What is in force where, by pathway, widest scope first, with who answers for it and the open cases of the release.
select a.pathway, a.release, r.version, a.site, a.service_line, a.referral_type, a.scheduling_lane, a.approver_one,
       a.approver_two, a.reason, a.from_at, a.proof, a.cause, coalesce(o.open, 0) as open, coalesce(o.late, 0) as late
from activation a join release r on r.digest = a.release and r.organisation = a.organisation
left join (select c.release, count(distinct c.id) as open, count(distinct c.id) filter (where s.due_at <= %(now)s) as late
           from step s join pathway_case c on c.id = s.case_id where s.closed_at is null group by 1) o
  on o.release = a.release
where a.to_at is null order by a.pathway, (a.site <> '')::int + (a.service_line <> '')::int + (a.referral_type || a.scheduling_lane <> '')::int,
         a.site, a.service_line, a.referral_type, a.scheduling_lane, a.from_at

-- name: changed_since
-- Work of a person that is newer than what was seen, what someone claimed or gave back since, and what is over since.
select t.id, t.version, t.opened_at, t.assignee, t.closed_at is not null as over
from (select *, greatest(opened_at, claimed_at) as at from task
      where closed_at is null and greatest(opened_at, claimed_at) > %(since)s
      union all
      select *, closed_at from task where closed_at > %(since)s) t
where t.assignee = %(person)s
  or (t.owner_kind = 'pool' and t.owner_name = any(%(pools)s))
  or (t.owner_kind = 'role' and t.owner_name = any(%(roles)s))
  or (t.owner_kind = 'person' and t.owner_name = %(person)s)
order by t.at limit 400

-- name: version_of
-- Whether what somebody has open of a task is still so.
select version, closed_at is not null as over from task where id = %(id)s

-- name: open_approvals
-- What one person approved and nobody has put in force yet, newest first.
select release, pathway, site, service_line, referral_type, scheduling_lane, person, reason, proof, at
from release_approval where used_by is null and at >= %(since)s order by at desc, id
