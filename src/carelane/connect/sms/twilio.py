"""The Messages interface of Twilio (API 2010-04-01): forms in, JSON out, callbacks signed with HMAC-SHA1.

The signature is over the address as the gateway called it and the form's fields in order of their names, so our
effect's id travels in the callback's address. Codes: the gateway's public list of errors.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec

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

_CREATED: Final = 201
_CODES: Final[Mapping[int, tuple[Verdict, str]]] = {
    20003: (Verdict.RETRY, "credentials"),
    20429: (Verdict.RETRY, "busy"),
    14107: (Verdict.RETRY, "busy"),
    21211: (Verdict.REFUSED, BAD_NUMBER),
    21217: (Verdict.REFUSED, BAD_NUMBER),
    21408: (Verdict.REFUSED, "country-not-enabled"),
    21606: (Verdict.REFUSED, "sender-not-ours"),
    21610: (Verdict.REFUSED, OPTED_OUT),
    21611: (Verdict.RETRY, "busy"),
    21612: (Verdict.REFUSED, "not-reachable"),
    21614: (Verdict.REFUSED, BAD_NUMBER),
    21617: (Verdict.REFUSED, "too-long"),
}
_FAILURES: Final[Mapping[str, str]] = {
    "21610": OPTED_OUT,
    "30003": "unreachable",
    "30004": "blocked",
    "30005": BAD_NUMBER,
    "30006": BAD_NUMBER,
    "30007": "filtered",
    "30008": "unknown-error",
}
_ENDS: Final = {"delivered": "delivered", "undelivered": "failed", "failed": "failed"}
_KEYWORDS: Final = {"STOP": "stop", "START": "start", "HELP": "help"}


class Twilio:
    """The dialect `twilio`."""

    name = "twilio"

    def call(self, message: TextMessage, account: Account) -> Call:
        """`POST /2010-04-01/Accounts/{sid}/Messages.json`."""
        form = {"To": message.to, "Body": message.text, **_from(account.sender)}
        if account.callback:
            form["StatusCallback"] = f"{account.callback}?effect={message.effect}"
        proof = base64.b64encode(f"{account.name}:{account.secret}".encode()).decode()
        return Call(
            path=f"2010-04-01/Accounts/{quote(account.name, safe='')}/Messages.json",
            headers={
                "Authorization": f"Basic {proof}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=urlencode(form).encode(),
        )

    def judge(self, answer: Answer) -> Sent:
        """201 with a `sid` is done; an error's `code` says more than its status."""
        said = _json(answer.body)
        if answer.status == _CREATED and answer.whole and said.get("sid"):
            return Sent(verdict=Verdict.DONE, reference=str(said["sid"]), format=FORMAT)
        code = said.get("code")
        if isinstance(code, int) and code in _CODES:
            verdict, cause = _CODES[code]
            return Sent(verdict=verdict, cause=cause)
        return Sent(verdict=by_status(answer.status), cause=f"http-{answer.status}")

    def authentic(self, callback: Callback, secret: str, *, now: datetime) -> bool:
        """X-Twilio-Signature."""
        del now
        offered = callback.headers.get("x-twilio-signature", "")
        return hmac.compare_digest(offered.encode(), signature(callback, secret).encode())

    def stored(self, callback: Callback) -> bytes:
        """The form, and behind it the fields of the address."""
        return b"&".join(part for part in (callback.body, callback.query.encode()) if part)

    def hear(self, raw: bytes) -> Heard | None:
        """A receipt has `MessageStatus`, a text has `Body`."""
        form = dict(_fields(raw))
        sid = form.get("MessageSid") or form.get("SmsSid")
        if not sid:
            return None
        if "MessageStatus" in form:
            status = form["MessageStatus"]
            return Heard(
                control=f"{sid}/{status}",
                trigger="SMS receipt",
                effect=effect_of(form.get("effect")),
                reference=sid,
                status=_ENDS.get(status, ""),
                cause=_FAILURES.get(form.get("ErrorCode", ""), form.get("ErrorCode", "")),
                number=number_of(form.get("To", "")),
            )
        return Heard(
            control=sid,
            trigger="SMS text",
            number=number_of(form.get("From", "")),
            text=form.get("Body", ""),
            keyword=_KEYWORDS.get(form.get("OptOutType", "").upper(), ""),
        )


def signature(callback: Callback, secret: str) -> str:
    """What the gateway signs a form callback with."""
    fields = sorted(set(_fields(callback.body)))
    text = callback.url + "".join(name + value for name, value in fields)
    digest = hmac.digest(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(digest).decode()


def _from(sender: str) -> Mapping[str, str]:
    return {"MessagingServiceSid": sender} if sender.startswith("MG") else {"From": sender}


def _fields(raw: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(raw.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


def _json(body: bytes) -> Mapping[str, Any]:
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
    return said if isinstance(said, Mapping) else {}
