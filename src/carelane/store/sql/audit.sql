-- name: lock_tree
-- The one writer of a tree, for this transaction.
select size, edge, system_identifier from audit_tree where tree = %(tree)s for no key update

-- name: make_trees
-- Both trees of the organisation.
insert into audit_tree (organisation, tree) values (%(organisation)s, 'audit'), (%(organisation)s, 'access')
on conflict do nothing

-- name: audit_unsequenced
-- Leaves that have no place in the tree yet: nothing can be skipped, because none has been numbered.
select id, body from audit_leaf where tree_index is null order by seq limit %(limit)s

-- name: access_unsequenced
-- The same for reads and denials.
select id, body from access_leaf where tree_index is null order by seq limit %(limit)s

-- name: audit_number
-- Their places.
update audit_leaf l set tree_index = u.place
from unnest(%(ids)s::uuid[], %(places)s::bigint[]) u(id, place) where l.id = u.id

-- name: access_number
-- Their places.
update access_leaf l set tree_index = u.place
from unnest(%(ids)s::uuid[], %(places)s::bigint[]) u(id, place) where l.id = u.id

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
select tree_index, body from audit_leaf where tree_index >= %(first)s order by tree_index limit %(limit)s

-- name: access_leaves
-- Sequenced leaves, in tree order, a page at a time.
select tree_index, body from access_leaf where tree_index >= %(first)s order by tree_index limit %(limit)s

-- name: tree
-- A tree's size and edge.
select size, edge from audit_tree where tree = %(tree)s
