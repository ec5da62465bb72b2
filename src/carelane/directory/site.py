"""The site's files (`site/*.yaml`) to a snapshot, with what is wrong: line, column and remedy.

Sections may stand in any file: organisation, sites, service_lines, people, pools, coverage,
calendars, connections, activations, settings, messages. Never raises on bad text. Names are checked across
files in `crossing`; the store keeps the texts, so that every version can be read again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import lru_cache

from carelane.directory import message_rules, sections
from carelane.directory.crossing import cross_check
from carelane.directory.reaching import MessageRules
from carelane.directory.reading import Row, top
from carelane.directory.snapshot import (
    ActivationRow,
    CalendarRow,
    ConnectionRow,
    Coverage,
    Person,
    Place,
    Pool,
    ServiceLine,
    Snapshot,
)
from carelane.facts.problem import Problem
from carelane.pathways.findings import Findings
from carelane.pathways.reader import Record, read

SECTIONS = (
    "organisation",
    "sites",
    "service_lines",
    "people",
    "pools",
    "coverage",
    "calendars",
    "connections",
    "activations",
    "settings",
    "second_factor",
    "sign_off",
    "messages",
)


@dataclass(slots=True)
class _Parts:
    """What the files gave so far."""

    names: list[tuple[str, str]] = field(default_factory=list)
    sites: dict[str, Place] = field(default_factory=dict)
    lines: dict[str, ServiceLine] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    coverage: list[Coverage] = field(default_factory=list)
    calendars: dict[str, CalendarRow] = field(default_factory=dict)
    connections: dict[str, ConnectionRow] = field(default_factory=dict)
    activations: list[ActivationRow] = field(default_factory=list)
    settings: dict[str, Mapping[str, timedelta]] = field(default_factory=dict)
    second_factor: list[str] = field(default_factory=list)
    sign_off: list[str] = field(default_factory=list)
    messages: list[MessageRules] = field(default_factory=list)


def load_site(
    files: Mapping[str, str], *, version: int = 1
) -> tuple[Snapshot, tuple[Problem, ...]]:
    """The snapshot of these files (name to text), and every problem; usable if none is an error."""
    return _loaded(tuple(sorted(files.items())), version)


@lru_cache(maxsize=8)
def _loaded(
    files: tuple[tuple[str, str], ...], version: int
) -> tuple[Snapshot, tuple[Problem, ...]]:
    """The same files say the same: they are read once in a process."""
    parts = _Parts()
    problems: list[Problem] = []
    for name, text in files:
        findings = Findings(file=name)
        _file(parts, top(read(text, findings), findings))
        problems.extend(_ours(problem) for problem in findings.problems)
    snapshot = _snapshot(parts, version)
    return snapshot, (*problems, *cross_check(snapshot, declared=len(parts.names)))


def _file(parts: _Parts, row: Row) -> None:
    row.only(*SECTIONS)
    if "organisation" in row.record.entries:
        parts.names.append((row.text("organisation"), row.text("organisation")))
    _all(row, parts.sites, "sites", ((n, sections.place(n, r)) for n, r in row.named("sites")))
    _all(
        row,
        parts.lines,
        "service_lines",
        ((n, sections.service_line(n, r)) for n, r in row.named("service_lines")),
    )
    _all(row, parts.people, "people", ((n, sections.person(n, r)) for n, r in row.named("people")))
    _all(row, parts.pools, "pools", ((n, sections.pool(n, r)) for n, r in row.named("pools")))
    _all(
        row,
        parts.calendars,
        "calendars",
        ((n, sections.calendar(n, r)) for n, r in row.named("calendars")),
    )
    _all(
        row,
        parts.connections,
        "connections",
        ((n, sections.connection(n, r)) for n, r in row.named("connections")),
    )
    parts.coverage.extend(c for r in row.rows("coverage") if (c := sections.coverage(r)))
    parts.activations.extend(a for r in row.rows("activations") if (a := sections.activation(r)))
    parts.second_factor.extend(row.words("second_factor"))
    parts.sign_off.extend(row.words("sign_off"))
    for name, each in row.named("settings"):
        parts.settings["" if name == "everywhere" else name] = each.durations()
    _messages(row, parts)


def _messages(row: Row, parts: _Parts) -> None:
    node = row.record.entries.get("messages")
    if node is None:
        return
    if not isinstance(node, Record) or parts.messages:
        row.wrong(
            "messages", "`messages` is one mapping, in one file.", "Write `messages: { ... }` once."
        )
        return
    parts.messages.append(message_rules.rules(Row(node, row.findings)))


def _all(
    row: Row, into: dict[str, sections.T], section: str, items: Iterable[tuple[str, sections.T]]
) -> None:
    for name, item in items:
        if name in into:
            row.wrong(section, f"`{name}` stands in two files.", "Keep one of the two.")
        into[name] = item


def _snapshot(parts: _Parts, version: int) -> Snapshot:
    pools = {
        name: replace(
            pool,
            members=tuple(p.name for p in parts.people.values() if name in p.pools),
        )
        for name, pool in parts.pools.items()
    }
    name, title = parts.names[0] if parts.names else ("", "")
    return Snapshot(
        organisation=name,
        title=title,
        version=version,
        sites=parts.sites,
        service_lines=parts.lines,
        people=parts.people,
        pools=pools,
        coverage=tuple(parts.coverage),
        calendars=parts.calendars,
        connections=parts.connections,
        activations=tuple(parts.activations),
        settings=parts.settings,
        second_factor=tuple(parts.second_factor),
        sign_off=tuple(dict.fromkeys(parts.sign_off)),
        messages=parts.messages[0] if parts.messages else MessageRules(),
    )


def _ours(problem: Problem) -> Problem:
    """The reader speaks of pathways; here it is a site's file."""
    code = problem.code.replace("pathway.", "site.", 1)
    if code == "site.not-a-pathway":
        return replace(
            problem,
            code="site.not-a-file",
            message="A site file is a mapping of sections.",
            remedy=f"Begin with one of: {', '.join(SECTIONS)}.",
        )
    return replace(problem, code=code)
