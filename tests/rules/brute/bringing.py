"""What facts and forms bring in: any value that their kind may carry, or nothing new."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field

from carelane.facts.vocabulary import FACTS
from carelane.pathways.definition import Event, Input, InputType, Reduce, State
from tests.rules.brute.places import Change
from tests.rules.brute.reading import Reading
from tests.rules.brute.texts import counted_lists, within


@dataclass(frozen=True, slots=True)
class Bringing:
    """What may change with an event or a task's outcome."""

    reading: Reading
    changes: dict[tuple[str, bool, tuple[int, ...] | None], Change] = field(default_factory=dict)

    def by(self, event: Event) -> Iterator[tuple[Change, ...]]:
        """What a fact changes: with every role that it may carry, and without each that is counted."""
        kind = FACTS.get(event.name)
        mine = [
            one
            for one in self.reading.definition.inputs.values()
            if one.name in self.reading.worlds.dimensions
            and not one.path.startswith("task.")
            and (kind is None or one.path.split(".")[0] in kind.roles)
        ]
        for out in _subsets({one.path.split(".")[0] for one in mine if one.reduce is Reduce.COUNT}):
            here = [one for one in mine if one.path.split(".")[0] not in out]
            shared = counted_lists(self.reading.definition)
            for empty in _subsets({one.path for one in here if one.path in shared}):
                yield tuple(self._lists(here, shared, empty))

    def _lists(
        self, here: Sequence[Input], shared: Container[str], empty: set[str]
    ) -> Iterator[Change]:
        """Of a list that is empty nothing is read but that; of one that is not, it has at least one."""
        for one in here:
            if one.reduce is Reduce.COUNT and one.path in shared:
                values = self.reading.worlds.dimensions[one.name]
                none = one.path in empty
                among = [n for n, v in enumerate(values) if v is not None and (v == 0) is none]
                yield self._any(one, forced=True, among=among)
            elif not any(within(one, path) for path in empty):
                yield self._any(one, forced=one.reduce is Reduce.COUNT)

    def filled(self, state: State, outcome: str) -> Iterator[Change]:
        """What a person may have written for this outcome, and must have."""
        tasks = self.reading.definition.tasks
        form = {one.name: one for one in tasks[state.task].form} if state.task else {}
        for one in self.reading.definition.inputs.values():
            path = one.path.split(".")
            asked = form.get(path[2]) if path[:2] == ["task", "form"] else None
            known = one.name in self.reading.worlds.dimensions
            if asked is None or not known or not state.name.startswith(one.within):
                continue
            values = self.reading.worlds.dimensions[one.name]
            needed = outcome in asked.required_for
            if asked.options:
                codes = {one.aliases.get(each.casefold(), each) for each in asked.options}
                among = [n for n, value in enumerate(values) if value in codes]
                yield self._any(one, forced=needed, among=among)
            elif one.type is InputType.BOOLEAN and needed:
                yield self._any(one, forced=True, among=[list(values).index(True)])
            else:
                yield self._any(one, forced=False)

    def _any(self, one: Input, *, forced: bool, among: Sequence[int] | None = None) -> Change:
        key = (one.name, forced, None if among is None else tuple(among))
        if key not in self.changes:
            self.changes[key] = self._change(one, forced=forced, among=among)
        return self.changes[key]

    def _change(self, one: Input, *, forced: bool, among: Sequence[int] | None) -> Change:
        values = self.reading.worlds.dimensions[one.name]
        every = [n for n, value in enumerate(values) if value is not None]
        given = every if among is None else list(among)

        def to(number: int) -> list[int]:
            rising = one.raise_only and values[number] is not None
            kept = [] if forced and not rising else [number]
            return sorted({*kept, *(n for n in given if not rising or n >= number)})

        return one.name, to


def _subsets(names: set[str]) -> Iterator[set[str]]:
    every = sorted(names)
    for bits in range(1 << len(every)):
        yield {name for n, name in enumerate(every) if bits >> n & 1}
