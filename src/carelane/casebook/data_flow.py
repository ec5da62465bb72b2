"""Where data goes: systems, and each copied field with who sees it and what sends it, from what is configured. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from carelane.casebook.flows import leaving
from carelane.directory.snapshot import ConnectionRow
from carelane.pathways.definition import Definition, Field


def connections(rows: Mapping[str, ConnectionRow]) -> Iterator[str]:
    """The systems that are spoken to, as a table."""
    yield from ("| connection | kind | serves |", "|---|---|---|")
    for name, row in rows.items():
        yield f"| {name} | {row.kind} | {', '.join(sorted(row.serves)) or 'receives only'} |"


def pathways(titled: Iterable[tuple[str, Definition]]) -> Iterator[str]:
    """For each pathway that copies or sends something a table of fields, and one of what leaves, under its title."""
    for title, definition in titled:
        if not (definition.fields or definition.effects):
            continue
        yield from ("", f"## {title}", "")
        yield from _fields(definition)
        yield from ("", *leaving(definition)) if definition.effects else ()


def _fields(definition: Definition) -> Iterator[str]:
    if definition.fields:
        yield "| field | from | authority | shown in | sent by | lives |"
        yield "|---|---|---|---|---|---|"
        for field in definition.fields.values():
            yield (
                f"| {field.label} (`{field.name}`) | `{field.path}` | {field.authority} | {_shown(definition, field)} "
                f"| {_sent(definition, field)} | {field.ttl.days} days after the case closed |"
            )


def _shown(definition: Definition, field: Field) -> str:
    found = [task.name for task in definition.tasks.values() if field.name in task.shows]
    return ", ".join(f"`{name}`" for name in found) or "-"


def _sent(definition: Definition, field: Field) -> str:
    found = [
        f"`{effect.name}` ({effect.capability}, to {effect.audience.value})"
        for effect in definition.effects.values()
        if field.name in effect.sends
    ]
    return ", ".join(found) or "-"
