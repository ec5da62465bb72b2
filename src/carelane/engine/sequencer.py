"""The sequencer: the single writer that gives audit leaves their place in the tree, and signs its head (SEMANTICS 11).

It takes what has no place yet, so nothing that committed late can be skipped. Checkpoints go outside the database.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carelane.audit.actions import Tree
from carelane.audit.checkpoint import Checkpoint, origin, sign, verifier_key
from carelane.audit.tree import HASH_BYTES, Frontier, leaf_hash
from carelane.engine.runtime import Runtime
from carelane.facts.errors import SetupFault
from carelane.store.database import Database, Row, Tx
from carelane.store.private_file import write_once

BATCH = 2_000


class OtherCluster(SetupFault):
    """The audit tree was grown on another database cluster: this one was restored; see docs/howto/restore.md."""

    code = "other-cluster"


class AuditKeyDamaged(SetupFault):
    """The key that signs the audit tree can't be read; restore it, or remove it if no checkpoint was ever signed."""

    code = "audit-key-damaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Notary:
    """The signing key, and the folder outside the database that holds every checkpoint."""

    key: Ed25519PrivateKey
    folder: Path


def open_notary(folder: Path, key_file: Path) -> Notary:
    """The notary of this site; its key is made once (0600).

    Raises:
        AuditKeyDamaged: The file holds no key.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not key_file.exists():
        with suppress(FileExistsError):  # another process of ours was first: its key is the site's
            write_once(key_file, Ed25519PrivateKey.generate().private_bytes_raw())
    try:
        key = Ed25519PrivateKey.from_private_bytes(key_file.read_bytes())
    except ValueError:
        raise AuditKeyDamaged(
            f"{key_file} is no signing key of Carelane. Remedy: restore it from its backup; if no checkpoint was ever"
            " signed with it, remove it, and a new one is made"
        ) from None
    return Notary(key=key, folder=folder)


async def sequence(audit: Database, runtime: Runtime, notary: Notary, tree: Tree) -> int:
    """Give leaves their place, one batch; how many. Two sequencers wait for each other and never number twice."""
    async with audit.transaction() as tx:
        await tx.run("audit.make_trees", organisation=runtime.organisation)
        row = await tx.one("audit.lock_tree", tree=tree.value)
        cluster = await tx.one("house.system_identifier")
        if row is None or cluster is None:
            return 0
        here = cluster["system_identifier"]
        if row["system_identifier"] not in ("", here):
            raise OtherCluster(
                "the audit tree belongs to another cluster. Remedy: docs/howto/restore.md"
            )
        sheaves = await tx.tuples(f"audit.{tree.value}_unsequenced", {"limit": BATCH})
        if not sheaves:
            return 0
        hashes = [leaf_hash(body) for _seq, _leaves, bodies in sheaves for body in bodies]
        await _place(tx, tree, row, sheaves, hashes, here)
    _keep_hashes(notary, tree, row["size"], hashes)
    return len(hashes)


async def _place(  # noqa: PLR0913, PLR0917  # one statement's worth of a batch
    tx: Tx,
    tree: Tree,
    row: Row,
    sheaves: Sequence[Sequence[Any]],
    hashes: list[bytes],
    here: str,
) -> None:
    frontier = Frontier(row["size"], tuple(bytes(each) for each in row["edge"]))
    grown = frontier.append(hashes)
    places = [*accumulate((leaves for _, leaves, _ in sheaves[:-1]), initial=frontier.size)]
    await tx.run(f"audit.{tree.value}_number", seqs=[seq for seq, _, _ in sheaves], places=places)
    await tx.run(
        "audit.grow",
        tree=tree.value,
        size=grown.size,
        edge=list(grown.edge),
        system_identifier=here,
    )


def _keep_hashes(notary: Notary, tree: Tree, first: int, hashes: list[bytes]) -> None:
    """Leaf hashes outside the database, each at its place: with them a verifier names the very leaf."""
    path = notary.folder / f"{tree.value}.hashes"
    path.touch()
    with path.open("r+b") as file:
        file.seek(first * HASH_BYTES)
        file.write(b"".join(hashes))


async def checkpoint(audit: Database, runtime: Runtime, notary: Notary, tree: Tree) -> bool:
    """Sign the head, if it grew, into the database and into the folder outside; whether there was a new one."""
    async with audit.transaction() as tx:
        row = await tx.one("audit.tree", tree=tree.value)
        newest = await tx.one("audit.newest_checkpoint", tree=tree.value)
        if (
            row is None
            or row["size"] == 0
            or (newest is not None and newest["size"] == row["size"])
        ):
            return False
        frontier = Frontier(row["size"], tuple(bytes(each) for each in row["edge"]))
        head = Checkpoint(
            origin=origin(runtime.organisation, tree), size=frontier.size, root=frontier.root()
        )
        note = sign(head, notary.key)
        await tx.run("audit.add_checkpoint", organisation=runtime.organisation, tree=tree.value, size=head.size,
                     note=note, at=runtime.now())  # fmt: skip
    _write_outside(notary, runtime, tree, note)
    return True


def _write_outside(notary: Notary, runtime: Runtime, tree: Tree, note: str) -> None:
    public = verifier_key(origin(runtime.organisation, tree), notary.key.public_key())
    (notary.folder / f"{tree.value}.vkey").write_text(public + "\n", encoding="utf-8")
    with (notary.folder / f"{tree.value}.checkpoints").open("a", encoding="utf-8") as file:
        file.write(note if note.endswith("\n\n") else note.rstrip("\n") + "\n\n")
        file.flush()
        os.fsync(file.fileno())
