"""How a person's action on a task ended, as values: the portal and the API show them, nothing is raised."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from carelane.engine.decide import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The task is yours at this version."""

    task: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Someone else was faster, or it is closed. `by` is the person to show, since when, and the version now."""

    task: UUID
    by: str
    at: datetime | None
    version: int
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It can't be done; `code` is stable, `remedy` a sentence for the person, `fields` what is missing."""

    code: str
    remedy: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acted:
    """A decision was made (or stored: `answer.standing`). `undo_until` is set when it may be taken back.

    `version` is the task's now, for the next try where the answer was `ignored`. `open`: the outcome counts, and the
    task stays to be done (a call without answer).
    """

    answer: Answer
    version: int
    open: bool = False
    undo_until: datetime | None = None


Hold: TypeAlias = Held | Lost | Refused
Act: TypeAlias = Acted | Lost | Refused
NOT_FOUND = Refused(
    code="not-found", remedy="There is no such task in your sites. Load the list again."
)
