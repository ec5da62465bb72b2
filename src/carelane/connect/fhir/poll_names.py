"""A list of names and versions instead of resources: what a round asks for where one resource is too large."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from carelane.connect.fhir.client import FhirClient, Page
from carelane.connect.fhir.codec import TOO_LARGE
from carelane.connect.fhir.progress import Manner

Pairs: TypeAlias = Sequence[tuple[str, str]]
_ELEMENTS: Final = ("_elements", "id,meta")
_SUMMARY: Final = ("_summary", "true")
_WAYS: Final = ((_ELEMENTS, 32), (_SUMMARY, 32), (_ELEMENTS, 1), (_SUMMARY, 1))
"""How names are asked for, and so many at once: a server may ignore either, and then answers in full."""
_NOT_KNOWN: Final = frozenset({TOO_LARGE, "http-400", "http-404", "http-501"})
"""Answers after which a list of names is asked for in another way."""


async def listed(
    client: FhirClient, kind: str, since: Pairs, manner: Manner, *, now: datetime
) -> Page:
    """Names and versions only, in whichever way this server gives them."""
    while True:
        narrow, count = _WAYS[manner.way]
        page = await client.page(kind, [*since, narrow, ("_count", str(count))], now=now)
        if page.cause not in _NOT_KNOWN or not other_way(manner):
            return page


def other_way(manner: Manner) -> bool:
    """Go over to the next way of asking for names; False, and back to the first, where there is none."""
    manner.way = (manner.way + 1) % len(_WAYS)
    return manner.way > 0
