"""How each gateway speaks: what it takes, what it answers, how it calls back. Written from the public references.

A flavour is the other side of a dialect in `connect/sms`, written apart from it: it shares no code with what it tests.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey

ACCOUNT: Final = "AC00000000000000000000000000000000"
SECRET: Final = "a-made-up-secret-of-a-gateway-account-0001"  # noqa: S105  # made up, for a fake
SENDER: Final = "+15550001000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a client wants sent. `reference` is the client's own id of it, as far as the interface carries one."""

    to: str
    text: str
    reference: str
    callback: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer of the gateway's."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A callback: where to, with which headers, and the body."""

    url: str
    headers: Mapping[str, str]
    body: bytes


class Flavour(Protocol):
    """One gateway's interface."""

    name: str
    path: str
    refuses_opted_out: bool
    secret: str

    def asked(self, headers: Mapping[str, str], body: bytes) -> Asked | Told:
        """A request read, or the refusal of one that can't be."""

    def accepted(self, number: str) -> Told:
        """The answer to a text that is taken."""

    def refused(self, why: str) -> Told:
        """`bad-number`, `opted-out`, `busy`, `down` or `error`."""

    def receipt(self, asked: Asked, number: str, status: str, why: str, *, at: datetime) -> Posted:
        """A signed receipt: `sent`, `delivered` or `failed`."""

    def reply(self, sender: str, text: str, number: str, url: str, *, at: datetime) -> Posted:
        """A patient's text, signed."""


class TwilioFlavour:
    """`POST /2010-04-01/Accounts/{sid}/Messages.json`."""

    secret = SECRET
    name = "twilio"
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    refuses_opted_out = True
    _errors: Final = {
        "bad-number": (400, 21211, "Invalid 'To' Phone Number"),
        "opted-out": (400, 21610, "Attempt to send to unsubscribed recipient"),
        "busy": (429, 20429, "Too Many Requests"),
        "down": (503, 20503, "Service unavailable"),
        "error": (500, 20500, "Internal Server Error"),
        "login": (401, 20003, "Authenticate"),
    }
    _failures: Final = {"bad-number": "30005", "opted-out": "21610", "unreachable": "30003"}

    def asked(self, headers: Mapping[str, str], body: bytes) -> Asked | Told:
        """Basic authentication and a form with `To`, `From` and `Body`."""
        if headers.get("Authorization") != _basic(self.secret):
            return self.refused("login")
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if not {"To", "From", "Body"} <= set(form):
            return self.refused("bad-number")
        callback = form.get("StatusCallback", "")
        reference = parse_qs(urlsplit(callback).query).get("effect", [""])[0]
        return Asked(to=form["To"], text=form["Body"], reference=reference, callback=callback)

    def accepted(self, number: str) -> Told:
        """201 with a sid."""
        return Told(
            status=201,
            body={"sid": number, "status": "queued", "error_code": None, "num_segments": "1"},
        )

    def refused(self, why: str) -> Told:
        """A code of the public list, and its status."""
        status, code, message = self._errors[why]
        more = f"https://www.twilio.com/docs/errors/{code}"
        return Told(
            status=status,
            body={"code": code, "message": message, "more_info": more, "status": status},
        )

    def receipt(self, asked: Asked, number: str, status: str, why: str, *, at: datetime) -> Posted:
        """A form with `MessageStatus`."""
        del at
        named = "undelivered" if status == "failed" else status
        form = {
            "AccountSid": ACCOUNT,
            "MessageSid": number,
            "MessageStatus": named,
            "To": asked.to,
            "From": SENDER,
        }
        if why:
            form["ErrorCode"] = self._failures[why]
        return self._signed(asked.callback, form)

    def reply(self, sender: str, text: str, number: str, url: str, *, at: datetime) -> Posted:
        """A form with `Body`."""
        del at
        form = {
            "AccountSid": ACCOUNT,
            "MessageSid": number,
            "From": sender,
            "To": SENDER,
            "Body": text,
        }
        return self._signed(url, {**form, "NumMedia": "0"})

    def _signed(self, url: str, form: Mapping[str, str]) -> Posted:
        body = urlencode(form)
        text = url + "".join(
            name + value for name, value in sorted(parse_qsl(body, keep_blank_values=True))
        )
        proof = base64.b64encode(
            hmac.new(self.secret.encode(), text.encode(), hashlib.sha1).digest()
        )
        return Posted(
            url=url,
            headers={
                "X-Twilio-Signature": proof.decode(),
                "Content-Type": "application/x-www-form-urlencoded",
            },
            body=body.encode(),
        )


