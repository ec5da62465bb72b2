"""Only one file talks to loggers, and no library keeps a log of its own that would print values (I13)."""

import ast
from collections.abc import Iterator

import pytest

from tools.house.tree import Source, findings, python

pytestmark = pytest.mark.invariant("I13")
LOG = "src/carelane/engine/log.py"
_LOGGERS = frozenset({"logging", "structlog", "traceback", "loguru", "faulthandler", "cgitb"})


def own_logs(source: Source) -> Iterator[str]:
    """Imports of a logger or of what prints tracebacks, outside the one file; uvicorn with handlers of its own."""
    if source.path == LOG:
        return
    for node in source.nodes():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        if any(name.split(".")[0] in _LOGGERS for name in names):
            yield source.at(node.lineno, "logs by itself: say it through `runtime.log`")  # type: ignore[attr-defined]  # an import has a line
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("uvicorn.Config"):
            given = {each.arg: ast.unparse(each.value) for each in node.keywords}
            if given.get("log_config") != "None" or given.get("access_log") != "False":
                yield source.at(
                    node.lineno, "uvicorn logs by itself: pass log_config=None and access_log=False"
                )


def prints(source: Source) -> Iterator[str]:
    """`print` anywhere but at the command line."""
    if source.path.startswith("src/carelane/cli/"):
        return
    for node in source.nodes():
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {
            "print",
            "pprint",
            "breakpoint",
        }:
            yield source.at(node.lineno, "prints: only `cli` speaks to a terminal")


def test_nobody_else_logs() -> None:
    assert findings(own_logs, python("src/")) == ""


def test_nobody_prints() -> None:
    assert findings(prints, python("src/")) == ""


@pytest.mark.parametrize(
    "text",
    ["import logging", "from structlog import get_logger", "import traceback", "uvicorn.Config(app)",
     "uvicorn.Config(app, log_config=None, access_log=True)"],
)  # fmt: skip
def test_a_log_of_its_own_is_found(text: str) -> None:
    assert list(own_logs(Source(path="src/carelane/x.py", text=text)))


def test_a_print_is_found() -> None:
    assert list(prints(Source(path="src/carelane/x.py", text="print(patient)")))
