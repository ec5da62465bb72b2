"""What became of everything, once nothing moves any more: counts by SQL, the four laws, the audit, and the other side.

"Once" is not counted, it is compared: each effect that counts as created at the EHR, with what the EHR holds under it.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp

from carelane.casebook.ledger import laws
from carelane.compose.house import House
from carelane.compose.verify import verify_audit

EFFECT_SYSTEM = "urn:carelane:effect"
AMENDING = ("ehr.appointment.cancel", "ehr.slot.hold", "ehr.slot.release")
"""Capabilities that change what the EHR has, and so leave no identifier of ours."""
Resources = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Once:
    """The comparison: how many were created, and the effects of which the EHR holds none, several, or another one."""

    created: int
    once: int
    missing: tuple[str, ...] = ()
    several: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()  # one, but not the one that the EHR named when it answered

    @property
    def holds(self) -> bool:
        """Whether each is held exactly once, where it was said to be."""
        return self.created == self.once


def compare(created: Iterable[Mapping[str, Any]], resources: Resources) -> Once:
    """Each created effect with the resources that carry its id, one by one. Pure."""
    held = _by_effect(resources)
    ends = {
        str(row["id"]): _ending(held.get(str(row["id"]), []), str(row["reference"]))
        for row in created
    }
    named = {
        end: tuple(id_ for id_, found in ends.items() if found == end)
        for end in ("missing", "several", "elsewhere")
    }
    return Once(created=len(ends), once=Counter(ends.values())["once"], **named)


def _ending(held: Sequence[str], reference: str) -> str:
    if not held:
        return "missing"
    if len(held) > 1:
        return "several"
    return "elsewhere" if reference and held[0] != reference else "once"


def _by_effect(resources: Resources) -> Mapping[str, list[str]]:
    """`Type/id` of the resources that carry each of our ids."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for resource in resources:
        place = f"{resource.get('resourceType')}/{resource.get('id')}"
        for each in resource.get("identifier") or ():
            if each.get("system") == EFFECT_SYSTEM:
                found[str(each.get("value"))].append(place)
    return found


async def quiet(house: House, *, longest_s: int) -> None:
    """Wait until nothing moves in inbox and effects, at most so many seconds."""
    for _ in range(longest_s * 2):
        async with house.runtime.worker.transaction() as tx:
            row = await tx.one("house.moving", now=house.runtime.now())
        if row is None or not any(row.values()):
            return
        await asyncio.sleep(0.5)


async def judge(house: House) -> dict[str, Any]:
    """Count, recount the laws, verify the audit."""
    async with house.runtime.worker.transaction() as tx:
        counts = await tx.one("house.counts")
        unknown = await tx.rows("house.unknown_effects")
        found = await laws(tx)
    verified, document = await verify_audit(house)
    return {
        **(counts or {}),
        "unknown": [_explained(row) for row in unknown],
        "ledger_balanced": all(law.balanced for law in found),
        "audit_verified": verified,
        "laws": {law.name: {"total": law.total, **law.parts} for law in found},
        "audit": {name: document.get(name) for name in ("leaves", "findings")},
    }


async def held_once(house: House, root: str, *, since: datetime) -> Once:
    """What was created at the simulated EHR since then, compared with what it holds."""
    async with house.runtime.worker.transaction() as tx:
        created = await tx.rows("house.created_outside", since=since, amending=list(AMENDING))
    return compare(created, await _resources(root))


async def held_by_ehr(root: str) -> dict[str, int]:
    """How many identifiers of ours the simulated EHR holds, and how many of them on more than one resource."""
    held = _by_effect(await _resources(root))
    return {"held": len(held), "held_twice": sum(len(places) > 1 for places in held.values())}


async def _resources(root: str) -> Resources:
    async with aiohttp.ClientSession() as http, http.get(f"{root}/admin/resources") as answer:
        found: Resources = await answer.json()
    return found


def _explained(row: Mapping[str, Any]) -> dict[str, str]:
    """An effect whose end nobody knows: which, why, and who finds out."""
    why = (
        f"asked {row['owner'] or 'nobody yet'}"
        if row["asked"]
        else f"looked up again at {row['next_at']:%H:%M:%S}"
    )
    plain = {name: str(row[name]) for name in ("id", "name", "connection", "cause")}
    return {**plain, "who": why}
