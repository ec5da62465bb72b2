"""Open times read on demand over FHIR: pages of one search, bounded in number and time; nothing is kept.

No patient stands in the search: it names times and services, so its address may be logged anywhere.
"""

import asyncio
from datetime import datetime
from typing import Final

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import Resource
from carelane.connect.fhir.mapping.openings import openings, parameters
from carelane.connect.fhir.verdicts import refuses
from carelane.facts.openings import NO_ANSWER, REFUSED, Answer, NoOpenings, Openings, Wish

LIMIT_S: Final = 6.0
READ_MAX: Final = 300
"""Slots that are read at most: more than anybody looks through."""


class FhirOpenings:
    """One EHR's schedule. `limit_s` bounds the whole reading."""

    def __init__(self, *, connection: str, client: FhirClient, limit_s: float = LIMIT_S) -> None:
        self._connection = connection
        self._client = client
        self._limit_s = limit_s

    async def read(self, wish: Wish, *, now: datetime) -> Answer:
        """The open times, or why there are none; where a later page fails, those before it, and that there are more."""
        slots: list[Resource] = []
        included: list[Resource] = []
        cause, more = "", False
        try:
            async with asyncio.timeout(self._limit_s):
                page = await self._client.page("Slot", parameters(wish), now=now)
                while True:
                    slots += page.matches
                    included += page.included
                    cause, more = page.cause, bool(page.cause) or page.next is not None
                    if cause or page.next is None or len(slots) >= READ_MAX:
                        break
                    page = await self._client.follow(page.next, now=now)
        except TimeoutError:
            cause, more = NO_ANSWER, True
        if cause and not slots:
            return NoOpenings(cause=REFUSED if refuses(cause) else NO_ANSWER)
        found = openings(slots, included)
        return Openings(connection=self._connection, read_at=now, found=found, more=more)

    async def close(self) -> None:
        """Let go of sockets."""
        await self._client.close()
