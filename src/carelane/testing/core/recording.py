"""Recordings made in memory: a play's decisions as `releases.events` would write them from the database.

For tests and measurements of the back-test; the flow tests hold the same against a real database.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import msgspec
from typing_extensions import override

from carelane.cases.alerts import with_alerts
from carelane.cases.model import Case, Change, Definitions, OpenStep, Step
from carelane.cases.vector import Vector, vector, vocabulary
from carelane.directory.snapshot import Snapshot
from carelane.facts.fact import Fact
from carelane.pathways.definition import Definition
from carelane.proofs.events import (
    FORMAT,
    Active,
    Applied,
    EffectEnd,
    Ended,
    Header,
    Heard,
    History,
    StepEnd,
    Text,
    Told,
    encode,
    reduced,
)
from carelane.proofs.player import Player
from carelane.proofs.recall import case_end, step_end, why
from carelane.proofs.recorded import World
from carelane.testing.core.play import Play

LOADED = datetime(2020, 1, 1, tzinfo=UTC)


class _Nowhere:
    """Nothing is in force: a player that keeps decisions, and takes none."""

    def of(self, fact: Fact, now: datetime) -> Definitions:
        """No release."""
        del fact, now
        return Definitions(pinned={}, active=())

    def elsewhere(self, fact: Fact, here: Definitions, now: datetime) -> bool:
        """Nowhere else either."""
        del fact, here, now
        return False


_WORLD = World(pinned={}, in_force=_Nowhere())


class Recording(Play):
    """A play whose view goes on as the database would give it: alerts to staff are effects of the case."""

    @override
    def _keep(self, decided: Step) -> None:
        kept = with_alerts(decided)
        player = Player(world=_WORLD, view=self.view)
        self.steps.append(player.keep(kept))
        self.view = player.view


@dataclass(slots=True)
class _Ends:
    """What came of one fact, in the order of its endings."""

    fact: Fact
    ends: list[Ended]
    applied: dict[UUID, Applied]
    vector: Vector


def history_of(  # a recording of one subject is all of these
    steps: Sequence[Step],
    definitions: Mapping[str, Definition],
    *,
    kind: str = "patient",
    directory: int = 1,
) -> History:
    """One subject's decisions as a recording has them."""
    known = vocabulary(definitions)
    facts: dict[UUID, _Ends] = {}
    order = 0
    for decided in steps:
        for fact in (decided.fact, *decided.released):
            own = fact is decided.fact
            read = vector(decided, known) if own else {}
            kept = facts.setdefault(fact.id, _Ends(fact, [], {}, {}))
            kept.vector |= read
            for change in decided.changes:
                if (change.fact or decided.fact.id) == fact.id:
                    kept.applied[change.after.id] = _applied(change)
                    if not own and change.read:
                        kept.vector["read"] = vector(_as_own(decided, fact), known).get("read", {})
            seen = read.get("seen")
            kept.ends.append(
                Ended(
                    at=decided.now,
                    order=order,
                    how=decided.disposition.value if own else "applied",
                    why=decided.reason if own else "",
                    directory=directory,
                    seen={str(k): str(v) for k, v in seen.items()}
                    if isinstance(seen, dict)
                    else {},
                )
            )
            order += 1
    subject = steps[0].fact.subject
    cases = _cases(steps)
    return History(
        subject=subject,
        kind=kind,
        facts=tuple(_heard(each) for each in facts.values()),
        cases=tuple(case_end(case) for case in cases.values()),
        steps=tuple(_steps(steps, cases)),
        effects=tuple(_effects(steps)),
        told=tuple(_told(steps)),
    )


def recording(
    path_lines: Sequence[History],
    definitions: Sequence[Definition],
    texts: Mapping[str, str],
    snapshot: Snapshot,
    organisation: UUID,
) -> bytes:
    """A whole recording: its head and one line per subject. `texts` are the releases' texts by digest."""
    head = Header(
        carelane_events=FORMAT,
        pathway=definitions[0].name,
        organisation=organisation,
        releases=tuple(Text(digest=digest, content=text) for digest, text in sorted(texts.items())),
        activations=tuple(
            Active(release=each.digest, pathway=each.name, from_at=LOADED) for each in definitions
        ),
        directories=(reduced(snapshot, LOADED),),
    )
    return b"".join(encode(each) + b"\n" for each in (head, *path_lines))


def _as_own(decided: Step, fact: Fact) -> Step:
    changes = tuple(each for each in decided.changes if each.fact == fact.id)
    return Step(fact=fact, now=decided.now, disposition=decided.disposition, changes=changes)


def _applied(change: Change) -> Applied:
    after = change.after
    return Applied(
        case=after.id, revision=after.revision, why=why(change.reasons), parked=change.parked
    )


def _heard(each: _Ends) -> Heard:
    fact = each.fact
    shape = {
        "id": fact.id, "type": fact.type, "occurred_at": fact.occurred_at,
        "recorded_at": fact.recorded_at, "keys": dict(fact.keys), "refers": dict(fact.refers),
        "entity": fact.entity or "", "urgency": int(fact.urgency), "actor": fact.actor.value,
        "actor_name": fact.actor_name, "connection": fact.connection or "", "origin": fact.origin,
        "correlation": fact.correlation, "identity": fact.identity, "site": fact.site or "",
        "service_line": fact.service_line or "", "ends": [],
        "read": each.vector.get("read", {}), "said": each.vector.get("said", {}),
    }  # fmt: skip
    return msgspec.structs.replace(
        msgspec.convert(shape, Heard), ends=tuple(each.ends), applied=tuple(each.applied.values())
    )


def _cases(steps: Sequence[Step]) -> dict[UUID, Case]:
    return {change.after.id: change.after for decided in steps for change in decided.changes}


def _steps(steps: Sequence[Step], cases: Mapping[UUID, Case]) -> list[StepEnd]:
    opened: dict[UUID, tuple[UUID, OpenStep]] = {}
    closed: dict[UUID, tuple[str, datetime]] = {}
    for decided in steps:
        for change in decided.changes:
            opened.update((each.id, (change.after.id, each)) for each in change.opened)
            closed.update((each.id, (how, decided.now)) for each, how in change.closed)
    standing = {each.id: each for case in cases.values() for each in case.steps}
    return [
        step_end(case, standing.get(id_, step), how=closed.get(id_, ("", None))[0],
                 at=closed.get(id_, ("", None))[1])
        for id_, (case, step) in opened.items()
    ]  # fmt: skip


def _effects(steps: Sequence[Step]) -> list[EffectEnd]:
    return [
        EffectEnd(id=each.id, case=change.after.id, name=each.name, capability=each.capability,
                  audience=each.audience.value, created_at=decided.now, step=each.step)
        for decided in steps for change in decided.changes for each in change.intents
    ]  # fmt: skip


def _told(steps: Sequence[Step]) -> list[Told]:
    return [
        Told(case=change.after.id, step=each.step, to=each.to, channel=each.channel, kind=each.kind,
             level=each.level, at=decided.now)
        for decided in steps for change in decided.changes for each in change.notices
    ]  # fmt: skip
