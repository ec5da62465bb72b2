"""PID, PD1, NK1 and MRG: the patient, the source identifiers, and what an identity message says."""

from carelane.connect.hl7v2.codec import Repetition, Segment
from carelane.connect.hl7v2.mapping.context import Context
from carelane.connect.hl7v2.mapping.values import (
    Shape,
    address,
    clean,
    concept,
    first,
    human_name,
    kept,
    listed,
    practitioner,
    telecom,
)
from carelane.facts.fact import Identifier, Json

_GENDERS = {"F": "female", "M": "male", "O": "other", "A": "other", "N": "other", "U": "unknown"}
_YES = frozenset({"Y", "YES", "1", "TRUE"})


def identifiers_of(context: Context, segment: Segment, field: int) -> tuple[Identifier, ...]:
    """All usable CX repetitions of a field, each with its authority (CX.4) or the default one."""
    found = [
        Identifier(
            authority=authority_of(context, part), value=value, type=clean(part.get(5)) or "MR"
        )
        for part in segment.repetitions(field)
        if (value := clean(part.get(1)))
    ]
    return tuple(dict.fromkeys(found))


def authority_of(context: Context, part: Repetition) -> str:
    """CX.4: namespace, else universal id; else the connection's default, else the sending facility."""
    return (
        clean(part.get(4, 1))
        or clean(part.get(4, 2))
        or context.local.authority
        or clean(context.message.get("MSH", 4))
        or clean(context.message.get("MSH", 3))
        or "unknown"
    )


def patient_identifiers(context: Context, pid: Segment) -> tuple[Identifier, ...]:
    """PID-3; where it is empty PID-2, then PID-4, as versions before 2.3.1 used them."""
    for field in (3, 2, 4):
        found = identifiers_of(context, pid, field)
        if found:
            if field != 3:  # noqa: PLR2004  # PID-3 is where it belongs
                context.report(
                    "identifier-misplaced",
                    f"PID-{field}",
                    f"The patient's identifier stands in PID-{field} instead of PID-3.",
                    "Ask the sender to use PID-3.",
                )
            return found
    context.report(
        "identifier-missing",
        "PID-3",
        "The patient has no identifier.",
        "Ask the sender for PID-3; until then a person must say who the patient is.",
    )
    return ()


def patient(context: Context, pid: Segment, identifiers: tuple[Identifier, ...]) -> Shape:
    """PID with PD1 and NK1 as a Patient."""
    return kept(
        {
            "resourceType": "Patient",
            "identifier": [_identifier(each) for each in identifiers],
            "name": listed(human_name(part) for part in pid.repetitions(5)),
            "telecom": listed(_telecoms(pid)),
            "gender": _GENDERS.get((clean(pid.get(8)) or "").upper()[:1]),
            "birthDate": context.date(pid, 7),
            "address": listed(address(part) for part in pid.repetitions(11)),
            "maritalStatus": concept(first(pid, 16)),
            "communication": _language(pid),
            "contact": _contacts(context),
            "generalPractitioner": listed(
                practitioner(part)
                for segment in context.message.segments("PD1")[:1]
                for part in segment.repetitions(4)
            ),
            **_death(context, pid),
        }
    )


def is_dead(pid: Segment) -> bool:
    """Whether PID-30 says so, or PID-29 gives a time of death."""
    indicator = (clean(pid.get(30)) or "").upper()
    return indicator in _YES or (indicator == "" and clean(pid.get(29)) is not None)


def died_at(context: Context, pid: Segment) -> str | None:
    """PID-29 as a FHIR dateTime."""
    return context.time(pid, 29)


def _death(context: Context, pid: Segment) -> Shape:
    if not is_dead(pid):
        return {}
    at = died_at(context, pid)
    return {"deceasedDateTime": at} if at else {"deceasedBoolean": True}


def _identifier(identifier: Identifier) -> Shape:
    return {
        "system": identifier.authority,
        "value": identifier.value,
        "type": {
            "coding": [
                {
                    "system": "http://terminology.hl7.org/CodeSystem/v2-0203",
                    "code": identifier.type,
                }
            ]
        },
    }


def _telecoms(pid: Segment) -> list[Shape | None]:
    home = [telecom(part, "home") for part in pid.repetitions(13)]
    return home + [telecom(part, "work") for part in pid.repetitions(14)]


def _language(pid: Segment) -> list[Json] | None:
    language = concept(first(pid, 15))
    return [{"language": language}] if language else None


def _contacts(context: Context) -> list[Json] | None:
    return listed(
        kept(
            {
                "relationship": listed([concept(first(segment, 3))]),
                "name": human_name(name) if (name := first(segment, 2)) else None,
                "telecom": listed(telecom(part) for part in segment.repetitions(5)),
            }
        )
        for segment in context.message.segments("NK1")
    )
