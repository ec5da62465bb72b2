"""Source identifiers to subjects, merges and their reversal. Pure; works on keyed hashes, never on values.

`resolve` answers for one message, `merge` plans what an identity message moves (SEMANTICS 3).
"""
