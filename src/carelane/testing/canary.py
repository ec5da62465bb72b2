"""The canary patient: every field holds a token that stands nowhere else, and a search for them in whatever leaked.

Flow tests send these messages and search logs, metrics, errors, addresses, mails, process listings and clear columns
(TRUST I13, T16). The tokens are made up; nobody bears them.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from carelane.connect.hl7v2.codec.building import Field, build, compose

FIELDS = (
    "family", "given", "maiden", "street", "city", "email", "mrn", "account", "ssn", "visit", "referral", "placer",
    "filler", "reason", "note", "value", "comment", "employer", "control", "form",
)  # fmt: skip
PHONE = "9174630285"
_SYLLABLES = (
    "ba",
    "ke",
    "di",
    "fo",
    "gu",
    "la",
    "me",
    "ni",
    "po",
    "ru",
    "sa",
    "te",
    "vi",
    "wo",
    "zu",
    "xa",
)


def token(field: str) -> str:
    """The field's token: letters only, as long as a name, the same in every run."""
    digest = hashlib.sha256(f"carelane canary {field}".encode()).digest()
    return "Q" + "".join(_SYLLABLES[byte % len(_SYLLABLES)] for byte in digest[:7])


TOKENS: Mapping[str, str] = {**{field: token(field) for field in FIELDS}, "phone": PHONE}


def needles(tokens: Mapping[str, str] = TOKENS) -> dict[bytes, str]:
    """What to search for, in lower case: each token plain, in hexadecimal, percent-encoded and in base64."""
    found: dict[bytes, str] = {}
    for field, value in tokens.items():
        raw = value.encode()
        for form in (
            raw,
            raw.hex().encode(),
            quote(value).encode(),
            base64.b64encode(raw).rstrip(b"=")[:-1],
        ):
            found[form.lower()] = field
    return found


def leaks(sinks: Mapping[str, bytes], tokens: Mapping[str, str] = TOKENS) -> list[str]:
    """`sink: field` for every token that stands in a sink; empty when nothing leaked."""
    wanted = needles(tokens)
    found: set[str] = set()
    for name, data in sinks.items():
        low = data.lower()
        found.update(f"{name}: {field}" for needle, field in wanted.items() if needle in low)
    return sorted(found)


def referral(at: datetime, *, control: str = "") -> bytes:
    """REF^I12 about the canary patient."""
    return _message(
        ("REF", "I12", "REF_I12"), at, control or f"{TOKENS['control']}1",
        ("RF1", [("P", "Pending", "HL70283"), ("R", "Routine", "HL70280"), ("CAR", "Cardiology", "L"), None,
                 ("A", "Ambulatory", "HL70284"), (TOKENS["referral"], "HIS"), _stamp(at), None, _stamp(at),
                 ("R07.9", TOKENS["reason"], "I10")]),
        ("PRD", [("RP", "Referring Provider", "HL70286"), ("Surgeon", "Ann"), *[None] * 4, "D11"]),
        ("PRD", [("RT", "Referred to Provider", "HL70286"), ("Cardiology",)]),
        ("PID", _patient()),
        ("DG1", ["1", None, ("R07.9", TOKENS["reason"], "I10"), None, _stamp(at), "W"]),
        ("NTE", ["1", None, f"Please see soon: {TOKENS['note']}"]),
    )  # fmt: skip


def result(at: datetime) -> bytes:
    """ORU^R01: a critical result of the canary patient."""
    return _message(
        ("ORU", "R01", "ORU_R01"), at, f"{TOKENS['control']}2",
        ("PID", _patient()),
        ("PV1", ["1", "I", ("WARD1", "101", "A", "NORTH"), *[None] * 15, (TOKENS["visit"], None, None, "HOSP")]),
        ("ORC", ["RE", (TOKENS["placer"], "HIS"), (TOKENS["filler"], "LAB")]),
        ("OBR", ["1", (TOKENS["placer"], "HIS"), (TOKENS["filler"], "LAB"), ("2823-3", "Potassium", "LN"), None, None,
                 _stamp(at), *[None] * 8, ("D11", "Surgeon", "Ann"), *[None] * 5, _stamp(at), None, "LAB", "F"]),
        ("OBX", ["1", "NM", ("2823-3", "Potassium", "LN"), None, "7.1", "mmol/L", "3.5-5.1", "HH", None, None, "F",
                 None, None, _stamp(at)]),
        ("OBX", ["2", "ST", ("8251-1", "Comment", "LN"), None, TOKENS["value"], *[None] * 5, "F"]),
        ("NTE", ["1", None, TOKENS["comment"]]),
    )  # fmt: skip


def bad(at: datetime) -> dict[str, bytes]:
    """Messages that are refused or held back, each full of tokens, by what is wrong with them."""
    name = TOKENS["family"].encode()

    def good(number: int) -> bytes:
        return referral(at, control=f"{TOKENS['control']}{number}")

    return {
        "unreadable": b"XSH|" + name + b"|" + TOKENS["mrn"].encode(),
        "no-control-id": good(3).replace(f"{TOKENS['control']}3".encode(), b""),
        "odd-trigger": good(4).replace(b"REF^I12^REF_I12", name + b"^" + name),
        "odd-charset": good(5).replace(b"UNICODE UTF-8", name),
        "wrong-bytes": good(6).replace(name, name + b"\xff\xfe"),
        "same-id-other-body": referral(at).replace(b"CAR^Cardiology", b"ORT^Orthopaedics"),
        "no-patient": b"\r".join(
            line for line in good(7).split(b"\r") if not line.startswith(b"PID")
        ),
        "odd-number": good(8).replace(
            TOKENS["mrn"].encode() + b"^^^HOSP^MR", name + b"^^^^" + name
        ),
    }


def _patient() -> list[Field]:
    person: Field = (TOKENS["family"], TOKENS["given"])
    return [
        "1", None, [(TOKENS["mrn"], None, None, "HOSP", "MR")], None, person, (TOKENS["maiden"],), "19470311", "F",
        None, None, (TOKENS["street"], None, TOKENS["city"], "NT", "10001"), None,
        [(PHONE, "PRN", "PH"), (None, "NET", "Internet", f"{TOKENS['email']}@example.org")],
        (TOKENS["employer"], "WPN", "PH"), None, None, None, (TOKENS["account"],), TOKENS["ssn"],
    ]  # fmt: skip


def _message(
    kind: tuple[str, str, str], at: datetime, control: str, *body: tuple[str, list[Field]]
) -> bytes:
    header: list[Field] = [
        "HIS",
        "HOSP",
        "CARELANE",
        "NORTH",
        _stamp(at),
        None,
        kind,
        control,
        "P",
        "2.5.1",
    ]
    return build(compose(("MSH", header), *body))


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%d%H%M%S}+0000"
