"""What people typed into forms, and how much of it a connected system already held. Pure.

Two ways of knowing it, from codes and declarations alone: the pathway declares a field of that form whose authority is
another system; or the case already had the same code from a message, in an input with the same codes. Where the person
gave another code it was a correction, not typing again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from carelane.measures.figures import Row
from carelane.pathways.declared import Input
from carelane.pathways.definition import Definition

_FORM = "task.form."
_OURS = frozenset({"carelane", "patient"})
NOWHERE, CORRECTED = "nowhere else", "corrected"


def typed(rows: Iterable[Row], definitions: Mapping[str, Definition]) -> Iterator[Row]:
    """A row for each field that a person gave: `task`, `field`, `held` (by whom, or not at all)."""
    for row in rows:
        release = definitions.get(row["release"])
        if release is None:
            continue
        known = _known(row["before"])
        for name, value in (row["form"] or {}).items():
            if value not in {None, ""}:
                yield {**row, "field": name, "held": _held(release, name, value, known), "value": None}  # fmt: skip


def _known(before: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """The last value of each input that earlier facts of the case gave."""
    found: dict[str, object] = {}
    for each in before or ():
        found.update(each)
    return found


def _held(release: Definition, name: str, value: object, known: Mapping[str, object]) -> str:
    path = _FORM + name
    for twin in _twins(release, path):
        if twin.name in known:
            return f"already told: {twin.name}" if known[twin.name] == value else CORRECTED
    others = {each.authority for each in release.fields.values() if each.path == path}
    others -= _OURS
    return f"kept by {min(others)}" if others else NOWHERE


def _twins(release: Definition, path: str) -> Iterator[Input]:
    """Inputs that messages fill with the codes that this field is answered in."""
    mine = [each for each in release.inputs.values() if each.path == path and each.codes]
    for each in release.inputs.values():
        if not each.path.startswith("task.") and each.codes in {one.codes for one in mine}:
            yield each
