"""Nothing is acknowledged while the site's durability does not hold: refused, not lost."""

from dataclasses import replace

import pytest

from carelane.compose.durability import Guard, IntakeStopped
from carelane.compose.house import House
from carelane.facts.ports import Receipt


async def _stored(connection: str, raw: bytes) -> Receipt:
    del connection, raw
    return Receipt(outcome="accepted", message=None)


async def test_a_single_host_site_acknowledges(house: House) -> None:
    """`single-host` is the site's signed choice."""
    guard = Guard(house, _stored)
    await guard.look()

    assert (await guard.receive("mllp", b"MSH")).outcome == "accepted"


async def test_without_a_standby_a_standby_site_refuses_and_says_what_to_do(house: House) -> None:
    """The message names the remedy; the sender keeps its message."""
    house.settings = replace(house.settings, durability="standby")
    guard = Guard(house, _stored)
    await guard.look()

    with pytest.raises(IntakeStopped, match="Remedy: attach one"):
        await guard.receive("mllp", b"MSH")


async def test_nothing_is_acknowledged_before_the_first_look(house: House) -> None:
    """Fail closed."""
    with pytest.raises(IntakeStopped):
        await Guard(house, _stored).receive("mllp", b"MSH")
