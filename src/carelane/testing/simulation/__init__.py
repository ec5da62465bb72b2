"""A seeded simulation of the whole way of a message, in memory: the pure core, a durable store, an EHR that errs.

`hospital` is the model, `run` the scheduler, `checks` the invariants. Mutants of the model are in `tests/simulate`.
"""
