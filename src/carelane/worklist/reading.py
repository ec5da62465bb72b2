"""One task as its form needs it: the row with its step and case, and the draft kept with it."""

from dataclasses import dataclass, field
from uuid import UUID

from carelane.engine.runtime import Runtime
from carelane.facts.fact import Payload
from carelane.facts.phi import Phi
from carelane.store.database import Row
from carelane.worklist.holding import draft_of
from carelane.worklist.viewer import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A task, open or closed. `row` holds codes, names of staff and instants."""

    row: Row = field(repr=False)
    draft: Phi[Payload] = field(repr=False)


async def task(runtime: Runtime, viewer: Viewer, id_: UUID) -> Work | None:
    """The task in the viewer's sites, or None."""
    async with runtime.app.transaction(sites=viewer.sites) as tx:
        row = await tx.one("worklist.task", id=id_)
    return None if row is None else Work(row=row, draft=draft_of(runtime, row))
