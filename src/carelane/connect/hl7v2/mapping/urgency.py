"""Priorities of HL7 tables 0485, 0280 and 0078 as an `Urgency`; unknown words are routine."""

from collections.abc import Iterable
from functools import lru_cache

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.values import Shape, clean
from carelane.facts.fact import Urgency

_WORDS = {
    "S": Urgency.STAT,
    "STAT": Urgency.STAT,
    "E": Urgency.STAT,
    "EMERGENCY": Urgency.STAT,
    "A": Urgency.ASAP,
    "ASAP": Urgency.ASAP,
    "U": Urgency.URGENT,
    "URGENT": Urgency.URGENT,
    "T": Urgency.URGENT,
}
CRITICAL = frozenset({"LL", "HH", "AA"})
_MARKED = frozenset({"LU", "HU"})
PRIORITIES = {
    Urgency.ROUTINE: "routine",
    Urgency.URGENT: "urgent",
    Urgency.ASAP: "asap",
    Urgency.STAT: "stat",
}


def of_words(*words: str | None) -> Urgency:
    """The highest urgency among priority codes."""
    return max((_word(clean(word)) for word in words), default=Urgency.ROUTINE)


def of_order(group: Iterable[Segment]) -> Urgency:
    """OBR-5, OBR-27.6, ORC-7.6 and TQ1-9 of one order; the highest counts."""
    words: list[str | None] = []
    for segment in group:
        if segment.name == "OBR":
            words += [segment.get(5), segment.get(27, 6)]
        elif segment.name == "ORC":
            words.append(segment.get(7, 6))
        elif segment.name == "TQ1":
            words.append(segment.get(9))
    return of_words(*words)


def of_flags(flags: Iterable[str]) -> Urgency:
    """OBX-8: critical low, high or abnormal is STAT; significantly low or high is URGENT."""
    found = set(flags)
    if found & CRITICAL:
        return Urgency.STAT
    return Urgency.URGENT if found & _MARKED else Urgency.ROUTINE


def priority(urgency: Urgency) -> Shape:
    """The FHIR RequestPriority element."""
    return {"priority": PRIORITIES[urgency]}


@lru_cache(maxsize=256)
def _word(word: str | None) -> Urgency:
    if word is None:
        return Urgency.ROUTINE
    upper = word.upper()
    timing = len(upper) > 2 and upper[0] == "T" and upper[2:].isdecimal()  # noqa: PLR2004  # TM30
    return Urgency.URGENT if timing else _WORDS.get(upper, Urgency.ROUTINE)
