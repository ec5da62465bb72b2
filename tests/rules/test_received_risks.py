"""A risk is received, never computed; each that the vocabulary knows changes what people do, and by when."""

import re

import pytest

from carelane.facts.vocabulary import ROLES
from tests.rules.test_pathway_shipped import FILES, HOUSE, shipped
from tests.rules.texts import loaded
from tests.rules.trying import HEAD, missed

_BOOKED = "appointment.booked appointment=A1 visit=ordinary appointment_start=2026-12-10T15:00:00Z"
ACTIONS = {
    "appointment.noShowRisk": (
        "appointment-reminder",
        f"0m | {_BOOKED} risk={{risk}} | state waiting\n11d | nothing | {{after}}\n",
        {"high": "state calling; owner pool call-centre", "standard": "state messaging"},
    ),
    "encounter.followUpRisk": (
        "discharge-follow-up",
        "0m | patient.discharged encounter=E1 class=IMP risk={risk} | {after}\n",
        {
            "high": "state book-soon; urgency urgent; owner book-soon pool scheduling-desk; due book-soon 1d14h59m59s",
            "standard": "state book; urgency routine; owner book pool scheduling-desk; due book 3d14h59m59s",
        },
    ),
}
"""Of each prediction: the pathway that acts on it, what happens, and what must follow by its level."""


def predictions() -> set[str]:
    """What others predict, as the payload's parts list it: a name that ends in Risk."""
    return {
        f"{part}.{name}"
        for part, says in ROLES.items()
        for name in re.findall(r"`(\w+Risk)`", says)
    }


@pytest.mark.requirement("R138")
@pytest.mark.parametrize("path", sorted(ACTIONS))
def test_another_level_of_a_risk_is_other_work(path: str) -> None:
    """High and standard part in state, owner or clock; neither is a figure that somebody merely looks at."""
    name, text, after = ACTIONS[path]
    definition = shipped(name)
    for risk, follows in after.items():
        assert missed(definition, HEAD + text.format(risk=risk, after=follows)) == []
    assert len(set(after.values())) == len(after)


@pytest.mark.requirement("R138")
def test_no_prediction_is_received_without_an_action() -> None:
    """Each stands in the table above, and no shipped pathway reads one that doesn't."""
    read = {
        one.path
        for path in FILES
        for one in shipped(path.stem).inputs.values()
        if "Risk" in one.path
    }
    assert predictions() == read == set(ACTIONS)


def test_mutant_a_risk_that_nobody_acts_on_is_caught() -> None:
    """Discharges that are all booked alike fail the table."""
    name, table, after = ACTIONS["encounter.followUpRisk"]
    text = (HOUSE / f"pathways/{name}.yaml").read_text("utf-8")
    deaf = loaded(text.replace('[{ when: "risk = high", then: book-soon }, book]', "[book]"))
    assert missed(deaf, HEAD + table.format(risk="high", after=after["high"]))
