"""People, roles, pools, licences, coverage, calendars' rows, connections: the site's own facts, and who answers now.

Pure: `site.load_site` reads text into a `Snapshot`, `owners.resolve_owner` answers on it.
"""
