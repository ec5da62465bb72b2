"""What becomes of an effect, as a table; the breaker, the quota and the allow-list, without a database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carelane.cases.model import EffectState
from carelane.effects import settlement
from carelane.effects.allow import refusal
from carelane.effects.destinations import Destination, DestinationFault, Write, from_settings, route
from carelane.effects.flight import Flight
from carelane.effects.gate import Gate, after, opening
from carelane.effects.settlement import Health, Terms, ended
from carelane.facts.ids import name_id
from carelane.facts.intent import Audience, EffectClass, IfUnknown
from carelane.facts.ports import Capability, Sent, Verdict

NOW = datetime(2026, 3, 4, 17, 0, tzinfo=UTC)
EHR = Destination(
    name="ehr", capabilities=frozenset({"update"}), writes=(Write(resource="Task"),), attempts_max=3
)
KEYED, SEARCHABLE, BLIND = EffectClass.KEYED, EffectClass.SEARCHABLE, EffectClass.BLIND

BASE = Flight(
    id=name_id("e"), organisation=name_id("o"), case=name_id("c"), subject=name_id("s"), step=None, site="main",
    service_line="", pathway="referral", name="told", capability="update", connection="ehr",
    audience=Audience.RECORD, if_unknown=IfUnknown.ASK, state=EffectState.SENDING, urgency=0, attempts=1,
    budget_from=0, looks=0, sent_at=NOW, absent_at=None, not_after=None, compensates=None, correlation=name_id("c"),
    identity=None, lease_by="x", blocked=False,
)  # fmt: skip


def terms(kind: EffectClass = KEYED, *, horizon_s: int = 0) -> Terms:
    capability = Capability(name="update", effect_class=kind, resource="Task", horizon_s=horizon_s)
    return Terms(
        destination=EHR, capability=capability, now=NOW, jitter=lambda n: timedelta(seconds=n)
    )


BLOCKED, MAYBE, SPENT = {"blocked": True}, {"maybe": True}, {"attempts": 3}
TABLE = [
    # class, if_unknown, verdict, changes -> state, asked, maybe, outcome
    (KEYED, "ask", "done", {}, "done", False, False, "done"),
    (KEYED, "ask", "done", BLOCKED, "done", False, False, "done"),
    (KEYED, "ask", "retry", {}, "ready", False, False, None),
    (KEYED, "ask", "retry", BLOCKED, "withdrawn", False, False, "withdrawn"),
    (KEYED, "ask", "retry", SPENT, "dead", False, False, "needs-person"),
    (KEYED, "ask", "retry", SPENT | MAYBE, "unknown", False, False, None),
    (KEYED, "ask", "retry", MAYBE, "ready", False, True, None),
    (KEYED, "ask", "unknown", {}, "ready", False, True, None),
    (KEYED, "ask", "unknown", BLOCKED, "unknown", False, False, None),
    (KEYED, "ask", "unknown", SPENT, "unknown", False, False, None),
    (KEYED, "ask", "refused", {}, "dead", False, False, "refused"),
    (KEYED, "ask", "refused", MAYBE, "unknown", False, False, None),
    (KEYED, "ask", "conflict", {}, "dead", False, False, "needs-person"),
    (KEYED, "ask", "conflict", MAYBE, "unknown", False, False, None),
    (SEARCHABLE, "resend", "unknown", {}, "unknown", False, False, None),
    (BLIND, "ask", "unknown", {}, "unknown", True, False, "needs-person"),
    (BLIND, "drop", "unknown", {}, "withdrawn", False, False, "withdrawn"),
    (BLIND, "resend", "unknown", {}, "ready", False, True, None),
    (BLIND, "resend", "unknown", BLOCKED, "unknown", True, False, "needs-person"),
    (BLIND, "resend", "unknown", BLOCKED | {"audience": Audience.STAFF}, "ready", False, True, None),
    (BLIND, "resend", "unknown", SPENT, "unknown", True, False, "needs-person"),
    (BLIND, "resend", "refused", MAYBE, "unknown", True, False, "needs-person"),
]  # fmt: skip


@pytest.mark.invariant("I3")
@pytest.mark.parametrize("row", TABLE)
def test_each_end_of_a_sending(row: tuple[Any, ...]) -> None:
    kind, if_unknown, verdict, changes, *expected = row
    flight = replace(BASE, if_unknown=IfUnknown(if_unknown), **changes)
    found = settlement.sent(flight, Sent(verdict=Verdict(verdict), cause="x"), terms(kind))
    assert [found.state, found.asked, found.maybe, found.outcome] == expected


@pytest.mark.invariant("I10")
@given(
    verdicts=st.lists(st.sampled_from(["retry", "unknown"]), min_size=1, max_size=40),
    kind=st.sampled_from(list(EffectClass)),
    if_unknown=st.sampled_from(list(IfUnknown)),
)
def test_no_effect_is_sent_more_often_than_its_budget(
    verdicts: list[str], kind: EffectClass, if_unknown: IfUnknown
) -> None:
    """Whatever the other side answers, and a look-up never helps: it ends, or a person is told, within the budget."""
    flight, sent, found = replace(BASE, attempts=0, if_unknown=if_unknown), 0, None
    for verdict in verdicts * 10:
        flight = replace(flight, attempts=flight.attempts + 1)
        sent += 1
        found = settlement.sent(flight, Sent(verdict=Verdict(verdict)), terms(kind))
        for _ in range(10):
            if found.state is not EffectState.UNKNOWN or found.asked:
                break
            looking = replace(flight, looks=found.looks, absent_at=found.absent_at)
            found = settlement.looked(looking, Sent(verdict=Verdict.UNKNOWN), terms(kind))
        flight = replace(flight, maybe=found.maybe)
        if found.state is not EffectState.READY:
            break
    assert sent <= EHR.attempts_max
    assert found is not None
    assert found.outcome is not None or found.state is EffectState.READY


@given(seconds=st.integers(0, 600), attempt=st.integers(0, 2))
def test_never_before_retry_after(seconds: int, attempt: int) -> None:
    at = NOW + timedelta(seconds=seconds)
    busy = Sent(verdict=Verdict.RETRY, cause="http-429", retry_at=at)
    found = settlement.sent(replace(BASE, attempts=attempt), busy, terms())
    assert found.next_at is not None
    assert found.next_at >= at
    assert found.hold_until == at
    assert found.health is Health.SILENT, "busy is not broken"


def test_absent_counts_only_twice_and_after_the_horizon() -> None:
    absent = Sent(verdict=Verdict.REFUSED, cause="absent")
    first = settlement.looked(BASE, absent, terms(SEARCHABLE, horizon_s=60))
    assert (first.state, first.absent_at, first.next_at) == (
        "unknown",
        NOW,
        NOW + timedelta(seconds=60),
    )
    early = settlement.looked(
        replace(BASE, absent_at=NOW - timedelta(seconds=59)),
        absent,
        terms(SEARCHABLE, horizon_s=60),
    )
    assert early.state is EffectState.UNKNOWN
    again = settlement.looked(
        replace(BASE, absent_at=NOW - timedelta(seconds=60)),
        absent,
        terms(SEARCHABLE, horizon_s=60),
    )
    assert (again.state, again.maybe) == ("ready", False)


@pytest.mark.parametrize(
    ("why", "if_unknown", "state"),
    [("cancelled", "ask", "withdrawn"), ("nothing-to-undo", "ask", "withdrawn"), ("too-late", "drop", "withdrawn"),
     ("too-late", "ask", "dead"), ("predecessor", "drop", "dead"), ("gave-up", "resend", "dead")],
)  # fmt: skip
def test_what_is_never_claimed_ends_too(why: str, if_unknown: str, state: str) -> None:
    assert ended(replace(BASE, if_unknown=IfUnknown(if_unknown)), why).state == state


def test_the_bucket_never_gives_more_than_rate_times_time() -> None:
    slow = replace(EHR, per_second=2.0, burst=4, concurrency=100)
    gate, taken = Gate(), 0
    for second in range(30):
        now = NOW + timedelta(seconds=second)
        found = opening(gate, slow, now)
        taken += found.paid
        gate = Gate(tokens=found.tokens - found.paid, tokens_at=now)
    assert taken == 4 + 2 * 29


def test_the_breaker_opens_waits_probes_and_closes() -> None:
    gate, limits = Gate(), replace(EHR, breaker_failures=3)
    for _ in range(3):
        assert opening(gate, limits, NOW).slots == limits.concurrency
        gate = after(gate, Health.ILL, limits, NOW, open_for=timedelta(seconds=30))
    assert opening(gate, limits, NOW + timedelta(seconds=29)).slots == 0
    later = NOW + timedelta(seconds=30)
    assert opening(gate, limits, later).slots == 1, "one probe"
    failed = after(
        replace(gate, state="half-open"), Health.ILL, limits, later, open_for=timedelta(seconds=30)
    )
    assert opening(failed, limits, later + timedelta(seconds=29)).slots == 0
    well = after(gate, Health.WELL, limits, later, open_for=timedelta(seconds=30))
    assert (well.state, well.failures) == ("closed", 0)


@pytest.mark.requirement("R16")
@pytest.mark.parametrize(
    ("resource", "fields", "pathway", "values", "why"),
    [
        ("Task", {"status"}, "referral", {}, None),
        ("Task", {"status", "owner"}, "referral", {}, "not-allowed:fields"),
        ("Task", {"status"}, "critical-result", {}, "not-allowed:pathway"),
        ("Appointment", {"status"}, "referral", {}, "not-allowed:resource"),
        ("Observation", {"status"}, "referral", {}, "not-allowed:clinical"),
        ("Condition", set(), "referral", {}, "not-allowed:clinical"),
        ("DocumentReference", set(), "referral", {"docStatus": "final"}, "not-allowed:clinical"),
        ("DocumentReference", set(), "referral", {"docStatus": "preliminary"}, None),
    ],
)  # fmt: skip
def test_the_allow_list_of_writes(
    resource: str, fields: set[str], pathway: str, values: dict[str, str], why: str | None
) -> None:
    writes = tuple(
        Write(resource=name, fields=frozenset({"status"}), pathways=frozenset({"referral"}))
        for name in ("Task", "Observation", "Condition", "DocumentReference")
    )
    able = Capability(
        name="update", effect_class=KEYED, resource=resource, fields=frozenset(fields)
    )
    assert (
        refusal(replace(EHR, writes=writes), able, pathway=pathway, content={"values": values})
        == why
    )
    assert refusal(EHR, None, pathway=pathway, content={}) == "not-allowed:capability"


def test_settings_say_limits_and_wrong_ones_are_refused_by_name() -> None:
    found = from_settings("ehr", {"capabilities": ["update"], "per_minute": 120, "retry_base": 1, "ordered": True,
                                  "writes": [{"resource": "Task", "fields": ["status"]}]})  # fmt: skip
    assert (found.per_second, found.retry_base, found.ordered) == (2.0, timedelta(seconds=1), True)
    shapes: list[dict[str, object]] = [
        {"burst": 0},
        {"writes": "Task"},
        {"writes": [{}]},
        {"lease": 5},
        {"concurrency": "many"},
    ]
    for wrong in shapes:
        with pytest.raises(DestinationFault, match="ehr"):
            from_settings("ehr", wrong)


def test_a_capability_goes_to_the_site_s_own_connection_first() -> None:
    here = replace(EHR, name="north-ehr", site="north")
    assert route([EHR, here], "update", "north") == "north-ehr"
    assert route([EHR, here], "update", "south") == "ehr"
    assert route([here], "update", "south") is None


def test_an_alert_goes_where_its_level_asks_if_a_connection_writes_there() -> None:
    mail = replace(EHR, name="mail", reach="mail")
    texts = replace(EHR, name="texts", reach="phone")
    here = replace(texts, name="north-texts", site="north")
    assert route([mail, texts, here], "update", "north", "phone") == "north-texts"
    assert route([mail, texts, here], "update", "south", "phone") == "texts"
    assert route([mail, texts], "update", "north", "mail") == "mail"
    assert route([texts, mail], "update", "north") == "mail"
    assert route([texts], "update", "north") == "texts"
    assert route([mail], "update", "north", "phone") == "mail"


@given(
    state=st.sampled_from(["closed", "open", "half-open"]),
    failures=st.integers(0, 3),
    open_for=st.none() | st.integers(-60, 60),
)
def test_a_calm_gate_is_one_that_a_good_outcome_leaves_as_it_is(
    state: str, failures: int, open_for: int | None
) -> None:
    """Then its row need not be locked: so it must be all of those, and no other."""
    until = None if open_for is None else NOW + timedelta(seconds=open_for)
    gate = Gate(state=state, failures=failures, open_until=until)
    assert gate.calm == (after(gate, Health.WELL, EHR, NOW, open_for=timedelta(0)) == gate)
