"""What a callback means: receipts and replies as facts about a FHIR Communication. Pure.

Whose it is stands in no callback but by our effect's id or the number, so a draft has no identifiers: `intake` finds
the patient by what was sent to whom.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from carelane.connect.sms.codec import Heard
from carelane.connect.sms.words import answer
from carelane.facts.fact import Draft, Json
from carelane.facts.phi import Phi
from carelane.facts.ports import OPTED_OUT, Reading
from carelane.facts.problem import Problem, Severity

CHANNEL = "text"
_CONSENTS = {"stop": "consent.withdrawn", "start": "consent.given"}


def reading_of(
    heard: Heard | None, phrases: Mapping[str, str], *, received_at: datetime
) -> tuple[Reading, Sequence[Problem]]:
    """The reading of one kept callback."""
    if heard is None:
        return Reading(outcome="rejected", trigger="", control_id=None), (UNREADABLE,)
    drafts = _text(heard, phrases) if heard.text is not None else _receipt(heard)
    at = heard.at or received_at
    made = tuple(_draft(type_, heard, at, communication) for type_, communication in drafts)
    problems = () if made else (ON_ITS_WAY,)
    outcome = "facts" if made else "no mapping"
    reading = Reading(outcome=outcome, trigger=heard.trigger, control_id=heard.control, drafts=made)
    return reading, problems


_Told = list[tuple[str, dict[str, Json]]]


def _receipt(heard: Heard) -> _Told:
    if heard.status == "delivered":
        return [("message.delivered", {"status": "completed"})]
    if heard.status != "failed":
        return []
    failed: _Told = [("message.failed", {"status": "not-done", "cause": heard.cause or "unknown"})]
    if heard.cause == OPTED_OUT:  # the gateway knows of a STOP that we were never told of
        failed.append((_CONSENTS["stop"], {"status": "completed", "answer": "stop"}))
    return failed


def _text(heard: Heard, phrases: Mapping[str, str]) -> _Told:
    code = heard.keyword or answer(heard.text or "", phrases)
    said: dict[str, Json] = {
        "status": "completed",
        "answer": code,
        "sender": heard.number,
        "payload": [{"contentString": heard.text or ""}],
        "said": [heard.text or ""],
        "senderRole": "patient",
    }
    return [(_CONSENTS.get(code, "message.replied"), said)]


def _draft(type_: str, heard: Heard, at: datetime, said: Mapping[str, Json]) -> Draft:
    keys = {"address": heard.number} if heard.number else {}
    if heard.effect is not None:
        keys["effect"] = str(heard.effect)
    communication: Json = {"resourceType": "Communication", "channel": CHANNEL, **said}
    payload: dict[str, Json] = {"communication": communication}
    if type_ in _CONSENTS.values():
        status = "active" if type_ == _CONSENTS["start"] else "inactive"
        payload["consent"] = {
            "resourceType": "Consent",
            "status": status,
            "channel": CHANNEL,
            "scope": "messages",
        }
    return Draft(
        type=type_,
        occurred_at=at,
        payload=Phi(payload, "payload"),
        keys=keys,
    )


ON_ITS_WAY = Problem(
    code="sms.on-its-way",
    place="status",
    message="The gateway says that the message is on its way; that is not an end.",
    remedy="Nothing to do; the next receipt says how it ended.",
    severity=Severity.NOTE,
)
UNREADABLE = Problem(
    code="sms.unreadable",
    place="body",
    message="The callback is neither a receipt nor a text in the connection's dialect.",
    remedy="Compare the connection's `dialect` with the gateway that calls this address.",
)
