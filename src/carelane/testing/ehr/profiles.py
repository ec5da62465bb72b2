"""Two EHRs as different as real ones are; the same pathways must pass on both."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class EhrProfile:
    """What one product does and how it errs.

    `stale_s`: its search (and so its If-None-Exist) may miss what was written up to so long ago.
    `atomic`: a transaction is all or nothing; else it answers 200 and keeps what went well.
    `takes_slot`: booking an appointment makes its slot busy; else the client does both.
    `minds_match`: a write whose If-Match names an older version is refused; else it goes through.
    `narrows`: by which parameters a search gives less of each resource; others are taken and ignored.
    `sorts`: a search answers in the order asked for; else in an order of its own.
    """

    name: str
    update_as_create: bool
    uuid_versions: bool
    atomic: bool
    takes_slot: bool
    stale_s: int
    page_size: int = 20
    minds_match: bool = True
    narrows: frozenset[str] = frozenset()
    sorts: bool = True


PROFILES: Final = {
    "a": EhrProfile(
        name="a",
        update_as_create=True,
        uuid_versions=False,
        atomic=True,
        takes_slot=True,
        stale_s=0,
        narrows=frozenset({"_elements", "_summary"}),
    ),
    "b": EhrProfile(
        name="b",
        update_as_create=False,
        uuid_versions=True,
        atomic=False,
        takes_slot=False,
        stale_s=30,
        page_size=5,
        narrows=frozenset({"_summary"}),
    ),
}
