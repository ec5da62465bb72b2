"""How facts find, open, wait for and bring back cases (SEMANTICS 2). The core is `carelane.cases`."""

from datetime import timedelta

import pytest

from carelane.cases.model import Disposition
from carelane.facts.fact import Fact, Json, SubjectKind, Urgency
from carelane.facts.replacing import replace
from carelane.pathways.definition import Definition, NoCase, Several
from carelane.testing.core.pathways import critical, referral
from carelane.testing.core.play import Play
from carelane.testing.core.site import NOON, PATIENT, definitions_of, fact, view_of

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def referred(
    key: str = "p1", *, after: timedelta = timedelta(0), priority: str = "routine", **keys: str
) -> Fact:
    """A referral message."""
    request: dict[str, Json] = {"priority": priority, "specialty": "cardiology", "reason": "x"}
    return fact(
        "referral.received",
        at=NOON + after,
        keys={"placer_order": key, **keys},
        payload={"request": request},
    )


def about(kind: str, key: str = "p1", *, after: timedelta = timedelta(0)) -> Fact:
    """Another fact about the same order."""
    return fact(kind, at=NOON + after, keys={"placer_order": key})


def play(*definitions: Definition) -> Play:
    return Play(definitions=definitions_of(*(definitions or (referral(),))))


def test_a_referral_opens_a_case_with_owner_clock_fallback_and_task() -> None:
    """One fact, one case, one open step that nobody can lose."""
    game = play()
    decided = game.tell(referred(priority="urgent"))
    assert decided.disposition is Disposition.APPLIED
    case, step = game.case(), game.open_step()
    assert (case.status, case.urgency, case.unique) == (
        "in-triage",
        Urgency.URGENT,
        ("placer_order", "p1"),
    )
    assert (step.owner.name, step.task_name) == ("cardiology-desk", "triage-referral")
    assert step.task is not None
    assert step.fallback == "goes to overdue"
    assert case.fields.reveal() == {"reason": "x"}


@pytest.mark.requirement("R51")
def test_a_case_says_why_it_is_where_it_is() -> None:
    """The row that answered, what it read, and the event."""
    game = play()
    (change,) = game.tell(referred()).changes
    assert [reason.rule for reason in change.reasons] == [
        "table triage row 1",
        "event referral.received",
    ]
    assert change.reasons[0].inputs == {"specialty": "cardiology"}
    assert change.reasons[0].answer == "desk = cardiology-desk"


def test_a_second_start_for_an_open_key_goes_to_the_case() -> None:
    """A repeated or corrected referral is the same referral."""
    game = play()
    game.tell(referred())
    decided = game.tell(referred(after=HOUR, priority="stat"))
    assert decided.disposition is Disposition.APPLIED
    assert game.case().urgency is Urgency.STAT
    assert game.case().revision == 2


def test_two_referrals_of_one_patient_stay_apart() -> None:
    """Each fact goes to the case of its own order."""
    game = play()
    game.tell(referred("p1"))
    game.tell(referred("p2", after=HOUR))
    game.tell(about("referral.cancelled", "p2", after=2 * HOUR))
    assert game.case().unique == ("placer_order", "p1")
    assert [case.outcome for case in game.view.closed] == ["closed-cancelled"]


def test_a_key_that_comes_later_finds_its_case() -> None:
    """The filler's number arrives with the second message and is enough from then on."""
    game = play()
    game.tell(referred())
    game.tell(referred(after=HOUR, filler_order="f9"))
    report = fact("report.received", at=NOON + 2 * HOUR, keys={"filler_order": "f9"})
    assert game.tell(report).disposition is Disposition.APPLIED
    assert not game.view.cases


def test_a_report_before_its_referral_waits_for_it() -> None:
    """A new case looks at held facts first, in order."""
    game = play()
    early = game.tell(about("report.received"))
    assert early.disposition is Disposition.HELD
    assert early.held is not None
    assert early.held.until == NOON + 30 * DAY
    decided = game.tell(referred(after=DAY))
    assert [each.type for each in decided.released] == ["report.received"]
    assert [change.fact for change in decided.changes] == [decided.fact.id, early.fact.id]
    assert game.last().outcome == "closed-report"
    assert not game.view.held


