"""HL7 data types as FHIR shapes: names, addresses, telecoms, codes, identifiers, people.

Follows the data type tables of the v2-to-FHIR guide. Each function answers None where nothing
usable was sent, so that `kept` can leave the element out.
"""

from collections.abc import Iterable
from functools import lru_cache

from carelane.connect.hl7v2.codec import STANDARD, Repetition, Segment
from carelane.facts.fact import Json

Shape = dict[str, Json]

_SYSTEMS = {
    "LN": "http://loinc.org",
    "SCT": "http://snomed.info/sct",
    "SNM": "http://snomed.info/sct",
    "I10": "http://hl7.org/fhir/sid/icd-10-cm",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "C4": "http://www.ama-assn.org/go/cpt",
    "CPT": "http://www.ama-assn.org/go/cpt",
    "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm",
    "NDC": "http://hl7.org/fhir/sid/ndc",
    "UCUM": "http://unitsofmeasure.org",
    "ISO+": "http://unitsofmeasure.org",
}
_TABLE_SYSTEM = "http://terminology.hl7.org/CodeSystem/v2-"
_NAME_USES = {"L": "official", "D": "usual", "N": "nickname", "M": "maiden", "A": "anonymous"}
_ADDRESS_USES = {"H": "home", "B": "work", "O": "work", "C": "temp", "BA": "old"}
_TELECOM_USES = {"PRN": "home", "ORN": "home", "WPN": "work", "VHN": "home", "PRS": "mobile"}
_TELECOM_KINDS = {"PH": "phone", "FX": "fax", "CP": "phone", "BP": "pager", "INTERNET": "email"}


def kept(shape: Shape) -> Shape:
    """The shape without elements that have no value."""
    return {name: value for name, value in shape.items() if value or isinstance(value, int | float)}


def clean(text: str | None) -> str | None:
    """Trimmed text; None where absent, null or blank."""
    return (text.strip() or None) if text else None


def listed(shapes: Iterable[Shape | None]) -> list[Json] | None:
    """The shapes that are there; None where there is none."""
    found: list[Json] = [shape for shape in shapes if shape]
    return found or None


def qualified(value: str | None, authority: str | None) -> str | None:
    """A correlation value: the assigning authority in capitals, a bar, the value; or the value."""
    value, authority = clean(value), clean(authority)
    if value is None:
        return None
    return f"{authority.upper()}|{value}" if authority else value


def entity_key(part: Repetition | None) -> str | None:
    """An EI as a correlation value: namespace before universal id."""
    if part is None:
        return None
    return qualified(part.get(1), clean(part.get(2)) or part.get(3))


def entity(part: Repetition | None, kind: str | None = None) -> Shape | None:
    """An EI as a FHIR Identifier; `kind` is a code of HL7 table 0203."""
    if part is None:
        return None
    value, namespace, universal = part.texts(3)
    if value is None:
        return None
    shape: Shape = {"system": universal or namespace, "value": value}
    if kind:
        shape["type"] = {"coding": [{"system": _TABLE_SYSTEM + "0203", "code": kind}]}
    return kept(shape)


def first(segment: Segment | None, field: int) -> Repetition | None:
    """A field's first repetition."""
    return segment.first(field) if segment else None


@lru_cache(maxsize=256)
def system_of(name: str | None) -> str | None:
    """The FHIR code system of a CWE.3 value; unknown names stay as they are."""
    trimmed = clean(name)
    if trimmed is None:
        return None
    upper = trimmed.upper()
    if upper.startswith("HL7") and upper[3:].isdecimal() and len(upper) == 7:  # noqa: PLR2004  # HL7nnnn
        return _TABLE_SYSTEM + upper[3:]
    return _SYSTEMS.get(upper, trimmed)


def concept(part: Repetition | None) -> Shape | None:
    """A CWE, CE or bare code as a CodeableConcept with both codings and the original text. Not to be changed."""
    if part is None:
        return None
    return _repeated(part.raw) if part.usual else _concept(part)


@lru_cache(maxsize=512)
def _repeated(raw: str) -> Shape | None:
    """A code as feeds send it over and over: read once."""
    return _concept(Repetition(raw, STANDARD, ""))


