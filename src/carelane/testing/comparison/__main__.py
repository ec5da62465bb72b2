"""`python -m carelane.testing.comparison [FILE]`: the comparison as one JSON document on the last line.

FILE holds `{"told": ..., "judged": ...}` of a run; without it the arrivals are drawn. `--seeds N`, `--quick` leaves
sensitivity out. Progress goes to standard error.
"""

import argparse
import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from carelane.testing.comparison.assumptions import TOUCHES, told
from carelane.testing.comparison.compare import SEEDS, both, sensitive, varied
from carelane.testing.comparison.run import counted, of_run

NOTE = (
    "A model of handing out the same work to the same people in two ways. It rests on the assumptions beside it, and"
    " says nothing of patients' health or of any real hospital."
)


def main(arguments: list[str]) -> int:
    """The document."""
    parser = argparse.ArgumentParser(prog="carelane.testing.comparison", description=NOTE)
    parser.add_argument(
        "file", nargs="?", type=Path, help="what a run told and what was judged of it"
    )
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--quick", action="store_true", help="without sensitivity")
    options = parser.parse_args(arguments)
    said = json.loads(options.file.read_text(encoding="utf-8")) if options.file else {}
    told_, judged = said.get("told") or {}, said.get("judged") or {}
    document = compared(told_, judged, seeds=options.seeds, quick=options.quick)
    sys.stdout.write(json.dumps(document) + "\n")
    return 0


def compared(
    run_told: dict[str, Any], judged: dict[str, Any], *, seeds: int, quick: bool
) -> dict[str, object]:
    """Both sides with their spread, what each assumption does, and what all of it rests on; on every core."""
    given, arrivals = of_run(run_told, judged)
    plan = () if quick else tuple(varied(given, arrivals=arrivals))
    found: dict[str, dict[str, object]] = {}
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as cores:
        asked = cores.submit(both, given, seeds=seeds, arrivals=arrivals)  # the longest first
        sides_of = cores.map(partial(sensitive, arrivals=arrivals), plan)
        for each, sides in zip(plan, sides_of, strict=True):
            found.setdefault(each.name, {})[f"{each.scale:g}"] = sides
            sys.stderr.write(f"carelane: comparison: {each.name} times {each.scale:g}\n")
        one, two = asked.result()
    return {
        "with": one, "without": two, "seeds": seeds, "sensitivity": found,
        "counted_in_this_run": counted(run_told, judged),
        "arrivals": "of this run" if arrivals else "drawn", "assumptions": told(given),
        "touches": {name: [asdict(act) for act in acts] for name, acts in TOUCHES.items()}, "note": NOTE,
    }  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
