"""A chart read on demand over FHIR: one patient, a few searches side by side, one time limit for all of it.

What comes is given to the caller and forgotten. Searches go in the body: no patient data stands in an address.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from carelane.connect.fhir.client import FhirClient
from carelane.connect.fhir.codec import Answer, Resource, decode_plain
from carelane.connect.fhir.mapping.chart import COUNT, QUERIES, entries
from carelane.connect.fhir.mapping.people import RESOURCE_ID, Local
from carelane.connect.fhir.verdicts import refuses
from carelane.facts import chart
from carelane.facts.chart import Chart, NoChart, Section, Wish
from carelane.facts.fact import Identifier

LIMIT_S: Final = 6.0
_REFUSALS: Final = frozenset({401, 403})


class FhirChart:
    """One EHR's charts. `limit_s` bounds the whole reading."""

    def __init__(
        self, *, connection: str, client: FhirClient, local: Local, limit_s: float = LIMIT_S
    ) -> None:
        self._connection = connection
        self._client = client
        self._local = local
        self._limit_s = limit_s

    async def read(self, wish: Wish, *, now: datetime) -> chart.Answer:
        """The chart, or why there is none; a section that could not be read says so itself."""
        try:
            async with asyncio.timeout(self._limit_s):
                patient = await self._patient(wish, now)
                if isinstance(patient, NoChart):
                    return patient
                wanted = [name for name in wish.sections if name in QUERIES]
                found = await asyncio.gather(
                    *(self._section(name, patient, now) for name in wanted)
                )
        except TimeoutError:
            return NoChart(cause=chart.NO_ANSWER)
        if found and all(one.cause for one in found):
            return NoChart(cause=found[0].cause)
        return Chart(connection=self._connection, read_at=now, sections=tuple(found))

    async def close(self) -> None:
        """Let go of sockets."""
        await self._client.close()

    async def _patient(self, wish: Wish, now: datetime) -> Resource | NoChart:
        """The one record that these identifiers name, and that does not contradict the birth date."""
        for one in sorted(wish.identifiers, key=lambda each: each.type != RESOURCE_ID):
            found = await self._named(one, now)
            if isinstance(found, NoChart):
                return found
            if len(found) > 1:
                return NoChart(cause=chart.NOT_CERTAIN)
            if found:
                born = str(found[0].get("birthDate") or "")
                differs = bool(born and wish.birth_date) and born != wish.birth_date[:10]
                return NoChart(cause=chart.NOT_CERTAIN) if differs else found[0]
        return NoChart(cause=chart.NOT_FOUND)

    async def _named(self, one: Identifier, now: datetime) -> Sequence[Resource] | NoChart:
        if one.type == RESOURCE_ID:
            return await self._by_id(one, now) if one.authority == self._local.own else ()
        token = _token(one, self._local.authorities)
        found = await self._client.search("Patient", {"identifier": token}, now=now, private=True)
        if found.cause:
            return NoChart(cause=_cause(found.cause))
        return [each for each in found.matches if each.get("resourceType") == "Patient"]

    async def _by_id(self, one: Identifier, now: datetime) -> Sequence[Resource] | NoChart:
        reply = await self._client.read(f"Patient/{one.value}", now=now)
        if not isinstance(reply, Answer) or not reply.whole:
            return NoChart(cause=chart.NO_ANSWER)
        if reply.status in _REFUSALS:
            return NoChart(cause=chart.REFUSED)
        patient = decode_plain(reply.body) if reply.ok else None
        return [patient] if patient and patient["resourceType"] == "Patient" else ()

    async def _section(self, name: str, patient: Resource, now: datetime) -> Section:
        asked = QUERIES[name]
        about = {"patient": f"Patient/{patient['id']}", "_count": COUNT, **asked.narrow}
        found = await self._client.first(asked.kind, about, now=now)
        if found.cause:
            return Section(name=name, cause=_cause(found.cause))
        return Section(name=name, entries=entries(asked, found.matches))


def _token(one: Identifier, authorities: Mapping[str, str]) -> str:
    """An identifier as a search token: under the system that the site calls so, or a URI as it is."""
    for system, name in authorities.items():
        if name == one.authority:
            return f"{system}|{one.value}"
    return f"{one.authority}|{one.value}" if ":" in one.authority else one.value


def _cause(said: str) -> str:
    return chart.REFUSED if refuses(said) else chart.NO_ANSWER
