"""What processes say: an allow-list of keys, short codes as values, exceptions as type and frames (I13, TRUST 3).

Libraries log into `logging`; `quiet_libraries` takes their records over and lets through who spoke and how loudly,
never what: their messages hold values. `compose` makes the log, `Runtime` carries it.
"""

import logging
import re
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, TextIO, cast

import structlog
from typing_extensions import override

EVENTS = frozenset({"started", "ready", "stopping", "stopped", "failed", "crashed", "library"})
KEYS = frozenset({"at", "event", "process", "part", "cause", "frames", "connection", "port", "number", "seconds",
                  "level", "logger", "place", "code"})  # fmt: skip
WITHHELD = "(withheld)"
_CODE = re.compile(r"[A-Za-z][\w.:@/<>|,+-]{0,119}", re.ASCII)
_FRAME = re.compile(r"[\w./<>-]{1,160}:\d{1,6} [\w<>.]{1,80}", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", re.ASCII)
_FRAMES_MAX = 30
_SOURCE = Path(__file__).resolve().parents[2]
Event = MutableMapping[str, Any]


class Log(Protocol):
    """Where a process says what happens to it. Values are codes and numbers; anything else is withheld."""

    def say(self, event: str, **values: object) -> None:
        """An event of `EVENTS` with keys of `KEYS`."""

    def failed(self, event: str, cause: BaseException, **values: object) -> None:
        """The same, with the types of an exception and its causes, and where it came from."""


class Silent:
    """Says nothing: for tests and single questions."""

    def say(self, event: str, **values: object) -> None:
        """Nothing."""

    def failed(self, event: str, cause: BaseException, **values: object) -> None:
        """Nothing."""


class StructuredLog:
    """One JSON line per event, by structlog."""

    def __init__(
        self, process: str, now: Callable[[], datetime], out: TextIO | None = None
    ) -> None:
        self._logger = structlog.wrap_logger(
            structlog.WriteLogger(out or sys.stderr),
            processors=[allowed, structlog.processors.JSONRenderer(sort_keys=True)],
            process=process,
        )
        self._now = now

    def say(self, event: str, **values: object) -> None:
        """An event of `EVENTS` with keys of `KEYS`."""
        self._logger.info(event, at=self._now().isoformat(), **values)

    def failed(self, event: str, cause: BaseException, **values: object) -> None:
        """The same, with the types of an exception and its causes, and where it came from."""
        self.say(event, **{**values, "cause": types(cause), "frames": frames(cause.__traceback__)})


def allowed(_: object, __: str, event: Event) -> Event:
    """A structlog processor: unlisted keys go, and values that are neither codes nor numbers are withheld."""
    kept = {key: _value(key, value) for key, value in event.items() if key in KEYS}
    if kept.get("event") not in EVENTS:
        kept["event"] = WITHHELD
    return kept


def _value(key: str, value: object) -> object:
    if isinstance(value, bool | int | float):
        return value
    if key == "frames" and isinstance(value, list):
        return [
            each if isinstance(each, str) and _FRAME.fullmatch(each) else WITHHELD for each in value
        ]
    fits = isinstance(value, str) and (_INSTANT if key == "at" else _CODE).fullmatch(value)
    return value if fits else WITHHELD


def types(cause: BaseException) -> str:
    """The classes of an exception, its members and its causes; never what it says."""
    found: list[str] = []
    seen: set[int] = set()
    waiting: list[BaseException] = [cause]
    while waiting and len(found) < 8:  # noqa: PLR2004  # enough to find the place; a chain may be endless
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        found.append(type(one).__name__)
        waiting += [
            *getattr(one, "exceptions", ()),
            *filter(None, (one.__cause__, one.__context__)),
        ]
    return "<".join(found)


def frames(trace: TracebackType | None) -> list[str]:
    """`file:line function` of each frame, innermost last; no source, no locals."""
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(f"{_short(code.co_filename)}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    return found[-_FRAMES_MAX:]


def _short(name: str) -> str:
    path = Path(name)
    if path.is_relative_to(_SOURCE):
        return str(path.relative_to(_SOURCE))
    return "/".join(path.parts[-2:])


class _Libraries(logging.Handler):
    """Takes over what libraries log: who, how loudly, from where; the text and its values are dropped."""

    def __init__(self, log: Log) -> None:
        super().__init__(logging.WARNING)
        self._log = log

    @override
    def emit(self, record: logging.LogRecord) -> None:
        place = f"{_short(record.pathname)}:{record.lineno}"
        values = {"logger": record.name, "level": record.levelname.lower(), "place": place}
        cause = record.exc_info[1] if record.exc_info else None
        if cause is None:
            self._log.say("library", **values)
        else:
            self._log.failed("library", cause, **values)


def quiet_libraries(log: Log) -> None:
    """From now on nothing that a library logs or warns of is printed with its values, in this process."""
    logging.raiseExceptions = False  # else a failing handler prints the record's arguments
    logging.captureWarnings(capture=True)
    root = logging.getLogger()
    root.handlers[:] = [_Libraries(log)]
    root.setLevel(logging.WARNING)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def quiet_crashes(log: Log) -> None:
    """An exception that nothing caught is told by type and frames, in every thread."""

    def crash(_: type[BaseException], cause: BaseException, __: TracebackType | None) -> None:
        if not isinstance(cause, KeyboardInterrupt):
            log.failed("crashed", cause)

    def in_thread(given: threading.ExceptHookArgs) -> None:
        if given.exc_value is not None:
            log.failed("crashed", given.exc_value)

    def unraisable(given: "sys.UnraisableHookArgs") -> None:
        if given.exc_value is not None:
            log.failed("crashed", given.exc_value)

    sys.excepthook = crash
    threading.excepthook = in_thread
    sys.unraisablehook = unraisable


_current: list[Log] = [Silent()]


def open_log(process: str, now: Callable[[], datetime], out: TextIO | None = None) -> Log:
    """The log of a long-running process, with libraries and crashes quieted."""
    log = StructuredLog(process, now, out)
    quiet_libraries(log)
    quiet_crashes(log)
    _current[:] = [log]
    return log


def current() -> Log:
    """This process's log; silent until `open_log`."""
    return _current[0]


def as_json(line: str) -> Mapping[str, object]:
    """One line of a log, read back: for tests and tools."""
    import json  # noqa: PLC0415  # nothing that runs needs it

    return cast("Mapping[str, object]", json.loads(line))
