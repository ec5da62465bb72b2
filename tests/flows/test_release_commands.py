"""The commands of releases, with the real prover: one publishes, two put in force, one rolls back."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
import pytest

from carelane.cli import main
from carelane.store.roles import DatabaseUrls
from tests.conftest import shipped_settings
from tests.flows.conftest import ROOT

pytestmark = pytest.mark.postgres
KIRA, LUCA, INES = "kira.sandoval", "luca.fenwick", "ines.barreto"
QUESTION = (ROOT / "pathways" / "system" / "question.yaml").read_text("utf-8")
Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def run(
    database: DatabaseUrls,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Runs a command against a loaded house: its exit status, and the document on its last line."""
    settings = shipped_settings(home)
    (home / "database.json").write_text(json.dumps(asdict(database)))
    for name in ("home", "site", "pathways"):
        monkeypatch.setenv(f"CARELANE_{name.upper()}", str(getattr(settings, name)))

    def command(*words: str) -> tuple[int, dict[str, Any]]:
        status = main(["pathway", *words, "--json"])
        told = capsys.readouterr().out.strip().rpartition("\n")[2]
        return status, json.loads(told) if told else {}

    return command


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """The next release of questions."""
    file = tmp_path / "question.yaml"
    text = QUESTION.replace('version: "1.0.0"', 'version: "1.1.0"')
    file.write_text(text.replace("title: A question about", "title: One about"), encoding="utf-8")
    return file


@pytest.mark.requirement("R31")
def test_two_people_put_a_proved_release_in_force_and_one_takes_it_back(
    run: Run, newer: Path, superuser: "psycopg.Connection[Any]"
) -> None:
    """Publish, approve, activate, status, rollback; who may not is told so, and it is audited."""
    status, told = run("publish", str(newer), "--as", "jonas.weald")
    assert (status, told["published"][0]["new"]) == (0, True)
    scope = ("--service-line", "cardiology", "--reason", "Answers sooner")
    status, told = run("activate", "question@1.1.0", *scope, "--as", "jonas.weald")
    assert (status, bool(told["denied"])) == (1, True)
    status, told = run("activate", "question@1.1.0", *scope, "--as", KIRA)
    assert (status, told["standing"], told["not_in_scope"]) == (0, "approved", 0)
    status, told = run("activate", "question@1.1.0", *scope, "--as", KIRA)
    assert (status, told["standing"]) == (0, "approved")
    status, told = run("activate", "question@1.1.0", *scope, "--as", LUCA)
    assert (status, told["standing"], told["approvers"]) == (0, "in-force", [KIRA, LUCA])
    status, told = run(
        "activate", "question@1.0.0", "--site", "north", "--reason", "r", "--as", KIRA
    )
    assert (status, told["refused"]) == (1, "tie")
    status, told = run("status", "question")
    assert [(each["version"], each["scope"]) for each in told["in_force"]] == [
        ("1.0.0", {}),
        ("1.1.0", {"service_line": "cardiology"}),
    ]
    status, told = run(
        "rollback", "question", "--service-line", "cardiology", "--reason", "Too soon", "--as", INES
    )
    assert (status, told["taken_back"] != told["now"]) == (0, True)
    proofs = superuser.execute("select distinct length(proof) from activation").fetchall()
    assert proofs == [(64,)]
    denied = superuser.execute("select count(*) from access_leaf").fetchone()
    assert denied is not None
    assert denied[0] >= 1


