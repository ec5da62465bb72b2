"""Adapters by kind, and the site's connections made real: readers, envelopes, senders, destinations."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from carelane.compose import client_keys, internal
from carelane.connect.channel.adapter import envelope_for as channel_envelope
from carelane.connect.channel.adapter import reader_for as channel_reader
from carelane.connect.fhir.adapter import open_sender as open_fhir
from carelane.connect.fhir.adapter import reader_for as fhir_reader
from carelane.connect.fhir.mapping.authorisations import envelope as payer_envelope
from carelane.connect.fhir.mapping.authorisations import read as payer_reader
from carelane.connect.fhir.mapping.reading import envelope as fhir_envelope
from carelane.connect.fhir.payer_adapter import open_sender as open_payer
from carelane.connect.fhir.sender import FhirSender
from carelane.connect.hl7v2.adapter import open_sender as open_hl7v2
from carelane.connect.hl7v2.adapter import reader_of as hl7v2_reader
from carelane.connect.hl7v2.codec import envelope as hl7v2_envelope
from carelane.connect.link.codec import envelope as link_envelope
from carelane.connect.link.mapping import read as link_reader
from carelane.connect.mail.adapter import open_sender as open_mail
from carelane.connect.sms.adapter import envelope_for as sms_envelope
from carelane.connect.sms.adapter import open_sender as open_sms
from carelane.connect.sms.adapter import reader_for as sms_reader
from carelane.directory.alerting import MAIL, PHONE, staff_address
from carelane.directory.owners import Scope
from carelane.directory.snapshot import ConnectionRow, Snapshot
from carelane.effects.destinations import Destination, of_connection
from carelane.effects.outbox import Outbox
from carelane.effects.sweep import Counter
from carelane.facts.errors import SetupFault
from carelane.facts.intent import Intent
from carelane.facts.ports import Envelope, Reader, Receipt, Receive, Sender

EMBEDDED_CONNECTIONS: Mapping[str, ConnectionRow] = {
    "replay": ConnectionRow(name="replay", kind="hl7v2"),
    "portal": ConnectionRow(name="portal", kind="portal"),
    internal.NAME: ConnectionRow(
        name=internal.NAME,
        kind=internal.NAME,
        serves=tuple(internal.CAPABILITIES),
        settings={
            "sending": {"per_second": 100, "burst": 100, "writes": [{"resource": "carelane"}]}
        },
    ),
}
"""Connections that every Carelane has: recorded messages, people, and what system pathways want done."""


class UnknownKind(SetupFault):
    """A connection names an adapter kind that this Carelane does not have."""

    code = "unknown-kind"


Keep = Callable[[bytes], Awaitable[Receipt]]
"""Stores what a connection's other side answered, as a message of that connection."""
Make = Callable[[Mapping[str, Any], Snapshot, Keep], Sender]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What an adapter offers for its connections; `reach` is the kind of address it writes to."""

    reach: str = ""
    envelope: Callable[[ConnectionRow], Callable[[bytes], Envelope]] | None = None
    reader: Callable[[ConnectionRow, Snapshot], Reader] | None = None
    sender: Make | None = None


def _hl7v2_reader(row: ConnectionRow, snapshot: Snapshot) -> Reader:
    """The connection's own zone, or its site's."""
    place = snapshot.sites.get(row.site)
    zone = {"zone": place.zone} if place is not None else {}
    return hl7v2_reader({**zone, **row.settings})


KINDS: Mapping[str, Kind] = {
    "hl7v2": Kind(
        envelope=lambda _row: hl7v2_envelope,
        reader=_hl7v2_reader,
        sender=lambda settings, _snapshot, _keep: open_hl7v2(settings),
    ),
    "fhir": Kind(
        envelope=lambda _row: fhir_envelope,
        reader=lambda row, _snapshot: fhir_reader(row.settings),
        sender=lambda settings, _snapshot, _keep: open_fhir(settings),
    ),
    "payer": Kind(
        envelope=lambda _row: payer_envelope,
        reader=lambda _row, _snapshot: payer_reader,
        sender=lambda settings, _snapshot, keep: open_payer(settings, keep=keep),
    ),
    "mail": Kind(
        reach=MAIL,
        sender=lambda settings, snapshot, _keep: open_mail(
            settings, find=partial(alerted, snapshot, MAIL)
        ),
    ),
    "sms": Kind(
        envelope=lambda row: sms_envelope(row.settings),
        reader=lambda row, _snapshot: sms_reader(row.settings),
        reach=PHONE,
        sender=lambda settings, snapshot, _keep: open_sms(
            settings, find=partial(alerted, snapshot, PHONE)
        ),
    ),
    "channel": Kind(
        envelope=lambda row: channel_envelope(row.settings),
        reader=lambda row, _snapshot: channel_reader(row.settings, source=row.name),
    ),
    "link": Kind(envelope=lambda _row: link_envelope, reader=lambda _row, _snapshot: link_reader),
    "portal": Kind(),
    internal.NAME: Kind(),
}


def kind_of(row: ConnectionRow) -> Kind:
    """The adapter of a connection."""
    try:
        return KINDS[row.kind]
    except KeyError:
        raise UnknownKind(
            f"connection {row.name}: no adapter is called {row.kind}; use one of {', '.join(KINDS)}"
        ) from None


def all_connections(snapshot: Snapshot) -> dict[str, ConnectionRow]:
    """The site's connections and those that every Carelane has."""
    return {**EMBEDDED_CONNECTIONS, **snapshot.connections}


