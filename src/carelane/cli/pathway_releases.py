"""`pathway publish | status`: releases stored, and how they stand."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from carelane.access.request import Action
from carelane.accounts.sessions import Session
from carelane.cli.asking import answer, ask
from carelane.cli.pathway_acting import SHORT, acting, common
from carelane.cli.pathway_files import text_of, texts_beside
from carelane.compose.house import House
from carelane.compose.site import shipped_templates
from carelane.facts.errors import SetupFault
from carelane.releases.publish import namesakes, publish, read
from carelane.releases.standing import Overview, overview


def add(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The two commands."""
    one = actions.add_parser(
        "publish", help="store pathways and overlays as releases; nothing is put in force"
    )
    one.add_argument("files", nargs="+", type=Path)
    common(one, _publish)
    one = actions.add_parser(
        "status", help="what is in force where, what runs on what, and traffic in no scope"
    )
    one.add_argument("pathways", nargs="*", metavar="name")
    common(one, _status, acts=False)


def _publish(options: argparse.Namespace) -> int:
    texts: dict[str, str] = {}
    for file in options.files:
        texts.update(texts_beside(file))
    wanted = {text_of(file) for file in options.files}
    places = {place for place, text in texts.items() if text in wanted}

    async def do(house: House, session: Session) -> int:
        runtime, rows = house.runtime, []
        templates = shipped_templates(house.settings, runtime.directory)
        async with runtime.worker.transaction() as tx:
            for each in read(texts, templates):
                if each.place not in places:
                    continue
                new = await publish(tx, runtime.organisation, each.definition, each.text, now=runtime.now(),
                                    by=session.person.name, templates=templates)  # fmt: skip
                rows.append({"release": f"{each.definition.name}@{each.definition.version}",
                             "digest": each.definition.digest, "new": new,
                             "namesakes": await namesakes(tx, each.definition)})  # fmt: skip
        answer(options, {"published": rows}, "\n".join(map(_published, rows)))
        return 0

    return acting(options, Action.RELEASE_PUBLISH, do)


def _published(row: Mapping[str, Any]) -> str:
    said = f"{row['release']} {row['digest'][:SHORT]} {'published' if row['new'] else 'known'}"
    if not row["namesakes"]:
        return said
    pathway, _, version = row["release"].partition("@")
    others = ", ".join(each[:SHORT] for each in row["namesakes"])
    return (
        f"{said}; {version} is also the version of {others}, whose text differs. Remedy: give this text a version of"
        f" its own and publish it again, or call it {pathway}@{row['digest'][:SHORT]}"
    )


def _status(options: argparse.Namespace) -> int:
    async def question(house: House) -> int:
        known = sorted({each.name for each in house.runtime.releases.published.values()})
        unknown = set(options.pathways) - set(known)
        if unknown:
            raise SetupFault(
                f"no pathway is called {', '.join(sorted(unknown))}. Remedy: {', '.join(known)}"
            )
        found = await overview(house.runtime, options.pathways or known)
        answer(options, _document(found), "\n".join(_lines(found)))
        return 0

    return ask(options, question)


def _document(found: Overview) -> Mapping[str, object]:
    return {
        "in_force": [
            {"pathway": each.pathway, "version": each.version, "release": each.release, "scope": each.scope.parts(),
             "approvers": list(each.approvers), "cause": each.cause, "since": each.since, "open_cases": each.cases}
            for each in found.in_force
        ],
        "running_otherwise": [
            {"version": version, "release": release, "open_cases": count} for release, version, count in found.others
        ],
        "not_in_scope": [{"fact": type_, "where": where, "facts": count} for type_, where, count in found.not_in_scope],
    }  # fmt: skip


def _lines(found: Overview) -> list[str]:
    lines = [
        f"{each.pathway}@{each.version} ({each.release[:SHORT]}) {each.cause} {each.since} for {each.scope.words()}, "
        f"approved by {' and '.join(each.approvers)}: {each.cases} open cases"
        for each in found.in_force
    ]
    lines += [
        f"{count} open cases run on {version} ({release[:SHORT]}), which is not in force"
        for release, version, count in found.others
    ]
    lines += [
        f"not in scope in 30 days: {count} {type_} ({where})"
        for type_, where, count in found.not_in_scope
    ]
    return lines or ["nothing is in force"]
