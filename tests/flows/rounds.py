"""All destinations of an outbox, once around: as the loops of a worker do it, one after another."""

from carelane.effects.dispatch import send_ready, waiting
from carelane.effects.outbox import Outbox
from carelane.effects.reconcile import reconcile_once, unsettled
from carelane.effects.routing import route_new


async def once_around(outbox: Outbox) -> int:
    """Give what is new its way, send what may go, reconcile what is unsettled; how many effects moved."""
    moved = (await route_new(outbox)).done
    for name in sorted(await waiting(outbox) & set(outbox.destinations)):
        moved += await send_ready(outbox, name)
    for name in await unsettled(outbox):
        moved += await reconcile_once(outbox, name)
    return moved
