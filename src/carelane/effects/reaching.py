"""Messages to patients find their way: channel by wish and consent, words by template and language, hour by the clock.

Twice: `address` gives a waiting message its connection and its first hour; `prepare`, under the patient's row and just
before it leaves, asks everything again, so that an opt-out stops what is queued already. Who can't be reached becomes a
person's work, with the reason; but a milestone that no step waits for just ends, for it stands in the portal anyway.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from carelane.directory.reaching import (
    CLINICAL,
    MESSAGES,
    NoWay,
    Offer,
    Reach,
    Way,
    choose,
    quiet_until,
)
from carelane.effects.flight import Flight, intent_of, of_row
from carelane.effects.known import Known, known_of
from carelane.effects.links import links_of
from carelane.effects.outbox import Outbox
from carelane.effects.settle import end_unheard, write
from carelane.effects.settlement import Health, Outcome, Settlement, find_out, withdrawn
from carelane.effects.wording import values_of, written
from carelane.facts.errors import CarelaneError
from carelane.facts.intent import PATIENT_MESSAGE, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Sent, Verdict
from carelane.facts.replacing import replace
from carelane.pathways.templates import Template
from carelane.store.database import Tx

_BATCH = 200
_SAID_OTHERWISE = frozenset({"no-consent", "language"})
"""Why a clinical message may not be said to somebody who can still be told that there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one message goes, and not before when."""

    way: Way
    connection: str
    template: Template
    reach: Reach
    not_before: datetime


async def address(outbox: Outbox, sites: Sequence[str]) -> tuple[int, frozenset[str]]:
    """Give messages to patients of these sites their connection, or a person. A batch is one transaction.

    How many, and the destinations to which something may go since. None while another process is at it.
    """
    done, names, runtime = 0, frozenset[str](), outbox.runtime
    for site in sites:
        async with runtime.worker.transaction(steady=True) as tx:
            turn = await tx.one("effects.addressing")
            if turn is None or not turn["mine"]:
                runtime.bell.ring_here("effects")  # what it does not see is looked at again
                break
            rows = await tx.rows(
                "effects.unroutable", capability=PATIENT_MESSAGE, site=site, limit=_BATCH
            )
            for row in rows:
                runtime.vault.learn(row["identity"], row["identity_key"])
            await _address(outbox, tx, [of_row(row) for row in rows])
            found = tx.afterwards("effects.with_waiting", now=runtime.now())
        done += len(rows)
        names |= {str(name) for (name,) in found.rows}
    return done, names


async def _address(outbox: Outbox, tx: Tx, flights: Sequence[Flight]) -> None:
    known = await known_of(outbox, tx, flights)
    plans = [(each, _planned(outbox, each, known[each.id])) for each in flights]
    _route(tx, [(each, plan) for each, plan in plans if isinstance(plan, Plan)])
    unable = [(each, plan) for each, plan in plans if isinstance(plan, NoWay)]
    quiet = [(each, way.reason) for each, way in unable if each.unheard and not each.maybe]
    await end_unheard(outbox, tx, quiet)
    for flight, way in unable:
        if not flight.unheard or flight.maybe:
            await write(outbox, tx, flight, no_way(outbox, flight, way))
            outbox.runtime.bell.ring("drain")


def _route(tx: Tx, plans: Sequence[tuple[Flight, Plan]]) -> None:
    if plans:
        tx.put(
            "messaging.route",
            ids=[flight.id for flight, _ in plans],
            connections=[plan.connection for _, plan in plans],
            not_before=[plan.not_before for _, plan in plans],
        )


def _planned(outbox: Outbox, flight: Flight, known: Known) -> Plan | NoWay:
    try:
        intent = intent_of(flight, outbox.runtime.vault)
    except CarelaneError as fault:
        return NoWay(reason=f"unreadable:{fault.code}")
    return plan_of(outbox, flight, known, _template_of(intent))


def plan_of(outbox: Outbox, flight: Flight, known: Known, name: str) -> Plan | NoWay:
    """How a message of this template goes to this patient now."""
    template = known.templates.get(name)
    if template is None:
        return NoWay(reason="no-template")
    runtime, rules = outbox.runtime, outbox.runtime.directory.messages
    connections = connections_of(outbox, flight.site)
    offer = Offer(
        channels=tuple(each for each in template.channels if each in connections),
        tokens=known.tokens,
        ask_first=rules.ask_first,
        scope=CLINICAL if template.clinical else MESSAGES,
    )
    way = choose(known.reach, known.statements, offer)
    if not isinstance(way, NoWay) and not _spoken(
        template, way, known.reach, translated=rules.translated
    ):
        way = NoWay(reason="language")
    if isinstance(way, NoWay):
        less = way.reason in _SAID_OTHERWISE and template.clinical and template.otherwise
        return plan_of(outbox, flight, known, template.otherwise) if less else way
    if template.counted and known.sent >= rules.per_week:
        return NoWay(reason="contact-limit")
    now = runtime.now()
    zone = _zone(outbox, flight, known.reach)
    quiet = None if template.any_hour else quiet_until(now, zone, rules)
    return Plan(way=way, connection=connections[way.channel], template=template, reach=known.reach,
                not_before=quiet or now)  # fmt: skip


def _template_of(intent: Intent) -> str:
    return str(intent.content.reveal().get("template") or "")


def _spoken(template: Template, way: Way, reach: Reach, *, translated: bool) -> bool:
    """Whether there are words in the patient's language, or the site lets the template's default do."""
    return not (translated and reach.language) or reach.language in template.texts[way.channel]


async def prepare(outbox: Outbox, flight: Flight, intent: Intent) -> Intent | Settlement:
    """Everything asked again, just before a claimed message leaves: the message whole, or why it doesn't go now."""
    runtime = outbox.runtime
    async with runtime.worker.transaction(steady=True) as tx:
        tx.put("messaging.turn", subject=flight.subject)
        known = await known_of(outbox, tx, [flight])
        plan = plan_of(outbox, flight, known[flight.id], _template_of(intent))
        if isinstance(plan, NoWay):
            return no_way(outbox, flight, plan)
        if plan.connection != flight.connection:
            _route(tx, [(flight, plan)])
            return _later("another-way", plan.not_before, flight)
        if plan.not_before > runtime.now():
            return _later("quiet-hours", plan.not_before, flight)
        message = _message(outbox, flight, intent, plan)
        if isinstance(message, str):
            return no_way(outbox, flight, NoWay(reason=f"blank:{message}"))
        tx.put(
            "messaging.reach", effect=flight.id, organisation=flight.organisation, identity=flight.identity,
            channel=plan.way.channel, address=plan.way.token, template=plan.template.name,
            counted=plan.template.counted, at=runtime.now(),
        )  # fmt: skip
    return replace(intent, content=Phi({**intent.content.reveal(), "message": message}, "message"))


