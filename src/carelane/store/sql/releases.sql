-- name: publish
-- A release: the text of a pathway by its digest.
insert into release (digest, organisation, pathway, version, language, content, published_at)
values (%(digest)s, %(organisation)s, %(pathway)s, %(version)s, %(language)s, %(content)s, %(published_at)s)
on conflict do nothing

-- name: published
-- Every published release.
select digest, pathway, version, language, content, recalled_at from release order by published_at, digest

-- name: named
-- The releases that a name and a version, or the beginning of a digest, may mean; newest first.
select digest, pathway, version, content, published_at, recalled_at
from release where pathway = %(pathway)s
  and (version = %(version)s or (length(%(version)s) >= 8 and starts_with(digest, %(version)s)))
order by published_at desc, digest

-- name: activations
-- What is in force, oldest first.
select id, release, pathway, site, service_line, referral_type, scheduling_lane, approver_one, approver_two, reason,
       proof, report, cause, from_at, to_at
from activation where to_at is null order by from_at, id

-- name: ever
-- Each release and scope that was ever put in force.
select distinct release, site, service_line, referral_type, scheduling_lane from activation

-- name: activate
-- A release in force in a scope, with two approvers.
insert into activation (id, organisation, release, pathway, site, service_line, referral_type, scheduling_lane,
                        approver_one, approver_two, reason, proof, report, cause, from_at)
values (%(id)s, %(organisation)s, %(release)s, %(pathway)s, %(site)s, %(service_line)s, %(referral_type)s,
        %(scheduling_lane)s, %(approver_one)s, %(approver_two)s, %(reason)s, %(proof)s, %(report)s, %(cause)s, %(from_at)s)
on conflict (id) do nothing

-- name: end
-- What was in force in exactly this scope ends.
update activation set to_at = %(at)s, ended_by = %(by)s, ended_reason = %(why)s
where to_at is null and pathway = %(pathway)s and site = %(site)s and service_line = %(service_line)s
  and referral_type = %(referral_type)s and scheduling_lane = %(scheduling_lane)s

-- name: before
-- What was in force in exactly this scope before what is in force there now. What was recalled, or taken back itself,
-- is left out: taking back twice never puts in force again what was taken back first.
select a.id, a.release, a.approver_one, a.approver_two, a.reason, a.proof, a.report, a.from_at, a.to_at
from activation a join release r on r.digest = a.release
where a.pathway = %(pathway)s and a.site = %(site)s and a.service_line = %(service_line)s
  and a.referral_type = %(referral_type)s and a.scheduling_lane = %(scheduling_lane)s
  and a.to_at is not null and a.release <> %(release)s and r.recalled_at is null
  and not exists (select from activation b where b.release = a.release and b.pathway = a.pathway and b.site = a.site
                  and b.service_line = a.service_line and b.referral_type = a.referral_type
                  and b.scheduling_lane = a.scheduling_lane and b.ended_reason = 'rolled-back' and b.to_at >= a.to_at)
order by a.to_at desc, a.from_at desc limit 1

-- name: lock
-- One change of what is in force at a time.
select pg_advisory_xact_lock(hashtextextended('carelane.releases', 0))

-- name: approve
-- One person's approval of a release in a scope, for a second person to put in force.
insert into release_approval (id, organisation, release, pathway, site, service_line, referral_type, scheduling_lane,
                              person, reason, proof, report, at)
values (%(id)s, %(organisation)s, %(release)s, %(pathway)s, %(site)s, %(service_line)s, %(referral_type)s,
        %(scheduling_lane)s, %(person)s, %(reason)s, %(proof)s, %(report)s, %(at)s)
on conflict (id) do nothing

-- name: approvals
-- Approvals of exactly this release in exactly this scope that nobody has acted on yet.
select id, person, reason, proof, report, at from release_approval
where used_by is null and release = %(release)s and site = %(site)s and service_line = %(service_line)s
  and referral_type = %(referral_type)s and scheduling_lane = %(scheduling_lane)s and at >= %(since)s
order by at

-- name: use_approvals
-- They led to this activation.
update release_approval set used_by = %(activation)s where id = any(%(ids)s)

-- name: recall
-- A release that must start nothing any more.
update release set recalled_at = %(at)s, recalled_by = %(by)s, recall_reason = %(reason)s
where digest = %(release)s and recalled_at is null

-- name: running
-- Open cases of a release, oldest first, a page at a time.
select id, subject, site, service_line, status, parked_by is not null as parked
from pathway_case
where closed_at is null and release = %(release)s and id > %(after)s
order by id limit %(limit)s

-- name: running_all
-- How many open cases each release of a pathway has, by place.
select release, version, site, service_line, count(*) as cases
from pathway_case where closed_at is null and pathway = %(pathway)s
group by release, version, site, service_line order by version, site, service_line

-- name: not_in_scope
-- Facts that nobody took up because the pathway that hears them is in force elsewhere only.
select f.type, f.site, f.service_line, count(*) as facts
from decision d join fact f on f.id = d.fact
where d.reason = 'not-in-scope' and d.decided_at >= %(since)s
group by f.type, f.site, f.service_line order by f.type, f.site, f.service_line
