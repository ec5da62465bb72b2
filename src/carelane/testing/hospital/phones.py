"""Patients and their phones: texts that arrive at the gateway are delivered, answered, or not; some say STOP."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from carelane.testing.gateways.flavours import Asked
from carelane.testing.gateways.server import GatewayServer, Taken
from carelane.testing.hospital.state import Hospital
from carelane.testing.hospital.wire import Wire

FAILS, STOPS, CONFIRMS, CHANGES, WRITES = 0.01, 0.01, 0.45, 0.05, 0.03
ACCEPTS, DECLINES = 0.11, 0.3
ASKS_TO_CONFIRM = "YES to confirm"
OFFERS = {"YES to take": ("YES", "NO"), "SI para tomarla": ("SI", "NO")}
"""By which words an offer is known in each language that it is written in, and how it is answered there."""
YES = frozenset(yes for yes, _ in OFFERS.values())
RECEIPTS = 0.2
"""The share of texts for which the gateway sends a receipt that somebody reads (failures always have one)."""


def answer_to_offer(draw: Callable[..., float], asked: Asked) -> tuple[str, str] | None:
    """How an offer ends and what is written back; None where the text offers nothing.

    Whether patient and time fit is drawn once: the same time offered to the same patient again is answered alike.
    """
    answers = next((each for words, each in OFFERS.items() if words in asked.text), None)
    if answers is None:
        return None
    roll = draw("fits", asked.to, asked.text)
    if roll < ACCEPTS:
        return "accepted", answers[0]
    return ("declined", answers[1]) if roll < ACCEPTS + DECLINES else ("unanswered", "")


@dataclass(slots=True, kw_only=True)
class Phones:
    """What was seen at the gateway so far, and how patients answer."""

    hospital: Hospital
    gateway: GatewayServer
    wire: Wire
    callback: str
    offers: dict[str, int] = field(default_factory=dict)
    _seen: int = 0
    _replies: Counter[str] = field(default_factory=Counter)
    _due: list[tuple[str, str]] = field(default_factory=list)

    async def answer(self) -> None:
        """Receipts for new texts; replies that are due."""
        new, self._seen = self.gateway.taken[self._seen :], len(self.gateway.taken)
        for taken in new:
            await self._arrived(taken)
        due, self._due = self._due, []
        for number, words in due:
            await self._reply(number, words)

    async def _arrived(self, taken: Taken) -> None:
        h, asked = self.hospital, taken.asked
        if asked.callback:
            failed = h.draw("fails", taken.number) < FAILS
            if failed or h.draw("receipt", taken.number) < RECEIPTS:
                status, why = ("failed", "unreachable") if failed else ("delivered", "")
                await self.wire.call_back(
                    self.gateway.flavour.receipt(asked, taken.number, status, why, at=h.now)
                )
        words = self._words(taken)
        if words:
            h.after(0.2 + 5 * h.draw("later", taken.number), partial(self._say, asked.to, words))

    def _words(self, taken: Taken) -> str:
        """What the patient answers, drawn before anybody asked; nothing for most."""
        h, text = self.hospital, taken.asked.text
        roll = h.draw("reply", taken.number)
        offered = answer_to_offer(h.draw, taken.asked)
        if offered is not None:
            ending, words = offered
            for name in ("offered", ending):
                self.offers[name] = self.offers.get(name, 0) + 1
            return words
        if ASKS_TO_CONFIRM not in text:
            return "STOP" if roll < STOPS / 2 else ""
        for share, words in (
            (CONFIRMS, "YES"),
            (CHANGES, "CHANGE"),
            (WRITES, "Is there parking?"),
            (STOPS, "STOP"),
        ):
            if roll < share:
                return words
            roll -= share
        return ""

    def _say(self, number: str, words: str, _: Hospital) -> None:
        self._due.append((number, words))

    async def _reply(self, number: str, words: str) -> None:
        self._replies[words] += 1
        if words == "STOP":
            self.gateway.opted_out.add(number)
        self.gateway.replies += 1
        own = f"SMreply{self.gateway.replies:026d}"
        await self.wire.call_back(
            self.gateway.flavour.reply(number, words, own, self.callback, at=self.hospital.now)
        )
        if words in YES:
            person = self.hospital.by_phone.get(number, 0)
            for made in self.hospital.booked.values():
                if made.person == person and not made.over:
                    made.confirmed = True

    def counts(self) -> dict[str, int]:
        """At the gateway."""
        replies = {f"replies {words}": count for words, count in self._replies.items()}
        return {"sent": len(self.gateway.taken), "doubles": self.gateway.doubles, "requests": self.gateway.requests,
                "opted_out": len(self.gateway.opted_out), **replies}  # fmt: skip
