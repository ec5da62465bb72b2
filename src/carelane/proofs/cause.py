"""Which rule made two releases part, and what it read: the first that answers otherwise, else what the state says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from carelane.cases.model import Reason
from carelane.cases.vector import plain
from carelane.facts.fact import Json
from carelane.proofs.divergence import Done, Kind, Parting


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """The rule of the old and of the new release, with their answers, and what was read."""

    old: str = ""
    new: str = ""
    inputs: Mapping[str, Json] = field(default_factory=dict)


_DECLARED = {
    Kind.CLOCK: "clock",
    Kind.OWNER: "owner",
    Kind.MESSAGE: "wording or effects",
    Kind.URGENCY: "urgency",
    Kind.WORK: "edges",
}


def cause(old: Done | None, new: Done | None, partings: Sequence[Parting]) -> Cause:
    """The cause of a first divergence."""
    was, would = _reasons(old), _reasons(new)
    for rule in dict.fromkeys((*was, *would)):
        one, other = was.get(rule), would.get(rule)
        if _answer(one) != _answer(other):
            return Cause(old=_said(one), new=_said(other), inputs=_inputs(other or one))
    return _declared(old, new, partings)


def _reasons(done: Done | None) -> dict[str, Reason]:
    """Reasons by table or rule, the last of each: row numbers may move, answers count."""
    return {_about(each.rule): each for each in done.reasons()} if done is not None else {}


def _about(rule: str) -> str:
    words = rule.split()
    return " ".join(words[:2]) if words[:1] == ["table"] else rule


def _answer(reason: Reason | None) -> str:
    return "" if reason is None else reason.answer


def _said(reason: Reason | None) -> str:
    return "" if reason is None else f"{reason.rule}: {reason.answer}".removesuffix(": ")


def _inputs(reason: Reason | None) -> Mapping[str, Json]:
    if reason is None:
        return {}
    return {
        name: None if value is None else plain(value)
        for name, value in sorted(reason.inputs.items())
    }


def _declared(old: Done | None, new: Done | None, partings: Sequence[Parting]) -> Cause:
    """All rules answered alike: what the states declare differs."""
    kinds = ", ".join(dict.fromkeys(_DECLARED.get(each.kind, each.kind.value) for each in partings))
    return Cause(old=_state(old, kinds), new=_state(new, kinds))


def _state(done: Done | None, kinds: str) -> str:
    if done is None:
        return "no case"
    names = ", ".join(step.state for step in done.after.steps) or done.after.outcome
    return f"{kinds} of {names}"
