"""`with` and `without` for a run that was judged: a program of the test kit, started like the hospital."""

import asyncio
import json
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from carelane.facts.errors import LocalFault

_PROGRAM = "carelane.testing.comparison"
_USED = ("workflows", "misroutes")  # of what was judged


class ComparisonFault(LocalFault):
    """The comparison ended without an answer: run `python -m carelane.testing.comparison` by itself and see why."""

    code = "comparison"


async def compared(
    hospital_told: Mapping[str, object], judged: Mapping[str, object], *, quick: bool = False
) -> dict[str, Any]:
    """The same arrivals with Carelane and with a shared pool, by what the run told and counted; no patient in it."""
    said = {
        "told": {name: hospital_told.get(name) for name in ("arrivals", "draws", "visits")},
        "judged": {name: judged.get(name) for name in _USED},
    }
    with tempfile.TemporaryDirectory(prefix="carelane-comparison-") as folder:
        file = Path(folder) / "run.json"
        file.write_text(json.dumps(said), encoding="utf-8")
        flags = ["--quick"] if quick else []
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _PROGRAM, str(file), *flags, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        out, _ = await process.communicate()
    lines = out.decode().splitlines()
    if process.returncode or not lines:
        raise ComparisonFault(f"the comparison ended with status {process.returncode}")
    found: dict[str, Any] = json.loads(lines[-1])
    return found
