"""Pictures of releases: laid out once for each, in a process of its own that gives its memory back, then kept."""

import asyncio
import pickle  # between this process and its own child
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from carelane.pathways.definition import Definition
from carelane.portal.drawing import draw_all


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
    command = (sys.executable, "-m", "carelane.portal.drawing")
    child = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    try:
        answer, _ = await child.communicate(pickle.dumps(tuple(missing)))
    finally:
        if child.returncode is None:
            child.kill()
    if child.returncode:
        return await asyncio.to_thread(draw_all, missing)
    return msgspec.json.decode(answer, type=dict[str, str])