def _message(outbox: Outbox, flight: Flight, intent: Intent, plan: Plan) -> Mapping[str, str] | str:
    directory = outbox.runtime.directory
    place = directory.sites.get(flight.site) or next(iter(directory.sites.values()))
    wanted = plan.reach.language or directory.messages.language
    used, _ = plan.template.wording(plan.way.channel, wanted)
    values = values_of(
        intent.content.reveal(), directory.messages, clinic=directory.title, zone=place.zone,
        language=plan.template.languages.get(used),
    )  # fmt: skip
    values = {**values, **links_of(outbox.runtime, flight.id, intent.content.reveal())}
    said = written(plan.template, plan.way.channel, wanted, values)
    return said if isinstance(said, str) else {**said, "to": plan.way.address}


def no_way(outbox: Outbox, flight: Flight, found: NoWay) -> Settlement:
    """It does not go: the case hears of it, and a person; one that may have gone before stays unknown."""
    if flight.maybe:
        unsure = Sent(verdict=Verdict.UNKNOWN, cause=found.reason)
        return find_out(flight, unsure, outbox.terms(flight), health=Health.SILENT)
    return withdrawn(found.reason, Outcome.NEEDS_PERSON)


def _later(cause: str, at: datetime, flight: Flight) -> Settlement:
    return (
        withdrawn("cancelled")
        if not flight.may_start
        else Settlement.again(cause, at, maybe=flight.maybe)
    )


def connections_of(outbox: Outbox, site: str) -> Mapping[str, str]:
    """By channel the connection that takes messages to patients: the site's own, else one for every site."""
    found: dict[str, str] = {}
    for wanted in ("", site):  # the site's own comes last and wins
        for name, each in outbox.destinations.items():
            if each.site == wanted and PATIENT_MESSAGE in each.capabilities:
                capability = outbox.senders[name].capabilities().get(PATIENT_MESSAGE)
                if capability is not None and capability.channel:
                    found[capability.channel] = name
    return found


def _zone(outbox: Outbox, flight: Flight, reach: Reach) -> str:
    sites = outbox.runtime.directory.sites
    place = sites.get(flight.site) or next(iter(sites.values()), None)
    return reach.zone or (place.zone if place else "UTC")
