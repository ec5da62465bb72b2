"""Recorded HL7 v2 files made replayable on a house."""

from carelane.compose.connections import envelopes, readers
from carelane.compose.house import House
from carelane.connect.hl7v2.codec import split_batch
from carelane.intake.replay import CONNECTION, Replay


def replay_of(house: House) -> Replay:
    """A replay on this house's runtime."""
    directory = house.runtime.directory
    return Replay(
        runtime=house.runtime,
        envelope=envelopes(directory)[CONNECTION],
        reader=readers(directory)[CONNECTION],
        split=split_batch,
    )
