"""What each adapter costs is counted, and each that sends is held to the sender suite."""

import pytest

from carelane.compose.connections import KINDS
from tools import adapter_cost
from tools.house.tree import Source, python


@pytest.mark.requirement("R28")
def test_every_adapter_that_sends_passes_the_sender_suite_and_is_counted() -> None:
    """A slice that nobody counted, or a sender that no test holds to the suite, is named."""
    found = {
        each.slice: each
        for each in adapter_cost.costs(python("src/"), python(adapter_cost.TESTS), KINDS)
    }
    folders = {each.path.split("/")[3] for each in python(adapter_cost.SLICES)} - {"__init__.py"}
    assert found.keys() == folders
    assert all(each.code > 0 and each.tests > 0 for each in found.values())
    sending = {
        name for name, each in found.items() if any(KINDS[kind].sender for kind in each.kinds)
    }
    assert {name for name, each in found.items() if "sender" in each.suites} >= sending
    assert "gateway" in found["sms"].suites


@pytest.mark.requirement("R28")
def test_a_planted_adapter_is_counted_by_hand() -> None:
    """Three lines of code in two files, two of its rig, one test of the suite; another's lines are not its own."""
    sources = [
        Source(path="src/carelane/connect/pager/adapter.py", text="a\n\nb\n"),
        Source(path="src/carelane/connect/pager/codec.py", text="c\n"),
        Source(path="src/carelane/connect/sms/codec.py", text="d\n"),
        Source(path="src/carelane/testing/conformance/pager_rig.py", text="e\nf\n"),
    ]
    test = "from carelane.connect.pager.adapter import a\nfrom carelane.testing.conformance import sender\n"
    [one] = adapter_cost.costs(sources, [Source(path="tests/adapters/t.py", text=test)], ["pager"])
    assert (one.code, one.rig, one.tests, one.suites) == (3, 2, 2, ("sender",))
    [alone] = adapter_cost.costs(sources, [], ["pager"])
    assert (alone.tests, alone.suites) == (0, ())