@pytest.mark.parametrize(
    ("kind", "wait", "disposition", "sent"),
    [
        ("referral.cancelled", DAY, Disposition.IGNORED, []),
        ("report.received", 30 * DAY, Disposition.PARKED, ["fact.unmatched"]),
    ],
)
def test_a_held_fact_ends_by_itself(
    kind: str, wait: timedelta, disposition: Disposition, sent: list[str]
) -> None:
    """When the time is over: ignored with a reason, or a person's."""
    game = play()
    game.tell(about(kind))
    assert not game.wait(wait - timedelta(seconds=1))
    (over,) = game.wait(timedelta(seconds=1))
    assert over.disposition is disposition
    assert over.reason
    assert [each.fact for each in over.emissions] == sent
    assert not game.view.held


@pytest.mark.parametrize(
    ("none", "disposition", "reason", "sent"),
    [
        (NoCase(ignore="not ours"), Disposition.IGNORED, "not ours", []),
        (NoCase(person="referral-desk"), Disposition.PARKED, "unmatched", ["fact.unmatched"]),
        (NoCase(reply="offer.lost"), Disposition.IGNORED, "replied offer.lost", ["offer.lost"]),
        (NoCase(hold=DAY), Disposition.HELD, "", []),
    ],
)
def test_a_fact_without_a_case_ends_as_declared(
    none: NoCase, disposition: Disposition, reason: str, sent: list[str]
) -> None:
    """Hold, ignore, a person, or a reply to the sender: never nothing."""
    base = referral()
    event = replace(base.events["report.received"], none=none)
    game = play(replace(base, events={**base.events, "report.received": event}))
    decided = game.tell(about("report.received"))
    assert (decided.disposition, decided.reason) == (disposition, reason)
    assert [each.fact for each in decided.emissions] == sent


def test_what_no_pathway_hears_is_ignored_with_a_reason() -> None:
    """Every fact ends somewhere."""
    decided = play().tell(fact("patient.sneezed"))
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "not-heard")


def test_a_pathway_of_another_kind_of_subject_does_not_hear() -> None:
    """A slot's fact opens no patient's case."""
    game = play()
    game.view = view_of(PATIENT, SubjectKind.SLOT)
    assert game.tell(referred()).disposition is Disposition.IGNORED


@pytest.mark.parametrize(
    ("several", "first", "reached"),
    [
        (Several.ALL, 0, ["p1", "p2", "p3"]),
        (Several.ONE, 0, ["p1"]),
        (Several.RECENT, 0, ["p3"]),
        (Several.FIRST, 2, ["p1", "p2"]),
    ],
)
def test_several_cases_match(several: Several, first: int, reached: list[str]) -> None:
    """One, all, the most recent, the first n; urgent ones first."""
    base = referral()
    event = replace(base.events["patient.died"], several=several, first=first)
    game = play(replace(base, events={**base.events, "patient.died": event}))
    for number in (1, 2, 3):
        game.tell(referred(f"p{number}", after=number * HOUR))
    decided = game.tell(fact("patient.died", at=NOON + DAY))
    keys = [change.after.unique[1] for change in decided.changes if change.after.unique]
    assert sorted(keys) == reached


def test_a_person_says_which_of_several_cases_is_meant() -> None:
    """Parked until someone answers; then the fact goes to that case alone."""
    game = play()
    base = {"placer_order": "p1", "filler_order": "f1"}
    game.tell(referred("p1", filler_order="f0"))
    game.tell(referred("p2", after=HOUR, filler_order="f1"))
    unclear = fact("report.received", at=NOON + DAY, keys=base)
    decided = game.tell(unclear)
    assert (decided.disposition, decided.reason) == (Disposition.PARKED, "several-cases")
    (told,) = decided.emissions
    assert (told.fact, told.to) == ("fact.unclear", "self")
    chosen = next(case for case in game.view.cases if case.unique == ("placer_order", "p2"))
    answered = game.tell(replace(unclear, refers={"case": chosen.id}))
    assert [change.after.id for change in answered.changes] == [chosen.id]


