"""How large a document may be that comes within a message: it is copied into the case, and from there into a claim.

A connection has a limit for whole messages, at its socket; this one is the document's own. A larger one is not cut: the
message is kept as it came and held back for a person, who raises the limit and lets it be read again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from carelane.facts.fact import Json
from carelane.facts.problem import Problem

DOCUMENT_BYTES_MAX: Final = 4 * 1024 * 1024
"""What a connection takes whose settings (`document_bytes_max`) say nothing else."""
_FILLING: Final = "= \t\r\n"
"""Signs of base64 that carry nothing; senders break lines as they like (FHIR R4 2.24.0.3)."""


def bytes_in(document: Mapping[str, Json]) -> int:
    """How many bytes the attachments of a document hold, counted from their base64 without decoding it."""
    content = document.get("content")
    parts = content if isinstance(content, Sequence) and not isinstance(content, str) else ()
    found = (one.get("attachment") for one in parts if isinstance(one, Mapping))
    return sum(_bytes_of(one.get("data")) for one in found if isinstance(one, Mapping))


def _bytes_of(data: Json) -> int:
    if not isinstance(data, str):
        return 0
    return (len(data) - sum(map(data.count, _FILLING))) * 3 // 4


def too_large(document: Mapping[str, Json], bytes_max: int, *, place: str) -> Problem | None:
    """What is wrong with a document that holds more than `bytes_max`; None where it fits. `place` is the sender's."""
    size = bytes_in(document)
    if size <= bytes_max:
        return None
    return Problem(
        code="document.too-large",
        place=place,
        message=f"The document holds {size} bytes, and this connection takes {bytes_max}.",
        remedy="Nothing is lost: the message is kept whole. Raise the connection's `document_bytes_max` and replay it, "
        "or have the document sent smaller, or its address instead.",
    )
