"""What a message takes along: only what it can't be understood as well without. Pure.

An EHR tells of a resource alone; who asks is given orders, goals and values with it. Company that says nothing more
would make two messages of one version (its versions are part of the id), so it is left out: then both ways give the
same bytes, and accept-once knows them. Company that does say more makes another message, and must: dropped, a result
might never find its order, or a report lose the value that makes it critical.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from carelane.connect.fhir.codec import Resource, canonical
from carelane.connect.fhir.mapping.people import Local
from carelane.connect.fhir.mapping.reading import DEFAULT, parts, read

_AT: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Facts carry the source's own times, so what is compared does not hang on when it is read."""
_Said = tuple[Any, ...]


def told(match: Resource, along: Sequence[Resource], local: Local = DEFAULT) -> Resource:
    """The message about `match`: alone where that says the same, else with what of its company says something."""
    if not along:
        return match
    said = _said(_together(match, along), local)
    if _said(match, local) == said:
        return match
    kept = [
        one
        for at, one in enumerate(along)
        if _said(_together(match, [*along[:at], *along[at + 1 :]]), local) != said
    ]
    fewer = _together(match, kept)
    # two that say the same: each can be missed, but not both
    return fewer if _said(fewer, local) == said else _together(match, along)


def unwrapped(bundle: Resource, local: Local = DEFAULT) -> Resource:
    """What a notified bundle is about, alone, where it is one thing and says the same so; else the bundle as it is."""
    focus, _ = parts(bundle)
    if len(focus) != 1 or _said(focus[0], local) != _said(bundle, local):
        return bundle
    return focus[0]


def _together(match: Resource, along: Sequence[Resource]) -> Resource:
    entries = [{"resource": match, "search": {"mode": "match"}}]
    entries += [{"resource": one, "search": {"mode": "include"}} for one in along]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _said(resource: Resource, local: Local) -> tuple[str, tuple[_Said, ...]]:
    """All that a message says, to compare: nothing of it is kept."""
    reading, _ = read(canonical(resource), received_at=_AT, local=local)
    return reading.outcome, tuple(
        (
            one.type,
            one.occurred_at,
            one.payload.reveal(),
            one.subject,
            one.identifiers,
            one.keys,
            one.entity,
            one.urgency,
            one.merge,
            one.site,
        )
        for one in reading.drafts
    )
