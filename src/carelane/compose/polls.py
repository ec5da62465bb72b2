"""How far polls got, for `doctor`: types that were not read to their end for long, and what was too large to read."""

from dataclasses import dataclass
from datetime import datetime

from carelane.compose.connections import settings_of
from carelane.compose.house import House
from carelane.compose.incoming import Cursors, rows_of
from carelane.connect.fhir.adapter import polled_kinds, silence_of
from carelane.connect.fhir.progress import loaded, name_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one polled type stands. `read_at` is None before the first poll; `held` are too large to be read."""

    connection: str
    kind: str
    read_at: datetime | None
    silent: bool = False
    held: int = 0


async def standings(house: House) -> tuple[Standing, ...]:
    """Every polled type of every FHIR connection. Raises `SetupFault` for settings or a cursor that can't be used."""
    found: list[Standing] = []
    now = house.runtime.now()
    for name, row in rows_of(house, "fhir").items():
        if not row.settings.get("poll"):
            continue
        given = settings_of(row, house.settings.home)
        cursors = Cursors(house.runtime, name)
        for kind in polled_kinds(given):
            progress = loaded(await cursors.load(name_of(name, kind)))
            at = progress.read_at if progress else None
            found.append(
                Standing(
                    connection=name,
                    kind=kind,
                    read_at=at,
                    silent=at is not None and now - at >= silence_of(given),
                    held=len(progress.held) if progress else 0,
                )
            )
    return tuple(found)
