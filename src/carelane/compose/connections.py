"""Adapters by kind, and the site's connections made real: readers, envelopes, senders."""

from collections.abc import Mapping

from carelane.directory.snapshot import ConnectionRow

EMBEDDED_CONNECTIONS: Mapping[str, ConnectionRow] = {
    "replay": ConnectionRow(name="replay", kind="hl7v2"),
    "portal": ConnectionRow(name="portal", kind="portal"),
}
"""Connections that every Carelane has: recorded messages, and people."""
