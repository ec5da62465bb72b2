"""A pathway's file that can't be read: where, and what to do."""

from pathlib import Path

import pytest

from carelane.cli.pathway_files import text_of
from carelane.facts.errors import SetupFault


def test_a_file_that_is_not_utf_8_is_refused_with_line_and_column(tmp_path: Path) -> None:
    """As an editor counts them."""
    file = tmp_path / "latin.yaml"
    file.write_bytes("pathway: k\ntitle: Käse\n".encode("latin-1"))

    with pytest.raises(SetupFault, match=r"latin\.yaml, line 2, column 9 is not UTF-8\. Remedy: "):
        text_of(file)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """By the kind of failure."""
    with pytest.raises(SetupFault, match=r"FileNotFoundError\)\. Remedy: "):
        text_of(tmp_path / "none.yaml")
