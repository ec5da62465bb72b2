"""The site's notary, and the trees brought up to date at once (a worker does it every two seconds)."""

from carelane.audit.actions import Tree
from carelane.compose.house import House
from carelane.engine.sequencer import Notary, checkpoint, open_notary, sequence


def notary_of(house: House) -> Notary:
    """The signing key and the folder outside the database."""
    settings = house.settings
    return open_notary(settings.inside_home(settings.checkpoints), settings.home / "audit.key")


async def bring_up_to_date(house: House) -> None:
    """Number every leaf that has no place yet, and sign both heads."""
    notary = notary_of(house)
    for tree in Tree:
        while await sequence(house.audit, house.runtime, notary, tree):
            pass
        await checkpoint(house.audit, house.runtime, notary, tree)
