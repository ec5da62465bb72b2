"""`python -m carelane.testing.hospital PLAN.json`: one day at the synthetic hospital, told in JSON lines.

The plan is a private file (0600): it holds the passwords of simulated staff.
"""

import asyncio
import contextlib
import json
import signal
import sys
from pathlib import Path

from carelane.testing.hospital.program import Plan, day


async def run(file: Path) -> None:
    """Read the plan and live through the day."""
    given = json.loads(file.read_text(encoding="utf-8"))
    plan = Plan(**{**given, "jwks": Path(given["jwks"])})
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    living = asyncio.create_task(day(plan, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({living, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not living.done():
        living.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await living


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[1])))
