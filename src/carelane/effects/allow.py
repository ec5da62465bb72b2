"""The allow-list of writes: what may be sent where, checked before the first byte leaves (SEMANTICS 7).

Deny by default. Whatever a site allows, Carelane never writes clinical findings or signed notes: the EHR is
the chart.
"""

from collections.abc import Mapping

from carelane.effects.destinations import Destination
from carelane.facts.fact import Payload
from carelane.facts.ports import Capability

NEVER = frozenset(
    {"Observation", "Condition", "DiagnosticReport", "AllergyIntolerance", "MedicationRequest"}
)
_SIGNATURE = {"DocumentReference": "docStatus", "Composition": "status"}
_SIGNED = frozenset({"final", "amended", "corrected", "appended"})


def refusal(
    destination: Destination, capability: Capability | None, *, pathway: str, content: Payload
) -> str | None:
    """Why this may not be sent, as a stable code, or None if it may.

    `content` is an intent's: its `values` are the fixed elements that the pathway wants written.
    """
    if capability is None or capability.name not in destination.capabilities:
        return "not-allowed:capability"
    if capability.resource in NEVER or _signed(capability.resource, content):
        return "not-allowed:clinical"
    able = [write for write in destination.writes if write.resource == capability.resource]
    if not able:
        return "not-allowed:resource"
    able = [write for write in able if not write.pathways or pathway in write.pathways]
    if not able:
        return "not-allowed:pathway"
    if not any(not write.fields or capability.fields <= write.fields for write in able):
        return "not-allowed:fields"
    return None


def _signed(resource: str, content: Payload) -> bool:
    values = content.get("values")
    return (
        resource in _SIGNATURE
        and isinstance(values, Mapping)
        and values.get(_SIGNATURE[resource]) in _SIGNED
    )
