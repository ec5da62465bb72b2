"""`make bench`: everything in one run on one server; the last line is one JSON object.

`--part` runs some parts only, `--scale 0.1` with a tenth of the load: to look at one figure, not to judge by.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict
from statistics import median

import uvloop

from benchmarks import deciding, parsing
from benchmarks.asking import asking
from benchmarks.backlog import drain
from benchmarks.house import Bench, bench_house
from benchmarks.judging import judged
from benchmarks.latency import latency
from benchmarks.limit import limit
from benchmarks.spine import Spine, spine
from benchmarks.verdicts import verdicts
from benchmarks.waiting import waiting

PARTS = ("parse", "rules", "backtest", "asking", "spine", "latency", "waiting")
_ALONE = {"parse", "rules", "backtest"}  # need no server
WORKERS = ("work-0", "work-1")
Figures = dict[str, object]


def say(text: str) -> None:
    """A line of progress."""
    print(text, flush=True)


async def measure(parts: list[str], scale: float) -> Figures:
    """All figures asked for; parts that need a server share one."""
    figures: Figures = {}
    if "parse" in parts:
        say("parse: ours, python-hl7, hl7apy")
        figures |= await asyncio.to_thread(_parse, scale)
    if "rules" in parts:
        say("rules: a table of ours and of zen-engine, decisions, proofs")
        figures |= await asyncio.to_thread(_rules, scale)
    if "backtest" in parts:
        say("backtest: recorded referrals under an edited pathway, two processes")
        found = await asyncio.to_thread(judged, round(1_000_000 * scale))
        figures["backtest"] = found.shown()
    if set(parts) - _ALONE:
        say("starting PostgreSQL, a listener and two workers")
        async with bench_house() as bench:
            for part, step in _STEPS.items():
                if part in parts:
                    figures |= await step(bench, scale)
    return figures


def _parse(scale: float) -> Figures:
    if wrong := parsing.differences():
        raise RuntimeError(f"readers differ where no escape occurs: {wrong}")
    rates = parsing.rates(seconds=1.5 * scale)
    return {name: round(rate) for name, rate in rates.items()}


def _rules(scale: float) -> Figures:
    asked = deciding.tables(2 * scale)
    decided = deciding.decisions(2 * scale)
    return {
        **{name: round(rate) for name, rate in asked.items()},
        "step": round(decided),
        "prove_s": deciding.proofs(),
    }


async def _asking(bench: Bench, scale: float) -> Figures:
    say("asking: one question to the database")
    found = await asking(bench, questions=max(100, round(1_000 * scale)))
    return {"asking_us": {name: round(value) for name, value in asdict(found).items()}}


async def _spine(bench: Bench, scale: float) -> Figures:
    """Median of three, interleaved with the limit, so that both see the same machine."""
    messages = round(3_000 * scale)
    await spine(bench, messages=messages // 4, first=1)  # statements are prepared, pages are there
    limits: list[float] = []
    runs: list[Spine] = []
    for n in range(3):
        limits.append(await asyncio.to_thread(limit, bench.superuser, seconds=3 * scale))
        say(f"  limit: {limits[-1]:.0f} commits/s")
        runs.append(await spine(bench, messages=messages, first=100_000 * (n + 1)))
    reached, most = median(each.per_second for each in runs), median(limits)
    return {
        "limit": round(most),
        "spine": round(reached),
        "ratio": round(reached / most, 3),
        "cpu_ms_per_message": round(median(sum(each.cpu_ms.values()) for each in runs), 3),
        "cpu_ms_by_process": {
            name: round(median(each.cpu_ms[name] for each in runs), 3) for name in runs[0].cpu_ms
        },
        "rows_per_message": round(median(each.rows for each in runs), 2),
    }


async def _latency(bench: Bench, scale: float) -> Figures:
    say("latency at 200 messages/s")
    found = await latency(bench, first=1_000_000, seconds=10 * scale)
    return {name: round(value, 1) for name, value in asdict(found).items()}


async def _waiting(bench: Bench, scale: float) -> Figures:
    """The backlog's cases are the first half of the waiting ones; every process lives through both."""
    messages, cases = round(50_000 * scale), round(100_000 * scale)
    say(f"drain: a backlog of {messages} messages")
    await bench.stop(*WORKERS)
    before = await _started(bench)
    drained = await drain(bench, messages=messages, first=2_000_000, workers=WORKERS)
    say(
        f"  {drained.disordered} out of order; {drained.urgent} urgent ones,"
        f" passed by at most {drained.passed_by} ordinary ones"
    )
    say(f"waiting: {cases} cases with running clocks")
    found = await waiting(bench, cases=cases, before=before)
    return {
        "waiting": found.shown(),
        "drain": round(drained.per_second),
        "_order_kept": drained.disordered == 0,
        "_urgent_first": drained.urgent > 0 and drained.passed_by <= 1_000,
    }


async def _started(bench: Bench) -> Mapping[str, int]:
    """What each holds that has done all kinds of work, so that what every worker once loads does not count as growth.

    One after the other: of two, one reads a connection and the other leaves it to it.
    """
    found: dict[str, int] = {}
    for n, name in enumerate(WORKERS):
        await bench.start(name)
        await spine(bench, messages=1_000, first=1_500_000 + 1_000 * n)
        await asyncio.sleep(2.0)
        found |= bench.memory_bytes()
        await bench.stop(name)
    return found


_STEPS = {"asking": _asking, "spine": _spine, "latency": _latency, "waiting": _waiting}


def main(arguments: list[str]) -> int:
    """Measure and print; 1 if a demand is not met."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("--scale", type=float, default=1.0)
    options = parser.parse_args(arguments)
    with asyncio.Runner(
        loop_factory=uvloop.new_event_loop
    ) as runner:  # what sends must not slow what is measured
        figures = runner.run(measure(options.part or list(PARTS), options.scale))
    judged = verdicts(figures)
    shown = {name: value for name, value in figures.items() if not name.startswith("_")}
    say(json.dumps({**shown, "verdicts": judged}))
    return 0 if all(judged.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
