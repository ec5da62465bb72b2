"""Problems: what reading found wrong, where, and what to do about it.

Reading never throws away and never raises on bad text: it returns `(value, problems)`.
"""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much of the input a problem spoils."""

    NOTE = "note"  # tolerated; reported per connection
    WARNING = "warning"  # a part could not be used
    ERROR = "error"  # the whole can't be used


class Fault(StrEnum):
    """Whose fault it is, so that the right person is asked."""

    SENDER = "sender"
    SITE = "site"  # our settings, tables or pathways
    CARELANE = "carelane"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding. `place` is a segment path (`PID[1]-3.4`), a YAML place (`line 4, column 7`) or a field path.

    `message` and `remedy` are plain sentences without patient data.
    """

    code: str
    place: str
    message: str
    remedy: str
    severity: Severity = Severity.ERROR
    fault: Fault = Fault.SENDER

    def line(self) -> str:
        """One line for a terminal: `error PID-3 hl7v2.no-identifier: ... Remedy: ...`."""
        return f"{self.severity} {self.place} {self.code}: {self.message} Remedy: {self.remedy}"
