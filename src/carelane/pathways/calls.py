"""Sub-pathways: found by name, bound to what the caller has, and read in a scope of their own.

Every name of a called sub-pathway becomes `caller/name`, so that one may be called several times; pools, roles and
events are the same for both. What it brings is merged into the pathway, so the release's digest covers it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Input, Table
from carelane.pathways.findings import Findings
from carelane.pathways.inputs_reader import read_inputs, read_pools
from carelane.pathways.names import Names, Sub, counter
from carelane.pathways.reader import Node, Record, Text, read
from carelane.pathways.regions import FORM, block_fields, inner_records
from carelane.pathways.shape import Part
from carelane.pathways.tables_reader import (
    answers_of,
    output_inputs,
    read_outputs,
    read_tables,
    sources,
)
from carelane.pathways.work_reader import read_effects, read_tasks

Brought = TypeVar("Brought")

DEPTH_MAX = 4
CALLS_MAX = 40
_LOCAL = ("state", "counter", "task", "effect", "table", "output", "table output", "variable")
_REQUIRED = ("sub", "version", "language", "title", "outcomes", "start", "states")
_KEYS = (*_REQUIRED, "needs", "inputs", "variables", "tables", "tasks", "effects", "pools", "roles")


@dataclass(frozen=True, slots=True)
class _Found:
    """A sub-pathway's text as nodes, and the findings of its file."""

    record: Record
    findings: Findings


def texts_of(
    documents: tuple[Record, ...], subs: Mapping[str, str], findings: Findings
) -> dict[str, _Found]:
    """Sub-pathways by name: those behind the pathway in its own text, then those given."""
    found: dict[str, _Found] = {}
    for record in documents:
        found.setdefault(_word(record, "sub"), _Found(record, findings))
    for name, text in subs.items():
        own = Findings(file=f"sub/{name}.yaml", problems=findings.problems)
        document = read(text, own) if name not in found else None
        if document is None:
            continue
        found[name] = _Found(document, own)
        if _word(document, "sub") != name:
            own.add(
                "name",
                document.at,
                f"This file does not begin with `sub: {name}`.",
                "Name it as its file.",
            )
    return found


class Calls:
    """Binds the calls of a pathway, and those inside what it calls."""

    def __init__(self, texts: Mapping[str, _Found]) -> None:
        self._texts = texts
        self.all: list[Sub] = []

    def bind(self, top: Part, names: Names, stack: tuple[str, ...] = ()) -> dict[str, Sub]:
        """The sub-pathway that each calling state calls."""
        found = {}
        for caller, record, section in inner_records(top.node("states")):
            if "call" in record.entries and len(self.all) < CALLS_MAX:
                part = Part(record, names.findings, f"Call `{caller}`")
                sub = self._sub(caller, part, names, stack)
                if sub is not None:
                    found[caller] = sub
            del section
        return found

    def _sub(self, caller: str, part: Part, names: Names, stack: tuple[str, ...]) -> Sub | None:
        name = part.text("call")
        text = self._texts.get(name)
        if text is None:
            part.findings.unknown("sub-pathway", name, part.place("call"), self._texts)
            return None
        if name in stack or len(stack) >= DEPTH_MAX:
            part.findings.add(
                "call",
                part.place("call"),
                f"`{name}` is called from inside itself, or deeper than {DEPTH_MAX}.",
                "A sub-pathway calls others, and ends.",
            )
            return None
        top = Part(text.record, text.findings, f"Sub-pathway `{name}`")
        top.keys(_KEYS, _REQUIRED)
        sub = _read(names.whole("state", caller), top, part, names)
        self.all.append(sub)
        sub.scope.calls = self.bind(top, sub.scope, (*stack, name))
        return sub


def _read(caller: str, top: Part, part: Part, names: Names) -> Sub:
    """A sub-pathway's sections in the scope of one call."""
    prefix = f"{caller}/"
    needs = top.part("needs", "`needs`")
    needs.keys(("inputs", "fields", "events"))
    own = {name: _own(one, prefix) for name, one in read_inputs(top, "inputs").items()}
    variables = {name: _own(one, prefix) for name, one in read_inputs(top, "variables").items()}
    fields = {**_bound(needs, part, names), **own, **variables}
    scope = _scope(top, prefix, names, fields)
    scope.events = frozenset(needs.words("events"))
    scope.variables = variables
    scope.given = _given(needs, part, names)
    scope.copied = frozenset(scope.given)
    _check_events(needs, part, names)
    tables = _tables(top, scope, prefix)
    tasks = {
        name: replace(one, name=f"{prefix}{name}") for name, one in read_tasks(top, scope).items()
    }
    scope.tasks = frozenset(tasks)
    effects = read_effects(top, scope)
    start = top.text("start")
    scope.use("state", start, top.place("start"))
    _check_leads(top, prefix, {"start": f"{prefix}{start}"}, top)
    failures = {name: one.on_failure for name, one in effects.items()}
    _check_leads(top, prefix, failures, top.part("effects", "`effects`"))
    return Sub(
        caller=caller,
        label=f"{top.text('sub')}@{top.text('version')}",
        top=top,
        scope=scope,
        outcomes=top.words("outcomes"),
        start=start,
        inputs=_whole(own),
        variables=_whole(variables),
        tables=tables,
        tasks={one.name: one for one in tasks.values()},
        effects={
            f"{prefix}{name}": replace(one, name=f"{prefix}{name}") for name, one in effects.items()
        },
    )


