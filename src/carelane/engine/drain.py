"""One batch of decisions: take turns, read, decide, write, commit (SEMANTICS 1, 2, 12).

On failure the batch is redone subject by subject, then fact by fact; what still fails is parked with its code.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from carelane.cases.alerts import with_alerts
from carelane.cases.model import Disposition, Step, View
from carelane.cases.words import TASK_COMPLETED
from carelane.engine.chain import Chained, Moment, chain
from carelane.engine.downtime import grace
from carelane.engine.in_force import in_force
from carelane.engine.late import Bound
from carelane.engine.measure import told
from carelane.engine.outward import emitted, named
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Fact
from carelane.store import commit, load, turns
from carelane.store.database import Tx

SUBJECTS_MAX = 96
"""Of one transaction: with 256 a backlog of 15,000 drained at 958 and 819 messages/s, with 96 at 1,068 and 1,010."""
FACTS_MAX = 200
MORE = "drain/more"
"""The door of who helps: rung while a full batch is decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What one batch did."""

    subjects: int = 0
    facts: int = 0
    effects: int = 0
    onward: int = 0  # facts to others, among them those that follow a moved identity
    left: bool = False  # facts that came for these subjects meanwhile: whoever brought them found the turn taken


async def drain(runtime: Runtime, *, limit: int = SUBJECTS_MAX) -> Drained:
    """Decide one batch of whatever is waiting or due; zero subjects when there is nothing."""
    taken: list[UUID] = []
    try:
        async with runtime.worker.transaction(steady=True) as tx:
            taken = await turns.take(tx, runtime.now(), limit=limit)
            if len(taken) >= limit:
                runtime.bell.ring_here(MORE)
            done = await _batch(runtime, tx, taken, facts_max=FACTS_MAX)
            came = turns.came(tx, taken)
        return replace(done, left=came())
    except Exception as cause:  # the batch rolled back whole: find the one that failed
        if not taken:
            raise
        runtime.observer.count("drain_redone", {"cause": type(cause).__name__})
    return await _each(runtime, taken)


async def _each(runtime: Runtime, subjects: Iterable[UUID]) -> Drained:
    """Subject by subject; a subject that fails again is decided fact by fact."""
    total = Drained()
    for subject in subjects:
        try:
            done = await _one(runtime, subject, facts_max=FACTS_MAX)
        except Exception:  # noqa: BLE001  # narrowed to single facts below, then parked
            done = await _singly(runtime, subject)
        total = Drained(
            subjects=total.subjects + 1,
            facts=total.facts + done.facts,
            effects=total.effects + done.effects,
            onward=total.onward + done.onward,
        )
    return total


async def _one(runtime: Runtime, subject: UUID, *, facts_max: int) -> Drained:
    async with runtime.worker.transaction(steady=True) as tx:
        await turns.of(tx, subject, wait_ms=200)
        return await _batch(runtime, tx, [subject], facts_max=facts_max)


async def _singly(runtime: Runtime, subject: UUID) -> Drained:
    try:
        return await _one(runtime, subject, facts_max=1)
    except turns.TurnBusy:
        return Drained()
    except Exception as cause:  # noqa: BLE001  # one fact that can't be committed is parked, with owner and clock
        runtime.observer.count("fact_parked", {"cause": type(cause).__name__})
        return await _park(runtime, subject, type(cause).__name__)


async def _park(runtime: Runtime, subject: UUID, code: str) -> Drained:
    """Set the subject's oldest fact aside, and tell the system pathway that owns such facts."""
    async with runtime.worker.transaction(steady=True) as tx:
        await turns.of(tx, subject, wait_ms=1000)
        taken = await load.take(tx, runtime.vault, runtime.organisation, [subject], limit=1)
        now = runtime.now()
        steps = [
            Step(fact=each.fact, now=now, disposition=Disposition.PARKED, reason=f"commit:{code}")
            for each in taken
        ]
        await _write(runtime, tx, steps, fresh=[])
    return Drained(subjects=1, facts=len(taken))


