"""REF I12-I15: RF1, PRD and the referred service as a ServiceRequest (standard, chapter 11).

The v2-to-FHIR guide has no table for RF1; the meaning is the chapter's.
"""

from functools import lru_cache

from carelane.connect.hl7v2.codec import STANDARD, Repetition, Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.urgency import of_order, of_words, priority
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    concept,
    entity,
    entity_key,
    first,
    is_referral,
    kept,
    listed,
)
from carelane.facts.fact import Json, Urgency

_STATUSES = {"A": "active", "P": "active", "E": "revoked", "R": "revoked"}  # HL7 table 0283


def referral_keys(context: Context) -> dict[str, str | None]:
    """RF1-6 (else RF1-11) as `referral`, and the order numbers of the referred service."""
    header = context.message.segment("RF1")
    placer, filler = (_number(context, number) for number in (2, 3))
    referral = entity_key(first(header, 6)) or entity_key(first(header, 11))
    return {"referral": referral or placer, "placer_order": placer, "filler_order": filler}


def referral_urgency(context: Context) -> Urgency:
    """RF1-2 and the referred service's own priority; the higher counts."""
    header = context.message.segment("RF1")
    return max(
        of_words(header.get(2) if header else None), of_order(context.message.segments("OBR"))
    )


def referral(context: Context, *, cancelled: bool) -> Shape:
    """The referral as a ServiceRequest; `performerType` is the referral type (specialty)."""
    message, header = context.message, context.message.segment("RF1")
    detail = message.segment("OBR")
    status = (clean(header.get(1)) or "").upper() if header else ""
    return kept(
        {
            "resourceType": "ServiceRequest",
            "identifier": _identifiers(header, detail),
            "status": "revoked" if cancelled else _STATUSES.get(status, "active"),
            "statusReason": concept(first(header, 1)),
            "intent": "order",
            **priority(referral_urgency(context)),
            "category": listed([is_referral(), concept(first(header, 5))]),
            "performerType": concept(first(header, 3)),
            "code": concept(first(detail, 4)) or concept(first(header, 3)),
            "orderDetail": listed(map(concept, header.repetitions(4) if header else ())),
            "reasonCode": _reasons(context, header),
            "authoredOn": context.time(header, 9) or context.time(header, 7),
            "occurrencePeriod": kept(
                {"start": context.time(header, 7), "end": context.time(header, 8)}
            ),
            "requester": _provider(context, "RP"),
            "performer": listed([_provider(context, "RT")]),
            "note": _notes(context, header),
        }
    )


def _number(context: Context, number: int) -> str | None:
    for name in ("ORC", "OBR"):
        found = entity_key(first(context.message.segment(name), number))
        if found:
            return found
    return None


def _identifiers(header: Segment | None, detail: Segment | None) -> list[Json] | None:
    return listed(
        [
            entity(first(header, 6)),
            entity(first(header, 11)),
            entity(first(detail, 2), "PLAC"),
            entity(first(detail, 3), "FILL"),
        ]
    )


def _reasons(context: Context, header: Segment | None) -> list[Json] | None:
    diagnoses = [concept(first(each, 3)) for each in context.message.segments("DG1")]
    return listed(diagnoses) or listed([concept(first(header, 10))])


def _provider(context: Context, role: str) -> Shape | None:
    for segment in context.message.segments("PRD"):
        usual = segment.separators is STANDARD and STANDARD.escape not in segment.text
        roles, person = _known(segment.text) if usual else _roles(segment)
        if role in roles and person is not None:
            return person
    return None


@lru_cache(maxsize=512)
def _known(text: str) -> tuple[frozenset[str], Shape | None]:
    """Providers come again and again: each is read once."""
    return _roles(Segment(text, STANDARD, "", 0))


def _roles(segment: Segment) -> tuple[frozenset[str], Shape | None]:
    """A PRD's roles, and who it is; not to be changed."""
    roles = frozenset((clean(part.get(1)) or "").upper() for part in segment.repetitions(1))
    name, number = first(segment, 2), first(segment, 7)
    return roles, _person(name, number) if name or number else None


def _person(name: Repetition | None, number: Repetition | None) -> Shape | None:
    family, given, second, _, prefix = name.texts(5) if name else (None,) * 5
    value, system = number.texts(2) if number else (None, None)
    identifier = kept({"system": system, "value": value}) if value else None
    display = " ".join(word for word in (prefix, given, second, family) if word)
    return kept({"identifier": identifier, "display": display or None}) or None


def _notes(context: Context, header: Segment | None) -> list[Json]:
    texts = [segment.whole(3) for segment in context.message.segments("NTE")]
    own = [clean(header.get(number)) for number in (14, 24)] if header else []
    return [{"text": text} for text in (*own, *texts) if text]
