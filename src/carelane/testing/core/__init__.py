"""A kit for the pure core: a small hospital in memory, facts at given times, two small pathways.

Used by `tests/rules`, `tests/replay` and `tests/simulate`; knows `facts`, `pathways` and `cases`, and no I/O.
"""
