"""Whether what somebody just said holds a red flag of a pathway: asked where the patient still looks at a screen.

It reads as a start does, decides nothing and keeps nothing; the case is opened by the fact, as always.
"""

from datetime import datetime

from carelane.facts.fact import Payload
from carelane.pathways import inputs, tables
from carelane.pathways.definition import Definition


def flagged(definition: Definition, fact: str, payload: Payload, *, now: datetime) -> bool:
    """Whether a fact that the pathway hears holds one of its red flags."""
    flags = definition.red_flags
    if flags is None or fact not in definition.events:
        return False
    read = inputs.read(definition.inputs, payload)
    if any(read.get(name) in codes for name, codes in flags.inputs.items()):
        return True
    if not flags.outputs:
        return False
    known, _ = tables.evaluate(definition.tables, read, now=now)
    return any(known.get(name) in codes for name, codes in flags.outputs.items())
