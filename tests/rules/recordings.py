"""Recordings of seeded referrals, made once a run, and edits of the shipped pathway by plain replacement."""

from functools import cache
from pathlib import Path

from carelane.directory.site import load_site
from carelane.directory.snapshot import Snapshot
from carelane.engine.late import Bound
from carelane.proofs.events import read_header, read_history
from carelane.proofs.judging import Verdict
from carelane.releases.backtest import judge_for
from carelane.testing.core.recording import history_of, recording
from carelane.testing.core.site import ORGANISATION
from carelane.testing.simulation.walks import walk
from tests.rules import texts
from tests.rules.texts import loaded

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "pathways" / "referral-intake.yaml").read_text(encoding="utf-8")


def edited(*changes: tuple[str, str]) -> str:
    """The shipped text with these parts replaced."""
    return texts.edited(TEXT, *changes)


@cache
def snapshot() -> Snapshot:
    """The example site."""
    files = sorted((ROOT / "site").glob("*.yaml"))
    return load_site({path.name: path.read_text(encoding="utf-8") for path in files})[0]


@cache
def recorded(lives: int = 40, deeds: int = 10) -> bytes:
    """A recording of so many referrals."""
    old, late = loaded(TEXT), Bound(snapshot())
    histories = [
        history_of(walk([old], seed, late, deeds=deeds, orders=1), {old.digest: old})
        for seed in range(lives)
    ]
    return recording(histories, [old], {old.digest: TEXT}, snapshot(), ORGANISATION)


def verdicts(new: str, raw: bytes = b"", *, old: str = TEXT) -> list[Verdict]:
    """What a back-test of a text says to each subject."""
    lines = (raw or recorded()).splitlines()
    judge = judge_for(read_header(lines[0], "head"), loaded(old), loaded(new))
    return [judge.judge(read_history(line, "line")) for line in lines[1:]]
