"""The sections `inputs`, `variables`, `fields` and `pools`: what is read, copied, handed to."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Field, Input, InputType, PhraseTable, Reduce
from carelane.pathways.findings import Findings
from carelane.pathways.names import URGENCIES
from carelane.pathways.reader import Node, Record
from carelane.pathways.shape import Part, texts_of

AUTHORITIES = ("ehr", "payer", "patient", "carelane")
CODES_MAX = 400
_INPUT_KEYS = ("from", "type", "codes", "order", "reduce", "raise_only", "phrases")
_FIELD_KEYS = ("from", "label", "authority", "ttl", "required_for")


def read_inputs(
    top: Part,
    key: str,
    *,
    bound: bool = False,
    phrases: Mapping[str, PhraseTable] | None = None,
) -> dict[str, Input]:
    """`inputs` (each with `from`), or `variables` and what a sub-pathway needs (none)."""
    from_payload = key == "inputs" and not bound
    keys = (
        _INPUT_KEYS
        if from_payload
        else tuple(k for k in _INPUT_KEYS if k not in ("from", "reduce", "phrases"))
    )
    found = {}
    for name, part in top.parts(key, "Input" if from_payload else "Variable"):
        part.keys(keys, ("from",) if from_payload else ())
        found[name] = _input(name, part)
        if "phrases" in part.entries:
            found[name] = _by_phrases(found[name], part, phrases or {})
    return found


def _by_phrases(given: Input, part: Part, tables: Mapping[str, PhraseTable]) -> Input:
    """An input that reads text by an approved list: ordered, and it only rises."""
    name = part.text("phrases")
    table = tables.get(name)
    if table is None:
        part.findings.unknown("phrase table", name, part.place("phrases"), tables)
        return given
    if not given.ordered:
        part.findings.add(
            "no-order",
            part.place("phrases"),
            "What phrases mean only rises: it needs an order.",
            "Give the codes as `order: [lowest, ..., highest]`.",
        )
    for code in set(table.phrases.values()) - set(given.codes):
        part.findings.unknown("code of this input", code, part.place("phrases"), given.codes)
    return replace(
        given, phrase_table=name, phrases=table.phrases, raise_only=True, reduce=Reduce.MAX
    )


def _input(name: str, part: Part) -> Input:
    codes, aliases, ordered = _codes(part)
    type_ = InputType(part.one_of("type", list(InputType), InputType.CODE))
    reduce = Reduce(part.one_of("reduce", list(Reduce), Reduce.FIRST))
    raise_only = part.flag("raise_only")
    at = part.place("type")
    if codes and type_ is not InputType.CODE:
        part.findings.add(
            "codes", at, f"A {type_} has no codes.", "Remove `codes`, or write `type: code`."
        )
    if type_ is InputType.CODE and not codes and part.node("from") is not None:
        part.findings.add(
            "codes", part.at, "A code has a finite list.", "Add `codes: [...]`, or `order: [...]`."
        )
    unordered = type_ is InputType.BOOLEAN or (type_ is InputType.CODE and not ordered)
    if unordered and (reduce is Reduce.MAX or raise_only):
        part.findings.add(
            "no-order",
            part.place("reduce" if reduce is Reduce.MAX else "raise_only"),
            "Only what has an order has a greatest.",
            "Give the codes as `order: [lowest, ..., highest]`.",
        )
    _check_reduce(part, type_, reduce)
    return Input(
        name=name,
        path=part.path("from"),
        type=type_,
        codes=codes,
        ordered=ordered,
        reduce=reduce,
        raise_only=raise_only,
        aliases=aliases,
    )


def _check_reduce(part: Part, type_: InputType, reduce: Reduce) -> None:
    wanted = {Reduce.ANY: InputType.BOOLEAN, Reduce.COUNT: InputType.INTEGER}.get(reduce)
    if wanted is not None and type_ is not wanted:
        part.findings.add(
            "reduce",
            part.place("reduce"),
            f"`reduce: {reduce}` gives a {wanted}.",
            f"Write `type: {wanted}`.",
        )


def _codes(part: Part) -> tuple[tuple[str, ...], dict[str, str], bool]:
    ordered = "order" in part.entries
    if ordered and "codes" in part.entries:
        part.findings.add(
            "codes",
            part.place("order"),
            "Codes are a list or an order, not both.",
            "Keep one of the two.",
        )
    node = part.node("order" if ordered else "codes")
    if node is None:
        return (), {}, False
    codes, aliases = _listed(node, part.findings)
    if len(codes) > CODES_MAX:
        part.findings.add(
            "codes", node.at, f"More than {CODES_MAX} codes.", "Use fewer, coarser codes."
        )
    return codes, aliases, ordered


def _listed(node: Node, findings: Findings) -> tuple[tuple[str, ...], dict[str, str]]:
    """`[a, b]`, or `{a: [source codes], b: [...]}`: the source codes are the aliases."""
    if not isinstance(node, Record):
        return tuple(one.text for one in texts_of(node, findings, "codes")), {}
    aliases: dict[str, str] = {}
    for code, sources in node.entries.items():
        for source in texts_of(sources, findings, code):
            if aliases.setdefault(source.text.casefold(), code) != code:
                findings.add(
                    "twice",
                    source.at,
                    f"`{source.text}` already means another code.",
                    "Keep one of the two.",
                )
    return tuple(node.entries), aliases


def read_fields(top: Part) -> dict[str, Field]:
    """Copied fields, each with authority and time to live."""
    found = {}
    for name, part in top.parts("fields", "Field"):
        part.keys(_FIELD_KEYS, ("from", "label", "authority", "ttl"))
        found[name] = Field(
            name=name,
            path=part.path("from"),
            label=part.text("label", name),
            authority=part.one_of("authority", AUTHORITIES, "ehr"),
            ttl=part.span("ttl") or timedelta(0),
            required_for=part.words("required_for"),
        )
    return found


def read_pools(top: Part) -> dict[str, tuple[Urgency, ...]]:
    """Pools used, and the urgencies they serve."""
    section = top.part("pools", "`pools`")
    found = {}
    for name, node in section.entries.items():
        section.name(name, section.place(name))
        served = texts_of(node, section.findings, name)
        for one in served:
            if one.text not in URGENCIES:
                section.findings.unknown("urgency", one.text, one.at, URGENCIES)
        found[name] = tuple(Urgency[one.text.upper()] for one in served if one.text in URGENCIES)
    return found
