"""Every stored column and payload part is listed with authority and time to live, or as holding nothing of patients."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from carelane.facts.vocabulary import ROLES
from carelane.pathways.definition import Definition
from carelane.store.queries import names
from carelane.store.retention import KEPT, PARTS, cutoffs, plain, sealed_in_clear, unlisted
from tools.house.tree import Source, sources
from tools.retention_table import definitions

_TABLE = re.compile(r"create table (?:if not exists )?(\w+) \((.*?)\n?\)(?:;|\"\"\"|$)", re.DOTALL)
_COLUMN = re.compile(
    r"(?:^|[,(]\s*)\s*(\w+) (?:text|jsonb?|bytea|varchar|xml|search_token)\b", re.MULTILINE
)
_OTHER = re.compile(r"(?:^|[,(]\s*)\s*(\w+) timestamptz\b", re.MULTILINE)
_ADDED = re.compile(
    r"alter table (?:only )?(\w+)\s+add (?:column )?(?:if not exists )?(\w+) (?:text|jsonb?|bytea|varchar|xml)\b"
)
AUTHORITIES = {
    "ehr",
    "payer",
    "patient",
    "carelane",
    "each field's own (below)",
    "each input's source",
}


def columns(files: list[Source], kind: re.Pattern[str] = _COLUMN) -> dict[str, frozenset[str]]:
    """Columns that could hold text or bytes, by table, as the SQL in these files makes them."""
    found: dict[str, set[str]] = {}
    for file in files:
        text = re.sub(r"--[^\n]*", "", file.text)
        for table, body in _TABLE.findall(text):
            found.setdefault(table, set()).update(kind.findall(body))
        for table, column in _ADDED.findall(text):
            found.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in found.items()}


SCHEMA = [
    *sources(".sql", under=("src/carelane/store/migrations/",)),
    *(
        each
        for each in sources(".py", under=("src/carelane/store/",))
        if "create table" in each.text
    ),
]
COLUMNS = columns(SCHEMA)


@pytest.mark.requirement("R11")
def test_every_column_is_listed() -> None:
    assert unlisted(COLUMNS) == []
    assert sealed_in_clear(COLUMNS) == []


def test_the_lists_name_only_columns_that_exist() -> None:
    every = (COLUMNS, columns(SCHEMA, _OTHER))
    stored = {
        f"{table}.{column}" for kind in every for table, found in kind.items() for column in found
    }
    assert {kept.place for kept in KEPT} - stored == set()
    claimed = {f"{table}.{column}" for table in COLUMNS for column in plain(table)}
    scope = {"site", "service_line"}
    assert {place for place in claimed - stored if place.split(".")[1] not in scope} == set()


def test_a_column_that_nobody_listed_is_found() -> None:
    planted = Source(
        path="9999_pre_planted.sql",
        text="create table diary (\n  id uuid,\n  note text,\n  page_sealed bytea\n);\n"
        "alter table task add column remark text;",
    )
    assert unlisted(columns([*SCHEMA, planted])) == [
        "diary.note",
        "diary.page_sealed",
        "task.remark",
    ]


@pytest.mark.requirement("R86")
def test_every_entry_says_authority_what_and_what_then() -> None:
    for kept in KEPT:
        assert kept.authority in AUTHORITIES, kept.place
        assert kept.what, kept.place
        assert kept.then, kept.place
        assert kept.ttl is None or kept.since, f"{kept.place}: {kept.ttl} from when?"


def test_every_entry_with_a_time_to_live_is_swept() -> None:
    known = set(names())
    assert [kept.place for kept in KEPT if kept.ttl is not None and not kept.sweep] == []
    assert [name for name in cutoffs() if f"retention.{name}" not in known] == []


def roots(definition: Definition) -> Iterator[str]:
    """The payload parts that a pathway reads."""
    for field in definition.fields.values():
        yield field.path.split(".")[0]
    for each in definition.inputs.values():
        yield each.path.split(".")[0]


def parts_unlisted(pathways: list[Definition]) -> set[str]:
    """Payload parts that a pathway reads, or the vocabulary has, and no line of the list names."""
    return ({part for each in pathways for part in roots(each) if part} | set(ROLES)) - set(PARTS)


def test_every_payload_part_is_listed() -> None:
    assert parts_unlisted(definitions()) == set()


def test_a_payload_part_that_nobody_listed_is_found() -> None:
    one = definitions()[0]
    field = next(iter(definitions()[1].fields.values()))
    planted = replace(one, fields={**one.fields, "x": replace(field, path="genome.sequence")})
    assert parts_unlisted([planted]) == {"genome"}


def homeless(pathways: list[Definition]) -> list[str]:
    """Fields without authority, or with a time to live that says nothing."""
    return [
        f"{definition.name}.{field.name}"
        for definition in pathways
        for field in definition.fields.values()
        if field.authority not in AUTHORITIES
        or not timedelta(0) < field.ttl < timedelta(days=3_653)
    ]


@pytest.mark.invariant("I20")
@pytest.mark.requirement("R4")
def test_every_copied_field_declares_authority_and_time_to_live() -> None:
    assert homeless(definitions()) == []


def test_a_field_without_authority_or_end_is_found() -> None:
    one = next(each for each in definitions() if each.fields)
    field = next(iter(one.fields.values()))
    for broken in (
        replace(field, authority=""),
        replace(field, ttl=timedelta(0)),
        replace(field, ttl=timedelta.max),
    ):
        assert homeless([replace(one, fields={"x": broken})]) == [f"{one.name}.{field.name}"]
