"""Adopt a restored database: verify its audit trees against the checkpoints outside, then let them grow here.

The sequencer and pollers stop on a cluster they did not write on (SEMANTICS 11); this is the only way on, and it is
audited. docs/howto/restore.md tells when; `cli/db.py` is the door.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from carelane.audit.actions import Action, Tree
from carelane.audit.checkpoint import Checkpoint, check_chain, notes, origin
from carelane.audit.tree import HASH_BYTES, Frontier, leaf_hash
from carelane.engine.runtime import Runtime
from carelane.engine.sequencer import Notary
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Actor
from carelane.store.changes import Deed, record
from carelane.store.database import Database, Tx

PAGE = 5_000


class TreeBroken(SetupFault):
    """The restored audit is not what was signed: take another backup, and keep this one as evidence."""

    code = "tree-broken"


class LeavesLost(SetupFault):
    """Leaves were signed that this backup lacks: restore a newer one, or accept the loss by name."""

    code = "leaves-lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """What was adopted. `adopted` is false when the database is at home already; `lost` counts signed leaves."""

    adopted: bool
    leaves: int
    lost: int
    effects: int = 0


async def adopt(
    runtime: Runtime, audit: Database, notary: Notary, *, by: str, accept_loss: bool = False
) -> Adopted:
    """Verify both trees, then make this cluster theirs.

    Raises:
        TreeBroken: leaves differ from the tree, or from a checkpoint kept outside.
        LeavesLost: newer checkpoints exist outside, and `accept_loss` is false.
    """
    async with audit.transaction() as tx:
        cluster = await tx.one("house.system_identifier")
        here = str(cluster["system_identifier"]) if cluster else ""
        sizes, foreign, newest = {}, False, {}
        for tree in Tree:
            sizes[tree], grown_on, newest[tree] = await _verified(runtime, tx, notary, tree)
            foreign = foreign or grown_on not in ("", here)
    lost = sum(max(newest[tree] - sizes[tree], 0) for tree in Tree)
    leaves = sum(sizes.values())
    if not foreign:
        return Adopted(adopted=False, leaves=leaves, lost=lost)
    if lost and not accept_loss:
        raise LeavesLost(
            f"{lost} leaves were signed after this backup was made. Remedy: restore a newer backup, or run it again "
            "with --accept-loss; then what happened in between must be reconciled by hand"
        )
    now = runtime.now()
    effects = await _settle(runtime, here, by=by, now=now, lost=lost, leaves=leaves)
    if lost:
        _set_aside(notary.folder, sizes, now)
    async with audit.transaction() as tx:
        for tree in Tree:
            await tx.run("restore.adopt_tree", tree=tree.value, here=here)
    return Adopted(adopted=True, leaves=leaves, lost=lost, effects=effects)


async def _settle(  # noqa: PLR0913  # each says one thing, by name
    runtime: Runtime, here: str, *, by: str, now: datetime, lost: int, leaves: int
) -> int:
    """Cursors and effects of the restored database, and the leaf that says who did it."""
    async with runtime.worker.transaction() as tx:
        await tx.run("restore.adopt_cursors", here=here)
        effects = await tx.run("restore.doubt_effects")
        deed = Deed(organisation=runtime.organisation, at=now, action=Action.DATABASE_ADOPTED, actor=Actor.PERSON,
                    name=by, detail={"leaves": leaves, "lost": lost, "effects": effects})  # fmt: skip
        record(tx, deed)
    return effects


async def _verified(runtime: Runtime, tx: Tx, notary: Notary, tree: Tree) -> tuple[int, str, int]:
    """Size, the cluster it was grown on, and the newest size signed outside."""
    row = await tx.one("restore.cluster", tree=tree.value)
    size = int(row["size"]) if row else 0
    signed = _signed(runtime, notary, tree)
    wanted = {each.size: each.root for each in signed if each.size <= size}
    frontier = Frontier()
    for first in range(0, size, PAGE):
        leaves = await tx.rows(f"audit.{tree.value}_leaves", first=first, limit=PAGE)
        for each in leaves:
            frontier = frontier.append([leaf_hash(bytes(each["body"]))])
            if wanted.pop(frontier.size, frontier.root()) != frontier.root():
                raise TreeBroken(
                    f"{tree}: the leaves up to {frontier.size} are not what checkpoint signed"
                )
    edge = tuple(bytes(each) for each in row["edge"]) if row else ()
    if frontier.size != size or frontier.edge != edge:
        raise TreeBroken(f"{tree}: the leaves are not those of the tree of {size}")
    return size, str(row["system_identifier"]) if row else "", signed[-1].size if signed else 0


def _signed(runtime: Runtime, notary: Notary, tree: Tree) -> Sequence[Checkpoint]:
    file = notary.folder / f"{tree.value}.checkpoints"
    if not file.exists():
        return ()
    name = origin(runtime.organisation, tree)
    found, problems = check_chain(
        notes(file.read_text(encoding="utf-8")), name=name, key=notary.key.public_key()
    )
    if problems:
        raise TreeBroken("\n".join(each.line() for each in problems))
    return found


def _set_aside(folder: Path, sizes: dict[Tree, int], now: datetime) -> None:
    """Keep what was signed for the lost leaves apart, as evidence; the new tree begins where the backup ends."""
    for tree, size in sizes.items():
        for kind in ("checkpoints", "hashes"):
            file = folder / f"{tree.value}.{kind}"
            if not file.exists():
                continue
            whole = file.read_bytes()
            (folder / f"{tree.value}.{kind}.until-{now:%Y%m%dT%H%M%SZ}").write_bytes(whole)
            if kind == "hashes":
                file.write_bytes(whole[: size * HASH_BYTES])
            else:
                file.write_text("\n".join(_until(whole.decode(), size)), encoding="utf-8")


def _until(text: str, size: int) -> list[str]:
    """The signed heads up to a size."""
    return [note + "\n" for note in notes(text) if int(note.split("\n")[1]) <= size]
