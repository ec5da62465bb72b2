"""Policies from text to parsed handles, checked against the schema; parsed once, asked many times.

A text that does not validate gives problems and no policies: nobody is let in by a broken file.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cedarpy
from cedarpy import pst

from carelane.facts.problem import Fault, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permit, taken apart to explain denials: a policy set per condition, named by @needs."""

    name: str
    why: str
    actions: frozenset[str]
    conditions: tuple[tuple[str, cedarpy.PolicySet], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Policies:
    """Handles that `decide` uses. `digest` names this version in audit leaves and on application rows.

    `names_records`: some rule speaks of records of its own, so that an answer may depend on which one is asked about.
    """

    digest: str
    names_records: bool
    handle: cedarpy.PolicySet
    schema: cedarpy.Schema
    whys: Mapping[str, str]  # policy id -> sentence
    rules: tuple[Rule, ...]


def load_policies(text: str, schema_text: str) -> tuple[Policies | None, tuple[Problem, ...]]:
    """Parse and validate; policies only if there is nothing wrong at all."""
    try:
        schema = cedarpy.Schema.from_str(schema_text)
        handle = cedarpy.PolicySet.from_str(text)
        templates = cedarpy.policies_to_pst(text).static_policies
    except ValueError as error:
        return None, (_problem("policies", f"They can't be read: {error}."),)
    checked = cedarpy.validate_policies(text, schema)
    problems = [_problem("policies", str(each)) for each in checked.errors]
    problems += [problem for each in templates.values() for problem in _incomplete(each)]
    if problems or not checked.validation_passed:
        return None, tuple(problems) or (_problem("policies", "They do not validate."),)
    digest = hashlib.sha256(f"{text}\x1f{schema_text}".encode()).hexdigest()
    whys = {each.annotations["id"]: each.annotations["why"] for each in templates.values()}
    rules = tuple(_rule(each) for each in templates.values() if each.effect == "permit")
    found = Policies(
        digest=digest,
        names_records="Record" in text,
        handle=handle,
        schema=schema,
        whys=whys,
        rules=rules,
    )
    return found, ()


def _incomplete(policy: pst.Template) -> Iterator[Problem]:
    place = f"policy {policy.annotations.get('id', policy.id)}"
    for name in ("id", "why"):
        if not policy.annotations.get(name):
            yield _problem(place, f"It has no @{name}.")
    if policy.effect == "permit" and len(_needs(policy)) != len(policy.clauses):
        yield _problem(place, "@needs must name each `when`, in order.")


def _needs(policy: pst.Template) -> tuple[str, ...]:
    return tuple(
        name.strip() for name in (policy.annotations.get("needs") or "").split(",") if name.strip()
    )


def _rule(policy: pst.Template) -> Rule:
    conditions = tuple((name, _only(policy, number)) for number, name in enumerate(_needs(policy)))
    annotations = policy.annotations
    return Rule(
        name=annotations["id"],
        why=annotations["why"],
        actions=_actions(policy.action),
        conditions=conditions,
    )


def _only(policy: pst.Template, number: int) -> cedarpy.PolicySet:
    """The permit with one of its conditions alone, for every action."""
    alone = pst.Template(
        id=policy.id,
        effect=policy.effect,
        principal=policy.principal,
        action=pst.ScopeAny(),
        resource=policy.resource,
        clauses=(policy.clauses[number],),
        annotations={},
    )
    return cedarpy.PolicySet.from_pst(
        pst.PolicySet(templates={}, static_policies={policy.id: alone}, template_links=())
    )


def _actions(scope: pst.ActionConstraint) -> frozenset[str]:
    match scope:
        case pst.ActionIn(entities):
            return frozenset(each.id for each in entities)
        case pst.ActionEq(entity):
            return frozenset({entity.id})
        case _:
            return frozenset()


def _problem(place: str, message: str) -> Problem:
    return Problem(
        code="access.policy",
        place=place,
        message=message,
        remedy="Correct the file in `policies/`; nothing is allowed until it validates.",
        fault=Fault.SITE,
    )