class VonageFlavour:
    """`POST /v1/messages`, channel sms."""

    secret = SECRET
    name = "vonage"
    path = "/v1/messages"
    refuses_opted_out = False  # it takes the text and says `rejected` by a receipt
    _page: Final = "https://developer.vonage.com/api-errors/messages"
    _errors: Final = {
        "busy": (429, "1000", "Throttled"),
        "down": (503, "", "Service unavailable"),
        "error": (500, "1030", "Internal error"),
        "login": (401, "", "Unauthorized"),
    }
    _failures: Final = {"bad-number": "1240", "opted-out": "1050", "unreachable": "1260"}

    def asked(self, headers: Mapping[str, str], body: bytes) -> Asked | Told:
        """Basic authentication and JSON; numbers without `+`."""
        if headers.get("Authorization") != _basic(self.secret):
            return self.refused("login")
        said = json.loads(body)
        to = str(said.get("to", ""))
        if said.get("channel") != "sms" or not to.isdigit():
            return self.refused("bad-number")
        return Asked(
            to=f"+{to}",
            text=str(said.get("text", "")),
            reference=str(said.get("client_ref", "")),
            callback=str(said.get("webhook_url", "")),
        )

    def accepted(self, number: str) -> Told:
        """202 with a message_uuid."""
        return Told(status=202, body={"message_uuid": number})

    def refused(self, why: str) -> Told:
        """A problem document (RFC 9457)."""
        if why == "bad-number":
            wrong = [{"name": "to", "reason": "value is not a phone number"}]
            return Told(
                status=422,
                body={
                    "type": f"{self._page}#1150",
                    "title": "Invalid params",
                    "invalid_parameters": wrong,
                },
            )
        status, code, title = self._errors[why]
        return Told(status=status, body={"type": f"{self._page}#{code}", "title": title})

    def receipt(self, asked: Asked, number: str, status: str, why: str, *, at: datetime) -> Posted:
        """JSON with `status`."""
        named = {"sent": "submitted", "failed": "rejected"}.get(status, status)
        said: dict[str, Any] = {
            "message_uuid": number,
            "to": asked.to.removeprefix("+"),
            "from": SENDER.removeprefix("+"),
            "timestamp": at.isoformat(),
            "status": named,
            "client_ref": asked.reference,
            "channel": "sms",
        }
        if why:
            code = self._failures[why]
            said["error"] = {"type": f"{self._page}#{code}", "title": code, "detail": why}
        return self._signed(asked.callback, said, at)

    def reply(self, sender: str, text: str, number: str, url: str, *, at: datetime) -> Posted:
        """JSON with `text`."""
        said = {
            "channel": "sms",
            "message_uuid": number,
            "to": SENDER.removeprefix("+"),
            "from": sender.removeprefix("+"),
            "timestamp": at.isoformat(),
            "text": text,
            "sms": {"num_messages": "1"},
        }
        return self._signed(url, said, at)

    def _signed(self, url: str, said: Mapping[str, Any], at: datetime) -> Posted:
        body = json.dumps(said).encode()
        claims = {
            "iss": "Vonage",
            "iat": int(at.timestamp()),
            "payload_hash": hashlib.sha256(body).hexdigest(),
        }
        token = jwt.encode(
            {"alg": "HS256"}, claims, OctKey.import_key(self.secret), algorithms=["HS256"]
        )
        return Posted(
            url=url,
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            body=body,
        )


FLAVOURS: Final[Mapping[str, Callable[[], Flavour]]] = {
    each.name: each for each in (TwilioFlavour, VonageFlavour)
}
"""By name: made anew for each gateway, because each has a secret of its own."""


def _basic(secret: str) -> str:
    return "Basic " + base64.b64encode(f"{ACCOUNT}:{secret}".encode()).decode()
