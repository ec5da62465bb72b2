"""A text is read by a fast parser first, and means what the exact one says: the same nodes, the same pathway."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carelane.pathways import reader
from carelane.pathways.findings import Findings
from carelane.pathways.reader import Many, Node, Record, Text

ROOT = Path(__file__).parents[2]
TEXTS = {
    str(each.relative_to(ROOT)): each.read_text("utf-8")
    for folder in ("pathways", "site", "templates", "tests/rules/pathways")
    for each in sorted((ROOT / folder).rglob("*.yaml"))
}
SIGNS = " \n\t:-,[]{}#|>'\"ab1.é?!&*%@`\\/~"


def _nodes(node: Node) -> object:
    """A node without its places."""
    match node:
        case Text():
            return (node.text, node.quoted)
        case Many():
            return [_nodes(each) for each in node.items]
        case Record():
            return {key: _nodes(each) for key, each in node.entries.items()}


def _exactly(text: str) -> tuple[tuple[Node, ...] | None, bool]:
    """What the exact parser gives, and whether it found nothing wrong."""
    findings = Findings()
    return reader.exact_nodes(text, findings), not findings.problems


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_of_ours_gives_the_same_nodes_at_the_same_places(name: str) -> None:
    fast = reader.fast_nodes(TEXTS[name])

    assert fast is not None
    assert (fast, True) == _exactly(TEXTS[name])


def _assert_same(text: str) -> None:
    fast = reader.fast_nodes(text)
    if fast is None:
        return  # the exact one has the word
    exact, sound = _exactly(text)
    assert sound
    assert exact is not None
    assert [_nodes(each) for each in fast] == [_nodes(each) for each in exact]


@settings(max_examples=300)
@given(st.data())
def test_what_the_fast_parser_takes_the_exact_one_takes_as_the_same(data: st.DataObject) -> None:
    """Shipped texts with a few signs put in or taken out: also where that leaves YAML 1.2."""
    text = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))]
    start = data.draw(st.integers(0, max(0, len(text) - 400)))
    text = text[text.find("\n", start) + 1 : start + 400]
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(text)))
        put = data.draw(st.sampled_from(["", *SIGNS]))
        text = text[:at] + put + text[at + (not put) :]
    _assert_same(text)


@settings(max_examples=500)
@given(st.text(alphabet=SIGNS, max_size=30))
def test_so_it_is_with_any_text(text: str) -> None:
    _assert_same(text)


@pytest.mark.parametrize(
    "text",
    [
        "%YAML 1.1\n---\na: b\n",
        "a: 'b\u2028 c'\n",
        "a: b\x85c: d\n",
        "a: [b\n",
        "a: |\n  b\n",
        "|#a",
        "\ta: b\n",
        "a: b\na: c\n",
        "a: &x b\n",
        "a: *x\n",
        "a: !!str b\n",
    ],
)
def test_what_the_fast_parser_must_not_judge_it_leaves_to_the_exact_one(text: str) -> None:
    assert reader.fast_nodes(text) is None
