"""What is stored of patients and staff: each column and payload part, who has authority, how long, and what then. Pure.

`engine/retention.py` removes what is past it; `docs/reference/retention.md` is generated from here; a house test
fails on a column or payload part that neither this list nor `PLAIN` names (issue 2, point 7; TRUST 6, 7).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

DAY = timedelta(days=1)
RAW = 90 * DAY
COPY = 90 * DAY
RECORD = 2_557 * DAY  # seven years
UNDONE = 1 * DAY

HOLD_REASONS = ("litigation", "complaint", "investigation", "audit", "patient-request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One stored field. `ttl` counts from `since`; None: until what `then` says. `sweep` is its query."""

    table: str
    column: str
    what: str
    authority: str
    then: str
    ttl: timedelta | None = None
    since: str = ""
    sweep: str = ""
    secret: bool = True  # sealed, a keyed hash or a wrapped key: nothing readable in clear

    @property
    def place(self) -> str:
        """`table.column`."""
        return f"{self.table}.{self.column}"


KEPT: tuple[Kept, ...] = (
    Kept(table="message_body", column="sealed", what="A message as it was received, byte for byte", authority="ehr",
         ttl=RAW, since="received", sweep="message_bodies", then="the row is deleted; size and digest stay"),
    Kept(table="message", column="message_key", what="The wrapped key of one message", authority="carelane",
         ttl=RAW, since="received", sweep="message_bodies", then="emptied: no backup of the body opens any more"),
    Kept(table="message", column="control_token", what="Keyed hash of the sender's message number", authority="ehr",
         ttl=RECORD, since="received", sweep="control_tokens", then="emptied; a repeat would count as new"),
    Kept(table="message", column="digest", what="SHA-256 of the bytes received", authority="carelane",
         then="stays with the audit, which names it"),
    Kept(table="subject", column="sealed", what="Name, birth date, sex, phones, language, identifiers, as last sent",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="emptied until the next message"),
    Kept(table="subject", column="demographics", what="Keyed hashes of family name, birth date and sex, to compare",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="emptied with the copy"),
    Kept(table="identity_link", column="demographics", what="The same hashes, as last said under one identifier",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="emptied with the copy"),
    Kept(table="identity_link", column="demographics", what="The same, as last sent under this identifier",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="emptied with the copy"),
    Kept(table="subject_token", column="family", what="Keyed hashes of family names, to search by",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="deleted with the copy"),
    Kept(table="subject_token", column="given", what="Keyed hashes of given names, to search by",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="deleted with the copy"),
    Kept(table="subject_token", column="birth_date", what="Keyed hashes of birth dates, to search by",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="deleted with the copy"),
    Kept(table="subject_token", column="phone", what="Keyed hashes of phone numbers, to search by",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="deleted with the copy"),
    Kept(table="subject_token", column="identifier", what="Keyed hashes of identifiers, to search by",
         authority="ehr", ttl=COPY, since="last copied", sweep="subjects", then="deleted with the copy"),
    Kept(table="identity", column="token", what="Keyed hash of a source identifier", authority="ehr",
         then="stays: it tells whose the next message is; a shredding makes all it leads to unreadable"),
    Kept(table="identity", column="identity_key", what="Wrapped key that seals a source identity's data",
         authority="carelane", then="destroyed by `carelane keys shred`"),
    Kept(table="fact", column="sealed", what="What a fact says, by FHIR shaped parts (below): from outside",
         authority="ehr", ttl=COPY, since="recorded", sweep="fact_payloads", then="emptied; decision and reasons stay"),
    Kept(table="fact", column="sealed", what="What a fact says: entered by people", authority="carelane",
         ttl=RECORD, since="recorded", sweep="answer_payloads", then="emptied; who did what and when stays"),
    Kept(table="fact", column="keys", what="Keyed hashes of order, visit, appointment and document numbers",
         authority="ehr", ttl=RECORD, since="recorded", sweep="fact_keys", then="emptied"),
    Kept(table="pathway_case", column="sealed", what="Fields that the pathway copies for its tasks and effects",
         authority="each field's own (below)", ttl=None, since="closed", sweep="case_fields",
         then="each field is removed when its own time is up"),
    Kept(table="pathway_case", column="state", what="Last known codes, counts and dates; keyed hashes of numbers",
         authority="each input's source", ttl=RECORD, since="closed", sweep="case_tokens", then="emptied"),
    Kept(table="pathway_case", column="unique_token", what="Keyed hash of the number by which a case is the only one",
         authority="ehr", ttl=RECORD, since="closed", sweep="case_tokens", then="emptied"),
    Kept(table="effect", column="sealed", what="What an effect sends", authority="carelane", ttl=COPY, since="settled",
         sweep="effect_contents", then="emptied once the case is closed; how it ended stays"),
    Kept(table="effect", column="reference", what="The other side's own id of what was written", authority="ehr",
         then="stays with the case, as its proof", secret=False),
    Kept(table="contact", column="sealed", what="Phones, mail addresses, addresses and language, as last sent",
         authority="ehr", ttl=COPY, since="last copied", sweep="contacts", then="the row is deleted"),
    Kept(table="insured", column="sealed", what="Who pays for a patient and under which number, as last sent",
         authority="payer", ttl=COPY, since="last said", sweep="insured", then="the row is deleted"),
    Kept(table="reached", column="address_token", what="Keyed hash of the number or address a message went to",
         authority="ehr", ttl=RECORD, since="sent", sweep="reached", then="the row is deleted; the effect stays"),
    Kept(table="requested", column="kind_token", what="Keyed hash of what a patient asked for", authority="patient",
         ttl=COPY, since="received", sweep="requested", then="the row is deleted"),
    Kept(table="requested", column="request_token", what="Keyed hash of a request's number", authority="patient",
         ttl=COPY, since="received", sweep="requested", then="the row is deleted"),
    Kept(table="consent", column="address_token", what="Keyed hash of a number or address that wants messages or none",
         authority="patient", then="stays: an opt-out holds as long as anybody could be written to"),
    Kept(table="application", column="reasons", what="Rules, and the codes, counts and dates they read",
         authority="carelane", then="stays with the case: measures and replay use it", secret=False),
    Kept(table="decision", column="read", what="Codes, counts, dates and flags that a decision read; our own ids",
         authority="each input's source", then="stays with the decision: back-test, measures and replay use it",
         secret=False),
    Kept(table="shadow_case", column="found", what="Where a shadow release would have decided otherwise, and why",
         authority="carelane", then="stays with the run: codes, ids and times", secret=False),
    Kept(table="task", column="draft_sealed", what="An unfinished form", authority="carelane", ttl=UNDONE,
         since="task closed", sweep="drafts", then="emptied"),
    Kept(table="thread_entry", column="sealed", what="What people wrote about a case", authority="carelane", ttl=RECORD,
         since="closed", sweep="threads", then="emptied; who wrote when stays"),
    Kept(table="notice", column="recipient", what="Who of the staff was told about a case", authority="carelane",
         ttl=RECORD, since="closed", sweep="notices", then="the row is deleted", secret=False),
    Kept(table="session", column="person", what="Who was signed in, and for which purpose", authority="carelane",
         ttl=90 * DAY, since="ended", sweep="sessions", then="deleted; the audit keeps the sign-in", secret=False),
    Kept(table="session", column="id_hash", what="SHA-256 of the session's id", authority="carelane",
         ttl=90 * DAY, since="ended", sweep="sessions", then="the row is deleted"),
    Kept(table="account", column="password_hash", what="Argon2id of a password", authority="carelane",
         then="replaced by the next password"),
    Kept(table="account", column="factor_sealed", what="Secret of a second factor", authority="carelane",
         then="replaced by the next one"),
    Kept(table="audit_sheaf", column="bodies", what="What was changed: ids, codes, counts, names of staff",
         authority="carelane", then="never removed by the product", secret=False),
    Kept(table="access_sheaf", column="bodies", what="What was read or denied, by whom: ids, codes",
         authority="carelane", then="never removed by the product", secret=False),
    Kept(table="organisation_key", column="wrapped", what="The organisation's own keys, wrapped", authority="carelane",
         then="kept; rotated by `carelane keys rotate`"),
)  # fmt: skip

