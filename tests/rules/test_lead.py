"""Who leaves deciding to others, and for how long."""

import asyncio

import pytest

from carelane.engine.lead import Lead


async def _waits(lead: Lead) -> bool:
    """Whether somebody who wants to decide has to wait, once everybody had their turn."""
    waiting = asyncio.create_task(lead.over())
    for _ in range(3):
        await asyncio.sleep(0)
    done = waiting.done()
    waiting.cancel()
    return not done


async def test_whoever_leads_does_not_decide_until_it_ends() -> None:
    lead = Lead()
    assert not await _waits(lead)
    lead.take("a")
    assert await _waits(lead)
    lead.end("a")
    assert not await _waits(lead)


@pytest.mark.parametrize("ended", [False, True])
async def test_leading_on_lets_nobody_through_in_between(*, ended: bool) -> None:
    """Taken again, or ended and taken back before who waits comes to know."""
    lead = Lead()
    lead.take("a")
    waiting = asyncio.create_task(lead.over())
    await asyncio.sleep(0)
    if ended:
        lead.end("a")
    lead.take("a")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not waiting.done()
    lead.end("a")
    await waiting


async def test_it_ends_by_itself_should_nobody_end_it() -> None:
    lead = Lead()
    lead.take("a", seconds=0)
    await lead.over()
    lead.take("a")
    lead.take("a", seconds=0)
    await lead.over()


async def test_it_is_over_when_no_connection_needs_it() -> None:
    lead = Lead()
    lead.take("a")
    lead.take("b")
    lead.end("a")
    lead.end("c")
    assert await _waits(lead)
    lead.end("b")
    assert not await _waits(lead)
