"""Who is there and what they may do: passwords, sign-in, sessions, and `rights.allow` before any service acts.

The services themselves (`worklist`, `casebook`, `effects`) never ask; portal, API and command line ask here first.
"""
