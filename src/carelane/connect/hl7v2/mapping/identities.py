"""A24, A37 and A40: identity messages as drafts with a `Merge` (standard, chapter 3)."""

from carelane.connect.hl7v2.codec import Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.patients import (
    identifiers_of,
    patient,
    patient_identifiers,
)
from carelane.facts.fact import Draft, Identifier, Merge
from carelane.facts.problem import Severity

_KINDS = {"A24": ("patient.linked", "link"), "A37": ("patient.unlinked", "unlink")}


def merged(context: Context) -> tuple[Draft, ...]:
    """A40: one draft per PID and MRG; an incomplete group holds the whole message back."""
    drafts = []
    for pid, prior in _groups(context):
        survivor = patient_identifiers(context, pid)
        retired = _prior(context, prior)
        if not survivor or not retired:
            _incomplete(context, "MRG-1" if survivor else "PID-3")
            return ()
        if set(survivor) == set(retired):
            _same(context)
            return ()
        merge = Merge(kind="merge", survivor=survivor, retired=retired)
        drafts.append(_draft(context, "patient.merged", pid, merge))
    return tuple(drafts)


def linked(context: Context, event: str) -> tuple[Draft, ...]:
    """A24 and A37: the two patients of the message."""
    kind, name = _KINDS[event]
    patients = context.message.segments("PID")
    if len(patients) < 2:  # noqa: PLR2004  # a link has two ends
        _incomplete(context, "PID[2]")
        return ()
    survivor, retired = (patient_identifiers(context, pid) for pid in patients[:2])
    if not survivor or not retired:
        _incomplete(context, "PID-3")
        return ()
    merge = Merge(kind=name, survivor=survivor, retired=retired)
    return (_draft(context, kind, patients[0], merge),)


def _groups(context: Context) -> list[tuple[Segment, Segment | None]]:
    groups: list[tuple[Segment, Segment | None]] = []
    for segment in context.message:
        if segment.name == "PID":
            groups.append((segment, None))
        elif segment.name == "MRG" and groups:
            groups[-1] = (groups[-1][0], segment)
    return groups


def _prior(context: Context, prior: Segment | None) -> tuple[Identifier, ...]:
    """MRG-1; where it is empty MRG-4, then MRG-2, as versions before 2.3.1 used them."""
    if prior is None:
        return ()
    for field in (1, 4, 2):
        found = identifiers_of(context, prior, field)
        if found:
            return found
    return ()


def _draft(context: Context, kind: str, pid: Segment, merge: Merge) -> Draft:
    return context.draft(
        kind,
        payload={"patient": patient(context, pid, merge.survivor)},
        identifiers=merge.survivor,
        merge=merge,
    )


def _incomplete(context: Context, place: str) -> None:
    context.report(
        "identity-incomplete",
        place,
        "The message joins or separates patients but does not name both; nothing was changed.",
        "Ask the sender which identifiers are meant, then send the message again.",
        Severity.ERROR,
    )


def _same(context: Context) -> None:
    context.report(
        "identity-same",
        "MRG-1",
        "The patient to be merged and the surviving one have the same identifiers.",
        "Ask the sender which patient is meant, then send the message again.",
        Severity.ERROR,
    )
