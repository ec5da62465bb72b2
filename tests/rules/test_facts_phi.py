"""Patient data in a box: it leaves by `reveal()` and by nothing else."""

import copy
import json
import pickle
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from carelane.facts.fact import Draft, Identifier
from carelane.facts.phi import Phi, PhiRefused

SECRET = "Zyx-canary-4711"
WAYS_OUT: dict[str, Callable[[Phi[str]], object]] = {
    "str": str,
    "format": lambda box: f"{box}",
    "percent": lambda box: "%s" % box,  # noqa: UP031  # the old way must be refused too
    "bytes": bytes,
    "equality": lambda box: box == SECRET,
    "inequality": lambda box: box != SECRET,
    "hash": hash,
    "set": lambda box: {box},
    "truth": bool,
    "iteration": list,
    "pickle": pickle.dumps,
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
}


def leaks(kind: type[Phi[str]]) -> list[str]:
    """The ways on which a box of this kind lets its content, or anything, out."""
    found = []
    for name, way in WAYS_OUT.items():
        try:
            way(kind(SECRET, "name"))
        except (PhiRefused, TypeError) as refused:
            if SECRET not in str(refused):
                continue
        found.append(name)
    return found


class PrintablePhi(Phi[str]):
    """The mutant: a box someone made convenient."""

    @override
    def __repr__(self) -> str:
        return self.reveal()

    __str__ = __repr__  # type: ignore[assignment]  # the planted defect


@pytest.mark.invariant("I13")
def test_patient_data_refuses_to_leave_its_box() -> None:
    assert leaks(Phi) == []


@pytest.mark.invariant("I13")
def test_mutant_a_printable_box_is_caught() -> None:
    assert leaks(PrintablePhi) == ["str", "percent"]


@pytest.mark.invariant("I13")
def test_json_refuses_patient_data() -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps({"name": Phi(SECRET)})


@pytest.mark.invariant("I13")
@given(st.text(min_size=9))
def test_the_representation_says_what_it_is_not_what_is_in_it(value: str) -> None:
    assert repr(Phi(value, "name")) == "<Phi name>"
    assert repr([Phi(value)]) == "[<Phi value>]"


def test_reveal_is_the_way_out() -> None:
    assert Phi(SECRET).reveal() == SECRET


@pytest.mark.invariant("I13")
def test_a_draft_prints_neither_identifiers_nor_keys_nor_payload() -> None:
    draft = Draft(
        type="referral.received",
        occurred_at=None,
        payload=Phi({"patient": {"name": SECRET}}),
        identifiers=(Identifier(authority="HOSP", value=SECRET),),
        keys={"referral": SECRET},
    )
    assert SECRET not in repr(draft)
