"""One state: final, or waiting with owner, clock and fallback.

Clocks are read by `clocks_reader`, edges by `edges_reader`, what stands inside blocks by `blocks_reader`.
"""

from collections.abc import Mapping

from carelane.facts.fact import Urgency
from carelane.pathways.clocks_reader import read_clock, read_fallback, read_levels, read_pause
from carelane.pathways.definition import Counter, Edge, Emit, Owner, OwnerKind, State, TaskKind
from carelane.pathways.edges_reader import read_edge, read_emit_list
from carelane.pathways.events_reader import KEYS
from carelane.pathways.names import URGENCIES, Names
from carelane.pathways.reader import Record
from carelane.pathways.shape import Part
from carelane.pathways.waits_reader import read_waits

COUNT_MAX = 1_000
EFFECT_ENDS = ("done", "refused", "needs-person")
_FINAL_KEYS = (
    "final",
    "title",
    "status",
    "milestone",
    "outcome",
    "effects",
    "enter",
    "leave",
)
_STATE_KEYS = (
    "title",
    "status",
    "milestone",
    "urgency",
    "task",
    "owner",
    "clock",
    "escalate",
    "fallback",
    "outcomes",
    "on",
    "effects",
    "effect_outcomes",
    "counters",
    "enter",
    "leave",
    "pause",
    "handover",
    "parallel",
    "for_each",
    "waits",
    "new",
)
_SHOWN = ("status", "milestone")
_INNER_FINAL_KEYS = ("final", "title", "outcome", "effects", "enter", "leave")
_NEEDED = ("status", "owner", "clock", "fallback")
_REMEDY = {
    "owner": "Add `owner: { pool: name }` or `{ role: name }`.",
    "clock": "Add `clock: { kind: wall, due: 4h }`.",
    "fallback": "Add `fallback: { state: name }`: where an expiry leads.",
    "status": "Add `status: code`, the published stage.",
}


def _title(name: str, part: Part) -> str:
    return part.text("title", name.replace("-", " ").replace("_", " ").capitalize())


def read_final(name: str, part: Part, names: Names, region: str = "") -> State:
    """A final state: it ends the case, or its region."""
    part.keys(_INNER_FINAL_KEYS if region else _FINAL_KEYS)
    return State(
        name=names.whole("state", name),
        region=region,
        title=_title(name, part),
        line=part.at.line,
        status="" if region else part.text("status", "closed"),
        milestone=part.text("milestone"),
        final=True,
        outcome=part.text("outcome", name),
        effects=_effects(part, names),
        enter=_emits(part, "enter", names),
        leave=_emits(part, "leave", names),
    )


def read_waiting(
    name: str, part: Part, names: Names, tasks: Mapping[str, TaskKind], region: str = ""
) -> State:
    """A state that waits; in a region it shows its block's status."""
    part.keys(tuple(key for key in _STATE_KEYS if not region or key not in _SHOWN))
    for key in _NEEDED:
        if key not in part.entries and not (region and key in _SHOWN):
            part.findings.add(
                f"no-{key}", part.at, f"State `{name}` waits without {key}.", _REMEDY[key]
            )
    whole = names.whole("state", name)
    clock = read_clock(part, names, whole) if "clock" in part.entries else None
    task = names.use("task", part.text("task"), part.place("task"))
    urgency = part.one_of("urgency", URGENCIES)
    return State(
        name=whole,
        region=region,
        title=_title(name, part),
        line=part.at.line,
        status=part.text("status"),
        milestone=part.text("milestone"),
        urgency=Urgency[urgency.upper()] if urgency else None,
        task=task,
        owner=_owner(part, names) if "owner" in part.entries else None,
        clock=clock,
        escalate=read_levels(part, names),
        fallback=read_fallback(part, names),
        outcomes=_outcomes(name, part, names, tasks.get(task)),
        on=read_on(part, names),
        effects=_effects(part, names),
        effect_outcomes=_ends(part, names),
        counters=_counters(part, names, tasks.get(task)),
        enter=_emits(part, "enter", names),
        leave=_emits(part, "leave", names),
        pause=read_pause(part, clock),
        wait_form=_handover(part, names),
        waits=read_waits(part, names),
        new=_new(part),
    )


