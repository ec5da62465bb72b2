"""Documents lead somewhere: every internal link and named file exists, every runnable block runs."""

import re
from pathlib import Path

import pytest

from tools.house.tree import ROOT, Source, sources

_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)")
_BLOCK = re.compile(r"^```(\w+) run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXCERPT = re.compile(r"^```yaml\n# from (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINES_ON_A_SCREEN = 45


def documents() -> list[Source]:
    return sources(".md", under=("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/"))


def dead_links(page: Source) -> list[str]:
    """Links of the page whose file does not exist."""
    folder = (ROOT / page.path).parent
    return [found[1] for found in _LINK.finditer(page.text) if not (folder / found[1]).exists()]


def test_a_dead_link_is_found() -> None:
    page = Source(
        path="docs/page.md", text="[here](glossary.md) [gone](gone.md#place) [out](https://a)"
    )
    assert dead_links(page) == ["gone.md"]


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.path))
def test_every_internal_link_leads_somewhere(page: Source) -> None:
    assert dead_links(page) == []


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.path))
def test_every_runnable_python_block_runs(page: Source) -> None:
    for language, block in _BLOCK.findall(page.text):
        assert language == "python", f"{page.path}: no way to run {language}"
        exec(compile(block, page.path, "exec"), {})  # noqa: S102  # our own document is what is tested


@pytest.mark.parametrize("page", documents(), ids=lambda page: str(page.path))
def test_every_excerpt_of_a_pathway_is_what_the_file_says(page: Source) -> None:
    for path, excerpt in _EXCERPT.findall(page.text):
        assert excerpt in (ROOT / path).read_text(encoding="utf-8"), (
            f"{page.path}: {path} has changed"
        )


def test_the_readme_is_one_screen_with_exactly_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= _LINES_ON_A_SCREEN
    commands = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert [line.split("#")[0].strip() for line in "".join(commands).splitlines()] == [
        "make demo",
        "make test",
    ]
    assert _EXCERPT.search(text), "the README shows what a pathway looks like"


def test_every_make_target_that_documents_name_exists() -> None:
    made = set(re.findall(r"^([a-z]+):", Path(ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in documents():
        named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.text, re.MULTILINE))
        assert named <= made, page.path
