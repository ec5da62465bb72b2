"""Merges, links and their reversal: links, inbox and open cases are re-pointed under all turns (SEMANTICS 3; I18).

`identity.merge` plans; this reads, takes the turns and writes. `intake.interpret` calls `merge` for A24, A37 and A40
in a transaction of their own; `take_back` is a person's reversal.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import msgspec

from carelane.engine import merge_rows as rows
from carelane.engine.deliver import deliver
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Actor, Fact
from carelane.facts.ids import derive
from carelane.facts.phi import Phi
from carelane.identity.links import Links, Moved, Plan
from carelane.identity.merge import UNLINK, merge_plan, reversal, unlink_plan
from carelane.store import turns
from carelane.store.database import Tx

WAIT_MS = 2_000
UNMERGED = "patient.unmerged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known under the turns: links, and the merges that were, oldest first, numbered by their order."""

    links: Links
    log: tuple[Moved, ...]
    ids: tuple[UUID, ...]  # of the log's rows; `Moved.id` is the place in it


async def merge(  # noqa: PLR0913  # what the message says, by name
    runtime: Runtime,
    tx: Tx,
    fact: Fact,
    *,
    kind: str,
    survivor: Sequence[UUID],
    retired: Sequence[UUID],
    first: Callable[[], Awaitable[None]],
) -> Plan:
    """Carry out what an identity message says of source identities, in the caller's transaction.

    `fact` tells of it, on the survivor; `first` writes it, with what is new, once the turns are held. A plan that
    can't be carried out comes back with `ask` and its `reason`, and nothing is written. Raises `TurnBusy`, and then
    the transaction is void.
    """
    known = await _known(tx, [*survivor, *retired])
    if kind == UNLINK:
        plan = unlink_plan(known.links, known.log, survivor=survivor, retired=retired)
    else:
        plan = merge_plan(
            known.links, kind=kind, survivor=survivor, retired=retired, new_subject=fact.subject
        )
    if not plan.ask:
        await first()
        await carry_out(runtime, tx, fact, plan, known)
    return plan


async def take_back(runtime: Runtime, row: UUID, *, by: str) -> Plan | None:
    """A person takes one merge back: what it moved returns. None if there is no such merge.

    `row` is the merge's id in the merge log. Raises `TurnBusy`.
    """
    async with runtime.worker.transaction() as tx:
        found = await tx.one("intake.merge_row", id=row)
        if found is None:
            return None
        known = await _known(tx, subjects=[found["survivor"], found["retired"]])
        moved = next((each for each, id_ in zip(known.log, known.ids, strict=True) if id_ == row), None)  # fmt: skip
        plan = reversal(known.links, moved) if moved else None
        if plan is not None and plan.survivor is not None:
            told = rows.told(runtime.organisation, runtime.now(), plan.survivor, row, by)
            await carry_out(runtime, tx, told, plan, known)
    runtime.bell.ring("drain")
    return plan


async def _known(
    tx: Tx, identities: Sequence[UUID] = (), *, subjects: Sequence[UUID] = ()
) -> Known:
    """Take the turns of everyone concerned in id order, then read what holds under them."""
    wanted = {"identities": list(identities), "subjects": list(subjects)}
    near = [row[0] for row in await tx.tuples("intake.near", wanted)]
    await turns.both(tx, near, wait_ms=WAIT_MS)
    again = [row[0] for row in await tx.tuples("intake.near", wanted)]
    if not set(again) <= set(near):
        raise turns.TurnBusy("a link moved while the turns were taken")
    found = {"subjects": near}
    links = Links(
        subject_of=dict(await tx.tuples("intake.links_of", found)),
        merged_into=dict(await tx.tuples("intake.merged_away", found)),
    )
    log, ids = [], []
    for place, (id_, kind, survivor, retired, moved, done) in enumerate(
        await tx.tuples("intake.merges_of", found)
    ):
        identities_ = tuple(UUID(each) for each in msgspec.json.decode(moved)["identities"])
        log.append(
            Moved(
                id=UUID(int=place),
                kind=kind,
                survivor=survivor,
                retired=retired,
                identities=identities_,
                reversed=done,
            )
        )
        ids.append(id_)
    return Known(links=links, log=tuple(log), ids=tuple(ids))


MOVES = ("facts", "inbox", "decisions", "cases", "steps", "tasks", "effects")