async def _batch(runtime: Runtime, tx: Tx, subjects: Sequence[UUID], *, facts_max: int) -> Drained:
    if not subjects:
        return Drained()
    taken, views = await load.work(
        tx, runtime.vault, runtime.organisation, subjects, runtime.now(), limit=facts_max
    )
    _forward(runtime, tx, [each for each in taken if each.moved_to])
    facts: dict[UUID, list[Fact]] = defaultdict(list)
    for each in taken:
        if each.moved_to is None:
            facts[each.fact.subject].append(each.fact)
    now = runtime.now()  # after everything taken was recorded
    await _learn(runtime, tx, views.values())
    moment = await _moment(runtime, tx, now)
    chained = [chain(view, facts.get(subject, ()), moment) for subject, view in views.items()]
    steps = [with_alerts(step) for each in chained for step in each.steps]
    held = {held.fact.id for view in views.values() for held in view.held}
    await _write(
        runtime, tx, steps, fresh=[fact for each in chained for fact in each.fresh], held=held
    )
    onward = sum(each.moved_to is not None for each in taken)
    onward += sum(len(step.emissions) for step in steps)
    return Drained(
        subjects=len(subjects),
        facts=len(steps),
        effects=sum(map(_effects, steps)),
        onward=onward,
    )


async def _learn(runtime: Runtime, tx: Tx, views: Iterable[View]) -> None:
    """A case may have gone to a release that was published since this process last looked."""
    known = runtime.releases.published
    if any(case.release not in known for view in views for case in (*view.cases, *view.closed)):
        runtime.releases = await in_force(tx)


async def _moment(runtime: Runtime, tx: Tx, now: datetime) -> Moment:
    waits = await grace(runtime, tx, now)
    return Moment(now=now, releases=runtime.releases, late=Bound(runtime.directory), grace=waits)


async def _write(
    runtime: Runtime,
    tx: Tx,
    steps: Sequence[Step],
    *,
    fresh: Sequence[Fact],
    held: Collection[UUID] = (),
) -> None:
    batch = commit.Batch(
        organisation=runtime.organisation,
        steps=steps,
        fresh=fresh,
        held=held,
        delivered=emitted(steps),
        subjects=named(steps),
        bound={"directory": runtime.directory.version},
    )
    await commit.commit(
        tx, runtime.vault, batch, definitions=runtime.releases.published, releases=runtime.releases
    )
    _open_again(tx, steps)
    tx.after.append(partial(told, runtime.observer, steps))


def _open_again(tx: Tx, steps: Sequence[Step]) -> None:
    """Tasks whose outcome was stored while the subject was busy, and did nothing once decided."""
    refused = [
        step.fact.refers["task"]
        for step in steps
        if step.fact.type == TASK_COMPLETED
        and step.disposition is not Disposition.APPLIED
        and "task" in step.fact.refers
    ]
    if refused:
        tx.put("engine.not_completed", tasks=refused)


def _forward(runtime: Runtime, tx: Tx, moved: Sequence[load.Taken]) -> None:
    """Facts whose source identity was re-linked since they came follow it, in order (SEMANTICS 3)."""
    if not moved:
        return
    tx.put(
        "engine.forward",
        organisation=runtime.organisation,
        facts=[each.fact.id for each in moved],
        subjects=[each.moved_to for each in moved],
        priorities=[int(each.fact.urgency) for each in moved],
        cancels=[runtime.releases.cancels(each.fact.type) for each in moved],
    )


def _effects(step: Step) -> int:
    return sum(len(change.intents) for change in step.changes)


async def decide_in(
    runtime: Runtime, tx: Tx, subject: UUID, fact: Fact, *, pending_max: int
) -> Chained:
    """Within the caller's transaction and turn: what is pending before it, then `fact` (SEMANTICS 5)."""
    taken, views = await load.work(
        tx, runtime.vault, runtime.organisation, [subject], runtime.now(), limit=pending_max
    )
    _forward(runtime, tx, [each for each in taken if each.moved_to])
    now, view = runtime.now(), views[subject]
    await _learn(runtime, tx, [view])
    moment = await _moment(runtime, tx, now)
    chained = chain(view, [*(each.fact for each in taken if each.moved_to is None), fact], moment)
    steps = [with_alerts(step) for step in chained.steps]
    held = {held.fact.id for held in view.held}
    await _write(runtime, tx, steps, fresh=[*chained.fresh, fact], held=held)
    return chained