def _concept(part: Repetition) -> Shape | None:
    code, display, system, code2, display2, system2, _, _, original = part.texts(9)
    codings: list[Json] = []
    if code or display:
        codings.append(_coding(system, code, display))
    if code2 or display2:
        codings.append(_coding(system2, code2, display2))
    text = original or display or display2 or code
    return {"coding": codings, "text": text} if codings else ({"text": text} if text else None)


def _coding(system: str | None, code: str | None, display: str | None) -> Shape:
    shape: Shape = {}
    if named := system_of(system):
        shape["system"] = named
    if code:
        shape["code"] = code
    if display:
        shape["display"] = display
    return shape


def is_referral() -> Shape:
    """The category of a request that is a referral, whatever code the sender used (SNOMED CT)."""
    coding: Shape = {
        "system": "http://snomed.info/sct",
        "code": "3457005",
        "display": "Patient referral",
    }
    return {"coding": [coding], "text": "Referral"}


def coded(code: str, system: str) -> Shape:
    """A CodeableConcept of one code."""
    return {"coding": [{"system": system, "code": code}]}


def human_name(part: Repetition) -> Shape | None:
    """An XPN as a HumanName."""
    family, first_, second, suffix, prefix, _, use = part.texts(7)
    given: list[Json] = [name for name in (first_, second) if name]
    shape = kept(
        {
            "use": _NAME_USES.get(use or ""),
            "family": family,
            "given": given,
            "suffix": [suffix] if suffix else None,
            "prefix": [prefix] if prefix else None,
        }
    )
    return shape if shape.get("family") or given else None


def address(part: Repetition) -> Shape | None:
    """An XAD as an Address."""
    street, other, city, state, code, country, use = part.texts(7)
    shape: Shape = {
        "use": _ADDRESS_USES.get(use or ""),
        "line": [line for line in (street, other) if line],
        "city": city,
        "state": state,
        "postalCode": code,
        "country": country,
    }
    return kept(shape) or None


def _rank(text: str | None) -> int | None:
    """XTN-18, the order of preference (1 is first); None where it is no number."""
    return int(text) if text and text.isascii() and text.isdigit() and int(text[:3]) > 0 else None


def telecom(part: Repetition, use: str | None = None) -> Shape | None:
    """An XTN as a ContactPoint: number as sent, else put together from its parts, else e-mail."""
    whole, used, sent, mail, *pieces, _, _, _, _, unformatted = part.texts(12)
    number = whole or unformatted or " ".join(piece for piece in pieces if piece)
    equipment = (sent or "").upper()
    kind = _TELECOM_KINDS.get(equipment or "PH", "phone")
    value = mail if kind == "email" and mail else number or mail
    if not value:
        return None
    said = _TELECOM_USES.get(used or "", "mobile" if used == "PRS" else use)
    system = "email" if value == mail or "@" in value else kind
    return kept(
        {
            "system": system,
            "value": value,
            "use": "mobile" if equipment == "CP" else said,  # a cell phone, whoever's home it is
            "rank": _rank(part.get(18)),
        }
    )


def practitioner(part: Repetition | None) -> Shape | None:
    """An XCN (or a name in subcomponents, as NDL and old feeds have it) as a Reference."""
    if part is None:
        return None
    names = [clean(part.get(at)) for at in (6, 3, 4, 2)]
    if not any(names):
        names = [clean(part.get(1, at)) for at in (3, 2)]
    display = " ".join(name for name in names if name)
    value = clean(part.get(1))
    system = clean(part.get(9)) or clean(part.get(9, 2))
    identifier = kept({"system": system, "value": value}) if value else None
    return kept({"identifier": identifier, "display": display or None}) or None


def organisation(part: Repetition | None) -> Shape | None:
    """An XON as a Reference to an Organization."""
    return kept({"display": clean(part.get(1))}) or None if part else None


def location(part: Repetition | None) -> Shape | None:
    """A PL as a Reference to a Location: facility, point of care, room, bed."""
    if part is None:
        return None
    pieces = [clean(part.get(at)) for at in (4, 1, 2, 3)]
    return kept({"display": ", ".join(piece for piece in pieces if piece) or None}) or None
