"""Reads a pathway's whole record: its sections in the order in which they need each other, then checks across.

What is declared anywhere is known before anything that uses it is read, so that every name is checked where it stands.
"""

from collections.abc import Mapping, Sequence

from carelane.facts.fact import SubjectKind
from carelane.pathways.approved_reader import read_phrases, read_red_flags
from carelane.pathways.blocks_reader import States, read_states
from carelane.pathways.calls import Calls, merged, pools_of
from carelane.pathways.checks import (
    check_events_handled,
    check_language,
    check_loops,
    check_pauses,
    check_reachable,
    check_regions,
    check_used,
)
from carelane.pathways.definition import LANGUAGE, LANGUAGES, Definition, Edge, Input, Table
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.events_reader import read_events
from carelane.pathways.head_reader import read_milestones, read_requires, read_touches, read_urgency
from carelane.pathways.inputs_reader import read_fields, read_inputs, read_pools
from carelane.pathways.names import STAYS, Names, Sub, counter
from carelane.pathways.places_reader import check_allowance, read_lanes, read_only_for
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.regions import block_fields, inner_records
from carelane.pathways.seams import effects_sewn, events_sewn
from carelane.pathways.shape import Part
from carelane.pathways.tables_reader import (
    answers_of,
    output_inputs,
    read_outputs,
    read_tables,
    sources,
)
from carelane.pathways.translations import check_translations, read_translations
from carelane.pathways.waits_reader import closings, read_announces
from carelane.pathways.work_reader import read_effects, read_tasks

_KEYS = (
    "pathway",
    "version",
    "language",
    "subject",
    "title",
    "touches",
    "requires",
    "system",
    "urgency",
    "only_for",
    "lanes",
    "overlays",
    "inputs",
    "variables",
    "fields",
    "tables",
    "events",
    "tasks",
    "effects",
    "pools",
    "roles",
    "start",
    "everywhere",
    "states",
    "announces",
    "phrases",
    "red_flags",
    "milestones",
    "translations",
)
_REQUIRED = (
    "pathway",
    "version",
    "language",
    "subject",
    "title",
    "touches",
    "events",
    "start",
    "states",
)


def read_pathway(top: Part, calls: Calls) -> Definition:
    """All that a pathway's record says, without a digest; only whole where nothing was found."""
    top.keys(_KEYS, _REQUIRED)
    phrases = read_phrases(top)
    inputs, variables = read_inputs(top, "inputs", phrases=phrases), read_inputs(top, "variables")
    fields, pools = read_fields(top), read_pools(top)
    names = _names(top, {**inputs, **variables})
    names.variables = variables
    names.copied, names.pools = frozenset(fields), frozenset(pools)
    tables = _tables(top, names)
    name = top.text("pathway", "unnamed")
    top.name(name, top.place("pathway"))
    tasks, effects = read_tasks(top, names), read_effects(top, names)
    events = read_events(top, names)
    names.calls = calls.bind(top, names)
    subs = calls.all
    tasks = merged(tasks, (sub.tasks for sub in subs))
    effects = merged(effects, (sub.effects for sub in subs))
    states = read_states(top, names, tasks)
    seams = states.seams
    start = top.node("start")
    definition = Definition(
        name=name,
        version=top.text("version", "0"),
        language=top.number("language", least=LANGUAGES[0], most=LANGUAGE),
        title=top.text("title", name),
        subject=SubjectKind(top.one_of("subject", list(SubjectKind), SubjectKind.PATIENT)),
        touches=read_touches(top),
        digest="",
        inputs=merged(inputs, (sub.inputs for sub in subs)),
        fields=fields,
        variables=merged(variables, (sub.variables for sub in subs)),
        tables=merged(tables, (sub.tables for sub in subs)),
        events={**events_sewn(events, seams), **closings(states.found)},
        tasks=tasks,
        effects=effects_sewn(effects, seams),
        pools=pools_of(pools, subs),
        start=seams.edge(read_edge(start, names, "`start`")) if start else Edge(),
        everywhere=seams.edges(_everywhere(top, names)),
        states={key: seams.sewn(one) for key, one in states.found.items()},
        urgency=read_urgency(top, names),
        requires=read_requires(top),
        system=top.flag("system"),
        roles=tuple(sorted(names.roles.union(*(sub.scope.roles for sub in subs)))),
        announces=read_announces(top),
        phrases=phrases,
        red_flags=read_red_flags(top, names),
        milestones=read_milestones(top, names, effects),
        translations=read_translations(top),
        calls={sub.caller: sub.label for sub in subs},
        only_for=read_only_for(top),
        lanes=read_lanes(top, names),
    )
    check_allowance(top, definition)
    check_translations(top, definition)
    _check(top, definition, states, subs)
    check_pauses(definition, names.later)
    return definition


