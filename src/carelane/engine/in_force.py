"""Releases as rows say: read at start, when they change, and when a case names one that is not known yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from carelane.engine.releases import Activation, Releases
from carelane.engine.scope import Scope
from carelane.pathways.definition import Definition
from carelane.pathways.loading import load
from carelane.store.database import Row, Tx


def scope_of(row: Row) -> Scope:
    """The scope of a row."""
    return Scope(site=row["site"], service_line=row["service_line"], referral_type=row["referral_type"],
                 scheduling_lane=row["scheduling_lane"])  # fmt: skip


@dataclass(frozen=True, slots=True)
class Stored:
    """Rows of all releases and activations."""

    releases: Sequence[Row]
    activations: Sequence[Row]


async def in_force(tx: Tx) -> Releases:
    """Everything published, and what is in force where. A process that knows none yet takes `stored` first."""
    return releases_of(await stored(tx))


async def stored(tx: Tx) -> Stored:
    """The rows alone: to read dozens of texts for the first time takes seconds, which no transaction should wait."""
    return Stored(await tx.rows("releases.published"), await tx.rows("releases.activations"))


def releases_of(rows: Stored) -> Releases:
    """What the rows say. A text that this process has read before costs nothing."""
    published: dict[str, Definition] = {}
    recalled: set[str] = set()
    for row in rows.releases:
        definition, _ = load(row["content"], place=row["pathway"])
        if definition is not None:
            # the stored digest holds the templates too
            published[row["digest"]] = replace(definition, digest=row["digest"])
        if row["recalled_at"] is not None:
            recalled.add(row["digest"])
    activations = tuple(
        Activation(release=row["release"], pathway=row["pathway"], scope=scope_of(row), from_at=row["from_at"],
                   to_at=row["to_at"])
        for row in rows.activations
    )  # fmt: skip
    return Releases(published, activations, frozenset(recalled))
