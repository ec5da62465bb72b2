"""Pages for people: one file per screen or action."""