def _names(top: Part, read_by_guards: Mapping[str, Input]) -> Names:
    """What is declared anywhere, before anything that uses it is read."""
    states = _section(top, "states")
    records = [node for node in states.values() if isinstance(node, Record)]
    inside = [(name, node) for name, node, _ in inner_records(top.node("states"))]
    counters = {name for _, node in inside for name in _keys(node.entries.get("counters"))}
    statuses = [node.entries.get("status") for node in records]
    _check_counters(top, counters & set(read_by_guards))
    return Names(
        findings=top.findings,
        fields={
            **read_by_guards,
            **{name: counter(name) for name in counters},
            **block_fields(top.node("states")),
        },
        tables=frozenset(_section(top, "tables")),
        events=frozenset(_section(top, "events")),
        tasks=frozenset(_section(top, "tasks")),
        effects=frozenset(_section(top, "effects")),
        roles=frozenset(top.words("roles")),
        states=frozenset(states),
        elsewhere=frozenset(name for name, _ in inside) - frozenset(states),
        statuses=frozenset(node.text for node in statuses if isinstance(node, Text)),
        counters=frozenset(counters),
    )


def _tables(top: Part, names: Names) -> Mapping[str, Table]:
    """The tables; from then on guards may read what these answer."""
    outputs = read_outputs(top)
    tables = read_tables(top, outputs, names)
    for table in outputs.values():
        names.fields = {**names.fields, **output_inputs(table, names)}
        names.outputs = {**names.outputs, **{one: type_ for one, (type_, _) in table.items()}}
    names.reads, names.answers = sources(tables), answers_of(tables)
    return tables


def _section(top: Part, key: str) -> Mapping[str, Node]:
    node = top.node(key)
    return node.entries if isinstance(node, Record) else {}


def _keys(node: Node | None) -> tuple[str, ...]:
    return tuple(node.entries) if isinstance(node, Record) else ()


def _check_counters(top: Part, clashes: set[str]) -> None:
    for name in sorted(clashes):
        top.findings.add(
            "twice",
            top.place("states"),
            f"Counter `{name}` has the name of an input.",
            "Give the counter a name of its own.",
        )


def _everywhere(top: Part, names: Names) -> dict[str, Edge]:
    section = top.part("everywhere", "`everywhere`")
    found = {}
    for event, node in section.entries.items():
        names.use("event", event, section.place(event))
        found[event] = read_edge(node, names, f"Event `{event}`")
    return found


def _check(top: Part, definition: Definition, states: States, subs: Sequence[Sub]) -> None:
    check_language(top, definition.language)
    for branch in definition.start.branches:
        if branch.then in STAYS:
            top.findings.add(
                "start",
                top.place("start"),
                "A case starts in a state.",
                "Name a state, not `stay`.",
            )
    check_regions(definition, states.places)
    check_loops(definition, states.places)
    check_events_handled(definition, states.places)
    check_reachable(top, definition, states.places)
    check_used(top, "", definition)
    for sub in subs:
        check_used(sub.top, f"{sub.caller}/", definition)
