"""Replay: recorded files through intake and the core, and what became of every one; or one stored message again.

No effect leaves: nothing dispatches in this process, and a scratch database has no other.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from carelane.engine.drain import drain
from carelane.engine.runtime import Runtime
from carelane.facts.ports import Envelope, Reader
from carelane.facts.problem import Problem
from carelane.intake.interpret import interpret
from carelane.intake.receive import arrived_of
from carelane.store.messages import store_arrived

CONNECTION = "replay"
WORST = ("facts", "no mapping", "quarantined", "rejected")
Split = Callable[[bytes], tuple[Sequence[bytes], Sequence[Problem]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What became of one file: its messages in order, each with trigger, outcome, facts and problems."""

    file: str
    outcome: str
    messages: Sequence[Mapping[str, object]]
    facts: int
    problems: Sequence[Mapping[str, str]]


@dataclass(slots=True, kw_only=True)
class Replay:
    """Replays files on a runtime; ids of stored messages are kept to report by file."""

    runtime: Runtime
    envelope: Callable[[bytes], Envelope]
    reader: Reader
    split: Split
    _files: dict[str, list[tuple[UUID, str]]] = field(default_factory=dict)
    _notes: dict[str, list[Problem]] = field(default_factory=dict)

    async def store(self, name: str, raw: bytes) -> None:
        """Split a file and store its messages; a file with none is one unreadable message."""
        messages, problems = self.split(raw)
        self._notes[name] = list(problems)
        self._files[name] = []
        for one in messages or (raw,):
            arrived = arrived_of(self.runtime, CONNECTION, one, _own(self.envelope(one), name))
            async with self.runtime.worker.transaction() as tx:
                (receipt,) = await store_arrived(
                    tx, self.runtime.vault, self.runtime.organisation, [arrived]
                )
            self._files[name].append((receipt.message or arrived.id, receipt.outcome))

    async def run(self) -> None:
        """Interpret and decide everything that was stored."""
        while await interpret(self.runtime, {CONNECTION: self.reader}, CONNECTION) > 0:
            pass
        while (await drain(self.runtime)).subjects:
            pass

    async def report(self) -> list[Replayed]:
        """What became of every file, by name."""
        ids = [message for listed in self._files.values() for message, _ in listed]
        async with self.runtime.worker.transaction() as tx:
            rows = {row["id"]: row for row in await tx.rows("intake.outcomes", ids=ids)}
        return [self._file(name, rows) for name in sorted(self._files)]

    def _file(self, name: str, rows: Mapping[UUID, Mapping[str, object]]) -> Replayed:
        listed = [self._message(rows[id_], receipt) for id_, receipt in self._files[name]]
        problems = [_plain(each) for each in self._notes[name]]
        worst = max((str(each["outcome"]) for each in listed), key=WORST.index)
        return Replayed(
            file=name,
            outcome=worst,
            messages=listed,
            facts=sum(int(str(each["facts"])) for each in listed),
            problems=[*problems, *(p for each in listed for p in each["problems"])],  # type: ignore[attr-defined]  # a list
        )

    def _message(self, row: Mapping[str, object], receipt: str) -> Mapping[str, object]:
        again = {"duplicate": True} if receipt == "duplicate" else {}
        return {
            "trigger": row["trigger"],
            "outcome": row["outcome"],
            "reason": row["reason"],
            "facts": row["facts"],
            "decisions": row["decisions"],
            "problems": row["problems"],
            **again,
        }


async def again(
    runtime: Runtime, message: UUID, envelope: Callable[[bytes], Envelope]
) -> UUID | None:
    """Interpret a stored message anew, as a message of its own that names the first; its id, or None if unknown.

    A replay that still waits to be read is not made twice. Facts get new ids: what the first reading already did is
    recognised by keys and staleness, as for any resend.
    """
    async with runtime.worker.transaction() as tx:
        row = await tx.one("intake.replayable", id=message)
        if row is None:
            return None
        waiting = await tx.one("intake.replay_waiting", id=message, connection=row["connection"])
        if waiting is not None:
            return UUID(str(waiting["id"]))
        runtime.vault.learn(row["identity"], row["identity_key"])
        raw = runtime.vault.open_message(
            message, row["message_key"], row["sealed"], row["identity"]
        )
        arrived = arrived_of(
            runtime, row["connection"], raw, envelope(raw), site=row["site"], replay_of=message
        )
        await store_arrived(tx, runtime.vault, runtime.organisation, [arrived])
    runtime.bell.ring("interpret")
    return arrived.id


def _own(envelope: Envelope, name: str) -> Envelope:
    """A control id counts within its file: recordings of several senders repeat each other's numbers."""
    if envelope.control_id is None:
        return envelope
    return replace(envelope, control_id=f"{name}\x1f{envelope.control_id}")


def _plain(problem: Problem) -> dict[str, str]:
    return {"code": problem.code, "place": problem.place, "severity": problem.severity.value,
            "message": problem.message, "remedy": problem.remedy}  # fmt: skip
