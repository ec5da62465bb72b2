"""Rules that read lines, each with a planted violation and then over the whole tree."""

import pytest

from tools.house import texts
from tools.house.tree import Source, findings, python, sources, tracked

CODE = ("src/", "tests/", "tools/", "benchmarks/", "verify/")


def planted(text: str, path: str = "src/carelane/planted.py") -> Source:
    return Source(path=path, text=text)


def test_a_long_file_is_found_unless_it_says_why() -> None:
    long = '"""Long."""\n' * (texts.LINES_MAX + 1)
    assert list(texts.too_long(planted(long)))
    assert not list(texts.too_long(planted(f"# long: a table, one row per message\n{long}")))


def test_no_source_file_is_long_without_a_reason() -> None:
    assert findings(texts.too_long, python("src/")) == ""


NOQA = "no" + "qa"  # spelled apart, so that this file breaks no rule
IGNORE = "type: " + "ignore"
LATER = "TO" + "DO"
OUTSIDE = "FILES = '../" + "shared/data'"


@pytest.mark.parametrize("line", [NOQA, f"{NOQA}: E501", IGNORE, f"{IGNORE}[arg-type]"])
def test_an_exception_without_a_reason_is_found(line: str) -> None:
    assert list(texts.reasonless_exceptions(planted(f"x = 1  # {line}")))
    assert not list(texts.reasonless_exceptions(planted(f"x = 1  # {NOQA}: E501  # a web address")))


def test_every_exception_to_a_check_carries_its_reason() -> None:
    files = python(*CODE)
    assert findings(texts.reasonless_exceptions, files) == ""


def test_work_left_for_later_names_its_issue() -> None:
    assert list(texts.unowned_todos(planted(f"# {LATER}: later")))
    assert not list(texts.unowned_todos(planted(f"# {LATER}: issue 7: later")))
    files = sources(
        ".py", ".sql", ".yaml", ".html", ".js", ".css", under=(*CODE, "pathways/", "site/")
    )
    assert findings(texts.unowned_todos, files) == ""


def test_no_file_is_named_after_a_role_in_the_code() -> None:
    assert list(texts.banned_names("src/carelane/store/connection_manager.py"))
    assert [found for path in tracked() for found in texts.banned_names(path)] == []


def test_nothing_refers_beside_the_repository_except_corpus_tests() -> None:
    assert list(texts.outside_references(planted(OUTSIDE)))
    assert not list(texts.outside_references(planted(f"@pytest.mark.corpus\n{OUTSIDE}")))
    files = sources(".py", ".md", ".yaml", ".toml", ".sql", ".sh", ".html", ".mjs", "Makefile")
    found = [found for source in files for found in texts.outside_references(source)]
    assert [each for each in found if not each.startswith("tools/house/texts.py")] == []


def test_migrations_are_numbered_and_say_pre_or_post() -> None:
    assert list(texts.migration_names(["0001_spine.sql"]))
    assert list(texts.migration_names(["0001_pre_spine.sql", "0003_pre_gap.sql"]))
    folder = "src/carelane/store/migrations/"
    paths = [path for path in tracked() if path.startswith(folder) and path.endswith(".sql")]
    assert paths
    assert list(texts.migration_names(paths)) == []


def test_no_file_of_others_is_copied_in() -> None:
    assert list(texts.third_party("src/carelane/vendor/library.py"))
    assert list(texts.third_party("src/carelane/portal/static/htmx.min.js"))
    assert [found for path in tracked() for found in texts.third_party(path)] == []
