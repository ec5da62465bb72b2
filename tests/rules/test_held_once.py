"""The demo's "once" compares: an effect that counts as created is at the EHR exactly once, where the EHR said."""

from typing import Any

import pytest

from carelane.compose.judge import EFFECT_SYSTEM, Once, compare

CREATED = [{"id": "e1", "reference": "Task/1"}, {"id": "e2", "reference": ""}]


def _held(kind: str, key: str, *effects: str, system: str = EFFECT_SYSTEM) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": key,
        "identifier": [{"system": system, "value": each} for each in effects],
    }


@pytest.mark.invariant("I3")
@pytest.mark.parametrize(
    ("resources", "wanted"),
    [
        ([_held("Task", "1", "e1"), _held("Task", "2", "e2")], Once(created=2, once=2)),
        ([_held("Task", "1", "e1")], Once(created=2, once=1, missing=("e2",))),
        ([_held("Task", "1", "e1"), _held("Task", "3", "e1"), _held("Task", "2", "e2")],
         Once(created=2, once=1, several=("e1",))),
        ([_held("Task", "9", "e1"), _held("Task", "2", "e2")], Once(created=2, once=1, elsewhere=("e1",))),
        ([_held("Task", "1", "e1", system="other"), _held("Task", "2", "e2")],
         Once(created=2, once=1, missing=("e1",))),
        ([], Once(created=2, once=0, missing=("e1", "e2"))),
    ],
)  # fmt: skip
def test_each_created_effect_is_looked_for(resources: list[dict[str, Any]], wanted: Once) -> None:
    assert compare(CREATED, resources) == wanted
    assert compare(CREATED, resources).holds == (wanted.once == 2)
