"""`doctor`: settings, database, connections, and what 1,000 messages cost: what is wrong and what to do."""

import argparse
import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from carelane.cli.asking import answer, settings_flags, settings_of
from carelane.compose.alerts import unreachable, unserved
from carelane.compose.certificates import own_certificates
from carelane.compose.connections import all_connections, kind_of
from carelane.compose.connections import settings_of as adapter_settings
from carelane.compose.database import running
from carelane.compose.house import House, open_house
from carelane.compose.polls import Standing, standings
from carelane.compose.probing import probe, target_of
from carelane.engine.clock import now
from carelane.facts.errors import CarelaneError
from carelane.settings import Settings
from carelane.store.costs import costs
from carelane.store.database import Row
from carelane.store.migrate import missing

_GIB = 1024**3
_FREE_MIN = 0.1
"""Share of the disk that must be free: intake stops below it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the examination: what was looked at, whether it is well, and the remedy if not."""

    what: str
    well: bool
    says: str


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    doctor = commands.add_parser("doctor", help="what is wrong and what to do")
    doctor.add_argument(
        "--probe",
        action="store_true",
        help="also whether the other side of each connection is there",
    )
    doctor.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(doctor)
    doctor.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    settings = settings_of(options)
    findings, cost = asyncio.run(_examine(settings, probing=options.probe))
    well = all(each.well for each in findings)
    lines = [f"{'well ' if each.well else 'WRONG'}  {each.what}: {each.says}" for each in findings]
    lines += [f"cost   {name.replace('_', ' ')}: {value}" for name, value in cost.items()]
    answer(
        options,
        {"well": well, "findings": [asdict(each) for each in findings], "costs": cost},
        "\n".join(lines),
    )
    return int(not well)


async def _examine(settings: Settings, *, probing: bool) -> tuple[list[Finding], dict[str, object]]:
    findings = [_disk(settings), *_certificates(settings)]
    cost: dict[str, object] = {}
    try:
        urls = running(settings)
        findings.append(_schema(await asyncio.to_thread(missing, urls.owner)))
        async with open_house(settings, urls, process="doctor", connections=2) as house:
            findings.append(
                Finding(what="database", well=True, says="durable, and every role walled")
            )
            for look in (_directory, _connections, _polls, _alerts, _work):
                findings += await look(house)
            findings += await _probed(house) if probing else []
            async with house.runtime.worker.transaction() as tx:
                cost = await costs(tx, house.runtime.now())
    except CarelaneError as fault:
        findings.append(Finding(what="start", well=False, says=f"{fault.code}: {fault}"))
    return findings, cost


def _schema(lacking: Sequence[str]) -> Finding:
    says = f"lacks {', '.join(lacking)}: start `carelane up` once" if lacking else "up to date"
    return Finding(what="schema", well=not lacking, says=says)


def _disk(settings: Settings) -> Finding:
    settings.home.mkdir(parents=True, exist_ok=True)
    usage = shutil.disk_usage(settings.home)
    share = usage.free / usage.total
    says = f"{usage.free / _GIB:.1f} GiB free ({share:.0%})"
    return Finding(
        what="disk",
        well=share > _FREE_MIN,
        says=says if share > _FREE_MIN else f"{says}: make room, intake stops at 90 %",
    )


def _certificates(settings: Settings) -> list[Finding]:
    """Those that we show, by the files that are there now: also where Carelane does not run."""
    try:
        held = own_certificates(settings, now())
    except CarelaneError as fault:
        return [Finding(what="certificates", well=False, says=f"{fault.code}: {fault}")]
    return [
        Finding(what=f"certificate of {each.of}", well=each.well, says=each.says) for each in held
    ]


async def _directory(house: House) -> list[Finding]:
    runtime = house.runtime
    says = f"version {runtime.directory.version}, {len(runtime.directory.people)} people"
    active = [each for each in runtime.releases.activations if each.to_at is None]
    force = (
        f"{len(active)} in force"
        if active
        else "none in force: add activations to the site's files"
    )
    return [
        Finding(what="site", well=True, says=says),
        Finding(what="pathways", well=bool(active), says=force),
    ]