def test_an_older_message_of_an_entity_does_nothing() -> None:
    """A replayed S12 older than an applied S15 is recorded and ignored."""
    game = play()
    game.tell(referred(after=HOUR))
    old = replace(about("referral.cancelled", after=2 * HOUR), occurred_at=NOON)
    decided = game.tell(old)
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "stale")
    assert game.state() == "triage"


def test_an_older_start_does_not_open_a_closed_entity_again() -> None:
    """The cancellation came first to us, then a replay of the request it cancelled."""
    game = play()
    game.tell(referred())
    game.tell(about("referral.cancelled", after=2 * HOUR))
    replayed = replace(referred(after=3 * HOUR), occurred_at=NOON + HOUR)
    decided = game.tell(replayed)
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "stale")
    assert not game.view.cases


def test_a_corrected_result_brings_the_case_back_within_its_window() -> None:
    """A new interval at the declared state; what happened stays written."""
    game = play(critical())
    game.tell(result("HH"))
    game.do("acknowledged", person="dr.osei", form={"read_back": True})
    game.do("acted")
    game.do("informed")
    closed = game.view.closed[0]
    game.wait(DAY)
    decided = game.tell(result("N", kind="result.corrected", status="corrected", after=DAY))
    case = game.case()
    assert case.id == closed.id
    assert (game.state(), case.opened_at, case.closed_at) == (
        "correction",
        closed.opened_at,
        None,
    )
    assert game.open_step().owner.name == "nurse.lee"
    assert decided.changes[0].opened


def test_after_its_window_a_correction_finds_no_case() -> None:
    """Ninety days later the rule for no case holds."""
    game = play(critical())
    game.tell(result("HH"))
    game.do("acknowledged", form={"read_back": True})
    game.do("acted")
    game.do("informed")
    late = result("N", kind="result.corrected", status="corrected", after=91 * DAY)
    decided = game.tell(late)
    assert (decided.disposition, decided.reason) == (
        Disposition.IGNORED,
        "no critical case",
    )


def test_a_result_that_is_not_critical_opens_nothing() -> None:
    """The start's condition is a guard on tables."""
    decided = play(critical()).tell(result("N"))
    assert (decided.disposition, decided.reason) == (Disposition.IGNORED, "not critical")


def test_each_pathway_takes_up_a_fact_by_itself() -> None:
    """A death reaches the cases of every pathway."""
    game = play(referral(), critical())
    game.tell(referred())
    game.tell(result("HH"))
    decided = game.tell(fact("patient.died", at=NOON + HOUR))
    assert {change.after.pathway for change in decided.changes} == {"referral", "critical"}


def test_a_case_keeps_its_release_when_a_new_one_is_active() -> None:
    """The old case goes on by the old text; a new one starts by the new (SEMANTICS 8)."""
    game = play()
    game.tell(referred())
    new = replace(referral("referral-2", "2"), start=referral().everywhere["referral.received"])
    new = replace(new, start=referral().start)
    game.definitions = replace(
        definitions_of(new), pinned={"referral-1": referral(), "referral-2": new}
    )
    game.tell(referred("p2", after=HOUR))
    game.tell(referred("p1", after=2 * HOUR, priority="stat"))
    assert [case.release for case in game.view.cases] == ["referral-1", "referral-2"]


def result(
    flag: str,
    *,
    kind: str = "result.reported",
    status: str = "final",
    after: timedelta = timedelta(0),
) -> Fact:
    """A laboratory result."""
    at = NOON + after
    return fact(
        kind,
        at=at,
        keys={"filler_order": "lab-1"},
        payload={
            "result": {
                "status": status,
                "issued": at.isoformat(),
                "observation": [{"interpretation": flag}],
            }
        },
    )
