"""What is in force where, how many cases run on which release, and what traffic lies in no scope. Reading only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from carelane.engine.in_force import scope_of
from carelane.engine.runtime import Runtime
from carelane.engine.scope import Scope
from carelane.store.database import Row

SEEN = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One release in force in one scope, and the open cases that run on it."""

    pathway: str
    version: str
    release: str
    scope: Scope
    approvers: tuple[str, str]
    cause: str
    since: str
    cases: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Everything in force, running cases of releases that are not, and facts of the last 30 days in no scope."""

    in_force: tuple[Standing, ...]
    others: tuple[tuple[str, str, int], ...]
    not_in_scope: tuple[tuple[str, str, int], ...]


async def overview(runtime: Runtime, pathways: Sequence[str]) -> Overview:
    """How these pathways stand."""
    async with runtime.worker.transaction() as tx:
        rows = [row for row in await tx.rows("releases.activations") if row["pathway"] in pathways]
        cases = [
            row for name in pathways for row in await tx.rows("releases.running_all", pathway=name)
        ]
        outside = await tx.rows("releases.not_in_scope", since=runtime.now() - SEEN)
    published = runtime.releases.published
    standing = tuple(_standing(row, cases, published[row["release"]].version) for row in rows)
    current = {row["release"] for row in rows}
    ended: dict[tuple[str, str], int] = {}
    for row in cases:
        if row["release"] not in current:
            key = (row["release"], row["version"])
            ended[key] = ended.get(key, 0) + row["cases"]
    heard = {
        event
        for name in pathways
        for each in published.values()
        if each.name == name
        for event in each.events
    }
    facts: dict[tuple[str, str], int] = {}
    for row in outside:
        if row["type"] in heard:
            where = Scope(site=row["site"], service_line=row["service_line"]).words()
            facts[row["type"], where] = facts.get((row["type"], where), 0) + row["facts"]
    return Overview(
        in_force=standing,
        others=tuple((release, version, count) for (release, version), count in ended.items()),
        not_in_scope=tuple((type_, where, count) for (type_, where), count in facts.items()),
    )


def _standing(row: Row, cases: Sequence[Row], version: str) -> Standing:
    scope = scope_of(row)
    wide = Scope(site=scope.site, service_line=scope.service_line)
    inside = [
        each for each in cases if each["release"] == row["release"] and _place(each).within(wide)
    ]
    return Standing(
        pathway=row["pathway"], version=version, release=row["release"], scope=scope,
        approvers=(row["approver_one"], row["approver_two"]), cause=row["cause"],
        since=str(row["from_at"])[:16], cases=sum(each["cases"] for each in inside),
    )  # fmt: skip


async def split(runtime: Runtime, pathway: str, scope: Scope) -> tuple[int, int]:
    """Open cases of a pathway that lie in a scope, and those that don't (`not in scope`), by site and service line."""
    wide = Scope(site=scope.site, service_line=scope.service_line)
    async with runtime.worker.transaction() as tx:
        rows = await tx.rows("releases.running_all", pathway=pathway)
    inside = sum(row["cases"] for row in rows if _place(row).within(wide))
    return inside, sum(row["cases"] for row in rows) - inside


def _place(row: Row) -> Scope:
    return Scope(site=row["site"], service_line=row["service_line"])
