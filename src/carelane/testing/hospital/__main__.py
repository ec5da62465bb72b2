"""`python -m carelane.testing.hospital PLAN.json`: a morning at the synthetic hospital, or days, told in JSON lines.

The plan is a private file (0600): it holds the passwords of simulated staff.
"""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

import uvloop

from carelane.testing.hospital.days import Course, live
from carelane.testing.hospital.program import Plan, day, tell


async def run(plan: Plan | Course) -> None:
    """Live through the day, or the days."""
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    lived = day(plan, stop) if isinstance(plan, Plan) else live(plan, tell, stop)
    living = asyncio.create_task(lived)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not living.done():
        living.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await living


if __name__ == "__main__":
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    paths = {name: Path(given[name]) for name in ("home", "told") if name in given}
    course = (Course if "days" in given else Plan)(**{**given, **paths})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run(course))
