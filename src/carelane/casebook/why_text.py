"""An explanation as plain text: where the case is, who answers for its release, and each decision newest first."""

from collections.abc import Iterator
from datetime import datetime

from carelane.casebook.why import Decision, Explanation, Force, Wait, Why


def told(found: Explanation) -> str:
    """The whole explanation."""
    return "\n".join(
        [
            f"{found.pathway} {found.version}, release {found.release[:12]}",
            _force(found.force),
            *(_here(each) for each in found.here),
            *(
                f"before: {found.pathway} {each.version}, release {each.release[:12]}, {_force(each.force)}"
                for each in found.earlier
            ),
            *(line for each in found.decisions for line in _decision(each, found)),
            *(
                f"said to be wrong by {each.person} at {_minute(each.at)}: {each.rule} ({each.reason})"
                for each in found.corrections
            ),
        ]
    )


def _force(force: Force | None) -> str:
    if force is None:
        return "in force: not recorded"
    one, two = force.approvers
    proof = f", on proof {force.proof[:12]}" if force.proof else ""
    since = _minute(force.since)
    return f"in force for {force.scope} since {since}, approved by {one} and {two}{proof}: {force.reason}"


def _here(wait: Wait) -> str:
    found = f" ({'; '.join(wait.owner_found)})" if wait.owner_found else ""
    calendar = f", calendar {wait.calendar}" if wait.calendar else ""
    return (
        f"now: {wait.state}, {wait.owner_kind} {wait.owner_name}{found}, due {_minute(wait.due_at)} "
        f"({wait.clock}{calendar}), then {wait.fallback}"
    )


def _decision(decision: Decision, found: Explanation) -> Iterator[str]:
    bound = ", ".join(f"{name} version {value}" for name, value in decision.bound.items())
    yield ""
    under = "" if decision.release == found.release else _under(found, decision)
    yield f"{_minute(decision.at)}  {decision.type} by {decision.by}{f' [{bound}]' if bound else ''}{under}"
    for each in decision.rules:
        yield from _rule(each)


def _under(found: Explanation, decision: Decision) -> str:
    if not decision.release:
        return ", under a release that was not written down"
    return f", under {found.pathway} {decision.version} ({decision.release[:12]})"


def _rule(why: Why) -> Iterator[str]:
    yield f"  {why.rule}{f' -> {why.answer}' if why.answer else ''}"
    if why.says:
        yield f"    says: {why.says}"
    if why.inputs:
        read = ", ".join(
            f"{name} {'missing' if value is None else value}" for name, value in why.inputs.items()
        )
        yield f"    read: {read}"
    for miss in why.missed:
        yield f"    row {miss.row} missed: {miss.cell}"


def _minute(at: datetime) -> str:
    return at.isoformat(timespec="minutes")
