"""Periodic work on any number of hosts, by procrastinate: the only place that knows it (DESIGN, What it runs on).

Sequencing, checkpoints and the nightly sweep. Nothing is ever deferred from a decision.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from importlib.metadata import version

import procrastinate
from procrastinate.schema import SchemaManager

from carelane.audit.actions import Tree
from carelane.engine.runtime import Runtime
from carelane.engine.sequencer import Notary, checkpoint, sequence
from carelane.store.database import Database

QUEUE = "carelane"
Job = Callable[[], Awaitable[object]]


def schema() -> tuple[str, str]:
    """Version and SQL of procrastinate's own tables; `store.migrate` applies them once."""
    return version("procrastinate"), SchemaManager.get_schema()


async def keep_periodic(url: str, jobs: dict[str, tuple[str, Job]], stop: asyncio.Event) -> None:
    """Run jobs by their cron expressions (six fields, seconds last) until told to stop.

    A job that is due is run once in all processes; one that takes longer than its period is not run twice at once.
    """
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(conninfo=url, min_size=1, max_size=3)
    )
    for name, (cron, job) in jobs.items():
        _register(app, name, cron, job)
    async with app.open_async():
        worker = asyncio.create_task(
            app.run_worker_async(
                queues=[QUEUE],
                install_signal_handlers=False,
                concurrency=2,
                delete_jobs="successful",
                shutdown_graceful_timeout=5,
            )
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({worker, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        worker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await worker


def _register(app: procrastinate.App, name: str, cron: str, job: Job) -> None:
    async def run(timestamp: int) -> None:
        del timestamp
        await job()

    task = app.task(name=name, queue=QUEUE, lock=name, queueing_lock=name)(run)
    app.periodic(cron=cron)(task)


def audit_jobs(audit: Database, runtime: Runtime, notary: Notary) -> dict[str, tuple[str, Job]]:
    """Sequencing every two seconds, checkpoints every minute, for both trees."""

    async def number() -> None:
        for tree in Tree:
            while await sequence(audit, runtime, notary, tree):
                pass

    async def sign() -> None:
        for tree in Tree:
            await checkpoint(audit, runtime, notary, tree)

    return {"audit-sequence": ("* * * * * */2", number), "audit-checkpoint": ("* * * * * 30", sign)}
