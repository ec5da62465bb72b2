"""The shipped pathways: they load without a problem, quickly, and use only what the site has."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from carelane.audit.leaf import faults
from carelane.facts.fact import Json
from carelane.pathways import fields, inputs, tables
from carelane.pathways.definition import ClockKind, Definition
from carelane.pathways.judge import holds
from carelane.pathways.loading import load
from tests.rules.texts import loaded

HOUSE = Path(__file__).parents[2]
FILES = sorted(
    each
    for each in (HOUSE / "pathways").rglob("*.yaml")
    if each.parent.name not in {"overlays", "sub"}
)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANNELS_OF_THE_CALL = [
    ("0:00:00", "secure-message"),
    ("0:10:00", "secure-message"),
    ("0:20:00", "phone"),
]


def shipped(name: str) -> Definition:
    """A shipped pathway by its file's name."""
    path = next(one for one in FILES if one.stem == name)
    return loaded(path.read_bytes(), place=path.name)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_shipped_loads_quickly(path: Path) -> None:
    """No problems, the file is named like its pathway, and loading costs under 300 ms."""
    begin = time.process_time()
    definition, problems = load(path.read_bytes(), place=path.name)

    assert time.process_time() - begin < 0.3
    assert [one.line() for one in problems] == []
    assert definition is not None
    assert definition.name == path.stem
    assert definition.system == (path.parent.name == "system")


@pytest.mark.requirement("R175")
@pytest.mark.invariant("I7")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@pytest.mark.requirement("R99")
def test_pathway_shipped_states_wait_with_owner_clock_and_fallback(path: Path) -> None:
    """Each waiting state has all three, and a person can always be found from it."""
    definition = shipped(path.stem)
    for state in definition.states.values():
        if state.final:
            continue
        assert state.owner is not None
        assert state.clock is not None
        assert state.fallback is not None
        assert state.fallback.edge is not None or state.fallback.repeat


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_shipped_uses_only_pools_and_roles_of_the_site(path: Path) -> None:
    """The names stand in `site/*.yaml`, with the urgencies that the pathway says they serve."""
    yaml = YAML(typ="safe", pure=True)
    pools = yaml.load((HOUSE / "site/pools.yaml").read_text("utf-8"))["pools"]
    people = (HOUSE / "site/people.yaml").read_text("utf-8")
    definition = shipped(path.stem)
    for name, urgencies in definition.pools.items():
        served = set(pools[name]["urgencies"])
        assert {one.name.lower() for one in urgencies} <= served, name
    for role in definition.roles:
        assert role in people, role


def test_pathway_critical_result_calls_help_before_it_is_due() -> None:
    """0, 10 and 20 minutes from verification, the last by phone; due at 30; wall time."""
    call = shipped("critical-result").states["call"]

    assert call.clock is not None
    assert call.clock.safety
    assert call.clock.kind is ClockKind.WALL
    assert call.clock.start == "verified_at"
    assert [(str(one.after), one.by) for one in call.escalate] == CHANNELS_OF_THE_CALL
    assert call.clock.due is not None
    assert all(one.after < call.clock.due for one in call.escalate)


@pytest.mark.parametrize(
    ("flags", "status", "opens"),
    [
        (["HH"], "final", True),
        (["N", "LL", "H"], "preliminary", True),
        (["AA"], "partial", True),
        ([">"], "final", True),
        (["H"], "final", False),
        (["N"], "corrected", False),
        (["odd"], "final", False),
        ([], "final", False),
        (["HH"], "cancelled", False),
    ],
)
def test_pathway_critical_result_opens_on_critical_flags(
    flags: list[str],
    status: str,
    opens: bool,  # noqa: FBT001  # a table's column
) -> None:
    """Any critical flag among the observations opens a case, preliminary results too."""
    definition = shipped("critical-result")
    observation: list[Json] = [{"interpretation": [{"coding": [{"code": flag}]}]} for flag in flags]
    payload: dict[str, Json] = {"result": {"status": status, "observation": observation}}
    values, _ = tables.evaluate(definition.tables, inputs.read(definition.inputs, payload), now=NOW)
    start = definition.events["result.reported"].start

    assert start is not None
    assert holds(start.when, values, now=NOW) is opens


def _request(**parts: Json) -> dict[str, Json]:
    return {"request": {"reasonCode": [{"text": "x"}], **parts}}


