"""`decide`: may this person do this to this record for this purpose? Total, and closed by default (I11).

Allowed only if Cedar decides Allow, with the schema, without a single error: a `forbid` that fails
on a missing attribute would otherwise be skipped (TRUST, section 3). `policies` loads what is asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import cedarpy

from carelane.access.policies import Policies, Rule
from carelane.access.request import (
    Entity,
    Request,
    circumstances,
    principal_entity,
    resource_entity,
)
from carelane.facts.replacing import replace

NO_RULE = "no-rule"
POLICY_ERROR = "policy-error"
_NEAR_MAX = 3
_KEPT_MAX = 1024
"""Answers kept: a question of 0.5 ms (a denial with its reasons: 3 ms) that is asked again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Yes: the ids of the permits that said so."""

    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NearMiss:
    """A permit that almost held: which of its conditions did not."""

    policy: str
    why: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """No. `reason` is a stable code: the id of a forbid, `no-rule` or `policy-error`.

    `sentence` is for the person who asked; it names no record and no patient. `near` are the permits
    that came closest, fewest conditions missing first.
    """

    reason: str
    sentence: str
    near: tuple[NearMiss, ...] = ()


Decision: TypeAlias = Allowed | Denied


def decide(request: Request, policies: Policies) -> Decision:
    """Ask the policies; on denial say why."""
    return _decided(_told_apart(request, policies), policies)


def allowed_each(requests: Sequence[Request], policies: Policies) -> tuple[bool, ...]:
    """Of many questions those that are allowed: what filters a page. The answers are those of `decide`."""
    return tuple(isinstance(decide(each, policies), Allowed) for each in requests)


def _told_apart(request: Request, policies: Policies) -> Request:
    """The question as far as an answer can depend on it: records are told apart by id only where a policy names one."""
    if policies.names_records:
        return request
    return replace(request, resource=replace(request.resource, id="record"))


@lru_cache(maxsize=_KEPT_MAX)
def _decided(request: Request, policies: Policies) -> Decision:
    entities = [principal_entity(request.principal), resource_entity(request.resource)]
    return judge(request, entities, circumstances(request), policies)


def judge(
    request: Request, entities: Sequence[Entity], context: Entity, policies: Policies
) -> Decision:
    """Decide on entities as given: what `decide` does, open to tests that take an attribute away."""
    answer = _ask(request, entities, context, policies.handle, policies)
    errors = answer.diagnostics.errors
    names = tuple(
        sorted(str(each) for each in answer.diagnostics.id_annotations_by_reason.values())
    )
    if answer.decision is cedarpy.Decision.Allow and not errors:
        return Allowed(policies=names)
    if errors or answer.decision is not cedarpy.Decision.Deny:
        # the errors hold attribute values: they are counted, never shown
        return Denied(
            reason=POLICY_ERROR, sentence="The request could not be checked, so it is refused."
        )
    if names:
        return Denied(reason=names[0], sentence=policies.whys.get(names[0], "A rule forbids this."))
    near = _near(request, entities, context, policies)
    return Denied(reason=NO_RULE, sentence=_sentence(near), near=near)


def _ask(
    request: Request,
    entities: Sequence[Entity],
    context: Entity,
    handle: cedarpy.PolicySet,
    policies: Policies,
) -> cedarpy.AuthzResult:
    return cedarpy.is_authorized(
        _question(request, context), handle, list(entities), policies.schema
    )


def _question(request: Request, context: Entity) -> dict[str, object]:
    return {
        "principal": {"type": "Person", "id": request.principal.name},
        "action": {"type": "Action", "id": request.action.value},
        "resource": {"type": "Record", "id": request.resource.id},
        "context": context,
    }


def _near(
    request: Request, entities: Sequence[Entity], context: Entity, policies: Policies
) -> tuple[NearMiss, ...]:
    found = [
        NearMiss(
            policy=rule.name,
            why=rule.why,
            missing=_missing(rule, request, entities, context, policies),
        )
        for rule in policies.rules
        if request.action.value in rule.actions
    ]
    return tuple(sorted(found, key=lambda each: (len(each.missing), each.policy))[:_NEAR_MAX])


def _missing(
    rule: Rule, request: Request, entities: Sequence[Entity], context: Entity, policies: Policies
) -> tuple[str, ...]:
    return tuple(
        name
        for name, handle in rule.conditions
        if _ask(request, entities, context, handle, policies).decision is not cedarpy.Decision.Allow
    )


def _sentence(near: Sequence[NearMiss]) -> str:
    if not near:
        return "No rule allows this to anybody."
    missing = ", ".join(near[0].missing)
    return f"No rule allows this. The nearest ({near[0].policy}) lacks: {missing}."
