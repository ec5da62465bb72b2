"""The one place that rolls dice: full jitter for retries (never used by a decision)."""

import random
from datetime import timedelta


def full_jitter(attempt: int, *, base: timedelta, limit: timedelta) -> timedelta:
    """A random wait between zero and `base * 2**attempt`, at most `limit` (full jitter)."""
    ceiling = min(limit.total_seconds(), base.total_seconds() * 2.0 ** min(attempt, 30))
    return timedelta(seconds=random.uniform(0, ceiling))  # noqa: S311  # jitter, not a secret
