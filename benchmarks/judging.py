"""`backtest`: 1,000,000 recorded facts of referrals judged under an edited pathway by two processes.

A part of the recording is made by playing seeded referrals through the core (people, messages, clocks, effects), and
the recording has that part several times: each time every fact is read, decided twice and compared anew.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage

import msgspec

from carelane.directory.site import load_site
from carelane.engine.late import Bound
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.proofs.events import encode
from carelane.releases.backtest import backtest
from carelane.testing.core.recording import history_of, recording
from carelane.testing.core.site import ORGANISATION
from carelane.testing.simulation.walks import walk

ROOT = Path(__file__).parents[1]
PARTS = 20
DEEDS = 9
_BEFORE = "clock: { kind: wall, warn: 2h, due: 4h, setting: urgent_triage_within }"
_AFTER = "clock: { kind: wall, warn: 2h, due: 3h }"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """How many facts and cases, in which time, and the most memory that a process took."""

    facts: int
    cases: int
    parted: int
    seconds: float
    cpu_seconds: float
    memory_bytes: int
    growth_bytes: int  # how much more of it than for a twentieth of the facts
    same_again: bool  # a part judged twice, by one process and by several, gives the same bytes

    def shown(self) -> Mapping[str, object]:
        """For the last line."""
        return {
            "facts": self.facts,
            "cases": self.cases,
            "parted": self.parted,
            "seconds": round(self.seconds, 1),
            "facts_per_second": round(self.facts / self.seconds),
            "cpu_us_per_fact": round(self.cpu_seconds / self.facts * 1e6),
            "memory_bytes": self.memory_bytes,
            "growth_bytes": self.growth_bytes,
            "same_again": self.same_again,
        }


def judged(facts: int, *, workers: int = 2) -> Judged:
    """Make a recording of at least so many facts, and judge it."""
    text = (ROOT / "pathways" / "referral-intake.yaml").read_text(encoding="utf-8")
    old, new = _definition(text), text.replace(_BEFORE, _AFTER)
    with _recorded(old, text, facts) as events:
        part = events / "part-00.jsonl"
        same = _bytes(part, old, new, workers) == _bytes(part, old, new, 1)
        memory = _memory()
        begun, spent = time.monotonic(), _cpu()
        with backtest(events, old=old, new_text=new, place="edited", workers=workers) as found:
            seconds, cpu = time.monotonic() - begun, _cpu() - spent
            lines = sum(1 for _ in found.lines())
            report = found.report
    if report.void or report.cases - report.same != lines or not lines:
        raise RuntimeError(f"the back-test of a clean recording is wrong: {report}")
    return Judged(
        facts=report.facts, cases=report.cases, parted=lines, seconds=seconds, cpu_seconds=cpu,
        memory_bytes=_memory(), growth_bytes=_memory() - memory, same_again=same,
    )  # fmt: skip


def _bytes(events: Path, old: Definition, new: str, workers: int) -> bytes:
    """The digest of a report and of all its lines."""
    with backtest(events, old=old, new_text=new, place="edited", workers=workers) as found:
        told = hashlib.sha256(msgspec.json.encode(found.report, order="deterministic"))
        for line in found.lines():
            told.update(line)
        return told.digest()


def _memory() -> int:
    """The most that a finished process of this one has held."""
    return getrusage(RUSAGE_CHILDREN).ru_maxrss * 1024


def _cpu() -> float:
    """What finished processes of this one have used."""
    used = getrusage(RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def _recorded(old: Definition, text: str, facts: int) -> Iterator[Path]:
    site = {
        path.name: path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "site").glob("*.yaml"))
    }
    snapshot, _ = load_site(site)
    late, published = Bound(snapshot), {old.digest: old}
    with tempfile.TemporaryDirectory(prefix="carelane-bench-") as name:
        part, made, seed = Path(name) / "part-00.jsonl", 0, 0
        with part.open("wb") as out:
            out.write(recording([], [old], {old.digest: text}, snapshot, ORGANISATION))
            while made * PARTS < facts:
                steps = walk([old], seed, late, deeds=DEEDS, orders=1)
                seed += 1
                one = history_of(steps, published)
                made += len(one.facts)
                out.write(encode(one) + b"\n")
        for number in range(1, PARTS):
            os.link(part, Path(name) / f"part-{number:02}.jsonl")
        yield Path(name)


def _definition(text: str) -> Definition:
    definition, problems = load(text, place="referral-intake")
    if definition is None:
        raise RuntimeError(json.dumps([each.line() for each in problems]))
    return definition
