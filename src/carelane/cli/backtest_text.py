"""A back-test's report as people read it, and as one JSON document."""

from collections.abc import Iterable, Iterator
from typing import Any, TextIO

import msgspec

from carelane.proofs.backtest import BacktestReport, encode

LINES_SHOWN_MAX = 50
VOID = 2


def status(report: BacktestReport) -> int:
    """The exit status. 0: nothing blocks; 1: it blocks; 2: void."""
    return VOID if report.void else int(report.blocks)


def write_document(out: TextIO, report: BacktestReport, lines: Iterable[bytes]) -> None:
    """Report and divergences as one document, in pieces: a long list is never held in memory."""
    out.write(encode(report).decode().removesuffix("}") + ',"divergences":[')
    if not report.void:
        out.writelines(("," if number else "") + raw.decode() for number, raw in enumerate(lines))
    out.write("]}\n")


def text(report: BacktestReport, lines: Iterable[bytes]) -> Iterator[str]:
    """The report, line by line, with the first divergences."""
    head = f"{report.new.pathway}@{report.new.version} against {report.old.version}"
    if report.void:
        yield f"{head}: VOID. Replaying the old release did not give what was recorded:"
        yield from map(_void, report.void)
        return
    yield f"{head}: {report.facts:,} facts of {report.subjects:,} subjects decided again as recorded"
    yield from _counts(report)
    for number, raw in enumerate(lines):
        if number == LINES_SHOWN_MAX:
            yield "... and more: `--json` lists all"
            return
        yield from _divergence(msgspec.json.decode(raw))


def _void(each: object) -> str:
    found: dict[str, Any] = msgspec.to_builtins(each)
    was, gives = found["recorded"] or "nothing", found["replayed"] or "nothing"
    return f"  subject {found['subject']}, {found['place']}: {found['what']} was {was}, the replay gives {gives}"


def _counts(report: BacktestReport) -> Iterator[str]:
    yield (
        f"cases {report.cases}: same {report.same}, safer {report.safer}, riskier {report.riskier},"
        f" needs a person {report.needs_a_person}"
    )
    if report.facts_ending_otherwise:
        yield f"facts of no case that would end otherwise: {report.facts_ending_otherwise}"
    if report.other_release:
        yield f"cases of other releases, not in scope: {report.other_release}"
    for why, number in report.left_out.items():
        yield f"subjects left out, {why}: {number}"
    if report.blocks:
        yield f"BLOCKS ACTIVATION: red-flag cases that would be routed down: {report.blocking_cases}"
    if report.assumes:
        yield f"A guess: {report.assumes}"


def _divergence(found: dict[str, Any]) -> Iterator[str]:
    flag = ", red flag" if found["red_flag"] else ""
    about = f"case {found['case']}" if found["case"] else f"fact {found['fact']}"
    yield f"{found['way']}{flag}: {about}, {found['type']} at {found['at']}"
    for each in found["partings"]:
        yield f"    {each['what']}: {each['old'] or 'nothing'} -> {each['new'] or 'nothing'}"
    cause = found["cause"]
    read = [f"{name} {value}" for name, value in cause["inputs"].items() if value is not None]
    told = f", read {', '.join(read)}" if read else ""
    yield f"    because: {cause['old'] or 'nothing'} -> {cause['new'] or 'nothing'}{told}"
    later = found.get("assuming_the_same")
    if later:
        yield f"    assuming the same: {_end(later['old'])} -> {_end(later['new'])}"


def _end(standing: dict[str, Any] | None) -> str:
    return "no case" if standing is None else str(standing["outcome"] or standing["status"])
