"""Recorded HL7 v2 files made replayable on a house."""

from carelane.compose.connections import all_connections, kind_of, readers
from carelane.compose.house import House
from carelane.connect.hl7v2.codec import split_batch
from carelane.facts.errors import LocalFault
from carelane.intake.replay import CONNECTION, Replay


def replay_of(house: House) -> Replay:
    """A replay on this house's runtime."""
    directory = house.runtime.directory
    envelope = kind_of(all_connections(directory)[CONNECTION]).envelope
    if envelope is None:
        raise LocalFault("the replay connection can't read envelopes")
    return Replay(
        runtime=house.runtime,
        envelope=envelope,
        reader=readers(directory)[CONNECTION],
        split=split_batch,
    )
