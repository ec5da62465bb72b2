"""Words that tie a pathway to a connection, a vendor or a wire format: refused wherever they stand.

A pathway names capabilities (`ehr.referral.update`); which connection has them is the site's matter.
The list is closed and in our own choosing; extend it when a site finds a gap.
"""

import re
from collections.abc import Collection, Iterator

from carelane.pathways.findings import Findings, Place
from carelane.pathways.reader import Many, Node, Record, Text

FORMATS = (
    "hl7",
    "hl7v2",
    "fhir",
    "fhir r4",
    "mllp",
    "x12",
    "edi",
    "ncpdp",
    "cda",
    "c-cda",
    "ccda",
    "dicom",
    "direct messaging",
    "smart on fhir",
    "soap",
    "json",
    "xml",
    "csv",
    "sftp",
    "smtp",
    "http",
    "https",
    "webhook",
    "kafka",
    "adt",
    "oru",
    "orm",
    "omg",
    "oml",
    "siu",
    "srm",
    "rri",
    "mdm",
    "rde",
    "obx",
    "obr",
    "pid-3",
    "msh",
)
VENDORS = (
    "epic",
    "cerner",
    "oracle health",
    "meditech",
    "athena",
    "athenahealth",
    "athenaone",
    "allscripts",
    "altera",
    "veradigm",
    "eclinicalworks",
    "nextgen",
    "greenway",
    "medplum",
    "openmrs",
    "openemr",
    "intersystems",
    "mirth",
    "nextgen connect",
    "rhapsody",
    "cloverleaf",
    "redox",
    "surescripts",
    "availity",
    "change healthcare",
    "covermymeds",
    "twilio",
    "sendgrid",
    "tigerconnect",
    "vocera",
    "dedalus",
)
FORBIDDEN_KEYS = ("connection", "adapter", "endpoint", "url", "host", "vendor", "format")
_WORDS = re.compile(
    r"(?<![\w-])("
    + "|".join(sorted(map(re.escape, (*FORMATS, *VENDORS)), key=len, reverse=True))
    + r")(?![\w-])"
    r"|\b(?:[A-Z]{3}[\^_][A-Z]\d\d)\b|[a-z]{2,10}://",
    re.IGNORECASE,
)


def refuse(node: Node, findings: Findings, connections: Collection[str] = ()) -> None:
    """Note each word of the text that names a format or vendor, or one of the site's connections."""
    names = {name.casefold() for name in connections}
    for text, at, is_key in _texts(node):
        match = _WORDS.search(text)
        if match:
            _note(findings, at, f"`{match[0]}` names a vendor or a wire format.")
        elif text.casefold() in names:
            _note(findings, at, f"`{text}` is the name of a connection.")
        elif is_key and text in FORBIDDEN_KEYS:
            _note(findings, at, f"`{text}` belongs to the site's connections.")


def _note(findings: Findings, at: Place, message: str) -> None:
    findings.add(
        "names-a-connection",
        at,
        message,
        "Name a capability, such as `ehr.referral.update`, or plain words.",
    )


def _texts(node: Node) -> Iterator[tuple[str, Place, bool]]:
    """All scalars with their places; depth is bounded by the reader."""
    waiting: list[Node] = [node]
    while waiting:
        one = waiting.pop()
        match one:
            case Text():
                yield one.text, one.at, False
            case Many():
                waiting.extend(reversed(one.items))
            case Record():
                yield from ((key, at, True) for key, at in one.places.items())
                waiting.extend(reversed(one.entries.values()))
