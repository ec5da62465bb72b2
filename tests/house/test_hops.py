"""Each kind of hop has a declared control, and the tests that show it are there and say so."""

import ast
from collections.abc import Iterator

import pytest

from tools.hop_table import HOPS
from tools.house.tree import Source, python

KINDS = 6
FROM_A_LIST = {"src/carelane/engine/demo_clock.py"}
"""Where the door is the variable of a loop over names that stand there."""


def unshown(tests: dict[str, Source]) -> Iterator[str]:
    """Tests that a hop names and that aren't there, or don't carry the mark."""
    for hop in HOPS.values():
        for one in hop.shown:
            path, name = one.split("::")
            if path not in tests or name not in marked(tests[path]):
                yield one


def marked(source: Source) -> set[str]:
    """The functions of a file that are marked to show what is demanded of hops."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    functions = [node for node in ast.parse(source.text).body if isinstance(node, kinds)]
    return {
        each.name
        for each in functions
        if any("R104" in ast.unparse(decorator) for decorator in each.decorator_list)
    }


def talkative(source: Source) -> Iterator[str]:
    """Rings that say more than a door: anything but a word, or a word and the name of a connection."""
    for node in ast.walk(ast.parse(source.text)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "ring"
        ):
            [said] = node.args
            put_in = [
                ast.unparse(one.value)
                for one in ast.walk(said)
                if isinstance(one, ast.FormattedValue)
            ]
            plain = isinstance(said, ast.Constant | ast.JoinedStr) and set(put_in) <= {"name"}
            if not plain and source.path not in FROM_A_LIST:
                yield f"{source.path}:{node.lineno}: {ast.unparse(said)}"


@pytest.mark.requirement("R104")
def test_every_kind_of_hop_has_a_control_and_tests_that_show_it() -> None:
    """Six kinds; a control without a test, or with one that is gone or says nothing of it, is named."""
    assert len(HOPS) == KINDS
    assert all(hop.travels and hop.control and hop.shown for hop in HOPS.values())
    assert list(unshown({each.path: each for each in python("tests/")})) == []


@pytest.mark.requirement("R104")
def test_a_ring_between_processes_says_a_door_and_nothing_else() -> None:
    """What one process calls to another by NOTIFY is the name of a door."""
    assert [found for each in python("src/") for found in talkative(each)] == []


@pytest.mark.parametrize("said", ["patient.name", "f'drain/{number}'", "str(fact)"])
def test_mutant_a_ring_that_says_more_is_found(said: str) -> None:
    assert list(talkative(Source(path="src/carelane/x.py", text=f"bell.ring({said})")))