PARTS: Mapping[str, tuple[str, str]] = {
    "patient": ("ehr", "names, identifiers, birth date, contacts, addresses, language, death"),
    "encounter": ("ehr", "visit number, place, times, responsible people"),
    "request": ("ehr", "what was asked for, why, by whom, with notes"),
    "result": ("ehr", "values, status, times, interpretation"),
    "appointment": ("ehr", "times, service, reason, participants"),
    "document": ("ehr", "kind, status, author, text"),
    "medication_request": ("ehr", "drug, dosage, requester"),
    "coverage": ("payer", "who pays, member number"),
    "authorisation": ("payer", "the payer's answer: outcome, number, dates, reason"),
    "preparation": ("patient", "whether what a visit asks for is answered"),
    "slot": ("ehr", "a bookable time: its reference"),
    "communication": (
        "patient",
        "what a patient wrote and from which number, or how a message to them ended",
    ),
    "consent": ("patient", "which messages a patient wants: channel, scope, when"),
    "reading": ("patient", "a device's values, unit and time"),
    "intake": (
        "carelane",
        "by which channel and connection it came, and whether it may be the same as another",
    ),
    "answers": ("patient", "answers of a questionnaire, by question"),
    "task": ("carelane", "a person's outcome, reason and form"),
    "question": ("carelane", "what was asked or answered in a case's thread"),
    "effect": ("carelane", "how a sending ended: codes"),
    "clock": ("carelane", "which instant came: times"),
    "message": ("carelane", "why a message is held back: codes and places"),
    "access": ("carelane", "why records were looked at in an emergency, by whom, for how long"),
    "review": ("carelane", "why a patient is not certain: codes"),
    "duplicate": ("carelane", "which pathway has two cases: codes"),
    "code": ("carelane", "why a fact was set aside: a code"),
    "pool": ("carelane", "whom it is for: a pool's name"),
    "type": ("carelane", "which fact it was: a type"),
    "pathway": ("carelane", "whose it is: a pathway's name"),
    "version": ("carelane", "which release of it: a version"),
    "why": ("carelane", "why a person is asked: a code"),
    "migration": ("carelane", "where a case's states go in another release: names and codes"),
    **dict.fromkeys(
        ("line", "visit", "place", "speaks", "urgency", "priority", "claim"),
        ("carelane", "by which rules a patient waits: codes"),
    ),
    **dict.fromkeys(
        ("slot_start", "slot_minutes", "slot_notice", "slot_visit", "slot_place", "slot_speaks"),
        ("ehr", "what a slot is that is offered: its time, and codes"),
    ),
    **dict.fromkeys(
        ("slot_time", "no_1", "before"),
        ("ehr", "times that were offered before and not taken"),
    ),
    **dict.fromkeys(
        ("old_appointment", "old_start"),
        ("ehr", "an appointment that an earlier time would replace"),
    ),
}
"""Parts of a fact's payload: authority, and what is in it. They live as long as `fact.sealed`."""

