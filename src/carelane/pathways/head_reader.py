"""The head of a pathway: what it touches, what gives its urgency, and the promises that it must keep."""

from collections.abc import Mapping

from carelane.facts.intent import PATIENT_MESSAGE
from carelane.pathways.declared import EffectKind
from carelane.pathways.findings import choose
from carelane.pathways.names import URGENCIES, Names
from carelane.pathways.reader import Many
from carelane.pathways.shape import Part

TOUCHES = ("charting", "billing", "orders", "scheduling", "none")


def read_touches(top: Part) -> tuple[str, ...]:
    """`touches`."""
    touches = top.words("touches")
    for one in touches:
        if one not in TOUCHES:
            top.findings.unknown("area", one, top.place("touches"), TOUCHES)
    return touches


def read_urgency(top: Part, names: Names) -> str:
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


def read_milestones(top: Part, names: Names, effects: Mapping[str, EffectKind]) -> str:
    """The effect that tells each milestone to the patient: a message, about which nothing is waited for."""
    name = names.use("effect", top.text("milestones"), top.place("milestones"))
    kind = effects.get(name)
    if kind is not None and (kind.capability != PATIENT_MESSAGE or kind.undo):
        top.findings.add(
            "milestones",
            top.place("milestones"),
            f"`{name}` can't tell milestones.",
            "Name an effect of capability `patient.message`, without `undo`.",
        )
    return name


def read_requires(top: Part) -> tuple[Mapping[str, str], ...]:
    """`requires`: what must hold, apart from the states that keep it."""
    node = top.node("requires")
    if node is None:
        return ()
    items = node.items if isinstance(node, Many) else (node,)
    parts = [Part(item, top.findings, "A requirement") for item in items]
    return tuple({key: part.text(key) for key in part.entries} for part in parts)
