"""What every `Sender` must do, whatever it speaks: the suite of SEMANTICS 7 and TRUST I3 and T8.

A rig stands for the other side: it switches a fault on, counts what arrived, and says how many things carry
an intent's id. Each check raises `Nonconforming` with a sentence; `check_sender` runs those that a rig can stage.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

from carelane.facts.intent import EffectClass, Intent
from carelane.facts.ports import Sender, Sent, Verdict


class Nonconforming(AssertionError):
    """A sender broke a rule that the effects room relies on."""


class Rig(Protocol):
    """The other side of a sender under test. `stage` names a trouble; see `TROUBLES`."""

    sender: Sender

    def intent(self, name: str) -> Intent:
        """A fresh intent that the other side accepts when it is well."""

    def refused_intent(self, name: str) -> Intent | None:
        """One that it always refuses, or None where it can't be made."""

    async def stage(self, trouble: str) -> bool:
        """Make the next request meet a trouble; False where this rig can't."""

    async def requests(self) -> int:
        """How many writes have arrived so far."""

    async def held(self, intent: Intent) -> int:
        """How many things the other side holds under the intent's id: the truth, not its search."""

    def now(self) -> datetime:
        """The time of the test."""

    async def wait(self, by: timedelta) -> None:
        """Let time pass on both sides."""


BUSY: Final = "busy: answers that it is busy, with a time to come back"
BUSY_UNTIL: Final = "busy: the same, the time as a date"
CUT_AFTER: Final = "does it, then cuts the connection"
ERROR_AFTER: Final = "does it, then answers with an internal error"
HALF_ANSWER: Final = "does it, then answers by halves"
LYING: Final = "answers success with an error inside, having done nothing"
HALF_DONE: Final = "answers success for a request of several parts of which one failed"
TROUBLES: Final = (BUSY, BUSY_UNTIL, CUT_AFTER, ERROR_AFTER, HALF_ANSWER, LYING, HALF_DONE)

_UNSURE: Final = (CUT_AFTER, ERROR_AFTER, HALF_ANSWER)


async def check_done_once(rig: Rig) -> None:
    """On a good day: done, with a format, and exactly one thing under our id."""
    intent = rig.intent("done once")
    sent = await rig.sender.send(intent, attempt=1, now=rig.now())
    _is(sent, Verdict.DONE, "on a good day")
    _need(bool(sent.format), "done without saying which format was accepted")
    _need(await rig.held(intent) == 1, "done, but not exactly one thing carries our id")


async def check_busy_is_retried(rig: Rig) -> None:
    """Busy is certainly not done; nothing leaves before its time; afterwards it is done once."""
    for trouble in (BUSY, BUSY_UNTIL):
        intent = rig.intent(trouble)
        if not await rig.stage(trouble):
            continue
        sent = await rig.sender.send(intent, attempt=1, now=rig.now())
        _is(sent, Verdict.RETRY, trouble)
        if sent.retry_at is None:
            raise Nonconforming("the other side named a time to come back; it was dropped")
        _need(sent.retry_at > rig.now(), "the time to come back is not ahead")
        _need(await rig.held(intent) == 0, "busy, yet something is held under our id")
        await _stays_quiet(rig, intent)
        await rig.wait(sent.retry_at - rig.now())
        again = await rig.sender.send(intent, attempt=2, now=rig.now())
        _is(again, Verdict.DONE, "after the time to come back")
        _need(await rig.held(intent) == 1, "not exactly one thing after a retry")


async def check_unknown_is_looked_up(rig: Rig) -> None:
    """Done, but the answer was lost: unknown, never done or retry; a look-up finds it; a second sending adds none."""
    for trouble in _UNSURE:
        intent = rig.intent(trouble)
        if not await rig.stage(trouble):
            continue
        sent = await rig.sender.send(intent, attempt=1, now=rig.now())
        _is(sent, Verdict.UNKNOWN, trouble)
        settled = await _settle(rig, intent)
        if settled is not None:
            _is(settled, Verdict.DONE, f"look-up after: {trouble}")
            _need(await rig.held(intent) == 1, f"not exactly one thing after: {trouble}")


async def check_lying_success(rig: Rig) -> None:
    """A success with an error inside is not done."""
    intent = rig.intent("lying")
    if not await rig.stage(LYING):
        return
    sent = await rig.sender.send(intent, attempt=1, now=rig.now())
    _need(sent.verdict is not Verdict.DONE, "an error inside a success was read as done")
    settled = await _settle(rig, intent)
    if settled is not None:
        _is(settled, Verdict.REFUSED, "look-up of what was never done")


async def check_half_done(rig: Rig) -> None:
    """A request of several parts with a failed part inside a success is not done."""
    intent = rig.intent(HALF_DONE)
    if not await rig.stage(HALF_DONE):
        return
    sent = await rig.sender.send(intent, attempt=1, now=rig.now())
    _need(sent.verdict is not Verdict.DONE, "a failed part was not read: half done passed as done")


async def check_refused_stays_refused(rig: Rig) -> None:
    """What can never be accepted is refused, each time, with a cause, and holds nothing."""
    intent = rig.refused_intent("refused")
    if intent is None:
        return
    for attempt in (1, 2):
        sent = await rig.sender.send(intent, attempt=attempt, now=rig.now())
        _is(sent, Verdict.REFUSED, f"attempt {attempt} of what can't be accepted")
        _need(bool(sent.cause), "refused without a cause to group by")
    _need(await rig.held(intent) == 0, "refused, yet something is held under our id")


async def check_absent(rig: Rig) -> None:
    """A look-up of what was never sent does not find it, and sends nothing."""
    intent = rig.intent("never sent")
    before = await rig.requests()
    seen = await rig.sender.look_up(intent, now=rig.now())
    _need(seen.verdict is not Verdict.DONE, "found what was never sent")
    _need(await rig.requests() == before, "a look-up wrote something")


CHECKS: Final[tuple[Callable[[Rig], Awaitable[None]], ...]] = (
    check_done_once,
    check_absent,
    check_busy_is_retried,
    check_unknown_is_looked_up,
    check_lying_success,
    check_half_done,
    check_refused_stays_refused,
)


async def check_sender(make: Callable[[], Awaitable[Rig]]) -> None:
    """Run every check, each on a rig of its own. Raises `Nonconforming` at the first broken rule."""
    for check in CHECKS:
        rig = await make()
        try:
            await check(rig)
        finally:
            await rig.sender.close()


async def _stays_quiet(rig: Rig, intent: Intent) -> None:
    before = await rig.requests()
    early = await rig.sender.send(intent, attempt=2, now=rig.now())
    _is(early, Verdict.RETRY, "before the time to come back")
    _need(await rig.requests() == before, "a request left before the time to come back")


async def _settle(rig: Rig, intent: Intent) -> Sent | None:
    """Look up as the effects room does: absent counts only twice, the second time after the horizon."""
    capability = rig.sender.capabilities()[intent.capability]
    if capability.effect_class is EffectClass.BLIND:
        return None
    first = await rig.sender.look_up(intent, now=rig.now())
    if first.verdict is not Verdict.REFUSED or not capability.horizon_s:
        return first
    await rig.wait(timedelta(seconds=capability.horizon_s + 1))
    return await rig.sender.look_up(intent, now=rig.now())


def _is(sent: Sent, verdict: Verdict, when: str) -> None:
    _need(sent.verdict is verdict, f"{when}: {sent.verdict} ({sent.cause}), not {verdict}")


def _need(true: bool, sentence: str) -> None:  # noqa: FBT001  # an assertion
    if not true:
        raise Nonconforming(sentence)
