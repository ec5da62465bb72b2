"""Where a release may be in force, and what a service line may change of it: `only_for`, `lanes`, `overlays`.

`overlays` is read by `overlay` too, from the base's text: it says what an overlay may touch, and nothing at run time.
"""

from collections.abc import Mapping

from carelane.pathways.definition import Definition
from carelane.pathways.names import Names
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.shape import Part

PLACES = ("site", "service_line")
LANES = ("referral_type", "scheduling_lane")
ALLOWANCE = ("pools", "clocks", "settings", "tables", "wording")
WORDED = ("pathway", "states", "tasks", "fields", "translations")
ALL = "all"


def read_only_for(top: Part) -> dict[str, str]:
    """The site or service line outside which this release is never in force."""
    section = top.part("only_for", "`only_for`")
    section.keys(PLACES)
    return {key: section.text(key) for key in PLACES if key in section.entries}


def read_lanes(top: Part, names: Names) -> dict[str, str]:
    """Which input or table output says the referral type or scheduling lane a release is put in force for."""
    section = top.part("lanes", "`lanes`")
    section.keys(LANES)
    coded = {one for one, given in names.fields.items() if given.codes}
    found = {}
    for key in LANES:
        if key not in section.entries:
            continue
        found[key] = section.text(key)
        if found[key] not in coded:
            section.findings.unknown(
                "input or output with codes", found[key], section.place(key), coded
            )
    return found


def check_allowance(top: Part, definition: Definition) -> None:
    """`overlays` names states, tables and kinds of wording that exist."""
    section = top.part("overlays", "`overlays`")
    section.keys(ALLOWANCE)
    waiting = [state.name for state in definition.states.values() if not state.final]
    known: Mapping[str, tuple[str, ...]] = {
        "pools": tuple(waiting),
        "clocks": tuple(waiting),
        "settings": tuple(waiting),
        "tables": tuple(definition.tables),
        "wording": WORDED,
    }
    for key in ALLOWANCE:
        for name in section.words(key):
            if name not in (*known[key], ALL):
                section.findings.unknown(f"{key} part", name, section.place(key), known[key])


def allowed(document: Record, key: str) -> frozenset[str]:
    """What the base lets an overlay change under this key; `all` stands for whatever there is."""
    node = document.entries.get("overlays")
    given = node.entries.get(key) if isinstance(node, Record) else None
    return frozenset(_words(given))


def _words(node: Node | None) -> tuple[str, ...]:
    if node is None or isinstance(node, Record):
        return ()
    items = (node,) if isinstance(node, Text) else node.items
    return tuple(one.text for one in items if isinstance(one, Text))
