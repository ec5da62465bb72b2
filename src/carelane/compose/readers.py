"""What reads a site's own record when somebody looks: its connections that say so, each opened at first use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from carelane.compose.connections import settings_of
from carelane.compose.house import House
from carelane.directory.snapshot import ConnectionRow
from carelane.facts.errors import CarelaneError


class Closing(Protocol):
    """A reader that holds sockets."""

    async def close(self) -> None:
        """Let go of them."""
        ...


T = TypeVar("T", bound=Closing)


@dataclass(slots=True)
class Readers(Generic[T]):
    """The readers of this process: `opened` makes one for a row that has `says: true`; a changed row is opened anew."""

    house: House
    says: str
    opened: Callable[[Mapping[str, Any], str], T]
    _open: dict[str, tuple[ConnectionRow, T]] = field(default_factory=dict)

    async def of(self, site: str) -> T | None:
        """The reader of the site's own record, else of the one that serves every site; None where none opens."""
        row = self._row(site)
        try:
            return await self._reader(row) if row is not None else None
        except CarelaneError:
            return None

    async def close(self) -> None:
        """Let go of sockets."""
        for _, reader in self._open.values():
            await reader.close()
        self._open.clear()

    def _row(self, site: str) -> ConnectionRow | None:
        connections = self.house.runtime.directory.connections
        able = [row for row in connections.values() if row.settings.get(self.says) is True]
        wanted = [row for place in (site, "") for row in able if row.site == place]
        return wanted[0] if wanted else None

    async def _reader(self, row: ConnectionRow) -> T:
        known = self._open.get(row.name)
        if known is not None and known[0] == row:
            return known[1]
        if known is not None:
            await known[1].close()
        reader = self.opened(settings_of(row, self.house.settings.home), row.name)
        self._open[row.name] = (row, reader)
        return reader
