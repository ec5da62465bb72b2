"""Which of several cases an event is for (`several: { first, where, by }`): what `where` may ask, what is proved."""

import pytest

from carelane.pathways.loading import load
from carelane.proofs.prove import prove
from carelane.proofs.verdicts import Verdict
from tests.rules.test_brute import REPEATS, SMALL
from tests.rules.texts import loaded

STARTS = "inputs:\n  starts: {{ from: appointment.start, type: {kind} }}\n"
HEARD = """\
  {event}:
    keys: [referral]
    several: {{ first: 1, where: "{where}", by: [opened] }}
    none: {{ ignore: none of ours }}
"""
BOOKED = (
    "  appointment.booked: { keys: [referral], several: one, none: { ignore: none of ours } }\n"
)


def text(where: str, edge: str, *, event: str = "appointment.booked", kind: str = "instant") -> str:
    """A pathway in which an event for one chosen case leads to `rare`, if its edge does."""
    found = SMALL.format(
        head=STARTS.format(kind=kind), done="closed", fallback=REPEATS,
        states="  rare: { final: true, status: closed, outcome: rare }",
    )  # fmt: skip
    others = BOOKED if event != "appointment.booked" else ""
    heard = HEARD.format(event=event, where=where) + others
    edges = f"{event}: {edge}, " + ("appointment.booked: stay, " if others else "")
    found = found.replace("tasks:\n", f"{heard}tasks:\n", 1)
    return found.replace("everywhere: { ", f"everywhere: {{ {edges}", 1)


@pytest.mark.requirement("R131")
@pytest.mark.parametrize(
    ("where", "edge", "reached"),
    [
        ("until starts > 2d", "rare", True),
        ("until starts > 2d", "{ when: 'until starts <= 3d', then: rare, else: stay }", True),
        ("until starts > 2d", "{ when: 'until starts <= 2d', then: rare, else: stay }", False),
        ("until starts > 2d", "{ when: 'starts is missing', then: rare, else: stay }", False),
        ("not until starts > 2d", "{ when: 'starts is missing', then: rare, else: stay }", True),
        ("until starts > 3d and until starts < 1d", "rare", False),
        ("state = late and until starts > 2d", "rare", True),
    ],
)
@pytest.mark.parametrize("event", ["appointment.booked", "document.received"])
@pytest.mark.parametrize("kind", ["instant", "date"])
def test_time_left_decides_which_case_is_chosen(
    where: str, edge: str, kind: str, event: str, *, reached: bool
) -> None:
    """A state behind `until` in `where` and in the edge is out of reach if and only if the two exclude each other."""
    judged = prove(loaded(text(where, edge, event=event, kind=kind)))

    found = {each.rule: each.verdict for each in judged.findings}
    assert found == ({} if reached else {"states-reachable": Verdict.REFUTED})


@pytest.mark.requirement("R12")
@pytest.mark.parametrize(
    "where", ["elapsed > 2d", "until starts > 2d and not (starts is missing or elapsed < 1h)"]
)
def test_how_long_a_state_was_entered_does_not_choose_a_case(where: str) -> None:
    """It is refused where it stands, with what to ask instead."""
    given = text(where, "rare")
    definition, problems = load(given, place="here.yaml")

    before = given[: given.index("elapsed")]
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    assert definition is None
    assert [(one.code, one.place) for one in problems] == [
        ("pathway.guard", f"here.yaml, line {line}, column {column}")
    ]
    assert "`entered`" in problems[0].remedy
