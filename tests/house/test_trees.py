"""Rules that read syntax, each with a planted violation and then over the whole tree."""

import pytest

from tools.house import trees
from tools.house.tree import Source, findings, python


def planted(text: str, path: str = "src/carelane/store/planted.py") -> Source:
    return Source(path=path, text=text)


@pytest.mark.invariant("I13")
@pytest.mark.parametrize(
    "call",
    [
        "log.info('stored', payload=fact.payload)",
        "self.logger.warning('%s', box.reveal())",
        "_log.error('bad', message=envelope.raw[:20])",
    ],
)
def test_mutant_patient_data_in_a_log_call_is_found(call: str) -> None:
    assert list(trees.phi_in_logs(planted(call)))
    assert not list(trees.phi_in_logs(planted("log.info('stored', fact=str(fact.id))")))


@pytest.mark.invariant("I13")
def test_no_log_call_is_given_patient_data() -> None:
    assert findings(trees.phi_in_logs, python("src/")) == ""


@pytest.mark.invariant("I13")
def test_no_exception_is_given_patient_data() -> None:
    assert list(trees.phi_in_errors(planted("raise RemoteFault(f'bad {box.reveal()}')")))
    assert findings(trees.phi_in_errors, python("src/")) == ""


@pytest.mark.parametrize("kind", ["", " Exception", " BaseException", " (ValueError, Exception)"])
def test_catching_everything_is_found(kind: str) -> None:
    assert list(trees.broad_excepts(planted(f"try:\n  go()\nexcept{kind}:\n  pass")))
    assert not list(trees.broad_excepts(planted(f"try:\n  go()\nexcept{kind}:\n  undo()\n  raise")))


def test_only_the_engine_and_a_short_list_catch_everything() -> None:
    assert findings(trees.broad_excepts, python("src/")) == ""


def test_no_class_is_named_after_a_role_in_the_code() -> None:
    assert list(trees.banned_classes(planted("class TaskManager: ...")))
    assert findings(trees.banned_classes, python("src/")) == ""


def test_every_module_says_what_it_is_for() -> None:
    assert list(trees.undocumented_modules(planted("x = 1")))
    assert findings(trees.undocumented_modules, python("src/")) == ""


def test_marks_are_read_from_decorators_and_from_lists() -> None:
    text = (
        "@pytest.mark.invariant('I1')\ndef test(): ...\npytestmark = [pytest.mark.invariant('I2')]"
    )
    assert [name for name, _ in trees.marks(planted(text), "invariant")] == ["I1", "I2"]