async def carry_out(  # noqa: PLR0913  # the parts of one write, by name
    runtime: Runtime,
    tx: Tx,
    fact: Fact,
    plan: Plan,
    known: Known,
    *,
    moves: Sequence[str] = MOVES,
) -> None:
    """Write a plan: links first, then everything that follows them, the log and the leaf.

    `moves` is what follows; leaving one out breaks I18, and a test shows that the check finds it.
    """
    if not plan.moves:
        return
    await _link(runtime, tx, plan)
    work: list[Fact] = []
    if plan.reverses is not None and plan.survivor and plan.retired:
        work = await _part(runtime, tx, fact, plan, known, moves)
    elif plan.retired is not None and plan.survivor:
        work = await _join(runtime, tx, fact, plan, moves)
    rows.record(runtime, tx, fact, plan, known.links)
    await deliver(runtime, tx, work)


async def _link(runtime: Runtime, tx: Tx, plan: Plan) -> None:
    identities = sorted(plan.moves)
    await tx.run(
        "intake.set_links",
        organisation=runtime.organisation,
        identity=identities,
        subject=[plan.moves[each] for each in identities],
        since=[runtime.now()] * len(identities),
    )
    for subject, into in plan.retire.items():
        await tx.run("intake.retire", subject=subject, into=into)


async def _join(
    runtime: Runtime, tx: Tx, fact: Fact, plan: Plan, moves: Sequence[str]
) -> list[Fact]:
    moving = await tx.rows("intake.open_cases_of", subject=plan.retired)
    staying = await tx.rows("intake.open_cases_of", subject=plan.survivor)
    clashes = rows.clashes(staying, moving)
    for younger, older in clashes:
        await tx.run("intake.mark_duplicate", case=younger["id"], of=older["id"])
    await _move(tx, plan, moves, source=plan.retired, target=plan.survivor, whole=True)
    await tx.run("intake.lend_tokens", source=plan.retired, target=plan.survivor)
    await _log(runtime, tx, fact, plan)
    rows.record_clashes(runtime, tx, fact, clashes)
    return [rows.duplicate(fact, younger, older) for younger, older in clashes]


async def _part(  # noqa: PLR0913, PLR0917  # a step of `carry_out`, with all it was given
    runtime: Runtime, tx: Tx, fact: Fact, plan: Plan, known: Known, moves: Sequence[str]
) -> list[Fact]:
    source, target = plan.survivor, plan.retired
    await _move(tx, plan, moves, source=source, target=target, whole=False)
    await tx.run("intake.free_duplicates", subjects=[source, target])
    await tx.run("intake.forget_copy", subject=source, identities=sorted(plan.moves))
    if plan.reverses is not None:
        row = known.ids[plan.reverses.int]
        await tx.run("intake.reverse_merge", id=row, by=fact.id)
    await _log(runtime, tx, fact, plan)
    return [_unmerged(fact, subject) for subject in (source, target) if subject is not None]


async def _move(  # noqa: PLR0913  # each says one thing, by name
    tx: Tx,
    plan: Plan,
    moves: Sequence[str],
    *,
    source: UUID | None,
    target: UUID | None,
    whole: bool,
) -> None:
    wanted = {"identities": sorted(plan.moves), "source": source, "target": target, "whole": whole}
    for query in moves:
        await tx.run(f"intake.move_{query}", **wanted)


async def _log(runtime: Runtime, tx: Tx, fact: Fact, plan: Plan) -> None:
    now, moved = runtime.now(), sorted(plan.moves)
    await tx.run(
        "intake.log_merge",
        id=derive(now, "merge", fact.id, plan.survivor, plan.retired),
        organisation=runtime.organisation,
        kind=plan.kind,
        survivor=plan.survivor,
        retired=plan.retired,
        moved=msgspec.json.encode({"identities": [str(each) for each in moved]}).decode(),
        fact=fact.id,
        at=now,
    )


def _unmerged(fact: Fact, subject: UUID) -> Fact:
    """They were two people after all: for what was made because they seemed to be one."""
    return replace(
        fact,
        id=derive(fact.recorded_at, UNMERGED, fact.id, subject),
        type=UNMERGED,
        subject=subject,
        payload=Phi({}, UNMERGED),
        keys={},
        entity=None,
        identity=None,
        actor=fact.actor if fact.actor is Actor.PERSON else Actor.CARELANE,
    )
