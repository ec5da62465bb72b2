"""`decide`: a person's action, decided at once in its own transaction (SEMANTICS 5)."""

from dataclasses import dataclass
from enum import StrEnum

from carelane.cases.model import Step
from carelane.engine.runtime import Runtime
from carelane.facts.fact import Fact


class Standing(StrEnum):
    """How a person's action stands when the answer goes out."""

    APPLIED = "applied"
    IGNORED = "ignored"  # decided, and it did nothing; the reason says why (`form-incomplete:read_back`)
    COMPLETING = "completing"  # stored; the subject was busy; its time of recording protects it from expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to a person's action. `step` is there when it was decided."""

    standing: Standing
    reason: str = ""
    step: Step | None = None


async def decide(runtime: Runtime, fact: Fact) -> Answer:
    """Take the subject's turn (at most 500 ms), apply what is pending (at most 20 facts), then `fact`; commit."""
    raise NotImplementedError
