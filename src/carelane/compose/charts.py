"""Charts for people's pages: each site's EHR connection that says `chart: true`, asked when somebody opens a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from carelane.compose.house import House
from carelane.compose.readers import Readers
from carelane.connect.fhir.adapter import open_chart
from carelane.connect.fhir.chart import FhirChart
from carelane.facts import chart
from carelane.facts.chart import Answer, NoChart, Wish
from carelane.facts.errors import SetupFault
from carelane.pathways.notes import NoteTemplate, load_notes


class NoteFault(SetupFault):
    """A note template has a mistake; the message names file, line and remedy."""

    code = "note"


@dataclass(slots=True)
class Charts:
    """Asked by the portal; the readers are this process's own."""

    house: House
    _readers: Readers[FhirChart] = field(init=False)

    def __post_init__(self) -> None:
        """No reader is open yet."""
        self._readers = Readers(
            self.house, "chart", lambda given, name: open_chart(given, connection=name)
        )

    async def read(self, wish: Wish, *, site: str, now: datetime) -> Answer:
        """Ask the site's own record, else the one that serves every site."""
        reader = await self._readers.of(site)
        if reader is None:
            return NoChart(cause=chart.NO_CONNECTION)
        return await reader.read(wish, now=now)

    async def close(self) -> None:
        """Let go of sockets."""
        await self._readers.close()


def notes_of(folder: Path) -> tuple[NoteTemplate, ...]:
    """The note templates of a folder; none where there is no folder.

    Raises:
        NoteFault: a template has a mistake.
    """
    texts: Mapping[str, str] = {
        path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.yaml"))
    }
    notes, problems = load_notes(texts)
    if problems:
        raise NoteFault("\n".join(each.line() for each in problems))
    return notes
