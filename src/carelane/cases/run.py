"""One case while one fact is applied to it: the only mutable thing in the core, local to one call.

`enter`, `leave`, `clocks`, `effects` write into a `Run`; `finish` freezes it into a `Change`.
"""

from collections.abc import Mapping
from uuid import UUID

from carelane.cases.model import (
    Case,
    Change,
    EffectView,
    Emission,
    Moved,
    Notice,
    OpenStep,
    Reason,
    RegionView,
    Undo,
)
from carelane.cases.moment import Moment
from carelane.cases.prepared import Prepared
from carelane.cases.words import EFFECT_DEAD, SELF
from carelane.facts.fact import Fact, Json, Urgency
from carelane.facts.ids import derive
from carelane.facts.intent import Intent
from carelane.facts.phi import Phi
from carelane.pathways.definition import State
from carelane.pathways.guard import Value

_EMPTY: Phi[Mapping[str, Json]] = Phi({}, "case fields")


class Run:
    """A case being changed by one fact. `case` is the case before, or a new one's first shape."""

    __slots__ = (  # so many attributes would not fit into the kind of dict that instances share
        "_ordinal",
        "before",
        "cancelled",
        "case",
        "closed",
        "closed_at",
        "counters",
        "definition",
        "effects",
        "emissions",
        "entered",
        "fact",
        "fields",
        "intents",
        "keys",
        "last_actor",
        "milestone",
        "moment",
        "moved",
        "notices",
        "now",
        "opened",
        "opening",
        "outcome",
        "owed",
        "prepared",
        "read",
        "reasons",
        "regions",
        "retasked",
        "stale",
        "status",
        "steps",
        "telling",
        "undo",
        "urgency",
        "values",
        "withdrawn",
    )

    def __init__(self, moment: Moment, prepared: Prepared, case: Case, *, new: bool) -> None:
        self.moment = moment
        self.fact: Fact = moment.fact
        self.now = moment.now
        self.prepared = prepared
        self.definition = prepared.definition
        self.case = case
        self.before = None if new else case
        self.status = case.status
        self.milestone = case.milestone
        self.urgency = case.urgency
        self.outcome = case.outcome
        self.closed_at = case.closed_at
        self.keys = case.keys
        self.values: dict[str, Value | None] = dict(case.values)
        self.fields = case.fields
        self.counters: Mapping[str, int] = case.counters
        self.steps: list[OpenStep] = list(case.steps)
        self.effects: list[EffectView] = list(case.effects)
        self.stale = case.stale
        self.last_actor = case.last_actor
        self.cancelled = case.cancelled
        self.regions: dict[str, RegionView] = dict(case.regions)
        self.owed = case.owed
        self.telling: UUID | None = None  # the milestone's message that this fact has wanted so far
        self.opening: set[str] = set()  # blocks whose regions are being opened: no join yet
        self.undo: Undo | None = None
        self.moved: Moved | None = case.moved
        self.retasked: list[tuple[OpenStep, OpenStep, str]] = []
        self.opened: list[OpenStep] = []
        self.closed: list[tuple[OpenStep, str]] = []
        self.intents: list[Intent] = []
        self.withdrawn: list[UUID] = []
        self.notices: list[Notice] = []
        self.reasons: list[Reason] = []
        self.read: Mapping[str, Value | None] = {}
        self.emissions: list[Emission] = []
        self.entered = 0
        self._ordinal = 0

    def next_id(self, kind: str) -> UUID:
        """The next derived id of this application: same history, same ids (I15)."""
        self._ordinal += 1
        return derive(self.fact.recorded_at, self.case.id, self.fact.id, kind, self._ordinal)

    def state(self, name: str) -> State:
        """A state of the pinned release."""
        return self.definition.states[name]

    def step(self, step: UUID) -> OpenStep | None:
        """The open step with this id."""
        return next((each for each in self.steps if each.id == step), None)

    def waiting_in(self, state: str) -> OpenStep | None:
        """The open step that waits in this state: there is at most one."""
        return next((each for each in self.steps if each.state == state), None)

    def replace_step(self, new: OpenStep) -> None:
        """Put a changed step (same id) in the old one's place."""
        self.steps = [new if each.id == new.id else each for each in self.steps]

    def readable(self) -> dict[str, Value | None]:
        """What guards may read now: values, then the subject's and the case's counters."""
        counters = self.counted()
        return {**self.values, **counters} if counters else self.values

    def counted(self) -> Mapping[str, int]:
        """The subject's counters and the case's over them."""
        shared = self.moment.view.counters
        return {**shared, **self.counters} if shared else self.counters

    def because(
        self, rule: str, answer: str = "", inputs: Mapping[str, Value | None] | None = None
    ) -> None:
        """Add one line of why."""
        self.reasons.append(Reason(rule=rule, answer=answer, inputs=inputs or {}))

    def emit(  # noqa: PLR0913  # a builder: every part by name
        self,
        fact: str,
        *,
        to: str,
        by: str = "",
        payload: Mapping[str, Json] | None = None,
        refers: Mapping[str, UUID] | None = None,
        keys: Mapping[str, str] | None = None,
    ) -> None:
        """Send a fact to another subject, or work to a system pathway of this one."""
        self.emissions.append(
            Emission(
                fact=fact,
                to=to,
                by=by,
                payload=Phi(payload or {}, fact),
                case=self.case.id,
                ordinal=len(self.emissions),
                refers=refers if refers is not None else {"case": self.case.id},
                urgency=self.urgency,
                keys=keys or {},
            )
        )

    def raise_urgency(self, to: Urgency) -> None:
        """Rules only raise."""
        self.urgency = max(self.urgency, to)

    def emit_dead(
        self, effect: UUID, *, told: Mapping[str, Json] | None = None, unreached: bool = False
    ) -> None:
        """Give an effect that ended badly to a person, by a system pathway, with what is `told` of its end.

        `unreached`: no message can reach the patient at all, so all of theirs are one piece of work.
        """
        self.emit(
            EFFECT_DEAD,
            to=SELF,
            payload={"effect": told} if told else None,
            refers={"case": self.case.id, "effect": effect},
            keys={"patient": str(self.case.subject)} if unreached else None,
        )

    def finish(self) -> Change:
        """The case after, and what opened, closed and must be done."""
        case, fact = self.case, self.fact
        after = Case(
            id=case.id,
            organisation=case.organisation,
            subject=case.subject,
            pathway=case.pathway,
            version=case.version,
            release=case.release,
            opened_at=case.opened_at,
            correlation=case.correlation,
            site=case.site,
            service_line=case.service_line,
            status=self.status,
            milestone=self.milestone,
            urgency=self.urgency,
            outcome=self.outcome,
            closed_at=self.closed_at,
            unique=case.unique,
            keys=self.keys,
            values=self.values,
            fields=self.fields,
            counters=self.counters,
            steps=tuple(self.steps),
            effects=tuple(self.effects),
            stale=self.stale,
            last_actor=self.last_actor,
            cancelled=self.cancelled,
            parked_by=case.parked_by,
            duplicate_of=case.duplicate_of,
            identity=case.identity,
            revision=case.revision + 1,
            undo=self.undo,
            moved=self._way_back(),
            regions=self.regions,
            owed=self.owed,
        )
        return Change(
            before=self.before,
            after=after,
            opened=tuple(self.opened),
            closed=tuple(self.closed),
            retasked=tuple(self.retasked),
            intents=tuple(self.intents),
            withdrawn=tuple(self.withdrawn),
            notices=tuple(self.notices),
            reasons=tuple(self.reasons),
            fact=fact.id,
            read=self.read,
        )

    def _way_back(self) -> Moved | None:
        """There is one while the waits are as the move left them."""
        moved = self.moved
        return moved if moved is not None and moved.after == tuple(self.steps) else None
