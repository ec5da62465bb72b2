"""The EHR's own clock: another computer's, so tests and drills can set it apart from ours."""

from datetime import UTC, datetime, timedelta

from typing_extensions import override


class HostClock:
    """Host time plus what an operator added."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """Now, UTC."""
        return datetime.now(UTC) + self._ahead  # noqa: TID251  # the EHR is another computer

    def advance(self, by: timedelta) -> None:
        """Move on (or back)."""
        self._ahead += by


class SetClock(HostClock):
    """Stands still until advanced."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self._at = at

    @override
    def now(self) -> datetime:
        """Now, UTC."""
        return self._at + self._ahead
