"""What became of everything: counts by SQL, the four laws, and the audit verified; once nothing moves any more."""

import asyncio
from collections import Counter
from typing import Any

import aiohttp

from carelane.casebook.ledger import laws
from carelane.compose.house import House
from carelane.compose.verify import verify_audit


async def judge(house: House, *, quiet_s: int) -> dict[str, Any]:
    """Wait until inbox and effects are quiet (at most so many seconds), then count and verify."""
    for _ in range(quiet_s * 2):
        async with house.runtime.worker.transaction() as tx:
            row = await tx.one("house.moving", now=house.runtime.now())
        if row is None or not any(row.values()):
            break
        await asyncio.sleep(0.5)
    async with house.runtime.worker.transaction() as tx:
        counts = await tx.one("house.counts")
        found = await laws(tx)
    verified, document = await verify_audit(house)
    return {
        **(counts or {}),
        "ledger_balanced": all(law.balanced for law in found),
        "audit_verified": verified,
        "laws": {law.name: {"total": law.total, **law.parts} for law in found},
        "audit": {name: document.get(name) for name in ("leaves", "findings")},
    }


async def held_by_ehr(root: str) -> dict[str, int]:
    """How many identifiers of ours the simulated EHR holds, and how many of them on more than one resource."""
    async with aiohttp.ClientSession() as http, http.get(f"{root}/admin/resources") as answer:
        found = await answer.json()
    ours = Counter(
        each.get("value")
        for resource in found
        for each in resource.get("identifier") or ()
        if each.get("system") == "urn:carelane:effect"
    )
    return {"held": len(ours), "held_twice": sum(count > 1 for count in ours.values())}
