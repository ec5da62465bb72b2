"""The sections `phrases` and `red_flags`: what approvers other than the pathway's own have to agree to."""

from collections.abc import Iterator

from carelane.pathways.definition import PhraseTable, RedFlags
from carelane.pathways.inputs_reader import CODES_MAX
from carelane.pathways.names import Names
from carelane.pathways.phrases import words_of
from carelane.pathways.shape import Part, texts_of

PHRASE_CHARACTERS_MAX = 80


def read_phrases(top: Part) -> dict[str, PhraseTable]:
    """The section `phrases`: each table with its approvers and, by code, its phrases."""
    found = {}
    for name, part in top.parts("phrases", "Phrase table"):
        part.keys(("approvers", "phrases"), ("approvers", "phrases"))
        approvers = part.words("approvers")
        _two(part, approvers)
        found[name] = PhraseTable(name=name, approvers=approvers, phrases=_phrases(part))
    return found


def _phrases(part: Part) -> dict[str, str]:
    section = part.part("phrases", "`phrases`")
    found: dict[str, str] = {}
    for code, node in section.entries.items():
        for one in texts_of(node, section.findings, code)[:CODES_MAX]:
            words = " ".join(words_of(one.text))
            if not words or len(words) > PHRASE_CHARACTERS_MAX:
                section.findings.add(
                    "phrase", one.at, "This is no phrase.", "Write a few plain words."
                )
            elif found.setdefault(words, code) != code:
                section.findings.add(
                    "twice", one.at, f"`{words}` already means `{found[words]}`.", "Keep one."
                )
    return found


def read_red_flags(top: Part, names: Names) -> RedFlags | None:
    """`red_flags`: the codes of inputs and of table outputs that never go to a non-urgent owner."""
    if "red_flags" not in top.entries:
        return None
    part = top.part("red_flags", "`red_flags`")
    part.keys(("approvers", "inputs", "outputs", "instructions"), ("approvers",))
    _two(part, part.words("approvers"))
    inputs, outputs = _flags(part, "inputs", names), _flags(part, "outputs", names)
    if not inputs and not outputs:
        part.findings.add(
            "red-flags",
            part.at,
            "The red-flag list is empty.",
            "Name the codes: `inputs: { flag: [high] }`.",
        )
    shown = names.use("effect", part.text("instructions"), part.place("instructions"))
    return RedFlags(
        approvers=part.words("approvers"), inputs=inputs, outputs=outputs, instructions=shown
    )


def taken_off(before: RedFlags | None, after: RedFlags | None) -> tuple[str, ...]:
    """What a new list no longer says of an old one, as `inputs said = stat`: a release only extends it."""
    now = {*_said(after)} if after is not None else set[str]()
    return tuple(one for one in _said(before) if one not in now) if before is not None else ()


def _said(flags: RedFlags) -> Iterator[str]:
    for kind, listed in (("inputs", flags.inputs), ("outputs", flags.outputs)):
        for name, codes in listed.items():
            yield from (f"{kind} {name} = {code}" for code in codes)
    if flags.instructions:
        yield "instructions"


def _flags(part: Part, key: str, names: Names) -> dict[str, tuple[str, ...]]:
    section = part.part(key, f"`{key}`")
    found = {}
    for name in section.entries:
        given = names.fields.get(name)
        if given is None or (key == "outputs") != (name in names.outputs):
            section.findings.unknown(key[:-1], name, section.place(name), names.fields)
            continue
        codes = section.words(name)
        for code in set(codes) - set(given.codes or ("true", "false")):
            section.findings.unknown("code", code, section.place(name), given.codes)
        found[name] = codes
    return found


def _two(part: Part, approvers: tuple[str, ...]) -> None:
    if len(approvers) < 2:  # noqa: PLR2004  # two people
        part.findings.add(
            "approvers",
            part.place("approvers"),
            "A list like this has two approvers.",
            "Name two roles: `[medical-director, nursing-lead]`.",
        )
