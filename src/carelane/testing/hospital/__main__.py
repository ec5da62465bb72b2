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


async def run(plan: Plan) -> None:
    """Live through the day."""
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
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    asyncio.run(run(Plan(**{**given, "jwks": Path(given["jwks"])})))
