"""The four laws of conservation, recounted from audit leaves alone (SEMANTICS 10).

Every leaf lists its changes as `[thing, id, from, to]`; a thing is where its last change left it.
`carelane_verify.py` says the same without this package; a test holds the two together.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from carelane.audit.leaf import COUNTED, Thing
from carelane.facts.fact import Json
from carelane.facts.problem import Fault, Problem

_PROBLEMS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many of each thing stand in each state; every state of the law is there, also with 0."""

    messages: Mapping[str, int]
    facts: Mapping[str, int]
    cases: Mapping[str, int]
    effects: Mapping[str, int]
    repeats: int = 0
    leaves: int = 0

    def laws(self) -> dict[str, dict[str, int]]:
        """The four laws as one document, each with its total."""
        parts = {
            "messages": self.messages,
            "facts": self.facts,
            "cases": self.cases,
            "effects": self.effects,
        }
        return {name: {**part, "total": sum(part.values())} for name, part in parts.items()}


@dataclass(slots=True)
class Recount:
    """Takes leaves one by one, in tree order; `counts()` at any time."""

    state: dict[Thing, dict[str, str]] = field(
        default_factory=lambda: {thing: {} for thing in COUNTED}
    )
    problems: list[Problem] = field(default_factory=list)
    repeats: int = 0
    leaves: int = 0

    def take(self, leaf: Mapping[str, Json]) -> None:
        """One leaf's body."""
        place = f"leaf {self.leaves}"
        self.leaves += 1
        changes = leaf.get("changes")
        if not isinstance(changes, Sequence) or isinstance(changes, str):
            self._wrong(place, "it has no list of changes")
            return
        for number, change in enumerate(changes):
            self._take(f"{place}, change {number}", change)

    def _take(self, place: str, change: Json) -> None:
        if not isinstance(change, Sequence) or len(change) not in (4, 5):
            self._wrong(place, "a change is [thing, id, from, to]")
            return
        thing, id_, before, after = (str(part) for part in change[:4])
        if thing == Thing.REPEAT.value:
            self.repeats += 1
        if thing in {each.value for each in COUNTED}:
            self._move(place, Thing(thing), id_, before, after)

    def _move(self, place: str, thing: Thing, id_: str, before: str, after: str) -> None:
        stood = self.state[thing].get(id_, "")
        if after not in COUNTED[thing]:
            self._wrong(place, f"a {thing.value} can't be `{after}`")
            return
        if stood != before:
            self._wrong(
                place, f"the {thing.value} was `{stood or 'unknown'}`, not `{before or 'unknown'}`"
            )
        self.state[thing][id_] = after

    def counts(self) -> Counts:
        """Where everything stands now."""
        by = {thing: Counter(states.values()) for thing, states in self.state.items()}
        full = {
            thing: {name: by[thing][name] for name in names} for thing, names in COUNTED.items()
        }
        return Counts(
            messages=full[Thing.MESSAGE],
            facts=full[Thing.FACT],
            cases=full[Thing.CASE],
            effects=full[Thing.EFFECT],
            repeats=self.repeats,
            leaves=self.leaves,
        )

    def _wrong(self, place: str, message: str) -> None:
        if len(self.problems) < _PROBLEMS_MAX:
            self.problems.append(
                Problem(
                    code="audit.chain",
                    place=place,
                    message=f"The audit does not add up: {message}.",
                    remedy="Compare the leaf with its transaction's rows; report the defect.",
                    fault=Fault.CARELANE,
                )
            )


def recount(leaves: Iterable[Mapping[str, Json]]) -> tuple[Counts, tuple[Problem, ...]]:
    """Counts and problems of all leaves, in tree order."""
    running = Recount()
    for leaf in leaves:
        running.take(leaf)
    return running.counts(), tuple(running.problems)


def differences(counts: Counts, database: Mapping[str, Mapping[str, int]]) -> tuple[Problem, ...]:
    """Where the audit and the database's own counts (the four SQL laws) disagree."""
    found: list[Problem] = []
    for law, states in counts.laws().items():
        for name, audited in states.items():
            stored = database.get(law, {}).get(name, 0)
            if name != "total" and stored != audited:
                found.append(
                    Problem(
                        code="audit.law",
                        place=f"{law}, {name}",
                        message=f"The audit counts {audited}, the database {stored}.",
                        remedy="Rows changed outside Carelane? Run `carelane audit verify`.",
                        fault=Fault.SITE,
                    )
                )
    return tuple(found)
