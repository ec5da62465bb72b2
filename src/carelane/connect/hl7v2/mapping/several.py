"""Messages about several patients: each patient's part is read as a message of its own.

ORU R01 repeats the patient with its orders; SIU repeats the patient and shares the resources. In
any other message a second, different patient makes it unclear whom the rest is about.
"""

from carelane.connect.hl7v2.codec import Message
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.patients import identifiers_of
from carelane.facts.problem import Severity

_IDENTITY = frozenset({"ADT^A24", "ADT^A37", "ADT^A40"})
_SHARED_FROM = "RGS"


def parts_of(context: Context, trigger: str) -> tuple[Message, ...]:
    """The message itself, or one message per patient; none where it can't be told apart."""
    message = context.message
    patients = message.segments("PID")
    if len(patients) < 2 or trigger in _IDENTITY:  # noqa: PLR2004  # several
        return (message,)
    if trigger.startswith(("ORU", "SIU")):
        return _split(message, trigger.startswith("SIU"))
    if len({identifiers_of(context, pid, 3) for pid in patients}) == 1:
        return (message,)
    context.report(
        "several-patients",
        "PID[2]",
        "The message names several patients, and this kind of message may name only one.",
        "Ask the sender for one message per patient, then send them again.",
        Severity.ERROR,
    )
    return ()


def _split(message: Message, shares: bool) -> tuple[Message, ...]:  # noqa: FBT001  # private, one caller
    before: list[str] = []
    after: list[str] = []
    groups: list[list[str]] = []
    for segment in message:
        if segment.name == "PID":
            groups.append([segment.text])
        elif shares and (after or segment.name == _SHARED_FROM):
            after.append(segment.text)
        else:
            (groups[-1] if groups else before).append(segment.text)
    return tuple(
        Message((*before, *group, *after), message.separators, message.charset) for group in groups
    )
