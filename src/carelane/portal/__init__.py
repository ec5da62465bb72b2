"""Pages and the JSON API: one file per action; the work itself is done by the rooms below."""
