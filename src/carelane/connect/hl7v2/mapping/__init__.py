"""HL7 v2 messages to canonical facts, and intents to HL7 v2 messages. Pure.

Written by the official v2-to-FHIR tables, in our own words; where they have none (referrals,
merges), by the standard's chapters. `read` is the incoming half, `from_intent` the outgoing one.
"""

from carelane.connect.hl7v2.mapping.local import (
    DEFAULT,
    NO_SHOW_CODES,
    REFERRAL_CODES,
    RISK_CODES,
    Local,
)
from carelane.connect.hl7v2.mapping.reading import read, trigger_of
from carelane.connect.hl7v2.mapping.triggers import TRIGGERS

__all__ = [
    "DEFAULT",
    "NO_SHOW_CODES",
    "REFERRAL_CODES",
    "RISK_CODES",
    "TRIGGERS",
    "Local",
    "read",
    "trigger_of",
]
