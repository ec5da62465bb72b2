"""A template with a mistake, or one that isn't there, can't be put in force."""

from pathlib import Path

import pytest

from carelane.cli import main
from carelane.releases.publish import ReleaseFault, read, read_templates

ROOT = Path(__file__).parents[2]
TEMPLATES = {path.name: path.read_text("utf-8") for path in (ROOT / "templates").glob("*.yaml")}
REMINDER = {"r.yaml": (ROOT / "tests/flows/messages/visit-reminder.yaml").read_text("utf-8")}


def test_a_mistake_names_file_line_and_remedy() -> None:
    wrong = TEMPLATES["call-us.yaml"].replace("Please call", "Your results, call")
    with pytest.raises(ReleaseFault) as fault:
        read_templates({**TEMPLATES, "call-us.yaml": wrong})
    assert "call-us.yaml, line 8, column 42 template.clinical" in str(fault.value)
    assert "Remedy:" in str(fault.value)


def test_a_pathway_that_names_no_template_is_refused() -> None:
    with pytest.raises(ReleaseFault, match="appointment-reminder"):
        read(REMINDER, {})


def test_a_releases_digest_holds_its_templates() -> None:
    """Another word in a template is another release; that of another template is not."""
    plain = read(REMINDER, read_templates(TEMPLATES))[0].definition.digest
    for name, same in (("appointment-reminder.yaml", False), ("call-us.yaml", True)):
        changed = {**TEMPLATES, name: TEMPLATES[name].replace("STOP", "stop")}
        other = read(REMINDER, read_templates(changed))[0].definition.digest
        assert (other == plain) is same


def test_the_command_line_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same problems before anything is put in force; the exit status says that there are some."""
    assert main(["template", "check"]) == 0
    assert "no problems" in capsys.readouterr().out
    for name, text in TEMPLATES.items():
        (tmp_path / name).write_text(text.replace("{clinic}: your", "{clinic} orthopaedics: your"))
    assert main(["template", "check", str(tmp_path), "--json"]) == 1
    assert '"code":"template.clinical"' in capsys.readouterr().out
