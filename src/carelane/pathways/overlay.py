"""A service line's overlay on a shared pathway: `overlay(base text, overlay text) -> (overlaid, problems)`.

An overlay says only what differs: pools, clocks, settings, table rows, wording, as far as the base's `overlays` allows.
It can add and replace, never take away: there is no way to write that an owner, clock, fallback, outcome or level goes.
The result is a release of the same pathway, with a digest of its own; `changes` has the single changes.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from carelane.facts.fact import Json
from carelane.facts.problem import Problem
from carelane.pathways.changes import SECTIONS, apply
from carelane.pathways.definition import Definition
from carelane.pathways.findings import Findings
from carelane.pathways.loading import bundle, of_documents
from carelane.pathways.places_reader import PLACES
from carelane.pathways.reader import Many, Node, Record, Text, placed, read, read_documents
from carelane.pathways.shape import Part

_HEAD = ("overlay", "version", "of", "for")
_KEYS = (*_HEAD, *SECTIONS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlaid:
    """A base with an overlay on it. `text` is the whole result in one self-contained text: what is published."""

    name: str
    of: str
    definition: Definition
    text: str


def base_of(text: str | bytes) -> str | None:
    """The name of the pathway that a text lies over; None if it is no overlay."""
    documents = read_documents(text, Findings())
    if not documents or "overlay" not in documents[0].entries:
        return None
    node = documents[0].entries.get("of")
    return node.text if isinstance(node, Text) else ""


def overlay(  # noqa: PLR0913  # two texts, each with its place
    base: str | bytes,
    text: str | bytes,
    *,
    base_place: str = "",
    place: str = "",
    connections: Collection[str] = (),
    subs: Mapping[str, str] | None = None,
) -> tuple[Overlaid | None, tuple[Problem, ...]]:
    """The base with the overlay on it.

    Args:
        base: The text of the pathway it is an overlay of.
        text: The overlay.
        base_place: The base file's name; a problem that lies in the base names it.
        place: The overlay file's name; a problem that lies in the overlay names it.
        connections: Names of the site's connections; a text that says one is refused.
        subs: Texts of the sub-pathways that the base may call, by name.

    Returns:
        The result and no problems, or None and every problem found, each in the file where it must be mended.
    """
    findings = Findings(file=base_place)
    own = Findings(file=place)
    below, above = read_documents(base, findings), read(text, own)
    findings.problems.extend(own.problems)
    if not below or above is None or findings.problems:
        return None, tuple(findings.problems)
    part = Part(placed(above, place), findings, "The overlay")
    merged = _merged(below[0], part)
    definition = of_documents((merged, *below[1:]), findings, connections, subs)
    if definition is None or findings.problems:
        return None, tuple(findings.problems)
    whole = bundle(_text(merged, *below[1:]), definition, subs or {})
    name = part.text("overlay")
    return Overlaid(name=name, of=definition.name, definition=definition, text=whole), ()


def _merged(base: Record, over: Part) -> Record:
    over.keys(_KEYS, _HEAD)
    name = over.text("overlay", "unnamed")
    over.name(name, over.place("overlay"))
    of, pathway = over.text("of"), _word(base, "pathway")
    if "of" in over.entries and of != pathway:
        over.findings.add(
            "overlay", over.place("of"), f"This lies over `{of}`, not `{pathway}`.",
            "Give the text of that pathway, or correct `of`.",
        )  # fmt: skip
    changed = apply(base, over)
    version = f"{_word(base, 'version')}+{name}.{over.text('version', '0')}"
    head: dict[str, Node] = {"version": Text(version, over.place("version"), quoted=True)}
    scope = _scope(base, over)
    if scope is not None:
        head["only_for"] = scope
    return _with(changed, head)


def _scope(base: Record, over: Part) -> Record | None:
    """`for`: narrower than the base's `only_for`, never elsewhere."""
    given = over.part("for", "`for`")
    given.keys(PLACES)
    if "for" in over.entries and not given.entries:
        over.findings.add(
            "overlay", given.at, "`for` names a site or a service line.",
            "Write `for: { service_line: name }`.",
        )  # fmt: skip
    before = base.entries.get("only_for")
    below = before.entries if isinstance(before, Record) else {}
    for key, node in below.items():
        if key in given.entries and given.text(key) != (
            node.text if isinstance(node, Text) else ""
        ):
            over.findings.add(
                "overlay", given.place(key), f"The base is in force for another {key} only.",
                f"Write the base's, or leave `{key}` out.",
            )  # fmt: skip
    entries = {**below, **given.entries}
    return Record(entries, dict.fromkeys(entries, given.at), given.at) if entries else None


def _with(document: Record, head: dict[str, Node]) -> Record:
    places = {**dict.fromkeys(head, document.at), **document.places}
    return Record({**document.entries, **head}, places, document.at)


def _word(document: Record, key: str) -> str:
    node = document.entries.get(key)
    return node.text if isinstance(node, Text) else ""


def _text(*documents: Record) -> str:
    """The result as text: JSON is YAML, so `load` reads it, and nobody mistakes it for a file to edit."""
    return "\n---\n".join(
        json.dumps(_plain(each), ensure_ascii=False, indent=1) for each in documents
    )


def _plain(node: Node) -> Json:
    match node:
        case Text():
            return node.text
        case Many():
            return [_plain(one) for one in node.items]
        case Record():
            return {key: _plain(one) for key, one in node.entries.items()}
