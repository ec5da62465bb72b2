"""`deliver`: the one door by which facts enter a subject's inbox, whoever they come from."""

from collections.abc import Sequence

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Fact
from carelane.store import facts
from carelane.store.database import Tx


async def deliver(runtime: Runtime, tx: Tx, new: Sequence[Fact], *, fresh: bool = False) -> None:
    """Store facts and put them into their subjects' inboxes, in the caller's transaction, in the given order.

    A fact whose id is stored already is skipped: delivering twice is delivering once. After the commit the caller
    rings `runtime.bell.ring("drain")`. `fresh`: the caller's own update holds that they were never delivered (it found
    the message pending, the effect under its lease), so nothing is asked.
    """
    await facts.insert(tx, runtime.vault, new, releases=runtime.releases, fresh=fresh)
