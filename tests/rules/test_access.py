"""Who may do what (I11, I12): the decision table, the schema, attributes taken away, near misses."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path

import cedarpy
import pytest

from carelane.access.decide import (
    NO_RULE,
    POLICY_ERROR,
    Allowed,
    Denied,
    allowed_each,
    decide,
    judge,
)
from carelane.access.policies import Policies, load_policies
from carelane.access.request import (
    Action,
    Entity,
    Principal,
    Purpose,
    Request,
    Resource,
    circumstances,
    principal_entity,
    resource_entity,
)

FOLDER = Path(__file__).parents[2] / "policies"
TEXT = (FOLDER / "carelane.cedar").read_text(encoding="utf-8")
SCHEMA = (FOLDER / "carelane.cedarschema").read_text(encoding="utf-8")


@cache
def policies() -> Policies:
    loaded, problems = load_policies(TEXT, SCHEMA)
    assert loaded is not None, [problem.line() for problem in problems]
    return loaded


@dataclass(frozen=True)
class Situation:
    """One line of the matrix."""

    role: str
    action: Action
    purpose: Purpose
    same_site: bool
    own_work: bool
    system_work: bool
    reason_given: bool

    def request(self) -> Request:
        """The request of this line."""
        return Request(
            principal=Principal(
                name="someone",
                organisation="northgate",
                roles=frozenset({self.role}),
                pools=frozenset({"desk"}),
                sites=frozenset({"north"}),
            ),
            action=self.action,
            resource=Resource(
                id="task-1",
                organisation="northgate",
                site="north" if self.same_site else "harbour",
                owner=self.owner(),
                system=self.system_work,
            ),
            purpose=self.purpose,
            reason_given=self.reason_given,
        )

    def owner(self) -> str:
        """Who owns the work."""
        if self.action in (Action.ACCOUNT_OWN, Action.STATUS_VIEW):
            return "someone" if self.own_work else "somebody-else"
        return "desk" if self.own_work else "another-desk"


@dataclass(frozen=True)
class Row:
    """A line of decisions.csv: what is allowed; whatever no line allows is denied."""

    role: str
    action: str
    purpose: str
    site: str
    work: str
    system_work: str
    reason: str

    def allows(self, case: Situation) -> bool:
        """Whether the row allows it."""
        return (
            self.role in (case.role, "everyone")
            and (self.action, self.purpose) == (case.action, case.purpose)
            and (self.site == "any" or case.same_site)
            and (self.work == "any" or case.own_work)
            and (self.system_work == "any" or case.system_work)
            and (self.reason == "any" or case.reason_given)
        )

    def situation(self) -> Situation:
        """The least that the row says is enough."""
        return Situation(
            role=self.role,
            action=Action(self.action),
            purpose=Purpose(self.purpose),
            same_site=self.site != "any",
            own_work=self.work != "any",
            system_work=self.system_work != "any",
            reason_given=self.reason != "any",
        )


@cache
def table() -> tuple[Row, ...]:
    with (FOLDER / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return tuple(Row(**row) for row in csv.DictReader(file))


ROLES = [*sorted({row.role for row in table()}), "responsible-clinician", "visitor"]


def name_of(row: Row) -> str:
    return f"{row.role}-{row.action}-{row.purpose}"


@pytest.mark.requirement("R110")
@pytest.mark.parametrize("row", table(), ids=name_of)
def test_each_row_of_the_decision_table_is_allowed(row: Row) -> None:
    """A row of decisions.csv is enough, with nothing else in its favour."""
    found = decide(row.situation().request(), policies())
    assert isinstance(found, Allowed), found


def matrix(role: str) -> Iterator[Situation]:
    switches = product((False, True), repeat=4)
    for (site, own, system, reason), action, purpose in product(switches, Action, Purpose):
        yield Situation(role, action, purpose, site, own, system, reason)


@pytest.mark.requirement("R106")
@pytest.mark.invariant("I11")
@pytest.mark.parametrize("role", ROLES)
def test_whatever_no_row_allows_is_denied(role: str) -> None:
    """Every role, action, purpose and circumstance: the policies and the table say the same."""
    rows = [row for row in table() if row.role in (role, "everyone")]
    wrong = [
        case
        for case in matrix(role)
        if isinstance(_quick(case), Allowed) != any(row.allows(case) for row in rows)
    ]
    assert wrong == []


def _quick(case: Situation) -> Allowed | Denied:
    """The decision without its explanation, which the matrix does not need."""
    return decide(case.request(), replace(policies(), rules=()))


PRIVILEGED = {
    "release data": (Action.NAME_REVEAL, Action.CHART_READ, Action.AUDIT_EXPORT),
    "route care": (Action.ROUTING_OVERRIDE, Action.TASK_REASSIGN, Action.TASK_ESCALATE, Action.HANDOVER_OFFER),
    "change status": (Action.TASK_CLAIM, Action.TASK_COMPLETE, Action.TASK_UNDO, Action.EFFECT_REDRIVE),
}  # fmt: skip


@pytest.mark.requirement("R111")
@pytest.mark.parametrize("kind", PRIVILEGED)
def test_what_releases_data_routes_care_or_changes_status_needs_a_role_and_both_factors(
    kind: str,
) -> None:
    """Somebody may; without a listed role nobody, for any purpose; from outside only with two factors."""
    for action in PRIVILEGED[kind]:
        rows = [row for row in table() if row.action == action.value]
        assert rows, action
        assert "everyone" not in {row.role for row in rows}, action
        stranger = [one for one in matrix("visitor") if one.action is action]
        assert not any(isinstance(_quick(one), Allowed) for one in stranger), action
        inside = rows[0].situation().request()
        assert isinstance(decide(inside, policies()), Allowed), action
        outside = replace(inside, remote=True)
        assert isinstance(decide(outside, policies()), Denied), action
        both = replace(outside, principal=replace(outside.principal, mfa=True))
        assert isinstance(decide(both, policies()), Allowed), action


ALLOWED = Situation(
    role="triage-nurse",
    action=Action.TASK_CLAIM,
    purpose=Purpose.TREAT,
    same_site=True,
    own_work=True,
    system_work=False,
    reason_given=False,
).request()


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (replace(ALLOWED, resource=replace(ALLOWED.resource, organisation="other")), "other-organisation"),
        (replace(ALLOWED, principal=replace(ALLOWED.principal, active=False)), "inactive"),
        (replace(ALLOWED, remote=True), "one-factor-from-outside"),
        (replace(ALLOWED, resource=replace(ALLOWED.resource, labels=frozenset({"SUD"}))), "label"),
    ],
)  # fmt: skip
def test_a_forbid_wins_over_every_permit(request_: Request, reason: str) -> None:
    """The same request that is allowed is denied once a wall stands, and says which."""
    assert isinstance(decide(ALLOWED, policies()), Allowed)
    found = decide(request_, policies())
    assert isinstance(found, Denied)
    assert found.reason == reason


def entities(request: Request) -> tuple[Entity, Entity, Entity]:
    return (
        principal_entity(request.principal),
        resource_entity(request.resource),
        circumstances(request),
    )


def attributes() -> list[tuple[int, str]]:
    person, record, context = entities(ALLOWED)
    named = [(0, person["attrs"]), (1, record["attrs"]), (2, context)]
    return [(which, name) for which, found in named if isinstance(found, dict) for name in found]


def without(which: int, name: str) -> tuple[list[Entity], Entity]:
    person, record, context = entities(ALLOWED)
    target = (person["attrs"], record["attrs"], context)[which]
    assert isinstance(target, dict)
    del target[name]
    return [person, record], context


@pytest.mark.invariant("I11")
@pytest.mark.parametrize(("which", "name"), attributes())
def test_a_missing_attribute_is_a_denial(which: int, name: str) -> None:
    """Take any attribute away from an allowed request: no decision, so no."""
    assert isinstance(decide(ALLOWED, policies()), Allowed)
    given, context = without(which, name)
    found = judge(ALLOWED, given, context, policies())
    assert isinstance(found, Denied)
    assert found.reason == POLICY_ERROR


@pytest.mark.invariant("I11")
def test_the_check_catches_a_mutant_that_forgets_the_schema() -> None:
    """Without the schema a forbid that errors is skipped: the trap that `judge` is built against."""
    given, context = without(0, "mfa")
    question = {
        "principal": {"type": "Person", "id": "someone"},
        "action": {"type": "Action", "id": "task.claim"},
        "resource": {"type": "Record", "id": "task-1"},
        "context": {**context, "remote": True},
    }
    mutant = cedarpy.is_authorized(question, policies().handle, given)
    assert mutant.allowed
    assert isinstance(judge(replace(ALLOWED, remote=True), given, context, policies()), Denied)


def test_an_absent_entity_is_a_denial() -> None:
    """No person, or no record: nothing to decide on."""
    person, record, context = entities(ALLOWED)
    for given in ([person], [record], []):
        assert isinstance(judge(ALLOWED, given, context, policies()), Denied)


def test_a_denial_names_the_nearest_rule_and_what_it_lacks() -> None:
    """Default deny explains itself by the permit that came closest, without a patient in it."""
    found = decide(replace(ALLOWED, purpose=Purpose.HPAYMT), policies())
    assert isinstance(found, Denied)
    assert (found.reason, found.near[0].policy, found.near[0].missing) == (
        NO_RULE,
        "do-care-work",
        ("purpose",),
    )
    assert "purpose" in found.sentence


BROKEN = {
    "wrong attribute": ("principal.roles.contains", "principal.rolls.contains"),
    "wrong action": ('Action::"account.manage"', 'Action::"account.mange"'),
    "not Cedar": ("permit (", "permitt ("),
    "no reason": ('@why("Administrators manage accounts.")\n', ""),
    "conditions unnamed": ('@needs("own account")\n', ""),
}


@pytest.mark.parametrize(("old", "new"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_policy_file_lets_nobody_in(old: str, new: str) -> None:
    """No policies come out of a text with a mistake, and the problem names a remedy."""
    assert old in TEXT
    loaded, problems = load_policies(TEXT.replace(old, new, 1), SCHEMA)
    assert loaded is None
    assert all(problem.remedy for problem in problems)


def test_the_schema_and_the_code_name_the_same_actions() -> None:
    """An action that only one of them knows could never be allowed, or never be asked."""
    for action in Action:
        assert f'"{action.value}"' in SCHEMA
        case = replace(ALLOWED, action=action)
        found = decide(case, policies())
        assert not (isinstance(found, Denied) and found.reason == POLICY_ERROR)


def test_every_version_of_the_policies_has_its_own_digest() -> None:
    """The digest on a leaf says exactly which text decided."""
    other, _ = load_policies(TEXT + "\n", SCHEMA)
    assert other is not None
    assert other.digest != policies().digest


def test_a_rule_about_one_record_is_about_no_other() -> None:
    """Answers are kept without the record's id only while no policy names a record."""
    text = (
        TEXT
        + """
@id("not-that-one")
@why("That one is under review.")
forbid (principal, action, resource == Record::"task-2");
"""
    )
    loaded, problems = load_policies(text, SCHEMA)
    assert loaded is not None, problems
    both = [ALLOWED, replace(ALLOWED, resource=replace(ALLOWED.resource, id="task-2"))]
    first, second = (decide(each, loaded) for each in both)
    assert isinstance(first, Allowed)
    assert isinstance(second, Denied)
    assert second.reason == "not-that-one"
    assert allowed_each(both, loaded) == (True, False)


def test_another_version_of_the_policies_gives_answers_of_its_own() -> None:
    strict, _ = load_policies(
        TEXT + '\n@id("closed") @why("Closed.")\nforbid (principal, action, resource);\n', SCHEMA
    )
    assert strict is not None
    assert isinstance(decide(ALLOWED, policies()), Allowed)
    assert isinstance(decide(ALLOWED, strict), Denied)
    assert allowed_each([ALLOWED], policies()) == (True,)
    assert allowed_each([ALLOWED], strict) == (False,)