def inbound(snapshot: Snapshot) -> dict[str, ConnectionRow]:
    """Connections whose messages can be read."""
    return {
        name: row
        for name, row in all_connections(snapshot).items()
        if kind_of(row).reader is not None
    }


def readers(snapshot: Snapshot) -> dict[str, Reader]:
    """A reader for each connection that receives."""
    return {
        name: reader(row, snapshot)
        for name, row in inbound(snapshot).items()
        if (reader := kind_of(row).reader)
    }


def envelopes(snapshot: Snapshot) -> dict[str, Callable[[bytes], Envelope]]:
    """What receiving must know of a message, for each connection that receives."""
    return {
        name: maker(row)
        for name, row in inbound(snapshot).items()
        if (maker := kind_of(row).envelope)
    }


def destinations(snapshot: Snapshot) -> dict[str, Destination]:
    """Connections that effects may go to."""
    return {
        name: of_connection(row, reach=kind_of(row).reach)
        for name, row in all_connections(snapshot).items()
        if row.serves
    }


def senders(snapshot: Snapshot, home: Path, receive: Receive) -> dict[str, Sender]:
    """A sender for each of them; relative paths in their settings are in `home`, answers go to `receive`."""
    made: dict[str, Sender] = {}
    for name, row in snapshot.connections.items():
        maker = kind_of(row).sender
        if row.serves and maker is not None:
            made[name] = maker(settings_of(row, home), snapshot, partial(receive, name))
    return made


def counters(outbox: Outbox) -> Mapping[str, Counter]:
    """Of the senders those that can say how often the other side holds an effect's id."""
    return {
        name: sender.count
        for name, sender in outbox.senders.items()
        if isinstance(sender, FhirSender)
    }


def alerted(snapshot: Snapshot, reach: str, intent: Intent, now: datetime) -> str | None:
    """The address of whoever an alert calls, by the calendar of its site and service line."""
    about = intent.references
    here = Scope(site=about.get("site", ""), service_line=about.get("service_line", ""), at=now)
    return staff_address(snapshot, reach, about.get("to", ""), here)


_OURS = frozenset({"sending", "record_link", "record_find", "direction"})
_FILES = ("_file", "_certificate", "_key", "_authorities")


def settings_of(row: ConnectionRow, home: Path) -> dict[str, Any]:
    """The adapter's own settings, with file paths made absolute."""
    found: dict[str, Any] = {}
    for key, value in row.settings.items():
        if key in _OURS:
            continue
        is_path = isinstance(value, str) and key.endswith(_FILES)
        found[key] = str(home / str(value)) if is_path else value  # an absolute path stays as it is
    return found


def make_client_keys(snapshot: Snapshot, home: Path) -> None:
    """A key pair for each client that has none yet: the private half (0600), and a JWKS to register with the EHR.

    A channel without a secret gets one, for whoever sends by it; so do notifications, and a gateway, which refuses
    until it is its own.
    """
    for row in snapshot.connections.values():
        for name in ("secret_file", "notify_secret_file"):
            secret = settings_of(row, home).get(name)
            if secret is not None and not Path(secret).exists():
                client_keys.make_secret(Path(secret))
        file = settings_of(row, home).get("key_file")
        if file is not None and not Path(file).exists():
            client_keys.make(Path(file), key_id=str(row.settings.get("key_id", row.name)))
