"""When a drainer may wait at the bell: after a batch that left nothing behind and sent nothing on."""

import pytest

from carelane.engine.drain import Drained
from carelane.engine.loop import FEW, SMALL, all_taken


@pytest.mark.parametrize(
    ("done", "waits"),
    [
        (Drained(subjects=1, facts=1), True),
        (Drained(subjects=1, facts=1, effects=2), True),
        (Drained(subjects=2, facts=3, onward=1), False),
        (Drained(subjects=1, facts=SMALL), False),
        (Drained(subjects=FEW, facts=FEW), False),
        (Drained(subjects=1, facts=1, left=True), False),
    ],
)
def test_a_drainer_waits_only_when_it_knows_of_nothing_more(
    done: Drained,
    waits: bool,  # noqa: FBT001  # a column of the table
) -> None:
    """A fact sent to another subject, one that came meanwhile, or a full batch: looked after at once."""
    assert all_taken(done) is waits
