"""What is asked: a person, an action, a record, a purpose. Closed lists, and every attribute always given.

`decide` answers. The Cedar schema in `policies/` says the same; a test holds the two together.
"""

from dataclasses import dataclass
from enum import StrEnum

from carelane.facts.fact import Json

Entity = dict[str, Json]


class Action(StrEnum):
    """Everything a person can ask for. The last is a patient's own, by the link of a message."""

    CASE_VIEW = "case.view"
    CASE_SEARCH = "case.search"
    CASE_NOTE = "case.note"
    NAME_REVEAL = "name.reveal"
    CHART_READ = "chart.read"
    OPENINGS_READ = "openings.read"
    TASK_LIST = "task.list"
    TASK_VIEW = "task.view"
    TASK_CLAIM = "task.claim"
    TASK_DRAFT = "task.draft"
    TASK_COMPLETE = "task.complete"
    TASK_UNDO = "task.undo"
    TASK_RELEASE = "task.release"
    TASK_SNOOZE = "task.snooze"
    TASK_ESCALATE = "task.escalate"
    TASK_REASSIGN = "task.reassign"
    ROUTING_OVERRIDE = "routing.override"
    HANDOVER_OFFER = "handover.offer"
    HANDOVER_ACCEPT = "handover.accept"
    HANDOVER_WITHDRAW = "handover.withdraw"
    NOTICE_SEE = "notice.see"
    MESSAGE_VIEW = "message.view"
    MESSAGE_REPLAY = "message.replay"
    EFFECT_VIEW = "effect.view"
    EFFECT_REDRIVE = "effect.redrive"
    LEDGER_VIEW = "ledger.view"
    SYSTEM_VIEW = "system.view"
    MEASURES_VIEW = "measures.view"
    AUDIT_VIEW = "audit.view"
    AUDIT_EXPORT = "audit.export"
    RELEASE_VIEW = "release.view"
    RELEASE_PUBLISH = "release.publish"
    RELEASE_ACTIVATE = "release.activate"
    RELEASE_MIGRATE = "release.migrate"
    RELEASE_ROLLBACK = "release.rollback"
    RELEASE_RECALL = "release.recall"
    ACCOUNT_MANAGE = "account.manage"
    ACCOUNT_OWN = "account.own"
    STATUS_VIEW = "status.view"


class Purpose(StrEnum):
    """Why it is asked: codes of HL7 v3 PurposeOfUse."""

    TREAT = "TREAT"  # treatment
    ETREAT = "ETREAT"  # emergency treatment
    HPAYMT = "HPAYMT"  # payment
    HOPERAT = "HOPERAT"  # operations
    BTG = "BTG"  # break the glass
    PATRQT = "PATRQT"  # the patient asked


CHOSEN = (Purpose.TREAT, Purpose.ETREAT, Purpose.HPAYMT, Purpose.HOPERAT)
"""The purposes that staff may name; the others come with the way in which somebody looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who asks: a person with what the directory and the session say of them."""

    name: str
    organisation: str
    roles: frozenset[str]
    pools: frozenset[str] = frozenset()
    sites: frozenset[str] = frozenset()
    service_lines: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    mfa: bool = False
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """What it is about. `id` is ours (a case, a task) or a name; nothing here identifies a patient."""

    id: str
    organisation: str
    site: str = ""
    service_line: str = ""
    owner: str = ""
    assignee: str = ""
    system: bool = False
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question. `remote`: not from loopback or the site's network; `reason_given`: one is recorded."""

    principal: Principal
    action: Action
    resource: Resource
    purpose: Purpose
    remote: bool = False
    reason_given: bool = False


def principal_entity(principal: Principal) -> Entity:
    """The person as a Cedar entity."""
    attributes: Entity = {
        "name": principal.name,
        "organisation": principal.organisation,
        "active": principal.active,
        "mfa": principal.mfa,
        "roles": sorted(principal.roles),
        "pools": sorted(principal.pools),
        "sites": sorted(principal.sites),
        "service_lines": sorted(principal.service_lines),
        "labels": sorted(principal.labels),
    }
    return {"uid": {"type": "Person", "id": principal.name}, "attrs": attributes, "parents": []}


def resource_entity(resource: Resource) -> Entity:
    """The record as a Cedar entity."""
    attributes: Entity = {
        "organisation": resource.organisation,
        "site": resource.site,
        "service_line": resource.service_line,
        "owner": resource.owner,
        "assignee": resource.assignee,
        "system": resource.system,
        "labels": sorted(resource.labels),
    }
    return {"uid": {"type": "Record", "id": resource.id}, "attrs": attributes, "parents": []}


def circumstances(request: Request) -> Entity:
    """The context of a request."""
    return {
        "purpose": request.purpose.value,
        "remote": request.remote,
        "reason_given": request.reason_given,
    }
