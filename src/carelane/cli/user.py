"""`user password NAME`: the first person gets in, and whoever forgot. `user second-factor NAME`: codes of a phone."""

import argparse
import getpass
import sys

from carelane.accounts.factor import set_factor
from carelane.accounts.passwords import set_password
from carelane.cli.asking import answer, ask, asking, settings_flags
from carelane.compose.house import House


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    user = commands.add_parser("user", help="people's sign-in")
    actions = user.add_subparsers(dest="action", required=True)
    password = actions.add_parser(
        "password", help="set a person's password (at least 15 characters)"
    )
    password.add_argument(
        "name", help="the person's name in site/*.yaml, for example kira.sandoval"
    )
    password.add_argument("--stdin", action="store_true", help="read it from standard input")
    password.add_argument("--json", action="store_true")
    settings_flags(password)
    password.set_defaults(run=_password)
    factor = actions.add_parser(
        "second-factor", help="give a person a new second factor; its address is shown once"
    )
    factor.add_argument("name", help="the person's name in site/*.yaml")
    factor.add_argument("--by", required=True, help="who answers for it; stands in the audit")
    factor.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(factor)
    factor.set_defaults(run=asking(_factor))


def _password(options: argparse.Namespace) -> int:
    secret = (
        sys.stdin.readline().rstrip("\n")
        if options.stdin
        else getpass.getpass(f"New password of {options.name}: ")
    )

    async def question(house: House) -> int:
        await set_password(house.runtime, options.name, secret)
        answer(options, {"person": options.name, "set": True}, f"{options.name} can sign in now")
        return 0

    return ask(options, question)


async def _factor(options: argparse.Namespace, house: House) -> int:
    address = await set_factor(house.runtime, options.name, by=options.by)
    text = f"{address}\nEnter it into an authenticator now (or make a QR code of it); it is not shown again."
    answer(options, {"person": options.name, "address": address}, text)
    return 0
