"""Red flags are declared where symptoms or results are taken, and never stand with a pool that is not for them."""

from collections.abc import Iterator

from carelane.facts.fact import Urgency
from carelane.pathways.definition import Definition, OwnerKind, RedFlags
from carelane.proofs.flags import Flags
from carelane.proofs.regions import Regions
from carelane.proofs.rules.tables import example
from carelane.proofs.turns import Breach, Turn, said

LIST = "red-flag-list"
POOLS = "red-flags-to-urgent-pools"
_TAKES = ("result", "questionnaire", "symptoms")


def of_text(definition: Definition, regions: Regions) -> Iterator[Breach]:
    """A pathway that takes symptoms or results without a list, with one that names what is not there, or ignores it."""
    flags = definition.red_flags
    routine = Flags.of(definition, regions).seen.get(Urgency.ROUTINE)
    if definition.urgency and routine:
        yield Breach(
            rule=POOLS,
            message=f"`{definition.urgency}` says routine for a red flag: {example(regions.space, routine)}.",
            remedy="Give the red flag a row of its own, with its urgency.",
        )  # fmt: skip
    if _takes(definition) and not _listed(flags):
        yield Breach(
            rule=LIST, message="The pathway takes symptoms or results and declares no red flags.",
            remedy="Add `red_flags` with approvers, and the codes that must never wait.",
        )  # fmt: skip
    if flags is None:
        return
    if not flags.approvers:
        yield Breach(
            rule=LIST, message="Nobody approves the red flags.", remedy="Name their `approvers`."
        )
    known = {name: given.codes for name, given in definition.inputs.items()}
    for table in definition.tables.values():
        known |= {name: tuple(table.codes.get(name, ())) for name in table.outputs}
    for name, codes in (*flags.inputs.items(), *flags.outputs.items()):
        if strange := [code for code in codes if code not in known.get(name, ())]:
            yield Breach(
                rule=LIST, message=f"Red flag `{name}` names {said(strange)}, which it can't be.",
                remedy="Name codes of a declared input or table output.",
            )  # fmt: skip


def shrunk(before: Definition, after: Definition) -> Iterator[Breach]:
    """Red flags of the release before that this one no longer has: a release can only extend them."""
    old, new = before.red_flags, after.red_flags
    for name, codes in (
        *(old.inputs.items() if old else ()),
        *(old.outputs.items() if old else ()),
    ):
        here = {
            *(new.inputs.get(name, ()) if new else ()),
            *(new.outputs.get(name, ()) if new else ()),
        }
        if gone := [code for code in codes if code not in here]:
            yield Breach(
                rule=LIST, message=f"{said(gone)} of `{name}` was a red flag and is none any more.",
                remedy="Put it back: a release can only extend the red flags.",
            )  # fmt: skip


def _takes(definition: Definition) -> bool:
    roots = {given.path.partition(".")[0] for given in definition.inputs.values()}
    return bool(definition.phrases) or not roots.isdisjoint(_TAKES)


def _listed(flags: RedFlags | None) -> bool:
    return flags is not None and any((*flags.inputs.values(), *flags.outputs.values()))


def of_turn(turn: Turn) -> Iterator[Breach]:
    """A case with a red flag that is routine, or stands with a pool that does not serve its urgency."""
    case = turn.after
    if not turn.now.flagged or case is None:
        return
    if case.steps and case.urgency is Urgency.ROUTINE:
        yield Breach(
            rule=POOLS, line=turn.line, message="A case with a red flag stays routine.",
            remedy="Let the table that gives the urgency raise it.",
        )  # fmt: skip
    wanted = max(Urgency(turn.now.flagged - 1), case.urgency)
    for step in case.steps:
        if step.owner.kind is not OwnerKind.POOL:
            continue
        if wanted not in turn.definition.pools.get(step.owner.name, ()):
            yield Breach(
                rule=POOLS, line=turn.definition.states[step.state].line,
                message=(
                    f"A case with a red flag ({wanted.name.lower()}) stands in `{step.state}` with pool "
                    f"`{step.owner.name}`, which does not serve that."
                ),
                remedy="Lead it to a pool that does, or let the pool serve it.",
            )  # fmt: skip