async def _connections(house: House) -> list[Finding]:
    found = []
    for name, row in all_connections(house.runtime.directory).items():
        try:
            kind_of(row)
            found.append(Finding(what=f"connection {name}", well=True, says=row.kind))
        except CarelaneError as fault:
            found.append(Finding(what=f"connection {name}", well=False, says=str(fault)))
    async with house.runtime.worker.transaction() as tx:
        for broken in await tx.rows("doctor.breakers"):
            says = f"sending is stopped until {broken['open_until']} after {broken['failures']} failures"
            found.append(Finding(what=f"connection {broken['name']}", well=False, says=says))
    return found


async def _polls(house: House) -> list[Finding]:
    """Whether every polled type was read to its end lately: where it wasn't, changes in the EHR reach nobody."""
    try:
        return [_poll(each) for each in await standings(house)]
    except CarelaneError as fault:
        return [Finding(what="polls", well=False, says=f"{fault.code}: {fault}")]


def _poll(one: Standing) -> Finding:
    what = f"poll of {one.kind} by {one.connection}"
    if one.read_at is None:
        return Finding(what=what, well=True, says="not begun yet")
    says = f"last read to its end at {one.read_at:%Y-%m-%d %H:%M} UTC"
    if one.held:
        says += f"; {one.held} too large to read, each in quarantine (raise `response_bytes_max`)"
    if one.silent:
        says += (
            ". Remedy: is the listener running? The connection's case in quarantine names the cause; reading then goes "
            "on where it stopped"
        )
    return Finding(what=what, well=not one.silent, says=says)


async def _probed(house: House) -> list[Finding]:
    """What the other sides say when called, all at once: each has the same few seconds."""
    rows = house.runtime.directory.connections
    given = {
        name: target_of(adapter_settings(row, house.settings.home)) for name, row in rows.items()
    }
    targets = {name: target for name, target in given.items() if target is not None}
    now = house.runtime.now()
    told = await asyncio.gather(*(probe(target, now) for target in targets.values()))
    return [
        Finding(what=f"other side of {name}", well=one.well, says=one.says)
        for name, one in zip(targets, told, strict=True)
    ]


async def _alerts(house: House) -> list[Finding]:
    """Whether an alert reaches whoever is called: else it goes to the connection's fallback address."""
    runtime = house.runtime
    published = runtime.releases.published.values()
    found = unreachable(runtime.directory, published, runtime.now())
    lacking = unserved(runtime.directory, published)
    if not (found or lacking):
        return [Finding(what="alerts", well=True, says="everyone who may be called has an address")]
    return [
        Finding(
            what=f"alerts by {each}",
            well=False,
            says=f"levels call by {each}, and no connection that serves staff.alert writes there. Remedy: let an "
            "`sms` (or `mail`) connection serve it in site/connections.yaml; until then the other channel is used",
        )
        for each in lacking
    ] + [
        Finding(
            what=f"alerts to {each.name}",
            well=False,
            says=f"{', '.join(each.people) or 'nobody'}: no {each.channel} address. Remedy: add a contact of channel "
            f"`{each.channel}` in site/people.yaml; until then the fallback address gets it",
        )
        for each in found
    ]


async def _work(house: House) -> list[Finding]:
    async with house.runtime.worker.transaction() as tx:
        row = await tx.one("doctor.waiting", now=house.runtime.now())
        unread = await tx.rows("doctor.unread", now=house.runtime.now())
    assert row is not None  # noqa: S101  # one row always
    late, dead, broken = (int(row[name]) for name in ("late", "dead", "checksum_failures"))
    clocks = (
        f"{late} are late: is a worker running?" if late else "none is late by more than a minute"
    )
    return [
        *(_unread(each) for each in unread),
        Finding(what="clocks", well=not late, says=clocks),
        Finding(what="dead letters", well=not dead, says=f"{dead} (see `carelane ledger redrive`)"),
        Finding(what="checksums", well=not broken, says=f"{broken} failures"),
    ]


def _unread(row: Row) -> Finding:
    return Finding(
        what=f"messages of {row['connection']}",
        well=False,
        says=f"{row['messages']} wait to be read, the oldest since {row['since']:%Y-%m-%d %H:%M} UTC."
        " Remedy: is a worker running? If one is, the line `failed` of its log with the part"
        f" `interpret-{row['connection']}` says why",
    )
