"""Who may do what to which record for which purpose: `Allowed` or `Denied` with a reason.

Pure. Cedar policies stand in `policies/` and arrive as text; `accounts` asks before anything acts.
"""
