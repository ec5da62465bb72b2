"""What an identity message moves, and how to take it back: plans on links, nothing written here.

HL7 v2.5 chapter 3: A40 merge patient, A24 link, A37 unlink. All identities of the retired subject go
to the survivor, so chains A->B->C end at C; merging back what is one already does nothing, so there
are no cycles. `engine.merge` carries a plan out under both turns.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from carelane.identity.links import Links, Moved, Plan

MERGE, LINK, UNLINK = "merge", "link", "unlink"


def merge_plan(
    links: Links,
    *,
    kind: str,
    survivor: Sequence[UUID],
    retired: Sequence[UUID],
    new_subject: UUID,
) -> Plan:
    """Plan an A40 (`merge`) or A24 (`link`) from the identities it names.

    Identities that nobody has heard of are linked to the survivor at once, so that a result under
    a dead id that arrives a moment later finds its patient. `new_subject` is the provisional
    subject to use where the survivor is unknown too.
    """
    if not survivor or not retired:
        return Plan(kind=kind, reason="identifier-missing", ask=True)
    if set(survivor) & set(retired):
        return Plan(kind=kind, reason="merged-into-itself", ask=True)
    staying, going = _subjects(links, survivor), _subjects(links, retired)
    if len(staying) > 1 or len(going) > 1:
        return Plan(kind=kind, reason="several-subjects", ask=True)
    keep = staying[0] if staying else new_subject
    gone = going[0] if going else None
    heard = {i: keep for i in (*survivor, *retired) if i not in links.subject_of}
    if gone is None or gone == keep:
        return Plan(kind=kind, survivor=keep, moves=heard, reason="" if heard else "already-one")
    moves = dict.fromkeys(links.of(gone), keep)
    return Plan(
        kind=kind,
        survivor=keep,
        retired=gone,
        moves={**moves, **heard},
        retire={gone: keep, keep: None},
    )


def unlink_plan(
    links: Links, log: Iterable[Moved], *, survivor: Sequence[UUID], retired: Sequence[UUID]
) -> Plan:
    """Plan an A37, or a local unlink: take back the newest merge that moved a retired identity."""
    named, others = set(retired), set(survivor)
    rows = [row for row in log if not row.reversed and named & set(row.identities)]
    apart = [row for row in rows if not others & set(row.identities)]
    if not apart:
        return Plan(kind=UNLINK, reason="never-merged")
    return reversal(links, max(apart, key=lambda row: row.id))


def reversal(links: Links, row: Moved) -> Plan:
    """Plan to take one merge back: what it moved, and is still where it went, returns.

    Identities heard of since under the survivor stay with it. What a later merge carried on with
    the survivor comes back too; what another reversal took elsewhere is left alone.
    """
    if row.reversed:
        return Plan(kind=UNLINK, reason="never-merged")
    where = links.current(row.survivor)
    back = [i for i in row.identities if links.subject_of.get(i) == where]
    return Plan(
        kind=UNLINK,
        survivor=where,
        retired=row.retired,
        moves=dict.fromkeys(back, row.retired),
        retire={row.retired: None},
        reverses=row.id,
    )


def _subjects(links: Links, identities: Iterable[UUID]) -> tuple[UUID, ...]:
    known = (links.subject_of[i] for i in identities if i in links.subject_of)
    return tuple(dict.fromkeys(links.current(subject) for subject in known))
