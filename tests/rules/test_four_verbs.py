"""Carelane routes, ranks, orchestrates and completes work: four verbs, and no answer of the core is a fifth."""

from typing import Final

import pytest

from carelane.cases.model import Case, Change, Emission, Step
from carelane.facts.intent import Intent
from carelane.pathways.loading import load
from tests.rules.test_pathway_shipped import HOUSE, shipped
from tests.rules.trying import HEAD, missed

ROUTE, RANK, ORCHESTRATE, COMPLETE, SAYS = "route", "rank", "orchestrate", "complete", "says"
DOES: Final = {
    Step: {
        "changes": ORCHESTRATE, "emissions": ORCHESTRATE, "released": ORCHESTRATE, "held": ORCHESTRATE,
        "fact": SAYS, "now": SAYS, "disposition": SAYS, "reason": SAYS, "reasons": SAYS,
    },
    Change: {
        "opened": ROUTE, "retasked": ROUTE, "notices": ROUTE, "parked": ROUTE, "intents": ORCHESTRATE,
        "withdrawn": ORCHESTRATE, "closed": COMPLETE, "before": SAYS, "after": SAYS, "fact": SAYS, "read": SAYS,
        "reasons": SAYS,
    },
}  # fmt: skip
"""Each part of the core's answer: which verb it does, or that it says why, when and of what."""
RANKED: Final = (Case, Emission, Intent)
"""Ranking is no answer of its own: urgency stands on the work and on all that is wanted for it."""


@pytest.mark.requirement("R13")
def test_the_core_answers_by_four_verbs_only() -> None:
    """A new part of an answer is red here until somebody says which verb it is; all four are there."""
    for answer, parts in DOES.items():
        assert set(answer.__struct_fields__) == set(parts)
    done = {verb for parts in DOES.values() for verb in parts.values()}
    assert done == {ROUTE, ORCHESTRATE, COMPLETE, SAYS}
    for kind in RANKED:
        assert "urgency" in kind.__struct_fields__


ROUTED, RANKED_URGENT = "state urgent-triage; owner pool urgent-triage", "urgency urgent"
REFERRED = f"""{HEAD}\
0m | referral.received referral=R1 performer=cardiology reasons=1 priority=urgent | {ROUTED}; {RANKED_URGENT}
2h | nothing | level 1; told covering-clinician
3h | task triage-referral declined decline_reason=duplicate | state declining; effect tell-declined
4h | effect tell-declined done | closed declined; no case
"""


@pytest.mark.requirement("R13")
def test_each_verb_shows_in_one_referral() -> None:
    """Sent to a pool; ranked; help called and the record told, in order; closed by what a person said."""
    assert missed(shipped("referral-intake"), REFERRED) == []


@pytest.mark.requirement("R13")
@pytest.mark.parametrize("output", ["diagnosis", "dose", "score", "text"])
def test_no_table_answers_beyond_the_four(output: str) -> None:
    """A pathway whose table would say anything but who, how soon, what next or how long is refused."""
    text = (HOUSE / "pathways/referral-intake.yaml").read_text("utf-8")
    asked = text.replace("output: urgency", f"output: {output}", 1)
    assert asked != text
    broken, problems = load(asked, place="x")
    assert broken is None
    assert any(one.code == "pathway.output" for one in problems)
