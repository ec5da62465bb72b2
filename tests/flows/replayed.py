"""A house's whole history decided again from what is kept in clear: the same states, rules and ids (I15)."""

from datetime import UTC, datetime

from msgspec.structs import replace

from carelane.compose.house import House
from carelane.engine.clock import now as machine_now
from carelane.proofs.events import Header, read_header, read_history
from carelane.proofs.events import encode as line
from carelane.proofs.judging import Verdict
from carelane.releases.backtest import judge_for
from carelane.releases.events import header, histories

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
BEGUN = machine_now()  # the machine's, by which sites of this run are loaded


def dated(head: Header, now: datetime) -> Header:
    """Tests move their own clock, but the site was loaded by the machine's: what that put in force was always so."""
    activations = tuple(
        replace(each, from_at=LONG_AGO)
        if each.from_at > now or BEGUN <= each.from_at <= machine_now()
        else each
        for each in head.activations
    )
    directories = tuple(replace(each, loaded_at=LONG_AGO) for each in head.directories)
    return replace(head, activations=activations, directories=directories)


async def replayed(house: House, pathway: str = "referral-intake") -> list[Verdict]:
    """What a back-test of the pathway in force against itself says to each subject."""
    runtime = house.runtime
    async with runtime.worker.transaction() as tx:
        head = dated(await header(runtime, tx, pathway, None), runtime.now())
    heard = sorted({name for each in runtime.releases.published.values() for name in each.events})
    mine = [each for each in runtime.releases.activations if each.pathway == pathway]
    if not mine:  # a house of a test's own pathways
        return []
    widest = min(mine, key=lambda each: len(each.scope.parts()))
    definition = runtime.releases.published[widest.release]
    judge = judge_for(read_header(line(head), "head"), definition, definition)
    return [
        judge.judge(read_history(line(each), "line"))
        async for each in histories(runtime.worker, head, heard)
    ]


async def assert_replayable(house: House) -> None:
    """Nothing a test did left the record."""
    verdicts = await replayed(house)
    left = "\n".join(each.void.line() for each in verdicts if each.void is not None)
    assert not left, left
    assert [each for each in verdicts if each.divergences] == []
