"""Who may do what to which record for which purpose: allowed, or denied with a reason. Pure."""
