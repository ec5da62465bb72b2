"""`pathway activate | rollback | recall`: a release in force by scope, by two people; and taken back."""

import argparse
from pathlib import Path

from carelane.access.request import Action
from carelane.accounts.sessions import Session
from carelane.cli.asking import answer, say
from carelane.cli.pathway_acting import acting, common, refused, scope_flags, scope_of
from carelane.cli.pathway_settling import order_of, settled, settled_text
from carelane.compose.evidence import proven, report_of
from carelane.compose.house import House
from carelane.engine.scope import Scope
from carelane.facts.errors import SetupFault
from carelane.pathways.definition import Definition
from carelane.releases.activate import Approved, activate
from carelane.releases.evidence import Refused
from carelane.releases.publish import named
from carelane.releases.recall import recall
from carelane.releases.refusals import Wish, holding
from carelane.releases.rollback import Policy, roll_back, settle
from carelane.releases.standing import split

_RELEASE = "NAME@VERSION, or NAME@ and the beginning of its digest"


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The three commands."""
    one = actions.add_parser(
        "activate", help="approve a release for a scope; the second person puts it in force"
    )
    one.add_argument("release", help=_RELEASE)
    scope_flags(one)
    one.add_argument(
        "--backtest", type=Path, metavar="FILE", help="the report of a back-test, as JSON"
    )
    common(one, _activate, reason=True)
    one = actions.add_parser(
        "rollback", help="put the previous release of exactly this scope in force again"
    )
    one.add_argument("pathway", help="the pathway's name")
    scope_flags(one)
    one.add_argument("--cases", choices=list(Policy), default=Policy.FINISH,
                     help="what becomes of running cases (finish)")  # fmt: skip
    one.add_argument(
        "--mapping", type=Path, help="with `--cases move`: to the release that is in force again"
    )
    one.add_argument(
        "--cases-of",
        metavar="NAME@VERSION",
        default="",
        help="put nothing in force: settle what is left of a release taken back before",
    )
    common(one, _rollback, reason=True)
    one = actions.add_parser(
        "recall", help="take a release out of force everywhere; its cases move or go to a person"
    )
    one.add_argument("release", help=_RELEASE)
    one.add_argument(
        "--to", metavar="NAME@VERSION", default="", help="where its cases go, by --mapping"
    )
    one.add_argument(
        "--mapping", type=Path, help="a total mapping; without one a person decides each case"
    )
    common(one, _recall, reason=True)


def _activate(options: argparse.Namespace) -> int:
    report = report_of(options.backtest) if options.backtest else None

    async def do(house: House, session: Session) -> int:
        runtime, scope = house.runtime, scope_of(options)
        async with runtime.worker.transaction() as tx:
            release = await named(tx, options.release)
        wish = Wish(
            release=release,
            scope=scope,
            person=session.person.name,
            reason=options.reason,
            report=report,
        )
        done = await activate(runtime, wish, proven)
        if isinstance(done, Refused):
            return refused(options, done)
        inside, outside = await split(runtime, release.name, scope)
        document = {
            "release": done.release,
            "scope": scope.parts(),
            "open_cases_in_scope": inside,
            "not_in_scope": outside,
            "backtest": report.digest if report else None,
        }
        counted = f"{inside} open cases there keep their release; {outside} are not in scope"
        if isinstance(done, Approved):
            text = (f"approved by {done.by} for {scope.words()}; {done.waits_for()} runs the same command "
                    f"until {done.until:%Y-%m-%d}. {counted}")  # fmt: skip
            answer(
                options,
                {**document, "standing": "approved", "by": done.by, "missing": list(done.missing)},
                text,
            )
            return 0
        text = (
            f"in force for {scope.words()}, approved by {' and '.join(done.approvers)}. {counted}"
        )
        answer(options, {**document, "standing": "in-force", "approvers": list(done.approvers),
                         "replaced": done.replaced}, text)  # fmt: skip
        return 0

    return acting(options, Action.RELEASE_ACTIVATE, do)


def _rollback(options: argparse.Namespace) -> int:
    policy = Policy(options.cases)
    if (policy is Policy.MOVE) != (options.mapping is not None):
        raise SetupFault("`--cases move` and `--mapping FILE` go together")

    async def do(house: House, session: Session) -> int:
        runtime, scope, by = house.runtime, scope_of(options), session.person.name
        if options.cases_of:
            old, now = await _taken_back(house, options)
        else:
            done = await roll_back(runtime, options.pathway, scope, by=by, reason=options.reason)
            if isinstance(done, Refused):
                return refused(options, done)
            old, now = (runtime.releases.published[each] for each in (done.taken_back, done.now))
        say(
            f"{now.version} is in force for {scope.words()}; now the running cases of {old.version}"
        )
        order = order_of(options.mapping, old, now, scope, by) if options.mapping else None
        lines, counts = await settled(
            lambda told: settle(runtime, old, scope, policy=policy, by=by, order=order, told=told)
        )
        document = {"now": now.digest, "taken_back": old.digest, "scope": scope.parts()}
        answer(options, {**document, "cases": lines, **counts}, settled_text(lines, counts))
        return 0

    return acting(options, Action.RELEASE_ROLLBACK, do)


async def _taken_back(house: House, options: argparse.Namespace) -> tuple[Definition, Definition]:
    """A release that was taken back before, and the one that holds in the scope now."""
    releases, scope = house.runtime.releases, scope_of(options)
    async with house.runtime.worker.transaction() as tx:
        old = await named(tx, options.cases_of)
    holds = holding(old.name, scope, releases)
    if not holds or holds == old.digest:
        raise SetupFault(
            f"{options.cases_of} was not taken back for {scope.words()}. Remedy: leave `--cases-of` out"
        )
    return old, releases.published[holds]


def _recall(options: argparse.Namespace) -> int:
    if bool(options.mapping) != bool(options.to):
        raise SetupFault("`--mapping FILE` and `--to NAME@VERSION` go together")

    async def do(house: House, session: Session) -> int:
        runtime, by = house.runtime, session.person.name
        async with runtime.worker.transaction() as tx:
            release = await named(tx, options.release)
            target = await named(tx, options.to) if options.to else None
        order = order_of(options.mapping, release, target, Scope(), by) if target else None
        done = await recall(runtime, release, by=by, reason=options.reason)
        if isinstance(done, Refused):
            return refused(options, done)
        policy = Policy.MOVE if order else Policy.PERSON
        lines, counts = await settled(
            lambda told: settle(
                runtime, release, Scope(), policy=policy, by=by, order=order, told=told
            )
        )
        held = [{"scope": scope.parts(), "release": now} for scope, now in done.fallen_back]
        answer(
            options,
            {"recalled": done.release, "fallen_back": held, "cases": lines, **counts},
            settled_text(lines, counts),
        )
        return 0

    return acting(options, Action.RELEASE_RECALL, do)
