"""What the release commands share: a scope by flags, who acts and why, the policies asked, and a refusal printed."""

import argparse
from collections.abc import Awaitable, Callable

from carelane.access.request import Action, Purpose
from carelane.accounts.sessions import Session
from carelane.cli.asking import answer, ask, settings_flags
from carelane.compose.house import House
from carelane.compose.people import rights_of, session_of
from carelane.engine.scope import Scope
from carelane.releases.evidence import Refused

SHORT = 12


def scope_flags(one: argparse.ArgumentParser) -> None:
    """The flags of a scope."""
    one.add_argument("--site", dest="at_site", metavar="SITE", default="", help="only at this site")
    one.add_argument("--service-line", default="", help="only for this service line")
    lane = one.add_mutually_exclusive_group()
    lane.add_argument(
        "--referral-type", default="", help="only for referrals that the release reads as this type"
    )
    lane.add_argument("--scheduling-lane", default="", help="only for this scheduling lane")


def scope_of(options: argparse.Namespace) -> Scope:
    """The scope that the flags name."""
    return Scope(site=options.at_site, service_line=options.service_line, referral_type=options.referral_type,
                 scheduling_lane=options.scheduling_lane)  # fmt: skip


def common(
    one: argparse.ArgumentParser,
    run: Callable[[argparse.Namespace], int],
    *,
    acts: bool = True,
    reason: bool = False,
) -> None:
    """The flags of every command that opens the house; `acts` and `reason` say who and why."""
    if reason:
        one.add_argument("--reason", required=True, help="why; it is recorded")
    if acts:
        one.add_argument(
            "--as", dest="person", required=True, help="who acts, for example kira.sandoval"
        )
    one.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(one, without=("site",))  # `--site` is a scope here; the folder is CARELANE_SITE
    one.set_defaults(run=run)


async def allowed(house: House, options: argparse.Namespace, action: Action) -> Session | None:
    """The person's session, or None once the denial is printed and audited."""
    session = session_of(house, options.person, purpose=Purpose.HOPERAT)
    reason = bool(getattr(options, "reason", ""))
    rights = rights_of(house)
    denied = await rights.allow(session, action, rights.everywhere(), reason=reason)
    if denied is None:
        return session
    answer(
        options,
        {"denied": denied.reason, "remedy": denied.sentence},
        f"{denied.reason}: {denied.sentence}",
    )
    return None


def acting(
    options: argparse.Namespace, action: Action, do: Callable[[House, Session], Awaitable[int]]
) -> int:
    """Do it as the person named, if the policies allow it."""

    async def question(house: House) -> int:
        session = await allowed(house, options, action)
        return 1 if session is None else await do(house, session)

    return ask(options, question)


def refused(options: argparse.Namespace, why: Refused) -> int:
    """Print a refusal; the exit status."""
    answer(
        options, {"refused": why.code, "sentence": why.sentence, "remedy": why.remedy}, why.line()
    )
    return 1
