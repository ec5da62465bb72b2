"""`data-flow`: the page on where data goes, from the connections and the pathways that are in force now."""

import argparse
from collections.abc import Iterator

from carelane.casebook.data_flow import connections, pathways
from carelane.casebook.flows import failures
from carelane.cli.asking import answer, asking, settings_flags
from carelane.compose.connections import all_connections
from carelane.compose.house import House
from carelane.pathways.definition import Definition

_ABOVE = """\
# Where data goes

From what this Carelane is configured with now. A field that no effect lists is never sent; a resource that no
connection's `writes` lists is never written.

## Systems that are spoken to
"""

_BETWEEN = """
## Who has what could not go on
"""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The command."""
    one = commands.add_parser("data-flow", help="where data goes, of what is in force now")
    one.add_argument("--json", action="store_true", help="one document on the last line")
    settings_flags(one)
    one.set_defaults(run=asking(_run))


async def _run(options: argparse.Namespace, house: House) -> int:
    rows = all_connections(house.runtime.directory)
    force = sorted(_in_force(house), key=lambda each: each[0])
    fallen = failures(definition for _, definition in force)
    text = "\n".join([_ABOVE, *connections(rows), _BETWEEN, *fallen, *pathways(force)])
    document = {
        "connections": {
            name: {"kind": row.kind, "serves": row.serves} for name, row in rows.items()
        },
        "pathways": [title for title, _ in force],
        "page": text,
    }
    answer(options, document, text)
    return 0


def _in_force(house: House) -> Iterator[tuple[str, Definition]]:
    """Each release that is in force, once for each scope."""
    releases = house.runtime.releases
    for each in releases.activations:
        if each.to_at is None:
            definition = releases.published[each.release]
            yield f"{definition.name} {definition.version}, {each.scope.words()}", definition
