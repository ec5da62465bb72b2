"""A measured value beside the limits that were approved for this patient; both are received, nothing is worked out.

Adapters write the answer as `reading.limit`. Without limits there is no answer: a reading alone says nothing.
"""

WITHIN, BEYOND = "within", "beyond"


def limit_of(value: float | None, low: float | None, high: float | None) -> str | None:
    """`beyond` below the low or above the high one, else `within`; None where there is nothing to compare."""
    if value is None or (low is None and high is None):
        return None
    under = low is not None and value < low
    over = high is not None and value > high
    return BEYOND if under or over else WITHIN
