"""What the lists of the command line share: how long a page may be, and how a page says what follows it."""

from collections.abc import Callable
from typing import TypeVar

from carelane.facts.errors import SetupFault

Key = TypeVar("Key")


def key_of(text: str | None, read: Callable[[str], Key]) -> Key | None:
    """Where a page begins, by `read`, which raises ValueError or OverflowError at what is no key; None for the first.

    Raises:
        SetupFault: it is no key.
    """
    try:
        return None if text is None else read(text)
    except (ValueError, OverflowError):
        raise SetupFault(
            "--after is no key. Remedy: copy it from the end of the list before"
        ) from None


def limit_of(limit: int, limit_max: int) -> int:
    """The rows of a page as they were asked for.

    Raises:
        SetupFault: none, or more than a page has.
    """
    if not 1 <= limit <= limit_max:
        raise SetupFault(
            f"--limit is out of range. Remedy: say 1 to {limit_max}, and go on with --after"
        )
    return limit


def continued(more: int, key: str) -> list[str]:
    """The last line of a page: how many rows follow, and how to see them; none where none do."""
    return [f"{more} more: the same command with --after {key}"] if more else []
