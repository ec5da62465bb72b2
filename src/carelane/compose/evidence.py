"""What an activation rests on, out of the real prover and a back-test's report file: the ports of `releases`."""

import hashlib
import json
from pathlib import Path
from typing import Any

from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.pathways.digest import plain
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Judgement
from carelane.releases.evidence import Judged, Proven

_SHOWN = 3


class NoReport(SetupFault):
    """This file is no report of a back-test: write one by `carelane pathway backtest ... --json`."""

    code = "no-report"


_KNOWN: dict[tuple[str, str], Proven] = {}


def proven(release: Definition, before: Definition | None) -> Proven:
    """The prover's verdict on a release, once in a process: it depends on nothing but the two releases."""
    key = (release.digest, before.digest if before is not None else "")
    if key not in _KNOWN:
        _KNOWN[key] = _judged(release, before)
    return _KNOWN[key]


def _judged(release: Definition, before: Definition | None) -> Proven:
    judged = prove(release, before=before)
    proof = json.dumps(plain(judged.proof), sort_keys=True, separators=(",", ":"))
    return Proven(
        release=judged.proof.release,
        holds=judged.proof.current(release.digest),
        verdict=judged.proof.verdict.value,
        digest=hashlib.sha256(proof.encode()).hexdigest(),
        says=_says(judged),
    )


def _says(judged: Judgement) -> str:
    shown = [each.message for each in judged.findings[:_SHOWN]]
    more = len(judged.findings) - len(shown)
    return " ".join([*shown, *([f"And {more} more."] if more else [])])


def report_of(file: Path) -> Judged:
    """What a back-test's report says: the last line of `carelane pathway backtest ... --json`.

    Raises:
        NoReport: the file is something else.
    """
    try:
        text = file.read_text(encoding="utf-8").strip().rpartition("\n")[2]
        report: dict[str, Any] = json.loads(text)
        old, new = report["old"]["digest"], report["new"]["digest"]
        blocks = bool(report["blocks"] or report.get("assumes"))
    except (OSError, ValueError, KeyError, TypeError):
        raise NoReport(f"{file} is no report of a back-test") from None
    return Judged(
        release=new,
        against=old,
        digest=hashlib.sha256(text.encode()).hexdigest(),
        blocks=_blocks(report) if blocks else (),
    )


def _blocks(report: dict[str, Any]) -> tuple[str, ...]:
    cases, void = report.get("blocking_cases") or 0, report.get("void_subjects") or 0
    said = []
    if report.get("assumes"):
        said.append("it assumes what followed, and such a report clears nothing")
    if cases:
        said.append(f"{cases} red-flag cases would have been routed down")
    if void:
        said.append(f"the replay of the old release leaves the record for {void} subjects")
    return tuple(said) or ("it says that it blocks",)
