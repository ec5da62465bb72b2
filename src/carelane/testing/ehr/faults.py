"""Faults an operator switches on: each is used up by the next requests that fit it (TRUST T8)."""

from dataclasses import dataclass
from typing import Any, Final

BEFORE: Final = frozenset(
    {
        "429",
        "503",
        "outcome-error",
        "reset-before",
        "redirect",
        "token-expired",
        "etag-mismatch",
        "422",
        "500",
    }
)
AFTER: Final = frozenset(
    {
        "500-after-commit",
        "commit-then-reset",
        "half-json",
        "half-json-clean",
        "outcome-error-after-commit",
        "duplicated-location",
        "slow-loris",
    }
)
DURING: Final = frozenset({"racy-if-none-exist", "stale-read", "entry-fails"})
TOKEN: Final = frozenset({"token-503", "token-refused"})
MODES: Final = BEFORE | AFTER | DURING | TOKEN


@dataclass(slots=True, kw_only=True)
class Fault:
    """One switched-on fault. `method` and `kind` narrow it; `retry_after` is seconds or `date:seconds`."""

    mode: str
    count: int = 1
    method: str = ""
    kind: str = ""
    retry_after: str = ""

    def fits(self, method: str, kind: str) -> bool:
        """Whether a request meets this fault."""
        return self.count > 0 and self.method in {"", method} and self.kind in {"", kind}


class Faults:
    """The faults of one EHR, in the order they were switched on."""

    def __init__(self) -> None:
        self._on: list[Fault] = []

    def add(self, described: dict[str, Any]) -> Fault:
        """Switch one on; raises `ValueError` for a mode that doesn't exist."""
        fault = Fault(**described)
        if fault.mode not in MODES:
            raise ValueError("unknown mode; known: " + ", ".join(sorted(MODES)))
        self._on.append(fault)
        return fault

    def clear(self) -> None:
        """Switch all off."""
        self._on.clear()

    def take(self, method: str, kind: str, *, among: frozenset[str]) -> Fault | None:
        """The first fault that fits, one use of it spent; None when all is well."""
        for fault in self._on:
            if fault.mode in among and fault.fits(method, kind):
                fault.count -= 1
                return fault
        return None
