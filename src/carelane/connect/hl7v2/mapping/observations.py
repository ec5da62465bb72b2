"""OBX as an Observation: value by OBX-2, interpretation (OBX-8), status (OBX-11)."""

import re

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.times import fhir_time
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    concept,
    first,
    kept,
    listed,
    practitioner,
    system_of,
)
from carelane.facts.fact import Json

_STATUSES = {  # HL7 table 0085
    "A": "amended",
    "B": "amended",
    "C": "corrected",
    "D": "entered-in-error",
    "F": "final",
    "I": "registered",
    "N": "final",
    "O": "registered",
    "P": "preliminary",
    "R": "preliminary",
    "S": "preliminary",
    "U": "final",
    "V": "final",
    "W": "entered-in-error",
    "X": "cancelled",
}
_INTERPRETATION = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"
_CODED = frozenset({"CE", "CWE", "CNE", "CF", "IS", "ID"})
_TIMES = frozenset({"DT", "DTM", "TS"})
_NUMBER = re.compile(r"[+-]?\d{1,30}(?:\.\d{1,30})?")
_RANGE = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*-\s*([+-]?\d+(?:\.\d+)?)\s*")


def observation(context: Context, segment: Segment) -> Shape:
    """One OBX. A number that can't be read as one is kept as text and reported."""
    return kept(
        {
            "resourceType": "Observation",
            "status": _STATUSES.get((clean(segment.get(11)) or "").upper(), "unknown"),
            "code": concept(first(segment, 3)),
            **_value(context, segment),
            "interpretation": listed(_interpretation(segment)),
            "referenceRange": _reference(segment),
            "effectiveDateTime": context.time(segment, 14),
            "analysedDateTime": context.time(segment, 19),
            "performer": listed([practitioner(first(segment, 16))]),
            "method": concept(first(segment, 17)),
        }
    )


def _interpretation(segment: Segment) -> list[Shape]:
    return [
        {"coding": [{"system": _INTERPRETATION, "code": code.upper()}]}
        for part in segment.repetitions(8)
        if (code := clean(part.get(1)))
    ]


def _reference(segment: Segment) -> list[Json]:
    text = clean(segment.whole(7))
    if text is None:
        return []
    found = _RANGE.fullmatch(text)
    bounds = {"low": _quantity(found[1]), "high": _quantity(found[2])} if found else {}
    return [{**bounds, "text": text}]


def _value(context: Context, segment: Segment) -> Shape:
    kind = (clean(segment.get(2)) or "").upper()
    text = clean(segment.whole(5))
    if text is None:
        return {}
    if kind in _CODED:
        return {"valueCodeableConcept": concept(first(segment, 5))}
    if kind in _TIMES:
        at = fhir_time(segment.get(5) or "", context.local.zone)
        return {"valueDateTime": at} if at else {"valueString": text}
    maker = _MAKERS.get(kind)
    return maker(context, segment, text) if maker else {"valueString": text}


def _numeric(context: Context, segment: Segment, text: str) -> Shape:
    if _NUMBER.fullmatch(text):
        return {"valueQuantity": {**_quantity(text), **_units(segment)}}
    context.report(
        "number-unreadable",
        f"OBX[{segment.get(1) or segment.position}]-5",
        "A value declared as a number (NM) is not one; it was kept as text.",
        "Ask the sender to use SN for comparators and ST for text.",
    )
    return {"valueString": text}


def _structured(_: Context, segment: Segment, text: str) -> Shape:
    comparator, number = clean(segment.get(5, 1)), clean(segment.get(5, 2))
    if number is None or not _NUMBER.fullmatch(number) or clean(segment.get(5, 3)):
        return {"valueString": text.replace("^", " ").strip()}
    known = comparator if comparator in {"<", "<=", ">", ">="} else None
    if comparator not in {None, "=", known}:
        return {"valueString": text.replace("^", " ").strip()}
    return {"valueQuantity": kept({**_quantity(number), "comparator": known, **_units(segment)})}


def _attachment(_: Context, segment: Segment, _text: str) -> Shape:
    kind = "/".join(part for at in (2, 3) if (part := clean(segment.get(5, at))))
    return {
        "valueAttachment": kept({"contentType": kind.lower(), "data": clean(segment.get(5, 5))})
    }


def _quantity(text: str) -> Shape:
    return {"value": float(text) if "." in text else int(text)}


def _units(segment: Segment) -> Shape:
    part = first(segment, 6)
    if part is None:
        return {}
    return kept(
        {
            "unit": clean(part.get(2)) or clean(part.get(1)),
            "system": system_of(part.get(3)),
            "code": clean(part.get(1)),
        }
    )


_MAKERS = {"NM": _numeric, "SN": _structured, "ED": _attachment}
