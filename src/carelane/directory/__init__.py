"""People, roles, pools, coverage, calendars' rows and consent, as one frozen snapshot per version.

Pure. `site` reads the site's files; `owners` answers who owns a step. Calendar arithmetic is in
`pathways.calendar`; the store keeps versions, the engine hands the snapshot of this moment out.
"""
