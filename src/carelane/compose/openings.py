"""Open times for people's pages: each site's EHR connection that says `openings: true`, asked when somebody looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from carelane.compose.connections import settings_of
from carelane.compose.house import House
from carelane.connect.fhir.adapter import open_openings
from carelane.connect.fhir.openings import FhirOpenings
from carelane.directory.snapshot import ConnectionRow
from carelane.facts.errors import CarelaneError, SetupFault
from carelane.facts.openings import NO_CONNECTION, Answer, NoOpenings, Wish
from carelane.pathways.openings import OpeningList, load_openings


class OpeningListFault(SetupFault):
    """A list of open times has a mistake; the message names file, line and remedy."""

    code = "opening-list"


@dataclass(slots=True)
class SiteOpenings:
    """The readers of this process, opened at first use; a connection that changed is opened anew."""

    house: House
    _open: dict[str, tuple[ConnectionRow, FhirOpenings]] = field(default_factory=dict)

    async def openings(self, wish: Wish, *, site: str, now: datetime) -> Answer:
        """Ask the site's own record, else the one that serves every site."""
        row = self._row(site)
        if row is None:
            return NoOpenings(cause=NO_CONNECTION)
        try:
            reader = await self._reader(row)
        except CarelaneError:
            return NoOpenings(cause=NO_CONNECTION)
        return await reader.read(wish, now=now)

    async def close(self) -> None:
        """Let go of sockets."""
        for _, reader in self._open.values():
            await reader.close()
        self._open.clear()

    def _row(self, site: str) -> ConnectionRow | None:
        connections = self.house.runtime.directory.connections
        able = [row for row in connections.values() if row.settings.get("openings") is True]
        wanted = [row for place in (site, "") for row in able if row.site == place]
        return wanted[0] if wanted else None

    async def _reader(self, row: ConnectionRow) -> FhirOpenings:
        known = self._open.get(row.name)
        if known is not None and known[0] == row:
            return known[1]
        if known is not None:
            await known[1].close()
        reader = open_openings(settings_of(row, self.house.settings.home), connection=row.name)
        self._open[row.name] = (row, reader)
        return reader


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
