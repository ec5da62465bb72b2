"""What a connection's settings tell the mapping: zone, default authority, codes of referrals and of risks."""

import re
from dataclasses import dataclass, field
from datetime import UTC, tzinfo

from carelane.facts.documents import DOCUMENT_BYTES_MAX

REFERRAL_CODES = frozenset(
    {
        "REF",
        "REFERRAL",
        "CONSULT",
        "57133-1",  # LOINC referral note
        "11488-4",  # LOINC consult note
        "3457005",  # SNOMED CT patient referral
        "306206005",  # SNOMED CT referral to service
        "11429006",  # SNOMED CT consultation
    }
)
RISK_CODES = frozenset(
    {
        "FOLLOW-UP-RISK",
        "READMISSION-RISK",
        "417005",  # SNOMED CT hospital re-admission
    }
)
NO_SHOW_CODES = frozenset({"NO-SHOW-RISK"})
_WORDS = re.compile(r"\b(?:referral|consult|consultation)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """The mapping's view of one connection.

    `zone` is used for times without an offset; `authority` for identifiers without one (else the
    sending facility); `referral_codes` are service codes whose orders are referrals, and with
    `referral_words` so are services whose name says referral or consult. `risk_codes` are observations (OBX-3) of an
    ADT message that say how great a risk a discharged patient has, `no_show_codes` those of a scheduling message that
    say how likely somebody will not come. `slot_place` is where a scheduling message names the slot as the record's
    booking interface does (segment and field: `("SCH", 5)`, `("ZSL", 1)`); the standard has no such field.
    `document_bytes_max` is how much a document may hold.
    """

    zone: tzinfo = UTC
    authority: str | None = None
    referral_codes: frozenset[str] = field(default=REFERRAL_CODES)
    referral_words: bool = True
    risk_codes: frozenset[str] = field(default=RISK_CODES)
    no_show_codes: frozenset[str] = field(default=NO_SHOW_CODES)
    slot_place: tuple[str, int] | None = None
    document_bytes_max: int = DOCUMENT_BYTES_MAX

    def is_referral(self, codes: tuple[str, ...], names: tuple[str, ...]) -> bool:
        """Whether an order for this service is a referral or a consult."""
        if any(code.upper() in self.referral_codes for code in codes):
            return True
        return self.referral_words and any(_WORDS.search(name) for name in names)


DEFAULT = Local()
