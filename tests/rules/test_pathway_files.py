"""A pathway's file that can't be read: where, and what to do."""

from pathlib import Path

import pytest

from carelane.cli import main
from carelane.cli.pathway_files import text_of
from carelane.cli.task import _form
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


@pytest.mark.parametrize("action", ["check", "test", "prove"])
def test_a_folder_without_pathways_is_not_green(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    """A wrong folder's name in a pipeline would be "no problems" for ever."""
    assert main(["pathway", action, str(tmp_path)]) == 2
    assert "No pathway is there. Remedy: " in capsys.readouterr().err


def test_a_picture_that_can_t_be_written_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what to do, and no traceback."""
    picture = tmp_path / "none" / "a.svg"
    assert main(["pathway", "draw", "pathways/critical-result.yaml", "-o", str(picture)]) == 2
    assert "can't be written (FileNotFoundError). Remedy: " in capsys.readouterr().err


def test_a_form_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    """A form is read from a file, because a command line stands in process listings."""
    with pytest.raises(SetupFault, match=r"can't be read \(FileNotFoundError\)\. Remedy: "):
        _form(str(tmp_path / "none.json"))
