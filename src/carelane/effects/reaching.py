"""Messages to patients find their way: channel by wish and consent, words by template and language, hour by the clock.

Twice: `address` gives a waiting message its connection and its first hour; `prepare`, under the patient's row and just
before it leaves, asks everything again, so that an opt-out stops what is queued already. Who can't be reached becomes a
person's work, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlencode

import msgspec

from carelane.directory.reaching import (
    CLINICAL,
    MESSAGES,
    NoWay,
    Offer,
    Reach,
    Statement,
    Way,
    choose,
    quiet_until,
    reach_of,
)
from carelane.effects.flight import Flight, intent_of, of_row
from carelane.effects.outbox import Outbox
from carelane.effects.settle import write
from carelane.effects.settlement import Health, Outcome, Settlement, find_out, withdrawn
from carelane.effects.wording import starts_at, values_of, written
from carelane.facts import answer_links
from carelane.facts.errors import CarelaneError
from carelane.facts.intent import PATIENT_MESSAGE, Intent
from carelane.facts.phi import Phi
from carelane.facts.ports import Sent, Verdict
from carelane.pathways.templates import Template, revive
from carelane.store.database import Tx
from carelane.store.vault import Shredded

WEEK = timedelta(days=7)
_BATCH = 50
_SAID_OTHERWISE = frozenset({"no-consent", "language"})
"""Why a clinical message may not be said to somebody who can still be told that there is one."""
_json = msgspec.json.Decoder(dict[str, object])


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one message goes, and not before when."""

    way: Way
    connection: str
    template: Template
    reach: Reach
    not_before: datetime


async def address(outbox: Outbox, unserved: Sequence[tuple[str, str]]) -> int:
    """Give waiting messages to patients their connection, or a person; how many. `unserved` is what `assign` left."""
    sites = [site for capability, site in unserved if capability == PATIENT_MESSAGE]
    done = 0
    for site in sites:
        async with outbox.runtime.worker.transaction() as tx:
            rows = await tx.rows(
                "effects.unroutable", capability=PATIENT_MESSAGE, site=site, limit=_BATCH
            )
            for row in rows:
                outbox.runtime.vault.learn(row["identity"], row["identity_key"])
                await _address(outbox, tx, of_row(row))
        done += len(rows)
    if done:
        outbox.runtime.bell.ring("drain")
    return done


async def _address(outbox: Outbox, tx: Tx, flight: Flight) -> None:
    plan = await _planned(outbox, tx, flight)
    if isinstance(plan, NoWay):
        await write(outbox, tx, flight, no_way(outbox, flight, plan))
        return
    await tx.run(
        "messaging.route", id=flight.id, connection=plan.connection, not_before=plan.not_before
    )


async def _planned(outbox: Outbox, tx: Tx, flight: Flight) -> Plan | NoWay:
    try:
        intent = intent_of(flight, outbox.runtime.vault)
    except CarelaneError as fault:
        return NoWay(reason=f"unreadable:{fault.code}")
    return await plan_of(outbox, tx, flight, str(intent.content.reveal().get("template") or ""))


async def plan_of(outbox: Outbox, tx: Tx, flight: Flight, name: str) -> Plan | NoWay:
    """How a message of this template goes to this patient now."""
    template = await _template(tx, flight, name)
    if template is None:
        return NoWay(reason="no-template")
    runtime, rules = outbox.runtime, outbox.runtime.directory.messages
    reach = await _reach(outbox, tx, flight)
    token = runtime.vault.tokens.correlation
    tokens = {each.address: token("address", each.address) for each in reach.contacts}
    statements = await _statements(tx, flight, list(tokens.values()))
    connections = connections_of(outbox, flight.site)
    offer = Offer(
        channels=tuple(each for each in template.channels if each in connections),
        tokens=tokens,
        ask_first=rules.ask_first,
        scope=CLINICAL if template.clinical else MESSAGES,
    )
    way = choose(reach, statements, offer)
    if not isinstance(way, NoWay) and not _spoken(
        template, way, reach, translated=rules.translated
    ):
        way = NoWay(reason="language")
    if isinstance(way, NoWay):
        less = way.reason in _SAID_OTHERWISE and template.clinical and template.otherwise
        return await plan_of(outbox, tx, flight, template.otherwise) if less else way
    if template.counted and await _over(tx, flight, runtime.now(), rules.per_week):
        return NoWay(reason="contact-limit")
    now = runtime.now()
    quiet = None if template.any_hour else quiet_until(now, _zone(outbox, flight, reach), rules)
    not_before = quiet or now
    return Plan(way=way, connection=connections[way.channel], template=template, reach=reach,
                not_before=not_before)  # fmt: skip


