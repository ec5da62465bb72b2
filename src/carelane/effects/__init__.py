"""What leaves for outside systems: claimed, sent, settled, reconciled, or given to a person (SEMANTICS 7).

The core wants (`cases`), `store.commit` writes the row, this room gets it done at most once. Doors:
`dispatch` (one supervised loop per destination), `reconcile` (unknown outcomes), `letters` (dead letters).
"""
