-- name: cluster
-- The cluster a tree was grown on, and its size and edge.
select size, edge, system_identifier from audit_tree where tree = %(tree)s

-- name: adopt_tree
-- From now on the tree grows on this cluster.
update audit_tree set system_identifier = %(here)s where tree = %(tree)s

-- name: adopt_cursors
-- Pollers go on from where the backup says; what comes twice is accepted once.
update connection c set cursor = (
  select jsonb_object_agg(k.key, k.value || jsonb_build_object('cluster', %(here)s::text)) from jsonb_each(c.cursor) k)
where c.cursor <> '{}'

-- name: doubt_effects
-- Whatever was to be sent may have been sent after the backup: each is looked for before it is sent.
update effect set maybe = true, attempts = attempts + 1, budget_from = budget_from + 1
where state = 'ready' and not maybe
