"""A risk as the sender states it: an OBX beside a visit or an appointment. Nothing is worked out here."""

from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.values import Shape, clean, concept, first

_CODED = frozenset({"CE", "CWE", "CNE", "IS", "ID"})


def stated_risk(context: Context, codes: frozenset[str]) -> Shape | None:
    """The level in the first OBX of one of these codes (OBX-3): a code or a word (`high`); a number is not a level."""
    for segment in context.message.segments("OBX"):
        if codes & {(clean(segment.get(3, at)) or "").upper() for at in (1, 4)}:
            if (clean(segment.get(2)) or "").upper() in _CODED:
                return concept(first(segment, 5))
            word = clean(segment.get(5, 1))
            return {"coding": [{"code": word}]} if word else None
    return None
