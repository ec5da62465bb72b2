"""`task list | claim | complete`: work, from the command line; the same services as the portal's."""

import argparse
import json
import sys
from pathlib import Path
from uuid import UUID

from carelane.access.decide import Denied
from carelane.access.request import Action
from carelane.cli.asking import answer, ask, settings_flags, table
from carelane.cli.paging import continued, key_of, limit_of
from carelane.compose.house import House
from carelane.compose.people import rights_of, session_of, viewer_of
from carelane.facts.errors import SetupFault
from carelane.facts.fact import Json
from carelane.facts.phi import Phi
from carelane.worklist import acting, holding, reading
from carelane.worklist.answers import Acted, Held, Lost, Refused
from carelane.worklist.listing import LIMIT_MAX, Filters, PageKey, TaskRow, following, tasks

_COLUMNS = ["id", "urgency", "title", "owner", "assignee", "due", "version"]


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The three commands."""
    task = commands.add_parser("task", help="list, claim and complete work")
    actions = task.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="open work, most urgent first")
    listing.add_argument("--mine", action="store_true", help="only what I hold")
    listing.add_argument(
        "--limit", type=int, default=50, help=f"how many at most, 1 to {LIMIT_MAX}"
    )
    listing.add_argument(
        "--after", metavar="KEY", help="go on where a list ended, with the key that it told"
    )
    claim = actions.add_parser("claim", help="take a task; one winner")
    complete = actions.add_parser("complete", help="finish a task with one of its outcomes")
    complete.add_argument("outcome")
    complete.add_argument(
        "--form", metavar="FILE", help="the form as a JSON object; `-` reads it from standard input"
    )
    for each in (claim, complete):
        each.add_argument("task", type=UUID)
    for each, run in ((listing, _list), (claim, _claim), (complete, _complete)):
        each.add_argument(
            "--as", dest="person", required=True, help="who acts, for example kira.sandoval"
        )
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=run)


def _list(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        return await _listed(options, house)

    return ask(options, question)


async def _listed(options: argparse.Namespace, house: House) -> int:
    """A page, how many tasks follow it, and the key that goes on there."""
    viewer, runtime = viewer_of(house, options.person), house.runtime
    limit, after = limit_of(options.limit, LIMIT_MAX), key_of(options.after, PageKey.read)
    filters = Filters(mine=options.mine)
    found = await tasks(runtime, viewer, filters=filters, after=after, limit=limit)
    more = await following(runtime, viewer, found[-1].key, mine=options.mine) if found else 0
    rows, key = [_row(each) for each in found], found[-1].key.text if more else ""
    lines = [table(rows, _COLUMNS) if rows else "no open work", *continued(more, key)]
    answer(options, {"tasks": rows, "more": more, "after": key}, "\n".join(lines))
    return 0


def _claim(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        viewer = viewer_of(house, options.person)
        denied = await _allow(house, options, Action.TASK_CLAIM)
        if denied is not None:
            return _denied(options, denied)
        version = await _version(house, options.person, options.task)
        return _told(
            options, await holding.claim(house.runtime, viewer, options.task, version=version)
        )

    return ask(options, question)


def _complete(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        viewer = viewer_of(house, options.person)
        denied = await _allow(house, options, Action.TASK_COMPLETE)
        if denied is not None:
            return _denied(options, denied)
        version = await _version(house, options.person, options.task)
        form = _form(options.form)
        done = await acting.complete(house.runtime, viewer, options.task, version=version, outcome=options.outcome,
                                     form=Phi(form, "form"))  # fmt: skip
        return _told(options, done)

    return ask(options, question)


def _form(name: str | None) -> dict[str, Json]:
    """The form from a file or standard input: on a command line it would stand in process listings (I13)."""
    if name is None:
        return {}
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        form = json.loads(text)
    except OSError as cause:
        raise SetupFault(
            f"{name} can't be read ({type(cause).__name__}). Remedy: name a JSON file, or - for standard input"
        ) from None
    except ValueError:
        form = None
    if not isinstance(form, dict):
        raise SetupFault('the form is no JSON object. Remedy: write it like {"told_how": "phone"}')
    return form


async def _allow(house: House, options: argparse.Namespace, action: Action) -> Denied | None:
    """Ask the policies, as the portal does; a denial is audited."""
    session = session_of(house, options.person)
    return await rights_of(house).allow_on(session, action, "task", options.task)


def _denied(options: argparse.Namespace, denied: Denied) -> int:
    answer(
        options,
        {"denied": denied.reason, "remedy": denied.sentence},
        f"{denied.reason}: {denied.sentence}",
    )
    return 1


async def _version(house: House, person: str, task: UUID) -> int:
    """The version the person would see now."""
    found = await reading.task(house.runtime, viewer_of(house, person), task)
    return found.row["version"] if found else 0


def _told(options: argparse.Namespace, ended: Acted | Held | Lost | Refused) -> int:
    match ended:
        case Held():
            answer(
                options,
                {"task": str(ended.task), "held": True, "version": ended.version},
                "it is yours",
            )
            return 0
        case Acted():
            done = ended.answer.standing != "ignored"
            document = {"standing": ended.answer.standing.value, "reason": ended.answer.reason,
                        "open": ended.open, "undo_until": ended.undo_until}  # fmt: skip
            answer(
                options,
                document,
                ended.answer.standing.value if done else f"not done: {ended.answer.reason}",
            )
            return int(not done)
        case Lost():
            answer(
                options,
                {"lost_to": ended.by, "at": ended.at},
                f"{ended.by or 'someone'} was faster ({ended.status})",
            )
            return 1
        case Refused():
            answer(
                options,
                {"refused": ended.code, "remedy": ended.remedy, "fields": list(ended.fields)},
                f"{':'.join((ended.code, *ended.fields))}: {ended.remedy}",
            )
            return 1


def _row(task: TaskRow) -> dict[str, object]:
    """What a terminal shows: no patient."""
    return {
        "id": str(task.id),
        "case": str(task.case),
        "urgency": task.urgency,
        "title": task.title,
        "name": task.name,
        "owner": task.owner_name,
        "assignee": task.assignee,
        "due": task.due_at.isoformat(timespec="minutes"),
        "version": task.version,
        "status": task.status,
    }
