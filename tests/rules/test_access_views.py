"""Minimum necessary (I19): what may leave for which role, purpose and screen; and masking."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.access.masking import mask_date, mask_identifier, mask_name
from carelane.access.request import Purpose
from carelane.access.views import CARE_ROLES, DESK_ROLES, Screen, fields_of, only

PATIENT = {"patient_name", "patient_birth_date", "patient_identifier"}
ROLES = sorted(CARE_ROLES | DESK_ROLES | {"clinical-approver", "visitor"})


@pytest.mark.invariant("I19")
@pytest.mark.parametrize(("role", "purpose", "screen"), [*product(ROLES, Purpose, Screen)])
@pytest.mark.requirement("R118")
def test_only_care_for_a_purpose_of_care_sees_a_patient(
    role: str, purpose: Purpose, screen: Screen
) -> None:
    """Patient fields are masked for care staff, and there for nobody else."""
    fields = fields_of(frozenset({role}), purpose, screen)
    assert not fields.shown & PATIENT
    care = role in CARE_ROLES and purpose in (Purpose.TREAT, Purpose.ETREAT, Purpose.BTG)
    assert care or not fields.masked


@pytest.mark.invariant("I19")
def test_an_unlisted_field_does_not_leave() -> None:
    """A field that nobody listed is dropped, and a masked one needs revealing."""
    fields = fields_of(frozenset({"triage-nurse"}), Purpose.TREAT, Screen.TASK)
    values = {"title": 1, "patient_name": 2, "social_security": 3}
    assert only(fields, values) == {"title": 1}
    assert only(fields, values, revealed=True) == {"title": 1, "patient_name": 2}


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        (mask_name("Rosa", "Petrov"), "R••• P•••"),
        (mask_name("maría josé", "o'neil"), "M••• J••• O•••"),
        (mask_name(""), "•••"),
        (mask_identifier("MRN-0045213"), "•••213"),
        (mask_identifier("4521"), "•••"),
        (mask_date("1961-04-09"), "1961-•••"),
        (mask_date("?"), "•••"),
    ],
)
def test_masking(masked: str, expected: str) -> None:
    """Initials, three signs, the year."""
    assert masked == expected


@given(st.text(min_size=6))
def test_a_masked_identifier_hides_at_least_half(value: str) -> None:
    """No more than three signs of an identifier are ever shown."""
    shown = mask_identifier(value).removeprefix("•••")
    assert len(shown) <= 3


@pytest.mark.invariant("I19")
def test_a_patient_sees_how_far_it_is_and_nothing_else() -> None:
    """By the link of a message, and on no other screen and for no other purpose."""
    asked = product(Purpose, Screen)
    shown = {each: fields_of(frozenset({"patient"}), *each) for each in asked}
    assert {each: one.shown for each, one in shown.items() if one.shown | one.masked} == {
        (Purpose.PATRQT, Screen.STATUS): {"milestones", "closed_at", "due_at"}
    }