def _owner(part: Part, names: Names) -> Owner:
    owner = part.part("owner", "`owner`")
    owner.keys(("pool", "role", "person", "table", "else"))
    kinds = [kind for kind in OwnerKind if kind in owner.entries]
    if len(kinds) != 1:
        part.findings.add(
            "owner", owner.at, "An owner is one pool, role or person.", "Write `{ pool: name }`."
        )
        return Owner(kind=OwnerKind.POOL, name="")
    kind = kinds[0]
    name = owner.text(kind)
    if name == "each" and names.answer and kind is not OwnerKind.PERSON:
        name = names.answer
    if kind is OwnerKind.PERSON:
        owner.one_of(kind, ("last_actor",))
        if "else" not in owner.entries:
            part.findings.add(
                "owner", owner.at, "Nobody may have acted yet.", "Add `else: role` or `else: pool`."
            )
    else:
        names.use(kind.value, name, owner.place(kind))
    otherwise, table = owner.text("else"), owner.text("table")
    names.use("pool or role", otherwise, owner.place("else"))
    whole = names.use("table output", table, owner.place("table"))
    if table and names.outputs.get(table, "pool") != "pool":
        part.findings.add(
            "owner",
            owner.place("table"),
            f"`{table}` does not answer with a pool.",
            "Name a pool's table.",
        )
    return Owner(kind=kind, name=name, table=whole, otherwise=otherwise)


def _outcomes(name: str, part: Part, names: Names, task: TaskKind | None) -> dict[str, Edge]:
    section = part.part("outcomes", "`outcomes`")
    found = {
        key: read_edge(node, names, f"Outcome `{key}`") for key, node in section.entries.items()
    }
    expected = task.outcomes if task else ()
    for key in found:
        if key not in expected:
            part.findings.unknown("outcome of this state's task", key, section.place(key), expected)
    for key in expected:
        if key not in found:
            part.findings.add(
                "outcome-without-edge",
                section.at if found else part.at,
                f"State `{name}` does not say where outcome `{key}` leads.",
                f"Add `{key}: state`.",
            )
    for key, edge in found.items():
        if edge.ignore:
            part.findings.add(
                "outcome-without-edge",
                section.place(key),
                "An outcome can't be ignored.",
                "Name a state.",
            )
    return found


def read_on(part: Part, names: Names) -> dict[str, Edge]:
    """`on`: an edge for each event."""
    section = part.part("on", "`on`")
    found = {}
    for event, node in section.entries.items():
        names.use("event", event, section.place(event))
        found[event] = read_edge(node, names, f"Event `{event}`")
    return found


def _new(part: Part) -> tuple[str, ...]:
    keys = part.words("new")
    for key in keys:
        if key not in KEYS:
            part.findings.unknown("correlation key", key, part.place("new"), KEYS)
    return keys


def _effects(part: Part, names: Names) -> tuple[str, ...]:
    return tuple(names.use("effect", one, part.place("effects")) for one in part.words("effects"))


def _ends(part: Part, names: Names) -> dict[str, Edge]:
    section = part.part("effect_outcomes", "`effect_outcomes`")
    section.keys(EFFECT_ENDS)
    if section.entries and "effects" not in part.entries:
        part.findings.add(
            "effect-outcomes", section.at, "This state starts no effect.", "Add `effects: [name]`."
        )
    return {
        key: read_edge(node, names, f"Effect outcome `{key}`")
        for key, node in section.entries.items()
        if key in EFFECT_ENDS
    }


def _counters(part: Part, names: Names, task: TaskKind | None) -> tuple[Counter, ...]:
    section = part.part("counters", "`counters`")
    found = []
    for name, node in section.entries.items():
        counter = Part(node, part.findings, f"Counter `{name}`")
        counter.keys(("add", "max"), ("add", "max"))
        add = counter.text("add", "enter")
        outcomes = task.outcomes if task else ()
        if isinstance(node, Record) and add != "enter" and add not in outcomes:
            part.findings.unknown("outcome", add, counter.place("add"), ("enter", *outcomes))
        whole = names.whole("counter", name)
        names.write(whole, section.place(name))
        found.append(
            Counter(name=whole, add=add, max=counter.number("max", least=1, most=COUNT_MAX))
        )
    return tuple(found)


def _emits(part: Part, key: str, names: Names) -> tuple[Emit, ...]:
    node = part.node(key)
    return () if node is None else read_emit_list(node, names)


def _handover(part: Part, names: Names) -> tuple[str, ...]:
    return tuple(
        names.use("copied field", one, part.place("handover")) for one in part.words("handover")
    )
