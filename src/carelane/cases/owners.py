"""Who owns a step: pool, role or person, asked of the directory through `late` (SEMANTICS 4). Always an answer."""

from carelane.cases.model import OwnerRef
from carelane.cases.moment import DefinitionBroken
from carelane.cases.run import Run
from carelane.pathways.definition import OwnerKind, State


def owner_of(run: Run, state: State) -> OwnerRef:
    """The owner of a state being entered: a table's answer, the person meant, or the declared pool or role."""
    owner = state.owner
    if owner is None:
        raise DefinitionBroken(f"state {state.name} waits without an owner: load the pathway again")
    if owner.table:
        answer = run.values.get(owner.table)
        if isinstance(answer, str) and answer:
            return resolve(run, kind_of(run, answer), answer)
    if owner.kind is OwnerKind.PERSON:
        return _person(run, owner.otherwise)
    return resolve(run, owner.kind, owner.name)


def kind_of(run: Run, name: str) -> OwnerKind:
    """Whether a name is a pool of this pathway, or else a role."""
    return OwnerKind.POOL if name in run.definition.pools else OwnerKind.ROLE


def resolve(run: Run, kind: OwnerKind, name: str) -> OwnerRef:
    """Ask the directory, for this case's site and service line, now."""
    case = run.case
    return run.moment.late.owner(
        kind, name, site=case.site, service_line=case.service_line, at=run.now
    )


def _person(run: Run, otherwise: str) -> OwnerRef:
    if run.last_actor:
        found = resolve(run, OwnerKind.PERSON, run.last_actor)
        if found.name:
            return found
    return resolve(run, kind_of(run, otherwise), otherwise)