PLAIN: Mapping[str, str] = {
    "organisation": "name",
    "directory_snapshot": "digest files loaded_by",  # the site's own files: staff and places
    "connection": "name kind cursor state",
    "connection_turn": "connection",
    "message": "connection trigger outcome reason problems",
    "subject": "kind",
    "identity": "authority",
    "merge_log": "kind moved",
    "fact": "type actor actor_name connection refers entity",
    "decision": "disposition reason held_then held_pathway",
    "release": "digest pathway version content recalled_by recall_reason",
    "activation": "release pathway referral_type scheduling_lane approver_one approver_two reason proof report cause "
    "ended_by ended_reason",
    "release_approval": "release pathway referral_type scheduling_lane person reason proof report",
    "pathway_case": "pathway version release status milestone outcome unique_name last_actor",
    "application": "release parked bound",
    "step": "state how owner_kind owner_name clock_kind fallback detail",
    "task": "pathway name title business_status status owner_kind owner_name assignee outcome",
    "effect": "name capability connection audience if_unknown state undo lease_by cause format refers",
    "notice": "channel kind seen_by",
    "handover": "giver receiver what reason accepted_by",
    "thread_entry": "author kind",
    "routing_override": "person rule release reason",
    "account": "person",
    "session": "purpose",
    "audit_tree": "tree edge system_identifier",
    "checkpoint": "tree note",
    "heartbeat": "process kind detail",
    "organisation_key": "purpose",
    "backtest": "pathway old new events report made_by",
    "shadow": "pathway old new content started_by system_identifier",
    "shadow_case": "class",
    "emergency_access": "person reason",
    "legal_hold": "reason placed_by released_by",
    "consent": "channel scope",
    "awaited": "connection",
    "reached": "channel template receipt",
    "release_template": "release name content",
    "requested": "connection",
    "schema_migration": "name digest",
    "foreign_schema": "name version",
}
"""Columns by table with our own ids, codes, counts, names of staff or the site's texts: nothing of patients."""

SCOPE = frozenset({"site", "service_line"})


def plain(table: str) -> frozenset[str]:
    """The columns of a table that hold nothing of patients."""
    return frozenset(PLAIN.get(table, "").split()) | SCOPE


def unlisted(columns: Mapping[str, frozenset[str]]) -> list[str]:
    """`table.column` of every column that could hold text or bytes and is in neither list."""
    listed = {kept.place for kept in KEPT}
    return sorted(
        f"{table}.{column}"
        for table, names in columns.items()
        for column in names
        if f"{table}.{column}" not in listed and column not in plain(table)
    )


def sealed_in_clear(columns: Mapping[str, frozenset[str]]) -> list[str]:
    """Columns called sealed that `PLAIN` claims: sealed data always has a time to live."""
    return sorted(
        f"{table}.{column}"
        for table, names in columns.items()
        for column in names
        if column.endswith("sealed") and column in plain(table)
    )


def cutoffs() -> Mapping[str, timedelta]:
    """Time to live by sweep; the same sweep has one."""
    return {kept.sweep: kept.ttl for kept in KEPT if kept.sweep and kept.ttl is not None}
