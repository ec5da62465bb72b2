"""TXA with its OBX as a DocumentReference (MDM T01, T02, T06, T11)."""

import base64

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.orders import orders_of
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    clean,
    coded,
    concept,
    entity,
    entity_key,
    first,
    kept,
    listed,
    practitioner,
)
from carelane.facts.fact import Json

_STATUSES = {"AV": "current", "OB": "superseded", "CA": "entered-in-error"}  # HL7 table 0273
_COMPLETION = {"AU": "final", "LA": "final"}  # HL7 table 0271; the others are preliminary
_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v2-0272"


def document_keys(context: Context) -> dict[str, str | None]:
    """TXA-12 as `document`, and the order the document answers (TXA-14/15, else ORC/OBR)."""
    header = context.message.segment("TXA")
    orders = orders_of(context.message)
    placer = entity_key(first(header, 14)) or (orders[0].key(2) if orders else None)
    filler = entity_key(first(header, 15)) or (orders[0].key(3) if orders else None)
    return {
        "document": entity_key(first(header, 12)),
        "placer_order": placer,
        "filler_order": filler,
        "referral": placer,
    }


def document(context: Context, event: str) -> Shape:
    """The document; what the message carries of its text is in `content`."""
    header = context.message.segment("TXA")
    cancelled = event == "T11"
    availability = (clean(header.get(19)) or "").upper() if header else ""
    completion = (clean(header.get(17)) or "").upper() if header else ""
    secrecy = clean(header.get(18)) if header else None
    parent = entity(first(header, 13))
    return kept(
        {
            "resourceType": "DocumentReference",
            "masterIdentifier": entity(first(header, 12)),
            "identifier": listed(
                [entity(first(header, 14), "PLAC"), entity(first(header, 15), "FILL")]
            ),
            "status": "entered-in-error" if cancelled else _STATUSES.get(availability, "current"),
            "docStatus": _COMPLETION.get(completion, "preliminary") if completion else None,
            "type": concept(first(header, 2)),
            "date": context.time(header, 6) or context.time(header, 4),
            "author": listed(map(practitioner, header.repetitions(9) if header else ())),
            "authenticator": practitioner(first(header, 10)),
            "description": clean(header.get(25)) if header else None,
            "securityLabel": listed([coded(secrecy, _CONFIDENTIALITY) if secrecy else None]),
            "relatesTo": [{"code": "appends", "target": {"identifier": parent}}]
            if parent
            else None,
            "content": _content(context),
        }
    )


def _content(context: Context) -> list[Json]:
    lines: list[str] = []
    attachments: list[Json] = []
    for segment in context.message.segments("OBX"):
        kind = (clean(segment.get(2)) or "").upper()
        if kind in {"ED", "RP"}:
            attachments.append({"attachment": _encapsulated(segment, kind)})
        elif text := segment.whole(5):
            lines.append(text)
    if lines:
        data = base64.b64encode("\n".join(lines).encode()).decode()
        attachments.insert(0, {"attachment": {"contentType": "text/plain", "data": data}})
    return attachments


def _encapsulated(segment: Segment, kind: str) -> Shape:
    media = "/".join(part.lower() for at in (2, 3) if (part := clean(segment.get(5, at))))
    if kind == "RP":
        return kept({"url": clean(segment.get(5, 1)), "contentType": media or None})
    return kept({"contentType": media or None, "data": clean(segment.get(5, 5))})
