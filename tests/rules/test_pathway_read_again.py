"""A published text is read again by a faster parser, and means what it meant: the same nodes, the same pathway."""

from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # it ships no types
from hypothesis import given
from hypothesis import strategies as st

from carelane.pathways import reader
from carelane.pathways.findings import Findings
from carelane.pathways.loading import load
from carelane.pathways.reader import Many, Node, Record, Text, read_documents

ROOT = Path(__file__).parents[2]
TEXTS = {
    str(each.relative_to(ROOT)): each.read_text("utf-8")
    for folder in ("pathways", "site", "templates", "tests/rules/pathways")
    for each in sorted((ROOT / folder).rglob("*.yaml"))
}
SIGNS = " \n:-,[]{}#|>'\"ab1.é"


def _nodes(node: Node) -> object:
    """A node without its places."""
    match node:
        case Text():
            return (node.text, node.quoted)
        case Many():
            return [_nodes(each) for each in node.items]
        case Record():
            return {key: _nodes(each) for key, each in node.entries.items()}


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_of_ours_gives_the_same_nodes_at_the_same_places(name: str) -> None:
    strictly, again = Findings(), Findings()
    assert read_documents(TEXTS[name], strictly) == read_documents(
        TEXTS[name], again, accepted=True
    )
    assert strictly.problems == again.problems


@given(st.data())
def test_whatever_the_strict_reader_takes_means_the_same_again(data: st.DataObject) -> None:
    """Shipped texts with a few signs put in or taken out, wherever that leaves YAML 1.2."""
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    start = data.draw(st.integers(0, max(0, len(text) - 400)))
    text = text[text.find("\n", start) + 1 : start + 400]
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(st.sampled_from(["", *SIGNS]))
        text = text[:at] + put + text[at + (not put) :]
    findings = Findings()
    strictly = read_documents(text, findings)
    if findings.problems:
        return  # it would never have been published
    again = read_documents(text, Findings(), accepted=True)
    assert [_nodes(each) for each in again] == [_nodes(each) for each in strictly]


def test_a_text_that_only_the_strict_reader_takes_is_read_by_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the faster parser refuses, the strict one has the word."""

    def refuse(_text: str) -> object:
        raise yaml.YAMLError

    text = TEXTS["pathways/refill.yaml"]
    before = load(text + "\n")
    monkeypatch.setattr(reader, "_again", refuse)
    assert load(text + "\n\n", accepted=True) == before
    assert before[0] is not None
