"""Open times for people's pages: each site's EHR connection that says `openings: true`, asked when somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from carelane.compose.house import House
from carelane.compose.readers import Readers
from carelane.connect.fhir.adapter import open_openings
from carelane.connect.fhir.openings import FhirOpenings
from carelane.facts.errors import SetupFault
from carelane.facts.openings import NO_CONNECTION, Answer, NoOpenings, Wish
from carelane.pathways.openings import OpeningList, load_openings


class OpeningListFault(SetupFault):
    """A list of open times has a mistake; the message names file, line and remedy."""

    code = "opening-list"


@dataclass(slots=True)
class SiteOpenings:
    """Asked by the portal; the readers are this process's own."""

    house: House
    _readers: Readers[FhirOpenings] = field(init=False)

    def __post_init__(self) -> None:
        """No reader is open yet."""
        self._readers = Readers(
            self.house, "openings", lambda given, name: open_openings(given, connection=name)
        )

    async def openings(self, wish: Wish, *, site: str, now: datetime) -> Answer:
        """Ask the site's own record, else the one that serves every site."""
        reader = await self._readers.of(site)
        if reader is None:
            return NoOpenings(cause=NO_CONNECTION)
        return await reader.read(wish, now=now)

    async def close(self) -> None:
        """Let go of sockets."""
        await self._readers.close()


def openings_of(folder: Path) -> tuple[OpeningList, ...]:
    """The lists of a folder; none where there is no folder.

    Raises:
        OpeningListFault: a list has a mistake.
    """
    texts: Mapping[str, str] = {
        path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))
    }
    lists, problems = load_openings(texts)
    if problems:
        raise OpeningListFault("\n".join(each.line() for each in problems))
    return lists
