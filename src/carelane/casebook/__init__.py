"""Reading what was committed: the case page, its trace, search, the audit explorer and the four laws.

Nothing here writes. `worklist` and `effects` are where things are done.
"""
