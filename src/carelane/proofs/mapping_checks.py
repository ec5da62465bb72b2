"""What makes a mapping of running cases total: every wait has a way, and no clock or region is lost on it. Pure."""

from collections.abc import Iterator, Mapping

from carelane.cases.moves import PERSON, ClockRule, Target, regions_of
from carelane.pathways.definition import ClockSpec, Definition, State
from carelane.pathways.shape import Part

Targets = Mapping[str, Target]


def check_total(section: Part, targets: Targets, old: Definition, new: Definition) -> None:
    """Note, at the state in `states`, what would leave a case without a way, a clock or a region."""
    for name, state in old.states.items():
        if state.final:
            continue
        target = targets.get(name)
        if target is None:
            section.findings.add(
                "not-total",
                section.at,
                f"Nothing says where cases in `{name}` go.",
                f"Add `{name}: {{ to: state, clock: keep, reason: ... }}`, or `to: person`.",
            )
        elif target.to != PERSON:
            for message, remedy in _faults(state, new.states.get(target.to), target, new):
                _wrong(section, name, message, remedy)
    going = {name: target for name, target in targets.items() if target.to in new.states}
    for name in going:
        for message, remedy in _region_faults(name, going, old, new):
            _wrong(section, name, message, remedy)


def _faults(
    before: State, after: State | None, target: Target, new: Definition
) -> Iterator[tuple[str, str]]:
    if after is None:
        known = ", ".join(one.name for one in new.states.values() if not one.final)
        yield f"The new release has no state `{target.to}`.", f"Use one of: {known}; or `person`."
        return
    if after.final or after.owner is None or after.clock is None:
        yield f"No case waits in `{after.name}`.", "Name a state that waits, or `person`."
        return
    if (before.block is None) != (after.block is None):
        yield "Only one of the two is a block.", "Map a block to a block, or write `to: person`."
    if before.clock is not None:
        yield from _clock_faults(before.clock, after.clock, target.clock)


def _clock_faults(
    before: ClockSpec, after: ClockSpec, rule: ClockRule
) -> Iterator[tuple[str, str]]:
    if rule is ClockRule.RESTART and (before.safety or after.safety):
        yield "A safety clock is never started anew: nobody gets more time.", "Write `convert`."
    if rule is ClockRule.KEEP and (before.kind, before.safety) != (after.kind, after.safety):
        yield "A clock is kept only where both count the same kind of time.", "Write `convert`."


def _region_faults(
    name: str, going: Targets, old: Definition, new: Definition
) -> Iterator[tuple[str, str]]:
    """Regions go to regions, one to one, of the block that their block goes to; and none is left unopened."""
    before, after = old.states[name], new.states[going[name].to]
    known = regions_of(old, new, going)
    if bool(before.region) != bool(after.region):
        yield "Only one of the two stands in a region.", "Map it to a state of the matching region."
    elif known.get(before.region, after.region) != after.region:
        yield f"Other states of its region go to {known[before.region]}.", "Keep a region together."
    if before.block is None or after.block is None:
        return
    here = {f"{name}/{region}": region for region in before.block.regions}
    met = {known[region] for region in here if region in known}
    wanted = {f"{after.name}/{region}" for region in after.block.regions}
    if met != wanted or len(here) != len(wanted):
        more = ", ".join(sorted(wanted - met)) or "more than one to one"
        yield (
            f"Its regions do not go one to one ({more}).",
            "Map each region, or write `to: person`.",
        )
    for region, called in here.items():
        there = known.get(region, "").rpartition("/")[2]
        known_ends = after.block.regions[there].outcomes if there in after.block.regions else ()
        lost = set(before.block.regions[called].outcomes) - set(known_ends)
        if there and lost:
            yield f"Region {there} can't end with {', '.join(sorted(lost))}.", "Write `to: person`."


def _wrong(section: Part, name: str, message: str, remedy: str) -> None:
    at = section.place(name)
    section.findings.add("mapping", at, f"State `{name}`: {message}", remedy)
