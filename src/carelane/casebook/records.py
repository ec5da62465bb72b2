"""Where a copied field came from, and the address that opens that record in its own system.

A resource that came by FHIR has its system's own id; one that came by a message only has numbers. Numbers never stand
in our pages: `portal.pages.records` sends the browser on when somebody asks, and the access tree says so.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

from carelane.directory.snapshot import ConnectionRow
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.store.database import Row, Tx
from carelane.store.shapes import decode_payload
from carelane.store.vault import Shredded, Vault

KINDS = {
    "patient": "Patient",
    "encounter": "Encounter",
    "request": "ServiceRequest",
    "result": "DiagnosticReport",
    "appointment": "Appointment",
    "document": "DocumentReference",
    "medication_request": "MedicationRequest",
}
SOURCES_MAX = 20  # of a case's newest facts from outside


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record of an outside system. `id` is that system's own; `number` is what people call it by."""

    kind: str
    connection: str
    id: str
    number: Phi[str]


async def records(tx: Tx, vault: Vault, case: UUID) -> dict[str, Record]:
    """The newest record of each role that a case was told of."""
    rows = await tx.rows("casebook.sources", id=case, limit=SOURCES_MAX)
    found: dict[str, Record] = {}
    for row in rows:
        for role, resource in _payload(vault, row).items():
            if role in KINDS and isinstance(resource, Mapping):
                found.setdefault(role, _record(role, resource, row["connection"]))
    return found


def address(record: Record, authority: str, connections: Mapping[str, ConnectionRow]) -> str:
    """The address that opens it: by its own id where it came from, else by its number; empty without a pattern."""
    own = connections.get(record.connection)
    if own is not None and (found := linked(_pattern(own, "record_link"), record.kind, record.id)):
        return found
    number = record.number.reveal()
    for row in _nearest(own, connections.get(authority), connections.values()):
        pattern = _pattern(row, "record_find")
        if pattern and number:
            return pattern.replace("{resource}", record.kind).replace(
                "{identifier}", quote(number, safe="")
            )
    return ""


def linked(pattern: str, kind: str, key: str) -> str:
    """A pattern with a resource's type and opaque id filled in; empty if either is not plain."""
    plain = kind.isalpha() and key and all(sign.isalnum() or sign in "-." for sign in key)
    return pattern.replace("{resource}", kind).replace("{id}", key) if pattern and plain else ""


def _nearest(
    own: ConnectionRow | None, named: ConnectionRow | None, every: Iterable[ConnectionRow]
) -> list[ConnectionRow]:
    return [row for row in (own, named, *every) if row is not None]


def _pattern(row: ConnectionRow, name: str) -> str:
    """A connection's address pattern; only http(s), so that no other scheme can be planted in a page."""
    pattern = str(row.settings.get(name) or "")
    return pattern if pattern.startswith(("http://", "https://")) else ""


def _payload(vault: Vault, row: Row) -> Mapping[str, Json]:
    vault.learn(row["identity"], row["identity_key"])
    try:
        return decode_payload(
            vault.open(row["identity"], "fact", row["id"], "sealed", row["sealed"])
        )
    except Shredded:
        return {}


def _record(role: str, resource: Mapping[str, Json], connection: str) -> Record:
    key = str(resource.get("id") or "")
    return Record(
        kind=_kind(role, resource, key), connection=connection, id=key, number=Phi(_number(resource), "number")
    )  # fmt: skip


def _kind(role: str, resource: Mapping[str, Json], key: str) -> str:
    """A single Observation travels as a report of one: its id is the Observation's."""
    parts = resource.get("observation")
    inner = (
        parts[0] if isinstance(parts, Sequence) and not isinstance(parts, str) and parts else None
    )
    if role == "result" and key and isinstance(inner, Mapping) and inner.get("id") == key:
        return "Observation"
    return KINDS[role]


def _number(resource: Mapping[str, Json]) -> str:
    listed = resource.get("identifier")
    given = listed if isinstance(listed, Sequence) and not isinstance(listed, str) else ()
    values = (
        str(each["value"]) for each in given if isinstance(each, Mapping) and each.get("value")
    )
    return next(values, "")
