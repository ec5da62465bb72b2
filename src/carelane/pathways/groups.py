"""What belongs together in a pathway's picture: parallel blocks, their regions, and sub-pathways that were called."""

from collections.abc import Iterator
from dataclasses import dataclass

from carelane.pathways.definition import Definition, Join, JoinKind, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """States in one frame: `kind` is `block`, `region` or `call`; `parent` is the frame around it."""

    name: str
    kind: str
    title: str
    members: frozenset[str]
    parent: str = ""


def groups(definition: Definition) -> tuple[Group, ...]:
    """The frames, each after the one around it."""
    placed: list[Group] = []
    for one in sorted(_found(definition), key=lambda group: -len(group.members)):
        around = [each.name for each in placed if one.members <= each.members]
        placed.append(
            Group(
                name=one.name,
                kind=one.kind,
                title=one.title,
                members=one.members,
                parent=around[-1] if around else "",
            )
        )
    return tuple(placed)


def ending_words(join: Join) -> str:
    """`until all are done`, `until 2 are approved`."""
    if join.kind is JoinKind.AT_LEAST:
        return f"until {join.least} are {join.of or 'done'}"
    return f"until {'all are' if join.kind is JoinKind.ALL else 'one is'} {join.of or 'done'}"


def _found(definition: Definition) -> Iterator[Group]:
    inside = {state.name: tuple(_around(definition, state)) for state in definition.states.values()}
    for state in definition.states.values():
        if state.block is None:
            continue
        regions = {name: f"{state.name}/{name}" for name in state.block.regions}
        within = frozenset(
            name for name, around in inside.items() if set(around) & set(regions.values())
        )
        title = f"Side by side, {ending_words(state.block.join)}"
        yield Group(name=state.name, kind="block", title=title, members=within | {state.name})
        for name, region in regions.items():
            members = frozenset(each for each, around in inside.items() if region in around)
            yield Group(name=region, kind="region", title=name, members=members)
    for caller, called in definition.calls.items():
        members = frozenset(name for name in definition.states if name.startswith(f"{caller}/"))
        yield Group(
            name=f"call {caller}", kind="call", title=f"{caller}: {called}", members=members
        )


def _around(definition: Definition, state: State) -> Iterator[str]:
    """The regions a state stands in, innermost first."""
    while state.region:
        yield state.region
        state = definition.states[state.region.rpartition("/")[0]]
