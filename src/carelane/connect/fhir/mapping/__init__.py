"""What FHIR resources mean to us, both ways; pure.

Out: `content` reads an intent, `outgoing` makes the write, `permits` lets it leave.
In: `reading` takes bytes, `source` and `people` one resource, `incoming` makes the facts.
"""
