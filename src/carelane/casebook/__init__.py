"""Reading one case or many: case page, timeline, thread, search, audit explorer. Reads only."""