def _spoken(template: Template, way: Way, reach: Reach, *, translated: bool) -> bool:
    """Whether there are words in the patient's language, or the site lets the template's default do."""
    return not (translated and reach.language) or reach.language in template.texts[way.channel]


async def prepare(outbox: Outbox, flight: Flight, intent: Intent) -> Intent | Settlement:
    """Everything asked again, just before a claimed message leaves: the message whole, or why it doesn't go now."""
    runtime, name = outbox.runtime, str(intent.content.reveal().get("template") or "")
    async with runtime.worker.transaction() as tx:
        await tx.one("messaging.turn", subject=flight.subject)
        plan = await plan_of(outbox, tx, flight, name)
        if isinstance(plan, NoWay):
            return no_way(outbox, flight, plan)
        if plan.connection != flight.connection:
            await tx.run(
                "messaging.route",
                id=flight.id,
                connection=plan.connection,
                not_before=plan.not_before,
            )
            return _later("another-way", plan.not_before, flight)
        if plan.not_before > runtime.now():
            return _later("quiet-hours", plan.not_before, flight)
        message = _message(outbox, flight, intent, plan)
        if isinstance(message, str):
            return no_way(outbox, flight, NoWay(reason=f"blank:{message}"))
        await tx.run(
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
    if directory.messages.answers:
        values = {**values, "answer": _answer_link(outbox, flight, intent)}
    said = written(plan.template, plan.way.channel, wanted, values)
    return said if isinstance(said, str) else {**said, "to": plan.way.address}


def _answer_link(outbox: Outbox, flight: Flight, intent: Intent) -> str:
    """Where this one message is answered by a button: until the visit, or for a week."""
    runtime = outbox.runtime
    until = starts_at(intent.content.reveal()) or runtime.now() + WEEK
    word = answer_links.made(runtime.vault.tokens.of, flight.id, until)
    return f"{runtime.directory.messages.answers}?{urlencode({'a': word})}"


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


async def _template(tx: Tx, flight: Flight, name: str) -> Template | None:
    row = await tx.one("messaging.template", case=flight.case, name=name) if name else None
    return revive(row["content"]) if row else None


async def _reach(outbox: Outbox, tx: Tx, flight: Flight) -> Reach:
    """The newest that any source says; one whose key was destroyed says nothing."""
    vault, rules = outbox.runtime.vault, outbox.runtime.directory.messages
    for row in await tx.rows("messaging.contacts_of", subject=flight.subject):
        vault.learn(row["identity"], row["identity_key"])
        try:
            said = vault.open(row["identity"], "contact", row["identity"], "sealed", row["sealed"])
        except Shredded:
            continue
        return reach_of(_json.decode(said), rules)
    return Reach()


async def _statements(tx: Tx, flight: Flight, tokens: Sequence[str]) -> list[Statement]:
    rows = await tx.rows("messaging.statements", subject=flight.subject, tokens=tokens)
    return [Statement(**row) for row in rows]


async def _over(tx: Tx, flight: Flight, now: datetime, per_week: int) -> bool:
    row = await tx.one(
        "messaging.counted", since=now - WEEK, effect=flight.id, subject=flight.subject
    )
    return row is not None and row["sent"] >= per_week


def _zone(outbox: Outbox, flight: Flight, reach: Reach) -> str:
    sites = outbox.runtime.directory.sites
    place = sites.get(flight.site) or next(iter(sites.values()), None)
    return reach.zone or (place.zone if place else "UTC")
