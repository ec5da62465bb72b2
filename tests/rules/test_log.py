"""The log says what happened, never to whom: every road into it is tried with a patient's name."""

import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import structlog

from carelane.connect.fhir.mapping.reading import read
from carelane.engine.log import (
    WITHHELD,
    StructuredLog,
    as_json,
    frames,
    quiet_crashes,
    quiet_libraries,
    types,
)

pytestmark = [pytest.mark.invariant("I13"), pytest.mark.requirement("R115")]
NAME = "Xanthippe-Quorl"
NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


@pytest.fixture
def out() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def log(out: io.StringIO) -> StructuredLog:
    return StructuredLog("work-0@host:12", lambda: NOW, out)


@pytest.fixture
def restored() -> Iterator[None]:
    """Hooks and handlers as pytest had them."""
    root, kept = logging.getLogger(), (sys.excepthook, threading.excepthook, sys.unraisablehook)
    handlers, level, loud = root.handlers[:], root.level, logging.raiseExceptions
    yield
    sys.excepthook, threading.excepthook, sys.unraisablehook = kept
    root.handlers[:], logging.raiseExceptions = handlers, loud
    root.setLevel(level)
    logging.captureWarnings(capture=False)


def fail() -> None:
    wards: dict[str, str] = {}
    try:
        assert wards[NAME]
    except KeyError as cause:
        raise ValueError(f"no such patient: {NAME}") from cause


def caught() -> BaseException:
    with pytest.raises(ValueError, match="no such") as found:
        fail()
    return found.value


def test_an_event_is_one_line_of_json_with_codes(log: StructuredLog, out: io.StringIO) -> None:
    log.say("started", part="work", port=20481)
    assert as_json(out.getvalue()) == {
        "at": "2026-03-02T14:00:00+00:00", "event": "started", "part": "work", "port": 20481,
        "process": "work-0@host:12",
    }  # fmt: skip


@pytest.mark.requirement("R104")
@pytest.mark.parametrize(
    "given", [{"patient": NAME}, {"message": "x"}, {"part": f"for {NAME} Mary"}, {"part": [NAME]}, {"at": NAME}]
)  # fmt: skip
def test_what_is_not_listed_or_no_code_is_withheld(
    log: StructuredLog, out: io.StringIO, given: dict[str, object]
) -> None:
    log.say("failed", **given) if "at" not in given else log._logger.info("failed", **given)  # noqa: SLF001  # past the door
    assert NAME not in out.getvalue()


def test_an_event_in_free_words_is_withheld(log: StructuredLog, out: io.StringIO) -> None:
    log.say(f"{NAME} was seen")
    assert as_json(out.getvalue())["event"] == WITHHELD


def test_an_exception_is_types_and_frames(log: StructuredLog, out: io.StringIO) -> None:
    log.failed("failed", caught(), part="drain")
    said = as_json(out.getvalue())
    assert said["cause"] == "ValueError<KeyError"
    assert str(said["frames"]).count("test_log.py") == 2
    assert NAME not in out.getvalue()


def test_groups_are_told_by_their_members() -> None:
    group = ExceptionGroup(NAME, [ValueError(NAME), ExceptionGroup(NAME, [KeyError(NAME)])])
    assert types(group) == "ExceptionGroup<ValueError<ExceptionGroup<KeyError"
    assert frames(None) == []


@pytest.mark.requirement("R104")
@pytest.mark.usefixtures("restored")
def test_libraries_say_who_and_how_loudly_but_not_what(
    log: StructuredLog, out: io.StringIO
) -> None:
    quiet_libraries(log)
    try:
        fail()
    except ValueError:
        logging.getLogger("uvicorn.error").exception("while serving %s", NAME)
    logging.getLogger("psycopg.pool").warning(f"error connecting {NAME}")  # noqa: G004  # as libraries do
    logging.getLogger("procrastinate").info("arguments %s", NAME)
    too_few = "%s %s"  # logging itself would print the arguments
    logging.getLogger("broken").error(too_few, NAME)
    said = [as_json(line) for line in out.getvalue().splitlines()]
    assert [each["logger"] for each in said] == ["uvicorn.error", "psycopg.pool", "broken"]
    assert said[0]["cause"] == "ValueError<KeyError"
    assert NAME not in out.getvalue()


@pytest.mark.usefixtures("restored")
def test_what_nothing_caught_is_told_by_types(
    log: StructuredLog, out: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet_crashes(log)
    cause = caught()
    sys.excepthook(type(cause), cause, cause.__traceback__)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    assert [as_json(line)["event"] for line in out.getvalue().splitlines()] == [
        "crashed",
        "crashed",
    ]
    told = capsys.readouterr()
    assert NAME not in out.getvalue() + told.out + told.err


def test_a_mutant_that_prints_messages_is_caught(out: io.StringIO) -> None:
    """Had the log no allow-list and told messages, the name would stand in it."""
    loose = structlog.wrap_logger(
        structlog.WriteLogger(out),
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
    )
    loose.error("failed", exc_info=caught())
    assert NAME in out.getvalue()


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_resource_type_that_fhir_does_not_have_stands_nowhere_in_clear(*, wrapped: bool) -> None:
    resource: dict[str, object] = {"resourceType": NAME, "id": "1"}
    if wrapped:
        resource = {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": resource}],
        }
    reading, problems = read(json.dumps(resource).encode(), received_at=NOW)
    assert NAME not in reading.trigger + "".join(each.line() for each in problems)
