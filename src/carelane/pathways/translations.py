"""A milestone's words in other languages: under its words in the pathway's own, each milestone in each language.

By the words and not by the state: the same milestone stands in several states and is translated once, and who changes
its words can't leave an old translation behind: the new words have none, and the loader says so.
"""

from collections.abc import Collection

from carelane.pathways.definition import Definition
from carelane.pathways.reader import Node, Record, Text
from carelane.pathways.regions import inner_records
from carelane.pathways.shape import Part

LETTERS_MAX = 160
"""A milestone is one short sentence or two: it has to go into a text message."""


def read_translations(top: Part) -> dict[str, dict[str, str]]:
    """`translations`: `{ language: { words: words } }`."""
    section = top.part("translations", "`translations`")
    found = {}
    for language, node in section.entries.items():
        section.name(language, section.place(language))
        part = Part(node, top.findings, f"`{language}`")
        found[language] = {words: part.text(words) for words in part.entries}
    return found


def check_translations(top: Part, definition: Definition) -> None:
    """Each milestone that is told fits into a message, and has words in each language that is named."""
    told = {state.milestone for state in definition.states.values()} - {""}
    if definition.milestones:
        for words in sorted(told):
            _check_length(top, words, "milestones")
    section = top.part("translations", "`translations`")
    if section.entries and not definition.milestones:
        top.findings.add(
            "milestones", section.at, "Nothing tells the milestones that are translated here.",
            "Name the effect that does: `milestones: name`.",
        )  # fmt: skip
    for language, node in section.entries.items():
        part = Part(node, top.findings, f"`{language}`")
        for words in part.entries:
            if words not in told:
                part.findings.unknown("milestone", words, part.place(words), told)
            _check_length(part, definition.translations[language][words], words)
        for words in sorted(told - part.entries.keys()):
            top.findings.add(
                "untranslated", section.place(language), f"`{words}` has no words in `{language}`.",
                "Add them, or leave the language out: then its speakers hear that there is news.",
            )  # fmt: skip


def _check_length(part: Part, words: str, key: str) -> None:
    if len(words) > LETTERS_MAX:
        part.findings.add(
            "milestones", part.place(key), f"`{words[:40]}...` has {len(words)} letters.",
            f"Say it in {LETTERS_MAX}.",
        )  # fmt: skip


def in_languages(definition: Definition, milestone: str) -> dict[str, str]:
    """The words of a milestone in each other language that the pathway has them in."""
    found = definition.translations.items()
    return {language: words[milestone] for language, words in found if milestone in words}


def without_strays(translations: Record, states: Node | None) -> Record:
    """The translations of milestones that a state still has: an overlay may have put other words there."""
    records = [record for _, record, _ in inner_records(states)]
    said = [record.entries.get("milestone") for record in records]
    told = {node.text for node in said if isinstance(node, Text)}
    kept = {language: _kept(node, told) for language, node in translations.entries.items()}
    return Record(kept, translations.places, translations.at)


def _kept(node: Node, told: Collection[str]) -> Node:
    if not isinstance(node, Record):
        return node
    entries = {words: one for words, one in node.entries.items() if words in told}
    return Record(entries, node.places, node.at)
