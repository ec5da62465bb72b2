"""The Messages interface of Vonage (v1, channel sms): JSON both ways, callbacks signed by a JWT (HS256).

The token holds the SHA-256 of the body and the time it was made. Our effect's id travels as `client_ref`.
Whether a number has opted out is told by a receipt only. Codes: the gateway's public list of errors.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from carelane.connect.sms.codec import (
    BAD_NUMBER,
    FORMAT,
    Account,
    Answer,
    Call,
    Callback,
    Heard,
    TextMessage,
    by_status,
    effect_of,
    number_of,
)
from carelane.facts.ports import OPTED_OUT, Sent, Verdict

_ACCEPTED: Final = 202
SKEW: Final = timedelta(minutes=5)
_CODES: Final[Mapping[str, tuple[Verdict, str]]] = {
    "1000": (Verdict.RETRY, "busy"),
    "1020": (Verdict.REFUSED, "invalid"),
    "1030": (Verdict.UNKNOWN, "gateway-error"),
    "1040": (Verdict.REFUSED, BAD_NUMBER),
    "1050": (Verdict.REFUSED, OPTED_OUT),
    "1060": (Verdict.RETRY, "account-barred"),
    "1070": (Verdict.RETRY, "no-credit"),
    "1090": (Verdict.REFUSED, "too-long"),
    "1100": (Verdict.RETRY, "not-submitted"),
    "1120": (Verdict.REFUSED, "sender-not-ours"),
}
_FAILURES: Final[Mapping[str, str]] = {
    "9": OPTED_OUT,
    "1040": BAD_NUMBER,
    "1050": OPTED_OUT,
    "1210": "unreachable",
    "1240": BAD_NUMBER,
    "1250": BAD_NUMBER,
    "1260": "unreachable",
}
_ENDS: Final = {"delivered": "delivered", "rejected": "failed", "undeliverable": "failed"}


class Vonage:
    """The dialect `vonage`."""

    name = "vonage"

    def call(self, message: TextMessage, account: Account) -> Call:
        """`POST /v1/messages`."""
        said = {
            "message_type": "text",
            "channel": "sms",
            "to": message.to.removeprefix("+"),
            "from": account.sender.removeprefix("+"),
            "text": message.text,
            "client_ref": str(message.effect),
        }
        if account.callback:
            said["webhook_url"] = account.callback
        proof = base64.b64encode(f"{account.name}:{account.secret}".encode()).decode()
        return Call(
            path="v1/messages",
            headers={"Authorization": f"Basic {proof}", "Content-Type": "application/json"},
            body=msgspec.json.encode(said),
        )

    def judge(self, answer: Answer) -> Sent:
        """202 with a `message_uuid` is done; a problem's number stands at the end of its `type`."""
        said = _json(answer.body)
        if answer.status == _ACCEPTED and answer.whole and said.get("message_uuid"):
            return Sent(verdict=Verdict.DONE, reference=str(said["message_uuid"]), format=FORMAT)
        if _wrong_number(said):
            return Sent(verdict=Verdict.REFUSED, cause=BAD_NUMBER)
        code = str(said.get("type", "")).rpartition("#")[2]
        if code in _CODES:
            verdict, cause = _CODES[code]
            return Sent(verdict=verdict, cause=cause)
        verdict = Verdict.RETRY if answer.status == 402 else by_status(answer.status)  # noqa: PLR2004  # no credit
        return Sent(verdict=verdict, cause=f"http-{answer.status}")

    def authentic(self, callback: Callback, secret: str, *, now: datetime) -> bool:
        """`Authorization: Bearer`, signed with the account's signature secret, about this body, made just now."""
        scheme, _, token = callback.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            claims = jwt.decode(token, OctKey.import_key(secret), algorithms=["HS256"]).claims
        except (JoseError, ValueError):
            return False
        made, digest = claims.get("iat"), str(claims.get("payload_hash", ""))
        recent = isinstance(made, int) and abs(now.timestamp() - made) <= SKEW.total_seconds()
        body = hashlib.sha256(callback.body).hexdigest()
        return recent and hmac.compare_digest(digest.encode(), body.encode())

    def stored(self, callback: Callback) -> bytes:
        """The JSON."""
        return callback.body

    def hear(self, raw: bytes) -> Heard | None:
        """A receipt has `status`, a text has `text`."""
        said = _json(raw)
        number = said.get("message_uuid")
        if not number:
            return None
        if "status" in said:
            status = str(said["status"])
            return Heard(
                control=f"{number}/{status}",
                trigger="SMS receipt",
                effect=effect_of(said.get("client_ref")),
                reference=str(number),
                status=_ENDS.get(status, ""),
                cause=_failure(said),
                number=number_of(str(said.get("to", ""))),
                at=_instant(said.get("timestamp")),
            )
        return Heard(
            control=str(number),
            trigger="SMS text",
            number=number_of(str(said.get("from", ""))),
            text=str(said.get("text", "")),
            at=_instant(said.get("timestamp")),
        )


def _wrong_number(said: Mapping[str, Any]) -> bool:
    """Whether the gateway says that `to` is the parameter at fault."""
    wrong = said.get("invalid_parameters")
    return isinstance(wrong, list) and any(
        isinstance(one, Mapping) and one.get("name") == "to" for one in wrong
    )


def _failure(said: Mapping[str, Any]) -> str:
    error = said.get("error")
    if not isinstance(error, Mapping):
        return ""
    code = str(error.get("title") or str(error.get("type", "")).rpartition("#")[2])
    return _FAILURES.get(code, code if code.isdigit() else "unknown-error")


def _instant(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, Mapping) else {}
