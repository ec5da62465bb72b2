"""What a process keeps running: drainers that wake by the bell or by polling, and say that they live."""

import asyncio
import resource
from collections.abc import Awaitable, Callable

from carelane.engine.drain import MORE, SUBJECTS_MAX, Drained, drain
from carelane.engine.runtime import Runtime

POLL_S = 0.25
SMALL = 50
FEW = 16
_HELP_S = 60.0  # a full batch rings


async def keep_draining(runtime: Runtime, stop: asyncio.Event) -> None:
    """Drain until told to stop. A small batch is followed by a pause, so that the next one is larger."""
    while not stop.is_set():
        done = await _drain(runtime)
        if done.facts and done.facts < SMALL:
            await asyncio.sleep(runtime.pause_s)
        if done.facts == 0 or all_taken(done):  # or only clocks wait, that a downtime holds back
            await runtime.bell.wait("drain", seconds=POLL_S)


async def keep_helping(runtime: Runtime, stop: asyncio.Event) -> None:
    """Drain as well while there is a backlog: one decides while the database answers the other."""
    while not stop.is_set():
        if await runtime.bell.wait(MORE, seconds=_HELP_S):
            while not stop.is_set() and (await _drain(runtime)).subjects >= SUBJECTS_MAX:
                pass


async def _drain(runtime: Runtime) -> Drained:
    await runtime.lead.over()
    done = await drain(runtime)
    if done.effects:
        runtime.bell.ring("effects", few=done.effects < FEW)
    return done


def all_taken(done: Drained) -> bool:
    """Whether a batch left nothing behind that it knew of, and sent nothing on: what came meanwhile has rung."""
    return done.facts < SMALL and done.subjects < FEW and done.onward == 0 and not done.left


async def keep_scouting(runtime: Runtime, stop: asyncio.Event, door: str, query: str) -> None:
    """Ask once for all which of many have work, and ring at those: `door/NAME` for each name of the query.

    A process with a dozen connections asks one question at each ring, not a dozen.
    """
    while not stop.is_set():
        (found,) = await runtime.worker.ask((query, {"now": runtime.now()}), steady=True)
        for (name,) in found:
            runtime.bell.ring_here(f"{door}/{name}")
        await runtime.bell.wait(door, seconds=POLL_S)


async def keep(
    runtime: Runtime,
    stop: asyncio.Event,
    door: str,
    once: Callable[[], Awaitable[int]],
    *,
    poll_s: float = POLL_S,
) -> None:
    """Run `once` until told to stop; wait at the door's bell when it found nothing to do.

    A small batch is followed by a pause, so that the next one is larger: a commit costs the same for one as for many;
    what came meanwhile has rung, and `once` rings for what it left.
    """
    while not stop.is_set():
        done = await once()
        if done <= 0:
            await runtime.bell.wait(door, seconds=poll_s)
        elif done < SMALL:
            await asyncio.sleep(runtime.pause_s)
            await runtime.bell.wait(door, seconds=poll_s)


async def keep_beating(
    runtime: Runtime, stop: asyncio.Event, kind: str, *, every_s: float = 5.0
) -> None:
    """Write the process's heartbeat, so that a downtime can be told from a quiet night."""
    while not stop.is_set():
        await beat(runtime, kind)
        await runtime.bell.wait("stop", seconds=every_s)


async def beat(runtime: Runtime, kind: str) -> None:
    """Say that this process lives, now."""
    async with runtime.worker.transaction() as tx:
        tx.put("engine.beat", process=runtime.process, organisation=runtime.organisation, kind=kind,
               at=runtime.now(), detail=_spent())  # fmt: skip


async def supervised(
    name: str, runtime: Runtime, stop: asyncio.Event, work: Callable[[], Awaitable[None]]
) -> None:
    """Keep a loop alive: a failure is counted and the loop starts again after a second, for ever (T4).

    Of failures in a row the log hears the first, second, fourth, eighth, ...: enough to see, too few to drown in.
    """
    failures = 0
    while not stop.is_set():
        try:
            await work()
        except Exception as cause:  # noqa: BLE001  # counted, told, begun anew: a process never gives up
            runtime.observer.count("loop_failed", {"loop": name, "cause": type(cause).__name__})
            failures += 1
            if failures & (failures - 1) == 0:
                runtime.log.failed("failed", cause, part=name, number=failures)
            await asyncio.sleep(1.0)


def _spent() -> str:
    """What this process has used so far: CPU seconds and the most memory (bytes), for `doctor`."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    return f'{{"cpu_s": {cpu:.2f}, "memory_bytes": {usage.ru_maxrss * 1024}}}'
