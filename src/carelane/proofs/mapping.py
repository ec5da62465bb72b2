"""Mappings of running cases from one release to another: read, and shown to be total before any case moves.

    migrate: referral-intake
    from: "1.0.0"
    to: "1.1.0"
    reason: Triage is a day faster.
    unchanged: { clock: keep, reason: the same wait }       # states that both releases say alike
    states:
      triage: { to: triage, clock: convert, reason: the day that has passed counts }
      waiting: { to: person, reason: there is no such wait any more }

Total means: each waiting state of the old release has a way, and no case can come out without owner and clock.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from carelane.cases.moves import PERSON, ClockRule, Target
from carelane.facts.problem import Problem
from carelane.pathways.definition import Definition
from carelane.pathways.digest import plain
from carelane.pathways.findings import Findings
from carelane.pathways.reader import read
from carelane.pathways.shape import Part
from carelane.proofs.mapping_checks import check_total

_KEYS = ("migrate", "from", "to", "reason", "unchanged", "states")
_NEEDED = ("migrate", "from", "to", "reason")
_ASKED = "WHY"
"""What a draft says where only people know the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMapping:
    """A total mapping: where the cases of each waiting state go, and what their clocks do."""

    pathway: str
    old: str
    new: str
    reason: str
    targets: Mapping[str, Target]
    reasons: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Its name in the audit."""
        text = json.dumps(plain(self.targets), sort_keys=True) + self.old + self.new
        return hashlib.sha256(text.encode()).hexdigest()


def read_mapping(
    text: str | bytes, old: Definition, new: Definition, *, place: str = ""
) -> tuple[CaseMapping | None, tuple[Problem, ...]]:
    """A mapping and no problems, or None and every problem, each with line, column and remedy."""
    findings = Findings(file=place)
    document = read(text, findings)
    if document is None:
        return None, tuple(findings.problems)
    top = Part(document, findings, "The mapping")
    top.keys(_KEYS, _NEEDED)
    _check_head(top, old, new)
    targets, reasons = _targets(top, old, new)
    found = CaseMapping(
        pathway=old.name,
        old=old.digest,
        new=new.digest,
        reason=_reason(top),
        targets=targets,
        reasons=reasons,
    )
    check_total(top.part("states", "`states`"), found.targets, old, new)
    return (None, tuple(findings.problems)) if findings.problems else (found, ())


def _check_head(top: Part, old: Definition, new: Definition) -> None:
    if top.text("migrate") != old.name or new.name != old.name:
        message = f"The releases are of `{old.name}` and `{new.name}`."
        _wrong(top, "migrate", message, "Map one pathway to itself.")
    for key, release in (("from", old), ("to", new)):
        said = top.text(key)
        if said != release.version and not (said and release.digest.startswith(said)):
            message = f"`{key}` says `{said}`, the release is {release.version}."
            _wrong(top, key, message, f'Write `{key}: "{release.version}"`.')
    if old.subject is not new.subject:
        message = "The new release is about another kind of subject."
        _wrong(top, "to", message, "Its cases can't be moved: let them finish.")


def _targets(
    top: Part, old: Definition, new: Definition
) -> tuple[dict[str, Target], dict[str, str]]:
    targets: dict[str, Target] = {}
    reasons: dict[str, str] = {}
    if "unchanged" in top.entries:
        part = top.part("unchanged", "`unchanged`")
        part.keys(("clock", "reason"), ("clock", "reason"))
        rule = ClockRule(part.one_of("clock", list(ClockRule), ClockRule.KEEP))
        for name in alike(old, new):
            targets[name] = Target(to=name, clock=rule)
            reasons[name] = _reason(part)
    section = top.part("states", "`states`")
    waiting = {state.name for state in old.states.values() if not state.final}
    for name, node in section.entries.items():
        part = Part(node, top.findings, f"State `{name}`")
        part.keys(("to", "clock", "reason"), ("to", "reason"))
        if name not in waiting:
            top.findings.unknown(
                "waiting state of the old release", name, section.place(name), waiting
            )
            continue
        rule = ClockRule(part.one_of("clock", list(ClockRule), ClockRule.KEEP))
        targets[name] = Target(to=part.text("to"), clock=rule)
        reasons[name] = _reason(part)
        if targets[name].to != PERSON and "clock" not in part.entries:
            message = f"State `{name}` does not say what its clock does."
            remedy = "Add `clock: keep`, `convert` or `restart`."
            part.findings.add("missing-key", part.at, message, remedy)
    return targets, reasons


def alike(old: Definition, new: Definition) -> tuple[str, ...]:
    """Waiting states that both releases say in the same words, wherever they lead."""
    same = (name for name, state in old.states.items() if not state.final and name in new.states)
    return tuple(name for name in same if plain(old.states[name]) == plain(new.states[name]))


def draft(old: Definition, new: Definition, renamed: Mapping[str, str]) -> str:
    """A mapping to begin with: what is alike keeps its clock, what was renamed is converted, the rest is asked."""
    same = set(alike(old, new))
    lines = [
        f"migrate: {old.name}",
        f'from: "{old.version}"',
        f'to: "{new.version}"',
        f"reason: {_ASKED}",
        *(["unchanged: { clock: keep, reason: the same wait in both }"] if same else []),
    ]
    other = [name for name, state in old.states.items() if not state.final and name not in same]
    lines.extend(["states:"] if other else [])
    for name in other:
        to = name if name in new.states else renamed.get(name, PERSON)
        rule = "" if to == PERSON else "clock: convert, "
        lines.append(f"  {name}: {{ to: {to}, {rule}reason: {_ASKED} }}")
    return "\n".join(lines) + "\n"


def _reason(part: Part) -> str:
    said = part.text("reason")
    if said == _ASKED:
        _wrong(part, "reason", "This is the draft's question, not a reason.", "Say why.")
    return said


def _wrong(top: Part, key: str, message: str, remedy: str) -> None:
    top.findings.add("mapping", top.place(key), message, remedy)
