"""Source identifiers to subjects, merges and their reversal. Pure: links in, decisions out.

`resolve` answers for one message, `merge` plans what an identity message moves (SEMANTICS 3).
"""
