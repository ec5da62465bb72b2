"""Visits in person and by video go one way: the same pathways, with what differs said by the kind of visit."""

import pytest

from tests.rules.test_pathway_shipped import shipped
from tests.rules.trying import missed

REQUESTED = """
test: by video, or in person by a new patient: a slot of 20 minutes is enough for one only
time | what happens | what must follow
0m | request.received request=Q1 about=appointment service=cardiology visit={visit} payer=public-plan | state offering
1h | task offer-time agreed slot=Slot/7 slot_start=2026-11-25T15:00:00Z slot_minutes=20 slot_kind={kind} | state {after}
"""

OFFER = (
    "offers.wanted slot=S1 slot_minutes=40 slot_notice=a-day slot_visit=telehealth"
    " slot_place=any slot_speaks=any from=S1"
)
FREED = """
test: a slot for visits by video is offered to who waits for one, and not to who must come
time | what happens | what must follow
0m | waitlist.joined request=Q1 visit={visit} from=ana | state waiting
1m | {offer} | {after}
"""


@pytest.mark.requirement("R121")
@pytest.mark.parametrize(
    ("visit", "kind", "after"),
    [
        ("telehealth", "video", "asking-slot"),
        ("telehealth", "in-person", "offering"),
        ("new-patient", "in-person", "offering"),
    ],
)
def test_a_visit_by_video_is_requested_as_one_in_person(visit: str, kind: str, after: str) -> None:
    """One pathway; the minutes that a slot must have, and its kind, follow the kind of visit."""
    held("scheduling-request", REQUESTED.format(visit=visit, kind=kind, after=after))


@pytest.mark.requirement("R121")
@pytest.mark.parametrize(
    ("visit", "after"),
    [
        ("telehealth", "state offered; sent offer.requested"),
        ("new-patient", "state waiting; sent offers.none"),
    ],
)
def test_a_freed_slot_by_video_goes_to_who_waits_for_one(visit: str, after: str) -> None:
    """The waitlist tells the two apart."""
    held("waitlist-entry", FREED.format(offer=OFFER, visit=visit, after=after))


def held(name: str, text: str) -> None:
    """Every row of the text is followed by what it says."""
    assert missed(shipped(name), text) == []
