"""Text to definition: `load(text) -> (definition, problems)`. Never raises on bad text, executes nothing.

The first half is `reader` (nodes with places); each `*_reader` reads a section; `checks` look across.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from carelane.facts.fact import SubjectKind
from carelane.facts.problem import Problem
from carelane.pathways.checks import check_events_handled, check_reachable, check_used
from carelane.pathways.definition import LANGUAGE, Definition, Edge, Input
from carelane.pathways.digest import digest
from carelane.pathways.edges_reader import read_edge
from carelane.pathways.events_reader import read_events
from carelane.pathways.findings import Findings, choose
from carelane.pathways.inputs_reader import read_fields, read_inputs, read_pools
from carelane.pathways.names import STAYS, URGENCIES, Names, counter
from carelane.pathways.places_reader import check_allowance, read_lanes, read_only_for
from carelane.pathways.reader import Many, Node, Record, Text, read
from carelane.pathways.shape import Part
from carelane.pathways.states_reader import read_states
from carelane.pathways.tables_reader import output_inputs, read_outputs, read_tables
from carelane.pathways.vendors import refuse
from carelane.pathways.work_reader import read_effects, read_tasks

TOUCHES = ("charting", "billing", "orders", "scheduling", "none")
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


def load(
    text: str | bytes, *, place: str = "", connections: Collection[str] = ()
) -> tuple[Definition | None, tuple[Problem, ...]]:
    """Read a pathway.

    Args:
        text: YAML 1.2, at most 512,000 characters of UTF-8.
        place: The file's name, put before each problem's line and column.
        connections: Names of the site's connections; a pathway that says one is refused.

    Returns:
        The definition and no problems, or None and every problem found in one run, in the order
        of the text's sections; each has line, column and remedy.
    """
    findings = Findings(file=place)
    document = read(text, findings)
    if document is None or findings.problems:
        return None, tuple(findings.problems)
    return of_document(document, findings, connections), tuple(findings.problems)


def of_document(
    document: Record, findings: Findings, connections: Collection[str] = ()
) -> Definition | None:
    """The definition of a document that is read already; None with findings where something is wrong."""
    refuse(document, findings, connections)
    definition = _definition(Part(document, findings, "The pathway"))
    if findings.problems:
        return None
    return replace(definition, digest=digest(definition))


def _definition(top: Part) -> Definition:
    top.keys(_KEYS, _REQUIRED)
    inputs, variables = read_inputs(top, "inputs"), read_inputs(top, "variables")
    fields, pools = read_fields(top), read_pools(top)
    names = _names(top, {**inputs, **variables})
    names.variables = variables
    names.copied, names.pools = frozenset(fields), frozenset(pools)
    outputs = read_outputs(top)
    tables = read_tables(top, outputs, names)
    for table in outputs.values():
        names.fields = {**names.fields, **output_inputs(table, names)}
        names.outputs = {**names.outputs, **{one: type_ for one, (type_, _) in table.items()}}
    name = top.text("pathway", "unnamed")
    top.name(name, top.place("pathway"))
    tasks = read_tasks(top, names)
    definition = Definition(
        name=name,
        version=top.text("version", "0"),
        language=top.number("language", least=LANGUAGE, most=LANGUAGE),
        title=top.text("title", name),
        subject=SubjectKind(top.one_of("subject", list(SubjectKind), SubjectKind.PATIENT)),
        touches=_touches(top),
        digest="",
        inputs=inputs,
        fields=fields,
        variables=variables,
        tables=tables,
        events=read_events(top, names),
        tasks=tasks,
        effects=read_effects(top, names),
        pools=pools,
        start=read_edge(node, names, "`start`") if (node := top.node("start")) else Edge(),
        everywhere=_everywhere(top, names),
        states=read_states(top, names, tasks),
        urgency=_urgency(top, names),
        requires=_requires(top),
        system=top.flag("system"),
        roles=tuple(sorted(names.roles)),
        only_for=read_only_for(top),
        lanes=read_lanes(top, names),
    )
    check_allowance(top, definition)
    _check(top, definition)
    return definition


def _names(top: Part, read_by_guards: Mapping[str, Input]) -> Names:
    """What is declared anywhere, before anything that uses it is read."""
    states = _section(top, "states")
    records = [node for node in states.values() if isinstance(node, Record)]
    counters = {name for node in records for name in _keys(node.entries.get("counters"))}
    statuses = [node.entries.get("status") for node in records]
    _check_counters(top, counters & set(read_by_guards))
    return Names(
        findings=top.findings,
        fields={**read_by_guards, **{name: counter(name) for name in counters}},
        tables=frozenset(_section(top, "tables")),
        events=frozenset(_section(top, "events")),
        tasks=frozenset(_section(top, "tasks")),
        effects=frozenset(_section(top, "effects")),
        roles=frozenset(top.words("roles")),
        states=frozenset(states),
        statuses=frozenset(node.text for node in statuses if isinstance(node, Text)),
        counters=frozenset(counters),
    )


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


def _touches(top: Part) -> tuple[str, ...]:
    touches = top.words("touches")
    for one in touches:
        if one not in TOUCHES:
            top.findings.unknown("area", one, top.place("touches"), TOUCHES)
    return touches


def _urgency(top: Part, names: Names) -> str:
    """The input or table output whose code is the case's urgency."""
    name = top.text("urgency")
    fits = {one for one, given in names.fields.items() if given.codes == URGENCIES}
    if name and name not in fits:
        top.findings.add(
            "urgency",
            top.place("urgency"),
            f"`{name}` is not an urgency.",
            f"{choose(name, fits)} Its codes are {', '.join(URGENCIES)}, in this order.",
        )
    return name


def _requires(top: Part) -> tuple[Mapping[str, str], ...]:
    node = top.node("requires")
    if node is None:
        return ()
    items = node.items if isinstance(node, Many) else (node,)
    parts = [Part(item, top.findings, "A requirement") for item in items]
    return tuple({key: part.text(key) for key in part.entries} for part in parts)


def _check(top: Part, definition: Definition) -> None:
    for branch in definition.start.branches:
        if branch.then in STAYS:
            top.findings.add(
                "start",
                top.place("start"),
                "A case starts in a state.",
                "Name a state, not `stay`.",
            )
    check_events_handled(top, definition)
    check_reachable(top, definition)
    check_used(top, definition)
