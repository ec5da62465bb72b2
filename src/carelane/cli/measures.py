"""`measures`: what was counted in a period, from the committed history, with `n` and how each figure is counted."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

from carelane.cli.asking import answer, asking, instant, settings_flags, table
from carelane.compose.house import House
from carelane.facts.errors import SetupFault
from carelane.measures.against import Against, against
from carelane.measures.counted import Asked, count, history
from carelane.measures.definitions import MEANINGS
from carelane.measures.figures import PARTS, Figure

_DAYS = 30


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    one = commands.add_parser(
        "measures", help="touches, times, clocks, mis-routes and exceptions of a period"
    )
    one.add_argument(
        "--from", dest="from_at", metavar="INSTANT", help="30 days before the end unless told"
    )
    one.add_argument(
        "--to", dest="to_at", metavar="INSTANT", help="before this instant; now unless told"
    )
    one.add_argument("--pathway", help="only this one")
    one.add_argument("--at-site", help="only this site")
    one.add_argument("--service-line", help="only this one")
    one.add_argument("--by", default="pathway", help=f"parts to tell apart, of {', '.join(PARTS)}")
    one.add_argument(
        "--against", metavar="INSTANT", help="also compare with as long a period that began then"
    )
    one.add_argument(
        "--trace",
        choices=sorted(MEANINGS),
        help="what each number of this measure was counted from",
    )
    one.add_argument("--json", action="store_true", help="one document on the last line")  # fmt: skip
    settings_flags(one)
    one.set_defaults(run=asking(_run))


async def _run(options: argparse.Namespace, house: House) -> int:
    runtime = house.runtime
    asked = asked_of(options, runtime.now())
    definitions = runtime.releases.published
    earlier = before_of(options, asked)
    async with runtime.worker.snapshot() as tx:
        read = [await history(tx, each, definitions.values()) for each in (asked, *earlier)]
    figures, *was = (
        count(found, each, runtime.directory, definitions)
        for found, each in zip(read, (asked, *earlier), strict=True)
    )
    document: dict[str, object] = {
        "asked": asdict(asked),
        "figures": [_document(each, options.trace) for each in figures],
        "definitions": {name: asdict(each) for name, each in MEANINGS.items()},
    }
    lines = [*(_traced(figures, options.trace) if options.trace else _told(figures))]
    if was:
        compared = against(was[0], figures)
        document["against"] = {"asked": asdict(earlier[0]), **asdict(compared)}
        lines = [*_compared(compared)]
    answer(options, document, "\n".join(lines))
    return 0


def before_of(options: argparse.Namespace, asked: Asked) -> tuple[Asked, ...]:
    """The period to compare with, as long as the one asked for; none where none is wanted."""
    began = instant("--against", options.against)
    if began is None:
        return ()
    to_at = began + (asked.to_at - asked.from_at)
    if to_at > asked.from_at:
        raise SetupFault("the two periods overlap. Remedy: an earlier --against or a later --from")
    return (replace(asked, from_at=began, to_at=to_at),)


def asked_of(options: argparse.Namespace, now: datetime) -> Asked:
    """The question, or what is wrong with it."""
    to_at = instant("--to", options.to_at) or now
    from_at = instant("--from", options.from_at) or to_at - timedelta(days=_DAYS)
    if from_at >= to_at:
        raise SetupFault("the period ends before it begins. Remedy: put --from before --to")
    parts = tuple(dict.fromkeys(part.strip().replace("-", "_") for part in options.by.split(",")))
    if unknown := [part for part in parts if part not in PARTS]:
        raise SetupFault(f"--by knows no {', '.join(unknown)}. Remedy: some of {', '.join(PARTS)}")
    return Asked(from_at=from_at, to_at=to_at, pathway=options.pathway, site=options.at_site,
                 service_line=options.service_line, parts=parts)  # fmt: skip


def _told(figures: Sequence[Figure]) -> Iterator[str]:
    for name, meaning in MEANINGS.items():
        some = [each for each in figures if each.measure == name]
        unit = f" ({meaning.unit})" if meaning.unit else ""
        yield f"{meaning.title}{unit}. {meaning.counts}"
        rows = [_row(each) for each in some]
        yield table(rows, [*rows[0]]) if rows else "nothing in this period"
        yield ""


def _document(figure: Figure, trace: str | None) -> dict[str, object]:
    """A figure, with what it was counted from only where that was asked: it may be every fact of the period."""
    told = asdict(figure)
    return told if figure.measure == trace else {**told, "sources": ()}


def _traced(figures: Sequence[Figure], measure: str) -> Iterator[str]:
    """Each number, and below it what was counted, to be opened by `carelane case show` or in the audit."""
    for each in figures:
        if each.measure == measure:
            yield ", ".join(f"{name} {value}" for name, value in _row(each).items() if value != "")
            yield from (f"  {source}" for source in each.sources)


def _compared(found: Against) -> Iterator[str]:
    """What changed, then what it means."""
    rows: list[dict[str, object]] = [
        {**each.by, "dimension": each.dimension, "unit": each.unit, "before": _number(each.before),
         "after": _number(each.after), "": each.standing.value}
        for each in found.lines
    ]  # fmt: skip
    yield table(rows, [*rows[0]]) if rows else "nothing in either period"
    for one in found.verdicts:
        yield f"{', '.join(one.by.values()) or 'everything'}, {one.dimension}: {one.verdict.value}. {one.says}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _row(figure: Figure) -> dict[str, object]:
    row: dict[str, object] = {**figure.by, **figure.what, "n": figure.n}
    if "release" in row:
        row["release"] = str(row["release"])[:12]
    numbers = {"of": figure.of, "total": figure.total, "median": figure.median, "p90": figure.p90}
    return {
        **row,
        **{name: "" if value is None else f"{value:.10g}" for name, value in numbers.items()},
    }