def _code(code: str) -> Json:
    return {"coding": [{"code": code}]}


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (
            _request(performerType=_code("ORT")),
            ("triage", "referral-triage-orthopaedics", "routine"),
        ),
        (
            _request(performerType=_code("Cardiology"), priority="stat"),
            ("urgent-triage", "referral-triage-cardiology", "stat"),
        ),
        (
            _request(code=_code("183545006"), priority="urgent"),
            ("urgent-triage", "referral-triage-orthopaedics", "urgent"),
        ),
        (_request(code=_code("brain")), ("incomplete", "referral-triage", "routine")),
        (
            {"request": {"code": _code("gp")}},
            ("incomplete", "referral-triage-primary-care", "routine"),
        ),
        ({}, ("incomplete", "referral-triage", "routine")),
    ],
)
def test_pathway_referral_is_routed_by_specialty_and_urgency(
    payload: dict[str, Json], expected: tuple[str, str, str]
) -> None:
    """Complete ones go to the specialty's triage, urgent ones to urgent triage, others to intake."""
    definition = shipped("referral-intake")
    values, answers = tables.evaluate(
        definition.tables, inputs.read(definition.inputs, payload), now=NOW
    )
    state = next(one.then for one in definition.start.branches if holds(one.when, values, now=NOW))

    assert (state, values["triage_pool"], values["urgency"]) == expected
    assert all(answer.rows for answer in answers)


def test_pathway_referral_tells_the_referrer_at_each_end() -> None:
    """Accepted, declined, withdrawn and reported each send their status by the record's own capability."""
    definition = shipped("referral-intake")
    sent = {
        effect.values["status"]
        for effect in definition.effects.values()
        if effect.capability == "ehr.referral.update"
    }

    assert sent == {"accepted", "declined", "withdrawn", "report-received"}
    for name in ("closing", "declining", "withdrawing"):
        assert set(definition.states[name].effect_outcomes) == {"done", "refused", "needs-person"}


def test_pathway_fields_sent_can_be_rebuilt_for_an_adapter() -> None:
    """What effects send stands at role and element, so that adapters get resources again; a slot is a reference."""
    for path in FILES:
        definition = shipped(path.stem)
        for effect in definition.effects.values():
            known: dict[str, Json] = dict.fromkeys(effect.sends, "x")
            roles = fields.nested(fields.places(definition.fields, effect.sends), known)
            assert roles or effect.sends in {(), ("slot",)}, effect.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_shipped_hands_unmatched_facts_to_pools_that_the_system_pathway_knows(
    path: Path,
) -> None:
    """`none: { person: pool }` opens a case of `unmatched-fact`, which must lead to that very pool."""
    known = shipped("unmatched-fact").inputs["pool"].codes
    asked = {event.none.person for event in shipped(path.stem).events.values()} - {""}
    held = {event.none.then for event in shipped(path.stem).events.values() if event.none.hold}

    assert asked | (held - {"ignore"}) <= set(known)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_shipped_says_why_it_ignores_in_words_that_an_audit_leaf_may_hold(
    path: Path,
) -> None:
    """A reason stands in leaves as it is: an apostrophe would make it free text there."""
    definition = shipped(path.stem)
    edges = [*definition.everywhere.values()]
    edges += [edge for state in definition.states.values() for edge in state.on.values()]
    reasons = [each.none.ignore for each in definition.events.values()]
    reasons += [edge.ignore for edge in edges]
    refused = [words for words in reasons if faults({"detail": {"reason": words}})[1:]]
    assert refused == []


WRITES_TO = {
    "ehr.appointment": "scheduling",
    "ehr.slot": "scheduling",
    "ehr.referral": "orders",
    "ehr.document": "charting",
    "payer": "billing",
}
"""What of the hospital's an effect changes, by how its capability begins; messages to people change nothing."""


@pytest.mark.requirement("R9")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pathway_shipped_declares_what_its_effects_change_and_never_all_at_once(path: Path) -> None:
    """`touches` names every area that an effect writes to; no pathway asks to change charting, billing and orders."""
    definition = shipped(path.stem)
    changed = {
        area
        for effect in definition.effects.values()
        for begins, area in WRITES_TO.items()
        if effect.capability.startswith(f"{begins}.")
    }
    assert definition.touches
    assert changed <= set(definition.touches)
    assert not {"charting", "billing", "orders"} <= set(definition.touches)


@pytest.mark.requirement("R9")
def test_mutant_pathway_that_declares_nothing_is_refused() -> None:
    """Without `touches`, or with an area that nobody knows, a pathway does not load."""
    text = (HOUSE / "pathways/scheduling-request.yaml").read_text("utf-8")
    for instead in ("", "touches: [everything]\n"):
        broken, problems = load(text.replace("touches: [scheduling]\n", instead), place="x")
        assert broken is None
        assert any("touches" in one.line() or "area" in one.line() for one in problems)
