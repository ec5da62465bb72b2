"""Pictures of releases: laid out once for each, in a process of its own that gives its memory back, then kept."""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context

from carelane.pathways.definition import Definition
from carelane.pathways.picture import draw


@dataclass(slots=True)
class Drawings:
    """What was drawn, by release. Counts are left empty: the page's script fills them."""

    _drawn: dict[str, str] = field(default_factory=dict)
    _busy: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def prepare(self, releases: Mapping[str, Definition]) -> None:
        """Draw what is not drawn yet, all at once."""
        async with self._busy:
            missing = [each for each in releases.values() if each.digest not in self._drawn]
            if missing:
                self._drawn.update(await _drawn(missing))

    async def of(self, release: Definition) -> str:
        """The picture of a release."""
        if release.digest not in self._drawn:
            await self.prepare({release.digest: release})
        return self._drawn[release.digest]


async def _drawn(missing: Sequence[Definition]) -> dict[str, str]:
    # Graphviz's runtime takes 54 MB and never gives them back; a fresh process does, and costs a second.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, draw_all, tuple(missing))


def draw_all(releases: Sequence[Definition]) -> dict[str, str]:
    """The pictures by release; for a process of its own."""
    return {each.digest: draw(each) for each in releases}