def test_another_text_of_the_same_version_is_told(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By name and version alone neither can be meant any more, so whoever published it hears of it."""
    file = tmp_path / "question.yaml"
    file.write_text(QUESTION.replace("title: A question about", "title: One about"))
    status, told = run("publish", str(file), "--as", KIRA)
    [row] = told["published"]
    assert (status, row["new"], len(row["namesakes"])) == (0, True, 1)
    assert main(["pathway", "publish", str(file), "--as", KIRA]) == 0
    said = capsys.readouterr().out
    assert f"1.0.0 is also the version of {row['namesakes'][0][:12]}" in said
    assert f"question@{row['digest'][:12]}" in said


def test_a_refuted_release_is_not_put_in_force(run: Run, tmp_path: Path) -> None:
    """The real prover finds it: a clock whose end changes nothing."""
    file = tmp_path / "broken.yaml"
    text = QUESTION.replace('version: "1.0.0"', 'version: "1.2.0"')
    file.write_text(
        text.replace("fallback: { state: overdue }", "fallback: again"), encoding="utf-8"
    )
    assert run("publish", str(file), "--as", KIRA)[0] == 0
    scope = ("--service-line", "cardiology", "--reason", "r", "--as", KIRA)
    status, told = run("activate", "question@1.2.0", *scope)
    assert (status, told["refused"]) == (1, "not-proved")


def test_a_back_test_that_blocks(run: Run, newer: Path, tmp_path: Path) -> None:
    """The report's two releases and its verdict are read; another report than this is refused."""
    run("publish", str(newer), "--as", KIRA)
    _, told = run("diff", "question@1.0.0", "question@1.1.0")
    report = tmp_path / "report.json"
    document = {
        "old": {"digest": told["old"]},
        "new": {"digest": told["new"]},
        "blocks": True,
        "blocking_cases": 2,
    }
    report.write_text("progress\n" + json.dumps(document))
    words = ("activate", "question@1.1.0", "--reason", "r", "--as", KIRA, "--backtest", str(report))
    status, told = run(*words)
    assert (status, told["refused"]) == (1, "back-test-blocks")
    report.write_text(json.dumps(document | {"blocks": False, "assumes": "same"}))
    assert run(*words)[1]["refused"] == "back-test-blocks"
    report.write_text(json.dumps(document | {"blocks": False}))
    assert run(*words)[0] == 0
    report.write_text(json.dumps(document | {"blocks": False, "new": {"digest": "x"}}))
    assert run(*words)[1]["refused"] == "other-report"
    report.write_text("nothing")
    assert run(*words)[0] == 2


def test_a_mapping_is_drafted_previewed_and_refused_when_it_is_not_total(
    run: Run, newer: Path, tmp_path: Path
) -> None:
    """Nothing moves by a preview; what is missing is named with its line."""
    run("publish", str(newer), "--as", KIRA)
    releases = ("question@1.0.0", "question@1.1.0")
    status, told = run("migrate", *releases, "--draft")
    assert status == 0
    mapping = tmp_path / "mapping.yaml"
    mapping.write_text(told["mapping"].replace("WHY", "the same"))
    status, told = run("migrate", *releases, "--mapping", str(mapping), "--preview")
    assert (status, told["preview"]) == (0, [])
    acts = ("--as", KIRA, "--reason", "r")
    status, told = run("migrate", *releases, "--mapping", str(mapping), *acts)
    assert (status, told["refused"]) == (1, "not-in-force")
    mapping.write_text("\n".join(mapping.read_text().split("\n")[:4]))
    assert run("migrate", *releases, "--mapping", str(mapping), "--preview")[0] == 2


def test_names_that_are_none(run: Run) -> None:
    """Place and remedy, and exit status 2."""
    for words in (
        ("status", "nobody"),
        ("diff", "question@9", "question@1.0.0"),
        ("diff", "question", "question@1.0.0"),
        ("rollback", "question", "--cases", "move", "--reason", "r", "--as", KIRA),
        ("recall", "question@1.0.0", "--to", "question@1.0.0", "--reason", "r", "--as", KIRA),
    ):
        assert run(*words)[0] == 2, words
    assert (
        run("rollback", "question", "--reason", "r", "--as", KIRA)[1]["refused"] == "nothing-before"
    )
    assert (
        run("recall", "question@1.0.0", "--reason", "r", "--as", KIRA)[1]["refused"]
        == "nothing-instead"
    )
