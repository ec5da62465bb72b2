"""What a pathway promises under `requires`, apart from the states that keep it.

{ before: STATE, outcome: OUTCOME, of: TASK }     nobody gets there before a person gave this outcome
{ before: STATE, done: EFFECT }                   ... or before this was done outside; with both, either will do
{ chain: TASK, levels: "3", last_by: 30m, last_channel: phone }    who is called while nobody takes it
`promise: words` says any of these in a sentence, and alone it stands for people only: nothing checks it.
`at: STATE` names the one state that a chain is about.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from carelane.pathways.definition import Definition, State
from carelane.pathways.durations import duration
from carelane.proofs.moves import Kind, Move
from carelane.proofs.turns import Breach, said

RULE = "requires"
_BEFORE = frozenset({"promise", "before", "outcome", "of", "done"})
_CHAIN = frozenset({"promise", "chain", "levels", "last_by", "last_channel", "at"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """No run enters `state` without the outcome of the task, or the effect done."""

    number: int
    state: str
    task: str = ""
    outcome: str = ""
    effect: str = ""

    @property
    def words(self) -> str:
        """The requirement as a sentence."""
        ways = [f"`{self.outcome}` of task `{self.task}`"] if self.outcome else []
        ways += [f"effect `{self.effect}` done"] if self.effect else []
        return f"nothing enters `{self.state}` before {' or '.join(ways)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """While nobody takes the task, so many levels are called, the last in time and by this channel."""

    task: str
    levels: int
    last_by: timedelta | None
    last_channel: str
    at: str = ""

    def about(self, state: State) -> bool:
        """Whether it speaks of this state: the one it names, or each with its task that does not repeat."""
        if self.at:
            return state.name == self.at
        repeats = state.fallback is not None and state.fallback.repeat
        return state.task == self.task and not repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """All of a pathway's requirements, and what of them can't be read."""

    before: tuple[Before, ...] = ()
    chains: tuple[Chain, ...] = ()
    unread: tuple[Breach, ...] = ()
    words: tuple[str, ...] = ()
    _by_move: Mapping[tuple[str, str, str], frozenset[int]] = field(default_factory=dict)

    @classmethod
    def of(cls, definition: Definition) -> "Promises":
        """Read them."""
        before: list[Before] = []
        chains: list[Chain] = []
        unread: list[Breach] = []
        words: list[str] = []
        for number, given in enumerate(definition.requires, start=1):
            if set(given) == {"promise"}:
                words.append(given["promise"])
                continue
            problems = tuple(_problems(definition, number, given))
            unread.extend(problems)
            if not problems and "before" in given:
                before.append(_before(number, given))
            elif not problems:
                chains.append(_chain(given))
        return cls(
            before=tuple(before),
            chains=tuple(chains),
            unread=tuple(unread),
            words=tuple(words),
            _by_move=_moves(before),
        )

    def kept_by(self, move: Move) -> frozenset[int]:
        """The numbers of the requirements that this move fulfils."""
        return self._by_move.get(move.key, frozenset())

    def only(self, number: int) -> "Promises":
        """The one requirement of this number; 0: none."""
        return replace(
            self,
            before=tuple(one for one in self.before if one.number == number),
            _by_move=_moves([one for one in self.before if one.number == number]),
        )


def _moves(before: list[Before]) -> dict[tuple[str, str, str], frozenset[int]]:
    found: dict[tuple[str, str, str], set[int]] = {}
    for one in before:
        if one.outcome:
            found.setdefault((Kind.TASK, one.task, one.outcome), set()).add(one.number)
        if one.effect:
            found.setdefault((Kind.EFFECT, one.effect, "done"), set()).add(one.number)
    return {move: frozenset(numbers) for move, numbers in found.items()}


def _before(number: int, given: Mapping[str, str]) -> Before:
    return Before(
        number=number,
        state=given["before"],
        task=given.get("of", ""),
        outcome=given.get("outcome", ""),
        effect=given.get("done", ""),
    )


def _chain(given: Mapping[str, str]) -> Chain:
    return Chain(
        task=given["chain"],
        levels=int(given["levels"]),
        last_by=duration(given["last_by"]) if "last_by" in given else None,
        last_channel=given.get("last_channel", ""),
        at=given.get("at", ""),
    )


def _problems(definition: Definition, number: int, given: Mapping[str, str]) -> Iterator[Breach]:
    known = _BEFORE if "before" in given else _CHAIN
    if "before" not in given and "chain" not in given:
        yield _unread(number, "says nothing that can be checked", "Add `before` or `chain`.")
        return
    if extra := sorted(set(given) - known):
        yield _unread(number, f"has {said(extra)}, which mean nothing here", "Remove them.")
    if "before" in given and not ({"outcome", "of"} <= set(given) or "done" in given):
        yield _unread(
            number, "does not say what must come first", "Add `outcome` and `of`, or `done`."
        )
    if "chain" in given and not given.get("levels", "").isdigit():
        yield _unread(number, "does not say how many levels", 'Add `levels: "3"`.')
    if duration(given.get("last_by", "1m")) is None:
        yield _unread(number, "has no duration in `last_by`", "Write it like 30m.")
    yield from _unknown(definition, number, given)


def _unknown(definition: Definition, number: int, given: Mapping[str, str]) -> Iterator[Breach]:
    task = definition.tasks.get(given.get("of", ""))
    for key, names in (
        ("before", definition.states),
        ("at", definition.states),
        ("of", definition.tasks),
        ("chain", definition.tasks),
        ("done", definition.effects),
        ("outcome", dict.fromkeys(task.outcomes) if task is not None else {}),
    ):
        if key in given and given[key] not in names:
            yield _unread(number, f"names `{given[key]}`, which is not there", f"Correct `{key}`.")


def _unread(number: int, what: str, remedy: str) -> Breach:
    return Breach(rule=RULE, message=f"Requirement {number} {what}.", remedy=remedy)
