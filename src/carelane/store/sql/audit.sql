-- name: lock_tree
-- The one writer of a tree, for this transaction.
select size, edge, system_identifier from audit_tree where tree = %(tree)s for no key update

-- name: make_trees
-- Both trees of the organisation.
insert into audit_tree (organisation, tree) values (%(organisation)s, 'audit'), (%(organisation)s, 'access')
on conflict do nothing

-- name: audit_unsequenced
-- Leaves that have no place in the tree yet: nothing can be skipped, because none has been numbered.
select seq, leaves, bodies from (
  select seq, leaves, bodies, sum(leaves) over (order by seq) - leaves as before
  from audit_sheaf where first_index is null order by seq limit %(limit)s) waiting
where before < %(limit)s order by seq

-- name: access_unsequenced
-- The same for reads and denials.
select seq, leaves, bodies from (
  select seq, leaves, bodies, sum(leaves) over (order by seq) - leaves as before
  from access_sheaf where first_index is null order by seq limit %(limit)s) waiting
where before < %(limit)s order by seq

-- name: audit_number
-- Their places.
update audit_sheaf s set first_index = u.place
from unnest(%(seqs)s::bigint[], %(places)s::bigint[]) u(seq, place) where s.seq = u.seq and s.first_index is null

-- name: access_number
-- Their places.
update access_sheaf s set first_index = u.place
from unnest(%(seqs)s::bigint[], %(places)s::bigint[]) u(seq, place) where s.seq = u.seq and s.first_index is null

-- name: grow
-- The tree's new edge.
update audit_tree set size = %(size)s, edge = %(edge)s, system_identifier = %(system_identifier)s
where tree = %(tree)s

-- name: newest_checkpoint
-- The last signed head.
select size, note, at from checkpoint where tree = %(tree)s order by size desc limit 1

-- name: add_checkpoint
-- A signed head.
insert into checkpoint (organisation, tree, size, note, at)
values (%(organisation)s, %(tree)s, %(size)s, %(note)s, %(at)s) on conflict do nothing

-- name: checkpoints
-- All signed heads, oldest first.
select size, note from checkpoint where tree = %(tree)s order by size

-- name: audit_leaves
-- Sequenced leaves, in tree order, a page at a time.
select s.first_index + u.n - 1 as tree_index, u.body
from audit_sheaf s cross join lateral unnest(s.bodies) with ordinality u(body, n)
where s.first_index < %(first)s::bigint + %(limit)s::bigint and s.first_index + s.leaves > %(first)s
  and s.first_index + u.n > %(first)s
order by s.first_index, u.n limit %(limit)s

-- name: access_leaves
-- Sequenced leaves, in tree order, a page at a time.
select s.first_index + u.n - 1 as tree_index, u.body
from access_sheaf s cross join lateral unnest(s.bodies) with ordinality u(body, n)
where s.first_index < %(first)s::bigint + %(limit)s::bigint and s.first_index + s.leaves > %(first)s
  and s.first_index + u.n > %(first)s
order by s.first_index, u.n limit %(limit)s

-- name: tree
-- A tree's size and edge.
select size, edge from audit_tree where tree = %(tree)s
