"""The templates of releases, as they were when each was recorded: read once, kept by release."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from uuid import UUID

from carelane.pathways.templates import Template, revive
from carelane.store.database import Tx

_RELEASES_MAX = 200

ByName = Mapping[str, Template]


class ReleaseTemplates:
    """A release never changes, so what was read of it stays true."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, ByName] = OrderedDict()

    async def of_cases(self, tx: Tx, releases: Iterable[tuple[UUID, str]]) -> Mapping[UUID, ByName]:
        """By case, the templates of the release by which it goes now."""
        return {case: await self._of(tx, release) for case, release in releases}

    async def _of(self, tx: Tx, release: str) -> ByName:
        if release not in self._kept:
            rows = await tx.rows("messaging.templates_of", release=release)
            found = [revive(row["content"]) for row in rows]
            self._kept[release] = {each.name: each for each in found}
        self._kept.move_to_end(release)
        if len(self._kept) > _RELEASES_MAX:
            self._kept.popitem(last=False)
        return self._kept[release]
