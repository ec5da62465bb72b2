"""Releases as rows say: read at start, when they change, and when a case names one that is not known yet."""

from dataclasses import replace

from carelane.engine.releases import Activation, Releases
from carelane.engine.scope import Scope
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.store.database import Row, Tx


def scope_of(row: Row) -> Scope:
    """The scope of a row."""
    return Scope(site=row["site"], service_line=row["service_line"], referral_type=row["referral_type"],
                 scheduling_lane=row["scheduling_lane"])  # fmt: skip


async def in_force(tx: Tx) -> Releases:
    """Everything published, and what is in force where."""
    published: dict[str, Definition] = {}
    recalled: set[str] = set()
    for row in await tx.rows("releases.published"):
        definition, _ = load(row["content"], place=row["pathway"])
        if definition is not None:
            # the stored digest holds the templates too
            published[row["digest"]] = replace(definition, digest=row["digest"])
        if row["recalled_at"] is not None:
            recalled.add(row["digest"])
    activations = tuple(
        Activation(release=row["release"], pathway=row["pathway"], scope=scope_of(row), from_at=row["from_at"],
                   to_at=row["to_at"])
        for row in await tx.rows("releases.activations")
    )  # fmt: skip
    return Releases(published, activations, frozenset(recalled))
