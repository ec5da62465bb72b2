"""`keys new-file-key | rotate | shred`: new keys for everything, and the end of one patient's data by two people."""

import argparse
import asyncio
import getpass
import sys
from uuid import UUID

from carelane.accounts.sessions import Session, end
from carelane.accounts.signing_in import sign_in
from carelane.cli.asking import answer, asking, say, settings_flags
from carelane.compose.house import House, key_file
from carelane.engine import keys
from carelane.facts.errors import SetupFault
from carelane.store.keyring import SETTLE

CONFIRMS = "compliance-officer"


class NotConfirmed(SetupFault):
    """The two people could not be made sure of; the message says who and why."""

    code = "not-confirmed"


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The three commands."""
    door = commands.add_parser("keys", help="rotate the organisation's keys; shred one patient")
    actions = door.add_subparsers(dest="action", required=True)
    rotate = actions.add_parser(
        "rotate", help="a new key wraps all others; running processes follow by themselves"
    )
    file = actions.add_parser(
        "new-file-key", help="add a key to the key file: copy the file to every host, then rotate"
    )
    shred = actions.add_parser(
        "shred", help="destroy one patient's keys: what they sealed opens never again here"
    )
    shred.add_argument("subject", type=UUID, help="the subject's id, from `carelane case show`")
    shred.add_argument("--reason", required=True, choices=keys.REASONS)
    shred.add_argument("--confirmed-by", required=True, help=f"a second person, a {CONFIRMS}")
    shred.add_argument(
        "--stdin",
        action="store_true",
        help="read two lines from standard input: password, or password, tab, code",
    )
    for each, run in ((file, _file_key), (rotate, _rotate), (shred, _shred)):
        each.add_argument("--by", required=True, help="who answers for it; stands in the audit")
        each.add_argument("--json", action="store_true", help="one document on the last line")
        settings_flags(each)
        each.set_defaults(run=asking(run), question=run)


async def _file_key(options: argparse.Namespace, house: House) -> int:
    """Only the file: what the database holds is wrapped by it at the next rotation, when every host has it."""
    version = key_file(house.settings).rotate()
    await keys.file_key_added(house.runtime, version, by=options.by)
    text = f"the key file has key {version}: copy it to every host, then run `carelane keys rotate`"
    answer(options, {"version": version}, text)
    return 0


async def _rotate(options: argparse.Namespace, house: House) -> int:
    provider = key_file(house.settings)
    made = await keys.new_key(house.runtime, provider, by=options.by)
    if await _anyone_runs(house):
        say(f"waiting {SETTLE.seconds + 5} s until every process knows key {made.version}")
        await asyncio.sleep(SETTLE.seconds + 5)
    done = await keys.rewrap(house.runtime, made, by=options.by)
    answer(options, done, f"key {done.version} is in use; {done.rewrapped} keys were wrapped anew")
    return 0


async def _anyone_runs(house: House) -> bool:
    async with house.runtime.worker.transaction() as tx:
        row = await tx.one("engine.anyone", since=house.runtime.now() - 2 * SETTLE)
    return bool(row and row["alive"])


async def _shred(options: argparse.Namespace, house: House) -> int:
    people = (options.by, options.confirmed_by)
    roles = [await _confirmed(house, name, *_secrets(options, name)) for name in people]
    if CONFIRMS not in roles[1]:
        raise NotConfirmed(f"{options.confirmed_by} is no {CONFIRMS}. Remedy: one confirms")
    done = await keys.shred(house.runtime, options.subject, by=options.by,
                            confirmed_by=options.confirmed_by, reason=options.reason)  # fmt: skip
    text = f"destroyed the keys of {done.identities} identities and {done.messages} messages"
    answer(options, done, text)
    return 0


def _secrets(options: argparse.Namespace, name: str) -> tuple[str, str]:
    """A person's password, and the code of their second factor if they have one."""
    if options.stdin:
        password, _, code = sys.stdin.readline().rstrip("\n").partition("\t")
        return password, code
    password = getpass.getpass(f"Password of {name}: ")
    return password, getpass.getpass(f"Code of {name} (empty without a second factor): ")


async def _confirmed(house: House, name: str, password: str, code: str) -> tuple[str, ...]:
    """A person who typed the right password here; their roles."""
    found = await sign_in(house.runtime, name, password, address="command line", code=code)
    if not isinstance(found, Session):
        raise NotConfirmed(f"{name}: {found.remedy}")
    await end(house.runtime, found)
    return found.person.roles