def _check_leads(top: Part, prefix: str, leads: Mapping[str, str], section: Part) -> None:
    """What is no edge leads to a state: an outcome is not the sub-pathway's own."""
    outcomes = {f"{prefix}{one}" for one in top.words("outcomes")}
    for key, state in leads.items():
        if state in outcomes:
            section.findings.add(
                "call",
                section.place(key),
                "This leads to an outcome, and must lead to a state.",
                "Name a state here; let an edge of it lead to the outcome.",
            )


def _own(given: Input, prefix: str) -> Input:
    """An input or variable of one call; a form's field is filled by the call's own tasks alone."""
    within = prefix if given.path.startswith(FORM) else ""
    return replace(given, name=f"{prefix}{given.name}", within=within)


def _whole(inputs: Mapping[str, Input]) -> dict[str, Input]:
    return {one.name: one for one in inputs.values()}


def _scope(top: Part, prefix: str, names: Names, fields: dict[str, Input]) -> Names:
    """The names a sub-pathway may use: what it declares itself, and what it says it needs."""
    inside = [(name, node) for name, node, _ in inner_records(top.node("states"))]
    states = top.part("states", "`states`").entries
    outcomes = top.words("outcomes")
    counters = {one for _, node in inside for one in _entries(node.entries.get("counters"))}
    local = {
        name: replace(one, name=f"{prefix}{name}")
        for name, one in block_fields(top.node("states")).items()
    }
    local |= {name: counter(f"{prefix}{name}") for name in counters}
    for clash in sorted(set(outcomes) & set(states)):
        top.findings.add(
            "twice", top.place("outcomes"), f"`{clash}` is a state and an outcome.", "Rename one."
        )
    return Names(
        findings=top.findings,
        fields={**fields, **local},
        tables=frozenset(_entries(top.node("tables"))),
        tasks=frozenset(_entries(top.node("tasks"))),
        effects=frozenset(_entries(top.node("effects"))),
        pools=frozenset(read_pools(top)),
        roles=frozenset(top.words("roles")),
        states=frozenset(states) | frozenset(outcomes),
        elsewhere=frozenset(name for name, _ in inside) - frozenset(states),
        statuses=names.statuses,
        counters=frozenset(counters),
        prefixes=dict.fromkeys(_LOCAL, prefix),
        later=names.later,
    )


def _bound(needs: Part, part: Part, names: Names) -> dict[str, Input]:
    """What guards inside read of the caller's: the same type, list and order, under the sub-pathway's own name."""
    wanted, given = read_inputs(needs, "inputs", bound=True), part.part("with", "`with`")
    known = {*wanted, *needs.words("fields")}
    given.keys(known)
    found = {}
    for name, want in wanted.items():
        theirs = names.fields.get(given.text(name, name))
        if theirs is None:
            part.findings.unknown(
                "field for a call", given.text(name, name), part.place("with"), names.fields
            )
        elif (theirs.type, theirs.codes) != (want.type, want.codes):
            part.findings.add(
                "call",
                part.place("with"),
                f"`{theirs.name}` is not what `{name}` needs.",
                "Give a field of the same type, with the same codes in the same order.",
            )
        found[name] = theirs or want
    return found


def _given(needs: Part, part: Part, names: Names) -> dict[str, str]:
    given = part.part("with", "`with`")
    return {
        name: names.use("copied field", given.text(name, name), part.place("with"))
        for name in needs.words("fields")
    }


def _check_events(needs: Part, part: Part, names: Names) -> None:
    for event in needs.words("events"):
        if event not in names.events:
            part.findings.unknown("event for a call", event, part.place("call"), names.events)


def _tables(top: Part, scope: Names, prefix: str) -> dict[str, Table]:
    outputs = read_outputs(top)
    tables = read_tables(top, outputs, scope)
    for table in outputs.values():
        scope.fields = {**scope.fields, **output_inputs(table, scope)}
        scope.outputs = {**scope.outputs, **{one: type_ for one, (type_, _) in table.items()}}
    scope.answers = answers_of(tables)
    found = {f"{prefix}{name}": _prefixed(table, prefix) for name, table in tables.items()}
    scope.reads = sources(found)
    return found


def _prefixed(table: Table, prefix: str) -> Table:
    """A table whose own outputs carry the call's name; what it reads has its whole name already."""
    return replace(
        table,
        name=f"{prefix}{table.name}",
        outputs={f"{prefix}{key}": one for key, one in table.outputs.items()},
        codes={f"{prefix}{key}": one for key, one in table.codes.items()},
        rows=tuple(
            replace(row, then={f"{prefix}{key}": one for key, one in row.then.items()})
            for row in table.rows
        ),
    )


def _entries(node: Node | None) -> tuple[str, ...]:
    return tuple(node.entries) if isinstance(node, Record) else ()


def _word(record: Record, key: str) -> str:
    node = record.entries.get(key)
    return node.text if isinstance(node, Text) else ""


def merged(own: Mapping[str, Brought], subs: Iterable[Mapping[str, Brought]]) -> dict[str, Brought]:
    """What the pathway declares with what it calls brings; their names differ."""
    return {**own, **{name: one for sub in subs for name, one in sub.items()}}


def pools_of(
    own: Mapping[str, tuple[Urgency, ...]], subs: list[Sub]
) -> dict[str, tuple[Urgency, ...]]:
    """The pathway's pools with those of what it calls; a pool is declared the same way everywhere."""
    found = dict(own)
    for sub in subs:
        for name, served in read_pools(sub.top).items():
            if found.setdefault(name, served) != served:
                sub.top.findings.add(
                    "pools",
                    sub.top.place("pools"),
                    f"Pool `{name}` serves other urgencies than the caller says.",
                    "Write the same urgencies in both.",
                )
    return found
