"""What rules look at: where a case stands as far as its future goes, and one decision about it by `cases.step`."""

from collections.abc import Iterable
from dataclasses import dataclass

from carelane.cases.model import Case, Step
from carelane.pathways.definition import Definition, State
from carelane.proofs.moves import Move


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """Where a case stands, apart from values and counters. An empty `state` is: no case yet.

    Inside a block each region is looked at by itself: `within` names it, `ended` says that it is over. `opened` are
    the regions that a block has begun. `owner` is kept only where red flags ask who it is, `kept` are the requirements
    fulfilled so far by number, `flagged` is one more than the highest urgency that a red flag asked for (0: none seen).
    """

    state: str = ""
    within: str = ""
    closed: bool = False
    ended: bool = False
    opened: frozenset[str] = frozenset()
    owner: str = ""
    pending: frozenset[str] = frozenset()
    failed: bool = False
    cancelled: bool = False
    acted: bool = False
    kept: frozenset[int] = frozenset()
    flagged: int = 0

    @property
    def over(self) -> bool:
        """Whether nothing happens from there by itself: the case is closed, or the region over."""
        return self.closed or self.ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One move, decided by the engine on a representative: the case before and after, and every decision on the way."""

    definition: Definition
    move: Move
    was: Control
    now: Control
    before: Case | None
    after: Case | None
    steps: tuple[Step, ...]

    @property
    def state(self) -> State | None:
        """The state before, if there was one."""
        return self.definition.states.get(self.was.state)

    @property
    def line(self) -> int:
        """Where in the text the state before stands; else the state after."""
        state = self.state or self.definition.states.get(self.now.state)
        return state.line if state is not None else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A rule that does not hold: what is wrong, where, and what to do."""

    rule: str
    message: str
    remedy: str
    line: int = 1


def said(names: Iterable[str]) -> str:
    """Names as a sentence lists them."""
    listed = [f"`{name}`" for name in names]
    return ", ".join(listed[:-1]) + (f" and {listed[-1]}" if len(listed) > 1 else "".join(listed))
